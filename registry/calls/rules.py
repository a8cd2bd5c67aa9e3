"""How a call for an operating institution is made, when it is open, and the states it passes through; pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from kernel.errors import Conflict, Invalid
from kernel.policy import Cited
from registry.parties.rules import N_


class SelectionMethod(StrEnum):
    """How the operating institution is chosen (27号 第十二条)."""

    OPEN_TENDER = "open_tender"
    INVITED_TENDER = "invited_tender"
    NEGOTIATION = "negotiation"


class CallState(StrEnum):
    """Where a call stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"
    SELECTED = "selected"
    RESULT_PUBLISHED = "result_published"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CallEvent(StrEnum):
    """What can happen to a call."""

    PUBLISH = "publish"
    CLOSE = "close"
    SELECT = "select"
    PUBLISH_RESULT = "publish_result"
    FAIL = "fail"
    CANCEL = "cancel"


METHOD_TITLES = {
    SelectionMethod.OPEN_TENDER: N_("公开招标"),
    SelectionMethod.INVITED_TENDER: N_("邀请招标"),
    SelectionMethod.NEGOTIATION: N_("谈判"),
}
STATE_TITLES = {
    CallState.DRAFT: "草稿",
    CallState.PUBLISHED: "已发布",
    CallState.CLOSED: "已截止",
    CallState.SELECTED: "已选定",
    CallState.RESULT_PUBLISHED: "结果已公布",
    CallState.FAILED: "未选出",
    CallState.CANCELLED: "已取消",
}
EVENT_TITLES = {
    CallEvent.PUBLISH: "发布",
    CallEvent.CLOSE: "截止",
    CallEvent.SELECT: "选定",
    CallEvent.PUBLISH_RESULT: "公布结果",
    CallEvent.FAIL: "终结（未选出）",
    CallEvent.CANCEL: "取消",
}
TRANSITIONS: dict[tuple[CallState, CallEvent], CallState] = {
    (CallState.DRAFT, CallEvent.PUBLISH): CallState.PUBLISHED,
    (CallState.DRAFT, CallEvent.CANCEL): CallState.CANCELLED,
    (CallState.PUBLISHED, CallEvent.CLOSE): CallState.CLOSED,
    (CallState.PUBLISHED, CallEvent.CANCEL): CallState.CANCELLED,
    (CallState.CLOSED, CallEvent.SELECT): CallState.SELECTED,
    (CallState.CLOSED, CallEvent.FAIL): CallState.FAILED,
    (CallState.CLOSED, CallEvent.CANCEL): CallState.CANCELLED,
    (CallState.SELECTED, CallEvent.PUBLISH_RESULT): CallState.RESULT_PUBLISHED,
}
PUBLIC_STATES = tuple(state for state in CallState if state is not CallState.DRAFT)


class WrongState(Conflict):
    """The call is not in a state in which this can happen."""

    code = "call.wrong_state"


class CallNotEditable(Conflict):
    """What was published is not changed: cancel it and publish another one."""

    code = "call.not_editable"
    title = "已发布的公告不得修改"
    title_en = "A published call is not changed"


class MethodNotAllowed(Invalid):
    """The rules of the place do not name this way of selecting."""

    code = "call.method_not_allowed"


class CallIncomplete(Invalid):
    """The call lacks what must be told to everybody; ``errors`` names each."""

    code = "call.incomplete"
    title = "公告内容不完整"
    title_en = "The call is not complete"


class PlanNotInEffect(Conflict):
    """A call rests on an approved plan that is in effect."""

    code = "call.plan_not_in_effect"
    title = "没有审定同意并在实施的方案"
    title_en = "No approved plan in effect"


class StillOpen(Conflict):
    """The last day for applications has not passed."""

    code = "call.still_open"


def after(state: CallState, event: CallEvent) -> CallState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen to a call in this state.

    Source:
        APP-02, APP-03.
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"公告目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The call is {state}; {event} is not possible.",
            rule="APP-02",
        )
    return TRANSITIONS[state, event]


