"""Data-use requests in a browser without JavaScript."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from registry.requests import queries
from registry.requests.rules import RequestState
from tests.make import registry_base as make
from tests.make.basis import ready_for_request
from tests.make.clients import as_person, send
from tests.make.registry_products import make_merchant, make_request, make_reviewers


def test_a_merchant_chooses_an_agreement_fills_in_the_list_and_submits(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            make_reviewers(session, "xinchang")
            resource = make.make_resource(session, title="企业登记信息")
            agreement, owner = make.make_agreement(session, scope=[resource]), make_merchant(session)
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        alone = merchant.get("/requests/new").get_data(as_text=True)
        assert agreement.number in alone
        assert "企业登记信息" in alone  # nothing to choose where there is one agreement
        url = f"/requests/new?agreement_id={agreement.id}"
        assert "企业登记信息" in merchant.get(url).get_data(as_text=True)
        fields = {"agreement_id": str(agreement.id), "applicant_id": str(owner.id), "scenario": "贷前核验",
                  "necessity": "最小必要", "resource_ids": [str(resource.id)]}  # fmt: skip
        refused = send(merchant, "/requests/new", fields | {"scenario": ""}, form_at=url)
        assert refused.status_code == 422
        assert "最小必要" in refused.get_data(as_text=True)
        made = send(merchant, "/requests/new", fields, form_at=url)
        assert made.status_code == 303
        again = send(merchant, "/requests/new", fields, form_at=url)
        assert again.status_code == 422
        assert "一场景一清单一审核" in again.get_data(as_text=True)
        page = str(made.location)
        refused = send(merchant, f"{page}/submission", {}, form_at=page)
        assert refused.status_code == 403
        assert "请先由运营机构通过基本安全和技术安全审核" in refused.get_data(as_text=True)
        with app.app_context(), db.transaction() as session:
            ready_for_request(session, queries.get(session, UUID(page.rsplit("/", 1)[1])), on=make.TERM[0])
        assert send(merchant, f"{page}/submission", {}, form_at=page).status_code == 303
        shown = merchant.get(page).get_data(as_text=True)
        assert "审核中" in shown
        assert "不视为同意，仍须审核" in shown
        assert f"{page}/opinions" not in shown
        tabs = merchant.get("/requests").get_data(as_text=True)
        assert re.findall(r'class="count">(\d+)<', tabs) == ["1", "0", "0", "0", "1", "0", "0", "0"]


def test_a_reviewer_sees_the_form_only_while_the_own_seat_is_open(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            make_reviewers(session, "xinchang")
            request = make_request(
                session, agreement=make.make_agreement(session), applicant=make_merchant(session),
                state=RequestState.UNDER_REVIEW,
            )  # fmt: skip
        page = f"/requests/{request.id}"
        reviewer = as_person(app, Role.REVIEWER, place="xinchang")
        assert request.number in reviewer.get("/requests?state=under_review").get_data(as_text=True)
        refused = send(reviewer, f"{page}/opinions", {"decision": "refuse", "reason": ""}, form_at=page)
        assert refused.status_code == 422
        decided = send(reviewer, f"{page}/opinions", {"decision": "refuse", "reason": "超出必要范围"}, form_at=page)
        assert decided.status_code == 303
        shown = reviewer.get(page).get_data(as_text=True)
        assert "超出必要范围" in shown
        assert f"{page}/opinions" not in shown
        late = send(reviewer, f"{page}/opinions", {"decision": "agree", "reason": "同意", "version": "9"}, form_at=page)
        assert late.status_code in (409, 412)


def test_in_guangzhou_the_operator_checks_and_silence_is_announced(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            make_reviewers(session, "guangzhou")
            agreement = make.make_agreement(session, place="guangzhou")
            applicant = make_merchant(session, place="guangzhou")
            request = make_request(session, agreement=agreement, applicant=applicant, state=RequestState.SUBMITTED)
            operator = session.get_one(type(applicant), agreement.operating_institution_id)
        page = f"/requests/{request.id}"
        checker = as_person(app, Role.OPERATOR, party=operator, place="guangzhou")
        passed = send(checker, f"{page}/check", {"decision": "agree", "reason": "材料齐全"}, form_at=page)
        assert passed.status_code == 303
        shown = checker.get(page).get_data(as_text=True)
        for words in ("视为同意", "2026-07-08", "剩余工作日"):
            assert words in shown
        with app.app_context():
            assert queries.get(db.session(), request.id).state is RequestState.UNDER_REVIEW


@pytest.mark.parametrize("path", ["/requests", "/requests/new"])
def test_nobody_gets_in_without_signing_in(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert (answer.status_code, str(answer.location).split("?")[0]) == (302, "/sign-in")
