"""The running year is read daily, and each alarm is raised once; on a real database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.errors import Invalid, NotAllowed
from kernel.identity import Role
from kernel.money import Money
from pricing.headroom import commands, queries
from pricing.headroom.commands import NothingToWatch
from pricing.headroom.model import HeadroomAlarm, HeadroomReading
from pricing.headroom.queries import NoReading
from pricing.headroom.rules import Accrued
from registry.products.model import Product
from tests.make import assessments as make
from tests.make import pricing as prices
from tests.make import registry_base as base

YEAR = make.YEAR
UNTIL = date(YEAR, 11, 22)
NOW = datetime(YEAR, 11, 22, 0, 30, tzinfo=UTC)
JULY, AUGUST = Period.month(f"{YEAR}-07"), Period.month(f"{YEAR}-08")


@pytest.fixture
def product(session: Session) -> Product:
    """A product under a ceiling of 8 257 824.00, with a cap of 0.80 for a thousand uses: 800.00 by its forecast."""
    return prices.make_capped_product(session)


def read(session: Session, product: Product, amount: str, *, actor=None, until=UNTIL, book=make.LAW, **given):
    lines = [Accrued(JULY, product.code, Money.yuan("100.00")), Accrued(AUGUST, product.code, Money.yuan(amount))]
    return commands.read(
        session, actor or base.actor(Role.SCHEDULER), agreement_id=product.agreement_id,
        accrued=given.get("lines", lines), until=until, now=given.get("now", NOW), book=book,
    )  # fmt: skip


@pytest.mark.both_databases
def test_an_alarm_is_raised_once_for_each_share_and_limit_and_year(session: Session, product: Product) -> None:
    officer = prices.price_officer()
    read(session, product, "619.99")
    assert queries.open_alarms(session, officer, UNTIL) == []
    read(session, product, "620.00", now=NOW + timedelta(days=1))
    raised = [(one.alarm.scope, str(one.alarm.share)) for one in queries.open_alarms(session, officer, UNTIL)]
    assert raised == [(product.code, "0.9")]
    read(session, product, "7432041.60", now=NOW + timedelta(days=2))
    read(session, product, "7432041.60", now=NOW + timedelta(days=3))
    found = queries.alarms_of(session, product.agreement_id, YEAR)
    assert {(one.scope, str(one.share)) for one in found} == {
        (product.code, "0.9"), (product.code, "1"), ("*", "0.9"),
    }  # fmt: skip
    assert len(found) == 3
    assert [one.sources[0]["name"] for one in found] == ["pricing.headroom.alert_share"] * 3


def test_the_alarms_stand_on_the_desks_of_officer_entity_and_operator_alone(session: Session, product: Product) -> None:
    read(session, product, "8257724.00")
    agreement = make.agreement_of(session, product)
    for person in (prices.price_officer(), make.authorizing(agreement), make.operating(agreement)):
        assert len(queries.open_alarms(session, person, UNTIL)) == 4
    strangers = (prices.price_officer("puer"), base.actor(Role.OPERATOR, org_id=agreement.authorizing_entity_id))
    for person in strangers:
        assert queries.open_alarms(session, person, UNTIL) == []
    assert queries.open_alarms(session, prices.price_officer(), UNTIL.replace(year=YEAR + 1)) == []


def test_a_higher_ceiling_ends_the_alarm_which_stays_on_record(session: Session, product: Product) -> None:
    read(session, product, "7432041.60")
    officer = prices.price_officer()
    before = [one.alarm.scope for one in queries.open_alarms(session, officer, UNTIL)]
    assert "*" in before
    prices.make_ceiling(session, make.agreement_of(session, product), tax="1467424.00", now=NOW)
    assert "*" not in [one.alarm.scope for one in queries.open_alarms(session, officer, UNTIL)]
    assert session.scalar(sa.select(sa.func.count()).select_from(HeadroomAlarm)) == len(before)
    reading = session.scalars(sa.select(HeadroomReading)).one()
    assert queries.headroom(session, reading, make.LAW).permitted.text() == "9257824.00"


def test_only_where_a_place_says_so_sales_stop_at_the_permitted_revenue(session: Session) -> None:
    found = {}
    for place in ("futian", "xinchang"):
        product = prices.make_capped_product(session, place=place)
        read(session, product, "8257723.99")
        below = queries.revenue_is_exhausted(session, product.agreement_id, UNTIL, make.LAW)
        read(session, product, "8257724.00", now=NOW + timedelta(hours=1))
        exhausted = queries.revenue_is_exhausted(session, product.agreement_id, UNTIL, make.LAW)
        found[place] = (below, exhausted)
        assert not queries.revenue_is_exhausted(session, product.agreement_id, UNTIL, base.book())
    assert found == {"futian": (False, True), "xinchang": (False, False)}


def test_the_whole_and_each_product_have_a_forecast_and_products_without_caps_are_not_watched(
    session: Session, product: Product
) -> None:
    free = prices.make_product(session, agreement=make.agreement_of(session, product), merchant=None)
    lines = [Accrued(JULY, product.code, Money.yuan("310.00")), Accrued(AUGUST, free.code, Money.yuan("620.00"))]
    found = queries.headroom(session, read(session, product, "0", lines=lines, until=AUGUST.end), make.LAW)
    assert found.whole.standing.accrued.text() == "930.00"
    (one,) = found.products
    assert (one.scope, one.standing.limit.text()) == (product.code, "800.00")
    forecast = one.standing.forecast
    assert forecast is not None
    assert (forecast.low, forecast.daily) == (310, 5)


def test_reading_is_for_the_timetable_and_price_officers(session: Session, product: Product) -> None:
    agreement = make.agreement_of(session, product)
    with pytest.raises(NoReading):
        queries.get(session, prices.price_officer(), product.agreement_id, YEAR)
    with pytest.raises(NotAllowed):
        read(session, product, "1.00", actor=make.operating(agreement))
    made = read(session, product, "1.00", actor=prices.price_officer())
    assert queries.get(session, make.operating(agreement), product.agreement_id, YEAR) is made
    with pytest.raises(Invalid):
        read(session, product, "1.00", until=date(YEAR, 8, 31))
    with pytest.raises(NothingToWatch):
        read(session, product, "1.00", until=date(YEAR, 1, 1))
