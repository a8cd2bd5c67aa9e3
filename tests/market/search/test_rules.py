"""Words of the index: the same product by characters, pinyin, initials, simplified or traditional."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import UnitPrice
from market.search.rules import (
    Count,
    Facet,
    Field,
    Reading,
    Texts,
    counted,
    facet_token,
    fts5,
    indexed,
    nothing_to_compare,
    plain,
    price_ranges,
    readings,
    syllables,
    tsquery,
    wanted,
)

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=12)
CREDIT = indexed(Texts("企业信用评分", ("示例银行 ABC",), ("按统一社会信用代码核验企业登记信息",)))


def finds(entry, q: str, *, title: bool = False) -> bool:
    """Say whether a search finds an entry, as the databases do it: tokens first, then the texts."""
    words, tokens = wanted(q), set(entry.words.split())
    if words is None:
        return False
    kept = {Field.TEXT: entry.text, Field.SOUNDS: entry.sounds, Field.INITIALS: entry.initials}
    for word in words:
        asked = [one.of_titles() for one in word] if title else word
        if not any(set(one.tokens) <= tokens for one in asked):
            return False
        if not title and not nothing_to_compare(word) and not any(one.piece in kept[one.field] for one in word):
            return False
    return True


@pytest.mark.parametrize("q", [
    "企业信用", "企業信用", "qyxy", "qiye xinyong", "qiyexinyong", "QiYe", "Qǐyè Xìnyòng", "信用", "信", "xin", "xy",
    "评分 银行", "yinhang", "yh", "ａｂｃ", "abc", "登记信息", "djxx", "tongyi shehui",
])  # fmt: skip
def test_one_product_is_found_by_every_way_to_write_what_it_says(q):
    assert finds(CREDIT, q)


@pytest.mark.parametrize("q", [
    "业企", "企业评分", "信业", "qyzb", "xinqi", "气象", "%", "_", "'", '"', "--", "信用 气象", "yongxin", "hangyin",
])  # fmt: skip
def test_what_a_product_does_not_say_finds_nothing(q):
    assert not finds(CREDIT, q)


@pytest.mark.parametrize(("q", "is_in_title"), [
    ("信用", True), ("qyxy", True), ("pingfen", True), ("登记", False), ("银行", False), ("企业 登记", False),
])  # fmt: skip
def test_titles_are_told_from_the_rest(q, is_in_title):
    assert finds(CREDIT, q)
    assert finds(CREDIT, q, title=True) is is_in_title


@given(CHINESE, st.data())
def test_every_part_of_a_title_finds_it_as_text_as_pinyin_and_as_initials(title, data):
    entry = indexed(Texts(title, (), ()))
    start = data.draw(st.integers(0, len(title) - 1))
    part = title[start : data.draw(st.integers(start + 1, len(title)))]
    assert finds(entry, part)
    sounds = syllables(plain(part))
    if sounds == syllables(plain(title))[start : start + len(sounds)] and len(sounds) == len(part):
        assert finds(entry, " ".join(sounds))
        assert len(part) == 1 or finds(entry, "".join(sound[0] for sound in sounds))


@given(st.text(max_size=30))
def test_whatever_is_typed_makes_a_well_formed_question_of_plain_tokens(typed):
    for word in wanted(typed) or []:
        for one in word:
            assert all(token.isalnum() for token in one.tokens)
            assert all(token.isalnum() for token in one.of_titles().tokens)


def test_a_word_in_letters_is_read_as_it_stands_as_syllables_and_as_initials():
    assert readings("xian") == [
        Reading(("xi", "ia", "an"), Field.TEXT, "xian", False),
        Reading(("0sxian",), Field.SOUNDS, " xian ", True),
        Reading(("0sxian",), Field.SOUNDS, " xi an ", True),
        Reading(("0ixia", "0iian"), Field.INITIALS, "xian", False),
    ]
    assert readings("气象") == [Reading(("气象",), Field.TEXT, "气象", True)]


def test_words_and_facets_are_asked_of_both_databases_alike():
    words, place = wanted("信用 qy"), facet_token(Facet.PLACE, "puer")
    assert words is not None
    assert fts5(words, [[place, "0fx"]]) == (f'(("信用")) AND (("qy") OR ("0iqy")) AND ("{place}" OR "0fx")')
    assert tsquery(words, [[place, "0fx"]]) == f"(('信用')) & (('qy') | ('0iqy')) & ('{place}' | '0fx')"


def test_a_facet_is_one_token_for_each_value():
    assert facet_token(Facet.DOMAIN, "气象 水利") == facet_token(Facet.DOMAIN, "气象 水利")
    assert len({facet_token(facet, value) for facet in Facet for value in ("a", "b", "")}) == 3 * len(Facet)


@given(st.integers(0, 10**14).map(UnitPrice))
def test_every_price_lies_in_exactly_one_range(price):
    assert sum(one.holds(price) for one in price_ranges()) == 1


def test_ranges_hold_their_upper_end():
    keys = {text: next(one.key for one in price_ranges() if one.holds(UnitPrice.yuan(text)))
            for text in ("0", "0.1", "0.11", "1000", "1000.01")}  # fmt: skip
    assert keys == {"0": "-0", "0.1": "0-0.1", "0.11": "0.1-1", "1000": "100-1000", "1000.01": "1000-"}


def test_values_are_counted_once_per_entry_the_most_frequent_first():
    rows = [({"place": ["puer"], "department": ["b", "a", "b"]}, 1), ({"place": ["puer"], "department": ["b"]}, 2)]
    assert counted(rows) == [
        Count(Facet.PLACE, "puer", 3), Count(Facet.DEPARTMENT, "b", 3), Count(Facet.DEPARTMENT, "a", 1),
    ]  # fmt: skip
