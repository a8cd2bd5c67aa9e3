"""Endpoints of an organisation, what is queued for them, and what became of each try."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, calendar
from kernel.addresses import Admitted, checked_target
from kernel.db import new_id
from kernel.errors import Conflict, NotAllowed
from kernel.identity import Actor, Permission
from market.webhooks import queries
from market.webhooks.model import NONCE_BYTES, Attempt, Delivery, Endpoint, Message, Progress
from market.webhooks.rules import (
    CHALLENGE,
    TEST,
    DeliveryEvent,
    EndpointEvent,
    EndpointState,
    Happening,
    Outcome,
    Tried,
    WrongState,
    after_delivery,
    after_endpoint,
    check_types,
    message_body,
    next_try,
    sealed,
    unsealed,
)

ENDPOINTS_MAX = 10
SECRET_BYTES = 32
ROTATION_OVERLAP = timedelta(hours=24)
REPLAY_MAX = 1000
KEPT = timedelta(days=90)
FORGET_BATCH = 5000
SPREAD_PERCENT = 20
# after the first try: Standard Webhooks, conventions.md 5
DELAYS = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
CHALLENGE_DELAYS = DELAYS[:2]  # an address that nobody has proven is not called for days


class TooManyEndpoints(Conflict):
    """The organisation has as many endpoints as one may have."""

    code = "webhook.too_many_endpoints"
    title = "推送地址已达上限"
    title_en = "Too many endpoints"


class SecretShown(Conflict):
    """The present secret has been shown, and is shown once."""

    code = "webhook.secret_shown"


class NothingToProve(Conflict):
    """The endpoint has been proven."""

    code = "webhook.nothing_to_prove"


def register(
    session: Session, actor: Actor, *, url: str, description: str = "", types: Sequence[str] = (),
    known: Iterable[str], admitted: Sequence[Admitted], key: bytes, now: datetime,
) -> Endpoint:  # fmt: skip
    """Register an endpoint of the actor's organisation and queue its signed challenge; ``types`` empty means all.

    ``key`` is the application's, under which the secret is sealed.

    Raises:
        NotAllowed: the actor's roles manage no endpoints, or it belongs to no organisation.
        AddressRefused: the address may not be called.
        UnknownType: there is no event of a wanted type.
        TooManyEndpoints: the organisation has ten.
    """
    held = queries.count_held(session, actor)
    if actor.org_id is None:
        raise NotAllowed("推送地址属于单位；您的账号不属于任何单位", detail_en="Endpoints belong to an organisation")
    if held >= ENDPOINTS_MAX:
        raise TooManyEndpoints(f"每个单位最多 {ENDPOINTS_MAX} 个推送地址；请先移除不用的", detail_en="Remove one first")
    checked_target(url, admitted=admitted)
    made = Endpoint(
        id=new_id(), org_id=actor.org_id, url=url, description=description, types=check_types(types, known),
        sealed_secret="", created_at=now, created_by=actor.id, created_by_name=actor.name,
    )  # fmt: skip
    made.sealed_secret = _new_secret(made, key)
    session.add(made)
    session.flush()
    _begin_reading(session)
    _challenge(session, made, now)
    audit.record(session, actor, "webhook.register", made, at=now, detail={"types": made.types})
    return made


def change(
    session: Session, actor: Actor, endpoint_id: UUID, *, url: str, description: str = "", types: Sequence[str] = (),
    known: Iterable[str], admitted: Sequence[Admitted], now: datetime,
) -> Endpoint:  # fmt: skip
    """Change address, description or types; another address must be proven before anything is sent there.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
        NoSuchEndpoint: there is none.
        AddressRefused: the address may not be called.
        UnknownType: there is no event of a wanted type.
    """
    found = queries.endpoint(session, actor, endpoint_id, lock=True)
    checked_target(url, admitted=admitted)
    found.description, found.types = description, check_types(types, known)
    if url != found.url:
        found.state, found.url = after_endpoint(found.state, EndpointEvent.MOVE), url
        found.disabled_at = found.disabled_reason = None
        _challenge(session, found, now)
    audit.record(session, actor, "webhook.change", found, at=now, detail={"types": found.types})
    return found


def challenge(session: Session, actor: Actor, endpoint_id: UUID, *, now: datetime) -> Endpoint:
    """Send the signed challenge to an unproven endpoint once more.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
        NoSuchEndpoint: there is none.
        NothingToProve: it has been proven.
    """
    found = queries.endpoint(session, actor, endpoint_id, lock=True)
    if found.state is not EndpointState.UNPROVEN:
        raise NothingToProve(f"推送地址 {found.url} 已经验证", detail_en="The endpoint has been proven")
    _challenge(session, found, now)
    audit.record(session, actor, "webhook.challenge", found, at=now)
    return found


def send_test(session: Session, actor: Actor, endpoint_id: UUID, *, now: datetime) -> Delivery:
    """Queue a test message for an active endpoint.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
        NoSuchEndpoint: there is none.
        WrongState: it is not active.
    """
    found = queries.endpoint(session, actor, endpoint_id)
    if found.state is not EndpointState.ACTIVE:
        raise WrongState(f"推送地址处于 {found.state}，启用后才能测试", detail_en=f"The endpoint is {found.state}")
    made = _queue_own(session, found, TEST, now)
    audit.record(session, actor, "webhook.test", found, at=now)
    return made


def rotate(session: Session, actor: Actor, endpoint_id: UUID, *, key: bytes, now: datetime) -> Endpoint:
    """Give an endpoint a new secret; the former one signs beside it for another day.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
        NoSuchEndpoint: there is none.
    """
    found = queries.endpoint(session, actor, endpoint_id, lock=True)
    found.former_secret, found.former_until = found.sealed_secret, now + ROTATION_OVERLAP
    found.sealed_secret, found.secret_shown_at = _new_secret(found, key), None
    audit.record(session, actor, "webhook.rotate", found, at=now)
    return found


def show_secret(session: Session, actor: Actor, endpoint_id: UUID, *, key: bytes, now: datetime) -> bytes:
    """Return the present secret of an endpoint: once after it was registered, and once after each rotation.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
        NoSuchEndpoint: there is none.
        SecretShown: it has been shown.
        SecretUnreadable: the application has another key by now.
    """
    found = queries.endpoint(session, actor, endpoint_id, lock=True)
    if found.secret_shown_at is not None:
        raise SecretShown(
            f"{found.url} 的密钥已显示过一次，不再显示；遗失的请轮换密钥",
            detail_en="It was shown; rotate for a new one",
        )
    secret = unsealed(found.sealed_secret, key, nonce_bytes=NONCE_BYTES, bound_to=str(found.id))
    found.secret_shown_at = now
    audit.record(session, actor, "webhook.show_secret", found, at=now)
    return secret


def switch(
    session: Session, actor: Actor, endpoint_id: UUID, event: EndpointEvent, *, reason: str = "", now: datetime
) -> Endpoint:
    """Disable, enable or remove an endpoint; what waits for a disabled one goes on when it is enabled.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
        NoSuchEndpoint: there is none.
        WrongState: the endpoint's state does not admit it.
    """
    found = queries.endpoint(session, actor, endpoint_id, lock=True)
    found.state = after_endpoint(found.state, event)
    disabled = found.state is EndpointState.DISABLED
    found.disabled_at, found.disabled_reason = (now, reason or "本单位停用") if disabled else (None, None)
    audit.record(session, actor, f"webhook.{event}", found, at=now, note=reason)
    return found


def replay(session: Session, actor: Actor, delivery_id: UUID, *, now: datetime) -> Delivery:
    """Send a message again from the first try, under the same id.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
        NoSuchDelivery: there is none.
        WrongState: it is still waiting.
    """
    found = queries.delivery(session, actor, delivery_id, lock=True)
    found.state = after_delivery(found.state, DeliveryEvent.REPLAY)
    found.tries, found.next_try_at, found.closed_at = 0, now, None
    audit.record(session, actor, "webhook.replay", found, at=now, note=found.message.name)
    return found


def replay_missed(session: Session, actor: Actor, endpoint_id: UUID, *, since: datetime, now: datetime) -> int:
    """Queue what this endpoint wants and never got since a moment, at most a thousand; return how many.

    Raises:
        NotAllowed: the actor's roles manage no endpoints.
        NoSuchEndpoint: there is none.
    """
    found = queries.endpoint(session, actor, endpoint_id, lock=True)
    messages = queries.missed(session, found, since, limit=REPLAY_MAX)
    session.add_all(Delivery(endpoint_id=found.id, message_id=one.id, next_try_at=now) for one in messages)
    audit.record(session, actor, "webhook.replay_missed", found, at=now, detail={"messages": len(messages)})
    return len(messages)


def take_in(
    session: Session, actor: Actor, happenings: Sequence[Happening], *, until: UUID, now: datetime
) -> int:  # fmt: skip
    """Write a message per happening that some endpoint of its organisation wants; return how many were queued.

    ``until`` is the last audit line that was looked at. The progress row is locked and the pair of organisation and
    line is unique, so a second run adds nothing.

    Raises:
        NotAllowed: the actor is not the scheduler.
    """
    actor.must(Permission.WEBHOOK_SEND)
    last = queries.last_line(session, lock=True)
    endpoints: dict[UUID, list[Endpoint]] = {}
    for one in queries.subscribed(session):
        endpoints.setdefault(one.org_id, []).append(one)
    deliveries: list[Delivery] = []
    for told in happenings:
        # an id is time-ordered: an endpoint hears of what came after it was registered
        wanting = [one for one in endpoints.get(told.org_id, ()) if one.wants(told.type) and one.id < told.line_id]
        if not wanting or (last is not None and told.line_id <= last):
            continue
        body = message_body(
            told.type, told.at, org_id=told.org_id, resource_type=told.resource_type, resource_id=told.resource_id,
            number=told.resource_number, version=told.resource_version,
        )  # fmt: skip
        message = Message(
            id=new_id(), org_id=told.org_id, line_id=told.line_id, type=told.type, happened_at=told.at, body=body
        )
        session.add(message)
        active = [one.id for one in wanting if one.state is EndpointState.ACTIVE]
        deliveries += [Delivery(endpoint_id=one, message_id=message.id, next_try_at=now) for one in active]
    session.flush()
    session.add_all(deliveries)
    session.execute(sa.update(Progress).where(Progress.name == queries.PROGRESS).values(last_line=until))
    if deliveries:
        audit.record(session, actor, "webhook.queue", (Message.__tablename__, str(until)), at=now,
                     detail={"deliveries": len(deliveries)})  # fmt: skip
    return len(deliveries)


def record_tries(session: Session, actor: Actor, tries: Sequence[Tried]) -> int:
    """Write down how tries went, and what follows from each; return how many were delivered.

    A 2xx ends a delivery; anything else waits for the next try, the last of which disables the endpoint, as 410 does
    at once. A challenge that came back makes the endpoint active.

    Raises:
        NotAllowed: the actor is not the scheduler.
    """
    actor.must(Permission.WEBHOOK_SEND)
    return sum(_record_try(session, actor, tried) for tried in tries)


def _record_try(session: Session, actor: Actor, tried: Tried) -> bool:
    query = (
        sa.select(Delivery, Endpoint, Message)
        .join(Endpoint, Endpoint.id == Delivery.endpoint_id)
        .join(Message, Message.id == Delivery.message_id)
        .where(Delivery.id == tried.delivery_id)
        .with_for_update(of=(Delivery, Endpoint))
        .execution_options(populate_existing=True)
    )
    delivery, endpoint, message = session.execute(query).one()
    delivery.tries, delivery.total_tries = delivery.tries + 1, delivery.total_tries + 1
    session.add(
        Attempt(
            delivery_id=delivery.id, number=delivery.total_tries, tried_at=tried.at, outcome=tried.outcome,
            status=tried.status, words=tried.words, address=tried.address, took_ms=tried.took_ms, answer=tried.answer,
        )
    )  # fmt: skip
    if delivery.next_try_at is None:
        return False  # another sender was faster: the try is kept, nothing follows from it
    if tried.outcome is Outcome.DELIVERED:
        _close(delivery, DeliveryEvent.SUCCEED, tried.at)
        if message.type == CHALLENGE and endpoint.state is EndpointState.UNPROVEN:
            endpoint.state = after_endpoint(endpoint.state, EndpointEvent.PROVE)
            audit.record(session, actor, "webhook.prove", endpoint, at=tried.at)
        return True
    delays = CHALLENGE_DELAYS if message.type == CHALLENGE else DELAYS
    again = next_try(delivery.tries, tried.at, delays, _spread)
    if tried.outcome is Outcome.GONE or again is None:
        _close(delivery, DeliveryEvent.EXHAUST, tried.at)
        _give_up(session, actor, endpoint, message, tried)
    else:
        delivery.state, delivery.next_try_at = after_delivery(delivery.state, DeliveryEvent.FAIL), again
    return False


def _close(delivery: Delivery, event: DeliveryEvent, at: datetime) -> None:
    delivery.state, delivery.next_try_at, delivery.closed_at = after_delivery(delivery.state, event), None, at


def _give_up(session: Session, actor: Actor, endpoint: Endpoint, message: Message, tried: Tried) -> None:
    if endpoint.state is not EndpointState.ACTIVE:
        return
    endpoint.state = after_endpoint(endpoint.state, EndpointEvent.DISABLE)
    gone = tried.outcome is Outcome.GONE
    endpoint.disabled_reason = "对方应答 410，不再接收" if gone else f"多次推送失败：{tried.words}"
    endpoint.disabled_at = tried.at
    audit.record(session, actor, "webhook.give_up", endpoint, at=tried.at, note=message.name)


def forget(session: Session, actor: Actor, *, now: datetime) -> int:
    """Delete messages older than 90 days with what became of them, a batch at a time; return how many.

    Raises:
        NotAllowed: the actor is not the scheduler.
    """
    actor.must(Permission.WEBHOOK_SEND)
    open_ones = sa.exists().where(Delivery.message_id == Message.id, Delivery.next_try_at.is_not(None))
    old = sa.select(Message.id).where(Message.happened_at < now - KEPT, ~open_ones).limit(FORGET_BATCH)
    ids = list(session.scalars(old))
    if ids:
        held = sa.select(Delivery.id).where(Delivery.message_id.in_(ids))
        session.execute(sa.delete(Attempt).where(Attempt.delivery_id.in_(held)))
        session.execute(sa.delete(Delivery).where(Delivery.message_id.in_(ids)))
        session.execute(sa.delete(Message).where(Message.id.in_(ids)))
        audit.record(session, actor, "webhook.forget", (Message.__tablename__, str(calendar.business_date(now))),
                     at=now, detail={"messages": len(ids)})  # fmt: skip
    return len(ids)


def _new_secret(endpoint: Endpoint, key: bytes) -> str:
    return sealed(
        secrets.token_bytes(SECRET_BYTES), key, nonce=secrets.token_bytes(NONCE_BYTES), bound_to=str(endpoint.id)
    )


def _spread() -> int:
    return secrets.randbelow(2 * SPREAD_PERCENT + 1) - SPREAD_PERCENT


def _begin_reading(session: Session) -> None:
    """With the first endpoint of all, begin to read the audit log where it stands."""
    if queries.last_line(session) is None:
        newest = session.scalar(sa.select(audit.AuditLine.id).order_by(audit.AuditLine.id.desc()).limit(1))
        session.add(Progress(name=queries.PROGRESS, last_line=newest or UUID(int=0)))


def _challenge(session: Session, endpoint: Endpoint, now: datetime) -> None:
    _queue_own(session, endpoint, CHALLENGE, now, secrets.token_urlsafe(SECRET_BYTES))


def _queue_own(
    session: Session, endpoint: Endpoint, kind: str, now: datetime, challenge: str | None = None
) -> Delivery:  # fmt: skip
    body = message_body(kind, now, org_id=endpoint.org_id, challenge=challenge,
                        resource_type=Endpoint.__tablename__, resource_id=str(endpoint.id))  # fmt: skip
    message = Message(id=new_id(), org_id=endpoint.org_id, type=kind, happened_at=now, body=body)
    session.add(message)
    session.flush()
    made = Delivery(endpoint_id=endpoint.id, message_id=message.id, next_try_at=now)
    session.add(made)
    session.flush()
    return made
