"""Reads of share schedules: which one divides an order, between whom, by which weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import to_json
from kernel.errors import Invalid, NotFound
from kernel.identity import FINANCE, WATCHERS, Actor
from kernel.money import ZERO, Exact, Money, total
from kernel.reading import Reader
from market.orders.model import Order
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product, ProductDerivation
from settlement.contributions.queries import Contributor as Contributor
from settlement.contributions.queries import contributors as contributors
from settlement.pouring.rules import Carried
from settlement.revenue.model import RevenueLine
from settlement.splits.model import OrderTerms, ScheduleSignature, ShareLine, ShareSchedule
from settlement.splits.rules import Base, Division, Schedule, ScheduleState, Step, contribution, waterfall

EVERY_PRODUCT = "*"
CONTRIBUTORS = "source_departments"  # stands for the departments until the product is known
FACTORS = ("usage", "quality", "input")


class NoSuchSchedule(NotFound):
    """There is no such schedule, or none that the actor may know of."""

    code = "settlement.schedule_not_found"


@dataclass(frozen=True, slots=True)
class Agreed:
    """A signed schedule, read: its steps, and the coefficients of each pool of contributors by number of step."""

    row: ShareSchedule
    schedule: Schedule
    coefficients: dict[int, dict[str, Fraction]]


def read_steps(steps: object) -> tuple[Schedule, dict[int, dict[str, Fraction]]]:
    """Return the schedule written in ``steps``, and the coefficients of every pool of contributors.

    A pool may name, instead of parties, ``contributors``: the coefficients of usage, quality and input (REV-04).

    Raises:
        Unreadable: a field is missing, unknown or wrongly written.
        ScheduleInvalid: the steps do not make a sound schedule.
        CoefficientsNotOne: coefficients do not add up to one.
    """
    coefficients: dict[int, dict[str, Fraction]] = {}
    plain: list[object] = []
    rows = steps if isinstance(steps, list) else []
    for number, row in enumerate(rows, start=1):
        if isinstance(row, dict) and row.get("kind") == "pool" and "contributors" in row:
            reader = Reader(row["contributors"], f"/steps/{number - 1}/contributors")
            found = {factor: reader.number(factor) for factor in FACTORS}
            reader.close()
            contribution(found, {CONTRIBUTORS: dict.fromkeys(FACTORS, 1)})
            coefficients[number] = found
            row = {key: value for key, value in row.items() if key != "contributors"} | {"party": CONTRIBUTORS}
        plain.append(row)
    return Schedule.from_list(plain if isinstance(steps, list) else steps), coefficients


def findings(steps: object) -> list[dict[str, Any]]:
    """Return everything that is wrong with steps as they are written: unreadable fields, and what the linter finds.

    Each has a code, the number of the step (None: the whole), a pointer and words in both languages.
    """
    try:
        read_steps(steps)
    except Invalid as refusal:
        found = refusal.errors or [
            {"pointer": "/steps", "code": refusal.code, "message": refusal.detail, "message_en": refusal.detail_en}
        ]
        return [{**one, "step": _step_of(str(one["pointer"]))} for one in found]
    return []


def preview(
    *, steps: object, gross: Money, refunds: Money = ZERO, tax: Money = ZERO, on: date | None = None
) -> Division:
    """Divide an amount by steps as if it were the first under them; pools by contribution go to the departments as one.

    Raises:
        Unreadable, ScheduleInvalid, CoefficientsNotOne: the steps are not sound.
        NothingToDivide: refunds and tax exceed what was paid.
        NotCarried: a step counts by date and no day is given.
    """
    schedule, _ = read_steps(steps)
    return waterfall(schedule, gross, refunds=refunds, tax=tax, on=on, carried={})


def _step_of(pointer: str) -> int | None:
    place = [*pointer.split("/"), "", ""][2]
    return int(place) + 1 if place.isdecimal() else None


def named_parties(schedule: Schedule) -> list[str]:
    """Return the credit codes of everybody whom the steps name."""
    return [party for party in schedule.parties() if party != CONTRIBUTORS]


def agreed(row: ShareSchedule) -> Agreed:
    """Return a stored schedule, read."""
    return Agreed(row, *read_steps(row.steps))


def signed_of(session: Session, place: str) -> list[ShareSchedule]:
    """Return the signed schedules of a place, the latest first."""
    query = sa.select(ShareSchedule).where(ShareSchedule.place == place, ShareSchedule.state == ScheduleState.SIGNED)
    return list(session.scalars(query.order_by(ShareSchedule.valid_from.desc(), ShareSchedule.version_number.desc())))


def effective(
    signed: Iterable[ShareSchedule], *, agreement_id: UUID, product_id: UUID, on: date,
    placed_at: datetime | None = None,
) -> ShareSchedule | None:  # fmt: skip
    """Return the schedule for an order of that day, of those signed (latest first): the product's own comes first.

    With the moment of the order, what was signed by then counts; a schedule signed afterwards for that day divides
    the order only where there was none, and then the first to be signed: nothing changes an order twice.

    Source:
        REV-01; H5: 结算适用下单时有效的版本.
    """
    fitting = [
        row for row in signed
        if row.agreement_id == agreement_id and row.valid_from <= on
        and (row.valid_until is None or on <= row.valid_until)
    ]  # fmt: skip
    if placed_at is not None:
        known = [row for row in fitting if row.signed_at is not None and row.signed_at <= placed_at]
        fitting = known or sorted(fitting, key=lambda row: (row.signed_at or placed_at, row.number))
    own = [row for row in fitting if row.product_id == product_id]
    general = [row for row in fitting if row.product_id is None]
    return next(iter(own + general), None)


def content_sha256(row: ShareSchedule) -> str:
    """Return the SHA-256 over everything that the parties of a schedule agree on."""
    content = {
        "number": row.number, "agreement": str(row.agreement_id), "scope": row.scope, "version": row.version_number,
        "clause": row.clause, "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
        "steps": row.steps, "non_money": row.non_money,
    }  # fmt: skip
    return hashlib.sha256(to_json(content).encode()).hexdigest()


def unfrozen(session: Session, place: str, *, limit: int) -> list[Order]:
    """Return orders of a place whose schedule is not frozen yet, oldest first, at most ``limit``.

    Those whose agreement has no signed schedule for them are left out: they wait and keep nobody else waiting.
    """
    is_frozen = sa.exists().where(OrderTerms.order_id == Order.id)
    is_agreed = sa.exists().where(
        ShareSchedule.agreement_id == Order.agreement_id, ShareSchedule.state == ScheduleState.SIGNED,
        sa.or_(ShareSchedule.product_id.is_(None), ShareSchedule.product_id == Order.product_id),
    )  # fmt: skip
    query = sa.select(Order).where(Order.place == place, Order.placed_at.is_not(None), ~is_frozen, is_agreed)
    return list(session.scalars(query.order_by(Order.placed_at, Order.id).limit(limit)))


def frozen_terms(session: Session, place: str) -> dict[UUID, UUID]:
    """Return, by order of a place, the schedule that is frozen on it."""
    query = sa.select(OrderTerms.order_id, OrderTerms.schedule_id).where(OrderTerms.place == place)
    return {row.order_id: row.schedule_id for row in session.execute(query)}


def resolved(
    terms: Agreed, departments: Sequence[Contributor], usage: Mapping[str, int], recovered: Mapping[int, Money],
    given: Mapping[int, Mapping[str, Fraction]] | None = None,
) -> tuple[Schedule, dict[int, dict[str, Fraction]]]:  # fmt: skip
    """Return the schedule with the departments' weights filled in and what is already recovered left out.

    Args:
        terms: the signed schedule.
        departments: source departments of the product.
        usage: credit code → units used, in the period, of the products made with its resources.
        recovered: number of the step → what it took before.
        given: number of the step → weights as they were shown to the departments, which come before our own.

    Raises:
        FactorUnusable: a factor cannot be normalised, because nobody has any of it.
    """
    weights: dict[int, dict[str, Fraction]] = {}
    steps: list[Step] = []
    for number, step in enumerate(terms.schedule.steps, start=1):
        if number in terms.coefficients and given and number in given:
            weights[number] = dict(given[number])
        elif number in terms.coefficients:
            figures: dict[str, dict[str, Exact]] = {
                one.uscc: {"usage": usage.get(one.uscc, 0), "quality": one.quality, "input": one.input}
                for one in departments
            }
            weights[number] = contribution(terms.coefficients[number], figures)
        if number in weights:
            step = replace(step, weights=tuple(weights[number].items()))
        if number in recovered:
            step = replace(step, amount=max(step.amount - recovered[number], ZERO))
        steps.append(step)
    return Schedule(tuple(steps)), weights


def carried_by_step(
    session: Session, place: str, schedule_ids: Iterable[UUID] | None = None
) -> dict[UUID, dict[int, Carried]]:
    """Return, by schedule of a place and step, what all sealed settlements took: in all, by party, of which base.

    With ``schedule_ids`` only theirs; without any of them nothing is read.
    """
    wanted = None if schedule_ids is None else set(schedule_ids)
    if wanted is not None and not wanted:
        return {}
    chosen = ShareSchedule.place == place
    chosen = chosen if wanted is None else chosen & ShareSchedule.id.in_(wanted)
    query = (
        sa.select(ShareLine.schedule_id, ShareLine.step, Party.uscc, sa.func.sum(ShareLine.amount))
        .join(ShareSchedule, ShareSchedule.id == ShareLine.schedule_id)
        .join(Party, Party.id == ShareLine.party_id)
        .where(chosen)
        .group_by(ShareLine.schedule_id, ShareLine.step, Party.uscc)
    )
    by_party: dict[tuple[UUID, int], dict[str, Money]] = {}
    for schedule_id, step, uscc, amount in session.execute(query):
        by_party.setdefault((schedule_id, step), {})[uscc] = amount
    earned = (
        sa.select(ShareLine.schedule_id, ShareLine.revenue_line_id)
        .join(ShareSchedule, ShareSchedule.id == ShareLine.schedule_id)
        .where(chosen)
        .distinct()
        .subquery()
    )
    sums = session.execute(
        sa.select(earned.c.schedule_id, sa.func.sum(RevenueLine.gross), sa.func.sum(RevenueLine.net))
        .join(RevenueLine, RevenueLine.id == earned.c.revenue_line_id)
        .group_by(earned.c.schedule_id)
    )
    found: dict[UUID, dict[int, Carried]] = {}
    for schedule_id, gross, net in sums:
        schedule = read_steps(session.get_one(ShareSchedule, schedule_id).steps)[0]
        for number, one in enumerate(schedule.steps, start=1):
            mine = by_party.get((schedule_id, number), {})
            base = net if one.base is Base.NET_OF_TAX else gross
            found.setdefault(schedule_id, {})[number] = Carried(total(mine.values()), mine, base)
    return found


def signatures(session: Session, schedule_id: UUID) -> list[tuple[ScheduleSignature, Party]]:
    """Return the signatures under a schedule with the parties, oldest first."""
    query = (
        sa.select(ScheduleSignature, Party)
        .join(Party, Party.id == ScheduleSignature.party_id)
        .where(ScheduleSignature.schedule_id == schedule_id)
        .order_by(ScheduleSignature.signed_at, Party.uscc)
    )
    return [(signature, party) for signature, party in session.execute(query)]


def parties_of(session: Session, usccs: Iterable[str]) -> dict[str, Party]:
    """Return organisations by credit code."""
    return {party.uscc: party for party in session.scalars(sa.select(Party).where(Party.uscc.in_(set(usccs))))}


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[ShareSchedule]:
    """Return the query of the schedules that the actor may read.

    Finance, auditors and authorities see those of their places, an organisation those of its agreements and those
    that name it.
    """
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in WATCHERS or grant.role in FINANCE:
            reached.append(sa.true() if grant.place is None else ShareSchedule.place == grant.place)
        elif grant.org_id is not None:
            own = sa.select(Agreement.id).where(
                sa.or_(
                    Agreement.operating_institution_id == grant.org_id, Agreement.authorizing_entity_id == grant.org_id
                )
            )
            uscc = sa.select(Party.uscc).where(Party.id == grant.org_id).scalar_subquery()
            named = sa.cast(ShareSchedule.parties, sa.Text).contains(uscc)
            reached.append(ShareSchedule.agreement_id.in_(own) | named)
    query = sa.select(ShareSchedule).where(sa.or_(sa.false(), *reached))
    return query if place is None else query.where(ShareSchedule.place == place)


def derived_products(session: Session, agreement_id: UUID, product_id: UUID | None) -> list[Product]:
    """Return the products made from other products whose revenue a schedule would divide, by code.

    A schedule for every product of an agreement divides those that have no signed schedule of their own.
    """
    is_derived = sa.exists().where(ProductDerivation.product_id == Product.id)
    query = sa.select(Product).where(Product.agreement_id == agreement_id, is_derived).order_by(Product.code)
    if product_id is not None:
        return list(session.scalars(query.where(Product.id == product_id)))
    own = sa.exists().where(ShareSchedule.product_id == Product.id, ShareSchedule.state == ScheduleState.SIGNED)
    return list(session.scalars(query.where(~own)))


def last_version(session: Session, agreement_id: UUID, scope: str) -> int:
    """Return the number of the newest version for an agreement and scope; 0 when there is none."""
    query = sa.select(sa.func.max(ShareSchedule.version_number)).where(
        ShareSchedule.agreement_id == agreement_id, ShareSchedule.scope == scope
    )
    return session.scalar(query) or 0


def agreement_id_of(session: Session, number: str) -> UUID:
    """Return the agreement with that number.

    Raises:
        NoSuchSchedule: there is none.
    """
    found = session.scalar(sa.select(Agreement.id).where(Agreement.number == number))
    if found is None:
        raise NoSuchSchedule(f"没有编号为 {number} 的协议", detail_en=f"No agreement {number}")
    return found


def visible(session: Session, actor: Actor, number: str, *, lock: bool = False) -> ShareSchedule:
    """Return a schedule by its number.

    Raises:
        NoSuchSchedule: there is none that the actor may know of.
    """
    query = listed(actor).where(ShareSchedule.number == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchSchedule(f"没有分配方案 {number}，或不在您的职责范围内", detail_en=f"No schedule {number}")
    return found
