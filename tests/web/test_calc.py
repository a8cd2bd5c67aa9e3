"""The calculators answer as the interface says and refuse by field."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import CalendarGap, WorkingCalendar
from kernel.errors import DomainError
from kernel.policy import PolicyBook, PolicyGap
from kernel.reading import Unreadable
from tests.cases import cases, name_of
from tests.kernel.test_reading import json_values
from web.calc import UnknownCalculator, calculate, names

BANDS = [
    {"up_to": "10", "unit_price": "0"},
    {"up_to": "1000", "unit_price": "0.20", "flat_fee": "0"},
    {"up_to": "10000", "unit_price": "0.16"},
    {"up_to": None, "unit_price": "0.12"},
]
PERMITTED = {
    "gross_operating_cost": "8000000.00",
    "government_subsidy": "800000.00",
    "bond_yield": "0.022",
    "margin": "0.06",
    "tax": "467424.00",
    "place": "quzhou",
    "on": "2026-01-01",
}
GLOVES = {"1": "0", "2": "0", "3": "0", "1,2": "0", "1,3": "1", "2,3": "1", "1,2,3": "1"}
SCHEDULE = [
    {"kind": "rate", "party": "operator", "value": "0.6", "cap": None},
    {"kind": "pool", "weights": {"bureau": "0.54875", "hospital": "0.45125"}, "value": "0.3"},
    {"kind": "rest", "party": "platform", "value": None},
]
GOOD = {
    "rate": {"model": "graduated", "tiers": BANDS, "quantity": "1560", "previously_used": "60"},
    "permitted-revenue": PERMITTED,
    "deviation": {
        "max_permitted_revenue": "8257824.00",
        "actual_revenue": "9083606.41",
        "place": "quzhou",
        "on": "2026-01-01",
    },
    "over-recovery": {"years": [{"max_permitted_revenue": "24.00", "actual_revenue": "25.01"}], "spread_cycles": 2},
    "split": {"amount": "10.00", "weights": {"a": "70", "b": "30"}},
    "waterfall": {"amount": "1000.00", "steps": SCHEDULE, "as_of": "2026-10-31"},
    "refund": {"held": {"a": "34.00", "b": "33.00"}, "refund": "10.00"},
    "contribution": {
        "coefficients": {"usage": "0.5", "quality": "0.3", "input": "0.2"},
        "parties": {
            "a": {"usage": "60", "quality": "0.9", "input": "4"},
            "b": {"usage": "40", "quality": "0.7", "input": "6"},
        },
    },
    "shapley": {"players": ["1", "2", "3"], "values": GLOVES, "kind": "value"},
    "deadline": {"start": "2026-07-01", "working_days": 20},
    "operating-cost": {
        "lines": [
            {"text": "平台", "amount": "10000000.00", "key": "calls"},
            {"text": "人力", "amount": "300000.00", "industry_share": "1", "disallowed": "50000.00"},
        ],
        "keys": {"calls": {"industry_units": "4000", "public_units": "1000"}},
        "subsidy": "800000.00",
    },
    "caps-fit": {
        "caps": [{"cap": "0.80", "volume": "5000000"}, {"cap": "300", "volume": "10000"}],
        "max_permitted_revenue": "8257824.00",
    },
    "rate-period": {
        "from": "2026-05-01",
        "until": "2026-05-31",
        "prices": [
            {"from": "2026-01-01", "tariff": {"model": "per_unit", "unit_price": "1"}},
            {"from": "2026-05-10", "tariff": {"model": "per_unit", "unit_price": "2"}},
        ],
        "usage": [{"date": "2026-05-09", "quantity": "10"}, {"date": "2026-05-10", "quantity": "10"}],
        "counting": "carry",
    },
    "effective-price": {"model": "per_unit", "unit_price": "0.50", "set_up_fee": "0.30", "cap": "0.80"},
    "package-arbitrage": {"packs": [{"quantity": "20", "price": "4.20"}, {"quantity": "100", "price": "30.00"}]},
    "dedup": {"events": [{"subject": "a", "date": "2026-05-01"}], "window_days": 30},
    "vat": {"amount": "106.00", "rate": "0.06"},
    "price-text": {"text": "0.5元/次"},
    "public-interest": {"purpose": "public_welfare", "place": "quzhou", "on": "2026-01-01"},
}


@pytest.fixture(scope="module")
def book():
    """The book of rules of this project."""
    return PolicyBook.load(Path(__file__).parents[2] / "policies")


def pointers(refusal):
    return [error["pointer"] for error in refusal.value.errors]


def test_every_calculator_of_the_interface_is_there():
    assert set(names()) == set(GOOD)


def test_the_manual_describes_every_calculator():
    manual = (Path(__file__).parents[2] / "docs" / "calculators.md").read_text(encoding="utf-8")
    described = {row.split("|")[1].strip(" `") for row in manual.splitlines() if row.startswith("| `")}
    assert set(names()) <= described


def test_a_rate_shows_amount_exact_increment_and_lines():
    assert calculate("rate", GOOD["rate"]) == {
        "amount": "287.60",
        "exact": "287.6",
        "increment": "287.20",
        "lines": [
            {"band": 1, "quantity": "10", "unit_price": "0", "flat_fee": "0", "exact": "0"},
            {"band": 2, "quantity": "990", "unit_price": "0.2", "flat_fee": "0", "exact": "198"},
            {"band": 3, "quantity": "560", "unit_price": "0.16", "flat_fee": "0", "exact": "89.6"},
        ],
    }


def test_a_rate_without_earlier_use_has_no_increment_and_exact_is_not_rounded():
    found = calculate("rate", {"model": "per_unit", "unit_price": "0.00000001", "quantity": "0.000000000001"})
    assert found["increment"] is None
    assert found["amount"] == "0.00"
    assert Fraction(found["exact"]) == Fraction(1, 10**20)


def test_a_spend_limit_is_shown_as_an_adjustment():
    found = calculate("rate", {"model": "per_unit", "unit_price": "1", "quantity": "2", "minimum_spend": "5"})
    assert found["amount"] == "5.00"
    assert found["lines"][-1] == {
        "band": None,
        "quantity": "0",
        "unit_price": "0",
        "flat_fee": "3",
        "exact": "3",
        "adjustment": "minimum_spend",
    }


@pytest.mark.parametrize("case", cases("tiered_pricing"), ids=name_of)
def test_published_tariffs_come_out_through_the_calculator(case):
    found = calculate("rate", {**case["tariff"], "quantity": case["quantity"]})
    assert Fraction(found["exact"]) == Fraction(case["amount"])


def test_permitted_revenue_cites_the_notice(book):
    assert calculate("permitted-revenue", PERMITTED, book=book) == {
        "operating_cost": "7200000.00",
        "profit_rate": "0.082",
        "permitted_profit": "590400.00",
        "tax": "467424.00",
        "clawback": "0.00",
        "max_permitted_revenue": "8257824.00",
        "sources": [{"rule": "PRC-02", "document": "发改价格〔2025〕65号", "article": "三（一）"}],
    }


def test_a_profit_rate_may_be_given_and_a_clawback_is_deducted(book):
    without_margin = {key: value for key, value in PERMITTED.items() if key != "margin"}
    found = calculate("permitted-revenue", {**without_margin, "profit_rate": "0.05", "clawback": "7.00"}, book=book)
    assert (found["permitted_profit"], found["max_permitted_revenue"]) == ("360000.00", "8027417.00")
    emptied = calculate("permitted-revenue", {**PERMITTED, "clawback": "9000000.00"}, book=book)
    assert (emptied["max_permitted_revenue"], emptied["clawback_left"]) == ("0.00", "742176.00")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"margin": "0.0601"}, "pricing.rate_above_cap"),
        ({"profit_rate": "0.09"}, "input.unreadable"),
        ({"margin": None}, "input.unreadable"),
        ({"on": "2025-02-28"}, "policy.gap"),
        ({"place": "atlantis"}, "policy.no_such_place"),
    ],
)
def test_a_determination_against_the_rules_is_refused(book, changed, code):
    with pytest.raises(DomainError) as refusal:
        calculate("permitted-revenue", {**PERMITTED, **changed}, book=book)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ("9083606.40", ("0.1000", "over", "adjust_prices")),
        ("9083606.41", ("0.1000", "over", "adjust_caps")),
        ("7000000.00", ("0.1523", "under", "adjust_caps")),
        ("8257824.00", ("0.0000", "none", "none")),
    ],
)
def test_a_deviation_has_size_direction_and_action(book, actual, expected):
    found = calculate("deviation", {**GOOD["deviation"], "actual_revenue": actual}, book=book)
    assert (found["deviation"], found["direction"], found["action"]) == expected


def test_before_the_notice_there_is_no_threshold(book):
    with pytest.raises(PolicyGap):
        calculate("deviation", {**GOOD["deviation"], "on": "2024-12-31"}, book=book)


def test_calculators_that_cite_need_the_book():
    with pytest.raises(TypeError, match="book"):
        calculate("deviation", GOOD["deviation"])


def test_an_excess_is_spread_over_cycles():
    assert calculate("over-recovery", GOOD["over-recovery"]) == {"excess": "1.01", "deductions": ["0.51", "0.50"]}


def test_splits_and_refunds_are_shown_by_party():
    assert calculate("split", GOOD["split"]) == {"shares": {"a": "7.00", "b": "3.00"}}
    assert calculate("refund", GOOD["refund"]) == {"shares": {"a": "5.07", "b": "4.93"}}


def test_a_waterfall_shows_shares_and_steps():
    found = calculate("waterfall", GOOD["waterfall"])
    assert found["shares"] == {"bureau": "164.63", "hospital": "135.37", "operator": "600.00", "platform": "100.00"}
    assert found["steps"][0] == {"step": 1, "in": "1000.00", "out": {"operator": "600.00"}, "left": "400.00"}
    assert found["steps"][-1]["left"] == "0.00"


def test_a_waterfall_may_start_below_what_was_paid():
    found = calculate("waterfall", {**GOOD["waterfall"], "refunds": "100.00", "tax": "50.94"})
    assert sum(Fraction(share) for share in found["shares"].values()) == Fraction("849.06")


def test_contribution_weights_are_shown_to_twelve_digits():
    assert calculate("contribution", GOOD["contribution"]) == {"weights": {"a": "0.54875", "b": "0.45125"}}


def test_shapley_values_are_shown_as_fractions_and_decimals():
    found = calculate("shapley", GOOD["shapley"])
    assert found["shares"] == {"1": "1/6", "2": "1/6", "3": "2/3"}
    assert found["decimal"] == {"1": "0.166666666667", "2": "0.166666666667", "3": "0.666666666667"}


@pytest.mark.parametrize("case", cases("shapley"), ids=name_of)
def test_coalitions_may_be_called_by_the_positions_of_their_players(case):
    found = calculate("shapley", {"players": case["players"], "values": case["v"], "kind": case["kind"]})
    assert list(found["shares"].values()) == case["shapley"]


def test_the_order_inside_a_coalition_does_not_matter_and_none_comes_twice():
    turned = {"3,1": "1", **{key: value for key, value in GLOVES.items() if key != "1,3"}}
    assert calculate("shapley", {**GOOD["shapley"], "values": turned}) == calculate("shapley", GOOD["shapley"])
    with pytest.raises(Unreadable):
        calculate("shapley", {**GOOD["shapley"], "values": {**GLOVES, "3,1": "1"}})


@pytest.mark.parametrize("player", ["a,b", " a"])
def test_a_player_has_a_name_that_can_stand_in_a_coalition(player):
    with pytest.raises(Unreadable) as refusal:
        calculate("shapley", {"players": [player], "values": {"a": "1"}})
    assert "/players" in pointers(refusal)


def test_a_deadline_says_which_days_it_skipped():
    found = calculate("deadline", GOOD["deadline"])
    assert found["due"] == "2026-07-29"
    assert len(found["skipped"]) == 8
    assert found["skipped"][0] == {"date": "2026-07-04", "why": "周六"}
    assert calculate("deadline", {"start": "2026-07-01", "months": 3}) == {"due": "2026-10-01", "skipped": []}


def test_a_deadline_outside_the_holiday_tables_says_so_until_there_is_one():
    year = WorkingCalendar().first_year_without_table(date(2026, 11, 22))
    payload = {"start": f"{year}-01-01", "working_days": 1}
    with pytest.raises(CalendarGap):
        calculate("deadline", payload)
    table = {date(year, 1, 2): False}
    found = calculate("deadline", payload, calendar=WorkingCalendar({year: table}))
    assert {"date": f"{year}-01-02", "why": found["skipped"][0]["why"]} == found["skipped"][0]


@pytest.mark.parametrize("payload", [{"start": "2026-07-01"}, {"start": "2026-07-01", "months": 1, "working_days": 1}])
def test_a_deadline_is_counted_in_working_days_or_months(payload):
    with pytest.raises(Unreadable):
        calculate("deadline", payload)


@pytest.mark.parametrize("start", ["9999-12-31", "2026-02-30", "01.07.2026"])
def test_a_deadline_starts_on_a_day_that_can_be_reached(start):
    with pytest.raises(Unreadable) as refusal:
        calculate("deadline", {"start": start, "months": 1})
    assert pointers(refusal) == ["/start"]


def test_there_is_no_other_calculator():
    with pytest.raises(UnknownCalculator) as refusal:
        calculate("mortgage", {})
    assert refusal.value.status == 404


@pytest.mark.parametrize("name", GOOD)
def test_an_unknown_key_is_refused_by_every_calculator(book, name):
    with pytest.raises(Unreadable) as refusal:
        calculate(name, {**GOOD[name], "rabatt": "1"}, book=book)
    assert pointers(refusal) == ["/rabatt"]


TEXTS = [(name, key) for name, payload in GOOD.items() for key, value in payload.items() if isinstance(value, str)]


@pytest.mark.parametrize(("name", "key"), TEXTS)
def test_a_json_number_is_refused_wherever_text_is_due(book, name, key):
    for number in (1, 0.1, True):
        with pytest.raises(Unreadable) as refusal:
            calculate(name, {**GOOD[name], key: number}, book=book)
        assert f"/{key}" in pointers(refusal)


KEYS = st.sampled_from(sorted({key for payload in GOOD.values() for key in payload}))


def answer_or_refusal(name, payload, book):
    try:
        return calculate(name, payload, book=book)
    except DomainError as refusal:
        return refusal


@given(st.sampled_from(list(GOOD)), st.dictionaries(KEYS, json_values, min_size=1), st.booleans())
def test_no_input_makes_a_calculator_stumble(book, name, noise, keep):
    found = answer_or_refusal(name, {**GOOD[name], **noise} if keep else noise, book)
    if isinstance(found, DomainError):
        assert 400 <= found.status < 500
        found.detail.encode()
    else:
        assert keep
