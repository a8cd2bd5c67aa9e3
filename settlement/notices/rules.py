"""Contribution figures of a period and the notice in which a department can object to them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kernel.errors import Conflict
from kernel.money import Exact
from settlement.contributions.rules import contribution
from settlement.portions.rules import parts_per_million

FACTORS = ("usage", "quality", "input")


class NoticeState(StrEnum):
    """Where a contribution notice stands; that its days are over follows from the date."""

    DRAFT = "draft"
    OPEN = "open"  # shown to the departments, nothing in it changes any more
    REPLACED = "replaced"  # drawn again before it was opened


class NoticeEvent(StrEnum):
    """What can happen to a notice."""

    OPEN = "open"
    REDRAW = "redraw"


TRANSITIONS = {
    (NoticeState.DRAFT, NoticeEvent.OPEN): NoticeState.OPEN,
    (NoticeState.DRAFT, NoticeEvent.REDRAW): NoticeState.REPLACED,
}
STATE_TITLES = {NoticeState.DRAFT: "待公示", NoticeState.OPEN: "已公示", NoticeState.REPLACED: "已重新测算"}


class WrongState(Conflict):
    """The notice is not in a state in which this can happen."""

    code = "contribution.wrong_state"
    title = "贡献公示当前状态不能办理"
    title_en = "The notice is not in the right state"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one department contributed to what one product earned: raw figures, as exact numbers."""

    usage: int
    quality: Fraction
    input: Fraction

    def to_dict(self) -> dict[str, Exact]:
        """Return the figures by factor."""
        return {"usage": self.usage, "quality": self.quality, "input": self.input}


@dataclass(frozen=True, slots=True)
class Weighed:
    """A department's figures, its exact weight among all departments of the product, and the weight in ppm."""

    figures: Figures
    weight: Fraction
    ppm: int
    parts: dict[str, Fraction]  # factor → what it adds to the weight

    def explained(self) -> dict[str, Any]:
        """Return the parts of the weight as text, for the page and for explanations."""
        return {factor: str(part) for factor, part in self.parts.items()}


def after(state: NoticeState, event: NoticeEvent, number: str) -> NoticeState:
    """Return the state after an event.

    Raises:
        WrongState: the event cannot happen now.
    """
    if (state, event) not in TRANSITIONS:
        raise WrongState(
            f"贡献公示 {number} {STATE_TITLES[state]}，不能再{'公示' if event is NoticeEvent.OPEN else '重新测算'}；"
            "对已公示的数字有不同意见的，由数源部门提出异议（REV-04）。",
            detail_en=f"The notice {number} is {state}: it cannot be changed.", rule="REV-04",
        )  # fmt: skip
    return TRANSITIONS[state, event]


def weighed(coefficients: Mapping[str, Exact], departments: Mapping[str, Figures]) -> dict[str, Weighed]:
    """Return every department's weight of a product, by credit code; the ppm add up to a million.

    Raises:
        CoefficientsNotOne: the coefficients do not add up to one.
        FactorUnusable: nobody has any of a factor that counts.

    Source:
        REV-04: w = α·usage + β·quality + γ·input，各项先归一化.
    """
    stated = {uscc: figures.to_dict() for uscc, figures in departments.items()}
    weights = contribution(coefficients, stated)
    parts = {
        factor: contribution({factor: 1}, {uscc: {factor: row[factor]} for uscc, row in stated.items()})
        for factor in FACTORS
        if coefficients[factor]
    }
    ppm = parts_per_million(weights)
    return {
        uscc: Weighed(
            departments[uscc], weight, ppm[uscc],
            {factor: Fraction(coefficients[factor]) * share[uscc] for factor, share in parts.items()},
        )
        for uscc, weight in weights.items()
    }  # fmt: skip


def usage_by_department(sold: Sequence[tuple[int, Sequence[str]]]) -> dict[str, int]:
    """Return how much was used of what each department provided: units of every product made with its resources."""
    found: dict[str, int] = {}
    for units, departments in sold:
        for uscc in departments:
            found[uscc] = found.get(uscc, 0) + units
    return found


def is_over(objection_until: date | None, today: date) -> bool:
    """Say whether the last day for objections has passed; a notice that is not open yet never is."""
    return objection_until is not None and objection_until < today
