"""Prices, caps and ceilings worked out again from the rows (B1–B4): amounts, explanations, caps of every day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from web.checker.arithmetic import FEN, UNITS, ZERO, cost, fen, telling_quantities
from web.checker.digests import digest, parsed
from web.checker.statements import Check

BEIJING = timedelta(hours=8)
RATES = 10**9  # a rate or volume is stored in thousand-millionths
ANY_KIND = "*"

PRICE_CHECKS = (
    Check("B1", "公益用途的报价高于零", """SELECT number, amount FROM market_quote
        WHERE purpose IN ('public_governance', 'public_welfare') AND amount <> 0"""),
    Check("B1", "公益用途的订单有应收款", """SELECT o.number, p.number, p.amount FROM market_payment p
        JOIN market_order o ON o.id = p.order_id
        WHERE o.purpose IN ('public_governance', 'public_welfare')"""),
    Check("PRC-03", "上限没有分别报告价格、数据两个部门", """SELECT place, report_number FROM pricing_fee_cap
        WHERE CAST(reported_to AS TEXT) NOT LIKE '%price_authority%'
            OR CAST(reported_to AS TEXT) NOT LIKE '%data_authority%'"""),
    Check("PRC-03", "最高准许收入不出自另一人确认的拟定", """SELECT c.number FROM pricing_ceiling c
        WHERE NOT EXISTS (SELECT 1 FROM pricing_proposal_decision d JOIN pricing_proposal p ON p.id = d.proposal_id
            JOIN pricing_determination f ON f.id = p.determination_id
            WHERE d.ceiling_id = c.id AND d.is_confirmed AND d.sha256 = p.sha256 AND d.decided_by <> p.proposed_by
                AND d.decided_by <> f.applied_by AND f.agreement_id = c.agreement_id AND f.year = c.year
                AND p.max_permitted_revenue = c.max_permitted_revenue)"""),
    Check("PRC-03", "上限不出自已书面报告的上限方案", """SELECT c.place, c.report_number, c.effective_from
        FROM pricing_fee_cap c WHERE NOT EXISTS (SELECT 1 FROM pricing_cap_plan p
            JOIN pricing_cap_plan_row r ON r.plan_id = p.id
            WHERE p.state = 'reported' AND p.ceiling_id = c.ceiling_id AND p.effective_from = c.effective_from
                AND p.report_number = c.report_number AND r.product_id = c.product_id
                AND r.charge_unit = c.charge_unit AND r.amount = c.amount AND COALESCE(r.subject_kind, '*') = c.scope)
        """),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap as the checker reads it: yuan per unit, units forecast, the ceiling above it."""

    product: Any
    unit: str
    scope: str
    yuan: Fraction
    volume: Fraction
    first_day: date
    set_at: datetime
    agreement: Any
    ceiling_year: int
    ceiling_fen: int
    report: str


def orders(connection: sa.Connection) -> list[str]:
    """Find orders whose amount does not follow from what was stored with their quote."""
    query = """SELECT o.number, o.amount, o.shadow_amount, o.reason, o.quantity, q.inputs, t.model
        FROM market_order o JOIN market_quote q ON q.id = o.quote_id LEFT JOIN pricing_tariff t ON t.id = o.tariff_id"""
    found = []
    for number, amount, shadow, reason, quantity, kept, published in connection.execute(sa.text(query)):
        inputs, posted = parsed(kept) or {}, parsed(published)
        stored = (inputs.get("tariff") or {}).get("model", posted)
        if stored != posted:
            found.append(f"B4 报价所记收费标准与公布的不符：{number}")
        model = (inputs.get("agreed") or {}).get("model", posted)
        due = 0 if model is None else fen(cost(model, Fraction(quantity), inputs.get("grade")))
        expected = (due, due) if reason == "tariff" else (0, due)
        if (amount, shadow) != expected:
            found.append(f"B4 订单金额与按所记依据复算的不符：{number} / {amount} / {expected[0]}")
    return found


