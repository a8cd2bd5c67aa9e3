"""Two hundred tries to have money paid wrongly: none succeeds (E12); of sixty combinations three people pay (H9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.errors import DomainError
from kernel.identity import Actor, Grant, Role
from kernel.money import Money, total
from settlement.payees import commands as payees
from settlement.payees import queries as numbers
from settlement.payees.model import PayeeAccount
from settlement.payees.rules import AccountAct, AccountKind
from settlement.payouts import commands, queries
from settlement.payouts.model import Payout
from settlement.payouts.rules import PayoutState, Result
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.make import settlement

DUTIES = tuple(Grant(role, None, base.PLACE) for role in (
    Role.FINANCE_PREPARER, Role.FINANCE_CHECKER, Role.FINANCE_PAYER,
))  # fmt: skip
LAW, PLACE = settlement.LAW, base.PLACE
COMBINATIONS = [one for one in product(range(4), repeat=3) if one != (3, 3, 3)][:60]


def test_of_sixty_combinations_only_three_different_people_pay(session: Session) -> None:
    make.make_settled(session)
    made = [base.actor(Role.FINANCE_PREPARER, place=PLACE, name=f"人{number}") for number in range(4)]
    people = [Actor(one.id, one.name, None, DUTIES) for one in made]
    assert len(COMBINATIONS) == 60
    for chosen in COMBINATIONS:
        preparer, checker, payer = (people[number] for number in chosen)
        kept, code = session.begin_nested(), ""
        batch = commands.prepare(session, preparer, place=PLACE, now=make.PAY, book=LAW)[0]
        try:
            commands.check(session, checker, batch.number, now=make.PAY, book=LAW)
            commands.send(session, payer, batch.number, now=make.PAY, book=LAW)
        except DomainError as refusal:
            code = refusal.code
        assert code == ("" if len(set(chosen)) == 3 else "payout.same_person")
        kept.rollback()
        session.expire_all()


def refused(session: Session, act: Callable[[], Any]) -> bool:
    """Try something that must not be; say whether it was refused, and undo it."""
    kept = session.begin_nested()
    try:
        act()
        session.flush()
    except (DomainError, DBAPIError):
        return True
    finally:
        if kept.is_active:
            kept.rollback()
        session.expire_all()
    return False


def strangers(world: settlement.World) -> list[Actor]:
    """People who must not take any step: other roles, other places, the payees themselves."""
    roles = [Role.BUYER, Role.MERCHANT, Role.OPERATOR, Role.SOURCE, Role.REVIEWER, Role.PRICE, Role.AUDITOR,
             Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR]  # fmt: skip
    found = [base.actor(role, place=PLACE) for role in roles]
    found += [base.actor(role, place="futian") for role in (grant.role for grant in DUTIES)]
    return [*found, base.actor(Role.OPERATOR, org_id=world.operator.id, place=PLACE)]


def test_strangers_take_no_step_of_any_batch(session: Session) -> None:
    world, tries = make.make_settled(session), 0
    first, second = make.prepare(session)
    commands.check(session, make.CHECKER, second.number, now=make.PAY, book=LAW)
    for person in strangers(world):
        acts: list[Callable[[], Any]] = [
            lambda person=person: commands.prepare(session, person, place=PLACE, now=make.PAY, book=LAW),
            lambda person=person: commands.check(session, person, first.number, now=make.PAY, book=LAW),
            lambda person=person: commands.send(session, person, second.number, now=make.PAY, book=LAW),
            lambda person=person: commands.cancel(session, person, first.number, reason="x", now=make.PAY),
            lambda person=person: commands.hand_out(session, person, second.number, now=make.PAY),
            lambda person=person: commands.take_results(session, person, second.number, results=[], now=make.PAY),
            lambda person=person: commands.release(session, person, first.number, reason="x", now=make.PAY),
        ]  # fmt: skip
        for act in acts:
            assert refused(session, act)
            tries += 1
    assert tries == 91
    assert set(session.scalars(sa.select(Payout.state))) == {PayoutState.PREPARED}


SENT_ANYWAY = [
    "UPDATE settlement_payout SET state = 'sent', sent_at = '2026-09-03 00:00:00'",
    "UPDATE settlement_payout SET state = 'confirmed', ended_at = '2026-09-03 00:00:00'",
    "UPDATE settlement_payout SET amount = amount + 1, gross = gross + 1",
    "UPDATE settlement_payout SET amount = amount + 1",
    "UPDATE settlement_payout SET netted = netted + 1",
    "UPDATE settlement_payout SET key = 'other'",
    "UPDATE settlement_payout SET account_id = (SELECT max(CAST(id AS TEXT)) FROM settlement_payee_account)",
    "UPDATE settlement_payout_item SET amount = amount + 1",
    "UPDATE settlement_payout_item SET account = 'liability:payable:x'",
    "UPDATE settlement_payout_item SET order_number = 'x'",
    "INSERT INTO settlement_payout_item SELECT * FROM settlement_payout_item",
    "UPDATE settlement_payout_batch SET total = total + 1",
    "UPDATE settlement_payout_batch SET sha256 = 'x'",
    "UPDATE settlement_payout_batch SET prepared_by_id = checked_by_id",
    "UPDATE settlement_payout_batch SET sent_by_id = prepared_by_id",
    "UPDATE settlement_payout_batch SET sent_by_id = checked_by_id",
    "UPDATE settlement_payout_batch SET checked_by_id = prepared_by_id",
    "UPDATE settlement_payout_batch SET state = 'sent'",
    "UPDATE settlement_payout_batch SET state = 'done'",
    "UPDATE settlement_payout_batch SET channel = 'stripe'",
    "UPDATE settlement_payout_batch SET place = 'futian'",
    "UPDATE settlement_payee_account SET sealed_number = 'x'",
    "UPDATE settlement_payee_account SET number_digest = 'x'",
    "UPDATE settlement_payee_account SET shown = 'x'",
    "UPDATE settlement_payee_account SET holder = 'x'",
    "UPDATE settlement_payee_account SET party_id = NULL",
    "UPDATE settlement_payee_account SET effective_at = decided_at",
    "UPDATE settlement_payee_account SET state = 'asked'",
    "UPDATE settlement_payee_account SET kind = 'stripe'",
    "DELETE FROM settlement_payee_notice",
    "UPDATE settlement_payee_notice SET contact = 'x'",
]


@pytest.mark.both_databases
def test_nothing_is_turned_round_in_the_database(session: Session) -> None:
    make.make_settled(session)
    for batch in make.prepare(session):
        commands.check(session, make.CHECKER, batch.number, now=make.PAY, book=LAW)
    assert [sql for sql in SENT_ANYWAY if not refused(session, lambda sql=sql: session.execute(sa.text(sql)))] == []


def test_an_account_changed_in_between_never_gets_what_was_prepared_for_another(session: Session) -> None:
    world, tries = make.make_settled(session), 0
    to_bank = next(one for one in make.prepare(session) if one.count == 2)
    commands.check(session, make.CHECKER, to_bank.number, now=make.PAY, book=LAW)
    for number, hours in enumerate((0, 1, 12, 23)):
        kept = session.begin_nested()
        make.make_account(session, world.operator, f"62229999999999{number:02}", now=make.PAY)
        at = make.PAY + timedelta(hours=hours)
        commands.send(session, make.PAYER, to_bank.number, now=at, book=LAW)
        (paid,) = [one for one in queries.payouts_of(session, to_bank.id) if one.party_id == world.operator.id]
        assert numbers.number_of(session, session.get_one(PayeeAccount, paid.account_id)) == "6222000000000001"
        kept.rollback()
        session.expire_all()
        tries += 1
    make.make_account(session, world.operator, "6222999999999999", now=make.PAY)
    late = make.PAY + timedelta(hours=24)
    assert refused(session, lambda: commands.send(session, make.PAYER, to_bank.number, now=late, book=LAW))


BAD_ACCOUNTS = [
    {"holder": "别的公司"}, {"holder": "运营公司 "}, {"number": "12"}, {"number": "6222 0001"},
    {"number": "６２２２０００"},
    {"number": "=1+1"}, {"number": "6222000'; --"}, {"number": "9" * 33}, {"kind": AccountKind.STRIPE},
    {"kind": AccountKind.STRIPE, "number": "acct-1"}, {"kind": AccountKind.TREASURY}, {"number": "-62220000000"},
]  # fmt: skip


@pytest.mark.parametrize("terms", BAD_ACCOUNTS)
def test_what_is_not_the_partys_own_account_is_not_taken(session: Session, terms: dict[str, Any]) -> None:
    world = make.make_settled(session)
    number = terms.get("number", "6222000000000003")
    rest = {name: value for name, value in terms.items() if name != "number"}
    assert refused(session, lambda: make.name_account(session, world.operator, number, **rest))


def test_an_account_is_neither_named_nor_confirmed_by_the_wrong_people(session: Session) -> None:
    world, tries = make.make_settled(session), 0
    asked = make.name_account(session, world.operator, "6222000000000003")
    both = Actor(asked.asked_by_id, "一人", None, DUTIES)
    kin = base.actor(Role.FINANCE_CHECKER, org_id=world.operator.id, place=PLACE)
    for person in (*strangers(world), both, kin, make.PREPARER, make.PAYER):
        for act in (AccountAct.CONFIRM, AccountAct.REFUSE):
            decide = lambda person=person, act=act: payees.decide(  # noqa: E731
                session, person, asked.id, act=act, reason="x", now=make.PAY)  # fmt: skip
            assert refused(session, decide)
            tries += 1
    for person in (
        *strangers(world)[:-1],
        make.CHECKER,
        make.PAYER,
        base.actor(Role.OPERATOR, org_id=world.platform.id),
    ):
        name = lambda person=person: make.name_account(  # noqa: E731
            session, world.operator, "6222000000000004", person=person)  # fmt: skip
        assert refused(session, name)
        assert refused(session, lambda person=person: make.name_account(session, None, "6222000000000005",
                                                                         person=person))  # fmt: skip
        tries += 2
    assert tries == 64


def test_answers_that_do_not_fit_are_not_taken(session: Session) -> None:
    make.make_settled(session)
    batches = make.pay_all(session)
    one, other = (queries.payouts_of(session, batch.id)[0] for batch in batches)
    cent = Money(1)
    wrong = [
        Result(2, one.number, one.amount + cent, True, "L"), Result(2, one.number, one.amount - cent, True, "L"),
        Result(2, other.number, other.amount, True, "L"), Result(2, "PAY-x", one.amount, True, "L"),
        Result(2, one.number, Money(0), False, ""), Result(2, other.number, one.amount, False, ""),
    ]  # fmt: skip
    for result in wrong:
        assert refused(session, lambda result=result: commands.take_results(
            session, make.PREPARER, batches[0].number, results=[result], now=make.PAY))  # fmt: skip
    right = [Result(2, one.number, one.amount, True, "L-1")]
    for _ in range(2):  # the same answer again changes nothing
        commands.take_results(session, make.PREPARER, batches[0].number, results=right, now=make.PAY)
    turned = [Result(2, one.number, one.amount, False, "")]
    assert refused(session, lambda: commands.take_results(
        session, make.PREPARER, batches[0].number, results=turned, now=make.PAY))  # fmt: skip
    assert refused(session, lambda: commands.take_results(
        session, make.PAYER, batches[0].number, results=right, now=make.PAY))  # fmt: skip
    assert total(item.amount for item in queries.items_of(session, [one.id])) == one.amount
