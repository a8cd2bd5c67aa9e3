"""Reading runs: what they saw, what has gone since, and what has not cleared in time (A8)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel import files
from kernel.calendar import Period, WorkingCalendar, business_date, start_of_day
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.money import ZERO, Money, round_half_up
from kernel.policy import PolicyBook
from market.bank_lines.model import BankLine
from market.orders.model import Order
from market.payments.model import Attempt, Payment
from settlement.arrivals.queries import under_way as arriving
from settlement.breaks.model import Break
from settlement.breaks.queries import unfinished
from settlement.breaks.rules import BreakState
from settlement.ledger import queries as books
from settlement.ledger.model import JournalEntry
from settlement.ledger.rules import Cause, head_of
from settlement.matching.rules import Flow, Item, Kind, Side, digest
from settlement.policy import SettlementPolicy
from settlement.provider_lines.model import ProviderBatch, ProviderLine
from settlement.reconciliation.model import ReconciliationRun
from settlement.sides.queries import items

# working days within which an account has to be clear: what the provider holds, what is under way, what is in suspense
CLEARS_IN = {"asset:psp": 1, "asset:transit": 2, "liability:unapplied": 5}
FLOWS_ON = {
    "asset:psp": (Flow.CHARGE, Flow.REFUND, Flow.DISPUTE, Flow.PAYOUT, Flow.OTHER),
    "asset:transit": (Flow.PAYOUT,),
    "liability:unapplied": (Flow.RECEIPT, Flow.SENT, Flow.CHARGE),
}


class NoSuchRun(NotFound):
    """There is no such run, or none that the actor may know of."""

    code = "reconciliation.not_found"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between what a run saw and what is there now."""

    what: str  # gone, changed or new
    side: Side
    key: str
    words: str  # the item as the run saw it (as it is now, where it is new)
    now: str = ""


@dataclass(frozen=True, slots=True)
class Uncleared:
    """What has stood on a clearing account for too long, and the open breaks that speak of it."""

    place: str
    account: str
    since: date
    due: date
    amount: Money
    days: int  # working days
    breaks: tuple[str, ...]  # numbers
    is_owned: bool  # every one of them has been taken up by somebody


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[ReconciliationRun]:
    """Return the query of the runs at the actor's places."""
    reached = [
        sa.true() if grant.place is None else ReconciliationRun.place == grant.place
        for grant in actor.grants
        if grant.role in ROLES_OF[Permission.SETTLEMENT_READ]
    ]
    query = sa.select(ReconciliationRun).where(sa.or_(sa.false(), *reached))
    return query if place is None else query.where(ReconciliationRun.place == place)


def visible(session: Session, actor: Actor, number: str) -> ReconciliationRun:
    """Return one run.

    Raises:
        NoSuchRun: there is none that the actor may know of.
    """
    found = session.scalar(listed(actor).where(ReconciliationRun.number == number))
    if found is None:
        raise NoSuchRun(f"没有编号为 {number} 的对账，或不在您的范围内", detail_en="No such reconciliation")
    return found


def last_of(session: Session, place: str, period: Period) -> ReconciliationRun | None:
    """Return the newest run of exactly that period, or None."""
    query = sa.select(ReconciliationRun).where(
        ReconciliationRun.place == place, ReconciliationRun.period_start == period.start,
        ReconciliationRun.period_end == period.end,
    )  # fmt: skip
    return session.scalar(query.order_by(ReconciliationRun.made_at.desc(), ReconciliationRun.id.desc()).limit(1))


def active_places(session: Session) -> list[str]:
    """Return the places with books, bank lines or lines of the provider: those that have something to compare."""
    found: set[str] = set()
    for column in (JournalEntry.place, BankLine.place, ProviderLine.place):
        found |= set(session.scalars(sa.select(column).distinct()))
    return sorted(found)


def is_of(item: Item, period: Period) -> bool:
    """Say whether an item belongs to what a run of the period remembers."""
    return period.contains(item.day)


def lines_of(found: Iterable[Item]) -> dict[str, str]:
    """Return items as the lines that are kept: by name, in the order of their names."""
    lines = {}
    for one in sorted(found, key=lambda item: (item.key, item.flow, item.reference)):
        lines[f"{one.key} {one.flow} {one.reference}"] = json.dumps(
            [one.key, one.flow, one.reference, one.amount.text(), one.currency, one.day.isoformat(), one.fee.text(),
             one.net.text() if one.net is not None else "", one.parent, one.batch, one.own, one.order],
            ensure_ascii=False,
        )  # fmt: skip
    return lines


def packed(lines: Mapping[str, str]) -> bytes:
    """Return lines as the bytes that are kept; the same lines give the same bytes."""
    return gzip.compress("\n".join(lines.values()).encode(), mtime=0)


def seen(session: Session, run: ReconciliationRun, side: Side) -> dict[str, str]:
    """Return what a run saw of one side, by name.

    Raises:
        NoSuchFile: what it saw was removed from the evidence.
    """
    sha256 = run.inputs[side]["sha256"]
    if not sha256:
        return {}
    text = gzip.decompress(files.get(session, sha256).content).decode()
    lines = {}
    for line in text.split("\n"):
        key, flow, reference = json.loads(line)[:3]
        lines[f"{key} {flow} {reference}"] = line
    return lines


def changes(session: Session, run: ReconciliationRun, found: Sequence[Item] | None = None) -> list[Change]:
    """Return what has gone, changed or come since a run, by side and name; ``found`` is what is there now."""
    period = Period(run.period_start, run.period_end)
    present = found if found is not None else items(session, place=run.place, period=period)
    result = []
    for side in Side:
        before = seen(session, run, side)
        now = lines_of(one for one in present if one.side is side and is_of(one, period))
        for name in sorted(before.keys() | now.keys()):
            old, new = before.get(name), now.get(name)
            if old == new:
                continue
            what = "gone" if new is None else "new" if old is None else "changed"
            result.append(Change(what, side, name.split(" ")[0], old or new or "", new if old and new else ""))
    return result


