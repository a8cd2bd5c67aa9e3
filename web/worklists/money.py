"""What waits about money: lines of the bank, surplus, refunds, credit limits, and statements that are to be paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from flask import url_for
from flask_babel import gettext

from kernel.calendar import business_date
from kernel.identity import Role
from market.bank_lines import queries as lines
from market.bank_lines.model import BankLine
from market.bank_lines.pages import REASON_WORDS
from market.bank_lines.rules import LineState
from market.buyer_accounts import queries as accounts
from market.buyer_accounts.model import BuyerAccount
from market.payments import queries as payments
from market.payments.rules import PaymentMethod
from market.refunds import queries as refunds
from market.refunds.model import Refund
from market.refunds.rules import RefundState
from market.stripe_inbox import queries as inbox
from market.stripe_inbox.model import StripeEvent
from market.stripe_inbox.rules import EventState
from settlement.breaks import queries as breaks
from settlement.breaks.model import Break
from settlement.breaks.pages import word
from settlement.breaks.rules import BreakState
from web.worklists.tasks import SHOWN_MAX, Asking, Task

LINE_DAYS = 5  # working days within which a line in suspense is decided (A8)
UNKNOWN_LATE = timedelta(minutes=30)  # by then the provider has been asked many times


def lines_waiting(asking: Asking) -> Iterator[Task]:
    """Return the lines of the bank that wait for somebody who claims them or decides that they go back."""
    actor = asking.acting(Role.FINANCE_PREPARER)
    query = lines.listed(actor, state=LineState.QUEUED).order_by(BankLine.booked_at, BankLine.id).limit(SHOWN_MAX)
    for line in asking.session.scalars(query):
        assert line.reason is not None
        yield _line(asking, line, gettext("核对银行流水"), str(REASON_WORDS[line.reason]))
    for line in lines.stranded(asking.session, actor)[:SHOWN_MAX]:
        yield _line(asking, line, gettext("撤销认领后另行办理"), gettext("订单已取消或已以其他方式付清"))


def lines_to_return(asking: Asking) -> Iterator[Task]:
    """Return the lines of the bank whose money is to be sent back."""
    query = lines.listed(asking.acting(Role.FINANCE_PAYER), state=LineState.RETURNING)
    for line in asking.session.scalars(query.order_by(BankLine.booked_at, BankLine.id).limit(SHOWN_MAX)):
        yield _line(asking, line, gettext("退回付款人"), line.note)


def _line(asking: Asking, line: BankLine, what: str, why: str) -> Task:
    since = business_date(line.booked_at)
    return Task("bank_lines", what, line.serial, f"{line.payer_name} · {why}",
                url_for("bank_line_pages.show", line_id=line.id), line.place, since,
                asking.calendar.add_working_days(since, LINE_DAYS), "", f"¥ {line.amount.grouped()}")  # fmt: skip


def online_waiting(asking: Asking) -> Iterator[Task]:
    """Return surplus at the provider, tries that stay unknown, and events that a person has to look at."""
    actor, url = asking.acting(Role.FINANCE_PREPARER), url_for("suspense_pages.browse")
    reached = actor.places()
    for one in payments.parked(asking.session, places=reached)[:SHOWN_MAX]:
        left = refunds.left_of_attempt(asking.session, one)
        if left:
            yield Task("suspense", gettext("退回多收或不符的款项"), one.number, one.reason, url, one.place,
                       business_date(one.received_at or one.asked_at), None, "", f"¥ {left.grouped()}")  # fmt: skip
    for one in payments.unknown(asking.session, places=reached)[:SHOWN_MAX]:
        if one.asked_at + UNKNOWN_LATE < asking.now:
            yield Task("suspense", gettext("查明在线支付结果"), one.number, one.reason, url, one.place,
                       business_date(one.asked_at), None, "", f"¥ {one.amount.grouped()}")  # fmt: skip
    query = inbox.listed(actor, state=EventState.PARKED).order_by(StripeEvent.received_at).limit(SHOWN_MAX)
    for event in asking.session.scalars(query):
        yield Task("suspense", gettext("查明支付通知"), event.event_id, event.words, f"{url}#events", "",
                   business_date(event.received_at), None)  # fmt: skip


def breaks_waiting(asking: Asking) -> Iterator[Task]:
    """Return the breaks of reconciliations that wait: for an explanation, or for the second person; oldest first."""
    for role, states, what in (
        (Role.FINANCE_PREPARER, (BreakState.OPEN, BreakState.ASSIGNED, BreakState.EXPLAINED), gettext("查明对账差异")),
        (Role.FINANCE_CHECKER, (BreakState.PROPOSED,), gettext("复核关闭对账差异")),
    ):
        query = breaks.listed(asking.acting(role)).where(Break.state.in_(states))
        for one in asking.session.scalars(query.order_by(Break.since, Break.number).limit(SHOWN_MAX)):
            days = breaks.age(one, asking.today, asking.calendar)
            title = gettext("%(kind)s %(reference)s · 已历时 %(n)s 个工作日", kind=word(one.kind),
                            reference=one.reference, n=days)  # fmt: skip
            yield Task("reconciliation", what, one.number, title, url_for("break_pages.show", number=one.number),
                       one.place, one.since, asking.calendar.add_working_days(one.since, breaks.CLOSE_DAYS), "",
                       f"¥ {one.difference.grouped()}")  # fmt: skip


def refunds_waiting(asking: Asking) -> Iterator[Task]:
    """Return the refunds that wait for the second person, and those that wait to be transferred."""
    for role, states, what in (
        (Role.FINANCE_CHECKER, (RefundState.ASKED,), gettext("复核退款")),
        (Role.FINANCE_PAYER, (RefundState.APPROVED, RefundState.PENDING), gettext("付出退款")),
    ):
        query = refunds.listed(asking.acting(role)).where(Refund.state.in_(states))
        if role is Role.FINANCE_PAYER:
            query = query.where(Refund.method == PaymentMethod.BANK_TRANSFER)
        for one in asking.session.scalars(query.order_by(Refund.asked_at, Refund.id).limit(SHOWN_MAX)):
            yield Task("refunds", what, one.number, one.reason[:80], url_for("refund_pages.show", refund_id=one.id),
                       one.place, business_date(one.asked_at), None, "", f"¥ {one.amount.grouped()}")  # fmt: skip


def limits_to_confirm(asking: Asking) -> Iterator[Task]:
    """Return the credit limits that wait for the second person."""
    for limit, account in accounts.proposed(asking.session, asking.acting(Role.FINANCE_CHECKER))[:SHOWN_MAX]:
        yield Task("buyer_accounts", gettext("复核月结额度"), account.number, limit.basis[:80],
                   url_for("buyer_account_pages.show", account_id=account.id), account.place,
                   business_date(limit.proposed_at), None, "", f"¥ {limit.amount.grouped()}")  # fmt: skip


def statements_to_pay(asking: Asking) -> Iterator[Task]:
    """Return the statements of the own accounts that are not paid in full, by their last day."""
    query = accounts.listed(asking.acting(Role.BUYER, Role.SOURCE)).order_by(BuyerAccount.id)
    for account in asking.session.scalars(query.limit(SHOWN_MAX)):
        for one, left in accounts.statements(asking.session, account.id):
            if left:
                yield Task("buyer_accounts", gettext("支付月结账单"), one.number, one.month,
                           url_for("buyer_account_pages.statement", account_id=account.id, number=one.number),
                           one.place, business_date(one.issued_at), one.due_date, "",
                           f"¥ {left.grouped()}")  # fmt: skip
