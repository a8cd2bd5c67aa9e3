"""Ranges of bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.downloads.rules import RangeUnsatisfiable, Span, wanted


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, Span(0, 99, is_part=False)),
        ("bytes=0-9", Span(0, 9, is_part=True)),
        ("bytes=90-", Span(90, 99, is_part=True)),
        ("bytes=90-1000", Span(90, 99, is_part=True)),
        ("bytes=-10", Span(90, 99, is_part=True)),
        ("bytes=-1000", Span(0, 99, is_part=True)),
        ("bytes=0-1,5-6", Span(0, 99, is_part=False)),
        ("bytes=-", Span(0, 99, is_part=False)),
        ("lines=1-2", Span(0, 99, is_part=False)),
        ("bytes=١-٢", Span(0, 99, is_part=False)),
    ],
)
def test_a_range_header_is_read_as_http_says(header: str | None, span: Span) -> None:
    assert wanted(header, 100) == span


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-101", "bytes=5-4", "bytes=-0"])
def test_a_range_outside_the_file_is_refused_with_its_size(header: str) -> None:
    with pytest.raises(RangeUnsatisfiable) as refused:
        wanted(header, 100)
    assert refused.value.headers["Content-Range"] == "bytes */100"


@given(st.text(max_size=30) | st.from_regex(r"bytes=[0-9]{0,15}-[0-9]{0,15}", fullmatch=True), st.integers(1, 10**9))
def test_whatever_is_asked_for_stays_within_the_file(header: str, size: int) -> None:
    try:
        span = wanted(header, size)
    except RangeUnsatisfiable:
        return
    assert 0 <= span.first <= span.last < size
    assert span.size == span.last - span.first + 1
