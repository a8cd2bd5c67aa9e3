"""Cycles are opened, closed and corrected, and ceilings learn what to deduct; on a real database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.money import ZERO, Money
from pricing.cycles import commands, queries
from pricing.cycles.commands import NothingChanged
from pricing.cycles.queries import NoSuchCycle
from pricing.cycles.rules import CycleUnusable, SmoothingNotAllowed, Span, YearsNotAssessed
from registry.products.model import Product
from tests.make import assessments as make
from tests.make import pricing as prices
from tests.make import registry_base as base

YEAR = make.YEAR


@pytest.fixture
def product(session: Session) -> Product:
    """A product under a ceiling of 8 257 824.00, with a cap and a price of 0.80."""
    return prices.make_priced_product(session)


def opened(session: Session, product: Product, first: int = YEAR, last: int = YEAR, **given):
    return commands.open_cycle(
        session, given.get("actor", prices.price_officer()), agreement_id=product.agreement_id, first_year=first,
        last_year=last, now=make.AFTERWARDS, book=make.LAW,
    )  # fmt: skip


def closed(session: Session, cycle, *, book=make.LAW, **given):
    return commands.close_cycle(session, prices.price_officer(), cycle.id, now=make.AFTERWARDS, book=book, **given)


@pytest.mark.both_databases
def test_the_excess_of_a_cycle_is_due_in_the_next_year_until_a_ceiling_deducts_it(
    session: Session, product: Product
) -> None:
    cycle = opened(session, product)
    with pytest.raises(YearsNotAssessed, match="2026"):
        closed(session, cycle)
    make.assess(session, product, "9957824.00")
    closing = closed(session, cycle)
    assert (closing.excess.text(), [(row.year, row.amount.text()) for row in closing.deductions]) == (
        "1700000.00", [(YEAR + 1, "1700000.00")],
    )  # fmt: skip
    due = Money.yuan("1700000.00")
    amount, reason = queries.deduction_due(session, product.agreement_id, YEAR + 1)
    assert amount == due
    assert "2026 年评估周期" in reason
    assert "1,700,000.00" in reason
    assert queries.deduction_due(session, product.agreement_id, YEAR) == (ZERO, "")
    assert queries.deduction_due(session, product.agreement_id, YEAR + 2)[0] == due
    agreement = make.agreement_of(session, product)
    ceiling = prices.make_ceiling(session, agreement, year=YEAR + 1, due=None, now=make.AFTERWARDS)
    assert ceiling.clawback == due
    before = ceiling.operating_cost + ceiling.permitted_profit + ceiling.tax
    assert (before - ceiling.max_permitted_revenue, ceiling.max_permitted_revenue.text()) == (due, "6557824.00")
    assert queries.deduction_due(session, product.agreement_id, YEAR + 2) == (ZERO, "")
    tree = queries.explained(queries.get(session, prices.price_officer(), cycle.id), closing)
    assert tree["value"] == "¥ 1,700,000.00"


def test_a_deduction_larger_than_a_ceiling_leaves_a_rest_for_the_next_year(session: Session, product: Product) -> None:
    make.assess(session, product, "20000000.00")
    cycle = opened(session, product)
    closing = closed(session, cycle)
    assert closing.excess.text() == "11742176.00"
    given = {"clawback": closing.excess, "clawback_reason": "超收"}
    ceiling = prices.make_ceiling(
        session, make.agreement_of(session, product), year=YEAR + 1, now=make.AFTERWARDS, **given
    )
    assert ceiling.max_permitted_revenue == ZERO
    rest = queries.deduction_due(session, product.agreement_id, YEAR + 2)[0]
    assert rest.text() == "3484352.00"


@pytest.mark.both_databases
def test_a_correction_adds_the_difference_and_changes_nothing_booked(session: Session, product: Product) -> None:
    make.assess(session, product, "10257824.00")
    cycle = opened(session, product)
    closed(session, cycle, spread_years=2)
    assert [row.amount.text() for row in queries.planned(session, cycle.agreement_id)] == ["1000000.00"] * 2
    with pytest.raises(NothingChanged):
        closed(session, cycle, spread_years=2)
    make.assess(session, product, "10157823.99", correction_reason="冲回一笔收入")
    again = closed(session, cycle, spread_years=2, reason="年度评估更正")
    assert (again.sequence, [row.amount.text() for row in again.deductions]) == (2, ["-50000.00", "-50000.01"])
    owed = [queries.deduction_due(session, cycle.agreement_id, YEAR + after)[0].text() for after in (1, 2)]
    assert owed == ["950000.00", "1899999.99"]


def test_an_excess_that_is_not_large_is_not_spread_and_without_a_rule_a_reason_is_given(
    session: Session, product: Product
) -> None:
    make.assess(session, product, "9909388.80")  # exactly 20 % above
    cycle = opened(session, product)
    with pytest.raises(SmoothingNotAllowed):
        closed(session, cycle, spread_years=2)
    with pytest.raises(SmoothingNotAllowed):
        closed(session, cycle, spread_years=2, book=base.book())
    closing = closed(session, cycle, spread_years=2, book=base.book(), reason="超出较多，经会商认定")
    assert (closing.threshold, closing.sources, len(closing.deductions)) == (None, [], 2)


def test_cycles_are_short_do_not_overlap_and_are_opened_by_price_officers(session: Session, product: Product) -> None:
    with pytest.raises(CycleUnusable, match="上限 3 年"):
        opened(session, product, YEAR, YEAR + 3)
    with pytest.raises(NotAllowed):
        opened(session, product, actor=base.supervisor())
    cycle = opened(session, product, YEAR, YEAR + 2)
    with pytest.raises(CycleUnusable, match="重叠"):
        opened(session, product, YEAR + 2, YEAR + 3)
    with pytest.raises(NotAllowed):
        commands.close_cycle(session, base.supervisor(), cycle.id, now=make.AFTERWARDS, book=make.LAW)
    with pytest.raises(NoSuchCycle):
        queries.get(session, prices.price_officer("puer"), cycle.id)


def test_the_evaluation_is_due_when_the_cycle_is_over_opened_or_not(session: Session, product: Product) -> None:
    officer = prices.price_officer()
    (found,) = queries.due(session, officer, make.LAW, prices.TODAY)
    assert (found.span, found.cycle, found.ends_on) == (Span(YEAR, YEAR + 2), None, date(YEAR + 2, 12, 31))
    assert not found.is_due(date(YEAR + 2, 12, 31))
    assert found.is_due(date(YEAR + 3, 1, 1))
    make.assess(session, product, "1000000.00")
    cycle = opened(session, product)
    (found,) = queries.due(session, officer, make.LAW, prices.TODAY)
    assert (found.cycle, found.ends_on) == (cycle, date(YEAR, 12, 31))
    closing = closed(session, cycle)
    assert (closing.excess, closing.deductions) == (ZERO, [])
    assert queries.due(session, officer, make.LAW, prices.TODAY) == []
    later = datetime(YEAR + 1, 1, 5, tzinfo=UTC) + timedelta(days=1)
    prices.make_ceiling(session, make.agreement_of(session, product), year=YEAR + 1, now=later)
    (found,) = queries.due(session, officer, make.LAW, prices.TODAY)
    assert found.span == Span(YEAR + 1, YEAR + 3)
