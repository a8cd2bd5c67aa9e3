"""What an implementation plan must contain, the states of its versions, and how two versions differ; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.errors import Conflict, Invalid
from kernel.policy import Cited
from registry.parties.rules import N_


class PlanItem(StrEnum):
    """The twelve items, in the order of 发改数据规〔2025〕27号 第九条."""

    NAME = "name"
    NECESSITY = "necessity_and_feasibility"
    OPERATOR_CONDITIONS = "operator_conditions"
    MODE = "authorization_mode"
    RESOURCE_SCOPE = "resource_scope"
    TERM = "term_and_schedule"
    PRODUCT_LIST = "product_list"
    ACCOUNTING = "accounting_and_distribution"
    SECURITY = "security_and_emergency"
    RIGHTS = "rights_and_duties"
    SUPERVISION = "supervision_and_assessment"
    OTHER = "other"


class PlanMode(StrEnum):
    """How the authority authorizes: the whole, by sector, or by scenario."""

    OVERALL = "overall"
    BY_SECTOR = "by_sector"
    BY_SCENARIO = "by_scenario"


class PlanState(StrEnum):
    """Where one version of a plan stands."""

    DRAFT = "draft"
    UNDER_REVIEW = "under_review"
    RETURNED = "returned"
    APPROVED = "approved"
    FILED = "filed"
    IN_EFFECT = "in_effect"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class PlanEvent(StrEnum):
    """What can happen to a version."""

    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    FILE = "file"
    PUT_IN_EFFECT = "put_in_effect"
    SUPERSEDE = "supersede"


ITEM_TITLES = {
    PlanItem.NAME: N_("授权运营名称"),
    PlanItem.NECESSITY: N_("必要性和可行性论证（全生命周期管理服务、社会需求、市场规模、预期成效、风险防控等）"),
    PlanItem.OPERATOR_CONDITIONS: N_("运营机构的选择条件（资金、管理、技术、服务、安全能力等）"),
    PlanItem.MODE: N_("授权运营模式（整体授权、分领域授权或依场景授权等）"),
    PlanItem.RESOURCE_SCOPE: N_("数据资源范围、数据资源目录、更新频率及数据质量情况"),
    PlanItem.TERM: N_("授权运营期限、建设内容、技术保障、实施进度、评价标准、退出机制、资产管理"),
    PlanItem.PRODUCT_LIST: N_("拟提供的数据产品和服务清单（公共治理、公益事业和产业发展、行业发展两大类）"),
    PlanItem.ACCOUNTING: N_("经营成本和收入等核算机制、收益分配机制"),
    PlanItem.SECURITY: N_("数据安全、个人信息保护措施和应急处置措施"),
    PlanItem.RIGHTS: N_("实施机构、运营机构及相关参与方权利义务"),
    PlanItem.SUPERVISION: N_("监督管理及考核评价要求"),
    PlanItem.OTHER: N_("应当明确的其他事项"),
}
MODE_TITLES = {
    PlanMode.OVERALL: N_("整体授权"),
    PlanMode.BY_SECTOR: N_("分领域授权"),
    PlanMode.BY_SCENARIO: N_("依场景授权"),
}
STATE_TITLES = {
    PlanState.DRAFT: "草稿",
    PlanState.UNDER_REVIEW: "审议中",
    PlanState.RETURNED: "退回修改",
    PlanState.APPROVED: "已审定同意",
    PlanState.FILED: "已备案",
    PlanState.IN_EFFECT: "实施中",
    PlanState.SUPERSEDED: "已由新版本取代",
    PlanState.REFUSED: "未通过",
    PlanState.WITHDRAWN: "已撤回",
}
EVENT_TITLES = {
    PlanEvent.SUBMIT: "提交审议",
    PlanEvent.APPROVE: "审定同意",
    PlanEvent.RETURN: "退回",
    PlanEvent.REFUSE: "不予通过",
    PlanEvent.WITHDRAW: "撤回",
    PlanEvent.FILE: "备案",
    PlanEvent.PUT_IN_EFFECT: "实施",
    PlanEvent.SUPERSEDE: "取代",
}
TRANSITIONS: dict[tuple[PlanState, PlanEvent], PlanState] = {
    (PlanState.DRAFT, PlanEvent.SUBMIT): PlanState.UNDER_REVIEW,
    (PlanState.RETURNED, PlanEvent.SUBMIT): PlanState.UNDER_REVIEW,
    (PlanState.DRAFT, PlanEvent.WITHDRAW): PlanState.WITHDRAWN,
    (PlanState.RETURNED, PlanEvent.WITHDRAW): PlanState.WITHDRAWN,
    (PlanState.UNDER_REVIEW, PlanEvent.WITHDRAW): PlanState.WITHDRAWN,
    (PlanState.UNDER_REVIEW, PlanEvent.APPROVE): PlanState.APPROVED,
    (PlanState.UNDER_REVIEW, PlanEvent.RETURN): PlanState.RETURNED,
    (PlanState.UNDER_REVIEW, PlanEvent.REFUSE): PlanState.REFUSED,
    (PlanState.APPROVED, PlanEvent.FILE): PlanState.FILED,
    (PlanState.APPROVED, PlanEvent.PUT_IN_EFFECT): PlanState.IN_EFFECT,  # only where filing is not demanded
    (PlanState.FILED, PlanEvent.PUT_IN_EFFECT): PlanState.IN_EFFECT,
    (PlanState.IN_EFFECT, PlanEvent.SUPERSEDE): PlanState.SUPERSEDED,
}
EDITABLE = (PlanState.DRAFT, PlanState.RETURNED)
RUNNING = (*EDITABLE, PlanState.UNDER_REVIEW, PlanState.APPROVED, PlanState.FILED)


class WrongState(Conflict):
    """The version is not in a state in which this can happen."""

    code = "plan.wrong_state"


class PlanIncomplete(Invalid):
    """Items or documents that a plan must have are missing; ``errors`` names each."""

    code = "plan.incomplete"
    title = "实施方案内容不完整"
    title_en = "The plan is not complete"


class UnknownPlanItem(Invalid):
    """A code that is none of the items of a plan there."""

    code = "plan.unknown_item"


class ModeNotAllowed(Invalid):
    """The mode of authorization is not one of those at the place."""

    code = "plan.mode_not_allowed"


class PlanFilingMissing(Conflict):
    """The plan takes effect only after it was filed."""

    code = "plan.filing_missing"
    title = "实施方案尚未备案"
    title_en = "The plan has not been filed"


class NotEditable(Conflict):
    """What is under review or approved is not changed; a major change makes a new version."""

    code = "plan.not_editable"
    title = "已提交审议的实施方案不得修改"
    title_en = "A plan under review or approved is not changed"


class VersionRunning(Conflict):
    """Another version of the plan is being drafted or decided already."""

    code = "plan.version_running"


class NothingToChange(Conflict):
    """A major change needs a version that is in effect."""

    code = "plan.nothing_in_effect"


class EffectTooEarly(Invalid):
    """A version takes effect at the earliest on the day on which this is recorded, and after the one before."""

    code = "plan.effect_too_early"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a version says, as far as its completeness and its differences are concerned."""

    items: Mapping[str, str]
    mode: PlanMode | None
    scope_text: str
    resource_ids: tuple[str, ...]
    decision_number: str | None
    decision_sha256: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One field in which two versions differ."""

    code: str
    title: str
    before: str
    after: str


def after(state: PlanState, event: PlanEvent) -> PlanState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen to a version in this state.

    Source:
        发改数据规〔2025〕27号 第九条至第十一条 (APP-01).
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"实施方案目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The plan is {state}; {event} is not possible.",
            rule="APP-01",
        )
    return TRANSITIONS[state, event]


def possible(state: PlanState) -> tuple[PlanEvent, ...]:
    """Return the events that can happen in this state, in the order of the table."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def title_of(code: str) -> str:
    """Return the words of one item, or its code where only a local act knows it."""
    known = {item.value: title for item, title in ITEM_TITLES.items()}
    return known.get(code, code)


