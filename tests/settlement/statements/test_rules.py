"""Sums of a statement and the capital numerals of vouchers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from settlement.statements.rules import by_payee, by_product, in_words, summed

DIGITS = {word: value for value, word in enumerate("零壹贰叁肆伍陆柒捌玖")}
UNITS = {"拾": 10, "佰": 100, "仟": 1000}
LINE = {
    "product": "P1", "title": "评分", "entitlement": "E1", "use_class": "industry", "quantity": 10, "billable": 8,
    "gross": "106.00", "tax": "6.00", "net": "100.00", "shadow": "0.00", "share": "60.00", "step": 1,
    "payee_kind": "own_account", "reason_code": "ENTERPRISE",
}  # fmt: skip


def section(words: str) -> int:
    """Read capital numerals below ten thousand."""
    value, digit = 0, 0
    for word in words:
        if word in UNITS:
            value, digit = value + digit * UNITS[word], 0
        else:
            digit = DIGITS[word]
    return value + digit


def fen_of(words: str) -> int:
    """Read an amount in capital numerals back to fen, by the rule and not by any library."""
    sign, words = (-1, words[1:]) if words.startswith("负") else (1, words)
    whole, has_yuan, part = words.rpartition("元")
    parts = part.removesuffix("整").lstrip("零")
    jiao, _, fen = parts.rpartition("角")
    value = (DIGITS[jiao] * 10 if jiao else 0) + (DIGITS[fen[0]] if fen.endswith("分") else 0)
    if has_yuan:
        above, _, below = whole.rpartition("亿")
        wan_yi, _, yi = above.rpartition("万")
        wan, _, ones = below.rpartition("万")
        value += 100 * ((section(wan_yi) * 10**4 + section(yi)) * 10**8 + section(wan) * 10**4 + section(ones))
    return sign * value


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0.00", "零元整"), ("0.01", "壹分"), ("0.10", "壹角"), ("0.15", "壹角伍分"), ("1.00", "壹元整"),
        ("1.05", "壹元零伍分"), ("16.40", "壹拾陆元肆角"), ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"), ("325.04", "叁佰贰拾伍元零肆分"), ("164.63", "壹佰陆拾肆元陆角叁分"),
        ("107000.53", "壹拾万柒仟元伍角叁分"), ("100000000.00", "壹亿元整"),
        ("9999999999999.99", "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        ("-12.30", "负壹拾贰元叁角"), ("-0.05", "负伍分"),
        ("0.05", "伍分"), ("10.00", "壹拾元整"), ("100000001.10", "壹亿零壹元壹角"),
    ],
)  # fmt: skip
def test_amounts_are_written_as_on_vouchers(amount: str, words: str) -> None:
    """The examples of 《支付结算办法》附一, in the spelling without the 零 that may be left out."""
    assert in_words(Money.signed_yuan(amount)) == words


@given(st.integers(-(10**15) + 1, 10**15 - 1).map(Money))
def test_an_amount_in_capitals_reads_back_to_the_same_fen(amount: Money) -> None:
    words = in_words(amount)
    assert fen_of(words) == amount.fen
    assert words.endswith("整") == (amount.fen % 100 == 0)
    assert "零零" not in words


def test_revenue_that_two_steps_divide_counts_once() -> None:
    lines = [LINE, {**LINE, "step": 3, "share": "10.00"}, {**LINE, "entitlement": "E2", "share": "0.05"}]
    (one,) = by_product(lines)
    assert (one.entitlements, one.quantity, one.gross.text(), one.net.text()) == (2, 20, "212.00", "200.00")
    assert one.share.text() == "70.05"


def test_products_and_classes_of_use_stand_apart_in_order_of_code() -> None:
    lines = [{**LINE, "product": "P2"}, {**LINE, "use_class": "public_interest"}, LINE]
    assert [(one.product, one.use_class) for one in by_product(lines)] == [
        ("P1", "industry"), ("P1", "public_interest"), ("P2", "industry"),
    ]  # fmt: skip


def test_accounts_add_up_to_the_statement_and_free_use_has_none() -> None:
    free = {**LINE, "share": "0.00", "payee_kind": None, "reason_code": None}
    held = {**LINE, "share": "1.01", "payee_kind": "held", "reason_code": "PAYEE_RULE_MISSING"}
    lines = [LINE, free, held, held]
    found = by_payee(lines)
    assert [(kind, amount.text()) for kind, _, amount in found] == [("held", "2.02"), ("own_account", "60.00")]
    assert sum(amount.fen for _, _, amount in found) == summed(lines, "share").fen
