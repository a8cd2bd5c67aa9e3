"""Cost surveys over HTTP."""

from __future__ import annotations

import base64

import pytest

from kernel.identity import Role
from registry.parties.model import Party
from tests.make import registry_base as base
from tests.make.clients import as_program, key

LINE = {
    "category": "platform_build_om", "text": "平台建设和运维", "amount": "10000000.00", "industry_share": "0.8",
    "allocation_key": "调用量",
}  # fmt: skip


@pytest.fixture
def agreement(made):
    return made(base.make_agreement)


@pytest.fixture
def operator(app, made, agreement):
    party = made(lambda session: session.get_one(Party, agreement.operating_institution_id))
    return as_program(app, Role.OPERATOR, party=party)


def survey_in(agreement, **changed):
    return {"agreement_id": str(agreement.id), "year": 2025, "subsidy": "800000.00", "lines": [LINE], **changed}


def test_a_survey_is_filed_returned_amended_and_accepted(app, client, agreement, operator):
    officer = as_program(app, Role.PRICE, place=base.PLACE)
    url = "/api/v1/cost-surveys"
    evidence = {"name": "发票.pdf", "content_base64": base64.b64encode(b"invoice").decode()}
    line = {**LINE, "evidence": evidence}
    opened = client.post(url, json=survey_in(agreement, lines=[line]), headers=key(operator))
    assert opened.status_code == 201, opened.json
    one = f"{url}/{opened.json['id']}"
    assert opened.json["lines"][0]["evidence_sha256"]

    def step(name, who, body=None):
        tag = client.get(one, headers=who).headers["ETag"]
        return client.post(f"{one}/{name}", json=body, headers=key({**who, "If-Match": tag}))

    assert step("submission", operator).json["state"] == "submitted"
    assert step("return", officer, {"note": "分摊依据不足"}).json["note"] == "分摊依据不足"
    tag = client.get(one, headers=operator).headers["ETag"]
    amended = client.put(
        one, json={"subsidy": "800000.00", "lines": [LINE, LINE]}, headers={**operator, "If-Match": tag}
    )
    assert amended.json["totals"]["industry"] == "16000000.00"
    assert amended.headers["ETag"] != tag
    assert step("submission", operator).status_code == 200
    decision = {"disallowed": [{"position": 2, "amount": "8000000.00", "reason": "重复填报"}]}
    accepted = step("acceptance", officer, decision)
    assert accepted.status_code == 200, accepted.json
    assert accepted.json["totals"]["recognised"] == "8000000.00"
    again = step("acceptance", officer, decision)
    assert (again.status_code, again.json["code"]) == (409, "cost_survey.wrong_state")
    listed = client.get(url, headers=officer).json["items"]
    assert [item["state"] for item in listed] == ["accepted"]


def test_a_stale_decision_and_a_decision_without_a_version_are_refused(app, client, agreement, operator):
    one = client.post("/api/v1/cost-surveys", json=survey_in(agreement), headers=key(operator)).json
    url = f"/api/v1/cost-surveys/{one['id']}/submission"
    assert client.post(url, headers=key(operator)).status_code == 428
    assert client.post(url, headers=key({**operator, "If-Match": '"v9"'})).status_code == 412


@pytest.mark.parametrize(
    "changed, pointer",
    [
        ({"subsidy": 800000}, "subsidy"),
        ({"year": 1900}, "year"),
        ({"lines": []}, "lines"),
        ({"lines": [{**LINE, "amount": "1.234"}]}, "lines"),
        ({"lines": [{**LINE, "industry_share": "1.5"}]}, "lines/0/industry_share"),
        ({"lines": [{**LINE, "evidence": {"name": "x", "content_base64": "不是"}}]}, "lines"),
        ({"surprise": "1"}, "surprise"),
    ],
)
def test_every_wrong_field_is_named(client, agreement, operator, changed, pointer):
    refused = client.post("/api/v1/cost-surveys", json=survey_in(agreement, **changed), headers=key(operator))
    assert refused.status_code == 422, refused.json
    assert any(pointer in str(error) for error in refused.json["errors"]), refused.json


def test_others_neither_see_a_survey_nor_file_one(app, client, agreement, operator):
    one = client.post("/api/v1/cost-surveys", json=survey_in(agreement), headers=key(operator)).json
    url = f"/api/v1/cost-surveys/{one['id']}"
    elsewhere = as_program(app, Role.PRICE, place="puer")
    assert client.get(url, headers=elsewhere).status_code == 404
    assert client.get("/api/v1/cost-surveys", headers=elsewhere).json["items"] == []
    assert client.get(url).status_code == 401
    assert client.post("/api/v1/cost-surveys", json=survey_in(agreement), headers=key(elsewhere)).status_code == 403