def is_in_effect(state: PlanState, start: date | None, end: date | None, on: date) -> bool:
    """Say whether a version is in effect on that day: from its first day until the next version's first day [I]."""
    if state not in (PlanState.IN_EFFECT, PlanState.SUPERSEDED) or start is None:
        return False
    return start <= on and (end is None or on < end)


def check_editable(number: str, state: PlanState) -> None:
    """Refuse to change a version that is under review, approved or closed.

    Raises:
        NotEditable: it is.
    """
    if state not in EDITABLE:
        raise NotEditable(
            f"实施方案 {number} 目前为“{STATE_TITLES[state]}”，内容不得修改；"
            "确需作较大变更的，请办理重大变更，按原流程重新报审",
            detail_en=f"{number} is {state}; start a major change instead.",
            rule="APP-01",
        )


def check_codes(items: Collection[str], required: Cited | None) -> None:
    """Refuse items that neither the national list nor the act of the place knows.

    Raises:
        UnknownPlanItem: some code is unknown.
    """
    known = {item.value for item in PlanItem} | set(required.items() if required else ())
    unknown = sorted(set(items) - known)
    if unknown:
        raise UnknownPlanItem(
            f"没有这样的方案内容：{'、'.join(unknown)}；可用：{'、'.join(sorted(known))}",
            detail_en=f"Unknown: {', '.join(unknown)}.",
            rule="APP-01",
            errors=[
                {"pointer": f"/items/{code}", "code": UnknownPlanItem.code, "message": "未知内容"} for code in unknown
            ],
        )


def check_mode(mode: PlanMode | None, modes: Cited | None) -> None:
    """Refuse a mode of authorization that the rules of the place do not name.

    Raises:
        ModeNotAllowed: it is not one of them.

    Source:
        发改数据规〔2025〕27号 第九条; 普洱 第七条（四） (APP-01).
    """
    if mode is not None and modes is not None and mode.value not in modes.items():
        raise ModeNotAllowed(
            f"当地没有“{MODE_TITLES[mode]}”这种授权模式（{modes.citation()}），请改选",
            detail_en=f"{mode} is not a mode of authorization there.",
            rule="APP-01",
            article=modes.citation(),
            errors=[{"pointer": "/mode", "code": ModeNotAllowed.code, "message": "请改选授权模式"}],
        )


