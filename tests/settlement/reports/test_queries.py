"""Every report adds up to what the ledger booked."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.identity import Actor, Role
from kernel.money import Money, total
from market.orders import queries as orders
from settlement.intake import commands as intake
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import Cause
from settlement.reports import queries
from settlement.reports.pages import flows
from settlement.reports.queries import Wanted
from settlement.reports.rules import Dimension, Grain, Measure, closed
from settlement.scopes.queries import NothingToReport, scope_of
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.market.invoices.test_commands import give_back

YEAR = Period.year(2026)
OCTOBER = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def settled(session: Session) -> make.World:
    """Two settled months of the worked example."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 150)
    make.use(session, world.levels_bought, 100)
    make.settle(session)
    make.use(session, world.scores_bought, 50, at=datetime(2026, 9, 5, 2, 0, tzinfo=UTC), prefix="s", now=OCTOBER)
    make.settle(session, period=Period.month("2026-09"), now=OCTOBER)
    return world


def asked(person: Actor, **chosen: object) -> Wanted:
    """What a person asks for over the year."""
    return Wanted(scope_of(person), YEAR, **chosen)  # type: ignore[arg-type]


def booked(session: Session, head: str) -> Money:
    """Return what entries of revenue put on accounts under a head, by the ledger alone."""
    query = sa.select(sa.func.sum(JournalLine.amount)).join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
    found: Money = session.scalar(
        query.where(JournalEntry.cause == Cause.REVENUE_EARNED, JournalLine.account.startswith(head))
    )
    return found


@pytest.mark.both_databases
def test_revenue_by_anything_is_what_the_ledger_booked(session: Session, settled: make.World) -> None:
    for dimension, grain in product(set(Dimension) - {Dimension.DEPARTMENT}, Grain):
        found = closed(queries.rows(session, asked(make.checker(), dimension=dimension, grain=grain)))
        assert found.gross == booked(session, "liability:unearned:"), (dimension, grain)
        assert found.tax == -booked(session, "liability:output_tax:"), (dimension, grain)
        assert (found.net, found.quantity) == (found.gross - found.tax, 300), (dimension, grain)


@pytest.mark.both_databases
def test_shares_by_anything_are_what_the_ledger_owes_each_kind_of_account(
    session: Session, settled: make.World
) -> None:
    for dimension in Dimension:
        found = closed(queries.rows(session, asked(make.checker(), dimension=dimension, measure=Measure.SHARE)))
        assert found.treasury == -booked(session, "liability:treasury:"), dimension
        assert found.own_account == -booked(session, "liability:payable:"), dimension
        assert found.held == -booked(session, "liability:held:"), dimension
        assert found.share == found.treasury + found.own_account + found.held


@pytest.mark.both_databases
def test_the_league_keeps_what_went_to_the_treasury_with_its_department(session: Session, settled: make.World) -> None:
    first, second = queries.league(session, asked(make.checker()))
    assert (first.title, second.title) == ("气象局", "人民医院")
    assert (first.treasury, first.share) == (first.share, first.treasury)
    assert second.held == second.share
    assert first.share > second.share > Money(0)


@pytest.mark.both_databases
def test_the_waterfall_ties_at_every_step(session: Session, settled: make.World) -> None:
    found = queries.waterfall(session, asked(make.checker()))
    assert found.gross == booked(session, "liability:unearned:")
    assert total(one.amount for one in found.shares) == found.net
    assert {one.kind for one in found.shares} == {"rate", "pool", "rest"}
    assert (found.refunded, found.kept) == (Money(0), found.gross)


def test_a_refund_lessens_what_was_kept_and_never_swells_the_drawing(session: Session, settled: make.World) -> None:
    order = orders.get(session, settled.scores_bought.order_id)
    give_back(session, order, "53.00", "R-1")
    intake.take_in_payments(session, make.preparer(), now=make.NOW, place=base.PLACE)
    found = queries.waterfall(session, asked(make.checker()))
    assert (found.refunded, found.returned) == (Money.yuan("53.00"), Money.yuan("53.00"))  # all of it was earned
    assert found.kept == found.gross - found.returned
    drawn, _words, shown = flows(found)
    assert "refunded" not in {flow.target for flow in drawn}
    assert shown["paid"] == found.gross.grouped()


@pytest.mark.both_databases
def test_a_party_reads_its_own_shares_and_nothing_of_others(session: Session, settled: make.World) -> None:
    bureau = base.actor(Role.SOURCE, org_id=settled.bureau.id, place=base.PLACE)
    assert queries.rows(session, asked(bureau)) == []
    shares = queries.rows(session, asked(bureau, measure=Measure.SHARE, grain=Grain.WHOLE))
    whole = queries.league(session, asked(make.checker()))[0]
    assert closed(shares).share == whole.share
    poured = queries.waterfall(session, asked(bureau))
    assert {one.name for one in poured.shares} == {"气象局"}
    _, words, shown = flows(poured)
    assert (words["paid"], shown["paid"]) == ("本单位分得", whole.share.grouped())  # it is not told the whole income
    merchant = base.actor(Role.MERCHANT, org_id=settled.merchant.id, place=base.PLACE)
    assert closed(queries.rows(session, asked(merchant))).gross == booked(session, "liability:unearned:")


def test_another_place_and_the_platforms_own_people_read_nothing(session: Session, settled: make.World) -> None:
    assert queries.rows(session, asked(make.checker("futian"))) == []
    assert queries.waterfall(session, asked(make.checker("futian"))).gross == Money(0)
    with pytest.raises(NothingToReport):
        scope_of(base.actor(Role.BUYER, org_id=settled.operator.id))


def test_a_place_narrows_what_a_watcher_of_all_places_reads(session: Session, settled: make.World) -> None:
    auditor = base.actor(Role.AUDITOR)
    assert closed(queries.rows(session, asked(auditor))).gross > Money(0)
    assert queries.rows(session, asked(auditor, place="futian")) == []
    assert closed(queries.rows(session, asked(auditor, place=base.PLACE))).gross > Money(0)
