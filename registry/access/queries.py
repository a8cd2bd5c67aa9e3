"""Gathering the facts of access, and reading the log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.identity import ROLES_OF, Actor, Permission
from kernel.policy import PolicyBook
from registry.access.model import AccessDecision
from registry.access.rules import AccessFacts, Fact, Outcome, Verdict, judge, organisation_fact, scope_fact
from registry.accounts import queries as accounts
from registry.accounts.rules import AccountState
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.emergency.queries import emergency_plan_gate_fact
from registry.operator_reviews.queries import operator_review_gate_fact
from registry.parties import queries as parties
from registry.parties.rules import Capacity
from registry.resources.model import Resource
from registry.service_agreements.queries import service_agreement_gate_fact
from registry.training import queries as training

NO_NEW_SCENARIO = Fact(True, "不涉及新的应用场景，不以运营机构安全审核为条件")


def verdict(
    session: Session,
    account_id: UUID,
    agreement_id: UUID,
    resource_ids: Sequence[UUID],
    *,
    on: date,
    book: PolicyBook,
    scope: Fact | None = None,
) -> Verdict:
    """Decide whether a person may use these resources under the agreement on that day; nothing is written.

    ``scope`` is handed in for people who are not the operator's own, such as those of a merchant with an approved
    request; without it the person must act for the operating institution.

    Raises:
        NoSuchAgreement: there is no such agreement.
        NoSuchAccount: there is no such person.

    Source:
        ACC-03.
    """
    agreement = agreements.get(session, agreement_id)
    trained = training.is_trained(session, account_id, agreement.place, on=on, book=book)
    emergency = emergency_plan_gate_fact(session, agreement.id, on=on, book=book)
    facts = AccessFacts(
        agreement=_agreement(agreement, on),
        training=Fact(trained.is_met, trained.words, trained.article, trained.since),
        emergency=Fact(emergency[0], emergency[1], _cited(book, agreement, "agreement.emergency_plan_required", on),
                       emergency[2]),
        review=_review(session, agreement, on=on, book=book),
        scope=scope if scope is not None else own_scope(session, account_id, agreement, resource_ids, on=on),
    )  # fmt: skip
    return judge(facts)


def verdict_on_act(
    session: Session,
    actor: Actor,
    agreement: Agreement,
    organisation_id: UUID,
    resource_ids: Collection[UUID],
    *,
    new_scenario: bool,
    on: date,
    book: PolicyBook,
) -> Verdict:
    """Decide whether somebody who acts for an organisation may do something with these resources on that day.

    Training is asked of the persons of the operating institution alone: 新昌 三（五）1 and 衢州 第四部分 speak of the
    management, technical and operating staff of the authorized operating unit (授权运营单位), not of data merchants'.
    Somebody without an account is untrained. The review of the operator's security closes new scenarios only
    (RVW-01). A merchant needs a service agreement where the place demands one (AGR-06).

    Source:
        ACC-03, TRN-01, EMG-01, RVW-01, AGR-06.
    """
    emergency = emergency_plan_gate_fact(session, agreement.id, on=on, book=book)
    facts = AccessFacts(
        agreement=_agreement(agreement, on),
        training=_training(session, actor, agreement, organisation_id, on=on, book=book),
        emergency=Fact(emergency[0], emergency[1], _cited(book, agreement, "agreement.emergency_plan_required", on),
                       emergency[2]),
        review=_review(session, agreement, on=on, book=book) if new_scenario else NO_NEW_SCENARIO,
        scope=_organisation(session, agreement, organisation_id, resource_ids, on=on, book=book),
    )  # fmt: skip
    return judge(facts)


def _training(
    session: Session, actor: Actor, agreement: Agreement, organisation_id: UUID, *, on: date, book: PolicyBook
) -> Fact:
    if organisation_id != agreement.operating_institution_id or actor.id is None:
        return Fact(True, "办理人不属于须参加岗前培训的运营单位人员")
    found = training.is_trained(session, actor.id, agreement.place, on=on, book=book)
    return Fact(found.is_met, found.words, found.article, found.since)


def _review(session: Session, agreement: Agreement, *, on: date, book: PolicyBook) -> Fact:
    found = operator_review_gate_fact(session, agreement.operating_institution_id, agreement.place, on, book)
    return Fact(found[0], found[1], _cited(book, agreement, "operator.review_validity_years", on), found[2])


def _organisation(
    session: Session,
    agreement: Agreement,
    organisation_id: UUID,
    resource_ids: Collection[UUID],
    *,
    on: date,
    book: PolicyBook,
) -> Fact:
    party, asked = parties.get(session, organisation_id), set(resource_ids)
    is_merchant = parties.has_capacity(session, party.id, Capacity.DATA_MERCHANT, agreement.place)
    service = service_agreement_gate_fact(session, seller_id=party.id, agreement_id=agreement.id, on=on, book=book)
    held = {found.id for found in agreements.scope_of(session, agreement.id, on=on) if not found.barred}
    return organisation_fact(
        name=party.name, is_in_order=party.is_in_order,
        may_develop=is_merchant or party.id == agreement.operating_institution_id,
        service=Fact(service[0], service[1], _cited(book, agreement, "agreement.service_agreement_required", on),
                     service[2]),
        missing=codes_of(session, asked - held), asked=len(asked), article=f"协议 {agreement.number}",
    )  # fmt: skip


def own_scope(
    session: Session, account_id: UUID, agreement: Agreement, resource_ids: Sequence[UUID], *, on: date
) -> Fact:
    """Say whether the person acts for the operating institution and the resources are in the agreement's scope.

    Raises:
        NoSuchAccount: there is no such person.
    """
    account = accounts.get(session, account_id)
    operator = parties.get(session, agreement.operating_institution_id)
    acting = any(
        grant.party_id == operator.id and grant.place in (None, agreement.place)
        for grant in accounts.grants_in_force(session, account.id)
    )
    asked = set(resource_ids)
    held = {found.id: found for found in agreements.scope_of(session, agreement.id, on=on) if not found.barred}
    return scope_fact(
        person=account.name, acts_for_operator=acting and operator.is_in_order,
        is_active=account.state is AccountState.ACTIVE, missing=codes_of(session, asked - held.keys()),
        asked=len(asked), article=f"协议 {agreement.number}",
    )  # fmt: skip


def codes_of(session: Session, resource_ids: set[UUID]) -> list[str]:
    """Return the codes of the resources in order; of unknown ones the number."""
    if not resource_ids:
        return []
    known = {row.id: row.code for row in session.execute(
        sa.select(Resource.id, Resource.code).where(Resource.id.in_(resource_ids))
    )}  # fmt: skip
    return sorted(known.get(one, str(one)) for one in resource_ids)


def _agreement(agreement: Agreement, on: date) -> Fact:
    is_open = agreement.in_force(on)
    words = f"协议 {agreement.number}，期限 {agreement.term_start} 起、{agreement.term_end} 前"
    return Fact(
        is_open, words if is_open else f"{words}；{on} 未生效、已暂停、已终止或已届满", "", agreement.term_start
    )


def _cited(book: PolicyBook, agreement: Agreement, name: str, on: date) -> str:
    cited = book.get(agreement.place, name, on=on)
    return cited.citation() if cited is not None else ""


def listed(
    actor: Actor, *, outcome: Outcome | None = None, agreement_id: UUID | None = None
) -> sa.Select[AccessDecision]:
    """Return the query of the log within the actor's scope: of the own institution, or of the own place."""
    reached: list[sa.ColumnElement[bool]] = [AccessDecision.account_id == actor.id] if actor.is_authenticated else []
    for grant in actor.grants:
        if grant.role in ROLES_OF[Permission.ACCESS_READ]:
            here = sa.true() if grant.place is None else AccessDecision.place == grant.place
            own = sa.true() if grant.org_id is None else AccessDecision.operating_institution_id == grant.org_id
            reached.append(sa.and_(here, own))
    query = sa.select(AccessDecision).where(sa.or_(sa.false(), *reached))
    if outcome is not None:
        query = query.where(AccessDecision.outcome == outcome)
    return query if agreement_id is None else query.where(AccessDecision.agreement_id == agreement_id)
