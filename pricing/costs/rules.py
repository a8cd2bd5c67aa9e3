"""Cost surveys (成本调查): categories, states, and the operating cost that industry use may bear."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from kernel.errors import Conflict, Invalid
from kernel.money import ZERO, Money, total
from kernel.policy import Cited

WHOLE = Decimal(1)


class ChargeUnit(StrEnum):
    """By what a product is charged (65号 三（二）)."""

    PER_ITEM = "per_item"
    PER_USE = "per_use"
    PER_PERIOD = "per_period"
    PER_DATA_VOLUME = "per_data_volume"


CHARGE_UNIT_TITLES = {
    ChargeUnit.PER_ITEM: "件",
    ChargeUnit.PER_USE: "次",
    ChargeUnit.PER_PERIOD: "期",
    ChargeUnit.PER_DATA_VOLUME: "单位数据量",
}


class CostCategory(StrEnum):
    """What an operating cost consists of (65号 三（一）)."""

    PLATFORM_BUILD_OM = "platform_build_om"
    DATA_GOVERNANCE = "data_transfer_aggregation_storage_governance"
    HUMAN_RESOURCES = "human_resources"
    PUBLIC_DATA_ACQUISITION = "public_data_acquisition"
    PERIOD_EXPENSE = "period_expense"
    OTHER_REASONABLE = "other_reasonable"


CATEGORY_TITLES = {
    CostCategory.PLATFORM_BUILD_OM: "授权运营相关平台建设和运维成本",
    CostCategory.DATA_GOVERNANCE: "数据传输、汇聚、存储、治理等成本",
    CostCategory.HUMAN_RESOURCES: "人力资源成本",
    CostCategory.PUBLIC_DATA_ACQUISITION: "获取公共数据资源的相关支出",
    CostCategory.PERIOD_EXPENSE: "期间费用",
    CostCategory.OTHER_REASONABLE: "其他合理费用",
}


class SurveyState(StrEnum):
    """How far a survey has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"


class SurveyAct(StrEnum):
    """What is done with a survey."""

    AMEND = "amend"
    SUBMIT = "submit"
    RETURN = "return"
    ACCEPT = "accept"


TRANSITIONS = {
    (SurveyState.DRAFT, SurveyAct.AMEND): SurveyState.DRAFT,
    (SurveyState.DRAFT, SurveyAct.SUBMIT): SurveyState.SUBMITTED,
    (SurveyState.SUBMITTED, SurveyAct.RETURN): SurveyState.DRAFT,
    (SurveyState.SUBMITTED, SurveyAct.ACCEPT): SurveyState.ACCEPTED,
}

STATE_TITLES = {
    SurveyState.DRAFT: "填报中",
    SurveyState.SUBMITTED: "待审核",
    SurveyState.ACCEPTED: "已认定",
}


class WrongState(Conflict):
    """The survey is not in a state in which this can be done."""

    code = "cost_survey.wrong_state"


class LineUnusable(Invalid):
    """A cost line that cannot stand as it is."""

    code = "cost_survey.line_unusable"


class CategoryUnknown(Invalid):
    """A cost of a category that the rules of the place do not name."""

    code = "cost_survey.category_unknown"


class NothingSurveyed(Invalid):
    """A survey without a single line."""

    code = "cost_survey.empty"


@dataclass(frozen=True, slots=True)
class Line:
    """One cost: the share of industry use by its allocation key, and what was disallowed of that share."""

    text: str
    amount: Money
    industry_share: Decimal
    allocation_key: str
    disallowed: Money = ZERO

    @property
    def industry_amount(self) -> Money:
        """What falls on industry and sector use, rounded half up per line."""
        return self.amount.times(self.industry_share)

    @property
    def recognised(self) -> Money:
        """What is recognised of it."""
        return self.industry_amount - self.disallowed


@dataclass(frozen=True, slots=True)
class SurveyTotals:
    """The sums of a survey; ``recognised`` is the operating cost of industry use before subsidy."""

    spent: Money
    industry: Money
    disallowed: Money
    recognised: Money


