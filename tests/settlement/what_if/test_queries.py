"""A scenario over real history: nothing moved changes nothing, a move reaches whom it concerns, nothing is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.db import Base, to_json
from kernel.errors import DomainError
from kernel.identity import Role
from kernel.money import ZERO, Money, UnitPrice, total
from market.orders.model import Order
from pricing.assessments.rules import Action
from pricing.ceilings.rules import RateAboveCap
from pricing.tariffs.rules import TariffModel
from registry.parties.model import Party
from settlement.comparisons.rules import Compared, Row, summary
from settlement.replays.queries import Replayed, replay
from settlement.runs.model import SettlementRun
from settlement.runs.queries import preview
from settlement.runs.rules import PeriodNotOver
from settlement.scenarios.queries import ScenarioUnknown, SpanUnusable
from settlement.scenarios.rules import Move, MoveKind, MoveUnusable
from settlement.splits.rules import ScheduleInvalid
from settlement.what_if import queries
from tests.make import registry_base as base
from tests.make import settlement as books
from tests.make import what_if as make


def rows_of_every_table(session: Session) -> dict[str, int]:
    """How many rows each table has."""
    tables = Base.metadata.sorted_tables
    return {table.name: session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables}


def refuse_writing(session: Session) -> None:
    """From here on the database itself refuses whatever is not a read."""
    session.commit()
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    session.execute(sa.text("PRAGMA query_only = 1" if on_sqlite else "SET TRANSACTION READ ONLY"))


def allow_writing(session: Session) -> None:
    """The auditors that look over the books after the test may use the connection again."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text("PRAGMA query_only = 0"))
    session.rollback()


def by_label(rows: tuple[Row, ...]) -> dict[str, tuple[str, str]]:
    """Amounts then and now by name."""
    return {row.label: (row.then.text(), row.now.text()) for row in rows}


def changes_nothing(found: Compared) -> bool:
    """Whether both sides are the same everywhere."""
    tables = (found.months, found.buyers, found.products, found.parties, found.agreements, (found.gross, found.net))
    rows = [row for table in tables for row in table]
    return (
        not any(row.difference for row in rows)
        and all(row.then_units == row.now_units for row in rows)
        and all(year.then == year.now for year in found.years)
        and not found.refused
    )


def replayed(session: Session) -> list[Replayed]:
    """August and September, worked out again without any change."""
    span = make.scenario().span
    return list(
        replay(
            session, place=base.PLACE, span=span, received_until=make.NOW, book=books.LAW, change=lambda facts: facts
        )
    )


def sealed_report(session: Session, period: Period) -> str:
    """What was sealed for a month."""
    run = session.scalars(sa.select(SettlementRun).where(SettlementRun.period_start == period.start)).one()
    return to_json(run.report)


@pytest.mark.both_databases
def test_history_is_replayed_to_the_fen_and_a_scenario_writes_nothing(session: Session) -> None:
    history = make.make_history(session)
    number = history.world.agreement.number
    counted = rows_of_every_table(session)
    refuse_writing(session)
    august, september = replayed(session)
    assert (august.is_sealed, september.is_sealed) == (True, False)
    assert to_json(august.then.report()) == sealed_report(session, make.AUGUST)
    expected = preview(session, books.preparer(), place=base.PLACE, period=make.SEPTEMBER, now=make.NOW, book=books.LAW)
    assert to_json(september.then.report()) == to_json(expected)
    moved = make.compare(session, Move(MoveKind.SHARE, agreement=number, step=1, value="0.55"))
    assert by_label(moved.parties)["运营公司"] == ("1232.37", "1129.67")
    assert rows_of_every_table(session) == counted
    allow_writing(session)

    books.settle(session, period=make.SEPTEMBER, now=make.NOW)
    late = {"at": make.USED_IN_SEPTEMBER, "now": make.NOW, "prefix": "late"}
    books.use(session, history.checks_bought, 1, quantity="5", **late)  # known only after both months were sealed
    for one, period in zip(replayed(session), (make.AUGUST, make.SEPTEMBER), strict=True):
        assert one.is_sealed
        assert to_json(one.then.report()) == to_json(one.now.report()) == sealed_report(session, period)
    again = make.compare(session, Move(MoveKind.SHARE, agreement=number, step=1, value="0.55"))
    assert (again.parties, again.products) == (moved.parties, moved.products)


