"""The demonstration, told twice at the same place on disk and years apart, reads the same."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import time_machine
from rich.console import Console

from web.demo.places import PLACES
from web.demo.telling import tell

PLACES_TOLD = [place for place in PLACES if place.key in ("quzhou", "guangzhou")]
CLOSING_LINE = re.compile(r"用时 [0-9.]+ 秒")


def told(path: Path) -> str:
    """Tell two places (all five take a minute) and return what was printed, the seconds that it took left out."""
    printed = io.StringIO()
    tell(path, Console(file=printed), serve=False, port="0", places=PLACES_TOLD)
    return CLOSING_LINE.sub("", printed.getvalue())


def test_two_tellings_give_the_same_business_tables_on_any_day(tmp_path: Path) -> None:
    path = tmp_path / "demo.sqlite"
    first = told(path)
    with time_machine.travel(datetime(2031, 10, 5, 20, 0, tzinfo=UTC)):
        second = told(path)
    assert second == first
    for title in ("企业经营状态核验（QZ-2026-000001）为何可以挂牌", "药店经营健康指数（GZ-2026-000001）为何可以挂牌"):
        assert title in first
    for total in ("1509.45", "1132.08"):
        assert f"可分配 {total} 元" in first
    for words in ("2026-03 从迟到用量到结账", "到账 6 笔，退回后重发 1 笔", "应收 56.60 元", "国库不抵扣"):
        assert words in first
