"""Reading plans, and the facts that later steps rest on: which plan is in effect, and what it covers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from kernel import audit
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission, Role
from kernel.policy import PolicyBook
from registry.plans.model import Plan, PlanResource, PlanVersion
from registry.plans.rules import RUNNING, Change, PlanState, difference, missing
from registry.policy import RegistryPolicy

# the catalogue of resources stands above the plans and is not imported; its key and words are only read
CATALOGUE = sa.table(
    "registry_resource",
    sa.column("id", sa.Uuid()), sa.column("code", sa.Text()), sa.column("title", sa.Text()),
    sa.column("place", sa.Text()), sa.column("barred", sa.Boolean()),
)  # fmt: skip
IN_EFFECT_ONCE = (PlanState.IN_EFFECT, PlanState.SUPERSEDED)
PUBLISHED = (PlanState.FILED, *IN_EFFECT_ONCE)
DRAFTERS = (Role.SUPERVISOR, Role.REVIEWER, Role.AUDITOR)


class NoSuchPlan(NotFound):
    """There is no such plan, or none that the actor may know of."""

    code = "plan.not_found"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """What a plan shows of a resource."""

    id: UUID
    code: str
    title: str
    place: str
    barred: bool


def get(session: Session, plan_id: UUID, *, lock: bool = False) -> Plan:
    """Return the plan with its institution; locked and read afresh on demand.

    Raises:
        NoSuchPlan: there is none.
    """
    query = sa.select(Plan).where(Plan.id == plan_id).options(joinedload(Plan.implementing_institution))
    if lock:
        query = query.with_for_update(of=Plan).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise none_such(str(plan_id))
    return found


def version(session: Session, version_id: UUID, *, lock: bool = False) -> PlanVersion:
    """Return the version with its plan and scope; locked and read afresh on demand.

    Raises:
        NoSuchPlan: there is none.
    """
    query = _whole(sa.select(PlanVersion).where(PlanVersion.id == version_id))
    if lock:
        query = query.with_for_update(of=PlanVersion).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise none_such(str(version_id))
    return found


def visible(session: Session, actor: Actor, plan_id: UUID) -> Plan:
    """Return the plan with all versions, the newest first, as far as the actor may see them.

    Drafts and what is under review are seen by the authorities and the auditor of the place; everybody else who may
    read plans sees a plan as soon as one version has been approved.

    Raises:
        NoSuchPlan: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(Plan.id == plan_id).options(selectinload(Plan.versions).selectinload(PlanVersion.scope))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise none_such(str(plan_id))
    return found


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[Plan]:
    """Return the query of plans within the actor's scope, with institution and versions."""
    query = (
        sa.select(Plan)
        .where(_in_scope(actor))
        .options(joinedload(Plan.implementing_institution), selectinload(Plan.versions))
    )
    return query if place is None else query.where(Plan.place == place)


def seen_versions(actor: Actor, plan: Plan) -> list[PlanVersion]:
    """Return the versions of a plan (loaded) that the actor may read, the newest first."""
    if sees_drafts(actor, plan.place):
        return list(plan.versions)
    return [found for found in plan.versions if found.state in PUBLISHED]


def seen_version(session: Session, actor: Actor, version_id: UUID) -> PlanVersion:
    """Return a version, read afresh with its plan and scope, if the actor may read it.

    Raises:
        NoSuchPlan: there is none, or none that the actor may know of.
    """
    query = _whole(sa.select(PlanVersion).join(Plan).where(PlanVersion.id == version_id, _in_scope(actor)))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None or not (sees_drafts(actor, found.plan.place) or found.state in PUBLISHED):
        raise none_such(str(version_id))
    return found


def sees_drafts(actor: Actor, place: str) -> bool:
    """Say whether the actor reads plans of that place before they are approved."""
    return any(grant.role in DRAFTERS and grant.covers(org_id=None, place=place) for grant in actor.grants)


