"""The calculators: text in, text out, over the very functions that price and settle."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from kernel.calendar import WorkingCalendar, add_months
from kernel.errors import NotFound
from kernel.money import ZERO, Money, decimal_text
from kernel.policy import Cited, PolicyBook
from kernel.reading import Reader
from pricing.assessments.rules import YearResult, deviation, over_recovery
from pricing.ceilings.rules import permitted_revenue
from pricing.rating.rules import Line
from pricing.tariffs.rules import ModelKind, TariffModel, rate
from settlement.splits.rules import GameKind, Schedule, contribution, refund, shapley, split, waterfall

EXACT_DIGITS = 24  # quantities carry 12 decimals and prices 8: nothing is cut off
SHOWN_DIGITS = 12
DEVIATION_DIGITS = 4
WORKING_DAYS_MAX = 5000
MONTHS_MAX = 1200
CYCLES_MAX = 100


class UnknownCalculator(NotFound):
    """There is no calculator of that name."""

    code = "calc.unknown"
    title = "没有这个计算器"
    title_en = "No such calculator"


class _Desk:
    """What a calculator may look up beside its input."""

    def __init__(self, book: PolicyBook | None, calendar: WorkingCalendar | None) -> None:
        self._book = book
        self.calendar = calendar or WorkingCalendar()

    def find(self, place: str, name: str, on: date) -> Cited:
        """Return a value from the book of rules."""
        if self._book is None:
            raise TypeError("this calculator needs the book of rules")
        return self._book.find(place, name, on=on)


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
    return _CALCULATORS[name](Reader(payload), _Desk(book, calendar))


def names() -> list[str]:
    """Return the names of the calculators."""
    return list(_CALCULATORS)


def _rate(reader: Reader, _: _Desk) -> dict[str, Any]:
    model = TariffModel.read(reader)
    quantity = reader.number("quantity") if reader.has("quantity") or model.kind is not ModelKind.FLAT else Fraction(0)
    earlier = _optional(reader, "previously_used", reader.number)
    reader.close()
    rated = rate(model, quantity, earlier)
    return {
        "amount": rated.amount.text(),
        "exact": decimal_text(rated.exact, EXACT_DIGITS),
        "increment": None if rated.increment is None else rated.increment.text(),
        "lines": [_line(line) for line in rated.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "band": line.band,
        "quantity": decimal_text(line.quantity, EXACT_DIGITS),
        "unit_price": line.unit_price.text(),
        "flat_fee": decimal_text(line.flat_fee, EXACT_DIGITS),
        "exact": decimal_text(line.exact, EXACT_DIGITS),
    }
    return shown if line.adjustment is None else {**shown, "adjustment": line.adjustment}


def _permitted_revenue(reader: Reader, desk: _Desk) -> dict[str, Any]:
    gross_cost, subsidy = reader.money("gross_operating_cost"), reader.money("government_subsidy")
    bond_yield = reader.number("bond_yield")
    given = _optional(reader, "profit_rate", reader.number)
    margin = _optional(reader, "margin", reader.number)
    if given is None and margin is None:
        reader.complain("margin", "missing", "缺少加点（margin）或利润率", "margin or profit_rate is missing")
    if given is not None and margin is not None and given > bond_yield + margin:
        reader.complain("profit_rate", "above_yield_and_margin", "高于收益率与加点之和", "is above yield plus margin")
    tax, excess = reader.money("tax"), _optional(reader, "clawback", reader.money)
    place, on = reader.text("place"), reader.day("on")
    reader.close()
    spread = desk.find(place, "pricing.profit_rate.spread_max", on)
    wanted = bond_yield + (margin or Fraction(0)) if given is None else given
    found = permitted_revenue(
        gross_cost=gross_cost,
        subsidy=subsidy,
        profit_rate=_decimal(wanted),
        bond_yield=_decimal(bond_yield),
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
        "sources": _sources(spread),
    }
    return answer | ({"clawback_left": found.excess_left.text()} if found.excess_left else {})


def _decimal(number: Fraction) -> Decimal:
    return Decimal(decimal_text(number, SHOWN_DIGITS))  # as many decimals as the input can have


def _sources(*cited: Cited) -> list[dict[str, str]]:
    return [{"rule": one.source.rule, "document": one.source.number, "article": one.source.article} for one in cited]


def _deviation(reader: Reader, desk: _Desk) -> dict[str, Any]:
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


def _over_recovery(reader: Reader, _: _Desk) -> dict[str, Any]:
    years = []
    for row in reader.children("years"):
        years.append(YearResult(row.money("max_permitted_revenue"), row.money("actual_revenue")))
        row.leave()
    reader.ignore("spread_cycles")
    cycles = reader.whole("spread_cycles", least=1, most=CYCLES_MAX) if reader.has("spread_cycles") else 1
    reader.close()
    found = over_recovery(years, cycles)
    return {"excess": found.excess.text(), "deductions": [part.text() for part in found.deductions]}


def _split(reader: Reader, _: _Desk) -> dict[str, Any]:
    amount, weights = reader.money("amount"), _by_party(reader, "weights", Reader.number)
    reader.close()
    return {"shares": _texts(split(amount, weights))}


def _waterfall(reader: Reader, _: _Desk) -> dict[str, Any]:
    amount, schedule = reader.money("amount"), Schedule.read(reader)
    refunds, tax = (_optional(reader, key, reader.money) or ZERO for key in ("refunds", "tax"))
    _optional(reader, "as_of", reader.day)
    reader.close()
    found = waterfall(schedule.checked(), amount, refunds=refunds, tax=tax)
    return {
        "shares": _texts(found.shares),
        "steps": [
            {"step": step.step, "in": step.inflow.text(), "out": _texts(step.out), "left": step.left.text()}
            for step in found.steps
        ],
    }


def _refund(reader: Reader, _: _Desk) -> dict[str, Any]:
    held, amount = _by_party(reader, "held", Reader.money), reader.money("refund")
    reader.close()
    return {"shares": _texts(refund(held, amount))}


def _contribution(reader: Reader, _: _Desk) -> dict[str, Any]:
    coefficients = _by_party(reader, "coefficients", Reader.number)
    parties = reader.child("parties")
    figures = {party: _by_party(parties, party, Reader.number) for party in parties.keys()}
    reader.close()
    found = contribution(coefficients, figures)
    return {"weights": {party: decimal_text(weight, SHOWN_DIGITS) for party, weight in found.items()}}


def _shapley(reader: Reader, _: _Desk) -> dict[str, Any]:
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


def _deadline(reader: Reader, desk: _Desk) -> dict[str, Any]:
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


def _optional(reader: Reader, key: str, read: Callable[[str], Any]) -> Any:
    reader.ignore(key)
    return read(key) if reader.has(key) else None


def _by_party(reader: Reader, key: str, read: Callable[[Reader, str], Any]) -> dict[str, Any]:
    table = reader.child(key)
    return {party: read(table, party) for party in table.keys()}


def _texts(shares: Mapping[str, Money]) -> dict[str, str]:
    return {party: share.text() for party, share in shares.items()}


_CALCULATORS: dict[str, Callable[[Reader, _Desk], dict[str, Any]]] = {
    "rate": _rate,
    "permitted-revenue": _permitted_revenue,
    "deviation": _deviation,
    "over-recovery": _over_recovery,
    "split": _split,
    "waterfall": _waterfall,
    "refund": _refund,
    "contribution": _contribution,
    "shapley": _shapley,
    "deadline": _deadline,
}
