"""Every duty of disclosure has its entry."""

from __future__ import annotations

import pytest

from registry.disclosure_entries.rules import ENTRIES, entry
from registry.obligations.rules import KINDS
from registry.policy import RegistryPolicy
from tests.make import registry_base as make


def test_the_thirteen_entries_stand_in_order_and_are_followed_up_where_a_duty_is_derived() -> None:
    assert [one.rule for one in ENTRIES] == [f"DIS-{number:02d}" for number in range(1, 14)]
    derived = {kind.rule for kind in KINDS.values() if kind.rule.startswith("DIS-")}
    assert {one.rule for one in ENTRIES if one.duty} == derived
    assert all(one.duty or one.page for one in ENTRIES)


def test_every_named_parameter_is_in_the_register() -> None:
    known = set(RegistryPolicy.names().values()) | {"pricing.report_due", "disclosure.price_list_before_charging"}
    assert {one.parameter for one in ENTRIES if one.parameter} <= known
    assert make.book().get("puer", entry("DIS-07").parameter, on=make.TERM[0]) is not None


def test_an_entry_is_found_by_its_rule() -> None:
    assert entry("DIS-12").page == "/registry"
    with pytest.raises(KeyError):
        entry("DIS-14")
