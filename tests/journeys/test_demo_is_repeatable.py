"""The demonstration, told twice at different places on disk and years apart, reads the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import time_machine

from tests.rig.books import printed_of, told, told_books

SECONDS = re.compile(r"用时[0-9.]+秒")


def words_of(printed: str, path: Path) -> str:
    """Return what was printed without the line breaks, the seconds that it took and where it was told."""
    text = "".join(printed.split())
    assert str(path) in text
    return SECONDS.sub("", text.replace(str(path), ""))


def test_two_tellings_give_the_same_business_tables_on_any_day(tmp_path: Path) -> None:
    books, path = told_books(), tmp_path / "demo.sqlite"  # the first telling is the one that the checker's tests read
    first = printed_of(books).read_text(encoding="utf-8")
    with time_machine.travel(datetime(2031, 10, 5, 20, 0, tzinfo=UTC)):
        second = told(path)
    assert words_of(second, path) == words_of(first, books)
    for title in ("企业经营状态核验（QZ-2026-000001）为何可以挂牌", "药店经营健康指数（GZ-2026-000001）为何可以挂牌"):
        assert title in first
    for total in ("1509.45", "1132.08"):
        assert f"可分配 {total} 元" in first
    for words in ("2026-03 从迟到用量到结账", "到账 6 笔，退回后重发 1 笔", "应收 56.60 元", "国库不抵扣"):
        assert words in first
