"""A4 and H5: what is divided adds up for every input, and an order by the version that it was placed under."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import product
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.money import Money, total
from settlement.portions import WEIGHT_PARTS
from settlement.portions.rules import parts_per_million
from settlement.splits.model import ShareSchedule
from settlement.splits.queries import effective
from settlement.splits.rules import ScheduleState, split
from tests.rig import sizes

TOTALS_MAX = 400
ORDERS = sizes.of("H5")
DIVISIONS = sizes.of("A4")
DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)
weights = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 10**9), min_size=1, max_size=12)


def is_fair(fen: int, order: tuple[int, ...], parts: list[int]) -> bool:
    """Say whether parts add up, are never negative, less than a fen off, and nothing where the weight is zero."""
    whole = sum(order)
    return sum(parts) == fen and all(
        part >= 0 and abs(part * whole - fen * weight) < whole and (weight or not part)
        for weight, part in zip(order, parts, strict=True)
    )


def test_every_small_total_is_divided_by_every_small_weights_to_the_fen() -> None:
    tuples = [one for one in (*product(range(10), repeat=3), *product(range(5), repeat=4)) if any(one)]
    wrong = [
        (fen, order)
        for order in tuples
        for keyed in [dict(zip("abcd", order, strict=False))]
        for fen in range(TOTALS_MAX + 1)
        if not is_fair(fen, order, [part.fen for part in split(Money(fen), keyed).values()])
    ]
    assert len(tuples) * (TOTALS_MAX + 1) > 650_000
    assert not wrong


@pytest.mark.soak
@settings(max_examples=DIVISIONS, deadline=None)
@given(weights.filter(lambda found: any(found.values())), st.integers(0, 10**15), st.integers(1, 1000), st.randoms())
def test_shares_add_up_and_depend_on_neither_order_nor_scale(given_weights, fen, scale, shuffler) -> None:
    found = split(Money(fen), given_weights)
    assert total(found.values()) == Money(fen)
    whole = sum(given_weights.values())
    for party, share in found.items():
        assert share.fen >= 0
        assert abs(share.fen - Fraction(fen * given_weights[party], whole)) < 1
        assert given_weights[party] or not share.fen
    shuffled = list(given_weights.items())
    shuffler.shuffle(shuffled)
    assert split(Money(fen), dict(shuffled)) == found
    assert split(Money(fen), {party: weight * scale for party, weight in given_weights.items()}) == found


@settings(max_examples=2000, deadline=None)
@given(weights.filter(lambda found: any(found.values())))
def test_weights_are_whole_parts_of_a_million_that_add_up(given_weights) -> None:
    found = parts_per_million(given_weights)
    assert sum(found.values()) == WEIGHT_PARTS == 10**6
    assert all(bool(given_weights[party]) or not part for party, part in found.items())


def schedule(number: int, day: int, signed_day: int, product_id) -> ShareSchedule:
    return ShareSchedule(
        number=f"SCH-{number:04d}", agreement_id=AGREEMENT, product_id=product_id, version_number=number,
        valid_from=(DAY_ONE + timedelta(days=day)).date(), valid_until=None, state=ScheduleState.SIGNED,
        signed_at=DAY_ONE + timedelta(days=signed_day),
    )  # fmt: skip


AGREEMENT, PRODUCT = uuid4(), uuid4()


@pytest.mark.soak
def test_thousands_of_orders_are_divided_by_the_version_in_force_when_they_were_placed() -> None:
    chance = random.Random(20261122)
    versions = [
        schedule(number, day := chance.randrange(300), day - chance.randrange(1, 30), chance.choice([None, PRODUCT]))
        for number in range(1, 61)
    ]
    latest_first = sorted(versions, key=lambda row: (row.valid_from, row.version_number), reverse=True)
    divided = 0
    for _ in range(ORDERS):
        placed = DAY_ONE + timedelta(seconds=chance.randrange(330 * 86400))
        day = date.fromordinal(placed.toordinal())
        known = [row for row in versions if row.valid_from <= day and row.signed_at <= placed]
        known = [row for row in known if row.product_id == PRODUCT] or [row for row in known if row.product_id is None]
        expected = max(known, key=lambda row: (row.valid_from, row.version_number), default=None)
        found = effective(latest_first, agreement_id=AGREEMENT, product_id=PRODUCT, on=day, placed_at=placed)
        if expected is not None:
            divided += 1
            assert found is expected
    assert divided > ORDERS * 0.9


def test_a_version_signed_later_changes_no_order_and_the_first_one_serves_orders_that_had_none() -> None:
    first, better = schedule(1, 0, 10, None), schedule(2, 5, 20, None)
    signed = [better, first]
    asked = {"agreement_id": AGREEMENT, "product_id": PRODUCT, "on": date(2026, 1, 9)}
    assert effective(signed, **asked, placed_at=DAY_ONE + timedelta(days=15)) is first
    assert effective(signed, **asked, placed_at=DAY_ONE + timedelta(days=8)) is first
    assert effective(signed, **asked, placed_at=DAY_ONE + timedelta(days=25)) is better
