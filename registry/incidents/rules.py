"""A risk found in operation: processing stops at once, every office is told, and only then it goes on or ends; pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from uuid import UUID

from kernel.errors import Conflict, Invalid, NotAllowed
from registry.parties.rules import N_


class IncidentState(StrEnum):
    """Where an incident stands."""

    DETECTED = "detected"
    STOPPED = "stopped"
    REPORTED = "reported"
    ASSESSED = "assessed"
    RESUMED = "resumed"
    TERMINATED = "terminated"


class IncidentEvent(StrEnum):
    """What happens to an incident."""

    STOP = "stop"
    REPORT = "report"
    CLOSE_REPORT = "close_report"
    ASSESS = "assess"
    RESUME = "resume"
    TERMINATE = "terminate"


class Risk(StrEnum):
    """What hidden relations in the data may harm (SEC-02)."""

    NATIONAL_SECURITY = "national_security"
    PUBLIC_INTEREST = "public_interest"
    PERSONAL_INFORMATION = "personal_information"
    TRADE_SECRET = "trade_secret"  # noqa: S105 - a kind of secret, not one
    CONFIDENTIAL_BUSINESS = "confidential_business"


STATE_TITLES = {
    IncidentState.DETECTED: N_("已发现"),
    IncidentState.STOPPED: N_("已停止处理"),
    IncidentState.REPORTED: N_("已报告"),
    IncidentState.ASSESSED: N_("已评估"),
    IncidentState.RESUMED: N_("已恢复"),
    IncidentState.TERMINATED: N_("已终止处理"),
}
EVENT_TITLES = {
    IncidentEvent.STOP: N_("停止处理"),
    IncidentEvent.REPORT: N_("报告"),
    IncidentEvent.CLOSE_REPORT: N_("报告完毕"),
    IncidentEvent.ASSESS: N_("评估"),
    IncidentEvent.RESUME: N_("恢复处理"),
    IncidentEvent.TERMINATE: N_("终止处理"),
}
RISK_TITLES = {
    Risk.NATIONAL_SECURITY: N_("国家安全"),
    Risk.PUBLIC_INTEREST: N_("公共利益"),
    Risk.PERSONAL_INFORMATION: N_("个人信息"),
    Risk.TRADE_SECRET: N_("商业秘密"),
    Risk.CONFIDENTIAL_BUSINESS: N_("保密商务信息"),
}
RECIPIENT_TITLES = {
    "data_authority": N_("公共数据主管部门"),
    "police": N_("公安机关"),
    "state_security": N_("国家安全机关"),
    "secrecy": N_("保密行政管理部门"),
    "cyberspace": N_("网信部门"),
}
TRANSITIONS: dict[tuple[IncidentState, IncidentEvent], IncidentState] = {
    (IncidentState.DETECTED, IncidentEvent.STOP): IncidentState.STOPPED,
    (IncidentState.STOPPED, IncidentEvent.REPORT): IncidentState.STOPPED,  # one office after the other
    (IncidentState.STOPPED, IncidentEvent.CLOSE_REPORT): IncidentState.REPORTED,
    (IncidentState.REPORTED, IncidentEvent.ASSESS): IncidentState.ASSESSED,
    (IncidentState.ASSESSED, IncidentEvent.RESUME): IncidentState.RESUMED,
    (IncidentState.ASSESSED, IncidentEvent.TERMINATE): IncidentState.TERMINATED,
}
# while it stands in one of these, the data concerned are not processed; a terminated one never goes on
HALTED = (IncidentState.STOPPED, IncidentState.REPORTED, IncidentState.ASSESSED, IncidentState.TERMINATED)
CLOSED = (IncidentState.RESUMED, IncidentState.TERMINATED)


class WrongState(Conflict):
    """The incident does not admit this step now."""

    code = "incident.wrong_state"


class RecipientsMissing(Conflict):
    """The report is not complete before every office that must be told was told."""

    code = "incident.recipients_missing"
    title = "尚有应报告的部门未报告"
    title_en = "Not every office has been told"


class RecipientUnknown(Invalid):
    """That is none of the offices to which incidents are reported."""

    code = "incident.recipient_unknown"


class ReportedBefore(Conflict):
    """That office was told already."""

    code = "incident.reported_before"


class SecondPersonNeeded(Conflict):
    """Who assessed the risk does not alone let processing go on."""

    code = "incident.second_person_needed"
    title = "须由另一人确认"
    title_en = "A second person has to confirm"


class NotConcerned(NotAllowed):
    """The organisation has no part in that agreement or product, and cannot stop it."""

    code = "incident.not_concerned"


def after(state: IncidentState, event: IncidentEvent) -> IncidentState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen to an incident in this state.
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"风险事件目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The incident is {state}; {event} is not possible.",
            rule="SEC-02",
        )
    return TRANSITIONS[state, event]


def possible(state: IncidentState) -> tuple[IncidentEvent, ...]:
    """Return the events that can happen in this state, in the order of the table."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def is_halted(state: IncidentState, *, stops_at_once: bool) -> bool:
    """Say whether the data concerned may not be processed: from the finding on where the rules say “at once”.

    Source:
        新昌县实施方案 三（五）6 “应立即停止数据处理活动”; 普洱 第二十三条 (SEC-02).
    """
    return state in HALTED or (stops_at_once and state is IncidentState.DETECTED)


def missing_recipients(required: Sequence[str], told: Collection[str]) -> tuple[str, ...]:
    """Return the offices that must be told and were not, in the order of the rules."""
    return tuple(code for code in required if code not in told)


def check_recipient(recipient: str, told: Collection[str]) -> None:
    """Refuse an office that nobody knows, and one that was told already.

    Raises:
        RecipientUnknown: it is none of the offices.
        ReportedBefore: it was told already.
    """
    if recipient not in RECIPIENT_TITLES:
        raise RecipientUnknown(
            f"该部门不是报告对象，请从{'、'.join(RECIPIENT_TITLES.values())}中选择",
            detail_en="Choose one of the offices.",
            errors=[{"pointer": "/recipient", "code": RecipientUnknown.code, "message": "请选择报告对象"}],
        )
    if recipient in told:
        raise ReportedBefore(
            f"已向{RECIPIENT_TITLES[recipient]}报告，无须重复登记", detail_en="Reported there already.", rule="SEC-02"
        )


def check_report(number: str, required: Sequence[str], told: Collection[str]) -> None:
    """Refuse to close a report before every required office was told; at least one, where the rules name none.

    Raises:
        RecipientsMissing: some were not told; all are named.
    """
    missing = missing_recipients(required, told)
    if missing or not told:
        names = "、".join(RECIPIENT_TITLES[code] for code in missing) or "任何部门"
        raise RecipientsMissing(
            f"{number}：尚未向{names}报告，不得办结报告；请报告后逐一登记",
            detail_en=f"Not yet reported to: {', '.join(missing) or 'anybody'}.",
            rule="SEC-02",
            errors=[{"pointer": "/recipients", "code": RecipientsMissing.code, "message": code} for code in missing],
        )


def check_second_person(number: str, assessed_by: UUID | None, actor_id: UUID | None) -> None:
    """Refuse that who assessed the risk also decides that processing goes on.

    Raises:
        SecondPersonNeeded: it is the same person.
    """
    if assessed_by is not None and assessed_by == actor_id:
        raise SecondPersonNeeded(
            f"{number} 由您评估，是否恢复处理须由另一位主管人员决定",
            detail_en="Another person has to decide.",
            rule="SEC-02",
        )
