"""What waits for the people of organisations: source departments, operating institutions, merchants and buyers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import joinedload, selectinload

from kernel.calendar import business_date
from kernel.identity import SELLERS, Role
from market.orders.model import Order
from market.orders.rules import OrderState
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.applications.model import Application
from registry.applications.rules import ApplicationState
from registry.calls import queries as calls
from registry.calls.model import Call
from registry.drafts import queries as drafts
from registry.drafts.model import ProductDraft
from registry.drafts.rules import DraftState, Step, missing
from registry.duties import queries as duties
from registry.duties.rules import FILERS
from registry.exits import queries as exits
from registry.exits.model import ExitFile
from registry.exits.rules import ExitState
from registry.obligations.rules import DutyState
from registry.policy import RegistryPolicy
from registry.procedures.rules import PROCEDURE_TITLES, RULE_OF
from registry.products.model import Product
from registry.quality import queries as quality
from registry.quality.model import QualityTicket
from registry.quality.rules import CATEGORY_TITLES, TicketState
from registry.registrations.model import Registration
from registry.registrations.rules import RUNNING, RegistrationState
from registry.requests.model import DataRequest
from registry.requests.rules import RequestState
from registry.reviews.model import Review, ReviewStage
from registry.reviews.rules import ReviewState
from registry.service_agreements import queries as services
from registry.service_agreements.model import ServiceAgreement
from registry.service_agreements.rules import ServiceState
from registry.suspensions import queries as suspensions
from registry.suspensions.rules import CorrectionState
from registry.terms.rules import renewal_window
from web.spoken import spoken
from web.worklists.tasks import SHOWN_MAX, Asking, Task

FILING_ROLES = tuple(dict.fromkeys(FILERS.values()))
NEAR = timedelta(days=30)  # how far ahead the days of an agreement become a task; the page of the agreement shows all


def tickets_to_answer(asking: Asking) -> Iterator[Task]:
    """Return the quality tickets that wait for the source department: to accept or refuse, and to correct."""
    for one in quality.desk(asking.session, asking.acting(Role.SOURCE), limit=SHOWN_MAX):
        is_accepted = one.state is TicketState.ACCEPTED
        yield _ticket(one, gettext("更正数据") if is_accepted else gettext("答复数据质量问题"))


def tickets_to_confirm(asking: Asking) -> Iterator[Task]:
    """Return the tickets of the own organisation that the department answered: to confirm, reopen or close."""
    words = {
        TicketState.CORRECTED: gettext("确认更正结果"),
        TicketState.REFUSED: gettext("质量问题未获受理，请重新提出或了结"),
        TicketState.CONFIRMED: gettext("已确认解决，请了结"),
    }
    query = quality.listed(asking.acting(*SELLERS)).where(QualityTicket.state.in_(words))
    for one in asking.session.scalars(query.order_by(QualityTicket.id).limit(SHOWN_MAX)):
        yield _ticket(one, words[one.state], is_due=False)


def _ticket(one: QualityTicket, what: str, *, is_due: bool = True) -> Task:
    since = one.answered_at or one.filed_at
    return Task(
        "quality", what, one.number, f"{one.resource.code} {one.resource.title}",
        url_for("quality_pages.show", ticket_id=one.id), one.place, business_date(since),
        one.due_date if is_due and one.answered_at is None else None, "RVW-08", gettext(CATEGORY_TITLES[one.category]),
    )  # fmt: skip


def duties_open(asking: Asking) -> Iterator[Task]:
    """Return what the person has to hand in now, and to the supervisor what others have not handed in in time."""
    found = duties.listed(asking.session, asking.acting(*FILING_ROLES), book=asking.book, on=asking.today)
    for duty in found:
        title = gettext(duty.title)
        if _hands_in(asking, duty):
            if duty.state in (DutyState.DUE, DutyState.OVERDUE):
                yield _duty(duty, gettext("履行义务：%(title)s", title=title), "duties")
        elif duty.state is DutyState.OVERDUE and asking.holds(Role.SUPERVISOR):
            yield _duty(duty, gettext("督促逾期义务：%(title)s", title=title), "late_duties")


def _hands_in(asking: Asking, duty: duties.Duty) -> bool:
    role, place = FILERS[duty.owed_by], duty.obligation.place
    return any(grant.covers(org_id=duty.party.id, place=place) for grant in asking.acting(role).grants)


def _duty(duty: duties.Duty, what: str, kind: str) -> Task:
    owed = duty.obligation
    is_due_within = owed.due is not None and owed.due < owed.period.end
    since = owed.period.start if is_due_within else owed.period.end
    return Task(
        kind, what, duty.party.name, owed.subject or spoken(owed.period.text()),
        url_for("duty_pages.show", key=duty.key), owed.place, since, owed.due, duty.rule,
    )  # fmt: skip


def corrections_demanded(asking: Asking) -> Iterator[Task]:
    """Return the own agreements that are suspended until something is corrected and reported."""
    query = agreements.listed(asking.acting(Role.OPERATOR), state=AgreementState.SUSPENDED)
    for one in asking.session.scalars(query.order_by(Agreement.correction_due).limit(SHOWN_MAX)):
        if one.correction_due is None or one.operating_institution_id not in asking.own(Role.OPERATOR):
            continue
        state = suspensions.state_of(asking.session, one, asking.today)
        if state in (CorrectionState.AWAITED, CorrectionState.OVERDUE):
            yield Task(
                "suspensions", gettext("整改并报告"), one.number, one.title,
                url_for("suspension_pages.show", agreement_id=one.id), one.place,
                business_date(one.suspended_at) if one.suspended_at else None, one.correction_due, "ACC-01",
            )  # fmt: skip


def agreement_days(asking: Asking) -> list[agreements.Reminder]:
    """Return every day that matters to the own agreements, the nearest first; those that are over are left out."""
    found = agreements.reminders(asking.session, asking.acting(Role.OPERATOR), asking.today, book=asking.book)
    return [one for one in found if not one.is_over]


def agreement_days_near(asking: Asking) -> Iterator[Task]:
    """Return the days of the own agreements that are near: end of the trial, of the term, last day to apply anew."""
    words = {
        "trial_end": (gettext("试运营即将届满"), "AGR-02"),
        "term_end": (gettext("授权期限即将届满"), "AGR-02"),
        "reapply": (gettext("重新申请授权的截止日"), "AGR-02"),
    }
    for one in agreement_days(asking):
        if one.kind not in words or one.due - asking.today > NEAR:
            continue
        what, rule = words[one.kind]
        url = url_for("agreement_pages.show", agreement_id=one.agreement.id)
        yield Task(
            "agreements", what, one.agreement.number, one.agreement.title, url, one.agreement.place, None, one.due, rule
        )


def exits_of_operator(asking: Asking) -> Iterator[Task]:
    """Return the exits for which the own institution still owes the certificate of deletion."""
    query = exits.listed(asking.acting(Role.OPERATOR)).where(ExitFile.state == ExitState.OPEN)
    for one in asking.session.scalars(query.order_by(ExitFile.exit_date).limit(SHOWN_MAX)):
        yield Task(
            "exits", gettext("删除数据并出具证明"), one.number, one.agreement.title,
            url_for("exit_pages.show", exit_id=one.id), one.place, one.exit_date, None, "DEL-01",
        )  # fmt: skip


def calls_open(asking: Asking) -> Iterator[Task]:
    """Return the calls to which the own institution may still apply, or has begun to."""
    own, places = asking.own(Role.OPERATOR), asking.places(Role.OPERATOR)
    if not own:
        return
    query = sa.select(Application).where(
        Application.applicant_id.in_(own), Application.state != ApplicationState.WITHDRAWN
    )
    applied = {one.call_id: one for one in asking.session.scalars(query)}
    found = sa.select(Call).where(calls.open_clause(asking.today), Call.place.in_(places)).order_by(Call.closes_on)
    for call in asking.session.scalars(found.options(selectinload(Call.invitations)).limit(SHOWN_MAX)):
        begun = applied.get(call.id)
        if begun is not None and begun.state is not ApplicationState.DRAFT:
            continue
        if call.invitations and not any(calls.is_invited(call, one) for one in own):
            continue
        what = gettext("填完并提交运营申请") if begun else gettext("可以申请：遴选公告")
        url = url_for("application_pages.show", application_id=begun.id) if begun else url_for(
            "call_pages.show", call_id=call.id
        )  # fmt: skip
        yield Task("calls", what, call.number, call.title, url, call.place, call.opens_on, call.closes_on, "APP-02")


def service_agreements_to_sign(asking: Asking) -> Iterator[Task]:
    """Return the service agreements that wait for the signature of the own organisation."""
    own = set(asking.own(*SELLERS))
    waiting = (ServiceState.DRAFT, ServiceState.HALF_SIGNED)
    query = services.listed(asking.acting(*SELLERS)).where(ServiceAgreement.state.in_(waiting))
    for one in asking.session.scalars(query.order_by(ServiceAgreement.id).limit(SHOWN_MAX)):
        sides = {one.partner_id, one.operating_institution_id} & own
        if sides - {signature.party_id for signature in one.signatures}:
            other = one.operating_institution if one.partner_id in own else one.partner
            yield Task(
                "service_agreements", gettext("签署服务协议"), one.number, other.name,
                url_for("service_agreement_pages.show", service_agreement_id=one.id), one.place,
                business_date(one.drafted_at), None, "AGR-06",
            )  # fmt: skip


def returned_reviews(asking: Asking) -> Iterator[Task]:
    """Return the own applications that were returned, each with all its defects."""
    own = asking.own(*SELLERS)
    query = (
        sa.select(Review)
        .where(Review.applicant_id.in_(own), Review.state == ReviewState.RETURNED)
        .options(selectinload(Review.stages).selectinload(ReviewStage.opinions))
        .order_by(Review.id)
        .limit(SHOWN_MAX)
    )
    for review in asking.session.scalars(query):
        opinions = [opinion for stage in review.stages for opinion in stage.opinions]
        defects = [str(defect) for opinion in opinions for defect in opinion.defects]
        since = max((business_date(opinion.given_at) for opinion in opinions), default=None)
        yield Task(
            "returned", gettext("补正后重新提交：%(what)s", what=gettext(PROCEDURE_TITLES[review.procedure])),
            review.number, review.subject_title, url_for("review_pages.show", review_id=review.id), review.place,
            since, None, RULE_OF[review.procedure], "；".join(defects),
        )  # fmt: skip


def own_registrations(asking: Asking) -> Iterator[Task]:
    """Return the own registrations that were returned or objected to, and those in their renewal window."""
    own = asking.own(*SELLERS)
    states = (RegistrationState.RETURNED, RegistrationState.OBJECTED)
    query = sa.select(Registration).where(Registration.registrant_id.in_(own), Registration.state.in_(states))
    query = query.options(joinedload(Registration.product)).order_by(Registration.id).limit(SHOWN_MAX)
    for one in asking.session.scalars(query):
        is_returned = one.state is RegistrationState.RETURNED
        what = gettext("登记申请退回补正") if is_returned else gettext("公示期内收到异议，请配合复核")
        yield _registration(one, what, "REG-04" if is_returned else "REG-06", "；".join(map(str, one.defects)))
    running = sa.select(Registration.product_id).where(Registration.state.in_(RUNNING))
    coded = sa.select(Registration).where(
        Registration.registrant_id.in_(own), Registration.state == RegistrationState.CODED,
        Registration.valid_until >= asking.today, Registration.product_id.not_in(running),
    )  # fmt: skip
    coded = coded.options(joinedload(Registration.product)).order_by(Registration.valid_until).limit(SHOWN_MAX)
    for one in asking.session.scalars(coded):
        window = RegistryPolicy.at(asking.book, one.place, asking.today).registration_renewal_window_days
        if window is None or one.valid_until is None:
            continue
        opens, closes = renewal_window(one.valid_until, window.integer())
        if opens <= asking.today:
            yield _registration(one, gettext("登记可以续展"), "REG-07", since=opens, due=closes)


def _registration(
    one: Registration, what: str, rule: str, note: str = "", *, since: date | None = None, due: date | None = None
) -> Task:
    return Task(
        "own_registrations", what, one.number, one.product.title,
        url_for("registration_pages.show", registration_id=one.id), one.place,
        since or business_date(one.returned_at or one.received_at), due, rule, note,
    )  # fmt: skip


def product_drafts(asking: Asking) -> Iterator[Task]:
    """Return the drafts of products that somebody of the own organisation is filling in."""
    query = drafts.listed(asking.acting(*SELLERS), state=DraftState.OPEN).order_by(ProductDraft.saved_at)
    for one in asking.session.scalars(query.limit(SHOWN_MAX)):
        lacking = missing(one.steps)
        done = sum(step.value in one.steps and step not in lacking for step in Step)
        note = gettext("已填 %(done)s 步，共 %(all)s 步", done=done, all=len(Step))
        yield Task(
            "drafts", gettext("填完产品草稿"), "", one.title or gettext("未命名"),
            url_for("product_draft_pages.check", draft_id=one.id), "", business_date(one.saved_at), None, "", note,
        )  # fmt: skip


def own_requests(asking: Asking) -> Iterator[Task]:
    """Return the requests of the own organisation that nobody has submitted yet."""
    query = sa.select(DataRequest).where(
        DataRequest.applicant_id.in_(asking.own(*SELLERS)), DataRequest.state == RequestState.DRAFT
    )
    for one in asking.session.scalars(query.order_by(DataRequest.id).limit(SHOWN_MAX)):
        yield Task(
            "data_request", gettext("提交数据使用申请"), one.number, one.scenario,
            url_for("data_request_pages.show", request_id=one.id), one.place, business_date(one.created_at), None,
            "RVW-02",
        )  # fmt: skip


def orders_waiting(asking: Asking) -> Iterator[Task]:
    """Return the orders of the own organisation that wait for a contract or for payment."""
    words = {OrderState.PLACED: gettext("签订合同"), OrderState.CONTRACTED: gettext("付款")}
    buyers = asking.own(Role.BUYER, Role.SOURCE)
    query = (
        sa.select(Order, Product.title)
        .join(Product, Product.id == Order.product_id)
        .where(Order.buyer_id.in_(buyers), Order.state.in_(words))
        .order_by(Order.placed_at)
        .limit(SHOWN_MAX)
    )
    for order, title in asking.session.execute(query):
        if order.state is OrderState.CONTRACTED and order.is_free:
            continue
        yield Task(
            "orders", words[order.state], order.number, title, url_for("contract_pages.show", number=order.number),
            order.place, business_date(order.placed_at), None, "",
        )  # fmt: skip
