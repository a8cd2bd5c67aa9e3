"""A form that somebody has not finished is kept for that person alone, until it is sent or given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.drafts import commands, queries
from tests.make import registry_base as make
from tests.make.clients import as_person, send
from tests.make.registry_products import make_merchant

PAGE = "/schedules"
TYPED = {"agreement_number": "AGR-xinchang-2026-000001", "steps": '[{"key": "<b>rest"}]', "valid_from": ""}


def kept_by(person: FlaskClient) -> str:
    return person.get(PAGE).get_data(as_text=True)


def test_what_is_typed_is_shown_again_to_the_same_person_alone(app: Flask) -> None:
    with clock.set_to(make.NOW):
        preparer, other = (
            as_person(app, Role.FINANCE_PREPARER, place="xinchang"),
            as_person(app, Role.FINANCE_PREPARER, place="xinchang"),
        )
        assert "保存草稿" in kept_by(preparer)
        for number in ("AGR-1", TYPED["agreement_number"]):
            answer = send(preparer, f"/form-drafts?page={PAGE}", TYPED | {"agreement_number": number}, form_at=PAGE)
            assert (answer.status_code, answer.location) == (303, PAGE)
        shown = kept_by(preparer)
        assert 'value="AGR-xinchang-2026-000001"' in shown
        assert "[{&#34;key&#34;: &#34;&lt;b&gt;rest&#34;}]" in shown
        assert "接着填写您" in shown
        assert "AGR-xinchang-2026-000001" not in kept_by(other)
        given_up = send(preparer, f"/form-drafts/discard?page={PAGE}", {}, form_at=PAGE)
        assert given_up.status_code == 303
        assert "AGR-xinchang-2026-000001" not in kept_by(preparer)


def test_a_refused_form_shows_what_was_typed_now_and_names_each_wrong_field_with_the_way_to_it(app: Flask) -> None:
    with clock.set_to(make.NOW):
        preparer = as_person(app, Role.FINANCE_PREPARER, place="xinchang")
        send(preparer, f"/form-drafts?page={PAGE}", TYPED, form_at=PAGE)
        answer = send(preparer, PAGE, {"agreement_number": "AGR-other", "steps": "no list"}, form_at=PAGE)
        shown = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert 'value="AGR-other"' in shown
        assert '<li><a href="#steps">分配步骤</a> 步骤须为 JSON 列表' in shown
        assert 'aria-invalid="true" aria-describedby="steps-error"' in shown


def test_the_way_back_leads_nowhere_else_and_a_visitor_keeps_nothing(app: Flask) -> None:
    with clock.set_to(make.NOW):
        preparer = as_person(app, Role.FINANCE_PREPARER, place="xinchang")
        answer = send(preparer, "/form-drafts?page=//elsewhere.example", {"a": "b"}, form_at=PAGE)
        assert (answer.status_code, answer.location) == (303, "/")
        assert send(app.test_client(), "/form-drafts?page=/x", {"a": "b"}, form_at="/sign-in").status_code == 401


def test_the_oldest_gives_way_and_a_form_that_was_sent_is_forgotten(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            owner = make_merchant(session)
            account = make.make_account(session, Role.MERCHANT, party=owner)
            actor = replace(make.acting_for(owner, Role.MERCHANT), id=account.id)
            for number in range(commands.KEPT_MAX + 2):
                commands.keep_form(
                    session, actor, page=f"/{number}", typed={"n": "1"}, now=make.NOW + timedelta(seconds=number)
                )
            pages = [one.page for one in queries.kept_forms(session, actor)]
            assert (len(pages), pages[0]) == (commands.KEPT_MAX, "/2")
            commands.forget_form(session, actor, page="/2", now=make.NOW)
            assert queries.kept_form(session, actor, "/2") is None
