"""Reports of the provider as CSV: its own columns or ours, every cell as text, every fault named with its row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kernel.calendar import BEIJING, YEARS
from kernel.errors import DomainError, Invalid
from kernel.money import ZERO, Money
from settlement.matching.rules import Flow
from settlement.provider_lines.rules import Row, flow_of, reference_of

ROWS_MAX = 200_000
ERRORS_MAX = 500
TEXT_MAX = 500
COLUMNS = {
    "serial": ("balance_transaction_id", "id", "明细号"),
    "happened_at": ("created_utc", "created", "时间"),
    "kind": ("reporting_category", "type", "类型"),
    "amount": ("gross", "amount", "金额"),
    "fee": ("fee", "手续费"),
    "net": ("net", "净额"),
    "currency": ("currency", "币种"),
    "source": ("source_id", "source", "业务单号"),
    "charge": ("payment_intent_id", "payment_intent", "原收款"),
    "batch": ("automatic_payout_id", "payout_id", "结算批次"),
    "own": ("payment_metadata[huiyi_attempt]", "huiyi_attempt", "商户单号"),
    "words": ("description", "备注"),
}
NEEDED = ("serial", "happened_at", "kind", "amount", "fee", "net", "currency", "source")


class ReportUnreadable(Invalid):
    """The file as a whole cannot be read; nothing of it was taken."""

    code = "provider_file.unreadable"
    title = "支付机构明细无法读取"
    title_en = "The provider's report cannot be read"


class ReportRefused(Invalid):
    """Some rows are wrong; nothing of the file was taken."""

    code = "provider_file.refused"
    title = "支付机构明细有误，没有导入任何内容"
    title_en = "Some rows are wrong; nothing was imported"


def read(content: bytes, file_name: str) -> list[Row]:
    """Return every line of a report; rows count from 1, the heading included. Moments without a zone are UTC where the
    column says so, else Beijing's.

    Raises:
        ReportUnreadable: no CSV of the provider's columns.
        ReportRefused: rows are wrong; ``errors`` names each.
    """
    table = _table(content, file_name)
    names = [cell.strip().lower() for cell in table[0]] if table else []
    places = {name: next((names.index(title) for title in titles if title in names), None)
              for name, titles in COLUMNS.items()}  # fmt: skip
    missing = [COLUMNS[name][0] for name in NEEDED if places[name] is None]
    if missing:
        raise ReportUnreadable(f"{file_name} 缺少列 {'、'.join(missing)}", detail_en=f"missing {missing}")
    is_utc = names[places["happened_at"] or 0].endswith("_utc")
    rows, errors, seen = [], [], dict[str, int]()
    for number, cells in enumerate(table[1:], start=2):
        if not any(cells):
            continue
        named = {name: cells[at].strip() if at is not None and at < len(cells) else "" for name, at in places.items()}
        try:
            row = _row(number, named, is_utc)
        except DomainError as error:
            errors.append(_error(number, error.detail))
            continue
        first = seen.setdefault(row.serial, number)
        if first != number:
            errors.append(_error(number, f"明细号 {row.serial} 与第 {first} 行重复"))
        rows.append(row)
    if errors:
        raise refused(errors)
    if not rows:
        raise ReportUnreadable(f"{file_name} 没有明细", detail_en="No lines")
    return rows


def refused(errors: Sequence[dict[str, Any]]) -> ReportRefused:
    """Return the refusal that names every wrong row."""
    words = "；".join(str(error["message"]) for error in errors[:3])
    return ReportRefused(f"有 {len(errors)} 行须更正，没有导入任何内容：{words}",
                         detail_en=f"{len(errors)} row(s) are wrong", errors=errors[:ERRORS_MAX])  # fmt: skip


def _error(number: int, words: str) -> dict[str, Any]:
    return {"pointer": f"/rows/{number}", "code": ReportRefused.code, "message": f"第 {number} 行：{words}"}


def _table(content: bytes, file_name: str) -> list[list[str]]:
    text = None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\x00" in text:
        raise ReportUnreadable(f"{file_name} 不是 CSV 文本（UTF-8 或 GB18030）", detail_en="Not CSV")
    try:
        found = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ReportUnreadable(f"{file_name} 的引号不成对：{error}", detail_en=str(error)) from error
    if len(found) > ROWS_MAX + 1:
        raise ReportUnreadable(f"{file_name} 超过 {ROWS_MAX} 行，请按日期分开导入", detail_en="Too many rows")
    return found


def _row(number: int, cells: dict[str, str], is_utc: bool) -> Row:
    for name in ("serial", "source", "kind", "currency"):
        if not cells[name] or len(cells[name]) > TEXT_MAX or not cells[name].isprintable():
            raise Invalid(f"{COLUMNS[name][-1]}为空、过长或含有不可见字符")
    flow = flow_of(cells["kind"])
    amount, fee, net = (_money(cells[name]) for name in ("amount", "fee", "net"))
    if flow is Flow.PAYOUT:
        amount, net = -amount, -net
    if not amount and not fee:
        raise Invalid("金额为零")
    source, charge = cells["source"], cells["charge"][:TEXT_MAX]
    return Row(
        number, cells["serial"], flow, reference_of(cells["kind"], source, charge),
        charge if flow in (Flow.REFUND, Flow.DISPUTE) else "", "" if flow is Flow.PAYOUT else cells["batch"][:TEXT_MAX],
        cells["own"][:TEXT_MAX], amount, fee, net, cells["currency"].upper(), _moment(cells["happened_at"], is_utc),
        cells["words"][:TEXT_MAX],
    )  # fmt: skip


def _money(text: str) -> Money:
    plain = re.sub(r"[,，¥￥\s]", "", text)
    if not plain:
        return ZERO
    return -Money.yuan(plain[1:]) if plain.startswith("-") else Money.yuan(plain.removeprefix("+"))


def _moment(text: str, is_utc: bool) -> datetime:
    plain = text.strip().replace("/", "-")
    try:
        found = datetime.fromisoformat(plain)
    except ValueError:
        raise Invalid(f"时间“{text[:30]}”无法识别，请写成 2026-07-20 10:30:00") from None
    if not YEARS[0] <= found.year <= YEARS[1]:
        raise Invalid(f"时间“{text[:30]}”不合常理")
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC if is_utc else BEIJING)
