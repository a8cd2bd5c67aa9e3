"""What one use is, and how a caller names it. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeGuard
from uuid import UUID

from kernel.calendar import BEIJING, business_date
from kernel.errors import Conflict, Invalid, Malformed

REFERENCE = re.compile(r"[\x21-\x7e]{1,128}")
SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
WHOLE = re.compile(r"[0-9]{1,12}")
NUL = "\x00"  # no database keeps it in a text
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
class Held:
    """What a use is checked against: the entitlement's number, term, quota, kind of subject, and how it charges."""

    id: UUID
    number: str
    place: str
    product_id: UUID
    quota: int | None
    valid_from: date
    valid_until: date
    subject_kind: str | None
    charges_misses: bool

    def units(self, count: int, count_hit: int) -> int:
        """Return what uses up the quota: what found something, and every query where the tariff says so."""
        return count if self.charges_misses else count_hit


class Use(NamedTuple):  # made by the million: a frozen dataclass takes three times as long
    """One use as it was handed in."""

    row: int
    entitlement: str
    reference: str
    occurred_at: datetime
    quantity: int
    subject_kind: str | None
    subject: str | None
    hit: bool
    day: date  # the Beijing date of the use
    source: str | None = None  # who counted it: with the reference it makes the event unique

    @property
    def key(self) -> tuple[str, str]:
        """What makes it unique: who counted it, or else which entitlement, and the number there."""
        return (self.source or f"\n{self.entitlement}", self.reference)


def is_reference(text: str) -> bool:
    """Say whether a text may be the reference of a call."""
    return REFERENCE.fullmatch(text) is not None


def must_be_reference(text: str | None) -> str:
    """Return the caller's reference of a call.

    Raises:
        ReferenceMissing: there is none, or not 1 to 128 visible ASCII characters.
    """
    if text is None or not is_reference(text.strip()):
        raise ReferenceMissing(
            "请在请求头 Client-Reference 中给出本次调用的唯一编号（1–128 个可见半角字符），重试时沿用，不会重复计量",
            detail_en="Send a Client-Reference of 1 to 128 visible ASCII characters; reuse it on retries",
        )
    return text.strip()


def subject_digest(kind: str | None, subject: str) -> str:
    """Return what is stored of whom or what was asked about: a digest, because equality is all that billing needs."""
    return hashlib.sha256(f"{kind or ''}\n{subject}".encode()).hexdigest()


def read_use(
    row: int, cells: Mapping[str, Any], source: str | None = None
) -> tuple[Use | None, list[dict[str, Any]]]:  # fmt: skip
    """Return one row of a file as a use, or what is wrong with it, each with row, field and reason.

    ``occurred_at`` without a zone is Beijing time. An empty ``quantity`` is 1 and an empty ``hit`` is true.

    Args:
        row: its number.
        cells: its cells by name of the column.
        source: who counted the uses of the file, where the row itself does not say it.
    """
    text = {name: str(value).strip() for name, value in cells.items() if value is not None}
    quantity = text.get("quantity") or "1"
    hit = TRUTH.get((text.get("hit") or "true").lower())
    return checked_use(
        row, text.get("entitlement", ""), text.get("client_reference", ""), text.get("occurred_at", ""),
        int(quantity) if WHOLE.fullmatch(quantity) else quantity, text.get("subject_kind"), text.get("subject"), hit,
        text.get("source") or source,
    )  # fmt: skip


def checked_use(
    row: int, entitlement: str, reference: str, occurred_at: str, quantity: int | str, subject_kind: str | None,
    subject: str | None, hit: bool | None, source: str | None,
) -> tuple[Use | None, list[dict[str, Any]]]:  # fmt: skip
    """Return a use, or what is wrong with it; its parts are named as the columns of a file are."""
    moved = moment(occurred_at)
    if (
        entitlement and moved is not None and hit is not None and REFERENCE.fullmatch(reference)
        and _is_quantity(quantity) and (not source or SOURCE.fullmatch(source))
        and NUL not in f"{entitlement}{subject_kind}{subject}"
    ):  # fmt: skip
        kind, digest = subject_kind or None, subject_digest(subject_kind, subject) if subject else None
        return Use(row, entitlement, reference, moved, quantity, kind, digest, hit, business_date(moved),
                   source or None), []  # fmt: skip
    faults: list[dict[str, Any]] = []
    if not entitlement:
        faults.append(fault(row, "entitlement", "missing", "缺少使用权编号"))
    if REFERENCE.fullmatch(reference) is None:
        faults.append(fault(row, "client_reference", "reference", "缺少流水号，或不是 1–128 个可见半角字符"))
    if moved is None:
        faults.append(fault(row, "occurred_at", "moment", "发生时间须写成 2026-10-05T09:30:00+08:00"))
    if not _is_quantity(quantity):
        faults.append(fault(row, "quantity", "quantity", f"数量“{quantity}”不是大于零的整数"))
    if hit is None:
        faults.append(fault(row, "hit", "truth", "是否查得须为 true 或 false"))
    if source and SOURCE.fullmatch(source) is None:
        faults.append(fault(row, "source", "source", "计量方编号须为 1–64 个字母、数字或 . _ : / -"))
    for name, text in (("entitlement", entitlement), ("subject_kind", subject_kind), ("subject", subject)):
        if NUL in (text or ""):
            faults.append(fault(row, name, "text", "含有不可保存的字符"))
    return None, faults


def _is_quantity(value: int | str) -> TypeGuard[int]:
    return isinstance(value, int) and value > 0 and WHOLE.fullmatch(str(value)) is not None


def faults_of(use: Use, held: Held | None, place: str, now: datetime) -> list[dict[str, Any]]:
    """Return what speaks against a use in the terms of its entitlement, each with row, field and reason."""
    if held is None:
        return [fault(use.row, "entitlement", "unknown_entitlement", f"{place} 没有使用权 {use.entitlement}")]
    found = []
    if use.occurred_at > now:
        found.append(fault(use.row, "occurred_at", "in_the_future", "发生时间晚于现在"))
    if not held.valid_from <= use.day <= held.valid_until:
        words = f"{use.day} 不在使用权 {held.number} 的期限 {held.valid_from} 至 {held.valid_until} 内"
        found.append(fault(use.row, "occurred_at", "out_of_term", words))
    if held.subject_kind is not None and use.subject_kind not in (None, held.subject_kind):
        words = f"使用权 {held.number} 仅限“{held.subject_kind}”类对象"
        found.append(fault(use.row, "subject_kind", "out_of_scope", words))
    return found


def faults_of_quota(
    new: Iterable[Use], held: Mapping[str, Held], taken: Mapping[UUID, int]
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the uses that go beyond what was bought, in the order in which they came.

    Args:
        new: the uses that are not known yet.
        held: their entitlements, by number.
        taken: what is used and reserved of each before them.
    """
    sums = {number: taken.get(one.id, 0) for number, one in held.items()}
    faults = []
    for use in new:
        one = held[use.entitlement]
        sums[use.entitlement] += one.units(use.quantity, use.quantity if use.hit else 0)
        if one.quota is not None and sums[use.entitlement] > one.quota:
            words = f"使用权 {use.entitlement} 共 {one.quota}，到本行为止为 {sums[use.entitlement]}"
            faults.append(fault(use.row, "quantity", "quota_exhausted", words))
    return faults


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