def explanations(connection: sa.Connection) -> list[str]:
    """Find quotes whose stored explanation is not the one that was made with them."""
    query = "SELECT number, amount, shadow_amount, reason, inputs, explanation, digest FROM market_quote"
    found = []
    for number, amount, shadow, reason, inputs, tree, sha in connection.execute(sa.text(query)):
        content = {
            "number": number, "amount": _yuan(amount), "shadow_amount": _yuan(shadow), "reason": reason,
            "inputs": parsed(inputs), "explanation": parsed(tree),
        }  # fmt: skip
        if sha is not None and digest(content) != sha:
            found.append(f"B4 报价依据与存档摘要不符：{number}")
        if str(parsed(tree).get("value")).replace(",", "") != f"¥ {_yuan(amount)}":
            found.append(f"B4 报价说明的金额不是报价金额：{number}")
    return found


def caps_at_order(connection: sa.Connection) -> list[str]:
    """Find orders that cost more per unit than the cap in force when they were placed (B2)."""
    query = """SELECT o.number, o.amount, o.quantity, o.product_id, o.placed_at, t.charge_unit, t.subject_kind
        FROM market_order o JOIN pricing_tariff t ON t.id = o.tariff_id
        WHERE t.regime = 'gov_guided' AND o.amount > 0"""
    caps, found = _caps(connection), []
    for number, amount, quantity, product, placed_at, unit, kind in connection.execute(sa.text(query)):
        moment = _utc(placed_at)
        cap = _in_force(caps, product, unit, kind, _day_in_beijing(moment), moment)
        if cap is None or amount > fen(cap.yuan * quantity):
            limit = "无上限" if cap is None else f"{_price(cap.yuan)} × {quantity}"
            found.append(f"B2 订单单价高于下单时的上限：{number} / {_yuan(amount)} / {limit}")
    return found


def tariffs(connection: sa.Connection) -> list[str]:
    """Find prices that some quantity takes above their own highest unit price, or above the cap at publication."""
    query = """SELECT number, product_id, charge_unit, subject_kind, regime, model, unit_price_max, effective_from,
        published_at FROM pricing_tariff"""
    caps, found = _caps(connection), []
    for number, product, unit, kind, regime, kept, highest, first_day, at in connection.execute(sa.text(query)):
        model = parsed(kept)
        dearest = max(cost(model, Fraction(quantity)) / quantity for quantity in telling_quantities(model))
        if dearest > Fraction(highest, UNITS):
            found.append(f"PRC-05 收费标准的实际单价高于所记最高单价：{number}")
        cap = _in_force(caps, product, unit, kind, date.fromisoformat(str(first_day)), _utc(at))
        if regime == "gov_guided" and (cap is None or max(dearest, Fraction(highest, UNITS)) > cap.yuan):
            found.append(f"B2 收费标准公布时高于上限：{number}")
    return found


def ceilings(connection: sa.Connection) -> list[str]:
    """Find ceilings that do not follow from the costs, rate, taxes and deduction that were stored with them."""
    query = """SELECT number, inputs, operating_cost, permitted_profit, tax, clawback, max_permitted_revenue
        FROM pricing_ceiling"""
    found = []
    for number, kept, *stored in connection.execute(sa.text(query)):
        inputs = parsed(kept)
        spent = max(fen(Fraction(inputs["gross_cost"])) - fen(Fraction(inputs["subsidy"])), 0)
        profit = fen(Fraction(spent, FEN) * Fraction(inputs["profit_rate"]))
        tax = sum(fen(Fraction(line["amount"])) for line in inputs["tax_lines"])
        deducted = fen(Fraction(inputs["clawback"]))
        if stored != [spent, profit, tax, deducted, max(spent + profit + tax - deducted, 0)]:
            found.append(f"PRC-02 最高准许收入与所记依据复算的不符：{number}")
    return found


