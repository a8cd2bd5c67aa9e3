"""The prices at which products can be had on a day: published, by class, by grade, and agreed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.identity import Actor
from pricing.classes.queries import rules_at
from pricing.equal_prices.rules import Deal, DealKind
from pricing.negotiated.model import Negotiation
from pricing.negotiated.queries import visible
from pricing.negotiated.rules import NegotiationState
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import price_list
from registry.products.model import Product


def deals(session: Session, on: date, *, place: str | None = None, reader: Actor | None = None) -> list[Deal]:
    """Return every price in force on a day at all places or one, each with the published rule of its deviation.

    What was negotiated is for both sides and for whoever watches the place: ``reader`` sees no other; None sees all.
    """
    found = []
    for row in price_list(session, on, place=place):
        rules = rules_at(session, row.product.id, on) if _deviates(row.tariff) else {}
        found += _published(row.tariff, row.product, rules, on)
    return [*found, *_agreed(session, on, place, reader)]


def written(model: Mapping[str, Any]) -> str:
    """Return a way of charging as text that is equal exactly for equal ways."""
    return json.dumps(model, sort_keys=True, ensure_ascii=False)


def _deviates(tariff: Tariff) -> bool:
    return tariff.buyer_class is not None or bool(tariff.model.get("coefficients"))


def _published(tariff: Tariff, product: Product, rules: Mapping[str, str], on: date) -> list[Deal]:
    kind = DealKind.LIST if tariff.buyer_class is None else DealKind.CLASS
    rule = rules.get(tariff.buyer_class) if tariff.buyer_class else None
    scope = (product.code, tariff.charge_unit.value, tariff.subject_kind)
    price = written(tariff.model)
    grades = tariff.model.get("coefficients", {}).get("contribution", {})
    return [
        Deal(kind, tariff.number, *scope, tariff.buyer_class, on, price, rule),
        *(
            Deal(DealKind.GRADE, f"{tariff.number} {grade}", *scope, grade, on, f"{price} × {factor}", rules.get(grade))
            for grade, factor in grades.items()
        ),
    ]


def _agreed(session: Session, on: date, place: str | None, reader: Actor | None) -> list[Deal]:
    query = (
        (sa.select(Negotiation) if reader is None else visible(reader))
        .add_columns(Product.code)
        .join(Product, Product.id == Negotiation.product_id)
        .where(
            Negotiation.state == NegotiationState.ACCEPTED,
            Negotiation.valid_from <= on,
            Negotiation.valid_until >= on,
        )
        .order_by(Negotiation.number)
    )
    if place is not None:
        query = query.where(Negotiation.place == place)
    return [_deal(one, code, on) for one, code in session.execute(query)]


def _deal(one: Negotiation, code: str, on: date) -> Deal:
    return Deal(
        DealKind.NEGOTIATED, one.number, code, one.charge_unit.value, one.subject_kind, None, on, written(one.model),
        one.rule,
    )  # fmt: skip
