"""What the story prints about prices beside the orders: how they came about, and what was watched afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from pricing.charges.rules import KIND_TITLES as CHARGE_TITLES
from pricing.charges.rules import ChargeKind
from pricing.complaints.rules import STATE_TITLES as COMPLAINT_TITLES
from pricing.complaints.rules import ComplaintState
from pricing.determinations.rules import EVENT_TITLES, STATE_TITLES, DeterminationEvent, DeterminationState
from pricing.misuses.rules import STATE_TITLES as MISUSE_TITLES
from pricing.misuses.rules import MisuseState
from web.demo.stage import Told

Row = tuple[str, str, str]
APPLIED = "提出书面申请"


def prices(told: Told) -> Table:
    """Return how the prices of a place came about and what happened about them, each with its rule."""
    table = Table(title=f"{told.place.title} · 价格如何制定、如何监测", title_justify="left")
    for heading in ("事项", "事实", "规则"):
        table.add_column(heading, overflow="fold")
    for row in rows(told):
        table.add_row(*row)
    return table


def rows(told: Told) -> list[Row]:
    """Return what there is to say about the prices of a place."""
    return [*_survey(told), *_steps(told), *_headroom(told), *_charges(told), *_watched(told)]


def _survey(told: Told) -> Iterator[Row]:
    for effect in told.ceiling.get("effects", []):
        change = f"更正分摊依据后由 {effect['amount_before']} 元变为 {effect['amount_after']} 元"
        yield "成本调查", f"{effect['text']}的产业、行业部分{change}，其余各行不变", "PRC-09"


def _steps(told: Told) -> Iterator[Row]:
    found = told.ceiling.get("determination") or told.early
    for step in found.get("steps", []):
        title = EVENT_TITLES[DeterminationEvent(step["event"])] if step["event"] else APPLIED
        note = f"：{step['note']}" if step["note"] else ""
        yield title, f"{step['at'][:10]} {step['actor_name']}{note}", "PRC-06" if told.early else "PRC-03"
    if found:
        state = STATE_TITLES[DeterminationState(found["phase"])]
        yield "定价程序", f"{found['number']} {state}", "PRC-03"


def _headroom(told: Told) -> Iterator[Row]:
    if told.headroom:
        whole = told.headroom["whole"]
        alarms = len(told.headroom["alarms"])
        fact = f"已实现 {whole['accrued']} 元，尚余 {whole['left']} 元，预警 {alarms} 项"
        yield "收入余量", f"{fact}（至 {told.headroom['reading']['until']} 前一日）", "PRC-07"


def _charges(told: Told) -> Iterator[Row]:
    if told.charges:
        kinds = "、".join(f"{CHARGE_TITLES[ChargeKind(one['kind'])]} {one['amount']}" for one in told.charges["kinds"])
        yield "平台费用", f"{told.charges['month']} 共 {told.charges['total']} 元：{kinds}", "CST-01"
        survey = told.charges["survey"]
        drawn = sum(line["charge"] is not None for line in survey["lines"])
        yield "计入成本", f"{survey['number']} 列入 {drawn} 笔，各列一次", "CST-02"


def _watched(told: Told) -> Iterator[Row]:
    if told.misuse:
        found, lines = told.misuse, told.misuse["lines"]
        days = "、".join(f"{line['day']} {line['units']} 次 {line['amount']} 元" for line in lines)
        state = MISUSE_TITLES[MisuseState(found["state"])]
        yield "改作他用", f"{found['number']} {state}：只补收 {days}", "PUB-02"
    if told.complaint:
        found = told.complaint
        yield (
            "收费投诉",
            f"{found['number']} {COMPLAINT_TITLES[ComplaintState(found['state'])]}：{found['decided_reason']}",
            "PRC-11",
        )
    if told.renewal:
        found = told.renewal
        yield "免费续期", f"{found['number']} 自 {found['valid_from']} 至 {found['valid_until']}，重新审批", "PUB-02"


def procedure(told: Told) -> str:
    """Return in short how the permitted revenue of a place came about."""
    if told.early:
        return "未满完整年度，申请未获认可，执行试行收费"
    steps = told.ceiling.get("determination", {}).get("steps", [])
    people = list(dict.fromkeys(step["actor_name"] for step in steps))
    return f"申请、评估、拟定、另一人确认、书面报告（{'、'.join(people)}）" if people else "不核定最高准许收入"


def headroom(told: Told) -> str:
    """Return in short what was earned of what is permitted."""
    if not told.headroom:
        return "—"
    return f"{told.headroom['whole']['accrued']} / {told.headroom['permitted']}"
