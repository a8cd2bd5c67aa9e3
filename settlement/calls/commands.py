"""Serving and counting one call: the gates, the quota, the limit of calls, and the same call only once.

A quota holds by a conditional UPDATE and a CHECK, a repetition by a unique index; neither rests on having looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
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
from settlement.metering.model import UsageEvent, UsageTotal
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
    if session.get_bind().dialect.name == "postgresql":
        return _count_at_once(session, held, event, units, now,
                              audit.values(actor, "usage.record", subject, at=now, detail=detail))  # fmt: skip
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


EVENT, LINE = UsageEvent.__table__.c, audit.AuditLine.__table__.c
TAKEN = """taken AS (
  INSERT INTO settlement_call_counter AS own (entitlement_id, span, used) VALUES (:entitlement_id, :span, 1)
  ON CONFLICT (entitlement_id) DO UPDATE SET
    span = greatest(own.span, excluded.span), used = CASE WHEN own.span < excluded.span THEN 1 ELSE own.used + 1 END
  WHERE own.span < excluded.span OR own.used < :calls RETURNING used
), """
WRITTEN = f"""made AS (
  INSERT INTO settlement_usage_event ({", ".join(EVENT.keys())})
  SELECT {", ".join(f":{name}" for name in EVENT.keys())}{{after}} ON CONFLICT DO NOTHING RETURNING 1 AS one
), counted AS (
  UPDATE settlement_usage_total AS own SET used = own.used + :units FROM made
  WHERE own.entitlement_id = :entitlement_id AND (own.quota IS NULL OR own.used + own.reserved + :units <= own.quota)
  RETURNING own.used
), line AS (
  INSERT INTO audit_line ({", ".join(LINE.keys())})
  SELECT {", ".join(f":line_{name}" for name in LINE.keys())} FROM made
)
SELECT {{calls}} AS calls, (SELECT one FROM made) AS made, (SELECT used FROM counted) AS used"""  # noqa: S608 — own names
BINDS = [
    *(sa.bindparam(column.name, type_=column.type) for column in EVENT),
    *(sa.bindparam(f"line_{column.name}", type_=column.type) for column in LINE),
    sa.bindparam("units", type_=sa.BigInteger()),
]
OF_LIMIT = [sa.bindparam("span", type_=sa.BigInteger()), sa.bindparam("calls", type_=sa.BigInteger())]
# one round trip instead of five: what is written hangs together, each part only where the one before it was written
AT_ONCE = sa.text("WITH " + WRITTEN.format(after="", calls="CAST(NULL AS bigint)")).bindparams(*BINDS)
AT_ONCE_WITH_LIMIT = sa.text(
    "WITH "  # noqa: S608 — own names
    + TAKEN
    + WRITTEN.format(after=" FROM taken", calls="(SELECT used FROM taken)")
).bindparams(*BINDS, *OF_LIMIT)


def _count_at_once(
    session: Session, held: Met, event: dict[str, Any], units: int, now: datetime, line: dict[str, Any]
) -> tuple[int, int | None] | None:
    values = {**event, **{f"line_{name}": value for name, value in line.items()}, "units": units}
    statement, limit = AT_ONCE, held.limit
    if limit is not None:
        statement = AT_ONCE_WITH_LIMIT
        values |= {"span": limit.start(now), "calls": limit.calls}
    row = session.connection().execute(statement, values).one()
    if limit is not None and row.calls is None:
        raise reached(limit, held.terms.number, now)
    if row.made is None:
        return None
    used = row.used
    if used is None:  # the sum is missing, or nothing is left
        used = _use_up(session, held.entitlement_id, held.terms.number, held.terms.quota) if units else held.used
    return used, row.calls
