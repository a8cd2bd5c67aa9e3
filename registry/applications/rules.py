"""The application form of an operating institution, its conditions, and the states it passes through; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.calendar import MONTHS_PER_YEAR, add_months
from kernel.errors import Conflict, Invalid
from kernel.policy import Cited
from registry.parties.rules import N_, PartyKind, legal_form
from registry.procedures.rules import Finding


class EnterpriseNature(StrEnum):
    """Nature of the enterprise, as the form of Pu'er offers it."""

    STATE_SOLE = "state_sole"
    STATE_CONTROLLED = "state_controlled"
    COLLECTIVE = "collective"
    PRIVATE = "private"
    JOINT_STOCK = "joint_stock"
    OTHER = "other"


class ProofKind(StrEnum):
    """The proofs that go with the form."""

    QUALIFICATION = "qualification"
    NO_BAD_RECORD = "no_bad_record"
    SECURITY_COMMITMENT = "security_commitment"
    FEASIBILITY = "feasibility"
    OTHER = "other"


class ApplicationState(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    UNDER_REVIEW = "under_review"
    RETURNED = "returned"
    PASSED = "passed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ApplicationEvent(StrEnum):
    """What can happen to an application."""

    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


NATURE_TITLES = {
    EnterpriseNature.STATE_SOLE: N_("国有独资"),
    EnterpriseNature.STATE_CONTROLLED: N_("国有控股"),
    EnterpriseNature.COLLECTIVE: N_("集体企业"),
    EnterpriseNature.PRIVATE: N_("私营企业"),
    EnterpriseNature.JOINT_STOCK: N_("股份制"),
    EnterpriseNature.OTHER: N_("其他"),
}
PROOF_TITLES = {
    ProofKind.QUALIFICATION: N_("专业资质证明"),
    ProofKind.NO_BAD_RECORD: N_("无不良情况证明"),
    ProofKind.SECURITY_COMMITMENT: N_("安全承诺书"),
    ProofKind.FEASIBILITY: N_("可行性分析"),
    ProofKind.OTHER: N_("其他证明材料"),
}
PROOFS_REQUIRED = tuple(kind for kind in ProofKind if kind is not ProofKind.OTHER)
FIELD_TITLES = {
    "address": N_("单位地址"),
    "nature": N_("企业性质"),
    "registered_capital": N_("注册资本（万元）"),
    "staff_count": N_("员工人数"),
    "contact": N_("联系人"),
    "phone": N_("电话"),
    "requested_scope": N_("申请数据范围"),
    "signed_by": N_("法定代表人或经办人签字"),
}
CONDITION_TITLES = {
    "management_and_technical_capacity": N_("具备管理和技术服务能力"),
    "sound_business_and_credit": N_("经营状况和信用状况良好"),
    "data_security_compliance": N_("符合国家数据安全保护要求"),
    "no_major_dishonesty_or_illegality": N_("无重大失信及违法记录"),
    "professional_team": N_("具备专业团队"),
    "product_operation_capacity": N_("具备产品运营技术能力"),
    "data_security_capacity": N_("具备数据安全保护能力"),
    "data_security_officer_and_department": N_("明确数据安全负责人和管理部门"),
    "protection_level_3": N_("具备网络安全等级保护三级经验"),
    "cryptography_assessment": N_("具备商用密码应用安全性评估经验"),
    "mature_data_management": N_("具备成熟的数据管理能力"),
    "incident_free": N_("近期未发生网络安全或数据安全事件"),
    "valuable_scenario_minimum_data": N_("应用场景具有重大经济社会价值，按最小必要申请数据"),
}
PROOF_OF = {
    "management_and_technical_capacity": ProofKind.QUALIFICATION,
    "professional_team": ProofKind.QUALIFICATION,
    "product_operation_capacity": ProofKind.QUALIFICATION,
    "data_security_officer_and_department": ProofKind.QUALIFICATION,
    "protection_level_3": ProofKind.QUALIFICATION,
    "cryptography_assessment": ProofKind.QUALIFICATION,
    "mature_data_management": ProofKind.QUALIFICATION,
    "sound_business_and_credit": ProofKind.NO_BAD_RECORD,
    "no_major_dishonesty_or_illegality": ProofKind.NO_BAD_RECORD,
    "data_security_compliance": ProofKind.SECURITY_COMMITMENT,
    "data_security_capacity": ProofKind.SECURITY_COMMITMENT,
    "valuable_scenario_minimum_data": ProofKind.FEASIBILITY,
}
OF_CREDIT = ("sound_business_and_credit", "no_major_dishonesty_or_illegality")
INCIDENT_FREE = "incident_free"
STATE_TITLES = {
    ApplicationState.DRAFT: "草稿",
    ApplicationState.UNDER_REVIEW: "审查中",
    ApplicationState.RETURNED: "退回补正",
    ApplicationState.PASSED: "审查通过",
    ApplicationState.REFUSED: "未通过",
    ApplicationState.WITHDRAWN: "已撤回",
}
EVENT_TITLES = {
    ApplicationEvent.SUBMIT: "提交",
    ApplicationEvent.APPROVE: "通过",
    ApplicationEvent.RETURN: "退回",
    ApplicationEvent.REFUSE: "不予通过",
    ApplicationEvent.WITHDRAW: "撤回",
}
TRANSITIONS: dict[tuple[ApplicationState, ApplicationEvent], ApplicationState] = {
    (ApplicationState.DRAFT, ApplicationEvent.SUBMIT): ApplicationState.UNDER_REVIEW,
    (ApplicationState.RETURNED, ApplicationEvent.SUBMIT): ApplicationState.UNDER_REVIEW,
    (ApplicationState.DRAFT, ApplicationEvent.WITHDRAW): ApplicationState.WITHDRAWN,
    (ApplicationState.RETURNED, ApplicationEvent.WITHDRAW): ApplicationState.WITHDRAWN,
    (ApplicationState.UNDER_REVIEW, ApplicationEvent.WITHDRAW): ApplicationState.WITHDRAWN,
    (ApplicationState.UNDER_REVIEW, ApplicationEvent.APPROVE): ApplicationState.PASSED,
    (ApplicationState.UNDER_REVIEW, ApplicationEvent.RETURN): ApplicationState.RETURNED,
    (ApplicationState.UNDER_REVIEW, ApplicationEvent.REFUSE): ApplicationState.REFUSED,
}
EDITABLE = (ApplicationState.DRAFT, ApplicationState.RETURNED)


class WrongState(Conflict):
    """The application is not in a state in which this can happen."""

    code = "application.wrong_state"


class ApplicationNotEditable(Conflict):
    """What was submitted is not changed."""

    code = "application.not_editable"


class ApplicationIncomplete(Invalid):
    """Fields or proofs of the form are missing; ``errors`` names each."""

    code = "application.incomplete"
    title = "申请表内容不完整"
    title_en = "The application is not complete"


class CallNotOpen(Conflict):
    """The call does not take applications on that day."""

    code = "application.call_not_open"
    title = "不在申请期间之内"
    title_en = "The call does not take applications now"


class NotInvited(Conflict):
    """Only invited organisations may apply to this call."""

    code = "application.not_invited"


class AppliedBefore(Conflict):
    """The organisation has an application to this call already."""

    code = "application.exists"


@dataclass(frozen=True, slots=True)
class Incident:
    """A network or data security incident that the applicant declares."""

    on: date
    fact: str


def after(state: ApplicationState, event: ApplicationEvent) -> ApplicationState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen to an application in this state.

    Source:
        APP-02, APP-03.
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"申请目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The application is {state}; {event} is not possible.",
            rule="APP-03",
        )
    return TRANSITIONS[state, event]


