"""Who works with the data is let in or refused, and either is in the log, though a refused command leaves nothing."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.audit import AuditLine
from kernel.calendar import business_date
from kernel.identity import Role
from registry.access import commands, queries
from registry.access.model import AccessDecision
from registry.access.rules import AccessRefused, Outcome, Purpose
from registry.agreements.model import Agreement
from registry.agreements.queries import scope_of
from registry.parties.model import Party
from registry.requests.model import DataRequest
from registry.requests.rules import RequestState
from tests.make import basis
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send
from tests.make.registry_products import make_merchant, make_request, make_reviewers

PLACE = "quzhou"
TODAY = business_date(make.NOW)


def admit(session: Session, person: make.Actor, agreement: Agreement, party: Party, purpose: Purpose) -> None:
    """Ask to do something with everything in the scope."""
    commands.admit(
        session, person, purpose=purpose, agreement_id=agreement.id, organisation_id=party.id, book=make.book(),
        resource_ids=[one.id for one in scope_of(session, agreement.id)], now=make.NOW,
    )  # fmt: skip


def logged(session: Session) -> list[tuple[Outcome, str]]:
    """Outcome and code of every decision, the oldest first."""
    session.flush()
    found = session.scalars(sa.select(AccessDecision).order_by(AccessDecision.id)).all()
    return [(one.outcome, one.code) for one in found]


@pytest.mark.parametrize("purpose", list(Purpose))
def test_an_untrained_person_of_the_operator_does_nothing_with_the_data(session: Session, purpose: Purpose) -> None:
    agreement = make.make_agreement(session, place=PLACE)
    operator = session.get_one(Party, agreement.operating_institution_id)
    with pytest.raises(AccessRefused, match="BLOCKED_TRAINING"):
        admit(session, make.acting_for(operator, Role.OPERATOR), agreement, operator, purpose)
    trained = basis.trained_actor(session, operator, place=PLACE, on=TODAY)
    admit(session, trained, agreement, operator, purpose)
    assert logged(session) == [(Outcome.GRANTED, "")]
    assert [line.detail["purpose"] for line in session.scalars(
        sa.select(AuditLine).where(AuditLine.action == "access.admit")
    )] == [purpose]  # fmt: skip


def test_every_condition_that_fails_is_named_with_its_code(session: Session) -> None:
    agreement = make.make_agreement(session, place="xinchang", state=make.AgreementState.FILED)
    operator = session.get_one(Party, agreement.operating_institution_id)
    with pytest.raises(AccessRefused) as refused:
        admit(session, make.acting_for(operator, Role.OPERATOR), agreement, operator, Purpose.ASK_FOR_DATA)
    assert [error["code"] for error in refused.value.errors] == [
        "AGREEMENT_NOT_IN_FORCE", "BLOCKED_TRAINING", "EMERGENCY_PLAN_MISSING", "REVIEW_NOT_VALID",
    ]  # fmt: skip


def test_the_review_of_the_operator_closes_new_scenarios_only(session: Session) -> None:
    agreement, merchant = make.make_agreement(session), make_merchant(session)
    person = make.acting_for(merchant, Role.MERCHANT)
    admit(session, person, agreement, merchant, Purpose.LOAD_DATA)
    with pytest.raises(AccessRefused, match="REVIEW_NOT_VALID"):
        admit(session, person, agreement, merchant, Purpose.ASK_FOR_DATA)


def test_neither_a_stranger_nor_a_suspended_merchant_nor_barred_data(session: Session) -> None:
    agreement, merchant = make.make_agreement(session, place="puer"), make_merchant(session, place="puer")
    stranger = make.make_operator(session, place="puer")
    person = make.acting_for(stranger, Role.OPERATOR)
    with pytest.raises(AccessRefused, match="不是该协议的运营机构"):
        admit(session, person, agreement, stranger, Purpose.LOAD_DATA)
    admit(session, make.acting_for(merchant, Role.MERCHANT), agreement, merchant, Purpose.LOAD_DATA)
    scope_of(session, agreement.id)[0].barred = True
    with pytest.raises(AccessRefused, match="不予开放"):
        admit(session, make.acting_for(merchant, Role.MERCHANT), agreement, merchant, Purpose.LOAD_DATA)
    assert queries.codes_of(session, set()) == []


def drafted(session: Session) -> tuple[DataRequest, Party]:
    """A draft of the operating institution itself, ready but for the person."""
    make_reviewers(session, PLACE)
    agreement = make.make_agreement(session, place=PLACE)
    operator = session.get_one(Party, agreement.operating_institution_id)
    draft = make_request(session, agreement=agreement, applicant=operator, state=RequestState.DRAFT)
    session.flush()
    basis.ready_for_request(session, draft, on=TODAY)
    return draft, operator


def test_a_refusal_stays_in_the_log_though_the_request_was_not_submitted(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            draft, operator = drafted(session)
        headers = as_program(app, Role.OPERATOR, party=operator)
        url = f"/api/v1/data-requests/{draft.id}"
        seen = client.get(url, headers=headers)
        sent = {**key(headers), "If-Match": seen.headers["ETag"]}
        refused = client.post(f"{url}/submission", headers=sent)
        assert (refused.status_code, refused.json["code"]) == (403, "access.refused")
        assert [error["code"] for error in refused.json["errors"]] == ["BLOCKED_TRAINING"]
        assert refused.json["rule"] == "TRN-01"
        log = client.get("/api/v1/access-decisions", headers=headers).json["items"]
        assert [(one["outcome"], one["code"]) for one in log] == [("denied", "BLOCKED_TRAINING")]
        assert client.get(url, headers=headers).json["state"] == "draft"
        with app.app_context(), db.transaction() as session:
            basis.train(session, UUID(log[0]["account_id"]), place=PLACE, on=TODAY)
        again = client.post(f"{url}/submission", headers=sent)
        assert again.json["state"] == "under_review", again.get_data(as_text=True)
        log = client.get("/api/v1/access-decisions", headers=headers).json["items"]
        assert {one["outcome"] for one in log} == {"denied", "granted"}


def test_a_refusal_on_a_page_is_said_and_logged(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            draft, operator = drafted(session)
        person = as_person(app, Role.OPERATOR, party=operator)
        page = f"/requests/{draft.id}"
        refused = send(person, f"{page}/submission", {}, form_at=page)
        assert refused.status_code == 403
        assert "BLOCKED_TRAINING" in refused.get_data(as_text=True)
        with app.app_context():
            assert logged(db.session()) == [(Outcome.DENIED, "BLOCKED_TRAINING")]
