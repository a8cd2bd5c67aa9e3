"""The history of a place as facts that can be worked out again, with a change or without one; nothing is written.

A sealed settlement is worked out from what it took: its lines of revenue keep the counts that each rests on, so its
use is not counted again and late changes cannot reach it. A month that is not sealed yet is read as a dry run reads it.
Each period follows on the ones before it, on both sides: what was taken then, and what would have been taken now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import DAY, MONTHS_PER_YEAR, Period, add_months
from kernel.policy import Cited, PolicyBook
from market.entitlements.model import Entitlement
from settlement.earnings.queries import NOTHING_TAKEN, Facts, Schedules
from settlement.holds.queries import holds
from settlement.holds.rules import Hold
from settlement.objections import queries as objections
from settlement.policy import SettlementPolicy
from settlement.pouring.rules import Carried
from settlement.revenue import queries as revenue
from settlement.revenue.model import RevenueLine
from settlement.revenue.queries import Sale, Taken, Used
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState
from settlement.splits import queries as splits
from settlement.splits.model import ShareSchedule
from settlement.splits.rules import carry
from settlement.taxes.queries import levies
from settlement.workings.queries import Worked, facts_of, settled

Change = Callable[[Facts], Facts]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One period worked out twice: as it was, and as it would have been."""

    period: Period
    is_sealed: bool
    then: Worked
    now: Worked


