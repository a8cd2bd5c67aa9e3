"""What the story prints: for each place who bought what and why at that price, who got what, and what was refused."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from pricing.exemptions.rules import PURPOSE_TITLES, Purpose
from pricing.tariffs.rules import PriceReason, Regime
from registry.calls.rules import METHOD_TITLES, SelectionMethod
from registry.parties.rules import CAPACITY_TITLES, Capacity
from settlement.splits.rules import PayeeKind
from web.demo import books_tables, market_tables, price_tables
from web.demo.stage import Told

REGIMES = {
    Regime.GOV_GUIDED: ("政府指导价，不高于上限", "PRC-05"),
    Regime.TRIAL: ("试行收费标准", "PRC-06"),
    Regime.MARKET_VALUE_BASED: ("按数据应用价值定价", "PRC-01"),
}
FREE = {
    PriceReason.PUBLIC_INTEREST: ("公益用途，免费提供", "PUB-01"),
    PriceReason.SOURCE_REUSE: ("数源部门无偿回用", "REU-01"),
}
PAYEES = {
    PayeeKind.OWN_ACCOUNT: "本单位账户",
    PayeeKind.TREASURY_NON_TAX: "国库（非税收入）",
    PayeeKind.HELD: "暂挂（缺收款规则）",
}
NOTHING = "0.00"
WIDTH_OF_A_FILE = 160


def reason_of(told: Told, order: dict[str, Any]) -> tuple[str, str]:
    """Return why an order costs what it costs, and the rule."""
    reason = PriceReason(order["reason"])
    if reason in FREE:
        return FREE[reason]
    tariff = next(found for found in told.tariffs if found["id"] == order["tariff_id"])
    words, rule = REGIMES[Regime(tariff["regime"])]
    return f"{words}，{_price(tariff['model'])}", rule


def _price(model: dict[str, Any]) -> str:
    """Return a tariff model of the story in words."""
    if model["model"] == "package":
        return f"每 {model['package_size']} 次 {model['package_price']} 元"
    if model["model"] == "per_unit":
        return f"每次 {model['unit_price']} 元"
    first, second = model["tiers"]
    whole = "全部" if model["model"] == "volume" else "超出部分"
    return f"{first['up_to']} 次以内每次 {first['unit_price']} 元，以上{whole}每次 {second['unit_price']} 元"


def orders(told: Told) -> Table:
    """Return the purchases of a place: who bought what for which purpose, the price and why."""
    table = Table(title=f"{told.place.title} · 谁买了什么，为什么是这个价", title_justify="left")
    table.add_column("订单", no_wrap=True)
    for heading in ("购买方", "产品", "用途"):
        table.add_column(heading, overflow="fold")
    for heading in ("购买量", "已用", "金额（元）"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("缘由（规则）", overflow="fold")
    for purchase in told.place.purchases:
        order = told.orders[purchase.key]
        words, rule = reason_of(told, order)
        shadow = "" if order["amount"] != NOTHING else f"，免收 {order['shadow_amount']}"
        table.add_row(
            order["number"], told.place.organisation(purchase.buyer).name, told.place.product(purchase.product).title,
            PURPOSE_TITLES[Purpose(purchase.purpose)], str(purchase.quantity), str(told.used.get(purchase.key, 0)),
            order["amount"], f"{words}（{rule}）{shadow}",
        )  # fmt: skip
    if told.ceiling:
        caps = "、".join(f"{cap['amount']} 元" for cap in told.ceiling["caps"])
        table.caption = (
            f"最高准许收入 {told.ceiling['max_permitted_revenue']} 元（PRC-02）；上限收费标准 {caps}（PRC-04）"
        )
    return table


def shares(told: Told) -> Table:
    """Return who got what of the month: amount, where the money goes, the step of the schedule and the rule."""
    totals = told.run["totals"]
    title = (
        f"{told.place.title} · 结算 {told.run['number']}：收入 {totals['gross']} 元 − 税 {totals['tax']} 元"
        f" = 可分配 {totals['net']} 元"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("得款方", overflow="fold")
    table.add_column("金额（元）", justify="right", no_wrap=True)
    for heading in ("收款去向", "分配方案（示例约定）", "规则"):
        table.add_column(heading, overflow="fold")
    for share in told.shares:
        payee = PAYEES[PayeeKind(share["payee"])]
        table.add_row(share["name"], share["amount"], payee, f"{share['product']}：{share['step']}", share["rule"])
    return table


def gates(told: Told) -> Table:
    """Return why the first product of a place may be sold: every gate with its fact, rule and article."""
    product = told.products[told.place.products[0].key]
    explained = told.gates[told.place.products[0].key]
    answer = "可以挂牌" if explained["all_open"] else "不能挂牌"
    title = f"{told.place.title} · {product['title']}（{product['code']}）为何{answer}（{explained['on']}）"
    table = Table(title=title, title_justify="left")
    table.add_column("前置条件", overflow="fold")
    table.add_column("满足", no_wrap=True)
    for heading in ("事实", "规则与条款"):
        table.add_column(heading, overflow="fold")
    for gate in explained["gates"]:
        table.add_row(
            gate["title"], "是" if gate["open"] else "否", gate["fact"], f"{gate['rule']} {gate['article']}".strip()
        )
    return table


def refusals(told: Told) -> Table:
    """Return what was tried at a place and refused."""
    table = Table(title=f"{told.place.title} · 被拒绝的做法", title_justify="left")
    for heading in ("做法", "规则", "回答"):
        table.add_column(heading, overflow="fold")
    for refusal in told.refusals:
        table.add_row(refusal.attempt, refusal.rule or refusal.code, refusal.words)
    return table


def differences(tolds: list[Told]) -> Table:
    """Return what the law makes different between the places, read off what happened there."""
    table = Table(title="五地有何不同", title_justify="left")
    table.add_column("事项", no_wrap=True)
    for told in tolds:
        table.add_column(told.place.title, overflow="fold")
    for heading, cell in ROWS:
        table.add_row(heading, *(cell(told) for told in tolds))
    return table


def _seller(told: Told) -> str:
    seller = told.place.organisation(told.place.products[0].seller)
    return CAPACITY_TITLES[seller.capacities[0]]


def _term(told: Told) -> str:
    term = f"{told.agreement['term_start']} 起 {_years(told)} 年"
    return term + ("，另设试运营期" if told.agreement["trial_start"] else "")


def _years(told: Told) -> int:
    return int(told.agreement["term_end"][:4]) - int(told.agreement["term_start"][:4])


def _reviewers(told: Told) -> str:
    seats = next(iter(told.requests.values()))["opinions"]
    words = [
        CAPACITY_TITLES[Capacity(seat["capacity"])] + ("（沉默视为同意）" if seat["deemed"] else "") for seat in seats
    ]
    return "、".join(dict.fromkeys(words))


def _stages(told: Told) -> str:
    review = told.products[told.place.products[0].key]["review"]
    seats = [stage["title"] for stage in review["stages"] if stage["round_number"] == review["round_number"]]
    return " → ".join(seats) + ("（退回补正一次）" if review["round_number"] > 1 else "")


def _regime(told: Told) -> str:
    return REGIMES[Regime(told.tariffs[0]["regime"])][0]


def _venue(told: Told) -> str:
    return told.place.products[0].venue or "未作要求"


def _free_uses(told: Told) -> str:
    found = [(order, reason_of(told, order)[1]) for order in told.orders.values() if order["amount"] == NOTHING]
    return "、".join(f"{order['amount']}（{rule}）" for order, rule in found)


def _plan_stages(told: Told) -> str:
    return " → ".join(stage["title"] for stage in told.plan["review"]["stages"])


def _selection(told: Told) -> str:
    words = METHOD_TITLES[SelectionMethod(told.call["method"])]
    words += "，专家评审" if told.place.procedure.authorization.by_expert else ""
    words += "，政府审定资格" if told.selection["status_approval_record"] else ""
    return words + ("，结果报省政府备案" if told.selection["filing_reference"] else "")


def _people(told: Told) -> str:
    return "岗前培训合格方可开通" if told.trainings else "未另作要求"


def _security(told: Told) -> str:
    found = told.security_review
    return f"基本、技术两项，{found['valid_until']} 前有效" if found else "未另作要求"


def _partner(told: Told) -> str:
    return "、".join(admission["statements"][-1]["name"] for admission in told.admissions.values()) or "—"


def _service(told: Told) -> str:
    found = told.service_agreement
    return f"{found['text']['title']}，双方签署" if found else "未另作要求"


def _egress(told: Told) -> str:
    return "每一版本出域前核查" if told.egress else "未另作要求"


def _local(told: Told) -> str:
    return "、".join(f"{record['issuer']}" for record in told.records.values()) or "未另作要求"


def _binding(told: Told) -> str:
    """Return the gates that bind here and not everywhere."""
    held = {
        "service_agreement": told.service_agreement, "emergency_plan": told.emergency,
        "operator_trained": told.trainings, "operator_reviewed": told.security_review, "egress_passed": told.egress,
        "local_register": told.records,
    }  # fmt: skip
    gates = told.gates[told.place.products[0].key]["gates"]
    return "；".join(f"{gate['title']}（{gate['rule']}）" for gate in gates if held.get(gate["code"])) or "无"


def _plan(told: Told) -> str:
    return "无预案不得运营" if told.agreement["emergency_plan_sha256"] else "未另作要求"


def _institution(told: Told) -> str:
    kinds = {share["payee"] for share in told.shares if share["kind"] == "public_institution"}
    return "、".join(PAYEES[PayeeKind(kind)] for kind in sorted(kinds)) or "未参与分配"


def _administration(told: Told) -> str:
    kinds = {share["payee"] for share in told.shares if share["kind"] == "administrative_unit"}
    return "、".join(PAYEES[PayeeKind(kind)] for kind in sorted(kinds)) or "未参与分配"


ROWS = (
    ("方案审议", _plan_stages),
    ("选择运营机构", _selection),
    ("自助入驻", _partner),
    ("人员", _people),
    ("安全审核", _security),
    ("谁出售", _seller),
    ("协议期限", _term),
    ("应急预案", _plan),
    ("服务、开发协议", _service),
    ("数据申请由谁审核", _reviewers),
    ("产品审查环节", _stages),
    ("出域核查", _egress),
    ("当地登记备案", _local),
    ("当地另加的前置条件", _binding),
    ("定价方式", _regime),
    ("最高准许收入的程序", price_tables.procedure),
    ("收入余量（已实现/准许）", price_tables.headroom),
    ("交易场所", _venue),
    ("免费使用", _free_uses),
    ("行政单位的份额", _administration),
    ("事业单位的份额", _institution),
)


def show(console: Console, tolds: list[Told]) -> None:
    """Print everything; into a file or a pipe in a width at which tables can be read."""
    if not console.is_terminal:
        console = Console(file=console.file, width=WIDTH_OF_A_FILE)
    for told in tolds:
        console.rule(f"[bold]{told.place.title}[/]")
        about_prices = [price_tables.prices(told)] if price_tables.rows(told) else []
        about_market = [market_tables.market(told)] if market_tables.rows(told) else []
        about_books = [books_tables.completed(told)] if told.place.books is not None else []
        shown = (gates(told), *about_prices, orders(told), *about_market, shares(told), *about_books, refusals(told))
        for table in shown:
            console.print(table)
    console.rule("[bold]五地对照[/]")
    console.print(differences(tolds))
