"""Reads of use: which entitlement answers a call, and what is used up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session, aliased

from kernel.errors import NotAllowed
from kernel.policy import PolicyBook
from market.entitlements.model import Entitlement
from market.entitlements.queries import open_condition
from market.orders.model import Order
from pricing.tariffs.model import Tariff
from registry.products.model import Product
from registry.products.queries import NoSuchProduct
from settlement.metering.model import UsageEvent, UsageTotal

REFERENCES_AT_ONCE = 5_000


class NoEntitlement(NotAllowed):
    """The caller's organisation has bought nothing of this product."""

    code = "exchange.no_entitlement"
    title = "没有该产品的使用权"
    title_en = "No entitlement to this product"


class WrongProduct(NotAllowed):
    """The entitlement that the call names is not one of the caller's to this product."""

    code = "exchange.wrong_product"
    title = "使用权与产品不符"
    title_en = "The entitlement is not for this product"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entitlement that may answer a call: what is used, whether all gates are open, and the call made before."""

    entitlement: Entitlement
    used: int
    is_open: bool
    event: UsageEvent | None
    charges_misses: bool  # 查询即计: what finds nothing is charged and uses up the quota too


def candidates(
    session: Session,
    *,
    buyer_id: UUID,
    code: str,
    reference: str,
    now: datetime,
    book: PolicyBook,
    number: str | None = None,
) -> list[Candidate]:
    """Return the buyer's entitlements to a product, usable ones and those that end first on top; one query.

    Raises:
        NoSuchProduct: there is no such product.
        NoEntitlement: the buyer has bought nothing of it.
        WrongProduct: ``number`` is not one of the buyer's entitlements to it.
    """
    query = (
        sa.select(Entitlement, UsageTotal.used, open_condition(now, book), UsageEvent, Tariff.charges_misses)
        .join(Order, Order.id == Entitlement.order_id)
        .join(Product, Product.id == Entitlement.product_id)
        .outerjoin(Tariff, Tariff.id == Order.tariff_id)
        .outerjoin(UsageTotal, UsageTotal.entitlement_id == Entitlement.id)
        .outerjoin(
            UsageEvent,
            sa.and_(UsageEvent.entitlement_id == Entitlement.id, UsageEvent.client_reference == reference),
        )
        .where(Entitlement.buyer_id == buyer_id, Product.code == code)
        .order_by(Entitlement.valid_until, Entitlement.number)
    )
    rows = session.execute(query).all()
    if not rows:
        if session.scalar(sa.select(Product.id).where(Product.code == code)) is None:
            raise NoSuchProduct(f"没有产品 {code}，请核对产品编码", detail_en=f"No product {code}")
        raise NoEntitlement(
            f"本单位没有产品 {code} 的使用权；请先询价、下单并付款",
            detail_en=f"Nothing bought of {code}",
            rule="ACC-01",
        )
    found = [
        Candidate(entitlement, used or 0, bool(is_open), event, bool(charges_misses))
        for entitlement, used, is_open, event, charges_misses in rows
    ]
    if number is not None:
        found = [candidate for candidate in found if candidate.entitlement.number == number]
        if not found:
            raise WrongProduct(
                f"使用权 {number} 不是本单位对产品 {code} 的使用权", detail_en=f"{number} is not for {code}"
            )
    return sorted(found, key=lambda candidate: (candidate.event is None, not candidate.is_open))


def is_counted(event: type[UsageEvent]) -> sa.ColumnElement[bool]:
    """Return the condition that a use counts: it found something, or the order's tariff charges every query.

    Args:
        event: the table of uses, or an alias of it that the statement reads.
    """
    held, order, tariff = aliased(Entitlement), aliased(Order), aliased(Tariff)
    charges_misses = sa.exists().where(
        held.id == event.entitlement_id, order.id == held.order_id, tariff.id == order.tariff_id, tariff.charges_misses
    )
    return sa.or_(event.hit, charges_misses)


def charging_misses(session: Session, numbers: Iterable[str]) -> set[str]:
    """Return those of the entitlements whose order's tariff charges what finds nothing too."""
    wanted, found = sorted(set(numbers)), set[str]()
    for start in range(0, len(wanted), REFERENCES_AT_ONCE):
        query = (
            sa.select(Entitlement.number)
            .join(Order, Order.id == Entitlement.order_id)
            .join(Tariff, Tariff.id == Order.tariff_id)
            .where(Tariff.charges_misses, Entitlement.number.in_(wanted[start : start + REFERENCES_AT_ONCE]))
        )
        found.update(session.scalars(query))
    return found


def used_of(session: Session, entitlement_id: UUID) -> int:
    """Return the units used up of an entitlement."""
    found = session.scalar(sa.select(UsageTotal.used).where(UsageTotal.entitlement_id == entitlement_id))
    return found or 0


def by_numbers(session: Session, place: str, numbers: Iterable[str]) -> dict[str, Entitlement]:
    """Return the entitlements of a place with these numbers."""
    wanted = sorted(set(numbers))
    found: dict[str, Entitlement] = {}
    for start in range(0, len(wanted), REFERENCES_AT_ONCE):
        part = wanted[start : start + REFERENCES_AT_ONCE]
        query = sa.select(Entitlement).where(Entitlement.place == place, Entitlement.number.in_(part))
        found |= {entitlement.number: entitlement for entitlement in session.scalars(query)}
    return found


def references_known(session: Session, entitlement_id: UUID, references: Sequence[str]) -> set[str]:
    """Return those of the references under which a use of the entitlement is recorded already."""
    found: set[str] = set()
    for start in range(0, len(references), REFERENCES_AT_ONCE):
        part = references[start : start + REFERENCES_AT_ONCE]
        query = sa.select(UsageEvent.client_reference).where(
            UsageEvent.entitlement_id == entitlement_id, _is_one_of(session, part)
        )
        found.update(session.scalars(query))
    return found


def _is_one_of(session: Session, references: Sequence[str]) -> sa.ColumnElement[bool]:
    """Compare with a whole list in one parameter: a parameter for each costs more than the look-up itself."""
    if session.get_bind().dialect.name == "postgresql":
        asked = sa.literal(list(references), postgresql.ARRAY(sa.Text))
        return UsageEvent.client_reference == sa.any_(asked)
    listed = sa.func.json_each(json.dumps(list(references))).table_valued("value")
    return UsageEvent.client_reference.in_(sa.select(listed.c.value))
