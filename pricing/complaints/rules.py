"""What becomes of a complaint about a fee: states, outcomes, and how often somebody may complain. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from kernel.errors import Conflict, Invalid, TooMany

ARTICLE = "发改价格〔2025〕65号 五"


class Ground(StrEnum):
    """What is wrong with the fee."""

    TOO_HIGH = "too_high"
    WRONG = "wrong"


class Outcome(StrEnum):
    """What the authorizing entity decides about the fee."""

    ADJUST = "adjust"
    KEEP = "keep"


class ComplaintState(StrEnum):
    """How far a complaint has come."""

    FILED = "filed"
    ACCEPTED = "accepted"
    REVIEWED = "reviewed"
    DECIDED = "decided"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class ComplaintAct(StrEnum):
    """What is done with it; the last one by its author."""

    ACCEPT = "accept"
    REVIEW = "review"
    DECIDE = "decide"
    CLOSE = "close"
    WITHDRAW = "withdraw"


TRANSITIONS = {
    (ComplaintState.FILED, ComplaintAct.ACCEPT): ComplaintState.ACCEPTED,
    (ComplaintState.ACCEPTED, ComplaintAct.REVIEW): ComplaintState.REVIEWED,
    (ComplaintState.REVIEWED, ComplaintAct.DECIDE): ComplaintState.DECIDED,
    (ComplaintState.DECIDED, ComplaintAct.CLOSE): ComplaintState.CLOSED,
    (ComplaintState.FILED, ComplaintAct.WITHDRAW): ComplaintState.WITHDRAWN,
    (ComplaintState.ACCEPTED, ComplaintAct.WITHDRAW): ComplaintState.WITHDRAWN,
    (ComplaintState.REVIEWED, ComplaintAct.WITHDRAW): ComplaintState.WITHDRAWN,
}
OVER = (ComplaintState.CLOSED, ComplaintState.WITHDRAWN)
OPEN = tuple(state for state in ComplaintState if state not in OVER)
STATE_TITLES = {
    ComplaintState.FILED: "已提交",
    ComplaintState.ACCEPTED: "已受理",
    ComplaintState.REVIEWED: "已核查",
    ComplaintState.DECIDED: "已决定",
    ComplaintState.CLOSED: "已办结",
    ComplaintState.WITHDRAWN: "已撤回",
}


class WrongState(Conflict):
    """The complaint is not in a state in which this can be done."""

    code = "complaint.wrong_state"


class TooManyComplaints(TooMany):
    """Too many complaints came from one address in too short a time."""

    code = "complaint.too_many"


class AdjustmentMissing(Conflict):
    """The fee was to be adjusted, and no newer price or cap of the product is named."""

    code = "complaint.adjustment_missing"
    title = "尚未关联调整后的收费标准"
    title_en = "The adjusted price is not named"


class AdjustmentUnfit(Invalid):
    """What is named is no newer price or cap of that product, or nothing was to be adjusted."""

    code = "complaint.adjustment_unfit"


def after(state: ComplaintState, act: ComplaintAct, number: str) -> ComplaintState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.

    Source:
        发改价格〔2025〕65号 五; PRC-11.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"收费投诉 {number} {STATE_TITLES[state]}，不能再作此处理（PRC-11）。",
            detail_en=f"Complaint {number} is {state}; {act} is not possible.",
            rule="PRC-11",
        )
    return following


def refuse_flood(filed: int, filings_max: int, left: timedelta, *, rule: str = "PRC-11") -> None:
    """Refuse one complaint too many from one address.

    Raises:
        TooManyComplaints: as many as are admitted came within the window.
    """
    if filed >= filings_max:
        seconds = max(int(left.total_seconds()), 1)
        raise TooManyComplaints(
            f"同一来源短时间内提出的投诉已达 {filings_max} 件，请在 {seconds} 秒后再试。",
            detail_en=f"Too many complaints; try again in {seconds} seconds",
            rule=rule,
            headers={"Retry-After": str(seconds)},
        )


def must_name_adjustment(number: str, outcome: Outcome | None, *, is_named: bool, is_newer: bool) -> None:
    """Refuse to close what was to be adjusted before a newer price or cap of the product is named, and only then.

    Raises:
        AdjustmentMissing: to be adjusted, and none is named.
        AdjustmentUnfit: nothing was to be adjusted, or what is named is not newer than the decision.
    """
    if outcome is Outcome.ADJUST and not is_named:
        raise AdjustmentMissing(
            f"投诉 {number} 决定调整收费标准，办结前须关联该产品决定之后公布的收费标准或上限（{ARTICLE}）。",
            detail_en="Name the new price or cap first.",
            rule="PRC-11",
            article=ARTICLE,
        )
    if is_named and (outcome is not Outcome.ADJUST or not is_newer):
        raise AdjustmentUnfit(
            f"投诉 {number} 不能关联所填编号：须是同一产品、在决定之后公布的收费标准或上限，且决定为调整。",
            detail_en="It is no newer price or cap of the product.",
            rule="PRC-11",
            errors=[{"pointer": "/tariff_number", "code": AdjustmentUnfit.code, "message": "不能关联"}],
        )
