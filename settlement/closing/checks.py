"""What stands in the way of closing a month: one function per blocker, each names what it found and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import Period, WorkingCalendar, business_date, start_of_day
from market.bank_lines.model import BankLine
from market.bank_lines.rules import LineState
from market.invoices.model import Invoice
from market.invoices.rules import InvoiceState
from market.payments.model import Attempt
from market.payments.rules import AttemptState
from market.refunds.model import Refund
from market.refunds.rules import OPEN as REFUNDS_OPEN
from market.stripe_inbox.model import StripeEvent
from market.stripe_inbox.rules import EventState
from settlement.breaks.model import Break
from settlement.breaks.rules import BreakState
from settlement.closing.model import Closing
from settlement.closing.rules import Blocker, ClosingState, Item
from settlement.intake.queries import oldest_unbooked
from settlement.ledger import checks as books
from settlement.ledger.model import JournalEntry
from settlement.ledger.queries import balance
from settlement.ledger.rules import head_of, psp
from settlement.payouts.model import Payout
from settlement.payouts.rules import PayoutState
from settlement.reconciliation.queries import CLEARS_IN, Uncleared, held_by_provider, uncleared
from settlement.reservations.model import Reservation
from settlement.runs.model import SettlementRun
from settlement.runs.queries import sealed_tie_out
from settlement.runs.rules import RunState
from settlement.splits.model import ShareLine
from settlement.statements.model import Statement

NAMED = 3
PROVIDER = "asset:psp"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose books of which month are to be closed, and when that is asked."""

    place: str
    period: Period
    now: datetime
    calendar: WorkingCalendar

    @property
    def end(self) -> datetime:
        """The first moment that does not belong to the month."""
        return start_of_day(self.period.end)


def run(session: Session, asked: Asked) -> list[Item]:
    """Return the whole checklist of a month, clear items included; nothing is written."""
    return [check(session, asked) for check in CHECKS]


def _item(blocker: Blocker, names: list[Any], what_to_do: str) -> Item:
    if not names:
        return Item(blocker, 0, "")
    first = "、".join(str(name) for name in names[:NAMED])
    more = f" 等 {len(names)} 项" if len(names) > NAMED else ""
    return Item(blocker, len(names), f"{first}{more}：{what_to_do}")


def period_not_over(_session: Session, asked: Asked) -> Item:
    """Find a month whose last day has not passed in Beijing."""
    left = [asked.period.text()] if business_date(asked.now) < asked.period.end else []
    return _item(Blocker.PERIOD_NOT_OVER, left, f"{asked.period.end} 起才能结账")


def earlier_period_open(session: Session, asked: Asked) -> Item:
    """Find earlier months of the book that have entries and are not closed."""
    closed = set(
        session.scalars(
            sa.select(Closing.period_start).where(Closing.place == asked.place, Closing.state == ClosingState.CLOSED)
        )
    )
    days = session.scalars(
        sa.select(JournalEntry.entry_date)
        .where(JournalEntry.place == asked.place, JournalEntry.entry_date < asked.period.start)
        .distinct()
    )
    months = sorted({date(day.year, day.month, 1) for day in days} - closed)
    return _item(Blocker.EARLIER_PERIOD_OPEN, [f"{month:%Y-%m}" for month in months], "请先结以前各月的账")


def facts_unbooked(session: Session, asked: Asked) -> Item:
    """Find money that moved by the end of the month and has no entry."""
    late = [kind for kind, at in sorted(oldest_unbooked(session, place=asked.place).items()) if at < asked.end]
    return _item(Blocker.FACTS_UNBOOKED, late, "请运行入账")


def payment_unknown(session: Session, asked: Asked) -> Item:
    """Find tries to pay online of which nobody knows the outcome."""
    found = session.scalars(
        sa.select(Attempt.number)
        .where(Attempt.place == asked.place, Attempt.asked_at < asked.end,
               Attempt.state.in_((AttemptState.ASKED, AttemptState.UNKNOWN)))
        .order_by(Attempt.number)
    )  # fmt: skip
    return _item(Blocker.PAYMENT_UNKNOWN, list(found), "请向支付机构查询结果")


