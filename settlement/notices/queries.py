"""Reads of contribution notices: what was sold, what stands behind it, and who may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, business_date
from kernel.errors import NotFound
from kernel.identity import FINANCE, WATCHERS, Actor
from kernel.policy import PolicyBook
from market.entitlements.model import Entitlement
from market.orders.model import Order
from registry.parties.model import Party
from registry.products.model import Product
from registry.quality.queries import scores
from registry.resources.model import Resource
from settlement.contributions.queries import Source, sources_of
from settlement.notices.model import ContributionFigure, ContributionNotice
from settlement.notices.rules import NoticeState
from settlement.revenue.queries import usage_totals
from settlement.splits import queries as splits
from settlement.splits.model import ShareSchedule


class NoSuchNotice(NotFound):
    """There is no such contribution notice, or none that the actor may know of."""

    code = "contribution.not_found"


@dataclass(frozen=True, slots=True)
class Sold:
    """Units of one product version that were used in the period under one schedule; metering's totals, handed in."""

    product_id: UUID
    version_id: UUID
    schedule_id: UUID
    units: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of a notice, with whom and what it is about."""

    figure: ContributionFigure
    party: Party
    product: Product
    schedule: ShareSchedule


def sold(session: Session, *, place: str, period: Period, received_until: datetime) -> list[Sold]:
    """Return what was used in a period of each product version, by the schedule in force at the order.

    Orders without a signed schedule have no contributors yet and are left out; they wait as in a settlement.
    """
    until = usage_totals(session, place=place, before=period.end, received_until=received_until)
    before = usage_totals(session, place=place, before=period.start, received_until=received_until)
    query = sa.select(Entitlement.id, Order).join(Order, Order.id == Entitlement.order_id)
    rows = session.execute(query.where(Entitlement.place == place, Entitlement.id.in_(until.keys())))
    signed = splits.signed_of(session, place)
    frozen = splits.frozen_terms(session, place)
    units: dict[tuple[UUID, UUID, UUID], int] = {}
    for entitlement_id, order in rows:
        used = sum(one.quantity for one in until[entitlement_id].values())
        used -= sum(one.quantity for one in before.get(entitlement_id, {}).values())
        terms = splits.effective(
            signed, agreement_id=order.agreement_id, product_id=order.product_id,
            on=business_date(order.placed_at), placed_at=order.placed_at,
        )  # fmt: skip
        schedule_id = frozen.get(order.id, terms.id if terms is not None else None)
        if schedule_id is not None and used > 0:
            key = (order.product_id, order.version_id, schedule_id)
            units[key] = units.get(key, 0) + used
    return [Sold(*key, number) for key, number in sorted(units.items())]


def qualities(
    session: Session, sources: Iterable[Source], *, on: date, book: PolicyBook
) -> tuple[dict[UUID, Fraction], str]:
    """Return the quality of each resource and where it is from: scores where all have one, else what was declared.

    Mixing the two would weigh departments by different measures, so one resource without a score decides for all.

    Raises:
        WeightsWrong: the configured weights of the score do not add up to 1.
    """
    behind = list(sources)
    found = list(session.scalars(sa.select(Resource).where(Resource.id.in_({one.resource_id for one in behind}))))
    scored = {key: figures.value for key, figures in scores(session, found, on, book).items()}
    if all(value is not None for value in scored.values()):
        return {key: Fraction(value) for key, value in scored.items() if value is not None}, "score"
    return {one.resource_id: one.quality for one in behind}, "declared"


def behind(session: Session, version_ids: Iterable[UUID]) -> dict[UUID, list[Source]]:
    """Return every resource that went into product versions, however far back."""
    return sources_of(session, version_ids)


def codes(session: Session, resource_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the codes of resources."""
    query = sa.select(Resource.id, Resource.code).where(Resource.id.in_(set(resource_ids)))
    return {row.id: row.code for row in session.execute(query)}


def latest(session: Session, place: str, period: Period, *, lock: bool = False) -> ContributionNotice | None:
    """Return the newest revision for a place and period."""
    query = sa.select(ContributionNotice).where(
        ContributionNotice.place == place, ContributionNotice.period_start == period.start
    )
    query = query.order_by(ContributionNotice.revision.desc()).limit(1)
    return session.scalar(query.with_for_update() if lock else query)


def referred(session: Session, notice_id: UUID) -> ContributionNotice:
    """Return a notice that something else refers to, whoever asks."""
    return session.get_one(ContributionNotice, notice_id)


def lines(session: Session, notice_id: UUID) -> Sequence[Shown]:
    """Return the lines of a notice, by product, schedule, step and department."""
    query = (
        sa.select(ContributionFigure, Party, Product, ShareSchedule)
        .join(Party, Party.id == ContributionFigure.party_id)
        .join(Product, Product.id == ContributionFigure.product_id)
        .join(ShareSchedule, ShareSchedule.id == ContributionFigure.schedule_id)
        .where(ContributionFigure.notice_id == notice_id)
        .order_by(Product.code, ShareSchedule.number, ContributionFigure.step, Party.uscc)
    )
    return [Shown(*row) for row in session.execute(query)]


def line_dict(one: Shown) -> dict[str, Any]:
    """Return a line by its business keys, with its figures and exact weight."""
    row = one.figure
    names = ("id", "step", "usage", "quality", "input", "quality_source", "coefficients", "parts", "weight", "ppm")
    return {name: getattr(row, name) for name in (*names, "resources")} | {
        "product_code": one.product.code, "schedule": one.schedule.number, "uscc": one.party.uscc,
        "department": one.party.name,
    }  # fmt: skip


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[ContributionNotice]:
    """Return the query of the notices that the actor may read.

    Finance, auditors and authorities see those of their places, a department those shown to it: once they are open.
    """
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in WATCHERS or grant.role in FINANCE:
            reached.append(sa.true() if grant.place is None else ContributionNotice.place == grant.place)
        elif grant.org_id is not None:
            own = sa.exists().where(
                ContributionFigure.notice_id == ContributionNotice.id, ContributionFigure.party_id == grant.org_id
            )
            reached.append((ContributionNotice.state == NoticeState.OPEN) & own)
    query = sa.select(ContributionNotice).where(sa.or_(sa.false(), *reached))
    return query if place is None else query.where(ContributionNotice.place == place)


def visible(session: Session, actor: Actor, number: str, *, lock: bool = False) -> ContributionNotice:
    """Return a notice by its number.

    Raises:
        NoSuchNotice: there is none that the actor may know of.
    """
    query = listed(actor).where(ContributionNotice.number == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchNotice(f"没有贡献公示 {number}，或不在您的职责范围内", detail_en=f"No contribution notice {number}")
    return found
