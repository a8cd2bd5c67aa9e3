"""One settlement at the terminal: work it out, show who gets what under which step, store it for checking."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from kernel import clock, db, progress
from kernel.calendar import Period, business_date
from kernel.http import policy_book
from kernel.identity import Actor, Permission
from settlement.runs import commands
from settlement.runs.queries import of_period
from settlement.runs.rules import RunEvent, after, must_be_over
from settlement.usage.queries import grace_hours
from settlement.usage.rules import cut_of_preview
from settlement.workings.queries import Worked, work_out
from web.labels import state_label
from web.terminal_progress import shown


def settle(actor: Actor, place: str, period: Period, dry_run: bool, console: Console) -> None:
    """Prepare the settlement of a place; with ``dry_run`` nothing is written.

    Raises:
        NotAllowed: the actor prepares no settlements.
        PeriodNotOver: the period has not ended.
        WrongState: the settlement of the period is sealed.
    """
    actor.must(Permission.SETTLEMENT_PREPARE, place=place)
    now, book = clock.now(), policy_book()
    must_be_over(period, business_date(now))
    known = of_period(db.session(), place, period)
    if known is not None:
        after(known.state, RunEvent.PREPARE)  # a sealed month has nothing left to try
    until = cut_of_preview(period, grace_hours(book, place, period.last_day), now)
    said = "仅试算，未写入。"
    steps = 1 if dry_run else 2
    with shown(console), progress.track("settlement.run", steps, about=f"{place} {period.text()}") as run_on:
        worked = work_out(db.session(), place=place, period=period, received_until=until, book=book)
        table = table_of(worked)
        run_on.step()
        if not dry_run:
            with db.transaction() as session:
                run = commands.prepare(session, actor, place=place, period=period, now=now, book=book)
                said = f"{run.number} 已编制，待他人复核后封存。"
            run_on.step()
    console.print(table)
    for parked in worked.parked:
        console.print(f"  暂缓：{parked.sale.order.number} {parked.detail}")
    console.print(f"{period.text()} {place}：{said}")


def table_of(worked: Worked) -> Table:
    """Return who gets what: party, amount, account, step of the schedule, over all products."""
    totals = worked.totals()
    title = f"收入 {totals['gross']} 元（含税 {totals['tax']} 元），净额 {totals['net']} 元，共 {totals['lines']} 笔"
    table = Table("产品", "步骤", "收款方", "去向", "金额（元）", title=title)
    summed: dict[tuple[str, int, str, str], int] = {}
    for share in worked.shares:
        key = (share.line.sale.product.code, share.step, share.party.name, state_label(share.payee.kind))
        summed[key] = summed.get(key, 0) + share.amount.fen
    for (code, step, name, payee), fen in sorted(summed.items()):
        table.add_row(code, str(step), name, payee, f"{fen // 100:,}.{fen % 100:02d}")
    return table
