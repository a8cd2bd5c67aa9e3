"""A day of 10,000 items on four sides, and the fourteen ways in which they can disagree, planted by number (E11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from kernel.calendar import Period
from kernel.money import Money
from settlement.matching.rules import Finding, Flow, Item, Kind, Scope, Side

DAY = date(2026, 10, 13)
PERIOD = Period(DAY, DAY + timedelta(days=1))
PLANTED = 200  # of fourteen kinds in turn
SALES = 2300
PAID_OUT = 1500  # the first so many are in payouts; the others wait for theirs
LINES_IN_PAYOUT = 20


@dataclass
class Day:
    """Items by what they are about, and what was planted."""

    groups: dict[str, list[Item]] = field(default_factory=dict)
    planted: dict[tuple[str, str], tuple[Kind, Side | None]] = field(default_factory=dict)

    @property
    def items(self) -> list[Item]:
        """Every item of the day."""
        return [item for group in self.groups.values() for item in group]

    def plant(self, reference: str, flow: Flow, kind: Kind, side: Side | None, items: list[Item]) -> None:
        """Put these items in place of what was there, and remember what must be found."""
        self.groups[reference] = items
        self.planted[reference, flow] = (kind, side)


def fee(item: Item) -> Money:
    """What the provider may keep: six per thousand."""
    return Money(item.amount.fen * 6 // 1000)


def sale(number: int) -> list[Item]:
    """One order paid online: the provider, the order, the books, the entitlement."""
    name, order, amount = f"pi_{number:06d}", f"ORD-2030-{number:06d}", Money(10_000 + number * 1_000)
    line = Item(Side.PROVIDER, f"txn_{number:06d}", Flow.CHARGE, name, amount, DAY, own=f"PAY-{number:06d}")
    line = replace(line, fee=fee(line), net=amount - fee(line),
                   batch=f"po_{number // LINES_IN_PAYOUT:06d}" if number < PAID_OUT else "")  # fmt: skip
    return [
        line,
        Item(Side.ORDERS, f"PAY-{number:06d}", Flow.CHARGE, name, amount, DAY, order=order, is_granting=True),
        Item(Side.LEDGER, f"JV-{number:06d}", Flow.CHARGE, name, amount, DAY, order=order),
        Item(Side.ORDERS, f"ENT-{number:06d}", Flow.RIGHT, order, amount, DAY, order=order),
    ]


def back(number: int, flow: Flow, prefix: str, part: int = 4) -> list[Item]:
    """A refund or a dispute of part of a sale."""
    name, parent, amount = f"{prefix}_{number:06d}", f"pi_{number:06d}", sale(number)[0].amount
    out = -Money(amount.fen // part)
    line = Item(Side.PROVIDER, f"txn_{prefix}{number:06d}", flow, name, out, DAY, net=out, parent=parent)
    order = f"ORD-2030-{number:06d}"
    return [
        line,
        Item(Side.ORDERS, f"{prefix}-{number}", flow, name, out, DAY, parent=parent, order=order),
        Item(Side.LEDGER, f"JV-{prefix}{number}", flow, name, out, DAY, parent=parent, order=order),
    ]


def payout(name: str, lines: list[Item]) -> list[Item]:
    """A payout of these lines, as the provider, the bank and the books have it."""
    amount = Money(sum((line.net or line.amount).fen for line in lines))
    return [
        Item(Side.PROVIDER, f"txn_{name}", Flow.PAYOUT, name, amount, DAY, net=amount),
        Item(Side.BANK, f"BK-{name}", Flow.PAYOUT, name, amount, DAY),
        Item(Side.LEDGER, f"JV-{name}", Flow.PAYOUT, name, amount, DAY),
    ]


def clean() -> Day:
    """A day on which everything agrees: sales, refunds, disputes, payouts, and transfers of several parts."""
    day = Day()
    for number in range(SALES):
        day.groups[f"pi_{number:06d}"] = sale(number)
    for number in range(0, SALES, 23):
        day.groups[f"re_{number:06d}"] = back(number, Flow.REFUND, "re")
    for number in range(7, SALES, 41):
        day.groups[f"dp_{number:06d}"] = back(number, Flow.DISPUTE, "dp")
    for number in range(PAID_OUT // LINES_IN_PAYOUT):
        name = f"po_{number:06d}"
        first = number * LINES_IN_PAYOUT
        lines = [sale(one)[0] for one in range(first, first + LINES_IN_PAYOUT)]
        day.groups[name] = payout(name, lines)
    for number in range(40):  # one line of the bank pays three orders
        name = f"BANK-{number:04d}"
        parts = [Item(Side.ORDERS, f"{name}/{part}", Flow.RECEIPT, name, Money(100 + part), DAY) for part in range(3)]
        whole = Money(303)
        day.groups[name] = [Item(Side.BANK, name, Flow.RECEIPT, name, whole, DAY), *parts,
                            Item(Side.LEDGER, f"JV-{name}", Flow.RECEIPT, name, whole, DAY)]  # fmt: skip
    return day


def with_breaks() -> Day:
    """The same day with two hundred disagreements, each of one kind."""
    day, spare = clean(), iter([number for number in range(PAID_OUT, SALES) if number % 23 and number % 41 != 7])
    payouts = iter(range(PAID_OUT // LINES_IN_PAYOUT))
    makers = list(MAKERS.values())
    for turn in range(PLANTED):
        makers[turn % len(makers)](day, spare, payouts, turn // len(makers))
    return day


def scope(day: Day) -> Scope:
    """What is asked about the day; every number of a try to pay is known."""
    return Scope(PERIOD, known={item.key for item in clean().items if item.flow is Flow.CHARGE}, fee=fee)


def named(found: tuple[Finding, ...]) -> dict[tuple[str, str], tuple[Kind, Side | None]]:
    """What was found, as the plan names it."""
    return {(one.reference, one.flow): (one.kind, one.side) for one in found}


def _missing(day: Day, spare: Iterator[int], _payouts: Iterator[int], turn: int) -> None:
    side = (Side.PROVIDER, Side.ORDERS, Side.LEDGER, Side.BANK)[turn % 4]
    if side is Side.BANK:
        name = f"po_{next(_payouts):06d}"
        kept = [item for item in day.groups[name] if item.side is not side]
        day.plant(name, Flow.PAYOUT, Kind.MISSING, side, kept)
        return
    number = next(spare)
    kept = [item for item in sale(number) if item.side is not side or item.flow is Flow.RIGHT]
    day.plant(f"pi_{number:06d}", Flow.CHARGE, Kind.MISSING, side, kept)


def _changed(kind: Kind, **change: object) -> Callable[..., None]:
    def plant(day: Day, spare: Iterator[int], _payouts: Iterator[int], turn: int) -> None:
        number = next(spare)
        line, order, entry, right = sale(number)
        side = Side.PROVIDER
        if kind is Kind.DOUBLED:
            side = Side.PROVIDER if turn % 2 else Side.LEDGER
            again = replace(line, key=f"{line.key}_again", batch="") if turn % 2 else replace(entry, key="JV-again")
            day.plant(line.reference, Flow.CHARGE, kind, side, [line, order, entry, right, again])
            return
        assert line.net is not None
        if kind is Kind.AMOUNT:
            side = (Side.PROVIDER, Side.LEDGER)[turn % 2]
            if side is Side.PROVIDER:  # a fen more, which the provider keeps
                line = replace(line, amount=line.amount + Money(1), net=line.net + Money(1))
            else:
                entry = replace(entry, amount=entry.amount - Money(1))
        elif kind is Kind.CURRENCY:
            line = replace(line, currency="USD")
        elif kind is Kind.FEE:
            more = Money(7)  # its own arithmetic is wrong, or it holds and the fee is not the agreed one
            line = replace(line, fee=line.fee + more, net=line.net - more if turn % 2 else line.net)
        elif kind is Kind.DATE_CUT_OFF:
            line, side = replace(line, day=DAY + timedelta(days=1)), None
        day.plant(line.reference, Flow.CHARGE, kind, side, [line, order, entry, right])

    return plant


def _linked_wrongly(day: Day, spare: Iterator[int], _payouts: Iterator[int], turn: int) -> None:
    number, other = next(spare), next(spare)
    line, order, entry = back(number, Flow.REFUND, "re")
    day.plant(line.reference, Flow.REFUND, Kind.REFUND_LINKED_WRONGLY, Side.PROVIDER,
              [replace(line, parent=f"pi_{other:06d}"), order, entry])  # fmt: skip


def _dispute(day: Day, spare: Iterator[int], _payouts: Iterator[int], turn: int) -> None:
    number = next(spare)
    line, order, entry = back(number, Flow.DISPUTE, "dp")
    kept, side = ([line], Side.ORDERS) if turn % 2 else ([line, order, replace(entry, amount=-Money(1))], None)
    day.plant(line.reference, Flow.DISPUTE, Kind.DISPUTE, side, kept)


def _payout_short(day: Day, spare: Iterator[int], payouts: Iterator[int], turn: int) -> None:
    name = f"po_{next(payouts):06d}"
    stated, came, entry = day.groups[name]
    short = stated.amount - Money(100)
    if turn % 2:
        day.plant(name, Flow.PAYOUT, Kind.PAYOUT_SHORT, Side.BANK, [stated, replace(came, amount=short), entry])
        return
    whole = [replace(stated, amount=short, net=short), replace(came, amount=short), replace(entry, amount=short)]
    day.plant(name, Flow.PAYOUT, Kind.PAYOUT_SHORT, Side.PROVIDER, whole)


def _payout_split(day: Day, spare: Iterator[int], payouts: Iterator[int], turn: int) -> None:
    name = f"po_{next(payouts):06d}"
    stated, came, entry = day.groups[name]
    first = replace(came, amount=Money(came.amount.fen // 3))
    rest = replace(came, key=f"{came.key}/2", amount=came.amount - first.amount)
    day.plant(name, Flow.PAYOUT, Kind.PAYOUT_SPLIT, Side.BANK, [stated, first, rest, entry])


def _unknown(day: Day, spare: Iterator[int], _payouts: Iterator[int], turn: int) -> None:
    name = f"pi_strange_{turn}"
    line = replace(sale(turn)[0], key=f"txn_strange_{turn}", reference=name, batch="", own=f"PAY-X{turn}")
    if turn % 2:
        name = f"BANK-strange-{turn}"
        line = Item(Side.BANK, name, Flow.RECEIPT, name, Money(8_800 + turn), DAY)
    day.plant(name, line.flow, Kind.UNKNOWN_REFERENCE, line.side, [line])


def _twice(day: Day, spare: Iterator[int], _payouts: Iterator[int], turn: int) -> None:
    number = next(spare)
    first, second = back(number, Flow.REFUND, "re", 1), back(number, Flow.REFUND, "rr", 1)
    if turn % 2:  # only the provider paid back twice
        second = second[:1]
    day.groups[f"re_{number:06d}"] = first
    day.groups[f"rr_{number:06d}"] = second
    day.planted[f"pi_{number:06d}", Flow.CHARGE] = (Kind.REVERSED_TWICE, Side.PROVIDER)


def _right_only(day: Day, spare: Iterator[int], _payouts: Iterator[int], turn: int) -> None:
    order = f"ORD-2030-9{turn:05d}"
    right = Item(Side.ORDERS, f"ENT-9{turn:05d}", Flow.RIGHT, order, Money(5_000), DAY, order=order)
    day.plant(order, Flow.RIGHT, Kind.ENTITLEMENT_WITHOUT_MONEY, Side.ORDERS, [right])


def _money_only(day: Day, spare: Iterator[int], _payouts: Iterator[int], turn: int) -> None:
    number = next(spare)
    day.groups[f"pi_{number:06d}"] = sale(number)[:3]
    day.planted[f"ORD-2030-{number:06d}", Flow.RIGHT] = (Kind.MONEY_WITHOUT_ENTITLEMENT, Side.ORDERS)


MAKERS: dict[Kind, Callable[..., None]] = {
    Kind.MISSING: _missing, Kind.DOUBLED: _changed(Kind.DOUBLED), Kind.AMOUNT: _changed(Kind.AMOUNT),
    Kind.CURRENCY: _changed(Kind.CURRENCY), Kind.FEE: _changed(Kind.FEE),
    Kind.DATE_CUT_OFF: _changed(Kind.DATE_CUT_OFF), Kind.REFUND_LINKED_WRONGLY: _linked_wrongly,
    Kind.DISPUTE: _dispute, Kind.PAYOUT_SHORT: _payout_short, Kind.PAYOUT_SPLIT: _payout_split,
    Kind.UNKNOWN_REFERENCE: _unknown, Kind.REVERSED_TWICE: _twice, Kind.ENTITLEMENT_WITHOUT_MONEY: _right_only,
    Kind.MONEY_WITHOUT_ENTITLEMENT: _money_only,
}  # fmt: skip
