"""What waits for the authority, its reviewers and registrars, and the administrators of accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import joinedload

from kernel.calendar import business_date
from kernel.identity import Role
from registry.accounts.model import Account
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import EVENT_TITLES, AgreementState
from registry.calls import queries as calls
from registry.calls.model import Call
from registry.calls.rules import CallState
from registry.desk import queries as desk
from registry.exits import queries as exits
from registry.exits.model import ExitFile
from registry.exits.rules import ExitState
from registry.incidents import queries as incidents
from registry.incidents.model import Incident
from registry.incidents.rules import CLOSED as INCIDENT_CLOSED
from registry.incidents.rules import STATE_TITLES as INCIDENT_TITLES
from registry.persons import queries as persons
from registry.persons.model import GrantAsk, PasswordReset
from registry.persons.rules import AskState
from registry.plans.model import Plan, PlanVersion
from registry.plans.rules import PlanState
from registry.procedures.rules import RULE_OF
from registry.register_desk import queries as register
from registry.registrations.model import Objection, Registration
from registry.registrations.rules import RegistrationState
from registry.reviews import queries as reviews
from registry.reviews.model import Review, ReviewStage
from registry.selections.model import Selection
from registry.selections.rules import SelectionState
from registry.suspensions import queries as suspensions
from registry.suspensions.rules import CorrectionState
from settlement.reminders import queries as reminders
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState
from web.labels import role_title, state_label
from web.worklists.tasks import SHOWN_MAX, Asking, Task

REVIEWERS = (Role.REVIEWER, Role.SUPERVISOR, Role.SOURCE, Role.OPERATOR)


def reviews_waiting(asking: Asking) -> Iterator[Task]:
    """Return the reviews of every procedure in which an open seat waits for the person, by the legal clock."""
    wanted = desk.Wanted(is_mine=True)
    found = desk.worklist(asking.session, asking.actor, wanted, today=asking.today, limit=SHOWN_MAX)
    for review in found:
        seats = reviews.awaiting(asking.actor, review, _present(review))
        yield _review_task(review, "、".join(dict.fromkeys(gettext(seat.title) for seat in seats)))


def reviews_late(asking: Asking) -> Iterator[Task]:
    """Return the reviews at the supervisor's places that somebody else is late with, or that were escalated."""
    actor = asking.acting(Role.SUPERVISOR)
    found: dict[object, Review] = {}
    for wanted in (desk.Wanted(is_overdue=True), desk.Wanted(is_escalated=True)):
        rows = desk.worklist(asking.session, actor, wanted, today=asking.today, limit=SHOWN_MAX)
        found |= {one.id: one for one in rows if not reviews.awaiting(asking.actor, one, _present(one))}
    for review in found.values():
        titles = "、".join(dict.fromkeys(gettext(seat.title) for seat in reviews.open_stages(_present(review))))
        note = gettext("已转督办") if review.escalated_at is not None else ""
        yield _review_task(review, gettext("督促逾期审查：%(stage)s", stage=titles), kind="late_reviews", note=note)


def _present(review: Review) -> list[ReviewStage]:
    return [stage for stage in review.stages if stage.round_number == review.round_number]


def _review_task(review: Review, what: str, *, kind: str = "", note: str = "") -> Task:
    return Task(
        kind or str(review.procedure), what, review.number, review.subject_title,
        url_for("review_pages.show", review_id=review.id), review.place, business_date(review.submitted_at),
        review.due_date, RULE_OF[review.procedure], note or review.pause_reason,
        is_paused=review.paused_at is not None,
    )  # fmt: skip


