"""The fourteen kinds are found and named, all of them and nothing else (E11)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from settlement.matching.rules import Flow, Item, Kind, Scope, Side, match
from tests.make import reconciling as make


def test_two_hundred_breaks_of_fourteen_kinds_among_ten_thousand_items_are_found_and_named_and_nothing_else():
    day = make.with_breaks()
    assert len(day.items) >= 10_000
    assert len(day.planted) == make.PLANTED
    assert set(Counter(kind for kind, _ in day.planted.values())) == set(Kind)
    outcome = match(day.items, make.scope(day))
    assert make.named(outcome.findings) == day.planted
    assert len(outcome.findings) == make.PLANTED


def test_a_day_on_which_everything_agrees_has_no_break():
    day = make.clean()
    outcome = match(day.items, make.scope(day))
    assert outcome.findings == ()
    assert outcome.agreed[Flow.CHARGE] == make.SALES
    assert sum(outcome.agreed.values()) > make.SALES


@given(st.integers(0, 2**32))
def test_the_order_of_the_items_changes_nothing(seed):
    groups = [make.sale(1), make.sale(2)[1:], make.back(1, Flow.REFUND, "re"), make.sale(3)[:2], make.sale(4)[3:]]
    items = [item for group in groups for item in group]
    mixed = list(items)
    Random(seed).shuffle(mixed)
    asked = Scope(make.PERIOD, fee=make.fee)
    assert match(mixed, asked) == match(items, asked)


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_alone_is_named(kind):
    day = make.clean()
    spare, payouts = iter(range(make.PAID_OUT + 1, make.PAID_OUT + 20)), iter(range(5))
    for turn in range(4):
        make.MAKERS[kind](day, spare, payouts, turn)
    assert make.named(match(day.items, make.scope(day)).findings) == day.planted


@given(st.sampled_from([Side.PROVIDER, Side.ORDERS, Side.LEDGER]), st.integers(1, 10**9))
def test_any_removed_item_of_a_sale_is_named_by_its_side(side, number):
    whole = make.sale(number % 10**6)
    left = [item for item in whole if item.side is not side or item.flow is Flow.RIGHT]
    (found,) = match(left, Scope(make.PERIOD, known={whole[1].key}, fee=make.fee)).findings
    assert (found.kind, found.side) == (Kind.MISSING, side)


@given(st.integers(-(10**6), 10**6).filter(bool))
def test_one_fen_is_a_difference(fen):
    line, order, entry, right = make.sale(1)
    wrong = replace(entry, amount=entry.amount + Money(fen))
    (found,) = match([line, order, wrong, right], Scope(make.PERIOD)).findings
    assert (found.kind, found.side, found.difference) == (Kind.AMOUNT, Side.LEDGER, abs(Money(fen))) or (
        wrong.amount == Money(0) and found.kind is Kind.MISSING
    )


def test_what_lies_outside_the_period_is_nobodys_break_unless_it_is_watched():
    late = [replace(item, day=make.DAY + timedelta(days=5)) for item in make.sale(1) if item.side is not Side.LEDGER]
    assert match(late, Scope(make.PERIOD)).findings == ()
    (found,) = match(late, Scope(make.PERIOD, watched={"pi_000001"})).findings
    assert (found.kind, found.side) == (Kind.MISSING, Side.LEDGER)


def test_an_amount_and_a_day_alone_match_nothing():
    line, order, entry, right = make.sale(1)
    other = replace(line, reference="pi_other", own="")
    found = {(one.kind, one.side) for one in match([other, order, entry, right], Scope(make.PERIOD)).findings}
    assert found == {(Kind.UNKNOWN_REFERENCE, Side.PROVIDER), (Kind.MISSING, Side.PROVIDER)}


def test_several_lines_of_the_bank_and_several_orders_match_to_the_fen_or_not_at_all():
    whole = Item(Side.BANK, "BK-1", Flow.RECEIPT, "BK-1", Money(300), make.DAY)
    parts = [Item(Side.ORDERS, f"S-{n}", Flow.RECEIPT, "BK-1", Money(100), make.DAY) for n in range(3)]
    entry = Item(Side.LEDGER, "JV-1", Flow.RECEIPT, "BK-1", Money(300), make.DAY)
    assert match([whole, *parts, entry], Scope(make.PERIOD)).findings == ()
    (found,) = match([whole, *parts[:2], entry], Scope(make.PERIOD)).findings
    assert (found.kind, found.side, found.difference) == (Kind.AMOUNT, Side.ORDERS, Money(100))


def test_a_correction_by_reversal_and_a_new_entry_is_no_break_and_two_reversals_are():
    line, order, entry, right = make.sale(1)
    undo = replace(entry, key="JV-2", amount=-entry.amount)
    again = replace(entry, key="JV-3")
    assert match([line, order, entry, undo, again, right], Scope(make.PERIOD)).findings == ()
    twice = [line, order, entry, undo, replace(undo, key="JV-4"), right]
    (found,) = match(twice, Scope(make.PERIOD)).findings
    assert (found.kind, found.side) == (Kind.REVERSED_TWICE, Side.LEDGER)
