"""Reading service agreements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission, Role
from kernel.policy import PolicyBook
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.service_agreements.model import ServiceAgreement, StandardText
from registry.service_agreements.rules import ServiceState


class NoSuchServiceAgreement(NotFound):
    """There is no such service agreement, or none that the actor may know of."""

    code = "service_agreement.not_found"


class NoSuchText(NotFound):
    """There is no such standard text."""

    code = "service_agreement.no_such_text"


def text(session: Session, text_id: UUID) -> StandardText:
    """Return one standard text.

    Raises:
        NoSuchText: there is none.
    """
    found = session.get(StandardText, text_id)
    if found is None:
        raise NoSuchText(f"没有编号为 {text_id} 的格式文本，请从已发布的文本中选择", detail_en="No such standard text.")
    return found


def texts(session: Session, places: Sequence[str]) -> Sequence[StandardText]:
    """Return the standard texts of these places, the newest first."""
    query = sa.select(StandardText).where(StandardText.place.in_(places))
    return session.scalars(query.order_by(StandardText.id.desc())).all()


def get(session: Session, service_agreement_id: UUID, *, lock: bool = False) -> ServiceAgreement:
    """Return the service agreement with parties, text and signatures; locked and read afresh on demand.

    Raises:
        NoSuchServiceAgreement: there is none.
    """
    query = _whole(sa.select(ServiceAgreement).where(ServiceAgreement.id == service_agreement_id))
    if lock:
        query = query.with_for_update(of=ServiceAgreement).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(service_agreement_id)
    return found


def visible(session: Session, actor: Actor, service_agreement_id: UUID) -> ServiceAgreement:
    """Return the service agreement, read afresh, if it lies within the actor's scope.

    Raises:
        NoSuchServiceAgreement: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(ServiceAgreement.id == service_agreement_id)
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise _none(service_agreement_id)
    return found


def listed(actor: Actor, *, agreement_id: UUID | None = None) -> sa.Select[ServiceAgreement]:
    """Return the query of service agreements that the actor's organisation is party to, or supervises."""
    query = _whole(sa.select(ServiceAgreement).where(_in_scope(actor)))
    return query if agreement_id is None else query.where(ServiceAgreement.agreement_id == agreement_id)


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.AGREEMENT_READ] or grant.role is Role.SOURCE:
            continue
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else ServiceAgreement.place == grant.place
        if grant.org_id is not None and grant.role in (Role.MERCHANT, Role.OPERATOR):
            sides = (ServiceAgreement.partner_id, ServiceAgreement.operating_institution_id)
            condition = sa.and_(condition, sa.or_(*(side == grant.org_id for side in sides)))
        reached.append(condition)
    return sa.or_(sa.false(), *reached)


def places_that_demand(book: PolicyBook, on: date) -> list[str]:
    """Return the places where no data is used without a service agreement on that day (AGR-06)."""
    name = "agreement.service_agreement_required"
    found = ((place, book.get(place, name, on=on)) for place in book.places())
    return [place for place, cited in found if cited is not None and cited.boolean()]


def in_force(session: Session, *, seller_id: UUID, agreement_id: UUID, on: date) -> ServiceAgreement | None:
    """Return the service agreement of the seller under the authorization that holds on that day, or ``None``."""
    query = sa.select(ServiceAgreement).where(
        ServiceAgreement.partner_id == seller_id, ServiceAgreement.agreement_id == agreement_id, _holds(on)
    )
    return session.scalar(query.order_by(ServiceAgreement.start_date).limit(1))


def _holds(on: date, found: type[ServiceAgreement] = ServiceAgreement) -> sa.ColumnElement[bool]:
    return sa.and_(found.state == ServiceState.SIGNED, found.start_date <= on, found.end_date > on)


def service_agreement_gate_fact(
    session: Session, *, seller_id: UUID, agreement_id: UUID, on: date, book: PolicyBook
) -> tuple[bool, str, date | None]:
    """Say whether the seller has the service agreement that its place demands: open, fact, since when (AGR-06).

    Raises:
        NoSuchAgreement: there is no such authorization.
    """
    agreement = agreements.get(session, agreement_id)
    if agreement.operating_institution_id == seller_id:
        return True, "出售主体即运营机构，无须另签服务协议", None
    if agreement.place not in places_that_demand(book, on):
        return True, "当地未要求与运营机构另签服务协议", None
    found = in_force(session, seller_id=seller_id, agreement_id=agreement_id, on=on)
    if found is None:
        return False, f"未与运营机构 {agreement.operating_institution.name} 签订现行有效的服务协议", None
    return True, f"服务协议 {found.number}，自 {found.start_date} 起、{found.end_date} 前有效", found.start_date


def service_agreement_clause(
    seller_id: sa.ColumnElement[UUID] | UUID,
    agreement_id: sa.ColumnElement[UUID] | UUID,
    *,
    on: date,
    book: PolicyBook,
) -> sa.ColumnElement[bool]:
    """Return the SQL condition that the seller may use data: :func:`service_agreement_gate_fact` for sets."""
    agreement, service = aliased(Agreement), aliased(ServiceAgreement)
    needless = (
        sa.select(sa.literal(1))
        .select_from(agreement)
        .where(
            agreement.id == agreement_id,
            sa.or_(
                agreement.place.not_in(places_that_demand(book, on)), agreement.operating_institution_id == seller_id
            ),
        )
        .correlate_except(agreement)
    )
    signed = (
        sa.select(sa.literal(1))
        .select_from(service)
        .where(service.partner_id == seller_id, service.agreement_id == agreement_id, _holds(on, service))
        .correlate_except(service)
    )
    return sa.or_(needless.exists(), signed.exists())


def _whole(query: sa.Select[ServiceAgreement]) -> sa.Select[ServiceAgreement]:
    return query.options(
        joinedload(ServiceAgreement.agreement), joinedload(ServiceAgreement.partner),
        joinedload(ServiceAgreement.operating_institution), joinedload(ServiceAgreement.text),
        selectinload(ServiceAgreement.signatures),
    )  # fmt: skip


def _none(service_agreement_id: UUID) -> NoSuchServiceAgreement:
    return NoSuchServiceAgreement(
        f"没有编号为 {service_agreement_id} 的服务协议，或不在您的职责范围内", detail_en="No such service agreement."
    )
