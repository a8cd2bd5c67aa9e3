"""The desks of finance: batches for the person whose step is next, unknown payouts, accounts to confirm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from market.payments.rules import Answer, Outcome
from settlement.payees.rules import AccountKind
from settlement.payouts import commands, queries
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.make import settlement
from tests.make.clients import as_person, as_program
from web.paying import PROVIDER

PLACE = base.PLACE


@pytest.fixture
def world(app: Flask) -> Iterator[settlement.World]:
    """The settled month on the day on which it can be paid."""
    with clock.set_to(make.PAY):
        with app.app_context(), db.transaction() as session:
            made = make.make_settled(session)
        yield made


def tasks(app: Flask, role: Role, kind: str, place: str = PLACE) -> list[tuple[str, str, str]]:
    """What waits for somebody of a role, of one kind."""
    answer = app.test_client().get(f"/api/v1/desk?kind={kind}", headers=as_program(app, role, place=place))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [(one["what"], one["number"], one["note"]) for one in answer.json["tasks"]]


def test_a_batch_waits_for_whoever_takes_the_next_step(app: Flask, world: settlement.World) -> None:
    assert tasks(app, Role.FINANCE_CHECKER, "payouts") == []
    with app.app_context(), db.transaction() as session:
        first, second = sorted(one.number for one in make.prepare(session))
    waiting = [("复核拨付批次", first, "¥ 1,050.00"), ("复核拨付批次", second, "¥ 314.63")]
    assert tasks(app, Role.FINANCE_CHECKER, "payouts") == waiting
    assert tasks(app, Role.FINANCE_PAYER, "payouts") == tasks(app, Role.SUPERVISOR, "payouts") == []
    assert tasks(app, Role.FINANCE_CHECKER, "payouts", "futian") == []
    with app.app_context(), db.transaction() as session:
        commands.check(session, make.CHECKER, first, now=make.PAY, book=settlement.LAW)
    assert tasks(app, Role.FINANCE_PAYER, "payouts") == [("付出拨付批次", first, "¥ 1,050.00")]
    page = as_person(app, Role.FINANCE_PAYER, place=PLACE).get("/desk?kind=payouts").get_data(as_text=True)
    assert f"/payouts/{first}" in page


def test_a_payout_of_unknown_fate_waits_for_the_preparer_after_half_an_hour(
    app: Flask, world: settlement.World
) -> None:
    with app.app_context(), db.transaction() as session:
        batch = make.pay_all(session)[0]
        one = queries.payouts_of(session, batch.id)[0]
        commands.note(session, PROVIDER, one.id, Outcome(Answer.UNKNOWN, reason="超时"), now=make.PAY)
        number, amount = one.number, one.amount.grouped()
    assert tasks(app, Role.FINANCE_PREPARER, "payouts") == []
    with clock.set_to(make.PAY + timedelta(minutes=31)):
        assert tasks(app, Role.FINANCE_PREPARER, "payouts") == [("查明拨付结果", number, f"¥ {amount}")]


def test_an_account_waits_for_the_second_person_with_its_number_masked(app: Flask, world: settlement.World) -> None:
    with app.app_context(), db.transaction() as session:
        make.name_account(session, world.operator, "6222999900001234", kind=AccountKind.BANK, now=make.PAY)
    ((what, number, _),) = tasks(app, Role.FINANCE_CHECKER, "payees")
    assert what == "复核收款账户"
    assert number.endswith("1234")
    assert "99990000" not in number
    assert tasks(app, Role.FINANCE_PREPARER, "payees") == []
