"""Reading incidents, and the gate that an open one closes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel import audit
from kernel.calendar import DAY, business_date, start_of_day
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission, Role
from kernel.policy import PolicyBook
from registry.agreements.model import Agreement, AgreementResource
from registry.incidents.model import Incident, IncidentReport
from registry.incidents.rules import HALTED, STATE_TITLES, IncidentState
from registry.policy import RegistryPolicy
from registry.products.model import Product
from registry.resources.model import Resource


class NoSuchIncident(NotFound):
    """There is no such incident, or none that the actor may know of."""

    code = "incident.not_found"


def get(session: Session, incident_id: UUID, *, lock: bool = False) -> Incident:
    """Return the incident; locked and read afresh on demand.

    Raises:
        NoSuchIncident: there is none.
    """
    query = sa.select(Incident).where(Incident.id == incident_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(incident_id)
    return found


def visible(session: Session, actor: Actor, incident_id: UUID) -> Incident:
    """Return the incident, read afresh with its reports, if it lies within the actor's scope.

    Raises:
        NoSuchIncident: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(Incident.id == incident_id).options(selectinload(Incident.reports))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise _none(incident_id)
    return found


def listed(actor: Actor, *, place: str | None = None, state: IncidentState | None = None) -> sa.Select[Incident]:
    """Return the query of incidents within the actor's scope.

    Incidents are internal: the finder, the two parties of the agreement, the owner of the product, the departments
    whose data are in its scope, and the authorities of the place.
    """
    query = sa.select(Incident).where(_in_scope(actor)).options(
        joinedload(Incident.agreement).joinedload(Agreement.operating_institution),
        joinedload(Incident.product), joinedload(Incident.finder),
    )  # fmt: skip
    if place is not None:
        query = query.where(Incident.place == place)
    return query if state is None else query.where(Incident.state == state)


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.INCIDENT_READ]:
            continue
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else Incident.place == grant.place
        if grant.org_id is not None and grant.role not in WATCHERS:
            condition = sa.and_(condition, _concerns(grant.org_id))
        reached.append(condition)
    return sa.or_(sa.false(), *reached)


def _concerns(party_id: UUID) -> sa.ColumnElement[bool]:
    return sa.or_(
        Incident.finder_id == party_id,
        Incident.agreement_id.in_(sa.select(Agreement.id).where(_is_party(party_id))),
        Incident.agreement_id.in_(_covering(party_id)),
        Incident.product_id.in_(sa.select(Product.id).where(Product.owner_id == party_id)),
    )


def _is_party(party_id: UUID) -> sa.ColumnElement[bool]:
    return sa.or_(Agreement.operating_institution_id == party_id, Agreement.authorizing_entity_id == party_id)


def _covering(party_id: UUID | None) -> sa.Select[UUID]:
    query = sa.select(AgreementResource.agreement_id).join(Resource)
    return query.where(Resource.source_department_id == party_id)


def may_stop(session: Session, actor: Actor, agreement: Agreement, product: Product | None) -> bool:
    """Say whether the actor's organisation may stop what is done under the agreement, or with the product.

    The authority of the place, the operator and the source departments may stop both; a merchant its own product.
    """
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.INCIDENT_REPORT] or grant.place not in (None, agreement.place):
            continue
        if grant.role is Role.SUPERVISOR:
            return True
        if grant.role is Role.MERCHANT:
            if product is not None and product.owner_id == grant.org_id:
                return True
            continue
        concerned = sa.select(Agreement.id).where(
            Agreement.id == agreement.id,
            sa.or_(Agreement.operating_institution_id == grant.org_id, Agreement.id.in_(_covering(grant.org_id))),
        )
        if session.scalar(concerned) is not None:
            return True
    return False


def history(session: Session, incident_id: UUID) -> Sequence[audit.AuditLine]:
    """Return what was done about the incident, the oldest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == Incident.__tablename__, audit.AuditLine.object_id == str(incident_id)
    )
    return session.scalars(query.order_by(audit.AuditLine.id)).all()


def halted_clause(on: date) -> sa.ColumnElement[bool]:
    """Return the SQL condition that an incident forbids processing on that day: :attr:`Incident.is_halted` for sets."""
    at_once = sa.and_(Incident.state == IncidentState.DETECTED, Incident.stops_at_once)
    return sa.and_(Incident.detected_at < start_of_day(on + DAY), sa.or_(Incident.state.in_(HALTED), at_once))


def no_open_incident_clause(
    agreement_id: sa.ColumnElement[UUID], on: date, product_id: sa.ColumnElement[UUID] | None = None
) -> sa.ColumnElement[bool]:
    """Return the SQL condition that no incident stands against an agreement, nor against a product of it.

    Pass the columns of the asking query, such as ``Product.__table__.c.agreement_id`` and ``Product.__table__.c.id``.
    Without a product only incidents of the whole agreement count.
    """
    reach: sa.ColumnElement[bool] = Incident.product_id.is_(None)
    if product_id is not None:
        reach = sa.or_(reach, Incident.product_id == product_id)
    standing = sa.select(sa.literal(1)).select_from(Incident)
    return (
        ~standing.where(Incident.agreement_id == agreement_id, reach, halted_clause(on))
        .correlate_except(Incident)
        .exists()
    )


def standing(session: Session, agreement_id: UUID, on: date, product_id: UUID | None = None) -> Incident | None:
    """Return the oldest incident that forbids processing under the agreement, or with the product; ``None``: none."""
    reach = sa.or_(Incident.product_id.is_(None), Incident.product_id == product_id)
    query = sa.select(Incident).where(Incident.agreement_id == agreement_id, reach, halted_clause(on))
    return session.scalar(query.order_by(Incident.detected_at, Incident.id).limit(1))


def no_open_incident_gate_fact(
    session: Session, agreement_id: UUID, on: date, book: PolicyBook, product_id: UUID | None = None
) -> tuple[bool, str, date | None]:
    """Return whether no incident stands in the way, the fact in words, and since when one does.

    Source:
        SEC-02; the article is that of ``incident.stop_at_once`` where the place has it.
    """
    found = standing(session, agreement_id, on, product_id)
    if found is None:
        return True, "没有未处置完毕的风险事件", None
    words = f"风险事件 {found.number}：{STATE_TITLES[found.state]}，恢复前不得处理数据"
    rule = RegistryPolicy.at(book, found.place, on).incident_stop_at_once
    since = business_date(found.stopped_at or found.detected_at)
    return False, f"{words}（{rule.citation()}）" if rule is not None else words, since


def told(session: Session, incident_id: UUID) -> list[str]:
    """Return the offices that were told, in order."""
    query = sa.select(IncidentReport.recipient).where(IncidentReport.incident_id == incident_id)
    return list(session.scalars(query.order_by(IncidentReport.reported_at, IncidentReport.id)))


def _none(incident_id: UUID) -> NoSuchIncident:
    return NoSuchIncident(f"没有编号为 {incident_id} 的风险事件，或不在您的职责范围内", detail_en="No such incident.")
