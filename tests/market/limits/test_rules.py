"""Spans of limits."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from market.limits.rules import Limit, reached

moments = st.integers(1_600_000_000, 2_800_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
limits = st.builds(Limit, calls=st.integers(1, 1000), seconds=st.integers(1, 86_400))


@given(limits, moments)
def test_a_moment_lies_in_its_span_and_the_next_span_begins_after_the_seconds_left(limit: Limit, now: datetime) -> None:
    start, left = limit.start(now), limit.seconds_left(now)
    assert start <= now.timestamp() < start + limit.seconds
    assert 1 <= left <= limit.seconds
    assert start + limit.seconds == int(now.timestamp()) + left


def test_a_refusal_says_when_to_come_again() -> None:
    refusal = reached(Limit(60, 60), "ENT-2026-000001", datetime(2026, 7, 20, 2, 0, 45, tzinfo=UTC))
    assert (refusal.status, refusal.headers["Retry-After"], refusal.headers["RateLimit-Remaining"]) == (429, "15", "0")
    assert "15 秒后" in refusal.detail
