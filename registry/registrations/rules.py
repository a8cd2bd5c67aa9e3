"""Registration of products: states, deadlines, validity, the code with its check character, and gates. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from stdnum.iso7064 import mod_37_36

from kernel.calendar import DAY, MONTHS_PER_YEAR, Period, WorkingCalendar, add_months
from kernel.errors import Conflict, Invalid, NotFound


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


class CodeMistyped(NotFound):
    """The check character does not fit: the code was mistyped or made up."""

    code = "certificate.mistyped"
    title = "登记编码校验不符"
    title_en = "The registration code fails its check"


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

CODE = re.compile(r"([0-9]{6})([0-9]{4})([0-9]{6})([0-9A-Z])")
SEPARATORS = re.compile(r"[\s\-‐‑‒–—−·.]+")


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


def registration_code(division: str, year: int, serial: int) -> str:
    """Return a registration code: division, year, serial and an ISO 7064 mod 37,36 check character.

    Args:
        division: six digits of the administrative division (行政区划代码).
        year: of the code.
        serial: within division and year, from 1.

    Raises:
        Invalid: the parts do not make a code.
    """
    body = f"{division}{year:04d}{serial:06d}"
    code = body + str(mod_37_36.calc_check_digit(body))
    if CODE.fullmatch(code) is None:
        raise Invalid(f"不能由 {division}、{year}、{serial} 生成登记编码，请核对行政区划代码", rule="REG-03")
    return spelled(code)


def spelled(compact: str) -> str:
    """Return the printed spelling of a code: ``330624-2026-000001-K``."""
    return "-".join(CODE.sub(r"\1 \2 \3 \4", compact).split())


def read_code(text: str) -> str:
    """Return the printed spelling of a code as somebody typed it: any case, spaces, hyphens, full-width letters.

    Raises:
        CodeMistyped: it is no code, or its check character does not fit.
    """
    compact = SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if CODE.fullmatch(compact) is None or not mod_37_36.is_valid(compact):
        raise CodeMistyped(
            f"“{text.strip()}”不是有效的登记编码：校验位不符，可能抄写有误或系伪造。"
            "请核对证书上的编码（行政区划 6 位-年份 4 位-序号 6 位-校验 1 位），或扫描证书上的二维码",
            detail_en="This is no valid registration code: its check character does not fit. Check the spelling",
            rule="REG-03",
        )
    return spelled(compact)
