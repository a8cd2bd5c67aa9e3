"""Cost surveys (成本调查): categories, states, and the operating cost that industry use may bear."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from kernel.errors import Conflict, Invalid
from kernel.explanations import cited_dict as cited_dict
from kernel.explanations import node as node
from kernel.money import ZERO, Money, decimal_text, fraction, total
from kernel.policy import Cited
from pricing.charges.rules import ChargeKind

WHOLE = Decimal(1)
COST_ARTICLE = "发改价格〔2025〕65号 三（一）"


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


# in which category a charge counts once it is drawn into a survey; the texts name no mapping
CATEGORY_OF_CHARGE = {
    ChargeKind.RESOURCE_CONSUMPTION: CostCategory.PLATFORM_BUILD_OM,
    ChargeKind.DATA_GOVERNANCE: CostCategory.DATA_GOVERNANCE,
    ChargeKind.MODEL_PUBLICATION: CostCategory.PLATFORM_BUILD_OM,
    ChargeKind.RESULT_EXPORT: CostCategory.DATA_GOVERNANCE,
    ChargeKind.SECURITY_SERVICE: CostCategory.PLATFORM_BUILD_OM,
    ChargeKind.PUBLIC_DATA_ACQUISITION: CostCategory.PUBLIC_DATA_ACQUISITION,
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


class KeyUnusable(Invalid):
    """An allocation key that cannot stand as it is."""

    code = "cost_survey.key_unusable"


class CategoryUnknown(Invalid):
    """A cost of a category that the rules of the place do not name."""

    code = "cost_survey.category_unknown"


class NothingSurveyed(Invalid):
    """A survey without a single line."""

    code = "cost_survey.empty"


@dataclass(frozen=True, slots=True)
class Key:
    """An allocation key: by what a shared cost is divided, as measured units or as a share stated outright."""

    name: str
    driver: str
    industry_units: Decimal | None = None
    public_units: Decimal | None = None
    direct_share: Decimal | None = None

    @property
    def share(self) -> Fraction:
        """What falls on industry and sector use, exact."""
        if self.direct_share is not None:
            return fraction(self.direct_share)
        assert self.industry_units is not None
        assert self.public_units is not None
        return Fraction(self.industry_units) / Fraction(self.industry_units + self.public_units)

    @property
    def basis(self) -> str:
        """The key in words: driver, and the units that were measured."""
        if self.industry_units is None or self.public_units is None:
            return f"{self.driver}（直接填写占比）"
        industry, public = decimal_text(self.industry_units), decimal_text(self.public_units)
        return f"{self.driver}：产业、行业用途 {industry}，公益用途 {public}"


@dataclass(frozen=True, slots=True)
class Line:
    """One cost: the share of industry use by its allocation key, and what was disallowed of that share."""

    text: str
    amount: Money
    industry_share: Decimal | Fraction
    allocation_key: str
    disallowed: Money = ZERO
    key: str = ""

    @property
    def industry_amount(self) -> Money:
        """What falls on industry and sector use, rounded half up per line."""
        return self.amount.times(self.industry_share)

    @property
    def public_amount(self) -> Money:
        """What falls on free public-interest use, and stays out of the operating cost."""
        return self.amount - self.industry_amount

    @property
    def recognised(self) -> Money:
        """What is recognised of it."""
        return self.industry_amount - self.disallowed


@dataclass(frozen=True, slots=True)
class KeyEffect:
    """What changing a key does to one line."""

    position: int
    text: str
    share_before: Fraction
    share_after: Fraction
    amount_before: Money
    amount_after: Money


@dataclass(frozen=True, slots=True)
class AccountRow:
    """Spending of one category by use class, each with how much of it was subsidised."""

    category: CostCategory
    industry: Money
    industry_subsidised: Money
    public_interest: Money
    public_interest_subsidised: Money


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


def naming_problem(key: str, share: Decimal | None, known: Collection[str]) -> tuple[str, str] | None:
    """Return field and words of what is wrong with how a line names its share, or None; a key and a share exclude."""
    if not key:
        words = "须写明产业、行业用途占比，或注明所用的分摊依据名称"
        return ("industry_share", words) if share is None else None
    if share is not None:
        return "industry_share", "已注明分摊依据名称的，占比由该依据得出，不再填写"
    return None if key in known else ("key", f"没有名为“{key}”的分摊依据，请先填报该分摊依据")


def line_problem(line: Line) -> tuple[str, str] | None:
    """Return field and words of what is wrong with the share of a line, or None."""
    if not 0 <= fraction(line.industry_share) <= 1:
        return "industry_share", f"分摊比例 {decimal_text(line.industry_share)} 应在 0 到 1 之间"
    if fraction(line.industry_share) < 1 and not (line.key or line.allocation_key.strip()):
        return "allocation_key", "与免费服务共用的成本须写明分摊依据（如调用量、工时），不得把公益服务的成本计入"
    return None


def must_stand(line: Line, position: int) -> None:
    """Refuse a line whose share is no fraction, or that is shared without naming the key by which.

    Raises:
        LineUnusable: the line cannot stand; the message says why.

    Source:
        发改价格〔2025〕65号, 三（一）: only costs of industry and sector use; the text gives no key, so it is stated.
    """
    problem = line_problem(line)
    if problem is not None:
        raise unusable(position, *problem)


def key_problem(key: Key) -> tuple[str, str] | None:
    """Return field and words of what is wrong with an allocation key, or None."""
    measured = (key.industry_units, key.public_units)
    if (key.industry_units is None) != (key.public_units is None):
        return "public_units", "产业、行业用途与公益用途的计量数须同时填写"
    if (key.direct_share is None) == (key.industry_units is None):
        return "industry_share", "须填写两类用途的计量数，或直接填写占比，二者择一"
    if key.direct_share is not None and not 0 <= key.direct_share <= WHOLE:
        return "industry_share", f"占比 {key.direct_share} 应在 0 到 1 之间"
    if key.direct_share is None and not sum(fraction(units) for units in measured if units is not None):
        return "industry_units", "两类用途的计量数合计为零，无法分摊"
    return None


def keys_must_stand(keys: Sequence[Key]) -> None:
    """Refuse keys that cannot stand, or two of the same name.

    Raises:
        KeyUnusable: names the key and the field.

    Source:
        发改价格〔2025〕65号, 三（一）; the text gives no key, so its driver and units are stated and kept.
    """
    for index, key in enumerate(keys):
        problem = key_problem(key)
        if any(key.name == earlier.name for earlier in keys[:index]):
            problem = "name", "名称与前面的分摊依据重复"
        if problem is not None:
            field, words = problem
            raise KeyUnusable(
                f"分摊依据“{key.name}”：{words}。",
                detail_en=f"Key {key.name}: {field} is not acceptable.",
                rule="PRC-02",
                article=COST_ARTICLE,
                errors=[{"pointer": f"/keys/{index}/{field}", "code": KeyUnusable.code, "message": words}],
            )


def effect_of_key(lines: Sequence[tuple[int, Line]], changed: Key) -> list[KeyEffect]:
    """Return what a changed key does to each line, given with its position: those that use it, and no other."""
    share = changed.share
    return [
        KeyEffect(
            position, line.text, fraction(line.industry_share), share, line.industry_amount, line.amount.times(share)
        )
        for position, line in lines
        if line.key == changed.name
    ]


def must_be_within(line: Line, position: int) -> None:
    """Refuse to disallow more than the line's industry part.

    Raises:
        LineUnusable: it exceeds that part.
    """
    if not ZERO <= line.disallowed <= line.industry_amount:
        words = f"核减 {line.disallowed} 元超过该项计入产业、行业用途的 {line.industry_amount} 元"
        raise unusable(position, "amount", words)


def totals(lines: Sequence[Line]) -> SurveyTotals:
    """Return the sums of a survey.

    Raises:
        NothingSurveyed: there are no lines.

    Source:
        发改价格〔2025〕65号, 三（一）: 经营成本.
    """
    if not lines:
        raise NothingSurveyed("成本调查没有任何成本项，请至少填报一项。", detail_en="No line.", rule="PRC-02")
    return SurveyTotals(
        spent=total(line.amount for line in lines),
        industry=total(line.industry_amount for line in lines),
        disallowed=total(line.disallowed for line in lines),
        recognised=total(line.recognised for line in lines),
    )


def operating_cost(recognised: Money, subsidy: Money) -> Money:
    """Return the operating cost (65号 三（一）): what is recognised for industry use less subsidy, at least nothing."""
    return max(recognised - subsidy, ZERO)


def accounts(lines: Sequence[tuple[CostCategory, Line, bool]]) -> list[AccountRow]:
    """Return the separate account (单独核算, 65号 五, PRC-09) of lines with category and whether it was subsidised."""

    def summed(category: CostCategory) -> AccountRow:
        own = [(line, subsidised) for found, line, subsidised in lines if found is category]
        helped = [line for line, subsidised in own if subsidised]
        return AccountRow(
            category,
            industry=total(line.industry_amount for line, _ in own),
            industry_subsidised=total(line.industry_amount for line in helped),
            public_interest=total(line.public_amount for line, _ in own),
            public_interest_subsidised=total(line.public_amount for line in helped),
        )

    return [summed(category) for category in CostCategory if any(found is category for found, _, _ in lines)]


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


def unusable(position: int, field: str, words: str) -> LineUnusable:
    """Return the refusal that names a line and its field."""
    return LineUnusable(
        f"第 {position} 项成本：{words}。",
        detail_en=f"Line {position}: {field} is not acceptable.",
        rule="PRC-02",
        article=COST_ARTICLE,
        errors=[{"pointer": f"/lines/{position - 1}/{field}", "code": LineUnusable.code, "message": words}],
    )