def possible(state: ApplicationState) -> tuple[ApplicationEvent, ...]:
    """Return the events that can happen in this state, in the order of the table."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def check_editable(number: str, state: ApplicationState) -> None:
    """Refuse to change an application that is submitted or closed.

    Raises:
        ApplicationNotEditable: it is.
    """
    if state not in EDITABLE:
        raise ApplicationNotEditable(
            f"申请 {number} 目前为“{STATE_TITLES[state]}”，内容不得修改",
            detail_en=f"{number} is {state}.",
            rule="APP-03",
        )


def check_open(number: str, *, is_open: bool, opens_on: date | None, closes_on: date | None, today: date) -> None:
    """Refuse an application outside the days of the call.

    Raises:
        CallNotOpen: too early, too late, or the call is not published.
    """
    if not is_open:
        words = "已于该日截止" if closes_on is not None and today > closes_on else "尚未开始受理或未发布"
        raise CallNotOpen(
            f"公告 {number} 的申请期间为 {opens_on} 至 {closes_on}，{words}；今日 {today} 不能申请",
            detail_en=f"{number} takes applications from {opens_on} to {closes_on}.",
            rule="APP-03",
        )


def check_invited(number: str, *, by_invitation: bool, is_invited: bool) -> None:
    """Refuse an application to a call by invitation from somebody who is not on its list.

    Raises:
        NotInvited: the organisation is not invited.

    Source:
        发改数据规〔2025〕27号 第十二条 (APP-02).
    """
    if by_invitation and not is_invited:
        raise NotInvited(
            f"公告 {number} 只接受受邀单位的申请，本单位不在受邀名单之内",
            detail_en=f"{number} is by invitation only.",
            rule="APP-02",
        )


def missing(
    fields: Mapping[str, object], proofs: Collection[ProofKind], *, incidents_declared: bool
) -> list[tuple[str, str]]:
    """Return everything that the form still lacks: JSON pointer and words of each.

    Source:
        普洱市公共数据资源授权运营机构申请表 (rules §6).
    """
    lacking = [
        (f"/{name}", title)
        for name, title in FIELD_TITLES.items()
        if fields.get(name) in (None, "") or not _given(fields[name])
    ]
    if not incidents_declared:
        lacking.append(("/incidents_declared", N_("网络安全、数据安全事件申报（没有的也须确认）")))
    return lacking + [(f"/proofs/{kind}", PROOF_TITLES[kind]) for kind in PROOFS_REQUIRED if kind not in proofs]


def _given(value: object) -> bool:
    return not isinstance(value, str) or bool(value.strip())


def check_complete(number: str, lacking: Sequence[tuple[str, str]]) -> None:
    """Refuse to submit a form that lacks anything; everything is listed at once.

    Raises:
        ApplicationIncomplete: something is missing.
    """
    if lacking:
        names = "；".join(words for _, words in lacking)
        raise ApplicationIncomplete(
            f"申请 {number} 尚缺 {len(lacking)} 项：{names}。请逐项补充后再提交",
            detail_en=f"Missing: {', '.join(pointer.strip('/') for pointer, _ in lacking)}.",
            rule="APP-04",
            errors=[
                {"pointer": pointer, "code": ApplicationIncomplete.code, "message": f"缺少：{words}"}
                for pointer, words in lacking
            ],
        )


def form_finding(name: str, kind: PartyKind, forms: Cited | None, kinds: Cited | None) -> Finding:
    """Return whether the legal form and kind of the applicant are admitted there.

    Source:
        发改数据规〔2025〕27号 第三条: 法人组织; 穗政数〔2024〕44号 第三条: 企事业单位 (APP-04).
    """
    form_admitted = forms is None or legal_form(kind).value in forms.items()
    of_kind = kinds is None or kind is PartyKind.NON_LEGAL_PERSON or kind.value in kinds.items()
    deciding = forms if not form_admitted or kinds is None else kinds
    words = f"{name} 的组织形式{'符合' if form_admitted and of_kind else '不符合'}当地规定"
    return Finding(
        "legal_form", "组织形式", form_admitted and of_kind, words, "APP-04", deciding.citation() if deciding else ""
    )


def recent_incidents(incidents: Iterable[Incident], years: int, on: date) -> list[Incident]:
    """Return the incidents of the last ``years`` years up to and including ``on``."""
    since = add_months(on, -years * MONTHS_PER_YEAR)
    return [incident for incident in incidents if since < incident.on <= on]


def incident_finding(incidents: Sequence[Incident], years: Cited, on: date) -> Finding:
    """Return whether the applicant was free of security incidents for as long as the place demands.

    Source:
        浙政办发〔2023〕44号 安全条件 (APP-04).
    """
    recent = recent_incidents(incidents, years.integer(), on)
    words = f"申报近 {years.value} 年没有网络安全或数据安全事件"
    if recent:
        words = f"近 {years.value} 年发生过：" + "；".join(f"{one.on} {one.fact}" for one in recent)
    return Finding(INCIDENT_FREE, CONDITION_TITLES[INCIDENT_FREE], not recent, words, "APP-04", years.citation())


def condition_findings(required: Cited, proofs: Collection[ProofKind], credit: Sequence[str]) -> list[Finding]:
    """Return one finding per condition that the place demands: is its proof there, does the credit file object.

    A proof is weighed by people, so that such a finding does not bind; an open credit record does.

    Args:
        required: codes of the conditions, with their source.
        proofs: kinds of proof that were kept.
        credit: open records of the credit file, in words.
    """
    found = []
    for code in required.items():
        if code == INCIDENT_FREE:
            continue  # decided by dates, not by a proof
        proof = PROOF_OF.get(code, ProofKind.OTHER)
        is_met, words = proof in proofs, f"已提交“{PROOF_TITLES[proof]}”，由审查人员核对"
        if not is_met:
            words = f"没有提交“{PROOF_TITLES[proof]}”"
        is_binding = code in OF_CREDIT and bool(credit)
        if is_binding:
            is_met, words = False, f"信用记录：{'；'.join(credit)}"
        title = CONDITION_TITLES.get(code, code)
        found.append(Finding(code, title, is_met, words, "APP-04", required.citation(), is_binding=is_binding))
    return found
