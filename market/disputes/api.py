"""Disputes for programs; data subjects need no account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.http import (
    ApiBlueprint,
    current_actor,
    match_version,
    page,
    policy_book,
    public,
    requires,
    working_calendar,
)
from kernel.identity import Permission
from market.disputes import commands, queries
from market.disputes.model import Dispute
from market.disputes.rules import frozen
from market.disputes.schemas import (
    DataSubjectIn,
    DisputeAcceptanceIn,
    DisputeArgs,
    DisputeClosingIn,
    DisputeFiledOut,
    DisputeIn,
    DisputeOut,
    DisputePageOut,
    DisputeProposalIn,
    DisputeProposalOut,
    DisputeSeenOut,
    DisputeStatementIn,
    DisputeStatementOut,
    DisputeVerdictIn,
    DisputeWayIn,
    FrozenOut,
)
from market.orders import queries as orders
from registry.objections.gateway import source_digest

blueprint = ApiBlueprint("disputes", __name__, url_prefix="/api/v1/disputes", description="争议处置 · disputes")


def _lawful() -> dict[str, Any]:
    return {"now": clock.now(), "book": policy_book(), "calendar": working_calendar()}


@blueprint.post("")
@requires(Permission.DISPUTE_FILE)
@blueprint.arguments(DisputeIn)
@blueprint.response(201, DisputeOut)
def file_dispute(dispute_in):
    """File a dispute for your organisation; exactly what is disputed is frozen."""
    with db.transaction() as session:
        return commands.file_dispute(session, current_actor(), **dispute_in, **_lawful())


@blueprint.post("/data-subjects")
@public
@blueprint.arguments(DataSubjectIn)
@blueprint.response(201, DisputeFiledOut)
def file_as_data_subject(subject_in):
    """Complain as a data subject, without an account; the answer holds the key to follow it."""
    with db.transaction() as session:
        return commands.file_as_data_subject(
            session, current_actor(), **subject_in, **_lawful(), source_digest=source_digest()
        )


@blueprint.get("/followed/<reference>")
@public
@blueprint.response(200, DisputeSeenOut)
def follow(reference: str):
    """Read what became of a matter, by the reference that its author was given."""
    return queries.by_reference(db.session(), reference)


@blueprint.post("/followed/<reference>/withdrawal")
@public
@blueprint.response(200, DisputeSeenOut)
def withdraw_by_reference(reference: str):
    """Take a matter back before it is decided; the reference says that it is yours."""
    with db.transaction() as session:
        return commands.withdraw_by_reference(session, current_actor(), reference, now=clock.now())


@blueprint.get("/holds/<order_number>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, FrozenOut)
def holds(order_number: str):
    """Read what of an order is frozen by disputes and undecided differences, and what is paid all the same."""
    session = db.session()
    order = orders.visible(session, current_actor(), order_number)
    return queries.held(session, [order.id]).get(order.id) or frozen(order.id, order.amount, [])


@blueprint.get("")
@requires(Permission.ORDER_READ)
@blueprint.arguments(DisputeArgs, location="query")
@blueprint.response(200, DisputePageOut)
def browse(args):
    """List the disputes of your organisation's two sides, or at your places."""
    wanted = {name: args[name] for name in ("state", "track", "place")}
    return page(db.session(), queries.listed(current_actor(), **wanted), Dispute, newest_first=True)


@blueprint.get("/<uuid:dispute_id>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, DisputeOut)
def show(dispute_id: UUID):
    """Read one dispute."""
    return queries.visible(db.session(), current_actor(), dispute_id)


@blueprint.get("/<uuid:dispute_id>/statements")
@requires(Permission.ORDER_READ)
@blueprint.response(200, DisputeStatementOut(many=True))
def statements(dispute_id: UUID):
    """Read what both sides said, the oldest first."""
    session = db.session()
    return queries.statements(session, queries.visible(session, current_actor(), dispute_id).id)


@blueprint.post("/<uuid:dispute_id>/statements")
@requires(Permission.DISPUTE_FILE)
@blueprint.arguments(DisputeStatementIn)
@blueprint.response(201, DisputeStatementOut)
def state_view(statement_in, dispute_id: UUID):
    """State the view of your side."""
    return _step(dispute_id, commands.state_view, statement_in)


@blueprint.post("/<uuid:dispute_id>/acceptance")
@requires(Permission.DISPUTE_HANDLE)
@blueprint.arguments(DisputeAcceptanceIn)
@blueprint.response(200, DisputeOut)
def accept(acceptance_in, dispute_id: UUID):
    """Take a dispute up."""
    lawful = {"book": policy_book(), "calendar": working_calendar()}
    return _step(dispute_id, commands.accept, {**acceptance_in, **lawful})


@blueprint.post("/<uuid:dispute_id>/way")
@requires(Permission.DISPUTE_HANDLE)
@blueprint.arguments(DisputeWayIn)
@blueprint.response(200, DisputeOut)
def proceed(way_in, dispute_id: UUID):
    """Go into mediation or into review."""
    return _step(dispute_id, commands.proceed, way_in)


@blueprint.post("/<uuid:dispute_id>/proposals")
@requires(Permission.DISPUTE_HANDLE)
@blueprint.arguments(DisputeProposalIn)
@blueprint.response(201, DisputeProposalOut)
def propose(proposal_in, dispute_id: UUID):
    """Propose a decision, after both sides were heard."""
    return _step(dispute_id, commands.propose, proposal_in)


@blueprint.post("/<uuid:dispute_id>/verdict")
@requires(Permission.DISPUTE_HANDLE)
@blueprint.arguments(DisputeVerdictIn)
@blueprint.response(200, DisputeOut)
def confirm(verdict_in, dispute_id: UUID):
    """Confirm the proposed decision as the second person, or send it back."""
    return _step(dispute_id, commands.confirm, verdict_in)


@blueprint.post("/<uuid:dispute_id>/closing")
@requires(Permission.DISPUTE_HANDLE)
@blueprint.arguments(DisputeClosingIn)
@blueprint.response(200, DisputeOut)
def close(closing_in, dispute_id: UUID):
    """Close a decided dispute; nothing is frozen any more."""
    return _step(dispute_id, commands.close, closing_in)


@blueprint.post("/<uuid:dispute_id>/withdrawal")
@requires(Permission.DISPUTE_FILE)
@blueprint.response(200, DisputeOut)
def withdraw(dispute_id: UUID):
    """Take the own dispute back before it is decided."""
    return _step(dispute_id, commands.withdraw, {})


def _step(dispute_id: UUID, command: Any, sent: dict[str, Any]) -> Any:
    with db.transaction() as session:
        queries.visible(session, current_actor(), dispute_id)
        match_version(session, Dispute, dispute_id)
        made = command(session, current_actor(), dispute_id, **sent, now=clock.now())
        session.flush()
        return made
