"""Chapter 6: products are listed, quoted, ordered, contracted and paid; access opens."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

from registry.parties.rules import Capacity
from web.demo.cast import Purchase
from web.demo.stage import Stage, StoryBroken, Told

FREE_PURPOSES = ("public_governance", "public_welfare")


def list_products(stage: Stage, told: Told) -> None:
    """Offer every product and load its rows; where trade needs a venue, an offer without one is refused first."""
    for fact in told.place.products:
        product, seller = told.products[fact.key], told.login(fact.seller)
        offer = {"product_id": product["id"], "summary": fact.summary}
        if fact.venue is not None:
            stage.refused(told, "不经交易场所挂牌", seller, "/api/v1/listings", offer, rule="MKT-02")
            offer["venue"] = fact.venue
        stage.send(seller, "/api/v1/listings", offer)
        rows = json.dumps([dict(row) for row in fact.rows], ensure_ascii=False).encode()
        stage.send(
            seller,
            f"/api/v1/products/{product['code']}/data-sets",
            {"file_name": f"{fact.key}.json", "content_base64": base64.b64encode(rows).decode()},
        )


def order(stage: Stage, told: Told) -> None:
    """Let every buyer ask for a price and accept it; both sides sign the contract."""
    for purchase in told.place.purchases:
        buyer, code = told.login(purchase.buyer), told.products[purchase.product]["code"]
        quote = stage.send(buyer, "/api/v1/quotes", _wish(told, purchase, code))
        placed = stage.send(
            buyer, "/api/v1/orders", {"quote_number": quote["number"], "client_reference": purchase.reference}
        )
        seller = told.login(told.place.product(purchase.product).seller)
        for signer in (buyer, seller):
            contract = stage.get(signer, f"/api/v1/orders/{placed['number']}/contract")
            url = f"/api/v1/contracts/{contract['id']}/signature"
            stage.send(signer, url, {"sha256": contract["sha256"]}, of=contract)
        told.orders[purchase.key] = {**placed, "quote": quote}


def _wish(told: Told, purchase: Purchase, code: str) -> dict[str, Any]:
    fact = told.place.product(purchase.product)
    wish = {
        "product_code": code,
        "purpose": purchase.purpose,
        "scenario": purchase.exemption_reason or fact.scenario,
        "quantity": purchase.quantity,
    }
    return wish | ({"subject_kind": purchase.kind} if purchase.kind else {})


def try_public_use_without_exemption(stage: Stage, told: Told) -> None:
    """Show that nobody declares a public purpose on his own: free use needs an approved exemption (PUB-02)."""
    purchase = next(found for found in told.place.purchases if found.purpose not in FREE_PURPOSES)
    wish = _wish(told, purchase, told.products[purchase.product]["code"]) | {"purpose": "public_welfare"}
    stage.refused(
        told, "企业未经批准以公益用途询价", told.login(purchase.buyer), "/api/v1/quotes", wish, rule="PUB-02"
    )  # fmt: skip


def pay(stage: Stage, told: Told) -> None:
    """Record the bank line of every priced order; every buyer finds the entitlement; the job books the money."""
    preparer = told.login("preparer")
    for purchase in told.place.purchases:
        placed = told.orders[purchase.key]
        if placed["amount"] != "0.00":
            _transfer(stage, told, purchase, preparer)
        told.orders[purchase.key] |= stage.get(told.login(purchase.buyer), f"/api/v1/orders/{placed['number']}")
        held = stage.get(told.login(purchase.buyer), "/api/v1/entitlements")["items"]
        mine = [found for found in held if found["order_id"] == placed["id"]]
        if not mine:
            raise StoryBroken(f"{placed['number']} was paid, or free, and opened nothing")
        told.entitlements[purchase.key] = mine[0]
    stage.run_job("payments.take_in")


def _transfer(stage: Stage, told: Told, purchase: Purchase, preparer: str) -> None:
    placed = told.orders[purchase.key]
    waiting = stage.get(told.login(purchase.buyer), "/api/v1/payments")["items"]
    payment = next(found for found in waiting if found["order_id"] == placed["id"])
    line = {
        "bank_line": f"BANK-{purchase.reference}",
        "reference": payment["reference"],
        "amount": payment["amount"],
        "payer_name": told.place.organisation(purchase.buyer).name,
        "captured_at": stage.moment.isoformat(),
    }
    if purchase.short_by is not None:
        short = Decimal(payment["amount"]) - Decimal(purchase.short_by)
        attempt = f"到账少 {purchase.short_by} 元"
        stage.refused(
            told, attempt, preparer, "/api/v1/payments/bank-lines",
            {**line, "bank_line": f"{line['bank_line']}-S", "amount": f"{short:.2f}"}, rule="",
        )  # fmt: skip
    stage.send(preparer, "/api/v1/payments/bank-lines", line)


def make_keys(stage: Stage, told: Told) -> None:
    """Let every buyer who calls the data plane make an API key; a source department calls with its session."""
    for purchase in told.place.purchases:
        buyer = told.login(purchase.buyer)
        is_buyer = Capacity.BUYER in told.place.organisation(purchase.buyer).capacities
        if purchase.calls and is_buyer and buyer not in told.keys:
            told.keys[buyer] = stage.send(buyer, "/api/v1/keys", {"name": "业务系统", "days": 300})["secret"]
