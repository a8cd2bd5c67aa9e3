"""Names and ends of replaced keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.key_rotations.rules import (
    KeyEnded,
    OverlapTooLong,
    check_overlap,
    check_replaceable,
    next_name,
    old_key_ends,
)

NOW = datetime(2026, 7, 6, tzinfo=UTC)
names = st.text("生产 key12", min_size=1, max_size=12)


@given(names, st.sets(names, max_size=6))
def test_the_new_name_is_free_and_fits(name: str, taken: set[str]) -> None:
    found = next_name(name, {name, *taken}, 12)
    assert found not in {name, *taken}
    assert len(found) <= 12


def test_the_name_counts_on() -> None:
    assert next_name("生产", ["生产"], 100) == "生产 2"
    assert next_name("生产 2", ["生产", "生产 2"], 100) == "生产 3"
    assert next_name("长" * 100, [], 100) == "长" * 98 + " 2"


@given(st.integers(0, 400), st.integers(1, 400))
def test_the_old_key_ends_after_the_overlap_and_never_later_than_before(hours: int, left: int) -> None:
    expires_at, overlap = NOW + timedelta(hours=left), timedelta(hours=hours)
    assert NOW <= old_key_ends(expires_at, NOW, overlap) <= min(expires_at, NOW + overlap)


@pytest.mark.parametrize(("hours", "is_refused"), [(-1, True), (0, False), (168, False), (169, True)])
def test_an_overlap_is_a_week_at_most(hours: int, is_refused: bool) -> None:
    if is_refused:
        with pytest.raises(OverlapTooLong):
            check_overlap(hours, 168)
    else:
        check_overlap(hours, 168)


def test_only_a_key_that_holds_is_replaced() -> None:
    check_replaceable("生产", revoked_at=None, expires_at=NOW + timedelta(seconds=1), now=NOW)
    for revoked_at, expires_at in ((NOW, NOW + timedelta(days=1)), (None, NOW)):
        with pytest.raises(KeyEnded):
            check_replaceable("生产", revoked_at=revoked_at, expires_at=expires_at, now=NOW)
