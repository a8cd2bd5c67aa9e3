"""What the ceiling and the caps were on a day, as they were known on another."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.db import new_id
from kernel.money import Money, UnitPrice
from pricing.ceilings import queries
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.ceilings.rules import CapForecast, DatedCap, last_moment, loads
from pricing.costs.rules import ChargeUnit
from registry.agreements.model import Agreement
from tests.make import pricing as make
from tests.make import registry_base as base

HOUR = timedelta(hours=1)


@pytest.fixture
def ceiling(session: Session) -> Ceiling:
    return make.make_ceiling(session, base.make_agreement(session))


def also_determined(session: Session, ceiling: Ceiling, hours: int) -> Ceiling:
    """Another determination of the same year, so many hours after (or before) the first."""
    row = {column.key: getattr(ceiling, column.key) for column in sa.inspect(Ceiling).columns}
    tax = Money(abs(hours))
    total = ceiling.operating_cost + ceiling.permitted_profit + tax - ceiling.clawback
    made = Ceiling(
        **{**row, "id": new_id(), "number": f"CEIL-{new_id()}", "tax": tax, "max_permitted_revenue": total,
           "determined_at": ceiling.determined_at + hours * HOUR}
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hours=st.lists(st.integers(-50, 50), unique=True, max_size=5), known=st.integers(-60, 60))
def test_knowledge_at_a_moment_never_depends_on_what_is_determined_after_it(session, ceiling, hours, known):
    moment = ceiling.determined_at + known * HOUR
    agreement = ceiling.agreement_id

    nested = session.begin_nested()
    by_then = [hour for hour in hours if hour <= known]
    for hour in by_then:
        also_determined(session, ceiling, hour)
    before = queries.ceiling_at(session, agreement, make.YEAR, moment)
    for hour in hours:
        if hour > known:
            also_determined(session, ceiling, hour)
    assert queries.ceiling_at(session, agreement, make.YEAR, moment) is before
    last = max([*by_then, *([0] if known >= 0 else [])], default=None)
    assert (before is None) == (last is None)
    if before is not None:
        assert before.determined_at == ceiling.determined_at + last * HOUR
    nested.rollback()


@pytest.mark.both_databases
def test_the_ceiling_of_a_day_is_told_as_it_was_known_on_another(session, ceiling):
    later = also_determined(session, ceiling, 48)
    agreement, today = ceiling.agreement_id, make.TODAY
    at = ceiling.determined_at
    assert queries.ceiling_at(session, agreement, today, at - HOUR) is None
    assert queries.ceiling_at(session, agreement, today, at) is ceiling
    assert queries.ceiling_at(session, agreement, today) is later
    assert queries.ceiling_at(session, agreement, date(make.YEAR + 1, 1, 1)) is None
    assert queries.history(session, agreement, make.YEAR) == [ceiling, later]

    def on(day: date, known_on: date | None) -> list[Ceiling]:
        return list(session.scalars(queries.ceilings_as_known(sa.select(Ceiling), day, known_on)))

    assert on(today, today) == [ceiling]
    assert on(today, today - timedelta(days=1)) == []
    assert on(today, today + timedelta(days=2)) == on(today, None) == [later]


@pytest.mark.both_databases
def test_the_cap_of_a_day_is_told_as_it_was_known_on_another(session, ceiling):
    product = make.make_product(session, agreement=session.get_one(Agreement, ceiling.agreement_id))
    day, soon = make.TODAY + timedelta(days=30), make.NOW + timedelta(days=5)
    make.set_caps(session, ceiling, [make.cap(product, "0.80")])
    make.set_caps(session, ceiling, [make.cap(product, "0.70")], effective_from=day, now=soon)

    def known(on: date, known_at) -> str | None:
        found = queries.caps_known(session, product.id, ChargeUnit.PER_USE, on, known_at)
        return None if found is None else found.amount.text()

    assert [known(day, make.NOW - HOUR), known(day, make.NOW), known(day, soon)] == [None, "0.8", "0.7"]
    assert known(make.TODAY, None) == "0.8"
    listed = queries.caps_as_known(sa.select(FeeCap), day, business_date(make.NOW))
    assert [cap.amount.text() for cap in session.scalars(listed)] == ["0.8"]
    listed = queries.caps_as_known(sa.select(FeeCap), day, None)
    assert [cap.amount.text() for cap in session.scalars(listed)] == ["0.7"]


def test_what_was_known_on_a_day_was_on_record_before_midnight_in_beijing():
    assert business_date(last_moment(make.TODAY)) == make.TODAY
    assert business_date(last_moment(make.TODAY) + timedelta(microseconds=1)) == make.TODAY + timedelta(days=1)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(1, 10**6)), max_size=8))
def test_the_last_cap_of_each_key_counts_on_every_day_on_which_anything_changes(given_caps):
    start = date(2026, 1, 1)
    caps = [
        DatedCap(key, start + timedelta(days=day), CapForecast(UnitPrice(units), 1)) for key, day, units in given_caps
    ]
    found = loads(caps, Money(0), start=start, year=2026)
    assert [load.on for load in found] == sorted({start} | {cap.effective_from for cap in caps})
    for load in found:
        begun = [cap for cap in caps if cap.effective_from <= load.on]
        assert {cap.key for cap in load.caps} == {cap.key for cap in begun}
        for cap in load.caps:
            assert cap.effective_from == max(other.effective_from for other in begun if other.key == cap.key)
        assert load.fit.expected == sum(cap.forecast.cap.exact_yuan() for cap in load.caps)