def test_a_scenario_reaches_whom_it_concerns(session: Session) -> None:
    history = make.make_history(session)
    world, checks, number = history.world, history.checks.code, history.world.agreement.number
    session.commit()
    refuse_writing(session)
    _nothing_moved_changes_nothing(session, number)
    _a_share_moves_between_the_parties_alone(session, number)
    _a_price_moves_revenue_by_its_factor(session, world.scores.code)
    _tiers_are_rated_on_the_order_and_earned_by_use(session, world.scores.code)
    _a_cap_below_the_price_refuses_the_order(session, checks)
    _the_volume_moves_use_orders_and_forecasts(session, checks)
    _costs_move_the_ceiling_and_the_deviation(session, number)
    _the_tax_rate_moves_what_is_divided(session)
    _sellers_move_and_see_their_own(session, history)
    _what_cannot_be_is_refused(session, number, checks)
    allow_writing(session)


def _nothing_moved_changes_nothing(session: Session, number: str) -> None:
    found = make.compare(session)
    assert changes_nothing(found)
    assert by_label(found.months) == {"2026-08": ("1486.80", "1486.80"), "2026-09": ("690.40", "690.40")}
    names = session.scalars(sa.select(Party.name).join(Order, Order.buyer_id == Party.id))
    assert {row.label for row in found.buyers} == set(names)
    assert found.gross.then == total(row.then for row in found.products) == total(row.then for row in found.buyers)
    assert total(row.then for row in found.parties) == found.net.then
    assert "都不变" in summary(found)[0]
    there_and_back = [
        Move(MoveKind.PRICE, factor=Decimal(2)), Move(MoveKind.VOLUME, factor=Decimal("0.5")),
        Move(MoveKind.PRICE, factor=Decimal("0.5")), Move(MoveKind.VOLUME, factor=Decimal(2)),
        Move(MoveKind.COST, agreement=number, amount=Money.yuan("1.00")),
        Move(MoveKind.DISALLOW, agreement=number, amount=Money.yuan("1.00")),
        Move(MoveKind.SHARE, agreement=number, step=1, value="0.5"),
        Move(MoveKind.SHARE, agreement=number, step=1, value="0.6"),
    ]  # fmt: skip
    assert changes_nothing(make.compare(session, *there_and_back))


def _a_share_moves_between_the_parties_alone(session: Session, number: str) -> None:
    found = make.compare(session, Move(MoveKind.SHARE, agreement=number, step=1, value="0.55"))
    assert not found.gross.difference
    assert by_label(found.parties) == {
        "运营公司": ("1232.37", "1129.67"), "平台公司": ("205.41", "308.11"),
        "气象局": ("388.65", "388.65"), "人民医院": ("227.53", "227.53"),
    }  # fmt: skip
    assert "变化在各方分得之间" in summary(found)[0]
    one_schedule = Move(MoveKind.SHARE, agreement=number, schedule="SCH-NONE", step=1, value="0.55")
    with pytest.raises(ScenarioUnknown, match="SCH-NONE"):
        make.compare(session, one_schedule)


def _a_price_moves_revenue_by_its_factor(session: Session, scores: str) -> None:
    found = make.compare(session, Move(MoveKind.PRICE, product=scores, factor=Decimal("1.1")))
    assert by_label(found.products)["评分"] == ("1060.00", "1166.00")
    assert by_label(found.products)["等级"] == ("530.00", "530.00")
    row = next(row for row in found.products if row.label == "评分")
    assert (row.then_average, row.now_average, row.percent) == ("5.3", "5.83", "+10")
    later = Move(MoveKind.PRICE, product=scores, factor=Decimal("1.1"), from_date=date(2026, 7, 21))
    assert changes_nothing(make.compare(session, later))  # the order was placed the day before


def _tiers_are_rated_on_the_order_and_earned_by_use(session: Session, scores: str) -> None:
    tiers = [{"up_to": "150", "unit_price": "5"}, {"up_to": None, "unit_price": "2"}]
    model = TariffModel.from_dict({"model": "graduated", "tiers": tiers})
    found = make.compare(session, Move(MoveKind.TARIFF, product=scores, model=model), product=scores)
    # 200 bought: 150 × 5 + 50 × 2 = 850; August used 120 = 600.00, September the rest
    assert by_label(found.months) == {"2026-08": ("636.00", "600.00"), "2026-09": ("424.00", "250.00")}
    assert "850.00" in str(found.explanation)


def _a_cap_below_the_price_refuses_the_order(session: Session, checks: str) -> None:
    found = make.compare(session, Move(MoveKind.CAP, product=checks, cap=UnitPrice.yuan("0.79")))
    assert [(one.product, one.unit_price.text(), one.cap.text()) for one in found.refused] == [(checks, "0.8", "0.79")]
    assert by_label(found.products)[found.refused[0].title] == ("587.20", "0.00")
    assert found.years[0].now.expected == "7900000"
    at_the_price = make.compare(session, Move(MoveKind.CAP, product=checks, cap=UnitPrice.yuan("0.80")))
    assert changes_nothing(at_the_price)
    dearer = make.compare(session, Move(MoveKind.PRICE, product=checks, factor=Decimal("1.01")))
    assert [one.cap.text() for one in dearer.refused] == ["0.8"]  # the cap in force on the day of the order


