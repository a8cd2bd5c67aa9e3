"""Reading registrations, and deciding for one product or for all whether every gate to its sale is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel.calendar import WorkingCalendar, business_date
from kernel.errors import Conflict, NotAllowed, NotFound
from kernel.identity import SELLERS, Actor, Permission
from kernel.policy import PolicyBook
from registry.policy import RegistryPolicy
from registry.product_reviews import queries as reviews
from registry.products import queries as products
from registry.products.model import Product, ProductVersion
from registry.records.rules import ApplicationClock
from registry.registrants.model import CoRegistrant, InterestedParty
from registry.registrations.model import Objection, Registration
from registry.registrations.rules import RUNNING, RegistrationState
from registry.reviews.rules import ReviewState


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
        selectinload(Registration.asks),
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


def change_clock(
    session: Session, product: Product, *, on: date, book: PolicyBook, calendar: WorkingCalendar
) -> ApplicationClock | None:
    """Return the term within which the registered product's newer version has to be applied for as a change.

    The text says "及时" and gives no number: only where a place configures one there is a term. It runs from the day
    on which the first version newer than the registered one passed its review [I].

    Raises:
        CalendarGap: the term runs into a year without a holiday table.

    Source:
        发改数据规〔2025〕26号 第九条（二） (REG-08).
    """
    days = RegistryPolicy.at(book, product.place, on).registration_change_working_days
    current = effective(session, product.id, on)
    if days is None or current is None:
        return None
    registered = products.version(session, current.version_id).number
    passed = [
        business_date(one.review.decided_at)
        for one in reviews.of_product(session, product.id)
        if one.review.state is ReviewState.PASSED and one.review.decided_at and one.version.number > registered
    ]
    if not passed:
        return None
    due = calendar.add_working_days(min(passed), days.integer())
    return ApplicationClock(min(passed), due, days.integer(), False, days.citation())


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


def open_objections(session: Session, registration_id: UUID) -> Sequence[Objection]:
    """Return the objections that nobody has decided yet, oldest first; read afresh."""
    query = sa.select(Objection).where(Objection.registration_id == registration_id, Objection.outcome.is_(None))
    return session.scalars(query.order_by(Objection.filed_at).execution_options(populate_existing=True)).all()
