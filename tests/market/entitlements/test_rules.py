"""What an entitlement permits: term to the day, quota to the unit, purpose and scenario to the letter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import business_date
from market.entitlements.rules import (
    Allowance,
    OutOfScope,
    OutOfTerm,
    QuantityUnusable,
    QuotaExhausted,
    Terms,
    last_day,
    may_use,
)
from pricing.exemptions.rules import Purpose

TERMS = Terms("ENT-2026-000001", 1000, date(2026, 7, 20), date(2027, 7, 19), Purpose.INDUSTRY_DEVELOPMENT, "贷前核验")
NOON = datetime(2026, 8, 1, 4, 0, tzinfo=UTC)


def test_the_last_unit_may_be_used_and_not_one_more():
    assert may_use(TERMS, 999, NOON) == Allowance(1000, 0)
    with pytest.raises(QuotaExhausted, match="共 1000，已用 1000，不足本次 1"):
        may_use(TERMS, 1000, NOON)


@given(st.integers(0, 2000), st.integers(1, 2000))
def test_used_and_remaining_add_up_to_what_was_bought_or_the_use_is_refused(used, quantity):
    if used + quantity <= 1000:
        left = may_use(TERMS, used, NOON, quantity=quantity)
        assert (left.used, left.remaining) == (used + quantity, 1000 - used - quantity)
    else:
        with pytest.raises(QuotaExhausted):
            may_use(TERMS, used, NOON, quantity=quantity)


@given(st.integers(0, 10**12))
def test_a_price_per_period_knows_no_quota(used):
    unlimited = Terms("ENT", None, TERMS.valid_from, TERMS.valid_until, TERMS.purpose, TERMS.scenario)
    assert may_use(unlimited, used, NOON) == Allowance(used + 1, None)


@pytest.mark.parametrize(
    ("moment", "is_allowed"),
    [
        (datetime(2026, 7, 19, 15, 59, 59, tzinfo=UTC), False),  # one second before the first day in Beijing
        (datetime(2026, 7, 19, 16, 0, tzinfo=UTC), True),
        (datetime(2027, 7, 19, 15, 59, 59, 999999, tzinfo=UTC), True),
        (datetime(2027, 7, 19, 16, 0, tzinfo=UTC), False),  # midnight after the last day
    ],
)
def test_the_term_begins_and_ends_at_midnight_in_beijing(moment, is_allowed):
    if is_allowed:
        assert may_use(TERMS, 0, moment).remaining == 999
    else:
        with pytest.raises(OutOfTerm):
            may_use(TERMS, 0, moment)


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("scenario", ["贷前核验", "贷后管理", ""])
def test_an_entitlement_serves_its_own_purpose_and_scenario_only(purpose, scenario):
    if (purpose, scenario) == (TERMS.purpose, TERMS.scenario):
        assert may_use(TERMS, 0, NOON, purpose=purpose, scenario=scenario).used == 1
    else:
        with pytest.raises(OutOfScope) as caught:
            may_use(TERMS, 0, NOON, purpose=purpose, scenario=scenario)
        assert caught.value.rule in ("PUB-02", "DEV-02")


def test_a_purchase_for_one_kind_of_subject_does_not_answer_for_another():
    reports = Terms("ENT", 10, TERMS.valid_from, TERMS.valid_until, TERMS.purpose, TERMS.scenario, "enterprise")
    assert may_use(reports, 0, NOON, subject_kind="enterprise").remaining == 9
    with pytest.raises(OutOfScope):
        may_use(reports, 0, NOON, subject_kind="personal")


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_use_counts_at_least_one(quantity):
    with pytest.raises(QuantityUnusable):
        may_use(TERMS, 0, NOON, quantity=quantity)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_moment_inside_the_term_is_allowed_and_every_other_refused(moment):
    inside = TERMS.valid_from <= business_date(moment) <= TERMS.valid_until
    if inside:
        may_use(TERMS, 0, moment)
    else:
        with pytest.raises(OutOfTerm):
            may_use(TERMS, 0, moment)


@pytest.mark.parametrize(
    ("start", "months", "ends", "wanted"),
    [
        (date(2026, 7, 20), 12, (), date(2027, 7, 19)),
        (date(2026, 8, 31), 6, (), date(2027, 2, 27)),  # February has no 31st
        (date(2026, 7, 20), 12, (date(2026, 12, 31), None), date(2026, 12, 31)),
        (date(2026, 7, 20), 1, (date(2028, 1, 1), date(2026, 8, 1)), date(2026, 8, 1)),
    ],
)
def test_a_term_of_months_ends_with_whatever_it_rests_on(start, months, ends, wanted):
    assert last_day(start, months, *ends) == wanted


def test_a_refusal_names_the_entitlement_and_what_to_do():
    with pytest.raises(OutOfTerm, match=r"ENT-2026-000001.*请续购"):
        may_use(TERMS, 0, NOON + timedelta(days=400))
