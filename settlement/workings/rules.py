"""What goes on from product to product and from period to period while a settlement is divided. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kernel.money import ZERO, Money, total
from settlement.corrections.rules import moving, together
from settlement.pouring.rules import NOTHING_CARRIED, Carried
from settlement.splits.rules import Division, Over, Schedule, StepKind, carry

AMOUNTS = (StepKind.FIXED, StepKind.RECOVER)


class Counter:
    """What the steps of one schedule took: in sealed settlements, and in this one of the products before."""

    def __init__(self, schedule: Schedule, earlier: Mapping[int, Carried]) -> None:
        steps = schedule.steps
        self._earlier = {number: one for number, one in earlier.items() if steps[number - 1].over is Over.TERM}
        self.carried: dict[int, Carried] = dict(self._earlier)

    def once(self, schedule: Schedule) -> Schedule:
        """Return the schedule with agreed amounts and their caps counted once in the settlement, not per product."""
        steps = []
        for number, step in enumerate(schedule.steps, start=1):
            if step.kind in AMOUNTS:
                cap = None if step.cap is None else max(step.cap - self._now(number), ZERO)
                step = replace(step, over=Over.TERM, cap=cap)
            steps.append(step)
        return Schedule(tuple(steps))

    def add(self, division: Division) -> None:
        """Count what was divided for the next product."""
        self.carried = carry(self.carried, division)

    def _now(self, number: int) -> Money:
        before = self._earlier.get(number, NOTHING_CARRIED)
        return self.carried.get(number, NOTHING_CARRIED).taken - before.taken


def corrected(
    division: Division, due: Mapping[int, Mapping[str, Money]]
) -> tuple[Division, dict[int, dict[str, Money]]]:
    """Return the division with what sealed periods still put right in it, and what moved, by number of the step.

    Every step gives out as much as before.

    Args:
        division: as the schedule says.
        due: number of the step → what each party is owed, or had too much.
    """
    moved = {one.step: moving(one.out, due[one.step]) for one in division.steps if due.get(one.step)}
    moved = {step: amounts for step, amounts in moved.items() if amounts}
    if not moved:
        return division, {}
    steps = tuple(replace(one, out=together(one.out, moved.get(one.step, {}))) for one in division.steps)
    parties = sorted({party for one in steps for party in one.out} | division.shares.keys())
    shares = {party: total(one.out.get(party, ZERO) for one in steps) for party in parties}
    return Division(shares, steps), moved
