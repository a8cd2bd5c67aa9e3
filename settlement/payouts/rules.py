"""States of batches and payouts, who may act, which amount is odd, and the legs of their entries. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.money import Money, total
from settlement.clawbacks.rules import owing
from settlement.ledger.rules import Cause, Entry, Leg, bank, psp, transfer_entry


class Channel(StrEnum):
    """How money is sent: 银行批量代付, 国库非税缴款, Stripe 转账."""

    BANK = "bank"
    TREASURY = "treasury"
    STRIPE = "stripe"


class BatchState(StrEnum):
    """Where a batch stands: 待解除, 待复核, 待付款, 已发出, 已办结, 已取消."""

    PARKED = "parked"  # an odd amount: somebody has to say that it is right (A12)
    PREPARED = "prepared"
    CHECKED = "checked"
    SENT = "sent"
    DONE = "done"
    CANCELLED = "cancelled"


class BatchEvent(StrEnum):
    """What happens to a batch."""

    RELEASE = "release"
    CHECK = "check"
    SEND = "send"
    FINISH = "finish"
    CANCEL = "cancel"


class PayoutState(StrEnum):
    """Where one payout stands: 待发出, 已发出, 结果未知, 待补足余额, 已到账, 已退回, 已取消."""

    PREPARED = "prepared"
    SENT = "sent"
    UNKNOWN = "unknown"  # asked for, and no answer: neither paid nor failed (R9)
    SHORT = "short"  # refused, since the provider's balance does not cover it: nothing left, it is tried again
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class PayoutEvent(StrEnum):
    """What is heard about a payout."""

    SEND = "send"
    LOSE_SIGHT = "lose_sight"
    RUN_SHORT = "run_short"
    SEND_AGAIN = "send_again"
    CONFIRM = "confirm"
    RETURN = "return"
    CANCEL = "cancel"


class HoldReason(StrEnum):
    """Why something that is owed is not paid now."""

    PAYEE_RULE_MISSING = "PAYEE_RULE_MISSING"
    CONTRIBUTION_OBJECTED = "CONTRIBUTION_OBJECTED"
    ACCOUNT_MISSING = "ACCOUNT_MISSING"
    TREASURY_ACCOUNT_MISSING = "TREASURY_ACCOUNT_MISSING"
    PARTY_SUSPENDED = "PARTY_SUSPENDED"
    FROZEN = "FROZEN"
    IN_DISPUTE = "IN_DISPUTE"
    TRIES_USED_UP = "TRIES_USED_UP"


BATCH_TRANSITIONS: dict[tuple[BatchState, BatchEvent], BatchState] = {
    (BatchState.PARKED, BatchEvent.RELEASE): BatchState.PREPARED,
    (BatchState.PREPARED, BatchEvent.CHECK): BatchState.CHECKED,
    (BatchState.CHECKED, BatchEvent.SEND): BatchState.SENT,
    (BatchState.SENT, BatchEvent.FINISH): BatchState.DONE,
    (BatchState.PARKED, BatchEvent.CANCEL): BatchState.CANCELLED,
    (BatchState.PREPARED, BatchEvent.CANCEL): BatchState.CANCELLED,
    (BatchState.CHECKED, BatchEvent.CANCEL): BatchState.CANCELLED,
}
PAYOUT_TRANSITIONS: dict[tuple[PayoutState, PayoutEvent], PayoutState] = {
    (PayoutState.PREPARED, PayoutEvent.SEND): PayoutState.SENT,
    (PayoutState.PREPARED, PayoutEvent.CANCEL): PayoutState.CANCELLED,
    (PayoutState.SENT, PayoutEvent.LOSE_SIGHT): PayoutState.UNKNOWN,
    (PayoutState.SENT, PayoutEvent.CONFIRM): PayoutState.CONFIRMED,
    (PayoutState.SENT, PayoutEvent.RETURN): PayoutState.RETURNED,
    (PayoutState.UNKNOWN, PayoutEvent.LOSE_SIGHT): PayoutState.UNKNOWN,
    (PayoutState.UNKNOWN, PayoutEvent.CONFIRM): PayoutState.CONFIRMED,
    (PayoutState.UNKNOWN, PayoutEvent.RETURN): PayoutState.RETURNED,
    (PayoutState.SENT, PayoutEvent.RUN_SHORT): PayoutState.SHORT,
    (PayoutState.UNKNOWN, PayoutEvent.RUN_SHORT): PayoutState.SHORT,
    (PayoutState.UNKNOWN, PayoutEvent.SEND_AGAIN): PayoutState.SENT,
    (PayoutState.SHORT, PayoutEvent.LOSE_SIGHT): PayoutState.UNKNOWN,
    (PayoutState.SHORT, PayoutEvent.RUN_SHORT): PayoutState.SHORT,
    (PayoutState.SHORT, PayoutEvent.CONFIRM): PayoutState.CONFIRMED,
    (PayoutState.SHORT, PayoutEvent.RETURN): PayoutState.RETURNED,
}
OPEN = (PayoutState.SENT, PayoutState.UNKNOWN, PayoutState.SHORT)
ENDED = (PayoutState.CONFIRMED, PayoutState.RETURNED, PayoutState.CANCELLED)


class WrongState(Conflict):
    """The batch or payout cannot take this step now."""

    code = "payout.wrong_state"
    title = "拨付当前状态不能办理此事"
    title_en = "Not possible in this state"


class SamePerson(NotAllowed):
    """Preparer, checker and payer are three natural persons."""

    code = "payout.same_person"
    title = "编制、复核、付款须为三人"
    title_en = "Three people prepare, check and pay"


class Changed(Conflict):
    """What was prepared is no longer what is owed, or no longer goes where it should."""

    code = "payout.changed"
    title = "编制之后应付或收款账户已变化"
    title_en = "What is owed has changed since"


class NotCovered(Conflict):
    """The account that pays does not hold the amount."""

    code = "payout.not_covered"
    title = "付款账户余额不足"
    title_en = "The account that pays does not hold it"


class NothingToPay(Invalid):
    """Nothing can be paid at the place now."""

    code = "payout.nothing_to_pay"


class ResultRefused(Invalid):
    """Some lines of a results file are wrong; nothing of it was taken."""

    code = "payout.result_refused"
    title = "回单有误，没有登记任何内容"
    title_en = "Some results are wrong; nothing was taken"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the bank's answer about a batch."""

    line_number: int
    payout: str
    amount: Money
    is_confirmed: bool
    bank_line: str
    reason: str = ""


