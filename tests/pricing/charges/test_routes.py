"""Charges through HTTP, for programs and people."""

from __future__ import annotations

import base64
import io

import pytest

from kernel.identity import Role
from registry.parties.model import Party
from tests.make import charges as make
from tests.make import pricing
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key


@pytest.fixture
def agreement(made):
    return made(base.make_agreement)


def test_the_authority_records_and_corrects_and_the_operator_reads_the_sums(app, client, made, agreement):
    authority = as_program(app, Role.SUPERVISOR, place=base.PLACE)
    party = made(lambda session: session.get_one(Party, agreement.operating_institution_id))
    operator = as_program(app, Role.OPERATOR, party=party)
    url = "/api/v1/charges"
    body = {
        "agreement_id": str(agreement.id), "month": "2026-06", "kind": "resource_consumption", "amount": "12000.00",
        "quantity": "300", "unit": "核时", "payee_id": str(agreement.authorizing_entity_id),
        "evidence": {"name": "账单.pdf", "content_base64": base64.b64encode(b"bill").decode()},
    }  # fmt: skip
    recorded = client.post(url, json=body, headers=key(authority))
    assert recorded.status_code == 201, recorded.json
    assert client.post(url, json=body, headers=key(operator)).status_code == 403
    assert client.post(url, json={**body, "month": "2026-13"}, headers=key(authority)).status_code == 422
    one = f"{url}/{recorded.json['id']}"
    corrected = client.post(f"{one}/correction", json={"reason": "计量错误"}, headers=key(authority))
    assert (corrected.status_code, corrected.json["amount"]) == (201, "-12000.00")
    again = client.post(f"{one}/correction", json={"reason": "再次"}, headers=key(authority))
    assert (again.status_code, again.json["code"]) == (409, "charge.already_corrected")
    made(make.make_month, agreement)
    sums = client.get(f"{url}/sums?agreement_id={agreement.id}&month=2026-06", headers=operator).json
    assert sums["total"] == "19000.00"
    assert sums["explanation"]["value"] == "¥ 19,000.00"
    assert len(client.get(f"{url}?year=2026", headers=operator).json["items"]) == 7
    assert client.get(one, headers=operator).json["sources"][0]["rule"] == "CST-01"
    elsewhere = as_program(app, Role.SUPERVISOR, place="puer")
    assert client.get(one, headers=elsewhere).status_code == 404


def test_people_record_with_a_bill_read_and_correct(app, made, agreement):
    authority = as_person(app, Role.SUPERVISOR, place=base.PLACE)
    new = "/pricing/charges/new"
    form = {
        "agreement_id": str(agreement.id), "month": "2026-06", "kind": "security_service", "amount": "2500.00",
        "payee_id": str(agreement.authorizing_entity_id), "in_cost_base": "true",
    }  # fmt: skip
    refused = pricing.post_form(authority, new, form)
    assert refused.status_code == 422
    assert "请附上账单或凭证" in refused.get_data(as_text=True)
    done = pricing.post_form(authority, new, {**form, "evidence": (io.BytesIO(b"bill"), "账单.pdf")})
    assert done.status_code == 303, done.get_data(as_text=True)
    url = done.headers["Location"]
    assert authority.get(f"{url}/evidence").data == b"bill"
    listed = f"/pricing/charges?agreement_id={agreement.id}&year=2026"
    assert "2,500.00" in authority.get(listed).get_data(as_text=True)
    assert "三（五）5" in authority.get(url).get_data(as_text=True)
    fixed = pricing.post_form(authority, f"{url}/correction", {"reason": "重复"}, shown_at=url)
    assert fixed.status_code == 303
    assert "已由更正记录冲回" in authority.get(url).get_data(as_text=True)
    department = made(base.make_department)
    source = as_person(app, Role.SOURCE, party=department)
    assert source.get(new).status_code == 200
    assert source.get(url).status_code == 404
