"""Reading trade records from the facts: order, product, parties, contract, entitlement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.identity import Actor
from kernel.policy import PolicyBook
from market.contracts.model import Contract
from market.entitlements.model import Entitlement
from market.orders import queries as orders
from market.orders.model import Order
from market.policy import MarketPolicy
from market.trade_records.rules import RESULTS, TradeRecord, kept_until
from pricing.costs.rules import CHARGE_UNIT_TITLES
from pricing.exemptions.rules import PURPOSE_TITLES
from pricing.tariffs.model import Tariff
from registry.parties.model import Party
from registry.products.model import Product, ProductVersion
from registry.products.rules import DeliveryForm

DELIVERY_WORDS = {DeliveryForm.API: "接口调用", DeliveryForm.FILE: "数据文件", DeliveryForm.REPORT: "分析报告"}
EXPORT_MAX, BLOCK = 10_000, 1_000


def listed(actor: Actor) -> sa.Select[Order]:
    """Return the query of the trades whose records the actor may read: those of its own side, or as an authority."""
    return orders.listed(actor)


def record(session: Session, actor: Actor, number: str, *, on: date, book: PolicyBook) -> TradeRecord:
    """Return the record of one trade.

    Raises:
        NoSuchOrder: there is none that the actor may know of.
    """
    return next(records(session, [orders.visible(session, actor, number)], on=on, book=book))


def exported(session: Session, actor: Actor, *, on: date, book: PolicyBook) -> Iterator[TradeRecord]:
    """Yield the records of the newest trades that the actor may read, at most :data:`EXPORT_MAX`."""
    query = listed(actor).order_by(Order.id.desc()).limit(EXPORT_MAX)
    return records(session, session.scalars(query).all(), on=on, book=book)


def records(session: Session, found: Sequence[Order], *, on: date, book: PolicyBook) -> Iterator[TradeRecord]:
    """Yield the records of trades in the same order; ``on`` is the day whose law says how long they are kept."""
    for start in range(0, len(found), BLOCK):
        yield from _records(session, found[start : start + BLOCK], on, book)


def _records(session: Session, found: Sequence[Order], on: date, book: PolicyBook) -> Iterator[TradeRecord]:
    seller, buyer = aliased(Party), aliased(Party)
    query = (
        sa.select(
            Order, seller, buyer, Product, ProductVersion.number, Tariff.charge_unit, Contract.number, Contract.sha256,
            Entitlement.valid_until,
        )
        .join(seller, seller.id == Order.seller_id)
        .join(buyer, buyer.id == Order.buyer_id)
        .join(Product, Product.id == Order.product_id)
        .join(ProductVersion, ProductVersion.id == Order.version_id)
        .outerjoin(Tariff, Tariff.id == Order.tariff_id)
        .outerjoin(Contract, Contract.order_id == Order.id)
        .outerjoin(Entitlement, Entitlement.order_id == Order.id)
        .where(Order.id.in_([one.id for one in found]))
    )  # fmt: skip
    known = {row[0].id: _record(row, on, book) for row in session.execute(query)}
    return (known[one.id] for one in found)


def _record(row: Any, on: date, book: PolicyBook) -> TradeRecord:
    order, seller, buyer, product, version, unit, contract_number, contract_sha256, ends_on = row
    trade_years, voucher_years = years_kept(order.place, on, book)
    return TradeRecord(
        identifier=order.number,
        time=order.placed_at,
        seller=f"{seller.name}（{seller.uscc}）",
        buyer=f"{buyer.name}（{buyer.uscc}）",
        subject=f"{product.title}（{product.code}）第 {version} 版",
        quantity=f"{order.quantity} {CHARGE_UNIT_TITLES[unit] if unit else ''}".strip(),
        amount=order.amount,
        delivery=DELIVERY_WORDS[product.delivery_form],
        result=RESULTS[order.state],
        place=order.place,
        venue=order.venue or "",
        purpose=PURPOSE_TITLES[order.purpose],
        scenario=order.scenario,
        contract_number=contract_number or "",
        contract_sha256=contract_sha256 or "",
        ends_on=ends_on,
        kept_until=kept_until(ends_on, trade_years=trade_years, voucher_years=voucher_years),
    )


@lru_cache(maxsize=64)
def years_kept(place: str, on: date, book: PolicyBook) -> tuple[int, int]:
    """Return for how many years a place keeps records of trades, and vouchers."""
    policy = MarketPolicy.at(book, place, on)
    trade, voucher = (policy.require(f"retention_{name}_years_min") for name in ("trade_record", "voucher"))
    return trade.integer(), voucher.integer()
