"""Who gave data free uses what was made from it free, at once; who was paid for data buys (REU-01)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel.identity import Role
from kernel.money import ZERO
from market.contracts import queries as contracts
from market.listings import commands as listings
from market.listings import queries as listed
from market.listings.queries import NotListed
from market.orders import queries as orders
from market.orders.rules import OrderState
from market.reuse import commands, queries
from registry.resources.rules import AccessKind
from tests.make import market as make
from tests.make import registry_base as base
from tests.make import registry_products as registry
from web.checker import verify

LAWFUL = {"now": make.SALE, "book": make.LAW}


def world(session, place="xinchang"):
    """A product from data of two departments: one gave it free, the other is paid."""
    registry.make_reviewers(session, place)
    free, paid = base.make_department(session, place=place), base.make_department(session, place=place)
    given = [base.make_resource(session, free, place=place),
             base.make_resource(session, paid, place=place, access=AccessKind.PAID)]  # fmt: skip
    agreement = base.make_agreement(session, place=place, scope=given)
    product = make.make_offer(session, place=place, agreement=agreement, resources=given)
    return product, free, paid


def take(session, party, product, *, reference="R-1", **changed):
    person = base.actor(Role.SOURCE, org_id=party.id, place=party.place)
    told = {"product_code": product.code, "scenario": "部门内部核验", "quantity": 500, "client_reference": reference}
    return commands.take(session, person, **(told | changed), **LAWFUL)


@pytest.mark.both_databases
def test_the_department_that_gave_data_free_opens_at_once_and_the_paid_one_buys(session):
    product, free, paid = world(session)
    (offer,) = queries.waiting(session, [free.id, paid.id], **LAWFUL)
    assert (offer.product.id, len(offer.resources), offer.closed) == (product.id, 1, ())
    assert queries.offers(session, paid.id, **LAWFUL) == []
    held = take(session, free, product)
    order = orders.get(session, held.order_id)
    assert (order.amount, order.state, order.reason.value) == (ZERO, OrderState.FULFILLED, "source_reuse")
    assert order.shadow_amount.text() == "400.00"
    assert contracts.of_order(session, order.id) is None
    assert take(session, free, product).id == held.id
    assert queries.waiting(session, [free.id], **LAWFUL) == []
    with pytest.raises(queries.NotForYou):
        take(session, paid, product)
    buyer = base.actor(Role.SOURCE, org_id=paid.id)
    assert make.make_quote(session, product, buyer, quantity=500).amount.text() == "400.00"
    ((ground, agreement_number, title),) = queries.grounds(session, order.id)
    assert (ground.agreement_id, ground.clause, ground.rule["article"]) == (
        order.agreement_id, "resource_scope", "三（五）5",
    )  # fmt: skip
    assert ground.clause_text
    assert (agreement_number[:3], title) == ("AGR", offer.resources[0])
    session.flush()
    assert not [line for line in verify(session.connection()) if held.number in line or order.number in line]


def test_a_place_without_the_rule_offers_nothing_and_a_closed_gate_is_named(session):
    elsewhere, department, _ = world(session, place="puer")
    assert queries.offers(session, department.id, **LAWFUL) == []
    with pytest.raises(queries.NotForYou):
        take(session, department, elsewhere)
    product, free, _ = world(session)
    listing = listed.of_product(session, product.id)
    listings.withdraw(session, registry.seller(product), listing.id, now=make.SALE)
    (offer,) = queries.offers(session, free.id, **LAWFUL)
    assert offer.closed
    with pytest.raises(NotListed):
        take(session, free, product)


BROKEN = {
    "no ground is recorded": "DELETE FROM market_reuse_ground",
    "the data were paid for": "UPDATE registry_product_input SET access = 'paid'",
    "another department gave the data": "UPDATE registry_resource SET source_department_id = "
    "(SELECT source_department_id FROM registry_resource ORDER BY code DESC LIMIT 1)",
    "the agreement has no such resource": "DELETE FROM registry_agreement_resource",
}


@pytest.mark.parametrize("why", BROKEN)
def test_the_checker_finds_a_free_use_whose_ground_is_missing_or_false(session, why):
    product, free, _ = world(session)
    held = take(session, free, product)
    session.flush()
    named = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for name in session.scalars(sa.text(named)).all():
        session.execute(sa.text(f"DROP TRIGGER {name}"))
    session.execute(sa.text("PRAGMA foreign_keys = OFF"))
    session.execute(sa.text(BROKEN[why]))
    assert f"C2 合同未经双方签署即授予权益：{held.number}" in verify(session.connection())


def test_without_the_resource_in_the_scope_of_the_agreement_there_is_no_ground(session):
    product, free, paid = world(session)
    order = orders.get(session, take(session, free, product).order_id)
    (offer,) = queries.offers(session, free.id, **LAWFUL)
    order.buyer_id = paid.id
    with session.no_autoflush, pytest.raises(queries.NoGround):
        queries.grounds_for(session, order, offer.rule, make.SALE)
    session.expire(order)
