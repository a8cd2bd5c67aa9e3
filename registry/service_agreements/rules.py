"""Kinds, states and term of a service agreement, and what exactly is signed; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from kernel.calendar import Period
from kernel.errors import Conflict, Invalid
from registry.clauses.rules import Term
from registry.parties.rules import N_


class TextKind(StrEnum):
    """What a standard text is for."""

    PLATFORM_SERVICE = "platform_service"
    DEVELOPMENT_USE = "development_use"


class ServiceState(StrEnum):
    """Where a service agreement stands."""

    DRAFT = "draft"
    HALF_SIGNED = "half_signed"
    SIGNED = "signed"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class ServiceEvent(StrEnum):
    """What happens to a service agreement."""

    SIGN = "sign"
    WITHDRAW = "withdraw"
    END = "end"


KIND_TITLES = {
    TextKind.PLATFORM_SERVICE: N_("平台服务协议"),
    TextKind.DEVELOPMENT_USE: N_("公共数据开发利用格式协议"),
}
STATE_TITLES = {
    ServiceState.DRAFT: "起草",
    ServiceState.HALF_SIGNED: "一方已签",
    ServiceState.SIGNED: "双方已签",
    ServiceState.ENDED: "已终止",
    ServiceState.WITHDRAWN: "已撤回",
}
EVENT_TITLES = {ServiceEvent.SIGN: "签署", ServiceEvent.WITHDRAW: "撤回", ServiceEvent.END: "终止"}
TRANSITIONS: dict[tuple[ServiceState, ServiceEvent], ServiceState] = {
    (ServiceState.DRAFT, ServiceEvent.SIGN): ServiceState.HALF_SIGNED,
    (ServiceState.HALF_SIGNED, ServiceEvent.SIGN): ServiceState.SIGNED,
    (ServiceState.DRAFT, ServiceEvent.WITHDRAW): ServiceState.WITHDRAWN,
    (ServiceState.HALF_SIGNED, ServiceEvent.WITHDRAW): ServiceState.WITHDRAWN,
    (ServiceState.SIGNED, ServiceEvent.END): ServiceState.ENDED,
}


class WrongState(Conflict):
    """The service agreement is not in a state in which this can happen."""

    code = "service_agreement.wrong_state"


class TermOutside(Invalid):
    """The term reaches beyond the term of the authorization."""

    code = "service_agreement.term_outside"


class AuthorizationNotOpen(Conflict):
    """The authorization is a draft or has ended: nobody offers service under it."""

    code = "service_agreement.authorization_not_open"


class NotAPartner(Invalid):
    """The operating institution needs no agreement with itself."""

    code = "service_agreement.not_a_partner"


class TextNotForPlace(Invalid):
    """The standard text belongs to another place."""

    code = "service_agreement.text_not_for_place"


class SideHasSigned(Conflict):
    """One side has signed already; the signature of the other is missing."""

    code = "service_agreement.side_has_signed"


def after(state: ServiceState, event: ServiceEvent) -> ServiceState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen to a service agreement in this state.
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"服务协议目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The service agreement is {state}; {event} is not possible.",
            rule="AGR-06",
        )
    return TRANSITIONS[state, event]


def possible(state: ServiceState) -> tuple[ServiceEvent, ...]:
    """Return the events that can happen in this state."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def is_in_force(state: ServiceState, start: date, end: date, on: date) -> bool:
    """Say whether the service agreement holds on that day; ``end`` is the first day that it does not cover."""
    return state is ServiceState.SIGNED and start <= on < end


def check_term(start: date, end: date, authorization: Term) -> None:
    """Refuse a term that is none, or that reaches beyond trial and term of the authorization.

    Raises:
        NotAPeriod: the end does not follow the start.
        TermOutside: it reaches beyond.
    """
    asked = Period(start, end)
    allowed = Period(authorization.trial_start or authorization.start, authorization.end)
    if start < allowed.start or end > allowed.end:
        raise TermOutside(
            f"服务协议的期限 {asked.text()} 超出授权运营协议的期限 {allowed.text()}；请改正期限",
            detail_en=f"The term must lie within {allowed.start} to {allowed.last_day}.",
            rule="AGR-06",
            errors=[{"pointer": "/end_date", "code": TermOutside.code, "message": f"最迟止于 {allowed.last_day}"}],
        )


def digest(signed: Mapping[str, str]) -> str:
    """Return the SHA-256 of what both sides sign: parties, authorization, term, particulars, digest of the text."""
    text = json.dumps(dict(signed), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
