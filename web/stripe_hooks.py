"""Stripe's webhooks: proved, kept, answered; then read from Stripe itself, outside any transaction.

What an event says is only a hint where to read. Events come late, twice, in any order, or never; the janitor lists
what Stripe has kept and closes the gaps.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from flask import Blueprint, Response, current_app, jsonify, request

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import public
from kernel.json_body import read_json
from market.payments import queries as payments
from market.payments.gateway import Stripe
from market.payments.rules import Answer, AttemptState
from market.refunds import commands as refunds
from market.refunds.commands import NotOurs
from market.stripe_inbox import commands, queries
from market.stripe_inbox.commands import BODY_BYTES_MAX, EARLY, LATE
from market.stripe_inbox.rules import EventAct, SignatureInvalid, Thing, must_be_signed
from web import paying
from web.paying import PROVIDER, provider

blueprint = Blueprint("stripe_hooks", __name__)
BATCH_MAX = 100
LOOK_BACK = timedelta(days=3)
OVERLAP = timedelta(hours=1)


@blueprint.post("/hooks/stripe")
@public
def receive() -> Response:
    """Keep an event whose signature is right; the same event again is answered alike and does nothing.

    Raises:
        SignatureInvalid: it is not Stripe's, too old, from the future, or no event.
    """
    request.max_content_length = BODY_BYTES_MAX
    body = request.get_data(cache=False)
    config, now = current_app.config["HUIYI"], clock.now()
    must_be_signed(body, request.headers.get("Stripe-Signature", ""), config.stripe_secrets(), now=now, late=LATE,
                   early=EARLY)  # fmt: skip
    event = read_json(body)
    if not isinstance(event, dict):
        raise SignatureInvalid("请求体不是 Stripe 事件", detail_en="The body is no event")
    with db.transaction() as session:
        kept = commands.receive(session, PROVIDER, event, source="webhook", now=now)
    return jsonify({"received": kept.event_id})


def work_off(now: datetime) -> str:
    """Deal with the events that wait, each by itself (a job)."""
    found = provider()
    if found is None:
        return "未开通在线支付"
    session = db.session()
    waiting = [event.id for event in queries.waiting(session, limit=BATCH_MAX)]
    session.rollback()
    for event_id in waiting:
        try:
            handle(event_id, found)
        except DomainError as refusal:
            current_app.logger.error("event %s was not dealt with: %s", event_id, refusal)
            _close(event_id, EventAct.AGAIN, refusal.detail)
    return f"处理事件 {len(waiting)} 件"


def handle(event_id: UUID, found: Stripe) -> None:
    """Read from Stripe what an event is about, and keep what Stripe says."""
    session = db.session()
    event = queries.get(session, event_id)
    about = queries.subject(event)
    attempt, refund = queries.attempt_of(session, about), queries.refund_of(session, about)
    attempt_id, refund_id = attempt.id if attempt else None, refund.id if refund else None
    is_other_mode = event.is_live != found.settings.is_live
    session.rollback()
    act, words = EventAct.DONE, ""
    if about.thing is Thing.NOTHING:
        act, words = EventAct.IGNORE, "与收款、退款、争议无关"
    elif is_other_mode:
        act, words = EventAct.PARK, "测试与正式环境不符"
    elif about.thing is Thing.DISPUTE:
        act, words = _dispute(about.object_id, found)
    elif attempt_id is not None:
        act, words = _payment(attempt_id, about.object_id)
    elif refund_id is not None:
        answer = paying.follow_refund(refund_id, provider_id=about.object_id)
        if answer is Answer.UNKNOWN:
            act, words = EventAct.AGAIN, "支付通道没有应答"
        elif answer is Answer.MISMATCH:
            act, words = EventAct.PARK, "与所请求的退款不符"
    else:
        act, words = EventAct.PARK, "不对应本平台的任何收款或退款"
    _close(event_id, act, words, attempt_id, refund_id)


def _payment(attempt_id: UUID, object_id: str) -> tuple[EventAct, str]:
    hint = object_id if object_id.startswith("cs_") else ""
    followed, answer = paying.asked_about(attempt_id, provider_id=hint)
    if followed.state is AttemptState.PARKED:
        return EventAct.PARK, followed.reason
    if answer is Answer.UNKNOWN:
        return EventAct.AGAIN, "支付通道没有应答"
    return EventAct.DONE, ""


def _dispute(provider_id: str, found: Stripe) -> tuple[EventAct, str]:
    known = found.contested(provider_id)
    if known is None:
        return EventAct.AGAIN, "支付通道没有应答"
    session = db.session()
    attempt = payments.attempt_named(session, number=known.number, intent_id=known.intent_id)
    unread = attempt.id if attempt is not None and attempt.intent_id is None else None
    session.rollback()
    if unread is not None and paying.follow(unread).intent_id is None:  # the dispute was heard of before the payment
        return EventAct.AGAIN, "支付通道没有应答"
    try:
        with db.transaction() as session:
            refunds.note_dispute(session, PROVIDER, known, now=clock.now())
    except NotOurs as refusal:
        return EventAct.PARK, refusal.detail
    return EventAct.DONE, ""


def _close(
    event_id: UUID, act: EventAct, words: str, attempt_id: UUID | None = None, refund_id: UUID | None = None
) -> None:
    if act is EventAct.PARK:
        current_app.logger.error("event %s is parked: %s", event_id, words)
    with db.transaction() as session:
        commands.close(session, PROVIDER, event_id, act=act, words=words, now=clock.now(), attempt_id=attempt_id,
                       refund_id=refund_id)  # fmt: skip


def sweep(now: datetime) -> str:
    """Take in the events whose webhooks were lost, and ask about everything that is open (a job)."""
    found = provider()
    if found is None:
        return "未开通在线支付"
    session = db.session()
    newest = queries.newest(session)
    session.rollback()
    happened = found.happened(min(newest or now, now) - (OVERLAP if newest else LOOK_BACK))
    missed = 0
    for one in happened or ():
        with db.transaction() as session:
            if not queries.known(session, [one.event_id]):
                commands.receive(session, PROVIDER, one.body, source="janitor", now=now)
                missed += 1
    return f"补收事件 {missed} 件；{work_off(now)}；{paying.follow_all(now)}"
