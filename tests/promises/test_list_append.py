"""D7, D12: what bookings found in the accounts is what doing them one after another gives, because of our locks.

The checker is shown to be sensitive: the same work under series of vouchers that nobody shares makes circles.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Barrier, Thread
from time import monotonic_ns

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import Database, write_transaction
from kernel.identity import Role
from kernel.money import Money
from settlement.ledger.commands import book
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.queries import lock_books
from settlement.ledger.rules import Cause, Entry, Leg
from tests.make import registry_base as base
from tests.rig.cycles import Done, circles, is_growing

WORKERS, TURNS, ACCOUNTS = 10, 30, 4
FINANCE = base.actor(Role.FINANCE_PREPARER, place=base.PLACE)
NOW = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Booked:
    """One committed transaction, its voucher, and between which two moments it was done."""

    done: Done
    turn: int
    number: int
    began: int
    ended: int


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database whose books hold one entry, so that the series of vouchers is there to be locked."""
    opened = Database(database_url)
    with opened.new_session() as session, write_transaction(session):
        append(session, "first", ["asset:bank:x", "liability:payable:x"], 2026)
    yield opened
    opened.engine.dispose()


def append(session: Session, name: str, accounts: list[str], year: int) -> int:
    """Book an entry that touches these two accounts; return the number of its voucher."""
    first, second = sorted(accounts)  # the asset is debited: nothing is overdrawn
    legs = (Leg(first, Money(100)), Leg(second, Money(-100)))
    entry = Entry(base.PLACE, Cause.PAYMENT_CAPTURED, name, date(year, 8, 3), "收款", legs)
    return book(session, FINANCE, entry, now=NOW).header.number


def in_account(session: Session, account: str) -> tuple[str, ...]:
    """Return the causes of the entries of an account in the order of their vouchers."""
    query = sa.select(JournalEntry.cause_id).join(JournalLine, JournalLine.entry_id == JournalEntry.id)
    return tuple(session.scalars(query.where(JournalLine.account == account).order_by(JournalEntry.number)))


def work(database: Database, worker: int, barrier: Barrier, *, has_locks: bool, into: list[Booked]) -> None:
    """Read and book, turn by turn, with everybody else."""
    chance = random.Random(worker)
    for turn in range(TURNS):
        assets = [f"asset:bank:{turn}-{number}" for number in range(ACCOUNTS // 2)]
        debts = [f"liability:payable:{turn}-{number}" for number in range(ACCOUNTS // 2)]
        touched = [chance.choice(assets), chance.choice(debts)]
        barrier.wait()
        began, name = monotonic_ns(), f"{turn}/{worker}"
        with database.new_session() as session, write_transaction(session):
            if has_locks:
                lock_books(session, base.PLACE)
            read = {account: in_account(session, account) for account in chance.sample(assets + debts, 3)}
            number = append(session, name, touched, 2026 if has_locks else 2000 + worker)
        into.append(Booked(Done(name, read, frozenset(touched)), turn, number, began, monotonic_ns()))


def history(database: Database, *, has_locks: bool) -> list[Booked]:
    """Let everybody work at once; return what was committed."""
    barrier, found = Barrier(WORKERS), [list[Booked]() for _ in range(WORKERS)]

    def run(worker: int) -> None:
        try:
            work(database, worker, barrier, has_locks=has_locks, into=found[worker])
        except BaseException:
            barrier.abort()  # or the others would wait for ever
            raise

    threads = [Thread(target=run, args=(worker,)) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    booked = [one for each in found for one in each]
    assert len(booked) == WORKERS * TURNS
    return booked


@pytest.mark.postgresql_only
def test_under_our_locks_every_history_has_an_order_and_it_is_that_of_the_vouchers(database: Database) -> None:
    booked = sorted(history(database, has_locks=True), key=lambda one: one.number)
    assert circles([one.done for one in booked]) == []
    plain: dict[str, tuple[str, ...]] = {}
    for one in booked:  # the same, one after another, in plain Python
        assert one.done.read == {account: plain.get(account, ()) for account in one.done.read}
        plain |= {account: (*plain.get(account, ()), one.done.name) for account in one.done.appended}
    for account in plain:
        assert is_growing(one.done.read[account] for one in booked if account in one.done.read)
    began = 0
    for one in booked:  # whoever ended before another began has the smaller number
        assert one.ended >= began
        began = max(began, one.began)
    assert [one.number for one in booked] == list(range(2, len(booked) + 2))


@pytest.mark.postgresql_only
def test_without_shared_locks_the_checker_finds_circles(database: Database) -> None:
    assert circles([one.done for one in history(database, has_locks=False)])


def test_the_checker_finds_write_skew_and_lost_updates_and_nothing_in_serial_work() -> None:
    a, b, c = frozenset("a"), frozenset("b"), frozenset("ab")
    skew = [Done("1", {"a": (), "b": ()}, a), Done("2", {"a": (), "b": ()}, b)]
    assert circles(skew) == [frozenset("12")]
    lost = [Done("1", {"a": ()}, a), Done("2", {"a": ()}, a)]
    assert circles(lost) == [frozenset("12")]
    three = [Done("1", {"a": ()}, b), Done("2", {"b": ()}, frozenset("c")), Done("3", {"c": ()}, a)]
    assert circles(three) == [frozenset("123")]
    serial = [Done("1", {"a": ()}, c), Done("2", {"a": ("1",)}, a), Done("3", {"a": ("1", "2"), "b": ("1",)}, c)]
    assert circles(serial) == []
    with pytest.raises(ValueError, match="nobody"):
        circles([Done("1", {"a": ("9",)}, a)])
    assert is_growing([("1",), (), ("1", "2")])
    assert not is_growing([("1",), ("2", "1")])
