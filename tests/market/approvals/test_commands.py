"""An order above the buyer's own limit binds after a second natural person has approved, while its price holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from kernel.identity import Role
from kernel.money import Money
from market.approvals import commands, queries
from market.approvals.rules import ApprovalAct, ApprovalNeeded, ApprovalState, RuleAct, RuleState, WrongApprovalState
from market.contracts import commands as contracts
from market.contracts import queries as contract_queries
from market.listings.queries import NotListed
from market.orders import queries as orders
from market.orders.rules import OrderState
from registry.parties import commands as parties
from tests.make import market as make
from tests.make import registry_base as base

LIMIT = Money.yuan("500.00")


@pytest.fixture
def buyer(session):
    """Somebody who buys; the order costs 800.00."""
    return make.buyer_of(session)


@pytest.fixture
def second(buyer):
    """Another person of the same organisation."""
    return base.actor(Role.BUYER, org_id=buyer.org_id)


def switch(session, first, second, *, is_on=True, above=LIMIT, now=make.SALE - timedelta(hours=1)):
    rule = commands.propose_rule(session, first, is_on=is_on, above=above, reason="内控制度", now=now)
    return commands.decide_rule(session, second, rule.id, act=RuleAct.CONFIRM, now=now)


def sign(session, person, order, now=make.SALE):
    contract = contract_queries.of_order(session, order.id)
    return contracts.sign(session, person, contract.id, sha256=contract.sha256, now=now, book=make.LAW)


def decide(session, person, order, act=ApprovalAct.APPROVE, reason="", now=make.SALE):
    return commands.decide(session, person, order.number, act=act, reason=reason, now=now, book=make.LAW)


def state(session, order, now=make.SALE):
    return queries.of_order(session, order, now=now).state


@pytest.mark.both_databases
def test_an_order_above_the_limit_is_signed_only_after_another_person_has_approved(session, buyer, second):
    switch(session, buyer, second)
    order = make.make_order(session, make.make_offer(session), buyer)
    assert [one.order.id for one in queries.waiting(session, second, now=make.SALE)] == [order.id]
    with pytest.raises(ApprovalNeeded, match=r"500\.00"):
        sign(session, second, order)
    with pytest.raises(commands.AnotherPersonNeeded):
        decide(session, buyer, order)
    made = decide(session, second, order)
    assert (made.state, made.amount) == (ApprovalState.APPROVED, order.amount)
    with pytest.raises(WrongApprovalState):
        decide(session, second, order)
    sign(session, buyer, order)
    assert queries.waiting(session, second, now=make.SALE) == []


@pytest.mark.both_databases
def test_a_refusal_says_why_and_calls_the_order_off(session, buyer, second):
    switch(session, buyer, second)
    order = make.make_order(session, make.make_offer(session), buyer)
    with pytest.raises(commands.ReasonNeeded):
        decide(session, second, order, ApprovalAct.REFUSE, "  ")
    decide(session, second, order, ApprovalAct.REFUSE, "预算不足")
    assert orders.get(session, order.id).state is OrderState.CANCELLED
    assert state(session, order) is ApprovalState.REFUSED


def test_price_gates_and_time_are_asked_again_before_an_approval(session, buyer, second):
    switch(session, buyer, second)
    order = make.make_order(session, make.make_offer(session), buyer)
    late = make.SALE + timedelta(days=7, microseconds=1)
    with pytest.raises(WrongApprovalState, match="lapsed"):
        decide(session, second, order, now=late)
    parties.suspend(session, base.supervisor(), order.seller_id, reason="整改", now=make.SALE)
    with pytest.raises(NotListed):
        decide(session, second, order)
    assert orders.get(session, order.id).state is OrderState.PLACED
    decide(session, second, order, ApprovalAct.REFUSE, "报价过期", now=late)
    assert orders.get(session, order.id).state is OrderState.CANCELLED


def test_orders_up_to_the_limit_and_those_from_before_the_rule_wait_for_nobody(session, buyer, second):
    product = make.make_offer(session)
    before = make.make_order(session, product, buyer)
    switch(session, buyer, second, now=make.SALE + timedelta(minutes=1))
    assert state(session, before) is ApprovalState.NOT_NEEDED
    sign(session, buyer, before)
    later = make.SALE + timedelta(minutes=2)
    exact = make.make_order(session, product, buyer, quantity=625, now=later)  # 500.00
    assert state(session, exact, later) is ApprovalState.NOT_NEEDED
    above = make.make_order(session, product, buyer, quantity=626, now=later)
    assert state(session, above, later) is ApprovalState.WAITING
    with pytest.raises(WrongApprovalState):
        decide(session, second, exact, now=later)


def test_the_rule_itself_is_changed_by_two_persons(session, buyer, second):
    rule = commands.propose_rule(session, buyer, is_on=True, above=LIMIT, reason="内控", now=make.SALE)
    assert queries.rule_at(session, buyer.org_id, make.SALE) is None
    with pytest.raises(commands.ProposalOpen):
        commands.propose_rule(session, second, is_on=False, above=LIMIT, reason="x", now=make.SALE)
    with pytest.raises(commands.AnotherPersonNeeded):
        commands.decide_rule(session, buyer, rule.id, act=RuleAct.CONFIRM, now=make.SALE)
    with pytest.raises(commands.AnotherPersonNeeded):
        commands.decide_rule(session, second, rule.id, act=RuleAct.WITHDRAW, now=make.SALE)
    with pytest.raises(queries.NoSuchApprovalRule):
        commands.decide_rule(session, make.buyer_of(session), rule.id, act=RuleAct.CONFIRM, now=make.SALE)
    assert (
        commands.decide_rule(session, buyer, rule.id, act=RuleAct.WITHDRAW, now=make.SALE).state is RuleState.WITHDRAWN
    )
    switch(session, buyer, second, now=make.SALE)
    switch(session, second, buyer, is_on=False, now=make.SALE + timedelta(seconds=1))
    assert not queries.rule_at(session, buyer.org_id, make.SALE + timedelta(seconds=1)).is_on
    assert queries.rule_at(session, buyer.org_id, make.SALE).is_on


def test_sellers_and_strangers_neither_see_nor_decide(session, buyer, second):
    switch(session, buyer, second)
    order = make.make_order(session, make.make_offer(session), buyer)
    seller = base.actor(Role.MERCHANT, org_id=order.seller_id, place=order.place)
    with pytest.raises(commands.NotOfBuyer):
        decide(session, seller, order)
    with pytest.raises(orders.NoSuchOrder):
        queries.visible(session, seller, order.number, now=make.SALE)
    with pytest.raises(orders.NoSuchOrder):
        decide(session, make.buyer_of(session), order)
    auditor = base.actor(Role.AUDITOR, place=order.place)
    assert queries.visible(session, auditor, order.number, now=make.SALE).state is ApprovalState.WAITING


@pytest.mark.both_databases
def test_the_database_keeps_what_was_decided(session, buyer, second):
    rule = switch(session, buyer, second)
    session.commit()
    rule.above = Money.yuan("1.00")
    with pytest.raises(DBAPIError):
        session.flush()
    session.rollback()
