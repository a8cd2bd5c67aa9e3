"""Chapter 6: products are listed, quoted, ordered, contracted and paid; access opens."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from registry.parties.rules import Capacity
from web.demo.cast import ProductFact, Purchase
from web.demo.stage import Stage, StoryBroken, Told

FREE_PURPOSES = ("public_governance", "public_welfare")


def list_products(stage: Stage, told: Told) -> None:
    """Offer every product and put up what it consists of; where trade needs a venue, none is refused first."""
    for fact in told.place.products:
        product, seller = told.products[fact.key], told.login(fact.seller)
        offer = {"product_id": product["id"], "summary": fact.summary}
        if fact.venue is not None:
            if fact is told.place.products[0]:
                stage.refused(told, "不经交易场所挂牌", seller, "/api/v1/listings", offer, rule="MKT-02")
            offer["venue"] = fact.venue
        stage.send(seller, "/api/v1/listings", offer)
        _put_up(stage, seller, f"/api/v1/products/{product['code']}", fact)


def _put_up(stage: Stage, seller: str, url: str, fact: ProductFact) -> None:
    """Load the rows that buyers ask for, or put up the files that they download; reports come when they are due."""
    if fact.form == "file":
        put_up_papers(stage, seller, url, fact)
    if fact.form == "api":
        rows = json.dumps([dict(row) for row in fact.rows], ensure_ascii=False).encode()
        loaded = {"file_name": f"{fact.key}.json", "content_base64": base64.b64encode(rows).decode()}
        stage.send(seller, f"{url}/data-sets", loaded)


def put_up_papers(stage: Stage, seller: str, url: str, fact: ProductFact) -> None:
    """Put up the files or reports of a product."""
    for paper in fact.papers:
        put_up = {"file_name": paper.name, "content_base64": base64.b64encode(paper.text.encode()).decode()}
        period = zip(("period_start", "period_end"), paper.period or (), strict=False)
        stage.send(seller, f"{url}/files", put_up | dict(period))


def order(stage: Stage, told: Told) -> None:
    """Let every buyer ask for a price and accept it; both sides sign the contract, where one is needed."""
    for purchase in told.place.purchases:
        wish = _wish(told, purchase, told.products[purchase.product]["code"])
        if purchase.is_reuse:
            told.orders[purchase.key] = _reuse(stage, told, purchase, wish)
        else:
            told.orders[purchase.key] = buy(stage, told, purchase.buyer, purchase.product, wish, purchase.reference)


def _reuse(stage: Stage, told: Told, purchase: Purchase, wish: dict[str, Any]) -> dict[str, Any]:
    """Let a department take up in one step what it may use free; one that is paid for its data may not (REU-01)."""
    taken = {name: wish[name] for name in ("product_code", "scenario", "quantity")}
    taken["client_reference"] = purchase.reference
    fact = told.place.product(purchase.product)
    sources = {found.source: found.access for found in told.place.resources}
    paid = next(source for source, access in sources.items() if access == "paid")
    attempt = f"有偿提供数据的部门申请无偿回用《{fact.title}》"
    stage.refused(told, attempt, told.login(paid), "/api/v1/reuse", taken, rule="REU-01")
    department = told.login(purchase.buyer)
    opened = stage.send(department, "/api/v1/reuse", taken)
    orders = stage.get(department, "/api/v1/orders")["items"]
    found: dict[str, Any] = next(found for found in orders if found["id"] == opened["order_id"])
    return found


def buy(
    stage: Stage, told: Told, buyer_key: str, product: str, wish: dict[str, Any], reference: str,
    before_signing: Callable[[dict[str, Any]], None] = lambda placed: None,
) -> dict[str, Any]:  # fmt: skip
    """Ask for a price, accept it, and let both sides sign the contract; return the order with its quote."""
    buyer, seller = told.login(buyer_key), told.login(told.place.product(product).seller)
    quote = stage.send(buyer, "/api/v1/quotes", wish)
    placed = stage.send(buyer, "/api/v1/orders", {"quote_number": quote["number"], "client_reference": reference})
    before_signing(placed)
    for signer in (buyer, seller):
        contract = stage.get(signer, f"/api/v1/orders/{placed['number']}/contract")
        url = f"/api/v1/contracts/{contract['id']}/signature"
        stage.send(signer, url, {"sha256": contract["sha256"]}, of=contract)
    return {**placed, "quote": quote}


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
        told.entitlements[purchase.key] = entitlement_of(stage, told.login(purchase.buyer), placed)
    stage.run_job("payments.take_in")


def entitlement_of(stage: Stage, buyer: str, placed: dict[str, Any]) -> dict[str, Any]:
    """Return what an order has opened."""
    held = stage.get(buyer, "/api/v1/entitlements?limit=100")["items"]
    mine = [found for found in held if found["order_id"] == placed["id"]]
    if not mine:
        raise StoryBroken(f"{placed['number']} was paid, or free, and opened nothing")
    found: dict[str, Any] = mine[0]
    return found


def payment_of(stage: Stage, buyer: str, placed: dict[str, Any]) -> dict[str, Any]:
    """Return what is to be paid for an order."""
    waiting = stage.get(buyer, "/api/v1/payments?limit=100")["items"]
    found: dict[str, Any] = next(found for found in waiting if found["order_id"] == placed["id"])
    return found


def _transfer(stage: Stage, told: Told, purchase: Purchase, preparer: str) -> None:
    placed = told.orders[purchase.key]
    payment = payment_of(stage, told.login(purchase.buyer), placed)
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
