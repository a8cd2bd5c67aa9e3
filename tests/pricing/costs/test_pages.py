"""Cost surveys in the browser."""

from __future__ import annotations

from io import BytesIO

import pytest

from kernel.identity import Role
from pricing.costs.model import CostSurvey
from pricing.costs.queries import locked
from pricing.costs.rules import SurveyState
from registry.parties.model import Party
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person


@pytest.fixture
def agreement(made):
    return made(base.make_agreement)


def filled(agreement, **changed):
    row = {
        "lines-0-category": "platform_build_om", "lines-0-text": "平台", "lines-0-amount": "10000000.00",
        "lines-0-industry_share": "0.8", "lines-0-allocation_key": "调用量", "lines-3-category": "human_resources",
        "lines-3-industry_share": "1",
    }  # fmt: skip
    return {"agreement_id": str(agreement.id), "year": "2025", "subsidy": "800000.00", **row, **changed}


def test_the_operator_files_a_survey_and_the_price_officer_accepts_it(app, made, agreement):
    operator = as_person(
        app, Role.OPERATOR, party=made(lambda session: session.get_one(Party, agreement.operating_institution_id))
    )
    officer = as_person(app, Role.PRICE, place=base.PLACE)
    new = "/pricing/surveys/new"
    sent = {**filled(agreement), "lines-0-evidence": (BytesIO(b"invoice"), "发票.pdf")}
    answer = make.post_form(operator, new, sent)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    url = answer.headers["Location"]
    shown = operator.get(url).get_data(as_text=True)
    assert "8,000,000.00" in shown
    assert "提交审核" in shown
    assert "提交审核" not in officer.get(url).get_data(as_text=True)
    assert make.post_form(operator, f"{url}/submit", {"version": "1"}, shown_at=url).status_code == 303
    decided = {"disallowed-0-position": "1", "disallowed-0-amount": "50000", "version": "2"}
    refused = make.post_form(officer, f"{url}/accept", decided, shown_at=url)
    assert refused.status_code == 422  # an amount without its reason
    assert "50000" in refused.get_data(as_text=True)
    decided["disallowed-0-reason"] = "无凭证"
    assert make.post_form(officer, f"{url}/accept", decided, shown_at=url).status_code == 303
    assert "无凭证" in officer.get(url).get_data(as_text=True)
    link = shown.split("/evidence/")[1].split('"')[0]
    assert operator.get(f"{url}/evidence/{link}").data == b"invoice"
    desk = officer.get("/pricing").get_data(as_text=True)
    assert "7,950,000.00" in desk


def test_a_wrong_row_comes_back_as_typed_with_the_error_at_its_field(app, made, agreement):
    operator = as_person(
        app, Role.OPERATOR, party=made(lambda session: session.get_one(Party, agreement.operating_institution_id))
    )
    sent = filled(
        agreement, **{"lines-5-category": "period_expense", "lines-5-text": "管理费", "lines-5-amount": "一百"}
    )
    refused = make.post_form(operator, "/pricing/surveys/new", sent)
    shown = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert 'id="lines-5-amount-error"' in shown
    assert 'value="一百"' in shown
    shared = filled(agreement, **{"lines-0-allocation_key": ""})
    shown = make.post_form(operator, "/pricing/surveys/new", shared).get_data(as_text=True)
    assert 'id="lines-0-allocation_key-error"' in shown
    assert "PRC-02" in shown


def test_a_returned_survey_is_corrected_by_the_operator(app, made, agreement):
    survey = made(make.make_survey, agreement, accepted=False)
    operator = as_person(
        app, Role.OPERATOR, party=made(lambda session: session.get_one(Party, agreement.operating_institution_id))
    )
    officer = as_person(app, Role.PRICE, place=base.PLACE)
    url = f"/pricing/surveys/{survey.id}"
    sent = {"note": "请补充凭证", "version": "2"}
    assert make.post_form(officer, f"{url}/send_back", sent, shown_at=url).status_code == 303
    assert "请补充凭证" in operator.get(url).get_data(as_text=True)
    form = {"subsidy": "1.00", "lines-0-category": "human_resources", "lines-0-text": "人员", "lines-0-amount": "5.00",
            "lines-0-industry_share": "1", "version": "3"}  # fmt: skip
    assert make.post_form(operator, f"{url}/edit", form).status_code == 303
    stale = make.post_form(operator, f"{url}/edit", form)
    assert stale.status_code in (412, 422)

    def read(session) -> CostSurvey:
        return locked(session, survey.id)

    now = made(read)
    assert (now.state, now.subsidy.text(), [line.amount.text() for line in now.lines]) == (
        SurveyState.DRAFT, "1.00", ["5.00"],
    )  # fmt: skip


def test_visitors_are_asked_to_sign_in_and_strangers_see_nothing(app, client, made, agreement):
    survey = made(make.make_survey, agreement)
    url = f"/pricing/surveys/{survey.id}"
    assert client.get(url).status_code == 302
    assert as_person(app, Role.PRICE, place="puer").get(url).status_code == 404
    assert as_person(app, Role.BUYER, party=made(make.make_buyer)).get("/pricing").status_code == 403
