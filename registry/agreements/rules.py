"""Contents, term and states of an authorized operation agreement (授权运营协议); pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.errors import Conflict, Invalid
from kernel.policy import Cited
from registry.clauses.rules import Term
from registry.parties.rules import KIND_TITLES, N_, PartyKind


class AgreementState(StrEnum):
    """Where an agreement stands."""

    DRAFT = "draft"
    SIGNED = "signed"
    FILED = "filed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    REVOKED = "revoked"
    CLOSED = "closed"


class AgreementEvent(StrEnum):
    """What happens to an agreement."""

    SIGN = "sign"
    FILE = "file"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESTORE = "restore"
    END_PART = "end_part"
    EXPIRE = "expire"
    TERMINATE = "terminate"
    REVOKE = "revoke"
    CLOSE = "close"


class ExitGround(StrEnum):
    """Why an agreement ends before its term (AGR-04; the list of the act is open)."""

    OPERATOR_REQUEST = "operator_request"
    BREACH = "breach"
    OTHER_ILLEGALITY = "other_illegality"


STATE_TITLES = {
    AgreementState.DRAFT: "起草",
    AgreementState.SIGNED: "已签订",
    AgreementState.FILED: "已备案",
    AgreementState.ACTIVE: "生效",
    AgreementState.SUSPENDED: "暂停",
    AgreementState.EXPIRED: "届满",
    AgreementState.TERMINATED: "终止",
    AgreementState.REVOKED: "撤销",
    AgreementState.CLOSED: "了结",
}
EVENT_TITLES = {
    AgreementEvent.SIGN: "签订",
    AgreementEvent.FILE: "备案",
    AgreementEvent.ACTIVATE: "生效",
    AgreementEvent.SUSPEND: "暂停",
    AgreementEvent.RESTORE: "恢复",
    AgreementEvent.END_PART: "终止部分数据的授权",
    AgreementEvent.EXPIRE: "届满",
    AgreementEvent.TERMINATE: "终止",
    AgreementEvent.REVOKE: "撤销",
    AgreementEvent.CLOSE: "了结",
}
GROUND_TITLES = {
    ExitGround.OPERATOR_REQUEST: N_("运营机构申请退出"),
    ExitGround.BREACH: N_("违约且未按期整改"),
    ExitGround.OTHER_ILLEGALITY: N_("其他违法违规情形"),
}
STANDING = (AgreementState.SIGNED, AgreementState.FILED, AgreementState.ACTIVE, AgreementState.SUSPENDED)
ENDED = (AgreementState.EXPIRED, AgreementState.TERMINATED, AgreementState.REVOKED)
ENDINGS = {
    AgreementEvent.EXPIRE: AgreementState.EXPIRED,
    AgreementEvent.TERMINATE: AgreementState.TERMINATED,
    AgreementEvent.REVOKE: AgreementState.REVOKED,
}
TRANSITIONS: dict[tuple[AgreementState, AgreementEvent], AgreementState] = {
    (AgreementState.DRAFT, AgreementEvent.SIGN): AgreementState.SIGNED,
    (AgreementState.SIGNED, AgreementEvent.FILE): AgreementState.FILED,
    (AgreementState.SIGNED, AgreementEvent.ACTIVATE): AgreementState.ACTIVE,  # only where filing is not demanded
    (AgreementState.FILED, AgreementEvent.ACTIVATE): AgreementState.ACTIVE,
    (AgreementState.ACTIVE, AgreementEvent.SUSPEND): AgreementState.SUSPENDED,
    (AgreementState.SUSPENDED, AgreementEvent.RESTORE): AgreementState.ACTIVE,
    # the affected data fall out of the authorization, the rest goes on (ACC-01)
    (AgreementState.SUSPENDED, AgreementEvent.END_PART): AgreementState.ACTIVE,
    **{(state, event): ended for state in STANDING for event, ended in ENDINGS.items()},
    **{(state, AgreementEvent.CLOSE): AgreementState.CLOSED for state in ENDED},
}


class WrongState(Conflict):
    """The agreement is not in a state in which this can happen."""

    code = "agreement.wrong_state"


class OperatorNotAllowed(Invalid):
    """The organisation has not the legal form that an operating institution needs."""

    code = "agreement.operator_not_allowed"
    title = "该组织形式不得承担授权运营"
    title_en = "Not a legal form open to operating institutions"


class EmergencyPlanMissing(Conflict):
    """Without an emergency plan no operation may start."""

    code = "agreement.emergency_plan_missing"
    title = "未制定应急预案，不得开展授权运营"
    title_en = "No operation without an emergency plan"


class FilingMissing(Conflict):
    """The agreement takes effect only after it was filed."""

    code = "agreement.filing_missing"
    title = "协议尚未备案"
    title_en = "The agreement has not been filed"


class CoordinationMissing(Invalid):
    """Grants and endings pass the coordination mechanism; its decision has to be named."""

    code = "agreement.coordination_missing"
    title = "缺少协调机制审议结论"
    title_en = "The decision of the coordination mechanism is missing"


class NotADraft(Conflict):
    """What is signed is not changed."""

    code = "agreement.not_a_draft"
    title = "已签订的协议不得修改"
    title_en = "A signed agreement is not changed"


class ScopeRefused(Invalid):
    """The scope is empty, or names a resource of another place."""

    code = "agreement.scope_refused"


class NotRegisteredAs(Invalid):
    """One of the two parties is not registered for its part at the place."""

    code = "agreement.party_not_registered"


class BasisMissing(Conflict):
    """What has to come before an agreement has not: a filed plan, a published selection of this very operator."""

    code = "agreement.basis_missing"
    title = "签订协议的依据不足"
    title_en = "The plan or the selection behind the agreement is missing"


class SecondPersonNeeded(Conflict):
    """The same person asked for this step; another one has to confirm it."""

    code = "agreement.second_person_needed"
    title = "须由另一人确认"
    title_en = "A second person has to confirm"


def after(state: AgreementState, event: AgreementEvent) -> AgreementState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen to an agreement in this state.
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"协议目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The agreement is {state}; {event} is not possible.",
            rule="AGR-03",
        )
    return TRANSITIONS[state, event]


def possible(state: AgreementState) -> tuple[AgreementEvent, ...]:
    """Return the events that can happen in this state, in the order of the table."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def is_in_force(state: AgreementState, term: Term, on: date) -> bool:
    """Say whether operation is authorized on that day: active, and within trial or term.

    Time alone closes an agreement; no job has to run for it.
    """
    return state is AgreementState.ACTIVE and term.covers(on)


