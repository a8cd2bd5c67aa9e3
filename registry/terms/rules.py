"""The terms of a registration: public notice, validity, renewal window, and when they move. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from kernel.calendar import DAY, MONTHS_PER_YEAR, Period, WorkingCalendar, add_months
from kernel.errors import Conflict


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


def moved_notice_end(
    before: date, *, passed_on: date, working_days: int, today: date, calendar: WorkingCalendar
) -> date:
    """Return the last day of a running public notice under the present holiday table.

    A notice that is over stays over, and none becomes shorter than it was announced [I].

    Raises:
        CalendarGap: the notice runs into a year without a holiday table.
    """
    if today > before:
        return before
    return max(before, calendar.add_working_days(passed_on, working_days))
