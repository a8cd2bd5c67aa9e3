"""Entries of the journal and the short chart of accounts. Pure.

One signed amount per line (debit +, credit −); "balanced" is then one sum. Accounts are text whose first
segment fixes the normal side: ``asset:bank:<place>`` (debit), ``liability:…`` (credit).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.errors import Conflict, Invalid
from kernel.money import ZERO, Money, total


class Cause(StrEnum):
    """What makes an entry; with the id of the thing it can happen only once."""

    PAYMENT_CAPTURED = "payment_captured"
    BANK_LINE_RECEIVED = "bank_line_received"
    BANK_LINE_RETURNED = "bank_line_returned"
    SURPLUS_RECEIVED = "surplus_received"
    BALANCE_TOPPED_UP = "balance_topped_up"
    STATEMENT_REPAID = "statement_repaid"
    REFUND_PAID = "refund_paid"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    REVENUE_EARNED = "revenue_earned"
    PROVIDER_PAYOUT = "provider_payout"
    PROVIDER_PAYOUT_ARRIVED = "provider_payout_arrived"
    PAYOUT_SENT = "payout_sent"
    PAYOUT_CONFIRMED = "payout_confirmed"
    PAYOUT_RETURNED = "payout_returned"
    CLAWBACK_RAISED = "clawback_raised"
    CLAWBACK_REPAID = "clawback_repaid"
    CLAWBACK_WRITTEN_OFF = "clawback_written_off"
    REVERSAL = "reversal"
    PARTIAL_REVERSAL = "partial_reversal"


class Side(StrEnum):
    """Where an account's balance normally stands."""

    DEBIT = "debit"
    CREDIT = "credit"


CHART = {
    "asset:bank": Side.DEBIT,
    "asset:psp": Side.DEBIT,
    "asset:transit": Side.DEBIT,
    "asset:receivable": Side.DEBIT,
    "asset:disputed": Side.DEBIT,
    "asset:clawback": Side.DEBIT,
    "asset:treasury_claim": Side.DEBIT,
    "liability:unapplied": Side.CREDIT,
    "liability:prepaid": Side.CREDIT,
    "liability:unearned": Side.CREDIT,
    "liability:output_tax": Side.CREDIT,
    "liability:payable": Side.CREDIT,
    "liability:treasury": Side.CREDIT,
    "liability:held": Side.CREDIT,
    "liability:in_transit": Side.CREDIT,
    "expense:written_off": Side.DEBIT,
    "expense:provider_fee": Side.DEBIT,
}


# what of a sale somebody holds, and gives back in a refund
OF_THE_SALE = (
    "liability:unearned",
    "liability:output_tax",
    "liability:payable",
    "liability:treasury",
    "liability:held",
)

# by kind of payee (settlement.splits.rules.PayeeKind): a wrong account would be a wrong payee
PAYEE_ACCOUNTS = {
    "own_account": "liability:payable",
    "treasury_non_tax": "liability:treasury",
    "held": "liability:held",
}


# what only passes through: whatever stands here too long waits for somebody (A8)
CONTROL = ("asset:psp", "asset:transit", "asset:disputed", "liability:unapplied")


class Unbalanced(Invalid):
    """The lines of an entry do not sum to zero, are fewer than two, or one of them is zero."""

    code = "ledger.unbalanced"


class NoSuchAccount(Invalid):
    """The account is not in the chart."""

    code = "ledger.no_such_account"


class ReversedTooMuch(Conflict):
    """More would be taken back of an entry than was booked, or it is undone already."""

    code = "ledger.reversed_too_much"
    title = "冲销超过原凭证"
    title_en = "More is reversed than was booked"


@dataclass(frozen=True, slots=True)
class Tags:
    """Which separate account an entry belongs to (PRC-09): agreement, product, class of use; by their numbers."""

    agreement: str | None = None
    product: str | None = None
    use_class: str | None = None


UNTAGGED = Tags()


