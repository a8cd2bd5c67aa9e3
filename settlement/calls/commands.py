"""Serving and counting one call: the gates, the quota, the limit of calls, and the same call only once.

A quota holds by a conditional UPDATE and a CHECK, a repetition by a unique index; neither rests on having looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.errors import DomainError
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from market.entitlements import queries as entitlements
from market.entitlements.rules import OutOfScope, QuotaExhausted, may_use
from market.limits.rules import Limit, reached
from settlement.calls import queries
from settlement.calls.model import CallCounter
from settlement.calls.queries import Met, NoEntitlement
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.metering.queries import inserting, using_up
from settlement.metering.rules import Channel, ReferenceReused, subject_digest


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
    held = _met(session, actor, code=code, key=key, reference=reference, now=now, book=book, scenario=scenario,
                entitlement=entitlement)  # fmt: skip
    if held.before is not None:
        return _again(session, held, key, reference, now, book)
    record = held.record
    kind = record.subject_kind if record else None
    agreed = held.terms.subject_kind
    if agreed is not None and kind not in (None, agreed):
        raise OutOfScope(f"使用权 {held.terms.number} 仅限“{agreed}”类对象", detail_en="another kind of subject")
    event = {
        "id": new_id(), "place": held.place, "entitlement_id": held.entitlement_id, "product_id": held.product_id,
        "occurred_at": now, "day_number": business_date(now).toordinal(), "received_at": now,
        "client_reference": reference, "quantity": 1, "subject_kind": kind, "subject": subject_digest(kind, key),
        "hit": record is not None, "channel": Channel.EXCHANGE,
    }  # fmt: skip
    counts = record is not None or held.charges_misses
    counted = _count(session, actor, held, event, 1 if counts else 0, now)
    if counted is None:  # the same call ran beside this one and was first
        return record_use(session, actor, code=code, key=key, reference=reference, now=now, book=book,
                          entitlement=held.terms.number)  # fmt: skip
    used, calls = counted
    return _served(held, record.body if record else None, used, calls, is_hit=record is not None)


def _met(
    session: Session, actor: Actor, *, code: str, key: str, reference: str, now: datetime, book: PolicyBook,
    scenario: str | None, entitlement: str | None,
) -> Met:  # fmt: skip
    actor.must(Permission.EXCHANGE_CALL, org_id=actor.org_id)
    if actor.org_id is None:
        raise NoEntitlement("只有购买单位可以调用；请使用本单位的访问密钥", detail_en="Call with a key of the buyer")
    found = queries.met(
        session, buyer_id=actor.org_id, code=code, reference=reference, key=key, now=now, book=book, number=entitlement
    )
    return found[0] if found[0].before is not None else _usable(session, found, scenario, now, book)


def _usable(session: Session, found: Sequence[Met], scenario: str | None, now: datetime, book: PolicyBook) -> Met:
    """Return the first entitlement that permits one more use; refuse with what stands against the first."""
    refusals: list[DomainError] = []
    for one in found:
        try:
            may_use(one.terms, one.used, now, scenario=scenario)
            _must_hold(session, one, now, book)
        except DomainError as refusal:
            refusals.append(refusal)
        else:
            return one
    raise refusals[0]


def _must_hold(session: Session, held: Met, now: datetime, book: PolicyBook) -> None:
    if not held.is_open:
        entitlements.must_hold(session, entitlements.get(session, held.entitlement_id), now, book=book)


def _again(session: Session, held: Met, key: str, reference: str, now: datetime, book: PolicyBook) -> Served:
    before = held.before
    assert before is not None
    if before.subject != subject_digest(before.subject_kind, key):
        raise ReferenceReused(
            f"Client-Reference {reference} 已用于另一次查询；新的查询请换新编号",
            detail_en="Use a new Client-Reference for a new question",
        )
    _must_hold(session, held, now, book)
    calls = _take_call(session, held, now)
    shown = held.record.body if before.hit and held.record is not None else None
    return _served(held, shown, held.used, calls, is_hit=before.hit, repeated=True)


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
    calls = _take_call(session, held, now)
    made = inserting(session, UsageEvent).values(event).on_conflict_do_nothing().returning(UsageEvent.id)
    if session.execute(made).scalar_one_or_none() is None:
        return None
    used = _use_up(session, held, units) if units else held.used
    audit.record(session, actor, "usage.record", subject, at=now, detail=detail)
    return used, calls


def _take_call(session: Session, held: Met, now: datetime) -> int | None:
    """Take one call of the span; return how many are taken in it, or None where nothing was agreed."""
    limit = held.limit
    if limit is None:
        return None
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    first = dialect.insert(CallCounter).values(entitlement_id=held.entitlement_id, span=limit.start(now), used=1)
    is_new = CallCounter.span < first.excluded.span
    taken = first.on_conflict_do_update(
        index_elements=[CallCounter.entitlement_id],
        set_={
            "span": sa.case((is_new, first.excluded.span), else_=CallCounter.span),
            "used": sa.case((is_new, 1), else_=CallCounter.used + 1),
        },
        where=sa.or_(is_new, CallCounter.used < limit.calls),
    ).returning(CallCounter.used)
    found: int | None = session.execute(taken).scalar_one_or_none()
    if found is None:
        raise reached(limit, held.terms.number, now)
    return found


def _use_up(session: Session, held: Met, units: int) -> int:
    """Add to what is used; the condition in the UPDATE keeps the quota, whoever else is adding."""
    used = session.execute(using_up(held.entitlement_id, units)).scalar_one_or_none()
    if used is None:
        first = {"entitlement_id": held.entitlement_id, "used": 0, "quota": held.terms.quota}
        session.execute(inserting(session, UsageTotal).values(first).on_conflict_do_nothing())
        used = session.execute(using_up(held.entitlement_id, units)).scalar_one_or_none()
    if used is None:
        number, quota = held.terms.number, held.terms.quota
        raise QuotaExhausted(f"使用权 {number} 共 {quota}，不足本次 {units}；请续购",
                             detail_en=f"{number}: less than {units} left")  # fmt: skip
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
  INSERT INTO audit_line ({", ".join(LINE.keys())}) SELECT {", ".join(f":line_{name}" for name in LINE.keys())} FROM made
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
    "WITH " + TAKEN + WRITTEN.format(after=" FROM taken", calls="(SELECT used FROM taken)")
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
        used = _use_up(session, held, units) if units else held.used
    return used, row.calls
