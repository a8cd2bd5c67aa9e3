"""Explaining one line of a statement as one tree, from the amount down to the events; every amount worked out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from kernel.calendar import BEIJING, DAY
from kernel.errors import DomainError
from kernel.explanations import node
from kernel.identity import Actor
from kernel.money import Money, decimal_text, total
from settlement.corrections.rules import together
from settlement.explanations.rules import Check, gross_of, part_of_line, poured_again, tax_of
from settlement.metering.queries import Day
from settlement.splits.queries import agreed
from settlement.statements.rules import PAYEES, REASONS
from settlement.traces import queries as traces
from settlement.traces.queries import Group, Kept, Traced

AGREED = {"number": "国数综资〔2025〕27号", "article": "第十四条（七）", "rule": "REV-01"}
PRICED = {"number": "发改价格〔2025〕65号", "article": "三（二）", "rule": "PRC-05"}
CAPPED = {"number": "发改价格〔2025〕65号", "article": "三（二）", "rule": "PRC-03"}
PAID_TO = {"number": "国数综资〔2025〕27号", "article": "第十四条（七）", "rule": "REV-05"}
STEPS = {
    "fixed": "固定金额", "rate": "按比例", "recover": "先收回成本", "pool": "按贡献分配", "rest": "余额",
}  # fmt: skip
TOLD_BESIDE = ("schedule", "version", "kind", "party", "value")  # of a clause: said in other words


@dataclass(frozen=True, slots=True)
class Explanation:
    """One line of a statement: what it says, the tree, and what was worked out again."""

    statement: str
    line: int
    said: dict[str, Any]
    amount: str
    tree: dict[str, Any]
    checks: list[Check]
    days: dict[date, Day]

    @property
    def agrees(self) -> bool:
        """Say whether everything that was worked out again is what was booked."""
        return all(check.agrees for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Return it as the API gives it."""
        return {
            "statement": self.statement, "line": self.line, "said": self.said, "amount": self.amount,
            "agrees": self.agrees, "tree": self.tree,
            "checks": [{**asdict(check), "agrees": check.agrees} for check in self.checks],
            "days": [
                {"day": day.isoformat(), "calls": used.calls, "hits": used.hits, "units": used.units}
                for day, used in self.days.items()
            ],
        }  # fmt: skip


def explain(session: Session, actor: Actor, number: str, line: int) -> Explanation:
    """Explain one line of a statement, counted from 1: why this amount, by which clause, from which events.

    Raises:
        NoSuchStatement: there is none that the actor may know of.
        NoSuchLine: it has no such line.
    """
    one = traces.traced(session, actor, number, line)
    days, kept = traces.days_of(session, one), traces.kept_of(session, one.run.id)
    checks: list[Check] = []
    parts: list[dict[str, Any] | None] = [_share(session, one, kept, checks)] if one.share is not None else []
    parts += [_net(one, kept, checks), _gross(one, checks), _use(one, days, checks)]
    parts += [_voucher(session, one, checks), _approvals(one)]
    amount = str(one.line["share"])
    words = f"{one.product.title} · {one.order.number} · {STEPS.get(_kind(one), '免费使用')}"
    tree = node(f"本单位分得：{words}", amount, lines=[part for part in parts if part is not None])
    return Explanation(number, line, one.line, amount, tree, checks, days)


def _kind(one: Traced) -> str:
    return str((one.line["rule"] or {}).get("kind", ""))


def _share(session: Session, one: Traced, kept: Kept, checks: list[Check]) -> dict[str, Any]:
    """Explain how much of the line the party got: the step, the group that was divided, the part of this line."""
    assert one.share is not None
    group = traces.group_of(session, one, kept)
    step, uscc = one.share.step, one.issued.uscc
    part = part_of_line(group.held, one.entitlement.number, group.given)
    checks.append(Check("本行分得 · share of this line", part.text(), str(one.line["share"])))
    checks.append(Check("分配明细 · booked share", one.share.amount.text(), str(one.line["share"])))
    left = Money(sum(held.left for held in group.held))
    own = Money(next(held.left for held in group.held if held.entitlement == one.entitlement.number))
    return node(
        f"第 {step} 步：{STEPS[_kind(one)]}", part.text(),
        formula=f"{group.given.text()} × {own.text()} ÷ {left.text()}，最大余额法",
        source=AGREED,
        lines=[_clause(session, one), _step(one, group, uscc, checks),
               node("收款方式", f"{PAYEES[one.share.payee_kind]}（{REASONS[one.share.reason_code]}）", source=PAID_TO)],
    )  # fmt: skip


