"""Pairs of characters: whatever stands in a text is found in it, and nothing that does not."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from registry.register_words.rules import folded, pairs, phrases, search_text

texts = st.text(st.sampled_from("气象服务指数ABcd019-（）% "), max_size=12)


def test_a_text_is_cut_into_overlapping_pairs_closed_by_its_last_character() -> None:
    assert pairs("气象服务") == "气象 象服 服务 务"
    assert pairs("ＡＢ-1") == "ab b1 1"
    assert pairs("气") == "气"
    assert pairs("，") == ""


def test_a_word_becomes_the_phrase_of_its_pairs() -> None:
    assert phrases("气象服 指数") == ["气象 象服", "指数"]
    assert phrases("气") == ["气"]
    assert phrases("  ") == []
    assert phrases("气象 %") is None


@given(texts, st.integers(0, 11), st.integers(1, 12))
def test_every_part_of_a_text_is_found_in_it(text: str, start: int, length: int) -> None:
    word = folded(text)[start : start + length]
    assume(word)
    found = phrases(word)
    assert found is not None
    assert found[0] in pairs(text)


@given(texts, texts)
def test_what_is_found_stands_in_the_text(text: str, word: str) -> None:
    wanted = folded(word)
    assume(wanted)
    found = phrases(wanted)
    assert found is not None
    assert (found[0] in pairs(text)) == (wanted in folded(text))


def test_no_phrase_runs_from_one_text_into_the_next() -> None:
    kept = search_text(["气象", "", "服务"])
    assert kept == "气象 象 服务 务"
    assert "象服" not in kept
