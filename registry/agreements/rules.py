"""Contents, term and states of an authorized operation agreement (授权运营协议); pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.calendar import MONTHS_PER_YEAR, Period, add_months
from kernel.errors import Conflict, Invalid
from registry.parties.rules import PartyKind


class AgreementState(StrEnum):
    """Where an agreement stands."""

    DRAFT = "draft"
    SIGNED = "signed"
    FILED = "filed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    TERMINATED = "terminated"


class AgreementEvent(StrEnum):
    """What happens to an agreement."""

    SIGN = "sign"
    FILE = "file"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESTORE = "restore"
    EXPIRE = "expire"
    TERMINATE = "terminate"


class ExitGround(StrEnum):
    """Why an agreement ends before its term (AGR-04; the list of the act is open)."""

    OPERATOR_REQUEST = "operator_request"
    BREACH = "breach"
    OTHER_ILLEGALITY = "other_illegality"


class AgreementItem(StrEnum):
    """The mandatory contents, in the order of 发改数据规〔2025〕27号 第十四条."""

    RESOURCE_SCOPE = "resource_scope"
    TERM = "term"
    PRODUCT_LIST = "product_list"
    PLATFORM = "supporting_platform"
    ASSET_OWNERSHIP = "asset_ownership"
    DISCLOSURE = "disclosure_and_no_redevelopment"
    ACCOUNTING = "accounting_and_distribution"
    SECURITY = "security_and_emergency"
    EVALUATION = "evaluation_renewal_exit"
    LIABILITY = "liability"
    DISPUTES = "dispute_resolution"
    CHANGE = "change_and_end"
    OTHER = "other"


STATE_TITLES = {
    AgreementState.DRAFT: "起草",
    AgreementState.SIGNED: "已签订",
    AgreementState.FILED: "已备案",
    AgreementState.ACTIVE: "生效",
    AgreementState.SUSPENDED: "暂停",
    AgreementState.EXPIRED: "届满",
    AgreementState.TERMINATED: "终止",
}
EVENT_TITLES = {
    AgreementEvent.SIGN: "签订",
    AgreementEvent.FILE: "备案",
    AgreementEvent.ACTIVATE: "生效",
    AgreementEvent.SUSPEND: "暂停",
    AgreementEvent.RESTORE: "恢复",
    AgreementEvent.EXPIRE: "届满",
    AgreementEvent.TERMINATE: "终止",
}
GROUND_TITLES = {
    ExitGround.OPERATOR_REQUEST: "运营机构申请退出",
    ExitGround.BREACH: "违约且未按期整改",
    ExitGround.OTHER_ILLEGALITY: "其他违法违规情形",
}
ITEM_TITLES = {
    AgreementItem.RESOURCE_SCOPE: "授权运营的公共数据资源范围及数据资源目录",
    AgreementItem.TERM: "授权运营期限",
    AgreementItem.PRODUCT_LIST: "拟提供的数据产品和服务清单及其技术标准、安全审核、业务合规性审核要求",
    AgreementItem.PLATFORM: "支撑平台",
    AgreementItem.ASSET_OWNERSHIP: "软硬件设备及数据产品和服务的资产权属",
    AgreementItem.DISCLOSURE: "信息披露及不得参与再开发的要求",
    AgreementItem.ACCOUNTING: "运营成本、收入核算及收益分配机制",
    AgreementItem.SECURITY: "数据安全、个人信息保护、风险监测和应急处置",
    AgreementItem.EVALUATION: "运营评价、续约或退出",
    AgreementItem.LIABILITY: "违约责任",
    AgreementItem.DISPUTES: "争议解决方式",
    AgreementItem.CHANGE: "协议变更、终止条件",
    AgreementItem.OTHER: "其他需要明确的事项",
}

TRANSITIONS: dict[tuple[AgreementState, AgreementEvent], AgreementState] = {
    (AgreementState.DRAFT, AgreementEvent.SIGN): AgreementState.SIGNED,
    (AgreementState.SIGNED, AgreementEvent.FILE): AgreementState.FILED,
    (AgreementState.FILED, AgreementEvent.ACTIVATE): AgreementState.ACTIVE,
    (AgreementState.ACTIVE, AgreementEvent.SUSPEND): AgreementState.SUSPENDED,
    (AgreementState.SUSPENDED, AgreementEvent.RESTORE): AgreementState.ACTIVE,
    (AgreementState.SIGNED, AgreementEvent.EXPIRE): AgreementState.EXPIRED,
    (AgreementState.FILED, AgreementEvent.EXPIRE): AgreementState.EXPIRED,
    (AgreementState.ACTIVE, AgreementEvent.EXPIRE): AgreementState.EXPIRED,
    (AgreementState.SUSPENDED, AgreementEvent.EXPIRE): AgreementState.EXPIRED,
    (AgreementState.SIGNED, AgreementEvent.TERMINATE): AgreementState.TERMINATED,
    (AgreementState.FILED, AgreementEvent.TERMINATE): AgreementState.TERMINATED,
    (AgreementState.ACTIVE, AgreementEvent.TERMINATE): AgreementState.TERMINATED,
    (AgreementState.SUSPENDED, AgreementEvent.TERMINATE): AgreementState.TERMINATED,
}
# releases that need a second person: conventions of the field, maker and checker, point 12
TWO_PERSONS = (AgreementEvent.RESTORE, AgreementEvent.TERMINATE)


class WrongState(Conflict):
    """The agreement is not in a state in which this can happen."""

    code = "agreement.wrong_state"


class ItemsMissing(Invalid):
    """Mandatory contents are empty; ``errors`` names each."""

    code = "agreement.items_missing"
    title = "协议必备内容不完整"
    title_en = "Mandatory contents of the agreement are missing"


class TermNotAllowed(Invalid):
    """The term is longer, or other, than the rules of the place allow."""

    code = "agreement.term_not_allowed"
    title = "协议期限不符合规定"
    title_en = "The term is not allowed there"


class TrialNotAllowed(Invalid):
    """The trial operation is longer than allowed, or not provided for."""

    code = "agreement.trial_not_allowed"
    title = "试运营期不符合规定"
    title_en = "The trial operation is not allowed"


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


class SecondPersonNeeded(Conflict):
    """The same person asked for this step; another one has to confirm it."""

    code = "agreement.second_person_needed"
    title = "须由另一人确认"
    title_en = "A second person has to confirm"


@dataclass(frozen=True, slots=True)
class Term:
    """Formal operation from ``start`` up to but not including ``end``; a trial may precede it."""

    start: date
    end: date
    trial_start: date | None = None
    trial_end: date | None = None

    def covers(self, on: date) -> bool:
        """Say whether operation, trial included, is possible on that day."""
        formal = self.start <= on < self.end
        trial = self.trial_start is not None and self.trial_end is not None and self.trial_start <= on < self.trial_end
        return formal or trial


@dataclass(frozen=True, slots=True)
class TermLimits:
    """What the rules of a place say about terms: years, months, and the citation of each; ``None`` = silent."""

    years_max: int | None = None
    years_exact: int | None = None
    trial_months_max: int | None = None
    citation: str = ""
    trial_citation: str = ""


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


def missing_items(items: Mapping[str, str], required: Collection[str]) -> tuple[str, ...]:
    """Return the codes of mandatory contents that are absent or blank, in the order of ``required``."""
    return tuple(code for code in required if not items.get(code, "").strip())


def title_of(code: str) -> str:
    """Return the words of one content, or its code where only a local act knows it."""
    known = {item.value: title for item, title in ITEM_TITLES.items()}
    return known.get(code, code)


def check_items(items: Mapping[str, str], required: Collection[str], citation: str) -> None:
    """Refuse an agreement that lacks mandatory contents.

    Raises:
        ItemsMissing: some are absent or blank; every one is listed.

    Source:
        发改数据规〔2025〕27号 第十四条 (AGR-01).
    """
    missing = missing_items(items, required)
    if missing:
        names = "；".join(title_of(code) for code in missing)
        raise ItemsMissing(
            f"协议尚缺 {len(missing)} 项必备内容，不得签订（{citation}）：{names}。请逐项补充后再签订",
            detail_en=f"Missing: {', '.join(missing)}.",
            rule="AGR-01",
            article=citation,
            errors=[
                {"pointer": f"/items/{code}", "code": ItemsMissing.code, "message": f"缺少：{title_of(code)}"}
                for code in missing
            ],
        )


def check_term(term: Term, limits: TermLimits) -> None:
    """Refuse a term or a trial that the rules of the place do not allow.

    The term is half-open: two years from 2026-07-01 end with ``end`` 2028-07-01, last day 2028-06-30.

    Raises:
        NotAPeriod: an end does not follow its start.
        TermNotAllowed: the term is longer than the limit, or not the fixed one.
        TrialNotAllowed: the trial is longer than allowed, overlaps the term, or is not provided for.

    Source:
        发改数据规〔2025〕27号 第十四条（二）; 新昌县实施方案 (AGR-02).
    """
    formal = Period(term.start, term.end)
    if limits.years_exact is not None:
        expected = add_months(term.start, limits.years_exact * MONTHS_PER_YEAR)
        if term.end != expected:
            fixed = Period(term.start, expected)
            raise _term(
                f"协议期限应为 {limits.years_exact} 年：自 {fixed.start} 起应止于 {fixed.last_day}", formal, limits
            )
    if limits.years_max is not None and term.end > add_months(term.start, limits.years_max * MONTHS_PER_YEAR):
        latest = Period(term.start, add_months(term.start, limits.years_max * MONTHS_PER_YEAR))
        raise _term(
            f"协议期限不得超过 {limits.years_max} 年：自 {latest.start} 起最迟止于 {latest.last_day}", formal, limits
        )
    _check_trial(term, limits)


def _term(words: str, found: Period, limits: TermLimits) -> TermNotAllowed:
    return TermNotAllowed(
        f"{words}（{limits.citation}），申报为 {found.text()}；请改正期限",
        detail_en="The term is not allowed there.",
        rule="AGR-02",
        article=limits.citation,
        errors=[{"pointer": "/term_end", "code": TermNotAllowed.code, "message": words}],
    )


def _check_trial(term: Term, limits: TermLimits) -> None:
    if term.trial_start is None and term.trial_end is None:
        return
    if term.trial_start is None or term.trial_end is None:
        raise _trial("试运营期的起止日须同时填写", limits)
    trial = Period(term.trial_start, term.trial_end)
    if limits.trial_months_max is None:
        raise _trial("当地没有另设试运营期的规定，请删除试运营期或将其并入协议期限", limits)
    latest = add_months(trial.start, limits.trial_months_max)
    if trial.end > latest:
        last = Period(trial.start, latest).last_day
        raise _trial(f"试运营期不得超过 {limits.trial_months_max} 个月：自 {trial.start} 起最迟止于 {last}", limits)
    if trial.end > term.start:
        raise _trial(f"试运营期应在正式运营期之前：最迟止于 {term.start} 的前一日", limits)


def _trial(words: str, limits: TermLimits) -> TrialNotAllowed:
    cited = f"（{limits.trial_citation}）" if limits.trial_citation else ""
    return TrialNotAllowed(
        f"{words}{cited}",
        detail_en="The trial operation is not allowed there.",
        rule="AGR-02",
        article=limits.trial_citation or None,
        errors=[{"pointer": "/trial_end", "code": TrialNotAllowed.code, "message": words}],
    )


def legal_form(kind: PartyKind) -> str:
    """Return the legal form of an organisation in the words of the policy: legal person or unincorporated."""
    return "unincorporated" if kind is PartyKind.NON_LEGAL_PERSON else "legal_person"


def check_operator(
    name: str, kind: PartyKind, *, forms: Collection[str] | None, kinds: Collection[str] | None, citation: str
) -> None:
    """Refuse an organisation that cannot be an operating institution (运营机构) by its form.

    Args:
        name: of the organisation, for the words.
        kind: what it is.
        forms: legal forms that the rules admit; ``None`` where they are silent.
        kinds: kinds of organisation that they admit; ``None`` where they are silent.
        citation: act and article.

    Raises:
        OperatorNotAllowed: its form or kind is not admitted.

    Source:
        发改数据规〔2025〕27号 第三条: 法人组织 (APP-04).
    """
    wrong_form = forms is not None and legal_form(kind) not in forms
    wrong_kind = kinds is not None and kind.value not in kinds and kind is not PartyKind.NON_LEGAL_PERSON
    if wrong_form or wrong_kind:
        words = "运营机构须为法人组织" if wrong_form else "该类单位不得承担授权运营"
        raise OperatorNotAllowed(
            f"{name}：{words}（{citation}）；请另行选定运营机构",
            detail_en=f"{name} cannot be an operating institution by its legal form.",
            rule="APP-04",
            article=citation,
            errors=[{"pointer": "/operating_institution_id", "code": OperatorNotAllowed.code, "message": words}],
        )


def check_emergency_plan(plan_sha256: str | None, required: bool, citation: str) -> None:
    """Refuse to start operation without an emergency plan (应急预案) where the rules demand one.

    Raises:
        EmergencyPlanMissing: it is demanded and absent.

    Source:
        新昌县公共数据授权运营实施方案: 一授权一预案 (EMG-01, EMG-02).
    """
    if required and plan_sha256 is None:
        raise EmergencyPlanMissing(
            f"尚未提交本授权的应急预案，不得生效（{citation}）；请先上传应急预案",
            detail_en="Upload the emergency plan first.",
            rule="EMG-01",
            article=citation,
        )
