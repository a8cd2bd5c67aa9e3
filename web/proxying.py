"""Calls that the operator's platform answers: admit and reserve · ask, with no transaction open · settle.

However a call ends, its unit is counted once, given back, or kept aside as unknown until the same reference asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.errors import DomainError
from kernel.identity import Actor
from kernel.policy import PolicyBook
from market.gateways import commands as gateways
from market.gateways import gateway as platform
from market.gateways import queries as gateway_queries
from market.gateways.gateway import Asked, Question
from market.gateways.rules import JSON_TYPE, LINES_TYPE, Broken, Unanswered
from registry.products import queries as products
from settlement.calls.commands import Served
from settlement.calls.queries import Met
from settlement.reservations import commands as reservations
from settlement.reservations.commands import Reserved
from settlement.reservations.rules import ReservationEvent

LEASE_MARGIN = 5
GIVEN_UP_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A call that was admitted and goes out when the transaction has ended."""

    actor: Actor
    held: Met
    reserved: Reserved
    call: Asked
    fields: tuple[str, ...]
    key: str  # what was asked, as it is remembered


def key_of_question(body: bytes) -> str:
    """Return what is remembered of a question with a body: its digest."""
    return f"queries:{hashlib.sha256(body).hexdigest()}"


def admit(
    session: Session, actor: Actor, held: Met, *, key: str, reference: str, now: datetime, book: PolicyBook
) -> Outgoing:
    """Put a unit aside for a call of the platform that serves the product, if its circuit lets it through."""
    assert held.gateway_id is not None
    gateway = gateway_queries.get(session, held.gateway_id)
    reserved = reservations.reserve(
        session, actor, held, key=key, reference=reference, seconds=gateway.seconds_max + LEASE_MARGIN, now=now,
        book=book,
    )  # fmt: skip
    call = platform.asked(gateway, reserved.id)
    gateways.admit(session, actor, gateway, now=now)
    names = tuple(str(field["name"]) for field in products.version(session, held.version_id).fields)
    return Outgoing(actor, held, reserved, call, names, key)


def record(out: Outgoing, key: str) -> Served:
    """Ask for one record and settle the call."""
    question = Question("GET", f"/records/{quote(key, safe='')}", b"", out.fields)
    found = _asked(out, question)
    if len(found) > 1:
        raise _refused(out, Broken("运营平台对一个查询键答了多条记录，未转交", detail_en="More than one record"))
    return _settled(out, is_hit=bool(found), body=found[0] if found else None)


def whole(out: Outgoing, body: bytes) -> tuple[Served, list[dict[str, Any]]]:
    """Ask a question with a body and settle the call; return every record of the answer."""
    found = _asked(out, Question("POST", "/queries", body, out.fields))
    return _settled(out, is_hit=bool(found), body=None), found


def streamed(out: Outgoing, body: bytes) -> tuple[Served, Iterator[bytes]]:
    """Ask a question and settle the call with the first record; the others go on as they come, each one checked."""
    question = Question("POST", "/queries", body, out.fields, LINES_TYPE)
    found = platform.lines(out.call, question, platform.outside(), clock.now())
    try:
        first = next(found, None)
    except DomainError as error:
        raise _refused(out, error) from error
    served = _settled(out, is_hit=first is not None, body=None)

    def passed_on() -> Iterator[bytes]:
        if first is not None:
            yield platform.as_line(first)
        yield from map(platform.as_line, found)  # what breaks here breaks off the answer: its end is missing

    return served, passed_on()


def _asked(out: Outgoing, question: Question) -> list[dict[str, Any]]:
    assert question.accept == JSON_TYPE
    try:
        return platform.whole(out.call, question, platform.outside(), clock.now())
    except DomainError as error:
        raise _refused(out, error) from error


def _settled(out: Outgoing, *, is_hit: bool, body: dict[str, Any] | None) -> Served:
    held, used = out.held, _conclude(out, ReservationEvent.ANSWER, is_hit=is_hit, is_good=True)
    terms, calls = held.terms, out.reserved.calls
    left = None if held.limit is None or calls is None else held.limit.calls - calls
    remaining = None if terms.quota is None else terms.quota - used
    return Served(terms.number, is_hit, body, used, remaining, out.reserved.is_counted, held.limit, left)


def _refused(out: Outgoing, error: DomainError) -> DomainError:
    """Write down that a try failed, or that its end is not known, and give the refusal back."""
    event = ReservationEvent.LOSE if isinstance(error, Unanswered) else ReservationEvent.FAIL
    _conclude(out, event, note=error.code, is_good=isinstance(error, Broken))
    return error


def _conclude(
    out: Outgoing, event: ReservationEvent, *, is_good: bool, note: str = "", is_hit: bool = False
) -> int:  # fmt: skip
    now = clock.now()
    with db.transaction() as session:
        used = reservations.conclude(
            session, out.actor, out.reserved.id, attempt=out.reserved.attempt, event=event, note=note, is_hit=is_hit,
            charges_misses=out.held.charges_misses, now=now,
        )  # fmt: skip
        # the circuit is locked last here as in admit: two calls never wait for each other crosswise
        gateways.conclude(session, out.actor, out.held.product_id, is_good=is_good, now=now)
    return used


def give_up(session: Session, actor: Actor, now: datetime) -> str:
    """Give back what calls hold whose end nobody asked for within a day (a job)."""
    return f"退还逾期未知的调用 {reservations.give_up(session, actor, before=now - GIVEN_UP_AFTER, now=now)} 次"


def serves(session: Session, product_id: UUID) -> bool:
    """Say whether a platform serves the product."""
    return gateway_queries.current(session, product_id) is not None
