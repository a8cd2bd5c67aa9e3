"""Years to assess: revenue as settlement hands it down, in plain values, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.identity import Actor, Role
from kernel.money import ZERO, Money
from pricing.assessments import commands
from pricing.assessments.model import Assessment
from pricing.assessments.rules import Earned, Revenue, Settled
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.products.model import Product
from tests.make import pricing as prices
from tests.make import registry_base as base

YEAR = prices.YEAR
AFTERWARDS = datetime(YEAR + 1, 2, 1, 2, 0, tzinfo=UTC)
LAW = base.book(demonstration=True)


def revenue(amounts: Mapping[str, str], year: int = YEAR) -> Revenue:
    """One sealed settlement of a whole year that earned these amounts, by code of product."""
    period = Period.year(year)
    earned = (Earned(period, code, Money.yuan(amount), ZERO, 1000) for code, amount in amounts.items())
    return Revenue((Settled(f"SET-{year}", period),), tuple(earned))


def assess(
    session: Session, product: Product, actual: str, *, year: int = YEAR, now: datetime = AFTERWARDS, **given: Any
) -> Assessment:
    """Record that a year earned so much with one product."""
    return commands.record(
        session, prices.price_officer(product.place), agreement_id=product.agreement_id, year=year,
        revenue=revenue({product.code: actual}, year), now=now, book=given.pop("book", LAW), **given,
    )  # fmt: skip


def authorizing(agreement: Agreement) -> Actor:
    """A person of the authorizing entity."""
    return base.actor(Role.SUPERVISOR, org_id=agreement.authorizing_entity_id, place=agreement.place)


def operating(agreement: Agreement) -> Actor:
    """A person of the operating institution."""
    return base.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)


def agreement_of(session: Session, product: Product) -> Agreement:
    """The agreement under which a product is offered."""
    return agreements.get(session, product.agreement_id)