def _the_volume_moves_use_orders_and_forecasts(session: Session, checks: str) -> None:
    found = make.compare(session, Move(MoveKind.VOLUME, product=checks, factor=Decimal("2")))
    row = next(row for row in found.products if row.key == checks)
    assert (row.then_units, row.now_units, row.now.text()) == (734, 1468, "1174.40")
    year = found.years[0]
    assert (year.then.fit.fits, year.now.fit.fits, year.now.expected) == (True, False, "16000000")
    assert "超出最高准许收入" in summary(found)[0]


def _costs_move_the_ceiling_and_the_deviation(session: Session, number: str) -> None:
    year = make.compare(session, Move(MoveKind.COST, agreement=number, amount=Money.yuan("1000000.00"))).years[0]
    # PRC-02: one million more of cost, and 8.2 % profit on it
    assert (year.then.permitted.text(), year.now.permitted.text()) == ("8257824.00", "9339824.00")
    assert year.then.deviation is not None
    assert year.then.deviation.action is Action.ADJUST_CAPS
    low = [
        Move(MoveKind.DISALLOW, agreement=number, amount=Money.yuan("7999446.00")),  # 554.00 of cost are left
        Move(MoveKind.MARGIN, agreement=number, rate=Decimal("0.000")),
        Move(MoveKind.TAX, agreement=number, amount=ZERO),
    ]  # fmt: skip
    found = make.compare(session, *low, is_gross=True)
    assert found.years[0].now.permitted.text() == "0.00"  # the subsidy of 800 000.00 is larger
    assert found.years[0].now.deviation is None
    assert "最高准许收入为零" in found.years[0].now.words
    with pytest.raises(RateAboveCap):
        make.compare(session, Move(MoveKind.MARGIN, agreement=number, rate=Decimal("0.0601")))


def _the_tax_rate_moves_what_is_divided(session: Session) -> None:
    found = make.compare(session, Move(MoveKind.VAT, rate=Decimal(0)))
    assert not found.gross.difference
    assert found.net.now == found.gross.now
    assert found.net.then < found.net.now


def _sellers_move_and_see_their_own(session: Session, history: make.History) -> None:
    operator = base.actor(Role.OPERATOR, org_id=history.world.operator.id, place=base.PLACE)
    found = make.compare(session, Move(MoveKind.PRICE, factor=Decimal("0.5")), actor=operator)
    assert [(row.key, row.now.text()) for row in found.products] == [(history.checks.code, "293.60")]
    assert [row.label for row in found.parties] == ["运营公司", "其他各方"]
    assert len(found.years) == 1
    merchant = base.actor(Role.MERCHANT, org_id=history.world.merchant.id, place=base.PLACE)
    with pytest.raises(ScenarioUnknown, match=history.world.agreement.number):
        make.compare(session, actor=merchant, agreement=history.world.agreement.number)


def _what_cannot_be_is_refused(session: Session, number: str, checks: str) -> None:
    wrong: list[tuple[tuple[Move, ...], type[DomainError], str]] = [
        ((Move(MoveKind.CAP, product=checks),), MoveUnusable, "cap 必须填写"),
        ((Move(MoveKind.VAT, rate=Decimal(0), product=checks),), MoveUnusable, "不属于"),
        ((Move(MoveKind.PRICE, product="P-0", factor=Decimal(1)),), ScenarioUnknown, "P-0"),
        ((Move(MoveKind.TAX, agreement="A-0", amount=ZERO),), ScenarioUnknown, "A-0"),
        ((Move(MoveKind.SHARE, agreement=number, step=3, value="0.1"),), MoveUnusable, "余额"),
        ((Move(MoveKind.SHARE, agreement=number, step=9, value="0.1"),), MoveUnusable, "没有第 9 步"),
        ((Move(MoveKind.SHARE, agreement=number, step=1, value="0.8"),), ScheduleInvalid, "超过 1"),
        ((Move(MoveKind.SHARE, agreement=number, step=1, value="一半"),), MoveUnusable, "一半"),
        ((Move(MoveKind.COST, agreement=number, amount=Money.signed_yuan("-99000000.00")),), MoveUnusable, "不能为负"),
    ]
    for moves, refusal, words in wrong:
        with pytest.raises(refusal, match=words):
            make.compare(session, *moves)
    with pytest.raises(ScenarioUnknown):
        make.compare(session, entitlement="ENT-0")
    for last, refused in ((Period.month("2026-10"), PeriodNotOver), (Period.month("2026-07"), SpanUnusable)):
        asked = replace(make.scenario(), last=last)
        with pytest.raises(refused):
            queries.compare(session, make.officer(), asked, now=make.NOW, book=books.LAW)
