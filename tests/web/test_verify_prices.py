"""The independent checker on prices (B1–B4): every breach that it knows is planted, found, and called by its name."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.rating.rules import ModelKind, TariffModel, rate
from pricing.tariffs.rules import dearest_unit
from tests.rig.books import Row, damaged, findings_of, told_books
from web.checker.arithmetic import cost, fen, telling_quantities
from web.checker.prices import PRICE_CHECKS

FREE = "purpose IN ('public_welfare', 'public_governance')"
PAID = "(SELECT id FROM market_order WHERE reason = 'tariff' AND tariff_id IS NOT NULL LIMIT 1)"
GUIDED = "(SELECT tariff_id FROM market_order o JOIN pricing_tariff t ON t.id = o.tariff_id AND t.cap_id IS NOT NULL)"
# the model with every price of one tariff a hundred times as high: stored where the rules would never have stored it
DEARER = """replace(replace(CAST(model AS TEXT), '"unit_price":"', '"unit_price":"9'), '"price":"', '"price":"9')"""
SAME = ("product_id", "tariff_id", "placed_at")

BREACHES: dict[str, str | Row | Sequence[str | Row]] = {
    "B1 公益用途的报价高于零": f"UPDATE market_quote SET amount = 100 WHERE {FREE}",
    "B1 公益用途的订单有应收款": Row("market_payment", {
        "order_id": f"(SELECT id FROM market_order WHERE {FREE} LIMIT 1)",
    }),
    "PRC-03 上限没有分别报告价格、数据两个部门": """UPDATE pricing_fee_cap SET reported_to = '["data_authority"]'""",
    "PRC-03 最高准许收入不出自另一人确认的拟定": "UPDATE pricing_proposal_decision SET decided_by = proposed_by",
    "PRC-03 上限不出自已书面报告的上限方案": "UPDATE pricing_cap_plan SET state = 'dropped'",
    "B4 订单金额与按所记依据复算的不符": f"UPDATE market_order SET quantity = quantity + 1000 WHERE id = {PAID}",
    "B4 报价所记收费标准与公布的不符": f"UPDATE pricing_tariff SET model = {DEARER}",
    "B4 报价依据与存档摘要不符": "UPDATE market_quote SET inputs = replace(inputs, '\"day\":\"2026', '\"day\":\"2025')",
    "B4 报价说明的金额不是报价金额": "UPDATE market_quote SET amount = amount + 1 WHERE amount > 0",
    "B2 订单单价高于下单时的上限": f"UPDATE pricing_fee_cap SET amount = 1, set_at = '2026-01-01' "
    f"WHERE id IN (SELECT cap_id FROM pricing_tariff WHERE id IN {GUIDED})",
    "PRC-05 收费标准的实际单价高于所记最高单价": f"UPDATE pricing_tariff SET model = {DEARER}",
    "B2 收费标准公布时高于上限": "UPDATE pricing_fee_cap SET amount = 1",
    "PRC-02 最高准许收入与所记依据复算的不符": (
        "UPDATE pricing_ceiling SET operating_cost = operating_cost + 1, permitted_profit = permitted_profit - 1"
    ),
    "PRC-04 上限按预测量合计超过最高准许收入": "UPDATE pricing_fee_cap SET forecast_volume = forecast_volume * 1000",
    "SEP-03 同一产品、收费标准、类别、数量和日期的金额不同": (
        "UPDATE market_order SET subject_kind = NULL, quantity = 1, "
        + ", ".join(f"{name} = (SELECT {name} FROM market_order WHERE id = {PAID})" for name in SAME)
        + " WHERE reason = 'tariff'"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def books() -> Path:
    """The books of three places after the whole story."""
    return told_books()


@pytest.mark.parametrize("breach", BREACHES)
def test_each_planted_breach_of_prices_is_found_and_named(books: Path, tmp_path: Path, breach: str) -> None:
    found = findings_of(damaged(books, tmp_path, BREACHES[breach]))
    assert any(finding.startswith(f"{breach}：") for finding in found), found


def test_every_query_on_prices_has_a_breach_of_its_own() -> None:
    assert {f"{check.code} {check.words}" for check in PRICE_CHECKS} <= set(BREACHES)


PRICES = st.integers(0, 10**6).map(lambda units: f"{units // 1000}.{units % 1000:03d}")
MONEY = st.integers(1, 10**5).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
SIZES = st.integers(1, 60)
FACTORS = st.sampled_from(["0.5", "0.9", "1", "1.25"])


def bands(**row: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, str | None]]]:
    """Rows with rising bounds, the last one open."""
    bounds = st.lists(st.integers(1, 90), max_size=3, unique=True).map(lambda ends: [*map(str, sorted(ends)), None])
    return bounds.flatmap(lambda ends: st.tuples(*(st.fixed_dictionaries({"up_to": st.just(end), **row})
                                                   for end in ends))).map(list)  # fmt: skip


FIELDS: dict[ModelKind, dict[str, st.SearchStrategy[object]]] = {
    ModelKind.PER_UNIT: {"unit_price": PRICES, "free_units": SIZES.map(str)},
    ModelKind.GRADUATED: {"tiers": bands(unit_price=PRICES, flat_fee=PRICES)},
    ModelKind.VOLUME: {"tiers": bands(unit_price=PRICES, flat_fee=PRICES), "free_units": SIZES.map(str)},
    ModelKind.PACKAGE: {"package_size": SIZES.map(str), "package_price": PRICES},
    ModelKind.GRADUATED_PERCENTAGE: {"tiers": bands(unit_price=PRICES)},
    ModelKind.FLAT: {"flat_fee": PRICES},
    ModelKind.INCLUDED_OVERAGE: {
        "flat_fee": PRICES, "included": SIZES.map(str), "unit_price": PRICES, "package_size": SIZES.map(str),
    },
    ModelKind.PACKAGE_TABLE: {
        "packs": st.lists(st.tuples(SIZES, MONEY), min_size=1, max_size=4, unique_by=lambda pack: pack[0]).map(
            lambda packs: [{"quantity": str(size), "price": price} for size, price in sorted(packs)]
        )
    },
    ModelKind.VOLUME_COEFFICIENT: {"unit_price": PRICES, "bands": bands(coefficient=FACTORS)},
}  # fmt: skip
SPENDS = {"minimum_spend": st.just("20.00"), "maximum_spend": st.just("900.00"),
          "coefficients": st.just({"contribution": {"A": "0.8", "B": "1.1"}})}  # fmt: skip
MODELS = st.one_of(
    st.fixed_dictionaries({"model": st.just(str(kind)), **fields}, optional=SPENDS) for kind, fields in FIELDS.items()
)


def test_the_checker_knows_every_way_of_charging() -> None:
    assert set(FIELDS) == set(ModelKind)


@settings(max_examples=150)
@given(payload=MODELS, quantity=st.integers(0, 200), grade=st.sampled_from([None, "A", "B"]))
def test_both_arithmetics_give_the_same_amount_for_every_way_of_charging(payload, quantity, grade) -> None:
    model = TariffModel.from_dict(payload)
    rated = rate(model, Fraction(quantity), grade=grade)
    found = cost(model.to_dict(), Fraction(quantity), grade)
    assert (found, fen(found)) == (rated.exact, rated.amount.fen)


@settings(max_examples=60)
@given(payload=MODELS)
def test_no_telling_quantity_costs_more_per_unit_than_the_highest_unit_price(payload) -> None:
    model = TariffModel.from_dict(payload)
    written = model.to_dict()
    highest = max(cost(written, Fraction(quantity)) / quantity for quantity in telling_quantities(written))
    assert highest <= dearest_unit(model).exact_yuan()
