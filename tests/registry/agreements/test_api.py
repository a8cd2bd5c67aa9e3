"""Agreements through HTTP."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.calendar import add_months
from kernel.identity import Role
from registry.agreements.rules import AgreementState
from registry.parties.model import Party
from tests.make import registry_base as make
from tests.make.basis import lay_selection
from tests.make.clients import as_program, key

URL = "/api/v1/agreements"


def operator_of(app: Flask, party_id: str) -> Party:
    """The organisation with that id."""
    with app.app_context():
        return db.session().get_one(Party, UUID(party_id))


def body(app: Flask, place: str = "xinchang", **changes: object) -> dict[str, Any]:
    """A draft between two organisations of the place that starts today, but for the changes."""
    today = clock.today()
    with app.app_context(), db.transaction() as session:
        authority, operator = make.make_authority(session, place=place), make.make_operator(session, place=place)
        resource = make.make_resource(session, place=place)
        lay_selection(session, place, operator.id, authority.id)
    return {
        "place": place, "authorizing_entity_id": str(authority.id), "operating_institution_id": str(operator.id),
        "title": "公共数据授权运营协议", "term_start": str(today), "term_end": str(add_months(today, 24)),
        "resource_ids": [str(resource.id)], **changes,
    }  # fmt: skip


def test_an_agreement_goes_from_draft_to_active_and_is_suspended_and_ended(app: Flask, client: FlaskClient) -> None:
    one, other = (as_program(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    made = client.post(URL, json=body(app), headers=key(one))
    assert made.status_code == 201
    assert (made.json["state"], len(made.json["missing_items"])) == ("draft", 13)
    assert made.json["resources"][0]["code"]
    url, last = f"{URL}/{made.json['id']}", made

    def step(name: str, data: object = None, *, headers: dict[str, str] = one, method: str = "post") -> Any:
        nonlocal last
        sent = {**key(headers), "If-Match": last.headers["ETag"]}
        last = getattr(client, method)(f"{url}/{name}", json=data, headers=sent)
        assert last.status_code == 200, last.get_data(as_text=True)
        return last.json

    assert step("items", {"items": make.ITEMS}, method="patch")["missing_items"] == []
    assert step("scope", {"resource_ids": [made.json["resources"][0]["id"]]}, method="put")["state"] == "draft"
    assert step("signature", {"coordination_record": "纪要〔2026〕1号"})["possible_events"][0] == "file"
    assert step("filing", {"reference": "浙数备1号"})["filing_reference"] == "浙数备1号"
    plan = {"name": "预案.pdf", "content_base64": base64.b64encode(b"plan").decode()}
    assert len(step("emergency-plan", plan, method="put")["emergency_plan_sha256"]) == 64
    active = step("activation")
    assert (active["state"], active["in_force"]) == ("active", True)
    assert active["sources"]["term_years_exact"]["value"] == "2"
    assert step("suspension", {"reason": "违约", "correction_due": str(clock.today())})["in_force"] is False
    operator = as_program(app, Role.OPERATOR, party=operator_of(app, made.json["operating_institution"]["id"]))
    early = client.post(f"{url}/restoration", headers={**key(one), "If-Match": last.headers["ETag"]})
    assert (early.status_code, early.json["code"]) == (409, "suspension.correction_missing")
    report = {"text": "已整改", "name": "证据.pdf", "content_base64": base64.b64encode(b"proof").decode()}
    reported = client.post(
        f"{url}/corrections", json=report, headers={**key(operator), "If-Match": last.headers["ETag"]}
    )
    assert reported.status_code == 201, reported.get_data(as_text=True)
    assert step("restoration")["pending_event"] == "restore"
    assert step("restoration", headers=other)["state"] == "active"
    end = {"ground": "breach", "reason": "未整改", "coordination_record": "纪要2"}
    assert step("termination", end)["state"] == "active"
    assert step("termination", end, headers=other)["state"] == "terminated"
    listed = client.get(URL, headers=one, query_string={"state": "terminated", "place": "xinchang"}).json["items"]
    assert [found["number"] for found in listed] == [made.json["number"]]


def test_signing_an_incomplete_draft_names_every_missing_content(app: Flask, client: FlaskClient) -> None:
    headers = as_program(app, Role.SUPERVISOR, place="xinchang")
    made = client.post(URL, json=body(app, items={"term": "两年"}), headers=key(headers))
    sent = {**key(headers), "If-Match": made.headers["ETag"]}
    refused = client.post(f"{URL}/{made.json['id']}/signature", json={}, headers=sent)
    assert (refused.status_code, refused.json["code"]) == (422, "agreement.items_missing")
    assert refused.json["rule"] == "AGR-01"
    assert len(refused.json["errors"]) == 12
    assert "/items/term" not in {error["pointer"] for error in refused.json["errors"]}


@pytest.mark.parametrize(
    ("change", "code"),
    [({"term_end": "2099-01-01"}, "agreement.term_not_allowed"), ({"term_end": "1999-01-01"}, "calendar.not_a_period"),
     ({"trial_start": "2026-01-01"}, "agreement.trial_not_allowed"),
     ({"items": {"price": "1"}}, "agreement.unknown_item"),
     ({"authorizing_entity_id": "019f0000-0000-7000-8000-000000000000"}, "party.not_found"),
     ({"resource_ids": ["019f0000-0000-7000-8000-000000000000"]}, "resource.not_found"),
     ({"term_start": "yesterday"}, "request.validation"), ({"price": "1"}, "request.validation")],
)  # fmt: skip
def test_a_wrong_draft_is_refused_by_name(
    app: Flask, client: FlaskClient, change: dict[str, object], code: str
) -> None:
    headers = as_program(app, Role.SUPERVISOR, place="xinchang")
    answer = client.post(URL, json=body(app, **change), headers=key(headers))
    assert answer.status_code in (404, 422)
    assert answer.json["code"] == code


def test_a_plan_that_is_no_base64_or_empty_is_refused(app: Flask, client: FlaskClient) -> None:
    headers = as_program(app, Role.SUPERVISOR, place="xinchang")
    made = client.post(URL, json=body(app), headers=key(headers))
    sent = {**headers, "If-Match": made.headers["ETag"]}
    for content, pointer in (("不是", "/content_base64"), ("", None)):
        plan = {"name": "预案.pdf", "content_base64": content}
        answer = client.put(f"{URL}/{made.json['id']}/emergency-plan", json=plan, headers=sent)
        assert answer.status_code == 422
        assert pointer is None or answer.json["errors"][0]["pointer"] == pointer


def test_a_step_needs_the_version_that_was_seen(app: Flask, client: FlaskClient) -> None:
    headers = as_program(app, Role.SUPERVISOR, place="xinchang")
    made = client.post(URL, json=body(app, items=make.ITEMS), headers=key(headers))
    url = f"{URL}/{made.json['id']}/signature"
    record = {"coordination_record": "纪要"}
    assert client.post(url, json=record, headers=key(headers)).status_code == 428
    stale = {**key(headers), "If-Match": '"v9"'}
    assert client.post(url, json=record, headers=stale).status_code == 412
    assert client.post(url, json=record, headers={**key(headers), "If-Match": "*"}).status_code == 428
    fresh = {**key(headers), "If-Match": made.headers["ETag"]}
    signed, repeated = (client.post(url, json=record, headers=fresh) for _ in range(2))
    assert signed.json["state"] == "signed"
    assert repeated.json == signed.json
    assert repeated.headers["Idempotency-Replayed"] == "true"


def test_nobody_reads_or_writes_beyond_the_own_scope(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        operator = make.make_operator(session)
        mine = make.make_agreement(session, operator=operator)
        draft = make.make_agreement(session, state=AgreementState.DRAFT)
    own = as_program(app, Role.OPERATOR, party=operator)
    assert [found["id"] for found in client.get(URL, headers=own).json["items"]] == [str(mine.id)]
    assert client.get(f"{URL}/{draft.id}", headers=own).status_code == 404
    assert client.post(f"{URL}/{mine.id}/activation", headers=key(own)).status_code == 403
    foreign = as_program(app, Role.SUPERVISOR, place="puer")
    blind = {**key(foreign), "If-Match": '"v1"'}
    for step, data in (("signature", {}), ("filing", {"reference": "1"}), ("activation", None), ("expiry", None)):
        assert client.post(f"{URL}/{draft.id}/{step}", json=data, headers=blind).status_code == 404
    assert client.post(URL, json=body(app), headers=key(foreign)).status_code == 403
    assert client.get(URL).status_code == 401
