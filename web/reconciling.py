"""A reconciliation at the terminal: take the provider's report, compare the sides, name every break."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from kernel import clock, db
from kernel.calendar import Period
from kernel.errors import DomainError
from kernel.http import policy_book, working_calendar
from kernel.identity import Actor
from settlement.breaks import queries as breaks
from settlement.breaks.pages import word
from settlement.provider_lines import commands as reports
from settlement.reconciliation import commands, queries
from web import fetching

SHOWN_MAX = 50


def reconcile(
    actor: Actor, place: str, period: Period, report: Path | None, compare: str | None, console: Console, *,
    fetch: bool = False,
) -> bool:  # fmt: skip
    """Reconcile a period of a place and print what disagrees; with ``compare``, what has changed since that run.

    Return whether everything agrees. ``fetch`` asks the provider first, before anything is written.

    Raises:
        DomainError: the report is wrong, the period is not over, or the place is unknown; nothing was written.
    """
    if compare is not None:
        return _compare(actor, compare, console)
    if fetch:
        made = fetching.fetch(actor, place, period)
        console.print(f"取得支付机构明细 {made.row_count} 行，其中早先已有 {made.known} 行。")
        for name in made.mixed[:SHOWN_MAX]:
            console.print(f"  结算 {name} 含几个地方的款项，未保存；请按地方分别导入明细。", markup=False)
    try:
        with console.status("正在对账 …"), db.transaction() as session:
            if report is not None:
                reports.import_file(session, actor, place=place, file_name=report.name, content=report.read_bytes(),
                                    now=clock.now(), book=policy_book())  # fmt: skip
            came = fetching.recognise(session, actor, place, clock.now())
            run = commands.reconcile(
                session,
                actor,
                place=place,
                period=period,
                now=clock.now(),
                book=policy_book(),
                calendar=working_calendar(),
            )
    except DomainError as refusal:
        for error in refusal.errors[:SHOWN_MAX]:
            console.print(f"  {error.get('message', '')}", markup=False, soft_wrap=True)
        raise
    if came:
        console.print(f"识别支付机构结算到账 {came} 笔。")
    table = Table("编号", "类型", "单号", title=f"{run.number} {period.text()}：差异 {len(run.found)} 笔")
    for number, kind, reference in run.found[:SHOWN_MAX]:
        table.add_row(number, word(kind), reference)
    if run.found:
        console.print(table)
    for one in run.gone[:SHOWN_MAX]:
        console.print(f"  早先见过、现已不在：{word(one['side'])} {one['key']} {one['words']}", markup=False)
    late = queries.uncleared(db.session(), clock.now(), calendar=working_calendar(), places=[place])
    for left in late[:SHOWN_MAX]:
        console.print(f"  逾期未清：{left.account} 自 {left.since} {left.amount.text()} 元", markup=False)
    for one in queries.under_way(db.session(), clock.now(), book=policy_book(), calendar=working_calendar(),
                                 places=[place])[:SHOWN_MAX]:  # fmt: skip
        console.print(f"  在途：结算 {one.reference} {one.amount.text()} 元，最迟 {one.due} 到账", markup=False)
    waiting = len(breaks.unfinished(db.session(), place))
    console.print(f"{run.number}：新发现 {run.new_breaks} 笔，核平 {run.healed} 笔，未关闭共 {waiting} 笔。")
    return not run.found and not run.gone


def _compare(actor: Actor, number: str, console: Console) -> bool:
    session = db.session()
    found = queries.changes(session, queries.visible(session, actor, number))
    words = {"gone": "已不在", "changed": "已改变", "new": "新增"}
    for one in found[:SHOWN_MAX]:
        console.print(f"  {words[one.what]}：{word(one.side)} {one.key} {one.words} {one.now}", markup=False)
    console.print(f"{number}：与当时所见相比有 {len(found)} 处不同。")
    return not found
