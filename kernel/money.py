"""Money in whole fen, unit prices below a fen, and dividing an amount without losing one fen.

There is no binary floating point in here: amounts are integers of fen, rates are Decimal or Fraction, products are
exact fractions that are rounded once, half up.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Self

from kernel.errors import Invalid

FEN_PER_YUAN = 100
FEN_DIGITS = 2
UNITS_PER_YUAN = 10**8
UNIT_DIGITS = 8
YUAN_PER_WAN = 10_000
PERCENT = 100
TEN = 10

MONEY_TEXT = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?")
SIGNED_MONEY_TEXT = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,2})?")
UNIT_PRICE_TEXT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,8})?")
NUMBER_TEXT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,12})?")
SIGNED_NUMBER_TEXT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")

Exact = int | Decimal | Fraction


class NotMoney(Invalid):
    """A text that is not an amount of money."""

    code = "money.malformed"
    title = "金额格式不正确"
    title_en = "Not an amount of money"


class NotANumber(Invalid):
    """A text that is not a plain decimal number."""

    code = "money.not_a_number"
    title = "数字格式不正确"
    title_en = "Not a plain decimal number"


class WeightsUnusable(Invalid):
    """Weights by which nothing can be divided."""

    code = "money.weights_unusable"
    title = "权重无法用于分配"
    title_en = "The weights cannot be used"


def _must_be_int(value: object, what: str) -> None:
    if type(value) is not int:  # bool is an int to Python and never an amount to us
        raise TypeError(f"{what} is counted in whole numbers, not {type(value).__name__}")


def _minor_units(text: object, pattern: re.Pattern[str], digits: int, example: str) -> int:
    """Return the integer of minor units written in ``text``; full-width digits, signs and exponents do not match."""
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise NotMoney(
            f"“{str(text)[:40]}”不是有效金额：请写成如 {example} 的半角数字，小数最多 {digits} 位。",
            detail_en=f"Write a plain decimal such as {example}, at most {digits} decimals.",
        )
    negative = text.startswith("-")
    whole, _, part = text.lstrip("-").partition(".")
    minor = int(whole + part.ljust(digits, "0"))
    return -minor if negative else minor


def _half_up(value: Fraction) -> int:
    """Round to the nearest whole number; exact halves go away from zero, on both sides alike."""
    doubled = 2 * abs(value.numerator) + value.denominator
    rounded = doubled // (2 * value.denominator)
    return -rounded if value < 0 else rounded


@dataclass(frozen=True, order=True, slots=True)
class Money:
    """An amount of yuan, held as whole fen; may be negative (refunds, reversals)."""

    fen: int

    def __post_init__(self) -> None:
        _must_be_int(self.fen, "Money")

    @classmethod
    def yuan(cls, text: str) -> Self:
        """Read ``"12.30"``; at most 13 digits before and 2 after the point, no sign.

        Raises:
            NotMoney: anything else, including signs, exponents, spaces and full-width digits.
        """
        return cls(_minor_units(text, MONEY_TEXT, FEN_DIGITS, "12.30"))

    @classmethod
    def signed_yuan(cls, text: str) -> Self:
        """Read ``"-12.30"`` as a journal shows it.

        Raises:
            NotMoney: the text is not such an amount.
        """
        return cls(_minor_units(text, SIGNED_MONEY_TEXT, FEN_DIGITS, "-12.30"))

    def __add__(self, other: "Money") -> "Money":
        return Money(self.fen + other.fen)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.fen - other.fen)

    def __neg__(self) -> "Money":
        return Money(-self.fen)

    def __abs__(self) -> "Money":
        return Money(abs(self.fen))

    def __bool__(self) -> bool:
        return self.fen != 0

    def times(self, rate: Exact) -> "Money":
        """Return the amount times an exact number, rounded half up to the fen."""
        return Money(_half_up(self.fen * fraction(rate)))

    def exact_yuan(self) -> Fraction:
        """Return the amount in yuan as an exact fraction."""
        return Fraction(self.fen, FEN_PER_YUAN)

    def text(self) -> str:
        """Return ``"12.30"``, the form that JSON carries."""
        whole, part = divmod(abs(self.fen), FEN_PER_YUAN)
        return f"{'-' if self.fen < 0 else ''}{whole}.{part:02d}"

    def grouped(self) -> str:
        """Return ``"1,234.50"``, the form for people."""
        whole, part = divmod(abs(self.fen), FEN_PER_YUAN)
        return f"{'-' if self.fen < 0 else ''}{whole:,}.{part:02d}"

    def __str__(self) -> str:
        return self.text()


ZERO = Money(0)


def total(amounts: Iterable[Money]) -> Money:
    """Return the sum; of nothing, zero."""
    return Money(sum(amount.fen for amount in amounts))


def fraction(number: Exact) -> Fraction:
    """Return an exact number as a fraction.

    Raises:
        TypeError: a float or a bool came in; both would be a bug.
        Invalid: NaN or infinity.
    """
    if type(number) not in (int, Decimal, Fraction):  # neither float nor bool
        raise TypeError(f"exact numbers only, not {type(number).__name__}")
    if isinstance(number, Decimal) and not number.is_finite():
        raise Invalid("数值必须是有限小数。", detail_en="The number must be finite.")
    return Fraction(number)


def plain_number(text: object, *, signed: bool = False) -> Fraction:
    """Read a quantity, rate or weight such as ``"0.0823"``; at most 15 digits before and 12 after the point.

    Raises:
        NotANumber: anything else, including exponents, spaces, full-width digits and, unless ``signed``, a minus.
    """
    pattern = SIGNED_NUMBER_TEXT if signed else NUMBER_TEXT
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise NotANumber(
            f"“{str(text)[:40]}”不是有效数字：请写成如 0.0823 的半角小数。",
            detail_en="Write a plain decimal such as 0.0823.",
        )
    return Fraction(text)


def round_half_up(yuan: Exact) -> Money:
    """Round an exact number of yuan to the fen, halves away from zero."""
    return Money(_half_up(fraction(yuan) * FEN_PER_YUAN))


def floor_fen(yuan: Exact) -> Money:
    """Cut an exact number of yuan down to the fen below."""
    scaled = fraction(yuan) * FEN_PER_YUAN
    return Money(scaled.numerator // scaled.denominator)


def decimal_text(number: Exact, digits: int = 12) -> str:
    """Return an exact number as plain decimal text, rounded half up to ``digits`` and without trailing zeros."""
    scaled = _half_up(fraction(number) * TEN**digits)
    whole, part = divmod(abs(scaled), TEN**digits)
    text = f"{whole}.{part:0{digits}d}".rstrip("0").rstrip(".") if digits else str(whole)
    return f"-{text}" if scaled < 0 else text


@dataclass(frozen=True, order=True, slots=True)
class UnitPrice:
    """A price per unit of use that may lie below a fen; whole 10⁻⁸ yuan, never negative."""

    units: int

    def __post_init__(self) -> None:
        _must_be_int(self.units, "UnitPrice")
        if self.units < 0:
            raise NotMoney("单价不能为负数。", detail_en="A unit price cannot be negative.")

    @classmethod
    def yuan(cls, text: str) -> Self:
        """Read ``"0.00012"``; at most 9 digits before and 8 after the point.

        Raises:
            NotMoney: anything else.
        """
        return cls(_minor_units(text, UNIT_PRICE_TEXT, UNIT_DIGITS, "0.00012"))

    @property
    def decimal(self) -> Decimal:
        """The price in yuan."""
        return Decimal(self.text())

    def exact_yuan(self) -> Fraction:
        """Return the price in yuan as an exact fraction."""
        return Fraction(self.units, UNITS_PER_YUAN)

    def times(self, quantity: Exact) -> Fraction:
        """Return price times quantity in yuan, exact and not rounded."""
        return self.exact_yuan() * fraction(quantity)

    def text(self) -> str:
        """Return ``"0.00012"``, without trailing zeros."""
        return decimal_text(self.exact_yuan(), UNIT_DIGITS)

    def __str__(self) -> str:
        return self.text()


def _whole_weights(weights: Mapping[str, Exact]) -> dict[str, int]:
    """Return the weights in id order, multiplied up to whole numbers."""
    whole = {party: weight for party, weight in sorted(weights.items()) if type(weight) is int}
    if len(whole) < len(weights):
        exact = {party: fraction(weight) for party, weight in sorted(weights.items())}
        scale = lcm(*(weight.denominator for weight in exact.values()))
        whole = {party: int(weight * scale) for party, weight in exact.items()}
    if not whole:
        raise WeightsUnusable("没有任何分配对象。", detail_en="Nobody to allocate to.")
    if min(whole.values()) < 0:
        party = min(whole, key=lambda name: whole[name])
        raise WeightsUnusable(
            f"“{party}”的权重为负数，不能参与分配。",
            detail_en=f"The weight of {party} is negative.",
            errors=[{"pointer": f"/weights/{party}", "code": "negative", "message": "权重不能为负数"}],
        )
    return whole


def allocate(amount: Money, weights: Mapping[str, Exact]) -> dict[str, Money]:
    """Divide an amount by weights with the largest remainder; equal remainders are served in order of id.

    The parts add up to the amount for every input; nobody is more than a fen from the exact share; a zero weight
    gets nothing; a negative amount is divided as its mirror image.

    Raises:
        WeightsUnusable: there are no weights, a weight is negative, or all are zero.
    """
    whole = _whole_weights(weights)
    sum_of_weights = sum(whole.values())
    if sum_of_weights == 0:
        raise WeightsUnusable("所有权重都为零，无法分配。", detail_en="All weights are zero.")
    sign, size = (-1, -amount.fen) if amount.fen < 0 else (1, amount.fen)
    parts, remainders, left = {}, [], size
    for party, weight in whole.items():
        parts[party], remainder = divmod(size * weight, sum_of_weights)
        remainders.append((-remainder, party))
        left -= parts[party]
    if left:
        for _, party in sorted(remainders)[:left]:
            parts[party] += 1
    return {party: Money(sign * part) for party, part in parts.items()}


def in_capitals(amount: Money) -> str:
    """Return an amount in the Chinese capital numerals of vouchers (大写金额).

    Source:
        《支付结算办法》附一：到“元”为止的写“整”，到“角”为止的可以不写“整”，有“分”的不写“整”.
    """
    import cn2an  # only where an amount is written out

    return str(cn2an.an2cn(amount.text(), "rmb"))
