"""Keeping the index of the catalogue in step with the facts: what the timetable runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.identity import Actor, Permission
from market.catalogue import queries
from market.listings.model import Listing
from market.search import commands as search
from market.search.commands import Offered

BATCH_MAX = 5_000
REBUILT_AT_ONCE = 500  # entries of one transaction: nobody waits long behind them


def refresh(session: Session, actor: Actor, uses: Mapping[UUID, int], *, now: datetime) -> int:
    """Rewrite the entries whose facts have changed, at most :data:`BATCH_MAX`; return how many were written.

    ``uses`` gives product → how often it was used, counted by who knows it. Safe to run again at any time.

    Raises:
        NotAllowed: the actor is not the scheduler.
    """
    actor.must(Permission.SEARCH_INDEX)
    _forget_withdrawn(session, actor, now)
    written = search.write(session, actor, _offered(queries.stale(session, limit=BATCH_MAX)), now=now)
    ordered = search.put_in_order(session, actor, uses, now=now)
    if written or ordered:
        audit.record(session, actor, "catalogue.refresh", ("SearchEntry", "*"), at=now,
                     detail={"written": written, "ordered": ordered})  # fmt: skip
    return written


def rebuild(
    session: Session, actor: Actor, *, now: datetime, after: UUID | None = None, limit: int = REBUILT_AT_ONCE
) -> UUID | None:
    """Write the next entries anew, right or wrong as they are, at most ``limit``; return the last listing.

    ``after`` names the last listing of the batch before. Nothing is returned when none is left; then
    :func:`finish_rebuilding` remains to be done. Entries keep their numbers, so that nobody loses his page.

    Raises:
        NotAllowed: the actor is not the scheduler.
    """
    actor.must(Permission.SEARCH_INDEX)
    if after is None:
        search.rewrite_full_text(session, actor, now=now)  # a full text that contradicts its entries takes no changes
    offered = _offered(queries.offered(session, after=after, limit=limit))
    search.write(session, actor, offered, now=now)
    last = offered[-1].listing_id if offered else None
    audit.record(session, actor, "catalogue.rewrite", ("SearchEntry", str(last or "*")), at=now,
                 detail={"entries": len(offered)})  # fmt: skip
    return last


def finish_rebuilding(session: Session, actor: Actor, uses: Mapping[UUID, int], *, now: datetime) -> None:
    """Take out what is withdrawn and put the entries in order.

    Raises:
        NotAllowed: the actor is not the scheduler.
    """
    actor.must(Permission.SEARCH_INDEX)
    _forget_withdrawn(session, actor, now)
    search.put_in_order(session, actor, uses, now=now)
    audit.record(session, actor, "catalogue.rebuild", ("SearchEntry", "*"), at=now)


def _forget_withdrawn(session: Session, actor: Actor, now: datetime) -> None:
    for listing_id in queries.withdrawn_entries(session, limit=BATCH_MAX):
        search.remove(session, actor, listing_id, now=now)


def _offered(listings: Iterable[Listing]) -> list[Offered]:
    return [Offered(one.id, one.product_id, one.title, one.summary) for one in listings if one.product_id is not None]
