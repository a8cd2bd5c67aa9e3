"""Words that the floors below keep in tables and pages translate as they show them are marked for the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import ModuleType

import pytest
from flask import Flask, render_template_string

from market.entitlements import queries as entitlements
from market.trade_records import queries as trade_records
from market.trade_records import rules as trade_record_rules
from registry.gates.queries import TOLD
from settlement.ageing.queries import ages
from settlement.ageing.rules import HEAD_TITLES
from settlement.packs import queries as packs
from settlement.packs.rules import PACK_TITLES
from settlement.reports import rules as reports
from settlement.reports.pages import STEP_TITLES
from tests.web.test_translations import ROOT, words_in_the_code
from web.labels import VALUES

HEADING = re.compile(r'Section\("([^"]+)"|headings = \(([^)]*)\)')


def unmarked(words: Iterable[object]) -> list[str]:
    """Return the words that no catalogue would be asked for."""
    return [str(word) for word in words if str(word) not in words_in_the_code()]


def tables_of(*modules: ModuleType) -> list[object]:
    """Return the values of every table of titles of some modules."""
    tables = [held for one in modules for name, held in vars(one).items() if name.endswith("TITLES")]
    return [word for table in tables for word in table.values()]


def test_gates_say_what_holds_and_what_to_do_in_both_languages() -> None:
    assert unmarked([title for title, *_rest in TOLD.values()] + [rest[-1] for _title, *rest in TOLD.values()]) == []
    assert unmarked(tables_of(entitlements)) == []


def test_trade_records_reports_and_year_packs_are_marked() -> None:
    records = [*trade_records.DELIVERY_WORDS.values(), *trade_record_rules.RESULTS.values()]
    assert unmarked(records + tables_of(trade_record_rules, reports)) == []
    assert (
        unmarked([*HEAD_TITLES.values(), *STEP_TITLES.values(), *PACK_TITLES.values(), *packs.CLASSES.values()]) == []
    )
    assert unmarked(ages()) == []
    source = (ROOT / "settlement/packs/queries.py").read_text(encoding="utf-8")
    headings = [word for title, row in HEADING.findall(source) for word in (title, *re.findall(r'"([^"]+)"', row))]
    assert len(headings) > 10
    assert unmarked(word for word in headings if word) == []


def test_the_steps_of_a_statement_line_are_marked() -> None:
    source = (ROOT / "settlement/explanations/queries.py").read_text(encoding="utf-8")
    labels = re.findall(r'node\(\s*"([^"]+)"', source)
    assert len(labels) > 6
    assert unmarked(labels) == []


def test_a_word_that_is_not_marked_is_found() -> None:
    assert unmarked(["从来没有人说过的话"]) == ["从来没有人说过的话"]


@pytest.mark.parametrize("key", sorted(VALUES))
def test_no_value_is_shown_as_a_word_of_the_code(key: str) -> None:
    assert not re.search(r"[a-z]_[a-z]", str(VALUES[key]))


def test_words_of_a_record_that_a_template_translates_are_never_run(app: Flask) -> None:
    hostile = "<img src=x onerror=alert(1)> 50%"
    with app.test_request_context(headers={"Accept-Language": "en"}):
        page = render_template_string("{{ _(words) }}{{ _('共 %(n)s 项', n=words) }}{{ _('登录') }}", words=hostile)
        text = render_template_string("{% autoescape false %}{{ _(words) }}{% endautoescape %}", words=hostile)
    shown = "&lt;img src=x onerror=alert(1)&gt; 50%"
    assert page == f"{shown}{shown} in totalSign in"
    assert text == hostile
