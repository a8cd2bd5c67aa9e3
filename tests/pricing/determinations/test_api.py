"""The whole procedure over HTTP: application, readiness, proposal, confirmation, caps, report, active."""

from __future__ import annotations

import pytest

from kernel.identity import Role
from registry.agreements import queries as agreements
from registry.parties.model import Party
from tests.make import determinations as walk
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send

ROOT = "/api/v1/determinations"


@pytest.fixture
def world(made):
    """A product, an accepted survey, and the authorizing entity of its agreement."""

    def build(session):
        product = make.make_product(session)
        agreement = agreements.get(session, product.agreement_id)
        survey = make.make_survey(session, agreement)
        return product, survey, session.get_one(Party, agreement.authorizing_entity_id)

    return made(build)


def stated(response, headers):
    """The headers of the next step: a new key, and the version that was just read."""
    assert response.status_code in (200, 201), response.get_data(as_text=True)
    return {**key(headers), "If-Match": response.headers["ETag"]}


def test_the_procedure_runs_from_the_application_to_active_caps(app, client, world):
    product, survey, entity = world
    applicant = as_program(app, Role.SUPERVISOR, party=entity, place=base.PLACE)
    officer, second = (as_program(app, Role.PRICE, place=base.PLACE) for _ in range(2))
    application = {
        "agreement_id": str(product.agreement_id), "year": make.YEAR, "first_sale_date": str(walk.FIRST_SALE),
        "reference": "数据〔2026〕定价1号", "statement": "已满完整年度",
    }  # fmt: skip
    answer = client.post(ROOT, json=application, headers=key(applicant))
    url = f"{ROOT}/{answer.json['id']}"
    ready = {"is_ready": True, "note": "具备定价基础"}
    assert client.post(f"{url}/readiness", json=ready, headers=stated(answer, applicant)).status_code == 403
    answer = client.post(f"{url}/readiness", json=ready, headers=stated(answer, officer))
    terms = {
        "survey_id": str(survey.id), "margin": "0.06", "jointly_with": "数据局", "authority_level": "province",
        "tax_lines": [{"label": "增值税", "basis": "6%", "amount": "467424.00"}],
    }  # fmt: skip
    preview = client.post(f"{url}/proposals/preview", json=terms, headers=officer)
    assert preview.json["max_permitted_revenue"] == "8257824.00"
    delegated = {**terms, "authority_level": "prefecture"}
    refused = client.post(f"{url}/proposals", json=delegated, headers=stated(answer, officer))
    assert refused.json["code"] == "determination.delegation_missing"
    answer = client.post(f"{url}/proposals", json=terms, headers=stated(answer, officer))
    (proposal,) = answer.json["proposals"]
    read = {"sha256": proposal["sha256"]}
    own = client.post(f"{url}/confirmation", json=read, headers=stated(answer, officer))
    assert own.json["code"] == "determination.second_person_needed"
    desk = client.get("/api/v1/pricing/desk", headers=second).json
    assert [task["kind"] for task in desk["tasks"]] == ["confirm"]
    answer = client.post(f"{url}/confirmation", json=read, headers=stated(answer, second))
    assert (answer.json["state"], answer.json["phase"]) == ("mpr_determined", "mpr_determined")
    ceiling_id = answer.json["proposals"][0]["decision"]["ceiling_id"]
    ceiling = client.get(f"/api/v1/ceilings/{ceiling_id}", headers=officer).json
    assert ceiling["inputs"]["proposal_sha256"] == proposal["sha256"]
    plan = _planned(client, answer.json["id"], ceiling_id, product, applicant)
    caps = {"product_id": str(product.id), "on": str(make.TODAY)}
    assert client.get("/api/v1/caps", query_string=caps).json["items"] == []
    report = {"report_number": "报1号", "report_date": str(make.TODAY), "reported_to": list(walk.BOTH)}
    plan_url = f"/api/v1/cap-plans/{plan.json['id']}"
    reported = client.post(f"{plan_url}/report", json=report, headers=stated(plan, applicant))
    assert reported.json["state"] == "reported"
    assert len(client.get("/api/v1/caps", query_string=caps).json["items"]) == 1
    assert client.get("/api/v1/caps", query_string={**caps, "known_on": "2026-06-30"}).json["items"] == []
    assert client.get(url, headers=officer).json["phase"] == "active"
    known = {"on": str(make.TODAY), "known_on": "2026-06-30"}
    assert client.get("/api/v1/ceilings", query_string=known, headers=officer).json["items"] == []
    assert client.get(f"{ROOT}?state=caps_reported", headers=second).json["items"][0]["number"] == answer.json["number"]


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
def test_a_proposal_against_the_rules_is_refused_with_its_code(app, client, made, world, changed, code):
    product, survey, _ = world
    found = made(lambda session: walk.apply(session, walk.Offices(agreements.get(session, product.agreement_id))))
    terms = {"survey_id": str(survey.id), "margin": "0.06", "jointly_with": "数据局", "authority_level": "province"}
    officer = as_program(app, Role.PRICE, place=base.PLACE)
    refused = client.post(f"{ROOT}/{found.id}/proposals/preview", json={**terms, **changed}, headers=officer)
    assert refused.json["code"] == code, refused.json
    assert refused.status_code in (404, 422)


