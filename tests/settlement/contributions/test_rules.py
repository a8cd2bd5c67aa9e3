"""Contribution weights and Shapley values are exact and add up."""

from fractions import Fraction
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.contributions import PLAYERS_MAX
from settlement.contributions.rules import (
    CoefficientsNotOne,
    FactorUnusable,
    GameIncomplete,
    GameKind,
    contribution,
    shapley,
)
from tests.cases import cases, name_of

COEFFICIENTS = {"usage": Fraction("0.5"), "quality": Fraction("0.3"), "input": Fraction("0.2")}
BUREAU = {"usage": 60, "quality": Fraction("0.9"), "input": 4}
HOSPITAL = {"usage": 40, "quality": Fraction("0.7"), "input": 6}
figures = st.fixed_dictionaries(dict.fromkeys(COEFFICIENTS, st.fractions(0, 100)))


def coalitions(players):
    return [frozenset(some) for size in range(1, len(players) + 1) for some in combinations(players, size)]


games = st.integers(1, 5).flatmap(
    lambda count: st.fixed_dictionaries(dict.fromkeys(coalitions("abcde"[:count]), st.integers(-50, 50)))
)


def players_of(game):
    return sorted(set().union(*game))


def test_the_worked_example_of_the_rule_comes_out():
    found = contribution(COEFFICIENTS, {"bureau": BUREAU, "hospital": HOSPITAL})
    assert found == {"bureau": Fraction("0.54875"), "hospital": Fraction("0.45125")}


@given(st.dictionaries(st.sampled_from("abcdef"), figures, min_size=1))
def test_weights_add_up_to_one_and_only_zeros_get_nothing(parties):
    sums = {factor: sum(stated[factor] for stated in parties.values()) for factor in COEFFICIENTS}
    if not all(sums.values()):
        with pytest.raises(FactorUnusable):
            contribution(COEFFICIENTS, parties)
        return
    found = contribution(COEFFICIENTS, parties)
    assert sum(found.values()) == 1
    assert all((weight > 0) == any(parties[party].values()) for party, weight in found.items())


@given(figures, figures, st.fractions("0.01", 1000))
def test_the_unit_in_which_a_factor_is_counted_does_not_matter(one, other, scale):
    parties = {"a": {key: value + 1 for key, value in one.items()}, "b": other}
    rescaled = {party: {**stated, "usage": stated["usage"] * scale} for party, stated in parties.items()}
    assert contribution(COEFFICIENTS, rescaled) == contribution(COEFFICIENTS, parties)


def test_a_factor_that_counts_nothing_may_be_empty():
    found = contribution({"usage": 1, "quality": 0}, {"a": {"usage": 1, "quality": 0}, "b": {"usage": 3, "quality": 0}})
    assert found == {"a": Fraction(1, 4), "b": Fraction(3, 4)}


@pytest.mark.parametrize("coefficients", [{"usage": Fraction("0.9")}, {"usage": 2, "quality": -1}, {}])
def test_coefficients_add_up_to_one(coefficients):
    with pytest.raises(CoefficientsNotOne):
        contribution(coefficients, {"a": dict.fromkeys(coefficients, 1)})


@pytest.mark.parametrize(
    "parties",
    [
        {},
        {"a": {"usage": 1}},
        {"a": {**BUREAU, "fame": 1}},
        {"a": {**BUREAU, "usage": -1}},
        {"a": {**BUREAU, "usage": 0}},
    ],
)
def test_every_party_states_every_factor_and_somebody_has_some(parties):
    with pytest.raises(FactorUnusable):
        contribution(COEFFICIENTS, parties)


@pytest.mark.parametrize("case", cases("shapley"), ids=name_of)
def test_published_games_are_shared_as_printed(case):
    players = case["players"]
    values = {
        frozenset(players[int(position) - 1] for position in key.split(",")): Fraction(value)
        for key, value in case["v"].items()
    }
    found = shapley(players, values, GameKind(case["kind"]))
    assert [found[player] for player in players] == [Fraction(share) for share in case["shapley"]]
    assert sum(found.values()) == Fraction(case["total"])
    printed = case["printed_by_source"] or case["shapley"]
    tolerance = Fraction(case["printed_tolerance"] or 0)
    for player, share in zip(players, printed, strict=True):
        assert abs(found[player] - Fraction(share)) <= tolerance


@settings(max_examples=50)
@given(games)
def test_a_share_is_the_mean_of_what_a_player_adds_over_all_orders(game):
    players = players_of(game)
    added, orders = dict.fromkeys(players, 0), list(permutations(players))
    for order in orders:
        for position, player in enumerate(order):
            before = game.get(frozenset(order[:position]), 0)
            added[player] += game[frozenset(order[: position + 1])] - before
    assert shapley(players, game) == {player: Fraction(gain, len(orders)) for player, gain in added.items()}


@given(games)
def test_shares_add_up_and_do_not_depend_on_the_order_of_players(game):
    players = players_of(game)
    found = shapley(players, game)
    assert sum(found.values()) == game[frozenset(players)]
    assert shapley(players[::-1], game, GameKind.COST) == found


@given(games)
def test_a_player_who_adds_nothing_gets_nothing(game):
    players = players_of(game)
    with_idler = {coalition | extra: value for coalition, value in game.items() for extra in (set(), {"idler"})}
    found = shapley([*players, "idler"], {**with_idler, frozenset({"idler"}): 0})
    assert found == {**shapley(players, game), "idler": 0}


def test_the_largest_game_is_still_exact():
    players = [f"{number:02d}" for number in range(PLAYERS_MAX)]
    squares = {coalition: len(coalition) ** 2 for coalition in coalitions(players)}
    assert set(shapley(players, squares).values()) == {PLAYERS_MAX}


@pytest.mark.parametrize(
    ("players", "values"),
    [
        ([], {}),
        (["a", "a"], {frozenset("a"): 1}),
        ([str(number) for number in range(PLAYERS_MAX + 1)], {}),
        (["a", "b"], {frozenset("a"): 1, frozenset("ab"): 2}),
        (["a"], {frozenset("a"): 1, frozenset("b"): 1}),
        (["a"], {frozenset("a"): 1, frozenset(): 0}),
    ],
)
def test_a_game_needs_every_coalition_and_known_players(players, values):
    with pytest.raises(GameIncomplete):
        shapley(players, values)
