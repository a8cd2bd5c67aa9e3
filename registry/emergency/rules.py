"""Who writes an emergency plan, and when the next drill is due; pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from kernel.calendar import add_months
from kernel.errors import Conflict, Invalid
from kernel.policy import Cited
from registry.parties.rules import N_


class Department(StrEnum):
    """The departments that write an emergency plan together (EMG-02)."""

    DATA_AUTHORITY = "data_authority"
    CYBERSPACE = "cyberspace"
    CRYPTOGRAPHY = "cryptography"
    SECRECY = "secrecy"
    POLICE = "police"
    STATE_SECURITY = "state_security"


class DrillOutcome(StrEnum):
    """What a drill showed."""

    PASSED = "passed"
    SHORTCOMINGS = "shortcomings"


DEPARTMENT_TITLES = {
    Department.DATA_AUTHORITY: N_("公共数据主管部门"),
    Department.CYBERSPACE: N_("网信部门"),
    Department.CRYPTOGRAPHY: N_("密码管理部门"),
    Department.SECRECY: N_("保密行政管理部门"),
    Department.POLICE: N_("公安机关"),
    Department.STATE_SECURITY: N_("国家安全机关"),
}
OUTCOME_TITLES = {DrillOutcome.PASSED: N_("达到预期"), DrillOutcome.SHORTCOMINGS: N_("存在不足，须修订预案")}


class NoPlanToDrill(Conflict):
    """A drill exercises the current plan, and there is none."""

    code = "emergency.no_plan"


class DrillDate(Invalid):
    """The drill is said to have been held in the future, or before the plan was adopted."""

    code = "emergency.drill_date"


class AuthorizationEnded(Conflict):
    """The authorization has ended: it needs neither plan nor drill."""

    code = "emergency.authorization_ended"


def missing_departments(participants: Collection[Department]) -> tuple[Department, ...]:
    """Return the departments that took no part in writing the plan, in the order of the act.

    Source:
        新昌县公共数据授权运营实施方案 五（四） (EMG-02).
    """
    return tuple(department for department in Department if department not in participants)


def next_drill_by(last: date, months: Cited | None) -> date | None:
    """Return the last day for the next drill: so many months after the last one, or after operation began.

    ``None`` where nobody has configured how often: the texts name no interval.

    Source:
        新昌县公共数据授权运营实施方案 五（四） (EMG-03).
    """
    return None if months is None else add_months(last, months.integer())


def check_drill_date(held_on: date, adopted_on: date, today: date) -> None:
    """Refuse a drill in the future, or one that was held before the plan that it exercises.

    Raises:
        DrillDate: it is.
    """
    if not adopted_on <= held_on <= today:
        words = f"演练日期应在预案通过之日 {adopted_on} 至今日之间"
        raise DrillDate(
            f"{words}，填写为 {held_on}；请核对",
            detail_en=f"The drill lies between {adopted_on} and today.",
            rule="EMG-03",
            errors=[{"pointer": "/held_on", "code": DrillDate.code, "message": words}],
        )
