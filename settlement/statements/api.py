"""Statements for programs; read only."""

from __future__ import annotations

from typing import Any

from kernel import db
from kernel.http import ApiBlueprint, current_actor, page, requires
from kernel.identity import Permission
from settlement.statements import queries
from settlement.statements.model import Statement
from settlement.statements.schemas import StatementArgs, StatementContentOut, StatementDetailOut, StatementPageOut

blueprint = ApiBlueprint("statements", __name__, url_prefix="/api/v1/statements", description="结算单 · statements")


@blueprint.get("")
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(StatementArgs, location="query")
@blueprint.response(200, StatementPageOut)
def browse(args: dict[str, Any]):
    """List the statements of your organisation, or of your places."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), Statement)


@blueprint.get("/<number>")
@requires(Permission.STATEMENT_READ)
@blueprint.response(200, StatementDetailOut)
def show(number: str):
    """Read one statement with its lines."""
    return queries.visible(db.session(), current_actor(), number).statement


@blueprint.get("/<number>/content")
@requires(Permission.STATEMENT_READ)
@blueprint.response(200, StatementContentOut)
def content(number: str):
    """Read what the digest of a statement is made of, to make it again with any tool."""
    issued = queries.visible(db.session(), current_actor(), number)
    return {"number": number, "sha256": issued.statement.sha256, "content": issued.content()}