@dataclass(frozen=True, slots=True)
class Leg:
    """One line: debit positive, credit negative."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Entry:
    """A whole entry; it cannot be made unbalanced."""

    place: str
    cause: Cause
    cause_id: str
    entry_date: date
    text: str
    legs: tuple[Leg, ...]
    tags: Tags = UNTAGGED
    value_date: date | None = None  # when it happened, where that period was closed and the entry counts later (H4)
    reverses: UUID | None = None  # the entry that this one takes back, in whole or in part

    def __post_init__(self) -> None:
        """Refuse what must never be booked."""
        for leg in self.legs:
            side_of(leg.account)
        if len(self.legs) <= 1 or any(leg.amount == ZERO for leg in self.legs):
            raise Unbalanced(f"分录 {self.cause}/{self.cause_id} 少于两行或含零金额行")
        difference = total(leg.amount for leg in self.legs)
        if difference != ZERO:
            raise Unbalanced(f"分录 {self.cause}/{self.cause_id} 借贷不平，差 {difference.text()} 元")


def side_of(account: str) -> Side:
    """Return the normal side of an account.

    Raises:
        NoSuchAccount: its first two segments are not in the chart.
    """
    head = head_of(account)
    if head not in CHART:
        raise NoSuchAccount(f"科目 {account} 不在科目表内")
    return CHART[head]


def head_of(account: str) -> str:
    """Return the part of an account that stands in the chart: its first two segments."""
    return ":".join(account.split(":")[:2])


def bank(place: str) -> str:
    """Return the bank account of a place."""
    return f"asset:bank:{place}"


def psp(place: str) -> str:
    """Return what the payment provider holds for a place."""
    return f"asset:psp:{place}"


def transit(place: str) -> str:
    """Return what the payment provider has sent and the bank has not credited yet."""
    return f"asset:transit:{place}"


def provider_fee(place: str) -> str:
    """Return what the payment provider has kept for its service."""
    return f"expense:provider_fee:{place}"


def receivable(credit_code: str) -> str:
    """Return what a buyer owes on its monthly account."""
    return f"asset:receivable:{credit_code}"


def disputed(place: str) -> str:
    """Return what payers' banks have taken back until a dispute is decided."""
    return f"asset:disputed:{place}"


def unapplied(place: str) -> str:
    """Return what came and is not yet known to be for something."""
    return f"liability:unapplied:{place}"


def prepaid(credit_code: str) -> str:
    """Return what a buyer has paid in advance."""
    return f"liability:prepaid:{credit_code}"


def unearned(order_number: str) -> str:
    """Return what was paid on an order and is not yet earned."""
    return f"liability:unearned:{order_number}"


def output_tax(place: str) -> str:
    """Return the output VAT of a place."""
    return f"liability:output_tax:{place}"


def capture_entry(
    *, place: str, payment_id: str, order_number: str, amount: Money, entry_date: date, source: str = "",
    tags: Tags = UNTAGGED, value_date: date | None = None,
) -> Entry:  # fmt: skip
    """Return the entry of money received before anything was delivered: where it is (the bank) to unearned revenue."""
    legs = (Leg(source or bank(place), amount), Leg(unearned(order_number), -amount))
    words = f"订单 {order_number} 收款"
    return Entry(place, Cause.PAYMENT_CAPTURED, payment_id, entry_date, words, legs, tags, value_date)


def earning_entry(
    *,
    place: str,
    cause_id: str,
    order_number: str,
    gross: Money,
    tax: Money,
    parts: Iterable[tuple[str, str, Money]],
    entry_date: date,
    tags: Tags = UNTAGGED,
) -> Entry:
    """Return the entry of revenue earned: from what was paid in advance to output tax and everybody's account.

    Args:
        place: whose books.
        cause_id: names the order and the period, so that it is booked only once.
        order_number: the order that was paid.
        gross: what was earned, tax included.
        tax: output VAT in it.
        parts: (kind of payee, credit code, amount); amounts of one account are added up (REV-05).
        entry_date: last day of the period.
        tags: the separate account that it belongs to.

    Raises:
        Unbalanced: tax and parts do not add up to the gross amount.
    """
    credits = {output_tax(place): tax}
    for kind, uscc, amount in parts:
        account = f"{PAYEE_ACCOUNTS[kind]}:{uscc}"
        credits[account] = credits.get(account, ZERO) + amount
    legs = [Leg(unearned(order_number), gross)]
    legs += [Leg(account, -amount) for account, amount in sorted(credits.items()) if amount]
    return Entry(place, Cause.REVENUE_EARNED, cause_id, entry_date, f"订单 {order_number} 收入", tuple(legs), tags)


