"""Paying online and giving back: what is asked for is committed, then the provider is called, then its answer is kept.

No transaction is open while a provider is called. Whoever calls, and however often, asks under the same key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import Conflict, DomainError
from kernel.http import ApiBlueprint, current_actor, policy_book, repeats_harmlessly, requires, words_of
from kernel.identity import Actor, Grant, Permission, Role
from market.buyer_accounts import commands as account_commands
from market.buyer_accounts import queries as accounts
from market.orders.model import Order
from market.payments import commands, queries
from market.payments.gateway import Charge, GiveBack, Stripe, StripeSettings
from market.payments.model import Attempt, Payment
from market.payments.rules import LIVE, Answer, AttemptState, PaymentMethod, PaymentState
from market.payments.schemas import AttemptOut
from market.refunds import commands as refund_commands
from market.refunds import queries as refunds
from market.refunds.pages import STATE_WORDS as REFUND_WORDS
from market.refunds.rules import OPEN
from web.circuit import Circuit
from web.config import Config

api = ApiBlueprint("attempts", __name__, url_prefix="/api/v1/payments", description="在线支付 · paying online")
blueprint = Blueprint("paying_pages", __name__)
PROVIDER = Actor(id=UUID(int=2), name="支付通道", grants=(Grant(Role.SCHEDULER),), channel="psp")
BATCH_MAX = 100
ATTEMPT_WORDS = {
    AttemptState.ASKED: _("已提交，等待支付机构应答"), AttemptState.PENDING: _("等待在支付页付款"),
    AttemptState.UNKNOWN: _("结果未知，自动查询中"), AttemptState.SUCCEEDED: _("已付款"),
    AttemptState.FAILED: _("未成功"), AttemptState.CANCELLED: _("支付页已关闭"),
    AttemptState.PARKED: _("金额不符或重复，待退回"),
}  # fmt: skip
WAY_WORDS = {"card": _("银行卡"), "alipay": _("支付宝"), "wechat_pay": _("微信支付")}
PATIENCE = timedelta(minutes=2)  # so long an answer may be under way before we ask again


class NotOffered(Conflict):
    """Nobody pays online here."""

    code = "payment.not_offered"
    title = "未开通在线支付"
    title_en = "Paying online is not offered"


def provider_of(config: Config) -> Stripe | None:
    """Return the provider that the settings name, or none."""
    if not config.takes_stripe:
        return None
    ways = tuple(way for way in config.stripe_ways.split(",") if way)
    return Stripe(StripeSettings(config.stripe_key, config.stripe_base, ways), Circuit())


def provider() -> Stripe | None:
    """Return the provider of the running application."""
    found: Stripe | None = current_app.extensions.get("huiyi_stripe")
    return found


def start(payment_id: UUID, return_url: str) -> Attempt:
    """Write down that the buyer pays online, ask the provider for a page, and keep its answer.

    Raises:
        NotOffered: nobody pays online here.
    """
    if provider() is None:
        raise NotOffered("本平台未开通在线支付，请以对公转账付款", detail_en="Pay by bank transfer")
    with db.transaction() as session:
        made = commands.begin(session, current_actor(), payment_id, method=PaymentMethod.STRIPE,
                              return_url=return_url, now=clock.now())  # fmt: skip
    return follow(made.id) if made.url is None else made


def charge_of(attempt: Attempt, order_number: str) -> Charge:
    """Return what was asked for, word for word the same each time."""
    return Charge(attempt.number, attempt.key, attempt.amount, f"订单 {order_number}", attempt.asked_at,
                  attempt.provider_id, attempt.return_url)  # fmt: skip


def follow(attempt_id: UUID) -> Attempt:
    """Ask the provider where a try stands and keep the answer."""
    return asked_about(attempt_id)[0]


def asked_about(attempt_id: UUID, *, provider_id: str = "") -> tuple[Attempt, Answer]:
    """Ask the provider where a try stands and keep the answer; ``provider_id`` helps where we know none yet.

    A try for which nothing is to be paid any more is stopped.
    """
    gateway, session, now = provider(), db.session(), clock.now()
    attempt = queries.attempt(session, attempt_id)
    payment = session.get_one(Payment, attempt.payment_id)
    is_wanted, is_live = payment.state is PaymentState.EXPECTED, attempt.state in LIVE
    charge = charge_of(attempt, session.get_one(Order, payment.order_id).number)
    charge = replace(charge, provider_id=charge.provider_id or provider_id or None)
    session.rollback()  # no transaction is open while somebody else is asked
    if gateway is None:
        return attempt, Answer.UNKNOWN
    outcome = gateway.read(charge) if charge.provider_id else gateway.start(charge, now=now)
    if is_live and not is_wanted and outcome.answer is Answer.PENDING and outcome.provider_id:
        outcome = gateway.stop(replace(charge, provider_id=outcome.provider_id))
    with db.transaction() as session:
        noted = commands.note(session, PROVIDER, attempt_id, outcome, now=clock.now(), book=policy_book())
    return noted, outcome.answer


def follow_refund(refund_id: UUID, *, provider_id: str = "") -> Answer | None:
    """Carry out an approved refund at the provider, or ask where it stands, and keep the answer."""
    gateway, session = provider(), db.session()
    refund = refunds.get(session, refund_id)
    asked = GiveBack(refund.number, refund.key, refund.amount, refund.decided_at or refund.asked_at,
                     refund.intent_id or "", refund.provider_id or provider_id or None)  # fmt: skip
    is_ours = refund.method is PaymentMethod.STRIPE and (refund.state in OPEN or asked.provider_id is not None)
    session.rollback()
    if gateway is None or not is_ours:
        return None
    outcome = gateway.read_back(asked) if asked.provider_id else gateway.give_back(asked, now=clock.now())
    with db.transaction() as session:
        refund_commands.note(session, PROVIDER, refund_id, outcome, now=clock.now())
    return outcome.answer


def follow_all(now: datetime) -> str:
    """Carry out what is approved and ask about what is open (a job)."""
    if provider() is None:
        return "未开通在线支付"
    session = db.session()
    attempts = [one.id for one in queries.to_follow(session, silent_since=now - PATIENCE, limit=BATCH_MAX)]
    back = [one.id for one in refunds.to_follow(session, silent_since=now - PATIENCE, limit=BATCH_MAX)]
    session.rollback()
    done = sum(_each(attempts, follow)) + sum(_each(back, follow_refund))
    return f"查询支付 {len(attempts)} 笔，退款 {len(back)} 笔，出错 {len(attempts) + len(back) - done} 笔"


def _each(found: Iterable[UUID], act: Any) -> Iterable[bool]:
    """Do each by itself: what one meets does not keep the others waiting."""
    for one in found:
        try:
            act(one)
            yield True
        except DomainError as refusal:
            current_app.logger.error("payment %s was not followed: %s", one, refusal)
            yield False


# ---- routes ----


@api.post("/<uuid:payment_id>/attempts")
@requires(Permission.ORDER_PLACE)
@repeats_harmlessly
@api.response(200, AttemptOut)
def begin(payment_id: UUID):
    """Pay online: returns the page of the provider. While one is open, it is the same one, however often you ask."""
    return start(payment_id, _return_url(payment_id))


@api.get("/<uuid:payment_id>/attempts")
@requires(Permission.ORDER_READ)
@api.response(200, AttemptOut(many=True))
def attempts(payment_id: UUID):
    """List every try to pay online, the first one on top."""
    session = db.session()
    return queries.attempts_of(session, queries.visible(session, current_actor(), payment_id).id)


@api.post("/<uuid:payment_id>/attempts/reading")
@requires(Permission.ORDER_READ)
@repeats_harmlessly
@api.response(200, AttemptOut(many=True))
def read(payment_id: UUID):
    """Ask the provider now where the tries stand; what it says is kept."""
    _read(payment_id)
    session = db.session()
    return queries.attempts_of(session, payment_id)


def _read(payment_id: UUID) -> None:
    session = db.session()
    found = queries.attempts_of(session, queries.visible(session, current_actor(), payment_id).id)
    for identity in [one.id for one in found if one.state in LIVE]:
        follow(identity)


def _return_url(payment_id: UUID) -> str:
    base = current_app.config["HUIYI"].base_url or request.url_root.rstrip("/")
    return f"{base}{url_for('paying_pages.show', payment_id=payment_id)}"


@blueprint.get("/payments/<uuid:payment_id>")
@requires(Permission.ORDER_READ)
def show(payment_id: UUID) -> Response:
    """Show a payment and every way to pay it; the provider's page leads back here, which proves nothing."""
    return _page(payment_id)


