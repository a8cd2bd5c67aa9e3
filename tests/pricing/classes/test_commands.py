"""Classes of buyers: published by a rule, joined once, ended without touching what was; priced by class and grade."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.money import Money
from pricing.classes import commands, queries
from pricing.classes.model import BuyerClassChange
from pricing.classes.rules import ClassTaken, DayUnusable, NotAMember
from pricing.exemptions.rules import Purpose
from pricing.tariffs.queries import price
from pricing.tariffs.rules import Regime
from tests.make import negotiated as market
from tests.make import pricing as make
from tests.make import registry_base as base

TOMORROW, LATER = make.TODAY + timedelta(days=1), make.TODAY + timedelta(days=9)


@pytest.fixture
def product(session):
    return market.make_market_product(session)


@pytest.fixture
def seller(session, product):
    return make.seller_of(session, product)


def admit(session, seller, product, party, buyer_class="preferential", since=make.TODAY):
    return commands.admit_to_class(
        session, seller, product_id=product.id, buyer_class=buyer_class, party_id=party.id, rule="农村金融机构",
        since=since, now=make.NOW,
    )  # fmt: skip


def amount(session, product, party, on, quantity=10):
    found = price(
        session, product, purpose=Purpose.INDUSTRY_DEVELOPMENT, buyer_id=party.id, quantity=quantity, on=on,
        book=base.book(),
    )  # fmt: skip
    return found.amount


@pytest.mark.both_databases
def test_a_membership_is_declared_ended_and_renewed_and_every_row_stays(session, product, seller):
    bank = make.make_buyer(session)
    member = admit(session, seller, product, bank)
    for day, expected in ((make.TODAY - timedelta(days=1), []), (make.TODAY, ["preferential"])):
        assert queries.classes_of(session, product.id, bank.id, day) == expected
    with pytest.raises(ClassTaken):
        admit(session, seller, product, bank)
    end = {"reason": "不再符合条件", "now": make.NOW}
    commands.end_membership(session, seller, member.id, since=TOMORROW, **end)
    assert queries.classes_of(session, product.id, bank.id, make.TODAY) == ["preferential"]
    assert queries.classes_of(session, product.id, bank.id, TOMORROW) == []
    with pytest.raises(NotAMember):
        commands.end_membership(session, seller, member.id, since=LATER, **end)
    assert admit(session, seller, product, bank, since=LATER) is member
    assert queries.classes_of(session, product.id, bank.id, LATER) == ["preferential"]
    assert [change.act for change in queries.memberships(session, product.id)[0].changes] == ["ended", "readmitted"]
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(sa.delete(BuyerClassChange))


def test_only_the_seller_declares_and_nothing_begins_in_the_past(session, product, seller):
    bank = make.make_buyer(session)
    member = admit(session, seller, product, bank, since=make.TODAY - timedelta(days=9))
    for person in (make.buyer(bank), make.price_officer(market.PLACE)):
        with pytest.raises(NotAllowed):
            commands.end_membership(session, person, member.id, since=TOMORROW, reason="试", now=make.NOW)
        with pytest.raises(NotAllowed):
            admit(session, person, product, bank, "other")
    with pytest.raises(DayUnusable):
        commands.end_membership(
            session, seller, member.id, since=make.TODAY - timedelta(days=1), reason="试", now=make.NOW
        )
    with pytest.raises(queries.NoSuchMember):
        commands.end_membership(session, seller, product.id, since=TOMORROW, reason="试", now=make.NOW)


def test_the_rule_of_a_class_is_published_by_date_and_never_rewritten(session, product, seller):
    terms = {"product_id": product.id, "buyer_class": "preferential", "now": make.NOW}
    commands.publish_rule(session, seller, rule="村镇银行", since=make.TODAY, **terms)
    commands.publish_rule(session, seller, rule="村镇银行和农信社", since=LATER, **terms)
    assert queries.rules_at(session, product.id, TOMORROW) == {"preferential": "村镇银行"}
    assert queries.rules_at(session, product.id, LATER) == {"preferential": "村镇银行和农信社"}
    for day in (LATER, make.TODAY - timedelta(days=1)):
        with pytest.raises(DayUnusable):
            commands.publish_rule(session, seller, rule="另一条", since=day, **terms)


def test_a_contribution_grade_is_a_class_and_its_coefficient_is_applied_while_the_membership_lasts(session):
    product = market.make_market_product(session)
    seller, bank, other = make.seller_of(session, product), make.make_buyer(session), make.make_buyer(session)
    graded = {
        "model": "per_unit", "unit_price": "1.00", "coefficients": {"contribution": {"甲级": "0.7", "乙级": "0.9"}},
    }  # fmt: skip
    make.make_tariff(session, product, graded, regime=Regime.MARKET_VALUE_BASED, effective_from=LATER)
    member = admit(session, seller, product, bank, "甲级")
    admit(session, seller, product, bank, "preferential")  # a class without a price of its own hides no grade
    commands.end_membership(session, seller, member.id, since=LATER + timedelta(days=1), reason="降级", now=make.NOW)
    assert amount(session, product, bank, make.TODAY) == Money.yuan("10.00")
    assert amount(session, product, bank, LATER) == Money.yuan("7.00")
    assert amount(session, product, other, LATER) == Money.yuan("10.00")
    assert amount(session, product, bank, LATER + timedelta(days=1)) == Money.yuan("10.00")
