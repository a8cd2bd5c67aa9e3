"""Training before access (岗前培训): what counts, and for how long; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from kernel.calendar import add_months
from kernel.errors import Invalid
from registry.parties.rules import N_

DAY = timedelta(days=1)
BLOCKED = "BLOCKED_TRAINING"


class RoleKind(StrEnum):
    """The kinds of staff that are trained."""

    MANAGEMENT = "management"
    TECHNICAL = "technical"
    OPERATING = "operating"


KIND_TITLES = {
    RoleKind.MANAGEMENT: N_("管理人员"),
    RoleKind.TECHNICAL: N_("技术人员"),
    RoleKind.OPERATING: N_("操作人员"),
}


class TrainingRefused(Invalid):
    """The training lies in the future."""

    code = "training.refused"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a place demands on a day; ``months`` is None where no validity is stated: it never lapses."""

    is_required: bool
    kinds: tuple[RoleKind, ...]
    months: int | None
    article: str

    def words(self) -> str:
        """Return the requirement as pages show it."""
        if not self.is_required:
            return "当地文件没有要求岗前培训"
        kinds = "、".join(KIND_TITLES[kind] for kind in self.kinds)
        term = "文件没有规定有效期，一经合格长期有效" if self.months is None else f"有效期 {self.months} 个月"
        return f"{kinds}须经岗前培训合格后方可开通权限（{self.article}）；{term}"


@dataclass(frozen=True, slots=True)
class Result:
    """One examination as the rules see it."""

    id: UUID
    kind: RoleKind
    trained_on: date
    passed: bool


@dataclass(frozen=True, slots=True)
class TrainingFact:
    """Whether a person is trained; ``since`` and ``until`` (first day on which it lapsed) where there is a record."""

    is_met: bool
    words: str
    article: str
    since: date | None = None
    until: date | None = None
    rule: str = "TRN-01"

    @property
    def code(self) -> str:
        """The code of the refusal; empty where there is none."""
        return "" if self.is_met else BLOCKED


def check_day(trained_on: date, today: date) -> None:
    """Refuse the record of a training that has not taken place yet.

    Raises:
        TrainingRefused: it lies in the future.
    """
    if trained_on > today:
        raise TrainingRefused(
            f"培训日期 {trained_on} 晚于今天，培训尚未进行；请在考核之后登记",
            detail_en="The training lies in the future.",
            rule="TRN-01",
            errors=[{"pointer": "/trained_on", "code": TrainingRefused.code, "message": f"不晚于 {today}"}],
        )


def lapses_on(trained_on: date, months: int | None) -> date | None:
    """Return the first day on which a passed training does not count any more; ``None``: it never lapses.

    Source:
        TRN-01: the validity is not stated by any text; ``training.validity_months`` where somebody configured one.
    """
    return None if months is None else add_months(trained_on, months)


def earliest_valid(on: date, months: int) -> date:
    """Return the earliest day of training that still counts on a day: :func:`lapses_on` turned round."""
    day = add_months(on, -months)
    while add_months(day, months) <= on:
        day += DAY
    while add_months(day - DAY, months) > on:
        day -= DAY
    return day


def counting(results: Iterable[Result], requirement: Requirement, on: date, kind: RoleKind | None) -> Result | None:
    """Return the examination on which a person's training rests on a day, or ``None``.

    Of each kind the newest examination up to that day decides; a later failure takes the earlier pass away. With
    ``kind`` only that kind counts, else any kind that the place demands; the longest valid one is returned.
    """
    wanted = requirement.kinds if kind is None else (kind,)
    newest: dict[RoleKind, Result] = {}
    for result in results:
        known = newest.get(result.kind)
        if result.trained_on <= on and (known is None or _order(known) < _order(result)):
            newest[result.kind] = result
    valid = [
        result
        for one, result in newest.items()
        if one in wanted and result.passed and _holds(result.trained_on, requirement.months, on)
    ]
    return max(valid, key=_order, default=None)


def _order(result: Result) -> tuple[date, UUID]:
    return result.trained_on, result.id


def _holds(trained_on: date, months: int | None, on: date) -> bool:
    lapsed = lapses_on(trained_on, months)
    return lapsed is None or on < lapsed


def judge(
    name: str, results: Iterable[Result], requirement: Requirement, on: date, kind: RoleKind | None = None
) -> TrainingFact:
    """Say whether a person is trained on a day, with the fact in words.

    Source:
        新昌 三（五）1；衢州 第四部分, TRN-01.
    """
    if not requirement.is_required:
        return TrainingFact(True, requirement.words(), requirement.article)
    found = counting(results, requirement, on, kind)
    if found is None:
        what = KIND_TITLES[kind] if kind is not None else "规定的"
        return TrainingFact(
            False, f"{name} 没有在有效期内的{what}岗前培训合格记录，权限未开通（{BLOCKED}）", requirement.article
        )
    until = lapses_on(found.trained_on, requirement.months)
    term = "没有规定有效期" if until is None else f"有效至 {until}（当日不计）"
    return TrainingFact(
        True, f"{name} 于 {found.trained_on} 经{KIND_TITLES[found.kind]}岗前培训合格，{term}", requirement.article,
        found.trained_on, until,
    )  # fmt: skip
