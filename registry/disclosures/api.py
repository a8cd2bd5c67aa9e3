"""Disclosures for programs: published ones are public. Preparing one needs prices: its route stands in ``web``."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, public, requires
from kernel.identity import Permission
from registry.disclosure_entries.rules import ENTRIES
from registry.disclosures import commands, queries
from registry.disclosures.model import Disclosure
from registry.disclosures.schemas import DisclosureArgs, DisclosureDetailOut, DisclosurePageOut, EntryListOut

blueprint = ApiBlueprint(
    "disclosures", __name__, url_prefix="/api/v1/disclosures", description="信息披露 · public disclosures"
)


@blueprint.get("")
@public
@blueprint.arguments(DisclosureArgs, location="query")
@blueprint.response(200, DisclosurePageOut)
def browse(args):
    """List the published disclosures, the newest first."""
    query = queries.published(place=args.get("place"), year=args.get("year"), side=args.get("side"))
    return page(db.session(), query, Disclosure, newest_first=True)


@blueprint.get("/entries")
@public
@blueprint.response(200, EntryListOut)
def entries():
    """List everything that has to be disclosed or reported: DIS-01 to DIS-13."""
    return {"items": ENTRIES}


@blueprint.get("/<uuid:disclosure_id>")
@public
@blueprint.response(200, DisclosureDetailOut)
def show(disclosure_id: UUID):
    """Read one published disclosure, or one that your organisation is working on."""
    return queries.visible(db.session(), current_actor(), disclosure_id)


@blueprint.post("/<uuid:disclosure_id>/check")
@requires(Permission.DISCLOSURE_WRITE)
@blueprint.response(200, DisclosureDetailOut)
def check(disclosure_id: UUID):
    """Confirm it as a second person."""
    with db.transaction() as session:
        _matched(session, disclosure_id)
        commands.check(session, current_actor(), disclosure_id, now=clock.now())
        return _seen(session, disclosure_id)


@blueprint.post("/<uuid:disclosure_id>/publication")
@requires(Permission.DISCLOSURE_WRITE)
@blueprint.response(200, DisclosureDetailOut)
def publish(disclosure_id: UUID):
    """Publish it for ever."""
    with db.transaction() as session:
        _matched(session, disclosure_id)
        commands.publish(session, current_actor(), disclosure_id, now=clock.now(), book=policy_book())
        return _seen(session, disclosure_id)


@blueprint.post("/<uuid:disclosure_id>/discarding")
@requires(Permission.DISCLOSURE_WRITE)
@blueprint.response(200, DisclosureDetailOut)
def discard(disclosure_id: UUID):
    """Discard one that is not published."""
    with db.transaction() as session:
        _matched(session, disclosure_id)
        commands.discard(session, current_actor(), disclosure_id, now=clock.now())
        return _seen(session, disclosure_id)


def _matched(session: Session, disclosure_id: UUID) -> None:
    queries.visible(session, current_actor(), disclosure_id)
    match_version(session, Disclosure, disclosure_id)


def _seen(session: Session, disclosure_id: UUID) -> Disclosure:
    session.flush()
    return queries.visible(session, current_actor(), disclosure_id)
