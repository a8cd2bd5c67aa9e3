"""What one use is, and how a caller names it. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from kernel.calendar import BEIJING, business_date
from kernel.errors import Conflict, Invalid, Malformed

REFERENCE = re.compile(r"[\x21-\x7e]{1,128}")
WHOLE = re.compile(r"[0-9]{1,12}")
TRUTH = {"true": True, "1": True, "false": False, "0": False}


class Channel(StrEnum):
    """How a use came to be known."""

    EXCHANGE = "exchange"  # our own data plane
    IMPORT = "import"  # a file of the operating platform


class ReferenceMissing(Malformed):
    """A call that is charged came without a reference of its own."""

    code = "usage.reference_missing"
    title = "缺少请求头 Client-Reference"
    title_en = "Client-Reference is missing"


class ReferenceReused(Conflict):
    """The same reference came with another question."""

    code = "usage.reference_reused"
    title = "Client-Reference 已用于另一次查询"
    title_en = "The reference belongs to another call"


class UsageRefused(Invalid):
    """A file of events has rows that cannot be counted; none of its rows was."""

    code = "usage.refused"
    title = "用量文件有误，未导入任何一行"
    title_en = "The file is refused as a whole"


@dataclass(frozen=True, slots=True)
class Use:
    """One use as it stands in a file."""

    row: int
    entitlement: str
    reference: str
    occurred_at: datetime
    quantity: int
    subject_kind: str | None
    subject: str | None
    hit: bool
    day: date  # the Beijing date of the use


def must_be_reference(text: str | None) -> str:
    """Return the caller's reference of a call.

    Raises:
        ReferenceMissing: there is none, or not 1 to 128 visible ASCII characters.
    """
    if text is None or REFERENCE.fullmatch(text.strip()) is None:
        raise ReferenceMissing(
            "请在请求头 Client-Reference 中给出本次调用的唯一编号（1–128 个可见半角字符），重试时沿用，不会重复计量",
            detail_en="Send a Client-Reference of 1 to 128 visible ASCII characters; reuse it on retries",
        )
    return text.strip()


def subject_digest(kind: str | None, subject: str) -> str:
    """Return what is stored of whom or what was asked about: a digest, because equality is all that billing needs."""
    return hashlib.sha256(f"{kind or ''}\n{subject}".encode()).hexdigest()


def read_use(row: int, cells: Mapping[str, Any]) -> tuple[Use | None, list[dict[str, Any]]]:
    """Return one row of a file as a use, or what is wrong with it, each with row, field and reason.

    ``occurred_at`` without a zone is Beijing time. An empty ``quantity`` is 1 and an empty ``hit`` is true.
    """
    text = {name: str(value).strip() for name, value in cells.items() if value is not None}
    faults: list[dict[str, Any]] = []
    entitlement, reference = text.get("entitlement", ""), text.get("client_reference", "")
    if not entitlement:
        faults.append(fault(row, "entitlement", "missing", "缺少使用权编号"))
    if REFERENCE.fullmatch(reference) is None:
        faults.append(fault(row, "client_reference", "reference", "缺少流水号，或不是 1–128 个可见半角字符"))
    occurred_at = moment(text.get("occurred_at", ""))
    if occurred_at is None:
        faults.append(fault(row, "occurred_at", "moment", "发生时间须写成 2026-10-05T09:30:00+08:00"))
    quantity = text.get("quantity") or "1"
    if WHOLE.fullmatch(quantity) is None or int(quantity) < 1:
        faults.append(fault(row, "quantity", "quantity", f"数量“{quantity}”不是大于零的整数"))
    hit = TRUTH.get((text.get("hit") or "true").lower())
    if hit is None:
        faults.append(fault(row, "hit", "truth", "是否查得须为 true 或 false"))
    if faults or occurred_at is None or hit is None:
        return None, faults
    kind, subject = text.get("subject_kind") or None, text.get("subject") or None
    digest = subject_digest(kind, subject) if subject else None
    return Use(row, entitlement, reference, occurred_at, int(quantity), kind, digest, hit,
               business_date(occurred_at)), []  # fmt: skip


def moment(text: str) -> datetime | None:
    """Return the moment written in ISO 8601 (Beijing time where no zone is given), or None."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=BEIJING)).astimezone(BEIJING)
    except (ValueError, OverflowError):
        return None


def fault(row: int, field: str, code: str, message: str) -> dict[str, Any]:
    """Return one fault of a file: row, field, stable code and reason."""
    return {"pointer": f"/rows/{row}/{field}", "row": row, "field": field, "code": f"usage.{code}",
            "message": f"第 {row} 行：{message}"}  # fmt: skip