def _clause(session: Session, one: Traced) -> dict[str, Any]:
    schedule, rule = one.schedule, one.line["rule"]
    assert schedule is not None
    signed = [node(f"签署：{name}", _moment(at)) for name, at in traces.signatures(session, schedule.id)]
    said = {name: value for name, value in rule.items() if name not in TOLD_BESIDE}
    terms = "，".join([*_portion(rule), *(f"{name} {_plain(value)}" for name, value in said.items())])
    words = f"协议 {one.agreement.number} 分配方案 {schedule.number} 第 {schedule.version_number} 版"
    return node(
        f"{words}第 {one.line['step']} 步", f"自 {schedule.valid_from} 起", formula=terms, source=AGREED, lines=signed,
    )  # fmt: skip


def _portion(rule: Mapping[str, Any]) -> list[str]:
    """Return the figure of a step as people read it: a rate in per cent, an amount as it is."""
    if "value" not in rule:
        return []
    return [_percent(Decimal(str(rule["value"]))) if rule["kind"] in ("rate", "pool") else str(rule["value"])]


def _percent(rate: Decimal) -> str:
    return f"{decimal_text(rate * 100)}%"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return "（" + "、".join(f"{key} {_plain(one)}" for key, one in value.items()) + "）"
    return str(value)


def _step(one: Traced, group: Group, uscc: str, checks: list[Check]) -> dict[str, Any]:
    """Explain what the step gave all parties, of everything that was divided together."""
    assert one.schedule is not None
    assert one.share is not None
    step = one.share.step
    found = {party: amount.text() for party, amount in sorted(group.out[step].items()) if amount}
    poured = next((kept for kept in group.steps if kept["step"] == step), None)
    moved = {party: Money.signed_yuan(text) for party, text in ((poured or {}).get("corrected") or {}).items()}
    try:
        division = poured_again(
            agreed(one.schedule).schedule, weights=group.weights, earlier=group.earlier, now=group.now,
            gross=group.gross, tax=group.tax, on=one.run.period_end - DAY,
        )  # fmt: skip
        out = together(division.steps[step - 1].out, moved)
        again = {party: amount.text() for party, amount in sorted(out.items()) if amount}
        checks.append(Check(f"第 {step} 步分给各方 · given to the parties", _pairs(again), _pairs(found)))
    except DomainError as refusal:
        # a step that counts over the term by figures of its own: what the settlement kept is all there is
        kept = {} if poured is None else {party: text for party, text in poured["out"].items() if text != "0.00"}
        checks.append(Check(f"第 {step} 步（{refusal.code}）", _pairs(kept), _pairs(found)))
    lines = [node(party, text + ("（本单位）" if party == uscc else "")) for party, text in found.items()]
    if poured is not None:
        lines = [node("本步之前尚未分配", poured["inflow"]), *lines, node("本步之后尚未分配", poured["left"])]
    lines += [node(f"更正以前各期（贡献异议已采纳） {party}", amount.text()) for party, amount in sorted(moved.items())]
    weights = group.weights.get(str(step), {})
    lines += [node(f"贡献权重 {party}", weight) for party, weight in sorted(weights.items())]
    return node(
        f"同一方案一并分配的 {len(group.held)} 笔收入", (group.gross - group.tax).text(),
        formula=f"{group.gross.text()} − 税 {group.tax.text()}", lines=lines,
    )  # fmt: skip


def _pairs(out: Mapping[str, str]) -> str:
    return "，".join(f"{party} {text}" for party, text in sorted(out.items()))


def _net(one: Traced, kept: Kept, checks: list[Check]) -> dict[str, Any]:
    vat, line = kept.vat, one.revenue
    rate = traces.rate_of_tax(one, vat)
    net, tax = tax_of(line.gross, rate)
    checks.append(Check("不含税收入 · net", net.text(), line.net.text()))
    checks.append(Check("税额 · tax", tax.text(), line.tax.text()))
    words = "免税或免费" if rate is None or not line.gross else f"税率 {_percent(rate)}"
    return node(
        "不含税收入", net.text(), formula=f"{line.gross.text()} − {tax.text()}", source=vat,
        lines=[node(f"销项税额（{words}）", tax.text())],
    )  # fmt: skip


