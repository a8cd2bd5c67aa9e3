"""Reading registrations, and deciding for one product or for all whether every gate to its sale is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel.calendar import business_date
from kernel.errors import Conflict, NotAllowed, NotFound
from kernel.identity import SELLERS, Actor, Permission
from kernel.policy import PolicyBook
from registry.agreements.model import Agreement
from registry.agreements.queries import in_force_clause
from registry.parties.model import Party
from registry.parties.rules import STANDING_TITLES, Standing
from registry.product_reviews import queries as reviews
from registry.products import queries as products
from registry.products.model import Product, ProductInput, ProductVersion
from registry.registrants.model import CoRegistrant, InterestedParty
from registry.registrations.model import Objection, Registration
from registry.registrations.rules import RUNNING, Gate, RegistrationKind, RegistrationState
from registry.requests import queries as requests
from registry.resources.model import Resource
from registry.reviews.model import Review
from registry.reviews.queries import passed_conditions
from registry.reviews.rules import Procedure


class NoSuchRegistration(NotFound):
    """There is no such registration, or none that the actor may know of."""

    code = "registration.not_found"


class NotReviewed(Conflict):
    """Only a version that passed the compliance review is registered."""

    code = "registration.not_reviewed"


def registrable_version(session: Session, product: Product, original: Registration | None) -> ProductVersion:
    """Return the version of ``original``, or else the newest one of the product, which must have been reviewed.

    Raises:
        NotReviewed: the newest version has not passed the compliance review.
    """
    if original is not None:
        return products.version(session, original.version_id)
    version = products.latest_version(session, product.id)
    if reviews.passed(session, version.id) is None:
        raise NotReviewed(
            f"产品 {product.code} 第 {version.number} 版尚未通过合规审查，不能申请登记（REG-03、REG-09）：请先送审",
            detail_en=f"Version {version.number} of {product.code} has not passed the review",
            rule="REG-09",
        )
    return version


def get(session: Session, registration_id: UUID, *, lock: bool = False) -> Registration:
    """Return the registration; locked and read afresh on demand.

    Raises:
        NoSuchRegistration: there is none.
    """
    query = sa.select(Registration).where(Registration.id == registration_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchRegistration(f"没有编号为 {registration_id} 的登记", detail_en="No such registration")
    return found


def for_decision(session: Session, actor: Actor, registration_id: UUID) -> Registration:
    """Return the registration, locked, for a registrar of that place who does not belong to the registrant.

    Raises:
        NotAllowed: the actor is no registrar there, or belongs to the registrant.
        NoSuchRegistration: there is none.
    """
    registration = get(session, registration_id, lock=True)
    actor.must(Permission.REGISTRATION_DECIDE, place=registration.place)
    if any(grant.org_id == registration.registrant_id for grant in actor.grants):
        raise NotAllowed("本单位申请的登记须由登记机构的人员办理", detail_en="Your own organisation is the registrant")
    return registration


def detail(session: Session, actor: Actor, registration_id: UUID) -> Registration:
    """Return a registration within the actor's scope with everything that its page shows.

    Raises:
        NoSuchRegistration: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(Registration.id == registration_id)
    query = query.options(
        selectinload(Registration.objections).selectinload(Objection.files),
        selectinload(Registration.others).joinedload(CoRegistrant.party),
        joinedload(Registration.interest).joinedload(InterestedParty.party),
    )
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchRegistration(f"没有编号为 {registration_id} 的登记，或不在您的职责范围内", detail_en="No such one")
    return found


def listed(
    actor: Actor, *, place: str | None = None, state: RegistrationState | None = None
) -> sa.Select[Registration]:
    """Return the query of registrations within the actor's scope: that of the products, and what it joined."""
    query = (
        sa.select(Registration)
        .join(Product, Product.id == Registration.product_id)
        .where(in_scope(actor))
        .options(
            joinedload(Registration.product).joinedload(Product.owner),
            joinedload(Registration.product_version),
            joinedload(Registration.registrant),
        )
    )
    if place is not None:
        query = query.where(Registration.place == place)
    return query if state is None else query.where(Registration.state == state)


