"""Open balances by age equal the balances of the ledger on every day."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from kernel.identity import Role
from kernel.money import Money, total
from settlement.ageing.queries import AGES, BOUNDS, ageing
from settlement.ageing.rules import Standing
from settlement.ledger import commands, queries
from settlement.ledger.rules import Cause, transfer_entry
from settlement.scopes.queries import scope_of
from tests.make import registry_base as base
from tests.make import settlement as make

CODE = "913306240000000009"
PAYABLE, CLAIM = f"liability:payable:{CODE}", f"asset:receivable:{CODE}"
BANK = f"asset:bank:{base.PLACE}"
TODAY = date(2026, 12, 31)


def book(session: Session, debit: str, credit: str, fen: int, *, days_ago: int) -> None:
    """Book an entry of so many days ago."""
    entry = transfer_entry(
        place=base.PLACE, cause=Cause.BALANCE_TOPPED_UP, cause_id=str(uuid4()), debit=debit, credit=credit,
        amount=Money(fen), entry_date=TODAY - timedelta(days=days_ago), text="试",
    )  # fmt: skip
    commands.book(session, make.preparer(), entry, now=base.NOW)


@pytest.mark.both_databases
def test_a_part_begins_on_the_day_after_its_bound(session: Session) -> None:
    days = [0, *(number for bound in BOUNDS for number in (bound, bound + 1))]
    for number, ago in enumerate(days):
        book(session, BANK, PAYABLE, 10**number, days_ago=ago)
    (row,) = ageing(session, scope_of(make.checker()), Standing.PAYABLE, as_of=TODAY)
    assert [part.fen for part in row.parts] == [11, 1100, 110000, 11000000, 1100000000, 10**10]
    assert len(row.parts) == AGES


@pytest.mark.both_databases
def test_the_balance_of_each_account_is_that_of_the_ledger_on_every_day(session: Session) -> None:
    book(session, BANK, f"liability:unapplied:{base.PLACE}", 10_000, days_ago=500)
    for ago, fen in ((400, 700), (200, 300), (100, 50), (10, 5)):
        book(session, BANK, PAYABLE, fen, days_ago=ago)
        book(session, CLAIM, BANK, fen * 2, days_ago=ago)
    book(session, PAYABLE, BANK, 900, days_ago=50)
    book(session, BANK, CLAIM, 1500, days_ago=5)
    scope = scope_of(make.checker())
    for ago in (401, 399, 150, 51, 49, 4, 0):
        as_of = TODAY - timedelta(days=ago)
        for standing, account, sign in ((Standing.PAYABLE, PAYABLE, -1), (Standing.RECEIVABLE, CLAIM, 1)):
            rows = ageing(session, scope, standing, as_of=as_of)
            booked = queries.balance(session, account, before=as_of + timedelta(days=1))
            assert total(row.balance for row in rows).fen == sign * booked.fen
            assert total(part for row in rows for part in row.parts).fen == sign * booked.fen


@pytest.mark.both_databases
def test_a_party_reads_its_own_account_and_another_place_reads_nothing(session: Session) -> None:
    party = make.make_party(session, 907, "甲公司")
    own = f"liability:payable:{party.uscc}"
    book(session, BANK, own, 100, days_ago=1)
    book(session, BANK, PAYABLE, 200, days_ago=1)
    person = base.actor(Role.MERCHANT, org_id=party.id, place=base.PLACE)
    found = ageing(session, scope_of(person), Standing.PAYABLE, as_of=TODAY)
    assert [(row.account, row.holder, row.balance.fen) for row in found] == [(own, "甲公司", 100)]
    elsewhere = scope_of(make.checker("futian"))
    assert ageing(session, elsewhere, Standing.PAYABLE, as_of=TODAY) == []
