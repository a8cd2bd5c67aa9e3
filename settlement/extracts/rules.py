"""The schema of every extract: names, types and meanings. Pure; docs/settlement.md is held to it by a test."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kernel.errors import NotFound


class DataSet(StrEnum):
    """What can be extracted."""

    REVENUE = "revenue"
    SHARES = "shares"
    STATEMENTS = "statements"
    JOURNAL = "journal"


class NoSuchExtract(NotFound):
    """There is no such data set."""

    code = "extract.not_found"


class Kind(StrEnum):
    """How a column is stored: money is whole fen, names are dictionaries, days are dates."""

    FEN = "int64 fen"
    COUNT = "int64"
    DATE = "date32"
    NAME = "dictionary<string>"
    TEXT = "string"


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    kind: Kind
    meaning: str


PERIOD = (
    Column("run", Kind.NAME, "结算编号"),
    Column("place", Kind.NAME, "地方"),
    Column("period_start", Kind.DATE, "结算期间首日"),
    Column("period_end", Kind.DATE, "结算期间止日（不含）"),
)
SOLD = (
    Column("order", Kind.TEXT, "订单编号"),
    Column("entitlement", Kind.TEXT, "使用权编号"),
    Column("product", Kind.NAME, "产品编码"),
    Column("domain", Kind.NAME, "领域"),
    Column("agreement", Kind.NAME, "授权运营协议编号"),
    Column("seller", Kind.NAME, "供方统一社会信用代码"),
    Column("operator", Kind.NAME, "运营机构统一社会信用代码"),
    Column("use_class", Kind.NAME, "用途类别"),
)
SCHEMAS: dict[DataSet, tuple[Column, ...]] = {
    DataSet.REVENUE: (
        *PERIOD, *SOLD, Column("quantity", Kind.COUNT, "用量"), Column("billable", Kind.COUNT, "计费量"),
        Column("gross", Kind.FEN, "收入（含税）"), Column("tax", Kind.FEN, "销项税"),
        Column("net", Kind.FEN, "收入（不含税）"), Column("shadow", Kind.FEN, "影子金额"),
    ),
    DataSet.SHARES: (
        *PERIOD, *SOLD, Column("party", Kind.NAME, "分配方统一社会信用代码"),
        Column("schedule", Kind.NAME, "分配方案编号"), Column("step", Kind.COUNT, "分配步骤"),
        Column("payee_kind", Kind.NAME, "收款方式"), Column("reason_code", Kind.NAME, "收款方式的原因"),
        Column("amount", Kind.FEN, "分得金额"),
    ),
    DataSet.STATEMENTS: (
        *PERIOD, Column("statement", Kind.TEXT, "结算单编号"), Column("party", Kind.NAME, "单位统一社会信用代码"),
        Column("total", Kind.FEN, "合计"), Column("sha256", Kind.TEXT, "内容摘要"),
    ),
    DataSet.JOURNAL: (
        Column("place", Kind.NAME, "地方"), Column("year", Kind.COUNT, "会计年度"),
        Column("voucher", Kind.COUNT, "凭证号"), Column("entry_date", Kind.DATE, "入账日期"),
        Column("cause", Kind.NAME, "事由"), Column("cause_id", Kind.TEXT, "事由编号"),
        Column("position", Kind.COUNT, "行次"), Column("account", Kind.NAME, "科目"),
        Column("amount", Kind.FEN, "金额（借正贷负）"),
    ),
}  # fmt: skip


def data_set_of(name: str) -> DataSet:
    """Return the data set that an address names.

    Raises:
        NoSuchExtract: there is none of that name.
    """
    if name not in list(DataSet):
        known = "、".join(DataSet)
        raise NoSuchExtract(f"没有名为“{name}”的导出：可导出的有 {known}", detail_en=f"No extract {name}")
    return DataSet(name)
