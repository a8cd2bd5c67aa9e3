"""What an agreement must contain and how long it may run; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from kernel.calendar import MONTHS_PER_YEAR, Period, add_months
from kernel.errors import Conflict, Invalid
from kernel.policy import Cited
from registry.parties.rules import N_


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


ITEM_TITLES = {
    AgreementItem.RESOURCE_SCOPE: N_("授权运营的公共数据资源范围及数据资源目录"),
    AgreementItem.TERM: N_("授权运营期限"),
    AgreementItem.PRODUCT_LIST: N_("拟提供的数据产品和服务清单及其技术标准、安全审核、业务合规性审核要求"),
    AgreementItem.PLATFORM: N_("支撑平台"),
    AgreementItem.ASSET_OWNERSHIP: N_("软硬件设备及数据产品和服务的资产权属"),
    AgreementItem.DISCLOSURE: N_("信息披露及不得参与再开发的要求"),
    AgreementItem.ACCOUNTING: N_("运营成本、收入核算及收益分配机制"),
    AgreementItem.SECURITY: N_("数据安全、个人信息保护、风险监测和应急处置"),
    AgreementItem.EVALUATION: N_("运营评价、续约或退出"),
    AgreementItem.LIABILITY: N_("违约责任"),
    AgreementItem.DISPUTES: N_("争议解决方式"),
    AgreementItem.CHANGE: N_("协议变更、终止条件"),
    AgreementItem.OTHER: N_("其他需要明确的事项"),
}


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


class TermNotOver(Conflict):
    """The last day of the term has not passed."""

    code = "agreement.term_not_over"


class UnknownItem(Invalid):
    """A code that is none of the contents of an agreement there."""

    code = "agreement.unknown_item"


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

    @classmethod
    def of(cls, years_max: Cited | None, years_exact: Cited | None, trial_months_max: Cited | None) -> Self:
        """Read the limits from the book of rules."""
        deciding = years_exact or years_max
        return cls(
            years_max=years_max.integer() if years_max else None,
            years_exact=years_exact.integer() if years_exact else None,
            trial_months_max=trial_months_max.integer() if trial_months_max else None,
            citation=deciding.citation() if deciding else "",
            trial_citation=trial_months_max.citation() if trial_months_max else "",
        )


def missing_items(items: Mapping[str, str], required: Collection[str]) -> tuple[str, ...]:
    """Return the codes of mandatory contents that are absent or blank, in the order of ``required``."""
    return tuple(code for code in required if not items.get(code, "").strip())


def title_of(code: str) -> str:
    """Return the words of one content, or its code where only a local act knows it."""
    known = {item.value: title for item, title in ITEM_TITLES.items()}
    return known.get(code, code)


def check_items(items: Mapping[str, str], required: Cited) -> None:
    """Refuse an agreement that lacks mandatory contents.

    Raises:
        ItemsMissing: some are absent or blank; every one is listed.

    Source:
        发改数据规〔2025〕27号 第十四条 (AGR-01).
    """
    missing = missing_items(items, required.items())
    if missing:
        names = "；".join(title_of(code) for code in missing)
        raise ItemsMissing(
            f"协议尚缺 {len(missing)} 项必备内容，不得签订（{required.citation()}）：{names}。请逐项补充后再签订",
            detail_en=f"Missing: {', '.join(missing)}.",
            rule="AGR-01",
            article=required.citation(),
            errors=[
                {"pointer": f"/items/{code}", "code": ItemsMissing.code, "message": f"缺少：{title_of(code)}"}
                for code in missing
            ],
        )


def check_codes(items: Collection[str], required: Cited | None) -> None:
    """Refuse contents that neither the national list nor the act of the place knows.

    Raises:
        UnknownItem: some code is unknown.
    """
    known = {item.value for item in AgreementItem} | set(required.items() if required else ())
    unknown = sorted(set(items) - known)
    if unknown:
        raise UnknownItem(
            f"没有这样的协议内容：{'、'.join(unknown)}；可用：{'、'.join(sorted(known))}",
            detail_en=f"Unknown: {', '.join(unknown)}.",
            rule="AGR-01",
            errors=[{"pointer": f"/items/{code}", "code": UnknownItem.code, "message": "未知内容"} for code in unknown],
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


def check_expiry(number: str, term: Term, today: date) -> None:
    """Refuse to close the file of an agreement whose term is not over.

    Raises:
        TermNotOver: its last day has not passed.
    """
    if today < term.end:
        raise TermNotOver(
            f"协议 {number} 的最后一日为 {Period(term.start, term.end).last_day}，尚未届满",
            detail_en="The term is not over.",
            rule="AGR-03",
        )


def reapply_by(term: Term, months_before: int) -> date:
    """Return the last day on which the operator may apply anew, so many months before the last day of the term.

    A term of which 2028-06-30 is the last day and three months give 2028-03-30; the full procedure runs again.

    Source:
        新昌县公共数据授权运营实施方案 三（四）3（2） (AGR-02).
    """
    return add_months(Period(term.start, term.end).last_day, -months_before)
