"""Orders that wait for their money, accounts of buyers, and a provider that can be called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from kernel.identity import Actor, Grant, Role
from kernel.money import Money
from market.bank_lines import commands as bank_lines
from market.bank_lines.model import BankLine
from market.buyer_accounts import commands as accounts
from market.buyer_accounts.model import BuyerAccount
from market.buyer_accounts.rules import LimitAct
from market.orders.model import Order
from market.payments import queries as payments
from market.payments.model import Payment
from market.refunds import commands as refunds
from market.refunds.model import Refund
from market.refunds.rules import RefundAct
from registry.parties.model import Party
from tests.fakes import stripe_server
from tests.fakes.stripe_server import FakeStripe
from tests.make import market as make
from tests.make import registry_base as base
from tests.rig.worlds import remembered
from web import paying

MONTH_END = make.SALE + timedelta(days=14)


@remembered
def make_due(session: Session, count: int = 1, quantity: int = 1000) -> list[Payment]:
    """Conclude so many orders of one buyer; each waits for its money (800.00 for 1000 uses)."""
    product, buyer = make.make_offer(session), make.buyer_of(session)
    made = []
    for _ in range(count):
        order = make.make_order(session, product, buyer, quantity=quantity)
        make.sign_both(session, order, buyer)
        made.append(payment_of(session, order))
    return made


def payment_of(session: Session, order: Order) -> Payment:
    """The payment of an order."""
    found = payments.of_order(session, order.id)
    assert found is not None
    return found


def buyer(payment: Payment) -> Actor:
    """A person of the buyer of a payment."""
    return base.actor(Role.BUYER, org_id=payment.buyer_id)


def name_of(session: Session, payment: Payment) -> str:
    """The name under which the buyer is registered."""
    return session.get_one(Party, payment.buyer_id).name


def checker() -> Actor:
    """A person who decides about refunds and credit."""
    return base.actor(Role.FINANCE_CHECKER, place=base.PLACE)


def payer() -> Actor:
    """A person who sends money."""
    return base.actor(Role.FINANCE_PAYER, place=base.PLACE)


def follower() -> Actor:
    """What follows payments at a provider."""
    return Actor(id=base.actor(Role.SCHEDULER).id, name="支付通道", grants=(Grant(Role.SCHEDULER),), channel="psp")


def enter(
    session: Session, serial: str, amount: str, remark: str, payer_name: str, *, now: datetime = make.SALE
) -> BankLine:
    """Take one line of the bank by hand."""
    return bank_lines.record_line(
        session, make.finance(), place=base.PLACE, serial=serial, booked_at=now - timedelta(minutes=5),
        amount=Money.yuan(amount), payer_name=payer_name, remark=remark, now=now, book=make.LAW,
    )  # fmt: skip


def make_account(
    session: Session, payment: Payment, *, balance: str = "", credit: str = "", due_days: int = 15,
    now: datetime = make.SALE,
) -> BuyerAccount:  # fmt: skip
    """Open the buyer's account, with money on it or a credit limit."""
    account = accounts.open_account(session, buyer(payment), place=payment.place, now=now, book=make.LAW)
    if balance:
        enter(session, f"TOP-{account.number}", balance, account.reference, name_of(session, payment), now=now)
    if credit:
        limit = accounts.propose_limit(session, make.finance(), account.id, amount=Money.yuan(credit),
                                       due_days=due_days, basis="年度采购框架协议", now=now)  # fmt: skip
        accounts.decide_limit(session, checker(), limit.id, act=LimitAct.CONFIRM, now=now)
    return account


def ask_back(
    session: Session, payment: Payment, amount: str, *, reference: str = "R-1", now: datetime = make.SALE
) -> Refund:
    """Let the buyer ask for money back."""
    return refunds.ask(session, buyer(payment), payment.id, amount=Money.yuan(amount), reason="数据不符合约定",
                       client_reference=reference, now=now)  # fmt: skip


def give_back(
    session: Session, payment: Payment, amount: str, *, reference: str = "R-1", now: datetime = make.SALE
) -> Refund:
    """Ask for money back and approve it."""
    asked = ask_back(session, payment, amount, reference=reference, now=now)
    return refunds.decide(session, checker(), asked.id, act=RefundAct.APPROVE, reason="属实", now=now)


@contextmanager
def stripe_for(app: Flask, **state: Any) -> Iterator[FakeStripe]:
    """Let an application take payments through a server that behaves like Stripe."""
    with stripe_server.running(**state) as fake:
        app.config["HUIYI"] = replace(
            app.config["HUIYI"], payment="bank,stripe", stripe_key=stripe_server.KEY, stripe_base=fake.url,
            stripe_webhook_secrets=stripe_server.SECRET, stripe_ways="card,alipay,wechat_pay",
        )  # fmt: skip
        app.extensions["huiyi_stripe"] = paying.provider_of(app.config["HUIYI"])
        yield fake
