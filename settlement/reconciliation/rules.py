"""What may be reconciled, what is only on its way, and which charges the provider still holds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date

from kernel.calendar import Period
from kernel.errors import Conflict
from settlement.matching.rules import Finding, Flow, Item, Kind, Side


class PeriodNotOver(Conflict):
    """The last day of the period has not passed."""

    code = "reconciliation.period_not_over"
    title = "对账期间尚未结束"
    title_en = "The period is not over"


def must_be_over(period: Period, today: date) -> None:
    """Refuse a period whose last day has not passed (Beijing dates).

    Raises:
        PeriodNotOver: today still belongs to it, or lies before it.
    """
    if today < period.end:
        raise PeriodNotOver(
            f"期间 {period.text()} 到 {period.last_day} 才结束，请于 {period.end} 起对账",
            detail_en=f"Reconcile {period.text()} from {period.end} on",
        )


def is_under_way(one: Finding, may_wait: Callable[[Item], bool]) -> bool:
    """Say whether a payout, or part of it, is missing at the bank only because its agreed days are still running.

    Args:
        one: a disagreement.
        may_wait: says of the provider's line of a payout whether they are.
    """
    is_missing = one.side is Side.BANK and one.kind in (Kind.MISSING, Kind.PAYOUT_SHORT)
    stated = [item for item in one.items if item.side is Side.PROVIDER and item.flow is Flow.PAYOUT]
    return one.flow is Flow.PAYOUT and is_missing and any(may_wait(item) for item in stated)


def told(
    findings: Iterable[Finding], may_wait: Callable[[Item], bool], known: Collection[str]
) -> list[Finding]:  # fmt: skip
    """Return the disagreements without payouts that are on their way; what is known to be open stays named.

    Args:
        findings: all of them.
        may_wait: says of the provider's line of a payout whether its agreed days are still running.
        known: fingerprints of the breaks that are open.
    """
    return [one for one in findings if one.fingerprint in known or not is_under_way(one, may_wait)]
