"""Tariffs cost what published tariffs say, to the last digit."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.calendar import Period, add_months
from kernel.money import ZERO, Money, UnitPrice, decimal_text, plain_number, total
from pricing.rating.rules import GradeUnknown, ModelKind, QuantityNegative, TariffModel, exact_price, rate
from tests.cases import cases, facts, name_of

TWO_BANDS = [{"up_to": "10", "unit_price": "2", "flat_fee": "1"}, {"up_to": None, "unit_price": "1"}]

cents = st.integers(0, 10_000).map(lambda fen: Money(fen).text())
prices = st.integers(0, 10**9).map(lambda units: UnitPrice(units).text())
whole = st.integers(1, 1000).map(str)
factors = st.integers(0, 2000).map(lambda thousandths: decimal_text(Fraction(thousandths, 1000)))
grades = st.sampled_from("ABC")
quantities = st.fractions(0, 5000, max_denominator=100)


@st.composite
def bands(draw, most_prices=prices):
    bounds = sorted(draw(st.sets(st.integers(1, 1000), max_size=4)))
    tiers = [{"up_to": str(bound)} for bound in bounds] + [{"up_to": None}]
    return [{**tier, "unit_price": draw(most_prices), "flat_fee": draw(cents)} for tier in tiers]


@st.composite
def coefficient_bands(draw):
    bounds = sorted(draw(st.sets(st.integers(1, 1000), max_size=4)))
    return [{"up_to": bound, "coefficient": draw(factors)} for bound in [*map(str, bounds), None]]


@st.composite
def packs(draw):
    sizes = sorted(draw(st.sets(st.integers(1, 500), min_size=1, max_size=5)))
    return [{"quantity": str(size), "price": draw(cents)} for size in sizes]


@st.composite
def models(draw, kinds=tuple(ModelKind), spends=True):
    kind = draw(st.sampled_from(kinds))
    written = {"model": str(kind)}
    if kind in (ModelKind.GRADUATED, ModelKind.VOLUME, ModelKind.GRADUATED_PERCENTAGE):
        written |= {"tiers": draw(bands()), "free_units": draw(whole)}
    elif kind is ModelKind.PER_UNIT:
        written |= {"unit_price": draw(prices), "free_units": draw(whole)}
    elif kind is ModelKind.PACKAGE:
        written |= {"package_size": draw(whole), "package_price": draw(prices)}
    elif kind is ModelKind.FLAT:
        written |= {"flat_fee": draw(prices)}
    elif kind is ModelKind.PACKAGE_TABLE:
        written |= {"packs": draw(packs())}
    elif kind is ModelKind.VOLUME_COEFFICIENT:
        written |= {"unit_price": draw(prices), "bands": draw(coefficient_bands()), "free_units": draw(whole)}
    else:
        written |= {"flat_fee": draw(cents), "included": draw(whole), "unit_price": draw(prices)}
        written |= draw(st.sampled_from([{}, {"package_size": "10"}]))
    if draw(st.booleans()):
        written |= {"coefficients": {"contribution": draw(st.dictionaries(grades, factors, min_size=1))}}
    if spends and draw(st.booleans()):
        low = draw(st.integers(0, 10_000))
        high = low + draw(st.integers(1, 10**6))
        written |= {"minimum_spend": Money(low).text(), "maximum_spend": Money(high).text()}
        if kind is not ModelKind.PACKAGE_TABLE and draw(st.booleans()):
            written |= {"waived_up_to": Money(draw(st.integers(0, high - 1))).text()}
    return TariffModel.from_dict(written)


MONOTONE = tuple(kind for kind in ModelKind if kind is not ModelKind.VOLUME)


def cost(tariff, quantity, previously_used=None):
    earlier = None if previously_used is None else plain_number(previously_used)
    return rate(TariffModel.from_dict(tariff), plain_number(quantity), earlier)


def printed(case, key):
    return Money(int(Decimal(case[key]) * 100))


@pytest.mark.parametrize("case", cases("tiered_pricing"), ids=name_of)
def test_bands_cost_what_the_source_prints(case):
    rated = cost(case["tariff"], case["quantity"])
    assert rated.exact == Fraction(case["amount"])
    assert rated.amount == printed(case, "amount")
    assert rated.increment is None


def test_a_page_that_forgets_what_was_used_before_is_not_followed():
    case = next(case for case in cases("tiered_pricing") if "printed_by_source" in case)
    assert cost(case["tariff"], case["quantity"]).amount != printed(case, "printed_by_source")


def test_a_later_part_of_a_period_costs_the_difference():
    case = next(case for case in cases("tiered_pricing") if "increment" in case)
    assert cost(case["tariff"], case["added"], case["previously_used"]).increment == printed(case, "increment")


@pytest.mark.parametrize("case", [case for case in cases("packages_and_percentages") if "tariff" in case], ids=name_of)
def test_packages_and_percentages_cost_what_the_source_prints(case):
    rated = cost(case["tariff"], case["quantity"], case.get("previously_used"))
    if "amount" in case:
        assert rated.exact == Fraction(case["amount"])
    if "increment" in case:
        assert rated.increment == printed(case, "increment")
    if "packages" in case:
        assert rated.lines[0].quantity == case["packages"]


def test_a_first_month_is_the_set_up_fee_and_the_monthly_fee():
    case = next(case for case in cases("packages_and_percentages") if "fees" in case)
    fees = [cost({"model": "flat", "flat_fee": fee}, "1").amount for fee in case["fees"]]
    assert total(fees) == printed(case, "amount")


@pytest.mark.parametrize("case", cases("meteorology"), ids=lambda case: case["item"])
def test_one_unit_of_a_government_price_costs_that_price(case):
    for price in (case["price_low"], case["price_high"]):
        assert cost({"model": "per_unit", "unit_price": price}, "1").exact == Fraction(price)


@pytest.mark.parametrize("case", [case for case in cases("credit_center") if "visits" in case], ids=name_of)
def test_two_free_visits_to_the_credit_counter_and_then_the_posted_price(case):
    posted = next(row for row in facts("credit_center")["tariffs"] if row["version"].startswith(case["tariff"]))
    price = "0" if "online" in case["kind"] else posted["counter_third_on"]
    tariff = {"model": "per_unit", "unit_price": price, "free_units": str(posted["free_per_year"])}
    assert cost(tariff, str(case["visits"])).amount == printed(case, "expected_total")


def test_credit_reports_at_the_preferential_price_add_up():
    case = next(case for case in cases("credit_center") if case["id"] == "base-2025-preferential")
    posted = facts("credit_center")["tariffs"][-1]
    parts = [
        cost({"model": "per_unit", "unit_price": posted[f"preferential_{kind}"]}, case[f"{kind}_reports"]).amount
        for kind in ("enterprise", "personal")
    ]
    assert total(parts) == printed(case, "expected_total")


def test_a_pledge_registration_is_charged_by_year_and_event():
    case = next(case for case in cases("credit_center") if case["id"] == "pledge-2025")
    posted = facts("credit_center")["tariffs"][-1]
    counted = [
        ("pledge_registration_per_year", case["registration_years"]),
        ("pledge_change_or_objection", case["changes"] + case["objections"]),
        ("pledge_query", case["queries"]),
    ]
    parts = [cost({"model": "per_unit", "unit_price": posted[item]}, str(count)).amount for item, count in counted]
    assert total(parts) == printed(case, "expected_total")


IDENTITY_BY_ITEMS = {
    "model": "volume",
    "tiers": [
        {"up_to": "5", "unit_price": "0", "flat_fee": "5"},
        {"up_to": None, "unit_price": "0", "flat_fee": "10"},
    ],
}


@pytest.mark.parametrize("case", cases("citizen_id"), ids=name_of)
def test_an_identity_check_costs_what_the_tariff_says(case):
    if "items" in case:
        rated = cost(IDENTITY_BY_ITEMS, str(case["items"]))
    else:
        price = "1" if case["kind"] == "same-name query" else "0"  # no hit and exempt users: free
        rated = cost({"model": "per_unit", "unit_price": price}, str(case["times"]))
    assert rated.amount == printed(case, "expected_fee")


PACER_PAGE = {"model": "per_unit", "unit_price": "0.10"}
FOREIGN = {
    "pacer-search-2p": (PACER_PAGE, "pages"),
    "pacer-pdf-5p": ({**PACER_PAGE, "maximum_spend": "3.00"}, "pages"),
    "pacer-nomatch": (PACER_PAGE, "pages"),
    "pacer-doc-31p": ({**PACER_PAGE, "maximum_spend": "3.00"}, "pages"),
    "pacer-transcript-80p": (PACER_PAGE, "pages"),
    "pacer-audio": ({"model": "per_unit", "unit_price": "2.40"}, "files"),
    "pacer-psc-search": ({"model": "per_unit", "unit_price": "30"}, "names"),
    "kvk-api-1query": (
        {"model": "included_overage", "flat_fee": "5.20", "included": "0", "unit_price": "0.016"},
        "profile_queries",
    ),
    "kvk-functionaries": (
        {"model": "included_overage", "flat_fee": "1000", "included": "0", "unit_price": "0.07"},
        "records",
    ),
    "kvk-mobile-31": ({"model": "per_unit", "unit_price": "2.29", "free_units": "30"}, "views"),
    "kvk-bes-list-10": ({"model": "per_unit", "unit_price": "0.56", "minimum_spend": "8.38"}, "companies"),
    "kvk-bes-list-15": ({"model": "per_unit", "unit_price": "0.56", "minimum_spend": "8.38"}, "companies"),
}


@pytest.mark.parametrize("case", [case for case in cases("foreign_tariffs") if case["id"] in FOREIGN], ids=name_of)
def test_registers_abroad_cost_what_their_tariffs_say(case):
    tariff, counted = FOREIGN[case["id"]]
    assert cost(tariff, str(case[counted])).exact == Fraction(case["expected_fee"])


@pytest.mark.parametrize("case", [case for case in cases("foreign_tariffs") if "quarter_charges" in case], ids=name_of)
def test_a_quarterly_waiver_is_a_cliff_and_not_an_allowance(case):
    pages = Fraction(case["quarter_charges"]) / Fraction(PACER_PAGE["unit_price"])
    rated = cost({**PACER_PAGE, "waived_up_to": "30.00"}, decimal_text(pages))
    assert rated.amount == printed(case, "expected_bill")
    assert (rated.lines[-1].adjustment == "waived") == (rated.amount == ZERO)


def test_a_cancelled_register_subscription_runs_to_the_end_of_the_following_month():
    case = next(case for case in cases("foreign_tariffs") if "expected_end" in case)
    assert (case["cancelled"], case["expected_end"]) == ("Nov 2", "Dec 31")
    assert Period.month_of(add_months(date(2026, 11, 2), 1)).last_day == date(2026, 12, 31)


@pytest.mark.parametrize(
    "tariff",
    [
        {"flat_fee": "295", "included": "250000", "unit_price": "0.00175"},
        {"package_price": "295", "included": "250000", "unit_price": "1.75", "package_size": "1000"},
        {"flat_fee": "295", "included": "250000", "package_price": "1.75", "package_size": "1000"},
    ],
)
def test_an_allowance_with_overage_may_be_written_by_unit_or_by_block(tariff):
    assert cost({"model": "included_overage", **tariff}, "300000").amount == Money.yuan("382.50")


def test_begun_blocks_of_overage_count_whole():
    tariff = {"model": "included_overage", "flat_fee": "1", "included": "5", "unit_price": "2", "package_size": "10"}
    assert [cost(tariff, quantity).amount.fen for quantity in ("5", "6", "15", "16")] == [100, 300, 300, 500]


def test_a_flat_fee_does_not_depend_on_the_quantity():
    for written in ({"flat_fee": "10"}, {"unit_price": "10"}, {"package_price": "10"}):
        tariff = {"model": "flat", **written}
        assert [cost(tariff, quantity).amount.fen for quantity in ("0", "1", "99")] == [1000, 1000, 1000]


def test_spend_limits_are_lines_of_their_own():
    low = cost({"model": "per_unit", "unit_price": "1", "minimum_spend": "5"}, "2")
    high = cost({"model": "per_unit", "unit_price": "1", "maximum_spend": "5"}, "9")
    assert (low.lines[-1].adjustment, low.lines[-1].exact) == ("minimum_spend", 3)
    assert (high.lines[-1].adjustment, high.lines[-1].exact) == ("maximum_spend", -4)


def test_more_can_cost_less_when_the_whole_quantity_moves_to_a_cheaper_band():
    case = next(case for case in cases("tiered_pricing") if case["id"] == "lago-vol-101")
    assert cost(case["tariff"], "1", "100").increment == Money.yuan("101") - Money.yuan("210")


def test_a_price_below_a_fen_is_rounded_once_at_the_end():
    tariff = {"model": "per_unit", "unit_price": "0.0023"}
    assert cost(tariff, "1").amount == ZERO
    assert cost(tariff, "100000").amount == Money.yuan("230.00")


@settings(max_examples=200)
@given(models(), quantities)
def test_the_lines_add_up_to_the_exact_price_which_is_rounded_once(model, quantity):
    rated = rate(model, quantity)
    assert sum(line.exact for line in rated.lines) == rated.exact == exact_price(model, quantity)
    assert abs(rated.amount.exact_yuan() - rated.exact) <= Fraction(1, 200)


@given(models(kinds=MONOTONE), quantities, quantities)
def test_more_never_costs_less_unless_a_tariff_moves_the_whole_quantity(model, quantity, more):
    assert exact_price(model, quantity) <= exact_price(model, quantity + more)


@given(models(), st.lists(quantities.filter(bool), min_size=1, max_size=6))
def test_increments_add_up_to_the_price_of_the_period(model, parts):
    used, billed = Fraction(0), ZERO
    for part in parts:
        increment = rate(model, part, used).increment
        assert increment is not None
        billed, used = billed + increment, used + part
    assert billed == rate(model, used).amount


@given(bands(), quantities)
def test_a_graduated_price_is_the_sum_of_its_bands(tiers, quantity):
    expected, lower = Fraction(0), Fraction(0)
    for position, tier in enumerate(tiers):
        upper = Fraction(tier["up_to"]) if tier["up_to"] else max(quantity, lower)
        if position == 0 or quantity > lower:
            expected += Fraction(tier["flat_fee"])
        expected += max(min(quantity, upper) - lower, Fraction(0)) * Fraction(tier["unit_price"])
        lower = upper
    assert exact_price(TariffModel.from_dict({"model": "graduated", "tiers": tiers}), quantity) == expected


GRADED = {"model": "per_unit", "unit_price": "9", "coefficients": {"contribution": {"A": "0.8", "B": "1.1"}}}


def test_a_contribution_grade_multiplies_the_whole_price_and_is_a_line_of_its_own():
    model = TariffModel.from_dict(GRADED)
    amounts = [rate(model, Fraction(10), None, grade).amount.text() for grade in (None, "A", "B")]
    assert amounts == ["90.00", "72.00", "99.00"]
    line = rate(model, Fraction(10), None, "A").lines[-1]
    assert (line.adjustment, line.coefficient, line.exact) == ("coefficient", Fraction("0.8"), -18)
    with pytest.raises(GradeUnknown) as refusal:
        rate(model, Fraction(10), None, "Z")
    assert "A" in refusal.value.detail
    assert rate(TariffModel.from_dict(PACER_PAGE), Fraction(10), None, "Z").amount == Money.yuan("1.00")


def test_a_grade_cannot_undercut_the_minimum_and_counts_before_the_waiver():
    low = TariffModel.from_dict({**GRADED, "minimum_spend": "80.00"})
    assert rate(low, Fraction(10), None, "A").amount == Money.yuan("80.00")
    waived = TariffModel.from_dict({**GRADED, "waived_up_to": "72.00"})
    assert [rate(waived, Fraction(10), None, grade).amount.fen for grade in (None, "A")] == [9000, 0]


def test_a_volume_coefficient_falls_band_by_band_beyond_the_volume():
    bands = [{"up_to": "100", "coefficient": "1"}, {"up_to": "500", "coefficient": "0.9"},
             {"up_to": None, "coefficient": "0.75"}]  # fmt: skip
    rated = cost({"model": "volume_coefficient", "unit_price": "9", "bands": bands, "free_units": "10"}, "1010")
    assert [line.exact for line in rated.lines] == [900, 3240, 3375]
    assert [line.coefficient for line in rated.lines] == [1, Fraction("0.9"), Fraction("0.75")]


def test_packs_are_named_in_the_lines():
    packs = [
        {"quantity": "20", "price": "4.20"},
        {"quantity": "100", "price": "30"},
        {"quantity": "200", "price": "35"},
    ]
    rated = cost({"model": "package_table", "packs": packs}, "215")
    assert [(line.band, line.quantity, line.pack, line.exact) for line in rated.lines] == [
        (3, 1, 200, 35),
        (1, 1, 20, Fraction("4.2")),
    ]
    assert cost({"model": "package_table", "packs": packs}, "0").amount == ZERO


def test_a_bill_is_compared_with_the_waiver_after_it_was_rounded():
    tariff = {"model": "per_unit", "unit_price": "0.001", "waived_up_to": "30.00"}
    assert [cost(tariff, quantity).amount.fen for quantity in ("30004", "30005")] == [0, 3001]


@given(models(), quantities, quantities, st.sampled_from([None, "A", "B", "C"]))
def test_a_grade_that_pays_more_never_pays_less_and_increments_hold_for_it(model, quantity, earlier, grade):
    if model.contribution and grade is not None and grade not in dict(model.contribution):
        grade = model.contribution[0][0]
    rated = rate(model, quantity, earlier, grade)
    assert sum(line.exact for line in rated.lines) == rated.exact
    assert rated.exact <= max(rate(model, quantity, None, model.dearest_grade).exact, exact_price(model, quantity))
    before = rate(model, earlier, None, grade).amount if earlier else ZERO
    assert before + rated.increment == rate(model, earlier + quantity, None, grade).amount


def test_nobody_uses_less_than_nothing():
    model = TariffModel.from_dict({"model": "per_unit", "unit_price": "1"})
    with pytest.raises(QuantityNegative):
        rate(model, Fraction(-1))
    with pytest.raises(QuantityNegative):
        rate(model, Fraction(1), Fraction(-2))
