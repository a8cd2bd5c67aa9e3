"""Serving and counting a call that is in order by one statement; all that is not goes the ordinary way (`calls`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.identity import ANONYMOUS, Actor
from kernel.policy import PolicyBook
from market.limits.rules import Limit
from registry.accounts.queries import parts_of_key
from settlement.calls.commands import Served
from settlement.calls.queries import calling
from settlement.metering.model import UsageEvent
from settlement.quick_calls import queries


def use_at_once(
    session: Session, actor: Actor | str, *, code: str, key: str, reference: str, now: datetime, book: PolicyBook,
    scenario: str | None = None, entitlement: str | None = None,
) -> Served | None:  # fmt: skip
    """Serve and count a call in one statement that is a transaction of its own, before any is open (PostgreSQL).

    ``actor`` may be the access key of a program: the same statement then finds whom it acts for, if it may call now.
    None when it was not served so: then nothing has happened, and the ordinary way serves it or says why not.

    Raises:
        NotAllowed: the actor may not call the data plane.
    """
    on, event_id = business_date(now), new_id()
    statement, who = queries.at_once(on, book), dict[str, Any]()
    if isinstance(actor, Actor):
        who = {"actor_id": actor.id, "actor_name": actor.name, "org_id": calling(actor), "channel": actor.channel}
    elif (parts := parts_of_key(actor)) is not None:
        statement, who = queries.at_once_by_key(on, book), {"prefix": parts[0], "secret": parts[1]}
    else:
        return None
    line = audit.values(ANONYMOUS, "usage.record", (UsageEvent.__tablename__, str(event_id)), at=now)
    found = statement.ask(
        session, code=code, reference=reference, key=key, number=entitlement, scenario=scenario,
        second=int(now.timestamp()), event_id=event_id, day_number=on.toordinal(), line_id=line["id"], at=line["at"],
        event=line["object_id"], action=line["action"], **who,  # the statement notes who it is
    )  # fmt: skip
    if not found or not found[0].is_served:
        return None
    (one,) = found
    limit = None if one.limit_calls is None else Limit(one.limit_calls, one.limit_seconds)
    return Served(
        one.number, one.hit, one.row_body, one.used, None if one.quota is None else one.quota - one.used,
        repeated=False, limit=limit, calls_left=None if limit is None else limit.calls - one.calls,
    )  # fmt: skip
