"""Public-interest use: purposes, the states of an exemption, and whether one covers a use."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from kernel.errors import Conflict, Invalid


class Purpose(StrEnum):
    """What a buyer uses a product for; it decides whether a fee may be charged (65号 一)."""

    PUBLIC_GOVERNANCE = "public_governance"
    PUBLIC_WELFARE = "public_welfare"
    INDUSTRY_DEVELOPMENT = "industry_development"
    SECTOR_DEVELOPMENT = "sector_development"


PURPOSE_TITLES = {
    Purpose.PUBLIC_GOVERNANCE: "公共治理",
    Purpose.PUBLIC_WELFARE: "公益事业",
    Purpose.INDUSTRY_DEVELOPMENT: "产业发展",
    Purpose.SECTOR_DEVELOPMENT: "行业发展",
}


class ExemptionState(StrEnum):
    """How far the request for free use has come."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    REVOKED = "revoked"


class ExemptionAct(StrEnum):
    """What the authorizing entity does with it."""

    APPROVE = "approve"
    REFUSE = "refuse"
    REVOKE = "revoke"


TRANSITIONS = {
    (ExemptionState.REQUESTED, ExemptionAct.APPROVE): ExemptionState.APPROVED,
    (ExemptionState.REQUESTED, ExemptionAct.REFUSE): ExemptionState.REFUSED,
    (ExemptionState.APPROVED, ExemptionAct.REVOKE): ExemptionState.REVOKED,
}

STATE_TITLES = {
    ExemptionState.REQUESTED: "待审批",
    ExemptionState.APPROVED: "已批准",
    ExemptionState.REFUSED: "未批准",
    ExemptionState.REVOKED: "已撤销",
}


class WrongState(Conflict):
    """The exemption is not in a state in which this can be done."""

    code = "exemption.wrong_state"


class NotPublicInterest(Invalid):
    """Free use is asked for a purpose that is charged."""

    code = "exemption.not_public_interest"


class TermReversed(Invalid):
    """The exemption would end before it begins."""

    code = "exemption.term_reversed"


@dataclass(frozen=True, slots=True)
class Grant:
    """The terms of an approved exemption: ``valid_until`` is its last day, ``quota`` the most over the whole term."""

    valid_from: date
    valid_until: date
    quota: int | None


def after(state: ExemptionState, act: ExemptionAct, number: str) -> ExemptionState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"免费使用申请 {number} 现为“{STATE_TITLES[state]}”，不能再作此处理；如需重新使用，请另行提交申请。",
            detail_en=f"Exemption {number} is {state}; {act} is not possible.",
            rule="PUB-02",
        )
    return following


def must_be_free(purpose: Purpose, free: tuple[str, ...], article: str) -> None:
    """Refuse a purpose that the rules of the place do not serve free of charge.

    Args:
        purpose: what the product shall be used for.
        free: purposes served free there (policy ``exemption.purposes_free``).
        article: act and article of that list.

    Raises:
        NotPublicInterest: the purpose is charged.
    """
    if purpose not in free:
        names = "、".join(PURPOSE_TITLES[Purpose(item)] for item in free)
        raise NotPublicInterest(
            f"“{PURPOSE_TITLES[purpose]}”不在免费提供的用途（{names}）之内（{article}），请按收费标准下单。",
            detail_en=f"{purpose} is not served free of charge.",
            rule="PUB-01",
            article=article,
            errors=[{"pointer": "/purpose", "code": NotPublicInterest.code, "message": "不属于免费用途"}],
        )


def must_run_forward(valid_from: date, valid_until: date) -> None:
    """Refuse a term whose last day lies before its first.

    Raises:
        TermReversed: it does.
    """
    if valid_until < valid_from:
        raise TermReversed(
            f"免费使用期限的最后一日 {valid_until} 早于第一日 {valid_from}，请更正。",
            detail_en="valid_until lies before valid_from.",
            rule="PUB-02",
            errors=[{"pointer": "/valid_until", "code": TermReversed.code, "message": "早于开始日"}],
        )


def covers(grant: Grant, *, on: date, quantity: Fraction, ordered: Fraction) -> bool:
    """Say whether the grant frees so many units more on that day (PUB-02: bound to term and quota).

    Args:
        grant: the terms.
        on: the day of the order.
        quantity: units asked for now.
        ordered: units ordered free under the grant before.
    """
    in_term = grant.valid_from <= on <= grant.valid_until
    return in_term and (grant.quota is None or ordered + quantity <= grant.quota)
