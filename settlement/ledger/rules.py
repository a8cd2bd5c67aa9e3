"""Entries of the journal and the short chart of accounts. Pure.

One signed amount per line (debit +, credit −); "balanced" is then one sum. Accounts are text whose first
segment fixes the normal side: ``asset:bank:<place>`` (debit), ``liability:…`` (credit).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.errors import Invalid
from kernel.money import ZERO, Money, total


class Cause(StrEnum):
    """What makes an entry; with the id of the thing it can happen only once."""

    PAYMENT_CAPTURED = "payment_captured"
    REVENUE_EARNED = "revenue_earned"
    REVERSAL = "reversal"


class Side(StrEnum):
    """Where an account's balance normally stands."""

    DEBIT = "debit"
    CREDIT = "credit"


CHART = {
    "asset:bank": Side.DEBIT,
    "liability:unearned": Side.CREDIT,
    "liability:output_tax": Side.CREDIT,
    "liability:payable": Side.CREDIT,
    "liability:treasury": Side.CREDIT,
    "liability:held": Side.CREDIT,
}


class Unbalanced(Invalid):
    """The lines of an entry do not sum to zero, are fewer than two, or one of them is zero."""

    code = "ledger.unbalanced"


class NoSuchAccount(Invalid):
    """The account is not in the chart."""

    code = "ledger.no_such_account"


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
    head = ":".join(account.split(":")[:2])
    if head not in CHART:
        raise NoSuchAccount(f"科目 {account} 不在科目表内")
    return CHART[head]


def bank(place: str) -> str:
    """Return the bank account of a place."""
    return f"asset:bank:{place}"


def unearned(order_number: str) -> str:
    """Return what was paid on an order and is not yet earned."""
    return f"liability:unearned:{order_number}"


def output_tax(place: str) -> str:
    """Return the output VAT of a place."""
    return f"liability:output_tax:{place}"


def capture_entry(*, place: str, payment_id: str, order_number: str, amount: Money, entry_date: date) -> Entry:
    """Return the entry of money received before anything was delivered: bank to unearned revenue."""
    legs = (Leg(bank(place), amount), Leg(unearned(order_number), -amount))
    return Entry(place, Cause.PAYMENT_CAPTURED, payment_id, entry_date, f"订单 {order_number} 收款", legs)


def reversal_of(entry: Entry, *, entry_id: str, entry_date: date, reason: str) -> Entry:
    """Return the entry that undoes ``entry``; its cause is the original, so it can happen only once."""
    legs = tuple(Leg(leg.account, -leg.amount) for leg in entry.legs)
    return Entry(entry.place, Cause.REVERSAL, entry_id, entry_date, f"冲销：{reason}", legs)
