"""A million lines at once cost to the fen what they cost one by one."""

from fractions import Fraction

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.money import Money
from pricing.bulk_rating.gateway import LinesUnreadable, RatedLine, UsageLine, rate_file, rate_lines
from pricing.rating.rules import GradeUnknown, QuantityNegative, TariffModel, rate
from tests.cases import cases
from tests.pricing.rating.test_rules import models

fine = st.integers(0, 10**16).map(lambda parts: Fraction(parts, 10**12))
coarse = st.integers(0, 3000).map(Fraction)
huge = st.integers(10**12, 10**15 - 1).map(Fraction)
used = st.one_of(coarse, st.fractions(0, 3000, max_denominator=10).map(lambda found: Fraction(int(found * 100), 100)))


@st.composite
def batches(draw):
    tariffs = {f"T{number}": draw(models()) for number in range(draw(st.integers(1, 8)))}
    edges = {bound for model in tariffs.values() for bound in edges_of(model)}
    amounts = st.one_of(used, fine, huge, st.sampled_from(sorted(edges)))
    lines = []
    for number in range(draw(st.integers(1, 30))):
        tariff = draw(st.sampled_from(sorted(tariffs)))
        grades = [None, *dict(tariffs[tariff].contribution)]
        earlier = draw(st.one_of(st.none(), st.just(Fraction(0)), amounts))
        lines.append(UsageLine(f"L{number}", tariff, draw(amounts), earlier, draw(st.sampled_from(grades))))
    return tariffs, lines


def edges_of(model):
    bounds = [row.up_to for row in (*model.tiers, *model.bands) if row.up_to is not None]
    bounds += [Fraction(pack.quantity) for pack in model.packs] + [model.included, Fraction(model.package_size)]
    return {max(bound + model.free_units + step, Fraction(0)) for bound in [*bounds, 0] for step in (-1, 0, 1)}


def one_by_one(tariffs, lines):
    found = []
    for one in lines:
        rated = rate(tariffs[one.tariff], one.quantity, one.previously_used, one.grade)
        found.append(RatedLine(one.line, rated.amount, rated.increment))
    return found


@settings(max_examples=20, deadline=None)
@given(batches())
def test_sets_of_lines_cost_to_the_fen_what_they_cost_one_by_one(batch):
    assert rate_lines(*batch) == one_by_one(*batch)


def test_every_published_band_and_pack_costs_in_a_set_what_the_source_prints():
    told = [case for name in ("tiered_pricing", "packages_and_percentages") for case in cases(name)
            if "tariff" in case and "amount" in case]  # fmt: skip
    tariffs = {case["id"]: TariffModel.from_dict(case["tariff"]) for case in told}
    lines = [UsageLine(case["id"], case["id"], Fraction(case["quantity"])) for case in told]
    assert rate_lines(tariffs, lines) == one_by_one(tariffs, lines)


def test_numbers_too_large_for_a_machine_word_are_rated_all_the_same():
    largest = TariffModel.from_dict(
        {
            "model": "volume_coefficient",
            "unit_price": "999999999.99999999",
            "bands": [{"up_to": None, "coefficient": "0.12345678"}],
            "coefficients": {"contribution": {"A": "0.87654321"}},
        }
    )
    lines = [
        UsageLine("large", "T", Fraction("999999999999999.999999999999"), None, "A"),
        UsageLine("small", "T", Fraction(1)),
    ]
    assert rate_lines({"T": largest}, lines) == one_by_one({"T": largest}, lines)


@pytest.mark.parametrize("lines", [2, 3, 1000])
def test_the_answers_come_in_the_order_of_the_lines(lines):
    models = {f"T{number}": TariffModel.from_dict({"model": "per_unit", "unit_price": "0"}) for number in range(8)}
    asked = [UsageLine(f"L{number}", f"T{number * 5 % 8}", Fraction(number)) for number in range(lines)]
    assert [rated.line for rated in rate_lines(models, asked)] == [one.line for one in asked]


