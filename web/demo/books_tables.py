"""What the story prints about a completed month: who did what, in the order in which it happened."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rich.table import Table

from web.demo.days import MONTH, NEXT_MONTH
from web.demo.stage import Told


def completed(told: Told) -> Table:
    """Return how the month of a place was settled, paid, compared and closed."""
    table = Table(title=f"{told.place.title} · {MONTH} 从迟到用量到结账", title_justify="left")
    for heading in ("事项", "经手人", "结果"):
        table.add_column(heading, overflow="fold")
    for row in _rows(told):
        table.add_row(*row)
    return table


def _rows(told: Told) -> list[tuple[str, str, str]]:
    books, run, following = told.books, told.run, told.runs[NEXT_MONTH]
    notice, objection, closing = books["notice"], books["objection"], books["closing"]
    batch, states = books["batches"][0], [payout["state"] for payout in books["payouts"]]
    netted = sum(Decimal(payout["netted"]) for payout in books["next_payouts"])
    owed = sum(Decimal(one["amount"]) for one in books["clawbacks"])
    breaks = "、".join(f"{one['number']}（{one['difference']} 元）" for one in books["breaks"])
    return [
        ("贡献公示与异议", f"{notice['drawn_by_name']}、{notice['opened_by_name']}、{objection['decided_by_name']}",
         f"{notice['number']} 公示至 {notice['objection_until']}；异议 {objection['number']} 不予采纳"),
        ("结算", _people(run, "prepared_by_name", "checked_by_name", "sealed_by_name"),
         f"{run['number']} 已封存，出具结算单 {run['totals']['statements']} 张"),
        ("拨付", _people(batch, "prepared_by", "checked_by", "sent_by"),
         f"到账 {states.count('confirmed')} 笔，退回后重发 {states.count('returned')} 笔"),
        ("拨付后退款", "", f"应收 {owed} 元，次月 {following['number']} 抵扣 {netted} 元，国库不抵扣"),
        ("对账", books["reconciliation"]["made_by_name"], f"{breaks} 已说明并由另一人关闭"),
        ("结账", _people(closing, "started_by_name", "closed_by_name"), f"凭证截至第 {closing['last_voucher']} 号"),
    ]  # fmt: skip


def _people(made: dict[str, Any], *names: str) -> str:
    return "、".join(str(made[name]) for name in names)
