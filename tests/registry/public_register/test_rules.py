"""What an entry of the register is worth on a day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.public_register.rules import CLOSED, EntryState, entry_state
from registry.registrations.rules import RegistrationState, is_effective

FROM, UNTIL = date(2026, 7, 16), date(2028, 6, 30)
days = st.dates(date(2025, 3, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    ("on", "worth"),
    [
        (date(2026, 7, 15), EntryState.NOT_YET),
        (FROM, EntryState.EFFECTIVE),
        (UNTIL, EntryState.EFFECTIVE),
        (date(2028, 7, 1), EntryState.EXPIRED),
    ],
)
def test_a_coded_entry_is_worth_what_its_days_say(on: date, worth: EntryState) -> None:
    assert entry_state(RegistrationState.CODED, FROM, UNTIL, on) is worth


@pytest.mark.parametrize(("state", "worth"), list(CLOSED.items()))
def test_a_closed_entry_says_so_on_every_day(state: RegistrationState, worth: EntryState) -> None:
    for on in (date(2026, 7, 15), FROM, UNTIL, date(2028, 7, 1)):
        assert entry_state(state, FROM, UNTIL, on) is worth


@pytest.mark.parametrize("state", list(RegistrationState))
def test_what_never_got_a_code_is_worth_nothing(state: RegistrationState) -> None:
    assert entry_state(state, None, None, FROM) is None
    assert entry_state(state, FROM, None, FROM) is None


@given(days, days, days)
def test_the_public_reads_effective_exactly_when_sales_may_rest_on_it(start: date, end: date, on: date) -> None:
    assume(start <= end)
    read = entry_state(RegistrationState.CODED, start, end, on)
    assert (read is EntryState.EFFECTIVE) == is_effective(RegistrationState.CODED, start, end, on)