def newest(session: Session, plan_id: UUID) -> PlanVersion:
    """Return the newest version of a plan with its scope.

    Raises:
        NoSuchPlan: there is no such plan.
    """
    query = sa.select(PlanVersion).where(PlanVersion.plan_id == plan_id).order_by(PlanVersion.number.desc()).limit(1)
    found = session.scalar(_whole(query))
    if found is None:
        raise none_such(str(plan_id))
    return found


def running(session: Session, plan_id: UUID) -> PlanVersion | None:
    """Return the version of a plan that is being drafted or decided, or ``None``."""
    query = sa.select(PlanVersion).where(PlanVersion.plan_id == plan_id, PlanVersion.state.in_(RUNNING))
    return session.scalar(_whole(query))


def in_effect_clause(on: date) -> sa.ColumnElement[bool]:
    """Return the SQL condition that a version is in effect on that day: :meth:`PlanVersion.in_effect` for sets."""
    return sa.and_(
        PlanVersion.state.in_(IN_EFFECT_ONCE),
        PlanVersion.effective_from <= on,
        sa.or_(PlanVersion.effective_until.is_(None), PlanVersion.effective_until > on),
    )


def in_effect_of(session: Session, plan_id: UUID, on: date) -> PlanVersion | None:
    """Return the version of a plan that is in effect on that day, or ``None``."""
    query = sa.select(PlanVersion).where(PlanVersion.plan_id == plan_id, in_effect_clause(on))
    return session.scalar(_whole(query))


def in_effect_at(session: Session, place: str, on: date) -> Sequence[PlanVersion]:
    """Return the versions in effect at a place on that day, the oldest plan first."""
    query = sa.select(PlanVersion).join(Plan).where(Plan.place == place, in_effect_clause(on)).order_by(Plan.number)
    return session.scalars(_whole(query)).all()


def standing(session: Session, plan_id: UUID) -> PlanVersion | None:
    """Return the version of a plan that has been put in effect and not superseded, or ``None``."""
    query = sa.select(PlanVersion).where(PlanVersion.plan_id == plan_id, PlanVersion.state == PlanState.IN_EFFECT)
    return session.scalar(_whole(query))


def covers(found: PlanVersion, resource_ids: Collection[UUID]) -> bool:
    """Say whether a version (scope loaded) covers these resources.

    A version that lists resources covers those; one that describes its scope in words only is taken to cover what
    the authority puts into an agreement under it [I].
    """
    listed_ids = {entry.resource_id for entry in found.scope}
    return not listed_ids or set(resource_ids) <= listed_ids


def plan_for_agreement(
    session: Session, place: str, resource_ids: Collection[UUID], on: date, *, plan_id: UUID | None = None
) -> PlanVersion | None:
    """Return the version in effect at the place on that day that covers these resources, or ``None``.

    Args:
        session: the session.
        place: of the agreement.
        resource_ids: the scope of the agreement.
        on: the day.
        plan_id: only that plan is looked at, where the agreement names one.
    """
    found = in_effect_at(session, place, on)
    fitting = [one for one in found if plan_id in (None, one.plan_id) and covers(one, resource_ids)]
    return fitting[0] if fitting else None


def plan_gate_fact(
    session: Session,
    place: str,
    resource_ids: Collection[UUID],
    on: date,
    book: PolicyBook,
    *,
    plan_id: UUID | None = None,
) -> tuple[bool, str, date | None]:
    """Say whether an approved plan in effect covers these resources at the place on that day, in words, since when.

    Source:
        发改数据规〔2025〕27号 第九条至第十一条、第十四条: no agreement without an approved plan (APP-01).
    """
    found = plan_for_agreement(session, place, resource_ids, on, plan_id=plan_id)
    if found is not None:
        words = f"实施方案 {found.plan.number} 第 {found.number} 版自 {found.effective_from} 起实施"
        return True, f"{words}（批准文号 {found.government_document}）", found.effective_from
    others = [one for one in in_effect_at(session, place, on) if plan_id in (None, one.plan_id)]
    if others:
        return False, f"实施方案 {others[0].plan.number} 没有列入本协议的全部数据资源，请办理重大变更", None
    return False, f"{book.place(place).title}在 {on} 没有经审定同意并在实施的方案，请先完成方案审议", None


