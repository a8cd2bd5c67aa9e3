"""What may be reconciled: days that are over. Pure."""

from __future__ import annotations

from datetime import date

from kernel.calendar import Period
from kernel.errors import Conflict


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
