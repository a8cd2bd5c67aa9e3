"""Reading evaluations, and the results that count when somebody applies again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel import audit
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from registry.agreements.model import AgreementResource
from registry.evaluations.model import Evaluation
from registry.evaluations.rules import RESULTS, EvaluationKind, EvaluationState
from registry.resources.model import Resource


class NoSuchEvaluation(NotFound):
    """There is no such evaluation, or none that the actor may know of."""

    code = "evaluation.not_found"


def get(session: Session, evaluation_id: UUID, *, lock: bool = False) -> Evaluation:
    """Return the evaluation; locked and read afresh on demand.

    Raises:
        NoSuchEvaluation: there is none.
    """
    query = sa.select(Evaluation).where(Evaluation.id == evaluation_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(evaluation_id)
    return found


def visible(session: Session, actor: Actor, evaluation_id: UUID) -> Evaluation:
    """Return the evaluation, read afresh, if it lies within the actor's scope.

    Raises:
        NoSuchEvaluation: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(Evaluation.id == evaluation_id)
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise _none(evaluation_id)
    return found


def listed(actor: Actor, *, place: str | None = None, state: EvaluationState | None = None) -> sa.Select[Evaluation]:
    """Return the query of evaluations within the actor's scope: its own, those of its places, and published ones."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.DUTY_READ]:
            continue
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else Evaluation.place == grant.place
        if grant.org_id is not None and grant.role not in WATCHERS:
            condition = sa.and_(condition, Evaluation.party_id == grant.org_id)
        reached += [condition, Evaluation.state == EvaluationState.PUBLISHED]
    query = sa.select(Evaluation).where(sa.or_(sa.false(), *reached))
    query = query.options(joinedload(Evaluation.party), joinedload(Evaluation.agreement))
    if place is not None:
        query = query.where(Evaluation.place == place)
    return query if state is None else query.where(Evaluation.state == state)


def latest_results(session: Session, party_id: UUID, *, place: str | None = None) -> Sequence[Evaluation]:
    """Return the assessed evaluations of an organisation, the newest period first: an important basis (EVA-01).

    Published or not: whoever decides on a new application reads them all.
    """
    query = sa.select(Evaluation).where(Evaluation.party_id == party_id, Evaluation.state.in_(RESULTS))
    if place is not None:
        query = query.where(Evaluation.place == place)
    return session.scalars(query.order_by(Evaluation.period_end.desc(), Evaluation.id.desc())).all()


def supplies(session: Session, party_id: UUID, agreement_id: UUID) -> bool:
    """Say whether data of that department are in the scope of the agreement."""
    query = sa.select(AgreementResource.id).join(Resource).where(
        AgreementResource.agreement_id == agreement_id, Resource.source_department_id == party_id
    )  # fmt: skip
    return session.scalar(query.limit(1)) is not None


def same(
    session: Session, party_id: UUID, place: str, kind: EvaluationKind, agreement_id: UUID | None, start: date
) -> Evaluation | None:
    """Return the evaluation of the same organisation as the same, for a period that begins on that day."""
    under = Evaluation.agreement_id.is_(None) if agreement_id is None else Evaluation.agreement_id == agreement_id
    query = sa.select(Evaluation).where(
        Evaluation.party_id == party_id, Evaluation.place == place, Evaluation.kind == kind, under,
        Evaluation.period_start == start,
    )  # fmt: skip
    return session.scalar(query.limit(1))


def history(session: Session, evaluation_id: UUID) -> Sequence[audit.AuditLine]:
    """Return what was done in the evaluation, the oldest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == Evaluation.__tablename__, audit.AuditLine.object_id == str(evaluation_id)
    )
    return session.scalars(query.order_by(audit.AuditLine.id)).all()


def _none(evaluation_id: UUID) -> NoSuchEvaluation:
    return NoSuchEvaluation(f"没有编号为 {evaluation_id} 的评价，或不在您的职责范围内", detail_en="No such evaluation.")
