"""Who has to act about a break, and its states: closed only by a second natural person. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from uuid import UUID

from kernel.errors import Conflict, Invalid, NotAllowed
from settlement.matching.rules import Kind, Side


class BreakState(StrEnum):
    """Where a break stands: 待办, 已指定经办, 已说明, 待复核, 已关闭."""

    OPEN = "open"
    ASSIGNED = "assigned"
    EXPLAINED = "explained"
    PROPOSED = "proposed"
    CLOSED = "closed"


class BreakAct(StrEnum):
    """What happens to a break; what runs note about it moves nothing."""

    FIND = "find"
    HEAL = "heal"  # a later run found both sides in agreement: linked, never closed by itself
    SEE_AGAIN = "see_again"
    ASSIGN = "assign"
    EXPLAIN = "explain"
    PROPOSE = "propose"
    CONFIRM = "confirm"
    REJECT = "reject"
    REOPEN = "reopen"


class Owner(StrEnum):
    """Who must act: 财务经办, 支付机构, 开户银行, 账务, 交易运营."""

    FINANCE = "finance"
    PROVIDER = "provider"
    BANK = "bank"
    BOOKKEEPING = "bookkeeping"
    TRADE = "trade"


class Resolution(StrEnum):
    """How a break came to its end."""

    LATE_LINE = "late_line"  # 迟到的明细已到
    CORRECTED = "corrected"  # 已更正入账
    REFUNDED = "refunded"  # 款项已退回
    CLAIMED = "claimed"  # 支付机构或银行已补付
    GRANTED = "granted"  # 使用权已补开或已停用
    WRITTEN_OFF = "written_off"  # 核销
    NO_FAULT = "no_fault"  # 核实无误


TRANSITIONS: dict[tuple[BreakState, BreakAct], BreakState] = {
    (BreakState.OPEN, BreakAct.ASSIGN): BreakState.ASSIGNED,
    (BreakState.ASSIGNED, BreakAct.ASSIGN): BreakState.ASSIGNED,
    (BreakState.EXPLAINED, BreakAct.ASSIGN): BreakState.EXPLAINED,
    (BreakState.OPEN, BreakAct.EXPLAIN): BreakState.EXPLAINED,
    (BreakState.ASSIGNED, BreakAct.EXPLAIN): BreakState.EXPLAINED,
    (BreakState.EXPLAINED, BreakAct.EXPLAIN): BreakState.EXPLAINED,
    (BreakState.EXPLAINED, BreakAct.PROPOSE): BreakState.PROPOSED,
    (BreakState.PROPOSED, BreakAct.CONFIRM): BreakState.CLOSED,
    (BreakState.PROPOSED, BreakAct.REJECT): BreakState.EXPLAINED,
    (BreakState.CLOSED, BreakAct.REOPEN): BreakState.OPEN,
}
NOTED = (BreakAct.FIND, BreakAct.HEAL, BreakAct.SEE_AGAIN)
OUTSIDE = {Side.PROVIDER: Owner.PROVIDER, Side.BANK: Owner.BANK, Side.LEDGER: Owner.BOOKKEEPING,
           Side.ORDERS: Owner.FINANCE}  # fmt: skip
OWNERS: Mapping[Kind, Owner] = {
    Kind.FEE: Owner.PROVIDER,
    Kind.CURRENCY: Owner.PROVIDER,
    Kind.DATE_CUT_OFF: Owner.BOOKKEEPING,
    Kind.REFUND_LINKED_WRONGLY: Owner.FINANCE,
    Kind.DISPUTE: Owner.FINANCE,
    Kind.PAYOUT_SPLIT: Owner.FINANCE,
    Kind.UNKNOWN_REFERENCE: Owner.FINANCE,
    Kind.ENTITLEMENT_WITHOUT_MONEY: Owner.TRADE,
    Kind.MONEY_WITHOUT_ENTITLEMENT: Owner.TRADE,
}
RULE = "ACC-RECON"
ARTICLE = "会计法 第三十五条"


class WrongState(Conflict):
    """The break cannot take this step now."""

    code = "break.wrong_state"
    title = "差异当前状态不能办理此事"
    title_en = "The break is not in the right state"


class SamePerson(NotAllowed):
    """Who proposed to close a break, or worked on it, may not confirm."""

    code = "break.same_person"
    title = "须由另一人复核"
    title_en = "Another person has to confirm"


class ProposalChanged(Conflict):
    """What is confirmed is not what was proposed last."""

    code = "break.proposal_changed"
    title = "关闭方案已变化"
    title_en = "The proposal has changed"


class NotHealed(Invalid):
    """A late line is claimed, and no run has found the two sides in agreement."""

    code = "break.not_healed"
    title = "尚未查到迟到的明细"
    title_en = "No late line has come"


def after(state: BreakState, act: BreakAct, number: str) -> BreakState:
    """Return the state that follows; what runs note leaves it.

    Raises:
        WrongState: the act is not possible in that state.
    """
    if act in NOTED:
        return state
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"差异 {number} 处于“{state}”，不能“{act}”；请刷新页面查看当前进度",
            detail_en=f"Break {number} is {state}; {act} is not possible now",
        )
    return following


def owner_of(kind: Kind, side: Side | None) -> Owner:
    """Return who has to act about a kind of break: by its nature, else by the side that is wrong or silent."""
    return OWNERS.get(kind) or OUTSIDE.get(side or Side.ORDERS, Owner.FINANCE)


def must_be_another(number: str, actor_id: UUID | None, earlier: Collection[UUID]) -> None:
    """Refuse that somebody who proposed or explained also confirms, under whichever account.

    Raises:
        SamePerson: the actor is among ``earlier``.

    Source:
        会计法 第三十五条（不相容职务相分离）.
    """
    if actor_id in earlier:
        raise SamePerson(
            f"差异 {number} 由您说明或提请关闭，须由另一位复核人员确认",
            detail_en="You explained or proposed; another person has to confirm", article=ARTICLE,
        )  # fmt: skip


def must_be_as_proposed(number: str, given: str, proposed: str) -> None:
    """Refuse a confirmation of something else than what was proposed last.

    Raises:
        ProposalChanged: the digests differ.
    """
    if given != proposed:
        raise ProposalChanged(
            f"差异 {number} 的关闭方案已不是您看到的那一份，请刷新后重新复核",
            detail_en="Reload: the proposal is not the one that you saw",
        )


def must_be_healed(number: str, resolution: Resolution, *, is_healed: bool) -> None:
    """Refuse to name a late line as the reason where none has come.

    Raises:
        NotHealed: no later run found the sides in agreement.
    """
    if resolution is Resolution.LATE_LINE and not is_healed:
        raise NotHealed(
            f"差异 {number} 尚未被后续对账核平，不能以“迟到的明细已到”关闭；请先重新对账或改选其他理由",
            detail_en="No later run has found the sides in agreement",
        )
