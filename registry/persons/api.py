"""Identities, askings and lost passwords for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, public, repeats_harmlessly, requires
from kernel.identity import Permission
from registry.accounts import queries as accounts
from registry.persons import commands, queries
from registry.persons.model import GrantAsk
from registry.persons.schemas import (
    AskArgs,
    AskIn,
    AskOut,
    AskPageOut,
    IdentityIn,
    IdentityOut,
    ReasonIn,
    ResetIn,
    TokenOut,
    identity_key,
)

blueprint = ApiBlueprint(
    "persons", __name__, url_prefix="/api/v1", description="人员身份与双人授权 · persons and grants by two"
)


@blueprint.get("/accounts/<uuid:account_id>/identity")
@requires(Permission.ACCOUNT_CREATE)
@blueprint.response(200, IdentityOut)
def identity(account_id: UUID):
    """Say whether it is known whose account this is, and which other accounts that person has."""
    session = db.session()
    accounts.get(session, account_id)
    known = queries.person_of(session, account_id) is not None
    others = [other.id for other in queries.other_accounts(session, account_id)]
    return {"account_id": account_id, "is_identified": known, "other_accounts": others}


@blueprint.post("/accounts/<uuid:account_id>/identity")
@requires(Permission.ACCOUNT_CREATE)
@repeats_harmlessly
@blueprint.arguments(IdentityIn)
@blueprint.response(201, IdentityOut)
def identify(identity_in, account_id: UUID):
    """Note whose account this is. Only a keyed digest is kept, and nothing for repetition: a second one is refused."""
    with db.transaction() as session:
        commands.identify(
            session, current_actor(), account_id, number=identity_in["identity_number"], key=identity_key(),
            now=clock.now(),
        )  # fmt: skip
        others = [other.id for other in queries.other_accounts(session, account_id)]
        return {"account_id": account_id, "is_identified": True, "other_accounts": others}


@blueprint.get("/grant-asks")
@requires(Permission.GRANT_ROLE)
@blueprint.arguments(AskArgs, location="query")
@blueprint.response(200, AskPageOut)
def asks(args):
    """List the roles that were asked for within your scope."""
    return page(db.session(), queries.asks(current_actor(), state=args.get("state")), GrantAsk)


@blueprint.post("/grant-asks")
@requires(Permission.GRANT_ROLE)
@blueprint.arguments(AskIn)
@blueprint.response(201, AskOut)
def ask(ask_in):
    """Ask for a role of the platform, of finance or of an authority; another person confirms."""
    with db.transaction() as session:
        return commands.ask_grant(session, current_actor(), **ask_in, now=clock.now())


@blueprint.post("/grant-asks/<uuid:ask_id>/confirmation")
@requires(Permission.GRANT_ROLE)
@blueprint.response(200, AskOut)
def confirm(ask_id: UUID):
    """Confirm what another person asked for; the role is granted at once."""
    with db.transaction() as session:
        match_version(session, GrantAsk, ask_id)
        return commands.confirm_grant(session, current_actor(), ask_id, now=clock.now())


@blueprint.post("/grant-asks/<uuid:ask_id>/refusal")
@requires(Permission.GRANT_ROLE)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, AskOut)
def refuse(reason_in, ask_id: UUID):
    """Decline what was asked for."""
    with db.transaction() as session:
        match_version(session, GrantAsk, ask_id)
        return commands.refuse_grant(session, current_actor(), ask_id, **reason_in, now=clock.now())


@blueprint.post("/grant-asks/<uuid:ask_id>/withdrawal")
@requires(Permission.GRANT_ROLE)
@blueprint.response(200, AskOut)
def withdraw(ask_id: UUID):
    """Take back what you asked for."""
    with db.transaction() as session:
        match_version(session, GrantAsk, ask_id)
        return commands.withdraw_grant(session, current_actor(), ask_id, now=clock.now())


@blueprint.post("/accounts/<uuid:account_id>/password-reset")
@requires(Permission.ACCOUNT_CREATE)
@repeats_harmlessly
@blueprint.response(201, TokenOut)
def issue_reset(account_id: UUID):
    """Give a one-time token for a lost password, valid for one hour. It is shown in this answer only, so nothing is
    kept for repetition: a second token makes the first one void.
    """
    with db.transaction() as session:
        issued = commands.issue_reset(session, current_actor(), account_id, now=clock.now())
        return {"token": issued.token, "expires_at": issued.expires_at}


@blueprint.post("/password-reset")
@public
@repeats_harmlessly
@blueprint.arguments(ResetIn)
@blueprint.response(204)
def use_reset(reset_in):
    """Set a new password with a one-time token; your sessions end."""
    with db.transaction() as session:
        commands.use_reset(session, current_actor(), **reset_in, now=clock.now())