def plan_clause(
    place: sa.ColumnElement[str],
    resources: sa.Select[UUID],
    on: date,
    *,
    plan_id: sa.ColumnElement[UUID] | sa.ColumnElement[UUID | None] | None = None,
) -> sa.ColumnElement[bool]:
    """Return :func:`plan_gate_fact` as an SQL condition.

    Args:
        place: the column with the place of the agreement.
        resources: a select of the ids of the resources in its scope, correlated by hand to the agreement
            (``.correlate(Agreement)``).
        on: the day.
        plan_id: the column with the plan that the agreement names; where it is NULL any plan serves.
    """
    own = sa.select(PlanResource.resource_id).where(PlanResource.plan_version_id == PlanVersion.id)
    own = own.correlate(PlanVersion)
    wanted = resources.selected_columns[0]
    outside = resources.where(wanted.not_in(own)).correlate(PlanVersion)
    query = (
        sa.select(sa.literal(1))
        .select_from(PlanVersion)
        .join(Plan, Plan.id == PlanVersion.plan_id)
        .where(Plan.place == place, in_effect_clause(on), sa.or_(sa.not_(own.exists()), sa.not_(outside.exists())))
        .correlate_except(PlanVersion, Plan)
    )
    if plan_id is not None:
        query = query.where(sa.or_(plan_id.is_(None), Plan.id == plan_id))
    return query.exists()


def catalogue(session: Session, resource_ids: Collection[UUID]) -> Sequence[CatalogueEntry]:
    """Return what the catalogue says of these resources, by code."""
    query = sa.select(CATALOGUE).where(CATALOGUE.c.id.in_(set(resource_ids))).order_by(CATALOGUE.c.code)
    return [CatalogueEntry(*row) for row in session.execute(query)]


def open_catalogue(session: Session, place: str) -> Sequence[CatalogueEntry]:
    """Return the resources of a place that may be authorized (APP-05), by code."""
    query = sa.select(CATALOGUE).where(CATALOGUE.c.place == place, CATALOGUE.c.barred.is_(False))
    return [CatalogueEntry(*row) for row in session.execute(query.order_by(CATALOGUE.c.code))]


def changes(session: Session, before: PlanVersion, after: PlanVersion) -> list[Change]:
    """Return every field in which two versions (scopes loaded) differ."""
    used = {entry.resource_id for found in (before, after) for entry in found.scope}
    names = {str(entry.id): f"{entry.code} {entry.title}" for entry in catalogue(session, used)}
    return difference(before.contents, after.contents, names)


def missing_today(found: PlanVersion, place: str, book: PolicyBook, on: date) -> list[tuple[str, str]]:
    """Return what an editable version still lacks, by the rules of that day: pointer and words of each."""
    policy = RegistryPolicy.at(book, place, on)
    required = policy.plan_items_required
    return missing(
        found.contents, required.items() if required else (),
        decision_required=policy.says("plan_collective_decision_required"),
    )  # fmt: skip


def history(session: Session, version_ids: Collection[UUID]) -> Sequence[audit.AuditLine]:
    """Return what was done with these versions, the oldest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == PlanVersion.__tablename__,
        audit.AuditLine.object_id.in_([str(one) for one in version_ids]),
    )
    return session.scalars(query.order_by(audit.AuditLine.id)).all()


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    one = aliased(PlanVersion)  # of its own, since the query around it may read versions as well
    approved = sa.exists().where(one.plan_id == Plan.id, one.state.in_(PUBLISHED))
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.PLAN_READ]:
            continue
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else Plan.place == grant.place
        reached.append(condition if grant.role in DRAFTERS else sa.and_(condition, approved))
    return sa.or_(sa.false(), *reached)


def _whole(query: sa.Select[PlanVersion]) -> sa.Select[PlanVersion]:
    return query.options(
        joinedload(PlanVersion.plan).joinedload(Plan.implementing_institution), selectinload(PlanVersion.scope)
    )


def none_such(name: str) -> NoSuchPlan:
    """Return the refusal of a plan that is not there, or not for this reader."""
    return NoSuchPlan(f"没有实施方案 {name}，或不在您的职责范围内", detail_en=f"No plan {name}.")