def caps_within_ceilings(connection: sa.Connection) -> list[str]:
    """Find days on which the caps in force, at the forecast volumes, exceed the ceiling under which they were set."""
    by_agreement: dict[Any, list[Cap]] = {}
    for cap in _caps(connection):
        by_agreement.setdefault(cap.agreement, []).append(cap)
    found = []
    for caps in by_agreement.values():
        for day in sorted({cap.first_day for cap in caps}):
            in_force = {(cap.product, cap.unit, cap.scope): cap for cap in caps if cap.first_day <= day}
            of_year = [cap for cap in caps if cap.first_day <= day and cap.ceiling_year == day.year]
            newest = max(of_year, key=lambda cap: cap.set_at, default=None)
            expected = sum((cap.yuan * cap.volume for cap in in_force.values()), ZERO)
            if newest is None or expected > Fraction(newest.ceiling_fen, FEN):
                found.append(f"PRC-04 上限按预测量合计超过最高准许收入：{day} / {caps[0].report}")
    return found


def equal_prices(connection: sa.Connection) -> list[str]:
    """Find orders of one product, price, class, quantity and day that cost different amounts (SEP-03)."""
    query = """SELECT o.number, o.amount, o.product_id, o.tariff_id, o.subject_kind, o.quantity, o.placed_at, q.inputs
        FROM market_order o JOIN market_quote q ON q.id = o.quote_id WHERE o.reason IN ('tariff', 'negotiated')
        ORDER BY o.number"""
    first: dict[tuple[Any, ...], tuple[str, int]] = {}
    found = []
    for number, amount, product, tariff, kind, quantity, placed_at, kept in connection.execute(sa.text(query)):
        inputs = parsed(kept) or {}
        agreed = (inputs.get("agreed") or {}).get("number")
        day = _day_in_beijing(_utc(placed_at))
        key = (product, tariff, kind, quantity, day, inputs.get("grade"), agreed)
        other, same = first.setdefault(key, (number, amount))
        if amount != same:
            found.append(f"SEP-03 同一产品、收费标准、类别、数量和日期的金额不同：{other} / {number}")
    return found


def _price(yuan: Fraction) -> str:
    whole, part = divmod(int(yuan * UNITS), UNITS)
    return f"{whole}.{part:08d}".rstrip("0").rstrip(".")


def _caps(connection: sa.Connection) -> list[Cap]:
    """Return every cap in order of its first day, and of being set where the first day is the same."""
    query = """SELECT c.product_id, c.charge_unit, c.scope, c.amount, c.forecast_volume, c.effective_from, c.set_at,
            g.agreement_id, g.year, g.max_permitted_revenue, c.report_number
        FROM pricing_fee_cap c JOIN pricing_ceiling g ON g.id = c.ceiling_id"""
    return sorted(_read(connection.execute(sa.text(query))), key=lambda cap: (cap.first_day, cap.set_at))


def _read(rows: Any) -> Iterator[Cap]:
    for product, unit, scope, amount, volume, first_day, set_at, *ceiling in rows:
        yield Cap(product, unit, scope, Fraction(amount, UNITS), Fraction(volume, RATES),
                  date.fromisoformat(str(first_day)), _utc(set_at), *ceiling)  # fmt: skip


def _in_force(caps: list[Cap], product: Any, unit: str, kind: str | None, day: date, known: datetime) -> Cap | None:
    """Return the cap of a day as it was known at a moment: the one of the kind of subject before the one of all."""
    for scope in dict.fromkeys((kind or ANY_KIND, ANY_KIND)):
        fitting = [
            cap for cap in caps
            if (cap.product, cap.unit, cap.scope) == (product, unit, scope)
            and cap.first_day <= day and cap.set_at <= known
        ]  # fmt: skip
        if fitting:
            return fitting[-1]
    return None


def _yuan(amount: int) -> str:
    return f"{amount // FEN}.{amount % FEN:02d}"


def _day_in_beijing(moment: datetime) -> date:
    return date.fromisoformat(f"{moment + BEIJING:%Y-%m-%d}")


def _utc(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


PRICES: tuple[Callable[[sa.Connection], list[str]], ...] = (
    orders, explanations, caps_at_order, tariffs, ceilings, caps_within_ceilings, equal_prices,
)  # fmt: skip
