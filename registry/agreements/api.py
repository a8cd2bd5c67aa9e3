"""Agreements for programs. Every change is decided on a version: send ``If-Match``.

How they are restored and how they end is told by the concepts above: suspensions, exits, emergency.

Of an agreement that somebody may not see not even the version is told, hence the look before each match.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from registry.agreements import commands, queries
from registry.agreements.model import Agreement
from registry.agreements.schemas import (
    AgreementArgs,
    AgreementDetailOut,
    AgreementIn,
    AgreementPageOut,
    FilingIn,
    ItemsIn,
    ScopeIn,
    SignIn,
    SuspensionIn,
)

blueprint = ApiBlueprint(
    "agreements", __name__, url_prefix="/api/v1/agreements", description="授权运营协议 · operation agreements"
)


@blueprint.get("")
@requires(Permission.AGREEMENT_READ)
@blueprint.arguments(AgreementArgs, location="query")
@blueprint.response(200, AgreementPageOut)
def browse(args):
    """List the agreements within your scope."""
    query = queries.listed(current_actor(), place=args.get("place"), state=args.get("state"))
    return page(db.session(), query, Agreement)


@blueprint.post("")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.arguments(AgreementIn)
@blueprint.response(201, AgreementDetailOut)
def draft(agreement_in):
    """Draft an agreement."""
    with db.transaction() as session:
        made = commands.draft(session, current_actor(), **agreement_in, now=clock.now(), book=policy_book())
        return _seen(session, made.id)


@blueprint.get("/<uuid:agreement_id>")
@requires(Permission.AGREEMENT_READ)
@blueprint.response(200, AgreementDetailOut)
def show(agreement_id: UUID):
    """Read one agreement with contents, scope and possible steps."""
    return queries.visible(db.session(), current_actor(), agreement_id)


@blueprint.patch("/<uuid:agreement_id>/items")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.arguments(ItemsIn)
@blueprint.response(200, AgreementDetailOut)
def set_items(items_in, agreement_id: UUID):
    """Write contents of a draft; those not named stay."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), agreement_id)
        match_version(session, Agreement, agreement_id)
        commands.set_items(session, current_actor(), agreement_id, **items_in, now=clock.now(), book=policy_book())
        return _seen(session, agreement_id)


@blueprint.put("/<uuid:agreement_id>/scope")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.arguments(ScopeIn)
@blueprint.response(200, AgreementDetailOut)
def set_scope(scope_in, agreement_id: UUID):
    """Make these resources the whole scope of a draft."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), agreement_id)
        match_version(session, Agreement, agreement_id)
        commands.set_scope(session, current_actor(), agreement_id, **scope_in, now=clock.now())
        return _seen(session, agreement_id)


@blueprint.post("/<uuid:agreement_id>/signature")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.arguments(SignIn)
@blueprint.response(200, AgreementDetailOut)
def sign(sign_in, agreement_id: UUID):
    """Sign a complete draft."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), agreement_id)
        match_version(session, Agreement, agreement_id)
        commands.sign(session, current_actor(), agreement_id, **sign_in, now=clock.now(), book=policy_book())
        return _seen(session, agreement_id)


@blueprint.post("/<uuid:agreement_id>/filing")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.arguments(FilingIn)
@blueprint.response(200, AgreementDetailOut)
def file(filing_in, agreement_id: UUID):
    """Note that the agreement was filed with the province."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), agreement_id)
        match_version(session, Agreement, agreement_id)
        commands.file(session, current_actor(), agreement_id, **filing_in, now=clock.now())
        return _seen(session, agreement_id)


@blueprint.post("/<uuid:agreement_id>/activation")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.response(200, AgreementDetailOut)
def activate(agreement_id: UUID):
    """Let operation begin."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), agreement_id)
        match_version(session, Agreement, agreement_id)
        commands.activate(session, current_actor(), agreement_id, now=clock.now(), book=policy_book())
        return _seen(session, agreement_id)


@blueprint.post("/<uuid:agreement_id>/suspension")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.arguments(SuspensionIn)
@blueprint.response(200, AgreementDetailOut)
def suspend(suspension_in, agreement_id: UUID):
    """Close access under the agreement at once."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), agreement_id)
        match_version(session, Agreement, agreement_id)
        commands.suspend(session, current_actor(), agreement_id, **suspension_in, now=clock.now())
        return _seen(session, agreement_id)


def _seen(session: Session, agreement_id: UUID) -> Agreement:
    session.flush()
    return queries.visible(session, current_actor(), agreement_id)
