"""An entitlement holds exactly while everything that it rests on does, and ends in the same second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.calendar import business_date
from kernel.identity import Role
from market.entitlements import queries
from market.entitlements.model import Entitlement
from market.entitlements.rules import OutOfScope, may_use
from market.orders.model import Order
from market.orders.rules import OrderState
from pricing.exemptions.rules import Purpose
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.parties.model import Party
from registry.parties.rules import Standing
from registry.products import queries as products
from registry.products.model import Product
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationState
from registry.resources.model import Resource
from registry.reviews.model import Review
from registry.reviews.rules import ReviewState
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry

# what closes each condition: table and new values
CLOSERS = {
    "order": (Order, {"state": OrderState.REFUNDED}),
    "buyer_in_order": (Party, {"standing": Standing.SUSPENDED}),
    "seller_in_order": (Party, {"standing": Standing.SUSPENDED}),
    "agreement_in_force": (Agreement, {"state": AgreementState.SUSPENDED}),
    "request_approved": (Resource, {"barred": True, "barred_reason": "不予开放"}),
    "review_passed": (Review, {"state": ReviewState.REFUSED}),
    "registration_effective": (Registration, {"state": RegistrationState.REVOKED, "closed_at": make.SALE}),
}


def close(session, entitlement, name: str) -> None:
    table, values = CLOSERS[name]
    statement = sa.update(table).values(values)
    if name == "buyer_in_order":
        statement = statement.where(Party.id == entitlement.buyer_id)
    elif name == "seller_in_order":
        seller = sa.select(Product.owner_id).where(Product.id == entitlement.product_id).scalar_subquery()
        statement = statement.where(Party.id == seller)
    session.execute(statement)
    session.expire_all()


@pytest.mark.both_databases
def test_closing_any_one_condition_closes_the_entitlement_at_once_and_is_named(session):
    entitlement = make.make_entitlement(session)
    assert queries.holds(session, entitlement, make.SALE, book=make.LAW)
    queries.must_hold(session, entitlement, make.SALE, book=make.LAW)
    for name in CLOSERS:
        savepoint = session.begin_nested()
        close(session, entitlement, name)
        assert queries.closed(session, entitlement, make.SALE, book=make.LAW) == [name]
        assert not queries.holds(session, entitlement, make.SALE, book=make.LAW)
        with pytest.raises(queries.Closed) as caught:
            queries.must_hold(session, entitlement, make.SALE, book=make.LAW)
        assert [error["pointer"] for error in caught.value.errors] == [f"/gates/{name}"]
        assert listed_as_open(session) == []
        savepoint.rollback()
        session.expire_all()
    assert listed_as_open(session) == [entitlement.id]


def listed_as_open(session, now=make.SALE) -> list:
    query = sa.select(Entitlement.id).join(Order, Order.id == Entitlement.order_id)
    query = query.join(Product, Product.id == Order.product_id).where(queries.open_condition(now, make.LAW))
    return list(session.scalars(query))


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        (datetime(2026, 7, 20, 2, 0, tzinfo=UTC), True),
        (datetime(2027, 7, 19, 15, 59, 59, tzinfo=UTC), True),  # one second before the last day is over in Beijing
        (datetime(2027, 7, 19, 16, 0, tzinfo=UTC), False),
    ],
)
def test_the_term_ends_by_itself_in_the_last_second_of_its_last_day(session, moment, holds):
    entitlement = make.make_entitlement(session)
    assert (entitlement.valid_from, entitlement.valid_until.isoformat()) == (business_date(make.SALE), "2027-07-19")
    assert queries.holds(session, entitlement, moment, book=make.LAW) is holds
    assert bool(listed_as_open(session, moment)) is holds


def test_a_term_ends_with_the_agreement_at_the_latest(session):
    entitlement = make.make_entitlement(session, term_months=60)
    assert entitlement.valid_until.isoformat() == "2028-06-30"  # the agreement's last day


def test_a_term_ends_with_the_exemption_at_the_latest(session):
    product, bureau = make.make_offer(session), prices.make_buyer(session)
    exemption = prices.make_exemption(session, product, bureau)
    entitlement = make.make_entitlement(
        session, product, make.buyer_of(session, bureau), purpose=Purpose.PUBLIC_WELFARE
    )
    assert entitlement.valid_until == exemption.valid_until


def test_the_bought_version_stays_usable_while_a_newer_one_waits_for_its_review(session):
    entitlement = make.make_entitlement(session)
    registry.add_version(session, products.get(session, entitlement.product_id), now=make.SALE)
    assert queries.holds(session, entitlement, make.SALE, book=make.LAW)


def test_an_entitlement_for_one_scenario_and_purpose_is_refused_for_another(session):
    entitlement = make.make_entitlement(session, scenario="贷前核验")
    assert may_use(entitlement.terms, 0, make.SALE, scenario="贷前核验", purpose=entitlement.purpose).remaining == 999
    with pytest.raises(OutOfScope):
        may_use(entitlement.terms, 0, make.SALE, scenario="贷后管理")
    with pytest.raises(OutOfScope):
        may_use(entitlement.terms, 0, make.SALE, purpose=Purpose.PUBLIC_WELFARE)


def test_entitlements_are_seen_by_buyer_seller_operator_and_watchers_and_by_nobody_else(session):
    entitlement = make.make_entitlement(session)
    order = session.get_one(Order, entitlement.order_id)
    agreement = session.get_one(Agreement, order.agreement_id)
    people = (
        base.actor(Role.BUYER, org_id=order.buyer_id), base.actor(Role.MERCHANT, org_id=order.seller_id),
        base.actor(Role.OPERATOR, org_id=agreement.operating_institution_id), base.supervisor(),
    )  # fmt: skip
    for person in people:
        assert queries.visible(session, person, entitlement.number).id == entitlement.id
    for person in (make.buyer_of(session), base.supervisor("puer"), base.actor(Role.SCHEDULER)):
        with pytest.raises(queries.NoSuchEntitlement):
            queries.visible(session, person, entitlement.number)


def test_of_several_entitlements_the_one_that_ends_first_comes_first(session):
    product, buyer = make.make_offer(session), make.buyer_of(session)
    long = make.make_entitlement(session, product, buyer, term_months=12)
    short = make.make_entitlement(session, product, buyer, term_months=3)
    on = business_date(make.SALE)
    assert [one.id for one in queries.of_buyer(session, buyer.org_id, product.id, on)] == [short.id, long.id]
    later = business_date(make.SALE + timedelta(days=200))
    assert [one.id for one in queries.of_buyer(session, buyer.org_id, product.id, later)] == [long.id]


@pytest.mark.both_databases
@pytest.mark.parametrize("act", ["UPDATE market_entitlement SET quota = 9999", "DELETE FROM market_entitlement"])
def test_what_was_granted_is_never_changed(session, act):
    make.make_entitlement(session)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.text(act))
    session.rollback()
