"""Reading agreements and what they cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from kernel import audit
from kernel.calendar import Period
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission, Role
from kernel.policy import PolicyBook
from registry.agreements.model import Agreement, AgreementResource
from registry.agreements.rules import STANDING, AgreementState, Basis, NotRegisteredAs
from registry.clauses.rules import missing_items as rules_missing
from registry.clauses.rules import reapply_by
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.parties.rules import CAPACITY_TITLES, Capacity, check_in_order
from registry.plans import queries as plans
from registry.policy import RegistryPolicy
from registry.resources.model import Resource
from registry.selections import queries as selections


class NoSuchAgreement(NotFound):
    """There is no such agreement, or none that the actor may know of."""

    code = "agreement.not_found"


def get(session: Session, agreement_id: UUID, *, lock: bool = False) -> Agreement:
    """Return the agreement with its two parties; locked and read afresh on demand.

    Raises:
        NoSuchAgreement: there is none.
    """
    query = _with_parties(sa.select(Agreement).where(Agreement.id == agreement_id))
    if lock:
        query = query.with_for_update(of=Agreement).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(str(agreement_id))
    return found


def governed(session: Session, actor: Actor, agreement_id: UUID) -> Agreement:
    """Return the agreement, locked, for a person of the data authority of its place.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
    """
    agreement = get(session, agreement_id, lock=True)
    actor.must(Permission.AGREEMENT_WRITE, place=agreement.place)
    return agreement


def by_number(session: Session, number: str) -> Agreement:
    """Return the agreement with that number.

    Raises:
        NoSuchAgreement: there is none.
    """
    found = session.scalar(_with_parties(sa.select(Agreement).where(Agreement.number == number)))
    if found is None:
        raise _none(number)
    return found


def visible(session: Session, actor: Actor, agreement_id: UUID) -> Agreement:
    """Return the agreement, read afresh with parties and scope, if it lies within the actor's scope.

    Raises:
        NoSuchAgreement: there is none, or none that the actor may know of.
    """
    scope = selectinload(Agreement.scope).joinedload(AgreementResource.resource).joinedload(Resource.source_department)
    query = listed(actor).where(Agreement.id == agreement_id).options(scope)
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise _none(str(agreement_id))
    return found


def listed(actor: Actor, *, place: str | None = None, state: AgreementState | None = None) -> sa.Select[Agreement]:
    """Return the query of agreements within the actor's scope, with their parties.

    The operator sees its own; a source department those that cover its resources; merchants those signed at their
    places (27号 第十八条 makes them public); authorities, finance and auditors their places.
    """
    query = _with_parties(sa.select(Agreement).where(in_scope(actor)))
    if place is not None:
        query = query.where(Agreement.place == place)
    if state is not None:
        query = query.where(Agreement.state == state)
    return query


def in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition over :class:`Agreement` that it lies within the actor's scope."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.AGREEMENT_READ]:
            continue
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else Agreement.place == grant.place
        if grant.role is Role.MERCHANT:
            condition = sa.and_(condition, Agreement.state != AgreementState.DRAFT)
        elif grant.role is Role.SOURCE and grant.org_id is not None:
            condition = sa.and_(condition, Agreement.id.in_(_covering_resources_of(grant.org_id)))
        elif grant.org_id is not None:
            condition = sa.and_(
                condition,
                sa.or_(
                    Agreement.operating_institution_id == grant.org_id, Agreement.authorizing_entity_id == grant.org_id
                ),
            )
        reached.append(condition)
    return sa.or_(sa.false(), *reached)


def _covering_resources_of(party_id: UUID) -> sa.Select[UUID]:
    query = sa.select(AgreementResource.agreement_id).join(Resource)
    return query.where(Resource.source_department_id == party_id)


def in_force_clause(on: date) -> sa.ColumnElement[bool]:
    """Return the SQL condition that an agreement is in force on that day: :meth:`Agreement.in_force` for sets."""
    formal = sa.and_(Agreement.term_start <= on, Agreement.term_end > on)
    trial = sa.and_(Agreement.trial_start <= on, Agreement.trial_end > on)
    return sa.and_(Agreement.state == AgreementState.ACTIVE, sa.or_(formal, trial))


def in_force_for(session: Session, operating_institution_id: UUID, place: str, on: date) -> Sequence[Agreement]:
    """Return the agreements under which the institution may operate at the place on that day, the oldest first."""
    query = sa.select(Agreement).where(
        Agreement.operating_institution_id == operating_institution_id, Agreement.place == place, in_force_clause(on)
    )
    return session.scalars(_with_parties(query).order_by(Agreement.term_start, Agreement.id)).all()


def in_scope_clause(
    agreement_id: sa.ColumnElement[UUID] | UUID, resource_id: sa.ColumnElement[UUID] | UUID, on: date
) -> sa.ColumnElement[bool]:
    """Return the SQL condition that the resource belongs to the agreement's scope on that day.

    An entry whose authorization ended early (ACC-01) counts no more from the day of its end; time alone decides.
    """
    entry = aliased(AgreementResource)
    return (
        sa.select(sa.literal(1))
        .select_from(entry)
        .where(entry.agreement_id == agreement_id, entry.resource_id == resource_id, _counts(entry, on))
        .correlate_except(entry)
        .exists()
    )


def _counts(entry: type[AgreementResource], on: date) -> sa.ColumnElement[bool]:
    return sa.or_(entry.ended_on.is_(None), entry.ended_on > on)


def covers_resource(session: Session, agreement_id: UUID, resource_id: UUID, *, on: date) -> bool:
    """Say whether the resource is in the agreement's scope on that day and not barred from opening (APP-05)."""
    query = sa.select(sa.literal(1)).where(
        Resource.id == resource_id,
        Resource.barred.is_(False),
        in_scope_clause(agreement_id, Resource.__table__.c.id, on),
    )
    return session.scalar(query) is not None