def after(state: SurveyState, act: SurveyAct, number: str) -> SurveyState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"成本调查 {number} 现为“{STATE_TITLES[state]}”，不能再作此处理；"
            "需要更正已认定的成本，请就该年度另报一份成本调查。",
            detail_en=f"Cost survey {number} is {state}; {act} is not possible.",
            rule="PRC-02",
        )
    return following


def must_stand(line: Line, position: int) -> None:
    """Refuse a line whose share is no fraction, or that is shared without naming the key by which.

    Raises:
        LineUnusable: the line cannot stand; the message says why.

    Source:
        发改价格〔2025〕65号, 三（一）: only costs of industry and sector use; the text gives no key, so it is stated.
    """
    if not 0 <= line.industry_share <= WHOLE:
        raise _unusable(position, "industry_share", f"分摊比例 {line.industry_share} 应在 0 到 1 之间")
    if line.industry_share < WHOLE and not line.allocation_key.strip():
        words = "与免费服务共用的成本须写明分摊依据（如调用量、工时），不得把公益服务的成本计入"
        raise _unusable(position, "allocation_key", words)


def must_be_within(line: Line, position: int) -> None:
    """Refuse to disallow more than the line's industry part.

    Raises:
        LineUnusable: it exceeds that part.
    """
    if not ZERO <= line.disallowed <= line.industry_amount:
        words = f"核减 {line.disallowed} 元超过该项计入产业、行业用途的 {line.industry_amount} 元"
        raise _unusable(position, "amount", words)


def totals(lines: Sequence[Line]) -> SurveyTotals:
    """Return the sums of a survey.

    Raises:
        NothingSurveyed: there are no lines.

    Source:
        发改价格〔2025〕65号, 三（一）: 经营成本.
    """
    if not lines:
        raise NothingSurveyed(
            "成本调查没有任何成本项，请至少填报一项。", detail_en="The survey has no line.", rule="PRC-02"
        )
    return SurveyTotals(
        spent=total(line.amount for line in lines),
        industry=total(line.industry_amount for line in lines),
        disallowed=total(line.disallowed for line in lines),
        recognised=total(line.recognised for line in lines),
    )


def must_be_named(categories: Sequence[CostCategory], named: Cited) -> None:
    """Refuse categories of cost that the rules of the place do not name.

    Raises:
        CategoryUnknown: one of them is not in the list (policy ``pricing.cost_categories``).
    """
    for position, category in enumerate(categories):
        if category not in named.items():
            raise CategoryUnknown(
                f"{CATEGORY_TITLES[category]}不在经营成本构成之内（{named.citation()}），请归入其他类别或删除。",
                detail_en=f"{category} is not a category of operating cost there.",
                rule="PRC-02",
                article=named.citation(),
                errors=[{"pointer": f"/lines/{position}/category", "code": CategoryUnknown.code, "message": "未列名"}],
            )


def cited_dict(cited: Cited) -> dict[str, Any]:
    """Return a value of the book of rules as it is kept beside the result that rests on it."""
    source = cited.source
    return {
        "name": cited.name,
        "label": cited.label,
        "value": cited.value,
        "unit": cited.unit,
        "place": cited.place,
        "level": cited.level,
        "is_overlay": cited.is_overlay,
        "document": source.document,
        "title": source.title,
        "number": source.number,
        "article": source.article,
        "quote": source.quote,
        "evidence": source.evidence,
        "rule": source.rule,
    }


def node(
    label: str, value: str, *, formula: str = "", source: Any = None, lines: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Return one line of an explanation, with the lines under it that it rests on."""
    found: dict[str, Any] = {"label": label, "value": value, "lines": list(lines)}
    if formula:
        found["formula"] = formula
    if source:
        found["source"] = source
    return found


def _unusable(position: int, field: str, words: str) -> LineUnusable:
    return LineUnusable(
        f"第 {position} 项成本：{words}。",
        detail_en=f"Line {position}: {field} is not acceptable.",
        rule="PRC-02",
        article="发改价格〔2025〕65号 三（一）",
        errors=[{"pointer": f"/lines/{position - 1}/{field}", "code": LineUnusable.code, "message": words}],
    )
