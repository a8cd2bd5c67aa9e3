"""What one step of a waterfall takes of what is left, how its parties share it, and the trace that explains it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kernel.money import ZERO, Money, allocate, floor_fen, total
from settlement.portions.rules import awards, bounded, in_fen, normalised, parts_per_million
from settlement.steps.rules import Base, Over, Step, StepKind

NOTHING = Fraction(0)


class Bound(StrEnum):
    """What decided the amount of a step."""

    RATE = "rate"  # its own amount or fractions
    FLOOR = "floor"
    CAP = "cap"
    PARTY_CAPS = "party_caps"  # all its parties have what they may take
    LEFT = "left"  # there was no more
    NOT_IN_FORCE = "not_in_force"  # the day lies outside its days


@dataclass(frozen=True, slots=True)
class Carried:
    """What earlier settlements took by a step: in all, by party, and of which base."""

    taken: Money = ZERO
    by_party: Mapping[str, Money] = field(default_factory=dict)
    base: Money = ZERO

    def after(self, poured: "Poured") -> "Carried":
        """Return what has been taken once this settlement is counted too."""
        by_party = {party: self.by_party.get(party, ZERO) + share for party, share in poured.out.items()}
        base = poured.trace.base_amount if poured.trace.base is not None else ZERO
        taken = self.taken + total(poured.out.values())
        return Carried(taken, {**self.by_party, **by_party}, self.base + base)


NOTHING_CARRIED = Carried()


@dataclass(frozen=True, slots=True)
class Trace:
    """Why a step gave what it gave: every number exact, so that an explanation can repeat the arithmetic."""

    key: str
    kind: StepKind
    base: Base | None
    base_amount: Money
    rates: tuple[tuple[Fraction, Money], ...]  # each fraction with the part of the base that it counts for
    wanted: Money
    bound: Bound
    weights: tuple[tuple[str, Fraction], ...]  # exact, adding up to one
    remainder: tuple[str, ...]  # who received the odd fen of the division, in the order in which they were served
    before: Money = ZERO  # what earlier settlements took, where the step counts over the term

    def to_dict(self) -> dict[str, Any]:
        """Return it as text: fractions as ``a/b``, amounts in yuan, weights in parts per million too."""
        return {
            "key": self.key, "kind": str(self.kind), "base": str(self.base) if self.base else None,
            "base_amount": self.base_amount.text(), "wanted": self.wanted.text(), "bound": str(self.bound),
            "rates": [[str(rate), part.text()] for rate, part in self.rates], "before": self.before.text(),
            "weights": {party: str(weight) for party, weight in self.weights},
            "weights_ppm": parts_per_million(dict(self.weights)) if any(w for _, w in self.weights) else {},
            "remainder": list(self.remainder),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Poured:
    """What one step found, gave and left."""

    step: int
    inflow: Money
    out: dict[str, Money]
    left: Money
    trace: Trace


def pour(number: int, step: Step, base: Money, left: Money, before: Carried, *, counts: bool = True) -> Poured:
    """Let one step take its amount of what is left and divide it between its parties, to the fen.

    Args:
        number: of the step, from 1.
        step: what it takes and for whom.
        base: what its fractions are of.
        left: what the steps before have left; never more than that is taken.
        before: what earlier settlements took by this step.
        counts: whether the step is in force.
    """
    rates = _rated(step, base, before) if _has_base(step) and counts else ()
    raw = _sum_of(step, rates, left, before) if counts else ZERO
    wanted, bound = _bounded(step, raw, before) if counts else (ZERO, Bound.NOT_IN_FORCE)
    taken = min(wanted, left)
    bound = Bound.LEFT if taken < wanted else bound
    weights = dict(step.weights)
    caps, floors = dict(step.caps), dict(step.floors)
    if caps and all(party in caps for party, weight in step.weights if weight):
        most = total(caps[party] for party, weight in step.weights if weight)
        taken, bound = (most, Bound.PARTY_CAPS) if most < taken else (taken, bound)
    if step.claims:
        owed = {party: Fraction(claim.fen) for party, claim in remaining(step, before).items()}
        weights, exact = owed, awards(Fraction(taken.fen), owed, step.shortage)
    elif caps or floors:
        exact = bounded(taken, weights, floors=floors, caps=caps, shortage=step.shortage)
    else:
        exact = {party: taken.fen * share for party, share in normalised(weights).items()}
    out = in_fen(taken, exact) if step.claims or caps or floors else allocate(taken, weights)
    trace = Trace(
        step.key or str(number), step.kind, step.base if _has_base(step) else None, base if _has_base(step) else left,
        rates, wanted, bound, tuple(normalised(weights).items()), _odd(exact, out),
        before.taken if _carries(step) else ZERO,
    )  # fmt: skip
    return Poured(number, left, out, left - taken, trace)


def remaining(step: Step, before: Carried) -> dict[str, Money]:
    """Return what each party of a step with claims is still owed."""
    if step.over is Over.PERIOD:
        return dict(step.claims)
    return {party: max(claim - before.by_party.get(party, ZERO), ZERO) for party, claim in step.claims}


def _has_base(step: Step) -> bool:
    return step.kind in (StepKind.RATE, StepKind.POOL)


def _carries(step: Step) -> bool:
    return step.over is Over.TERM


def _rated(step: Step, base: Money, before: Carried) -> tuple[tuple[Fraction, Money], ...]:
    """Return each fraction of the step with the part of the base that falls under it."""
    if not step.bands:
        return ((step.portion, base),)
    start = before.base if _carries(step) else ZERO
    end, low, found = start + base, ZERO, []
    for band in step.bands:
        high = end if band.up_to is None else min(band.up_to, end)
        part = high - max(low, start)
        if part > ZERO:
            found.append((band.portion, part))
        low = high if band.up_to is None else band.up_to
    return tuple(found)


def _sum_of(step: Step, rates: tuple[tuple[Fraction, Money], ...], left: Money, before: Carried) -> Money:
    if step.kind is StepKind.REST:
        return left
    if step.claims:
        return total(remaining(step, before).values())
    if _has_base(step):
        return floor_fen(sum((part.exact_yuan() * rate for rate, part in rates), NOTHING))
    return max(step.amount - before.taken, ZERO) if _carries(step) else step.amount


def _bounded(step: Step, raw: Money, before: Carried) -> tuple[Money, Bound]:
    cap = step.cap
    if cap is not None and _carries(step) and _has_base(step):
        cap = max(cap - before.taken, ZERO)
    if cap is not None and cap < raw:
        return cap, Bound.CAP
    if step.floor is not None and raw < step.floor:
        return step.floor, Bound.FLOOR
    return raw, Bound.RATE


def _odd(exact: Mapping[str, Fraction], out: Mapping[str, Money]) -> tuple[str, ...]:
    """Return who has a fen more than the whole fen of the exact share, the largest remainder first."""
    odd = [party for party, share in exact.items() if out[party].fen > share]
    return tuple(sorted(odd, key=lambda party: (int(exact[party]) - exact[party], party)))
