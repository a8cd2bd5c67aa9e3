"""Refunds for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, requires
from kernel.identity import Permission
from market.refunds import commands, queries
from market.refunds.model import Refund
from market.refunds.schemas import (
    RefundArgs,
    RefundDecisionIn,
    RefundIn,
    RefundOut,
    RefundPageOut,
    SurplusIn,
    TransferIn,
)

blueprint = ApiBlueprint("refunds", __name__, url_prefix="/api/v1/refunds", description="退款 · refunds")


@blueprint.get("")
@requires(Permission.ORDER_READ)
@blueprint.arguments(RefundArgs, location="query")
@blueprint.response(200, RefundPageOut)
def browse(args):
    """List the refunds of your orders, newest first."""
    return page(db.session(), queries.listed(current_actor(), state=args["state"]), Refund, newest_first=True)


@blueprint.get("/<uuid:refund_id>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, RefundOut)
def show(refund_id: UUID):
    """Read one refund."""
    return queries.visible(db.session(), current_actor(), refund_id)


@blueprint.post("")
@requires(Permission.REFUND_ASK)
@blueprint.arguments(RefundIn)
@blueprint.response(201, RefundOut)
def ask(refund_in):
    """Ask to give back all or part of a payment; a person of finance decides."""
    with db.transaction() as session:
        return commands.ask(session, current_actor(), **refund_in, now=clock.now())


@blueprint.post("/surplus")
@requires(Permission.REFUND_ASK)
@blueprint.arguments(SurplusIn)
@blueprint.response(201, RefundOut)
def ask_for_parked(surplus_in):
    """Ask to give back money that came too late, twice, or in another amount."""
    with db.transaction() as session:
        return commands.ask_for_parked(session, current_actor(), **surplus_in, now=clock.now())


@blueprint.post("/<uuid:refund_id>/decision")
@requires(Permission.REFUND_DECIDE)
@blueprint.arguments(RefundDecisionIn)
@blueprint.response(200, RefundOut)
def decide(decision_in, refund_id: UUID):
    """Approve or refuse as the second person."""
    with db.transaction() as session:
        match_version(session, Refund, queries.in_hand(session, current_actor(), refund_id))
        return commands.decide(session, current_actor(), refund_id, **decision_in, now=clock.now())


@blueprint.post("/<uuid:refund_id>/withdrawal")
@requires(Permission.REFUND_ASK)
@blueprint.response(200, RefundOut)
def withdraw(refund_id: UUID):
    """Take back a refund that nobody has decided about."""
    with db.transaction() as session:
        match_version(session, Refund, queries.in_hand(session, current_actor(), refund_id))
        return commands.withdraw(session, current_actor(), refund_id, now=clock.now())


@blueprint.post("/<uuid:refund_id>/transfer")
@requires(Permission.REFUND_PAY)
@blueprint.arguments(TransferIn)
@blueprint.response(200, RefundOut)
def confirm(transfer_in, refund_id: UUID):
    """Record that an approved refund was transferred."""
    with db.transaction() as session:
        match_version(session, Refund, queries.in_hand(session, current_actor(), refund_id))
        return commands.confirm_transfer(session, current_actor(), refund_id, **transfer_in, now=clock.now())
