"""Prepaid balance and monthly account: what covers a purchase, and what a refund goes against."""

from __future__ import annotations

from enum import StrEnum

from kernel.errors import Conflict
from kernel.money import ZERO, Money


class Purse(StrEnum):
    """The two sides of an account: 预付余额 (what the buyer has), 月结欠款 (what the buyer owes)."""

    PREPAID = "prepaid"
    MONTHLY = "monthly"


class LineKind(StrEnum):
    """What moved an account."""

    TOP_UP = "top_up"  # 充值
    PAYMENT = "payment"  # 以余额付款
    REFUND = "refund"  # 退入余额
    CHARGE = "charge"  # 月结记账
    CREDIT = "credit"  # 冲减月结记账
    REPAYMENT = "repayment"  # 月结回款


class LimitState(StrEnum):
    """Where a credit limit stands: 待复核, 已生效, 不同意."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class LimitAct(StrEnum):
    """What a second person does with a proposed limit."""

    CONFIRM = "confirm"
    REFUSE = "refuse"


TRANSITIONS: dict[tuple[LimitState, LimitAct], LimitState] = {
    (LimitState.PROPOSED, LimitAct.CONFIRM): LimitState.CONFIRMED,
    (LimitState.PROPOSED, LimitAct.REFUSE): LimitState.REFUSED,
}


class WrongState(Conflict):
    """The limit has been decided."""

    code = "buyer_account.wrong_state"


class BalanceShort(Conflict):
    """The prepaid balance does not cover the purchase."""

    code = "buyer_account.balance_short"
    title = "预付余额不足"
    title_en = "The balance does not cover it"


class LimitExceeded(Conflict):
    """The purchase would bring what is owed above the credit limit."""

    code = "buyer_account.limit_exceeded"
    title = "超过月结信用额度"
    title_en = "Above the credit limit"


def after(state: LimitState, act: LimitAct, number: str) -> LimitState:
    """Return the state that follows.

    Raises:
        WrongState: the limit has been decided.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(f"账户 {number} 的这一额度已办结（{state}）", detail_en=f"The limit is {state}")
    return following


def must_cover(number: str, balance: Money, amount: Money) -> None:
    """Refuse a payment that would bring the balance below zero.

    Raises:
        BalanceShort: the words say how much is missing.
    """
    if amount > balance:
        raise BalanceShort(
            f"账户 {number} 余额 {balance} 元，应付 {amount} 元，还差 {amount - balance} 元；请先充值或换一种付款方式",
            detail_en=f"Balance {balance}, due {amount}",
        )


def must_fit(number: str, owed: Money, limit: Money, amount: Money) -> None:
    """Refuse a charge that would bring what is owed above the limit.

    Raises:
        LimitExceeded: the words say how much is left.
    """
    if owed + amount > limit:
        raise LimitExceeded(
            f"账户 {number} 信用额度 {limit} 元，已用 {owed} 元，可用 {max(limit - owed, ZERO)} 元，本笔 {amount} 元；"
            "请先结清账单或换一种付款方式",
            detail_en=f"Limit {limit}, owed {owed}, asked {amount}",
        )


def divide_credit(unstated: Money, amount: Money) -> tuple[Money, Money]:
    """Return how much of a refund lowers charges that no statement has asked for yet, and how much goes to the balance.

    What a statement has asked for stays asked for, so that statements and repayments agree to the fen.
    """
    against = min(max(unstated, ZERO), amount)
    return against, amount - against
