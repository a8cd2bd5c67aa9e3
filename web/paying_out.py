"""Carrying out payouts at the provider: committed as sent, then asked for under one key, then its answer is kept.

No transaction is open while the provider is called. Whoever calls, and however often, asks under the same key.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import ApiBlueprint, current_actor, repeats_harmlessly, requires
from kernel.identity import Permission
from market.payments.rules import Answer, Outcome
from settlement.payouts import commands, queries
from settlement.payouts.gateway import StripeConnect
from settlement.payouts.rules import OPEN, PayoutState, short_words
from settlement.payouts.schemas import PayoutsOut
from settlement.resolutions import commands as resolutions
from settlement.resolutions import queries as resolved
from web.paying import BATCH_MAX, PATIENCE, PROVIDER, provider

api = ApiBlueprint("payout_retries", __name__, url_prefix="/api/v1/payout-batches", description="收益拨付 · payouts")
blueprint = Blueprint("paying_out_pages", __name__)
WATCHED = timedelta(days=60)  # so long after people decided the provider is still asked
WATCH_EVERY = timedelta(hours=6)


def follow(payout_id: UUID) -> Answer | None:
    """Carry out one payout at the provider, or ask where it stands, and keep the answer."""
    found, session = provider(), db.session()
    payout = queries.get(session, payout_id)
    is_open = payout.state in OPEN
    tried, is_short = payout.shorts, payout.state is PayoutState.SHORT
    asked = resolved.transfer_of(session, payout) if is_open else None
    session.rollback()  # no transaction is open while somebody else is asked
    if found is None or asked is None:
        return None
    gateway = StripeConnect(found.settings, found.circuit)
    there = gateway.available() if is_short else None
    if is_short and (there is None or there < asked.amount):  # nothing is asked for that would be refused again
        outcome, told = Outcome(Answer.PENDING, reason=short_words(asked.amount, there)), None
    elif asked.provider_id is not None:
        outcome, told = gateway.read_transfer(asked), tried
    else:
        outcome, told = gateway.transfer(asked, now=clock.now()), tried
    with db.transaction() as session:
        noted = commands.note(session, PROVIDER, payout_id, outcome, tried=told, now=clock.now())
        if noted.state not in OPEN:  # ended by this answer, or by people while it was under way
            resolutions.hear(session, PROVIDER, payout_id, outcome, now=clock.now())
    return outcome.answer


def watch(payout_id: UUID) -> Answer | None:
    """Ask what the provider says about a payout that people ended; nothing is sent, and what was booked stays."""
    found, session = provider(), db.session()
    asked = resolved.transfer_of(session, queries.get(session, payout_id))
    session.rollback()
    if found is None or asked is None:
        return None
    outcome = StripeConnect(found.settings, found.circuit).find_transfer(asked)
    with db.transaction() as session:
        resolutions.hear(session, PROVIDER, payout_id, outcome, now=clock.now())
    return outcome.answer


def follow_all(now: datetime) -> str:
    """Carry out what was sent and ask about what is open (a job)."""
    if provider() is None:
        return "未开通在线支付"
    session = db.session()
    waiting = [one.id for one in queries.to_follow(session, silent_since=now - PATIENCE, limit=BATCH_MAX)]
    watched = list(resolved.to_watch(
        session, decided_since=now - WATCHED, silent_since=now - WATCH_EVERY, limit=BATCH_MAX
    ))  # fmt: skip
    session.rollback()
    failed = 0
    for act, one in [*((follow, one) for one in waiting), *((watch, one) for one in watched)]:
        try:
            act(one)
        except DomainError as refusal:
            current_app.logger.error("payout %s was not followed: %s", one, refusal)
            failed += 1
    return f"查询拨付 {len(waiting)} 笔，复查 {len(watched)} 笔，出错 {failed} 笔"


def _retry(number: str) -> UUID:
    """Try again now what the provider refused for want of balance; return the batch."""
    session, actor = db.session(), current_actor()
    batch = queries.visible(session, actor, number)
    actor.must(Permission.PAYOUT_PAY, place=batch.place)
    batch_id = batch.id
    short = [one.id for one in queries.payouts_of(session, batch_id) if one.state is PayoutState.SHORT]
    session.rollback()
    for one in short:
        follow(one)
    return batch_id


@api.post("/<number>/retry")
@requires(Permission.PAYOUT_PAY)
@repeats_harmlessly
@api.response(200, PayoutsOut)
def retry_by_program(number: str):
    """Try again now what the provider refused since its balance did not cover it; nothing is sent twice."""
    return {"items": queries.payouts_of(db.session(), _retry(number))}


@blueprint.post("/payouts/<number>/retry")
@requires(Permission.PAYOUT_PAY)
def retry(number: str) -> AnyResponse:
    """Try again now what waits for the balance."""
    left = [one for one in queries.payouts_of(db.session(), _retry(number)) if one.state is PayoutState.SHORT]
    flash(gettext("余额仍不足，%(n)s 笔没有付出。", n=len(left)) if left else gettext("已重新发出。"),
          "warning" if left else "success")  # fmt: skip
    return redirect(url_for("payout_pages.show", number=number), code=303)
