"""Which charges the operator bears, and how they add up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import Period
from kernel.money import ZERO, Money, total
from pricing.charges.rules import (
    KIND_TITLES,
    ChargeKind,
    ChargeNotBorne,
    ChargeUnusable,
    by_kind,
    must_be_borne,
    must_stand,
)
from tests.make import registry_base as base

TODAY = date(2026, 7, 1)
PLATFORM = [kind for kind in ChargeKind if kind is not ChargeKind.PUBLIC_DATA_ACQUISITION]


def borne(place: str):
    return base.book().get(place, "cost.operator_borne", on=TODAY)


@pytest.mark.parametrize("kind", PLATFORM)
def test_xinchang_names_the_five_kinds_and_futian_names_none(kind):
    must_be_borne(kind, borne("xinchang"), "新昌")
    with pytest.raises(ChargeNotBorne) as refused:
        must_be_borne(kind, borne("futian"), "福田")
    assert KIND_TITLES[kind] in refused.value.detail
    assert "福田" in refused.value.detail


@pytest.mark.parametrize("place", ["xinchang", "futian", "quzhou", "puer", "guangzhou"])
def test_payments_for_public_data_need_no_local_rule(place):
    must_be_borne(ChargeKind.PUBLIC_DATA_ACQUISITION, borne(place), place)


@pytest.mark.parametrize(
    ("amount", "quantity", "unit", "month", "pointer"),
    [
        ("0", None, "", "2026-06", "/amount"),
        ("1", Decimal(5), " ", "2026-06", "/unit"),
        ("1", None, "核时", "2026-06", "/quantity"),
        ("1", None, "", "2026-08", "/month"),
    ],
)
def test_a_charge_that_cannot_stand_names_its_field(amount, quantity, unit, month, pointer):
    with pytest.raises(ChargeUnusable) as refused:
        must_stand(Money.yuan(amount), quantity, unit, Period.month(month), TODAY)
    assert refused.value.errors[0]["pointer"] == pointer


def test_the_running_month_may_be_recorded():
    must_stand(Money(1), Decimal("2.5"), "核时", Period.month("2026-07"), TODAY)


charges = st.tuples(st.sampled_from(list(ChargeKind)), st.integers(-(10**12), 10**12).map(Money), st.booleans())


@given(st.lists(charges, max_size=12))
def test_the_sums_per_kind_add_up_to_all_charges_and_reversals_cancel(found):
    sums = by_kind(found)
    assert total(one.amount for one in sums) == total(amount for _, amount, _ in found)
    assert total(one.in_cost_base for one in sums) == total(amount for _, amount, counts in found if counts)
    reversed_too = [*found, *((kind, -amount, counts) for kind, amount, counts in found)]
    assert all(one.amount == ZERO == one.in_cost_base for one in by_kind(reversed_too))
