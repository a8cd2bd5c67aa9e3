"""The operator's fees for services to merchants: break-even with a small margin, where that margin is known."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import UnitPrice
from kernel.policy import PolicyGap
from pricing.costs.rules import ChargeUnit
from pricing.services import commands, queries
from pricing.services.model import ServiceFee
from pricing.services.rules import FeeAboveBreakEven, MerchantService, break_even_max, must_break_even
from tests.make import pricing as make
from tests.make import registry_base as base

PLACE = "guangzhou"


@pytest.fixture
def agreement(session):
    return base.make_agreement(session, place=PLACE)


def fee(session, agreement, price="1.05", *, book=None, **changed):
    operator = base.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)
    terms = {
        "service": MerchantService.COMPUTING, "charge_unit": ChargeUnit.PER_USE, "unit_cost": UnitPrice.yuan("1.00"),
        "cost_basis": "2025 年算力成本核算", "effective_from": make.TODAY, "actor": operator, **changed,
    }  # fmt: skip
    return commands.set_service_fee(
        session, terms.pop("actor"), agreement_id=agreement.id, price=UnitPrice.yuan(price), now=make.NOW,
        book=book or base.book(demonstration=True), **terms,
    )  # fmt: skip


@pytest.mark.both_databases
def test_guangzhou_has_no_margin_until_somebody_configures_it(session, agreement):
    with pytest.raises(PolicyGap) as gap:
        fee(session, agreement, book=base.book())
    assert "pricing.service_fee.margin_max" in gap.value.detail
    assert session.scalar(sa.select(sa.func.count(ServiceFee.id))) == 0


@pytest.mark.both_databases
def test_with_a_margin_the_fee_is_cost_plus_at_most_that_margin(session, agreement):
    margin = base.book(demonstration=True).find(PLACE, "pricing.service_fee.margin_max", on=make.TODAY).decimal()
    highest = format(1 + margin, "f")
    made = fee(session, agreement, highest)
    assert made.price == UnitPrice.yuan(highest)
    assert {source["rule"] for source in made.sources} == {"PRC-10", "CST-05"}
    assert list(queries.listed(session, make.TODAY, place=PLACE)) == [made]
    with pytest.raises(FeeAboveBreakEven):
        fee(
            session, agreement, format(1 + margin + Decimal("0.00000001"), "f"), service=MerchantService.DATA_PROCESSING
        )


def test_elsewhere_the_operator_has_no_such_fee(session):
    with pytest.raises(commands.ServiceFeeUnusable):
        fee(session, base.make_agreement(session))


def test_only_the_operating_institution_sets_it_once_for_a_day_and_not_in_the_past(session, agreement):
    with pytest.raises(NotAllowed):
        fee(session, agreement, actor=base.supervisor(PLACE))
    with pytest.raises(commands.ServiceFeeUnusable):
        fee(session, agreement, effective_from=make.TODAY - timedelta(days=1))
    fee(session, agreement)
    with pytest.raises(commands.ServiceFeeUnusable):
        fee(session, agreement, "1.00")


@pytest.mark.both_databases
def test_a_fee_is_never_changed(session, agreement):
    fee(session, agreement)
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(sa.delete(ServiceFee))


prices = st.integers(0, 10**14).map(UnitPrice)
margins = st.decimals(0, 1, places=4)


@given(prices, prices, margins)
def test_a_fee_passes_exactly_when_it_is_at_most_cost_plus_margin(price, unit_cost, margin):
    allowed = price.exact_yuan() <= break_even_max(unit_cost, margin)
    if allowed:
        must_break_even(price, unit_cost, margin, "条款")
    else:
        with pytest.raises(FeeAboveBreakEven):
            must_break_even(price, unit_cost, margin, "条款")
