"""The price officer's desk, ceilings and caps in the browser."""

from __future__ import annotations

import pytest

from kernel.identity import Role
from pricing.ceilings import queries
from pricing.costs.rules import ChargeUnit
from registry.agreements import queries as agreements
from registry.parties.model import Party
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person

NEW = "/pricing/ceilings/new"


@pytest.fixture
def product(made):
    return made(make.make_product)


@pytest.fixture
def survey(made, product):
    return made(lambda session: make.make_survey(session, agreements.get(session, product.agreement_id)))


def filled(survey, **changed):
    return {
        "survey_id": str(survey.id), "year": str(make.YEAR), "margin": "0.06", "tax_lines-0-label": "增值税",
        "tax_lines-0-basis": "6%", "tax_lines-0-amount": "467424.00", "authority_level": "prefecture",
        "jointly_with": "数据局", "act": "determine", **changed,
    }  # fmt: skip


def test_the_breakdown_is_shown_before_anything_is_decided(app, made, survey):
    officer = as_person(app, Role.PRICE, place=base.PLACE)
    shown_at = f"{NEW}?survey={survey.id}"
    preview = make.post_form(officer, NEW, filled(survey, act="preview"), shown_at=shown_at)
    text = preview.get_data(as_text=True)
    assert preview.status_code == 200
    assert "8,257,824.00" in text
    assert "发改价格〔2025〕65号 三（一）" in text
    assert made(lambda session: queries.latest(session, survey.agreement_id, make.YEAR)) is None
    decided = make.post_form(officer, NEW, filled(survey), shown_at=shown_at)
    assert decided.status_code == 303
    page = officer.get(decided.headers["Location"]).get_data(as_text=True)
    assert "8,257,824.00" in page
    assert "与记录一致" in page
    assert "8,257,824.00" in officer.get("/pricing").get_data(as_text=True)


def test_a_margin_above_the_limit_is_shown_with_rule_and_article(app, survey):
    officer = as_person(app, Role.PRICE, place=base.PLACE)
    refused = make.post_form(officer, NEW, filled(survey, margin="0.07"), shown_at=f"{NEW}?survey={survey.id}")
    text = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "PRC-02" in text
    assert "0.082" in text


def test_the_authorizing_entity_sets_caps_and_sees_both_figures_when_they_do_not_fit(app, made, product, survey):
    ceiling = made(
        lambda session: make.make_ceiling(session, agreements.get(session, product.agreement_id), survey=survey)
    )
    entity = made(
        lambda session: session.get_one(Party, agreements.get(session, product.agreement_id).authorizing_entity_id)
    )
    supervisor = as_person(app, Role.SUPERVISOR, party=entity, place=base.PLACE)
    url = f"/pricing/ceilings/{ceiling.id}/caps/new"
    row = {
        "ceiling_id": str(ceiling.id), "effective_from": str(make.TODAY), "report_number": "数据〔2026〕1号",
        "report_date": str(make.TODAY), "caps-0-product_id": str(product.id), "caps-0-charge_unit": "per_use",
        "caps-0-amount": "1.66", "caps-0-forecast_volume": "5000000",
    }  # fmt: skip
    refused = make.post_form(supervisor, url, row)
    text = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "8300000" in text
    assert "8257824.00" in text
    assert 'value="1.66"' in text
    answer = make.post_form(supervisor, url, {**row, "caps-0-amount": "0.80"})
    assert answer.status_code == 303
    cap = made(lambda session: queries.cap_at(session, product.id, ChargeUnit.PER_USE, make.TODAY))
    assert cap.amount.text() == "0.8"
    page = supervisor.get(answer.headers["Location"]).get_data(as_text=True)
    assert product.code in page
    assert "数据〔2026〕1号" in page


def test_the_forms_are_for_those_who_decide(app, survey):
    assert as_person(app, Role.SUPERVISOR, place=base.PLACE).get(f"{NEW}?survey={survey.id}").status_code == 403
    officer = as_person(app, Role.PRICE, place=base.PLACE)
    assert officer.get(NEW).status_code == 422
    assert officer.get(f"{NEW}?survey=nonsense").status_code == 422