def in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition, over registrations joined with products, that the actor may read a registration.

    Co-registrants and whoever asked for a correction read theirs beside what the scope of products gives.
    """
    own = {grant.org_id for grant in actor.grants if grant.role in SELLERS and grant.org_id is not None}
    reached = [products.in_scope(actor)]
    for table in (CoRegistrant, InterestedParty) if own else ():
        reached.append(Registration.id.in_(sa.select(table.registration_id).where(table.party_id.in_(own))))
    return sa.or_(*reached)


def of_product(session: Session, product_id: UUID) -> Sequence[Registration]:
    """Return the registrations of a product, newest first, with objections."""
    query = (
        sa.select(Registration)
        .where(Registration.product_id == product_id)
        .order_by(Registration.id.desc())
        .options(selectinload(Registration.objections), joinedload(Registration.product_version))
    )
    return session.scalars(query).all()


def running(session: Session, product_id: UUID) -> Registration | None:
    """Return the registration of a product that is under way, or ``None``."""
    query = sa.select(Registration).where(Registration.product_id == product_id, Registration.state.in_(RUNNING))
    return session.scalar(query)


def effective_clause(on: date) -> sa.ColumnElement[bool]:
    """Return the SQL condition that a registration is effective: :meth:`Registration.is_effective` for sets."""
    return sa.and_(
        Registration.state == RegistrationState.CODED,
        Registration.valid_from <= on,
        Registration.valid_until >= on,
    )


def effective(session: Session, product_id: UUID, on: date) -> Registration | None:
    """Return the registration that protects sales of the product on that day, or ``None``."""
    query = sa.select(Registration).where(Registration.product_id == product_id, effective_clause(on))
    return session.scalar(query.order_by(Registration.valid_from.desc()).limit(1))


def coded(session: Session, product_id: UUID, *, lock: bool = False) -> Sequence[Registration]:
    """Return every coded registration of a product, a future renewal included, oldest first; locked on demand."""
    query = sa.select(Registration).where(
        Registration.product_id == product_id, Registration.state == RegistrationState.CODED
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query.order_by(Registration.valid_from)).all()


def latest_coded(session: Session, product_id: UUID) -> Registration | None:
    """Return the newest registration of the product that is coded and not closed, expired or not."""
    query = (
        sa.select(Registration)
        .where(Registration.product_id == product_id, Registration.state == RegistrationState.CODED)
        .order_by(Registration.valid_from.desc())
        .limit(1)
    )
    return session.scalar(query)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a product has come, for lists."""

    version_number: int
    review: Review | None
    registration: Registration | None
    is_open: bool


def progress(session: Session, product_ids: Sequence[UUID], on: date) -> dict[UUID, Progress]:
    """Return how far each product has come, in four queries for all of them."""
    counted = sa.select(ProductVersion.product_id, sa.func.max(ProductVersion.number))
    numbers: dict[UUID, int] = dict(
        session.execute(
            counted.where(ProductVersion.product_id.in_(product_ids)).group_by(ProductVersion.product_id)
        ).all()
    )
    latest_reviews = reviews.latest(session, product_ids)
    applied = sa.select(Registration).where(Registration.product_id.in_(product_ids)).order_by(Registration.id)
    latest = {registration.product_id: registration for registration in session.scalars(applied)}
    is_open = set(session.scalars(sa.select(Product.id).where(Product.id.in_(product_ids), open_condition(on))))
    return {
        product_id: Progress(
            numbers[product_id], latest_reviews.get(product_id), latest.get(product_id), product_id in is_open
        )
        for product_id in product_ids
    }


def open_objections(session: Session, registration_id: UUID) -> Sequence[Objection]:
    """Return the objections that nobody has decided yet, oldest first; read afresh."""
    query = sa.select(Objection).where(Objection.registration_id == registration_id, Objection.outcome.is_(None))
    return session.scalars(query.order_by(Objection.filed_at).execution_options(populate_existing=True)).all()


def open_condition(on: date) -> sa.ColumnElement[bool]:
    """Return the condition over :class:`Product` that every gate is open on that day: :func:`gates` as SQL."""
    newest = products.latest_version_id(Product.__table__.c.id)
    columns = Product.__table__.c
    approved = requests.is_approved(
        applicant_id=columns.owner_id, agreement_id=columns.agreement_id, scenario=columns.scenario,
        resource_id=ProductInput.__table__.c.resource_id, on=on,
    )  # fmt: skip
    used = (
        sa.select(sa.literal(1))
        .select_from(ProductInput)
        .join(Resource, Resource.id == ProductInput.resource_id)
        .where(ProductInput.version_id == newest)
        .correlate(Product)
    )
    return sa.and_(
        _holds(Party.id == Product.owner_id, Party.standing == Standing.IN_ORDER),
        _holds(Agreement.id == Product.agreement_id, in_force_clause(on)),
        used.exists(),
        ~used.where(sa.or_(Resource.barred, ~approved)).exists(),
        _holds(*passed_conditions(Procedure.PRODUCT, newest)),
        _holds(Registration.product_id == Product.id, effective_clause(on)),
    )


