"""The calculators: text in, text out, over the very functions that price and settle."""

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from kernel.calendar import WorkingCalendar, add_months
from kernel.errors import NotFound
from kernel.money import ZERO, Money, decimal_text
from kernel.policy import PolicyBook
from kernel.reading import ENTRIES_MAX, Reader
from pricing.assessments.rules import YearResult, deviation, over_recovery
from pricing.ceilings.rules import CapForecast, caps_fit, permitted_revenue
from pricing.costs.rules import Key, keys_must_stand, must_be_within, must_stand, naming_problem, operating_cost, totals
from pricing.costs.rules import Line as CostLine
from settlement.splits.rules import GameKind, Schedule, contribution, refund, shapley, split, waterfall
from web.calc_desk import EXACT_DIGITS, SHOWN_DIGITS, Calculator, Desk, exact_decimal, optional, sources
from web.calc_prices import CALCULATORS

DEVIATION_DIGITS = 4
WORKING_DAYS_MAX = 5000
MONTHS_MAX = 1200
CYCLES_MAX = 100


class UnknownCalculator(NotFound):
    """There is no calculator of that name."""

    code = "calc.unknown"
    title = "没有这个计算器"
    title_en = "No such calculator"


def calculate(
    name: str,
    payload: Mapping[str, Any],
    *,
    book: PolicyBook | None = None,
    calendar: WorkingCalendar | None = None,
) -> dict[str, Any]:
    """Run one calculator on JSON-like input and return JSON-like output.

    Args:
        name: such as ``rate``; ``names()`` lists them.
        payload: money and rates as decimal text; unknown keys are refused.
        book: the rules of the places, needed by ``permitted-revenue`` and ``deviation``.
        calendar: the holiday tables for ``deadline``; the library's years alone when left out.

    Raises:
        UnknownCalculator: there is no such calculator.
        Unreadable: the input is wrongly written; every field is named.
        DomainError: the rule itself refuses.
    """
    if name not in _CALCULATORS:
        raise UnknownCalculator(
            f"没有名为“{name[:40]}”的计算器；可用：{'、'.join(names())}。",
            detail_en=f"Available: {', '.join(names())}.",
        )
    return _CALCULATORS[name](Reader(payload), Desk(book, calendar))


def names() -> list[str]:
    """Return the names of the calculators."""
    return list(_CALCULATORS)


def _operating_cost(reader: Reader, _: Desk) -> dict[str, Any]:
    keys = {}
    shared = reader.child("keys") if reader.has("keys") else Reader({})
    reader.ignore("keys")
    for name in shared.keys():
        row = shared.child(name)
        numbers = ("industry_units", "public_units", "share")
        keys[name] = Key(name, name, *(optional(row, key, _decimal_of(row)) for key in numbers))
        row.leave()
    lines = [_cost_line(row, keys) for row in reader.children("lines", most=ENTRIES_MAX)]
    subsidy = reader.money("subsidy")
    reader.close()
    keys_must_stand(list(keys.values()))
    costs = [line() for line in lines]
    for position, line in enumerate(costs, start=1):
        must_stand(line, position)
        must_be_within(line, position)
    found = totals(costs)
    return {
        "lines": [
            {
                "text": line.text,
                "industry_share": str(line.industry_share),
                "industry": line.industry_amount.text(),
                "public_interest": line.public_amount.text(),
                "disallowed": line.disallowed.text(),
                "recognised": line.recognised.text(),
            }
            for line in costs
        ],
        "spent": found.spent.text(),
        "industry": found.industry.text(),
        "disallowed": found.disallowed.text(),
        "recognised": found.recognised.text(),
        "subsidy": subsidy.text(),
        "operating_cost": operating_cost(found.recognised, subsidy).text(),
    }


def _decimal_of(reader: Reader) -> Callable[[str], Any]:
    return lambda key: exact_decimal(reader.number(key))


def _cost_line(row: Reader, keys: Mapping[str, Key]) -> Callable[[], CostLine]:
    """Read a line now; make it once the keys are known to be sound."""
    text = optional(row, "text", row.text) or ""
    amount, key = row.money("amount"), optional(row, "key", row.text) or ""
    share = optional(row, "industry_share", _decimal_of(row))
    disallowed = optional(row, "disallowed", row.money) or ZERO
    driver = optional(row, "allocation_key", row.text) or ""
    problem = naming_problem(key, share, keys)
    if problem is not None:
        row.complain(problem[0], "not_allowed", problem[1], "give a share or the name of a key, not both")
    row.leave()
    return lambda: CostLine(text, amount, keys[key].share if key else share, driver, disallowed, key)


