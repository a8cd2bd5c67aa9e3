"""The checklist of a month at the terminal: what stands in the way of closing it; two people close it on the site."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kernel import clock, db
from kernel.calendar import Period
from kernel.http import policy_book, working_calendar
from kernel.identity import Actor, Permission
from settlement.closing import checks
from settlement.closing.rules import BLOCKER_TITLES, must_be_a_month


def check_list(actor: Actor, place: str, period: Period, console: Console) -> int:
    """Print the checklist of a month; return how many items are not clear. Nothing is written.

    Raises:
        NotAllowed: the actor prepares no settlements.
        NotAMonth: the period is not a calendar month.
    """
    actor.must(Permission.SETTLEMENT_PREPARE, place=place)
    policy_book().place(place)
    must_be_a_month(period)
    items = checks.run(db.session(), checks.Asked(place, period, clock.now(), working_calendar()))
    table = Table("事项", "结果", "说明", title=f"{place} {period.text()} 结账检查")
    for item in items:
        table.add_row(BLOCKER_TITLES[item.blocker], f"{item.count} 项" if item.count else "通过", escape(item.detail))
    console.print(table)
    return sum(item.count > 0 for item in items)
