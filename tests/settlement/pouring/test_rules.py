"""Breakpoints, carried amounts, bounds of parties, dates and the trace that repeats the arithmetic."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.money import ZERO, Money, floor_fen, total
from settlement.pouring.rules import Bound
from settlement.splits.rules import NotCarried, Schedule, carry, waterfall

REST = {"kind": "rest", "party": "z"}
BANDS = [{"up_to": "100.00", "value": "0.6"}, {"up_to": "300.00", "value": "0.5"}, {"value": "0.4"}]
yuan = Money.yuan


def taken(steps, amount, **more):
    division = waterfall(Schedule.from_list([*steps, REST]), yuan(amount), **more)
    return {party: share.text() for party, share in division.shares.items()}


def test_breakpoints_by_amount_count_each_part_at_its_own_rate():
    tiers = [{"kind": "rate", "party": "a", "bands": BANDS}]
    assert [taken(tiers, amount)["a"] for amount in ("50", "100", "300", "1000")] == [
        "30.00", "60.00", "160.00", "440.00",
    ]  # fmt: skip


def test_breakpoints_over_the_term_go_on_where_the_last_settlement_ended():
    schedule = Schedule.from_list([{"kind": "rate", "party": "a", "bands": BANDS, "over": "term"}, REST])
    carried, found = {}, []
    for amount in ("80", "80", "840"):
        division = waterfall(schedule, yuan(amount), carried=carried)
        carried = carry(carried, division)
        found.append(division.shares["a"].text())
    assert found == ["48.00", "42.00", "350.00"]
    assert carried[1].taken == yuan("440")
    assert carried[1].base == yuan("1000")
    with pytest.raises(NotCarried):
        waterfall(schedule, yuan("1"))


def test_costs_are_recovered_up_to_their_amount_and_then_no_more():
    schedule = Schedule.from_list([{"kind": "recover", "party": "c", "value": "100.00", "cap": "60.00"}, REST])
    carried, found = {}, []
    for _ in range(3):
        division = waterfall(schedule, yuan("80"), carried=carried)
        carried = carry(carried, division)
        found.append(division.shares["c"].text())
    assert found == ["60.00", "40.00", "0.00"]


def test_costs_of_several_parties_are_met_as_the_agreement_says_and_carried_by_party():
    claims = {"a": "100.00", "b": "200.00", "c": "300.00"}
    for method, expected in [("talmud", ["50.00", "75.00", "75.00"]), ("equal", ["66.67", "66.67", "66.66"]),
                             ("proportion", ["33.33", "66.67", "100.00"])]:  # fmt: skip
        schedule = Schedule.from_list([{"kind": "recover", "claims": claims, "shortage": method}, REST])
        first = waterfall(schedule, yuan("200"), carried={})
        assert [first.shares[party].text() for party in "abc"] == expected
        second = waterfall(schedule, yuan("1000"), carried=carry({}, first))
        assert all(first.shares[p] + second.shares[p] == yuan(claim) for p, claim in claims.items())
        assert second.shares["z"] == yuan("600")


def test_a_dated_step_counts_on_its_days_only_and_needs_the_day():
    steps = [{"kind": "rate", "party": "a", "value": "0.6", "until": "2026-12-31"},
             {"kind": "rate", "party": "a", "value": "0.5", "from": "2027-01-01"}]  # fmt: skip
    assert taken(steps, "100", on=date(2026, 12, 31))["a"] == "60.00"
    assert taken(steps, "100", on=date(2027, 1, 1))["a"] == "50.00"
    with pytest.raises(NotCarried):
        taken(steps, "100")


def test_parties_keep_their_floor_and_cap_and_what_nobody_may_take_goes_on():
    pool = {"kind": "pool", "value": "1", "weights": {"a": "8", "b": "1", "c": "1"}}
    assert taken([pool | {"caps": {"a": "50"}, "floors": {"c": "30"}}], "100") == {
        "a": "50.00", "b": "20.00", "c": "30.00", "z": "0.00",
    }  # fmt: skip
    assert taken([pool | {"caps": {"a": "1", "b": "1", "c": "1"}}], "100")["z"] == "97.00"


def test_a_pool_by_coalition_values_gives_the_shapley_values():
    game = {"kind": "pool", "value": "1", "shapley": {"a": "300", "b": "400", "a+b": "700"}}
    assert taken([game], "700") == {"a": "300.00", "b": "400.00", "z": "0.00"}


def test_the_trace_repeats_the_arithmetic_with_exact_fractions_and_names_who_got_the_odd_fen():
    schedule = Schedule.from_list(
        [{"key": "pool", "kind": "pool", "value": "1", "weights": {"a": "1", "b": "1", "c": "1"}}, REST]
    )
    trace = waterfall(schedule, yuan("100")).steps[0].trace
    assert (trace.key, trace.rates, trace.bound) == ("pool", ((Fraction(1), yuan("100")),), Bound.RATE)
    assert dict(trace.weights) == dict.fromkeys("abc", Fraction(1, 3))
    assert trace.remainder == ("a",)
    shown = trace.to_dict()
    assert shown["weights"] == {"a": "1/3", "b": "1/3", "c": "1/3"}
    assert shown["weights_ppm"] == {"a": 333334, "b": 333333, "c": 333333}


amounts = st.integers(0, 10**10).map(Money)
fen = st.integers(0, 10**8).map(lambda amount: Money(amount).text())
portions = st.integers(0, 300).map(lambda thousandths: f"0.{thousandths:03d}")


@st.composite
def programs(draw):
    """A step of every kind of the language, as people could write it."""
    kind = draw(st.sampled_from(["fixed", "recover", "rate", "pool", "claims", "shapley", "tiers"]))
    if kind == "claims":
        claims = draw(st.dictionaries(st.sampled_from("abcd"), fen, min_size=1))
        return {"kind": "recover", "claims": claims, "shortage": draw(st.sampled_from(["talmud", "equal"]))}
    if kind == "shapley":
        one, other, more = (draw(st.integers(0, 99)) for _ in range(3))
        game = {"a": str(one), "b": str(other), "a+b": str(one + other + more + 1)}
        return {"kind": "pool", "value": draw(portions), "shapley": game}
    if kind == "tiers":
        low = draw(st.integers(1, 10**6))
        bands = [{"up_to": Money(low).text(), "value": draw(portions)}, {"value": draw(portions)}]
        return {"kind": "rate", "party": "a", "bands": bands, "over": draw(st.sampled_from(["period", "term"]))}
    if kind in ("fixed", "recover"):
        return {"kind": kind, "party": draw(st.sampled_from("ab")), "value": draw(fen)}
    weights = draw(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9).map(str), min_size=1))
    step = {"kind": kind, "weights": weights, "value": draw(portions)}
    for bound, least in (("floors", 0), ("caps", 10**6)):
        if draw(st.booleans()):
            step[bound] = {min(weights): Money(least + draw(st.integers(0, 10**6))).text()}
    return step


@settings(max_examples=2000, deadline=None)
@given(st.lists(programs(), max_size=3), st.lists(amounts, min_size=1, max_size=3))
def test_every_program_ends_and_gives_out_what_comes_in(written, flows):
    schedule = Schedule.from_list([*written, REST])
    carried = {}
    for amount in flows:
        division = waterfall(schedule, amount, carried=carried)
        assert total(division.shares.values()) == amount
        assert all(share >= ZERO for share in division.shares.values())
        for step, poured in zip(schedule.steps, division.steps, strict=True):
            assert poured.inflow - poured.left == total(poured.out.values())
            assert all(poured.out[party] <= cap for party, cap in step.caps)
            assert sum(weight for _, weight in poured.trace.weights) in (0, 1)
        carried = carry(carried, division)


@settings(max_examples=300, deadline=None)
@given(st.lists(amounts, min_size=1, max_size=5))
def test_breakpoints_over_the_term_take_in_parts_what_they_take_at_once_but_for_odd_fen(flows):
    schedule = Schedule.from_list([{"kind": "rate", "party": "a", "bands": BANDS, "over": "term"}, REST])
    carried = {}
    for amount in flows:
        carried = carry(carried, waterfall(schedule, amount, carried=carried))
    at_once = waterfall(schedule, total(flows), carried={}).shares["a"]
    assert ZERO <= at_once - carried[1].taken <= floor_fen(Fraction(len(flows), 100))
