"""Reads of the headroom: the newest reading, where it stands, the open alarms, and whether a year is exhausted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import Period
from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from kernel.money import Money, floor_fen, fraction
from kernel.policy import PolicyBook
from pricing.ceilings.queries import caps_of_agreement, latest
from pricing.costs.queries import within_reach
from pricing.headroom.model import WHOLE_AGREEMENT, HeadroomAlarm, HeadroomReading
from pricing.headroom.rules import Standing, by_period, shares_watched, standing
from pricing.policy import PricingPolicy
from registry.agreements.model import Agreement
from registry.products.model import Product


class NoReading(NotFound):
    """The headroom of that agreement and year was never read, or the actor may not know of it."""

    code = "headroom.no_reading"


@dataclass(frozen=True, slots=True)
class Watched:
    """One limit that is watched: of the whole agreement, or of a product at its caps and forecast volumes."""

    scope: str  # "*", or the code of the product
    title: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Headroom:
    """A reading with what follows from it against the ceiling that counts today."""

    reading: HeadroomReading
    agreement: Agreement
    permitted: Money
    whole: Watched
    products: tuple[Watched, ...]


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An alarm that still holds, with the agreement that it is about."""

    alarm: HeadroomAlarm
    agreement: Agreement


def readings(actor: Actor) -> sa.Select[HeadroomReading]:
    """Return the query of the readings that the actor may read."""
    reach = within_reach(actor, Permission.COST_READ, Agreement.place, Agreement.operating_institution_id)
    return sa.select(HeadroomReading).join(Agreement, Agreement.id == HeadroomReading.agreement_id).where(reach)


def newest_only(query: sa.Select[HeadroomReading]) -> sa.Select[HeadroomReading]:
    """Keep the newest reading of each agreement and year."""
    later = aliased(HeadroomReading)
    return query.where(
        ~sa.exists().where(
            later.agreement_id == HeadroomReading.agreement_id, later.year == HeadroomReading.year,
            sa.tuple_(later.read_at, later.id) > sa.tuple_(HeadroomReading.read_at, HeadroomReading.id),
        )
    )  # fmt: skip


def get(session: Session, actor: Actor, agreement_id: UUID, year: int) -> HeadroomReading:
    """Return the newest reading of an agreement and year.

    Raises:
        NoReading: there is none that the actor may read.
    """
    found = session.scalar(_newest(readings(actor), agreement_id, year))
    if found is None:
        raise NoReading(
            f"该协议 {year} 年还没有读取累计收入，或您无权查看；核定最高准许收入后每日读取一次。",
            detail_en=f"The revenue of {year} was not read yet.",
            rule="PRC-07",
        )
    return found


def last(session: Session, agreement_id: UUID, year: int) -> HeadroomReading | None:
    """Return the newest reading of an agreement and year, whoever asks."""
    return session.scalar(_newest(sa.select(HeadroomReading), agreement_id, year))


def _newest(query: sa.Select[HeadroomReading], agreement_id: UUID, year: int) -> sa.Select[HeadroomReading]:
    query = query.where(HeadroomReading.agreement_id == agreement_id, HeadroomReading.year == year)
    return query.order_by(HeadroomReading.read_at.desc(), HeadroomReading.id.desc()).limit(1)


def headroom(session: Session, reading: HeadroomReading, book: PolicyBook) -> Headroom:
    """Return where a reading stands, as a whole and product by product, against the ceiling that counts now.

    A product is watched against what its caps bring in at the forecast volumes (PRC-04); without a cap it is not.
    """
    year = Period.year(reading.year)
    policy = PricingPolicy.at(book, reading.place, min(reading.until, year.last_day))
    alert, window = policy.headroom_alert_share, policy.headroom_forecast_months
    shares = shares_watched(alert.decimal() if alert else None)
    months = window.integer() if window else None
    ceiling = latest(session, reading.agreement_id, reading.year)
    permitted = ceiling.max_permitted_revenue if ceiling else reading.permitted

    def stands(product: str, limit: Money) -> Standing:
        earned = _of_all_periods(reading, product)
        return standing(earned, limit, shares, reading.until, year, months)

    titles = {line["product"]: line["title"] for line in reading.lines}
    limits = planned(session, reading.agreement_id, year)
    products = tuple(
        Watched(code, titles[code], stands(code, limits[code])) for code in sorted(titles) if code in limits
    )
    whole = Watched(WHOLE_AGREEMENT, "", stands("", permitted))
    return Headroom(reading, session.get_one(Agreement, reading.agreement_id), permitted, whole, products)


