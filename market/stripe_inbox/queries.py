"""Reading the inbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from market.payments import queries as payments
from market.payments.gateway import ORDER, REFUND
from market.payments.model import Attempt
from market.refunds import queries as refunds
from market.refunds.model import Refund
from market.stripe_inbox.model import StripeEvent
from market.stripe_inbox.rules import EventState, Subject, Thing, subject_of


class NoSuchEvent(NotFound):
    """There is no such event."""

    code = "stripe_event.not_found"


def get(session: Session, event_id: UUID, *, lock: bool = False) -> StripeEvent:
    """Return one event; locked and read afresh on demand.

    Raises:
        NoSuchEvent: there is none.
    """
    query = sa.select(StripeEvent).where(StripeEvent.id == event_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchEvent(f"没有编号为 {event_id} 的事件", detail_en="No such event")
    return found


def in_scope(actor: Actor, permission: Permission = Permission.SETTLEMENT_READ) -> sa.ColumnElement[bool]:
    """Return the condition that the actor holds the permission where the event belongs.

    An event belongs to the place of its payment or refund. One that is about nothing of ours belongs to no place: it is
    for those whose grant is not limited to one.
    """
    grants = [grant for grant in actor.grants if grant.role in ROLES_OF[permission]]
    if any(grant.place is None for grant in grants):
        return sa.true()
    places = [grant.place for grant in grants]
    tries = sa.select(Attempt.id).where(Attempt.place.in_(places))
    given_back = sa.select(Refund.id).where(Refund.place.in_(places))
    return sa.or_(StripeEvent.attempt_id.in_(tries), StripeEvent.refund_id.in_(given_back))


def visible(
    session: Session, actor: Actor, event_id: UUID, permission: Permission = Permission.SETTLEMENT_READ, *,
    lock: bool = False,
) -> StripeEvent:  # fmt: skip
    """Return one event within the actor's scope; locked and read afresh on demand.

    Raises:
        NoSuchEvent: there is none that the actor may know of.
    """
    if session.scalar(sa.select(StripeEvent.id).where(StripeEvent.id == event_id, in_scope(actor, permission))) is None:
        raise NoSuchEvent(f"没有编号为 {event_id} 的事件，或不属于您的地方", detail_en="No such event at your place")
    return get(session, event_id, lock=lock)


def by_event_id(session: Session, event_id: str) -> StripeEvent | None:
    """Return the event with Stripe's own name, or None."""
    return session.scalar(sa.select(StripeEvent).where(StripeEvent.event_id == event_id))


def known(session: Session, event_ids: Iterable[str]) -> frozenset[str]:
    """Return which of these events have come."""
    query = sa.select(StripeEvent.event_id).where(StripeEvent.event_id.in_(list(event_ids)))
    return frozenset(session.scalars(query))


def waiting(session: Session, *, limit: int) -> Sequence[StripeEvent]:
    """Return the events that wait, those tried least first."""
    query = sa.select(StripeEvent).where(StripeEvent.state == EventState.RECEIVED)
    return session.scalars(query.order_by(StripeEvent.tries, StripeEvent.id).limit(limit)).all()


def listed(actor: Actor, *, state: EventState | None = None) -> sa.Select[StripeEvent]:
    """Return the query of the events within the actor's scope."""
    query = sa.select(StripeEvent).where(in_scope(actor))
    return query if state is None else query.where(StripeEvent.state == state)


def newest(session: Session) -> datetime | None:
    """Return when Stripe made the newest event that has come."""
    return session.scalar(sa.select(sa.func.max(StripeEvent.created_at)))


def subject(event: StripeEvent) -> Subject:
    """Return what an event is about."""
    return subject_of(event.kind, event.body, attempt_key=ORDER, refund_key=REFUND)


def attempt_of(session: Session, about: Subject) -> Attempt | None:
    """Return the try that an event names, or None."""
    if about.thing is not Thing.PAYMENT:
        return None
    return payments.attempt_named(
        session, number=about.number, provider_id=about.object_id, intent_id=about.intent_id or about.object_id
    )


def refund_of(session: Session, about: Subject) -> Refund | None:
    """Return the refund that an event names, or None."""
    if about.thing is not Thing.REFUND:
        return None
    return refunds.named(session, number=about.number, provider_id=about.object_id)
