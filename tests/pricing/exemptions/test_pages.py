"""Free use in the public interest in the browser."""

from __future__ import annotations

import re
from io import BytesIO

import pytest

from kernel.identity import Role
from pricing.exemptions import queries
from pricing.exemptions.rules import Purpose
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send


@pytest.fixture
def product(made):
    return made(make.make_product)


@pytest.fixture
def bureau(made):
    return made(make.make_buyer)


def filled(product, bureau, **changed):
    return {
        "product_id": str(product.id), "grantee_id": str(bureau.id), "purpose": "public_governance",
        "reason": "防汛预警", "valid_from": "2026-07-01", "valid_until": "2026-12-31", **changed,
    }  # fmt: skip


def test_a_bureau_asks_and_the_supervisor_approves(app, made, product, bureau):
    asker = as_person(app, Role.BUYER, party=bureau)
    supervisor = as_person(app, Role.SUPERVISOR, place=base.PLACE)
    form = {**filled(product, bureau), "evidence": (BytesIO(b"flood"), "说明.txt")}
    answer = make.post_form(asker, f"/exemptions/new?product={product.code}", form)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    url = answer.headers["Location"]
    assert asker.get(f"{url}/evidence").data == b"flood"
    assert f"{url}/approve" not in asker.get(url).get_data(as_text=True)
    assert bureau.name in supervisor.get("/exemptions?state=requested").get_data(as_text=True)
    sent = make.post_form(supervisor, f"{url}/approve", {"version": "1"}, shown_at=url)
    assert sent.status_code == 303
    wanted = (product.id, bureau.id, Purpose.PUBLIC_GOVERNANCE, make.TODAY)
    assert made(lambda session: queries.in_force(session, *wanted)) is not None
    stale = make.post_form(supervisor, f"{url}/revoke", {"version": "1", "reason": "改变用途"}, shown_at=url)
    assert stale.status_code == 412
    empty = make.post_form(supervisor, f"{url}/revoke", {"version": "2"}, shown_at=url)
    assert empty.status_code == 422
    done = make.post_form(supervisor, f"{url}/revoke", {"version": "2", "reason": "改变用途"}, shown_at=url)
    assert done.status_code == 303
    assert "改变用途" in asker.get(url).get_data(as_text=True)
    assert made(lambda session: queries.in_force(session, *wanted)) is None


def test_a_wrong_term_comes_back_at_its_field(app, product, bureau):
    asker = as_person(app, Role.BUYER, party=bureau)
    url = f"/exemptions/new?product={product.code}"
    refused = make.post_form(asker, url, filled(product, bureau, valid_until="2026-06-01"))
    assert refused.status_code == 422
    assert 'id="valid_until-error"' in refused.get_data(as_text=True)


def test_the_desk_shows_only_what_concerns_the_reader(app, made, product, bureau):
    exemption = made(make.make_exemption, product, bureau)
    assert exemption.number in as_person(app, Role.BUYER, party=bureau).get("/exemptions").get_data(as_text=True)
    stranger = as_person(app, Role.BUYER, party=made(make.make_buyer))
    assert exemption.number not in stranger.get("/exemptions").get_data(as_text=True)
    assert stranger.get(f"/exemptions/{exemption.id}").status_code == 404
    assert stranger.get("/exemptions/new?product=NOWHERE").status_code == 404


def test_the_grantee_asks_for_more_renews_and_gives_back_on_the_pages(app, made, product, bureau):
    exemption = made(make.make_exemption, product, bureau, quota=10)
    asker = as_person(app, Role.BUYER, party=bureau)
    supervisor = as_person(app, Role.SUPERVISOR, place=base.PLACE)
    url = f"/exemptions/{exemption.id}"
    assert exemption.number not in asker.get("/exemptions?ending=1").get_data(as_text=True)
    more = {"valid_until": "2026-12-31", "quota": "500", "reason": "汛期延长"}
    assert send(asker, f"{url}/amend", {**more, "quota": "10"}, form_at=f"{url}/amend").status_code == 422
    assert send(asker, f"{url}/amend", more, form_at=f"{url}/amend").status_code == 303
    waiting = supervisor.get(url).get_data(as_text=True)
    decision = re.search(rf'action="({url}/amendments/[^"]+/decision)"', waiting)[1]
    agreed = send(supervisor, decision, {"act": "agree", "reason": "同意", "conditions": "仅限汛期"}, form_at=url)
    assert agreed.status_code == 303, agreed.get_data(as_text=True)
    shown = asker.get(url).get_data(as_text=True)
    assert ("500" in shown, "仅限汛期" in shown, "未提供" in shown) == (True, True, True)
    renewal = {"valid_until": "2027-06-30", "reason": "继续"}
    answer = send(asker, f"{url}/renew", renewal, form_at=f"{url}/renew")
    assert answer.status_code == 303
    assert "2027-01-01" in asker.get(answer.headers["Location"]).get_data(as_text=True)
    assert send(asker, f"{url}/return", {"reason": "已完成"}, form_at=url).status_code == 303
    assert "使用单位已退回" in supervisor.get(url).get_data(as_text=True)


def test_the_same_steps_for_programs_and_the_history_they_leave(app, client, made, product, bureau):
    exemption = made(make.make_exemption, product, bureau, quota=10)
    grantee, supervisor = as_program(app, Role.BUYER, party=bureau), as_program(app, Role.SUPERVISOR, place=base.PLACE)
    one = f"/api/v1/exemptions/{exemption.id}"

    def step(headers, name, body):
        tag = client.get(one, headers=headers).headers["ETag"]
        return client.post(f"{one}/{name}", json=body, headers=key({**headers, "If-Match": tag}))

    asked = step(grantee, "amendments", {"valid_until": "2026-09-30", "reason": "缩短"})
    assert (asked.status_code, asked.json["state"]) == (201, "asked")
    decided = step(supervisor, f"amendments/{asked.json['id']}/decision", {"act": "agree", "reason": "同意"})
    assert (decided.json["valid_until"], decided.json["quota"]) == ("2026-09-30", None)
    history = client.get(f"{one}/history", headers=grantee).json
    assert [terms["quota"] for terms in history["terms"]] == [10, None]
    soon = client.get("/api/v1/exemptions?ending_within=100", headers=grantee).json["items"]
    assert [item["number"] for item in soon] == [exemption.number]
    renewed = client.post(f"{one}/renewal", json={"valid_until": "2026-12-31", "reason": "继续"}, headers=key(grantee))
    assert (renewed.json["valid_from"], renewed.json["renews_id"]) == ("2026-10-01", str(exemption.id))
    assert client.get("/api/v1/exemptions?ending_within=100", headers=grantee).json["items"] == []
    returned = step(grantee, "return", {"reason": "已完成"})
    assert (returned.json["state"], returned.json["returned_at"] is None) == ("revoked", False)
    assert step(grantee, "return", {"reason": "再退"}).json["code"] == "exemption.wrong_state"
