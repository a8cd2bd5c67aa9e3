"""What becomes of a dispute, who must be heard, and what money it holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.errors import Conflict, Invalid
from kernel.money import ZERO, Money, total

AGREEMENT_ARTICLE = "发改数据规〔2025〕27号 第十四条（十一）"


class Track(StrEnum):
    """Who brings the matter: an administrative body, a merchant or operator, a buyer, a data subject."""

    ADMIN_BODY = "admin_body"
    MERCHANT = "merchant"
    BUYER = "buyer"
    DATA_SUBJECT = "data_subject"


class DisputeState(StrEnum):
    """How far a dispute has come."""

    FILED = "filed"
    ACCEPTED = "accepted"
    MEDIATION = "mediation"
    REVIEW = "review"
    DECIDED = "decided"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class DisputeAct(StrEnum):
    """What is done with it; the last one by who filed it."""

    ACCEPT = "accept"
    MEDIATE = "mediate"
    REVIEW = "review"
    DECIDE = "decide"
    CLOSE = "close"
    WITHDRAW = "withdraw"


class Outcome(StrEnum):
    """What is decided: for who filed it, in part, against it, or what both agreed on in mediation."""

    UPHELD = "upheld"
    PARTLY = "partly"
    DISMISSED = "dismissed"
    SETTLED = "settled"


class Side(StrEnum):
    """Who speaks: who filed it, or the other side."""

    CLAIMANT = "claimant"
    RESPONDENT = "respondent"


TRANSITIONS = {
    (DisputeState.FILED, DisputeAct.ACCEPT): DisputeState.ACCEPTED,
    (DisputeState.ACCEPTED, DisputeAct.MEDIATE): DisputeState.MEDIATION,
    (DisputeState.ACCEPTED, DisputeAct.REVIEW): DisputeState.REVIEW,
    (DisputeState.MEDIATION, DisputeAct.REVIEW): DisputeState.REVIEW,
    (DisputeState.MEDIATION, DisputeAct.DECIDE): DisputeState.DECIDED,
    (DisputeState.REVIEW, DisputeAct.DECIDE): DisputeState.DECIDED,
    (DisputeState.DECIDED, DisputeAct.CLOSE): DisputeState.CLOSED,
    (DisputeState.FILED, DisputeAct.WITHDRAW): DisputeState.WITHDRAWN,
    (DisputeState.ACCEPTED, DisputeAct.WITHDRAW): DisputeState.WITHDRAWN,
    (DisputeState.MEDIATION, DisputeAct.WITHDRAW): DisputeState.WITHDRAWN,
    (DisputeState.REVIEW, DisputeAct.WITHDRAW): DisputeState.WITHDRAWN,
}
UNDECIDED = (DisputeState.FILED, DisputeState.ACCEPTED, DisputeState.MEDIATION, DisputeState.REVIEW)
OPEN = (*UNDECIDED, DisputeState.DECIDED)
DECIDABLE = (DisputeState.MEDIATION, DisputeState.REVIEW)
STATE_TITLES = {
    DisputeState.FILED: "已提交",
    DisputeState.ACCEPTED: "已受理",
    DisputeState.MEDIATION: "调解中",
    DisputeState.REVIEW: "审理中",
    DisputeState.DECIDED: "已决定",
    DisputeState.CLOSED: "已办结",
    DisputeState.WITHDRAWN: "已撤回",
}


class WrongState(Conflict):
    """The dispute is not in a state in which this can be done."""

    code = "dispute.wrong_state"


class NotHeard(Conflict):
    """The other side has not stated its view, and its days to do so are not over."""

    code = "dispute.not_heard"
    title = "尚未听取另一方意见"
    title_en = "The other side was not heard"


class AnswerDateNeeded(Invalid):
    """No rule of the place says how long the other side may answer, so the officer sets the last day."""

    code = "dispute.answer_date_needed"
    title = "请写明另一方陈述意见的截止日"
    title_en = "Set the last day of the other side's answer"


class OutcomeUnfit(Invalid):
    """The outcome does not fit the way in which the dispute was dealt with, or the amount awarded."""

    code = "dispute.outcome_unfit"


class LineUnfit(Invalid):
    """More is disputed than the order holds, or a line is named that the track does not have."""

    code = "dispute.line_unfit"


@dataclass(frozen=True, slots=True)
class Held:
    """What of one order is frozen: by which matter, how many units (``None``: not counted in units), what amount."""

    order_id: UUID
    source: str
    units: int | None
    amount: Money
    entitlement_id: UUID | None = None
    from_date: date | None = None  # of the month concerned, where it is about one
    until_date: date | None = None  # first day after it


@dataclass(frozen=True, slots=True)
class Frozen:
    """What of one order settlement must not pay, and what it pays."""

    order_id: UUID
    order_amount: Money
    held: tuple[Held, ...]

    @property
    def amount(self) -> Money:
        """What is frozen in yuan with tax: every matter together, never more than the order."""
        return min(total(one.amount for one in self.held), self.order_amount)

    @property
    def free(self) -> Money:
        """What is not in dispute, and is paid."""
        return self.order_amount - self.amount


def after(state: DisputeState, act: DisputeAct, number: str) -> DisputeState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.

    Source:
        DSP-02.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"争议 {number} {STATE_TITLES[state]}，不能再作此处理（DSP-02）。",
            detail_en=f"Dispute {number} is {state}; {act} is not possible.",
            rule="DSP-02",
        )
    return following


def answer_date(computed: date | None, given: date | None, today: date) -> date:
    """Return the last day on which the other side may state its view.

    Args:
        computed: by the rule of the place, where it has one; it wins.
        given: as set by the officer who takes the dispute up.
        today: the business date.

    Raises:
        AnswerDateNeeded: the place has no rule and no day, or one that is over, was set.
    """
    found = computed or given
    if found is None or found < today:
        raise AnswerDateNeeded(
            "当地没有规定另一方陈述意见的期限，受理时须写明截止日，且不早于今天（DSP-02）。",
            detail_en="Set the last day of the answer, today or later.",
            rule="DSP-02",
            errors=[{"pointer": "/answer_until", "code": AnswerDateNeeded.code, "message": "须填写，不早于今天"}],
        )
    return found


def must_be_heard(number: str, *, has_spoken: bool, answer_until: date, today: date) -> None:
    """Refuse to decide before the other side has spoken, or its days to do so are over.

    Raises:
        NotHeard: neither is the case.
    """
    if not has_spoken and today <= answer_until:
        raise NotHeard(
            f"争议 {number} 的另一方可在 {answer_until} 以前陈述意见；听取意见或期满后再作决定（DSP-02）。",
            detail_en=f"The other side may answer until {answer_until}.",
            rule="DSP-02",
        )


def must_fit(state: DisputeState, outcome: Outcome, disputed: Money, awarded: Money) -> None:
    """Refuse an outcome that does not fit the way, or an award that does not fit the outcome.

    What both agreed on (SETTLED) comes out of mediation, everything else out of review; an upheld dispute gets what
    was disputed, a partly upheld one less, a dismissed one nothing.

    Raises:
        OutcomeUnfit: it does not fit.
    """
    is_settled = outcome is Outcome.SETTLED
    problem = ""
    if is_settled != (state is DisputeState.MEDIATION):
        problem = "调解中只能记录双方达成的协议；其他决定请先转入审理"
    elif not ZERO <= awarded <= disputed:
        problem = f"支持金额应在 0.00 与争议金额 {disputed.text()} 之间"
    elif (outcome is Outcome.UPHELD and awarded != disputed) or (outcome is Outcome.DISMISSED and awarded):
        problem = f"全部支持时支持金额为 {disputed.text()}，不予支持时为 0.00"
    elif outcome is Outcome.PARTLY and disputed and not ZERO < awarded < disputed:
        problem = "部分支持时支持金额应大于 0.00 且小于争议金额"
    if problem:
        raise OutcomeUnfit(
            f"{problem}。",
            detail_en="Outcome, way and award do not fit together.",
            rule="DSP-02",
            errors=[{"pointer": "/awarded", "code": OutcomeUnfit.code, "message": problem}],
        )


def must_be_of_the_order(number: str, amount: Money, order_amount: Money) -> Money:
    """Return what of an order is disputed: something, and not more than it costs, less what is disputed already.

    Raises:
        LineUnfit: it is nothing or more.
    """
    if not ZERO < amount <= order_amount:
        raise LineUnfit(
            f"订单 {number} 还可争议 {order_amount.text()} 元，争议金额应大于 0.00 且不超过它。",
            detail_en=f"At most {order_amount.text()} of {number}.",
            errors=[{"pointer": "/amount", "code": LineUnfit.code, "message": f"最多 {order_amount.text()}"}],
        )
    return amount


def frozen(order_id: UUID, order_amount: Money, held: Iterable[Held]) -> Frozen:
    """Return what of an order is frozen, the undisputed rest apart.

    Source:
        DSP-04: disputed settlement lines are frozen, undisputed lines are paid.
    """
    return Frozen(order_id, order_amount, tuple(held))
