"""Why a product may be sold, or may not: every gate once as SQL for sets, and once as a fact in words for one product.

Nothing is stored. Whatever closes a gate, a decision or time alone, closes it in the same moment for every product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.db import Entity
from kernel.policy import PolicyBook
from registry.agreements.model import Agreement
from registry.agreements.queries import in_force_clause
from registry.agreements.rules import STATE_TITLES as AGREEMENT_TITLES
from registry.egress.queries import egress_clause, egress_gate_fact
from registry.emergency.queries import emergency_plan_clause, emergency_plan_gate_fact
from registry.gates.rules import Gate
from registry.incidents.queries import no_open_incident_clause, no_open_incident_gate_fact
from registry.operator_reviews.queries import operator_review_clause, operator_review_gate_fact
from registry.parties.model import Party
from registry.parties.rules import STANDING_TITLES, Standing
from registry.policy import RegistryPolicy
from registry.product_reviews import queries as reviews
from registry.products import queries as products
from registry.products.model import Product, ProductInput, ProductVersion
from registry.records.queries import local_register_clause, local_register_gate_fact
from registry.registrations import queries as registrations
from registry.registrations.model import Registration
from registry.registrations.rules import RUNNING, RegistrationKind, RegistrationState
from registry.requests import queries as requests
from registry.resources.model import Resource
from registry.reviews.model import Review
from registry.reviews.queries import passed_conditions
from registry.reviews.rules import Procedure
from registry.service_agreements.queries import service_agreement_clause, service_agreement_gate_fact
from registry.training.queries import operator_trained_clause, operator_trained_gate_fact

Fact = tuple[bool, str, date | None]


def conditions(
    on: date, book: PolicyBook, *, version_id: sa.ColumnElement[UUID] | sa.ScalarSelect[UUID] | None = None
) -> Mapping[str, sa.ColumnElement[bool]]:
    """Return every gate as an SQL condition over :class:`Product`, by its code, in the order of the pages.

    ``version_id`` says which version is sold: the newest one, or the one that an order names.
    """
    return _conditions(on, book, version_id)


@lru_cache(maxsize=64)  # to put the twelve together takes longer than to ask them; a book never changes
def _conditions(
    on: date, book: PolicyBook, version_id: sa.ColumnElement[UUID] | sa.ScalarSelect[UUID] | None
) -> Mapping[str, sa.ColumnElement[bool]]:
    product = Product.__table__.c
    sold = products.latest_version_id(product.id) if version_id is None else version_id
    operator = (
        sa.select(Agreement.operating_institution_id)
        .where(Agreement.id == product.agreement_id)
        .correlate_except(Agreement)
        .scalar_subquery()
    )
    checked = [place for place in book.places() if RegistryPolicy.at(book, place, on).says("egress_check_required")]
    found = {
        "seller_in_order": _holds(Party, Party.id == product.owner_id, Party.standing == Standing.IN_ORDER),
        "service_agreement": service_agreement_clause(product.owner_id, product.agreement_id, on=on, book=book),
        "agreement_in_force": _holds(Agreement, Agreement.id == product.agreement_id, in_force_clause(on)),
        "emergency_plan": emergency_plan_clause(product.agreement_id, on=on, book=book),
        "operator_trained": operator_trained_clause(operator, product.place, on, book),
        "operator_reviewed": operator_review_clause(operator, product.place, on, book),
        "no_open_incident": no_open_incident_clause(product.agreement_id, on, product.id),
        "request_approved": _approved(sold, on),
        "review_passed": _holds(Review, *passed_conditions(Procedure.PRODUCT, sold)),
        "egress_passed": sa.or_(product.place.not_in(checked), egress_clause(sold, on)),
        "registration_effective": _holds(
            Registration, Registration.product_id == product.id, registrations.effective_clause(on)
        ),
        "local_register": local_register_clause(book, on),
    }
    return MappingProxyType(found)


def _holds(of: type[Entity], *wanted: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    # correlated with whatever else the asking query joins
    return sa.select(sa.literal(1)).select_from(of).where(*wanted).correlate_except(of).exists()


def _approved(sold: sa.ColumnElement[UUID] | sa.ScalarSelect[UUID], on: date) -> sa.ColumnElement[bool]:
    product = Product.__table__.c
    approved = requests.is_approved(
        applicant_id=product.owner_id, agreement_id=product.agreement_id, scenario=product.scenario,
        resource_id=ProductInput.__table__.c.resource_id, on=on,
    )  # fmt: skip
    used = (
        sa.select(sa.literal(1))
        .select_from(ProductInput)
        .join(Resource, Resource.id == ProductInput.resource_id)
        .where(ProductInput.version_id == sold)
        .correlate_except(ProductInput, Resource)
    )
    return sa.and_(used.exists(), ~used.where(sa.or_(Resource.barred, ~approved)).exists())


def open_condition(on: date, book: PolicyBook) -> sa.ColumnElement[bool]:
    """Return the condition over :class:`Product` that every gate is open on that day: :func:`gates` as SQL."""
    return sa.and_(*conditions(on, book).values())


def open_products(now: datetime, book: PolicyBook) -> sa.Select[Product]:
    """Return the query of products whose gates are all open; :func:`gates` says the same of one product."""
    return sa.select(Product).where(open_condition(business_date(now), book))


def open_among(session: Session, product_ids: Sequence[UUID], *, on: date, book: PolicyBook) -> set[UUID]:
    """Return which of these products have every gate open on that day, in one query."""
    return set(session.scalars(sa.select(Product.id).where(Product.id.in_(product_ids), open_condition(on, book))))


def gates(session: Session, product: Product, *, now: datetime, book: PolicyBook) -> list[Gate]:
    """Return the conditions for the sale of a product, each with its fact, rule, article and day."""
    on = business_date(now)
    newest = products.latest_version(session, product.id)
    agreement = session.get_one(Agreement, product.agreement_id)
    operator_id, place = agreement.operating_institution_id, product.place
    told = _Telling(book, place, on)
    return [
        _seller_gate(session, product, told),
        told.gate("service_agreement", service_agreement_gate_fact(
            session, seller_id=product.owner_id, agreement_id=product.agreement_id, on=on, book=book)),
        _agreement_gate(agreement, told),
        told.gate("emergency_plan", emergency_plan_gate_fact(session, agreement.id, on=on, book=book)),
        told.gate("operator_trained", operator_trained_gate_fact(session, operator_id, place, on=on, book=book)),
        told.gate("operator_reviewed", operator_review_gate_fact(session, operator_id, place, on, book)),
        told.gate("no_open_incident", no_open_incident_gate_fact(session, agreement.id, on, book, product.id)),
        _request_gate(session, product, newest, told),
        _review_gate(session, newest, told),
        told.gate("egress_passed", egress_gate_fact(session, newest.id, place=place, on=on, book=book)),
        _registration_gate(session, product, newest, told),
        told.gate("local_register", local_register_gate_fact(session, product, on=on, book=book)),
    ]  # fmt: skip


# code → title, rule, the policies that speak of it (the first one that the place has), what to do while it is closed
TOLD: dict[str, tuple[str, str, str, str]] = {
    "seller_in_order": ("出售主体状态正常", "SEP-01", "seller.capacities", "由主管部门恢复该单位的资格"),
    "service_agreement": (
        "已签订服务或开发利用协议", "AGR-06", "agreement.service_agreement_required",
        "与运营机构签订服务或开发利用协议",
    ),
    "agreement_in_force": (
        "授权运营协议有效", "AGR-03", "agreement.items_required", "由主管部门办理协议生效、恢复或续签",
    ),
    "emergency_plan": ("应急预案已制定", "EMG-01", "agreement.emergency_plan_required", "制定并提交本授权的应急预案"),
    "operator_trained": (
        "运营人员岗前培训合格", "TRN-01", "training.required", "安排运营机构人员培训，由主管部门登记合格",
    ),
    "operator_reviewed": (
        "运营机构安全审核有效", "RVW-01", "operator.review_validity_years", "由运营机构申请基本安全和技术安全审核",
    ),
    "no_open_incident": ("没有未处置的安全事件", "SEC-02", "incident.stop_at_once", "完成事件报告、评估和恢复"),
    "request_approved": (
        "所用数据的使用申请已获同意", "RVW-03", "request.reviewers", "就所列资源提交使用申请，或提交不含该资源的新版本",
    ),
    "review_passed": ("最新版本通过合规审查", "RVW-06", "review.stages", "送审最新版本"),
    "egress_passed": ("出域合规核查通过", "EGR-01", "egress.check_required", "就最新版本申请出域合规核查"),
    "registration_effective": ("产品登记有效", "REG-09", "registration.required_for", "申请登记"),
    "local_register": (
        "已办理当地要求的登记、备案", "REG-10",
        "registration.local_register registration.local_filing_required", "办理当地登记或备案后录入编号",
    ),
}  # fmt: skip


class _Telling:
    """Puts a fact into the words of its gate, with the article of the place."""

    def __init__(self, book: PolicyBook, place: str, on: date) -> None:
        self.book, self.place, self.on = book, place, on

    def gate(self, code: str, fact: Fact, todo: str | None = None) -> Gate:
        """Return the gate of that code; what to do is said only while it is closed."""
        title, rule, name, what = TOLD[code]
        is_open, words, since = fact
        spoken = (self.book.get(self.place, one, on=self.on) for one in name.split())
        article = next((cited.citation() for cited in spoken if cited is not None), "")
        return Gate(code, title, is_open, words, rule, article, since, "" if is_open else todo or what)


def _seller_gate(session: Session, product: Product, told: _Telling) -> Gate:
    owner = session.get_one(Party, product.owner_id)
    words = f"{owner.name}（{owner.uscc}）：{STANDING_TITLES[owner.standing]}"
    return told.gate("seller_in_order", (owner.is_in_order, words, business_date(owner.registered_at)))


def _agreement_gate(agreement: Agreement, told: _Telling) -> Gate:
    is_open = agreement.in_force(told.on)
    words = f"协议 {agreement.number}，期限 {agreement.term_start} 起、{agreement.term_end} 前"
    words += "" if is_open else f"；当前“{AGREEMENT_TITLES[agreement.state]}”，不在有效的授权期限内"
    since = business_date(agreement.activated_at) if agreement.activated_at else None
    return told.gate("agreement_in_force", (is_open, words, since))


def _request_gate(session: Session, product: Product, newest: ProductVersion, told: _Telling) -> Gate:
    approved = requests.approved_resources(
        session, applicant_id=product.owner_id, agreement_id=product.agreement_id, scenario=product.scenario, on=told.on
    )
    missing = [used.resource.code for used in newest.inputs if used.resource_id not in approved]
    is_open = bool(newest.inputs) and not missing
    fact = f"场景“{product.scenario}”的 {len(newest.inputs)} 项数据均已获同意"
    words = fact if is_open else f"未获同意、授权已终止或不予开放：{'、'.join(missing) or '未列数据资源'}"
    return told.gate("request_approved", (is_open, words, None))


def _review_gate(session: Session, newest: ProductVersion, told: _Telling) -> Gate:
    review = reviews.passed(session, newest.id)
    if review is not None:
        day = business_date(review.decided_at) if review.decided_at else None
        return told.gate("review_passed", (True, f"第 {newest.number} 版，审查 {review.number} 已通过", day))
    other = reviews.of_version(session, newest.id)
    words = f"第 {newest.number} 版正在审查（{other.number}）" if other else f"第 {newest.number} 版尚未通过审查"
    return told.gate("review_passed", (False, words, None), "等待审查结论" if other else None)


def _registration_gate(session: Session, product: Product, newest: ProductVersion, told: _Telling) -> Gate:
    found = registrations.effective(session, product.id, told.on)
    if found is None:
        fact, todo = _why_not_registered(session, product.id, told.on)
        return told.gate("registration_effective", (False, fact, None), todo)
    later = "" if found.version_id == newest.id else "；登记的是先前版本，应及时申请变更登记（REG-08）"
    words = f"登记编码 {found.code}，有效期至 {found.valid_until}{later}"
    return told.gate("registration_effective", (True, words, found.valid_from))


def _why_not_registered(session: Session, product_id: UUID, on: date) -> tuple[str, str]:
    listed = registrations.of_product(session, product_id)
    history = [one for one in listed if one.kind is not RegistrationKind.REVOCATION]
    under_way = next((one for one in history if one.state in RUNNING), None)
    if under_way is not None:
        return f"登记 {under_way.number} 正在办理", "等待登记机构办理"
    coded = next((one for one in history if one.code is not None), None)
    if coded is None:
        return "尚未登记", "申请首次登记"
    if coded.state is RegistrationState.CODED:
        words = f"登记编码 {coded.code} 的有效期 {coded.valid_from} 至 {coded.valid_until}，{on} 不在其内"
        return words, "重新申请登记"
    return f"登记编码 {coded.code} 已{'撤销' if coded.state is RegistrationState.REVOKED else '注销'}", "重新申请登记"