def refund_in_progress(session: Session, asked: Asked) -> Item:
    """Find refunds that were agreed and have not ended."""
    found = session.scalars(
        sa.select(Refund.number)
        .where(Refund.place == asked.place, Refund.asked_at < asked.end, Refund.state.in_(REFUNDS_OPEN))
        .order_by(Refund.number)
    )
    return _item(Blocker.REFUND_IN_PROGRESS, list(found), "请办完退款或登记结果")


def provider_event_waiting(session: Session, asked: Asked) -> Item:
    """Find messages of the payment provider that nobody has taken up; they may be about any place."""
    found = session.scalars(
        sa.select(StripeEvent.event_id)
        .where(StripeEvent.state.in_((EventState.RECEIVED, EventState.PARKED)), StripeEvent.created_at < asked.end)
        .order_by(StripeEvent.event_id)
    )
    return _item(Blocker.PROVIDER_EVENT_WAITING, list(found), "请在支付通知页面处理")


def bank_line_waiting(session: Session, asked: Asked) -> Item:
    """Find lines of the bank that nobody has matched or decided."""
    found = session.scalars(
        sa.select(BankLine.serial)
        .where(BankLine.place == asked.place, BankLine.booked_at < asked.end,
               BankLine.state.in_((LineState.QUEUED, LineState.RETURNING)))
        .order_by(BankLine.serial)
    )  # fmt: skip
    return _item(Blocker.BANK_LINE_WAITING, list(found), "请认领或退回")


def call_unknown(session: Session, asked: Asked) -> Item:
    """Find calls answered elsewhere of which nobody knows whether they count."""
    found = session.scalars(
        sa.select(Reservation.client_reference)
        .where(Reservation.place == asked.place, Reservation.admitted_at < asked.end,
               Reservation.concluded_at.is_(None))
        .order_by(Reservation.client_reference)
    )  # fmt: skip
    return _item(Blocker.CALL_UNKNOWN, list(found), "请核实调用结果")


def invoice_waiting(session: Session, asked: Asked) -> Item:
    """Find invoices that were asked for and neither issued nor refused."""
    found = session.scalars(
        sa.select(Invoice.number)
        .where(Invoice.place == asked.place, Invoice.requested_at < asked.end,
               Invoice.state == InvoiceState.REQUESTED)
        .order_by(Invoice.number)
    )  # fmt: skip
    return _item(Blocker.INVOICE_WAITING, list(found), "请销售方开具或退回申请")


def settlement_not_sealed(session: Session, asked: Asked) -> Item:
    """Find that no sealed settlement covers the month."""
    is_sealed = _sealed(session, asked) is not None
    return _item(
        Blocker.SETTLEMENT_NOT_SEALED, [] if is_sealed else [asked.period.text()], "请编制、复核并封存收益结算"
    )


def _sealed(session: Session, asked: Asked) -> SettlementRun | None:
    return session.scalar(
        sa.select(SettlementRun).where(
            SettlementRun.place == asked.place, SettlementRun.period_start == asked.period.start,
            SettlementRun.period_end == asked.period.end, SettlementRun.state == RunState.SEALED,
        )
    )  # fmt: skip


def settlement_does_not_tie(session: Session, asked: Asked) -> Item:
    """Find sums of the sealed settlement that differ when they are read back from the books once more."""
    found = _sealed(session, asked)
    sums = {} if found is None else sealed_tie_out(session, found)
    names = [f"{name} {amount.text()}" for name, amount in sums.items()] if len(set(sums.values())) > 1 else []
    return _item(Blocker.SETTLEMENT_DOES_NOT_TIE, names, "请核对账簿并报审计")


def statement_missing(session: Session, asked: Asked) -> Item:
    """Find parties with a share in the sealed settlement and without a statement."""
    found = _sealed(session, asked)
    names: list[UUID] = []
    if found is not None:
        stated = sa.select(Statement.party_id).where(Statement.run_id == found.id)
        names = list(
            session.scalars(
                sa.select(ShareLine.party_id)
                .where(ShareLine.run_id == found.id, ShareLine.party_id.not_in(stated))
                .distinct()
                .order_by(ShareLine.party_id)
            )
        )
    return _item(Blocker.STATEMENT_MISSING, names, "请核对结算单并报审计")


