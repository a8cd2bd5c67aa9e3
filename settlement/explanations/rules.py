"""Working an amount out again, from frozen facts, and saying whether it is the one that was booked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from kernel.money import ZERO, Money, allocate, plain_number, total
from pricing.rating.rules import Rated, TariffModel, rate
from pricing.tariffs.rules import split_tax
from settlement.pouring.rules import NOTHING_CARRIED, Carried
from settlement.splits.rules import Division, Schedule, waterfall
from settlement.steps.rules import Base
from settlement.traces.rules import Held, Taken
from settlement.workings.rules import Counter


@dataclass(frozen=True, slots=True)
class Check:
    """One amount or count, worked out again, beside the booked one."""

    what: str
    recomputed: str
    booked: str

    @property
    def agrees(self) -> bool:
        """Say whether they are the same, to the fen."""
        return self.recomputed == self.booked


def gross_of(rating: Mapping[str, Any]) -> tuple[Money, Rated | None]:
    """Return what a period earned by its frozen working, and the price of the units where it is charged by use.

    Everything is cumulative: the price of all units since the order began, at most the order's amount, less what
    earlier settlements took. A hold (DSP-04) stops the sum short, and says so in the working.

    Args:
        rating: the working of the line of revenue.

    Source:
        发改价格〔2025〕65号 三（二）; REV-03.
    """
    basis = rating["basis"]
    if basis == "free":
        return ZERO, None
    before, limit = Money.yuan(rating["before"]), Money.yuan(rating["limit"])
    if basis == "time":
        earned = limit.times(Fraction(int(rating["elapsed"]), int(rating["days"])))
        cumulative, rated = max(earned, before), None
    else:
        rated = rate(TariffModel.from_dict(rating["model"]), Fraction(int(rating["units"])), grade=rating.get("grade"))
        price = rated.amount if rating["units"] else ZERO
        is_whole = int(rating["units"]) >= int(rating["bought"])
        cumulative = max(limit if is_whole else min(price, limit), before)
    if rating.get("hold"):
        cumulative = Money.yuan(rating["cumulative"])
    return cumulative - before, rated


def tax_of(gross: Money, rate_of_tax: Decimal | None) -> tuple[Money, Money]:
    """Return net and tax of a gross amount by the rate that the settlement cites."""
    return (gross, ZERO) if rate_of_tax is None or not gross else split_tax(gross, rate_of_tax)


def poured_again(
    schedule: Schedule,
    *,
    weights: Mapping[str, Mapping[str, str]],
    earlier: Taken,
    now: Taken,
    gross: Money,
    tax: Money,
    on: date,
) -> Division:
    """Return the division of a group of lines, worked out again.

    Args:
        schedule: the steps as they were signed.
        weights: number of the step → credit code → weight, as the contributions of the period were found.
        earlier: what the steps had taken in earlier settlements.
        now: what they had taken in this one, of products that came first.
        gross: revenue of the group, tax included.
        tax: the tax in it.
        on: last day of the period.

    Raises:
        NothingToDivide: the amounts leave less than nothing.
        NotCarried: a step counts over the term by more than what it took.
    """
    steps = []
    for number, step in enumerate(schedule.steps, start=1):
        if str(number) in weights:
            found = weights[str(number)]
            step = replace(step, weights=tuple((uscc, plain_number(weight)) for uscc, weight in found.items()))
        steps.append(step)
    counter = Counter(schedule, _carried(schedule, earlier))
    before = {number: counter.carried.get(number, NOTHING_CARRIED) for number in range(1, len(steps) + 1)}
    counter.carried = {
        number: _sum(before[number], one) for number, one in _carried(schedule, now).items()
    } or counter.carried  # fmt: skip
    return waterfall(counter.once(Schedule(tuple(steps))), gross, tax=tax, on=on, carried=counter.carried)


def _carried(schedule: Schedule, taken: Taken) -> dict[int, Carried]:
    found = {}
    for number, step in enumerate(schedule.steps, start=1):
        mine = taken.by_step.get(number, {})
        base = taken.net if step.base is Base.NET_OF_TAX else taken.gross
        found[number] = Carried(total(mine.values()), mine, base)
    return found


def _sum(one: Carried, other: Carried) -> Carried:
    by_party = {
        party: one.by_party.get(party, ZERO) + other.by_party.get(party, ZERO)
        for party in sorted({*one.by_party, *other.by_party})
    }
    return Carried(one.taken + other.taken, by_party, one.base + other.base)


def part_of_line(held: Sequence[Held], entitlement: str, amount: Money) -> Money:
    """Return how much of what a step gives a party falls on one line: by what is left of each, largest remainder.

    It is the part that :func:`kernel.money.allocate` gives it, without making the ten thousand others.

    Raises:
        WeightsUnusable: nothing is left of any line, or less than nothing of one.
    """
    weights = sum(one.left for one in held)
    if not amount or amount.fen < 0 or weights <= 0 or min(one.left for one in held) < 0:
        return allocate(amount, {one.entitlement: one.left for one in held}).get(entitlement, ZERO) if amount else ZERO
    own = next((one.left for one in held if one.entitlement == entitlement), 0)
    part, remainder = divmod(amount.fen * own, weights)
    if remainder:
        # what whole parts leave over goes, a fen each, to the largest remainders; equal ones in order of the number
        remainders = [(amount.fen * one.left % weights, one.entitlement) for one in held]
        over = sum(rest for rest, _ in remainders) // weights
        earlier = sum(rest > remainder or (rest == remainder and name < entitlement) for rest, name in remainders)
        part += earlier < over
    return Money(part)
