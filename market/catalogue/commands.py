"""Keeping the index of the catalogue in step with the facts: what the timetable runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.identity import Actor, Permission
from market.catalogue import queries
from market.search import commands as search
from market.search.commands import Offered

BATCH_MAX = 5_000


def refresh(session: Session, actor: Actor, uses: Mapping[UUID, int], *, now: datetime) -> int:
    """Rewrite the entries whose facts have changed, at most :data:`BATCH_MAX`; return how many were written.

    ``uses`` gives product → how often it was used, counted by who knows it. Safe to run again at any time.

    Raises:
        NotAllowed: the actor is not the scheduler.
    """
    actor.must(Permission.SEARCH_INDEX)
    for listing_id in queries.withdrawn_entries(session, limit=BATCH_MAX):
        search.remove(session, actor, listing_id, now=now)
    stale = [
        Offered(listing.id, listing.product_id, listing.title, listing.summary)
        for listing in queries.stale(session, limit=BATCH_MAX)
        if listing.product_id is not None
    ]
    written = search.write(session, actor, stale, now=now)
    ordered = search.put_in_order(session, actor, uses, now=now)
    if written or ordered:
        audit.record(session, actor, "catalogue.refresh", ("SearchEntry", "*"), at=now,
                     detail={"written": written, "ordered": ordered})  # fmt: skip
    return written
