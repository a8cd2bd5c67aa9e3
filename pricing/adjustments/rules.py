"""Adjustments (调整): what each price or cap should become, and how far that has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from kernel.errors import Conflict, Invalid
from kernel.money import Money, UnitPrice

ARTICLE = "发改价格〔2025〕65号 四"


class AdjustmentKind(StrEnum):
    """What is adjusted: a concrete price by the operator, or a cap by the authorizing entity."""

    PRICE = "price"
    CAP = "cap"


class AdjustmentState(StrEnum):
    """How far an adjustment has come."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CARRIED_OUT = "carried_out"
    SUPERSEDED = "superseded"


class AdjustmentAct(StrEnum):
    """What is done with an adjustment."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    CARRY_OUT = "carry_out"
    SUPERSEDE = "supersede"


TRANSITIONS = {
    (AdjustmentState.PROPOSED, AdjustmentAct.ACCEPT): AdjustmentState.ACCEPTED,
    (AdjustmentState.PROPOSED, AdjustmentAct.REFUSE): AdjustmentState.REFUSED,
    (AdjustmentState.ACCEPTED, AdjustmentAct.CARRY_OUT): AdjustmentState.CARRIED_OUT,
    # the assessment that proposed it was corrected
    (AdjustmentState.PROPOSED, AdjustmentAct.SUPERSEDE): AdjustmentState.SUPERSEDED,
    (AdjustmentState.ACCEPTED, AdjustmentAct.SUPERSEDE): AdjustmentState.SUPERSEDED,
}
STATE_TITLES = {
    AdjustmentState.PROPOSED: "待授权主体决定",
    AdjustmentState.ACCEPTED: "待执行",
    AdjustmentState.REFUSED: "不采纳",
    AdjustmentState.CARRIED_OUT: "已执行",
    AdjustmentState.SUPERSEDED: "随评估更正作废",
}


class WrongState(Conflict):
    """The adjustment is not in a state in which this can be done."""

    code = "adjustment.wrong_state"


class StepTooCoarse(Invalid):
    """Rounded down to the price step, nothing would be left of a price."""

    code = "adjustment.step_too_coarse"


@dataclass(frozen=True, slots=True)
class Charged:
    """A price or cap in force, and what its product earned in the year; ``limit`` is the cap of a price."""

    key: str
    current: UnitPrice
    revenue: Money
    limit: UnitPrice | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a price or cap should become, and what its product would then earn at the observed volume, exact yuan."""

    charged: Charged
    proposed: UnitPrice
    expected: Fraction


def proposals(charged: Sequence[Charged], permitted: Money, actual: Money, step: UnitPrice) -> list[Proposal]:
    """Return what each price or cap should become, so that the same volumes earn the permitted revenue and no more.

    All are moved by one factor, permitted over actual revenue, and rounded down to the price step; a price never
    rises above its cap. What earned nothing has no influence and stays.

    Raises:
        StepTooCoarse: rounded down, a price would become zero.

    Source:
        PRC-08; 发改价格〔2025〕65号 四. The text names no method; this one treats all products alike.
    """
    if not actual:
        return []
    factor, found = Fraction(permitted.fen, actual.fen), []
    for one in charged:
        if not one.revenue or not one.current.units:
            continue
        aim = one.current.exact_yuan() * factor
        if one.limit is not None:
            aim = min(aim, one.limit.exact_yuan())
        steps = int(aim // step.exact_yuan())
        if not steps:
            raise StepTooCoarse(
                f"按 {step.text()} 元的价格档位取整后，{one.key} 的建议价为零，请给出更小的档位。",
                detail_en=f"With a step of {step.text()} nothing is left of {one.key}.",
                rule="PRC-08",
                errors=[{"pointer": "/price_step", "code": StepTooCoarse.code, "message": f"小于 {step.text()}"}],
            )
        proposed = UnitPrice(steps * step.units)
        expected = one.revenue.exact_yuan() * Fraction(proposed.units, one.current.units)
        found.append(Proposal(one, proposed, expected))
    return found


def after(state: AdjustmentState, act: AdjustmentAct, number: str) -> AdjustmentState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"调整 {number} 现为“{STATE_TITLES[state]}”，不能再作此处理。",
            detail_en=f"Adjustment {number} is {state}; {act} is not possible.",
            rule="PRC-08",
            article=ARTICLE,
        )
    return following