PER_UNIT = {"T": TariffModel.from_dict({"model": "per_unit", "unit_price": "0.50"})}
GRADED = {
    "T": TariffModel.from_dict({"model": "per_unit", "unit_price": "1", "coefficients": {"contribution": {"A": "0.8"}}})
}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 7 AS line, 'T' AS tariff, 3 AS quantity",
        "SELECT 7 AS line, 'T' AS tariff, 3.0::DECIMAL(27,12) AS quantity, NULL::INTEGER AS previously_used",
        "SELECT '7' AS line, 'T' AS tariff, '3.00' AS quantity, NULL::VARCHAR AS grade, 'x' AS remark",
    ],
)
def test_a_file_may_hold_whole_numbers_decimals_or_text(tmp_path, query):
    duckdb.sql(query).write_parquet(str(tmp_path / "use.parquet"))
    assert rate_lines(PER_UNIT, tmp_path / "use.parquet") == [RatedLine("7", Money(150), None)]
    assert rate_file(PER_UNIT, tmp_path / "use.parquet", tmp_path / "rated.parquet") == 1
    written = duckdb.read_parquet(str(tmp_path / "rated.parquet"))
    assert (written.columns, written.fetchall()) == (["line", "amount_fen", "increment_fen"], [("7", 150, None)])
    assert [str(kind) for kind in written.types[1:]] == ["DECIMAL(38,0)"] * 2


def test_columns_may_come_as_arrow():
    class Columns:
        def __arrow_c_stream__(self, requested_schema=None):
            relation = duckdb.sql("SELECT 'a' AS line, 'T' AS tariff, 3 AS quantity, 5 AS previously_used")
            return relation.__arrow_c_stream__(requested_schema)

    assert rate_lines(PER_UNIT, Columns()) == [RatedLine("a", Money(150), Money(150))]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT 'a' AS line, 'T' AS tariff", "quantity"),
        ("SELECT 'a' AS line, 'T' AS tariff, 0.5::DOUBLE AS quantity", "DOUBLE"),
        ("SELECT 'a' AS line, 'T' AS tariff, 0.5::DECIMAL(20,13) AS quantity", "DECIMAL"),
        ("SELECT 'a' AS line, 'T' AS tariff, '1e3' AS quantity", "quantity"),
        ("SELECT 'a' AS line, 'T' AS tariff, '0.1234567890123' AS quantity", "quantity"),
        ("SELECT 'a' AS line, 'X' AS tariff, 1 AS quantity", "X"),
        ("SELECT 'a' AS line, 'T' AS tariff, NULL::INTEGER AS quantity", "a"),
    ],
)
def test_lines_that_cannot_be_read_exactly_are_refused(tmp_path, query, words):
    duckdb.sql(query).write_parquet(str(tmp_path / "use.parquet"))
    with pytest.raises(LinesUnreadable) as refusal:
        rate_lines(PER_UNIT, tmp_path / "use.parquet")
    assert words in refusal.value.detail
    assert words in refusal.value.detail_en


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    (tmp_path / "use.parquet").write_text("line,tariff\n", encoding="utf-8")
    with pytest.raises(LinesUnreadable):
        rate_lines(PER_UNIT, tmp_path / "use.parquet")


@pytest.mark.parametrize("quantity", [Fraction(1, 3), Fraction(1, 10**13), Fraction(10**15)])
def test_a_quantity_that_no_decimal_of_the_format_writes_is_refused(quantity):
    with pytest.raises(LinesUnreadable):
        rate_lines(PER_UNIT, [UsageLine("a", "T", quantity)])


def test_less_than_nothing_and_unknown_grades_are_refused_with_the_line(tmp_path):
    duckdb.sql("SELECT 'a' AS line, 'T' AS tariff, -1 AS quantity").write_parquet(str(tmp_path / "use.parquet"))
    with pytest.raises(QuantityNegative):
        rate_lines(PER_UNIT, tmp_path / "use.parquet")
    with pytest.raises(QuantityNegative):
        rate_lines(PER_UNIT, [UsageLine("a", "T", Fraction(1), Fraction(-1))])
    with pytest.raises(GradeUnknown) as refusal:
        rate_lines(GRADED, [UsageLine("a", "T", Fraction(1), None, "Z")])
    assert "a" in refusal.value.detail
    assert rate_lines(PER_UNIT, [UsageLine("a", "T", Fraction(1), None, "Z")])[0].amount == Money(50)


def test_no_lines_cost_nothing(tmp_path):
    assert rate_lines(PER_UNIT, []) == []
