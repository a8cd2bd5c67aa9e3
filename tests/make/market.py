"""Offers, quotes, orders, signed contracts, payments and entitlements, made through the real commands.

A product can be sold from :data:`SALE` on, when its registration is coded and its price is in force.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import Actor, Role
from market.contracts import commands as contracts
from market.contracts import queries as contract_queries
from market.contracts.model import Contract
from market.delivery import commands as delivery
from market.delivery.model import DataSet
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from market.listings import commands as listings
from market.listings.model import Listing
from market.orders import commands as orders
from market.orders import queries as order_queries
from market.orders.model import Order, Quote
from market.payments import commands as payments
from market.payments import queries as payment_queries
from market.payments.model import Payment
from pricing.costs.rules import ChargeUnit
from pricing.exemptions.rules import Purpose
from pricing.tariffs.rules import Regime
from registry.agreements import queries as agreements
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.rig.worlds import remembered

SALE = datetime(2026, 7, 20, 2, 0, tzinfo=UTC)  # a Monday, ten in the morning in Beijing
VENUES = {"xinchang": "浙江大数据交易服务平台新昌专区", "guangzhou": "广州数据交易所", "futian": "深圳数据交易所"}
SCENARIO = "企业贷款贷前核验"
LAW = base.book(demonstration=True)
_serial = count(1)


@remembered
def make_offer(
    session: Session,
    *,
    place: str = base.PLACE,
    model: dict[str, Any] | None = None,
    unit: ChargeUnit = ChargeUnit.PER_USE,
    now: datetime = SALE,
    **made: Any,
) -> Product:
    """Make a merchant's product with every gate open, a price of 0.80 per use (or ``model``) and a listing."""
    product = registry.make_sellable(session, place=place, **made)
    prices.make_tariff(session, product, model, regime=Regime.MARKET_VALUE_BASED, unit=unit,
                       effective_from=business_date(now), now=now)  # fmt: skip
    make_listing(session, product, now=now)
    return product


@remembered
def make_guided_offer(
    session: Session, *, place: str = base.PLACE, cap: str = "0.80", model: dict[str, Any] | None = None,
    now: datetime = SALE,
) -> Product:  # fmt: skip
    """Make an operator's product under a ceiling and a cap, with every gate open, a price and a listing."""
    registry.make_reviewers(session, place)
    agreement = base.make_agreement(session, place=place, scope=[base.make_resource(session, place=place)])
    operator = session.get_one(Party, agreement.operating_institution_id)
    product = registry.make_sellable(session, agreement=agreement, owner=operator)
    ceiling = prices.make_ceiling(session, agreements.get(session, agreement.id))
    prices.set_caps(session, ceiling, [prices.cap(product, cap)])
    prices.make_tariff(session, product, model, effective_from=business_date(now), now=now)
    make_listing(session, product, now=now)
    return product


def make_listing(session: Session, product: Product, *, now: datetime = SALE, **changed: Any) -> Listing:
    """Offer a product at the venue of its place."""
    values: dict[str, Any] = {"summary": "按统一社会信用代码核验企业登记信息", "venue": VENUES.get(product.place)}
    return listings.list_product(
        session, registry.seller(product), product_id=product.id, now=now, book=LAW, **(values | changed)
    )


def buyer_of(session: Session, party: Party | None = None) -> Actor:
    """A person who buys for an organisation."""
    return prices.buyer(party or prices.make_buyer(session))


def make_quote(
    session: Session,
    product: Product,
    buyer: Actor,
    *,
    purpose: Purpose = Purpose.INDUSTRY_DEVELOPMENT,
    scenario: str = SCENARIO,
    quantity: int = 1000,
    now: datetime = SALE,
    **terms: Any,
) -> Quote:
    """Ask what 1000 uses for industry cost."""
    return orders.quote(
        session, buyer, product_code=product.code, purpose=purpose, scenario=scenario, quantity=quantity, now=now,
        book=LAW, **terms,
    )  # fmt: skip


def make_order(
    session: Session, product: Product, buyer: Actor, *, reference: str = "", now: datetime = SALE, **quoted: Any
) -> Order:
    """Quote and order."""
    quote = make_quote(session, product, buyer, now=now, **quoted)
    return contracts.place_order(
        session, buyer, quote_number=quote.number, client_reference=reference or f"PO-{next(_serial)}", now=now,
        book=LAW,
    )  # fmt: skip


def sign_both(session: Session, order: Order, buyer: Actor, *, now: datetime = SALE) -> Contract:
    """Let buyer and seller sign the contract of an order."""
    contract = contract_queries.of_order(session, order.id)
    assert contract is not None
    contracts.sign(session, buyer, contract.id, sha256=contract.sha256, now=now, book=LAW)
    seller = registry.seller(products.get(session, order.product_id))
    return contracts.sign(session, seller, contract.id, sha256=contract.sha256, now=now, book=LAW)


def finance(place: str = base.PLACE) -> Actor:
    """A person who records bank lines at a place."""
    return base.actor(Role.FINANCE_PREPARER, place=place)


def pay(
    session: Session, order: Order, *, bank_line: str = "", captured_at: datetime | None = None, now: datetime = SALE,
    **changed: Any,
) -> Payment:  # fmt: skip
    """Record the bank line that pays an order exactly."""
    payment = payment_queries.of_order(session, order.id)
    assert payment is not None
    values = {"reference": payment.reference, "amount": payment.amount, "payer_name": "购买方"} | changed
    return payments.record_bank_line(
        session, finance(order.place), bank_line=bank_line or f"ICBC-{next(_serial):08d}",
        captured_at=captured_at or now - timedelta(minutes=5), now=now, book=LAW, **values,
    )  # fmt: skip


@remembered
def make_entitlement(
    session: Session, product: Product | None = None, buyer: Actor | None = None, *, now: datetime = SALE, **quoted: Any
) -> Entitlement:
    """Order, sign and, where something is to be paid, pay: access is open."""
    product = product or make_offer(session, now=now)
    buyer = buyer or buyer_of(session)
    order = make_order(session, product, buyer, now=now, **quoted)
    sign_both(session, order, buyer, now=now)
    if order_queries.get(session, order.id).amount:
        pay(session, order, now=now)
    found = entitlements.of_order(session, order.id)
    assert found is not None
    return found


def load_data(
    session: Session, product: Product, rows: Sequence[dict[str, Any]] | None = None, *, now: datetime = SALE
) -> DataSet:
    """Load rows as the data set of the newest version."""
    version = products.latest_version(session, product.id)
    content = json.dumps(rows or [{"key": "91330624000000001X", "score": "712", "level": "A"}], ensure_ascii=False)
    return delivery.load(
        session, registry.maker(session, product), version.id, file_name="rows.json", content=content.encode(),
        book=base.book(), now=now,
    )  # fmt: skip
