"""Putting a unit aside before another platform is asked, and counting or giving it back afterwards.

No transaction is open while the platform is asked: admit and reserve · commit · ask · conclude · commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import new_id
from kernel.identity import Actor
from kernel.policy import PolicyBook
from market.entitlements.rules import QuotaExhausted
from market.limits.rules import reached
from settlement.calls import queries as calls
from settlement.calls.queries import Met
from settlement.metering.model import UsageTotal
from settlement.metering.queries import inserting, using_up
from settlement.metering.rules import subject_digest
from settlement.reservations import queries
from settlement.reservations.model import Reservation
from settlement.reservations.rules import (
    HOLDING,
    InProgress,
    ReservationEvent,
    ReservationState,
    after,
    is_stale,
)

GIVEN_UP_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Reserved:
    """A call that may go out now: under which name, for the how-manieth time, and whether it is counted already."""

    id: UUID
    attempt: int
    is_counted: bool
    calls: int | None


def reserve(
    session: Session, actor: Actor, held: Met, *, key: str, reference: str, seconds: int, now: datetime,
    book: PolicyBook,
) -> Reserved:  # fmt: skip
    """Put one unit aside for a call that was admitted; a repetition goes out again under the same name.

    ``seconds`` is how long the platform is waited for: meanwhile nobody else sends the same call.

    Raises:
        Closed: the entitlement rests on something that does not hold now.
        ReferenceReused: the reference came with another question before.
        InProgress: the same call is being answered at this moment.
        QuotaExhausted: nothing is left, or the rest is put aside for calls that are on their way.
        LimitReached: the agreed number of calls in a span of time is used up.
    """
    calls.must_be_same(held, key, reference)
    if held.before is not None:
        calls.must_hold(session, held, now, book)
    taken = _take_call(session, held, now)
    subject = subject_digest(None, key)
    found = queries.known(session, held.entitlement_id, reference)
    lease = now + timedelta(seconds=seconds)
    if found is None:
        found = _first(session, held, reference, subject, lease, now)
    else:
        calls.must_be_question(found.subject, key, reference)
        _retry(session, held, found, lease, now)
    audit.record(session, actor, "reservation.reserve", found, at=now,
                 detail={"entitlement": held.terms.number, "attempt": found.attempts})  # fmt: skip
    return Reserved(found.id, found.attempts, held.before is not None, taken)


def conclude(
    session: Session,
    actor: Actor,
    reservation_id: UUID,
    *,
    attempt: int,
    event: ReservationEvent,
    now: datetime,
    note: str = "",
    is_hit: bool = False,
    charges_misses: bool = False,
) -> int:
    """Write down how a try ended: the use is counted once, or its unit given back; return what is used now.

    Raises:
        NoSuchReservation: there is no such call.
        QuotaExhausted: the unit was given back meanwhile and nothing is left.
        WrongReservationState: the event is not possible in its state.
    """
    found = queries.get(session, reservation_id)
    if not is_stale(found.state, event, is_latest=found.attempts == attempt):
        before, found.state = found.state, after(found.state, event)
        found.note, found.concluded_at = note, None if found.state in HOLDING else now
        if found.state is ReservationState.SETTLED and before is not ReservationState.SETTLED:
            _settle(session, found, before, is_hit=is_hit, counts=is_hit or charges_misses, now=now)
        elif found.state is ReservationState.RELEASED and before in HOLDING:
            _move(session, found.entitlement_id, reserved=-1, used=0)
        session.flush()
        audit.record(session, actor, f"reservation.{event}", found, at=now, note=note)
    return queries.used_and_reserved(session, found.entitlement_id)[0]


def give_up(session: Session, actor: Actor, *, before: datetime, now: datetime) -> int:
    """Give back the units of calls whose end nobody asked for since ``before``: what was not delivered is not charged.

    A late retry under the same reference may still find out. Returns how many.
    """
    found = queries.left_behind(session, before, limit=GIVEN_UP_AT_ONCE)
    for one in found:
        conclude(session, actor, one.id, attempt=one.attempts, event=ReservationEvent.GIVE_UP, now=now, note="逾期未知")
    return len(found)


def _first(
    session: Session, held: Met, reference: str, subject: str, lease: datetime, now: datetime
) -> Reservation:  # fmt: skip
    made = Reservation(
        id=new_id(), entitlement_id=held.entitlement_id, product_id=held.product_id, place=held.place,
        client_reference=reference, subject=subject, state=ReservationState.PENDING, attempts=1, lease_until=lease,
        admitted_at=now, concluded_at=None, note="",
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError as error:  # the same call ran beside this one and was first
        raise _in_progress(reference) from error
    if held.before is None:
        _put_aside(session, held)
    else:  # counted before there was a platform: it is only asked again
        made.state, made.concluded_at = ReservationState.SETTLED, now
    session.flush()
    return made


def _retry(session: Session, held: Met, found: Reservation, lease: datetime, now: datetime) -> None:
    if found.state is ReservationState.PENDING and now < found.lease_until:
        raise _in_progress(found.client_reference)
    found.attempts += 1
    found.lease_until = lease
    if found.state is not ReservationState.SETTLED:
        if found.state is ReservationState.RELEASED:
            _put_aside(session, held)
        found.state, found.concluded_at = after(found.state, ReservationEvent.RETRY), None
    session.flush()


def _in_progress(reference: str) -> InProgress:
    return InProgress(
        f"Client-Reference {reference} 的同一调用正在处理，请稍后以同一编号重试，不会重复计量",
        detail_en="The same call is being answered; ask again under the same reference",
        headers={"Retry-After": "1"},
    )


def _take_call(session: Session, held: Met, now: datetime) -> int | None:
    if held.limit is None:
        return None
    taken: int | None = session.execute(
        calls.taking_call(session, held.entitlement_id, held.limit, now)
    ).scalar_one_or_none()
    if taken is None:
        raise reached(held.limit, held.terms.number, now)
    return taken


def _put_aside(session: Session, held: Met) -> None:
    first = {"entitlement_id": held.entitlement_id, "used": 0, "quota": held.terms.quota}
    session.execute(inserting(session, UsageTotal).values(first).on_conflict_do_nothing())
    total = sa.update(UsageTotal).where(
        UsageTotal.entitlement_id == held.entitlement_id,
        sa.or_(UsageTotal.quota.is_(None), UsageTotal.used + UsageTotal.reserved + 1 <= UsageTotal.quota),
    )
    taken = total.values(reserved=UsageTotal.reserved + 1).returning(UsageTotal.used)
    if session.execute(taken.execution_options(synchronize_session=False)).scalar_one_or_none() is None:
        raise _exhausted(held.terms.number)


def _exhausted(number: str) -> QuotaExhausted:
    return QuotaExhausted(
        f"使用权 {number} 的购买量已用完，或余量正由未完成的调用占用；请稍后重试或续购",
        detail_en=f"Nothing is left of {number}, or the rest is put aside",
    )


def _settle(
    session: Session, found: Reservation, before: ReservationState, *, is_hit: bool, counts: bool, now: datetime
) -> None:  # fmt: skip
    event: dict[str, Any] = calls.new_event(
        found.place, found.entitlement_id, found.product_id, found.client_reference, None, found.subject, now,
        is_hit=is_hit,
    )  # fmt: skip
    is_new = session.execute(calls.inserting_event(session, event)).scalar_one_or_none() is not None
    units = 1 if counts and is_new else 0
    if before in HOLDING:
        _move(session, found.entitlement_id, reserved=-1, used=units)
    elif units and session.execute(using_up(found.entitlement_id, units)).scalar_one_or_none() is None:
        raise _exhausted(found.client_reference)


def _move(session: Session, entitlement_id: UUID, *, reserved: int, used: int) -> None:
    """Turn a unit that was put aside into a used one, or give it back; the CHECKs watch over both."""
    moved = sa.update(UsageTotal).where(UsageTotal.entitlement_id == entitlement_id)
    moved = moved.values(reserved=UsageTotal.reserved + reserved, used=UsageTotal.used + used)
    session.execute(moved.execution_options(synchronize_session=False))