@blueprint.post("/payments/<uuid:payment_id>/online")
@requires(Permission.ORDER_PLACE)
def pay_online(payment_id: UUID) -> AnyResponse:
    """Open the provider's page."""
    try:
        made = start(payment_id, _return_url(payment_id))
    except DomainError as error:
        return _page(payment_id, error)
    flash(gettext("支付页已备好，请点击前往。") if made.url else gettext("支付通道没有应答，稍后自动重试。"), "info")
    return redirect(url_for("paying_pages.show", payment_id=payment_id), code=303)


@blueprint.post("/payments/<uuid:payment_id>/reading")
@requires(Permission.ORDER_READ)
def ask_provider(payment_id: UUID) -> AnyResponse:
    """Ask the provider now."""
    _read(payment_id)
    return redirect(url_for("paying_pages.show", payment_id=payment_id), code=303)


@blueprint.post("/payments/<uuid:payment_id>/balance")
@requires(Permission.ORDER_PLACE)
def pay_from_balance(payment_id: UUID) -> AnyResponse:
    """Pay from the prepaid balance."""
    return _paid(payment_id, account_commands.pay_from_balance)


@blueprint.post("/payments/<uuid:payment_id>/account")
@requires(Permission.ORDER_PLACE)
def pay_on_account(payment_id: UUID) -> AnyResponse:
    """Put it on the statement of the month."""
    return _paid(payment_id, account_commands.pay_on_account)


