"""The fields of a trade record, how a trade ended, and until when records are kept. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from kernel.calendar import MONTHS_PER_YEAR, add_months
from kernel.money import Money
from market.orders.rules import OrderState


class RecordField(StrEnum):
    """The nine fields that every trade record holds, in the order of the standard (7.4 b)."""

    IDENTIFIER = "identifier"
    TIME = "time"
    SELLER = "seller"
    BUYER = "buyer"
    SUBJECT = "subject"
    QUANTITY = "quantity"
    AMOUNT = "amount"
    DELIVERY = "delivery"
    RESULT = "result"


FIELD_TITLES: dict[RecordField, str] = {
    RecordField.IDENTIFIER: "交易唯一标识",
    RecordField.TIME: "交易时间",
    RecordField.SELLER: "供方",
    RecordField.BUYER: "需方",
    RecordField.SUBJECT: "交易标的",
    RecordField.QUANTITY: "交易量",
    RecordField.AMOUNT: "交易金额",
    RecordField.DELIVERY: "交付方式",
    RecordField.RESULT: "交易结果",
}
STANDARD = "GB/T 37932-2025 7.4"
RESULTS: dict[OrderState, str] = {
    OrderState.PLACED: "磋商中，合同未签订",
    OrderState.CONTRACTED: "合同已签订，待付款",
    OrderState.PAID: "已付款，待开通",
    OrderState.FULFILLED: "已交付",
    OrderState.CANCELLED: "已取消",
    OrderState.REFUNDED: "已退款",
}


@dataclass(frozen=True, slots=True)
class TradeRecord:
    """What is kept of one trade, in words and figures; ``amount`` in yuan."""

    identifier: str
    time: datetime
    seller: str
    buyer: str
    subject: str
    quantity: str
    amount: Money
    delivery: str
    result: str
    place: str
    venue: str
    purpose: str
    scenario: str
    contract_number: str
    contract_sha256: str
    ends_on: date | None  # the last day of use: the trade is complete with it
    kept_until: date | None  # None: the trade has no end yet, so its record has none

    def missing(self) -> list[RecordField]:
        """Return the fields of the standard that the record lacks: none, for every trade of this market."""
        return [one for one in RecordField if getattr(self, one.value) in (None, "")]


def kept_until(ended: date | None, *, trade_years: int, voucher_years: int) -> date | None:
    """Return the last day on which the record of a trade must be kept; None while the trade has not ended.

    The longest of all periods counts (DEL-02): three years from completion for trade information, and what the
    vouchers that rest on it ask for.
    """
    if ended is None:
        return None
    return add_months(ended, max(trade_years, voucher_years) * MONTHS_PER_YEAR)


def last_disposable_day(today: date, months: int) -> date:
    """Return the last day of which a log has been kept long enough: kept for ``months`` after it, and that is over."""
    day = add_months(today, -months)
    while add_months(day, months) >= today:
        day -= timedelta(days=1)
    return day
