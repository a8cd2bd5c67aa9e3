"""Reading applications: the applicant sees its own, the authority and its experts those of their places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel import audit
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from registry.applications.model import Application, ApplicationProof
from registry.applications.rules import FIELD_TITLES, ApplicationState, ProofKind, missing
from registry.calls.model import Call
from registry.parties import queries as parties
from registry.parties.rules import CREDIT_TITLES


class NoSuchApplication(NotFound):
    """There is no such application, or none that the actor may know of."""

    code = "application.not_found"


def get(session: Session, application_id: UUID, *, lock: bool = False) -> Application:
    """Return the application with call, applicant, proofs and scores; locked and read afresh on demand.

    Raises:
        NoSuchApplication: there is none.
    """
    query = _whole(sa.select(Application).where(Application.id == application_id))
    if lock:
        query = query.with_for_update(of=Application).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise none_such(str(application_id))
    return found


def visible(session: Session, actor: Actor, application_id: UUID) -> Application:
    """Return the application, read afresh, if it lies within the actor's scope.

    Raises:
        NoSuchApplication: there is none, or none that the actor may know of.
    """
    query = _whole(listed(actor).where(Application.id == application_id))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise none_such(str(application_id))
    return found


def listed(
    actor: Actor, *, place: str | None = None, state: ApplicationState | None = None, call_id: UUID | None = None
) -> sa.Select[Application]:
    """Return the query of applications in the actor's scope, with call and applicant; a draft is its applicant's."""
    query = (
        sa.select(Application)
        .where(_in_scope(actor))
        .options(joinedload(Application.call), joinedload(Application.applicant))
    )
    if place is not None:
        query = query.where(Application.place == place)
    if call_id is not None:
        query = query.where(Application.call_id == call_id)
    return query if state is None else query.where(Application.state == state)


def of_call(session: Session, call_id: UUID) -> Sequence[Application]:
    """Return the submitted applications to a call with applicants and scores, in the order of their arrival."""
    query = _whole(sa.select(Application).where(Application.call_id == call_id, Application.submitted_at.is_not(None)))
    return session.scalars(query.order_by(Application.submitted_at, Application.id)).all()


def own(session: Session, call_id: UUID, applicant_id: UUID) -> Application | None:
    """Return the application of an organisation to a call that was not withdrawn, or ``None``."""
    query = sa.select(Application).where(
        Application.call_id == call_id,
        Application.applicant_id == applicant_id,
        Application.state != ApplicationState.WITHDRAWN,
    )
    return session.scalar(query)


def proofs(found: Application) -> dict[ProofKind, ApplicationProof]:
    """Return the newest document of each kind (proofs loaded)."""
    return {proof.kind: proof for proof in found.proofs}


def lacking(found: Application) -> list[tuple[str, str]]:
    """Return what the form (proofs loaded) still lacks: JSON pointer and words of each."""
    fields = {name: getattr(found, name) for name in FIELD_TITLES}
    return missing(fields, proofs(found).keys(), incidents_declared=found.incidents_declared)


def credit_facts(session: Session, party_id: UUID, on: date) -> list[str]:
    """Return the records of the credit file that count against an organisation on that day, in words."""
    return [
        f"{CREDIT_TITLES[entry.record.kind]} {entry.record.document}：{entry.record.fact}"
        for entry in parties.credit_file(session, party_id)
        if entry.is_open(on)
    ]


def history(session: Session, application_id: UUID) -> Sequence[audit.AuditLine]:
    """Return what was done with the application, the oldest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == Application.__tablename__, audit.AuditLine.object_id == str(application_id)
    )
    return session.scalars(query.order_by(audit.AuditLine.id)).all()


def none_such(name: str) -> NoSuchApplication:
    """Return the refusal of an application that is not there, or not for this reader."""
    return NoSuchApplication(f"没有申请 {name}，或不在您的职责范围内", detail_en=f"No application {name}.")


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.APPLICATION_READ]:
            continue
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else Application.place == grant.place
        if grant.org_id is not None:
            reached.append(sa.and_(condition, Application.applicant_id == grant.org_id))
        else:
            reached.append(sa.and_(condition, Application.submitted_at.is_not(None)))
    return sa.or_(sa.false(), *reached)


def _whole(query: sa.Select[Application]) -> sa.Select[Application]:
    return query.options(
        joinedload(Application.call).joinedload(Call.plan),
        joinedload(Application.applicant),
        selectinload(Application.proofs),
        selectinload(Application.scores),
    )
