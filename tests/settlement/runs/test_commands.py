"""Settlements end to end: prepared, checked by another person, sealed, and then closed for good."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.db import Database, write_transaction
from kernel.errors import NotAllowed
from kernel.identity import Actor, Grant, Role
from kernel.money import Money
from market.orders.model import Order
from pricing.costs.rules import ChargeUnit
from pricing.exemptions.rules import Purpose
from registry.parties.model import Party
from settlement.intake import commands as intake
from settlement.ledger.commands import book
from settlement.ledger.queries import balance, entries, trial_balance
from settlement.ledger.rules import capture_entry
from settlement.revenue.model import RevenueLine
from settlement.runs import commands as runs
from settlement.runs.model import SettlementRun
from settlement.runs.queries import preview as previewed
from settlement.runs.rules import InputsChanged, PeriodNotOver, PeriodOverlaps, RunState, SamePerson, WrongState
from settlement.splits import commands as splits
from settlement.splits.model import ShareLine
from settlement.splits.queries import frozen_terms
from settlement.statements.model import Statement
from tests.make import market
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig.databases import KINDS, Databases


@pytest.mark.both_databases
def test_the_worked_example_of_the_rules_is_settled_to_the_fen(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    make.use(session, world.levels_bought, 100)
    run = make.settle(session)
    assert run.state is RunState.SEALED
    assert run.parked == []
    group = next(group for group in run.report["groups"] if group["product"] == world.scores.code)
    assert [step["out"] for step in group["steps"]] == [
        {world.operator.uscc: "600.00"},
        {world.bureau.uscc: "164.63", world.hospital.uscc: "135.37"},
        {world.platform.uscc: "100.00"},
    ]
    assert balance(session, f"liability:treasury:{world.bureau.uscc}") == -Money.yuan("314.63")  # 164.63 and 150.00
    assert balance(session, f"liability:held:{world.hospital.uscc}") == -Money.yuan("135.37")
    assert sum(amount.fen for _, amount in trial_balance(session, place=run.place)) == 0


def used_up(session: Session, *, received_at: datetime = make.NOW, **options: Any) -> make.World:
    """The worked example after the buyer used everything."""
    world = make.make_world(session, **options)
    make.use(session, world.scores_bought, 200, now=received_at)
    make.use(session, world.levels_bought, 100, now=received_at)
    return world


def test_both_databases_and_a_second_run_give_the_same_bytes(databases: Databases) -> None:
    digests = set()
    for kind in KINDS:
        url = databases.fresh(kind)
        database = Database(url)
        with database.new_session() as session, write_transaction(session):
            used_up(session)
            first, again = make.prepare(session).report_sha256, make.prepare(session).report_sha256
            digests |= {first, again}
            run = make.settle(session)
            digests.add(run.report_sha256)
            digests.add(",".join(session.scalars(sa.select(Statement.sha256).order_by(Statement.number))))
        database.engine.dispose()
        databases.discard(url)
    assert len(digests) == 2  # one report, one set of statements


def test_the_order_in_which_use_arrives_changes_nothing(databases: Databases) -> None:
    digests = set()
    for turned in (False, True):
        url = databases.fresh("sqlite")
        database = Database(url)
        with database.new_session() as session, write_transaction(session):
            world = make.make_world(session)
            uses = [(world.scores_bought, 200), (world.levels_bought, 100)]
            for entitlement, count in reversed(uses) if turned else uses:
                make.use(session, entitlement, count)
            digests.add(make.prepare(session).report_sha256)
        database.engine.dispose()
        databases.discard(url)
    assert len(digests) == 1


def test_an_order_without_a_signed_schedule_is_parked_until_one_is_signed(session: Session) -> None:
    world = used_up(session, has_schedule=False)
    unsigned = make.make_schedule(
        session, world.agreement, make.steps_of(world.operator, world.platform), signers=[world.operator]
    )
    run = make.prepare(session)
    assert {parked["reason"] for parked in run.parked} == {"NO_SCHEDULE"}
    assert len(run.parked) == 2
    assert run.totals["gross"] == "0.00"
    person = base.actor(Role.OPERATOR, org_id=world.platform.id, place=base.PLACE)
    splits.sign(session, person, unsigned.number, now=make.NOW, book=make.LAW)
    assert make.prepare(session).parked == []


def test_the_schedule_of_the_day_of_the_order_divides_it(session: Session) -> None:
    world = used_up(session)
    everything = [{"kind": "rest", "party": world.platform.uscc}]
    make.make_schedule(session, world.agreement, everything, signers=[world.platform], valid_from=date(2026, 7, 21))
    run = make.prepare(session)
    assert {group["schedule_version"] for group in run.report["groups"]} == {1}
    make.make_schedule(session, world.agreement, everything, signers=[world.platform], valid_from=date(2026, 7, 20))
    assert {group["schedule_version"] for group in make.prepare(session).report["groups"]} == {1}  # frozen (REV-01)


def test_a_schedule_signed_after_the_order_for_its_day_divides_it_neither_before_nor_after_it_is_frozen(
    session: Session,
) -> None:
    world = used_up(session)
    everything = [{"kind": "rest", "party": world.platform.uscc}]
    make.make_schedule(session, world.agreement, everything, signers=[world.platform], valid_from=date(2026, 7, 20),
                       now=make.NOW)  # fmt: skip
    read = {"place": base.PLACE, "period": make.PERIOD, "now": make.NOW, "book": make.LAW}
    seen = previewed(session, make.preparer(), **read)["groups"]
    assert {group["schedule_version"] for group in seen} == {1}
    assert make.prepare(session).report["groups"] == seen
    assert len(frozen_terms(session, base.PLACE)) == 2


def test_a_schedule_of_the_product_comes_before_that_of_the_agreement(session: Session) -> None:
    world = used_up(session)
    everything = [{"kind": "rest", "party": world.platform.uscc}]
    own = make.make_schedule(session, world.agreement, everything, signers=[world.platform], product=world.scores)
    schedules = {group["product"]: group["schedule"] for group in make.prepare(session).report["groups"]}
    assert schedules[world.scores.code] == own.number
    assert schedules[world.levels.code] != own.number


def test_use_that_comes_in_late_is_settled_in_the_next_period(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 150)
    first = make.settle(session)
    october = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)
    make.use(session, world.scores_bought, 50, prefix="late", now=october)  # it happened in August
    second = make.settle(session, period=Period.month("2026-09"), now=october)
    assert [run.totals["gross"] for run in (first, second)] == ["795.00", "265.00"]
    assert balance(session, f"liability:unearned:{order_of(session, world).number}") == Money(0)


def order_of(session: Session, world: make.World) -> Order:
    """The order of the first product."""
    return session.get_one(Order, world.scores_bought.order_id)


@pytest.mark.parametrize("price", [
    {"model": "graduated", "tiers": [{"up_to": "7", "unit_price": "3.333"}, {"up_to": None, "unit_price": "1.117"}]},
    {"model": "volume", "tiers": [{"up_to": "10", "unit_price": "9"}, {"up_to": None, "unit_price": "1.5"}]},
    {"model": "package", "package_size": "7", "package_price": "10.01"},
    {"model": "flat", "unit_price": "99.99"},
])  # fmt: skip
def test_the_periods_of_an_order_add_up_to_what_was_paid(session: Session, price: dict[str, Any]) -> None:
    world = make.make_world(session, price=price, quantity=31)
    paid = order_of(session, world).amount
    earned = []
    for month, count in ((8, 3), (9, 0), (10, 11), (11, 17)):
        now = datetime(2026, month + 1, 2, 2, 0, tzinfo=UTC)
        if count:
            make.use(session, world.scores_bought, count, at=datetime(2026, month, 9, 2, 0, tzinfo=UTC), now=now)
        run = make.settle(session, period=Period.month(f"2026-{month:02d}"), now=now)
        earned.append(Money.yuan(run.totals["gross"]))
    assert sum(earned, Money(0)) == paid
    assert min(earned) >= Money(0)


def test_a_fee_for_a_term_is_earned_day_by_day(session: Session) -> None:
    world = make.make_world(session, quantity=3, unit=ChargeUnit.PER_PERIOD)
    paid, earned = order_of(session, world).amount, []
    for month in (7, 8, 9, 10, 11):
        now = datetime(2026, month + 1, 2, 2, 0, tzinfo=UTC)
        make.use(session, world.scores_bought, 1, prefix=f"m{month}", at=datetime(2026, min(month, 10), 19 if month > 9
                 else 21, 2, 0, tzinfo=UTC), now=now)  # fmt: skip
        run = make.settle(session, period=Period.month(f"2026-{month:02d}"), now=now)
        earned.append(Money.yuan(run.totals["gross"]))
    assert sum(earned, Money(0)) == paid == Money.yuan("15.90")
    assert earned == [Money(207), Money(536), Money(519), Money(328), Money(0)]  # 12, 31, 30, 19 of 92 days


def test_free_use_is_settled_at_nothing_and_shown_with_its_shadow_price(session: Session) -> None:
    world = make.make_world(session)
    party = session.get_one(Party, world.buyer.org_id)
    prices.make_exemption(session, world.scores, party, quota=500)
    free = market.make_entitlement(session, world.scores, world.buyer, purpose=Purpose.PUBLIC_WELFARE, quantity=500)
    make.use(session, free, 40)
    run = make.settle(session)
    line = session.scalars(sa.select(RevenueLine)).one()
    assert (line.gross, line.shadow, line.quantity) == (Money(0), Money.yuan("212.00"), 40)
    assert run.totals["public_interest_lines"] == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(ShareLine)) == 0
    issued = session.scalars(sa.select(Statement)).all()
    assert [(one.party_id, one.total.text(), one.lines[0]["quantity"]) for one in issued] == [
        (world.merchant.id, "0.00", 40)
    ]


@pytest.mark.both_databases
def test_a_sealed_settlement_takes_no_change_of_any_kind(session: Session) -> None:
    used_up(session)
    run = make.settle(session)
    session.commit()
    changes = [
        "UPDATE settlement_run SET state = 'prepared'",
        "UPDATE settlement_run SET totals = '{}'",
        "DELETE FROM settlement_run",
        "UPDATE settlement_revenue_line SET gross = gross + 1, net = net + 1",
        "DELETE FROM settlement_share_line",
        "UPDATE settlement_statement SET total = 0",
        "INSERT INTO settlement_statement SELECT * FROM settlement_statement",
        "INSERT INTO settlement_revenue_line SELECT * FROM settlement_revenue_line",
        "INSERT INTO settlement_share_line SELECT * FROM settlement_share_line",
        "UPDATE settlement_share_schedule SET valid_from = '2026-01-01'",
        "DELETE FROM settlement_usage_event",
        "UPDATE settlement_usage_event SET quantity = 2",
    ]
    for change in changes:
        with pytest.raises(DBAPIError, match=r"sealed|append-only|keeps|open"):
            session.execute(sa.text(change))
        session.rollback()
    late = capture_entry(
        place=base.PLACE, payment_id="x", order_number="ORD-x", amount=Money(1), entry_date=date(2026, 8, 31)
    )
    with pytest.raises(DBAPIError, match="sealed"):
        book(session, make.preparer(), late, now=make.NOW)
    session.rollback()
    with pytest.raises(WrongState):
        make.prepare(session)
    assert session.get_one(SettlementRun, run.id).state is RunState.SEALED


def test_money_that_was_credited_in_a_sealed_period_is_booked_on_the_first_open_day(session: Session) -> None:
    world = used_up(session)
    make.settle(session)
    order = market.make_order(session, world.scores, world.buyer, quantity=1)
    market.sign_both(session, order, world.buyer)
    market.pay(session, order, captured_at=make.USED_AT, now=make.NOW)
    assert intake.take_in_payments(session, make.preparer(), now=make.NOW) == 1
    booked = entries(session, place=base.PLACE, start=date(2026, 9, 1), end=date(2026, 10, 1), limit=9)
    assert [one.entry.entry_date for one in booked] == [date(2026, 9, 1)]


def test_the_period_must_be_over_and_two_people_must_act(session: Session) -> None:
    used_up(session)
    with pytest.raises(PeriodNotOver):
        make.prepare(session, now=datetime(2026, 8, 31, 15, 59, tzinfo=UTC))
    run = make.prepare(session, now=datetime(2026, 9, 2, 16, 0, tzinfo=UTC))
    with pytest.raises(NotAllowed):
        runs.check(session, make.preparer(), run.number, now=make.NOW)
    with pytest.raises(WrongState):
        runs.seal(session, make.checker(), run.number, now=make.NOW, book=make.LAW)
    both = Actor(id=run.prepared_by, name="一人", grants=(Grant(Role.FINANCE_CHECKER, None, base.PLACE),))
    with pytest.raises(SamePerson):
        runs.check(session, both, run.number, now=make.NOW)


def test_what_was_checked_is_what_is_sealed(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 100)
    run = make.prepare(session)
    runs.check(session, make.checker(), run.number, now=make.NOW)
    make.use(session, world.scores_bought, 50, prefix="slow", now=make.NOW)  # received at the moment of preparing
    with pytest.raises(InputsChanged):
        runs.seal(session, make.checker(), run.number, now=make.NOW, book=make.LAW)
    assert make.settle(session).totals["gross"] == "795.00"


def test_periods_of_one_place_do_not_overlap(session: Session) -> None:
    used_up(session)
    make.settle(session)
    quarter = Period(date(2026, 7, 1), date(2026, 9, 1))
    with pytest.raises(PeriodOverlaps):
        make.prepare(session, period=quarter)


def test_where_the_rule_is_configured_a_public_institution_is_paid_itself(session: Session) -> None:
    in_time = make.USED_AT + timedelta(days=1)  # where a place states how long late use still counts, NOW is too late
    world = used_up(session, place="guangzhou", received_at=in_time)
    make.settle(session, place="guangzhou")
    assert balance(session, f"liability:payable:{world.hospital.uscc}") == -Money.yuan("135.37")


def test_an_administrative_unit_is_never_paid_on_its_own_account(session: Session) -> None:
    world = used_up(session)
    make.settle(session)
    line = session.scalars(sa.select(ShareLine).where(ShareLine.party_id == world.bureau.id)).first()
    assert line is not None
    columns = ", ".join(column.name for column in ShareLine.__table__.columns)
    taken = columns.replace("payee_kind", "'own_account'").replace("reason_code", "'ENTERPRISE'")
    with pytest.raises(DBAPIError, match=r"REV-05|sealed"):
        session.execute(sa.text(f"INSERT INTO settlement_share_line ({columns}) SELECT {taken} "
                                "FROM settlement_share_line"))  # fmt: skip
    session.rollback()


def test_agreed_costs_are_recovered_once_over_all_periods(session: Session) -> None:
    world = make.make_world(session, has_schedule=False)
    steps = [{"kind": "recover", "party": world.operator.uscc, "value": "700.00"},
             {"kind": "rest", "party": world.platform.uscc}]  # fmt: skip
    make.make_schedule(session, world.agreement, steps, signers=[world.operator, world.platform])
    make.use(session, world.scores_bought, 100)
    make.settle(session)
    october = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)
    make.use(session, world.scores_bought, 100, prefix="more", at=datetime(2026, 9, 9, tzinfo=UTC), now=october)
    make.settle(session, period=Period.month("2026-09"), now=october)
    assert balance(session, f"liability:payable:{world.operator.uscc}") == -Money.yuan("700.00")
    assert balance(session, f"liability:payable:{world.platform.uscc}") == -Money.yuan("300.00")