def registrations_waiting(asking: Asking) -> Iterator[Task]:
    """Return the registrations that wait for the registrar: to accept, to review, to settle objections, to code."""
    words = {
        RegistrationState.SUBMITTED: (gettext("登记申请待受理"), "REG-04"),
        RegistrationState.ACCEPTED: (gettext("登记申请待审核"), "REG-04"),
        RegistrationState.PUBLIC_NOTICE: (gettext("公示期满待赋码"), "REG-04"),
        RegistrationState.OBJECTED: (gettext("公示异议待处理"), "REG-06"),
    }
    found = register.worklist(asking.session, asking.acting(Role.REVIEWER), limit=SHOWN_MAX * 2)
    for one in found:
        is_running = one.state is RegistrationState.PUBLIC_NOTICE and not _is_over(one.notice_end, asking.today)
        if one.state not in words or is_running:
            continue
        what, rule = words[one.state]
        due = None if one.state is RegistrationState.PUBLIC_NOTICE else one.due_date()
        yield Task(
            "registrations", what, one.number, one.product.title,
            url_for("registration_pages.show", registration_id=one.id), one.place, business_date(one.received_at),
            due, rule, state_label(one.kind),
        )  # fmt: skip


def _is_over(last: date | None, today: date) -> bool:
    return last is not None and today > last


def objections_open(asking: Asking) -> Iterator[Task]:
    """Return the objections during public notices that nobody has decided."""
    query = (
        sa.select(Objection, Registration)
        .join(Registration, Registration.id == Objection.registration_id)
        .where(Objection.outcome.is_(None), Registration.place.in_(asking.places(Role.SUPERVISOR)))
        .options(joinedload(Registration.product))
        .order_by(Objection.filed_at)
        .limit(SHOWN_MAX)
    )
    for objection, registration in asking.session.execute(query):
        what = gettext("监督异议处理") if objection.rechecked_at else gettext("监督异议复核")
        yield Task(
            "objections", what, objection.reference or registration.number, registration.product.title,
            url_for("registration_pages.show", registration_id=registration.id), registration.place,
            business_date(objection.filed_at), None, "REG-06",
        )  # fmt: skip


def suspensions_waiting(asking: Asking) -> Iterator[Task]:
    """Return the suspended agreements whose correction was reported, or whose correction period has passed."""
    actor = asking.acting(Role.SUPERVISOR)
    query = agreements.listed(actor, state=AgreementState.SUSPENDED).order_by(Agreement.correction_due)
    for one in asking.session.scalars(query.limit(SHOWN_MAX)):
        if one.correction_due is None:
            continue
        state = suspensions.state_of(asking.session, one, asking.today)
        part = suspensions.waiting_part(asking.session, one)
        if part is not None and part.asked_by != asking.actor.id:
            what = gettext("终止部分数据授权，待第二人确认")
        elif state in (CorrectionState.REPORTED, CorrectionState.REPORTED_LATE):
            what = gettext("运营机构已报告整改，待答复")
        elif state is CorrectionState.OVERDUE:
            what = gettext("整改期已过，请决定恢复、终止部分或全部授权")
        else:
            continue
        url = url_for("suspension_pages.show", agreement_id=one.id)
        yield _agreement_task(one, "suspensions", what, url, one.suspended_at, one.correction_due, "ACC-01")


def agreements_waiting(asking: Asking) -> Iterator[Task]:
    """Return the agreements that wait for the authority's next step, or for the second person of one."""
    actor = asking.acting(Role.SUPERVISOR)
    words = {
        AgreementState.SIGNED: (gettext("协议已签，待备案或生效"), "DIS-13"),
        AgreementState.FILED: (gettext("协议已备案，待生效"), "AGR-03"),
    }
    waiting = sa.or_(Agreement.state.in_(words), Agreement.pending_event.is_not(None))
    query = agreements.listed(actor).where(waiting).order_by(Agreement.number).limit(SHOWN_MAX)
    for one in asking.session.scalars(query):
        what, rule = words.get(one.state, ("", "AGR-04"))
        if one.pending_event is not None:
            if one.pending_by == asking.actor.id:
                continue
            what = gettext("%(event)s：待第二人确认", event=gettext(EVENT_TITLES[one.pending_event]))
        url = url_for("agreement_pages.show", agreement_id=one.id)
        yield _agreement_task(one, "agreements", what, url, one.signed_at, None, rule)


def _agreement_task(
    one: Agreement, kind: str, what: str, url: str, since: datetime | None, due: date | None, rule: str
) -> Task:
    day = business_date(since) if since else None
    title = f"{one.title} · {one.operating_institution.name}"
    return Task(kind, what, one.number, title, url, one.place, day, due, rule)


