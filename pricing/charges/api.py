"""Charges borne by the operator for programs: facts are added, never changed."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires
from kernel.identity import Permission
from kernel.money import total
from pricing.charges import commands, queries
from pricing.charges.model import Charge
from pricing.charges.schemas import (
    ChargeArgs,
    ChargeIn,
    ChargeOut,
    ChargePageOut,
    ChargeSumArgs,
    ChargeSumOut,
    CorrectionIn,
)

blueprint = ApiBlueprint("charges", __name__, url_prefix="/api/v1/charges", description="运营机构承担的费用 · charges")


@blueprint.get("")
@requires(Permission.COST_READ)
@blueprint.arguments(ChargeArgs, location="query")
@blueprint.response(200, ChargePageOut)
def browse(args):
    """List the charges within your scope, corrections included."""
    wanted = {name: args.get(name) for name in ("agreement_id", "year", "month", "kind")}
    return page(db.session(), queries.visible(current_actor(), **wanted), Charge, newest_first=True)


@blueprint.post("")
@requires(Permission.CHARGE_RECORD)
@blueprint.arguments(ChargeIn)
@blueprint.response(201, ChargeOut)
def record(charge_in):
    """Record a charge of the platform, or a payment for public data, with its evidence."""
    with db.transaction() as session:
        return commands.record(session, current_actor(), **charge_in, now=clock.now(), book=policy_book())


@blueprint.get("/sums")
@requires(Permission.COST_READ)
@blueprint.arguments(ChargeSumArgs, location="query")
@blueprint.response(200, ChargeSumOut)
def add_up(args):
    """Add up the charges of an agreement by kind, for a month, a year or altogether."""
    query = queries.visible(current_actor(), **{name: args.get(name) for name in ("agreement_id", "year", "month")})
    found = db.session().scalars(query.order_by(Charge.month, Charge.number)).all()
    return {
        "total": total(charge.amount for charge in found),
        "kinds": queries.sums(found),
        "explanation": queries.explain("费用合计", found),
    }


@blueprint.get("/<uuid:charge_id>")
@requires(Permission.COST_READ)
@blueprint.response(200, ChargeOut)
def show(charge_id: UUID):
    """Read one charge."""
    return queries.get(db.session(), current_actor(), charge_id)


@blueprint.post("/<uuid:charge_id>/correction")
@requires(Permission.CHARGE_RECORD)
@blueprint.arguments(CorrectionIn)
@blueprint.response(201, ChargeOut)
def correct(correction_in, charge_id: UUID):
    """Take a charge back by a row of the negative amount."""
    with db.transaction() as session:
        return commands.correct(session, current_actor(), charge_id, **correction_in, now=clock.now())
