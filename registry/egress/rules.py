"""Egress checks: states, and what the system can see of raw data that would leave. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kernel.errors import Conflict
from registry.parties.rules import N_


class EgressState(StrEnum):
    """Where a check stands; once passed, every delivery is an export."""

    REQUESTED = "requested"
    RETURNED = "returned"
    PASSED = "passed"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    EXPORTED = "exported"


class EgressEvent(StrEnum):
    """What can happen to a check."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    RETURN = "return"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    EXPORT = "export"


STATE_TITLES = {
    EgressState.REQUESTED: N_("核查中"),
    EgressState.RETURNED: N_("退回补正"),
    EgressState.PASSED: N_("核查通过"),
    EgressState.FAILED: N_("核查未通过"),
    EgressState.WITHDRAWN: N_("已撤回"),
    EgressState.EXPORTED: N_("已出域"),
}
EVENT_TITLES = {
    EgressEvent.PASS: N_("核查通过"),
    EgressEvent.FAIL: N_("核查不通过"),
    EgressEvent.RETURN: N_("退回补正"),
    EgressEvent.RESUBMIT: N_("重新提交"),
    EgressEvent.WITHDRAW: N_("撤回"),
    EgressEvent.EXPORT: N_("出域交付"),
}
OPEN = (EgressState.PASSED, EgressState.EXPORTED)
STANDING = (EgressState.REQUESTED, EgressState.RETURNED, *OPEN)

TRANSITIONS: dict[tuple[EgressState, EgressEvent], EgressState] = {
    (EgressState.REQUESTED, EgressEvent.PASS): EgressState.PASSED,
    (EgressState.REQUESTED, EgressEvent.FAIL): EgressState.FAILED,
    (EgressState.REQUESTED, EgressEvent.RETURN): EgressState.RETURNED,
    (EgressState.REQUESTED, EgressEvent.WITHDRAW): EgressState.WITHDRAWN,
    (EgressState.RETURNED, EgressEvent.RESUBMIT): EgressState.REQUESTED,
    (EgressState.RETURNED, EgressEvent.WITHDRAW): EgressState.WITHDRAWN,
    (EgressState.PASSED, EgressEvent.EXPORT): EgressState.EXPORTED,
    (EgressState.EXPORTED, EgressEvent.EXPORT): EgressState.EXPORTED,
}


class WrongEgressState(Conflict):
    """The check does not admit this step now."""

    code = "egress.wrong_state"


def after(state: EgressState, event: EgressEvent) -> EgressState:
    """Return the state that follows.

    Raises:
        WrongEgressState: the event is not possible in that state.

    Source:
        广州市公共数据授权运营管理暂行办法（问答）主要内容第四项 (EGR-01).
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongEgressState(
            f"出域合规核查目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”（EGR-01）：请刷新后查看当前环节",
            detail_en=f"An egress check in state {state} does not admit {event}",
            rule="EGR-01",
        ) from None


@dataclass(frozen=True, slots=True)
class Source:
    """One resource that goes into what would leave: its code, its fields and those that identify a record."""

    code: str
    fields: frozenset[str]
    keys: frozenset[str]


def source_of(code: str, fields: Iterable[Mapping[str, Any]]) -> Source:
    """Return a resource as the checks see it; where no field is marked as key, all of them together are the key."""
    described = list(fields)
    names = frozenset(str(field["name"]) for field in described)
    keys = frozenset(str(field["name"]) for field in described if field.get("key"))
    return Source(code, names, keys or names)


def raw_alike(fields: Iterable[str], sources: Iterable[Source]) -> list[str]:
    """Return the codes of the resources all of whose fields, and no others, would leave: raw data (EGR-02)."""
    own = frozenset(fields)
    return [source.code for source in sources if own and own == source.fields]


def restorable(fields: Iterable[str], sources: Iterable[Source]) -> list[str]:
    """Return the codes of the resources whose whole key would leave: records could be told apart and restored.

    Source:
        普洱市公共数据资源授权运营管理办法 第二十三条 (EGR-02).
    """
    own = frozenset(fields)
    return [source.code for source in sources if source.keys and source.keys <= own]
