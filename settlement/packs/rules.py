"""Which packs there are, and that none is given out whose figures differ from the ledger. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kernel.calendar import YEARS
from kernel.errors import Conflict, NotFound
from kernel.money import Money

Cell = str | int | Money


class PackKind(StrEnum):
    """The duties that a pack serves."""

    OPERATING_REPORT = "DIS-01"
    IMPLEMENTING_DISCLOSURE = "DIS-02"
    OPERATING_DISCLOSURE = "DIS-03"
    ANNUAL_OPERATION = "DIS-10"


PACK_TITLES = {
    PackKind.OPERATING_REPORT: "上年度运营情况报告（价格主管部门、数据管理部门）",
    PackKind.IMPLEMENTING_DISCLOSURE: "实施机构年度信息披露",
    PackKind.OPERATING_DISCLOSURE: "运营机构年度信息披露",
    PackKind.ANNUAL_OPERATION: "年度运营情况（数据主管部门）",
}
PACK_SOURCES = {
    PackKind.OPERATING_REPORT: "发改价格〔2025〕65号 五",
    PackKind.IMPLEMENTING_DISCLOSURE: "国家数据局 2026-02 通知",
    PackKind.OPERATING_DISCLOSURE: "国家数据局 2026-02 通知",
    PackKind.ANNUAL_OPERATION: "新昌县公共数据授权运营实施方案 八",
}


class DoesNotTie(Conflict):
    """Two sums that must be one figure differ; no pack is given out."""

    code = "pack.does_not_tie"
    title = "报送数据与账簿不符"
    title_en = "The figures differ from the ledger"


class NoSuchPack(NotFound):
    """There is no such duty or year."""

    code = "pack.not_found"


class NothingSealed(Conflict):
    """No settlement of the year is sealed: there is nothing to report yet."""

    code = "pack.nothing_sealed"
    title = "该年度没有已封存的结算"
    title_en = "No settlement of the year is sealed"


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a pack; amounts stay amounts until they are written."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, amounts as text."""
        return {
            "title": self.title,
            "rows": [
                {
                    heading: value.text() if isinstance(value, Money) else value
                    for heading, value in zip(self.headings, row, strict=True)
                }
                for row in self.rows
            ],
        }


@dataclass(frozen=True, slots=True)
class Tie:
    """Two sums from different books that must be the same figure."""

    what: str
    left: str
    right: str
    left_amount: Money
    right_amount: Money

    @property
    def holds(self) -> bool:
        """Say whether they are the same to the fen."""
        return self.left_amount == self.right_amount


def kind_of(duty: str, year: int) -> PackKind:
    """Return the kind of a pack as addresses name it.

    Raises:
        NoSuchPack: it is no duty, or no year.
    """
    if duty not in list(PackKind) or not min(YEARS) <= year < max(YEARS):
        known = "、".join(kind.value for kind in PackKind)
        raise NoSuchPack(f"没有 {year} 年的“{duty}”：可出具的有 {known}", detail_en=f"No pack {duty} of {year}")
    return PackKind(duty)


def must_tie(ties: Sequence[Tie], *, agreement: str, year: int) -> None:
    """Refuse a pack whose figures differ from the ledger, naming both.

    Raises:
        DoesNotTie: with every pair that differs.

    Source:
        M12: figures equal the ledger.
    """
    broken = [tie for tie in ties if not tie.holds]
    if broken:
        words = "；".join(
            f"{tie.what}：{tie.left} {tie.left_amount.text()} 元，{tie.right} {tie.right_amount.text()} 元，"
            f"差 {(tie.left_amount - tie.right_amount).text()} 元"
            for tie in broken
        )
        raise DoesNotTie(
            f"协议 {agreement} {year} 年的报送数据与账簿不符，不能出具：{words}；请先核查账簿（huiyi verify）",
            detail_en=f"The figures of {agreement} in {year} differ from the ledger; run huiyi verify",
            rule="DIS-01",
        )


def content(
    kind: PackKind, year: int, head: Mapping[str, str], ties: Sequence[Tie], sections: Sequence[Section]
) -> dict[str, Any]:
    """Return a whole pack as plain data, which its digest is made of."""
    return {
        "duty": kind.value, "title": PACK_TITLES[kind], "source": PACK_SOURCES[kind], "year": year,
        "agreement": dict(head),
        "tied": [
            {"what": tie.what, tie.left: tie.left_amount.text(), tie.right: tie.right_amount.text()} for tie in ties
        ],
        "sections": [section.to_dict() for section in sections],
    }  # fmt: skip
