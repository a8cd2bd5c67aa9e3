"""Messages reach their receivers at least once, under one id, signed, and nothing happens twice by running twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from kernel import clock, db, jobs
from kernel.identity import Actor
from market.webhooks import commands, gateway, queries
from market.webhooks.model import Attempt, Delivery, Endpoint, Message
from market.webhooks.rules import (
    CHALLENGE,
    DeliveryState,
    EndpointEvent,
    EndpointState,
    Outcome,
    secret_text,
)
from registry.parties.model import Party
from tests.make import market as make
from tests.make import pricing as prices
from tests.make.receivers import Got, Receiver, receiving
from web import announcing, courier
from web.scheduling import SCHEDULER

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def told(app: Flask) -> Iterator[SimpleNamespace]:
    """A buyer with a proven endpoint at a receiver of this machine."""
    with receiving() as receiver, clock.set_to(NOW):
        app.extensions[gateway.OUTSIDE] = receiver.outside()
        with app.app_context(), db.transaction() as session:
            buyer = prices.buyer(prices.make_buyer(session))
            endpoint = register(session, buyer, receiver)
        courier.run(app, SCHEDULER)
        yield SimpleNamespace(app=app, receiver=receiver, buyer=buyer, endpoint_id=endpoint.id)


def register(session: Session, buyer: Actor, receiver: Receiver, **changed: Any) -> Endpoint:
    values = {"url": receiver.url, "known": announcing.types(), "admitted": receiver.outside().admitted}
    return commands.register(session, buyer, key=gateway.sealing_key(), now=clock.now(), **(values | changed))


def happen(told: SimpleNamespace, times: int = 1) -> None:
    """Let something be written in the audit log that concerns the buyer."""
    with told.app.app_context(), db.transaction() as session:
        party = session.get_one(Party, told.buyer.org_id)
        for _time in range(times):
            commands.audit.record(session, told.buyer, "party.add_capacity", party, at=NOW)


def run(told: SimpleNamespace, at: datetime = NOW) -> courier.Round:
    with clock.set_to(at):
        return courier.run(told.app, SCHEDULER)


def read(told: SimpleNamespace, kind: type[Any]) -> list[Any]:
    with told.app.app_context():
        return list(db.session().scalars(sa.select(kind).order_by(kind.id)))


def events(told: SimpleNamespace) -> list[Got]:
    return [got for got in told.receiver.got if got.told["type"] == "party.add_capacity"]


def test_an_endpoint_that_sends_the_challenge_back_becomes_active_and_hears_what_follows(told: SimpleNamespace) -> None:
    assert read(told, Endpoint)[0].state is EndpointState.ACTIVE
    assert [got.told["type"] for got in told.receiver.got] == [CHALLENGE]
    happen(told)
    assert run(told, datetime.now(UTC)) == courier.Round(queued=1, sent=1, delivered=1)  # verified by the real clock
    sent = events(told)[0]
    with told.app.app_context():
        endpoint = queries.endpoint(db.session(), told.buyer, told.endpoint_id)
        secret = secret_text(gateway.secrets_of(endpoint, gateway.sealing_key(), NOW)[0])
    assert Webhook(secret).verify(sent.body, sent.headers) == sent.told
    assert sent.told["data"]["org_id"] == str(told.buyer.org_id)
    assert len(sent.body) < 20_000


def test_running_again_adds_nothing_and_sends_nothing(told: SimpleNamespace) -> None:
    happen(told)
    run(told)
    assert run(told) == courier.Round()
    assert len(events(told)) == 1
    with told.app.app_context(), db.transaction() as session:  # as if the progress had been lost
        session.execute(sa.text("UPDATE market_webhook_progress SET last_line = (SELECT min(id) FROM audit_line)"))
    with told.app.app_context(), pytest.raises(sa.exc.IntegrityError), db.transaction() as session:
        announcing.take_in(session, SCHEDULER, NOW)


def test_only_one_sender_works_at_a_time_and_a_dead_one_is_followed(told: SimpleNamespace) -> None:
    with told.app.app_context(), db.transaction() as session:
        assert jobs.hold(session, courier.JOB, "another", now=NOW, until=NOW + courier.LEASE)
    happen(told)
    assert run(told).is_elsewhere
    assert events(told) == []
    later = NOW + courier.LEASE + timedelta(seconds=1)
    assert run(told, later).delivered == 1


def test_a_failing_receiver_is_tried_ten_times_then_disabled_and_the_owner_replays(told: SimpleNamespace) -> None:
    happen(told)
    told.receiver.answer = lambda _got: (503, {}, b"busy")
    at = NOW
    for _try in range(10):
        assert run(told, at).sent == 1
        following = read(told, Delivery)[-1].next_try_at
        at = following or at
    delivery, endpoint = read(told, Delivery)[-1], read(told, Endpoint)[0]
    assert (delivery.state, delivery.tries, delivery.closed_at) == (DeliveryState.GIVEN_UP, 10, at)
    assert (endpoint.state, endpoint.disabled_reason) == (EndpointState.DISABLED, "多次推送失败：HTTP 503")
    assert at - NOW > timedelta(days=2)
    assert len({got.headers["webhook-id"] for got in events(told)}) == 1
    told.receiver.answer = lambda _got: (204, {}, b"")
    with told.app.app_context(), db.transaction() as session:
        commands.replay(session, told.buyer, delivery.id, now=at)
    assert run(told, at).sent == 0, "nothing goes to a disabled endpoint"
    with told.app.app_context(), db.transaction() as session:
        commands.switch(session, told.buyer, told.endpoint_id, EndpointEvent.ENABLE, now=at)
    assert run(told, at).delivered == 1
    assert [one.number for one in read(told, Attempt) if one.delivery_id == delivery.id] == list(range(1, 12))


def test_gone_disables_at_once_and_a_redirect_fails(told: SimpleNamespace) -> None:
    happen(told)
    told.receiver.answer = lambda _got: (301, {"Location": told.receiver.url}, b"")
    run(told)
    assert read(told, Attempt)[-1].outcome is Outcome.ANSWERED_NO
    told.receiver.answer = lambda _got: (410, {}, b"")
    run(told, NOW + timedelta(seconds=10))
    assert read(told, Endpoint)[0].state is EndpointState.DISABLED
    assert read(told, Delivery)[-1].state is DeliveryState.GIVEN_UP


def test_an_endpoint_that_does_not_prove_itself_is_told_nothing(told: SimpleNamespace) -> None:
    told.receiver.answer = lambda _got: (200, {}, b"ok")
    with told.app.app_context(), db.transaction() as session:
        silent = register(session, told.buyer, told.receiver, types=["party.*"])
    happen(told)
    run(told)
    run(told, NOW + timedelta(minutes=1))
    run(told, NOW + timedelta(hours=1))
    assert run(told, NOW + timedelta(days=1)).sent == 0
    with told.app.app_context():
        endpoint = queries.endpoint(db.session(), told.buyer, silent.id)
        tried = db.session().scalars(queries.deliveries(told.buyer, silent.id)).all()
    assert endpoint.state is EndpointState.UNPROVEN
    assert [(one.message.type, one.state, one.tries) for one in tried] == [(CHALLENGE, DeliveryState.GIVEN_UP, 3)]


def test_a_challenge_that_was_not_answered_in_time_proves_nothing_and_a_new_one_is_sent_on_demand(
    told: SimpleNamespace,
) -> None:
    with told.app.app_context(), db.transaction() as session:
        late = register(session, told.buyer, told.receiver, types=["party.*"])
    before = len(told.receiver.got)
    run(told, NOW + timedelta(minutes=61))
    assert len(told.receiver.got) == before, "the old one is not sent any more"
    assert read(told, Attempt)[-1].outcome is Outcome.NOT_PROVEN
    assert "逾期" in read(told, Attempt)[-1].words
    assert read(told, Endpoint)[-1].state is EndpointState.UNPROVEN
    later = NOW + timedelta(hours=2)
    with told.app.app_context(), db.transaction() as session:
        commands.challenge(session, told.buyer, late.id, now=later)
    run(told, later + timedelta(minutes=59))
    assert read(told, Endpoint)[-1].state is EndpointState.ACTIVE


def test_an_old_challenge_that_is_sent_again_by_hand_proves_nothing(told: SimpleNamespace) -> None:
    told.receiver.answer = lambda _got: (500, {}, b"")
    with told.app.app_context(), db.transaction() as session:
        moved = register(session, told.buyer, told.receiver)
    for minutes in (0, 1, 30):
        run(told, NOW + timedelta(minutes=minutes))
    told.receiver.answer = lambda got: (200, {}, got.body)
    old = read(told, Delivery)[-1]
    assert (old.endpoint_id, old.state) == (moved.id, DeliveryState.GIVEN_UP)
    with told.app.app_context(), db.transaction() as session:
        commands.replay(session, told.buyer, old.id, now=NOW + timedelta(hours=3))
    run(told, NOW + timedelta(hours=3))
    assert read(told, Endpoint)[-1].state is EndpointState.UNPROVEN


def test_an_address_that_became_a_private_one_is_refused_at_the_moment_of_sending(told: SimpleNamespace) -> None:
    happen(told)
    told.app.extensions[gateway.OUTSIDE] = type(told.receiver.outside())()  # nothing of this machine is admitted
    before = len(told.receiver.got)
    run(told)
    assert read(told, Attempt)[-1].outcome is Outcome.REFUSED_ADDRESS
    assert len(told.receiver.got) == before


def test_nothing_is_lost_with_a_receiver_that_fails_and_a_sender_that_dies(told: SimpleNamespace) -> None:
    chance = random.Random(5)
    told.receiver.answer = lambda _got: (500 if chance.random() < 0.3 else 200, {}, b"")
    happen(told, times=40)
    at = NOW
    for turn in range(30):
        with told.app.app_context(), clock.set_to(at):
            if turn % 3 == 0:  # killed after sending, before anything was written down
                with db.transaction() as session:
                    announcing.take_in(session, SCHEDULER, at)
                letters = courier.due_letters(db.session(), gateway.sealing_key(), at)
                db.session().rollback()
                courier.send_all(letters, gateway.outside(), at)
        run(told, at)
        at += timedelta(hours=3)
        waiting = [one for one in read(told, Delivery) if one.state is DeliveryState.WAITING]
        if not waiting:
            break
    assert {one.state for one in read(told, Delivery)} == {DeliveryState.DELIVERED}
    assert {one.name for one in read(told, Message) if one.type == "party.add_capacity"} == {
        got.headers["webhook-id"] for got in events(told)
    }
    assert len({got.headers["webhook-id"] for got in events(told)}) == 40 < len(events(told))


def test_no_transaction_is_open_while_a_receiver_is_waited_for(told: SimpleNamespace) -> None:
    happen(told)
    seen: list[int] = []

    def looks(_got: Got) -> tuple[int, dict[str, str], bytes]:
        database = db.Database(told.app.extensions["huiyi_database"].url)
        with database.engine.connect() as connection:  # a second writer is not held up
            connection.execution_options(huiyi_writes=True)
            seen.append(connection.execute(sa.text("UPDATE market_webhook_endpoint SET description = 'x'")).rowcount)
            connection.commit()
        database.engine.dispose()
        return 200, {}, b""

    told.receiver.answer = looks
    assert run(told).delivered == 1
    assert seen == [1]


@pytest.mark.both_databases
def test_an_order_is_told_to_its_two_sides_and_a_rotation_signs_with_both_secrets(app: Flask) -> None:
    with receiving() as receiver, clock.set_to(make.SALE):
        app.extensions[gateway.OUTSIDE] = receiver.outside()
        with app.app_context():
            with db.transaction() as session:
                product = make.make_offer(session)
                buyer, stranger = make.buyer_of(session), make.buyer_of(session)
                mine = register(session, buyer, receiver, types=["order.place"])
                register(session, stranger, receiver)
            courier.run(app, SCHEDULER)
            with db.transaction() as session:
                commands.rotate(session, buyer, mine.id, key=gateway.sealing_key(), now=make.SALE)
                order = make.make_order(session, product, buyer)
            courier.run(app, SCHEDULER)
            sent = [got for got in receiver.got if got.told["type"] != CHALLENGE]
            assert [(got.told["type"], got.told["data"]["number"], got.told["data"]["org_id"]) for got in sent] == [
                ("order.place", order.number, str(buyer.org_id))
            ]
            assert len(sent[0].headers["webhook-signature"].split()) == 4
            found = queries.endpoint(db.session(), buyer, mine.id)
            later = make.SALE + commands.ROTATION_OVERLAP
            assert len(gateway.secrets_of(found, gateway.sealing_key(), later)) == 1


def test_messages_are_forgotten_after_ninety_days(told: SimpleNamespace) -> None:
    happen(told)
    run(told)
    with told.app.app_context(), db.transaction() as session:
        assert commands.forget(session, SCHEDULER, now=NOW + timedelta(days=89)) == 0
        assert commands.forget(session, SCHEDULER, now=NOW + timedelta(days=91)) == 2
    assert [read(told, kind) for kind in (Message, Delivery, Attempt)] == [[], [], []]