def _caps_fit(reader: Reader, _: Desk) -> dict[str, Any]:
    caps = []
    for row in reader.children("caps", most=ENTRIES_MAX):
        optional(row, "product", row.text)
        caps.append(CapForecast(row.unit_price("cap"), row.number("volume")))
        row.leave()
    permitted = reader.money("max_permitted_revenue")
    reader.close()
    found = caps_fit(caps, permitted)
    return {
        "expected": decimal_text(found.expected, EXACT_DIGITS),
        "max_permitted_revenue": permitted.text(),
        "fits": found.fits,
        "headroom": decimal_text(found.headroom, EXACT_DIGITS),
    }


def _permitted_revenue(reader: Reader, desk: Desk) -> dict[str, Any]:
    gross_cost, subsidy = reader.money("gross_operating_cost"), reader.money("government_subsidy")
    bond_yield = reader.number("bond_yield")
    given = optional(reader, "profit_rate", reader.number)
    margin = optional(reader, "margin", reader.number)
    if given is None and margin is None:
        reader.complain("margin", "missing", "缺少加点（margin）或利润率", "margin or profit_rate is missing")
    if given is not None and margin is not None and given > bond_yield + margin:
        reader.complain("profit_rate", "above_yield_and_margin", "高于收益率与加点之和", "is above yield plus margin")
    tax, excess = reader.money("tax"), optional(reader, "clawback", reader.money)
    place, on = reader.text("place"), reader.day("on")
    reader.close()
    spread = desk.find(place, "pricing.profit_rate.spread_max", on)
    wanted = bond_yield + (margin or Fraction(0)) if given is None else given
    found = permitted_revenue(
        gross_cost=gross_cost,
        subsidy=subsidy,
        profit_rate=exact_decimal(wanted),
        bond_yield=exact_decimal(bond_yield),
        spread_max=spread.decimal(),
        tax=tax,
        earlier_excess=excess or ZERO,
    )
    answer: dict[str, Any] = {
        "operating_cost": found.operating_cost.text(),
        "profit_rate": decimal_text(found.profit_rate),
        "permitted_profit": found.profit.text(),
        "tax": found.tax.text(),
        "clawback": found.earlier_excess.text(),
        "max_permitted_revenue": found.total.text(),
        "sources": sources(spread),
    }
    return answer | ({"clawback_left": found.excess_left.text()} if found.excess_left else {})


def _deviation(reader: Reader, desk: Desk) -> dict[str, Any]:
    permitted, actual = reader.money("max_permitted_revenue"), reader.money("actual_revenue")
    place, on = reader.text("place"), reader.day("on")
    reader.close()
    found = deviation(permitted, actual, desk.find(place, "pricing.deviation.threshold", on).decimal())
    shown = decimal_text(found.share, DEVIATION_DIGITS)
    whole, _, part = shown.partition(".")
    return {
        "deviation": f"{whole}.{part.ljust(DEVIATION_DIGITS, '0')}",
        "direction": str(found.direction),
        "action": str(found.action),
    }


def _over_recovery(reader: Reader, _: Desk) -> dict[str, Any]:
    years = []
    for row in reader.children("years"):
        years.append(YearResult(row.money("max_permitted_revenue"), row.money("actual_revenue")))
        row.leave()
    reader.ignore("spread_cycles")
    cycles = reader.whole("spread_cycles", least=1, most=CYCLES_MAX) if reader.has("spread_cycles") else 1
    reader.close()
    found = over_recovery(years, cycles)
    return {"excess": found.excess.text(), "deductions": [part.text() for part in found.deductions]}


def _split(reader: Reader, _: Desk) -> dict[str, Any]:
    amount, weights = reader.money("amount"), _by_party(reader, "weights", Reader.number)
    reader.close()
    return {"shares": _texts(split(amount, weights))}


