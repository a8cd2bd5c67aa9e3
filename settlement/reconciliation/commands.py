"""A run of the reconciliation: books what the provider paid out, sees all sides, keeps what it saw, names breaks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, files, numbering, progress
from kernel.calendar import DAY, Period, WorkingCalendar, business_date
from kernel.db import new_id
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money, total
from kernel.policy import PolicyBook
from market.payments.model import Attempt
from settlement.arrivals.queries import under_way as arriving
from settlement.breaks import commands as breaks
from settlement.breaks.model import Break
from settlement.breaks.queries import by_fingerprint, unfinished
from settlement.intake.commands import take_in_payments
from settlement.ledger.commands import book_new
from settlement.ledger.model import JournalEntry
from settlement.ledger.queries import balance, first_open_day
from settlement.ledger.rules import Cause, Entry, Leg, provider_fee, psp, transit
from settlement.matching.rules import Finding, Flow, Item, Kind, Outcome, Scope, Side, match
from settlement.provider_lines.model import ProviderLine
from settlement.provider_lines.queries import of_batch
from settlement.reconciliation import queries
from settlement.reconciliation.model import ReconciliationRun
from settlement.reconciliation.queries import Change
from settlement.reconciliation.rules import must_be_over, told
from settlement.sides.queries import items

LOOKED_BACK = 62 * DAY  # a payout that has not arrived by then has long been a break of its own


def reconcile(
    session: Session, actor: Actor, *, place: str, period: Period, now: datetime, book: PolicyBook,
    calendar: WorkingCalendar | None = None,
) -> ReconciliationRun:  # fmt: skip
    """Compare all sides for a period and keep the run: inputs by digest, breaks, and what went since an earlier run.

    Breaks of earlier runs are looked at again: where the sides agree now, the late items are linked to them. A payout
    of the provider that has not reached the bank is a break once its agreed days are over, and is looked at until then.

    Raises:
        NotAllowed: the actor does not reconcile at the place.
        NoSuchPlace: there is no such place.
        PeriodNotOver: the period has not ended.
    """
    actor.must(Permission.RECONCILE, place=book.place(place).key)
    must_be_over(period, business_date(now))
    numbering.take_block(session, f"RECONCILE-{place}", 0)  # of two runs at once the second sees what the first found
    with progress.track("reconciliation.run", 4, about=f"{place} {period.text()}") as run_on:
        while take_in_payments(session, actor, now=now, place=place):
            pass
        book_payouts(session, actor, place=place, now=now)
        run_on.step("取各方明细")
        before = queries.last_of(session, place, period)
        open_before = unfinished(session, place)
        watched = {one.reference for one in open_before} | _arriving(session, place, period, book)
        found = items(session, place=place, period=period, watched=watched)
        run_on.step("逐笔核对")
        fee = queries.agreed_fee(book, place, period.last_day)
        outcome = match(found, Scope(period, watched, _known(session, place, found), fee))
        changed = queries.changes(session, before, found) if before is not None else []
        gone = [one for one in changed if one.what == "gone"]
        may_wait = queries.waiting_rule(book, place, now, calendar or WorkingCalendar())
        named = told(outcome.findings, may_wait, {one.fingerprint for one in open_before})
        findings = [*named, *_of_gone(gone, outcome.findings, period)]
        run_on.step("记录差异")
        run = _keep(session, actor, place, period, found, outcome, gone, findings, open_before, now)
        run_on.step()
    audit.record(session, actor, "reconciliation.run", run, at=now, note=run.number,
                 detail={"inputs_sha256": run.inputs_sha256, "breaks": len(run.found), "gone": len(gone)})  # fmt: skip
    return run


def _keep(
    session: Session, actor: Actor, place: str, period: Period, found: Sequence[Item], outcome: Outcome,
    gone: Sequence[Change], findings: Sequence[Finding], open_before: Sequence[Break], now: datetime,
) -> ReconciliationRun:  # fmt: skip
    number = numbering.number(session, f"REC-{place}", period.start)
    new = breaks.take_in(session, actor, place=place, findings=findings, run_number=number, now=now)
    known = by_fingerprint(session, place, {one.fingerprint for one in findings})
    healed = _heal(session, actor, open_before, {one.fingerprint for one in findings}, found, number, now)
    inputs = {side.value: _inputs(session, side, period, found, number, now) for side in Side}
    run = ReconciliationRun(
        id=new_id(), number=number, place=place, period_start=period.start, period_end=period.end, made_at=now,
        made_by=actor.id, made_by_name=actor.name, inputs=inputs, inputs_sha256=queries.inputs_sha256(inputs),
        agreed={flow.value: count for flow, count in sorted(outcome.agreed.items())},
        found=[[known[one.fingerprint].number, one.kind, one.reference] for one in findings],
        new_breaks=new, healed=healed, gone=[asdict(one) for one in gone],
    )  # fmt: skip
    session.add(run)
    session.flush()
    return run


def _arriving(session: Session, place: str, period: Period, book: PolicyBook) -> set[str]:
    """Return the payouts of late that may have run out of their agreed days since they were looked at."""
    if not queries.payout_days(book, place, period.last_day):
        return set()
    since = period.start - LOOKED_BACK
    return {line.reference for line, _ in arriving(session, place) if line.day >= since}


def _inputs(
    session: Session, side: Side, period: Period, found: Sequence[Item], number: str, now: datetime
) -> dict[str, Any]:
    own = [item for item in found if item.side is side and queries.is_of(item, period)]
    lines = queries.lines_of(own)
    sha256 = ""
    if lines:
        sha256 = files.keep(session, queries.packed(lines), name=f"{number}-{side}.jsonl.gz",
                            media_type="application/gzip", now=now)  # fmt: skip
    amount: Money = total(item.amount for item in own if item.flow is not Flow.RIGHT)
    return {"sha256": sha256, "count": len(lines), "sum": amount.text()}


def _known(session: Session, place: str, found: Sequence[Item]) -> frozenset[str]:
    """Return which of the numbers that the provider carries are ours."""
    named = sorted({item.own for item in found if item.side is Side.PROVIDER and item.own})
    known: set[str] = set()
    for first in range(0, len(named), 500):
        query = sa.select(Attempt.number).where(Attempt.place == place, Attempt.number.in_(named[first : first + 500]))
        known.update(session.scalars(query))
    # a debit is one of ours if it names a payout, whatever has been noted about it
    return frozenset(known | {item.own for item in found if item.side is Side.BANK and item.own})


def _of_gone(gone: Sequence[Change], named: Sequence[Finding], period: Period) -> list[Finding]:
    """Return a finding for each item that an earlier run saw and is gone, unless its absence is named already."""
    known = {(one.side, one.reference) for one in named if one.kind in (Kind.MISSING, Kind.UNKNOWN_REFERENCE)}
    found = []
    for one in gone:
        key, flow, reference, amount, currency, day, *_, order = json.loads(one.words)
        if (one.side, reference) in known:
            continue
        item = Item(one.side, key, Flow(flow), reference, Money.signed_yuan(amount), date.fromisoformat(day),
                    currency, order=order, words="早先对账时存在，现已不在")  # fmt: skip
        found.append(Finding(Kind.MISSING, one.side, item.flow, reference, (item,), abs(item.amount), item.day))
    return list({one.fingerprint: one for one in found}.values())


def _heal(
    session: Session, actor: Actor, open_before: Sequence[Break], still: set[str], found: Sequence[Item], number: str,
    now: datetime,
) -> int:  # fmt: skip
    """Link to each open break that is not found any more the items with which the sides agree now."""
    by_name: dict[tuple[str, str], list[Item]] = {}
    for item in found:
        by_name.setdefault((item.flow, item.reference), []).append(item)
    count = 0
    for one in open_before:
        own = by_name.get((one.flow, one.reference), [])
        if one.fingerprint in still or one.healed_at is not None or not own:
            continue
        breaks.heal(session, actor, one, items=own, run_number=number, now=now)
        count += 1
    return count


def book_payouts(session: Session, actor: Actor, *, place: str, now: datetime) -> int:
    """Book what the provider sent to the bank and what it kept for its service, payout by payout; return how many.

    What the books do not know the provider to hold is not taken out of it: such a payout stays unbooked, and a run
    names it.

    Raises:
        NotAllowed: the actor takes no part in the books of the place.
    """
    actor.must(Permission.INTAKE, place=place)
    name = sa.func.replace(sa.cast(ProviderLine.id, sa.Text), "-", "")
    booked = sa.exists().where(JournalEntry.cause == Cause.PROVIDER_PAYOUT, JournalEntry.cause_id == name)
    query = sa.select(ProviderLine).where(
        ProviderLine.place == place, ProviderLine.flow == Flow.PAYOUT, ProviderLine.amount != ZERO, ~booked
    )
    lines = session.scalars(query.order_by(ProviderLine.happened_at, ProviderLine.serial)).all()
    held, entries = balance(session, psp(place)), list[Entry]()
    for line in lines:
        entry = _payout_entry(session, line)
        left = held + total(leg.amount for leg in entry.legs if leg.account == psp(place))
        if left >= ZERO:
            held, entries = left, [*entries, entry]
    if entries:
        book_new(session, actor, entries, now=now)
        audit.record(session, actor, "reconciliation.book_payouts", ("settlement_provider_line", str(lines[0].id)),
                     at=now, detail={"count": len(entries)})  # fmt: skip
    return len(entries)


def _payout_entry(session: Session, line: ProviderLine) -> Entry:
    """Return the entry of one payout: what left, and the fees of the lines in it, out of what the provider held."""
    fees = total(one.fee for one in of_batch(session, line.place, line.reference)) + line.fee
    held, words = psp(line.place), f"支付机构结算 {line.reference}"
    legs = [Leg(transit(line.place), line.amount), Leg(provider_fee(line.place), fees), Leg(held, -line.amount - fees)]
    return Entry(line.place, Cause.PROVIDER_PAYOUT, line.id.hex, first_open_day(session, line.place, line.day), words,
                 tuple(leg for leg in legs if leg.amount))  # fmt: skip
