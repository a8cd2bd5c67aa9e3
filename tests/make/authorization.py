"""Plans, calls, applications and selections, made through the real commands and decided at the desk."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.calendar import WorkingCalendar, business_date
from kernel.identity import Actor, Role
from registry.applications import commands as applications
from registry.applications.model import Application
from registry.applications.rules import PROOFS_REQUIRED, ApplicationState, EnterpriseNature, Incident
from registry.calls import commands as calls
from registry.calls.model import Call
from registry.calls.rules import TEXT_TITLES, SelectionMethod
from registry.desk import commands as desk
from registry.operator_reviews import commands as operator_reviews
from registry.operator_reviews.model import OperatorReview
from registry.parties.model import Party
from registry.plans import commands as plans
from registry.plans import queries as plan_queries
from registry.plans.model import PlanVersion
from registry.plans.rules import ITEM_TITLES, PlanMode, PlanState
from registry.procedures.rules import STAGES
from registry.reviews import queries as reviews
from registry.reviews.rules import Decision, StageState
from registry.selections import commands as selections
from registry.selections.model import Selection
from tests.make import registry_base as make

CALENDAR = WorkingCalendar()
PLAN_ITEMS = {item.value: f"{title}：详见正文。" for item, title in ITEM_TITLES.items()}
TEXTS = {name: f"{title}：见正文。" for name, title in TEXT_TITLES.items()}
FORM: dict[str, Any] = {
    "address": "人民路 1 号", "nature": EnterpriseNature.STATE_CONTROLLED, "registered_capital": Decimal("5000.5"),
    "staff_count": 120, "contact": "张三", "phone": "0879-1234567", "requested_scope": "企业登记信息",
    "profile": "数据运营企业", "signed_by": "张三", "incidents_declared": True,
}  # fmt: skip
FILE = {"content": b"document", "name": "document.pdf", "media_type": "application/pdf"}
AFTER_CALL = timedelta(days=40)


def decide(session: Session, review_id: UUID, decision: Decision = Decision.AGREE, *, now: datetime = make.NOW) -> None:
    """Decide the first open seat of a review by a person who may sit there."""
    review = reviews.get(session, review_id)
    seat = next(one for one in reviews.stages(session, review) if one.state is StageState.OPEN)
    person = make.actor(STAGES[seat.kind].roles[0], place=review.place)
    desk.decide(
        session, person, review_id, decision=decision, reason="经审议（普政复〔2026〕12号）", checklist=(),
        defects=["材料不齐"] if decision is Decision.RETURN_ONCE else (), book=make.book(), calendar=CALENDAR, now=now,
        stage_id=seat.id,
    )  # fmt: skip
    session.flush()


def agree(session: Session, review_id: UUID, *, now: datetime = make.NOW) -> int:
    """Let every seat agree, each by another person; return how many there were."""
    count = 0
    while any(seat.state is StageState.OPEN for seat in reviews.stages(session, reviews.get(session, review_id))):
        decide(session, review_id, now=now)
        count += 1
    return count


def draft_plan(session: Session, *, place: str = "puer", resource_ids: tuple[UUID, ...] = ()) -> PlanVersion:
    """Draft a complete plan."""
    authority = make.make_authority(session, place=place)
    plan = plans.draft(
        session, make.supervisor(place), place=place, title="公共数据资源授权运营实施方案",
        implementing_institution_id=authority.id, mode=PlanMode.BY_SCENARIO, items=PLAN_ITEMS,
        scope_text="" if resource_ids else "市级公共数据资源", resource_ids=resource_ids, now=make.NOW,
        book=make.book(),
    )  # fmt: skip
    version = plan_queries.newest(session, plan.id)
    plans.record_decision(
        session, make.supervisor(place), version.id, number="党组会纪要〔2026〕3号", now=make.NOW, **FILE
    )
    return version


def carry_plan(
    session: Session, version: PlanVersion, state: PlanState, *, effective_from: date | None = None
) -> PlanVersion:
    """Take a complete draft as far as ``state`` (under review, approved, filed, in effect)."""
    place = plan_queries.get(session, version.plan_id).place
    person = make.supervisor(place)
    steps = [PlanState.UNDER_REVIEW, PlanState.APPROVED, PlanState.FILED, PlanState.IN_EFFECT]
    for step in steps[: steps.index(state) + 1]:
        if step is PlanState.UNDER_REVIEW:
            plans.submit(session, person, version.id, book=make.book(), calendar=CALENDAR, now=make.NOW)
        elif step is PlanState.APPROVED:
            assert version.review_id is not None
            agree(session, version.review_id)
        elif step is PlanState.FILED:
            plans.file(session, person, version.id, government_document="普政复12号", reference="备1号", now=make.NOW)
        else:
            first = effective_from or business_date(make.NOW)
            plans.put_in_effect(
                session, person, version.id, effective_from=first, book=make.book(), now=make.NOW
            )  # fmt: skip
    session.flush()
    return version


def make_plan(session: Session, *, place: str = "puer", resource_ids: tuple[UUID, ...] = ()) -> PlanVersion:
    """A plan in effect from the day of :data:`make.NOW`."""
    return carry_plan(session, draft_plan(session, place=place, resource_ids=resource_ids), PlanState.IN_EFFECT)


def make_call(
    session: Session,
    *,
    place: str = "puer",
    method: SelectionMethod = SelectionMethod.OPEN_TENDER,
    invited: tuple[Party, ...] = (),
    plan: PlanVersion | None = None,
    now: datetime = make.NOW,
) -> Call:
    """A published call, open for thirty days from the day of ``now``."""
    plan = plan or make_plan(session, place=place)
    today, person = business_date(now), make.supervisor(place)
    call = calls.draft(
        session, person, plan_id=plan.plan_id, method=method, title="运营机构遴选公告", texts=TEXTS, opens_on=today,
        closes_on=today + timedelta(days=29), invited_ids=[party.id for party in invited], now=now, book=make.book(),
    )  # fmt: skip
    return calls.publish(session, person, call.id, now=now, book=make.book())


def fill_in(
    session: Session, call: Call, applicant: Party, *, incidents: tuple[Incident, ...] = (), now: datetime = make.NOW
) -> Application:
    """A complete draft of an application."""
    person = make.acting_for(applicant, Role.OPERATOR, place=call.place)
    made = applications.start(session, person, call.id, applicant_id=applicant.id, form=FORM, now=now)
    applications.save(session, person, made.id, form={}, incidents=incidents, now=now)
    for kind in PROOFS_REQUIRED:
        applications.add_proof(session, person, made.id, kind=kind, now=now, **FILE)
    return made


def make_application(
    session: Session,
    call: Call,
    applicant: Party | None = None,
    *,
    state: ApplicationState = ApplicationState.PASSED,
    now: datetime = make.NOW,
) -> Application:
    """An application that was submitted, and reviewed where ``state`` says so."""
    applicant = applicant or make.make_operator(session, place=call.place)
    made = fill_in(session, call, applicant, now=now)
    person = make.acting_for(applicant, Role.OPERATOR, place=call.place)
    applications.submit(session, person, made.id, book=make.book(), calendar=CALENDAR, now=now)
    assert made.review_id is not None
    if state is ApplicationState.PASSED:
        agree(session, made.review_id, now=now)
    elif state is ApplicationState.REFUSED:
        decide(session, made.review_id, Decision.REFUSE, now=now)
    session.flush()
    return made


def close_call(session: Session, call: Call, *, now: datetime = make.NOW + AFTER_CALL) -> datetime:
    """Close a call after its last day; return the moment."""
    calls.close(session, make.supervisor(call.place), call.id, now=now)
    return now


def make_selection(session: Session, *, place: str = "puer", operator: Party | None = None) -> Selection:
    """A published selection of an operator."""
    call = make_call(session, place=place)
    application = make_application(session, call, operator)
    now = close_call(session, call)
    one, other = make.supervisor(place), make.supervisor(place)
    made = propose(session, one, application, now=now)
    selections.confirm(session, other, made.id, now=now)
    return selections.publish(session, other, made.id, filing_reference="浙备7号", book=make.book(), now=now)


def propose(session: Session, person: Actor, application: Application, *, now: datetime, **changes: Any) -> Selection:
    """Propose an application, but for the changes."""
    fields: dict[str, Any] = {
        "application_id": application.id, "reason": "评审第一名", "status_approval_record": "福府〔2026〕3号",
        "book": make.book(), "now": now, **changes,
    }  # fmt: skip
    return selections.propose(session, person, application.call_id, **fields)


def make_operator_review(session: Session, operator: Party, *, place: str = "xinchang") -> OperatorReview:
    """A complete draft of an operator-level review."""
    person = make.acting_for(operator, Role.OPERATOR, place=place)
    made = operator_reviews.start(
        session, person, operator_id=operator.id, place=place, now=make.NOW, book=make.book(),
        statements={"basic_security": "制度健全", "technical_security": "已过等保三级"},
    )  # fmt: skip
    operator_reviews.add_evidence(session, person, made.id, now=make.NOW, **FILE)
    return made
