"""A settled month whose parties can be paid: accounts named and confirmed, and the three people who pay."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kernel.identity import Actor, Role
from kernel.money import Money
from market.orders import queries as orders
from market.payments import queries as payments
from market.payments.model import Payment
from market.refunds import commands as refunds
from market.refunds.model import Refund
from market.refunds.rules import RefundAct
from registry.parties.model import Party
from settlement.intake.commands import take_in_payments
from settlement.payees import commands as payees
from settlement.payees.model import PayeeAccount
from settlement.payees.rules import AccountAct, AccountKind
from settlement.payouts import commands
from settlement.payouts.model import PayoutBatch
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig.worlds import remembered

NAMED = make.NOW
PAY = make.NOW + timedelta(hours=25)  # the accounts wait 24 hours
PREPARER = base.actor(Role.FINANCE_PREPARER, place=base.PLACE, name="编制人")
CHECKER = base.actor(Role.FINANCE_CHECKER, place=base.PLACE, name="复核人")
PAYER = base.actor(Role.FINANCE_PAYER, place=base.PLACE, name="付款人")
SUPERVISOR = base.actor(Role.SUPERVISOR, place=base.PLACE, name="主管")


def name_account(
    session: Session, party: Party | None, number: str, *, kind: AccountKind = AccountKind.BANK, holder: str = "",
    now: datetime = NAMED, place: str = base.PLACE, person: Actor | None = None,
) -> PayeeAccount:  # fmt: skip
    """Name an account: the party's own, or the treasury's; nobody has confirmed it."""
    if party is None:
        person, kind, holder = person or PREPARER, AccountKind.TREASURY, holder or "国家金库"
    else:
        person, holder = person or base.actor(Role.OPERATOR, org_id=party.id, place=place), holder or party.name
    return payees.ask(
        session, person, place=place, uscc=party.uscc if party else "", kind=kind, holder=holder, number=number,
        bank="" if kind is AccountKind.STRIPE else "中国银行", contact="财务科 0575-1",
        bank_code="" if kind is AccountKind.STRIPE else "104100000004", reason="开通",
        item_code="103070699" if party is None else "", now=now,
    )  # fmt: skip


def make_account(session: Session, party: Party | None, number: str, **terms: object) -> PayeeAccount:
    """Name and confirm an account."""
    made = name_account(session, party, number, **terms)  # type: ignore[arg-type]
    return payees.decide(session, CHECKER, made.id, act=AccountAct.CONFIRM, reason="已电话核实", now=made.asked_at)


@remembered
def make_settled(session: Session) -> make.World:
    """The worked example of REV-04, settled: operator 600 + 300, bureau 164.63 + 150, hospital 135.37, platform 150."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    make.use(session, world.levels_bought, 100)
    make.settle(session)
    make_account(session, world.operator, "6222000000000001")
    make_account(session, world.platform, "6222000000000002")
    make_account(session, None, "6222000000000009")
    return world


def prepare(session: Session, now: datetime = PAY) -> list[PayoutBatch]:
    """Prepare everything that can be paid."""
    return commands.prepare(session, PREPARER, place=base.PLACE, now=now, book=make.LAW)


def send(session: Session, batch: PayoutBatch, now: datetime = PAY) -> PayoutBatch:
    """Check and send a batch, as two other people."""
    commands.check(session, CHECKER, batch.number, now=now, book=make.LAW)
    return commands.send(session, PAYER, batch.number, now=now, book=make.LAW)


def pay_all(session: Session, now: datetime = PAY) -> list[PayoutBatch]:
    """Prepare, check and send everything."""
    return [send(session, batch, now) for batch in prepare(session, now)]


def payment_of(session: Session, order_id: object) -> Payment:
    """The payment of an order."""
    found = payments.of_order(session, order_id)  # type: ignore[arg-type]
    assert found is not None
    return found


def give_back(session: Session, world: make.World, amount: str, *, line: str, now: datetime = PAY) -> Refund:
    """Refund part of the first order, transferred and booked."""
    payment = payment_of(session, world.scores_bought.order_id)
    buyer = base.actor(Role.BUYER, org_id=payment.buyer_id)
    asked = refunds.ask(session, buyer, payment.id, amount=Money.yuan(amount),
                        reason="数据不符合约定", client_reference=line, now=now)  # fmt: skip
    refunds.decide(session, CHECKER, asked.id, act=RefundAct.APPROVE, reason="属实", now=now)
    done = refunds.confirm_transfer(session, PAYER, asked.id, bank_line=line, paid_at=now, now=now)
    take_in_payments(session, PREPARER, now=now)
    return done


def order_number(session: Session, world: make.World) -> str:
    """The number of the first order."""
    return orders.get(session, world.scores_bought.order_id).number
