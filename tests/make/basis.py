"""What an agreement and a data request rest on, as rows: hundreds of tests need it and are about something else.

The procedures themselves are walked in :mod:`tests.make.authorization`; these rows look as if they had been.
"""

from __future__ import annotations

from datetime import date, datetime
from itertools import count
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import files
from kernel.calendar import BEIJING, add_months
from kernel.db import new_id
from kernel.identity import Actor, Grant, Role
from registry.accounts.model import Account, RoleGrant
from registry.agreements.model import Agreement
from registry.applications.model import Application
from registry.applications.rules import ApplicationState
from registry.calls.model import Call
from registry.calls.rules import CallState, SelectionMethod
from registry.operator_reviews.model import OperatorReview
from registry.operator_reviews.queries import valid_for
from registry.operator_reviews.rules import OperatorReviewState
from registry.parties.model import Party
from registry.plans.model import Plan, PlanVersion
from registry.plans.queries import in_effect_at
from registry.plans.rules import PlanMode, PlanState
from registry.procedures.rules import STAGES, Procedure
from registry.requests.model import DataRequest, RequestClearance
from registry.requests.queries import clearance_kinds
from registry.requests.rules import ClearanceKind
from registry.reviews.model import Opinion, Review, ReviewStage
from registry.reviews.rules import Decision, ReviewState, StageState
from registry.selections.model import Selection
from registry.selections.rules import SelectionState
from registry.service_agreements.model import ServiceAgreement, StandardText
from registry.service_agreements.queries import in_force
from registry.service_agreements.rules import ServiceState, TextKind
from registry.training.model import TrainingRecord
from registry.training.rules import RoleKind

EARLIER = datetime(2025, 3, 3, 10, tzinfo=BEIJING)  # 发改数据规〔2025〕27号 is in force
EARLIER_DAY = date(2025, 3, 3)
LONG_AFTER = date(2040, 1, 1)
_serial = count(1)


def lay_basis(session: Session, agreement: Agreement) -> Agreement:
    """Let a plan of the place be in effect, and the operator of a draft be selected in a published call under it."""
    lay_selection(session, agreement.place, agreement.operating_institution_id, agreement.authorizing_entity_id)
    return agreement