def check_draft(number: str, state: AgreementState) -> None:
    """Refuse to change an agreement that is signed.

    Raises:
        NotADraft: it is no draft any more.
    """
    if state is not AgreementState.DRAFT:
        raise NotADraft(
            f"协议 {number} 目前为“{STATE_TITLES[state]}”，内容不得修改；如需变更，请另行签订",
            detail_en=f"{number} is {state}; sign a new agreement.",
            rule="AGR-03",
        )


def legal_form(kind: PartyKind) -> str:
    """Return the legal form of an organisation in the words of the policy: legal person or unincorporated."""
    return "unincorporated" if kind is PartyKind.NON_LEGAL_PERSON else "legal_person"


def check_operator(name: str, kind: PartyKind, forms: Cited | None, kinds: Cited | None) -> None:
    """Refuse an organisation that cannot be an operating institution (运营机构) by its form.

    Args:
        name: of the organisation, for the words.
        kind: what it is.
        forms: legal forms that the rules admit; ``None`` where they are silent.
        kinds: kinds of organisation that they admit; ``None`` where they are silent.

    Raises:
        OperatorNotAllowed: its form or kind is not admitted.

    Source:
        发改数据规〔2025〕27号 第三条: 法人组织; 穗政数〔2024〕44号 第三条: 企事业单位 (APP-04).
    """
    if forms is not None and legal_form(kind) not in forms.items():
        raise _not_an_operator(name, "运营机构须为法人组织", forms)
    if kinds is not None and kind is not PartyKind.NON_LEGAL_PERSON and kind.value not in kinds.items():
        raise _not_an_operator(name, f"{KIND_TITLES[kind]}不在当地可承担授权运营的单位类别之内", kinds)


def _not_an_operator(name: str, words: str, cited: Cited) -> OperatorNotAllowed:
    return OperatorNotAllowed(
        f"{name}：{words}（{cited.citation()}）；请另行选定运营机构",
        detail_en=f"{name} cannot be an operating institution by its legal form.",
        rule="APP-04",
        article=cited.citation(),
        errors=[{"pointer": "/operating_institution_id", "code": OperatorNotAllowed.code, "message": words}],
    )


def check_filing(number: str, state: AgreementState, demanded: Cited | None) -> None:
    """Refuse to activate an agreement that is signed but not filed, where filing is demanded.

    Raises:
        FilingMissing: it is.

    Source:
        发改数据规〔2025〕27号 第十三条 (DIS-13).
    """
    if demanded is not None and demanded.boolean() and state is AgreementState.SIGNED:
        raise FilingMissing(
            f"协议 {number} 尚未备案，不得生效（{demanded.citation()}）；请先办理备案并登记备案编号",
            detail_en="File the agreement with the province first.",
            rule="DIS-13",
            article=demanded.citation(),
        )


