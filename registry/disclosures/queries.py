"""Reading disclosures, and gathering from the registry what they contain."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel import audit
from kernel.calendar import DAY, Period
from kernel.db import to_json
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.disclosures.model import Disclosure
from registry.disclosures.rules import Authorization, DisclosureState, ProductLine, ResourceLine, Side
from registry.products.model import Product
from registry.registrations.model import Registration
from registry.registrations.queries import effective_clause
from registry.resources import queries as resources


class NoSuchDisclosure(NotFound):
    """There is no such disclosure, or none that is public or the actor may know of."""

    code = "disclosure.not_found"


def get(session: Session, disclosure_id: UUID, *, lock: bool = False) -> Disclosure:
    """Return the disclosure with its institution; locked and read afresh on demand.

    Raises:
        NoSuchDisclosure: there is none.
    """
    query = sa.select(Disclosure).where(Disclosure.id == disclosure_id).options(joinedload(Disclosure.party))
    if lock:
        query = query.with_for_update(of=Disclosure).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(disclosure_id)
    return found


def visible(session: Session, actor: Actor, disclosure_id: UUID) -> Disclosure:
    """Return the disclosure, read afresh: published ones to everybody, others within the actor's scope.

    Raises:
        NoSuchDisclosure: there is none, or none that is public or the actor may know of.
    """
    scope = sa.or_(Disclosure.state == DisclosureState.PUBLISHED, _in_scope(actor))
    query = sa.select(Disclosure).where(Disclosure.id == disclosure_id, scope).options(joinedload(Disclosure.party))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise _none(disclosure_id)
    return found


def published(*, place: str | None = None, year: int | None = None, side: Side | None = None) -> sa.Select[Disclosure]:
    """Return the query of published disclosures, corrected ones included."""
    query = sa.select(Disclosure).where(Disclosure.state == DisclosureState.PUBLISHED)
    for column, value in ((Disclosure.place, place), (Disclosure.year, year), (Disclosure.side, side)):
        if value is not None:
            query = query.where(column == value)
    return query.options(joinedload(Disclosure.party))


def unfinished(session: Session, actor: Actor) -> Sequence[Disclosure]:
    """Return the disclosures within the actor's scope that are neither published nor discarded, the oldest first."""
    states = (DisclosureState.PREPARED, DisclosureState.CHECKED)
    query = sa.select(Disclosure).where(Disclosure.state.in_(states), _in_scope(actor))
    return session.scalars(query.options(joinedload(Disclosure.party)).order_by(Disclosure.id)).all()


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.DUTY_READ]:
            continue
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else Disclosure.place == grant.place
        if grant.org_id is not None and grant.role not in WATCHERS:
            condition = sa.and_(condition, Disclosure.party_id == grant.org_id)
        reached.append(condition)
    return sa.or_(sa.false(), *reached)


def correction_of(session: Session, disclosure_id: UUID) -> Disclosure | None:
    """Return the published disclosure that took the place of this one, or ``None``."""
    query = sa.select(Disclosure).where(
        Disclosure.supersedes_id == disclosure_id, Disclosure.state == DisclosureState.PUBLISHED
    )
    return session.scalar(query)


def current(session: Session, party_id: UUID, place: str, side: Side, year: int) -> Disclosure | None:
    """Return the published disclosure that counts: the last of its corrections; ``None`` when none is published."""
    query = published(place=place, year=year, side=side).where(Disclosure.party_id == party_id)
    return session.scalar(query.order_by(Disclosure.published_at.desc(), Disclosure.id.desc()).limit(1))


def authorizations(
    session: Session,
    side: Side,
    party_id: UUID,
    place: str,
    year: int,
    *,
    on: date,
    modes: Mapping[str, str],
) -> list[Authorization]:
    """Return what was authorized in the year to or by the institution, with resources and products.

    ``modes`` gives the authorization mode by number of agreement; resources show the confirmation number that stands
    on record, products the registration that is effective on the day ``on``.
    """
    column = (
        Agreement.authorizing_entity_id if side is Side.IMPLEMENTING else Agreement.operating_institution_id
    )  # fmt: skip
    span = Period.year(year)
    first = sa.func.coalesce(Agreement.trial_start, Agreement.term_start)
    query = (
        sa.select(Agreement)
        .where(column == party_id, Agreement.place == place, Agreement.activated_at.is_not(None))
        .where(first < span.end, Agreement.term_end > span.start)
        .options(joinedload(Agreement.authorizing_entity), joinedload(Agreement.operating_institution))
        .order_by(Agreement.number)
    )
    return [_line(session, found, on, modes) for found in session.scalars(query)]


def _line(session: Session, agreement: Agreement, on: date, modes: Mapping[str, str]) -> Authorization:
    scope = agreements.scope_of(session, agreement.id)
    known = resources.standing_registrations(session, [one.id for one in scope])
    numbers = {resource_id: record.number for resource_id, record in known.items()}
    return Authorization(
        number=agreement.number,
        mode=modes.get(agreement.number, ""),
        implementing_name=agreement.authorizing_entity.name,
        implementing_uscc=agreement.authorizing_entity.uscc,
        operator_name=agreement.operating_institution.name,
        operator_uscc=agreement.operating_institution.uscc,
        first_day=agreement.trial_start or agreement.term_start,
        last_day=agreement.term_end - DAY,
        resources=tuple(ResourceLine(one.code, one.title, numbers.get(one.id)) for one in scope),
        products=tuple(_products(session, agreement.id, on)),
    )


def _products(session: Session, agreement_id: UUID, on: date) -> list[ProductLine]:
    coded = sa.select(Registration.product_id, sa.func.min(Registration.code).label("code")).where(effective_clause(on))
    codes = coded.group_by(Registration.product_id).subquery()
    query = (
        sa.select(Product, codes.c.code)
        .outerjoin(codes, codes.c.product_id == Product.id)
        .where(Product.agreement_id == agreement_id)
        .order_by(Product.code)
    )
    return [
        ProductLine(product.code, product.title, product.delivery_form.value, product.scenario, code)
        for product, code in session.execute(query)
    ]


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 over the canonical JSON of a disclosure."""
    return hashlib.sha256(to_json(content).encode()).hexdigest()


def history(session: Session, disclosure_id: UUID) -> Sequence[audit.AuditLine]:
    """Return what was done with the disclosure, the oldest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == Disclosure.__tablename__, audit.AuditLine.object_id == str(disclosure_id)
    )
    return session.scalars(query.order_by(audit.AuditLine.id)).all()


def _none(disclosure_id: UUID) -> NoSuchDisclosure:
    return NoSuchDisclosure(
        f"没有编号为 {disclosure_id} 的信息披露，或尚未公布", detail_en="No such disclosure, or not published yet."
    )