def _paid(payment_id: UUID, pay: Any) -> AnyResponse:
    try:
        with db.transaction() as session:
            payment = pay(session, current_actor(), payment_id, now=clock.now(), book=policy_book())
    except DomainError as error:
        return _page(payment_id, error)
    flash(gettext("%(number)s 已付款：%(amount)s 元。", number=payment.number, amount=payment.amount), "success")
    return redirect(url_for("paying_pages.show", payment_id=payment_id), code=303)


def _page(payment_id: UUID, refusal: DomainError | None = None) -> Response:
    session, actor = db.session(), current_actor()
    payment = queries.visible(session, actor, payment_id)
    account = accounts.of_buyer(session, payment.place, payment.buyer_id)
    found = provider()
    ways = found.settings.ways if found is not None else ()
    text = render_template(
        "market/payments/pay.html", payment=payment, order=session.get_one(Order, payment.order_id),
        instructions=queries.instructions(session, payment), payee=queries.payee(session, payment),
        attempts=queries.attempts_of(session, payment.id),
        takes_online=found is not None, ways=[WAY_WORDS.get(way, way) for way in ways],
        put=queries.put_by_lines(session, payment.id), words=ATTEMPT_WORDS, refund_words=REFUND_WORDS,
        refusal=words_of(refusal), live=LIVE,
        may_pay=actor.may(Permission.ORDER_PLACE, org_id=payment.buyer_id) and actor.org_id == payment.buyer_id,
        account=account, balance=accounts.balance(session, account.id) if account else None,
        limit=accounts.limit_in_force(session, account.id) if account else None,
        owed=accounts.owed(session, account.id) if account else None,
        refunds=refunds.of_payment(session, payment.id), left=refunds.left(session, payment),
        may_ask=actor.may(Permission.REFUND_ASK),
    )  # fmt: skip
    return make_response(text, refusal.status if refusal else 200)
