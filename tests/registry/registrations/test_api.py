"""From a data-use request to a certificate, and to its revocation, through HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.products.model import Product
from registry.requests import queries as requests
from tests.make import registry_base as make
from tests.make.authorizations import make_service_agreement
from tests.make.clients import as_program, key
from tests.make.gates import open_gates, review_operator
from tests.make.registry_products import (
    ASSESSMENT,
    CODED_AT,
    FIELDS,
    SAMPLE,
    SCENARIO,
    make_merchant,
    make_product,
    make_review,
    make_reviewers,
)

API = "/api/v1"
CHECKS = [
    "within_scope", "raw_stays_in_domain", "personal_information_and_secrets", "source_requests_approved",
    "scenario_match",
]  # fmt: skip


def step(client: FlaskClient, headers: dict[str, str], url: str, **body: Any) -> dict[str, Any]:
    """Read an object, then change it on the version that was read."""
    read = client.get(url.rsplit("/", 1)[0], headers=headers)
    assert read.status_code == 200, read.get_data(as_text=True)
    answer = client.post(url, json=body, headers={**key(headers), "If-Match": read.headers["ETag"]})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.json
    return found


def ask_for_data(app: Flask, client: FlaskClient, merchant: dict[str, str], owner: Party) -> dict[str, str]:
    """Have a request approved by everybody; return what a product needs of it."""
    with app.app_context(), db.transaction() as session:
        make_reviewers(session, "xinchang")
        resource = make.make_resource(session)
        agreement = make.make_agreement(session, scope=[resource])
        review_operator(session, session.get_one(Party, agreement.operating_institution_id), place="xinchang")
        make_service_agreement(
            session, agreement=agreement, partner=session.get_one(Party, owner.id), now=make.NOW,
            term=(agreement.term_start, agreement.term_end),
        )  # fmt: skip
    made = client.post(
        f"{API}/data-requests", headers=key(merchant),
        json={"applicant_id": str(owner.id), "agreement_id": str(agreement.id), "scenario": SCENARIO,
              "necessity": "最小必要", "resource_ids": [str(resource.id)]},
    )  # fmt: skip
    assert (made.status_code, made.json["state"]) == (201, "draft")
    url = f"{API}/data-requests/{made.json['id']}"
    for kind in ("network_security", "irs"):
        paper = {"kind": kind, "reference": "网安评〔2026〕7号", "name": "结论.pdf", "content": "b2s=",
                 "media_type": "application/pdf"}  # fmt: skip
        seen = client.get(url, headers=merchant).headers["ETag"]
        answer = client.post(f"{url}/clearances", json=paper, headers={**key(merchant), "If-Match": seen})
        assert answer.status_code == 201, answer.get_data(as_text=True)
    assert step(client, merchant, f"{url}/submission")["state"] == "under_review"
    with app.app_context():
        seats = requests.opinions(db.session(), UUID(made.json["id"]))
        parties = [(seat.capacity, db.session().get_one(Party, seat.party_id)) for seat in seats]
    for capacity, party in parties:
        role = Role.SOURCE if capacity == "source_department" else Role.REVIEWER
        person = as_program(app, role, party=party if role is Role.SOURCE else None, place="xinchang")
        decided = step(client, person, f"{url}/opinions", decision="agree", reason="同意")
    assert (decided["state"], decided["basis"]) == ("approved", "decided")
    return {"agreement_id": str(agreement.id), "resource_id": str(resource.id)}


def enter_product(client: FlaskClient, merchant: dict[str, str], owner: Party, basis: dict[str, str]) -> dict[str, Any]:
    """Enter a product on that basis."""
    body = {
        "owner_id": str(owner.id), "agreement_id": basis["agreement_id"], "title": "企业信用核验", "scenario": SCENARIO,
        "domain": "金融", "delivery_form": "api", "source_statement": "源自授权范围", "description": "返回核验结果",
        "fields": FIELDS, "sample": SAMPLE,
        "inputs": [{"resource_id": basis["resource_id"], "weight_input": "2.5", "quality": "0.9"}],
    }  # fmt: skip
    made = client.post(f"{API}/products", json=body, headers=key(merchant))
    assert made.status_code == 201, made.get_data(as_text=True)
    product: dict[str, Any] = made.json
    assert product["versions"][0]["inputs"][0]["weight_input"] == "2.5"
    assert product["versions"][0]["inputs"][0]["access"] == "free"
    return product


def gates_of(client: FlaskClient, headers: dict[str, str], code: str) -> dict[str, Any]:
    """Which gates are open."""
    answer = client.get(f"{API}/products/{code}/gates", headers=headers)
    assert answer.status_code == 200
    return {gate["code"]: gate["open"] for gate in answer.json["gates"]} | {"all": answer.json["all_open"]}


def test_the_whole_way_to_a_certificate_and_to_its_revocation(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            owner = make_merchant(session)
        merchant = as_program(app, Role.MERCHANT, party=owner)
        reviewer = as_program(app, Role.REVIEWER, place="xinchang")
        product = enter_product(client, merchant, owner, ask_for_data(app, client, merchant, owner))
        sent = client.post(f"{API}/reviews", json={"version_id": product["versions"][0]["id"]}, headers=key(merchant))
        assert (sent.status_code, sent.json["state"], sent.json["due_date"]) == (201, "submitted", "2026-07-15")
        assert all(finding["is_met"] for finding in sent.json["findings"])
        url = f"{API}/reviews/{sent.json['id']}/decision"
        decided = step(client, reviewer, url, decision="agree", reason="符合要求", checklist=CHECKS)
        assert (decided["state"], decided["stages"][0]["opinions"][0]["decision"]) == ("passed", "agree")
        body = {"product_id": product["id"], "kind": "first", "assessment": ASSESSMENT}
        applied = client.post(f"{API}/registrations", json=body, headers=key(merchant))
        assert (applied.status_code, applied.json["accept_due"]) == (201, "2026-07-06")
        registration = f"{API}/registrations/{applied.json['id']}"
        assert step(client, reviewer, f"{registration}/receipt", decision="accept")["review_due"] == "2026-07-29"
        assert step(client, reviewer, f"{registration}/formal-review", passes=True)["notice_end"] == "2026-07-15"
    with app.app_context(), db.transaction() as session:
        open_gates(session, session.get_one(Product, UUID(product["id"])))
    with clock.set_to(make.NOW + timedelta(days=1)):
        notices = client.get(f"{API}/register/notices?place=xinchang").json["items"]
        assert [(one["registrant"], one["product"]) for one in notices] == [(owner.name, "企业信用核验")]
    with clock.set_to(CODED_AT):
        merchant, second = as_program(app, Role.MERCHANT, party=owner), as_program(app, Role.REVIEWER, place="xinchang")
        assert gates_of(client, merchant, product["code"])["all"] is False
        code = step(client, second, f"{registration}/code")["code"]
        assert set(gates_of(client, merchant, product["code"]).values()) == {True}
        certificate = client.get(f"{API}/certificates/{code.replace('-', '').lower()}").json
        assert (certificate["code"], certificate["is_effective"], certificate["valid_until"]) == (
            code,
            True,
            "2028-06-30",
        )
        found = client.get(f"{API}/register", query_string={"q": "信用核验", "state": "effective"}).json["items"]
        assert [one["code"] for one in found] == [code]
        history = client.get(f"{API}/register/products/{product['code']}").json
        assert [one["code"] for one in history["registrations"]] == [code]
        assert certificate["registrant"] == {"name": owner.name, "uscc": owner.uscc}
        asked = step(client, second, f"{registration}/revocation", ground="forged_result", reason="伪造登记结果")
        assert client.get(f"{API}/certificates/{code}").json["is_effective"] is True
        third = as_program(app, Role.REVIEWER, place="xinchang")
        seen = client.get(registration, headers=third).headers["ETag"]
        confirmation = f"{registration}/asks/{asked['asks'][0]['id']}/confirmation"
        assert client.post(confirmation, headers={**key(third), "If-Match": seen}).json["state"] == "revoked"
        assert client.get(f"{API}/certificates/{code}").json["is_effective"] is False
        assert gates_of(client, merchant, product["code"])["registration_effective"] is False


@pytest.fixture
def product(app: Flask) -> Product:
    """A product that passed its review, made on the first day of the story."""
    with app.app_context(), db.transaction() as session:
        return reviewed(session)


def reviewed(session: Session) -> Product:
    """A product that passed its review."""
    made = make_product(session)
    make_review(session, made)
    return made


def party_of(app: Flask, product: Product) -> Party:
    """The seller of a product."""
    with app.app_context():
        return db.session().get_one(Party, product.owner_id)


def test_repeating_an_application_with_its_key_gives_the_same_answer_and_one_registration(
    app: Flask, client: FlaskClient, product: Product
) -> None:
    with clock.set_to(make.NOW):
        headers = key(as_program(app, Role.MERCHANT, party=party_of(app, product)))
        body = {"product_id": str(product.id), "kind": "first", "assessment": ASSESSMENT}
        first, again = (client.post(f"{API}/registrations", json=body, headers=headers) for _ in range(2))
        assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
        assert first.json["number"] == again.json["number"]


def test_refusals_name_code_rule_and_field(app: Flask, client: FlaskClient, product: Product) -> None:
    with clock.set_to(make.NOW):
        merchant = as_program(app, Role.MERCHANT, party=party_of(app, product))
        body = {"product_id": str(product.id), "kind": "first", "assessment": ""}
        missing = client.post(f"{API}/registrations", json=body, headers=key(merchant))
        assert (missing.status_code, missing.json["code"], missing.json["rule"]) == (
            422, "registration.materials_missing", "REG-05",
        )  # fmt: skip
        assert missing.json["errors"][0]["pointer"] == "/security_risk_assessment"
        wrong = client.post(f"{API}/registrations", json={**body, "kind": "birth"}, headers=key(merchant))
        assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/kind")
        twice = client.post(f"{API}/reviews", json={"version_id": str(product.id)}, headers=key(merchant))
        assert (twice.status_code, twice.json["code"]) == (404, "product.not_found")


def test_nobody_sees_or_changes_what_lies_outside_the_own_scope(
    app: Flask, client: FlaskClient, product: Product
) -> None:
    with clock.set_to(make.NOW):
        merchant = as_program(app, Role.MERCHANT, party=party_of(app, product))
        body = {"product_id": str(product.id), "kind": "first", "assessment": ASSESSMENT}
        made = client.post(f"{API}/registrations", json=body, headers=key(merchant)).json
        with app.app_context(), db.transaction() as session:
            other = make_merchant(session)
        for stranger in (
            as_program(app, Role.MERCHANT, party=other), as_program(app, Role.REVIEWER, place="puer"),
        ):  # fmt: skip
            blind = {**key(stranger), "If-Match": '"v1"'}
            for path in (f"registrations/{made['id']}", f"products/{product.code}", f"products/{product.code}/gates"):
                assert client.get(f"{API}/{path}", headers=stranger).status_code == 404
            assert client.get(f"{API}/registrations", headers=stranger).json["items"] == []
            answer = client.post(f"{API}/registrations", json=body, headers=blind)
            assert answer.status_code in (403, 404)
        puer = {**key(as_program(app, Role.REVIEWER, place="puer")), "If-Match": '"v1"'}
        receipt = f"{API}/registrations/{made['id']}/receipt"
        assert client.post(receipt, json={"decision": "accept"}, headers=puer).status_code == 404
        assert client.post(receipt, json={"decision": "accept"}, headers=key(merchant)).status_code == 403


def test_a_decision_on_a_version_that_changed_meanwhile_is_refused(
    app: Flask, client: FlaskClient, product: Product
) -> None:
    with clock.set_to(make.NOW):
        merchant = as_program(app, Role.MERCHANT, party=party_of(app, product))
        reviewer = as_program(app, Role.REVIEWER, place="xinchang")
        body = {"product_id": str(product.id), "kind": "first", "assessment": ASSESSMENT}
        made = client.post(f"{API}/registrations", json=body, headers=key(merchant))
        url = f"{API}/registrations/{made.json['id']}/receipt"
        seen = {**key(reviewer), "If-Match": made.headers["ETag"]}
        assert client.post(url, json={"decision": "accept"}, headers=seen).status_code == 200
        stale = {**key(reviewer), "If-Match": made.headers["ETag"]}
        assert client.post(url, json={"decision": "accept"}, headers=stale).status_code == 412
        assert client.post(url, json={"decision": "accept"}, headers=key(reviewer)).status_code == 428


def test_anybody_objects_with_name_and_evidence_and_the_registrar_decides(
    app: Flask, client: FlaskClient, product: Product
) -> None:
    with clock.set_to(make.NOW):
        merchant = as_program(app, Role.MERCHANT, party=party_of(app, product))
        reviewer = as_program(app, Role.REVIEWER, place="xinchang")
        body = {"product_id": str(product.id), "kind": "first", "assessment": ASSESSMENT}
        made = client.post(f"{API}/registrations", json=body, headers=key(merchant)).json
        url = f"{API}/registrations/{made['id']}"
        step(client, reviewer, f"{url}/receipt", decision="accept")
        step(client, reviewer, f"{url}/formal-review", passes=True)
    with clock.set_to(make.NOW + timedelta(days=1)):
        blank = client.post(f"{url}/objections", json={"name": "王某"}, headers=key({}))
        assert {error["pointer"] for error in blank.json["errors"]} == {
            "/contact", "/evidence", "/identity_kind", "/identity_number",
        }  # fmt: skip
        objection = {
            "name": "王某", "contact": "0575", "evidence": "来源有争议", "identity_kind": "passport",
            "identity_number": "E1234567", "files": [{"name": "证据.pdf", "content_base64": "JVBERi0="}],
        }  # fmt: skip
        filed = client.post(f"{url}/objections", json=objection, headers=key({}))
        assert filed.status_code == 201
        assert "evidence" not in client.get(f"{API}/register").get_data(as_text=True)
        reviewer = as_program(app, Role.REVIEWER, place="xinchang")
        outcome = {"outcome": "upheld", "reason": "查实"}
        url = f"{API}/objections/{filed.json['id']}"
        early = client.post(f"{url}/outcome", json=outcome, headers=key(reviewer))
        assert early.json["code"] == "objection.not_rechecked"
        assert client.post(f"{url}/recheck", json={"findings": "已核实"}, headers=key(reviewer)).status_code == 200
        decided = client.post(f"{API}/objections/{filed.json['id']}/outcome", json=outcome, headers=key(reviewer))
        assert (decided.status_code, decided.json["state"]) == (200, "terminated")
        seen = client.get(f"{API}/objections/{filed.json['reference']}").json
        assert (seen["state"], seen["reason"]) == ("upheld", "查实")
        assert "王某" not in str(seen)
        assert client.get(f"{API}/objections/ABC").status_code == 404


@pytest.mark.parametrize(
    ("code", "words"),
    [("330624-2026-000001-X", "校验位不符"), ("330624-2026-000001-S", "伪造"), ("登记", "校验位不符")],
)
def test_a_mistyped_or_forged_code_is_not_found_and_the_words_say_which(
    client: FlaskClient, code: str, words: str
) -> None:
    answer = client.get(f"{API}/certificates/{code}")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert words in answer.json["detail"]
