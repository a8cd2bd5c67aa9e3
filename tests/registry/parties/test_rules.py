"""Credit codes, standing and the separation of operator and merchant."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.parties.rules import (
    TRANSITIONS,
    BadUscc,
    Capacity,
    DutiesNotSeparated,
    NotInOrder,
    Standing,
    StandingEvent,
    WrongStanding,
    check_in_order,
    check_separation,
    normalised_uscc,
    standing_after,
    uscc_from_body,
)

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# the example of python-stdnum, and the Industrial and Commercial Bank of China
KNOWN = ["91110000600037341L", "91100000100003962T"]
FULL_WIDTH = {code: code + 0xFEE0 for code in range(ord("0"), ord("z") + 1)}

bodies = st.builds(
    "".join,
    st.tuples(
        st.sampled_from("159"),
        st.sampled_from("123"),
        st.text("0123456789", min_size=6, max_size=6),
        st.text(ALPHABET, min_size=9, max_size=9),
    ),
)


def spelt(code: str, how: int) -> str:
    """Write a code as people do."""
    spellings = [
        code.lower(), f" {code} ", f"{code[:2]}-{code[2:8]}-{code[8:]}", f"{code[:6]} {code[6:12]} {code[12:]}",
        code.translate(FULL_WIDTH), code.lower().translate(FULL_WIDTH), f"{code[:8]}\u3000{code[8:]}",
    ]  # fmt: skip
    return spellings[how % len(spellings)]


@pytest.mark.parametrize("code", KNOWN)
def test_codes_that_companies_publish_are_valid(code: str) -> None:
    assert normalised_uscc(code) == code


@given(bodies, st.integers(0, 6))
def test_every_spelling_of_a_code_is_read_as_the_same_code(body: str, how: int) -> None:
    code = uscc_from_body(body)
    assert normalised_uscc(spelt(code, how)) == code


@given(bodies, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(body: str, position: int, other: str) -> None:
    code = uscc_from_body(body)
    assume(code[position] != other)
    with pytest.raises(BadUscc):
        normalised_uscc(code[:position] + other + code[position + 1 :])


@pytest.mark.parametrize(
    "text",
    ["", "9133", "913306245000000000000", "91330624I000000015", "91330624O000000015", "X133062400000001AB", "九一三三"],
)
def test_what_is_no_code_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadUscc, match="统一社会信用代码"):
        normalised_uscc(text)


def test_the_refusal_of_a_wrong_check_character_says_which_one_it_should_be() -> None:
    code = uscc_from_body("91330624MA2XY8123")
    wrong = code[:-1] + ("1" if code[-1] != "1" else "2")
    with pytest.raises(BadUscc) as refused:
        normalised_uscc(wrong)
    assert f"末位应为 {code[-1]}" in refused.value.detail
    assert refused.value.errors[0]["pointer"] == "/uscc"


@pytest.mark.parametrize("body", ["", "9133062400000", "I1330624000000001", "中文"])
def test_no_code_starts_with_what_is_not_seventeen_of_its_characters(body: str) -> None:
    with pytest.raises(BadUscc):
        uscc_from_body(body)


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("event", StandingEvent)
def test_every_pair_of_standing_and_event_is_either_in_the_table_or_refused(
    standing: Standing, event: StandingEvent
) -> None:
    if (standing, event) in TRANSITIONS:
        assert standing_after(standing, event) is TRANSITIONS[standing, event]
    else:
        with pytest.raises(WrongStanding):
            standing_after(standing, event)


def test_what_has_ended_never_acts_again() -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] is Standing.ENDED]


@pytest.mark.parametrize("standing", Standing)
def test_only_an_organisation_in_good_standing_may_act(standing: Standing) -> None:
    if standing is Standing.IN_ORDER:
        check_in_order("甲公司", standing)
    else:
        with pytest.raises(NotInOrder, match="甲公司"):
            check_in_order("甲公司", standing)


@given(st.sets(st.sampled_from(list(Capacity))))
def test_operator_and_merchant_are_the_only_capacities_that_exclude_each_other(held: set[Capacity]) -> None:
    if held >= {Capacity.OPERATING_INSTITUTION, Capacity.DATA_MERCHANT}:
        with pytest.raises(DutiesNotSeparated, match="穗政数〔2024〕44号"):
            check_separation(held, "广州市", "穗政数〔2024〕44号 第一项")
    else:
        check_separation(held, "广州市", "穗政数〔2024〕44号 第一项")
