"""Price texts of catalogues: what they say, or that they cannot be told; a wrong number is never the answer."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from kernel.money import FEN_DIGITS, UNIT_DIGITS, UNIT_PRICE_TEXT, YUAN_PER_WAN, UnitPrice, decimal_text
from market.listings import DOUBLE_DIGITS

# Exchanges publish floating-point artefacts such as 754300.0000000001: as long as a double, yet a plain price nearby.
PLAIN_DECIMALS = FEN_DIGITS + 2

TIME_UNITS = ("年", "半年", "季度", "季", "月", "旬", "周", "星期", "天", "日", "小时", "时")
USE_UNITS = ("次", "人次", "条", "笔", "份", "个", "件", "张", "页", "人", "户", "家", "MB", "GB", "TB", "M", "G", "T")

NUMBER = r"(?P<number>(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,20})?)"
UNIT = r"(?:\s*/\s*(?P<count>[0-9]{1,9})?\s*(?P<wan_units>万)?\s*(?P<unit>[^\s/0-9]+))?"
PRICE = re.compile(r"[¥￥]?\s*" + NUMBER + r"\s*(?P<wan>万)?\s*元" + UNIT)
NEGOTIATION = ("面议", "议价", "价格面议", "协商", "电议")
FREE = ("免费", "免费使用", "无偿", "公益免费")


class PriceMode(StrEnum):
    """How a listing says that it is sold."""

    USAGE_BASED = "usage-based"
    ONE_OFF = "one-off"
    SUBSCRIPTION = "subscription"
    NEGOTIATION = "negotiation"
    FREE = "free"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ParsedPrice:
    """What a price text says.

    ``amount`` is the price of one ``unit`` in yuan, or None where there is none, or where it cannot be told to 8
    decimals; ``pack_size`` is how many units the printed price ``pack_price`` is for. A price per month is not turned
    into a price per year: 149000 a year is printed as 413.89 a day, and nobody can find the way back.
    """

    mode: PriceMode
    amount: UnitPrice | None = None
    unit: str | None = None
    pack_size: int = 1
    pack_price: UnitPrice | None = None


UNKNOWN = ParsedPrice(PriceMode.UNKNOWN)


def parse_price_text(text: str | None) -> ParsedPrice:
    """Read a price as exchanges print it; an empty text is unknown and never free.

    Ranges, "from" prices, foreign currencies and unknown units give ``UNKNOWN``: a person has to look.
    """
    plain = unicodedata.normalize("NFKC", text or "").strip()
    if plain in NEGOTIATION:
        return ParsedPrice(PriceMode.NEGOTIATION)
    if plain in FREE:
        return ParsedPrice(PriceMode.FREE, UnitPrice(0), None, 1, UnitPrice(0))
    found = PRICE.fullmatch(plain)
    if found is None:
        return UNKNOWN
    price = _price(found["number"].replace(",", ""), YUAN_PER_WAN if found["wan"] else 1)
    count = int(found["count"] or 1) * (YUAN_PER_WAN if found["wan_units"] else 1)
    mode = _mode(found["unit"])
    if price is None or mode is PriceMode.UNKNOWN or count == 0:
        return UNKNOWN
    return ParsedPrice(mode, _each(price, count), found["unit"], count, price)


def _mode(unit: str | None) -> PriceMode:
    if unit is None:
        return PriceMode.ONE_OFF
    if unit in TIME_UNITS:
        return PriceMode.SUBSCRIPTION
    return PriceMode.USAGE_BASED if unit.upper() in USE_UNITS else PriceMode.UNKNOWN


def _price(number: str, scale: int) -> UnitPrice | None:
    """Return the printed price; None where it is longer than a price can be and no plain price is meant."""
    exact = Fraction(Decimal(number)) * scale
    nearby = decimal_text(exact, UNIT_DIGITS)
    if Fraction(Decimal(nearby)) != exact:
        significant = number.replace(".", "").lstrip("0")
        if len(significant) < DOUBLE_DIGITS or decimal_text(exact, PLAIN_DECIMALS) != nearby:
            return None
    return UnitPrice.yuan(nearby) if UNIT_PRICE_TEXT.fullmatch(nearby) else None


def _each(price: UnitPrice, count: int) -> UnitPrice | None:
    each, odd = divmod(price.units, count)
    return None if odd else UnitPrice(each)
