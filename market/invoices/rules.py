"""What an invoice says, how it is taken back to the fen, and its states. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from kernel.calendar import Period
from kernel.errors import Conflict, Invalid
from kernel.money import ZERO, Money, allocate
from pricing.tariffs.rules import split_tax
from registry.parties.rules import name_key, normalised_uscc

VAT_ARTICLE = "增值税法 第七条"
INVOICE_ARTICLE = "发票管理办法 第二十一条"
# a fully digital invoice has one number of 20 digits; older ones a code of 10 or 12 digits and a number of 8
TAX_SYSTEM_NUMBER = re.compile(r"[0-9]{20}|[0-9]{10}-?[0-9]{8}|[0-9]{12}-?[0-9]{8}")


class InvoiceKind(StrEnum):
    """A first invoice (蓝字), or one that takes an earlier one back (红字)."""

    BLUE = "blue"
    RED = "red"


class InvoiceType(StrEnum):
    """普通发票 or 增值税专用发票."""

    GENERAL = "general"
    SPECIAL = "special"


class TaxpayerKind(StrEnum):
    """How the seller is taxed: 一般纳税人 by the rate, 小规模纳税人 by the levy rate."""

    GENERAL = "general_taxpayer"
    SMALL_SCALE = "small_scale_taxpayer"


class InvoiceState(StrEnum):
    """How far the invoice has come in the tax system."""

    REQUESTED = "requested"
    ISSUED = "issued"
    REFUSED = "refused"


class InvoiceAct(StrEnum):
    """What the seller does with a request."""

    ISSUE = "issue"
    REFUSE = "refuse"


TRANSITIONS = {
    (InvoiceState.REQUESTED, InvoiceAct.ISSUE): InvoiceState.ISSUED,
    (InvoiceState.REQUESTED, InvoiceAct.REFUSE): InvoiceState.REFUSED,
}
STATE_TITLES = {
    InvoiceState.REQUESTED: "待开具",
    InvoiceState.ISSUED: "已开具",
    InvoiceState.REFUSED: "未予开具",
}


class WrongState(Conflict):
    """The invoice is not in a state in which this can be done."""

    code = "invoice.wrong_state"


class NotTheBuyer(Conflict):
    """Title or tax number are not those of the buyer of the order."""

    code = "invoice.not_the_buyer"
    title = "抬头或税号与购买方不符"
    title_en = "Title or tax number are not the buyer's"


class MoreThanTheOriginal(Conflict):
    """A red letter would take back more than is left of the original."""

    code = "invoice.more_than_the_original"
    title = "红冲金额超过原发票余额"
    title_en = "The red letter exceeds what is left of the original"


class NothingToInvoice(Conflict):
    """Nothing was paid, or all of it was invoiced or given back."""

    code = "invoice.nothing_to_invoice"


class MonthNotOver(Invalid):
    """Orders of a month are invoiced together when the month is over."""

    code = "invoice.month_not_over"
    title = "该月尚未结束"
    title_en = "The month is not over"


class NumberMalformed(Invalid):
    """The number is none that the tax system gives."""

    code = "invoice.number_malformed"
    title = "发票号码格式不对"
    title_en = "Not a number of the tax system"


class DateOutside(Invalid):
    """The date of issue lies in the future, or before the request or the original."""

    code = "invoice.date_outside"


@dataclass(frozen=True, slots=True)
class Parts:
    """An amount with tax, and its two parts that always add up to it; negative on a red letter."""

    gross: Money
    net: Money
    tax: Money

    def __add__(self, other: Parts) -> Parts:
        return Parts(self.gross + other.gross, self.net + other.net, self.tax + other.tax)

    def __neg__(self) -> Parts:
        return Parts(-self.gross, -self.net, -self.tax)


def after(state: InvoiceState, act: InvoiceAct, number: str) -> InvoiceState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"开票申请 {number} {STATE_TITLES[state]}，不能再作此处理；要更正已开具的发票，请申请红字冲销。",
            detail_en=f"Invoice {number} is {state}; {act} is not possible.",
        )
    return following


def parts_of(gross: Money, rate: Decimal) -> Parts:
    """Return an amount of money with tax as net and tax, stated separately.

    Args:
        gross: what was paid, in yuan with tax.
        rate: the rate or levy rate in force when it was paid, a fraction.

    Source:
        增值税法 第七条: 价款与税额分别列明; 第十条 6 %, 第十一条 3 %.
    """
    net, tax = split_tax(gross, rate)
    return Parts(gross, net, tax)


def together(parts: Iterable[Parts]) -> Parts:
    """Return several parts as one: each line keeps its own tax to the fen, and the invoice is their sum."""
    found = Parts(ZERO, ZERO, ZERO)
    for one in parts:
        found = found + one
    return found


def must_be_over(month: Period, today: date) -> None:
    """Refuse to invoice a month together before it is over.

    Raises:
        MonthNotOver: its last day has not passed.
    """
    if today < month.end:
        raise MonthNotOver(
            f"{month.text()} 到 {month.last_day} 才结束，请于 {month.end} 起申请月结发票。",
            detail_en=f"From {month.end} on.",
            errors=[{"pointer": "/month", "code": MonthNotOver.code, "message": "该月尚未结束"}],
        )


def left_of(original: Parts, taken_back: Iterable[Parts]) -> Parts:
    """Return what is left of an invoice after its red letters, whose amounts are negative."""
    found = original
    for red in taken_back:
        found = found + red
    return found


def red_letter(number: str, left: Parts, amount: Money) -> Parts:
    """Return the (negative) parts of a red letter over ``amount``, divided as what is left of the original.

    The last red letter takes exactly the rest, so that net and tax of the original end at 0.00 as well.

    Raises:
        MoreThanTheOriginal: nothing, or more than is left, is to be taken back.
    """
    if not ZERO < amount <= left.gross:
        raise MoreThanTheOriginal(
            f"发票 {number} 尚可冲销 {left.gross.text()} 元，不能冲销 {amount.text()} 元。",
            detail_en=f"{left.gross.text()} is left of {number}.",
            errors=[
                {"pointer": "/amount", "code": MoreThanTheOriginal.code, "message": f"最多 {left.gross.text()}",
                 "limit": left.gross.text()}
            ],
        )  # fmt: skip
    shares = allocate(amount, {"net": left.net.fen, "tax": left.tax.fen})
    return -Parts(amount, shares["net"], shares["tax"])


def must_be_left(order_number: str, paid: Money, given_back: Money) -> Money:
    """Return what of a paid order is to be invoiced: what was paid without what was given back.

    Raises:
        NothingToInvoice: that is nothing.
    """
    rest = paid - given_back
    if rest <= ZERO:
        raise NothingToInvoice(
            f"订单 {order_number} 没有可以开票的实收金额：未收款、免费或已全部退款的订单不开发票。",
            detail_en=f"Nothing of {order_number} can be invoiced.",
            rule="REV-07",
        )
    return rest


def buyers_number(title: str, tax_number: str, *, name: str, uscc: str) -> str:
    """Return the tax number in its one spelling, after its check character and its owner were checked.

    Raises:
        BadUscc: length, characters or check character are wrong (GB 32100-2015).
        NotTheBuyer: title or number are those of somebody else.

    Source:
        发票管理办法 第二十一条: nobody asks for an invoice that does not tell what was really traded.
    """
    number = normalised_uscc(tax_number)
    if number != uscc or name_key(title) != name_key(name):
        field, shown = ("/title", name) if number == uscc else ("/tax_number", uscc)
        raise NotTheBuyer(
            f"发票抬头应为订单的购买方“{name}”（{uscc}），不得开具与实际交易不符的发票（{INVOICE_ARTICLE}）。",
            detail_en=f"The invoice names the buyer: {name}, {uscc}.",
            article=INVOICE_ARTICLE,
            errors=[{"pointer": field, "code": NotTheBuyer.code, "message": f"应为 {shown}"}],
        )
    return number


def tax_system_number(text: str) -> str:
    """Return the number that the tax system gave, without spaces and hyphens.

    Raises:
        NumberMalformed: it is neither 20 digits, nor a code of 10 or 12 and a number of 8.
    """
    compact = re.sub(r"\s", "", text)
    if TAX_SYSTEM_NUMBER.fullmatch(compact) is None:
        raise NumberMalformed(
            f"“{text.strip()}”不是发票号码：数电发票为 20 位数字，其他发票为代码（10 或 12 位）加号码（8 位）。",
            detail_en="20 digits, or a code of 10 or 12 digits and a number of 8.",
            errors=[{"pointer": "/tax_system_number", "code": NumberMalformed.code, "message": "格式不对"}],
        )
    return compact.replace("-", "")


def must_be_dated_within(number: str, issued_date: date, earliest: date, today: date) -> None:
    """Refuse a date of issue in the future or before the request (of a red letter, before its original).

    Raises:
        DateOutside: it lies outside.
    """
    if not earliest <= issued_date <= today:
        raise DateOutside(
            f"{number} 的开票日期应在 {earliest} 至 {today} 之间，不能是 {issued_date}。",
            detail_en=f"Issued between {earliest} and {today}.",
            errors=[{"pointer": "/issued_date", "code": DateOutside.code, "message": f"{earliest} 至 {today}"}],
        )