def _of_all_periods(reading: HeadroomReading, product: str) -> list[tuple[Period, Money]]:
    """Return the revenue of each period of the reading; a period in which the product earned nothing counts as zero."""
    own = dict(by_period(reading.earned(product)))
    return [(period, own.get(period, Money(0))) for period, _ in by_period(reading.earned())]


def planned(session: Session, agreement_id: UUID, year: Period) -> dict[str, Money]:
    """Return what each product brings in at its caps and forecast volumes, by code, cut to the fen."""
    counting = {
        (cap.product_id, cap.charge_unit, cap.scope): cap
        for cap in caps_of_agreement(session, agreement_id)
        if cap.effective_from < year.end
    }
    expected: dict[UUID, Fraction] = {}
    for cap in counting.values():
        brought = cap.amount.times(fraction(cap.forecast_volume))
        expected[cap.product_id] = expected.get(cap.product_id, Fraction(0)) + brought
    codes = sa.select(Product.id, Product.code).where(Product.id.in_(expected))
    return {code: floor_fen(expected[product_id]) for product_id, code in session.execute(codes)}


def alarms_of(session: Session, agreement_id: UUID, year: int) -> Sequence[HeadroomAlarm]:
    """Return the alarms raised for an agreement and year, in the order in which they were raised."""
    query = sa.select(HeadroomAlarm).where(HeadroomAlarm.agreement_id == agreement_id, HeadroomAlarm.year == year)
    return session.scalars(query.order_by(HeadroomAlarm.raised_at, HeadroomAlarm.scope, HeadroomAlarm.share)).all()


def open_alarms(session: Session, actor: Actor, today: date) -> list[OpenAlarm]:
    """Return the alarms of the running year for the actor's desk: price officer, authorizing entity and operator.

    An alarm about a whole agreement is over when a newer determination permits so much more that its share is not
    reached any longer; it stays on record.
    """
    reach = within_reach(actor, Permission.COST_READ, Agreement.place, Agreement.operating_institution_id)
    query = (
        sa.select(HeadroomAlarm, Agreement)
        .join(Agreement, Agreement.id == HeadroomAlarm.agreement_id)
        .where(reach, HeadroomAlarm.year == today.year)
        .order_by(HeadroomAlarm.share.desc(), HeadroomAlarm.raised_at, HeadroomAlarm.scope)
    )
    return [OpenAlarm(alarm, agreement) for alarm, agreement in session.execute(query) if _holds(session, alarm)]


def _holds(session: Session, alarm: HeadroomAlarm) -> bool:
    if alarm.scope != WHOLE_AGREEMENT:
        return True
    return _has_reached(session, alarm.agreement_id, alarm.year, alarm.share)


def _has_reached(session: Session, agreement_id: UUID, year: int, share: Decimal) -> bool:
    reading, ceiling = last(session, agreement_id, year), latest(session, agreement_id, year)
    if reading is None or ceiling is None:
        return False
    return reading.accrued.exact_yuan() >= ceiling.max_permitted_revenue.exact_yuan() * fraction(share)


def revenue_is_exhausted(session: Session, agreement_id: UUID, on: date, book: PolicyBook) -> bool:
    """Say whether no new paid order may be taken: the year's permitted revenue is earned, and the place stops there.

    By the newest daily reading; where no level of government says so, nothing stops (65号 only deducts the excess).

    Source:
        B3; PRC-07 (policy ``pricing.block_at_ceiling``).
    """
    agreement = session.get_one(Agreement, agreement_id)
    if not PricingPolicy.at(book, agreement.place, on).says("block_at_ceiling"):
        return False
    return _has_reached(session, agreement_id, on.year, Decimal(1))