def transfer_entry(
    *, place: str, cause: Cause, cause_id: str, debit: str, credit: str, amount: Money, entry_date: date, text: str,
    tags: Tags = UNTAGGED, value_date: date | None = None,
) -> Entry:  # fmt: skip
    """Return an entry of two lines."""
    legs = (Leg(debit, amount), Leg(credit, -amount))
    return Entry(place, cause, cause_id, entry_date, text, legs, tags, value_date)


def giving_back_entry(
    *, place: str, cause: Cause, cause_id: str, given: Mapping[str, Money], paid_from: Mapping[str, Money],
    entry_date: date, text: str, tags: Tags = UNTAGGED, value_date: date | None = None,
) -> Entry:  # fmt: skip
    """Return the entry of money given back: from everybody who holds some of the sale, out of where it leaves from.

    Raises:
        Unbalanced: what is given and what leaves differ.
    """
    legs = [Leg(account, amount) for account, amount in sorted(given.items()) if amount]
    legs += [Leg(account, -amount) for account, amount in sorted(paid_from.items()) if amount]
    return Entry(place, cause, cause_id, entry_date, text, tuple(legs), tags, value_date)


def reversal_of(entry: Entry, *, entry_id: UUID, entry_date: date, reason: str) -> Entry:
    """Return the entry that undoes ``entry``; its cause is the original, so it can happen only once."""
    legs = tuple(Leg(leg.account, -leg.amount) for leg in entry.legs)
    return Entry(
        entry.place, Cause.REVERSAL, str(entry_id), entry_date, f"冲销：{reason}", legs, entry.tags, reverses=entry_id
    )


def partial_reversal_of(
    entry: Entry, *, entry_id: UUID, legs: Iterable[Leg], key: str, entry_date: date, reason: str
) -> Entry:
    """Return the entry that takes back part of ``entry``; the same key again is the same correction."""
    return Entry(
        entry.place, Cause.PARTIAL_REVERSAL, f"{entry_id}/{key}", entry_date, f"部分冲销：{reason}", tuple(legs),
        entry.tags, reverses=entry_id,
    )  # fmt: skip


def must_leave_something(original: Entry, undone: Iterable[Entry], new: Entry) -> None:
    """Refuse to take back more of an entry than it booked, leg by leg; what was taken back once stays counted.

    Args:
        original: the entry that is corrected.
        undone: everything that was taken back of it before, in whole or in part.
        new: what is to be taken back now.

    Raises:
        ReversedTooMuch: a leg would be taken back beyond its amount, or a reversal be reversed in part.

    Source:
        A11: at most one full reversal, partial ones up to the original, a reversal of a reversal once.
    """
    if original.reverses is not None and new.cause is Cause.PARTIAL_REVERSAL:
        raise ReversedTooMuch(
            "冲销凭证只能整张再冲销一次，不能部分冲销", detail_en="A reversal is reversed whole or not"
        )
    left: dict[tuple[str, bool], Money] = {}
    for leg in original.legs:
        key = (leg.account, leg.amount > ZERO)
        left[key] = left.get(key, ZERO) + leg.amount
    for entry in (*undone, new):
        for leg in entry.legs:
            key = (leg.account, leg.amount < ZERO)
            left[key] = left.get(key, ZERO) + leg.amount
            if left[key] != ZERO and (left[key] > ZERO) is not key[1]:
                raise ReversedTooMuch(
                    f"科目 {leg.account} 的冲销累计超过原凭证金额：请核对已有冲销，需要更正的差额另行记账",
                    detail_en=f"More of {leg.account} would be reversed than was booked",
                )


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What of one day still stands on a control account; debit positive."""

    since: date
    amount: Money


def open_items(moves: Iterable[tuple[date, Money]]) -> list[OpenItem]:
    """Return what of an account is not cleared yet, oldest first: whatever goes out clears what came first.

    Args:
        moves: day and signed sum of the account's movements, in order of days.
    """
    standing: deque[OpenItem] = deque()
    for day, moved in moves:
        amount = moved
        while amount != ZERO and standing and (standing[0].amount > ZERO) is not (amount > ZERO):
            first = standing.popleft()
            rest = first.amount + amount
            if rest != ZERO and (rest > ZERO) is (first.amount > ZERO):
                standing.appendleft(OpenItem(first.since, rest))
                amount = ZERO
            else:
                amount = rest
        if amount != ZERO:
            standing.append(OpenItem(day, amount))
    return list(standing)
