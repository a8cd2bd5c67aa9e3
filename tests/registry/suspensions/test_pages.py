"""The end of the affected data, in a browser and through HTTP."""

from __future__ import annotations

import base64
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.agreements import commands as agreements
from registry.agreements import queries
from registry.agreements.model import Agreement
from registry.parties.model import Party
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send


def overdue(app: Flask, operator: Party | None = None) -> tuple[Agreement, list[str]]:
    """An agreement over two resources whose correction period ended yesterday unanswered."""
    with app.app_context(), db.transaction() as session:
        scope = [make.make_resource(session) for _ in range(2)]
        agreement = make.make_agreement(session, scope=scope, operator=operator)
        agreements.suspend(
            session, make.supervisor(), agreement.id, reason="超出场景使用数据", now=clock.now() - timedelta(days=16),
            correction_due=clock.today() - timedelta(days=1),
        )  # fmt: skip
        return agreement, [str(resource.id) for resource in queries.scope_of(session, agreement.id)]


def test_two_officers_end_the_affected_data_and_the_rest_goes_on(app: Flask) -> None:
    agreement, (affected, kept) = overdue(app)
    one, other = (as_person(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    url = f"/agreements/{agreement.id}"
    page = f"{url}/correction"
    assert "逾期未报告" in one.get(page).get_data(as_text=True)
    said = {"resource_ids": [affected], "reason": "逾期未整改", "coordination_record": "纪要"}
    everything = {**said, "resource_ids": [affected, kept]}
    assert send(one, f"{url}/partial-ends", everything, form_at=page).status_code == 422
    assert send(one, f"{url}/partial-ends", {**said, "reason": ""}, form_at=page).status_code == 422
    assert send(one, f"{url}/partial-ends", said, form_at=page).status_code == 303
    shown = other.get(page).get_data(as_text=True)
    assert "已申请终止 1 项数据的授权" in shown
    confirm = shown.split(f'action="{url}/partial-ends/')[1].split('"')[0]
    assert send(one, f"{url}/partial-ends/{confirm}", {}, form_at=page).status_code == 409
    assert send(other, f"{url}/partial-ends/{confirm}", {}, form_at=page).status_code == 303
    assert "已终止授权的数据" in other.get(page).get_data(as_text=True)
    overview = other.get(url).get_data(as_text=True)
    assert f"自 {clock.today()} 起终止授权" in overview
    assert "1 项已终止授权" in overview


def test_a_report_is_rejected_and_the_affected_data_end_through_http(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        operator = make.make_operator(session)
    agreement, (affected, kept) = overdue(app, operator)
    one, other = (as_program(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    own = as_program(app, Role.OPERATOR, party=operator)
    url = f"/api/v1/agreements/{agreement.id}"

    def post(name: str, data: object, headers: dict[str, str], status: int) -> dict[str, object]:
        tag = client.get(url, headers=headers).headers["ETag"]
        answer = client.post(f"{url}/{name}", json=data, headers={**key(headers), "If-Match": tag})
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    report = {"text": "已整改", "name": "证据", "content_base64": base64.b64encode(b"proof").decode()}
    made = post("corrections", report, own, 201)
    rejected = post(f"corrections/{made['id']}/finding", {"reason": "未见证据"}, one, 200)
    assert rejected["finding"]["reason"] == "未见证据"
    part = {"resource_ids": [affected], "reason": "逾期未整改", "coordination_record": "纪要"}
    asked = post("partial-ends", part, one, 201)
    assert post(f"partial-ends/{asked['id']}/confirmation", None, one, 409)["code"] == "agreement.second_person_needed"
    ended = post(f"partial-ends/{asked['id']}/confirmation", None, other, 200)
    assert (ended["state"], [found["id"] for found in ended["resources"]]) == ("active", [kept])
    assert [found["resource_id"] for found in ended["ended_resources"]] == [affected]
    told = client.get(f"{url}/corrections", headers=own).json
    assert (len(told["reports"]), told["parts"][0]["confirmed_at"] is not None) == (1, True)


def test_people_of_other_places_see_nothing(app: Flask, client: FlaskClient) -> None:
    agreement, (affected, _) = overdue(app)
    foreign = as_program(app, Role.SUPERVISOR, place="puer")
    url = f"/api/v1/agreements/{agreement.id}"
    assert client.get(f"{url}/corrections", headers=foreign).status_code == 404
    part = {"resource_ids": [affected], "reason": "1"}
    blind = {**key(foreign), "If-Match": '"v1"'}
    assert client.post(f"{url}/partial-ends", json=part, headers=blind).status_code == 404
    assert (
        as_person(app, Role.SUPERVISOR, place="puer").get(f"/agreements/{agreement.id}/correction").status_code == 404
    )
