"""Registration of products: states, deadlines, validity, and the gates to a sale. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from kernel.calendar import DAY, MONTHS_PER_YEAR, Period, WorkingCalendar, add_months
from kernel.errors import Conflict, Invalid
from kernel.policy import Cited


class RegistrationState(StrEnum):
    """Where a registration stands; expiry is not among them, for it follows from the dates."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    RETURNED = "returned"
    PUBLIC_NOTICE = "public_notice"
    OBJECTED = "objected"
    CODED = "coded"
    TERMINATED = "terminated"
    REPLACED = "replaced"
    CANCELLED = "cancelled"
    REVOKED = "revoked"


class RegistrationEvent(StrEnum):
    """What can happen to a registration."""

    ACCEPT = "accept"
    NOT_ACCEPT = "not_accept"
    RETURN_ONCE = "return_once"
    RESUBMIT = "resubmit"
    PASS = "pass"  # noqa: S105 - the formal review passed; not a password
    NOT_COMPLETE = "not_complete"
    OBJECT = "object"
    DISMISS_OBJECTIONS = "dismiss_objections"
    UPHOLD_OBJECTION = "uphold_objection"
    ASSIGN_CODE = "assign_code"
    COMPLETE_CANCELLATION = "complete_cancellation"
    REPLACE = "replace"
    CANCEL = "cancel"
    REVOKE = "revoke"


class RegistrationKind(StrEnum):
    """The types of registration (26号 第八条、第二十条; REG-02)."""

    FIRST = "first"
    CHANGE = "change"
    CORRECTION = "correction"
    RENEWAL = "renewal"
    CANCELLATION = "cancellation"
    REVOCATION = "revocation"


class ObjectionOutcome(StrEnum):
    """What became of an objection."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Acceptance(StrEnum):
    """What the registrar does with an application that was received."""

    ACCEPT = "accept"
    NOT_ACCEPT = "not_accept"
    RETURN_ONCE = "return_once"


class CancellationGround(StrEnum):
    """Why a registration may be cancelled (REG-08)."""

    DATA_LOST = "data_lost"
    RIGHT_ENDED = "right_ended"
    REGISTRANT_ENDED = "registrant_ended"
    OTHER_BY_LAW = "other_by_law"


class RevocationGround(StrEnum):
    """Why a registration may be revoked (26号 第二十条; REG-08)."""

    FALSE_MATERIALS = "false_materials"
    FORGED_RESULT = "forged_result"
    ILLEGAL_GAIN = "illegal_gain"
    OTHER = "other"


class WrongState(Conflict):
    """The registration does not admit this step now."""

    code = "registration.wrong_state"


class NoticeRunning(Conflict):
    """No code is assigned before the public notice is over."""

    code = "registration.notice_running"


class NoticeOver(Conflict):
    """Objections are possible during the public notice only."""

    code = "registration.notice_over"


class AgreementEnded(Conflict):
    """A registration cannot outlive the authorization it rests on."""

    code = "registration.agreement_ended"


class OutsideRenewalWindow(Conflict):
    """Renewal is applied for within a window before the end."""

    code = "registration.outside_renewal_window"


class ReturnedBefore(Conflict):
    """The application was already returned with one notice of all defects."""

    code = "registration.returned_before"


class DefectsMissing(Invalid):
    """A refusal or a return without saying what is wrong."""

    code = "registration.defects_missing"


class MaterialsMissing(Invalid):
    """Materials of the application are missing; ``errors`` names each."""

    code = "registration.materials_missing"


EVENTS = RegistrationEvent
STATES = RegistrationState
TRANSITIONS: dict[tuple[RegistrationState, RegistrationEvent], RegistrationState] = {
    (STATES.SUBMITTED, EVENTS.ACCEPT): STATES.ACCEPTED,
    (STATES.SUBMITTED, EVENTS.NOT_ACCEPT): STATES.NOT_ACCEPTED,
    (STATES.SUBMITTED, EVENTS.RETURN_ONCE): STATES.RETURNED,
    (STATES.RETURNED, EVENTS.RESUBMIT): STATES.SUBMITTED,
    (STATES.ACCEPTED, EVENTS.PASS): STATES.PUBLIC_NOTICE,
    (STATES.ACCEPTED, EVENTS.NOT_COMPLETE): STATES.TERMINATED,
    (STATES.ACCEPTED, EVENTS.COMPLETE_CANCELLATION): STATES.CANCELLED,
    (STATES.PUBLIC_NOTICE, EVENTS.OBJECT): STATES.OBJECTED,
    (STATES.OBJECTED, EVENTS.OBJECT): STATES.OBJECTED,
    (STATES.OBJECTED, EVENTS.DISMISS_OBJECTIONS): STATES.PUBLIC_NOTICE,
    (STATES.OBJECTED, EVENTS.UPHOLD_OBJECTION): STATES.TERMINATED,
    (STATES.PUBLIC_NOTICE, EVENTS.ASSIGN_CODE): STATES.CODED,
    (STATES.CODED, EVENTS.REPLACE): STATES.REPLACED,
    (STATES.CODED, EVENTS.CANCEL): STATES.CANCELLED,
    (STATES.CODED, EVENTS.REVOKE): STATES.REVOKED,
}
RUNNING = (STATES.SUBMITTED, STATES.ACCEPTED, STATES.RETURNED, STATES.PUBLIC_NOTICE, STATES.OBJECTED)
FOLLOWS_A_CODE = (
    RegistrationKind.CHANGE,
    RegistrationKind.CORRECTION,
    RegistrationKind.RENEWAL,
    RegistrationKind.CANCELLATION,
)
MATERIAL_TITLES = {
    "registrant": "登记主体信息",
    "lawful_source": "数据合法来源",
    "resource_description": "数据资源情况",
    "evidence_record": "存证情况",
    "product_information": "产品和服务信息",
    "scenario": "应用场景",
    "security_risk_assessment": "数据安全风险评估",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition that must hold before a product may be sold: whether it does, the fact, and the rule."""

    code: str
    title: str
    open: bool
    fact: str
    rule: str
    article: str
    since: date | None = None
    todo: str = ""

    @property
    def name(self) -> str:
        """The title, as the page macros call it."""
        return self.title

    @property
    def date(self) -> date | None:
        """The day since which it is so, as the page macros call it."""
        return self.since


