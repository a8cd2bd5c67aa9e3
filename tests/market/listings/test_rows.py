"""Rows of a foreign catalogue: accepted as they stand, or refused with every reason; nothing is guessed.

The faults are those of a published file of 1,102 priced listings of four exchanges (2024): prices that are
floating-point artefacts, yearly prices shown per day, blanks, placeholders, suppliers that are not named.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.listings.rules import (
    Column,
    PriceMode,
    column_of,
    formula_safe,
    is_web_address,
    like_pattern,
    read_row,
    search_words,
)

GOOD = {
    "exchange": "guiyang",
    "title": "企业涉诉核验",
    "company": "示例数据服务有限公司",
    "price_text_as_listed": "0.5元/次",
    "price_mode": "usage-based",
    "amount_dadada": "0.5",
    "settlement_interval": "月结",
    "delivery": "自行交付",
    "deals_as_listed": "24笔",
    "update_frequency": "每日更新",
    "url": "https://exchange.example/detail?id=1856",
}


def read(**changed: str):
    return read_row({**GOOD, **changed}, length_max=200)


def codes(row, *, refusals: bool) -> list[tuple[str, str]]:
    return [(str(reason.column), reason.code) for reason in row.reasons if reason.is_refusal is refusals]


def test_a_row_without_fault_is_accepted_without_remark():
    row = read()
    assert row.is_accepted
    assert row.reasons == ()
    assert row.raw == GOOD
    assert row.facts[Column.DEALS] == "24"


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"price_text_as_listed": ""}, ("price_text_as_listed", "price.missing")),
        ({"price_text_as_listed": "  \u3000"}, ("price_text_as_listed", "price.missing")),
        ({"price_text_as_listed": "0.5-1元/次"}, ("price_text_as_listed", "price.unreadable")),
        ({"price_text_as_listed": "5美元/次"}, ("price_text_as_listed", "price.unreadable")),
        ({"price_mode": "one-off"}, ("price_mode", "price.mode_differs")),
        ({"amount_dadada": "0.6"}, ("amount_dadada", "amount.differs")),
        ({"amount_dadada": "50"}, ("amount_dadada", "amount.differs")),
        ({"amount_dadada": "-0.5"}, ("amount_dadada", "amount.unreadable")),
        ({"amount_dadada": "5e-1"}, ("amount_dadada", "amount.unreadable")),
        ({"exchange": "atlantis"}, ("exchange", "exchange.unknown")),
        ({"exchange": ""}, ("exchange", "exchange.unknown")),
        ({"title": " "}, ("title", "title.missing")),
        ({"title": "企业\u202e核验"}, ("title", "text.hidden_character")),
        ({"title": "长" * 201}, ("title", "text.too_long")),
        ({"url": ""}, ("url", "url.invalid")),
        ({"url": "javascript:alert(1)"}, ("url", "url.invalid")),
        ({"url": "www.exchange.example/1"}, ("url", "url.invalid")),
        ({"deals_as_listed": "不少"}, ("deals_as_listed", "deals.unreadable")),
    ],
)
def test_a_fault_refuses_the_row_with_field_and_reason(changed, refusal):
    row = read(**changed)
    assert not row.is_accepted
    assert codes(row, refusals=True) == [refusal]
    assert all(reason.message for reason in row.reasons)


@pytest.mark.parametrize(
    ("changed", "notice"),
    [
        ({"company": ""}, ("company", "company.missing")),
        ({"update_frequency": "待完善"}, ("update_frequency", "text.placeholder")),
        ({"settlement_interval": "自行交付"}, ("settlement_interval", "settlement_interval.unknown")),
        ({"price_text_as_listed": "0元/次", "amount_dadada": "0.0"}, ("price_text_as_listed", "price.zero")),
        ({"amount_dadada": "0.5000000000000001"}, ("amount_dadada", "amount.float_artefact")),
        ({"price_text_as_listed": "413.89元/天", "price_mode": "subscription", "amount_dadada": "151069.85"},
         ("price_text_as_listed", "price.per_day")),
        ({"price_text_as_listed": "10元/周", "price_mode": "subscription", "amount_dadada": "520"},
         ("amount_dadada", "amount.not_compared")),
    ],
)  # fmt: skip
def test_what_a_person_should_know_is_noted_and_the_row_accepted(changed, notice):
    row = read(**changed)
    assert row.is_accepted
    assert codes(row, refusals=False) == [notice]


def test_a_floating_point_artefact_is_refused_with_the_question_whether_that_price_was_meant():
    row = read(price_text_as_listed="754300.0000000001元/次", amount_dadada="754300")
    assert not row.is_accepted
    assert codes(row, refusals=True) == [("price_text_as_listed", "price.float_artefact")]
    assert "754300 元" in row.reasons[0].message


def test_a_negotiated_price_has_no_number_whatever_the_number_column_says():
    row = read(price_text_as_listed="面议", price_mode="negotiation", amount_dadada="0.0")
    assert row.is_accepted
    assert (row.price.mode, row.price.amount) == (PriceMode.NEGOTIATION, None)
    assert not read(price_text_as_listed="面议", price_mode="negotiation", amount_dadada="100").is_accepted


def test_only_the_word_free_makes_a_listing_free():
    assert read(price_text_as_listed="免费", price_mode="free", amount_dadada="0.0").price.mode is PriceMode.FREE
    blank = read(price_text_as_listed="", price_mode="free", amount_dadada="0.0")
    assert not blank.is_accepted
    assert blank.price.mode is PriceMode.UNKNOWN


@pytest.mark.parametrize(
    ("text", "mode", "amount"),
    [("288元/年", "subscription", "288.0"), ("88.00元/月", "subscription", "1056.0"),
     ("10元/100次", "usage-based", "0.1"), ("12816元", "one-off", "12816.0")],
)  # fmt: skip
def test_the_number_column_is_compared_as_its_source_counts(text, mode, amount):
    assert read(price_text_as_listed=text, price_mode=mode, amount_dadada=amount).is_accepted


def test_all_faults_of_a_row_are_named_together():
    row = read(exchange="", title="", price_text_as_listed="", url="x", deals_as_listed="?")
    assert {column for column, _ in codes(row, refusals=True)} == {
        "exchange", "title", "price_text_as_listed", "url", "deals_as_listed",
    }  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.text(max_size=30)))
def test_any_text_in_any_cell_is_either_accepted_with_a_readable_price_or_refused_with_a_reason(changed):
    row = read(**changed)
    assert row.is_accepted or any(reason.is_refusal and reason.message for reason in row.reasons)
    if row.is_accepted:
        assert row.price.mode is not PriceMode.UNKNOWN
        assert row.facts[Column.TITLE]


@given(st.text(max_size=20))
def test_no_cell_of_a_report_starts_a_formula(text):
    safe = formula_safe(text)
    assert safe.removeprefix("'") == text or safe == text
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("heading", "column"),
    [("exchange", Column.EXCHANGE), (" url ", Column.URL), ("price_text", Column.PRICE_TEXT),
     ("价格", Column.PRICE_TEXT), ("AMOUNT", Column.AMOUNT), ("colour", None), ("", None)],
)  # fmt: skip
def test_headings_are_known_by_their_name_or_a_common_alias(heading, column):
    assert column_of(heading) is column


@pytest.mark.parametrize("text", ["https://a.example/1?x=%20", "http://a.example"])
def test_complete_web_addresses_are_told(text):
    assert is_web_address(text)


@pytest.mark.parametrize(
    "text",
    ["", "a.example", "ftp://a.example", "https://", "https://localhost", "https://u:p@a.example", "http://[",
     "https://a .example"],
)  # fmt: skip
def test_incomplete_or_dangerous_web_addresses_are_told(text):
    assert not is_web_address(text)


def test_search_folds_width_and_case_and_takes_wildcards_literally():
    assert search_words("  ＡＰＩ　企业\n征信 ") == "api 企业 征信"
    assert like_pattern("100%_\\", escape="\\") == "%100\\%\\_\\\\%"
