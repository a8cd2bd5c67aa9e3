"""Access is what the facts say at the moment of use, however it is asked; what ends it ends it for all (C2, C3, D8)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import product as every
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import Database, write_transaction
from kernel.errors import DomainError
from kernel.identity import Actor, Role
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from market.orders import queries as orders
from market.orders.model import Order
from market.orders.rules import OrderState
from market.refunds import commands as refunds
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.parties.rules import Standing
from registry.products.model import Product
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationState
from registry.resources.model import Resource
from registry.reviews.model import Review
from registry.reviews.rules import ReviewState
from settlement.calls import commands
from settlement.metering.queries import used_of
from tests.make import market as make
from tests.make import paying
from tests.make import registry_base as base

CLOSERS: list[tuple[type[Any], dict[str, Any]]] = [
    (Order, {"state": OrderState.REFUNDED}),
    (Party, {"standing": Standing.SUSPENDED}),
    (Agreement, {"state": AgreementState.SUSPENDED}),
    (Resource, {"barred": True, "barred_reason": "不予开放"}),
    (Review, {"state": ReviewState.REFUSED}),
    (Registration, {"state": RegistrationState.REVOKED, "closed_at": make.SALE}),
]
MOMENTS = [(timedelta(0), True), (timedelta(days=364), True), (timedelta(days=366), False)]
CALLERS, ROUNDS = 4, 6


def call(session: Session, caller: Actor, code: str, reference: str, now: Any = make.SALE) -> str:
    """Call for the record; return "served", or the code of the refusal."""
    try:
        commands.record_use(session, caller, code=code, key="k", reference=reference, now=now, book=make.LAW)
    except DomainError as refusal:
        return refusal.code
    return "served"


@pytest.mark.both_databases
def test_a_call_is_served_exactly_while_everything_holds_in_every_state_and_moment(session: Session) -> None:
    held = make.make_entitlement(session)
    sold = session.get_one(Product, held.product_id)
    make.load_data(session, sold, [{"key": "k", "score": "1", "level": "A"}])
    caller = base.actor(Role.BUYER, org_id=held.buyer_id)
    listed = sa.select(Entitlement.id).join(Order).join(Product, Product.id == Order.product_id)
    for turn, chosen in enumerate(every([False, True], repeat=len(CLOSERS))):
        savepoint = session.begin_nested()
        for (table, values), is_closed in zip(CLOSERS, chosen, strict=True):
            if is_closed:
                session.execute(sa.update(table).values(values))
        session.expire_all()
        for after, is_in_term in MOMENTS:
            now, is_entitled = make.SALE + after, is_in_term and not any(chosen)
            assert entitlements.holds(session, held, now, book=make.LAW) is is_entitled, (chosen, after)
            found = session.scalars(listed.where(entitlements.open_condition(now, make.LAW))).all()
            assert (found == [held.id]) is is_entitled, (chosen, after)
            answer = call(session, caller, sold.code, f"r{turn}-{after.days}", now)
            assert (answer == "served") is is_entitled, (chosen, after, answer)
        savepoint.rollback()
        session.expire_all()


def suspend(session: Session, held: Entitlement) -> None:
    """The regulator suspends the seller."""
    seller = session.get_one(Product, held.product_id).owner_id
    parties.suspend(session, base.supervisor(), seller, reason="超范围使用", now=make.SALE)


def give_back(session: Session, held: Entitlement) -> None:
    """The buyer's money goes back as a whole."""
    payment = paying.payment_of(session, orders.get(session, held.order_id))
    refund = paying.give_back(session, payment, payment.amount.text(), reference="R-1", now=make.SALE)
    refunds.confirm_transfer(
        session, paying.payer(), refund.id, bank_line="OUT-1", paid_at=make.SALE, now=make.SALE
    )  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize("end", [suspend, give_back])
def test_no_call_that_begins_after_access_ended_is_served_and_every_earlier_one_counts(
    database_url: str, end: Callable[[Session, Entitlement], None]
) -> None:
    database = Database(database_url)
    with database.new_session() as session, write_transaction(session):
        held = make.make_entitlement(session, quantity=100_000)  # more than is called for, however slow the machine
        code = session.get_one(Product, held.product_id).code
        make.load_data(session, session.get_one(Product, held.product_id), [{"key": "k", "score": "1", "level": "A"}])
    caller = base.actor(Role.BUYER, org_id=held.buyer_id)
    ended, running = threading.Event(), threading.Barrier(CALLERS + 1)
    before, after = list[str](), list[str]()

    def keep_calling(name: str) -> None:
        turn = 0
        while len(after) < CALLERS * ROUNDS:
            kept = after if ended.is_set() else before  # what is asked before the call begins is known before it
            with database.new_session() as session, write_transaction(session):
                kept.append(call(session, caller, code, f"{name}-{turn}"))
            turn += 1
            if turn == 1:
                running.wait()

    threads = [threading.Thread(target=keep_calling, args=(f"c{number}",)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    running.wait()
    with database.new_session() as session, write_transaction(session):
        end(session, held)
    ended.set()
    for thread in threads:
        thread.join()
    assert set(after) == {"entitlement.closed"}
    assert set(before) <= {"served", "entitlement.closed"}
    with database.new_session() as session:
        assert used_of(session, held.id) == before.count("served") >= CALLERS
    database.engine.dispose()
