"""Fixing prices: by the regime of the seller, under the cap, once for a day, never changed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import UnitPrice
from kernel.reading import Unreadable
from pricing.costs.rules import ChargeUnit
from pricing.price_gates.queries import price_gate
from pricing.tariffs import checks, commands, queries
from pricing.tariffs.model import Tariff
from pricing.tariffs.rules import CapMissing, NotFreeOfCharge, PriceAboveCap, Regime
from registry.agreements import queries as agreements
from registry.parties.rules import Capacity
from tests.make import pricing as make
from tests.make import registry_base as base

TOMORROW = make.TODAY + timedelta(days=1)
PROGRESSIVE = {
    "model": "graduated",
    "tiers": [
        {"up_to": "1000", "unit_price": "0.80"},
        {"up_to": "5000", "unit_price": "0.60"},
        {"up_to": None, "unit_price": "0.50"},
    ],
}


def one_price(amount: str) -> dict[str, str]:
    return {"model": "per_unit", "unit_price": amount}


@pytest.mark.both_databases
def test_the_operator_fixes_a_price_up_to_the_cap_and_the_row_names_the_cap(session):
    product = make.make_capped_product(session, "0.80")
    tariff = make.make_tariff(session, product, one_price("0.80"))
    cap = session.get_one(queries.FeeCap, tariff.cap_id)
    assert (tariff.unit_price_max, cap.amount) == (UnitPrice.yuan("0.80"), UnitPrice.yuan("0.80"))
    assert tariff.published_at == make.NOW
    assert {source["rule"] for source in tariff.sources} >= {"PRC-01", "PRC-05", "DIS-07"}


@pytest.mark.parametrize(
    "model",
    [
        one_price("0.80000001"),
        {"model": "package", "package_size": "1000", "package_price": "300"},  # one unit alone would cost 300
        {"model": "flat", "flat_fee": "0.81"},
        {**one_price("0.10"), "minimum_spend": "5.00"},
        {
            "model": "graduated",  # blended it never exceeds 0.80, yet the last band names 0.90
            "tiers": [{"up_to": "1000", "unit_price": "0.10"}, {"up_to": None, "unit_price": "0.90"}],
            "maximum_spend": "200.00",
        },
    ],
)
def test_no_quantity_and_no_band_may_cost_more_per_unit_than_the_cap(session, model):
    product = make.make_capped_product(session, "0.80")
    with pytest.raises(PriceAboveCap) as refused:
        make.make_tariff(session, product, model)
    assert "0.8" in refused.value.detail
    assert refused.value.rule == "PRC-05"


def test_a_progressive_price_below_the_cap_is_accepted(session):
    product = make.make_capped_product(session, "0.80")
    assert make.make_tariff(session, product, PROGRESSIVE).unit_price_max == UnitPrice.yuan("0.80")


@pytest.mark.both_databases
def test_the_database_refuses_a_guided_price_above_its_cap_or_without_one(session):
    product = make.make_capped_product(session, "0.80")
    other = make.make_capped_product(session, "9")
    tariff = make.make_tariff(session, product)
    foreign = make.make_tariff(session, other)
    row = {column.key: getattr(tariff, column.key) for column in sa.inspect(Tariff).columns}
    for changed in (
        {"unit_price_max": UnitPrice.yuan("0.80000001")},
        {"cap_id": foreign.cap_id},
        {"charge_unit": ChargeUnit.PER_ITEM},
        {"cap_id": None},
    ):
        wrong = {**row, "id": new_id(), "number": "TAR-X", "effective_from": TOMORROW, **changed}
        with pytest.raises(DBAPIError, match=r"guided price|guided_price"), session.begin_nested():
            session.execute(sa.insert(Tariff).values(**wrong))
    right = {**row, "id": new_id(), "number": "TAR-X", "effective_from": TOMORROW}
    session.execute(sa.insert(Tariff).values(**right))


@pytest.mark.both_databases
def test_a_price_is_never_changed_and_begins_once_for_a_day(session):
    product = make.make_priced_product(session)
    for statement in (sa.update(Tariff).values(dedup_days=1), sa.delete(Tariff)):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(statement)
    with pytest.raises(checks.TariffUnusable):
        make.make_tariff(session, product, one_price("0.70"))
    following = make.make_tariff(session, product, one_price("0.70"), effective_from=TOMORROW)
    first = queries.tariff_at(session, product.id, make.TODAY)
    assert following.supersedes_id == first.id
    assert queries.tariff_at(session, product.id, TOMORROW) is following
    assert queries.tariff_at(session, product.id, make.TODAY - timedelta(days=1)) is None
    assert list(queries.history(session, product.id)) == [following, first]


def test_only_the_seller_fixes_the_price(session):
    product = make.make_capped_product(session)
    people = (
        make.price_officer(),
        base.supervisor(),
        base.actor(Role.MERCHANT, org_id=new_id(), place=base.PLACE),
        base.actor(Role.OPERATOR, org_id=product.owner_id, place="puer"),
    )
    for person in people:
        with pytest.raises(NotAllowed):
            commands.set_tariff(
                session, person, product_id=product.id, regime=Regime.GOV_GUIDED, charge_unit=ChargeUnit.PER_USE,
                model=one_price("0.50"), effective_from=make.TODAY, now=make.NOW, book=base.book(),
            )  # fmt: skip


def test_the_operator_may_not_call_its_fee_a_market_price(session):
    product = make.make_product(session)
    for regime in (Regime.MARKET_VALUE_BASED, Regime.BREAK_EVEN):
        with pytest.raises(checks.RegimeNotAllowed) as refused:
            make.make_tariff(session, product, one_price("1"), regime=regime)
        assert refused.value.article == "发改价格〔2025〕65号 一"


def test_a_guided_price_needs_a_cap_of_its_charge_unit(session):
    with pytest.raises(CapMissing):
        make.make_tariff(session, make.make_product(session), one_price("0.10"))
    with pytest.raises(CapMissing):
        make.make_tariff(session, make.make_capped_product(session), one_price("0.10"), unit=ChargeUnit.PER_ITEM)


def test_before_the_first_complete_year_the_operator_fixes_a_trial_fee_under_guidance(session):
    product = make.make_product(session)
    with pytest.raises(checks.TariffUnusable):
        make.make_tariff(session, product, one_price("1"), regime=Regime.TRIAL)
    tariff = make.make_tariff(session, product, one_price("1"), regime=Regime.TRIAL, guidance="数据〔2026〕5号")
    assert tariff.cap_id is None
    assert "数据〔2026〕5号" in str(queries.explain(session, tariff))


def test_the_trial_ends_with_the_first_complete_year_and_when_there_is_a_cap(session):
    product = make.make_product(session)  # first sale 2026-07-01, so 2027 is the first complete year
    make.make_tariff(session, product, one_price("1"), regime=Regime.TRIAL, guidance="指导意见")
    last_day, too_late = date(2027, 12, 31), date(2028, 1, 1)
    with pytest.raises(checks.TrialOver) as refused:
        make.make_tariff(
            session, product, one_price("1.5"), regime=Regime.TRIAL, guidance="指导意见", effective_from=too_late
        )
    assert "2027" in refused.value.detail
    make.make_tariff(
        session, product, one_price("1.5"), regime=Regime.TRIAL, guidance="指导意见", effective_from=last_day
    )
    with pytest.raises(checks.TrialOver):
        make.make_tariff(
            session, make.make_capped_product(session), one_price("0.1"), regime=Regime.TRIAL, guidance="指导意见"
        )


def test_a_merchant_prices_by_value_and_never_as_guided(session):
    merchant = base.make_party(session, Capacity.DATA_MERCHANT, place="futian")
    product = make.make_product(session, place="futian", merchant=merchant)
    with pytest.raises(checks.RegimeNotAllowed):
        make.make_tariff(session, product, one_price("1"))
    tariff = make.make_tariff(session, product, one_price("9999"), regime=Regime.MARKET_VALUE_BASED)
    assert tariff.cap_id is None
    assert "数据应用价值" in str(queries.explain(session, tariff))


def test_a_free_product_has_no_price_at_all(session):
    product = make.make_product(session)
    with pytest.raises(NotFreeOfCharge):
        make.make_tariff(session, product, one_price("0.01"), regime=Regime.FREE_PUBLIC_INTEREST)
    tariff = make.make_tariff(session, product, one_price("0"), regime=Regime.FREE_PUBLIC_INTEREST)
    assert tariff.unit_price_max == UnitPrice(0)


def test_a_model_that_makes_no_sense_is_refused_with_every_wrong_field(session):
    product = make.make_capped_product(session)
    with pytest.raises(Unreadable) as refused:
        make.make_tariff(session, product, {"model": "per_unit", "unit_price": 0.5, "surcharge": "1"})
    assert {error["pointer"] for error in refused.value.errors} == {"/unit_price", "/surcharge"}


@pytest.mark.both_databases
def test_a_lowered_cap_closes_the_price_until_the_seller_follows(session):
    product = make.make_priced_product(session)
    ceiling = queries.cap_at(session, product.id, ChargeUnit.PER_USE, make.TODAY).ceiling_id
    agreement = agreements.get(session, product.agreement_id)
    newer = make.make_ceiling(session, agreement, now=make.NOW + timedelta(hours=1))
    assert newer.supersedes_id == ceiling
    make.set_caps(session, newer, [make.cap(product, "0.70")], effective_from=TOMORROW)
    gates = [price_gate(session, product, day).open for day in (make.TODAY, TOMORROW)]
    assert gates == [True, False]
    make.make_tariff(session, product, one_price("0.70"), effective_from=TOMORROW)
    assert price_gate(session, product, TOMORROW).open


def test_a_price_is_published_before_it_is_charged(session):
    product = make.make_capped_product(session)
    with pytest.raises(checks.TariffUnusable):
        make.make_tariff(session, product, effective_from=make.TODAY - timedelta(days=1))
