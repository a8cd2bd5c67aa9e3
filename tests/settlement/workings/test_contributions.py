"""What departments were shown settles their pool; who objects waits alone; a decision reaches sealed periods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.calendar import Period, WorkingCalendar
from kernel.identity import Role
from kernel.money import Money, allocate, total
from registry.parties.model import Party
from settlement.explanations.queries import explain
from settlement.ledger.queries import balance, trial_balance
from settlement.notices import commands as drawing
from settlement.notices import queries as notices
from settlement.notices.model import ContributionNotice
from settlement.objections import commands, queries
from settlement.objections.model import ContributionObjection
from settlement.objections.rules import Factor
from settlement.payouts.queries import payables
from settlement.payouts.rules import HoldReason
from settlement.runs.model import SettlementRun
from settlement.runs.rules import InputsChanged
from settlement.splits.model import ShareLine
from settlement.splits.rules import PayeeKind, PayeeReason
from settlement.statements.model import Statement
from tests.make import registry_base as base
from tests.make import settlement as make

LATER = make.NOW + timedelta(hours=25)


def shown(session: Session, levels: int = 100) -> tuple[make.World, ContributionNotice]:
    """August, in which each product earned net 500.00 unless less was used of the second, shown to both departments."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 100)
    make.use(session, world.levels_bought, levels)
    totals = notices.sold(session, place=base.PLACE, period=make.PERIOD, received_until=make.NOW)
    notice = drawing.draw(session, make.preparer(), place=base.PLACE, period=make.PERIOD, totals=totals, now=make.NOW,
                          book=make.LAW)  # fmt: skip
    drawing.open_notice(session, make.checker(), notice.number, now=make.NOW, book=make.LAW, calendar=WorkingCalendar())
    return world, notice


def objected(session: Session, notice: ContributionNotice, party: Party, world: make.World) -> ContributionObjection:
    """A department says that its data for the first product was twice as good."""
    figure = next(
        one.figure for one in notices.lines(session, notice.id)
        if one.party.id == party.id and one.product.id == world.scores.id
    )  # fmt: skip
    person = base.actor(Role.SOURCE, org_id=party.id, place=base.PLACE)
    return commands.file(session, person, notice.number, figure_id=figure.id, factor=Factor.QUALITY, claimed="1.8",
                         grounds="评分时工单已办结", now=make.NOW)  # fmt: skip


def decide(session: Session, number: str, corrected: str | None) -> None:
    commands.decide(session, base.supervisor(), number, is_upheld=corrected is not None, reason="核实",
                    corrected=corrected, now=make.NOW)  # fmt: skip


def pool_of(run: SettlementRun, world: make.World) -> dict[str, Any]:
    """The step of a report by which the departments share the first product."""
    return next(group["steps"][1] for group in run.report["groups"] if group["product"] == world.scores.code)


def held(session: Session, reason: PayeeReason) -> set[tuple[str, str, int]]:
    """Credit code, product and step of the shares that are held for a reason."""
    rows = session.execute(sa.text(
        "SELECT p.uscc, d.code, s.step FROM settlement_share_line s JOIN registry_party p ON p.id = s.party_id "
        "JOIN settlement_revenue_line v ON v.id = s.revenue_line_id JOIN registry_product d ON d.id = v.product_id "
        "WHERE s.payee_kind = 'held' AND s.reason_code = :reason"
    ), {"reason": str(reason)})  # fmt: skip
    return {(uscc, code, step) for uscc, code, step in rows}


def weights_of(session: Session, world: make.World) -> dict[str, Fraction]:
    found = queries.weights(session, base.PLACE, make.PERIOD)
    return next(weights for (code, _, _), weights in found.items() if code == world.scores.code)


def test_what_was_shown_settles_whatever_comes_in_afterwards(session: Session) -> None:
    world, notice = shown(session, levels=50)
    make.use(session, world.levels_bought, 50, prefix="after")  # would move the bureau's share of the first product
    run = make.prepare(session)
    out = {uscc: part.text() for uscc, part in allocate(Money.yuan("150.00"), weights_of(session, world)).items()}
    assert pool_of(run, world)["out"] == out
    assert run.report["contribution_notice"] == notice.number


@pytest.mark.both_databases
def test_an_objection_holds_its_own_line_alone_until_it_is_decided(session: Session) -> None:
    world, notice = shown(session)
    before = make.prepare(session)
    made = objected(session, notice, world.bureau, world)
    run = make.settle(session)
    assert pool_of(run, world) == pool_of(before, world)  # nothing moves because somebody objects
    assert held(session, PayeeReason.CONTRIBUTION_OBJECTED) == {(world.bureau.uscc, world.scores.code, 2)}
    assert held(session, PayeeReason.PAYEE_RULE_MISSING) == {(world.hospital.uscc, world.scores.code, 2)}
    waits = Money.yuan(pool_of(run, world)["out"][world.bureau.uscc])
    assert balance(session, f"liability:held:{world.bureau.uscc}") == -waits
    assert balance(session, f"liability:treasury:{world.bureau.uscc}") == -Money.yuan("150.00")  # of the other product
    assert reasons(session, world.bureau) == {waits.text(): HoldReason.CONTRIBUTION_OBJECTED,
                                              "150.00": HoldReason.TREASURY_ACCOUNT_MISSING}  # fmt: skip
    decide(session, made.number, None)
    assert set(reasons(session, world.bureau).values()) == {HoldReason.TREASURY_ACCOUNT_MISSING}


