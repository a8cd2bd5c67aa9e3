"""Who gave data free uses what was made from it free, at once; who was paid for data buys (REU-01)."""

from __future__ import annotations

import pytest

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
    session.flush()
    assert not [line for line in verify(session.connection()) if held.number in line]


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