def agreed_fee(book: PolicyBook, place: str, on: date) -> Callable[[Item], Money | None]:
    """Return what the provider may keep of a charge by its contract, or None where no contract is configured."""
    policy = SettlementPolicy.at(book, place, on)
    rate, fixed = policy.provider_fee_rate, policy.provider_fee_fixed
    if rate is None:
        return lambda item: None
    each = round_half_up(fixed.decimal()) if fixed is not None else ZERO
    return lambda item: item.amount.times(rate.decimal()) + each


def payout_days(book: PolicyBook, place: str, on: date) -> int:
    """Return within how many working days a payout of the provider reaches the bank by contract; 0 where none says."""
    found = SettlementPolicy.at(book, place, on).provider_payout_working_days
    return 0 if found is None else found.integer()


def waiting_rule(book: PolicyBook, place: str, now: datetime, calendar: WorkingCalendar) -> Callable[[Item], bool]:
    """Return what says of a payout whether it may still be on its way to the bank today."""
    today = business_date(now)
    days = payout_days(book, place, today)
    return lambda item: bool(days) and calendar.add_working_days(item.day, days) >= today


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A payout of the provider of which something has not reached the bank, within its agreed days."""

    place: str
    reference: str
    day: date
    due: date
    amount: Money


def under_way(
    session: Session, now: datetime, *, book: PolicyBook, calendar: WorkingCalendar, places: Iterable[str]
) -> list[UnderWay]:
    """Return the payouts that are on their way: paid out by the provider, not all arrived, the agreed days running."""
    today, found = business_date(now), []
    for place in sorted(set(places)):
        days = payout_days(book, place, today)
        for line, left in arriving(session, place) if days else ():
            due = calendar.add_working_days(line.day, days)
            if due >= today:
                found.append(UnderWay(place, line.reference, line.day, due, left))
    return found


def inputs_sha256(inputs: Mapping[str, Mapping[str, object]]) -> str:
    """Return the digest over the digests of all sides."""
    return digest(f"{side}:{inputs[side]['sha256']}" for side in sorted(inputs))


def breaks_of(session: Session, place: str, account: str) -> list[Break]:
    """Return the open breaks that speak of what stands on a clearing account."""
    flows = FLOWS_ON.get(head_of(account), ())
    money = [one for one in unfinished(session, place) if one.flow in flows]
    return [one for one in money if one.kind not in (Kind.DATE_CUT_OFF, Kind.PAYOUT_SPLIT)]


def uncleared(session: Session, now: datetime, *, calendar: WorkingCalendar, places: Iterable[str]) -> list[Uncleared]:
    """Return what has stood on clearing accounts beyond its time: the provider's beyond the next working day, what is
    in suspense beyond five. Empty means that nothing of this kind blocks a close.

    Source:
        A8; 会计基础工作规范.
    """
    today, found = business_date(now), []
    for place in sorted(set(places)):
        for one in books.uncleared(session, place=place, day=today):
            days = CLEARS_IN.get(head_of(one.account))
            if days is None:
                continue
            due = calendar.add_working_days(one.since, days)
            if due >= today:
                continue
            speaking = breaks_of(session, place, one.account)
            found.append(Uncleared(
                place, one.account, one.since, due, one.amount, calendar.working_days_between(one.since, today),
                tuple(each.number for each in speaking),
                bool(speaking) and all(each.state is not BreakState.OPEN for each in speaking),
            ))  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Held:
    """A charge that the provider has taken and that is in none of its booked payouts."""

    number: str  # of the try to pay
    order: str
    name: str  # by which the provider knows it
    amount: Money
    day: date


def held_by_provider(session: Session, place: str, *, before: date) -> list[Held]:
    """Return the charges from before a day that are in no booked payout of the provider, the oldest first.

    Args:
        session: the session to read with.
        place: whose charges.
        before: Beijing date.
    """
    name = sa.func.coalesce(Attempt.intent_id, Attempt.provider_id, Attempt.number)
    charge, payout = aliased(ProviderLine), aliased(ProviderLine)
    is_same = sa.and_(ProviderBatch.place == charge.place, ProviderBatch.serial == charge.serial)
    batch = sa.func.coalesce(sa.func.nullif(charge.batch, ""), ProviderBatch.batch, "")
    cause = sa.func.replace(sa.cast(payout.id, sa.Text), "-", "")
    is_paid_out = (
        sa.select(charge.id)
        .outerjoin(ProviderBatch, is_same)
        .join(payout, sa.and_(payout.place == charge.place, payout.reference == batch, payout.flow == Flow.PAYOUT))
        .join(JournalEntry, sa.and_(JournalEntry.cause == Cause.PROVIDER_PAYOUT, JournalEntry.cause_id == cause))
        .where(charge.place == Attempt.place, charge.flow == Flow.CHARGE, charge.reference == name)
        .exists()
    )
    query = (
        sa.select(Attempt.number, Order.number.label("order"), name.label("name"), Attempt.received,
                  Attempt.received_at)
        .join(Payment, Payment.id == Attempt.payment_id).join(Order, Order.id == Payment.order_id)
        .where(Attempt.place == place, Attempt.received.is_not(None), Attempt.received_at < start_of_day(before),
               ~is_paid_out)
        .order_by(Attempt.received_at, Attempt.number)
    )  # fmt: skip
    return [
        Held(row.number, row.order, row.name, row.received, business_date(row.received_at))
        for row in session.execute(query)
    ]