def after(state: RegistrationState, event: RegistrationEvent) -> RegistrationState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.

    Source:
        发改数据规〔2025〕26号 第八条 (REG-03).
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongState(
            f"登记当前状态为“{state}”，不能办理“{event}”（26号 第八条）：请刷新后查看当前环节",
            detail_en=f"A registration in state {state} does not admit {event}",
            rule="REG-03",
        ) from None


def refuse_without_words(text: str, words: str) -> None:
    """Refuse an adverse decision that gives no reason.

    Raises:
        DefectsMissing: the text is blank.
    """
    if not text.strip():
        error = {"pointer": "/reason", "code": "required", "message": words}
        raise DefectsMissing(f"{words}（26号 第十条、第十一条）", rule="REG-04", errors=[error])


def check_receipt(decision: Acceptance, *, reason: str, defects: Sequence[str], was_returned: bool) -> None:
    """Refuse a second return, and an adverse decision without its grounds.

    Raises:
        ReturnedBefore: all defects had to be named the first time.
        DefectsMissing: no defects, or no reason.

    Source:
        发改数据规〔2025〕26号 第十条 (REG-04).
    """
    if decision is Acceptance.NOT_ACCEPT:
        refuse_without_words(reason, "不予受理须说明理由")
    elif decision is Acceptance.RETURN_ONCE:
        if was_returned:
            raise ReturnedBefore(
                "申请已一次性告知过全部问题（26号 第十条），不得再次退回：请受理或不予受理",
                detail_en="An application is returned once; accept it or not",
                rule="REG-04",
            )
        refuse_without_words("".join(defects), "退回须一次性列出全部问题")


def missing_materials(found: Mapping[str, str], required: Iterable[str]) -> list[str]:
    """Return the codes of required materials that are absent or blank, in the order of the policy (REG-05)."""
    return [code for code in required if not found.get(code, "").strip()]


def check_materials(found: Mapping[str, str], required: Cited | None) -> None:
    """Refuse an application that lacks materials; all are named at once.

    Raises:
        MaterialsMissing: some are absent or blank.

    Source:
        发改数据规〔2025〕26号 第九条 (REG-05).
    """
    lacking = [] if required is None else missing_materials(found, required.items())
    if required is not None and lacking:
        titles = {code: MATERIAL_TITLES.get(code, code) for code in lacking}
        raise MaterialsMissing(
            f"登记材料不齐（{required.citation()}），缺少：{'、'.join(titles.values())}。请一次性补齐后提交",
            detail_en=f"Missing materials: {', '.join(lacking)}",
            rule="REG-05",
            article=required.citation(),
            errors=[{"pointer": f"/{code}", "code": "missing", "message": title} for code, title in titles.items()],
        )


