"""Reviews for programs: the worklist with its clock, a decision, a pause, an appeal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.procedures.rules import CHECK_TITLES
from registry.requests.rules import RequestState
from registry.reviews.rules import ReviewState
from tests.make import registry_base as make
from tests.make.clients import as_program, key
from tests.make.registry_products import make_merchant, make_product, make_request, make_review, make_reviewers

API = "/api/v1/reviews"
CHECKS = list(CHECK_TITLES)


def step(client: FlaskClient, headers: dict[str, str], url: str, **body: Any) -> Any:
    """Read, then act on the version that was read."""
    seen = client.get(url.rsplit("/", 1)[0], headers=headers)
    return client.post(url, json=body, headers={**key(headers), "If-Match": seen.headers["ETag"]})


def test_a_program_reads_the_worklist_page_by_page_and_decides(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            for _ in range(3):
                make_review(session, make_product(session), state=ReviewState.SUBMITTED)
        reviewer = as_program(app, Role.REVIEWER, place="xinchang")
        first = client.get(f"{API}/worklist?limit=2&mine=true", headers=reviewer).json
        second = client.get(f"{API}/worklist?limit=2&mine=true&cursor={first['next_cursor']}", headers=reviewer).json
        assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (2, 1, None)
        one = first["items"][0]
        assert one["clock"] == {"state": "running", "due_date": "2026-07-15", "days_left": 10}
        assert (one["procedure"], one["product"]["id"], one["applicant"]["name"]) == (
            "product", one["product"]["id"], one["product"]["owner"]["name"],
        )  # fmt: skip
        decided = step(
            client, reviewer, f"{API}/{one['id']}/decision", decision="agree", reason="符合要求", checklist=CHECKS
        )
        assert (decided.status_code, decided.json["state"]) == (200, "passed")
        left = client.get(f"{API}/worklist", headers=reviewer).json
        assert one["id"] not in [item["id"] for item in left["items"]]
        assert client.get(f"{API}/worklist?procedure=plan", headers=reviewer).json["items"] == []


def test_a_supervisor_stops_the_clock_and_lets_it_run_on(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            review = make_review(session, make_product(session), state=ReviewState.SUBMITTED)
        url = f"{API}/{review.id}"
        supervisor, reviewer = (as_program(app, role, place="xinchang") for role in (Role.SUPERVISOR, Role.REVIEWER))
        assert step(client, reviewer, f"{url}/pause", reason="等待专家意见").status_code == 403
        paused = step(client, supervisor, f"{url}/pause", reason="等待专家意见")
        assert (paused.json["clock"]["state"], paused.json["pause_reason"]) == ("paused", "等待专家意见")
        refused = step(client, reviewer, f"{url}/decision", decision="agree", reason="同意", checklist=CHECKS)
        assert (refused.status_code, refused.json["code"]) == (409, "review.paused")
    with clock.set_to(make.NOW + timedelta(days=1)):
        supervisor = as_program(app, Role.SUPERVISOR, place="xinchang")
        resumed = step(client, supervisor, f"{url}/resumption")
        assert (resumed.json["due_date"], len(resumed.json["pauses"])) == ("2026-07-16", 1)


def test_an_operators_refusal_needs_a_ground_and_is_appealed(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            make_reviewers(session, "guangzhou")
            agreement = make.make_agreement(session, place="guangzhou")
            owner = make_merchant(session, place="guangzhou")
            request = make_request(session, agreement=agreement, applicant=owner, state=RequestState.SUBMITTED)
            operating = session.get_one(Party, agreement.operating_institution_id)
        operator = as_program(app, Role.OPERATOR, party=operating, place="guangzhou")
        merchant = as_program(app, Role.MERCHANT, party=owner, place="guangzhou")
        url = f"/api/v1/data-requests/{request.id}"
        refused = step(client, operator, f"{url}/check", decision="refuse", reason="另有安排")
        assert (refused.status_code, refused.json["code"]) == (422, "review.ground_missing")
        done = step(client, operator, f"{url}/check", decision="refuse", reason="缺", ground="materials_incomplete")
        assert done.json["state"] == "rejected"
        review = f"{API}/{done.json['review_ids'][0]}"
        appealed = step(client, merchant, f"{review}/appeal", reason="材料齐全，理由不实")
        assert (appealed.status_code, appealed.json["stages"][0]["kind"]) == (201, "authority_check")
        assert client.get(url, headers=merchant).json["state"] == "submitted"
        again = step(client, merchant, f"{review}/appeal", reason="再次申请")
        assert (again.status_code, again.json["code"]) == (409, "review.appealed_before")


def test_a_scenario_is_cleared_granted_and_its_data_provided(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            make_reviewers(session, "xinchang")
            agreement, owner = make.make_agreement(session), make_merchant(session)
            drafted = make_request(session, agreement=agreement, applicant=owner, state=RequestState.DRAFT)
            granted = make_request(session, agreement=agreement, applicant=owner, scenario="另一场景")
            operating = session.get_one(Party, agreement.operating_institution_id)
        merchant = as_program(app, Role.MERCHANT, party=owner, place="xinchang")
        operator = as_program(app, Role.OPERATOR, party=operating, place="xinchang")
        url = f"/api/v1/data-requests/{drafted.id}/clearances"
        body = {
            "kind": "network_security", "reference": "网安评〔2026〕7号", "content": "5ZCM5oSP", "name": "结论.txt",
            "media_type": "text/plain",
        }  # fmt: skip
        cleared = step(client, merchant, url, **body)
        assert (cleared.status_code, cleared.json["clearances"][0]["reference"]) == (201, "网安评〔2026〕7号")
        twice = step(client, merchant, url, **body)
        assert (twice.status_code, twice.json["code"]) == (409, "data_request.clearance_taken")
        url = f"/api/v1/data-requests/{granted.id}/provision"
        assert step(client, merchant, url, note="接口").status_code == 403
        provided = step(client, operator, url, note="平台内提供")
        assert (provided.json["state"], provided.json["provision_note"]) == ("provisioned", "平台内提供")
        assert step(client, operator, url, note="再次").json["code"] == "data_request.wrong_state"
