"""States of a month's books, and what stands in the way of closing them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kernel.calendar import Period
from kernel.errors import Conflict, Invalid, NotAllowed


class ClosingState(StrEnum):
    """Where the books of a month stand: 未结账, 结账中, 已结账."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class ClosingEvent(StrEnum):
    """What happens to the books of a month."""

    START = "start"
    GIVE_UP = "give_up"
    CLOSE = "close"


STATE_TITLES = {ClosingState.OPEN: "未结账", ClosingState.CLOSING: "结账中", ClosingState.CLOSED: "已结账"}
TRANSITIONS: dict[tuple[ClosingState, ClosingEvent], ClosingState] = {
    (ClosingState.OPEN, ClosingEvent.START): ClosingState.CLOSING,
    (ClosingState.CLOSING, ClosingEvent.START): ClosingState.CLOSING,  # the checklist anew
    (ClosingState.CLOSING, ClosingEvent.GIVE_UP): ClosingState.OPEN,
    (ClosingState.CLOSING, ClosingEvent.CLOSE): ClosingState.CLOSED,
}


class Blocker(StrEnum):
    """What may stand in the way of closing a month (H10)."""

    PERIOD_NOT_OVER = "period_not_over"
    EARLIER_PERIOD_OPEN = "earlier_period_open"
    FACTS_UNBOOKED = "facts_unbooked"
    PAYMENT_UNKNOWN = "payment_unknown"
    REFUND_IN_PROGRESS = "refund_in_progress"
    PROVIDER_EVENT_WAITING = "provider_event_waiting"
    BANK_LINE_WAITING = "bank_line_waiting"
    CALL_UNKNOWN = "call_unknown"
    INVOICE_WAITING = "invoice_waiting"
    SETTLEMENT_NOT_SEALED = "settlement_not_sealed"
    SETTLEMENT_DOES_NOT_TIE = "settlement_does_not_tie"
    STATEMENT_MISSING = "statement_missing"
    BOOKS_WRONG = "books_wrong"
    CONTROL_NOT_CLEAR = "control_not_clear"
    PROVIDER_NOT_CLEAR = "provider_not_clear"
    AUDIT_UNSEALED = "audit_unsealed"
    BREAK_OPEN = "break_open"
    PAYOUT_UNKNOWN = "payout_unknown"


BLOCKER_TITLES = {
    Blocker.PERIOD_NOT_OVER: "期间尚未结束",
    Blocker.EARLIER_PERIOD_OPEN: "以前期间尚未结账",
    Blocker.FACTS_UNBOOKED: "有资金事项尚未入账",
    Blocker.PAYMENT_UNKNOWN: "有在线支付结果未知",
    Blocker.REFUND_IN_PROGRESS: "有退款未完成",
    Blocker.PROVIDER_EVENT_WAITING: "有支付机构通知未处理",
    Blocker.BANK_LINE_WAITING: "有银行流水待核",
    Blocker.CALL_UNKNOWN: "有调用结果未知",
    Blocker.INVOICE_WAITING: "有发票待开具",
    Blocker.SETTLEMENT_NOT_SEALED: "收益结算尚未封存",
    Blocker.SETTLEMENT_DOES_NOT_TIE: "结算与账簿不一致",
    Blocker.STATEMENT_MISSING: "有收款方没有结算单",
    Blocker.BOOKS_WRONG: "账簿核对有问题",
    Blocker.CONTROL_NOT_CLEAR: "过渡科目未清",
    Blocker.PROVIDER_NOT_CLEAR: "支付机构款项逾期未清",
    Blocker.AUDIT_UNSEALED: "审计日志尚未封印",
    Blocker.BREAK_OPEN: "对账差异未处理",
    Blocker.PAYOUT_UNKNOWN: "有拨付结果未知",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist: what was looked at, how many things stand in the way, and what to do."""

    blocker: Blocker
    count: int
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {"blocker": str(self.blocker), "title": BLOCKER_TITLES[self.blocker], "count": self.count,
                "detail": self.detail}  # fmt: skip


class WrongState(Conflict):
    """The books of the month cannot take this step now."""

    code = "book_closing.wrong_state"
    title = "该期间当前状态不能办理此事"
    title_en = "The period is not in the right state"


class NotReady(Conflict):
    """Something stands in the way of closing."""

    code = "book_closing.not_ready"
    title = "结账检查未通过"
    title_en = "The checklist is not clear"


class SameCloser(NotAllowed):
    """Who started the closing may not finish it."""

    code = "book_closing.same_person"
    title = "结账须由另一人完成"
    title_en = "Somebody else has to close"


class NotAMonth(Invalid):
    """Books are closed month by month."""

    code = "book_closing.not_a_month"
    title = "只能按自然月结账"
    title_en = "Books are closed by calendar month"


def after(state: ClosingState, event: ClosingEvent) -> ClosingState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise WrongState(
            f"期间处于“{STATE_TITLES[state]}”，不能执行“{event}”；请刷新页面查看当前进度",
            detail_en=f"The period is {state}; {event} is not possible",
        )
    return following


def must_be_a_month(period: Period) -> None:
    """Refuse anything but a calendar month.

    Raises:
        NotAMonth: the period is shorter, longer, or begins within a month.
    """
    if period != Period.month_of(period.start):
        raise NotAMonth(f"期间 {period.text()} 不是一个自然月", detail_en=f"{period.text()} is not a calendar month")


def must_be_clear(items: Sequence[Item]) -> None:
    """Refuse to close while anything stands in the way; every blocker is named.

    Raises:
        NotReady: at least one item of the checklist is not clear.
    """
    blocked = [item for item in items if item.count]
    if blocked:
        words = "；".join(f"{BLOCKER_TITLES[item.blocker]}（{item.detail}）" for item in blocked)
        raise NotReady(
            f"尚不能结账：{words}",
            detail_en="Not ready to close: " + ", ".join(str(item.blocker) for item in blocked),
            errors=[{"pointer": "", "code": str(item.blocker), "message": item.detail} for item in blocked],
        )


def must_be_somebody_else(*, is_same: bool) -> None:
    """Refuse that the natural person who started a closing also finishes it.

    Raises:
        SameCloser: both are one person.
    """
    if is_same:
        raise SameCloser("发起结账的人不能完成同一期间的结账，请由另一位财务人员办理",
                         detail_en="Somebody else has to close this period", article="会计法 第三十五条")  # fmt: skip