def check_emergency_plan(plan_sha256: str | None, demanded: Cited | None) -> None:
    """Refuse to start operation without an emergency plan (应急预案) where the rules demand one.

    Raises:
        EmergencyPlanMissing: it is demanded and absent.

    Source:
        新昌县公共数据授权运营实施方案: 一授权一预案 (EMG-01, EMG-02).
    """
    if demanded is not None and demanded.boolean() and plan_sha256 is None:
        raise EmergencyPlanMissing(
            f"尚未提交本授权的应急预案，不得生效（{demanded.citation()}）；请先上传应急预案",
            detail_en="Upload the emergency plan first.",
            rule="EMG-01",
            article=demanded.citation(),
        )


def check_coordination(record: str | None, demanded: Cited | None) -> str | None:
    """Return the decision of the coordination mechanism (协调机制), refusing its absence where one is demanded.

    Raises:
        CoordinationMissing: it is demanded and absent.

    Source:
        新昌县公共数据授权运营实施方案 三（一）1 (AGR-05).
    """
    named = (record or "").strip() or None
    if demanded is not None and demanded.boolean() and named is None:
        raise CoordinationMissing(
            f"给予、终止或撤销授权须经协调机制审议（{demanded.citation()}）；请填写审议结论的文号或会议纪要",
            detail_en="Name the decision of the coordination mechanism.",
            rule="AGR-05",
            article=demanded.citation(),
            errors=[{"pointer": "/coordination_record", "code": CoordinationMissing.code, "message": "请填写审议结论"}],
        )
    return named


@dataclass(frozen=True, slots=True)
class Basis:
    """What an agreement rests on: the implementation plan (实施方案) and the selection of the operator."""

    plan_is_in_effect: bool
    plan_covers_scope: bool
    operator_is_selected: bool
    used_by: str = ""  # number of the agreement that rests on that selection already
    call_is_of_plan: bool = True  # the call behind the selection was published under the plan
    plan_id: UUID | None = None  # what it rests on, where nothing is missing
    selection_id: UUID | None = None


def check_authorization_basis(number: str, basis: Basis) -> None:
    """Refuse an agreement without a plan in effect that covers its scope, and a published selection of its operator.

    A selection carries one agreement: whoever applies again passes the whole procedure again (AGR-02), so that another
    agreement with the same operator needs another call.

    Raises:
        BasisMissing: something is missing or does not fit; every fault is listed.

    Source:
        发改数据规〔2025〕27号 第九条至第十二条; 新昌县实施方案 三（四）3 (APP-01, APP-02, APP-03).
    """
    faults: list[tuple[str, str]] = []
    if not basis.plan_is_in_effect:
        faults.append(("/plan_id", "没有经审定并实施的实施方案"))
    elif not basis.plan_covers_scope:
        faults.append(("/resource_ids", "授权范围超出实施方案"))
    if not basis.operator_is_selected:
        faults.append(("/selection_id", "运营机构不是公布选定的机构"))
    elif basis.used_by:
        faults.append(("/selection_id", f"该选定结果已用于协议 {basis.used_by}，重新申请须重走公告、申请、审查和选定"))
    elif basis.plan_covers_scope and not basis.call_is_of_plan:
        faults.append(("/selection_id", "选定所依据的公告不属于该实施方案"))
    if faults:
        raise BasisMissing(
            f"协议 {number} 不得签订：{'；'.join(words for _, words in faults)}。请先办结实施方案和运营机构选定"
            "（发改数据规〔2025〕27号 第九条至第十二条）",
            detail_en="A plan in effect must cover the scope, and the selection of this operator must be published.",
            rule="APP-01",
            article="发改数据规〔2025〕27号 第九条至第十二条",
            errors=[{"pointer": pointer, "code": BasisMissing.code, "message": words} for pointer, words in faults],
        )


def check_scope(number: str, count: int) -> None:
    """Refuse to sign without a resource in scope: the first mandatory content is scope and catalogue.

    Raises:
        ScopeRefused: nothing is in scope.
    """
    if not count:
        raise ScopeRefused(
            f"协议 {number} 尚未列入任何公共数据资源；请先从目录中选择授权范围",
            detail_en="No resource is in scope.",
            rule="AGR-01",
            errors=[{"pointer": "/resource_ids", "code": ScopeRefused.code, "message": "授权范围为空"}],
        )


def check_second_person(number: str, first: UUID | None, second: UUID | None) -> None:
    """Refuse the confirmation by the person who asked.

    Raises:
        SecondPersonNeeded: both are the same.
    """
    if first == second:
        raise SecondPersonNeeded(
            f"{number} 的这项申请由您提出，须由另一位主管人员确认", detail_en="Another person has to confirm."
        )


def sources_of(used: Mapping[str, Cited | None]) -> dict[str, Any]:
    """Return the rules that took part in a decision as they are kept with it: value, act, article."""
    return {
        name: {"value": cited.value, "document": cited.source.number, "article": cited.source.article}
        for name, cited in used.items()
        if cited is not None
    }
