"""Duties for programs. A duty has no version: it is derived, and what is handed in stays as it is."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, policy_book, requires
from kernel.identity import Permission
from registry.duties import commands, queries
from registry.duties.schemas import DutyArgs, DutyFilingOut, DutyListOut, DutyOut, FilingIn

blueprint = ApiBlueprint("duties", __name__, url_prefix="/api/v1/duties", description="法定义务 · duties and filings")


@blueprint.get("")
@requires(Permission.DUTY_READ)
@blueprint.arguments(DutyArgs, location="query")
@blueprint.response(200, DutyListOut)
def browse(args):
    """List the duties within your scope as they stand today."""
    found = queries.listed(db.session(), current_actor(), book=policy_book(), on=clock.today(), **args)
    return {"items": found}


@blueprint.get("/<key>")
@requires(Permission.DUTY_READ)
@blueprint.response(200, DutyOut)
def show(key: str):
    """Read one duty with what was handed in."""
    return queries.visible(db.session(), current_actor(), key, book=policy_book(), on=clock.today())


@blueprint.post("/<key>/filings")
@requires(Permission.DUTY_FILE)
@blueprint.arguments(FilingIn)
@blueprint.response(201, DutyFilingOut)
def file(filing_in, key: str):
    """Hand in what fulfils a duty of your organisation, or correct it."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), key, book=policy_book(), on=clock.today())
        return commands.file(session, current_actor(), key, **filing_in, now=clock.now(), book=policy_book())