def lay_selection(session: Session, place: str, operator_id: UUID, authority_id: UUID) -> Selection:
    """The published selection of an institution, under a plan whose scope is told in words."""
    number, plan_id = f"{next(_serial):06d}", _plan_at(session, place, authority_id)
    call = Call(
        number=f"CALL-BASIS-{number}", place=place, plan_id=plan_id, state=CallState.RESULT_PUBLISHED,
        method=SelectionMethod.OPEN_TENDER, title="遴选公告", content="内容", conditions="条件", criteria="标准",
        domain="信用", scenario="普惠金融", opens_on=EARLIER_DAY, closes_on=EARLIER_DAY, drafted_at=EARLIER,
        published_at=EARLIER, closed_at=EARLIER,
    )  # fmt: skip
    session.add(call)
    session.flush()
    application = Application(
        number=f"APP-BASIS-{number}", place=place, call_id=call.id, applicant_id=operator_id,
        state=ApplicationState.PASSED, address="人民路", contact="张三", phone="0", requested_scope="信用",
        profile="运营", signed_by="张三", drafted_at=EARLIER, submitted_at=EARLIER, decided_at=EARLIER,
    )  # fmt: skip
    session.add(application)
    session.flush()
    _passed(session, Procedure.APPLICATION, application.id, place, "preliminary")
    made = Selection(
        number=f"SEL-BASIS-{number}", place=place, call_id=call.id, application_id=application.id,
        operator_id=operator_id, state=SelectionState.PUBLISHED, reason="评审第一名", filing_reference="备案",
        proposed_by=new_id(), proposed_at=EARLIER, confirmed_by=new_id(), confirmed_at=EARLIER,
        published_on=EARLIER_DAY,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _plan_at(session: Session, place: str, authority_id: UUID) -> UUID:
    """A plan of the place whose scope is told in words; one serves every agreement there."""
    for found in in_effect_at(session, place, EARLIER_DAY):
        if not found.scope:
            return found.plan_id
    plan = Plan(
        number=f"PLAN-BASIS-{next(_serial):06d}", place=place, title="实施方案",
        implementing_institution_id=authority_id, drafted_at=EARLIER,
    )  # fmt: skip
    session.add(plan)
    session.flush()
    version = PlanVersion(
        plan_id=plan.id, number=1, state=PlanState.IN_EFFECT, mode=PlanMode.BY_SCENARIO, items={},
        scope_text="当地公共数据资源", decision_number="纪要", government_document="政复1号",
        filing_reference="备1号", drafted_at=EARLIER, submitted_at=EARLIER, approved_at=EARLIER, filed_at=EARLIER,
        effective_from=EARLIER_DAY,
    )  # fmt: skip
    session.add(version)
    session.flush()
    _passed(session, Procedure.PLAN, version.id, place, "government")
    return plan.id


def _passed(session: Session, procedure: Procedure, subject_id: UUID, place: str, kind: str) -> None:
    """The review that somebody passed long ago, on its one seat."""
    review = Review(
        number=f"REV-BASIS-{next(_serial):06d}", procedure=procedure, subject_id=subject_id, subject_title="基础",
        place=place, state=ReviewState.PASSED, submitted_at=EARLIER, decided_at=EARLIER,
    )  # fmt: skip
    session.add(review)
    session.flush()
    seat = ReviewStage(
        review_id=review.id, procedure=procedure, round_number=1, position=1, seat_number=1, kind=kind,
        capacity=STAGES[kind].capacity, title=STAGES[kind].title, state=StageState.AGREED, opened_on=EARLIER_DAY,
        decided_at=EARLIER,
    )  # fmt: skip
    session.add(seat)
    session.flush()
    session.add(
        Opinion(
            stage_id=seat.id, reviewer_account_id=new_id(), reviewer_name="审核人", decision=Decision.AGREE,
            reason="同意", checklist={}, defects=[], given_at=EARLIER,
        )
    )  # fmt: skip
    session.flush()


def ready_for_request(session: Session, request: DataRequest, *, on: date) -> DataRequest:
    """Whatever a place demands before a draft may be submitted: reviewed operator, cleared scenario, signed service."""
    agreement = session.get_one(Agreement, request.agreement_id)
    review_operator(session, agreement.operating_institution_id, request.place, on=on)
    clear_scenario(session, request)
    serve(session, agreement, request.applicant_id, on=on)
    return request


def review_operator(session: Session, operator_id: UUID, place: str, *, on: date) -> None:
    """A review of the operator's basic and technical security, passed on that day and valid for two years."""
    if valid_for(session, operator_id, place, on) is None:
        made = OperatorReview(
            number=f"OPR-BASIS-{next(_serial):06d}", place=place, operator_id=operator_id,
            state=OperatorReviewState.PASSED, statements={}, drafted_at=EARLIER, submitted_at=EARLIER,
            passed_on=on, valid_until=add_months(on, 24),
        )  # fmt: skip
        session.add(made)
        session.flush()
        _passed(session, Procedure.OPERATOR, made.id, place, "basic_security")


def clear_scenario(session: Session, request: DataRequest) -> None:
    """Document both reviews that a scenario may need outside the system."""
    evidence = files.keep(session, b"passed", name="评审结论.pdf", media_type="application/pdf", now=EARLIER)
    session.add_all(
        RequestClearance(
            request_id=request.id, kind=kind, reference="评审〔2026〕1号", evidence_sha256=evidence,
            recorded_at=request.created_at, recorded_by=new_id(), recorded_by_name="申请人",
        )
        for kind in set(ClearanceKind) - clearance_kinds(session, request.id)
    )  # fmt: skip
    session.flush()


def serve(session: Session, agreement: Agreement, partner_id: UUID, *, on: date) -> None:
    """The signed service agreement of a merchant with the operator, at the places that demand one."""
    if agreement.place not in ("futian", "guangzhou") or partner_id == agreement.operating_institution_id:
        return
    if in_force(session, seller_id=partner_id, agreement_id=agreement.id, on=on) is not None:
        return
    text = StandardText(
        place=agreement.place, kind=TextKind.PLATFORM_SERVICE, title="平台服务协议", published_at=EARLIER,
        sha256=files.keep(session, b"text", name="文本.docx", media_type="application/pdf", now=EARLIER),
        publisher_name="主管部门",
    )  # fmt: skip
    session.add(text)
    session.flush()
    session.add(
        ServiceAgreement(
            number=f"SVC-BASIS-{next(_serial):06d}", place=agreement.place, agreement_id=agreement.id,
            operating_institution_id=agreement.operating_institution_id, partner_id=partner_id, text_id=text.id,
            particulars="", start_date=EARLIER_DAY, end_date=LONG_AFTER, state=ServiceState.SIGNED,
            content_sha256="0" * 64, drafted_at=EARLIER, signed_at=EARLIER,
        )
    )  # fmt: skip
    session.flush()


def trained_actor(session: Session, operator: Party, *, place: str, on: date) -> Actor:
    """A person of an operating institution with an account who has passed the training (TRN-01)."""
    person = Account(
        login=f"trained.row.{next(_serial)}", name="受训人员", password_hash="!", party_id=operator.id,
        created_at=EARLIER,
    )  # fmt: skip
    session.add(person)
    session.flush()
    session.add(
        RoleGrant(account_id=person.id, role=Role.OPERATOR, party_id=operator.id, place=place, granted_at=EARLIER)
    )
    session.flush()
    train(session, person.id, place=place, on=on)
    return Actor(id=person.id, name=person.name, org_id=operator.id, grants=(Grant(Role.OPERATOR, operator.id, place),))


def train(session: Session, account_id: UUID, *, place: str, on: date) -> None:
    """Let an account have passed the training of every kind of staff on that day."""
    session.add_all(
        TrainingRecord(
            number=f"TRN-BASIS-{next(_serial):06d}", account_id=account_id, place=place, role_kind=kind,
            course="岗前培训", trained_on=on, passed=True, examiner="考核组", recorded_by_name="主管部门",
            recorded_at=EARLIER,
        )
        for kind in RoleKind
    )  # fmt: skip
    session.flush()
