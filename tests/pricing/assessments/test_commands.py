"""A year is assessed once, corrected by a newer row, and proposes what is to be adjusted; on a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.money import UnitPrice
from kernel.policy import PolicyGap
from pricing.adjustments import commands as deciding
from pricing.adjustments import queries as adjustments
from pricing.adjustments.commands import AmountUnexplained, NotCarriedOut
from pricing.adjustments.rules import AdjustmentKind, AdjustmentState, WrongState
from pricing.assessments import queries
from pricing.assessments.commands import CorrectionReasonMissing, Unchanged
from pricing.assessments.model import Assessment
from pricing.assessments.queries import NoCeiling, NoSuchAssessment
from pricing.assessments.rules import Action, Basis, Direction, NotSettled, Revenue, YearNotOver
from registry.products.model import Product
from tests.make import assessments as make
from tests.make import pricing as prices
from tests.make import registry_base as base

NEXT_YEAR = datetime(make.YEAR + 1, 3, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def product(session: Session) -> Product:
    """A product under a ceiling of 8 257 824.00, with a cap and a price of 0.80."""
    return prices.make_priced_product(session)


@pytest.mark.both_databases
def test_exactly_a_tenth_above_prices_are_adjusted_and_a_fen_more_caps(session: Session, product: Product) -> None:
    mild = make.assess(session, product, "9083606.40")
    assert (mild.action, mild.direction, mild.permitted.text()) == (
        Action.ADJUST_PRICES, Direction.OVER, "8257824.00",
    )  # fmt: skip
    (price,) = adjustments.of_assessment(session, mild.id)
    assert (price.kind, price.current.text(), price.proposed.text()) == (AdjustmentKind.PRICE, "0.8", "0.72")
    assert price.expected.text() == "8175245.76"
    with pytest.raises(Unchanged):
        make.assess(session, product, "9083606.40")
    with pytest.raises(CorrectionReasonMissing):
        make.assess(session, product, "9083606.41")
    severe = make.assess(session, product, "9083606.41", correction_reason="补记一笔收入")
    assert (severe.action, severe.sequence, severe.supersedes_id) == (Action.ADJUST_CAPS, 2, mild.id)
    assert queries.latest(session, product.agreement_id, make.YEAR) is severe
    assert price.state is AdjustmentState.SUPERSEDED
    (cap,) = adjustments.of_assessment(session, severe.id)
    assert (cap.kind, cap.scope, cap.proposed.text()) == (AdjustmentKind.CAP, "*", "0.72")
    assert queries.is_intact(mild)
    assert queries.is_intact(severe)
    tree = queries.explained(severe)
    assert tree["value"] == "+10%"
    assert tree["lines"][1]["lines"][0]["label"].startswith(product.code)


def test_below_the_permitted_revenue_caps_rise_by_the_same_rule(session: Session, product: Product) -> None:
    found = make.assess(session, product, "7000000.00")
    assert (found.action, found.direction) == (Action.ADJUST_CAPS, Direction.UNDER)
    (cap,) = adjustments.of_assessment(session, found.id)
    assert cap.proposed.text() == "0.94"
    assert cap.expected <= found.permitted
    assert queries.explained(found)["value"] == "-15.23%"


def test_a_year_is_not_assessed_before_its_time_nor_by_anybody_else(session: Session, product: Product) -> None:
    with pytest.raises(YearNotOver):
        make.assess(session, product, "1.00", now=make.AFTERWARDS - timedelta(days=60))
    with pytest.raises(NoCeiling, match="试行收费"):
        make.assess(session, product, "1.00", year=make.YEAR + 1, now=datetime(make.YEAR + 2, 1, 2, tzinfo=UTC))
    agreement = make.agreement_of(session, product)
    with pytest.raises(NotSettled):
        queries.prepared(session, agreement, make.YEAR, Revenue(), Basis.NET_OF_TAX, now=make.AFTERWARDS, book=make.LAW)
    operator = make.operating(agreement)
    found = make.assess(session, product, "8257824.00")
    assert (found.action, adjustments.of_assessment(session, found.id)) == (Action.NONE, [])
    assert queries.get(session, operator, found.id) is found
    with pytest.raises(NoSuchAssessment):
        queries.get(session, prices.price_officer("puer"), found.id)
    with pytest.raises(NotAllowed):
        deciding.end_all(session, operator, make.assess(
            session, product, "9000000.00", correction_reason="更正").id, now=make.AFTERWARDS)  # fmt: skip


def test_of_several_determinations_the_newest_counts_and_all_are_told(session: Session, product: Product) -> None:
    agreement = make.agreement_of(session, product)
    later = prices.make_ceiling(session, agreement, tax="0.00", now=prices.NOW + timedelta(days=40))
    found = make.assess(session, product, "7790400.00")
    assert (found.ceiling_id, found.permitted.text(), found.action) == (later.id, "7790400.00", Action.NONE)
    told = [(one["permitted"], one["from"], one["until"]) for one in found.inputs["determinations"]]
    assert told == [
        ("8257824.00", "2026-01-01", "2026-08-09"), ("7790400.00", "2026-08-10", "2026-12-31"),
    ]  # fmt: skip
    assert queries.tax_is_inside(found)


def test_what_is_due_is_over_has_a_ceiling_and_no_assessment(session: Session, product: Product) -> None:
    officer, agreement = prices.price_officer(), make.agreement_of(session, product)
    today = prices.TODAY.replace(year=make.YEAR + 1)
    assert queries.due(session, officer, make.LAW, prices.TODAY) == []
    (one,) = queries.due(session, officer, make.LAW, today)
    assert (one.agreement.id, one.year, str(one.due_date)) == (agreement.id, make.YEAR, f"{make.YEAR + 1}-03-31")
    assert one.is_overdue(today)
    assert queries.due(session, prices.price_officer("puer"), make.LAW, today) == []
    make.assess(session, product, "1.00", price_step=UnitPrice.yuan("1"))
    assert queries.due(session, officer, make.LAW, today) == []


def test_without_a_price_step_nothing_is_guessed(session: Session, product: Product) -> None:
    with pytest.raises(PolicyGap, match="取整"):
        make.assess(session, product, "9000000.00", book=base.book())


@pytest.mark.both_databases
def test_neither_an_assessment_nor_a_proposal_is_changed(session: Session, product: Product) -> None:
    found = make.assess(session, product, "9000000.00")
    session.commit()
    for statement in (
        sa.update(Assessment).values(note="x"),
        sa.text("UPDATE pricing_adjustment SET proposed = 1"),
        sa.text("DELETE FROM pricing_adjustment"),
    ):
        with pytest.raises(DatabaseError):
            session.execute(statement)
        session.rollback()
    assert queries.latest(session, found.agreement_id, found.year) is not None


@pytest.mark.both_databases
def test_the_authorizing_entity_decides_and_the_operator_carries_out(session: Session, product: Product) -> None:
    agreement = make.agreement_of(session, product)
    entity, operator = make.authorizing(agreement), make.operating(agreement)
    made = make.assess(session, product, "9000000.00")
    (found,) = adjustments.of_assessment(session, made.id)
    for person in (operator, base.supervisor("puer"), prices.price_officer()):
        with pytest.raises(NotAllowed):
            deciding.accept(session, person, found.id, now=make.AFTERWARDS, book=make.LAW)
    another = UnitPrice.yuan("0.75")
    with pytest.raises(AmountUnexplained):
        deciding.accept(session, entity, found.id, amount=another, now=make.AFTERWARDS, book=make.LAW)
    deciding.accept(
        session, entity, found.id, amount=another, reason="兼顾履约中的订单", now=make.AFTERWARDS, book=make.LAW
    )
    assert (found.decided, found.due_date, found.is_overdue(prices.TODAY)) == (another, None, False)
    assert adjustments.carriers(session, found) == []
    first = prices.make_tariff(
        session, product, {"model": "per_unit", "unit_price": "0.76"}, now=NEXT_YEAR,
        effective_from=NEXT_YEAR.date(),
    )  # fmt: skip
    with pytest.raises(NotCarriedOut, match=r"不高于 0\.75 元"):
        deciding.carry_out(session, operator, found.id, by_id=first.id, now=NEXT_YEAR)
    lower = prices.make_tariff(
        session, product, {"model": "per_unit", "unit_price": "0.75"}, now=NEXT_YEAR,
        effective_from=(NEXT_YEAR + timedelta(days=1)).date(),
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        deciding.carry_out(session, entity, found.id, by_id=lower.id, now=NEXT_YEAR)
    assert adjustments.carriers(session, found) == [lower]
    deciding.carry_out(session, operator, found.id, by_id=lower.id, now=NEXT_YEAR)
    session.flush()
    assert (found.state, found.tariff_id, found.cap_id) == (AdjustmentState.CARRIED_OUT, lower.id, None)
    with pytest.raises(WrongState):
        deciding.refuse(session, entity, found.id, reason="迟了", now=NEXT_YEAR)


def test_a_refused_adjustment_keeps_its_reason(session: Session, product: Product) -> None:
    made = make.assess(session, product, "9900000.00")
    (found,) = adjustments.of_assessment(session, made.id)
    entity = make.authorizing(make.agreement_of(session, product))
    deciding.refuse(session, entity, found.id, reason="次年业务量已下降", now=make.AFTERWARDS)
    session.flush()
    assert (found.state, found.reason, found.decided) == (AdjustmentState.REFUSED, "次年业务量已下降", None)
    with pytest.raises(WrongState):
        deciding.accept(session, entity, found.id, now=make.AFTERWARDS, book=make.LAW)
