"""Objections for programs: filing and reading the outcome are open to everybody."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, public, requires
from kernel.identity import Permission
from registry.objections import commands, queries
from registry.objections.gateway import source_digest
from registry.objections.schemas import ObjectionFiledOut, ObjectionIn, ObjectionSeenOut, OutcomeIn, RecheckIn
from registry.registrations.schemas import RegistrationOut

blueprint = ApiBlueprint("objections", __name__, url_prefix="/api/v1", description="登记异议 · objections")
OWN_FIELDS = ("product", "registrant")


@blueprint.post("/registrations/<uuid:registration_id>/objections")
@public
@blueprint.arguments(ObjectionIn)
@blueprint.response(201, ObjectionFiledOut)
def file_objection(objection_in, registration_id: UUID):
    """Object to a registration under public notice, under your real name and with evidence."""
    with db.transaction() as session:
        filed = commands.file_objection(
            session, current_actor(), registration_id, **objection_in, source_digest=source_digest(), now=clock.now()
        )
        session.flush()
        return filed


@blueprint.get("/objections/<reference>")
@public
@blueprint.response(200, ObjectionSeenOut)
def show(reference: str):
    """Read what became of an objection, by the reference that its author was given."""
    return seen(reference)


@blueprint.post("/objections/<uuid:objection_id>/recheck")
@requires(Permission.REGISTRATION_DECIDE)
@blueprint.arguments(RecheckIn)
@blueprint.response(200, ObjectionFiledOut(exclude=("reference",)))
def recheck(recheck_in, objection_id: UUID):
    """Record what the recheck found; done once, so no version is asked for."""
    with db.transaction() as session:
        found = commands.recheck(session, current_actor(), objection_id, **recheck_in, now=clock.now())
        session.flush()
        return found


@blueprint.post("/objections/<uuid:objection_id>/outcome")
@requires(Permission.REGISTRATION_DECIDE)
@blueprint.arguments(OutcomeIn)
@blueprint.response(200, RegistrationOut(exclude=OWN_FIELDS))
def decide_objection(outcome_in, objection_id: UUID):
    """Decide an objection; the outcome is final, so no version is asked for."""
    with db.transaction() as session:
        decided = commands.decide_objection(session, current_actor(), objection_id, **outcome_in, now=clock.now())
        session.flush()
        return decided


def seen(reference: str) -> dict[str, object]:
    """Return what the author of an objection may read: neither name nor evidence of it."""
    found = queries.by_reference(db.session(), reference)
    return {
        "reference": found.reference, "registration": found.registration.number,
        "product": found.registration.product.title, "state": queries.state(found), "filed_at": found.filed_at,
        "rechecked_at": found.rechecked_at, "decided_at": found.decided_at, "reason": found.outcome_reason,
    }  # fmt: skip
