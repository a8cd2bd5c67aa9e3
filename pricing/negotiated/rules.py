"""Negotiated prices: the states of a negotiation, whose turn it is, and what closes it by time alone."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from kernel.errors import Conflict, Invalid
from kernel.money import UnitPrice
from pricing.tariffs.rules import CAP_ARTICLE


class NegotiationState(StrEnum):
    """How far a negotiation has come."""

    OFFERED = "offered"  # the buyer's turn
    COUNTERED = "countered"  # the seller's turn
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"  # never stored: time alone closes an open one


class Side(StrEnum):
    """Who acts."""

    SELLER = "seller"
    BUYER = "buyer"


class NegotiationAct(StrEnum):
    """What is done."""

    COUNTER = "counter"
    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


TRANSITIONS = {
    (NegotiationState.OFFERED, Side.BUYER, NegotiationAct.COUNTER): NegotiationState.COUNTERED,
    (NegotiationState.OFFERED, Side.BUYER, NegotiationAct.ACCEPT): NegotiationState.ACCEPTED,
    (NegotiationState.OFFERED, Side.BUYER, NegotiationAct.DECLINE): NegotiationState.DECLINED,
    (NegotiationState.OFFERED, Side.SELLER, NegotiationAct.WITHDRAW): NegotiationState.WITHDRAWN,
    (NegotiationState.COUNTERED, Side.SELLER, NegotiationAct.COUNTER): NegotiationState.OFFERED,
    (NegotiationState.COUNTERED, Side.SELLER, NegotiationAct.ACCEPT): NegotiationState.ACCEPTED,
    (NegotiationState.COUNTERED, Side.SELLER, NegotiationAct.DECLINE): NegotiationState.DECLINED,
    (NegotiationState.COUNTERED, Side.BUYER, NegotiationAct.WITHDRAW): NegotiationState.WITHDRAWN,
}
OPEN = (NegotiationState.OFFERED, NegotiationState.COUNTERED)
STATE_TITLES = {
    NegotiationState.OFFERED: "待买方答复",
    NegotiationState.COUNTERED: "待卖方答复",
    NegotiationState.ACCEPTED: "已成交",
    NegotiationState.DECLINED: "已拒绝",
    NegotiationState.WITHDRAWN: "已撤回",
    NegotiationState.EXPIRED: "已过期",
}


class WrongState(Conflict):
    """The negotiation is not in a state in which that side can do this."""

    code = "negotiation.wrong_state"


class NotNegotiable(Conflict):
    """Nobody published that the price of the product can be negotiated, or it cannot be."""

    code = "negotiation.not_negotiable"
    title = "该产品不可面议"
    title_en = "The price is not negotiable"


class TermsUnusable(Invalid):
    """Days, unit or buyer of an offer that cannot be."""

    code = "negotiation.terms_unusable"


class AgreedAboveCap(Conflict):
    """The negotiated price is above the cap now in force."""

    code = "negotiation.above_cap"
    title = "面议价格高于现行上限"
    title_en = "The negotiated price is above the cap in force"


def present_state(state: NegotiationState, answer_by: date, today: date) -> NegotiationState:
    """Return the state as it is on a day: an open negotiation ends with the last day for an answer."""
    return NegotiationState.EXPIRED if state in OPEN and today > answer_by else state


def after(state: NegotiationState, side: Side, act: NegotiationAct, number: str) -> NegotiationState:
    """Return the state that follows when a side does something.

    Raises:
        WrongState: that side cannot do this in that state.
    """
    following = TRANSITIONS.get((state, side, act))
    if following is None:
        raise WrongState(
            f"面议 {number} 现为“{STATE_TITLES[state]}”，不能由您这一方作此处理；已结束的请另行报价。",
            detail_en=f"Negotiation {number} is {state}; the {side} cannot {act} now.",
            rule="SEP-03",
        )
    return following


def possible(state: NegotiationState, side: Side) -> list[NegotiationAct]:
    """Return what a side can do in a state."""
    return [act for act in NegotiationAct if (state, side, act) in TRANSITIONS]


def must_run_forward(valid_from: date, valid_until: date, answer_by: date, today: date) -> None:
    """Refuse terms that end before they begin, look back, or could be answered only after they have ended.

    Raises:
        TermsUnusable: names the field.
    """
    if valid_from < today:
        raise terms_unusable("/valid_from", f"起始日 {valid_from} 早于今日 {today}")
    if valid_until < valid_from:
        raise terms_unusable("/valid_until", f"截止日 {valid_until} 早于起始日 {valid_from}")
    if not today <= answer_by <= valid_until:
        raise terms_unusable("/answer_by", f"答复期限 {answer_by} 应在今日 {today} 至截止日 {valid_until} 之间")


def must_be_under(highest: UnitPrice, cap: UnitPrice | None, is_guided: bool, number: str) -> None:
    """Refuse a negotiated price above the cap in force, or a guided one without a cap.

    Args:
        highest: the most that one unit can cost under it.
        cap: the cap in force.
        is_guided: whether the price is under government guidance and therefore needs a cap.
        number: what is checked, in words.

    Raises:
        AgreedAboveCap: names price and cap.

    Source:
        PRC-05; 发改价格〔2025〕65号 二: 具体收费标准不得超过上限收费标准.
    """
    if (cap is None and not is_guided) or (cap is not None and highest <= cap):
        return
    limit = "未制定" if cap is None else f"{cap.text()} 元"
    words = f"{number}的最高单价 {highest.text()} 元，现行上限{limit}"
    raise AgreedAboveCap(
        f"{words}；面议价格始终不得高于上限，请另行商定。",
        detail_en=f"{highest.text()} is above the cap in force ({'none' if cap is None else cap.text()}).",
        rule="PRC-05",
        article=CAP_ARTICLE,
        errors=[{"pointer": "/model", "code": "above_max", "message": words}],
    )


def terms_unusable(pointer: str, words: str) -> TermsUnusable:
    """Return the refusal of a field of an offer."""
    errors = [{"pointer": pointer, "code": TermsUnusable.code, "message": words}]
    return TermsUnusable(f"{words}。", rule="SEP-03", errors=errors)