@dataclass(slots=True)
class _Memory:
    """What the periods before took of each order, and gave out by each step."""

    taken: dict[UUID, Taken] = field(default_factory=dict)
    carried: dict[UUID, dict[int, Carried]] = field(default_factory=dict)

    def add(self, worked: Worked) -> None:
        for line in worked.lines:
            key = line.sale.entitlement.id
            one = self.taken.get(key, NOTHING_TAKEN)
            self.taken[key] = Taken(
                one.quantity + line.quantity, one.billable + line.billable, one.gross + line.gross,
                one.shadow + line.shadow,
            )  # fmt: skip
        for group in worked.groups:
            if group.terms is not None and group.division is not None:
                schedule_id = group.terms.row.id
                self.carried[schedule_id] = carry(self.carried.get(schedule_id, {}), group.division)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A sealed settlement: its period, when it was sealed, the rate of tax it used, and the use behind its lines."""

    id: UUID
    period: Period
    sealed_at: datetime
    vat: str | None
    used: dict[UUID, dict[str | None, Used]]
    held: dict[UUID, Hold]


def replay(
    session: Session, *, place: str, span: Period, received_until: datetime, book: PolicyBook, change: Change
) -> Iterator[Replayed]:
    """Yield the periods of the span, worked out as they were and with the change; earlier ones are replayed silently.

    Args:
        session: the session to read with.
        place: whose settlements.
        span: whole months, all of them over.
        received_until: use received later is left out of months that are not sealed.
        book: the rules in force.
        change: returns other facts for those of a period.
    """
    sealed = _sealed(session, place)
    signed, frozen = splits.signed_of(session, place), splits.frozen_terms(session, place)
    sales = revenue.sales(session, place=place, before=max([span.end, *(one.period.end for one in sealed)]))
    was, would, levied = _Memory(), _Memory(), levies(session, place, book=book)
    for one in sealed:
        facts = _sealed_facts(place, one, sales, Schedules(_by_then(signed, one.sealed_at), frozen=frozen), book)
        facts = replace(facts, levies=levied, standing=objections.standing(session, place, one.period))
        yield from _of_span(span, True, _twice(session, facts, change, was, would))
    for month in _months(span):
        if any(one.period.overlap(month) for one in sealed):
            continue
        policy = SettlementPolicy.at(book, place, month.last_day)
        used = revenue.usage_totals(session, place=place, before=month.end, received_until=received_until)
        begun = [sale for sale in sales if sale.entitlement.valid_from < month.end]
        held = holds(session, begun, used, place=place, period=month, received_until=received_until, book=book)
        facts = Facts(place, month, begun, used, {}, {}, Schedules(signed, frozen=frozen), policy.tax_vat_rate,
                      policy.payee_public_institution, held, levied,
                      standing=objections.standing(session, place, month))  # fmt: skip
        yield from _of_span(span, False, _twice(session, facts, change, was, would))


def ahead(session: Session, *, place: str, until: date, received_until: datetime, book: PolicyBook) -> Iterator[Worked]:
    """Yield the settlements that a place still has to make: months after the last sealed one, as if now were the time.

    Each follows on the ones before it, as it will once they are sealed; the first is what its dry run shows. At most
    twelve are told apart: of a place that has not settled for longer, the first takes in everything before it.

    Args:
        session: the session to read with.
        place: whose settlements.
        until: first day that is not looked at; the last month is cut there.
        received_until: use received later is left out.
        book: the rules in force.
    """
    last = session.scalar(
        sa.select(sa.func.max(SettlementRun.period_end)).where(
            SettlementRun.place == place, SettlementRun.state == RunState.SEALED
        )
    )
    begun = sa.select(sa.func.min(Entitlement.valid_from)).where(Entitlement.place == place)
    start = last or session.scalar(begun) or until
    oldest = add_months(Period.month_of(until - DAY).start, 1 - MONTHS_PER_YEAR)
    start = max(start if last else Period.month_of(start).start, oldest)
    first = start
    memory = _Memory(revenue.taken_before(session, place), splits.carried_by_step(session, place))
    while start < until:
        period = Period(start, min(Period.month_of(start).end, until))
        facts = facts_of(session, place=place, period=period, received_until=received_until, book=book)
        due = facts.due if start == first else {}  # what is put right at once is not put right again
        worked = settled(session, replace(facts, taken=memory.taken, carried=memory.carried, due=due))
        yield worked
        memory.add(worked)
        start = period.end


def _by_then(signed: list[ShareSchedule], sealed_at: datetime) -> list[ShareSchedule]:
    return [row for row in signed if row.signed_at is not None and row.signed_at <= sealed_at]


def _of_span(span: Period, is_sealed: bool, worked: tuple[Worked, Worked]) -> Iterator[Replayed]:
    then, now = worked
    if then.period.overlap(span):
        yield Replayed(then.period, is_sealed, then, now)


def _twice(session: Session, facts: Facts, change: Change, was: _Memory, would: _Memory) -> tuple[Worked, Worked]:
    then = settled(session, replace(facts, taken=was.taken, carried=was.carried))
    now = settled(session, change(replace(facts, taken=would.taken, carried=would.carried)))
    was.add(then)
    would.add(now)
    return then, now


def _months(span: Period) -> Iterator[Period]:
    start = span.start
    while start < span.end:
        yield Period.month_of(start)
        start = add_months(start, 1)


def _sealed(session: Session, place: str) -> list[_Sealed]:
    """Return the sealed settlements of a place in the order in which they were sealed."""
    used: dict[UUID, dict[UUID, dict[str | None, Used]]] = {}
    held: dict[UUID, dict[UUID, Hold]] = {}
    lines = sa.select(RevenueLine.run_id, RevenueLine.entitlement_id, RevenueLine.rating)
    for run_id, entitlement_id, rating in session.execute(lines.where(RevenueLine.place == place)):
        kinds = {kind or None: Used(*counts) for kind, counts in rating["subject_kinds"].items()}
        used.setdefault(run_id, {})[entitlement_id] = kinds
        if "hold" in rating:
            held.setdefault(run_id, {})[entitlement_id] = Hold.from_dict(rating["hold"])
    query = sa.select(
        SettlementRun.id, SettlementRun.period_start, SettlementRun.period_end, SettlementRun.sealed_at,
        SettlementRun.report["vat"]["value"].as_string(),
    ).where(SettlementRun.place == place, SettlementRun.state == RunState.SEALED)  # fmt: skip
    return [
        _Sealed(run_id, Period(start, end), sealed_at, vat, used.get(run_id, {}), held.get(run_id, {}))
        for run_id, start, end, sealed_at, vat in session.execute(
            query.order_by(SettlementRun.sealed_at, SettlementRun.period_start)
        )
    ]


def _sealed_facts(place: str, run: _Sealed, sales: list[Sale], schedules: Schedules, book: PolicyBook) -> Facts:
    """Return what a sealed settlement rests on: its own lines, the schedules signed by then, the rate that it used."""
    policy = SettlementPolicy.at(book, place, run.period.last_day)
    vat: Cited | None = policy.tax_vat_rate
    if vat is not None and run.vat is not None:
        vat = replace(vat, value=run.vat)
    paid = [replace(sale, is_paid=True) for sale in sales if sale.entitlement.id in run.used]
    return Facts(place, run.period, paid, run.used, {}, {}, schedules, vat, policy.payee_public_institution,
                 run.held, sealed_at=run.sealed_at)  # fmt: skip
