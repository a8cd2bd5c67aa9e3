"""Carrying out payouts at the provider: committed as sent, then asked for under one key, then its answer is kept.

No transaction is open while the provider is called. Whoever calls, and however often, asks under the same key.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import current_app

from kernel import clock, db
from kernel.errors import DomainError
from market.payments.rules import Answer
from settlement.payees.model import PayeeAccount
from settlement.payouts import commands, queries
from settlement.payouts.gateway import StripeConnect, Transfer
from settlement.payouts.rules import OPEN
from web.paying import BATCH_MAX, PATIENCE, PROVIDER, provider


def follow(payout_id: UUID) -> Answer | None:
    """Carry out one payout at the provider, or ask where it stands, and keep the answer."""
    found, session = provider(), db.session()
    payout = queries.get(session, payout_id)
    account = session.get_one(PayeeAccount, payout.account_id)
    is_open, sent_at = payout.state in OPEN, payout.sent_at
    number, key, amount, known = payout.number, payout.key, payout.amount, payout.provider_id
    session.rollback()  # no transaction is open while somebody else is asked
    if found is None or not is_open or sent_at is None:
        return None
    asked = Transfer(number, key, amount, account.number, sent_at, known)
    gateway = StripeConnect(found.settings, found.circuit)
    outcome = gateway.read_transfer(asked) if known else gateway.transfer(asked, now=clock.now())
    with db.transaction() as session:
        commands.note(session, PROVIDER, payout_id, outcome, now=clock.now())
    return outcome.answer


def follow_all(now: datetime) -> str:
    """Carry out what was sent and ask about what is open (a job)."""
    if provider() is None:
        return "未开通在线支付"
    session = db.session()
    waiting = [one.id for one in queries.to_follow(session, silent_since=now - PATIENCE, limit=BATCH_MAX)]
    session.rollback()
    failed = 0
    for one in waiting:
        try:
            follow(one)
        except DomainError as refusal:
            current_app.logger.error("payout %s was not followed: %s", one, refusal)
            failed += 1
    return f"查询拨付 {len(waiting)} 笔，出错 {failed} 笔"