def exits_waiting(asking: Asking) -> Iterator[Task]:
    """Return the agreements that ended without a file of their exit, and the exits that wait to be closed."""
    actor = asking.acting(Role.SUPERVISOR)
    for one in exits.waiting(asking.session, actor, asking.today):
        url = url_for("exit_pages.browse")
        what = gettext("授权已终止，请办理退出")
        title = f"{one.title} · {one.operating_institution.name}"
        yield Task("exits", what, one.number, title, url, one.place, exits.exit_date(one, asking.today), None, "AGR-04")
    query = exits.listed(actor).where(ExitFile.state != ExitState.CLOSED).order_by(ExitFile.exit_date)
    for found in asking.session.scalars(query.limit(SHOWN_MAX)):
        what = gettext("退出办理中：待运营机构删除数据并出具证明")
        if found.state is ExitState.CERTIFIED:
            if found.close_asked_by == asking.actor.id:
                continue
            what = gettext("退出了结：待第二人确认") if found.close_asked_by else gettext("删除证明已出具，请了结退出")
        yield Task(
            "exits", what, found.number, found.agreement.operating_institution.name,
            url_for("exit_pages.show", exit_id=found.id), found.place, found.exit_date, None, "AGR-04",
        )  # fmt: skip


def incidents_open(asking: Asking) -> Iterator[Task]:
    """Return the risk incidents at the supervisor's places that are neither resumed nor terminated."""
    query = incidents.listed(asking.acting(Role.SUPERVISOR)).where(Incident.state.not_in(INCIDENT_CLOSED))
    for one in asking.session.scalars(query.order_by(Incident.detected_at).limit(SHOWN_MAX)):
        what = gettext("风险事件处置：%(state)s", state=gettext(INCIDENT_TITLES[one.state]))
        yield Task(
            "incidents", what, one.number, one.title, url_for("incident_pages.show", incident_id=one.id), one.place,
            business_date(one.detected_at), None, "SEC-02",
        )  # fmt: skip


def selections_waiting(asking: Asking) -> Iterator[Task]:
    """Return the calls that are over, and the selections that wait for the second person or for publication."""
    places = asking.places(Role.SUPERVISOR)
    over = sa.and_(Call.state == CallState.PUBLISHED, Call.closes_on < asking.today)
    standing = sa.select(Selection.call_id).where(Selection.state != SelectionState.DROPPED)
    unchosen = sa.and_(Call.state == CallState.CLOSED, Call.id.not_in(standing))
    query = calls.listed(asking.acting(Role.SUPERVISOR)).where(Call.place.in_(places), sa.or_(over, unchosen))
    for call in asking.session.scalars(query.order_by(Call.closes_on).limit(SHOWN_MAX)):
        is_closed = call.state is CallState.CLOSED
        what = gettext("公告已截止，请提出拟选定的运营机构") if is_closed else gettext("申请期已满，请截止公告")
        page = "selection_pages.choose" if is_closed else "call_pages.show"
        yield Task(
            "selections", what, call.number, call.title, url_for(page, call_id=call.id), call.place, call.closes_on,
            None, "APP-02",
        )  # fmt: skip
    waiting = (SelectionState.PROPOSED, SelectionState.CONFIRMED)
    made = sa.select(Selection).where(Selection.place.in_(places), Selection.state.in_(waiting))
    made = made.options(joinedload(Selection.operator)).order_by(Selection.proposed_at).limit(SHOWN_MAX)
    for one in asking.session.scalars(made):
        if one.state is SelectionState.PROPOSED and one.proposed_by == asking.actor.id:
            continue
        is_proposed = one.state is SelectionState.PROPOSED
        what = gettext("选定结果待第二人确认") if is_proposed else gettext("选定结果已确认，请公布")
        yield Task(
            "selections", what, one.number, one.operator.name,
            url_for("selection_pages.choose", call_id=one.call_id), one.place, business_date(one.proposed_at), None,
            "APP-03",
        )  # fmt: skip