def batch_after(state: BatchState, event: BatchEvent, number: str) -> BatchState:
    """Return the state of a batch that follows.

    Raises:
        WrongState: the event is not possible in that state.
    """
    following = BATCH_TRANSITIONS.get((state, event))
    if following is None:
        raise WrongState(
            f"拨付批次 {number} 处于“{state}”，不能“{event}”；请刷新页面查看当前进度",
            detail_en=f"{number} is {state}; no {event} now",
        )
    return following


def must_be_sent(state: BatchState, number: str) -> None:
    """Refuse what is only done with a batch that was sent.

    Raises:
        WrongState: it was not.
    """
    if state is not BatchState.DONE:
        batch_after(state, BatchEvent.FINISH, number)


def payout_after(state: PayoutState, event: PayoutEvent, number: str) -> PayoutState:
    """Return the state of a payout that follows.

    Raises:
        WrongState: the event is not possible in that state.
    """
    following = PAYOUT_TRANSITIONS.get((state, event))
    if following is None:
        raise WrongState(f"拨付 {number} 处于“{state}”，不能“{event}”", detail_en=f"{number} is {state}; no {event}")
    return following


def must_be_other(number: str, actor: Any, before: Collection[Any], words: str) -> None:
    """Refuse somebody who took an earlier step: preparer, checker and payer are three natural persons.

    Args:
        number: of the batch.
        actor: the account that acts.
        before: every account of the natural persons who acted before.
        words: what they did.

    Raises:
        SamePerson: the actor is one of them.

    Source:
        会计法 第三十五条 (不相容职务相分离); H9.
    """
    if actor in before:
        raise SamePerson(
            f"拨付批次 {number} 由您{words}，须由另一人办理；编制、复核、付款须为三人", article="会计法 第三十五条",
            detail_en=f"You took an earlier step of {number}: somebody else goes on",
        )  # fmt: skip


