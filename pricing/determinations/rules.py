"""The determination of a permitted revenue (PRC-03): its states, who may do what, and what a proposal says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.money import Money
from pricing.ceilings.rules import CAP_ARTICLE, Readiness, readiness

RULE = "PRC-03"
REVIEW_ARTICLE = "发改价格〔2025〕65号 四"
DELEGATED = "prefecture"  # the level that acts only where the province has authorized it


class DeterminationState(StrEnum):
    """How far a determination has come; the last three follow from dates and other records, and are never stored."""

    APPLIED = "applied"
    RETURNED = "returned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    READINESS_ASSESSED = "readiness_assessed"
    PROPOSED = "proposed"
    MPR_DETERMINED = "mpr_determined"
    CAPS_SET = "caps_set"
    CAPS_REPORTED = "caps_reported"
    ACTIVE = "active"
    UNDER_EVALUATION = "under_evaluation"
    SUPERSEDED = "superseded"


class DeterminationEvent(StrEnum):
    """What can be done."""

    AMEND = "amend"
    RETURN = "return"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    ASSESS = "assess"
    PROPOSE = "propose"
    REJECT = "reject"
    CONFIRM = "confirm"
    SET_CAPS = "set_caps"
    DROP_CAPS = "drop_caps"
    REPORT_CAPS = "report_caps"


State, Event = DeterminationState, DeterminationEvent
DERIVED = (State.ACTIVE, State.UNDER_EVALUATION, State.SUPERSEDED)
STORED = tuple(state for state in State if state not in DERIVED)
CLOSED = (State.REFUSED, State.WITHDRAWN)
OPEN = (State.APPLIED, State.RETURNED, State.READINESS_ASSESSED, State.PROPOSED)  # nothing is determined yet
DETERMINED = (State.MPR_DETERMINED, State.CAPS_SET, State.CAPS_REPORTED)
TRANSITIONS = {
    (State.APPLIED, Event.RETURN): State.RETURNED,
    (State.APPLIED, Event.REFUSE): State.REFUSED,
    (State.APPLIED, Event.WITHDRAW): State.WITHDRAWN,
    (State.APPLIED, Event.ASSESS): State.READINESS_ASSESSED,
    (State.RETURNED, Event.AMEND): State.APPLIED,
    (State.RETURNED, Event.WITHDRAW): State.WITHDRAWN,
    (State.READINESS_ASSESSED, Event.WITHDRAW): State.WITHDRAWN,
    (State.READINESS_ASSESSED, Event.PROPOSE): State.PROPOSED,
    (State.PROPOSED, Event.REJECT): State.READINESS_ASSESSED,
    (State.PROPOSED, Event.CONFIRM): State.MPR_DETERMINED,
    (State.MPR_DETERMINED, Event.SET_CAPS): State.CAPS_SET,
    (State.CAPS_SET, Event.SET_CAPS): State.CAPS_SET,
    (State.CAPS_SET, Event.DROP_CAPS): State.MPR_DETERMINED,
    (State.CAPS_SET, Event.REPORT_CAPS): State.CAPS_REPORTED,
    # reported caps stay in force while other ones are planned under the same revenue
    (State.CAPS_REPORTED, Event.SET_CAPS): State.CAPS_REPORTED,
    (State.CAPS_REPORTED, Event.DROP_CAPS): State.CAPS_REPORTED,
    (State.CAPS_REPORTED, Event.REPORT_CAPS): State.CAPS_REPORTED,
}

STATE_TITLES = {
    State.APPLIED: "已申请，待评估",
    State.RETURNED: "已退回补正",
    State.REFUSED: "不具备定价基础",
    State.WITHDRAWN: "已撤回",
    State.READINESS_ASSESSED: "具备定价基础，待拟定",
    State.PROPOSED: "已拟定，待确认",
    State.MPR_DETERMINED: "已核定最高准许收入",
    State.CAPS_SET: "上限已拟定，待报告",
    State.CAPS_REPORTED: "上限已书面报告",
    State.ACTIVE: "执行中",
    State.UNDER_EVALUATION: "评估中",
    State.SUPERSEDED: "已被取代",
}
EVENT_TITLES = {
    Event.AMEND: "补正申请",
    Event.RETURN: "退回补正",
    Event.REFUSE: "认定不具备定价基础",
    Event.WITHDRAW: "撤回申请",
    Event.ASSESS: "认定具备定价基础",
    Event.PROPOSE: "拟定最高准许收入",
    Event.REJECT: "否决拟定",
    Event.CONFIRM: "确认核定",
    Event.SET_CAPS: "拟定上限收费标准",
    Event.DROP_CAPS: "放弃拟定的上限",
    Event.REPORT_CAPS: "记录书面报告",
}


class WrongState(Conflict):
    """The determination is not in a state in which this can be done."""

    code = "determination.wrong_state"


class SecondPersonNeeded(Conflict):
    """Whoever applied or proposed does not confirm."""

    code = "determination.second_person_needed"
    title = "须由另一人确认"
    title_en = "A second person has to confirm"


class OperatorExcluded(NotAllowed):
    """The operating institution never takes part in determining what it may earn."""

    code = "determination.operator_excluded"


class OtherProposal(Conflict):
    """The digest is not that of the proposal that waits: something else was read."""

    code = "determination.other_proposal"


class NotReady(Conflict):
    """There is no complete operating year yet: the trial standard goes on."""

    code = "determination.not_ready"
    title = "尚无完整年度运营情况"
    title_en = "There is no complete operating year yet"


class DelegationMissing(Invalid):
    """A prefecture acts on authorization of the province; the document has to be named."""

    code = "determination.delegation_missing"


class DeductionMissing(Invalid):
    """Less is deducted than was earned above the ceiling of the last cycle and allotted to this year."""

    code = "determination.deduction_missing"


@dataclass(frozen=True, slots=True)
class Course:
    """What besides the stored state decides where a determination stands on a day."""

    year: int
    first_cap_date: date | None = None  # first day of the earliest cap reported under it
    is_superseded: bool = False  # another ceiling counts for the year
    is_renewed: bool = False  # a later determination for the agreement is under way


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a price officer proposes, beside the survey that it rests on."""

    margin: Decimal
    tax_lines: tuple[Mapping[str, Any], ...]
    jointly_with: str
    bond_yield: Decimal | None
    bond_yield_source: str
    clawback: Money
    clawback_reason: str
    authority_level: str
    delegation: str

    def as_json(self) -> dict[str, Any]:
        """Return the terms as they are kept: texts."""
        return {
            "margin": format(self.margin, "f"),
            "tax_lines": [{**line, "amount": line["amount"].text()} for line in self.tax_lines],
            "jointly_with": self.jointly_with,
            "bond_yield": None if self.bond_yield is None else format(self.bond_yield, "f"),
            "bond_yield_source": self.bond_yield_source,
            "clawback": self.clawback.text(),
            "clawback_reason": self.clawback_reason,
            "authority_level": self.authority_level,
            "delegation": self.delegation,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Proposed":
        """Return the terms that were kept."""
        lines = tuple({**line, "amount": Money.yuan(line["amount"])} for line in kept["tax_lines"])
        texts = {name: kept[name] for name in TEXTS}
        return cls(
            margin=Decimal(kept["margin"]), tax_lines=lines, clawback=Money.yuan(kept["clawback"]),
            bond_yield=None if kept["bond_yield"] is None else Decimal(kept["bond_yield"]), **texts,
        )  # fmt: skip

    def given(self) -> dict[str, Any]:
        """Return the arguments from which the ceiling is prepared."""
        return {
            "margin": self.margin, "tax_lines": self.tax_lines, "bond_yield": self.bond_yield,
            "bond_yield_source": self.bond_yield_source, "clawback": self.clawback,
            "clawback_reason": self.clawback_reason, "authority_level": self.authority_level,
        }  # fmt: skip


TEXTS = ("jointly_with", "bond_yield_source", "clawback_reason", "authority_level", "delegation")


def after(state: DeterminationState, event: DeterminationEvent, number: str) -> DeterminationState:
    """Return the stored state that follows.

    Raises:
        WrongState: that cannot be done to a determination in this state; the message names what can.

    Source:
        PRC-03; 发改价格〔2025〕65号, 二.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        allowed = "、".join(EVENT_TITLES[found] for found in possible(state)) or "无"
        raise WrongState(
            f"定价程序 {number} 现为“{STATE_TITLES[state]}”，不能“{EVENT_TITLES[event]}”；此时可办理：{allowed}。",
            detail_en=f"{number} is {state}; {event} is not possible.",
            rule=RULE,
            article=CAP_ARTICLE,
        )
    return following


def possible(state: DeterminationState) -> tuple[DeterminationEvent, ...]:
    """Return what can be done in a state, in the order of the table."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def phase(state: DeterminationState, course: Course, on: date) -> DeterminationState:
    """Return where a determination stands on a day: its stored state, carried on by dates.

    Reported caps are active from their first day on; when the year is over, or its successor is applied for, the
    determination is under evaluation; as soon as another ceiling counts, it is superseded.

    Source:
        PRC-03, PRC-07; 发改价格〔2025〕65号, 二 and 四.
    """
    if state in DETERMINED and course.is_superseded:
        return State.SUPERSEDED
    if state is not State.CAPS_REPORTED or course.first_cap_date is None or on < course.first_cap_date:
        return state
    return State.UNDER_EVALUATION if course.is_renewed or on.year > course.year else State.ACTIVE


def check_ready(first_sale_date: date, today: date, number: str) -> Readiness:
    """Refuse to price before a complete accounting year of operation.

    Raises:
        NotReady: the first complete accounting year is not over.

    Source:
        PRC-06; 发改价格〔2025〕65号, 二: 已有完整年度运营情况的，授权主体应 … 提出书面申请.
    """
    found = readiness(first_sale_date, today)
    if not found.is_due:
        raise NotReady(
            f"{number}：自 {first_sale_date} 起收费，首个完整年度为 {found.first_complete_year} 年，"
            f"{found.application_opens_date} 起方可评估定价基础；此前执行试行收费标准。",
            detail_en=f"{found.first_complete_year} is the first complete year; it is not over.",
            rule="PRC-06",
            article=CAP_ARTICLE,
        )
    return found


def check_persons(number: str, actor_id: UUID | None, earlier: Collection[UUID]) -> None:
    """Refuse that somebody who applied or proposed also confirms, under whichever account (``earlier``: all of theirs).

    Raises:
        SecondPersonNeeded: the actor is among them.

    Source:
        PRC-03; 发改价格〔2025〕65号, 二: 由发展改革部门会同数据管理部门核定.
    """
    if actor_id in earlier:
        raise SecondPersonNeeded(
            f"{number} 由您申请或拟定，须由价格主管部门或数据管理部门的另一人确认或否决。",
            detail_en="You applied or proposed; another person has to confirm.",
            rule=RULE,
            article=CAP_ARTICLE,
        )


def check_not_operator(number: str, org_id: UUID | None, operator_id: UUID) -> None:
    """Refuse people of the operating institution.

    Raises:
        OperatorExcluded: the actor belongs to it.

    Source:
        PRC-02, PRC-03: determined by price and data department, never by the operator.
    """
    if org_id == operator_id:
        raise OperatorExcluded(
            f"{number}：运营机构不得参与核定自己的最高准许收入和上限收费标准，请由价格主管部门会同数据管理部门办理。",
            detail_en="The operating institution takes no part in determining its own ceiling.",
            rule=RULE,
            article=CAP_ARTICLE,
        )


def check_delegation(level: str, delegation: str) -> None:
    """Refuse a determination below the province that names no authorization.

    Raises:
        DelegationMissing: the prefecture decides and the document is not named.

    Source:
        发改价格〔2025〕65号, 一: 原则上由省级 … 确有必要的，可授权地级及以上人民政府制定.
    """
    if level == DELEGATED and not delegation.strip():
        raise DelegationMissing(
            "收费标准原则上由省级制定；由地市级核定的，请填写授权文件的名称和文号。",
            detail_en="Name the document by which the province authorized the prefecture.",
            rule=RULE,
            article="发改价格〔2025〕65号 一",
            errors=[{"pointer": "/delegation", "code": DelegationMissing.code, "message": "请填写授权文件"}],
        )


def deducted(due: Money, reason: str, given: Money | None, given_reason: str) -> tuple[Money, str]:
    """Return what is deducted in the year: what is due from the last cycle, or more where the proposal says so.

    Args:
        due: yuan that the assessment of the last cycle allotted to the year.
        reason: of which cycle.
        given: what the proposal states; None takes what is due.
        given_reason: why it states more.

    Raises:
        DeductionMissing: the proposal deducts less than is due.

    Source:
        PRC-07; 发改价格〔2025〕65号, 四: 在核定下一周期最高准许收入时予以扣减.
    """
    if given is None or given == due:
        return due, reason if due else given_reason
    if given < due:
        raise DeductionMissing(
            f"上一周期超收应在本年度扣减 {due} 元（{reason}），拟定的扣减 {given} 元不足，请补足。",
            detail_en=f"{due} is due to be deducted in this year.",
            rule="PRC-07",
            article=REVIEW_ARTICLE,
            errors=[{"pointer": "/clawback", "code": DeductionMissing.code, "message": f"至少 {due}"}],
        )
    return given, given_reason or reason


def check_digest(number: str, read: str, waiting: str) -> None:
    """Refuse a decision on another text than the one that waits.

    Raises:
        OtherProposal: the digests differ.
    """
    if read != waiting:
        raise OtherProposal(
            f"{number} 待确认的拟定与您所阅的不是同一份，请重新阅看后再确认。",
            detail_en="The digest is not that of the proposal that waits; read it again.",
            rule=RULE,
            errors=[{"pointer": "/sha256", "code": OtherProposal.code, "message": "摘要不符"}],
        )
