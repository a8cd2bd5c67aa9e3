"""The capital numerals of vouchers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, in_capitals

DIGITS = {word: value for value, word in enumerate("零壹贰叁肆伍陆柒捌玖")}
UNITS = {"拾": 10, "佰": 100, "仟": 1000}


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
    assert in_capitals(Money.signed_yuan(amount)) == words


@given(st.integers(-(10**15) + 1, 10**15 - 1).map(Money))
def test_an_amount_in_capitals_reads_back_to_the_same_fen(amount: Money) -> None:
    words = in_capitals(amount)
    assert fen_of(words) == amount.fen
    assert words.endswith("整") == (amount.fen % 100 == 0)
    assert "零零" not in words
