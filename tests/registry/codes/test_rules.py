"""The registration code is recognised in any spelling, and never in a wrong one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid, NotFound
from registry.codes.rules import CodeMistyped, read_code, registration_code

divisions = st.from_regex(r"[1-9][0-9]{5}", fullmatch=True)
codes = st.builds(registration_code, divisions, st.integers(2025, 2099), st.integers(1, 999_999))
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_a_code_is_division_year_serial_and_check_character() -> None:
    assert registration_code("330624", 2026, 1) == "330624-2026-000001-S"


@given(codes)
def test_a_code_reads_back_as_itself(code: str) -> None:
    assert read_code(code) == code


@given(codes, st.sampled_from(["{}", " {} ", "　{}"]))
def test_case_width_spaces_and_hyphens_do_not_matter(code: str, frame: str) -> None:
    full_width = "".join(chr(ord(character) + 0xFEE0) for character in code.replace("-", ""))
    for spelling in (code.lower(), code.replace("-", ""), code.replace("-", " "), code.replace("-", "—"), full_width):
        assert read_code(frame.format(spelling)) == code


@given(codes, st.data())
def test_one_wrong_character_is_noticed(code: str, data: st.DataObject) -> None:
    compact = code.replace("-", "")
    position = data.draw(st.integers(0, len(compact) - 1))
    wrong = data.draw(st.sampled_from(CHARACTERS).filter(lambda character: character != compact[position]))
    with pytest.raises(CodeMistyped):
        read_code(compact[:position] + wrong + compact[position + 1 :])


@given(codes, st.data())
def test_two_neighbours_swapped_are_noticed(code: str, data: st.DataObject) -> None:
    compact = code.replace("-", "")
    position = data.draw(st.integers(0, len(compact) - 2))
    swapped = compact[:position] + compact[position + 1] + compact[position] + compact[position + 2 :]
    if swapped != compact:
        with pytest.raises(CodeMistyped):
            read_code(swapped)


@pytest.mark.parametrize("text", ["", "-", "330624", "330624-2026-000001", "330624-2026-000001-SS", "登记编码", "💥"])
def test_what_is_no_code_is_not_found_and_the_words_say_what_to_do(text: str) -> None:
    with pytest.raises(NotFound, match="校验位不符") as refusal:
        read_code(text)
    assert refusal.value.code == "certificate.mistyped"
    assert "核对" in refusal.value.detail


@given(st.text(max_size=40))
def test_any_text_is_read_or_not_found_and_nothing_else(text: str) -> None:
    try:
        found = read_code(text)
    except NotFound:
        return
    assert re.fullmatch(r"\d{6}-\d{4}-\d{6}-[0-9A-Z]", found)


@pytest.mark.parametrize(("division", "serial"), [("33062", 1), ("3306245", 1), ("330624", 1_000_000)])
def test_parts_that_make_no_code_are_refused(division: str, serial: int) -> None:
    with pytest.raises(Invalid, match="登记编码"):
        registration_code(division, 2026, serial)
