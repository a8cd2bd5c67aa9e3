"""Amounts are written digit by digit, and every state has a name in the words of TM Forum."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from market.orders.rules import OrderState
from market.tmforum.rules import ORDER_STATES, HeldView, Number, UnknownAttribute, chosen, held_status, written

DAY = date(2026, 7, 20)
HELD = HeldView(
    "ENT-1", "ORD-1", "XC-1", "企业信用", True, datetime(2026, 7, 20, tzinfo=UTC), DAY, DAY + timedelta(days=9), None,
    "industry_development", "贷前", (("buyer", "9133", "买方"),),
)  # fmt: skip


@given(st.integers(0, 10**15).map(Money), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_an_amount_is_written_as_it_is_whatever_stands_beside_it(amount: Money, beside: str) -> None:
    text = written([{"value": Number(amount.text()), beside: beside}])
    assert f": {amount.text()}" in text
    read = json.loads(text, parse_float=Decimal)[0]
    assert read == {"value": Decimal(amount.text()), beside: beside} or beside == "value"


@pytest.mark.parametrize("text", ["", "1,000.00", "1e3", "NaN", "0.8元", "01", ".5", '1"'])
def test_what_is_no_decimal_is_not_written_as_a_number(text: str) -> None:
    with pytest.raises(TypeError):
        written({"value": Number(text)})


@pytest.mark.parametrize("state", OrderState)
def test_every_state_of_an_order_has_a_state_of_tmf622(state: OrderState) -> None:
    assert ORDER_STATES[state] in {
        "acknowledged", "rejected", "pending", "held", "inProgress", "cancelled", "completed", "failed", "partial",
        "assessingCancellation", "pendingCancellation",
    }  # fmt: skip


@pytest.mark.parametrize(("today", "holds", "status"), [
    (DAY - timedelta(days=1), False, "pendingActive"), (DAY, True, "active"), (DAY, False, "suspended"),
    (DAY + timedelta(days=9), True, "active"), (DAY + timedelta(days=10), False, "terminated"),
])  # fmt: skip
def test_what_was_bought_is_active_as_long_as_it_holds(today: date, holds: bool, status: str) -> None:
    values = {name: getattr(HELD, name) for name in HeldView.__slots__}
    assert held_status(HeldView(**{**values, "holds": holds}), today) == status


def test_attributes_are_chosen_by_name_and_identity_always_comes_along() -> None:
    whole = {"id": "1", "href": "/1", "name": "甲", "state": "pending"}
    assert chosen(whole, [], whole) == whole
    assert chosen(whole, ["state"], whole) == {"id": "1", "href": "/1", "state": "pending"}
    with pytest.raises(UnknownAttribute):
        chosen(whole, ["secret"], whole)
