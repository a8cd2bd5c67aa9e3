"""Ceilings and caps over HTTP."""

from __future__ import annotations

import pytest

from kernel.identity import Role
from registry.agreements import queries as agreements
from registry.parties.model import Party
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_program, key

TAX = [{"label": "增值税", "basis": "6%", "amount": "467424.00"}]


@pytest.fixture
def product(made):
    return made(make.make_product)


@pytest.fixture
def survey(made, product):
    return made(lambda session: make.make_survey(session, agreements.get(session, product.agreement_id)))


def ceiling_in(survey, **changed):
    return {
        "survey_id": str(survey.id), "year": make.YEAR, "margin": "0.06", "tax_lines": TAX, "jointly_with": "数据局",
        **changed,
    }  # fmt: skip


def caps_in(ceiling, product, **changed):
    cap = {"product_id": str(product.id), "charge_unit": "per_use", "amount": "0.80", "forecast_volume": "5000000"}
    return {
        "ceiling_id": ceiling["id"], "caps": [{**cap, **changed}], "effective_from": str(make.TODAY),
        "report_number": "数据〔2026〕1号", "report_date": str(make.TODAY),
    }  # fmt: skip


def test_the_price_authority_determines_and_the_authorizing_entity_sets_caps(app, client, made, survey, product):
    officer = as_program(app, Role.PRICE, place=base.PLACE)
    answer = client.post("/api/v1/ceilings", json=ceiling_in(survey), headers=key(officer))
    assert answer.status_code == 201, answer.json
    ceiling = answer.json
    assert ceiling["max_permitted_revenue"] == "8257824.00"
    assert ceiling["explanation"]["value"] == "¥ 8,257,824.00"
    assert client.get(f"/api/v1/ceilings/{ceiling['id']}", headers=officer).json == ceiling
    entity = made(
        lambda session: session.get_one(Party, agreements.get(session, product.agreement_id).authorizing_entity_id)
    )
    supervisor = as_program(app, Role.SUPERVISOR, party=entity, place=base.PLACE)
    refused = client.post("/api/v1/caps", json=caps_in(ceiling, product, amount="1.66"), headers=key(supervisor))
    assert (refused.status_code, refused.json["code"]) == (422, "pricing.caps_above_revenue")
    assert "8300000" in refused.json["detail"]
    assert client.get("/api/v1/caps").json["items"] == []
    answer = client.post("/api/v1/caps", json=caps_in(ceiling, product), headers=key(supervisor))
    assert answer.status_code == 201, answer.json
    public = client.get("/api/v1/caps", query_string={"product_id": str(product.id)}).json["items"]
    assert public == answer.json["items"]
    assert public[0]["amount"] == "0.8"
    assert client.get(f"/api/v1/caps/{public[0]['id']}").json == public[0]
    again = client.post("/api/v1/caps", json=caps_in(ceiling, product), headers=key(supervisor))
    assert again.json["code"] == "cap.unusable"


def test_the_operator_reads_its_ceiling_and_determines_nothing(app, client, made, survey, product):
    officer = as_program(app, Role.PRICE, place=base.PLACE)
    ceiling = client.post("/api/v1/ceilings", json=ceiling_in(survey), headers=key(officer)).json
    operator = as_program(app, Role.OPERATOR, party=made(lambda session: session.get_one(Party, product.owner_id)))
    assert client.get(f"/api/v1/ceilings/{ceiling['id']}", headers=operator).status_code == 200
    for url, body in (("/api/v1/ceilings", ceiling_in(survey)), ("/api/v1/caps", caps_in(ceiling, product))):
        assert client.post(url, json=body, headers=key(operator)).status_code == 403
    elsewhere = as_program(app, Role.PRICE, place="puer")
    assert client.get(f"/api/v1/ceilings/{ceiling['id']}", headers=elsewhere).status_code == 404


@pytest.mark.parametrize(
    "changed, code",
    [
        ({"margin": "0.061"}, "pricing.rate_above_cap"),
        ({"authority_level": "county"}, "ceiling.level_not_competent"),
        ({"bond_yield": "0.03", "bond_yield_source": "自报"}, "ceiling.yield_not_the_recorded"),
        ({"margin": 0.06}, "request.validation"),
        ({"survey_id": "00000000-0000-0000-0000-000000000000"}, "cost_survey.not_found"),
    ],
)
def test_a_determination_against_the_rules_is_refused_with_its_code(app, client, survey, changed, code):
    officer = as_program(app, Role.PRICE, place=base.PLACE)
    refused = client.post("/api/v1/ceilings", json=ceiling_in(survey, **changed), headers=key(officer))
    assert refused.json["code"] == code, refused.json
    assert refused.status_code in (404, 422)