def missing_items(items: Mapping[str, str], required: Iterable[str]) -> tuple[str, ...]:
    """Return the codes of items that are absent or blank, in the order of ``required``."""
    return tuple(code for code in required if not items.get(code, "").strip())


def missing(contents: Contents, required: Iterable[str], *, decision_required: bool) -> list[tuple[str, str]]:
    """Return everything that a version still lacks before it can be submitted: JSON pointer and words of each.

    Source:
        发改数据规〔2025〕27号 第九条、第十条; 普洱 第七条、第八条 (APP-01).
    """
    lacking = [(f"/items/{code}", title_of(code)) for code in missing_items(contents.items, required)]
    if contents.mode is None:
        lacking.append(("/mode", "授权模式"))
    if not contents.scope_text.strip() and not contents.resource_ids:
        lacking.append(("/resource_ids", "授权数据资源（列入目录中的资源，或以文字说明范围）"))
    if decision_required and not contents.decision_number:
        lacking.append(("/decision_number", "“三重一大”集体决策文号"))
    if decision_required and not contents.decision_sha256:
        lacking.append(("/decision_file", "“三重一大”集体决策文件"))
    return lacking


def check_complete(contents: Contents, required: Cited, decision: Cited | None) -> None:
    """Refuse to submit a version that lacks anything; everything that is missing is listed at once.

    Raises:
        PlanIncomplete: something is missing.

    Source:
        发改数据规〔2025〕27号 第九条、第十条 (APP-01).
    """
    demanded = decision is not None and decision.boolean()
    lacking = missing(contents, required.items(), decision_required=demanded)
    if lacking:
        names = "；".join(words for _, words in lacking)
        raise PlanIncomplete(
            f"实施方案尚缺 {len(lacking)} 项，不得提交审议（{required.citation()}）：{names}。请逐项补充后再提交",
            detail_en=f"Missing: {', '.join(pointer.strip('/') for pointer, _ in lacking)}.",
            rule="APP-01",
            article=required.citation(),
            errors=[
                {"pointer": pointer, "code": PlanIncomplete.code, "message": f"缺少：{words}"}
                for pointer, words in lacking
            ],
        )


def check_filing(number: str, state: PlanState, demanded: Cited | None) -> None:
    """Refuse to put an approved version in effect that was not filed, where filing is demanded.

    Raises:
        PlanFilingMissing: it is.

    Source:
        发改数据规〔2025〕27号 第十一条 (DIS-13).
    """
    if demanded is not None and demanded.boolean() and state is PlanState.APPROVED:
        raise PlanFilingMissing(
            f"实施方案 {number} 尚未备案，不得实施（{demanded.citation()}）；请先办理备案并登记备案编号",
            detail_en="File the plan with the province first.",
            rule="DIS-13",
            article=demanded.citation(),
        )


def check_effect(number: str, effective_from: date, earliest: date) -> None:
    """Refuse a first day of effect before the earliest possible one.

    Raises:
        EffectTooEarly: it lies before.
    """
    if effective_from < earliest:
        raise EffectTooEarly(
            f"实施方案 {number} 的实施日期 {effective_from} 早于 {earliest}；不得倒填，请改为 {earliest} 或以后",
            detail_en=f"The plan takes effect on {earliest} at the earliest.",
            rule="APP-01",
            errors=[{"pointer": "/effective_from", "code": EffectTooEarly.code, "message": f"最早为 {earliest}"}],
        )


def difference(before: Contents, later: Contents, names: Mapping[str, str]) -> list[Change]:
    """Return every field in which two versions differ, in the order of the plan.

    ``names`` gives the words for resource ids; an id without a name stands for itself.
    """
    codes = dict.fromkeys([*(item.value for item in PlanItem), *before.items, *later.items])
    pairs = [(code, title_of(code), before.items.get(code, ""), later.items.get(code, "")) for code in codes] + [
        ("mode", N_("授权模式"), _mode(before), _mode(later)),
        ("scope_text", N_("数据资源范围说明"), before.scope_text, later.scope_text),
        ("resource_ids", N_("列入的数据资源"), _named(before, names), _named(later, names)),
        ("decision_number", N_("集体决策文号"), before.decision_number or "", later.decision_number or ""),
        ("decision_file", N_("集体决策文件"), before.decision_sha256 or "", later.decision_sha256 or ""),
    ]
    return [Change(code, title, old, new) for code, title, old, new in pairs if old != new]


def _mode(contents: Contents) -> str:
    return MODE_TITLES[contents.mode] if contents.mode else ""


def _named(contents: Contents, names: Mapping[str, str]) -> str:
    return "、".join(sorted(names.get(resource, resource) for resource in contents.resource_ids))
