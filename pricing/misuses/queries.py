"""Reads of misuse, and the working out of its claim from what was used."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import DAY, Period
from kernel.db import to_json
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, SELLERS, WATCHERS, Actor, Permission
from kernel.money import Money
from kernel.policy import PolicyBook
from pricing.classes.queries import classes_of
from pricing.costs.rules import ChargeUnit, cited_dict, node
from pricing.misuses.model import Misuse, MisuseLine, MisuseStatement
from pricing.misuses.rules import OPEN, DayLine, Kind, MisuseState, Price, Prices, Usage, claimed, reprice
from pricing.negotiated.queries import agreed_price
from pricing.negotiated.rules import AgreedAboveCap
from pricing.policy import PricingPolicy
from pricing.tariffs import queries as tariffs
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import Agreed
from pricing.tariffs.rules import Regime
from registry.products.model import Product


class NoSuchMisuse(NotFound):
    """There is no such misuse, or none that the actor may know of."""

    code = "misuse.not_found"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a misuse costs: its lines, their sum, why, and the digest by which a second working is compared."""

    lines: tuple[DayLine, ...]
    amount: Money
    explanation: dict[str, Any]
    sha256: str


def visible(actor: Actor) -> sa.Select[Misuse]:
    """Return the misuses that the actor may read: against the own organisation, of own products, or at own places."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.ORDER_READ]:
            continue
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Misuse.place == grant.place)
        elif grant.role in SELLERS:
            reached.append(Product.owner_id == grant.org_id)
        else:
            reached.append(Misuse.grantee_id == grant.org_id)
    query = sa.select(Misuse).join(Product, Product.id == Misuse.product_id)
    return query.where(sa.or_(sa.false(), *reached))


def get(session: Session, actor: Actor, misuse_id: UUID) -> Misuse:
    """Return one misuse.

    Raises:
        NoSuchMisuse: there is none that the actor may read.
    """
    return _one(session.scalar(visible(actor).where(Misuse.id == misuse_id)), misuse_id)


def locked(session: Session, misuse_id: UUID) -> Misuse:
    """Return one misuse, locked for a change.

    Raises:
        NoSuchMisuse: there is none.
    """
    query = sa.select(Misuse).where(Misuse.id == misuse_id).with_for_update()
    return _one(session.scalar(query.execution_options(populate_existing=True)), misuse_id)


def _one(found: Misuse | None, misuse_id: UUID) -> Misuse:
    if found is None:
        raise NoSuchMisuse(f"没有编号为 {misuse_id} 的改作他用事项，或您无权查看。", detail_en="No such misuse.")
    return found


def overlapping(session: Session, exemption_id: UUID, first: date, last: date) -> Misuse | None:
    """Return a misuse of the exemption that is not dismissed and shares a day with the span, or None."""
    query = sa.select(Misuse).where(
        Misuse.exemption_id == exemption_id,
        Misuse.state != MisuseState.DISMISSED,
        Misuse.from_date <= last,
        Misuse.until_date >= first,
    )
    return session.scalar(query.limit(1))


def statements(session: Session, misuse_id: UUID) -> Sequence[MisuseStatement]:
    """Return what the grantee stated, the first on top."""
    query = sa.select(MisuseStatement).where(MisuseStatement.misuse_id == misuse_id)
    return session.scalars(query.order_by(MisuseStatement.id)).all()


def lines(session: Session, misuse_id: UUID) -> Sequence[MisuseLine]:
    """Return the lines of the claim, day by day."""
    query = sa.select(MisuseLine).where(MisuseLine.misuse_id == misuse_id)
    return session.scalars(query.order_by(MisuseLine.position)).all()


def waiting(session: Session, actor: Actor) -> Sequence[Misuse]:
    """Return the misuses that the actor may decide: not the own records, not against the own organisation."""
    places = [grant.place for grant in actor.grants if grant.role in ROLES_OF[Permission.MISUSE_CONFIRM]]
    here = sa.true() if None in places else Misuse.place.in_([place for place in places if place is not None])
    query = sa.select(Misuse).where(here, Misuse.state.in_(OPEN), Misuse.recorded_by != actor.id)
    if actor.org_id is not None:
        query = query.where(Misuse.grantee_id != actor.org_id)
    return session.scalars(query.order_by(Misuse.hearing_until, Misuse.id)).all()


def has_windows(session: Session, product_id: UUID) -> bool:
    """Say whether any price of the product counts repeated use of one subject once."""
    query = sa.select(Tariff.id).where(Tariff.product_id == product_id, Tariff.dedup_days.is_not(None))
    return session.scalar(query.limit(1)) is not None


def work_out(session: Session, misuse: Misuse, usage: Usage, book: PolicyBook) -> Claim:
    """Return what the misuse costs by what was used, each day by the price in force on that very day;
    where the grantee had negotiated a price for that day, by what was agreed on.

    Nothing is written; the same usage gives the same claim, however often it is worked out.

    Raises:
        NoPriceThatDay: something was used on a day without a price that could be charged.
    """
    prices, used = _prices(session, misuse, usage)
    found = reprice(usage, prices, misuse.from_date, misuse.until_date)
    amount = claimed(found)
    charged = PricingPolicy.at(book, misuse.place, misuse.from_date).require("exemption_purposes_charged")
    by_tariff = [
        node(
            f"收费标准 {tariff.number}", f"¥ {_sum_of(found, tariff).text()}",
            lines=[*(line.explained() for line in found if line.price.tariff_id == tariff.id),
                   tariffs.explain(session, tariff)],
        )
        for tariff in used
        if any(line.price.tariff_id == tariff.id for line in found)
    ]  # fmt: skip
    explanation = node(
        "应缴费用", f"¥ {amount.text()}",
        formula=f"{misuse.from_date} 至 {misuse.until_date} 逐日按当日收费标准计，期外仍为 0.00",
        source=cited_dict(charged), lines=by_tariff,
    )  # fmt: skip
    return Claim(found, amount, explanation, digest(misuse, found))


def digest(misuse: Misuse, found: Sequence[DayLine]) -> str:
    """Return the SHA-256 over the number, the span and every line of a claim."""
    written = [
        [str(line.day), line.subject_kind, str(line.units), line.price.number, line.price.grade, line.amount.fen]
        for line in found
    ]
    facts = [misuse.number, str(misuse.exemption_id), str(misuse.from_date), str(misuse.until_date), written]
    return hashlib.sha256(to_json(facts).encode()).hexdigest()


def is_as_claimed(session: Session, misuse: Misuse, usage: Usage, book: PolicyBook) -> bool:
    """Say whether working out the claim once more gives its amount, its digest and its lines."""
    again = work_out(session, misuse, usage, book)
    kept = [(line.day, line.subject_kind, Fraction(line.units), line.tariff_id, line.amount)
            for line in lines(session, misuse.id)]  # fmt: skip
    same = [(line.day, line.subject_kind, line.units, line.price.tariff_id, line.amount) for line in again.lines]
    return (again.amount, again.sha256, same) == (misuse.amount, misuse.sha256, kept)


def _sum_of(found: Sequence[DayLine], tariff: Tariff) -> Money:
    return claimed([line for line in found if line.price.tariff_id == tariff.id])


def _prices(session: Session, misuse: Misuse, usage: Usage) -> tuple[Prices, list[Tariff]]:
    """Return the price of each day and kind of subject that the usage names, and the tariffs in order of their days."""
    wanted: set[tuple[date, Kind]] = {(use.day, use.subject_kind) for use in usage.uses}
    for held in usage.held:
        first, last = max(held.first, misuse.from_date), min(held.last, misuse.until_date)
        if first <= last and _is_by_period(session, misuse.product_id):
            wanted |= {(day, held.subject_kind) for day in Period(first, last + DAY)}
    prices: dict[tuple[date, Kind], Price] = {}
    used: dict[UUID, Tariff] = {}
    for day, kind in sorted(wanted, key=lambda one: (one[0], one[1] or "")):
        classes = classes_of(session, misuse.product_id, misuse.grantee_id, day)
        tariff = tariffs.tariff_for(session, misuse.product_id, day, classes, kind)
        if tariff is None or tariff.regime is Regime.FREE_PUBLIC_INTEREST:
            continue
        if not tariffs.is_within_cap(tariff, tariffs.cap_of(session, tariff, day)):
            continue  # above the cap of that day nothing may be charged (PRC-05)
        agreed = _agreed(session, misuse, day, kind)
        model = agreed.model if agreed else tariff.tariff_model()
        number = f"{tariff.number}（面议 {agreed.number}）" if agreed else tariff.number
        prices[day, kind] = Price(
            tariff.id, number, model, tariff.charge_unit, tariff.dedup_days, tariffs.grade_of(model, classes)
        )
        used[tariff.id] = tariff
    return prices, sorted(used.values(), key=lambda tariff: (tariff.effective_from, tariff.number))


def _agreed(session: Session, misuse: Misuse, day: date, kind: Kind) -> Agreed | None:
    """Return what the grantee had agreed on for that day, as far as it may be charged; else the listed price counts."""
    try:
        return agreed_price(session, misuse.product_id, misuse.grantee_id, day, kind)
    except AgreedAboveCap:
        return None


def _is_by_period(session: Session, product_id: UUID) -> bool:
    query = sa.select(Tariff.id).where(Tariff.product_id == product_id, Tariff.charge_unit == ChargeUnit.PER_PERIOD)
    return session.scalar(query.limit(1)) is not None
