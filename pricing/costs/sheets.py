"""The published spreadsheet of a cost survey: its layout, the empty template, and a survey written into it.

Every cell is text, so that what was typed is what is read; headings are locked, the rest is open.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from kernel.money import decimal_text
from kernel.spreadsheets import workbook as workbook_of
from pricing.costs.model import AllocationKey, CostLine, CostSurvey
from pricing.costs.rules import CATEGORY_TITLES, STATE_TITLES
from pricing.costs.schemas import KEYS_MAX, LINES_MAX

VERSION = "huiyi-cost-survey-1"
GUIDE, BASICS, KEYS, LINES = "填报说明", "基本信息", "分摊依据", "成本明细"
EXAMPLE = "示例"
YES, NO = "是", "否"
BASIC_ROWS = {
    "模板版本": "version", "授权运营协议编号": "agreement", "成本发生年度": "year", "政府补助（元）": "subsidy",
    "成本调查编号": "", "状态": "",
}  # fmt: skip
KEY_COLUMNS = {
    "序号": "", "名称": "name", "分摊动因": "driver", "产业、行业用途计量数": "industry_units",
    "公益用途计量数": "public_units", "产业、行业用途占比": "industry_share", "凭证SHA-256": "evidence_sha256",
}  # fmt: skip
LINE_COLUMNS = {
    "序号": "", "类别": "category", "内容": "text", "金额（元）": "amount", "分摊依据名称": "key",
    "产业、行业用途占比": "industry_share", "分摊说明": "allocation_key", "使用政府补助": "subsidised",
    "来源费用编号": "charge", "凭证SHA-256": "evidence_sha256", "核减金额（元）": "", "核减理由": "",
}  # fmt: skip
WIDTHS = {GUIDE: (100,), BASICS: (24, 40), KEYS: (8, 20, 30, 22, 18, 20, 40),
          LINES: (8, 36, 36, 16, 20, 20, 24, 14, 20, 40, 16, 30)}  # fmt: skip
GUIDANCE = (
    f"成本调查表（模板版本 {VERSION}）",
    "依据：发改价格〔2025〕65号 三（一）。"
    "只计入提供用于产业发展、行业发展的产品和服务发生的、扣除政府补助后的合理费用支出。",
    "一、表头已锁定，请勿改动表头、工作表名称和模板版本；全部单元格按文本填写。",
    "二、“基本信息”填写协议编号、年度和产业、行业部分的政府补助（元）。",
    "三、与公益服务共用的成本须分摊：在“分摊依据”写明名称、分摊动因（如调用量、工时）和两类用途的计量数，或直接填写占比；"
    "在“成本明细”引用该名称。全部用于产业、行业的成本，占比填 1，不需要分摊依据。",
    "四、金额精确到分，不四舍五入；占比为 0 到 1 的小数，最多九位；计量数最多九位整数、六位小数。",
    "五、“来源费用编号”填写已记录的平台费用或获取公共数据支出的编号，金额、类别须与该费用一致，同一费用只能计入一次。",
    "六、“凭证SHA-256”用于保留此前已上传的凭证；新的凭证在页面上逐项上传。",
    "七、序号为“示例”的行不导入；核减两栏由价格主管部门认定，导入时不读取。",
    "八、任何一格有误则整表不导入，系统逐格说明工作表、行、列和原因。",
)
KEY_EXAMPLE = (EXAMPLE, "调用量", "全年接口调用次数", "8000000", "2000000", "", "")
LINE_EXAMPLES = (
    (EXAMPLE, "授权运营相关平台建设和运维成本", "平台运维服务费", "10000000.00", "调用量", "", "", NO, "", "", "", ""),
    (EXAMPLE, "人力资源成本", "产品团队工资", "500000.00", "", "1", "", NO, "", "", "", ""),
)
Row = Sequence[str]


def template() -> bytes:
    """Return the empty template with its example rows."""
    return _written(("", "", "0.00", "", ""), [KEY_EXAMPLE], LINE_EXAMPLES)


def workbook(survey: CostSurvey, agreement_number: str) -> bytes:
    """Return a survey, read with its lines and keys, as the template filled with it."""
    basics = (agreement_number, str(survey.year), survey.subsidy.text(), survey.number, STATE_TITLES[survey.state])
    return _written(basics, [_key_row(key) for key in survey.keys], [_line_row(line) for line in survey.lines])


def _key_row(key: AllocationKey) -> Row:
    numbers = (key.industry_units, key.public_units, key.direct_share)
    shown = ["" if number is None else decimal_text(number) for number in numbers]
    return str(key.position), key.name, key.driver, *shown, key.evidence_sha256 or ""


def _line_row(line: CostLine) -> Row:
    named = line.key is not None
    return (
        str(line.position), CATEGORY_TITLES[line.category], line.text, line.amount.text(),
        line.key.name if line.key is not None else "", "" if named else decimal_text(line.industry_share),
        "" if named else line.allocation_key, YES if line.subsidised else NO,
        line.charge.number if line.charge is not None else "", line.evidence_sha256 or "",
        line.disallowed_amount.text() if line.disallowed_reason else "", line.disallowed_reason or "",
    )  # fmt: skip


def _written(basics: Row, keys: Sequence[Row], lines: Sequence[Row]) -> bytes:
    target = io.BytesIO()
    with workbook_of(target, "成本调查") as book:
        book.set_custom_property("template", VERSION)
        head = book.add_format({"bold": True, "bg_color": "#E8EEF7", "text_wrap": True, "num_format": "@"})
        formats = {"head": head, "open": book.add_format({"num_format": "@", "locked": False})}
        formats["fixed"] = book.add_format({"num_format": "@", "text_wrap": True})
        guide = _sheet(book, GUIDE, formats["fixed"])
        for row, text in enumerate(GUIDANCE):
            guide.write_string(row, 0, text, formats["fixed"])
        first = _sheet(book, BASICS, None)
        for row, (label, text) in enumerate(zip(BASIC_ROWS, (VERSION, *basics), strict=True)):
            first.write_string(row, 0, label, head)
            first.write_string(row, 1, text, formats["open"] if BASIC_ROWS[label] not in ("", "version") else head)
        _table(_sheet(book, KEYS, formats["open"]), list(KEY_COLUMNS), keys, formats)
        table = _sheet(book, LINES, formats["open"])
        _table(table, list(LINE_COLUMNS), lines, formats)
        _choose(table, "类别", list(CATEGORY_TITLES.values()))
        _choose(table, "使用政府补助", [YES, NO])
        _choose(table, "分摊依据名称", f"='{KEYS}'!$B$2:$B${KEYS_MAX + 1}")
    return target.getvalue()


def _sheet(book: Any, name: str, cells: Any) -> Any:
    sheet = book.add_worksheet(name)
    for column, width in enumerate(WIDTHS[name]):
        sheet.set_column(column, column, width, cells)
    sheet.protect("", {"format_columns": True, "format_rows": True, "insert_rows": True, "delete_rows": True})
    return sheet


def _table(sheet: Any, headings: Row, rows: Sequence[Row], formats: dict[str, Any]) -> None:
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, formats["head"])
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text, formats["open"])
    sheet.freeze_panes(1, 0)


def _choose(sheet: Any, heading: str, source: list[str] | str) -> None:
    """Offer a list of choices in one column; the reader, not the list, refuses other words."""
    column = list(LINE_COLUMNS).index(heading)
    sheet.data_validation(1, column, LINES_MAX, column, {"validate": "list", "source": source, "error_type": "warning"})