def possible(state: CallState) -> tuple[CallEvent, ...]:
    """Return the events that can happen in this state, in the order of the table."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def is_open(state: CallState, opens_on: date | None, closes_on: date | None, on: date) -> bool:
    """Say whether applications are taken on that day, first and last day included; time alone opens and closes."""
    if state is not CallState.PUBLISHED or opens_on is None or closes_on is None:
        return False
    return opens_on <= on <= closes_on


def check_editable(number: str, state: CallState) -> None:
    """Refuse to change a call that is published or closed.

    Raises:
        CallNotEditable: it is.
    """
    if state is not CallState.DRAFT:
        raise CallNotEditable(
            f"公告 {number} 目前为“{STATE_TITLES[state]}”，内容不得修改；如需变更，请取消后另行发布",
            detail_en=f"{number} is {state}; cancel it and publish another one.",
            rule="APP-03",
        )


def check_method(method: SelectionMethod, methods: Cited | None) -> None:
    """Refuse a way of selecting that the rules of the place do not name.

    Raises:
        MethodNotAllowed: it is not one of them.

    Source:
        发改数据规〔2025〕27号 第十二条; 普洱 第九条 (APP-02).
    """
    if methods is not None and method.value not in methods.items():
        raise MethodNotAllowed(
            f"当地不以“{METHOD_TITLES[method]}”方式选择运营机构（{methods.citation()}），请改选",
            detail_en=f"{method} is not a way of selecting there.",
            rule="APP-02",
            article=methods.citation(),
            errors=[{"pointer": "/method", "code": MethodNotAllowed.code, "message": "请改选方式"}],
        )


def check_complete(
    number: str,
    *,
    texts: dict[str, str],
    method: SelectionMethod,
    invited: Collection[object],
    opens_on: date | None,
    closes_on: date | None,
    today: date,
) -> None:
    """Refuse to publish a call that lacks anything; everything is listed at once.

    Args:
        number: of the call.
        texts: content, conditions, criteria, domain and scenario by field name.
        method: how the institution is chosen.
        invited: the parties that are invited.
        opens_on: first day for applications.
        closes_on: last day for applications.
        today: the day of publication.

    Raises:
        CallIncomplete: something is missing or impossible.

    Source:
        新昌 三（四）3（1）: 授权方式、授权范围、申报条件、评审标准及有关要求 (APP-03).
    """
    lacking = [(f"/{name}", TEXT_TITLES[name]) for name, text in texts.items() if not text.strip()]
    if opens_on is None or closes_on is None:
        lacking.append(("/closes_on", "申请起止日期"))
    elif closes_on < max(opens_on, today):
        lacking.append(("/closes_on", f"截止日期不得早于开始日期或今日（{today}）"))
    if method is SelectionMethod.INVITED_TENDER and not invited:
        lacking.append(("/invited_ids", "受邀单位"))
    if lacking:
        names = "；".join(words for _, words in lacking)
        raise CallIncomplete(
            f"公告 {number} 尚缺：{names}。请补充后再发布",
            detail_en=f"Missing or wrong: {', '.join(pointer.strip('/') for pointer, _ in lacking)}.",
            rule="APP-03",
            errors=[{"pointer": pointer, "code": CallIncomplete.code, "message": words} for pointer, words in lacking],
        )


TEXT_TITLES = {
    "content": N_("公告内容（授权方式、授权范围）"),
    "conditions": N_("申报条件"),
    "criteria": N_("评审标准及有关要求"),
    "domain": N_("授权运营领域"),
    "scenario": N_("应用场景"),
}


def check_plan(number: str, plan_number: str, *, in_effect: bool, on: date) -> None:
    """Refuse a call whose plan is not in effect.

    Raises:
        PlanNotInEffect: it is not.

    Source:
        普洱 第九条: 应当根据审定同意后的实施方案 … 选择运营机构 (APP-01, APP-02).
    """
    if not in_effect:
        raise PlanNotInEffect(
            f"公告 {number} 所依据的实施方案 {plan_number} 在 {on} 没有在实施的版本；请先完成方案的审议、备案和实施",
            detail_en=f"{plan_number} is not in effect on {on}.",
            rule="APP-01",
        )


def check_closing(number: str, closes_on: date | None, today: date) -> None:
    """Refuse to close a call before its last day has passed.

    Raises:
        StillOpen: it has not.
    """
    if closes_on is None or today <= closes_on:
        raise StillOpen(
            f"公告 {number} 的申请截止日期为 {closes_on}，尚未届满，不得提前截止",
            detail_en=f"Applications are taken until {closes_on}.",
            rule="APP-03",
        )
