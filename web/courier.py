"""The sender of webhooks: one at a time by lease, and never with a transaction open while it waits for a receiver.

Read the audit log (one transaction) · read what is due (one more) · send, a few at once · write down how it went (one
more). Killed anywhere, it begins again where the database stands: a message may come twice, under the same id.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy.orm import Session

from kernel import clock, db, jobs
from kernel.identity import Actor
from kernel.outbound import SECONDS_MAX, Outside
from market.webhooks import commands, gateway, queries
from market.webhooks.model import Delivery
from market.webhooks.rules import Outcome, SecretUnreadable, Tried, has_expired
from web import announcing
from web.scheduling import SCHEDULER, Turn

JOB = "webhooks.send"
AT_ONCE = 8
BATCH = 32  # four rounds of all senders: well within the lease, even when every receiver is slow
PER_ENDPOINT = 4
BATCHES_MAX = 20
LEASE = timedelta(seconds=10 * SECONDS_MAX)


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything that one try needs, so that it reads nothing."""

    delivery_id: UUID
    url: str
    name: str
    type: str
    body: str
    secrets: tuple[bytes, ...]
    fault: str = ""
    outcome: Outcome = Outcome.UNREACHABLE  # where a fault keeps it from being sent


@dataclass(frozen=True, slots=True)
class Round:
    """What one run did."""

    queued: int = 0
    sent: int = 0
    delivered: int = 0
    is_elsewhere: bool = False

    def words(self) -> str:
        """Say it."""
        if self.is_elsewhere:
            return "另一进程正在推送"
        return f"新增 {self.queued} 条，尝试 {self.sent} 次，送达 {self.delivered} 条"


def run(app: Flask, actor: Actor) -> Round:
    """Queue what happened and send what is due; do nothing when another process does it already."""
    with app.app_context():
        return _rounds(actor)


def work(_turn: Turn) -> str:
    """Do the same as a job of the timetable."""
    return _rounds(SCHEDULER).words()


def _rounds(actor: Actor) -> Round:
    holder = secrets.token_hex(8)
    queued = sent = delivered = 0
    try:
        for _turn in range(BATCHES_MAX):
            with db.transaction() as session:
                now = clock.now()
                if not jobs.hold(session, JOB, holder, now=now, until=now + LEASE):
                    return Round(is_elsewhere=True)
                queued += announcing.take_in(session, actor, now)
            letters = due_letters(db.session(), gateway.sealing_key(), clock.now())
            db.session().rollback()  # nothing stays open while a receiver is waited for
            if not letters:
                break
            tries = send_all(letters, gateway.outside(), clock.now())
            with db.transaction() as session:
                delivered += commands.record_tries(session, actor, tries)
            sent += len(tries)
        return Round(queued, sent, delivered)
    finally:
        with db.transaction() as session:
            jobs.let_go(session, JOB, holder)


def due_letters(session: Session, key: bytes, now: datetime) -> list[Letter]:
    """Return what is to be sent now, with everything that it needs."""
    found = queries.due(session, now=now, limit=BATCH, per_endpoint=PER_ENDPOINT)
    return [_letter(delivery, key, now) for delivery in found]


def _letter(delivery: Delivery, key: bytes, now: datetime) -> Letter:
    endpoint, message = delivery.endpoint, delivery.message
    fault = ""
    keys: tuple[bytes, ...] = ()
    try:
        keys = tuple(gateway.secrets_of(endpoint, key, now))
    except SecretUnreadable as error:
        fault = error.detail
    outcome = Outcome.UNREACHABLE
    if has_expired(message.type, message.happened_at, now, gateway.challenge_lasts()):
        fault, outcome = "验证消息已逾期：请重新发送验证", Outcome.NOT_PROVEN
    return Letter(delivery.id, endpoint.url, message.name, message.type, message.body, keys, fault, outcome)


def send_all(letters: Iterable[Letter], outside: Outside, at: datetime) -> list[Tried]:
    """Send letters, a few at once; return how each went."""
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="webhooks") as pool:
        return list(pool.map(lambda letter: _send(letter, outside, at), letters))


def _send(letter: Letter, outside: Outside, at: datetime) -> Tried:
    if letter.fault:
        return Tried(letter.delivery_id, at, letter.outcome, None, letter.fault, None, 0, "")
    outcome, answer = gateway.send(
        letter.url, letter.name, letter.type, letter.body, letter.secrets, outside, at
    )  # fmt: skip
    return Tried(
        letter.delivery_id, at, outcome, answer.status, answer.words, answer.address, answer.took_ms,
        gateway.text_of(answer),
    )  # fmt: skip