def scope_of(session: Session, agreement_id: UUID, *, on: date | None = None) -> Sequence[Resource]:
    """Return the resources in the agreement's scope with their departments, in order of code.

    ``on`` leaves out those whose authorization had ended by then; without it everything that was signed is returned.
    """
    query = sa.select(Resource).join(AgreementResource).where(AgreementResource.agreement_id == agreement_id)
    if on is not None:
        query = query.where(_counts(AgreementResource, on))
    return session.scalars(query.options(joinedload(Resource.source_department)).order_by(Resource.code)).all()


def entries(session: Session, agreement_id: UUID, *, lock: bool = False) -> Sequence[AgreementResource]:
    """Return the entries of the scope, ended ones included, read afresh; locked on demand."""
    query = sa.select(AgreementResource).where(AgreementResource.agreement_id == agreement_id)
    if lock:
        query = query.with_for_update(of=AgreementResource)
    query = query.options(joinedload(AgreementResource.resource)).order_by(AgreementResource.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def registered_party(
    session: Session, book: PolicyBook, party_id: UUID, capacity: Capacity, place: str, field: str
) -> Party:
    """Return the organisation that signs as ``capacity`` at the place.

    Raises:
        NoSuchParty: it does not exist.
        NotInOrder: it is suspended or ended.
        NotRegisteredAs: it is not registered for that part there.
    """
    party = parties.get(session, party_id)
    check_in_order(party.name, party.standing)
    if not parties.has_capacity(session, party.id, capacity, place):
        words = f"{party.name} 未在{book.place(place).title}登记为{CAPACITY_TITLES[capacity]}"
        raise NotRegisteredAs(
            f"{words}，不能签订协议；请先登记该身份",
            detail_en=f"{party.name} is not {capacity} there.",
            rule="AGR-01",
            errors=[{"pointer": f"/{field}", "code": NotRegisteredAs.code, "message": words}],
        )
    return party


def authorization_basis(session: Session, agreement: Agreement, on: date) -> Basis:
    """Return what the agreement rests on that day; where it names no plan or selection, any that fits serves.

    A selection on which another signed agreement rests does not serve again (AGR-02).
    """
    scope = [resource.id for resource in scope_of(session, agreement.id)]
    place, plan_id = agreement.place, agreement.plan_id
    in_effect = [one for one in plans.in_effect_at(session, place, on) if plan_id in (None, one.plan_id)]
    fitting = [one.plan_id for one in in_effect if plans.covers(one, scope)]
    selected = selections.selected_of(
        session, agreement.operating_institution_id, place, on, selection_id=agreement.selection_id
    )
    used = _used_selections(session, agreement, [one.id for one in selected])
    free = [one for one in selected if one.id not in used]
    under = [one for one in free if one.call.plan_id in fitting]
    return Basis(
        plan_is_in_effect=bool(in_effect), plan_covers_scope=bool(fitting), operator_is_selected=bool(selected),
        used_by="" if free else "、".join(sorted(set(used.values()))), call_is_of_plan=bool(under),
        plan_id=under[0].call.plan_id if under else None, selection_id=under[0].id if under else None,
    )  # fmt: skip


def _used_selections(session: Session, agreement: Agreement, selection_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return, by selection, the number of another agreement that was signed on it."""
    query = sa.select(Agreement.selection_id, Agreement.number).where(
        Agreement.selection_id.in_(selection_ids), Agreement.id != agreement.id, Agreement.signed_at.is_not(None)
    )
    return {used: number for used, number in session.execute(query) if used is not None}


@dataclass(frozen=True, slots=True)
class Reminder:
    """A day that matters to an agreement: the last one on which something may still be done."""

    agreement: Agreement
    kind: str  # trial_end, correction, reapply or term_end
    due: date
    article: str
    is_over: bool


def reminders(session: Session, actor: Actor, on: date, *, book: PolicyBook, limit: int = 50) -> list[Reminder]:
    """Return what the agreements within the actor's scope wait for, the nearest day first (AGR-02, ACC-01).

    Nothing is stored: each day follows from the term and from the rules of the place on ``on``.
    """
    query = listed(actor).where(Agreement.state.in_(STANDING)).order_by(Agreement.term_end, Agreement.id).limit(limit)
    found = [one for agreement in session.scalars(query) for one in reminders_of(agreement, on, book=book)]
    return sorted(found, key=lambda one: (one.due, one.agreement.number, one.kind))


def reminders_of(agreement: Agreement, on: date, *, book: PolicyBook) -> list[Reminder]:
    """Return the days that matter to one signed agreement; none once it has ended or before it is signed.

    The re-application runs through the full procedure again: plan or call, application, review, selection.
    """
    if agreement.state not in STANDING:
        return []
    policy = RegistryPolicy.at(book, agreement.place, on)
    last_day = Period(agreement.term_start, agreement.term_end).last_day
    found: list[tuple[str, date, str]] = [("term_end", last_day, "")]
    if (lead := policy.agreement_reapply_months_before) is not None:
        found.append(("reapply", reapply_by(agreement.term, lead.integer()), lead.citation()))
    if agreement.trial_start is not None and agreement.trial_end is not None:
        cited = policy.agreement_trial_months_max
        trial = Period(agreement.trial_start, agreement.trial_end)
        found.append(("trial_end", trial.last_day, cited.citation() if cited else ""))
    if agreement.state is AgreementState.SUSPENDED and agreement.correction_due is not None:
        found.append(("correction", agreement.correction_due, ""))
    made = [Reminder(agreement, kind, due, article, on > due) for kind, due, article in found]
    return sorted(made, key=lambda one: (one.due, one.kind))


def missing_items(agreement: Agreement, book: PolicyBook, on: date) -> tuple[str, ...]:
    """Return the codes of mandatory contents that are still empty, by the rules of that day; none once it is signed."""
    required = RegistryPolicy.at(book, agreement.place, on).agreement_items_required
    if required is None or agreement.state is not AgreementState.DRAFT:
        return ()
    return rules_missing(agreement.items, required.items())


def history(session: Session, agreement_id: UUID) -> Sequence[audit.AuditLine]:
    """Return what was done with the agreement, the oldest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == Agreement.__tablename__, audit.AuditLine.object_id == str(agreement_id)
    )
    return session.scalars(query.order_by(audit.AuditLine.id)).all()


def _with_parties(query: sa.Select[Agreement]) -> sa.Select[Agreement]:
    return query.options(joinedload(Agreement.authorizing_entity), joinedload(Agreement.operating_institution))


def _none(name: str) -> NoSuchAgreement:
    return NoSuchAgreement(f"没有授权运营协议 {name}，或不在您的职责范围内", detail_en=f"No agreement {name}.")
