"""What the authority does with agreements."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.agreements import queries
from registry.agreements.model import Agreement, AgreementResource
from registry.agreements.rules import (
    AgreementEvent,
    ScopeRefused,
    after,
    check_authorization_basis,
    check_coordination,
    check_draft,
    check_emergency_plan,
    check_filing,
    check_operator,
    check_scope,
    check_second_person,
    sources_of,
)
from registry.clauses.rules import Term, TermLimits, check_codes, check_items, check_term
from registry.parties.model import Party
from registry.parties.rules import Capacity, check_in_order
from registry.plans import queries as plans
from registry.policy import RegistryPolicy
from registry.resources import queries as resources
from registry.resources.rules import refuse_barred
from registry.selections import queries as selections


def draft(
    session: Session,
    actor: Actor,
    *,
    place: str,
    authorizing_entity_id: UUID,
    operating_institution_id: UUID,
    title: str,
    term_start: date,
    term_end: date,
    now: datetime,
    book: PolicyBook,
    trial_start: date | None = None,
    trial_end: date | None = None,
    items: Mapping[str, str] | None = None,
    resource_ids: Collection[UUID] = (),
    plan_id: UUID | None = None,
    selection_id: UUID | None = None,
) -> Agreement:
    """Draft an agreement between the data authority of a place and an operating institution.

    ``term_end`` and ``trial_end`` are the first days that are not covered any more.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchPlace: there is no such place.
        NoSuchParty: one of the two organisations does not exist.
        NotInOrder: one of the two is suspended or ended.
        NotRegisteredAs: one of the two is not registered for its part there.
        OperatorNotAllowed: the institution has not the legal form that it needs (APP-04).
        NotAPeriod: an end does not follow its start.
        TermNotAllowed: the term is not allowed there (AGR-02).
        TrialNotAllowed: the trial is not allowed there.
        UnknownItem: a content is not one of the agreement's.
        NoSuchResource: a resource does not exist.
        ScopeRefused: a resource belongs to another place.
        ResourceBarred: a resource is barred from opening (APP-05).
        NoSuchPlan: the plan that it names does not exist.
        NoSuchSelection: the selection that it names does not exist.
    """
    actor.must(Permission.AGREEMENT_WRITE, place=place)
    policy = RegistryPolicy.at(book, place, business_date(now))
    operator = _two_parties(session, book, place, authorizing_entity_id, operating_institution_id)
    _look_up(session, plan_id, selection_id)
    check_operator(operator.name, operator.kind, policy.agreement_legal_form, policy.agreement_organisation_kinds)
    check_term(Term(term_start, term_end, trial_start, trial_end), _limits(policy))
    check_codes(items or {}, policy.agreement_items_required)
    agreement = Agreement(
        number=numbering.number(session, "AGR", business_date(now)), place=place,
        authorizing_entity_id=authorizing_entity_id, operating_institution_id=operating_institution_id, title=title,
        items={code: text for code, text in (items or {}).items() if text.strip()}, term_start=term_start,
        term_end=term_end, trial_start=trial_start, trial_end=trial_end, plan_id=plan_id, selection_id=selection_id,
        drafted_at=now, sources={},
    )  # fmt: skip
    session.add(agreement)
    session.flush()
    _put_in_scope(session, agreement, resource_ids)
    audit.record(session, actor, "agreement.draft", agreement, at=now, note=agreement.number)
    return agreement


def set_items(
    session: Session, actor: Actor, agreement_id: UUID, *, items: Mapping[str, str], now: datetime, book: PolicyBook
) -> Agreement:
    """Write contents of a draft; those not named stay, an empty text removes one.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        NotADraft: the agreement is signed already.
        UnknownItem: a code is none of the agreement's contents.
    """
    agreement = _draft(session, actor, agreement_id)
    check_codes(items, RegistryPolicy.at(book, agreement.place, business_date(now)).agreement_items_required)
    written = {**agreement.items, **{code: text.strip() for code, text in items.items()}}
    agreement.items = {code: text for code, text in written.items() if text}
    audit.record(session, actor, "agreement.set_items", agreement, at=now, detail={"items": sorted(items)})
    return agreement


def set_scope(
    session: Session, actor: Actor, agreement_id: UUID, *, resource_ids: Collection[UUID], now: datetime
) -> Agreement:
    """Make these resources the whole scope of a draft.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        NotADraft: the agreement is signed already.
        NoSuchResource: a resource does not exist.
        ScopeRefused: a resource belongs to another place.
        ResourceBarred: a resource is barred from opening (APP-05).
    """
    agreement = _draft(session, actor, agreement_id)
    session.execute(sa.delete(AgreementResource).where(AgreementResource.agreement_id == agreement.id))
    _put_in_scope(session, agreement, resource_ids)
    flag_modified(agreement, "items")  # the scope is part of what is signed: whoever read it before must read again
    audit.record(
        session, actor, "agreement.set_scope", agreement, at=now, detail={"resources": sorted(map(str, resource_ids))}
    )
    return agreement


def set_emergency_plan(
    session: Session, actor: Actor, agreement_id: UUID, *, content: bytes, name: str, media_type: str, now: datetime
) -> Agreement:
    """Keep the emergency plan (应急预案) of this authorization; a newer one takes its place (EMG-02: exactly one).

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        FileRefused: the file is empty or too large.
    """
    agreement = queries.governed(session, actor, agreement_id)
    agreement.emergency_plan_sha256 = files.keep(session, content, name=name, media_type=media_type, now=now)
    audit.record(
        session, actor, "agreement.set_emergency_plan", agreement, at=now, note=agreement.emergency_plan_sha256
    )
    return agreement


def sign(
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    *,
    now: datetime,
    book: PolicyBook,
    coordination_record: str | None = None,
) -> Agreement:
    """Sign a draft: every mandatory content, a scope, an allowed term and operator; what the rules said is kept.

    The agreement rests on an approved plan in effect that covers its scope and on the published selection of its
    operator (APP-01, APP-02); where the draft names none, the one that fits is written down.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        WrongState: it is no draft.
        ItemsMissing: mandatory contents are empty; all are listed (AGR-01).
        ScopeRefused: no resource is in scope.
        ResourceBarred: a resource was barred from opening meanwhile (APP-05).
        TermNotAllowed: the term is not allowed there (AGR-02).
        TrialNotAllowed: the trial is not allowed there.
        OperatorNotAllowed: the institution has not the legal form that it needs.
        NotInOrder: the institution is suspended or ended.
        BasisMissing: no plan in effect covers the scope, or the operator was not selected in a published call.
        CoordinationMissing: the decision of the coordination mechanism is not named where one is needed (AGR-05).
    """
    agreement = queries.governed(session, actor, agreement_id)
    signed = after(agreement.state, AgreementEvent.SIGN)
    policy = RegistryPolicy.at(book, agreement.place, business_date(now))
    required = policy.require("agreement_items_required")
    check_items(agreement.items, required)
    scope = queries.scope_of(session, agreement.id)
    check_scope(agreement.number, len(scope))
    for resource in scope:
        refuse_barred(resource.code, resource.title, resource.barred)
    check_term(agreement.term, _limits(policy))
    operator, form = agreement.operating_institution, policy.agreement_legal_form
    check_in_order(operator.name, operator.standing)
    check_operator(operator.name, operator.kind, form, policy.agreement_organisation_kinds)
    demanded = policy.agreement_coordination_required
    agreement.coordination_record = check_coordination(coordination_record, demanded)
    _rest_on_basis(session, agreement, business_date(now))
    agreement.state, agreement.signed_at = signed, now
    agreement.sources = sources_of(
        {
            "items_required": required, "term_years_max": policy.agreement_term_years_max,
            "term_years_exact": policy.agreement_term_years_exact, "legal_form": form,
            "coordination_required": demanded,
        }
    )  # fmt: skip
    audit.record(session, actor, "agreement.sign", agreement, at=now, note=coordination_record or "")
    return agreement


def file(session: Session, actor: Actor, agreement_id: UUID, *, reference: str, now: datetime) -> Agreement:
    """Note that the signed agreement was filed with the provincial data authority under this reference (DIS-13).

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        WrongState: it is not signed, or filed already.
    """
    agreement = queries.governed(session, actor, agreement_id)
    agreement.state = after(agreement.state, AgreementEvent.FILE)
    agreement.filed_at, agreement.filing_reference = now, reference
    audit.record(session, actor, "agreement.file", agreement, at=now, note=reference)
    return agreement


def activate(session: Session, actor: Actor, agreement_id: UUID, *, now: datetime, book: PolicyBook) -> Agreement:
    """Let operation begin, within trial and term.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        WrongState: the agreement is neither signed nor filed.
        FilingMissing: it must be filed first (DIS-13).
        EmergencyPlanMissing: there is no emergency plan where one is needed (EMG-01).
        NotInOrder: the institution is suspended or ended.
    """
    agreement = queries.governed(session, actor, agreement_id)
    active = after(agreement.state, AgreementEvent.ACTIVATE)
    policy = RegistryPolicy.at(book, agreement.place, business_date(now))
    check_filing(agreement.number, agreement.state, policy.agreement_filing_required)
    check_emergency_plan(agreement.emergency_plan_sha256, policy.agreement_emergency_plan_required)
    check_in_order(agreement.operating_institution.name, agreement.operating_institution.standing)
    agreement.state, agreement.activated_at = active, now
    audit.record(session, actor, "agreement.activate", agreement, at=now)
    return agreement


def suspend(
    session: Session, actor: Actor, agreement_id: UUID, *, reason: str, correction_due: date, now: datetime
) -> Agreement:
    """Close access under the agreement at once, until the breach is corrected; one person suffices (ACC-01).

    ``correction_due`` is the last day of the agreed correction period.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        WrongState: it is not active.
    """
    agreement = queries.governed(session, actor, agreement_id)
    agreement.state = after(agreement.state, AgreementEvent.SUSPEND)
    agreement.suspended_at, agreement.suspension_reason, agreement.correction_due = now, reason, correction_due
    agreement.pending_event = agreement.pending_by = None
    audit.record(session, actor, "agreement.suspend", agreement, at=now, note=reason)
    return agreement


def _draft(session: Session, actor: Actor, agreement_id: UUID) -> Agreement:
    agreement = queries.governed(session, actor, agreement_id)
    check_draft(agreement.number, agreement.state)
    return agreement


def confirmed(session: Session, actor: Actor, agreement: Agreement, event: AgreementEvent, *, now: datetime) -> bool:
    """Say whether another person asked for this before; if nobody did, note that this one asks.

    Raises:
        SecondPersonNeeded: the same person asked before.
    """
    if agreement.pending_event is not event:
        agreement.pending_event, agreement.pending_by = event, actor.id
        audit.record(session, actor, f"agreement.ask_{event}", agreement, at=now)
        return False
    check_second_person(agreement.number, agreement.pending_by, actor.id)
    agreement.pending_event = agreement.pending_by = None
    return True


def _two_parties(session: Session, book: PolicyBook, place: str, authority_id: UUID, operator_id: UUID) -> Party:
    queries.registered_party(session, book, authority_id, Capacity.DATA_AUTHORITY, place, "authorizing_entity_id")
    return queries.registered_party(
        session, book, operator_id, Capacity.OPERATING_INSTITUTION, place, "operating_institution_id"
    )


def _look_up(session: Session, plan_id: UUID | None, selection_id: UUID | None) -> None:
    if plan_id is not None:
        plans.get(session, plan_id)
    if selection_id is not None:
        selections.get(session, selection_id)


def _rest_on_basis(session: Session, agreement: Agreement, on: date) -> None:
    basis = queries.authorization_basis(session, agreement, on)
    if basis.selection_id is not None:
        selections.get(session, basis.selection_id, lock=True)  # two agreements at once must not rest on it
        basis = queries.authorization_basis(session, agreement, on)
    check_authorization_basis(agreement.number, basis)
    agreement.plan_id, agreement.selection_id = basis.plan_id, basis.selection_id


def _limits(policy: RegistryPolicy) -> TermLimits:
    return TermLimits.of(
        policy.agreement_term_years_max, policy.agreement_term_years_exact, policy.agreement_trial_months_max
    )


def _put_in_scope(session: Session, agreement: Agreement, resource_ids: Collection[UUID]) -> None:
    for resource in resources.several(session, resource_ids):
        if resource.place != agreement.place:
            raise ScopeRefused(
                f"数据资源 {resource.code} 属其他地区，不得列入本协议；请由当地另行授权",
                detail_en=f"{resource.code} belongs to another place.",
                rule="APP-05",
                errors=[{"pointer": "/resource_ids", "code": ScopeRefused.code, "message": resource.code}],
            )
        refuse_barred(resource.code, resource.title, resource.barred)
        session.add(AgreementResource(agreement_id=agreement.id, resource_id=resource.id))
    session.flush()
