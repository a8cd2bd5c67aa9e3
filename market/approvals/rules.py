"""When an order needs a second person of its buyer, and what that person may do. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from kernel.errors import Conflict
from kernel.money import Money


class RuleState(StrEnum):
    """Where a change of the organisation's own rule stands: 待复核, 已生效, 不同意, 已撤回."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class RuleAct(StrEnum):
    """What people do with a proposed rule."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class ApprovalState(StrEnum):
    """Where the approval of an order stands; only the two decisions are stored.

    无需复核, 待复核, 已同意, 不同意, 已失效 (the quote ran out before anybody decided).
    """

    NOT_NEEDED = "not_needed"
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    LAPSED = "lapsed"


STATE_TITLES = {
    ApprovalState.NOT_NEEDED: "无需复核",
    ApprovalState.WAITING: "待复核",
    ApprovalState.APPROVED: "已同意",
    ApprovalState.REFUSED: "不同意",
    ApprovalState.LAPSED: "报价已过期",
}


class ApprovalAct(StrEnum):
    """What the second person does."""

    APPROVE = "approve"
    REFUSE = "refuse"


RULE_TRANSITIONS: dict[tuple[RuleState, RuleAct], RuleState] = {
    (RuleState.PROPOSED, RuleAct.CONFIRM): RuleState.CONFIRMED,
    (RuleState.PROPOSED, RuleAct.REFUSE): RuleState.REFUSED,
    (RuleState.PROPOSED, RuleAct.WITHDRAW): RuleState.WITHDRAWN,
}
TRANSITIONS: dict[tuple[ApprovalState, ApprovalAct], ApprovalState] = {
    (ApprovalState.WAITING, ApprovalAct.APPROVE): ApprovalState.APPROVED,
    (ApprovalState.WAITING, ApprovalAct.REFUSE): ApprovalState.REFUSED,
    (ApprovalState.LAPSED, ApprovalAct.REFUSE): ApprovalState.REFUSED,  # so that the order does not stay behind
}


class WrongApprovalState(Conflict):
    """The rule or the order cannot take this step now."""

    code = "approval.wrong_state"
    title = "当前状态不能办理此事"
    title_en = "Not possible in this state"


class ApprovalNeeded(Conflict):
    """The buyer's own rule asks for a second person before the order binds."""

    code = "approval.needed"
    title = "须经本单位另一人复核"
    title_en = "A second person of your organisation has to approve"


def is_needed(amount: Money, above: Money | None) -> bool:
    """Say whether an order waits for a second person; ``above`` is the buyer's limit, None where it has no rule.

    An order of exactly the limit does not wait; one of 0.00 never does.
    """
    return above is not None and amount > above


def approval_state(
    *, needed: bool, decided: ApprovalState | None, valid_until: datetime, now: datetime
) -> ApprovalState:
    """Return where the approval stands; ``valid_until`` is the last moment of the quote."""
    if decided is not None:
        return decided
    if not needed:
        return ApprovalState.NOT_NEEDED
    return ApprovalState.LAPSED if now > valid_until else ApprovalState.WAITING


def after(state: ApprovalState, act: ApprovalAct, number: str) -> ApprovalState:
    """Return the state that follows a decision about an order.

    Raises:
        WrongApprovalState: nothing waits for it, it has been decided, or the quote has run out.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongApprovalState(f"订单 {number} 的复核处于“{state}”，不能“{act}”；报价过期的请重新询价下单",
                                 detail_en=f"The approval of {number} is {state}; no {act} now")  # fmt: skip
    return following


def after_rule(state: RuleState, act: RuleAct) -> RuleState:
    """Return the state that follows what a person does with a proposed rule.

    Raises:
        WrongApprovalState: it has been decided or withdrawn.
    """
    following = RULE_TRANSITIONS.get((state, act))
    if following is None:
        raise WrongApprovalState(f"复核规则处于“{state}”，不能“{act}”；要更改请重新提出",
                                 detail_en=f"The rule is {state}; no {act} now")  # fmt: skip
    return following


def must_be_approved(state: ApprovalState, number: str, above: Money | None) -> None:
    """Refuse to bind the buyer before its second person has approved.

    Raises:
        ApprovalNeeded: the approval waits, was refused, or the quote ran out before it came.
    """
    if state not in (ApprovalState.NOT_NEEDED, ApprovalState.APPROVED):
        raise ApprovalNeeded(
            f"订单 {number} 超过本单位设定的 {above} 元，须由下单人以外的另一人复核同意后才能签署"
            f"（目前：{STATE_TITLES[state]}）",
            detail_en=f"Order {number} is above {above}; another person has to approve it first ({state})",
        )
