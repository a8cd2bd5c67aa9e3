"""What follows from the moves of a scenario, by worked example and by property."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import Period
from kernel.money import Money, UnitPrice
from pricing.ceilings.rules import RateAboveCap
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.rules import TariffModel, rate
from settlement.scenarios.rules import (
    KIND_TITLES,
    NEEDED,
    Move,
    MoveKind,
    MoveUnusable,
    Scenario,
    moved_cap,
    moved_model,
    moved_permitted,
    moved_schedule,
    must_be_whole,
    scaled,
    volume_factor,
    whole,
)
from settlement.splits.rules import Schedule

BANDS = TariffModel.from_dict(
    {"model": "graduated", "minimum_spend": "10.00",
     "tiers": [{"up_to": "1000", "unit_price": "1", "flat_fee": "2"}, {"up_to": None, "unit_price": "0.5"}]}
)  # fmt: skip
INPUTS: dict[str, Any] = {  # PRC-02 of the policy: 8 257 824.00
    "gross_cost": "8000000.00", "subsidy": "800000.00", "profit_rate": "0.082", "bond_yield": "0.022",
    "spread_max": "0.06", "tax_lines": [{"amount": "467424.00"}], "clawback": "0.00",
}  # fmt: skip
STEPS = [
    {"kind": "rate", "party": "operator", "value": "0.6", "base": "net_of_tax"},
    {"kind": "fixed", "party": "platform", "value": "5.00"},
    {"kind": "rest", "party": "bureau"},
]
factors = st.decimals("0.001", "100", places=3)
quantities = st.integers(0, 10**6)


def test_every_kind_of_move_has_a_title_and_says_what_it_needs() -> None:
    assert set(NEEDED) == set(KIND_TITLES) == set(MoveKind)
    for kind in MoveKind:
        with pytest.raises(MoveUnusable, match=KIND_TITLES[kind]):
            must_be_whole([Move(kind)])
    must_be_whole([Move(MoveKind.VAT, rate=Decimal(0)), Move(MoveKind.PRICE, factor=Decimal(0))])


def test_a_factor_moves_every_price_of_a_tariff() -> None:
    moved = scaled(BANDS, Fraction(11, 10))
    assert [(tier.unit_price.text(), tier.flat_fee.text()) for tier in moved.tiers] == [("1.1", "2.2"), ("0.55", "0")]
    assert moved.minimum_spend == Money.yuan("11.00")
    assert scaled(BANDS, Fraction(1)) is BANDS


@given(factors, quantities)
def test_there_and_back_is_where_one_began(factor: Decimal, quantity: int) -> None:
    there, back = Move(MoveKind.PRICE, factor=factor), Move(MoveKind.PRICE, factor=Decimal(1))
    assert rate(moved_model([there, back], BANDS), Fraction(quantity)) == rate(
        moved_model([there], BANDS), Fraction(quantity)
    )
    moves = [Move(MoveKind.VOLUME, factor=Decimal(4)), Move(MoveKind.VOLUME, factor=Decimal("0.25"))]
    assert volume_factor(moves, "P-1") == 1


def test_another_tariff_forgets_the_factors_before_it() -> None:
    flat = TariffModel.from_dict({"model": "flat", "flat_fee": "9"})
    moves = [
        Move(MoveKind.PRICE, factor=Decimal(3)), Move(MoveKind.TARIFF, product="P-1", model=flat),
        Move(MoveKind.PRICE, factor=Decimal(2)),
    ]  # fmt: skip
    assert moved_model(moves, BANDS).flat_fee == UnitPrice.yuan("18")


@given(st.lists(st.fractions(0, 10**6), min_size=2, max_size=5).map(sorted))
def test_rounded_counts_never_fall_while_use_grows(counted: list[Fraction]) -> None:
    rounded = [whole(number) for number in counted]
    assert rounded == sorted(rounded)
    assert all(abs(Fraction(units) - number) <= Fraction(1, 2) for units, number in zip(rounded, counted, strict=True))


def test_a_move_counts_for_its_product_kind_and_days_alone() -> None:
    move = Move(MoveKind.PRICE, product="P-1", from_date=date(2026, 8, 1), subject_kind="enterprise")
    assert move.counts_for("P-1", date(2026, 8, 1), "enterprise")
    assert not move.counts_for("P-2", date(2026, 8, 1), "enterprise")
    assert not move.counts_for("P-1", date(2026, 7, 31), "enterprise")
    assert not move.counts_for("P-1", date(2026, 8, 1), None)
    assert Move(MoveKind.PRICE).counts_for("P-2", date(2000, 1, 1), None)


def test_the_last_cap_for_the_unit_counts() -> None:
    low, high = UnitPrice.yuan("0.1"), UnitPrice.yuan("0.9")
    moves = [
        Move(MoveKind.CAP, product="P-1", cap=low),
        Move(MoveKind.CAP, product="P-1", cap=high, charge_unit=ChargeUnit.PER_ITEM),
    ]
    assert moved_cap(moves, ChargeUnit.PER_USE, None) == low
    assert moved_cap(moves, ChargeUnit.PER_ITEM, None) == high
    assert moved_cap([], ChargeUnit.PER_USE, None) is None


def test_permitted_revenue_follows_costs_margin_and_tax_of_its_own_agreement() -> None:
    def permitted(*moves: Move) -> str:
        return moved_permitted(moves, "A-1", INPUTS).total.text()

    more = Move(MoveKind.COST, agreement="A-1", amount=Money.yuan("1000000.00"))
    assert permitted() == "8257824.00"
    assert permitted(more) == "9339824.00"
    assert permitted(replace(more, agreement="A-2")) == "8257824.00"
    assert permitted(more, replace(more, kind=MoveKind.DISALLOW)) == "8257824.00"
    assert permitted(Move(MoveKind.MARGIN, agreement="A-1", rate=Decimal("0.05"))) == "8185824.00"
    assert permitted(Move(MoveKind.TAX, agreement="A-1", amount=Money.yuan("0.00"))) == "7790400.00"
    with pytest.raises(RateAboveCap):
        permitted(Move(MoveKind.MARGIN, agreement="A-1", rate=Decimal("0.061")))


def test_a_step_of_the_agreements_schedule_is_moved_and_the_whole_checked() -> None:
    schedule = Schedule.from_list(STEPS)
    share = Move(MoveKind.SHARE, agreement="A-1", step=1, value="0.55")
    amount = Move(MoveKind.SHARE, agreement="A-1", schedule="S-1", step=2, value="7.00")
    moved = moved_schedule([share, amount], "A-1", "S-1", schedule)
    assert (moved.steps[0].portion, moved.steps[1].amount) == (Fraction(11, 20), Money.yuan("7.00"))
    assert moved_schedule([amount], "A-1", "S-2", schedule) is schedule
    assert moved_schedule([share], "A-2", "S-1", schedule) is schedule
    for wrong, words in (("1.1", "不能超过 1"), ("7.001", "7.001")):
        with pytest.raises(MoveUnusable, match=words):
            moved_schedule([replace(share, step=1 if wrong == "1.1" else 2, value=wrong)], "A-1", "S-1", schedule)


def test_a_scenario_spans_its_months() -> None:
    scenario = Scenario("xinchang", Period.month("2026-01"), Period.month("2026-12"))
    assert scenario.span == Period.year(2026)
