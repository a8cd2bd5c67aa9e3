"""A model in whole numbers says the same as the model, and knows how large its numbers can grow."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import UnitPrice
from pricing.bulk_rating.rules import compile_model, decimals, stretches_of
from pricing.rating.rules import ModelKind, TariffModel, counted
from tests.pricing.rating.test_rules import models, quantities

SHAPES = tuple(kind for kind in ModelKind if kind is not ModelKind.PACKAGE_TABLE)


@pytest.mark.parametrize(
    ("number", "expected"), [("0", 0), ("5", 0), ("0.5", 1), ("0.25", 2), ("1/3", None), ("0.000000000001", 12)]
)
def test_decimals_are_counted_where_they_end(number, expected):
    assert decimals(Fraction(number)) == expected


@given(models(kinds=SHAPES), quantities)
def test_the_stretches_are_the_price_curve(model, quantity):
    used = max(quantity - model.free_units, Fraction(0))
    inside = [row for row in stretches_of(model) if row.lower < used and (row.upper is None or used <= row.upper)]
    (found,) = inside or stretches_of(model)[:1]
    units = -((found.lower - used) // found.size) if found.size else used - found.lower
    assert found.base + found.price * units == sum(line.exact for line in counted(model, quantity))


@given(models(), st.integers(0, 10**6).map(Fraction))
def test_no_number_of_a_table_is_above_its_bound(model, largest):
    table = compile_model(model, 0, largest)
    assert table is not None
    numbers = [table.free, table.least, table.most or 0, *(piece.up_to for piece in table.pieces)]
    numbers += [piece.base * table.one for piece in table.pieces]
    assert max(numbers) <= table.bound


def test_a_number_without_an_end_is_not_compiled():
    endless = TariffModel(ModelKind.PER_UNIT, unit_price=UnitPrice(1), free_units=Fraction(1, 3))
    assert compile_model(endless, 0, Fraction(1)) is None
