"""Taking reports of the provider, as a whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from settlement.matching.rules import digest
from settlement.provider_lines import queries, sheets
from settlement.provider_lines.model import ProviderBatch, ProviderFile, ProviderLine
from settlement.provider_lines.rules import Row


class ImportedAtOnce(Conflict):
    """Somebody else takes lines of the same report at this moment."""

    code = "provider_file.imported_at_once"
    title = "同一明细正在由他人导入"
    title_en = "Somebody else imports the same lines"


def import_file(
    session: Session, actor: Actor, *, place: str, file_name: str, content: bytes, now: datetime, book: PolicyBook
) -> ProviderFile:
    """Take a report; the same file again is the same, lines known from an earlier report must say the same.

    Raises:
        NotAllowed: the actor does not record payments at that place.
        NoSuchPlace: there is no such place.
        ReportUnreadable, ReportRefused: the file cannot be read, or rows are wrong; nothing of it was taken.
        ImportedAtOnce: somebody else takes the same lines now; take it again.
    """
    actor.must(Permission.PAYMENT_RECORD, place=book.place(place).key)
    sha256 = hashlib.sha256(content).hexdigest()
    before = queries.file_with(session, place, sha256)
    if before is not None:
        return before
    return _take(session, actor, place, file_name, sha256, sheets.read(content, file_name), now)


def take_fetched(
    session: Session, actor: Actor, *, place: str, name: str, rows: Sequence[Row], now: datetime, book: PolicyBook
) -> ProviderFile | None:
    """Keep what was fetched from the provider; a line is kept once, by its name. Return None where nothing came.

    Raises:
        NotAllowed: the actor does not reconcile at that place.
        NoSuchPlace: there is no such place.
        ReportRefused: a line that is known says something else now; nothing was taken.
        ImportedAtOnce: somebody else takes the same lines now; take it again.
    """
    actor.must(Permission.RECONCILE, place=book.place(place).key)
    if not rows:
        return None
    ordered = sorted(rows, key=lambda row: row.serial)
    sha256 = digest(repr(row) for row in ordered)
    return queries.file_with(session, place, sha256) or _take(session, actor, place, name, sha256, ordered, now)


def _take(
    session: Session, actor: Actor, place: str, name: str, sha256: str, rows: Sequence[Row], now: datetime
) -> ProviderFile:
    serials = {row.serial for row in rows}
    known, batches = queries.by_serials(session, place, serials), queries.batches_of(session, place, serials)
    _must_agree(rows, known, batches, now)
    made = ProviderFile(
        place=place, name=name, sha256=sha256, row_count=len(rows), known=len(known), imported_at=now,
        imported_by=actor.name,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
            values = [_values(made, row) for row in rows if row.serial not in known]
            if values:
                session.execute(sa.insert(ProviderLine), values)
            late = [row for row in rows if row.batch and row.serial in known and not batches[row.serial]]
            session.add_all(
                ProviderBatch(place=place, serial=row.serial, batch=row.batch, file_id=made.id) for row in late
            )
            session.flush()
    except IntegrityError as error:
        raise ImportedAtOnce(
            f"{name} 中的明细正由他人导入，请稍后重新导入", detail_en="Import it again in a moment"
        ) from error
    audit.record(session, actor, "provider_file.import", made, at=now,
                 detail={"sha256": sha256, "rows": len(rows), "known": len(known)})  # fmt: skip
    return made


def _must_agree(
    rows: Sequence[Row], known: Mapping[str, ProviderLine], batches: Mapping[str, str], now: datetime
) -> None:
    errors = []
    for row in rows:
        before, words = known.get(row.serial), ""
        if business_date(row.happened_at) > business_date(now):
            words = f"时间 {row.happened_at.isoformat()} 晚于今日"
        elif before is not None and (before.amount, before.fee, before.net, before.reference) != (
            row.amount, row.fee, row.net, row.reference,
        ):  # fmt: skip
            words = f"明细 {row.serial} 与早先导入的金额或业务单号不同"
        elif row.batch and batches.get(row.serial, row.batch) not in ("", row.batch):
            words = f"明细 {row.serial} 早先属于结算 {batches[row.serial]}，现为 {row.batch}"
        if words:
            errors.append({"pointer": f"/rows/{row.line_number}", "code": sheets.ReportRefused.code,
                           "message": f"第 {row.line_number} 行：{words}"})  # fmt: skip
    if errors:
        raise sheets.refused(errors)


def _values(made: ProviderFile, row: Row) -> dict[str, object]:
    return {
        "id": new_id(), "version": 1, "place": made.place, "serial": row.serial, "flow": row.flow,
        "reference": row.reference, "parent": row.parent, "batch": row.batch, "own": row.own, "amount": row.amount,
        "fee": row.fee, "net": row.net, "currency": row.currency, "happened_at": row.happened_at,
        "day": business_date(row.happened_at), "words": row.words, "file_id": made.id,
        "line_number": row.line_number,
    }  # fmt: skip