def _holds(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    # correlated with the product alone, whatever else the asking query joins
    return sa.select(sa.literal(1)).where(*conditions).correlate(Product).exists()


def open_products(now: datetime) -> sa.Select[Product]:
    """Return the query of products whose gates are all open; :func:`gates` says the same of one product."""
    return sa.select(Product).where(open_condition(business_date(now)))


def gates(session: Session, product: Product, *, now: datetime, book: PolicyBook) -> list[Gate]:
    """Return the conditions for the sale of a product, each with its fact, rule, article and day.

    Nothing is stored: every gate is read from the records, so a revocation closes it in the same moment.
    """
    on = business_date(now)
    newest = products.latest_version(session, product.id)
    return [
        _seller_gate(session, product, book, on),
        _agreement_gate(session, product, book, on),
        _request_gate(session, product, newest, book, on),
        _review_gate(session, product, newest, book, on),
        _registration_gate(session, product, newest, book, on),
    ]


def _article(book: PolicyBook, place: str, name: str, on: date) -> str:
    cited = book.get(place, name, on=on)
    return cited.citation() if cited is not None else ""


def _seller_gate(session: Session, product: Product, book: PolicyBook, on: date) -> Gate:
    owner = session.get_one(Party, product.owner_id)
    return Gate(
        code="seller_in_order",
        title="出售主体状态正常",
        open=owner.is_in_order,
        fact=f"{owner.name}（{owner.uscc}）：{STANDING_TITLES[owner.standing]}",
        rule="SEP-01",
        article=_article(book, product.place, "seller.capacities", on),
        since=business_date(owner.registered_at),
        todo="" if owner.is_in_order else "由主管部门恢复该单位的资格",
    )


def _agreement_gate(session: Session, product: Product, book: PolicyBook, on: date) -> Gate:
    agreement = session.get_one(Agreement, product.agreement_id)
    is_open = agreement.in_force(on)
    needs_plan = book.get(product.place, "agreement.emergency_plan_required", on=on)
    plan = "，应急预案已提交" if agreement.emergency_plan_sha256 else ""
    name = "agreement.emergency_plan_required" if needs_plan and needs_plan.boolean() else "agreement.items_required"
    return Gate(
        code="agreement_in_force",
        title="授权运营协议有效",
        open=is_open,
        fact=f"协议 {agreement.number}，期限 {agreement.term_start} 起、{agreement.term_end} 前{plan}"
        + ("" if is_open else "；现未生效、已暂停或已届满"),
        rule="AGR-03",
        article=_article(book, product.place, name, on),
        since=business_date(agreement.activated_at) if agreement.activated_at else None,
        todo="" if is_open else "由主管部门办理协议生效、恢复或续签",
    )


def _request_gate(session: Session, product: Product, newest: ProductVersion, book: PolicyBook, on: date) -> Gate:
    approved = requests.approved_resources(
        session, applicant_id=product.owner_id, agreement_id=product.agreement_id, scenario=product.scenario, on=on
    )
    missing = [used.resource.code for used in newest.inputs if used.resource_id not in approved]
    is_open = bool(newest.inputs) and not missing
    fact = f"场景“{product.scenario}”的 {len(newest.inputs)} 项数据均已获同意"
    return Gate(
        code="request_approved",
        title="所用数据的使用申请已获同意",
        open=is_open,
        fact=fact if is_open else f"未获同意或已不予开放：{'、'.join(missing) or '未列数据资源'}",
        rule="RVW-03",
        article=_article(book, product.place, "request.reviewers", on),
        todo="" if is_open else "就所列资源提交使用申请，或提交不含该资源的新版本",
    )


def _review_gate(session: Session, product: Product, newest: ProductVersion, book: PolicyBook, on: date) -> Gate:
    review = reviews.passed(session, newest.id)
    other = None if review else reviews.of_version(session, newest.id)
    waiting = f"第 {newest.number} 版正在审查（{other.number}）" if other else f"第 {newest.number} 版尚未通过审查"
    return Gate(
        code="review_passed",
        title="最新版本通过合规审查",
        open=review is not None,
        fact=f"第 {newest.number} 版，审查 {review.number} 已通过" if review else waiting,
        rule="RVW-06",
        article=_article(book, product.place, "review.stages", on),
        since=business_date(review.decided_at) if review and review.decided_at else None,
        todo="" if review else ("等待审查结论" if other else "送审最新版本"),
    )


def _registration_gate(session: Session, product: Product, newest: ProductVersion, book: PolicyBook, on: date) -> Gate:
    found = effective(session, product.id, on)
    if found is not None:
        later = "" if found.version_id == newest.id else "；登记的是先前版本，应及时申请变更登记（REG-08）"
        fact, todo = f"登记编码 {found.code}，有效期至 {found.valid_until}{later}", ""
    else:
        fact, todo = _why_not_registered(session, product.id, on)
    return Gate(
        code="registration_effective",
        title="产品登记有效",
        open=found is not None,
        fact=fact,
        rule="REG-09",
        article=_article(book, product.place, "registration.required_for", on),
        since=found.valid_from if found else None,
        todo=todo,
    )


def _why_not_registered(session: Session, product_id: UUID, on: date) -> tuple[str, str]:
    history = [one for one in of_product(session, product_id) if one.kind is not RegistrationKind.REVOCATION]
    under_way = next((one for one in history if one.state in RUNNING), None)
    if under_way is not None:
        return f"登记 {under_way.number} 正在办理", "等待登记机构办理"
    coded = next((one for one in history if one.code is not None), None)
    if coded is None:
        return "尚未登记", "申请首次登记"
    if coded.state is RegistrationState.CODED:
        return (
            f"登记编码 {coded.code} 的有效期 {coded.valid_from} 至 {coded.valid_until}，{on} 不在其内",
            "重新申请登记",
        )
    return f"登记编码 {coded.code} 已{'撤销' if coded.state is RegistrationState.REVOKED else '注销'}", "重新申请登记"
