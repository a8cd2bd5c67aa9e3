"""A plan of caps: what it may hold, what it would bring in, and when it becomes caps."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.errors import Conflict, Invalid
from kernel.policy import Cited
from pricing.ceilings.rules import CAP_ARTICLE, Load, check_caps

RULE = "PRC-04"
RECIPIENTS = {"price_authority": "发展改革（价格主管）部门", "data_authority": "数据管理部门"}


class CapPlanState(StrEnum):
    """How far a plan has come."""

    DRAFT = "draft"
    REPORTED = "reported"
    DROPPED = "dropped"


class CapPlanEvent(StrEnum):
    """What can be done with a plan."""

    AMEND = "amend"
    REPORT = "report"
    DROP = "drop"


TRANSITIONS = {
    (CapPlanState.DRAFT, CapPlanEvent.AMEND): CapPlanState.DRAFT,
    (CapPlanState.DRAFT, CapPlanEvent.REPORT): CapPlanState.REPORTED,
    (CapPlanState.DRAFT, CapPlanEvent.DROP): CapPlanState.DROPPED,
}
STATE_TITLES = {
    CapPlanState.DRAFT: "拟定中，未生效",
    CapPlanState.REPORTED: "已书面报告，按生效日执行",
    CapPlanState.DROPPED: "已放弃",
}


class WrongState(Conflict):
    """The plan is not in a state in which this can be done."""

    code = "cap_plan.wrong_state"


class RowUnusable(Invalid):
    """A row that cannot become a cap."""

    code = "cap_plan.row_unusable"


class DayUnusable(Invalid):
    """A first day that lies in the past, or outside the year of the permitted revenue."""

    code = "cap_plan.day_unusable"


class ReportIncomplete(Invalid):
    """The written report went to one department only, or is dated ahead."""

    code = "cap_plan.report_incomplete"
    title = "书面报告不完整"
    title_en = "The written report is not complete"


def after(state: CapPlanState, event: CapPlanEvent, number: str) -> CapPlanState:
    """Return the state that follows.

    Raises:
        WrongState: the plan was reported or dropped already.

    Source:
        PRC-03; 发改价格〔2025〕65号, 二.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise WrongState(
            f"上限方案 {number} 现为“{STATE_TITLES[state]}”，不得再改；需要调整上限的，请另拟方案。",
            detail_en=f"Plan {number} is {state}; draw up another one.",
            rule="PRC-03",
            article=CAP_ARTICLE,
        )
    return following


def check_day(effective_from: date, *, year: int, today: date) -> None:
    """Refuse a first day in the past or outside the year of the permitted revenue.

    Raises:
        DayUnusable: it is.
    """
    if effective_from < today or effective_from.year != year:
        words = f"生效日 {effective_from} 应不早于今日（{today}），且在 {year} 年内"
        raise DayUnusable(
            f"{words}。", rule=RULE, article=CAP_ARTICLE,
            errors=[{"pointer": "/effective_from", "code": DayUnusable.code, "message": words}],
        )  # fmt: skip


def check_rows(rows: Sequence[Mapping[str, Any]], *, own: Mapping[UUID, str], units: Cited) -> None:
    """Refuse rows for products of others, in units that the rules do not name, without an amount, or twice.

    Args:
        rows: product_id, charge_unit, amount (per unit) and subject_kind of each cap.
        own: codes of the operator's products under the agreement, by id.
        units: the charge units that the rules name.

    Raises:
        RowUnusable: names the row and what is wrong with it.

    Source:
        PRC-04, PRC-05; 发改价格〔2025〕65号, 三（二）.
    """
    seen = set()
    for index, row in enumerate(rows):
        key = (row["product_id"], row["charge_unit"], row.get("subject_kind"))
        if row["product_id"] not in own:
            raise _unusable(index, "product_id", "不是该协议运营机构提供的产品，不适用本上限")
        if row["charge_unit"] not in units.items():
            raise _unusable(index, "charge_unit", f"计费方式应当取自 {units.value}（{units.citation()}）")
        if not row["amount"].units:
            raise _unusable(index, "amount", "上限应当大于零；免费提供的产品无须制定上限")
        if key in seen:
            raise _unusable(index, "product_id", "同一产品、计费方式和查询对象类别只能有一个上限")
        seen.add(key)


def check_loads(loads: Sequence[Load]) -> None:
    """Refuse a plan that on its first day, or on any later change of the year, brings in more than is permitted.

    Raises:
        CapsAboveRevenue: names both sums.

    Source:
        PRC-04; 发改价格〔2025〕65号, 二: 在最高准许收入范围内.
    """
    for load in loads:
        check_caps([cap.forecast for cap in load.caps], load.fit.permitted)


def check_report(number: str, reported_to: Sequence[str], report_date: date, *, today: date) -> None:
    """Refuse a report that did not go to both departments, or whose day lies ahead.

    Raises:
        ReportIncomplete: it is not complete.

    Source:
        PRC-03, DIS-08; 发改价格〔2025〕65号, 二: 书面报告发展改革部门、数据管理部门.
    """
    missing = [title for capacity, title in RECIPIENTS.items() if capacity not in reported_to]
    if missing or report_date > today:
        words = f"缺少报告对象：{'、'.join(missing)}" if missing else f"报告日期 {report_date} 晚于今日"
        raise ReportIncomplete(
            f"上限方案 {number} 须先书面报告发展改革部门和数据管理部门，再行生效；{words}。",
            detail_en="Report to both departments first.",
            rule="DIS-08",
            article=CAP_ARTICLE,
            errors=[
                {"pointer": "/reported_to" if missing else "/report_date", "code": ReportIncomplete.code,
                 "message": words},
            ],
        )  # fmt: skip


def _unusable(index: int, field: str, words: str) -> RowUnusable:
    return RowUnusable(
        f"第 {index + 1} 项上限：{words}。",
        detail_en=f"Row {index + 1}: {field} is not acceptable.",
        rule=RULE,
        article=CAP_ARTICLE,
        errors=[{"pointer": f"/caps/{index}/{field}", "code": RowUnusable.code, "message": words}],
    )
