"""Organisations for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from registry.parties import commands, queries
from registry.parties.model import Party
from registry.parties.schemas import CapacityIn, PartyArgs, PartyIn, PartyOut, PartyPageOut, ReasonIn

blueprint = ApiBlueprint("parties", __name__, url_prefix="/api/v1/parties", description="机构 · organisations")


@blueprint.get("")
@requires(Permission.PARTY_READ)
@blueprint.arguments(PartyArgs, location="query")
@blueprint.response(200, PartyPageOut)
def browse(args):
    """List the organisations within your scope."""
    query = queries.listed(current_actor(), place=args.get("place"), capacity=args.get("capacity"))
    return page(db.session(), query, Party)


@blueprint.post("")
@requires(Permission.PARTY_CREATE)
@blueprint.arguments(PartyIn)
@blueprint.response(201, PartyOut)
def create(party_in):
    """Register an organisation."""
    with db.transaction() as session:
        return commands.create_party(session, current_actor(), **party_in, now=clock.now(), book=policy_book())


@blueprint.get("/<uuid:party_id>")
@requires(Permission.PARTY_READ)
@blueprint.response(200, PartyOut)
def show(party_id: UUID):
    """Read one organisation."""
    return queries.visible(db.session(), current_actor(), party_id)


@blueprint.post("/<uuid:party_id>/capacities")
@requires(Permission.PARTY_CREATE)
@blueprint.arguments(CapacityIn)
@blueprint.response(201, PartyOut)
def add_capacity(capacity_in, party_id: UUID):
    """Let an organisation act as one thing more at a place."""
    with db.transaction() as session:
        return commands.add_capacity(
            session, current_actor(), party_id, **capacity_in, now=clock.now(), book=policy_book()
        )


@blueprint.post("/<uuid:party_id>/suspension")
@requires(Permission.PARTY_SUSPEND)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, PartyOut)
def suspend(reason_in, party_id: UUID):
    """Suspend an organisation at once."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), party_id)
        match_version(session, Party, party_id)
        return commands.suspend(session, current_actor(), party_id, **reason_in, now=clock.now())


@blueprint.post("/<uuid:party_id>/restoration")
@requires(Permission.PARTY_SUSPEND)
@blueprint.response(200, PartyOut)
def restore(party_id: UUID):
    """Ask for the end of a suspension, or confirm what another person asked for."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), party_id)
        match_version(session, Party, party_id)
        return commands.restore(session, current_actor(), party_id, now=clock.now())


@blueprint.post("/<uuid:party_id>/end")
@requires(Permission.PARTY_SUSPEND)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, PartyOut)
def end(reason_in, party_id: UUID):
    """Note that an organisation was dissolved or left."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), party_id)
        match_version(session, Party, party_id)
        return commands.end(session, current_actor(), party_id, **reason_in, now=clock.now())
