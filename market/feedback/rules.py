"""What is fed back, and what becomes of it. Pure."""

from __future__ import annotations

from enum import StrEnum

from kernel.errors import Conflict


class FeedbackKind(StrEnum):
    """成果 or 仿真数据."""

    RESULT = "result"
    SIMULATED = "simulated"


class FeedbackState(StrEnum):
    """How far one delivery has come."""

    DELIVERED = "delivered"
    RECEIVED = "received"
    RETURNED = "returned"


class FeedbackAct(StrEnum):
    """What who receives it does: takes it into sharing, or sends it back."""

    RECEIVE = "receive"
    RETURN = "return"


TRANSITIONS = {
    (FeedbackState.DELIVERED, FeedbackAct.RECEIVE): FeedbackState.RECEIVED,
    (FeedbackState.DELIVERED, FeedbackAct.RETURN): FeedbackState.RETURNED,
}
STATE_TITLES = {
    FeedbackState.DELIVERED: "待接收",
    FeedbackState.RECEIVED: "已接收",
    FeedbackState.RETURNED: "已退回",
}


class WrongState(Conflict):
    """The delivery was received or returned before."""

    code = "feedback.wrong_state"


def after(state: FeedbackState, act: FeedbackAct, number: str) -> FeedbackState:
    """Return the state that follows.

    Raises:
        WrongState: it was received or returned before.

    Source:
        广州 (REU-02): 将仿真数据回馈至政务数据共享流程中.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"成果回馈 {number} {STATE_TITLES[state]}，不能再作此处理（REU-02）。",
            detail_en=f"Feedback {number} is {state}; {act} is not possible.",
            rule="REU-02",
        )
    return following
