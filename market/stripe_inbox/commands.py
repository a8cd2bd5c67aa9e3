"""Keeping an event, and writing down what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import to_json
from kernel.identity import Actor, Permission
from market.stripe_inbox import queries
from market.stripe_inbox.model import StripeEvent
from market.stripe_inbox.rules import EventAct, EventState, SignatureInvalid, after

LATE = timedelta(seconds=300)
EARLY = timedelta(seconds=60)
BODY_BYTES_MAX = 256 * 1024
TRIES_MAX = 50  # an object that Stripe does not show after so many runs needs a person
WORDS_MAX = 300
TEXT_MAX = 255


def receive(session: Session, actor: Actor, body: Mapping[str, Any], *, source: str, now: datetime) -> StripeEvent:
    """Keep an event by its id; it is dealt with afterwards. The same event again is the same row.

    Raises:
        NotAllowed: the actor does not follow payments.
        SignatureInvalid: the body is no event of Stripe's.
    """
    actor.must(Permission.PAYMENT_FOLLOW)
    event_id, kind, created = body.get("id"), body.get("type"), body.get("created")
    is_event = body.get("object") == "event" and isinstance(created, int) and not isinstance(created, bool)
    names = isinstance(event_id, str) and isinstance(kind, str) and 0 < len(event_id) <= TEXT_MAX >= len(kind)
    if not is_event or not names or not 0 < int(str(created)) < 1 << 33:
        raise SignatureInvalid("请求体不是 Stripe 事件", detail_en="The body is no event")
    known = queries.by_event_id(session, str(event_id))
    if known is not None:
        return known
    text = to_json(dict(body))
    made = StripeEvent(
        event_id=str(event_id), kind=str(kind), api_version=str(body.get("api_version") or "")[:TEXT_MAX],
        is_live=body.get("livemode") is True, created_at=datetime.fromtimestamp(int(str(created)), UTC),
        received_at=now, source=source, body=dict(body), sha256=hashlib.sha256(text.encode()).hexdigest(),
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        raced = queries.by_event_id(session, str(event_id))
        if raced is None:
            raise
        return raced
    audit.record(session, actor, "stripe_event.receive", made, at=now, note=made.kind,
                 detail={"event": made.event_id, "sha256": made.sha256, "source": source})  # fmt: skip
    return made


def close(
    session: Session, actor: Actor, event_id: UUID, *, act: EventAct, words: str, now: datetime,
    attempt_id: UUID | None = None, refund_id: UUID | None = None,
) -> StripeEvent:  # fmt: skip
    """Write down what became of an event; "again" leaves it for the next run, and parks it after many.

    Raises:
        NotAllowed: the actor does not follow payments.
        NoSuchEvent: there is no such event.
    """
    actor.must(Permission.PAYMENT_FOLLOW)
    event = queries.get(session, event_id, lock=True)
    if event.state is not EventState.RECEIVED:
        return event
    event.tries += 1
    act = EventAct.PARK if act is EventAct.AGAIN and event.tries >= TRIES_MAX else act
    event.state, event.words = after(event.state, act), words[:WORDS_MAX]
    event.attempt_id, event.refund_id = attempt_id or event.attempt_id, refund_id or event.refund_id
    if event.state is not EventState.RECEIVED:
        event.handled_at = now
        audit.record(session, actor, f"stripe_event.{event.state}", event, at=now, note=words[:200],
                     detail={"event": event.event_id, "kind": event.kind})  # fmt: skip
    return event


def take_up(session: Session, actor: Actor, event_id: UUID, *, now: datetime) -> StripeEvent:
    """Put a parked event back for the next run, after a person has found out about it.

    Raises:
        NotAllowed: the actor does not record payments.
        NoSuchEvent: there is none where the actor records them.
    """
    actor.must(Permission.PAYMENT_RECORD)
    event = queries.visible(session, actor, event_id, Permission.PAYMENT_RECORD, lock=True)
    before = event.state
    event.state = after(event.state, EventAct.AGAIN)
    if event.state is not before:
        event.handled_at, event.tries = None, 0
        audit.record(session, actor, "stripe_event.take_up", event, at=now, detail={"event": event.event_id})
    return event
