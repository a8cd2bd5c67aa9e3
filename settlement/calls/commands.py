"""Serving and counting one call: the gates, the quota, the limit of calls, and the same call only once.

A quota holds by a conditional UPDATE and a CHECK, a repetition by a unique index; neither rests on having looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.identity import Actor
from kernel.policy import PolicyBook
from market.entitlements.model import Entitlement
from market.entitlements.rules import OutOfScope, QuotaExhausted
from market.limits import queries as limits
from market.limits.rules import Limit, reached
from settlement.calls import queries
from settlement.calls.queries import Met, inserting_event, new_event, taking_call
from settlement.metering.model import UsageTotal
from settlement.metering.queries import inserting, using_up
from settlement.metering.rules import subject_digest


@dataclass(frozen=True, slots=True)
class Served:
    """What a call gets: the record or nothing found, and what is left."""

    entitlement: str
    hit: bool
    body: dict[str, Any] | None
    used: int
    remaining: int | None
    repeated: bool
    limit: Limit | None = None
    calls_left: int | None = None


def record_use(
    session: Session,
    actor: Actor,
    *,
    code: str,
    key: str,
    reference: str,
    now: datetime,
    book: PolicyBook,
    scenario: str | None = None,
    entitlement: str | None = None,
) -> Served:
    """Serve one record of a product to the actor's organisation and count it, once per reference.

    A call that finds nothing is noted and uses nothing up (查得计费), unless the tariff charges every query (查询即计).

    Raises:
        NotAllowed: the actor may not call the data plane.
        NoSuchProduct: there is no such product.
        NoEntitlement: the organisation has bought nothing of it.
        WrongProduct: the named entitlement is not for it.
        Closed: the entitlement rests on something that does not hold now.
        OutOfTerm: its term does not cover today.
        OutOfScope: the declared scenario, or the kind of the subject, is not the agreed one.
        QuotaExhausted: nothing is left.
        LimitReached: the agreed number of calls in a span of time is used up.
        ReferenceReused: the reference came with another key before.
    """
    held = queries.admitted(session, actor, code=code, key=key, reference=reference, now=now, book=book,
                            scenario=scenario, entitlement=entitlement)  # fmt: skip
    served = serve(session, actor, held, key=key, reference=reference, now=now, book=book)
    if served is not None:
        return served
    return record_use(session, actor, code=code, key=key, reference=reference, now=now, book=book,
                      entitlement=held.terms.number)  # fmt: skip


def serve(
    session: Session, actor: Actor, held: Met, *, key: str, reference: str, now: datetime, book: PolicyBook
) -> Served | None:
    """Serve and count what was admitted; None when the same call ran beside this one and was first: admit it again.

    Raises:
        OutOfScope: the kind of the subject is not the agreed one.
        QuotaExhausted: nothing is left.
        LimitReached: the agreed number of calls in a span of time is used up.
        ReferenceReused: the reference came with another key before.
    """
    if held.before is not None:
        return _again(session, held, key, reference, now, book)
    record = held.record
    kind = record.subject_kind if record else None
    agreed = held.terms.subject_kind
    if agreed is not None and kind not in (None, agreed):
        raise OutOfScope(f"使用权 {held.terms.number} 仅限“{agreed}”类对象", detail_en="another kind of subject")
    event = new_event(held.place, held.entitlement_id, held.product_id, reference, kind, subject_digest(kind, key), now,
                      is_hit=record is not None)  # fmt: skip
    counts = record is not None or held.charges_misses
    counted = _count(session, actor, held, event, 1 if counts else 0, now)
    if counted is None:
        return None
    used, calls = counted
    return _served(held, record.body if record else None, used, calls, is_hit=record is not None)


def count_delivery(
    session: Session, actor: Actor, held: Entitlement, *, reference: str, subject: str, now: datetime
) -> bool:
    """Count the delivery of a file or report as one use, once per reference; say whether it was new.

    Raises:
        QuotaExhausted: nothing is left.
        LimitReached: the agreed number of calls in a span of time is used up.
    """
    _take_call(session, held.id, held.number, limits.in_force(session, held), now)
    event = new_event(held.place, held.id, held.product_id, reference, None, subject, now, is_hit=True)
    if session.execute(inserting_event(session, event)).scalar_one_or_none() is None:
        return False
    _use_up(session, held.id, held.number, held.quota)
    audit.record(session, actor, "usage.record", ("settlement_usage_event", str(event["id"])), at=now,
                 detail={"entitlement": held.number, "hit": True})  # fmt: skip
    return True


def _again(session: Session, held: Met, key: str, reference: str, now: datetime, book: PolicyBook) -> Served:
    queries.must_be_same(held, key, reference)
    queries.must_hold(session, held, now, book)
    calls = _take_call(session, held.entitlement_id, held.terms.number, held.limit, now)
    assert held.before is not None
    shown = held.record.body if held.before.hit and held.record is not None else None
    return _served(held, shown, held.used, calls, is_hit=held.before.hit, repeated=True)


def _served(
    held: Met, body: dict[str, Any] | None, used: int, calls: int | None, *, is_hit: bool, repeated: bool = False
) -> Served:
    terms, limit = held.terms, held.limit
    left = None if limit is None or calls is None else limit.calls - calls
    remaining = None if terms.quota is None else terms.quota - used
    return Served(terms.number, is_hit, body, used, remaining, repeated, limit, left)


def _count(
    session: Session, actor: Actor, held: Met, event: dict[str, Any], units: int, now: datetime
) -> tuple[int, int | None] | None:
    """Write event, sum and audit line; return what is used now and the calls of the span, or None for a repetition."""
    detail = {"entitlement": held.terms.number, "hit": event["hit"]}
    subject = ("settlement_usage_event", str(event["id"]))
    calls = _take_call(session, held.entitlement_id, held.terms.number, held.limit, now)
    if session.execute(inserting_event(session, event)).scalar_one_or_none() is None:
        return None
    used = _use_up(session, held.entitlement_id, held.terms.number, held.terms.quota) if units else held.used
    audit.record(session, actor, "usage.record", subject, at=now, detail=detail)
    return used, calls


def _take_call(
    session: Session, entitlement_id: UUID, number: str, limit: Limit | None, now: datetime
) -> int | None:  # fmt: skip
    """Take one call of the span; return how many are taken in it, or None where nothing was agreed."""
    if limit is None:
        return None
    taken: int | None = session.execute(taking_call(session, entitlement_id, limit, now)).scalar_one_or_none()
    if taken is None:
        raise reached(limit, number, now)
    return taken


def _use_up(session: Session, entitlement_id: UUID, number: str, quota: int | None) -> int:
    """Add one to what is used; the condition in the UPDATE keeps the quota, whoever else is adding."""
    used: int | None = session.execute(using_up(entitlement_id, 1)).scalar_one_or_none()
    if used is None:
        first = {"entitlement_id": entitlement_id, "used": 0, "quota": quota}
        session.execute(inserting(session, UsageTotal).values(first).on_conflict_do_nothing())
        used = session.execute(using_up(entitlement_id, 1)).scalar_one_or_none()
    if used is None:
        raise QuotaExhausted(f"使用权 {number} 共 {quota}，已全部用完或由未完成的调用占用；请稍后重试或续购",
                             detail_en=f"{number}: nothing left of {quota}")  # fmt: skip
    return used