def notice_period(passed_on: date, working_days: int, calendar: WorkingCalendar) -> tuple[date, date]:
    """Return first and last day of the public notice: it starts on the day after the review was passed (REG-04).

    Raises:
        CalendarGap: the notice runs into a year without a holiday table.
    """
    return passed_on + DAY, calendar.add_working_days(passed_on, working_days)


def refuse_before_notice_ends(today: date, notice_end: date) -> None:
    """Refuse a code while the public notice runs.

    Raises:
        NoticeRunning: the last day of the notice is not over.

    Source:
        发改数据规〔2025〕26号 第十二条 (REG-04).
    """
    if today <= notice_end:
        raise NoticeRunning(
            f"公示期至 {notice_end} 届满（26号 第十二条），届满次日起方可赋码",
            detail_en=f"The public notice runs until {notice_end}; assign the code afterwards",
            rule="REG-04",
        )


def refuse_outside_notice(today: date, notice_start: date, notice_end: date) -> None:
    """Refuse an objection before or after the public notice.

    Raises:
        NoticeOver: today lies outside the notice.

    Source:
        发改数据规〔2025〕26号 第十二条 (REG-06).
    """
    if not notice_start <= today <= notice_end:
        raise NoticeOver(
            f"公示期为 {notice_start} 至 {notice_end}（26号 第十二条），期外不受理异议；可向登记机构举报",
            detail_en=f"Objections are possible from {notice_start} to {notice_end}",
            rule="REG-06",
        )


def validity(valid_from: date, *, years: int, agreement: Period) -> tuple[date, date]:
    """Return first and last valid day of a registration.

    So many years; but where the authorization itself lasts no longer than that, it ends with the authorization.

    Args:
        valid_from: day of the code, or the day after the end of the registration that is renewed.
        years: longest validity (``registration.validity_years`` or ``renewal_years_max``).
        agreement: formal term of the agreement.

    Raises:
        AgreementEnded: the authorization ends before the registration would begin.

    Source:
        发改数据规〔2025〕26号 第十五条 (REG-07).
    """
    last = add_months(valid_from, years * MONTHS_PER_YEAR) - DAY
    if agreement.end <= add_months(agreement.start, years * MONTHS_PER_YEAR):
        last = min(last, agreement.last_day)
    if last < valid_from:
        raise AgreementEnded(
            f"授权运营期限止于 {agreement.last_day}，不能自 {valid_from} 起赋码或续展（26号 第十五条）；请先续签协议",
            detail_en=f"The authorization ended on {agreement.last_day}",
            rule="REG-07",
        )
    return valid_from, last


def renewal_window(valid_until: date, days: int) -> tuple[date, date]:
    """Return first and last day on which renewal may be applied for.

    The days are counted back from the last valid day, which itself is not counted (as everywhere, rules §5).

    Source:
        发改数据规〔2025〕26号 第十五条 (REG-07).
    """
    return valid_until - timedelta(days=days), valid_until


def refuse_outside_window(today: date, valid_until: date, days: int) -> None:
    """Refuse an application for renewal outside the window.

    Raises:
        OutsideRenewalWindow: too early, or the registration has ended.

    Source:
        发改数据规〔2025〕26号 第十五条 (REG-07).
    """
    opens, closes = renewal_window(valid_until, days)
    if not opens <= today <= closes:
        raise OutsideRenewalWindow(
            f"续展须在有效期届满前 {days} 日内申请（26号 第十五条）：窗口为 {opens} 至 {closes}",
            detail_en=f"Apply for renewal from {opens} to {closes}",
            rule="REG-07",
        )


def is_effective(state: RegistrationState, valid_from: date | None, valid_until: date | None, on: date) -> bool:
    """Say whether a registration protects sales on that day; time alone ends it, no job has to run."""
    return (
        state is RegistrationState.CODED
        and valid_from is not None
        and valid_until is not None
        and valid_from <= on <= valid_until
    )
