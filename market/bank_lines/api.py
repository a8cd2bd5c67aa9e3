"""Statements of the bank for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from market.bank_lines import commands, queries
from market.bank_lines.model import BankLine
from market.bank_lines.schemas import (
    AssignIn,
    BankFileIn,
    BankFileOut,
    BankLineArgs,
    BankLineOut,
    BankLinePageOut,
    ReturnedIn,
    ReturnIn,
    StatementLineIn,
)

blueprint = ApiBlueprint("bank_lines", __name__, url_prefix="/api/v1/bank-lines", description="银行流水 · bank lines")


@blueprint.get("")
@requires(Permission.SETTLEMENT_READ)
@blueprint.arguments(BankLineArgs, location="query")
@blueprint.response(200, BankLinePageOut)
def browse(args):
    """List the lines of the bank at your places, newest first."""
    return page(db.session(), queries.listed(current_actor(), state=args["state"]), BankLine, newest_first=True)


@blueprint.get("/<uuid:line_id>")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, BankLineOut)
def show(line_id: UUID):
    """Read one line."""
    return queries.visible(db.session(), current_actor(), line_id)


@blueprint.post("/files")
@requires(Permission.PAYMENT_RECORD)
@blueprint.arguments(BankFileIn)
@blueprint.response(201, BankFileOut)
def import_file(file_in):
    """Import a statement as a whole: every line is matched or queued with its reason."""
    with db.transaction() as session:
        return commands.import_file(session, current_actor(), **file_in, now=clock.now(), book=policy_book())


@blueprint.post("")
@requires(Permission.PAYMENT_RECORD)
@blueprint.arguments(StatementLineIn)
@blueprint.response(201, BankLineOut)
def record(line_in):
    """Take one line by hand: it is matched or queued like those of a file."""
    with db.transaction() as session:
        return commands.record_line(session, current_actor(), **line_in, now=clock.now(), book=policy_book())


@blueprint.post("/<uuid:line_id>/assignment")
@requires(Permission.PAYMENT_RECORD)
@blueprint.arguments(AssignIn)
@blueprint.response(200, BankLineOut)
def assign(assign_in, line_id: UUID):
    """Decide what a waiting line is for."""
    with db.transaction() as session:
        match_version(session, BankLine, queries.in_hand(session, current_actor(), line_id))
        return commands.assign(session, current_actor(), line_id, **assign_in, now=clock.now(), book=policy_book())


@blueprint.post("/<uuid:line_id>/return")
@requires(Permission.PAYMENT_RECORD)
@blueprint.arguments(ReturnIn)
@blueprint.response(200, BankLineOut)
def give_back(return_in, line_id: UUID):
    """Decide that a waiting line goes back to the payer."""
    with db.transaction() as session:
        match_version(session, BankLine, queries.in_hand(session, current_actor(), line_id))
        return commands.return_line(session, current_actor(), line_id, **return_in, now=clock.now())


@blueprint.post("/<uuid:line_id>/reopening")
@requires(Permission.PAYMENT_RECORD)
@blueprint.arguments(ReturnIn)
@blueprint.response(200, BankLineOut)
def reopen(return_in, line_id: UUID):
    """Take back a claim that has paid nothing yet, or a return that was not sent: the line waits again."""
    with db.transaction() as session:
        match_version(session, BankLine, queries.in_hand(session, current_actor(), line_id))
        return commands.reopen(session, current_actor(), line_id, **return_in, now=clock.now())


@blueprint.post("/<uuid:line_id>/return/confirmation")
@requires(Permission.REFUND_PAY)
@blueprint.arguments(ReturnedIn)
@blueprint.response(200, BankLineOut)
def confirm(returned_in, line_id: UUID):
    """Record that the money went back."""
    with db.transaction() as session:
        match_version(session, BankLine, queries.in_hand(session, current_actor(), line_id))
        return commands.confirm_return(session, current_actor(), line_id, **returned_in, now=clock.now())
