"""Catalogues: price texts, rows of foreign files, texts for the search. A wrong number is never the answer."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit

from kernel.calendar import MONTHS_PER_YEAR
from kernel.money import FEN_DIGITS, UNIT_DIGITS, UNIT_PRICE_TEXT, YUAN_PER_WAN, UnitPrice, decimal_text
from market.listings import COMMON_YEAR_DAYS, DOUBLE_DIGITS

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


# ---- rows of a foreign catalogue ----

# the number column of the source gives subscriptions per year; only where that is plain can the two be compared
PER_YEAR = {"年": 1, "月": MONTHS_PER_YEAR, "天": COMMON_YEAR_DAYS, "日": COMMON_YEAR_DAYS}
PER_DAY = ("天", "日")
AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,30})?")
LONG_FRACTION = re.compile(rf"\.[0-9]{{{UNIT_DIGITS + 1},}}")
DEALS = re.compile(r"([0-9]{1,9})\s*笔?")
PLACEHOLDERS = ("待完善", "-", "—", "--", "/", "无", "未知", "N/A", "null", "None", "nan")
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
DANGEROUS_STARTS = ("=", "+", "-", "@", "\t", "\r")
EXCHANGES = {
    "beijing": "北京国际大数据交易所",
    "guangzhou": "广州数据交易所",
    "guiyang": "贵阳大数据交易所",
    "shanghai": "上海数据交易所",
    "zhejiang": "浙江大数据交易服务平台",
}
DELIVERIES = ("平台内交付", "平台外交付", "平台交付", "自行交付")
INTERVALS = ("日结", "周结", "月结", "季结", "年结", "一次性结清", "其他")


class Column(StrEnum):
    """The columns of a catalogue, as the source heads them."""

    EXCHANGE = "exchange"
    TITLE = "title"
    COMPANY = "company"
    PRICE_TEXT = "price_text_as_listed"
    PRICE_MODE = "price_mode"
    AMOUNT = "amount_dadada"
    INTERVAL = "settlement_interval"
    DELIVERY = "delivery"
    DEALS = "deals_as_listed"
    UPDATES = "update_frequency"
    URL = "url"


NAMES = frozenset(str(column) for column in Column)
REQUIRED = (Column.EXCHANGE, Column.TITLE, Column.PRICE_TEXT, Column.URL)
ALIASES = {
    "price_text": Column.PRICE_TEXT, "amount": Column.AMOUNT, "deals": Column.DEALS, "交易所": Column.EXCHANGE,
    "产品名称": Column.TITLE, "供方": Column.COMPANY, "价格": Column.PRICE_TEXT, "计费方式": Column.PRICE_MODE,
    "金额": Column.AMOUNT, "结算周期": Column.INTERVAL, "交付方式": Column.DELIVERY, "成交笔数": Column.DEALS,
    "更新频率": Column.UPDATES, "网址": Column.URL,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """Something about one cell: why the row is refused, or (``is_refusal`` false) what a person should know."""

    column: str
    code: str
    message: str
    is_refusal: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the form that is stored and shown."""
        return {"field": self.column, "code": self.code, "message": self.message,
                "level": "refusal" if self.is_refusal else "notice"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowRead:
    """One row of the file: the cells as they stood, what they say, and every remark."""

    raw: Mapping[str, str]
    price: ParsedPrice
    facts: Mapping[str, str | None]
    reasons: tuple[Reason, ...]

    @property
    def is_accepted(self) -> bool:
        """Say whether no remark refuses the row."""
        return not any(reason.is_refusal for reason in self.reasons)


def column_of(heading: str) -> Column | None:
    """Return the column that a heading names, or None."""
    plain = unicodedata.normalize("NFKC", heading).strip()
    if plain in NAMES:
        return Column(plain)
    return ALIASES.get(plain.lower(), ALIASES.get(plain))


def read_row(raw: Mapping[str, str], *, length_max: int) -> RowRead:
    """Read one row of a foreign catalogue; nothing is guessed, and an empty price is never a free one.

    Args:
        raw: text by column; a column that the file lacks is absent.
        length_max: most characters of a cell.
    """
    cells = {name: unicodedata.normalize("NFC", text).strip() for name, text in raw.items()}
    price = parse_price_text(cells.get(Column.PRICE_TEXT))
    reasons = (*_text_faults(cells, length_max), *_identity_faults(cells), *_price_faults(cells, price),
               *_other_faults(cells))  # fmt: skip
    facts = {name: _fact(Column(name), text) for name, text in cells.items() if name in NAMES}
    return RowRead(dict(raw), price, facts, reasons)


def _text_faults(cells: Mapping[str, str], length_max: int) -> Iterator[Reason]:
    for name, text in cells.items():
        hidden = next((character for character in text if unicodedata.category(character) in HIDDEN), None)
        if hidden is not None:
            yield Reason(name, "text.hidden_character", f"含有不可见或未定义的字符 U+{ord(hidden):04X}，请删除")
        if len(text) > length_max:
            yield Reason(name, "text.too_long", f"共 {len(text)} 个字符，最多 {length_max} 个")


def _identity_faults(cells: Mapping[str, str]) -> Iterator[Reason]:
    exchange = cells.get(Column.EXCHANGE, "")
    if exchange not in EXCHANGES:
        known = "、".join(EXCHANGES)
        yield Reason(Column.EXCHANGE, "exchange.unknown", f"“{exchange}”不是已知的交易所标识（{known}）")
    if not cells.get(Column.TITLE):
        yield Reason(Column.TITLE, "title.missing", "没有产品名称")
    if Column.COMPANY in cells and not cells[Column.COMPANY]:
        yield Reason(Column.COMPANY, "company.missing", "未公布供方：须由供方认领并核验身份后才能挂牌（MKT-03）", False)
    if not is_web_address(cells.get(Column.URL, "")):
        yield Reason(Column.URL, "url.invalid", "不是完整的 http 或 https 网址")


def _price_faults(cells: Mapping[str, str], price: ParsedPrice) -> Iterator[Reason]:
    text = cells.get(Column.PRICE_TEXT, "")
    if not text:
        yield Reason(Column.PRICE_TEXT, "price.missing", "没有价格：空白不等于免费，请补写价格、“面议”或“免费”")
        return
    if price.mode is PriceMode.UNKNOWN:
        yield Reason(Column.PRICE_TEXT, "price.unreadable", f"“{text}”读不出唯一的价格，不作猜测，请按“0.5元/次”填写")
        return
    if LONG_FRACTION.search(text):
        words = f"“{text}”含浮点误差，不作取舍：请供方写明价格（是否为 {price.pack_price} 元）"
        yield Reason(Column.PRICE_TEXT, "price.float_artefact", words)
    if price.mode not in (PriceMode.FREE, PriceMode.NEGOTIATION) and price.pack_price == UnitPrice(0):
        yield Reason(Column.PRICE_TEXT, "price.zero", "标价为 0：须由供方确认是否公益无偿后才能挂牌", False)
    if price.unit in PER_DAY:
        words = "按天标价可能由年价折算而来，不换算为年价"
        yield Reason(Column.PRICE_TEXT, "price.per_day", words, False)
    mode = cells.get(Column.PRICE_MODE, "")
    if mode and mode != price.mode:
        yield Reason(Column.PRICE_MODE, "price.mode_differs", f"写明“{mode}”，而价格“{text}”属于“{price.mode}”")
    yield from _amount_faults(cells.get(Column.AMOUNT, ""), text, price)


def _amount_faults(amount: str, text: str, price: ParsedPrice) -> Iterator[Reason]:
    if not amount:
        return
    if AMOUNT.fullmatch(amount) is None:
        yield Reason(Column.AMOUNT, "amount.unreadable", f"“{amount}”不是数字")
        return
    if LONG_FRACTION.search(amount):
        yield Reason(Column.AMOUNT, "amount.float_artefact", f"“{amount}”是浮点误差，以价格文本为准", False)
    expected = _number_column(price)
    if expected is None:
        yield Reason(Column.AMOUNT, "amount.not_compared", f"“{text}”没有通行的年价折算办法，未与数字核对", False)
    elif not _agree(Fraction(Decimal(amount)), expected):
        words = f"数字 {amount} 与价格“{text}”（应为 {decimal_text(expected, UNIT_DIGITS)}）不一致"
        yield Reason(Column.AMOUNT, "amount.differs", words)


def _number_column(price: ParsedPrice) -> Fraction | None:
    """Return what the number column says about such a price: one use, one purchase, or twelve months."""
    if price.pack_price is None:
        return Fraction(0)  # negotiated: the source writes 0.0, which is not a price
    each = Fraction(price.pack_price.exact_yuan(), price.pack_size)
    if price.mode is not PriceMode.SUBSCRIPTION:
        return each
    return each * PER_YEAR[price.unit] if price.unit in PER_YEAR else None


def _agree(number: Fraction, expected: Fraction) -> bool:
    return decimal_text(number, UNIT_DIGITS) == decimal_text(expected, UNIT_DIGITS)


def _other_faults(cells: Mapping[str, str]) -> Iterator[Reason]:
    deals = cells.get(Column.DEALS, "")
    if deals and DEALS.fullmatch(deals) is None:
        yield Reason(Column.DEALS, "deals.unreadable", f"“{deals}”不是笔数")
    for name in (Column.UPDATES, Column.DELIVERY, Column.INTERVAL):
        if cells.get(name) in PLACEHOLDERS:
            yield Reason(name, "text.placeholder", f"“{cells[name]}”是占位文字，按未填写处理", False)
    for name, known in ((Column.DELIVERY, DELIVERIES), (Column.INTERVAL, INTERVALS)):
        text = cells.get(name, "")
        if text and text not in known and text not in PLACEHOLDERS:
            yield Reason(name, f"{name}.unknown", f"“{text}”不是该列的通用取值，按未填写处理", False)


def _fact(column: Column, text: str) -> str | None:
    known = {Column.DELIVERY: DELIVERIES, Column.INTERVAL: INTERVALS}.get(column)
    if not text or text in PLACEHOLDERS or (known is not None and text not in known):
        return None
    if column is Column.DEALS:
        counted = DEALS.fullmatch(text)
        return str(int(counted[1])) if counted else None
    return text


def is_web_address(text: str) -> bool:
    """Say whether the text is a complete http(s) address without a sign-in part."""
    if not text or any(character.isspace() for character in text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in host.strip(".") and "@" not in parts.netloc


def formula_safe(text: str) -> str:
    """Return the text so that no spreadsheet program takes it for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS_STARTS) else text


# ---- search ----


def search_words(text: str) -> str:
    """Return text as the search compares it: compatible forms folded, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def like_pattern(word: str, *, escape: str) -> str:
    """Return the LIKE pattern of one word found anywhere; wildcards in the word mean themselves."""
    for special in (escape, "%", "_"):
        word = word.replace(special, escape + special)
    return f"%{word}%"
