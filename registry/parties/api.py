"""Organisations for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from registry.parties import commands, queries
from registry.parties.model import CreditRecord, Party
from registry.parties.schemas import (
    CapacityIn,
    CreditIn,
    CreditPageOut,
    CreditRecordOut,
    PartyArgs,
    PartyDetailOut,
    PartyIn,
    PartyOut,
    PartyPageOut,
    ReasonIn,
)

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
@blueprint.response(201, PartyDetailOut)
def create(party_in):
    """Register an organisation; ``remarks`` names others of the same name."""
    with db.transaction() as session:
        made = commands.create_party(session, current_actor(), **party_in, now=clock.now(), book=policy_book())
        return _seen(session, made)


@blueprint.get("/<uuid:party_id>")
@requires(Permission.PARTY_READ)
@blueprint.response(200, PartyDetailOut)
def show(party_id: UUID):
    """Read one organisation."""
    return _seen(db.session(), queries.visible(db.session(), current_actor(), party_id))


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


@blueprint.get("/<uuid:party_id>/credit-records")
@requires(Permission.PARTY_READ)
@blueprint.response(200, CreditPageOut)
def credit_file(party_id: UUID):
    """Read the credit file of an organisation."""
    party = queries.visible(db.session(), current_actor(), party_id)
    return page(db.session(), sa.select(CreditRecord).where(CreditRecord.party_id == party.id), CreditRecord)


@blueprint.post("/<uuid:party_id>/credit-records")
@requires(Permission.CREDIT_WRITE)
@blueprint.arguments(CreditIn)
@blueprint.response(201, CreditRecordOut)
def record_credit(credit_in, party_id: UUID):
    """Write a record into the credit file, or clear one."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), party_id)
        return commands.record_credit(session, current_actor(), party_id, **credit_in, now=clock.now())


def _seen(session: Session, party: Party) -> dict[str, Any]:
    session.flush()
    own = {name: getattr(party, name) for name in PartyOut().fields}
    return {**own, "remarks": queries.remarks(session, party)}
