"""Random histories of booking, correcting and closing: the journal and a ledger in plain Python agree to the fen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.exc import DBAPIError

from kernel.calendar import Period
from kernel.db import Database, new_id
from kernel.errors import DomainError
from kernel.identity import Role
from kernel.money import Money
from settlement.closing.model import Closing
from settlement.closing.rules import ClosingState
from settlement.ledger import checks, queries
from settlement.ledger.commands import book, reverse, reverse_part
from settlement.ledger.model import JournalEntry
from settlement.ledger.queries import AsOf
from settlement.ledger.rules import Cause, Entry, Leg
from tests.make import registry_base as base
from tests.make.ledger_reference import Legs, ReferenceLedger, Refused, Voucher
from tests.rig import sizes

PLACE = "xinchang"
FINANCE = base.actor(Role.FINANCE_PREPARER, place=PLACE)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNTS = ("asset:bank:xinchang", "asset:psp:xinchang", "liability:unearned:A", "liability:payable:B")
FEN = st.integers(-(10**13), 10**13)
LEGS = st.lists(st.tuples(st.sampled_from(ACCOUNTS), FEN), min_size=1, max_size=4)
DAYS = st.dates(date(2026, 1, 1), date(2026, 6, 30))
DATABASE: list[Database] = []
STEPS = 50 if sizes.is_soak() else 30


def closed_off(legs: list[tuple[str, int]]) -> Legs:
    """Let a last leg balance the others, unless chance balanced them."""
    rest = -sum(fen for _, fen in legs)
    return (*legs, ("liability:held:C", rest)) if rest else tuple(legs)


class Histories(RuleBasedStateMachine):
    """The real journal and the plain one, side by side."""

    @initialize()
    def begin(self) -> None:
        self.session = DATABASE[0].new_session()
        self.plain = ReferenceLedger()
        self.booked: list[tuple[Voucher, Any]] = []
        self.now = BEGAN
        self.moments: list[tuple[datetime, int]] = []

    def both(self, real: Any, plain: Any) -> None:
        """Do it in both; either both do it or both refuse."""
        self.now += timedelta(minutes=1)
        try:
            voucher = plain()
        except Refused:
            with pytest.raises((DomainError, DBAPIError)), self.session.begin_nested():
                real()
            return
        with self.session.begin_nested():
            done = real()
        assert done.header.number == voucher.number
        self.booked.append((voucher, done))
        self.moments.append((self.now, len(self.plain.vouchers)))

    @rule(key=st.integers(0, 20), day=DAYS, legs=LEGS)
    def book(self, key: int, day: date, legs: list[tuple[str, int]]) -> None:
        whole = closed_off(legs)

        def real() -> Any:
            made = tuple(Leg(account, Money(fen)) for account, fen in whole)
            entry = Entry(PLACE, Cause.PAYMENT_CAPTURED, str(key), day, "收款", made)
            return book(self.session, FINANCE, entry, now=self.now)

        self.both(real, lambda: self.plain.book(("payment", str(key)), day, whole))

    @precondition(lambda self: self.booked)
    @rule(data=st.data(), day=DAYS)
    def undo(self, data: Any, day: date) -> None:
        voucher, done = data.draw(st.sampled_from(self.booked))
        self.both(
            lambda: reverse(self.session, FINANCE, done, reason="记错", entry_date=day, now=self.now),
            lambda: self.plain.take_back(voucher, day, None, ""),
        )

    @precondition(lambda self: self.booked)
    @rule(data=st.data(), day=DAYS, key=st.integers(0, 3), portion=st.integers(1, 4))
    def undo_part(self, data: Any, day: date, key: int, portion: int) -> None:
        voucher, done = data.draw(st.sampled_from(self.booked))
        first, last = voucher.legs[0], voucher.legs[-1]
        fen = min(abs(first[1]), abs(last[1])) * portion // 3
        legs = ((first[0], -fen if first[1] > 0 else fen), (last[0], fen if first[1] > 0 else -fen))

        def real() -> Any:
            taken = [Leg(account, Money(amount)) for account, amount in legs]
            return reverse_part(
                self.session, FINANCE, done, legs=taken, key=str(key), reason="多记", entry_date=day, now=self.now
            )

        self.both(real, lambda: self.plain.take_back(voucher, day, legs, str(key)))

    @rule(month=st.integers(1, 5))
    def close(self, month: int) -> None:
        if (2026, month) in self.plain.closed:
            return
        period = Period.month(f"2026-{month:02d}")
        self.session.add(
            Closing(place=PLACE, period_start=period.start, period_end=period.end, state=ClosingState.CLOSED,
                    started_by=new_id(), started_by_name="甲", started_at=self.now, checklist=[], closed_by=new_id(),
                    closed_by_name="乙", closed_at=self.now, balances={})
        )  # fmt: skip
        self.session.flush()
        self.plain.close(2026, month)

    @invariant()
    def balances_agree_now_and_at_every_past_moment(self) -> None:
        if not getattr(self, "booked", None):
            return
        assert self.real(AsOf()) == self.plain.balances()
        moment, count = self.moments[len(self.moments) // 2]
        assert self.real(AsOf(moment=moment)) == self.plain.balances(vouchers=count)
        assert self.real(AsOf(voucher=(2026, count))) == self.plain.balances(vouchers=count)
        day = self.booked[-1][0].day
        assert self.real(AsOf(day=day)) == self.plain.balances(day=day)

    def real(self, as_of: AsOf) -> dict[str, int]:
        """The balances of the journal in fen."""
        return {
            account: amount.fen for account, amount in queries.trial_balance(self.session, place=PLACE, as_of=as_of)
        }

    def teardown(self) -> None:
        if hasattr(self, "session"):
            numbers = list(self.session.scalars(sa.select(JournalEntry.number).order_by(JournalEntry.number)))
            assert numbers == list(range(1, len(self.plain.vouchers) + 1))
            assert checks.unbalanced_entries(self.session) == []
            self.session.rollback()
            self.session.close()


@pytest.mark.soak
@pytest.mark.both_databases
def test_the_journal_and_a_plain_ledger_agree_on_every_history(database_url: str) -> None:
    """Corrections too: at most once whole, in parts never beyond what was booked, a reversal taken back once (A11)."""
    database = Database(database_url)
    DATABASE[:] = [database]
    few = settings(max_examples=sizes.of("A11"), stateful_step_count=STEPS, deadline=None, derandomize=True,
                   suppress_health_check=list(HealthCheck))  # fmt: skip
    run_state_machine_as_test(Histories, settings=few)
    database.engine.dispose()