def books_wrong(session: Session, _asked: Asked) -> Item:
    """Find anything that the auditors' checks of the journal object to."""
    return _item(Blocker.BOOKS_WRONG, books.run(session), "请先更正账簿")


def control_not_clear(session: Session, asked: Asked) -> Item:
    """Find what came before the end of the month and has stood on a clearing account beyond its time (A8)."""
    names = [
        f"{one.account} 自 {one.since} {one.amount.text()} 元"
        for one in _overdue(session, asked)
        if head_of(one.account) != PROVIDER
    ]
    return _item(Blocker.CONTROL_NOT_CLEAR, names, "请认领、退回或转出")


def provider_not_clear(session: Session, asked: Asked) -> Item:
    """Find what the payment provider took before the end of the month and holds beyond the next working day (A8).

    Each charge that is in none of its payouts is named; what no charge explains, by account and day. A charge that
    stays behind is looked for by itself, too: on the account, what comes and goes after it takes its place.
    """
    late = [one for one in _overdue(session, asked) if head_of(one.account) == PROVIDER]
    if not late and not balance(session, psp(asked.place)):
        return Item(Blocker.PROVIDER_NOT_CLEAR, 0, "")
    days, today = CLEARS_IN[PROVIDER], business_date(asked.now)
    held = [
        one
        for one in held_by_provider(session, asked.place, before=asked.period.end)
        if asked.calendar.add_working_days(one.day, days) < today
    ]
    names = [f"订单 {one.order} 收款 {one.name} 自 {one.day} {one.amount.text()} 元" for one in held]
    names = names or [f"{one.account} 自 {one.since} 应于 {one.due} 清零 {one.amount.text()} 元" for one in late]
    return _item(Blocker.PROVIDER_NOT_CLEAR, names, "请取得支付机构明细，核对结算款后入账")


def _overdue(session: Session, asked: Asked) -> list[Uncleared]:
    found = uncleared(session, asked.now, calendar=asked.calendar, places=[asked.place])
    return [one for one in found if one.since < asked.period.end]


def audit_unsealed(session: Session, asked: Asked) -> Item:
    """Find lines of the audit log of the month that no seal covers."""
    last, line = audit.last_seal(session), audit.AuditLine
    query = sa.select(line.action).where(line.at < asked.end).order_by(line.id).limit(NAMED + 1)
    waiting = list(session.scalars(query if last is None else query.where(line.id > last.last_line)))
    return _item(Blocker.AUDIT_UNSEALED, waiting, "请等待或运行审计封印")


def break_open(session: Session, asked: Asked) -> Item:
    """Find breaks of the reconciliation that are about the month and not closed."""
    found = session.scalars(
        sa.select(Break.number)
        .where(Break.place == asked.place, Break.since < asked.period.end, Break.state != BreakState.CLOSED)
        .order_by(Break.number)
    )
    return _item(Blocker.BREAK_OPEN, list(found), "请在对账页面处理并由另一人关闭")


def payout_unknown(session: Session, asked: Asked) -> Item:
    """Find payouts of which nobody knows whether they arrived (R9)."""
    found = session.scalars(
        sa.select(Payout.number)
        .where(Payout.place == asked.place, Payout.sent_at < asked.end, Payout.state == PayoutState.UNKNOWN)
        .order_by(Payout.number)
    )
    return _item(Blocker.PAYOUT_UNKNOWN, list(found), "请向银行或支付机构查询结果")


CHECKS: tuple[Callable[[Session, Asked], Item], ...] = (
    period_not_over, earlier_period_open, facts_unbooked, payment_unknown, refund_in_progress, provider_event_waiting,
    bank_line_waiting, call_unknown, invoice_waiting, settlement_not_sealed, settlement_does_not_tie,
    statement_missing, books_wrong, control_not_clear, provider_not_clear, audit_unsealed,
    break_open, payout_unknown,
)  # fmt: skip
