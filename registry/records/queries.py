"""Reading what stands on record about products; the clock of the first application; the gate of the local register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel.calendar import CalendarGap, WorkingCalendar
from kernel.errors import NotFound
from kernel.policy import PolicyBook
from registry.agreements.model import Agreement
from registry.policy import RegistryPolicy
from registry.products.model import Product
from registry.records.model import Delivery, EvidenceRecord, RegistrationRecord, RegistrationRecordEnd
from registry.records.rules import ApplicationClock, RecordKind, application_clock

KIND_TITLES = {
    RecordKind.NATIONAL_CODE: "国家登记编码",
    RecordKind.LOCAL_RECORD: "本地登记",
    RecordKind.FILING: "登记备案",
}


class NoSuchRecord(NotFound):
    """There is no such record of the product."""

    code = "record.not_found"


def get(session: Session, record_id: UUID) -> RegistrationRecord:
    """Return a registration elsewhere with its product and its end.

    Raises:
        NoSuchRecord: there is none.
    """
    query = sa.select(RegistrationRecord).where(RegistrationRecord.id == record_id)
    query = query.options(joinedload(RegistrationRecord.product), joinedload(RegistrationRecord.end))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchRecord(f"没有编号为 {record_id} 的其他登记", detail_en="No such record")
    return found


def of_product(session: Session, product_id: UUID) -> Sequence[RegistrationRecord]:
    """Return the registrations of a product elsewhere, newest first, those that ended included."""
    query = (
        sa.select(RegistrationRecord)
        .where(RegistrationRecord.product_id == product_id)
        .order_by(RegistrationRecord.valid_from.desc(), RegistrationRecord.id.desc())
        .options(joinedload(RegistrationRecord.end))
    )
    return session.scalars(query.execution_options(populate_existing=True)).all()


def standing(session: Session, product_id: UUID, on: date) -> list[RegistrationRecord]:
    """Return the registrations elsewhere that count on that day, newest first."""
    return [record for record in of_product(session, product_id) if record.stands(on)]


def deliveries(session: Session, product_id: UUID) -> Sequence[Delivery]:
    """Return the stated deliveries of a product, the earliest first."""
    query = sa.select(Delivery).where(Delivery.product_id == product_id)
    return session.scalars(query.order_by(Delivery.delivered_on, Delivery.id)).all()


def evidence_records(session: Session, version_id: UUID) -> Sequence[EvidenceRecord]:
    """Return how the content of a version was preserved, the earliest first."""
    query = sa.select(EvidenceRecord).where(EvidenceRecord.version_id == version_id)
    return session.scalars(query.order_by(EvidenceRecord.preserved_at, EvidenceRecord.id)).all()


def clock(
    session: Session, product: Product, *, on: date, book: PolicyBook, calendar: WorkingCalendar
) -> ApplicationClock | None:
    """Return the term of the first application, or ``None`` while no delivery is stated.

    Raises:
        CalendarGap: the term runs into a year without a holiday table.
    """
    return clocks(session, [product], on=on, book=book, calendar=calendar, strict=True).get(product.id)


def clocks(
    session: Session,
    products: Sequence[Product],
    *,
    on: date,
    book: PolicyBook,
    calendar: WorkingCalendar,
    strict: bool = False,
) -> dict[UUID, ApplicationClock]:
    """Return the terms of the first application of several products, in one query; those without delivery are absent.

    A term that runs into a year without a holiday table is absent too, unless ``strict``.

    Raises:
        CalendarGap: ``strict``, and the holidays of a year are not known.
    """
    first = sa.func.min(Delivery.delivered_on)
    started = sa.func.coalesce(Agreement.trial_start, Agreement.term_start)
    query = (
        sa.select(Product.id, Product.place, first, sa.type_coerce(started, sa.Date))
        .join(Delivery, Delivery.product_id == Product.id)
        .join(Agreement, Agreement.id == Product.agreement_id)
        .where(Product.id.in_([product.id for product in products]))
        .group_by(Product.id, Product.place, Agreement.trial_start, Agreement.term_start)
    )
    found: dict[UUID, ApplicationClock] = {}
    for product_id, place, delivered_on, started_on in session.execute(query):
        try:
            found[product_id] = _clock(book, place, on, delivered_on, started_on, calendar)
        except CalendarGap:
            if strict:
                raise
    return found


def _clock(
    book: PolicyBook, place: str, on: date, delivered_on: date, started_on: date, calendar: WorkingCalendar
) -> ApplicationClock:
    policy = RegistryPolicy.at(book, place, on)
    days = policy.require("registration_first_application_working_days")
    legacy = policy.require("registration_legacy_application_working_days")
    return application_clock(
        delivered_on=delivered_on, operation_started_on=started_on, working_days=days.integer(),
        legacy_working_days=legacy.integer(), measure_in_force_on=legacy.valid_from, citation=days.citation(),
        calendar=calendar,
    )  # fmt: skip


def demanded(book: PolicyBook, place: str, on: date) -> dict[RecordKind, str]:
    """Return which registrations elsewhere a place demands on that day, each with act and article (REG-10)."""
    register = book.get(place, "registration.local_register", on=on)
    filing = book.get(place, "registration.local_filing_required", on=on)
    found = {}
    if register is not None and register.value:
        found[RecordKind.LOCAL_RECORD] = register.citation()
    if filing is not None and filing.boolean():
        found[RecordKind.FILING] = filing.citation()
    return found


def local_register_gate_fact(
    session: Session, product: Product, *, on: date, book: PolicyBook
) -> tuple[bool, str, date | None]:
    """Say whether the product stands in every other register that its place demands, from which fact, since when."""
    wanted = demanded(book, product.place, on)
    if not wanted:
        return True, "当地不要求另行登记或备案", None
    held = {record.kind: record for record in reversed(standing(session, product.id, on)) if record.kind in wanted}
    missing = [kind for kind in wanted if kind not in held]
    if missing:
        return False, "；".join(f"尚无有效的{KIND_TITLES[kind]}（{wanted[kind]}）" for kind in missing), None
    words = "；".join(f"{KIND_TITLES[one.kind]} {one.reference}（{one.issuer}）" for one in held.values())
    return True, words, max(one.valid_from for one in held.values())


def local_register_clause(book: PolicyBook, on: date) -> sa.ColumnElement[bool]:
    """Return the condition over :class:`Product` of :func:`local_register_gate_fact`, for sets of products."""
    conditions: list[sa.ColumnElement[bool]] = []
    for kind in RecordKind:
        places = [place for place in book.places() if kind in demanded(book, place, on)]
        if places:
            conditions.append(sa.or_(Product.place.not_in(places), _holds(kind, on)))
    return sa.and_(sa.true(), *conditions)


def _holds(kind: RecordKind, on: date) -> sa.ColumnElement[bool]:
    table, end = RegistrationRecord, RegistrationRecordEnd
    ended = sa.select(sa.literal(1)).where(end.record_id == table.id, end.ended_on <= on).correlate(table).exists()
    query = sa.select(sa.literal(1)).where(
        table.product_id == Product.id, table.kind == kind, table.valid_from <= on,
        sa.or_(table.valid_until.is_(None), table.valid_until >= on), ~ended,
    )  # fmt: skip
    return query.correlate(Product).exists()
