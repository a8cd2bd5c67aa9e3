"""States of an order, the life of a quote, and what must be unchanged when a quote becomes an order."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from kernel.calendar import BEIJING
from kernel.errors import Conflict
from kernel.money import Money


class OrderState(StrEnum):
    """Where an order stands: 已下单, 已签约, 已付款, 已履行 (access is open), 已取消, 已退款."""

    PLACED = "placed"
    CONTRACTED = "contracted"
    PAID = "paid"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class OrderEvent(StrEnum):
    """What moves an order on."""

    SIGN = "sign"
    CAPTURE = "capture"
    OPEN = "open"
    CANCEL = "cancel"
    REFUND = "refund"


class QuoteState(StrEnum):
    """What a quote is worth at a moment; never stored, because caps, prices and gates decide it."""

    OPEN = "open"  # 有效
    ORDERED = "ordered"  # 已下单
    EXPIRED = "expired"  # 已过期
    CLOSED_BY_CAP = "closed_by_cap"  # 因新上限关闭
    CLOSED_BY_PRICE = "closed_by_price"  # 因价格变化关闭
    CLOSED_BY_GATE = "closed_by_gate"  # 因交易条件不满足关闭


TRANSITIONS: dict[tuple[OrderState, OrderEvent], OrderState] = {
    (OrderState.PLACED, OrderEvent.SIGN): OrderState.CONTRACTED,
    (OrderState.PLACED, OrderEvent.CANCEL): OrderState.CANCELLED,
    (OrderState.CONTRACTED, OrderEvent.CAPTURE): OrderState.PAID,
    (OrderState.CONTRACTED, OrderEvent.OPEN): OrderState.FULFILLED,  # orders of 0.00 open without a payment
    (OrderState.CONTRACTED, OrderEvent.CANCEL): OrderState.CANCELLED,
    (OrderState.PAID, OrderEvent.OPEN): OrderState.FULFILLED,
    (OrderState.PAID, OrderEvent.REFUND): OrderState.REFUNDED,
    (OrderState.FULFILLED, OrderEvent.REFUND): OrderState.REFUNDED,
}
LIVE = (OrderState.PLACED, OrderState.CONTRACTED, OrderState.PAID, OrderState.FULFILLED)


class WrongState(Conflict):
    """The order cannot take this step now."""

    code = "order.wrong_state"
    title = "订单当前状态不能办理此事"
    title_en = "The order is not in the right state"


class QuoteExpired(Conflict):
    """The quote was valid until an earlier moment."""

    code = "quote.expired"
    title = "报价已过期"
    title_en = "The quote has expired"


class PriceChanged(Conflict):
    """The same purchase costs something else today."""

    code = "quote.price_changed"
    title = "价格已变化"
    title_en = "The price has changed"


class VersionChanged(Conflict):
    """A newer version is on offer than the quote was made for."""

    code = "quote.version_changed"


class NothingToPay(Conflict):
    """An order of 0.00 takes no payment, a priced one does not open without."""

    code = "order.payment_mismatch"
    title = "付款要求与订单不符"
    title_en = "Payment does not fit the order"


def after(state: OrderState, event: OrderEvent, *, amount: Money) -> OrderState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.
        NothingToPay: an order of 0.00 cannot be paid, and an unpaid priced order cannot be opened.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise WrongState(
            f"订单处于“{state}”，不能执行“{event}”；请刷新页面查看当前进度",
            detail_en=f"The order is {state}; {event} is not possible",
        )
    if event is OrderEvent.CAPTURE and not amount:
        raise NothingToPay("订单金额为 0.00，不需要付款", detail_en="Nothing to pay", rule="PUB-01")
    if state is OrderState.CONTRACTED and event is OrderEvent.OPEN and amount:
        raise NothingToPay(f"订单金额 {amount} 元尚未到账，不能开通", detail_en=f"{amount} yuan has not arrived")
    return following


def must_be_valid(number: str, valid_until: datetime, now: datetime) -> None:
    """Refuse a quote whose time is over; ``valid_until`` is the last moment.

    Raises:
        QuoteExpired: it is later than ``valid_until``.
    """
    if now > valid_until:
        ended = f"{valid_until.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        raise QuoteExpired(f"报价 {number} 已于北京时间 {ended} 过期，请重新询价",
                           detail_en=f"Quote {number} expired at {ended} Beijing time; ask for a new one")  # fmt: skip


def must_be_of_newest_version(number: str, product_code: str, *, is_newest: bool) -> None:
    """Refuse a quote that was made for an older version than the one on offer.

    Raises:
        VersionChanged: it was.
    """
    if not is_newest:
        raise VersionChanged(f"产品 {product_code} 已发布新版本，报价 {number} 针对旧版；请重新询价",
                             detail_en="A newer version is on offer; ask again")  # fmt: skip


def must_cost_the_same(number: str, quoted: Money, today: Money) -> None:
    """Refuse an order when the same purchase costs something else today than the quote says.

    Raises:
        PriceChanged: the two amounts differ.
    """
    if quoted != today:
        raise PriceChanged(
            f"报价 {number} 为 {quoted} 元，按现行收费标准应为 {today} 元；请重新询价",
            detail_en=f"Quoted {quoted}, today {today}; ask for a new quote",
            rule="PRC-05",
        )
