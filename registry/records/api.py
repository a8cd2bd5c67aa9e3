"""Deliveries, evidence and registrations elsewhere, for programs. All are append-only: no version is asked for."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, policy_book, requires, working_calendar
from kernel.identity import Permission
from registry.products import queries as products
from registry.records import commands, queries
from registry.records.schemas import (
    DeliveryIn,
    DeliveryOut,
    EvidenceIn,
    EvidenceOut,
    RecordEndIn,
    RecordIn,
    RecordOut,
    RecordsOut,
)

blueprint = ApiBlueprint(
    "records",
    __name__,
    url_prefix="/api/v1",
    description="交付、存证与其他登记 · deliveries, evidence, other registers",
)


@blueprint.get("/products/<code>/records")
@requires(Permission.PRODUCT_READ)
@blueprint.response(200, RecordsOut)
def show(code: str):
    """Read deliveries, evidence, registrations elsewhere, and the term of the first application."""
    session, on = db.session(), clock.today()
    product = products.visible(session, current_actor(), code)
    terms = queries.clocks(session, [product], on=on, book=policy_book(), calendar=working_calendar()).get(product.id)
    newest = products.latest_version(session, product.id)
    return {
        "product": product.code,
        "clock": None if terms is None else {
            "start": terms.start, "due": terms.due, "working_days": terms.working_days, "is_legacy": terms.is_legacy,
            "citation": terms.citation, "late_days": terms.late_days(on),
        },
        "deliveries": queries.deliveries(session, product.id),
        "evidence": queries.evidence_records(session, newest.id),
        "registrations": queries.of_product(session, product.id),
    }  # fmt: skip


@blueprint.post("/products/<code>/deliveries")
@requires(Permission.REGISTRATION_READ)
@blueprint.arguments(DeliveryIn)
@blueprint.response(201, DeliveryOut)
def state_delivery(delivery_in, code: str):
    """State that the product was delivered; the term of the first application runs from the earliest such day."""
    with db.transaction() as session:
        product = products.visible(session, current_actor(), code)
        made = commands.state_delivery(session, current_actor(), product.id, **delivery_in, now=clock.now())
        session.flush()
        return made


@blueprint.post("/products/<code>/evidence")
@requires(Permission.REGISTRATION_READ)
@blueprint.arguments(EvidenceIn)
@blueprint.response(201, EvidenceOut)
def preserve(evidence_in, code: str):
    """Enter that a service preserves the content of a version."""
    with db.transaction() as session:
        products.visible(session, current_actor(), code)
        return commands.preserve(session, current_actor(), **evidence_in, now=clock.now())


@blueprint.post("/products/<code>/records")
@requires(Permission.REGISTRATION_READ)
@blueprint.arguments(RecordIn)
@blueprint.response(201, RecordOut)
def record_registration(record_in, code: str):
    """Enter a registration of the product elsewhere."""
    with db.transaction() as session:
        product = products.visible(session, current_actor(), code)
        made = commands.record_registration(session, current_actor(), product.id, **record_in, now=clock.now())
        return queries.get(session, made.id)


@blueprint.post("/records/<uuid:record_id>/end")
@requires(Permission.REGISTRATION_READ)
@blueprint.arguments(RecordEndIn)
@blueprint.response(200, RecordOut)
def end_record(end_in, record_id: UUID):
    """State that a registration elsewhere ended."""
    with db.transaction() as session:
        products.get_visible(session, current_actor(), queries.get(session, record_id).product_id)
        return commands.end_record(session, current_actor(), record_id, **end_in, now=clock.now())
