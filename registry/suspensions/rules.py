"""How long a correction may take and what its answer decides; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from kernel.errors import Conflict, Invalid
from registry.parties.rules import N_


class CorrectionState(StrEnum):
    """Where the correction of a breach stands on a day; derived from dates, never stored."""

    AWAITED = "awaited"
    REPORTED = "reported"
    REPORTED_LATE = "reported_late"
    OVERDUE = "overdue"


class NotSuspended(Conflict):
    """The agreement is not suspended, so that there is nothing to correct."""

    code = "suspension.not_suspended"


class CorrectionMissing(Conflict):
    """A suspension ends with a correction that the operator has reported."""

    code = "suspension.correction_missing"
    title = "运营机构尚未报告整改情况"
    title_en = "The operator has not reported its correction"


class CorrectionStillOpen(Conflict):
    """The correction period runs, or a correction reported in time has not been answered."""

    code = "suspension.correction_still_open"
    title = "整改期限未过或整改报告尚未答复"
    title_en = "The correction is still open"


class FindingGiven(Conflict):
    """The report of a correction has been answered already."""

    code = "suspension.finding_given"


class PartRefused(Invalid):
    """An end of part of the data that names what is not in scope, nothing, or all of it."""

    code = "suspension.part_refused"


class PartClosed(Conflict):
    """The proposal to end part of the data was confirmed, or belongs to an earlier suspension."""

    code = "suspension.part_closed"


@dataclass(frozen=True, slots=True)
class Reported:
    """A reported correction: the day, and whether the authority found it insufficient."""

    on: date
    rejected: bool


def last_day_of_correction(breach: date, days: int) -> date:
    """Return the last day of an agreed correction period of so many days; the day of the breach is not counted.

    A breach of 2026-09-01 with 15 agreed days is to be corrected by 2026-09-16 and unanswered on 2026-09-17.

    Source:
        新昌县公共数据授权运营实施方案 二（三） (ACC-01).
    """
    return breach + timedelta(days=days)


def correction_state(due: date, reports: Iterable[Reported], on: date) -> CorrectionState:
    """Return where the correction stands on that day: a report found insufficient counts as none.

    ``due`` is the last day of the agreed period. Time alone makes it overdue.
    """
    standing = [report.on for report in reports if not report.rejected and report.on <= on]
    if standing:
        return CorrectionState.REPORTED if min(standing) <= due else CorrectionState.REPORTED_LATE
    return CorrectionState.AWAITED if on <= due else CorrectionState.OVERDUE


def check_restorable(number: str, state: CorrectionState) -> None:
    """Refuse to open an agreement again whose operator has not reported a correction.

    Raises:
        CorrectionMissing: it has not, or what it reported was found insufficient.

    Source:
        新昌县公共数据授权运营实施方案 二（三） (ACC-01).
    """
    if state not in (CorrectionState.REPORTED, CorrectionState.REPORTED_LATE):
        raise CorrectionMissing(
            f"协议 {number} 暂停后，运营机构尚未报告整改情况，不得恢复；请运营机构先提交整改报告和证据",
            detail_en=f"{number}: the operator reports its correction with evidence first.",
            rule="ACC-01",
        )


def check_part_may_end(number: str, state: CorrectionState, due: date) -> None:
    """Refuse to end the authorization of the affected data while the operator may still correct.

    Raises:
        CorrectionStillOpen: the period runs, or a report that came in time waits for its answer.

    Source:
        新昌县公共数据授权运营实施方案 二（三） (ACC-01).
    """
    if state is CorrectionState.AWAITED:
        raise CorrectionStillOpen(
            f"协议 {number} 的整改期限至 {due} 止，期限未过，不得终止相关数据的授权；请待期限届满",
            detail_en=f"{number}: the correction period ends on {due}.",
            rule="ACC-01",
        )
    if state is CorrectionState.REPORTED:
        raise CorrectionStillOpen(
            f"协议 {number} 的运营机构已按期报告整改情况，请先核实：符合要求的予以恢复，不符合的写明理由予以退回",
            detail_en=f"{number}: answer the report of the operator first.",
            rule="ACC-01",
        )


def check_part(number: str, standing: Collection[UUID], ending: Collection[UUID]) -> None:
    """Refuse an end of part of the data that names what is not in scope, nothing, or all of it.

    Raises:
        PartRefused: it does.
    """
    left = set(standing) - set(ending)
    if not ending or not left or not set(ending) <= set(standing):
        words = "只能终止现行授权范围之内的部分数据资源；全部终止的，请办理协议终止"
        raise PartRefused(
            f"协议 {number}：{words}",
            detail_en="Name part of the present scope; to end all of it, terminate the agreement.",
            rule="ACC-01",
            errors=[{"pointer": "/resource_ids", "code": PartRefused.code, "message": words}],
        )


STATE_TITLES = {
    CorrectionState.AWAITED: N_("等待整改报告"),
    CorrectionState.REPORTED: N_("已报告，待核实"),
    CorrectionState.REPORTED_LATE: N_("逾期报告，待核实"),
    CorrectionState.OVERDUE: N_("逾期未报告"),
}
