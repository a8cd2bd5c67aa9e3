"""Until when an event belongs to a period, and the one question about the archive."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import Period
from settlement.usage.rules import (
    ArchiveDiffers,
    GraceRunning,
    Sums,
    Total,
    closed_days,
    cut,
    microseconds,
    must_be_same,
    totals_text,
)

MONTH = Period.month("2026-08")
END = datetime(2026, 8, 31, 16, tzinfo=UTC)  # midnight in Beijing
counts = st.integers(0, 10**12)
parts = st.lists(st.builds(Total, counts, counts, counts, counts), max_size=6)


def test_without_an_agreed_time_everything_stored_by_now_belongs_to_the_period() -> None:
    assert cut(MONTH, None, END + timedelta(days=3)) == END + timedelta(days=3)


def test_with_an_agreed_time_the_cut_is_its_end_however_late_the_settlement_is_prepared() -> None:
    for later in (timedelta(0), timedelta(seconds=1), timedelta(days=40)):
        assert cut(MONTH, 72, END + timedelta(hours=72) + later) == END + timedelta(hours=72)


def test_a_period_is_not_settled_while_its_events_may_still_come_in() -> None:
    with pytest.raises(GraceRunning) as refused:
        cut(MONTH, 72, END + timedelta(hours=72) - timedelta(microseconds=1))
    assert "2026-09-04 00:00" in str(refused.value)


@given(parts, parts)
def test_totals_add_up_in_any_order(first: list[Total], second: list[Total]) -> None:
    assert sum(first + second, Total()) == sum(second, Total()) + sum(first, Total())


def test_misses_count_only_where_every_query_is_charged() -> None:
    assert Total(10, 8, 30, 24).counted(charges_misses=False) == 24
    assert Total(10, 8, 30, 24).counted(charges_misses=True) == 30


@pytest.mark.parametrize("other", [Sums(2, 5, "a"), Sums(3, 4, "a"), Sums(3, 5, "b")])
def test_a_file_that_differs_in_count_units_or_digest_is_no_archive(other: Sums) -> None:
    must_be_same(Sums(3, 5, "a"), Sums(3, 5, "a"), date(2026, 8, 1))
    with pytest.raises(ArchiveDiffers):
        must_be_same(Sums(3, 5, "a"), other, date(2026, 8, 1))


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 — bounds are naive
def test_a_moment_is_kept_to_the_microsecond(at: datetime) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds(at)) == at


@pytest.mark.parametrize("place", ["", "x' OR '1'='1", "衢州", "a" * 41])
def test_a_place_that_is_none_never_reaches_an_engine(place: str) -> None:
    with pytest.raises(ValueError, match="is no place"):
        totals_text(place, MONTH, END)


def test_days_of_an_open_settlement_are_not_closed() -> None:
    days = [MONTH.start.toordinal(), MONTH.end.toordinal() - 1, MONTH.end.toordinal()]
    assert closed_days(days * 2, MONTH.end) == [date(2026, 8, 1), date(2026, 8, 31)]
