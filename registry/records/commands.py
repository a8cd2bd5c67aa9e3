"""Stating a delivery, preserving evidence, entering registrations elsewhere."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from registry.products import queries as products
from registry.products.model import Product, ProductVersion
from registry.records import queries
from registry.records.model import Delivery, EvidenceRecord, RegistrationRecord, RegistrationRecordEnd
from registry.records.rules import RecordEnded, RecordKind, Upload, check_delivered, check_period

OWN_PROVIDER = "本平台（仅追加存储，审计链封印）"


class RecordExists(Conflict):
    """That registration or preservation is on record already."""

    code = "record.exists"


def state_delivery(
    session: Session,
    actor: Actor,
    product_id: UUID,
    *,
    delivered_on: date,
    recipient: str,
    now: datetime,
    note: str = "",
    upload: Upload | None = None,
) -> Delivery:
    """State that the product was delivered; the term of the first application runs from the earliest such day.

    Raises:
        NotAllowed: the actor acts neither for the seller nor for the registrar there.
        NoSuchProduct: there is none.
        DeliveredInFuture: the day lies after today.
        FileRefused: the file is empty or too large.

    Source:
        发改数据规〔2025〕26号 第九条（一） (REG-04).
    """
    product = _writable(session, actor, product_id)
    check_delivered(delivered_on, business_date(now))
    delivery = Delivery(
        product_id=product.id, delivered_on=delivered_on, recipient=recipient, note=note,
        evidence_sha256=keep(session, actor, upload, now=now) if upload else None, stated_by=actor.id, stated_at=now,
    )  # fmt: skip
    session.add(delivery)
    audit.record(session, actor, "record.state_delivery", product, at=now, note=str(delivered_on))
    return delivery


def preserve(
    session: Session,
    actor: Actor,
    version_id: UUID,
    *,
    provider: str,
    reference: str,
    now: datetime,
    upload: Upload | None = None,
) -> EvidenceRecord:
    """Enter that a preserving service holds the content of a version, under its reference.

    Raises:
        NotAllowed: the actor acts neither for the seller nor for the registrar there.
        NoSuchProduct: there is no such version.
        RecordExists: the reference is entered already.
        FileRefused: the certificate is empty or too large.

    Source:
        发改数据规〔2025〕26号 第七条 (REG-05).
    """
    version = products.version(session, version_id)
    _writable(session, actor, version.product_id)
    sha256 = keep(session, actor, upload, now=now) if upload else None
    record = _preserved(session, actor, version, provider, reference, now, sha256)
    audit.record(session, actor, "record.preserve", version, at=now, detail={"sha256": version.content_sha256})
    return record


def ensure_preserved(session: Session, actor: Actor, version: ProductVersion, *, now: datetime) -> EvidenceRecord:
    """Return the evidence record of a version; where nobody preserved it yet, this platform does so now.

    Whoever applies for a registration calls it first, so that every application rests on preserved content.
    """
    found = queries.evidence_records(session, version.id)
    if found:
        return found[0]
    number = numbering.number(session, "EVD", business_date(now))
    record = _preserved(session, actor, version, OWN_PROVIDER, number, now, None)
    audit.record(session, actor, "record.preserve", version, at=now, detail={"sha256": version.content_sha256})
    return record


def record_registration(
    session: Session,
    actor: Actor,
    product_id: UUID,
    *,
    kind: RecordKind,
    issuer: str,
    reference: str,
    valid_from: date,
    upload: Upload,
    now: datetime,
    valid_until: date | None = None,
) -> RegistrationRecord:
    """Enter a registration of the product elsewhere, with its certificate as evidence.

    Raises:
        NotAllowed: the actor acts neither for the seller nor for the registrar there.
        NoSuchProduct: there is none.
        PeriodReversed: it ends before it begins.
        RecordExists: the reference is entered already.
        FileRefused: the certificate is empty or too large.

    Source:
        REG-10.
    """
    product = _writable(session, actor, product_id)
    check_period(valid_from, valid_until)
    sha256 = keep(session, actor, upload, now=now)
    record = RegistrationRecord(
        product_id=product.id, kind=kind, issuer=issuer, reference=reference, valid_from=valid_from,
        valid_until=valid_until, evidence_sha256=sha256, recorded_by=actor.id, recorded_by_name=actor.name,
        recorded_at=now,
    )  # fmt: skip
    session.add(record)
    _flush_unique(session, reference)
    audit.record(session, actor, "record.register", record, at=now, note=kind, detail={"sha256": sha256})
    return record


def end_record(
    session: Session, actor: Actor, record_id: UUID, *, ended_on: date, reason: str, now: datetime
) -> RegistrationRecord:
    """State that a registration elsewhere ended, or was entered wrongly; what rests on it closes from that day.

    Raises:
        NotAllowed: the actor acts neither for the seller nor for the registrar there.
        NoSuchRecord: there is none.
        RecordEnded: it has ended already.
    """
    record = queries.get(session, record_id)
    product = _writable(session, actor, record.product_id)
    if record.end is not None:
        raise RecordEnded(
            f"{record.issuer} 的登记 {record.reference} 已于 {record.end.ended_on} 终止，无须重复办理（REG-10）",
            detail_en="The record has ended already",
            rule="REG-10",
        )
    session.add(
        RegistrationRecordEnd(record_id=record.id, ended_on=ended_on, reason=reason, ended_by=actor.id, ended_at=now)
    )
    _flush_unique(session, record.reference)
    audit.record(session, actor, "record.end", product, at=now, note=record.reference)
    return queries.get(session, record_id)


def keep(session: Session, actor: Actor, upload: Upload, *, now: datetime) -> str:
    """Keep an uploaded file as evidence and return its digest.

    Raises:
        FileRefused: the file is empty or too large.
    """
    sha256 = files.keep(session, upload.content, name=upload.name, media_type=upload.media_type, now=now)
    audit.record(session, actor, "evidence.keep", ("evidence_file", sha256), at=now)
    return sha256


def _writable(session: Session, actor: Actor, product_id: UUID) -> Product:
    product = products.get(session, product_id, lock=True)
    if not actor.may(Permission.REGISTRATION_DECIDE, place=product.place):
        actor.must(Permission.REGISTRATION_APPLY, org_id=product.owner_id, place=product.place)
    return product


def _preserved(
    session: Session, actor: Actor, version: ProductVersion, provider: str, reference: str, now: datetime,
    sha256: str | None,
) -> EvidenceRecord:  # fmt: skip
    record = EvidenceRecord(
        version_id=version.id, content_sha256=version.content_sha256, provider=provider, reference=reference,
        evidence_sha256=sha256, preserved_at=now, recorded_by=actor.id,
    )  # fmt: skip
    session.add(record)
    _flush_unique(session, reference)
    return record


def _flush_unique(session: Session, reference: str) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        if "unique" not in str(error.orig).lower():
            raise
        raise RecordExists(
            f"{reference} 已经登记在册，无须重复登记（REG-10）：请核对编号",
            detail_en="On record already",
            rule="REG-10",
        ) from error