def reasons(session: Session, party: Party) -> dict[str, HoldReason]:
    """Why what a party is owed is not paid, by amount."""
    _, waiting = payables(session, place=base.PLACE, now=LATER, book=make.LAW)
    return {one.due.amount.text(): one.reason for one in waiting if one.party.id == party.id}


def test_what_is_decided_after_it_was_checked_is_worked_out_again(session: Session) -> None:
    world, notice = shown(session)
    made = objected(session, notice, world.bureau, world)
    run = make.prepare(session)
    before = Money.yuan(pool_of(run, world)["out"][world.bureau.uscc])
    make.runs.check(session, make.checker(), run.number, now=make.NOW)
    decide(session, made.number, "1.8")
    with pytest.raises(InputsChanged):
        make.runs.seal(session, make.checker(), run.number, now=make.NOW, book=make.LAW)
    again = make.settle(session)
    assert held(session, PayeeReason.CONTRIBUTION_OBJECTED) == set()
    assert Money.yuan(pool_of(again, world)["out"][world.bureau.uscc]) > before


@pytest.mark.both_databases
def test_what_is_upheld_after_the_seal_is_put_right_in_the_next_period_and_once(session: Session) -> None:
    world, notice = shown(session)
    made = objected(session, notice, world.bureau, world)
    august = make.settle(session)
    sealed = pool_of(august, world)["out"]
    decide(session, made.number, "1.8")
    runs = [later(session, world, month, 40) for month in (9, 10)]
    should = allocate(Money.yuan("150.00"), weights_of(session, world))
    more = should[world.bureau.uscc] - Money.yuan(sealed[world.bureau.uscc])
    assert more > Money(0)
    assert pool_of(runs[0], world)["corrected"] == {world.bureau.uscc: more.text(), world.hospital.uscc: (-more).text()}
    assert "corrected" not in pool_of(runs[1], world)
    assert total(Money.yuan(text) for text in pool_of(runs[0], world)["out"].values()) == Money.yuan("60.00")
    assert pool_of(session.get_one(SettlementRun, august.id), world)["out"] == sealed
    assert sum(amount.fen for _, amount in trial_balance(session, place=base.PLACE)) == 0


def test_the_explanation_of_a_share_names_what_it_puts_right(session: Session) -> None:
    world, notice = shown(session)
    made = objected(session, notice, world.bureau, world)
    make.settle(session)
    decide(session, made.number, "1.8")
    run = later(session, world, 9, 40)
    query = sa.select(Statement.number).where(Statement.run_id == run.id, Statement.party_id == world.bureau.id)
    found = explain(session, make.checker(), session.scalars(query).one(), 1)
    assert [check for check in found.checks if not check.agrees] == []
    moved = pool_of(run, world)["corrected"][world.bureau.uscc]
    assert {"label": f"更正以前各期（贡献异议已采纳） {world.bureau.uscc}", "value": moved}.items() <= next(
        one for one in nodes(found.tree) if "更正以前各期" in one["label"] and world.bureau.uscc in one["label"]
    ).items()


def nodes(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Every node of an explanation."""
    return [tree, *(found for one in tree.get("lines", []) for found in nodes(one))]


def later(session: Session, world: make.World, month: int, count: int) -> SettlementRun:
    """Settle a later month in which the first product was used."""
    now = datetime(2026, month + 1, 2, 2, 0, tzinfo=UTC)
    make.use(session, world.scores_bought, count, at=datetime(2026, month, 9, 2, 0, tzinfo=UTC), now=now)
    return make.settle(session, period=Period.month(f"2026-{month:02d}"), now=now)


def test_who_gets_too_little_to_give_back_at_once_gives_the_rest_in_the_period_after(session: Session) -> None:
    world, notice = shown(session)
    made = objected(session, notice, world.hospital, world)
    sealed = pool_of(make.settle(session), world)["out"]
    decide(session, made.number, "0")
    should = allocate(Money.yuan("150.00"), weights_of(session, world))
    back = Money.yuan(sealed[world.hospital.uscc]) - should[world.hospital.uscc]
    runs = [later(session, world, month, 4) for month in (9, 10, 11)]
    moved = [
        Money.signed_yuan(pool_of(run, world).get("corrected", {}).get(world.hospital.uscc, "0.00")) for run in runs
    ]
    assert total(moved[:1]) > -back  # not all of it at once
    assert total(-one for one in moved) <= back
    assert all(Money.yuan(pool_of(run, world)["out"][world.hospital.uscc]) >= Money(0) for run in runs)


@pytest.mark.both_databases
def test_a_share_is_held_for_one_of_the_two_reasons_and_no_other(session: Session) -> None:
    world, notice = shown(session)
    objected(session, notice, world.bureau, world)
    run = make.prepare(session)
    line = ShareLine(
        run_id=run.id, revenue_line_id=run.id, schedule_id=run.id, party_id=world.bureau.id, step=1, amount=Money(1),
        payee_kind=PayeeKind.HELD, reason_code=PayeeReason.ENTERPRISE, rule={},
    )  # fmt: skip
    session.add(line)
    with pytest.raises(IntegrityError, match="held_for_a_reason"):
        session.flush()
    session.rollback()
