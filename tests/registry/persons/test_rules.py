"""Identity numbers, the states of an asking, and which roles need two persons."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from kernel.identity import Role
from registry.persons.rules import (
    TRANSITIONS,
    AskEvent,
    AskExpired,
    AskState,
    BadIdentityNumber,
    OneStepRole,
    WrongAskState,
    after,
    check_in_time,
    check_needs_second_person,
    identity_digest,
    identity_number,
    key_name,
    needs_second_person,
)
from tests.make import people
from tests.make import registry_base as make

ORGANISATION = {Role.MERCHANT, Role.OPERATOR, Role.SOURCE, Role.BUYER}


def test_every_spelling_of_a_number_is_read_as_the_same_number() -> None:
    number = people.identity_number()
    full_width = number.translate({code: code + 0xFEE0 for code in range(ord("0"), ord("Z") + 1)})
    for spelling in (number, number.lower(), f" {number[:6]} {number[6:14]}-{number[14:]} ", full_width):
        assert identity_number(spelling) == number


def test_who_was_born_before_the_county_had_its_code_is_a_person_too() -> None:
    body = "33062419700101001"  # Xinchang has its code since 1983
    number = body + ric.calc_check_digit(body + "0")
    assert identity_number(number) == number


@pytest.mark.parametrize("change", ["330624198002300014", "990624198001010010", "030624198001010010"])
def test_a_day_that_is_none_and_a_province_that_is_none_are_refused(change: str) -> None:
    with pytest.raises(BadIdentityNumber):
        identity_number(change[:-1] + ric.calc_check_digit(change))


@pytest.mark.parametrize("text", ["", "123", "36042619910101007X", "360426199113010074", "①②", "3" * 18, "一" * 18])
def test_a_wrong_number_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadIdentityNumber) as refused:
        identity_number(text)
    said = f"{refused.value.detail} {refused.value.errors}"
    assert not text or text not in said


@given(st.text(max_size=25))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert identity_number(identity_number(text)) == identity_number(text)
    except BadIdentityNumber:
        pass


def test_digests_of_two_keys_do_not_compare_and_tell_neither_number_nor_key() -> None:
    number = people.identity_number()
    assert identity_digest(number, b"one") == identity_digest(number, b"one")
    assert identity_digest(number, b"one") != identity_digest(number, b"other")
    assert identity_digest(number, b"one") != identity_digest(people.identity_number(), b"one")
    assert key_name(b"one") != key_name(b"other")
    assert number not in identity_digest(number, b"one")


@pytest.mark.parametrize(("state", "event"), list(product(AskState, AskEvent)))
def test_every_pair_of_state_and_event_is_in_the_table_or_refused(state: AskState, event: AskEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert state is AskState.ASKED
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongAskState):
            after(state, event)


@pytest.mark.parametrize("role", Role)
def test_all_but_the_roles_of_organisations_need_two_persons(role: Role) -> None:
    assert needs_second_person(role) is (role not in ORGANISATION)
    if role in ORGANISATION:
        with pytest.raises(OneStepRole):
            check_needs_second_person(role)
    else:
        check_needs_second_person(role)


def test_a_confirmation_holds_until_the_last_moment_before_its_end() -> None:
    check_in_time(make.NOW, make.NOW - timedelta(microseconds=1))
    with pytest.raises(AskExpired):
        check_in_time(make.NOW, make.NOW)