def _planned(client, determination_id, ceiling_id, product, applicant):
    """Try a plan of too much, then keep one that fits."""
    cap = {"product_id": str(product.id), "charge_unit": "per_use", "amount": "1.66", "forecast_volume": "5000000"}
    asked = {"effective_from": str(make.TODAY), "caps": [cap]}
    tried = client.post("/api/v1/cap-plans/check", json={**asked, "ceiling_id": ceiling_id}, headers=applicant)
    assert (tried.json["fits"], tried.json["days"][0]["headroom"]) == (False, "-42176")
    draft = {**asked, "determination_id": determination_id}
    refused = client.post("/api/v1/cap-plans", json=draft, headers=key(applicant))
    assert (refused.status_code, refused.json["code"]) == (422, "pricing.caps_above_revenue")
    draft["caps"] = [{**cap, "amount": "0.80"}]
    plan = client.post("/api/v1/cap-plans", json=draft, headers=key(applicant))
    assert plan.status_code == 201, plan.json
    headroom = client.get(f"/api/v1/cap-plans/{plan.json['id']}/headroom", headers=applicant).json
    assert headroom["days"][0]["headroom"] == "4257824"
    return plan


def test_people_walk_the_same_way_through_the_pages(app, made, world):
    product, survey, entity = world
    applicant = as_person(app, Role.SUPERVISOR, party=entity, place=base.PLACE)
    officer, second = (as_person(app, Role.PRICE, place=base.PLACE) for _ in range(2))
    form = "/pricing/determinations/new"
    filled = {
        "agreement_id": str(product.agreement_id), "year": str(make.YEAR), "first_sale_date": str(walk.FIRST_SALE),
        "reference": "定价1号", "statement": "已满完整年度",
    }  # fmt: skip
    shown = send(applicant, form, filled, form_at=form).headers["Location"]
    assert "评估定价基础" in officer.get("/pricing").get_data(as_text=True)
    step = {"is_ready": "true", "note": "具备"}
    assert send(officer, f"{shown}/assess", step, form_at=shown).status_code == 303
    terms = {
        "survey_id": str(survey.id), "margin": "0.06", "authority_level": "province", "jointly_with": "数据局",
        "tax_lines-0-label": "增值税", "tax_lines-0-basis": "6%", "tax_lines-0-amount": "467424.00",
    }  # fmt: skip
    url = f"{shown}/proposals/new"
    preview = send(officer, url, {**terms, "act": "preview"}, form_at=url)
    assert "8,257,824.00" in preview.get_data(as_text=True)
    above = send(officer, url, {**terms, "margin": "0.07", "act": "propose"}, form_at=url)
    assert above.status_code == 422
    assert "PRC-02" in above.get_data(as_text=True)
    assert "0.082" in above.get_data(as_text=True)
    assert send(officer, url, {**terms, "act": "propose"}, form_at=url).status_code == 303
    assert "由您拟定，须由另一人确认" in officer.get(shown).get_data(as_text=True)
    proposal = made(lambda session: walk.queries.get(session, base.supervisor(), _id(shown)).proposals[0])
    confirmed = send(second, f"{shown}/confirm", {"sha256": proposal.sha256}, form_at=shown)
    assert confirmed.status_code == 303
    plan = _plan_page(applicant, shown, product)
    assert applicant.get(f"{plan}/headroom.svg").mimetype == "image/svg+xml"
    assert applicant.get(f"{plan}/report.xlsx").data.startswith(b"PK")
    assert "发改价格〔2025〕65号" in applicant.get(f"{plan}/report").get_data(as_text=True)
    report = {"report_number": "报1号", "report_date": str(make.TODAY), "reported_to": list(walk.BOTH)}
    assert send(applicant, f"{plan}/record_report", report, form_at=plan).status_code == 303
    assert "执行中" in officer.get(shown).get_data(as_text=True)
    ceiling = made(lambda session: walk.queries.ceiling_of(session, _id(shown)))
    page = officer.get(f"/pricing/ceilings/{ceiling.id}/headroom").get_data(as_text=True)
    assert product.code in page
    for name in ("headroom.svg", "headroom.xlsx"):
        assert officer.get(f"/pricing/ceilings/{ceiling.id}/{name}").status_code == 200
    asked = {"agreement_id": str(product.agreement_id), "on": str(make.TODAY), "known_on": str(make.TODAY)}
    known = officer.get("/pricing/ceilings/known", query_string=asked).get_data(as_text=True)
    assert ceiling.number in known
    assert "8,257,824.00" in officer.get("/pricing").get_data(as_text=True)
    assert "执行中" in officer.get("/pricing/determinations").get_data(as_text=True)


def _plan_page(applicant, shown, product):
    """Try caps, keep them, and return the page of the plan."""
    url = f"{shown}/cap-plans/new"
    row = {
        "effective_from": str(make.TODAY), "caps-0-product_id": str(product.id), "caps-0-charge_unit": "per_use",
        "caps-0-amount": "0.80", "caps-0-forecast_volume": "5000000",
    }  # fmt: skip
    tried = send(applicant, url, {**row, "act": "check"}, form_at=url)
    assert "4257824" in tried.get_data(as_text=True).replace(",", "")
    refused = send(applicant, url, {**row, "caps-0-amount": "1.66", "act": "keep"}, form_at=url)
    assert refused.status_code == 422
    for words in ("8300000", "8257824.00", 'value="1.66"'):
        assert words in refused.get_data(as_text=True)
    return send(applicant, url, {**row, "act": "keep"}, form_at=url).headers["Location"]


def _id(shown):
    return base.UUID(shown.rsplit("/", 1)[1])