def _gross(one: Traced, checks: list[Check]) -> dict[str, Any]:
    rating = one.revenue.rating
    gross, rated = gross_of(rating)
    checks.append(Check("含税收入 · gross", gross.text(), one.revenue.gross.text()))
    lines = [
        node(f"第 {line.band} 档" if line.band else (line.adjustment or "打包"), decimal_text(line.exact),
             formula=f"{decimal_text(line.quantity)} × {line.unit_price.text()}")
        for line in (rated.lines if rated else ())
    ]  # fmt: skip
    if rating["basis"] == "free":
        return node("含税收入", gross.text(), lines=[node("公益用途免费", "0.00"), _tariff(one)])
    lines += [
        node("截至本期累计", rating["cumulative"]), node("此前各期已结算", rating["before"]),
        node("订单金额（累计上限）", rating["limit"]), _tariff(one),
    ]  # fmt: skip
    if rating.get("hold"):
        lines.append(node("争议或未会签而暂不结算（DSP-04）", _plain(rating["hold"])))
    return node("含税收入", gross.text(), formula=f"{rating['cumulative']} − {rating['before']}", lines=lines)


def _tariff(one: Traced) -> dict[str, Any]:
    """Explain the price: the tariff, the cap over it, the permitted revenue behind the cap."""
    if one.tariff is None:
        return node("收费标准", "无")
    lines = []
    if one.cap is not None:
        over = []
        if one.ceiling is not None:
            over.append(
                node(f"最高准许收入 {one.ceiling.number}（{one.ceiling.year} 年）",
                     one.ceiling.max_permitted_revenue.text(), source=_first(one.ceiling.sources))
            )  # fmt: skip
        lines.append(
            node(f"上限收费标准（书面报告 {one.cap.report_number}，{one.cap.report_date}）", one.cap.amount.text(),
                 formula=f"{one.tariff.unit_price_max.text()} ≤ {one.cap.amount.text()}", source=CAPPED, lines=over)
        )  # fmt: skip
    agreed_price = one.revenue.rating.get("agreed")
    words = f"协商价格 {agreed_price}" if agreed_price else f"收费标准 {one.tariff.number}"
    return node(
        f"{words}，自 {one.tariff.effective_from} 起", one.tariff.unit_price_max.text(),
        source=_first(one.tariff.sources) or PRICED, lines=lines,
    )  # fmt: skip


def _first(sources: list[Any]) -> Any:
    return sources[0] if sources and isinstance(sources[0], dict) else None


def _use(one: Traced, days: Mapping[date, Day], checks: list[Check]) -> dict[str, Any]:
    line = one.revenue
    units = sum(used.units for used in days.values())
    checks.append(Check("本期用量 · units used", str(units), str(line.quantity)))
    lines = [
        node(day.isoformat(), str(used.units), formula=f"{used.calls} 次调用，查得 {used.hits} 次")
        for day, used in sorted(days.items())
    ]
    kinds = line.rating.get("subject_kinds", {})
    lines += [node(f"累计计费 {kind or '全部'}", f"{billable} / {used}") for kind, (used, billable) in kinds.items()]
    if line.rating.get("dedup_days"):
        lines.append(node("同一对象重复查询按一次计费", f"{line.rating['dedup_days']} 日内"))
    return node(f"使用：{one.entitlement.number}", str(units), formula=f"其中计费 {line.billable}", lines=lines)


def _voucher(session: Session, one: Traced, checks: list[Check]) -> dict[str, Any] | None:
    found = traces.entry_of(session, one)
    if found is None:
        return None
    header, legs = found
    checks.append(Check("凭证收入 · booked revenue", legs[0].amount.text(), one.revenue.gross.text()))
    own = [leg for leg in legs if leg.account.endswith(f":{one.issued.uscc}")] if one.share is not None else []
    lines = [node(leg.account, leg.amount.text()) for leg in (legs[0], *own)]
    if len(legs) > len(lines):
        rest = total(leg.amount for leg in legs) - total(leg.amount for leg in (legs[0], *own))
        lines.append(node(f"税金和其他各方（{len(legs) - len(lines)} 行）", rest.text()))
    return node(f"凭证 {header.place} {header.year}-{header.number}", str(header.entry_date), lines=lines)


def _approvals(one: Traced) -> dict[str, Any]:
    """Explain who stood for it, by their roles: persons are named to auditors only, elsewhere."""
    run = one.run
    steps = [("结算编制人", run.prepared_at), ("结算复核人（另一人）", run.checked_at), ("封存", run.sealed_at)]
    lines = [node(role, _moment(at)) for role, at in steps if at is not None]
    if one.tariff is not None:
        lines.append(node("收费标准公布", _moment(one.tariff.published_at)))
    if one.cap is not None:
        lines.append(node("上限收费标准书面报告", _moment(one.cap.reported_at)))
    return node(f"结算 {run.number}", f"底稿摘要 {run.report_sha256}", lines=lines)


def _moment(at: datetime) -> str:
    """Return a moment as people read it: Beijing time, to the minute."""
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