def _waterfall(reader: Reader, _: Desk) -> dict[str, Any]:
    amount, schedule = reader.money("amount"), Schedule.read(reader)
    refunds, tax = (optional(reader, key, reader.money) or ZERO for key in ("refunds", "tax"))
    optional(reader, "as_of", reader.day)
    reader.close()
    found = waterfall(schedule.checked(), amount, refunds=refunds, tax=tax)
    return {
        "shares": _texts(found.shares),
        "steps": [
            {"step": step.step, "in": step.inflow.text(), "out": _texts(step.out), "left": step.left.text()}
            for step in found.steps
        ],
    }


def _refund(reader: Reader, _: Desk) -> dict[str, Any]:
    held, amount = _by_party(reader, "held", Reader.money), reader.money("refund")
    reader.close()
    return {"shares": _texts(refund(held, amount))}


def _contribution(reader: Reader, _: Desk) -> dict[str, Any]:
    coefficients = _by_party(reader, "coefficients", Reader.number)
    parties = reader.child("parties")
    figures = {party: _by_party(parties, party, Reader.number) for party in parties.keys()}
    reader.close()
    found = contribution(coefficients, figures)
    return {"weights": {party: decimal_text(weight, SHOWN_DIGITS) for party, weight in found.items()}}


def _shapley(reader: Reader, _: Desk) -> dict[str, Any]:
    players = reader.texts("players")
    table = reader.child("values")
    reader.ignore("kind")
    kind = reader.choice("kind", GameKind) if reader.has("kind") else GameKind.VALUE
    values: dict[frozenset[str], Fraction] = {}
    called = _callings(players, table.keys())
    for key in table.keys():
        members = [called.get(name.strip(), name.strip()) for name in key.split(",")]
        coalition = frozenset(members)
        if coalition in values or len(coalition) != len(members):
            table.complain(key, "twice", "联盟或其成员重复", "a coalition or a member comes twice")
        values[coalition] = table.number(key, signed=True)
    if any("," in player or player != player.strip() for player in players):
        reader.complain("players", "not_allowed", "参与方名称不能含逗号或首尾空格", "no commas or outer spaces")
    reader.close()
    shares = shapley(players, values, kind)
    return {
        "shares": {player: str(share) for player, share in shares.items()},
        "decimal": {player: decimal_text(share, SHOWN_DIGITS) for player, share in shares.items()},
    }


def _callings(players: list[str], keys: list[str]) -> dict[str, str]:
    """Return how the keys call the players: by id, or by position from 1 where no key names an id."""
    mentioned = {name.strip() for key in keys for name in key.split(",")}
    positions = {str(position): player for position, player in enumerate(players, start=1)}
    return {} if mentioned & set(players) else positions


def _deadline(reader: Reader, desk: Desk) -> dict[str, Any]:
    start = reader.day("start")
    by_months = reader.has("months")
    if by_months and reader.has("working_days"):
        reader.complain("months", "twice", "working_days 与 months 只能写一个", "give working_days or months, not both")
    reader.ignore("months", "working_days")
    if by_months:
        term = reader.whole("months", least=0, most=MONTHS_MAX)
    else:
        term = reader.whole("working_days", least=0, most=WORKING_DAYS_MAX)
    if start.year + MONTHS_MAX > date.max.year:
        reader.complain("start", "out_of_range", "日期过于遥远", "is too far away")
    reader.close()
    if by_months:
        return {"due": add_months(start, term).isoformat(), "skipped": []}
    due = desk.calendar.add_working_days(start, term)
    skipped = desk.calendar.skipped(start, due)
    return {"due": due.isoformat(), "skipped": [{"date": day.isoformat(), "why": why} for day, why in skipped]}


def _by_party(reader: Reader, key: str, read: Callable[[Reader, str], Any]) -> dict[str, Any]:
    table = reader.child(key)
    return {party: read(table, party) for party in table.keys()}


def _texts(shares: Mapping[str, Money]) -> dict[str, str]:
    return {party: share.text() for party, share in shares.items()}


_CALCULATORS: dict[str, Calculator] = {
    **CALCULATORS,
    "operating-cost": _operating_cost,
    "permitted-revenue": _permitted_revenue,
    "caps-fit": _caps_fit,
    "deviation": _deviation,
    "over-recovery": _over_recovery,
    "split": _split,
    "waterfall": _waterfall,
    "refund": _refund,
    "contribution": _contribution,
    "shapley": _shapley,
    "deadline": _deadline,
}
