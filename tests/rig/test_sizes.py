"""Every promise that grows is asked for by a test that ``make soak`` finds, and is tried with more there."""

from __future__ import annotations

import re

import pytest

from tests.rig import sizes
from tests.rig.databases import ROOT

ASKED = re.compile(r"sizes\.of\(\"(\w+)\"\)")


def test_each_size_is_asked_for_by_marked_tests_and_each_marked_test_asks_for_one() -> None:
    asked = dict[str, str]()
    for path in sorted((ROOT / "tests").glob("**/test_*.py")):
        if path.parent.name == "rig":
            continue
        text = path.read_text(encoding="utf-8")
        found = ASKED.findall(text)
        assert bool(found) == ("pytest.mark.soak" in text), path.name
        asked |= dict.fromkeys(found, path.name)
    assert set(asked) == set(sizes.SIZES)


def test_the_full_size_is_the_larger_one_and_counts_only_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sizes.SOAK, raising=False)
    few = {name: sizes.of(name) for name in sizes.SIZES}
    monkeypatch.setenv(sizes.SOAK, "1")
    assert all(few[name] < sizes.of(name) for name in sizes.SIZES)