def plans_waiting(asking: Asking) -> Iterator[Task]:
    """Return the plans that were returned, or approved and are not in effect yet."""
    words = {
        PlanState.RETURNED: gettext("实施方案退回补正"),
        PlanState.APPROVED: gettext("实施方案已审定，请备案或实施"),
        PlanState.FILED: gettext("实施方案已备案，请实施"),
    }
    query = (
        sa.select(PlanVersion)
        .join(Plan)
        .where(PlanVersion.state.in_(words), Plan.place.in_(asking.places(Role.SUPERVISOR)))
        .options(joinedload(PlanVersion.plan))
        .order_by(PlanVersion.drafted_at)
        .limit(SHOWN_MAX)
    )
    for one in asking.session.scalars(query):
        day = one.filed_at or one.approved_at or one.submitted_at or one.drafted_at
        yield Task(
            "plans", words[one.state], one.plan.number, one.plan.title,
            url_for("plan_pages.show", plan_id=one.plan_id), one.plan.place, business_date(day), None, "APP-01",
        )  # fmt: skip


def grants_waiting(asking: Asking) -> Iterator[Task]:
    """Return the roles asked for by one security administrator that another has to confirm."""
    actor = asking.acting(Role.SECURITY_ADMINISTRATOR)
    query = (
        persons.asks(actor, state=AskState.ASKED)
        .where(GrantAsk.expires_at > asking.now)
        .order_by(GrantAsk.asked_at)
        .limit(SHOWN_MAX)
    )
    for one in asking.session.scalars(query):
        is_own = one.asked_by == asking.actor.id
        what = gettext("授予“%(role)s”：", role=role_title(one.role))
        what += gettext("待另一位安全管理员确认") if is_own else gettext("待您确认")
        yield Task(
            "grants", what, one.account.login, one.account.name,
            url_for("person_pages.show", account_id=one.account_id), one.place or "", business_date(one.asked_at),
            business_date(one.expires_at), "", one.reason,
        )  # fmt: skip


def account_figures(asking: Asking) -> list[tuple[str, int]]:
    """Return how many accounts there are, how many are disabled, and how many passwords wait to be set anew."""
    states = dict(asking.session.execute(sa.select(Account.state, sa.func.count()).group_by(Account.state)).all())
    resets = sa.select(sa.func.count()).where(
        PasswordReset.used_at.is_(None), PasswordReset.voided_at.is_(None), PasswordReset.expires_at > asking.now
    )
    counted = {str(state): number for state, number in states.items()}
    return [
        (gettext("账号"), sum(counted.values())), (gettext("已停用"), counted.get("disabled", 0)),
        (gettext("待重设密码"), asking.session.scalar(resets) or 0),
    ]  # fmt: skip


def settlements_due(asking: Asking) -> Iterator[Task]:
    """Return the settlements that are due soon and not sealed, for those who prepare them."""
    for place in asking.places(Role.FINANCE_PREPARER):
        for one in reminders.soon(asking.session, place=place, now=asking.now, book=asking.book,
                                  calendar=asking.calendar)[:SHOWN_MAX]:  # fmt: skip
            yield Task("settlements", gettext("结算即将到期"), one.period.text(), state_label(place),
                       url_for("settlement_pages.browse"), place, one.period.end, one.due, "")  # fmt: skip


def settlements_waiting(asking: Asking) -> Iterator[Task]:
    """Return the prepared settlements that another person than the preparer checks, and seals."""
    words = {RunState.PREPARED: gettext("结算待复核"), RunState.CHECKED: gettext("结算待封存")}
    query = sa.select(SettlementRun).where(
        SettlementRun.state.in_(words), SettlementRun.place.in_(asking.places(Role.FINANCE_CHECKER)),
        SettlementRun.prepared_by != asking.actor.id,
    )  # fmt: skip
    for run in asking.session.scalars(query.order_by(SettlementRun.period_start).limit(SHOWN_MAX)):
        yield Task(
            "settlements", words[run.state], run.number, state_label(run.place),
            url_for("settlement_pages.show", number=run.number), run.place, business_date(run.prepared_at), None,
            "",
        )  # fmt: skip
