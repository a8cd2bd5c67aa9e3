"""Public-interest use: purposes, the states of an exemption, its changes, and whether one covers a use."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from kernel.calendar import DAY
from kernel.errors import Conflict, Invalid
from kernel.money import ZERO, Money


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
    """What the authorizing entity does with it; the last one is the grantee's own."""

    APPROVE = "approve"
    REFUSE = "refuse"
    REVOKE = "revoke"
    RETURN = "return"


# given back or taken back, it is over alike: what rests on it asks for one state; ``Standing`` says which it was
TRANSITIONS = {
    (ExemptionState.REQUESTED, ExemptionAct.APPROVE): ExemptionState.APPROVED,
    (ExemptionState.REQUESTED, ExemptionAct.REFUSE): ExemptionState.REFUSED,
    (ExemptionState.APPROVED, ExemptionAct.REVOKE): ExemptionState.REVOKED,
    (ExemptionState.APPROVED, ExemptionAct.RETURN): ExemptionState.REVOKED,
}


class Standing(StrEnum):
    """What an exemption is worth on a day; derived from its state and its days, never stored."""

    REQUESTED = "requested"
    REFUSED = "refused"
    COMING = "coming"
    IN_FORCE = "in_force"
    ENDED = "ended"
    RETURNED = "returned"
    REVOKED = "revoked"


class AmendmentState(StrEnum):
    """How far the request to change an approved exemption has come."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"


class AmendmentAct(StrEnum):
    """What the authorizing entity says to it."""

    AGREE = "agree"
    REFUSE = "refuse"


AMENDMENT_TRANSITIONS = {
    (AmendmentState.ASKED, AmendmentAct.AGREE): AmendmentState.AGREED,
    (AmendmentState.ASKED, AmendmentAct.REFUSE): AmendmentState.REFUSED,
}
AMENDMENT_TITLES = {
    AmendmentState.ASKED: "待审批",
    AmendmentState.AGREED: "已同意",
    AmendmentState.REFUSED: "不同意",
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


class EvidenceMissing(Invalid):
    """The place asks for a file that shows the public purpose, and none was handed in."""

    code = "exemption.evidence_missing"
    title = "缺少公益用途证明材料"
    title_en = "Evidence of the public purpose is missing"


class NotRenewable(Conflict):
    """The exemption cannot be followed by another one."""

    code = "exemption.not_renewable"


class AmendmentClosed(Conflict):
    """The change was decided already."""

    code = "exemption.amendment_closed"


class AmendmentUnfit(Invalid):
    """The change changes nothing, or would end on a day that is over."""

    code = "exemption.amendment_unfit"


@dataclass(frozen=True, slots=True)
class Use:
    """What a grantee did with an exemption: units ordered and used, and what they would have cost."""

    ordered: int
    used: int
    shadow: Money = ZERO


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


def standing(state: ExemptionState, grant: Grant, *, is_returned: bool, on: date) -> Standing:
    """Return what an exemption is worth on a day; its term ends by time alone.

    Args:
        state: the stored state.
        grant: the terms in force.
        is_returned: whether the grantee gave it back.
        on: the Beijing date asked about.
    """
    if state is ExemptionState.REVOKED:
        return Standing.RETURNED if is_returned else Standing.REVOKED
    if state is not ExemptionState.APPROVED:
        return Standing(state.value)
    if on < grant.valid_from:
        return Standing.COMING
    return Standing.IN_FORCE if on <= grant.valid_until else Standing.ENDED


def days_left(grant: Grant, on: date) -> int:
    """Return how many days of use are left on a day, that day included; none once the term is over."""
    first = max(on, grant.valid_from)
    return max((grant.valid_until - first + DAY).days, 0)


def after_amendment(state: AmendmentState, act: AmendmentAct, number: str) -> AmendmentState:
    """Return the state of a change that follows.

    Raises:
        AmendmentClosed: it was decided already.
    """
    following = AMENDMENT_TRANSITIONS.get((state, act))
    if following is None:
        raise AmendmentClosed(
            f"免费使用批准 {number} 的这项变更{AMENDMENT_TITLES[state]}，不能再作处理；如需再变更，请另行提出。",
            detail_en=f"The change of {number} is {state}.",
            rule="PUB-02",
        )
    return following


def must_be_evidenced(required: bool, is_given: bool, article: str) -> None:
    """Refuse a request without evidence where the rules of the place ask for it.

    Raises:
        EvidenceMissing: it is required and not given.
    """
    if required and not is_given:
        raise EvidenceMissing(
            f"免费使用须附公益用途证明材料（{article}），请上传后重新提交。",
            detail_en="Attach a file that shows the public purpose.",
            rule="PUB-02",
            article=article,
            errors=[{"pointer": "/evidence", "code": EvidenceMissing.code, "message": "须附证明材料"}],
        )


def first_day_of_renewal(state: ExemptionState, grant: Grant, number: str, *, is_followed: bool) -> date:
    """Return the day on which a renewal begins: the one after the last day, so that the days adjoin.

    Raises:
        NotRenewable: the exemption was never approved, was ended early, or is followed by another one already.
    """
    if state is not ExemptionState.APPROVED or is_followed:
        words = "已有续期申请" if is_followed else f"现为“{STATE_TITLES[state]}”"
        raise NotRenewable(
            f"免费使用批准 {number} {words}，不能续期；如需使用，请另行提交申请。",
            detail_en=f"{number} cannot be renewed.",
            rule="PUB-02",
        )
    return grant.valid_until + DAY


def must_change(old: Grant, new: Grant, today: date) -> None:
    """Refuse a change of terms that changes nothing, or that would end the use on a day that is over.

    Raises:
        AmendmentUnfit: quota and last day stay the same, or the last day lies before today or the first day.
    """
    if new.valid_until < max(today, new.valid_from):
        raise _unfit("valid_until", f"新的最后一日 {new.valid_until} 已经过去；要立即停用的，请退回或由授权主体撤销")
    if new == old:
        raise _unfit("quota", "额度和最后一日都没有变化")


def _unfit(field: str, words: str) -> AmendmentUnfit:
    return AmendmentUnfit(
        f"免费使用批准不能这样变更：{words}。",
        detail_en=f"The change does not stand: {field}.",
        rule="PUB-02",
        errors=[{"pointer": f"/{field}", "code": AmendmentUnfit.code, "message": words}],
    )
