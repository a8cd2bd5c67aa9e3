"""Reads of endpoints, deliveries and tries: those of one's own organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager

from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from market.webhooks.model import Attempt, Delivery, Endpoint, Message, Progress
from market.webhooks.rules import CHALLENGE, DeliveryState, EndpointState
from registry.parties.model import Party

PROGRESS = "audit"


class NoSuchEndpoint(NotFound):
    """There is no such endpoint, or it belongs to another organisation."""

    code = "webhook.no_such_endpoint"


class NoSuchDelivery(NotFound):
    """There is no such delivery, or it belongs to another organisation."""

    code = "webhook.no_such_delivery"


class NoSuchType(NotFound):
    """There is no event of that type."""

    code = "webhook.no_such_type"


def must_be_a_type(kind: str, known: Mapping[str, str]) -> str:
    """Return the title of a type of event.

    Raises:
        NoSuchType: there is none.
    """
    if kind not in known:
        raise NoSuchType(f"没有事件类型 {kind}", detail_en=f"No event type {kind}")
    return known[kind]


def listed(actor: Actor) -> sa.Select[Endpoint]:
    """Return the query of the endpoints of the actor's organisation that were not removed.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
    """
    actor.must(Permission.WEBHOOK_MANAGE, org_id=actor.org_id)
    return sa.select(Endpoint).where(Endpoint.org_id == actor.org_id, Endpoint.state != EndpointState.REMOVED)


def count_held(session: Session, actor: Actor) -> int:
    """Return how many endpoints the actor's organisation has; who asks holds it, so that two do not count at once.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
    """
    query = listed(actor)
    session.execute(sa.select(Party.id).where(Party.id == actor.org_id).with_for_update())
    return len(session.scalars(query).all())


def endpoint(session: Session, actor: Actor, endpoint_id: UUID, *, lock: bool = False) -> Endpoint:
    """Return one endpoint of the actor's organisation.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
        NoSuchEndpoint: there is none that the actor may know of.
    """
    query = listed(actor).where(Endpoint.id == endpoint_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchEndpoint(f"没有推送地址 {endpoint_id}，或不属于本单位", detail_en="No such endpoint of yours")
    return found


def deliveries(actor: Actor, endpoint_id: UUID | None = None) -> sa.Select[Delivery]:
    """Return the query of the deliveries to the actor's endpoints, with message and endpoint.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
    """
    actor.must(Permission.WEBHOOK_MANAGE, org_id=actor.org_id)
    query = (
        sa.select(Delivery)
        .join(Delivery.endpoint)
        .join(Delivery.message)
        .where(Endpoint.org_id == actor.org_id)
        .options(contains_eager(Delivery.endpoint), contains_eager(Delivery.message))
    )
    return query if endpoint_id is None else query.where(Endpoint.id == endpoint_id)


def delivery(session: Session, actor: Actor, delivery_id: UUID, *, lock: bool = False) -> Delivery:
    """Return one delivery to an endpoint of the actor's organisation.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
        NoSuchDelivery: there is none that the actor may know of.
    """
    query = deliveries(actor).where(Delivery.id == delivery_id)
    if lock:
        query = query.with_for_update(of=Delivery).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchDelivery(f"没有推送记录 {delivery_id}，或不属于本单位", detail_en="No such delivery of yours")
    return found


def attempts(session: Session, delivery_id: UUID) -> Sequence[Attempt]:
    """Return the tries of a delivery, in order."""
    query = sa.select(Attempt).where(Attempt.delivery_id == delivery_id).order_by(Attempt.number)
    return session.scalars(query).all()


def subscribed(session: Session) -> Sequence[Endpoint]:
    """Return every endpoint whose organisation is told of anything: all that were not removed."""
    return session.scalars(sa.select(Endpoint).where(Endpoint.state != EndpointState.REMOVED)).all()


def disabled_of(session: Session, actor: Actor) -> Sequence[Endpoint]:
    """Return the endpoints of the actor's organisation that are switched off, for the desk."""
    query = sa.select(Endpoint).where(Endpoint.org_id == actor.org_id, Endpoint.state == EndpointState.DISABLED)
    return session.scalars(query.order_by(Endpoint.disabled_at)).all()


def last_line(session: Session, *, lock: bool = False) -> UUID | None:
    """Return up to which audit line messages were written; nothing before the first endpoint was registered."""
    query = sa.select(Progress).where(Progress.name == PROGRESS)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    return found.last_line if found is not None else None


def due(session: Session, *, now: datetime, limit: int, per_endpoint: int) -> list[Delivery]:
    """Return the deliveries to send now, the longest waiting first, with message and endpoint.

    Of one endpoint at most ``per_endpoint`` come at once, so that a slow one does not hold up the others; an unproven
    endpoint is sent its challenge and nothing else.
    """
    place = sa.func.row_number().over(partition_by=Delivery.endpoint_id, order_by=Delivery.next_try_at)
    waiting = (
        sa.select(Delivery.id, place.label("place"))
        .join(Endpoint, Endpoint.id == Delivery.endpoint_id)
        .join(Message, Message.id == Delivery.message_id)
        .where(Delivery.state == DeliveryState.WAITING, Delivery.next_try_at <= now)
        .where(
            sa.or_(
                Endpoint.state == EndpointState.ACTIVE,
                sa.and_(Endpoint.state == EndpointState.UNPROVEN, Message.type == CHALLENGE),
            )
        )
        .subquery()
    )
    query = (
        sa.select(Delivery)
        .join(waiting, waiting.c.id == Delivery.id)
        .join(Delivery.endpoint)
        .join(Delivery.message)
        .where(waiting.c.place <= per_endpoint)
        .options(contains_eager(Delivery.endpoint), contains_eager(Delivery.message))
        .order_by(Delivery.next_try_at, Delivery.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def missed(session: Session, found: Endpoint, since: datetime, *, limit: int) -> Sequence[Message]:
    """Return the messages of the organisation since a moment that this endpoint wants and never got, in order."""
    known = sa.exists().where(Delivery.message_id == Message.id, Delivery.endpoint_id == found.id)
    query = sa.select(Message).where(
        Message.org_id == found.org_id, Message.line_id.is_not(None), Message.happened_at >= since, ~known
    )
    messages = session.scalars(query.order_by(Message.happened_at, Message.id))
    return list(islice((one for one in messages if found.wants(one.type)), limit))
