"""Misuse of free use, for programs. It is confirmed where usage is read: ``web/repricing.py``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from pricing.misuses import commands, queries
from pricing.misuses.model import Misuse
from pricing.misuses.schemas import (
    MisuseArgs,
    MisuseDetailOut,
    MisuseIn,
    MisuseOut,
    MisusePageOut,
    MisuseReasonIn,
    MisuseSettlementIn,
    MisuseStatementIn,
)

blueprint = ApiBlueprint("misuses", __name__, url_prefix="/api/v1/misuses", description="改作他用 · misuse of free use")


@blueprint.get("")
@requires(Permission.ORDER_READ)
@blueprint.arguments(MisuseArgs, location="query")
@blueprint.response(200, MisusePageOut)
def browse(args):
    """List the misuses within your scope."""
    query = queries.visible(current_actor())
    for name in ("place", "state"):
        if name in args:
            query = query.where(getattr(Misuse, name) == args[name])
    return page(db.session(), query, Misuse, newest_first=True)


@blueprint.post("")
@requires(Permission.MISUSE_RECORD)
@blueprint.arguments(MisuseIn)
@blueprint.response(201, MisuseOut)
def record(misuse_in):
    """Record that a free product was used for industry on certain days."""
    with db.transaction() as session:
        return commands.record(session, current_actor(), **misuse_in, now=clock.now(), book=policy_book())


@blueprint.get("/<uuid:misuse_id>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, MisuseDetailOut)
def show(misuse_id: UUID):
    """Read one misuse with the grantee's statements and the lines of its claim."""
    return detailed(queries.get(db.session(), current_actor(), misuse_id))


@blueprint.post("/<uuid:misuse_id>/statements")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(MisuseStatementIn)
@blueprint.response(200, MisuseOut)
def hear(statement_in, misuse_id: UUID):
    """State what your organisation says to a misuse recorded against it."""
    return _step(misuse_id, commands.hear, statement_in)


@blueprint.post("/<uuid:misuse_id>/dismissal")
@requires(Permission.MISUSE_CONFIRM)
@blueprint.arguments(MisuseReasonIn)
@blueprint.response(200, MisuseOut)
def dismiss(reason_in, misuse_id: UUID):
    """Find that there was no misuse."""
    return _step(misuse_id, commands.dismiss, reason_in)


@blueprint.post("/<uuid:misuse_id>/settlement")
@requires(Permission.PAYMENT_RECORD)
@blueprint.arguments(MisuseSettlementIn)
@blueprint.response(200, MisuseOut)
def settle(settlement_in, misuse_id: UUID):
    """Record the payment of a claim."""
    return _step(misuse_id, commands.settle, settlement_in)


def detailed(found: Misuse) -> dict[str, Any]:
    """Return one misuse as it is read."""
    session = db.session()
    own = {name: getattr(found, name) for name in (*MisuseOut().fields, "explanation")}
    return {**own, "statements": queries.statements(session, found.id), "lines": queries.lines(session, found.id)}


def _step(misuse_id: UUID, command: Any, sent: dict[str, Any]) -> Misuse:
    with db.transaction() as session:
        queries.get(session, current_actor(), misuse_id)  # of what somebody may not see, not even the version is told
        match_version(session, Misuse, misuse_id)
        found: Misuse = command(session, current_actor(), misuse_id, **sent, now=clock.now())
        session.flush()
        return found
