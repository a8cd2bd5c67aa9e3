"""What a party gives back of a sale: first what it was not paid yet, then a receivable; netting; write-off. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.money import ZERO, Exact, Money, floor_fen, fraction, total


class ClawbackKind(StrEnum):
    """What became of a party's part of a refund: 冲减应付, 应收回."""

    REDUCED = "reduced"  # it was not paid out yet: less is owed
    RECEIVABLE = "receivable"  # it was paid out: the party owes it


class RecoveryKind(StrEnum):
    """How a receivable ends otherwise than by netting: 已退回, 核销."""

    REPAID = "repaid"
    WRITTEN_OFF = "written_off"


class RecoveryState(StrEnum):
    """Where a recovery stands: 待复核, 已确认, 不同意, 已撤回."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class RecoveryAct(StrEnum):
    """What people do with a recovery."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class NettingOrder(StrEnum):
    """In which order receivables are netted."""

    OLDEST_FIRST = "oldest_first"
    LARGEST_FIRST = "largest_first"


TRANSITIONS: dict[tuple[RecoveryState, RecoveryAct], RecoveryState] = {
    (RecoveryState.ASKED, RecoveryAct.CONFIRM): RecoveryState.CONFIRMED,
    (RecoveryState.ASKED, RecoveryAct.REFUSE): RecoveryState.REFUSED,
    (RecoveryState.ASKED, RecoveryAct.WITHDRAW): RecoveryState.WITHDRAWN,
}
HELD = (RecoveryState.ASKED, RecoveryState.CONFIRMED)  # cannot be netted or recovered a second time


class WrongState(Conflict):
    """The recovery cannot take this step now."""

    code = "clawback.wrong_state"
    title = "当前状态不能办理此事"
    title_en = "Not possible in this state"


class MoreThanOwed(Conflict):
    """More would be taken back than the party received of the sale, or than it still owes."""

    code = "clawback.more_than_owed"
    title = "超过应收回的金额"
    title_en = "More than is owed"


class TreasuryNotWrittenOff(NotAllowed):
    """What the treasury holds is neither netted nor written off."""

    code = "clawback.treasury_not_written_off"
    title = "国库款项不得抵扣或核销"
    title_en = "What the treasury holds is not written off"


class EvidenceMissing(Invalid):
    """A repayment names the line of the bank that brought it."""

    code = "clawback.evidence_missing"


@dataclass(frozen=True, slots=True)
class Holding:
    """What a party still holds of one sale by one statement, and whether it was paid out."""

    statement: str
    amount: Money
    is_paid: bool


@dataclass(frozen=True, slots=True)
class Portion:
    """What of a refund one statement bears, and how."""

    statement: str
    amount: Money
    kind: ClawbackKind


@dataclass(frozen=True, slots=True)
class Owed:
    """What is left of one receivable."""

    key: str
    amount: Money


@dataclass(frozen=True, slots=True)
class NettingTerms:
    """How much of a payout may be netted, and in which order receivables are."""

    order: NettingOrder
    rate_max: Fraction
    keep_min: Money

    @classmethod
    def of(cls, order: str, rate_max: Exact, keep_min: Money) -> NettingTerms:
        """Read the terms of a place.

        Raises:
            Invalid: the rate is not between 0 and 1.
        """
        rate = fraction(rate_max)
        if not 0 <= rate <= 1:
            raise Invalid(f"抵扣比例上限 {rate_max} 须在 0 与 1 之间", detail_en="The rate lies between 0 and 1")
        return cls(NettingOrder(order), rate, keep_min)


def spread(holdings: Iterable[Holding], amount: Money) -> list[Portion]:
    """Return which statements of a party bear its part of a refund: unpaid ones first, the newest first.

    Args:
        holdings: what the party still holds of the sale, oldest statement first.
        amount: its part of the refund, in fen.

    Raises:
        MoreThanOwed: the party holds less than that of the sale (A5: nobody gives back more than it got).

    Source:
        REV-03; A5.
    """
    newest_first = list(reversed([one for one in holdings if one.amount > ZERO]))
    left, found = amount, []
    for one in sorted(newest_first, key=lambda holding: holding.is_paid):
        part = min(one.amount, left)
        if part > ZERO:
            kind = ClawbackKind.RECEIVABLE if one.is_paid else ClawbackKind.REDUCED
            found.append(Portion(one.statement, part, kind))
            left -= part
    if left != ZERO:
        held = total(one.amount for one in newest_first)
        raise MoreThanOwed(
            f"应退 {amount.text()} 元超过该方在本笔交易中仍持有的 {held.text()} 元，请核对退款与结算单（REV-03）",
            detail_en=f"{amount.text()} is more than the {held.text()} that is held of the sale",
        )
    return found


def netted(payable: Money, owed: Sequence[Owed], terms: NettingTerms | None) -> list[Owed]:
    """Return what of which receivables a payout nets; nothing where the place states no terms.

    At most ``rate_max`` of the payout (rounded down to the fen) is taken, and at least ``keep_min`` of it is left.

    Args:
        payable: what the party is to be paid, in fen.
        owed: its receivables, oldest first.
        terms: the rules of the place, or None.
    """
    if terms is None or payable <= ZERO:
        return []
    most = min(floor_fen(payable.exact_yuan() * terms.rate_max), payable - terms.keep_min)
    ordered = list(owed)
    if terms.order is NettingOrder.LARGEST_FIRST:
        ordered.sort(key=lambda one: -one.amount.fen)
    found = []
    for one in ordered:
        part = min(one.amount, most)
        if part > ZERO:
            found.append(Owed(one.key, part))
            most -= part
    return found


def after(state: RecoveryState, act: RecoveryAct) -> RecoveryState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(f"该笔办理处于“{state}”，不能“{act}”", detail_en=f"It is {state}; no {act} now")
    return following


def must_be_recoverable(kind: RecoveryKind, *, is_treasury: bool, left: Money, amount: Money, bank_line: str) -> None:
    """Refuse to recover more than is owed, without evidence, or to write off what the treasury holds.

    Raises:
        MoreThanOwed: less than that is owed.
        EvidenceMissing: a repayment without the bank's line.
        TreasuryNotWrittenOff: the treasury gives back by its own procedure (退付), or not at all.

    Source:
        REV-05: 不得坐支、截留；国库款项只能按退付程序收回.
    """
    if kind is RecoveryKind.WRITTEN_OFF and is_treasury:
        raise TreasuryNotWrittenOff(
            "已缴国库的款项只能按退付程序收回，不能核销或以后期收入抵扣", rule="REV-05",
            detail_en="What was paid to the treasury comes back by its refund procedure only",
        )  # fmt: skip
    if kind is RecoveryKind.REPAID and not bank_line:
        raise EvidenceMissing("登记退回须填写银行流水号", detail_en="Name the line of the bank")
    if not ZERO < amount <= left:
        raise MoreThanOwed(
            f"尚应收回 {left.text()} 元，不能办理 {amount.text()} 元", detail_en=f"{left.text()} is owed"
        )


def owing(party_uscc: str, *, is_treasury: bool) -> str:
    """Return the account of what a party, or the treasury for it, owes."""
    return f"asset:treasury_claim:{party_uscc}" if is_treasury else f"asset:clawback:{party_uscc}"
