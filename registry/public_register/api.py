"""The public register for programs: open to everybody, except deciding objections."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import ApiBlueprint, current_actor, public, requires
from kernel.identity import Permission
from registry.public_register import commands, queries
from registry.public_register.schemas import (
    CertificateOut,
    ObjectionFiledOut,
    ObjectionIn,
    OutcomeIn,
    RegisterArgs,
    RegisterOut,
)
from registry.registrations.schemas import RegistrationOut

blueprint = ApiBlueprint(
    "public_register", __name__, url_prefix="/api/v1", description="登记公示与证书 · notices and certificates"
)
OWN_FIELDS = ("product", "registrant")


@blueprint.get("/register")
@public
@blueprint.arguments(RegisterArgs, location="query")
@blueprint.response(200, RegisterOut)
def browse(args):
    """Read the notices that run today and search the register."""
    on = business_date(clock.now())
    notices = queries.notices(db.session(), on, place=args["place"] or None)
    return {"notices": notices, "entries": queries.register(db.session(), q=args["q"], place=args["place"] or None)}


@blueprint.get("/certificates/<code>")
@public
@blueprint.response(200, CertificateOut)
def show(code: str):
    """Check a certificate by its code, in any spelling."""
    return certificate_of(code)


@blueprint.post("/registrations/<uuid:registration_id>/objections")
@public
@blueprint.arguments(ObjectionIn)
@blueprint.response(201, ObjectionFiledOut)
def file_objection(objection_in, registration_id: UUID):
    """Object to a registration under public notice, under your real name and with evidence."""
    with db.transaction() as session:
        filed = commands.file_objection(session, current_actor(), registration_id, **objection_in, now=clock.now())
        session.flush()
        return filed


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


def certificate_of(code: str) -> dict[str, object]:
    """Return what the certificate says today."""
    on = business_date(clock.now())
    found = queries.certificate(db.session(), code, on=on)
    names = ("code", "place", "registrant", "product", "kind", "state", "valid_from", "valid_until", "number",
             "product_version", "coded_at", "closed_at")  # fmt: skip
    own = {name: getattr(found, name) for name in names}
    return {**own, "is_effective": found.is_effective(on), "checked_on": on}
