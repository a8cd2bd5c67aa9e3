"""Merchants' products at market price, classes of buyers and negotiated prices, made through the real commands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from kernel.calendar import business_date
from pricing.negotiated import commands
from pricing.negotiated.model import Negotiation
from pricing.tariffs.rules import Regime
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.products.model import Product
from tests.make import pricing as make
from tests.make import registry_base as base

PLACE = "futian"
RULE = "年采购额超过 100 万元的金融机构可另行商定（公告〔2026〕3号）"
NEXT_MONTH = make.TODAY + timedelta(days=31)
CHEAP = {"model": "per_unit", "unit_price": "0.50"}


def make_market_product(session: Session, unit_price: str = "1.00") -> Product:
    """Make a merchant's product in Futian with a market price from today on."""
    merchant = base.make_party(session, Capacity.DATA_MERCHANT, place=PLACE)
    product = make.make_product(session, place=PLACE, merchant=merchant)
    make.make_tariff(
        session, product, {"model": "per_unit", "unit_price": unit_price}, regime=Regime.MARKET_VALUE_BASED
    )
    return product


def make_negotiable(session: Session, product: Product, *, is_open: bool = True, since: date = make.TODAY) -> None:
    """Publish that the price of a product can be negotiated."""
    commands.publish_negotiable(
        session, make.seller_of(session, product), product_id=product.id, rule=RULE, is_open=is_open, since=since,
        now=make.NOW,
    )  # fmt: skip


def make_offer(
    session: Session, product: Product, buyer: Party, model: Mapping[str, Any] | None = None, **changed: Any
) -> Negotiation:
    """Offer a buyer 0.50 a use until next month, to be answered within a week."""
    terms = {
        "model": model or CHEAP, "valid_from": make.TODAY, "valid_until": NEXT_MONTH,
        "answer_by": make.TODAY + timedelta(days=7), "now": make.NOW, **changed,
    }  # fmt: skip
    seller = make.seller_of(session, product)
    return commands.offer(session, seller, product_id=product.id, buyer_id=buyer.id, **terms)


def make_agreement(session: Session, product: Product, buyer: Party, **changed: Any) -> Negotiation:
    """Offer a buyer a price and let it be accepted."""
    offered = make_offer(session, product, buyer, **changed)
    return commands.accept(session, make.buyer(buyer), offered.id, now=make.NOW)


def agree(session: Session, product: Product, buyer: Party, model: Mapping[str, Any], now: datetime) -> str:
    """Publish that a price is negotiable, offer one from that day on and let the buyer accept; return the number."""
    today, seller = business_date(now), make.seller_of(session, product)
    commands.publish_negotiable(session, seller, product_id=product.id, rule=RULE, is_open=True, since=today, now=now)
    offered = commands.offer(
        session, seller, product_id=product.id, buyer_id=buyer.id, model=model, valid_from=today,
        valid_until=today + timedelta(days=60), answer_by=today, now=now,
    )  # fmt: skip
    return commands.accept(session, make.buyer(buyer), offered.id, now=now).number
