"""What a quantity costs whom for which purpose, and why."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kernel.money import ZERO, Money, UnitPrice, round_half_up
from pricing.classes import commands as classes
from pricing.costs.rules import ChargeUnit
from pricing.exemptions import commands as exemptions
from pricing.exemptions.rules import Purpose
from pricing.price_gates.queries import has_price, price_gate
from pricing.tariffs import queries
from pricing.tariffs.queries import Priced
from pricing.tariffs.rules import PriceReason, Regime
from registry.agreements import queries as agreements
from registry.products.model import Product
from registry.resources.rules import AccessKind
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.pricing.tariffs.test_commands import PROGRESSIVE, TOMORROW, one_price

FREE_PURPOSES = (Purpose.PUBLIC_GOVERNANCE, Purpose.PUBLIC_WELFARE)
CHARGED_PURPOSES = (Purpose.INDUSTRY_DEVELOPMENT, Purpose.SECTOR_DEVELOPMENT)


def priced(session: Session, product: Product, buyer_id, quantity, **changed) -> Priced:
    terms = {"purpose": Purpose.INDUSTRY_DEVELOPMENT, "on": make.TODAY, "book": base.book(), **changed}
    return queries.price(session, product, buyer_id=buyer_id, quantity=quantity, **terms)


@pytest.mark.both_databases
def test_the_bands_of_prc_05_cost_4_700(session):
    product = make.make_capped_product(session, "1.0")
    bands = [("1000", "1.0"), ("5000", "0.8"), (None, "0.5")]
    model = {"model": "graduated", "tiers": [{"up_to": bound, "unit_price": price} for bound, price in bands]}
    make.make_tariff(session, product, model)
    found = priced(session, product, make.make_buyer(session).id, 6000)
    assert (found.amount, found.shadow_amount) == (Money.yuan("4700.00"), Money.yuan("4700.00"))
    assert found.reason is PriceReason.TARIFF


@pytest.mark.both_databases
def test_the_flood_warning_of_pub_03_pays_nothing_and_its_list_price_is_kept(session):
    product = make.make_priced_product(session)
    bureau = make.make_buyer(session)
    made = make.make_exemption(session, product, bureau)
    found = priced(session, product, bureau.id, 120_000, purpose=Purpose.PUBLIC_WELFARE)
    assert (found.amount, found.shadow_amount) == (ZERO, Money.yuan("96000.00"))
    assert (found.reason, found.exemption) == (PriceReason.PUBLIC_INTEREST, made)
    charged = priced(session, product, bureau.id, 120_000, purpose=Purpose.SECTOR_DEVELOPMENT)
    assert charged.amount == Money.yuan("96000.00")


def test_public_interest_use_without_an_exemption_is_neither_charged_nor_free(session):
    product = make.make_priced_product(session)
    bureau, other = make.make_buyer(session), make.make_buyer(session)
    make.make_exemption(session, product, other)
    make.make_exemption(session, product, bureau, approved=False)
    make.make_exemption(session, product, bureau, purpose=Purpose.PUBLIC_GOVERNANCE)
    with pytest.raises(queries.ExemptionRequired) as refused:
        priced(session, product, bureau.id, 1, purpose=Purpose.PUBLIC_WELFARE)
    assert refused.value.rule == "PUB-02"
    assert "免费使用" in refused.value.detail


def test_an_exemption_is_bound_to_its_term_its_quota_and_to_not_being_revoked(session):
    product = make.make_priced_product(session)
    bureau = make.make_buyer(session)
    made = make.make_exemption(session, product, bureau, quota=100, valid_until=TOMORROW)
    free = {"purpose": Purpose.PUBLIC_WELFARE}
    assert priced(session, product, bureau.id, 100, on=TOMORROW, **free).amount == ZERO
    assert priced(session, product, bureau.id, 40, ordered_free=60, **free).amount == ZERO
    for beyond in ({"on": TOMORROW + timedelta(days=1)}, {"ordered_free": 61}):
        with pytest.raises(queries.ExemptionRequired):
            priced(session, product, bureau.id, 40, **{**free, **beyond})
    exemptions.revoke(session, base.supervisor(), made.id, reason="用途改变", now=make.NOW)
    session.flush()
    with pytest.raises(queries.ExemptionRequired):
        priced(session, product, bureau.id, 1, **free)


@pytest.mark.both_databases
def test_the_department_that_provided_its_data_free_reuses_the_product_free_where_the_place_says_so(session):
    giver, vendor = base.make_department(session), base.make_department(session)
    resources = [base.make_resource(session, giver), base.make_resource(session, vendor, access=AccessKind.PAID)]
    product = make.make_product(session, resources=resources)
    make.set_caps(
        session,
        make.make_ceiling(session, agreements.get(session, product.agreement_id)),
        [make.cap(product, "0.80")],
    )
    make.make_tariff(session, product)
    found = priced(session, product, giver.id, 1000)
    assert (found.amount, found.shadow_amount) == (ZERO, Money.yuan("800.00"))
    assert found.reason is PriceReason.SOURCE_REUSE
    assert priced(session, product, vendor.id, 1000).amount == Money.yuan("800.00")
    assert priced(session, product, giver.id, 10, purpose=Purpose.PUBLIC_WELFARE).reason is PriceReason.SOURCE_REUSE


def test_reuse_is_not_free_where_no_text_says_so(session):
    giver = base.make_department(session, place="quzhou")
    product = make.make_product(session, place="quzhou", resources=[base.make_resource(session, giver, place="quzhou")])
    make.set_caps(
        session,
        make.make_ceiling(session, agreements.get(session, product.agreement_id)),
        [make.cap(product, "0.80")],
    )
    make.make_tariff(session, product)
    assert priced(session, product, giver.id, 1000).amount == Money.yuan("800.00")


def test_without_a_price_nothing_is_charged_and_public_interest_use_is_free_all_the_same(session):
    product = make.make_product(session)
    bureau = make.make_buyer(session)
    with pytest.raises(queries.NoTariff):
        priced(session, product, bureau.id, 1)
    make.make_exemption(session, product, bureau)
    found = priced(session, product, bureau.id, 1, purpose=Purpose.PUBLIC_WELFARE)
    assert (found.amount, found.shadow_amount, found.tariff) == (ZERO, ZERO, None)


def test_a_price_above_the_lowered_cap_is_not_charged(session):
    product = make.make_priced_product(session)
    agreement = agreements.get(session, product.agreement_id)
    newer = make.make_ceiling(session, agreement, now=make.NOW + timedelta(hours=1))
    make.set_caps(session, newer, [make.cap(product, "0.79")], effective_from=TOMORROW)
    with pytest.raises(queries.TariffAboveCap):
        priced(session, product, make.make_buyer(session).id, 1, on=TOMORROW)


def test_the_explanation_leads_from_the_amount_to_the_article(session):
    product = make.make_priced_product(session, PROGRESSIVE)
    tree = priced(session, product, make.make_buyer(session).id, 6000).explanation
    assert json.loads(json.dumps(tree, ensure_ascii=False)) == tree
    found = []

    def walk(node, depth=0):
        found.append((depth, node["label"], node["value"], node.get("source")))
        for inner in node["lines"]:
            walk(inner, depth + 1)

    walk(tree)
    labels = {label: (value, source) for _, label, value, source in found}
    assert tree["value"] == "¥ 3,700.00"
    assert labels["经营成本（产业、行业用途，扣除政府补助）"][0] == "¥ 7,200,000.00"
    assert labels["授权运营相关平台建设和运维成本"][0] == "¥ 8,000,000.00"
    assert labels["准许利润"][0] == "¥ 590,400.00"
    assert labels["加点（最高 6%）"][1]["number"] == "发改价格〔2025〕65号"
    assert labels["加点（最高 6%）"][1]["article"] == "三（一）"
    assert max(depth for depth, *_ in found) >= 5


@pytest.mark.both_databases
def test_the_2025_tariff_of_the_credit_reference_centre_is_expressible(session):
    """发改价格〔2025〕668号: enterprise 9, personal 1 per report; preferential 4.5 and 0.5; 30 days and 1 day."""
    product = make.make_product(session, title="信用报告查询")
    ceiling = make.make_ceiling(session, agreements.get(session, product.agreement_id))
    kinds = {"enterprise": ("9", "4.5", 30), "personal": ("1", "0.5", 1)}
    caps = [make.cap(product, standard, "100000", subject_kind=kind) for kind, (standard, _, _) in kinds.items()]
    make.set_caps(session, ceiling, caps)
    for kind, (standard, preferential, days) in kinds.items():
        make.make_tariff(session, product, one_price(standard), subject_kind=kind, dedup_days=days)
        make.make_tariff(
            session, product, one_price(preferential), subject_kind=kind, dedup_days=days, buyer_class="preferential"
        )
    bank, rural = make.make_buyer(session), make.make_buyer(session)
    classes.admit_to_class(
        session, make.seller_of(session, product), product_id=product.id, buyer_class="preferential",
        party_id=rural.id, rule="村镇银行等优惠机构", since=make.TODAY, now=make.NOW,
    )  # fmt: skip

    def cost(buyer_id, kind, quantity):
        return priced(session, product, buyer_id, quantity, subject_kind=kind).amount.text()

    assert [cost(bank.id, kind, 1) for kind in kinds] == ["9.00", "1.00"]
    assert [cost(rural.id, kind, 1) for kind in kinds] == ["4.50", "0.50"]
    assert cost(rural.id, "enterprise", 100) == "450.00"
    assert cost(rural.id, "personal", 40) == "20.00"
    windows = {kind: queries.tariff_at(session, product.id, make.TODAY, subject_kind=kind).dedup_days for kind in kinds}
    assert windows == {"enterprise": 30, "personal": 1}
    with pytest.raises(queries.NoTariff):
        priced(session, product, bank.id, 1)


def test_the_price_list_names_product_seller_price_and_cap(session):
    product = make.make_priced_product(session)
    other = make.make_priced_product(session, place="puer")
    make.make_tariff(session, product, one_price("0.50"), effective_from=TOMORROW)
    rows = queries.price_list(session, make.TODAY)
    assert [(row.product.code, row.tariff.unit_price_max, row.cap.amount) for row in rows] == [
        (other.code, UnitPrice.yuan("0.80"), UnitPrice.yuan("0.80")),
        (product.code, UnitPrice.yuan("0.80"), UnitPrice.yuan("0.80")),
    ]
    assert all(row.within_cap and row.product.owner.name for row in rows)
    only = queries.price_list(session, TOMORROW, place=base.PLACE)
    assert [row.tariff.unit_price_max for row in only] == [UnitPrice.yuan("0.50")]


@pytest.mark.both_databases
def test_the_condition_in_sql_and_the_gate_agree_about_every_product(session):
    bare = make.make_product(session)
    capped = make.make_capped_product(session)
    on_trial = make.make_product(session)
    make.make_tariff(session, on_trial, one_price("5"), regime=Regime.TRIAL, guidance="指导意见")
    lowered, by_kind = make.make_priced_product(session), make.make_product(session)
    for product, cap in ((lowered, make.cap(lowered, "0.70")), (by_kind, make.cap(by_kind, "9"))):
        ceiling = make.make_ceiling(session, agreements.get(session, product.agreement_id))
        make.set_caps(session, ceiling, [cap], effective_from=TOMORROW)
    ceiling = make.make_ceiling(session, agreements.get(session, by_kind.agreement_id))
    narrow = make.cap(by_kind, "1", subject_kind="personal")
    make.make_tariff(session, by_kind, one_price("9"), subject_kind="personal", effective_from=TOMORROW)
    make.set_caps(session, ceiling, [narrow], effective_from=TOMORROW + timedelta(days=1))
    make.make_tariff(session, capped, effective_from=TOMORROW)
    products = [bare, capped, on_trial, lowered, by_kind]
    expected = {0: [on_trial, lowered], 1: [capped, on_trial, by_kind], 2: [capped, on_trial]}
    for days, open_then in expected.items():
        day = make.TODAY + timedelta(days=days)
        in_sql = set(session.scalars(sa.select(Product.id).where(has_price(day))))
        at_gate = {product.id for product in products if price_gate(session, product, day).open}
        assert in_sql == at_gate == {product.id for product in open_then}


LIMITED = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LIMITED
@given(quantity=st.decimals("0.01", 10**7, places=2), purpose=st.sampled_from(CHARGED_PURPOSES))
def test_no_amount_is_above_the_cap_at_any_quantity(session, sold, quantity, purpose):
    product, buyer_id = sold
    found = priced(session, product, buyer_id, Decimal(quantity), purpose=purpose)
    assert ZERO <= found.amount <= round_half_up(UnitPrice.yuan("0.80").times(quantity))


@LIMITED
@given(quantity=st.decimals("0.01", 10**7, places=2), purpose=st.sampled_from(FREE_PURPOSES))
def test_public_interest_use_costs_exactly_nothing_at_any_quantity(session, sold, quantity, purpose):
    product, buyer_id = sold
    found = priced(session, product, buyer_id, Decimal(quantity), purpose=purpose)
    charged = priced(session, product, buyer_id, Decimal(quantity))
    assert found.amount == ZERO
    assert found.shadow_amount == charged.amount


@pytest.fixture
def sold(session):
    """A product under a cap of 0.80 and a buyer with exemptions for both free purposes."""
    product = make.make_priced_product(session, PROGRESSIVE)
    party = make.make_buyer(session)
    for purpose in FREE_PURPOSES:
        make.make_exemption(session, product, party, purpose=purpose)
    return product, party.id


def test_the_charge_unit_of_the_price_is_the_one_of_its_cap(session):
    product = make.make_priced_product(session)
    tariff = queries.tariff_at(session, product.id, make.TODAY)
    assert queries.cap_of(session, tariff, make.TODAY).charge_unit is tariff.charge_unit is ChargeUnit.PER_USE
