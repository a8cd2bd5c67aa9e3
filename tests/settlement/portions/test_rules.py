"""One amount between parties: claims that it does not cover, and shares within floors and caps."""

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.money import ZERO, Money, total
from kernel.reading import Unreadable
from settlement.contributions.rules import shapley
from settlement.portions.rules import BoundsUnusable, ClaimsUnusable, Shortage, awards, bounded, by_claims, in_fen
from settlement.splits.rules import Schedule
from tests.cases import cases, name_of

parties = st.sampled_from("abcde")
claims = st.dictionaries(parties, st.integers(0, 10**9).map(Money), min_size=1)


@pytest.mark.parametrize("case", [one for one in cases("bankruptcy") if "estate" in one], ids=name_of)
def test_an_estate_of_the_talmud_is_divided_as_printed(case):
    owed = {str(number): Fraction(claim) for number, claim in enumerate(case["claims"])}
    found = awards(Fraction(case["estate"]), owed, Shortage.TALMUD)
    assert [found[party] for party in sorted(found)] == [Fraction(share) for share in case["expected"]]


@pytest.mark.parametrize("case", [one for one in cases("bankruptcy") if "estate" in one], ids=name_of)
def test_the_method_is_the_one_that_the_agreement_states_and_others_give_other_awards(case):
    owed = {str(number): Fraction(claim) for number, claim in enumerate(case["claims"])}
    printed = {party: Fraction(share) for party, share in zip(sorted(owed), case["expected"], strict=True)}
    proportional = awards(Fraction(case["estate"]), owed, Shortage.PROPORTION)
    whole = sum(owed.values())
    assert proportional == {party: case["estate"] * claim / whole for party, claim in owed.items()}
    assert (proportional == printed) == (case["estate"] * 2 == whole)


def test_a_game_whose_source_prints_the_nucleolus_is_shared_by_shapley_because_agreements_state_that():
    case = next(one for one in cases("bankruptcy") if one["rule"] == "nucleolus")
    keys = ["a", "b", "c", "d", "ab", "ac", "ad", "bc", "bd", "cd", "abc", "abd", "acd", "bcd", "abcd"]
    found = shapley("abcd", {frozenset(key): value for key, value in zip(keys, case["v"], strict=True)})
    assert sum(found.values()) == sum(Fraction(share) for share in case["expected"]) == case["v"][-1]
    worth = {"": 0, **dict(zip(keys, case["v"], strict=True))}
    added = dict.fromkeys("abcd", 0)
    for order in permutations("abcd"):
        for position, player in enumerate(order):
            with_it, before = ("".join(sorted(order[:end])) for end in (position + 1, position))
            added[player] += worth[with_it] - worth[before]
    assert found == {player: Fraction(gain, 24) for player, gain in added.items()}
    assert [Fraction(share) for share in case["expected"]] != list(found.values())
    with pytest.raises(Unreadable):  # and no step can ask for the nucleolus
        Schedule.from_list([{"kind": "pool", "nucleolus": {"a": "1"}}, {"kind": "rest", "party": "z"}])


@settings(max_examples=300, deadline=None)
@given(claims, st.fractions(0, 1), st.sampled_from(Shortage))
def test_awards_add_up_to_the_estate_and_nobody_receives_more_than_claimed(owed, part, method):
    estate = total(owed.values()).times(part)
    found = by_claims(estate, owed, method)
    assert total(found.values()) == estate
    assert all(ZERO <= found[party] <= owed[party] for party in owed)


@given(claims, st.fractions(0, 1))
def test_the_talmud_treats_awards_and_losses_alike(owed, part):
    exact = {party: Fraction(claim.fen) for party, claim in owed.items()}
    whole = sum(exact.values())
    gained, lost = (awards(estate, exact, Shortage.TALMUD) for estate in (whole * part, whole * (1 - part)))
    assert all(gained[party] + lost[party] == exact[party] for party in exact)


@pytest.mark.parametrize(
    ("estate", "owed"), [(Money(-1), {"a": Money(1)}), (Money(2), {"a": Money(1)}), (ZERO, {"a": Money(-1)})]
)
def test_claims_that_cannot_divide_an_amount_are_refused(estate, owed):
    with pytest.raises(ClaimsUnusable):
        by_claims(estate, owed, Shortage.PROPORTION)


def test_a_cap_gives_the_others_what_it_cuts_off_and_a_floor_takes_it_from_them():
    weights = {"a": 6, "b": 3, "c": 1}
    shares = bounded(Money(10000), weights, floors={"c": Money(2000)}, caps={"a": Money(4000)})
    assert in_fen(Money(10000), shares) == {"a": Money(4000), "b": Money(4000), "c": Money(2000)}


@settings(max_examples=300)
@given(
    st.dictionaries(
        parties, st.tuples(st.integers(0, 9), st.integers(0, 10**6), st.none() | st.integers(0, 10**6)), min_size=1
    ),
    st.integers(0, 10**7),
)
def test_shares_add_up_within_every_floor_and_cap(rows, fen):
    weights = {party: weight for party, (weight, _, _) in rows.items()}
    floors = {party: Money(floor) for party, (_, floor, _) in rows.items()}
    caps = {party: Money(floor + room) for party, (_, floor, room) in rows.items() if room is not None}
    takers = [party for party in rows if weights[party]]
    if not takers or (set(takers) <= set(caps) and fen > sum(caps[party].fen for party in takers)):
        return
    found = in_fen(Money(fen), bounded(Money(fen), weights, floors=floors, caps=caps))
    assert total(found.values()) == Money(fen)
    assert all(found[party] <= cap for party, cap in caps.items())
    if fen >= sum(floor.fen for floor in floors.values()):
        assert all(found[party] >= floor for party, floor in floors.items())


@pytest.mark.parametrize(
    ("floors", "caps"),
    [({"x": Money(1)}, {}), ({"a": Money(2)}, {"a": Money(1)}), ({}, {"a": Money(1), "b": Money(1)})],
)
def test_bounds_that_nobody_can_keep_are_refused(floors, caps):
    with pytest.raises(BoundsUnusable):
        bounded(Money(10), {"a": 1, "b": 1}, floors=floors, caps=caps)
