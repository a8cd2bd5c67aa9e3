"""Accounts of payees for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, requires
from kernel.identity import Permission
from settlement.payees import commands, queries
from settlement.payees.model import PayeeAccount, PayeeFreeze
from settlement.payees.schemas import (
    PayeeAccountArgs,
    PayeeAccountIn,
    PayeeAccountOut,
    PayeeAccountPageOut,
    PayeeDecisionIn,
    PayeeFreezeIn,
    PayeeFreezeOut,
    PayeeLiftIn,
)

blueprint = ApiBlueprint("payees", __name__, url_prefix="/api/v1/payee-accounts", description="收款账户 · payees")


@blueprint.get("")
@requires(Permission.PAYEE_READ)
@blueprint.arguments(PayeeAccountArgs, location="query")
@blueprint.response(200, PayeeAccountPageOut)
def browse(args: dict[str, Any]):
    """List the accounts of your organisation or places, newest first; numbers are masked."""
    return page(db.session(), queries.listed(current_actor(), state=args["state"]), PayeeAccount, newest_first=True)


@blueprint.post("")
@requires(Permission.PAYEE_WRITE)
@blueprint.arguments(PayeeAccountIn)
@blueprint.response(201, PayeeAccountOut)
def ask(account_in: dict[str, Any]):
    """Name an account; finance confirms it, and it is paid to 24 hours later."""
    with db.transaction() as session:
        return commands.ask(session, current_actor(), **account_in, now=clock.now())


@blueprint.get("/<uuid:account_id>")
@requires(Permission.PAYEE_READ)
@blueprint.response(200, PayeeAccountOut)
def show(account_id: UUID):
    """Read one account."""
    return queries.visible(db.session(), current_actor(), account_id)


@blueprint.post("/<uuid:account_id>/decision")
@requires(Permission.PAYEE_READ)
@blueprint.arguments(PayeeDecisionIn)
@blueprint.response(200, PayeeAccountOut)
def decide(decision_in: dict[str, Any], account_id: UUID):
    """Confirm or refuse as the second person, or withdraw your own; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, PayeeAccount, queries.visible(session, current_actor(), account_id).id)
        return commands.decide(session, current_actor(), account_id, **decision_in, now=clock.now())


@blueprint.post("/freezes")
@requires(Permission.PAYEE_FREEZE)
@blueprint.arguments(PayeeFreezeIn)
@blueprint.response(201, PayeeFreezeOut)
def freeze(freeze_in: dict[str, Any]):
    """Stop paying a party by order of a court or authority."""
    with db.transaction() as session:
        return commands.freeze(session, current_actor(), **freeze_in, now=clock.now())


@blueprint.post("/freezes/<uuid:freeze_id>/lifting")
@requires(Permission.PAYEE_FREEZE)
@blueprint.arguments(PayeeLiftIn)
@blueprint.response(200, PayeeFreezeOut)
def lift(lift_in: dict[str, Any], freeze_id: UUID):
    """Ask to lift a freeze, or confirm it as the second person; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, PayeeFreeze, queries.visible_freeze(session, current_actor(), freeze_id).id)
        return commands.lift(session, current_actor(), freeze_id, **lift_in, now=clock.now())
