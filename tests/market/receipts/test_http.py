"""Receipts over HTTP and in the browser: metering stands beside each side's own count."""

from __future__ import annotations

from kernel import clock
from kernel.identity import Role
from market.orders.model import Order
from registry.parties.model import Party
from tests.make import market as make
from tests.make import receipts as counting
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/receipts"


def test_program_and_page_count_and_sign(app, client, made):
    def world(session):
        held = make.make_entitlement(session, quantity=20_000)
        order = session.get_one(Order, held.order_id)
        return held, session.get_one(Party, order.buyer_id), session.get_one(Party, order.seller_id)

    held, buyer, seller = made(world)
    with clock.set_to(counting.AFTER):
        selling = as_program(app, Role.MERCHANT, party=seller)
        purchaser = as_person(app, Role.BUYER, party=buyer)
        counted = {"entitlement_number": held.number, "month": "2026-08", "count": 10_000}
        first = client.post(URL, json=counted, headers=key(selling))
        assert (first.status_code, first.json["state"], first.json["sha256"]) == (201, "one_sided", None)
        bad = client.post(URL, json={**counted, "month": "2026-09"}, headers=key(selling))
        assert bad.json["code"] == "receipt.period_unfit"
        form = f"/receipts/new?entitlement_number={held.number}&month=2026-08"
        assert send(purchaser, "/receipts/new", {**counted, "count": "x"}, form_at=form).status_code == 422
        answer = send(purchaser, "/receipts/new", {**counted, "count": "9990"}, form_at=form)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        page, number = answer.headers["Location"], first.json["number"]
        digest = client.get(f"{URL}/{number}", headers=selling).json["sha256"]
        signed = send(purchaser, f"{page}/signature", {"sha256": digest}, form_at=page)
        assert signed.status_code == 303, signed.get_data(as_text=True)
        tag = client.get(f"{URL}/{number}", headers=selling).headers["ETag"]
        both = client.post(
            f"{URL}/{number}/signature", json={"sha256": digest}, headers=key({**selling, "If-Match": tag})
        )
        assert (both.json["state"], both.json["agreed"], both.json["in_dispute"]) == ("disputed", 9_990, 10)
        shown = purchaser.get(page).get_data(as_text=True)
        assert "只冻结差额" in shown
        assert "8.00" in shown
        counts = client.get(f"{URL}/{number}/counts", headers=selling).json
        assert [(one["side"], one["metered"]) for one in counts] == [("provider", 0), ("buyer", 0)]
        assert "DRC-" in purchaser.get("/receipts").get_data(as_text=True)
        assert "DRC-" in purchaser.get(f"/receipts?entitlement={held.number}").get_data(as_text=True)
        assert "DRC-" not in purchaser.get("/receipts?entitlement=ENT-0").get_data(as_text=True)
