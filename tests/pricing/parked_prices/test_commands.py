"""Odd changes of price are parked with their reason, and nothing is executed until another person agrees (A12)."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import UnitPrice
from pricing.parked_prices import commands, queries
from pricing.parked_prices.model import ParkedPrice
from pricing.parked_prices.rules import AlreadyWaiting, NoLongerPossible, ParkedState, SamePerson, WrongState
from pricing.tariffs import commands as tariffs
from pricing.tariffs import queries as prices
from pricing.tariffs.checks import OutOfBounds
from pricing.tariffs.model import Tariff
from pricing.tariffs.rules import PriceAboveCap, Regime
from pricing.value_bases import queries as value_bases
from pricing.value_bases.model import ValueBasis
from pricing.value_bases.rules import ValueBasisUnusable
from tests.make import negotiated as market
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.people import are_one_person

MARKET = Regime.MARKET_VALUE_BASED
BOOK = base.book(demonstration=True)
DAY = make.TODAY + timedelta(days=7)  # Futian wants a rise announced seven days before
WORDS = "成本构成改变，已核对报价单"


def one(amount):
    return {"model": "per_unit", "unit_price": amount}


def bands(*tiers):
    return {"model": "graduated", "tiers": [{"up_to": bound, "unit_price": price} for bound, price in tiers]}


def ask(session, product, model, *, seller=None, now=make.NOW, **terms):
    given = {
        "regime": MARKET, "charge_unit": tariffs.ChargeUnit.PER_USE, "effective_from": DAY, "value_basis": make.VALUE,
    }  # fmt: skip
    seller = seller or make.seller_of(session, product)
    return commands.set_or_park(
        session, seller, product_id=product.id, model=model, now=now, book=BOOK, **given | terms
    )


def release(session, actor, parked, now=make.NOW):
    return commands.release(session, actor, parked.number, reason=WORDS, now=now, book=BOOK)


@pytest.fixture
def product(session):
    return market.make_market_product(session)


ODDITIES = [
    (one("1"), one("1.50000001")), (one("1"), one("0.49999999")), (one("1"), one("2")), (one("1"), one("100")),
    (one("1"), one("0")), (one("0"), one("1")), (one("0"), one("0.00000001")), (one("0.00000002"), one("0.00000004")),
    (one("0.8"), one("80")), (one("12.50"), one("1.25")), (one("999999"), one("1")), (one("3"), one("4.6")),
    (one("3"), one("1.4")), (bands(("10", "1"), (None, "0.5")), bands(("10", "1.6"), (None, "0.5"))),
    (bands(("10", "1"), (None, "0.5")), bands(("10", "0.4"), (None, "0.3"))), (one("1"), bands((None, "7"))),
    ({"model": "flat", "flat_fee": "100"}, {"model": "flat", "flat_fee": "1000"}),
    ({"model": "package", "package_size": "10", "package_price": "5"},
     {"model": "package", "package_size": "10", "package_price": "50"}),
    (one("1"), one("0.9") | {"minimum_spend": "20"}), (one("10"), {"model": "flat", "flat_fee": "1"}),
]  # fmt: skip


@pytest.mark.both_databases
def test_twenty_planted_oddities_are_parked_and_nothing_is_executed(session, product):
    """A12: of twenty changes by more than half, twenty are parked with their reason and none is in effect."""
    parked = []
    for number, (before, after) in enumerate(ODDITIES):
        kind = f"类别{number}"
        first = make.make_tariff(session, product, before, regime=MARKET, subject_kind=kind)
        found = ask(session, product, after, subject_kind=kind)
        assert isinstance(found, ParkedPrice), (before, after)
        assert (found.before_id, found.old_unit_price_max) == (first.id, first.unit_price_max)
        assert "超过原价的一半（OUT_OF_BOUNDS）" in found.reason
        assert prices.tariff_at(session, product.id, DAY, subject_kind=kind) is first
        parked.append(found)
    assert len({one.number for one in parked}) == len(ODDITIES) == 20
    assert session.scalar(sa.select(sa.func.count(Tariff.id))) == 1 + len(ODDITIES)
    assert session.scalar(sa.select(sa.func.count(ValueBasis.id))) == 1 + len(ODDITIES)


def test_ordinary_changes_a_first_price_and_another_unit_are_published_at_once(session, product):
    for number, (before, after) in enumerate((("1", "1.5"), ("1", "0.5"), ("1", "1"), ("0", "0"), ("3", "4.5"))):
        make.make_tariff(session, product, one(before), regime=MARKET, subject_kind=f"类别{number}")
        assert isinstance(ask(session, product, one(after), subject_kind=f"类别{number}"), Tariff)
    assert isinstance(ask(session, product, one("900"), subject_kind="首次定价"), Tariff)
    item = ask(session, product, one("40"), charge_unit=tariffs.ChargeUnit.PER_ITEM)
    assert isinstance(item, Tariff), "nothing to compare with in that unit"
    back = ask(session, product, one("9"), effective_from=DAY + timedelta(days=9))
    assert (type(back), back.old_unit_price_max) == (ParkedPrice, UnitPrice.yuan("1")), "by way of another unit"


def test_no_way_leads_round_it(session, product):
    with pytest.raises(OutOfBounds) as refused:
        make.make_tariff(session, product, one("9"), regime=MARKET, effective_from=DAY)
    assert (refused.value.status, refused.value.errors[0]["code"]) == (409, "tariff.out_of_bounds")


@pytest.mark.both_databases
def test_another_person_releases_it_and_it_is_published_as_it_was_asked_for(session, product):
    asker, colleague = make.seller_of(session, product), make.seller_of(session, product)
    parked = ask(session, product, one("9") | {"free_units": "2"}, seller=asker, dedup_days=30, charges_misses=True)
    with pytest.raises(SamePerson):
        release(session, asker, parked)
    for stranger in (base.supervisor(market.PLACE), base.actor(Role.AUDITOR, place=market.PLACE)):
        with pytest.raises(NotAllowed):
            release(session, stranger, parked)
    for stranger in (make.price_officer("xinchang"), base.actor(Role.MERCHANT, org_id=uuid4(), place=market.PLACE)):
        with pytest.raises(queries.NoSuchParkedPrice):
            release(session, stranger, parked)
    done = release(session, colleague, parked)
    made = prices.get(session, done.tariff_id)
    assert (done.state, done.decided_by, done.note) == (ParkedState.RELEASED, colleague.id, WORDS)
    assert (made.set_by, made.effective_from, made.dedup_days, made.charges_misses) == (asker.id, DAY, 30, True)
    assert made.model["free_units"] == "2"
    assert value_bases.of_tariffs(session, [made.id])[made.id].scenario == make.VALUE["scenario"]
    assert prices.tariff_at(session, product.id, DAY) is made
    for actor in (colleague, make.price_officer(market.PLACE)):
        with pytest.raises(WrongState):
            release(session, actor, parked)
    with pytest.raises(WrongState):
        commands.withdraw(session, asker, parked.number, now=make.NOW)


def test_the_price_officer_of_the_place_releases_it_too_but_no_second_account_of_the_person_who_asked(session, product):
    seller, again = make.seller_of(session, product), make.seller_of(session, product)
    are_one_person(session, seller, again)
    parked = ask(session, product, one("0.1"), seller=seller)
    with pytest.raises(SamePerson):
        release(session, again, parked)
    assert release(session, make.price_officer(market.PLACE), parked).state is ParkedState.RELEASED


def test_only_one_change_of_a_price_waits_and_after_its_withdrawal_another_may(session, product):
    seller = make.seller_of(session, product)
    first = ask(session, product, one("9"))
    with pytest.raises(AlreadyWaiting, match=first.number):
        ask(session, product, one("8"), effective_from=DAY + timedelta(days=1))
    assert isinstance(ask(session, product, one("1.2"), effective_from=DAY + timedelta(days=2)), Tariff)
    with pytest.raises(NotAllowed):
        commands.withdraw(session, make.price_officer(market.PLACE), first.number, now=make.NOW)
    gone = commands.withdraw(session, seller, first.number, reason="填错小数点", now=make.NOW)
    assert (gone.state, gone.note, gone.tariff_id) == (ParkedState.WITHDRAWN, "填错小数点", None)
    assert isinstance(ask(session, product, one("8")), ParkedPrice)


def test_when_its_day_or_notice_or_the_price_before_it_has_gone_it_is_set_anew(session, product):
    colleague = make.seller_of(session, product)
    parked = ask(session, product, one("9"))
    with pytest.raises(NoLongerPossible, match=r"须提前 7 日公布.*撤回后重新定价"):
        release(session, colleague, parked, make.NOW + timedelta(days=1))
    with pytest.raises(NoLongerPossible, match=r"早于今日.*撤回后重新定价"):
        release(session, colleague, parked, make.NOW + timedelta(days=8))
    ask(session, product, one("0.9"), effective_from=DAY - timedelta(days=3))
    with pytest.raises(NoLongerPossible, match=r"0\.9 元.*撤回后重新定价"):
        release(session, colleague, parked)
    assert parked.state is ParkedState.WAITING


def test_a_rise_is_to_be_released_while_its_notice_can_be_kept_and_a_fall_until_its_first_day(session, product):
    rise = ask(session, product, one("9"))
    assert (queries.release_by(rise, BOOK), queries.release_by(rise, base.book())) == (make.TODAY, DAY)
    commands.withdraw(session, make.seller_of(session, product), rise.number, now=make.NOW)
    assert queries.release_by(ask(session, product, one("0.1")), BOOK) == DAY


def test_only_what_nothing_else_stands_against_is_parked(session, product):
    compared = {**make.VALUE, "method": make.ValuationMethod.MARKET, "comparables": []}
    with pytest.raises(ValueBasisUnusable):
        ask(session, product, one("9"), value_basis=compared)
    capped = make.make_priced_product(session)
    with pytest.raises(PriceAboveCap):
        ask(session, capped, one("9"), regime=Regime.GOV_GUIDED, value_basis=None)
    assert session.scalar(sa.select(sa.func.count(ParkedPrice.id))) == 0


@pytest.mark.both_databases
def test_a_cap_that_falls_below_half_parks_the_price_that_follows_it_and_any_day_may_be_the_first(session):
    product = make.make_priced_product(session)
    parked = ask(session, product, one("0.30"), regime=Regime.GOV_GUIDED, value_basis=None, effective_from=DAY)
    done = release(session, make.price_officer(), parked)
    assert prices.get(session, done.tariff_id).unit_price_max == UnitPrice.yuan("0.30")


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "change",
    ["reason = 'x'", "new_unit_price_max = 5", "effective_from = '2026-01-01'", "terms = '{}'", "delete"],
)
def test_the_database_keeps_what_was_asked_for(session, product, change):
    parked = ask(session, product, one("9"))
    made = f"UPDATE pricing_parked_price SET {change}" if change != "delete" else "DELETE FROM pricing_parked_price"
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(sa.text(made))
    seller = make.seller_of(session, product)
    commands.withdraw(session, seller, parked.number, now=make.NOW)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(sa.text("UPDATE pricing_parked_price SET note = 'x'"))
