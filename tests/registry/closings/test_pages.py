"""Revoking and cancelling by two registrars, in a browser without JavaScript and through HTTP."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.products.model import Product
from registry.registrations import queries as registrations
from registry.registrations.model import Registration
from tests.make.clients import as_person, as_program, key, send
from tests.make.registry_products import CODED_AT, make_sellable

API = "/api/v1/registrations"


def sellable(app: Flask) -> tuple[Product, Party, Registration]:
    """A product that may be sold, its seller, and its registration."""
    with app.app_context(), db.transaction() as session:
        made = make_sellable(session)
        found = registrations.coded(session, made.id)[0]
        return made, session.get_one(Party, made.owner_id), found


def test_a_revocation_on_the_page_closes_the_product_when_the_second_registrar_confirms(app: Flask) -> None:
    made, owner, found = sellable(app)
    with clock.set_to(CODED_AT):
        one, other = (as_person(app, Role.REVIEWER, place="xinchang") for _ in range(2))
        page = f"/registrations/{found.id}"
        fields = {"ground": "revocation/false_materials", "reason": "提供虚假材料"}
        for wrong in ({**fields, "reason": ""}, {**fields, "ground": "revocation/data_lost"}):
            assert send(one, f"{page}/closings", wrong, form_at=page).status_code == 422
        assert send(one, f"{page}/closings", fields, form_at=page).status_code == 303
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        workspace = f"/workspace/products/{made.code}"
        assert "已撤销" not in merchant.get(workspace).get_data(as_text=True)
        assert "待另一名登记人员确认" in one.get(page).get_data(as_text=True)
        shown = other.get(page).get_data(as_text=True)
        confirmation = re.search(r'action="([^"]+/confirmation)"', shown)[1]  # type: ignore[index]
        assert found.number in other.get("/registrations").get_data(as_text=True)
        version = re.search(r'name="version" value="([0-9]+)"', shown)[1]  # type: ignore[index]
        assert send(one, confirmation, {"version": version}, form_at=page).status_code == 403
        assert send(other, confirmation, {}, form_at=page).status_code == 303
        assert "330624-2026-000001-S 已撤销" in merchant.get(workspace).get_data(as_text=True)


def test_a_cancellation_for_a_dissolved_registrant_needs_evidence_and_may_be_refused_or_taken_back(app: Flask) -> None:
    _, _, found = sellable(app)
    with clock.set_to(CODED_AT):
        one, other = (as_person(app, Role.REVIEWER, place="xinchang") for _ in range(2))
        page = f"/registrations/{found.id}"
        fields: dict[str, Any] = {"ground": "cancellation/registrant_ended", "reason": "登记主体已被宣告破产"}
        assert send(one, f"{page}/closings", fields, form_at=page).status_code == 422
        for who, what in ((other, "refusal"), (one, "withdrawal")):
            sent = {**fields, "evidence": (BytesIO(b"court order"), "破产裁定.pdf")}
            assert send(one, f"{page}/closings", sent, form_at=page).status_code == 303
            shown = who.get(page).get_data(as_text=True)
            evidence = re.findall(r'href="([^"]+/evidence)"', shown)[0]
            assert other.get(evidence).get_data() == b"court order"
            step = re.search(rf'action="([^"]+/{what})"', shown)[1]  # type: ignore[index]
            assert send(who, step, {"reason": ""}, form_at=page).status_code == 422
            assert send(who, step, {"reason": "证据不足"}, form_at=page).status_code == 303
        assert f'action="{page}/closings"' in one.get(page).get_data(as_text=True)


def test_the_seller_and_registrars_of_other_places_close_nothing(app: Flask, client: FlaskClient) -> None:
    _, owner, found = sellable(app)
    with clock.set_to(CODED_AT):
        url, said = f"{API}/{found.id}/revocation", {"ground": "other", "reason": "理由"}
        merchant = {**key(as_program(app, Role.MERCHANT, party=owner)), "If-Match": '"v1"'}
        assert client.post(url, json=said, headers=merchant).status_code == 403
        stranger = {**key(as_program(app, Role.REVIEWER, place="puer")), "If-Match": '"v1"'}
        assert client.post(url, json=said, headers=stranger).status_code == 404
        page = as_person(app, Role.MERCHANT, party=owner, place="xinchang").get(f"/registrations/{found.id}")
        assert "/closings" not in page.get_data(as_text=True)


def test_programs_ask_refuse_take_back_and_confirm_a_cancellation(app: Flask, client: FlaskClient) -> None:
    _, _, found = sellable(app)
    with clock.set_to(CODED_AT):
        one, other = (as_program(app, Role.REVIEWER, place="xinchang") for _ in range(2))
        url = f"{API}/{found.id}"

        def post(who: dict[str, str], path: str, body: Any = None, status: int = 200) -> Any:
            seen = client.get(url, headers=who).headers["ETag"]
            answer = client.post(f"{url}/{path}", json=body, headers={**key(who), "If-Match": seen})
            assert answer.status_code == status, answer.get_data(as_text=True)
            return answer.json

        said = {"ground": "data_lost", "reason": "数据灭失且无法恢复"}
        post(one, "official-cancellation", said, 422)
        said["upload"] = {"name": "证明.pdf", "content_base64": base64.b64encode(b"lost").decode()}  # type: ignore[assignment]
        for who, step in ((other, "refusal"), (one, "withdrawal")):
            asked = post(one, "official-cancellation", said)["asks"][0]
            assert (asked["kind"], asked["state"], asked["ground"]) == ("cancellation", "asked", "data_lost")
            ended = post(who, f"asks/{asked['id']}/{step}", {"reason": "理由"})
            assert (ended["state"], ended["asks"][0]["decision_reason"]) == ("coded", "理由")
        asked = post(one, "official-cancellation", said)["asks"][0]
        again = post(other, "revocation", {"ground": "other", "reason": "理由"}, 409)
        assert again["code"] == "closing.asked_already"
        assert post(one, f"asks/{asked['id']}/confirmation", None, 403)["code"] == "closing.second_person_needed"
        closed = post(other, f"asks/{asked['id']}/confirmation")
        assert (closed["state"], closed["asks"][0]["state"]) == ("cancelled", "confirmed")
