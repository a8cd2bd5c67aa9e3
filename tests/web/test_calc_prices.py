"""The calculators of prices answer as published tariffs, caps and articles say, and refuse by field."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from kernel.errors import DomainError
from kernel.policy import PolicyBook
from kernel.reading import Unreadable
from tests.cases import cases, facts, name_of
from tests.market.listings.test_rules import READ_OTHERWISE
from web.calc import calculate


@pytest.fixture(scope="module")
def book():
    """The book of rules of this project."""
    return PolicyBook.load(Path(__file__).parents[2] / "policies")


def refused(name, payload, book=None):
    with pytest.raises(DomainError) as refusal:
        calculate(name, payload, book=book)
    assert refusal.value.detail
    return refusal.value


def pointers(refusal):
    return [error["pointer"] for error in refusal.errors]


GRADED = {"model": "per_unit", "unit_price": "1", "coefficients": {"contribution": {"A": "0.8", "B": "0.9"}}}


def test_a_grade_is_an_adjustment_line_of_the_rate():
    found = calculate("rate", {**GRADED, "quantity": "10", "previously_used": "10", "grade": "A"})
    assert (found["amount"], found["increment"]) == ("8.00", "8.00")
    assert found["lines"][-1] == {
        "band": None,
        "quantity": "0",
        "unit_price": "0",
        "flat_fee": "-2",
        "exact": "-2",
        "coefficient": "0.8",
        "adjustment": "coefficient",
    }
    assert refused("rate", {**GRADED, "quantity": "10", "grade": "Z"}).code == "pricing.grade_unknown"


def test_packs_and_coefficients_of_bands_are_named_in_the_lines():
    packs = [{"quantity": "20", "price": "4.20"}, {"quantity": "100", "price": "30.00"}]
    found = calculate("rate", {"model": "package_table", "packs": packs, "quantity": "100"})
    assert (found["amount"], found["lines"][0]["quantity"], found["lines"][0]["pack"]) == ("21.00", "5", "20")
    bands = [{"up_to": "100", "coefficient": "1"}, {"up_to": None, "coefficient": "0.7"}]
    found = calculate("rate", {"model": "volume_coefficient", "unit_price": "9", "bands": bands, "quantity": "150"})
    assert found["amount"] == "1215.00"
    assert [line["coefficient"] for line in found["lines"]] == ["1", "0.7"]


def test_nothing_is_cut_off_an_exact_amount():
    bands = [{"up_to": None, "coefficient": "0.00000001"}]
    payload = {"model": "volume_coefficient", "unit_price": "0.00000001", "bands": bands, "quantity": "0.000000000001",
               "coefficients": {"contribution": {"A": "0.00000001"}}, "grade": "A"}  # fmt: skip
    assert Fraction(calculate("rate", payload)["exact"]) == Fraction(1, 10**36)


PERIOD = {
    "from": "2026-05-01",
    "until": "2026-05-31",
    "prices": [
        {"from": "2026-05-10", "tariff": {"model": "per_unit", "unit_price": "2"}},
        {"from": "2026-01-01", "tariff": {"model": "per_unit", "unit_price": "1"}},
        {"from": "2026-05-20", "tariff": {"model": "per_unit", "unit_price": "4"}},
    ],
    "usage": [{"date": f"2026-05-{day}", "quantity": "10"} for day in ("01", "09", "10", "19", "20", "31")],
}


def test_two_changes_in_one_cycle_each_apply_from_their_date():
    found = calculate("rate-period", PERIOD)
    assert found["amount"] == "140.00"
    assert [(part["from"], part["until"], part["amount"]) for part in found["parts"]] == [
        ("2026-05-01", "2026-05-09", "20.00"),
        ("2026-05-10", "2026-05-19", "40.00"),
        ("2026-05-20", "2026-05-31", "80.00"),
    ]


def test_counting_may_restart_with_every_price():
    tariff = {"model": "per_unit", "unit_price": "1", "free_units": "20"}
    prices = [{"from": "2026-01-01", "tariff": tariff}, {"from": "2026-05-16", "tariff": {**tariff, "unit_price": "2"}}]
    payload = {**PERIOD, "prices": prices}
    assert calculate("rate-period", payload)["amount"] == "70.00"
    assert calculate("rate-period", {**payload, "counting": "restart"})["amount"] == "30.00"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"until": "2026-04-30"}, "input.unreadable"),
        ({"until": "9999-12-31"}, "input.unreadable"),
        ({"prices": PERIOD["prices"][:1]}, "pricing.period_unpriced"),
        ({"prices": [{"from": "2026-01-01", "tariff": {"model": "per_unit"}}]}, "input.unreadable"),
        ({"prices": [*PERIOD["prices"], {**PERIOD["prices"][0], "from": "2026-05-20"}]}, "pricing.changed_twice"),
        ({"usage": [{"date": "2026-06-01", "quantity": "1"}]}, "pricing.use_outside_period"),
        ({"counting": "forget"}, "input.unreadable"),
        ({"grade": "Z", "prices": [{"from": "2026-01-01", "tariff": GRADED}]}, "pricing.grade_unknown"),
    ],
)
def test_a_period_that_cannot_be_rated_is_refused(changed, code):
    assert refused("rate-period", {**PERIOD, **changed}).code == code


@pytest.mark.parametrize(
    ("payload", "highest", "quantity", "within"),
    [
        ({"model": "per_unit", "unit_price": "0.50", "set_up_fee": "0.30", "cap": "0.80"}, "0.8", "1", True),
        ({"model": "per_unit", "unit_price": "0.50", "set_up_fee": "0.31", "cap": "0.80"}, "0.81", "1", False),
        ({"model": "per_unit", "unit_price": "0.50", "minimum_spend": "2.00", "cap": "1"}, "2", "1", False),
        ({"model": "per_unit", "unit_price": "0.50", "free_units": "10"}, "0.5", None, None),
        ({**GRADED, "coefficients": {"contribution": {"A": "1.2"}}, "cap": "1"}, "1.2", "1", False),
        ({"model": "package_table", "packs": [{"quantity": "20", "price": "4.20"}], "cap": "4.2"}, "4.2", "1", True),
        ({"model": "per_unit", "unit_price": "1", "waived_up_to": "30.00", "cap": "0.99"}, "1", "31", False),
    ],
)
def test_set_up_fees_minimums_grades_and_packs_count_in_the_price_of_a_unit(payload, highest, quantity, within):
    found = calculate("effective-price", payload)
    assert (found["highest"], found["quantity"], found["within_cap"]) == (highest, quantity, within)


def test_a_bundle_is_compared_with_the_caps_of_its_products():
    product = {"tariff": {"model": "per_unit", "unit_price": "1"}, "quantity": "10", "cap": "1.2"}
    bundle = {"products": [product, {**product, "product": "b"}], "price": "23.00"}
    found = calculate("effective-price", bundle)
    assert (found["alone"], found["caps"], found["within_cap"]) == ("20.00", "24", True)
    assert [part["product"] for part in found["products"]] == ["1", "b"]
    assert calculate("effective-price", {**bundle, "set_up_fee": "1.01"})["within_cap"] is False
    refusal = refused("effective-price", {"products": [{**product, "quantity": "0"}]})
    assert pointers(refusal) == ["/products/0/quantity"]


TABLES = facts("package_tables")["tables"]


@pytest.mark.parametrize("table", [name for name in TABLES if not name.startswith("zjdex")])
def test_posted_packages_that_smaller_ones_undercut_are_shown(table):
    packs = [
        {"quantity": str(quantity), "price": f"{Decimal(price):.2f}"} for quantity, price, _ in TABLES[table]["packs"]
    ]
    found = calculate("package-arbitrage", {"packs": packs})
    expected = [case for case in cases("package_tables", table=table) if "cheaper" in case]
    assert [(entry["quantity"], entry["text"]) for entry in found["arbitrage"]] == [
        (str(case["buy"]), case["cheaper"]) for case in expected
    ]
    assert [Fraction(entry["cost"]) for entry in found["arbitrage"]] == [
        Fraction(case["cheaper_cost"]) for case in expected
    ]


def test_packs_rise_and_have_units():
    wrong = [{"quantity": "20", "price": "4.20"}, {"quantity": "20", "price": "4"}, {"quantity": "0.5", "price": "1"}]
    refusal = refused("package-arbitrage", {"packs": wrong})
    assert {"/packs/1/quantity", "/packs/2/quantity"} <= set(pointers(refusal))


@pytest.mark.parametrize("case", [case for case in cases("credit_center") if "window_days" in case], ids=name_of)
def test_repeated_queries_are_charged_once_in_a_window(case):
    subjects = ["one", "two"] if "two" in case["subject"] else ["one"] * len(case["query_day_numbers"])
    days = ["2026-07-01" if number == 0 else f"2026-0{7 + number // 31}-{1 + number % 31:02d}"
            for number in case["query_day_numbers"]]  # fmt: skip
    events = [{"subject": subject, "date": day} for subject, day in zip(subjects, days, strict=True)]
    found = calculate("dedup", {"events": events, "window_days": case["window_days"]})
    assert found["billable"] == case["expected_billable"] == len(found["charged"])
    assert found["free"] == len(events) - found["billable"]


@pytest.mark.parametrize(
    "payload",
    [
        {"events": [], "window_days": 30},
        {"events": [{"subject": "a"}], "window_days": 30},
        {"events": [{"subject": "a", "date": "2026-05-01"}], "window_days": 0},
        {"events": [{"subject": "a", "date": "2026-05-01"}]},
        {"events": [{"subject": "a", "date": "2026-05-01"}] * 10_001, "window_days": 1},
    ],
)
def test_queries_without_subject_day_or_window_are_refused(payload):
    assert isinstance(refused("dedup", payload), Unreadable)


@pytest.mark.parametrize("case", cases("vat"), ids=name_of)
def test_price_and_tax_are_separated(case):
    found = calculate("vat", {"amount": case["tax_inclusive"], "rate": case["rate"]})
    assert (found["base"], found["tax"]) == (case["expected_base"], case["expected_tax"])


def test_the_rate_in_force_is_cited_and_before_it_there_is_none(book):
    found = calculate("vat", {"amount": "106.00", "place": "quzhou", "on": "2026-02-01"}, book=book)
    assert (found["base"], found["rate"], found["sources"][0]["article"]) == ("100.00", "0.06", "第十条")
    assert refused("vat", {"amount": "1.00", "place": "quzhou", "on": "2025-12-31"}, book).code == "policy.gap"
    assert pointers(refused("vat", {"amount": "1.00"})) == ["/rate"]


@pytest.mark.parametrize("case", cases("price_texts"), ids=lambda case: case["text"] or "blank")
def test_a_printed_price_is_read_as_meant_or_not_at_all(case):
    found = calculate("price-text", {"text": case["text"]})
    assert found["told"] == bool(case["text"])
    if case["text"] not in READ_OTHERWISE:
        assert found["mode"] == case["mode"]
        amount = None if found["amount"] is None else Fraction(found["amount"])
        assert amount == (None if found["mode"] == "negotiation" else Fraction(case["amount"]))


@pytest.mark.parametrize("text", ["1-5元/次", "5美元/次", "3元起", "?"])
def test_what_cannot_be_told_is_said_to_be_so(text):
    found = calculate("price-text", {"text": text})
    assert (found["told"], found["mode"], found["amount"]) == (False, "unknown", None)


def test_use_in_the_public_interest_costs_nothing_and_the_article_is_cited(book):
    payload = {"purpose": "public_governance", "place": "quzhou", "on": "2026-01-01"}
    assert calculate("public-interest", payload, book=book) == {
        "amount": "0.00",
        "shadow": None,
        "purpose": "public_governance",
        "sources": [{"rule": "PUB-01", "document": "发改价格〔2025〕65号", "article": "一"}],
    }
    priced = {**payload, "tariff": {"model": "per_unit", "unit_price": "0.80"}, "quantity": "120000"}
    assert calculate("public-interest", priced, book=book)["shadow"] == "96000.00"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"purpose": "industry_development"}, "exemption.not_public_interest"),
        ({"purpose": "leisure"}, "input.unreadable"),
        ({"place": "atlantis"}, "policy.no_such_place"),
        ({"on": "2024-01-01"}, "policy.gap"),
        ({"tariff": {"model": "per_unit"}}, "input.unreadable"),
    ],
)
def test_other_purposes_places_and_days_are_refused(book, changed, code):
    payload = {"purpose": "public_welfare", "place": "quzhou", "on": "2026-01-01", **changed}
    assert refused("public-interest", payload, book).code == code


COSTS = {
    "lines": [
        {"text": "平台", "amount": "10000000.00", "key": "calls"},
        {"text": "人力", "amount": "300000.00", "industry_share": "1", "disallowed": "50000.00"},
    ],
    "keys": {"calls": {"industry_units": "4000", "public_units": "1000"}},
    "subsidy": "800000.00",
}


def test_the_operating_cost_is_shared_by_keys_less_what_was_disallowed_and_subsidised():
    found = calculate("operating-cost", COSTS)
    assert [line["recognised"] for line in found["lines"]] == ["8000000.00", "250000.00"]
    assert (found["recognised"], found["operating_cost"]) == ("8250000.00", "7450000.00")
    only = {"lines": [{"amount": "10000000.00", "key": "calls"}], "keys": {"calls": {"share": "0.8"}}}
    assert calculate("operating-cost", {**only, "subsidy": "800000.00"})["operating_cost"] == "7200000.00"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"keys": {}}, "input.unreadable"),
        ({"keys": {"calls": {"industry_units": "1"}}}, "cost_survey.key_unusable"),
        ({"keys": {"calls": {"industry_units": "0", "public_units": "0"}}}, "cost_survey.key_unusable"),
        ({"lines": [{"amount": "1.00", "industry_share": "0.5"}]}, "cost_survey.line_unusable"),
        ({"lines": [{"amount": "1.00", "industry_share": "1", "disallowed": "2.00"}]}, "cost_survey.line_unusable"),
        ({"lines": [{"amount": "1.00"}]}, "input.unreadable"),
        ({"lines": []}, "input.unreadable"),
    ],
)
def test_costs_that_cannot_stand_are_refused(changed, code):
    assert refused("operating-cost", {**COSTS, **changed}).code == code


def test_caps_fit_or_do_not_and_say_by_how_much():
    caps = [("0.80", "5000000"), ("300", "10000"), ("20000", "60")]
    payload = {
        "caps": [{"cap": cap, "volume": volume} for cap, volume in caps],
        "max_permitted_revenue": "8257824.00",
    }
    assert calculate("caps-fit", payload) == {
        "expected": "8200000",
        "max_permitted_revenue": "8257824.00",
        "fits": True,
        "headroom": "57824",
    }
    payload["caps"][0]["cap"] = "0.82"
    found = calculate("caps-fit", payload)
    assert (found["fits"], found["headroom"]) == (False, "-42176")
    assert pointers(refused("caps-fit", {**payload, "caps": [{"cap": "1"}]})) == ["/caps/0/volume"]
