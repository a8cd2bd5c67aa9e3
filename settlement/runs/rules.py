"""States of a settlement, and what ties before it may be sealed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from kernel.calendar import Period
from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.money import Money


class RunState(StrEnum):
    """Where a settlement stands: 已编制, 已复核, 已封存."""

    PREPARED = "prepared"
    CHECKED = "checked"
    SEALED = "sealed"


class RunEvent(StrEnum):
    """What happens to a settlement."""

    PREPARE = "prepare"
    CHECK = "check"
    SEAL = "seal"


STATE_TITLES = {RunState.PREPARED: "已编制", RunState.CHECKED: "已复核", RunState.SEALED: "已封存"}
TRANSITIONS: dict[tuple[RunState, RunEvent], RunState] = {
    (RunState.PREPARED, RunEvent.PREPARE): RunState.PREPARED,  # prepared anew: the numbers have changed
    (RunState.CHECKED, RunEvent.PREPARE): RunState.PREPARED,
    (RunState.PREPARED, RunEvent.CHECK): RunState.CHECKED,
    (RunState.CHECKED, RunEvent.SEAL): RunState.SEALED,
}


class WrongState(Conflict):
    """The settlement cannot take this step now."""

    code = "settlement.wrong_state"
    title = "结算当前状态不能办理此事"
    title_en = "The settlement is not in the right state"


class PeriodNotOver(Conflict):
    """The period to be settled has not ended."""

    code = "settlement.period_not_over"
    title = "结算期间尚未结束"
    title_en = "The period is not over"


class PeriodOverlaps(Conflict):
    """Another settlement of the place covers part of the period."""

    code = "settlement.period_overlaps"
    title = "结算期间重叠"
    title_en = "The period overlaps another"


class SamePerson(NotAllowed):
    """Who prepared a settlement may not check it."""

    code = "settlement.same_person"
    title = "编制人与复核人不能是同一人"
    title_en = "Preparer and checker must be two people"


class OutOfOrder(Conflict):
    """Periods of one place are settled one after the other."""

    code = "settlement.out_of_order"
    title = "须按期间先后结算"
    title_en = "Periods are settled in order"


class DoesNotTie(Invalid):
    """The sums that must agree differ."""

    code = "settlement.does_not_tie"
    title = "三方核对不一致"
    title_en = "The books do not tie"


class InputsChanged(Conflict):
    """What was checked is no longer what would be sealed."""

    code = "settlement.inputs_changed"
    title = "编制后数据已变化"
    title_en = "The facts have changed since"


def after(state: RunState, event: RunEvent) -> RunState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise WrongState(
            f"结算处于“{STATE_TITLES[state]}”，不能执行“{event}”；请刷新页面查看当前进度",
            detail_en=f"The settlement is {state}; {event} is not possible",
        )
    return following


def must_be_over(period: Period, today: date) -> None:
    """Refuse a period whose last day has not passed (Beijing dates).

    Raises:
        PeriodNotOver: today still belongs to the period, or lies before it.
    """
    if today < period.end:
        raise PeriodNotOver(
            f"期间 {period.text()} 到 {period.last_day} 才结束，请于 {period.end} 起编制结算",
            detail_en=f"Settle {period.text()} from {period.end} on",
        )


def must_be_in_order(period: Period, *, unsealed_before: str | None, sealed_after: str | None) -> None:
    """Refuse to settle a period before an earlier one, or after a later one has taken what was there.

    Args:
        period: what is to be settled.
        unsealed_before: number of an earlier settlement that is not sealed; only asked when sealing.
        sealed_after: number of a later settlement that is sealed.

    Raises:
        OutOfOrder: there is such a settlement; it is named.
    """
    if unsealed_before is not None:
        raise OutOfOrder(f"较早期间的结算 {unsealed_before} 尚未封存，请先办结后再封存 {period.text()}",
                         detail_en=f"Seal {unsealed_before} first")  # fmt: skip
    if sealed_after is not None:
        raise OutOfOrder(f"较晚期间的结算 {sealed_after} 已封存，{period.text()} 的金额已并入其中",
                         detail_en=f"{sealed_after} is sealed and holds what this period earned")  # fmt: skip


def must_be_two_people(*, is_same: bool) -> None:
    """Refuse that the natural person who prepared a settlement checks it (不相容职务相分离).

    Raises:
        SamePerson: both are one person.
    """
    if is_same:
        raise SamePerson("编制结算的人不能复核同一期结算，请由另一位财务人员复核",
                         detail_en="Somebody else has to check this", article="会计法 第三十五条")  # fmt: skip


def must_tie(sums: Mapping[str, Money]) -> None:
    """Refuse sums that are not all the same to the fen.

    Args:
        sums: name of each sum → its amount.

    Raises:
        DoesNotTie: they differ; every sum is named.
    """
    if len(set(sums.values())) > 1:
        words = "，".join(f"{name} {amount.text()} 元" for name, amount in sums.items())
        raise DoesNotTie(f"各方合计不一致，不能封存：{words}", detail_en=f"Sums differ: {words}", rule="REV-03")
