"""Registrations for programs. Every change is decided on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from registry.products import queries as products
from registry.registrations import commands, queries
from registry.registrations.model import Registration
from registry.registrations.schemas import (
    ApplicationIn,
    FormalReviewIn,
    ReceiptIn,
    RegistrationArgs,
    RegistrationDetailOut,
    RegistrationPageOut,
    ResubmissionIn,
)

blueprint = ApiBlueprint("registrations", __name__, url_prefix="/api/v1", description="产品登记 · registrations")


@blueprint.get("/registrations")
@requires(Permission.REGISTRATION_READ)
@blueprint.arguments(RegistrationArgs, location="query")
@blueprint.response(200, RegistrationPageOut)
def browse(args):
    """List the registrations within your scope."""
    query = queries.listed(current_actor(), place=args.get("place"), state=args.get("state"))
    return page(db.session(), query, Registration)


@blueprint.post("/registrations")
@requires(Permission.REGISTRATION_APPLY)
@blueprint.arguments(ApplicationIn)
@blueprint.response(201, RegistrationDetailOut)
def apply(application_in):
    """Apply for a registration: first, change, correction, renewal or cancellation."""
    with db.transaction() as session:
        if application_in["interest"] is None:  # who asks for a correction knows the product from the register
            products.get_visible(session, current_actor(), application_in["product_id"])
        made = commands.apply(
            session, current_actor(), **application_in, book=policy_book(), calendar=working_calendar(), now=clock.now()
        )
        return _seen(session, made.id)


@blueprint.get("/registrations/<uuid:registration_id>")
@requires(Permission.REGISTRATION_READ)
@blueprint.response(200, RegistrationDetailOut)
def show(registration_id: UUID):
    """Read one registration with materials, deadlines and objections."""
    return queries.detail(db.session(), current_actor(), registration_id)


@blueprint.post("/registrations/<uuid:registration_id>/resubmission")
@requires(Permission.REGISTRATION_APPLY)
@blueprint.arguments(ResubmissionIn)
@blueprint.response(200, RegistrationDetailOut)
def resubmit(resubmission_in, registration_id: UUID):
    """Send a returned application in again."""
    with db.transaction() as session:
        _match(session, registration_id)
        commands.resubmit(
            session, current_actor(), registration_id, **resubmission_in, book=policy_book(),
            calendar=working_calendar(), now=clock.now(),
        )  # fmt: skip
        return _seen(session, registration_id)


@blueprint.post("/registrations/<uuid:registration_id>/receipt")
@requires(Permission.REGISTRATION_DECIDE)
@blueprint.arguments(ReceiptIn)
@blueprint.response(200, RegistrationDetailOut)
def receive(receipt_in, registration_id: UUID):
    """Accept an application, refuse to, or return it once with all defects."""
    with db.transaction() as session:
        _match(session, registration_id)
        commands.receive(
            session, current_actor(), registration_id, **receipt_in, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        return _seen(session, registration_id)


@blueprint.post("/registrations/<uuid:registration_id>/formal-review")
@requires(Permission.REGISTRATION_DECIDE)
@blueprint.arguments(FormalReviewIn)
@blueprint.response(200, RegistrationDetailOut)
def complete_review(review_in, registration_id: UUID):
    """Finish the formal review; passing it starts the public notice."""
    with db.transaction() as session:
        _match(session, registration_id)
        commands.complete_review(
            session, current_actor(), registration_id, **review_in, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        return _seen(session, registration_id)


@blueprint.post("/registrations/<uuid:registration_id>/code")
@requires(Permission.REGISTRATION_DECIDE)
@blueprint.response(200, RegistrationDetailOut)
def assign_code(registration_id: UUID):
    """Assign the registration code after the public notice; by a second registrar."""
    with db.transaction() as session:
        _match(session, registration_id)
        commands.assign_code(session, current_actor(), registration_id, book=policy_book(), now=clock.now())
        return _seen(session, registration_id)


def _match(session: Session, registration_id: UUID) -> None:
    queries.detail(session, current_actor(), registration_id)  # of what somebody may not see, nothing is told
    match_version(session, Registration, registration_id)


def _seen(session: Session, registration_id: UUID) -> Registration:
    session.flush()
    return queries.detail(session, current_actor(), registration_id)