def must_be_covered(number: str, amount: Money, available: Money) -> None:
    """Refuse to send more than the paying account holds, less what is under way from it.

    Raises:
        NotCovered: the words say how much is there.
    """
    if amount > available:
        raise NotCovered(
            f"拨付批次 {number} 需 {amount.text()} 元，付款账户可用余额 {available.text()} 元；请先调拨资金",
            detail_en=f"{available.text()} is there, {amount.text()} is needed",
        )


def is_odd(amount: Money, before: Sequence[Money], factor: int) -> bool:
    """Say whether an amount is more than ``factor`` times the largest of those paid before (A12).

    Where nothing was paid before there is nothing to compare with: an account's first payout is checked by people.
    """
    return bool(before) and amount.fen > factor * max(before).fen


def short_words(amount: Money, there: Money | None) -> str:
    """Return what is to be done about a payout that the provider's balance does not cover; ``there``: if known."""
    known = "" if there is None else f"（现有 {there.text()} 元）"
    return (
        f"支付机构账户可用余额不足{known}，没有付出；请补足至 {amount.text()} 元以上，补足后自动重发，也可点“立即重试”"
    )


def key_of(key: str, shorts: int) -> str:
    """Return the idempotency key of the present try: under the key of a refusal a provider repeats that refusal.

    Args:
        key: of the payout.
        shorts: how often the provider refused it for want of balance.
    """
    return f"{key}-{shorts}" if shorts else key


def sending_legs(owed: Mapping[str, Money], netted: Mapping[str, Money], transit: str) -> tuple[Leg, ...]:
    """Return the legs of money that leaves: from what is owed, by account, into transit and off the receivables.

    Args:
        owed: account of the party → amount.
        netted: account of its receivables → what is taken off.
        transit: the account of money under way.
    """
    amount = total(owed.values()) - total(netted.values())
    legs = [Leg(account, one) for account, one in sorted(owed.items()) if one]
    legs += [Leg(account, -one) for account, one in sorted(netted.items()) if one]
    return tuple(legs + ([Leg(transit, -amount)] if amount else []))


def sending_entry(
    *, place: str, cause_id: str, number: str, day: date, owed: Mapping[str, Money], netted: Money
) -> Entry:
    """Return the voucher of a payout that leaves: what is owed goes into transit, what is netted off the receivable."""
    uscc = next(iter(owed)).rsplit(":", maxsplit=1)[-1]
    off = {owing(uscc, is_treasury=False): netted} if netted else {}
    legs = sending_legs(owed, off, f"liability:in_transit:{place}")
    return Entry(place, Cause.PAYOUT_SENT, cause_id, day, f"拨付 {number} 发出", legs)


def ending_entry(sent: Entry, *, event: PayoutEvent, channel: Channel, number: str, amount: Money) -> Entry:
    """Return the voucher of a payout that ended: confirmed, the money left; returned, everything is owed again."""
    if event is PayoutEvent.CONFIRM:
        return transfer_entry(
            place=sent.place, cause=Cause.PAYOUT_CONFIRMED, cause_id=sent.cause_id, amount=amount,
            credit=psp(sent.place) if channel is Channel.STRIPE else bank(sent.place),
            debit=f"liability:in_transit:{sent.place}", entry_date=sent.entry_date, text=f"拨付 {number} 到账",
        )  # fmt: skip
    words = f"拨付 {number} 退回"
    return Entry(sent.place, Cause.PAYOUT_RETURNED, sent.cause_id, sent.entry_date, words, turned(sent.legs))


def turned(legs: Sequence[Leg]) -> tuple[Leg, ...]:
    """Return the legs the other way round: what came back is owed again, and so is what was netted."""
    return tuple(Leg(leg.account, -leg.amount) for leg in legs)
