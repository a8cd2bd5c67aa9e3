"""What an entitlement permits: term, quota, purpose, scenario; pure, so that every channel asks the same function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kernel.calendar import DAY, add_months, business_date
from kernel.errors import Conflict, Invalid, NotAllowed
from pricing.exemptions.rules import Purpose


class OutOfTerm(Conflict):
    """The entitlement does not cover that day."""

    code = "entitlement.out_of_term"
    title = "不在使用期限内"
    title_en = "Outside the term of use"


class QuotaExhausted(Conflict):
    """Nothing is left of the bought quantity, or less than is asked for."""

    code = "entitlement.quota_exhausted"
    title = "购买量已用完"
    title_en = "The quota is used up"


class OutOfScope(NotAllowed):
    """The use serves another purpose or scenario than the contract names."""

    code = "entitlement.out_of_scope"
    title = "超出约定的使用目的或场景"
    title_en = "Outside the agreed purpose or scenario"


class QuantityUnusable(Invalid):
    """A use counts at least one."""

    code = "entitlement.quantity"
    title = "用量不正确"
    title_en = "The quantity is not usable"


@dataclass(frozen=True, slots=True)
class Terms:
    """What was bought: ``quota`` units (``None``: any number), first and last day, purpose and scenario."""

    number: str
    quota: int | None
    valid_from: date
    valid_until: date
    purpose: Purpose
    scenario: str
    subject_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is used and what is left after the use that was asked about (``None``: no limit)."""

    used: int
    remaining: int | None


def last_day(start: date, months: int, *ends: date | None) -> date:
    """Return the last day of a term of so many months from ``start``, cut short by the earliest of ``ends``.

    ``ends`` are last days too (agreement, registration, exemption); ``None`` sets no limit.
    """
    return min([add_months(start, months) - DAY, *(end for end in ends if end is not None)])


def may_use(
    terms: Terms,
    used: int,
    now: datetime,
    *,
    quantity: int = 1,
    purpose: Purpose | None = None,
    scenario: str | None = None,
    subject_kind: str | None = None,
) -> Allowance:
    """Say what is left after using ``quantity`` more units now.

    ``purpose`` and ``scenario`` are what the caller declares; ``None`` declares nothing and the contract's hold.
    ``subject_kind`` is the kind of subject that the served record is about.

    Raises:
        QuantityUnusable: ``quantity`` is below one.
        OutOfTerm: today's Beijing date is before the first or after the last day.
        OutOfScope: purpose, scenario or kind of subject is not the agreed one (PUB-02, DEV-02).
        QuotaExhausted: fewer than ``quantity`` units are left.
    """
    if quantity < 1:
        raise QuantityUnusable("一次使用的数量至少为 1", detail_en="At least one unit")
    day = business_date(now)
    if not terms.valid_from <= day <= terms.valid_until:
        raise OutOfTerm(
            f"使用权 {terms.number} 的期限为 {terms.valid_from} 至 {terms.valid_until}，今天是 {day}；请续购",
            detail_en=f"{terms.number} runs from {terms.valid_from} to {terms.valid_until}",
        )
    if purpose is not None and purpose is not terms.purpose:
        raise OutOfScope(f"使用权 {terms.number} 仅限“{terms.purpose}”，不能用于“{purpose}”；请另行询价下单",
                         detail_en=f"{terms.number} is for {terms.purpose} only", rule="PUB-02")  # fmt: skip
    if scenario is not None and scenario != terms.scenario:
        raise OutOfScope(f"使用权 {terms.number} 仅限场景“{terms.scenario}”，不能用于“{scenario}”",
                         detail_en=f"{terms.number} is for the scenario {terms.scenario} only", rule="DEV-02",
                         article="发改数据规〔2025〕27号 第二十一条")  # fmt: skip
    if terms.subject_kind is not None and subject_kind is not None and subject_kind != terms.subject_kind:
        raise OutOfScope(f"使用权 {terms.number} 按“{terms.subject_kind}”购买，不能查询“{subject_kind}”；请另行询价",
                         detail_en=f"{terms.number} was bought for {terms.subject_kind}", rule="PRC-05")  # fmt: skip
    if terms.quota is None:
        return Allowance(used + quantity, None)
    if used + quantity > terms.quota:
        raise QuotaExhausted(
            f"使用权 {terms.number} 共 {terms.quota}，已用 {used}，不足本次 {quantity}；请续购",
            detail_en=f"{terms.number}: {terms.quota} bought, {used} used, {quantity} asked",
        )
    return Allowance(used + quantity, terms.quota - used - quantity)
