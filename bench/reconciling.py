"""Match a day of 10,000 items with 200 planted breaks (E11), against a bare sort-merge of the same items.

The bare merge sorts the items by reference and compares the sums of the sides: it says that something is wrong, not
what. Both must point at the same money.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from random import Random

from bench.harness import Result, alternate, at_most
from settlement.matching.rules import Flow, Item, match
from tests.make import reconciling as make

RATIO_MAX, SECONDS_MAX = 15, 30


def bare(items: Sequence[Item]) -> set[str]:
    """Return the references of which the sides name different sums."""
    wrong = set()
    ordered = sorted(items, key=lambda item: (item.flow, item.reference, item.side, item.key))
    for (flow, reference), group in groupby(ordered, key=lambda item: (item.flow, item.reference)):
        sums: dict[str, int] = {}
        for item in group:
            sums[item.side] = sums.get(item.side, 0) + item.amount.fen
        if flow is not Flow.RIGHT and len(set(sums.values())) > 1:
            wrong.add(reference)
    return wrong


def run() -> list[Result]:
    """Measure the time of both, and hold ours against the thirty seconds of the promise."""
    day = make.with_breaks()
    items = day.items
    Random(7).shuffle(items)
    scope = make.scope(day)
    taken = alternate({"ours": lambda: match(items, scope), "bare": lambda: bare(items)})
    found = match(items, scope).findings
    assert make.named(found) == day.planted, "breaks differ from what was planted"
    assert bare(items) <= {item.reference for one in found for item in one.items}, "the merge saw more"
    title = f"reconcile {len(items):,} items, {len(found)} breaks named"
    figure = f"{taken['ours'] * 1000:,.0f} ms (bare merge {taken['bare'] * 1000:,.0f} ms)"
    return [
        at_most(f"{title} ÷ bare sort-merge", figure, taken["ours"] / taken["bare"], RATIO_MAX),
        at_most(f"{title} ÷ {SECONDS_MAX} s", figure, taken["ours"] / SECONDS_MAX, 1),
    ]
