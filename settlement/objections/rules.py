"""Objections to contribution figures: states, what a decision changes, and which shares wait. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction

from kernel.errors import Conflict
from kernel.money import ZERO, Money
from settlement.notices.rules import Figures

Pool = tuple[str, str, int]  # code of the product, number of the schedule, step


class ObjectionState(StrEnum):
    """Where an objection stands."""

    FILED = "filed"
    WITHDRAWN = "withdrawn"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class ObjectionEvent(StrEnum):
    """What can happen to an objection."""

    WITHDRAW = "withdraw"
    UPHOLD = "uphold"
    DISMISS = "dismiss"


class Factor(StrEnum):
    """The figure that is objected to."""

    USAGE = "usage"
    QUALITY = "quality"
    INPUT = "input"


TRANSITIONS = {
    (ObjectionState.FILED, ObjectionEvent.WITHDRAW): ObjectionState.WITHDRAWN,
    (ObjectionState.FILED, ObjectionEvent.UPHOLD): ObjectionState.UPHELD,
    (ObjectionState.FILED, ObjectionEvent.DISMISS): ObjectionState.DISMISSED,
}
STATE_TITLES = {
    ObjectionState.FILED: "待处理", ObjectionState.WITHDRAWN: "已撤回", ObjectionState.UPHELD: "已采纳",
    ObjectionState.DISMISSED: "未采纳",
}  # fmt: skip


class WrongState(Conflict):
    """The objection is not in a state in which this can happen."""

    code = "contribution.objection_wrong_state"
    title = "异议已办结"
    title_en = "The objection is closed"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the departments were shown of a period: by which weights each pool is divided, and whose shares wait."""

    notice: str | None = None  # its number; None while nothing was shown: then a settlement works with its own figures
    weights: Mapping[Pool, Mapping[str, Fraction]] = field(default_factory=dict)  # after upheld objections
    frozen: Mapping[Pool, Collection[str]] = field(default_factory=dict)


NOTHING_SHOWN = Standing()


def after(state: ObjectionState, event: ObjectionEvent, number: str) -> ObjectionState:
    """Return the state after an event.

    Raises:
        WrongState: the objection is closed.
    """
    if (state, event) not in TRANSITIONS:
        raise WrongState(
            f"异议 {number} {STATE_TITLES[state]}，不能再办理；仍有不同意见的，请在公示期内另行提出。",
            detail_en=f"The objection {number} is {state}.", rule="REV-04",
        )  # fmt: skip
    return TRANSITIONS[state, event]


def corrected(figures: Figures, factor: Factor, value: Fraction) -> Figures:
    """Return figures with one of them replaced by what was decided."""
    if factor is Factor.USAGE:
        return replace(figures, usage=int(value))
    return replace(figures, quality=value) if factor is Factor.QUALITY else replace(figures, input=value)


def parted(shares: Mapping[str, Money], frozen: Collection[str]) -> tuple[dict[str, Money], dict[str, Money]]:
    """Return what of a pool is paid now and what waits: the shares of those who object, and nobody else's.

    Both together are the pool, to the fen: nothing moves from one party to another because of an objection.

    Source:
        field 11.5: 异议只冻结其本身的行.
    """
    free = {party: share for party, share in sorted(shares.items()) if party not in frozen}
    waits = {party: share for party, share in sorted(shares.items()) if party in frozen and share != ZERO}
    return free, waits
