"""Asking for free use in the public interest, and deciding on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.errors import NotAllowed
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from pricing.exemptions import queries
from pricing.exemptions.model import Exemption, ExemptionAmendment, ExemptionTerms
from pricing.exemptions.rules import (
    AmendmentAct,
    AmendmentClosed,
    ExemptionAct,
    ExemptionState,
    Grant,
    Purpose,
    after,
    after_amendment,
    first_day_of_renewal,
    must_be_evidenced,
    must_be_free,
    must_change,
    must_run_forward,
)
from pricing.policy import PricingPolicy
from registry.accounts.queries import accounts_behind
from registry.products import queries as products
from registry.products.model import Product


class SecondPersonNeeded(NotAllowed):
    """Who asked for free use, or belongs to the grantee, does not decide on it."""

    code = "exemption.second_person_needed"


def request(
    session: Session,
    actor: Actor,
    *,
    product_id: UUID,
    grantee_id: UUID,
    purpose: Purpose,
    reason: str,
    valid_from: date,
    valid_until: date,
    now: datetime,
    book: PolicyBook,
    quota: int | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Exemption:
    """Ask for free use of a product for a public-interest purpose (有条件无偿使用).

    ``valid_until`` is the last day, ``quota`` the most units over the whole term, ``evidence`` a file with name,
    media_type and content.

    Raises:
        NotAllowed: the actor does not act for the grantee.
        NotPublicInterest: the purpose is one that is charged.
        TermReversed: the term ends before it begins.
        EvidenceMissing: the place asks for evidence and there is none.

    Source:
        发改价格〔2025〕65号 一; PUB-02.
    """
    actor.must(Permission.ORDER_PLACE, org_id=grantee_id)
    product = products.get(session, product_id)
    must_run_forward(valid_from, valid_until)
    asked = Exemption(
        product_id=product.id, grantee_id=grantee_id, purpose=purpose, reason=reason, quota=quota,
        valid_from=valid_from, valid_until=valid_until,
    )  # fmt: skip
    return _ask(session, actor, product, asked, evidence, now, book)


def renew(
    session: Session,
    actor: Actor,
    exemption_id: UUID,
    *,
    reason: str,
    valid_until: date,
    now: datetime,
    book: PolicyBook,
    quota: int | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Exemption:
    """Ask that a new exemption follow an approved one: same product, grantee and purpose, and the days adjoin.

    It is decided anew, and the law of the day on which it is asked for holds.

    Raises:
        NotAllowed: the actor does not act for the grantee.
        NotRenewable: the exemption was not approved, was ended early, or is renewed already.
        NotPublicInterest: the purpose is not served free any more.
        TermReversed: the renewal would end before it begins.
        EvidenceMissing: the place asks for evidence and there is none.
    """
    old = queries.locked(session, exemption_id)
    actor.must(Permission.ORDER_PLACE, org_id=old.grantee_id)
    is_followed = queries.renewal_of(session, old.id) is not None
    start = first_day_of_renewal(old.state, old.grant(), old.number, is_followed=is_followed)
    must_run_forward(start, valid_until)
    asked = Exemption(
        product_id=old.product_id, grantee_id=old.grantee_id, purpose=old.purpose, reason=reason, quota=quota,
        valid_from=start, valid_until=valid_until, renews_id=old.id,
    )  # fmt: skip
    return _ask(session, actor, products.get(session, old.product_id), asked, evidence, now, book)


def approve(
    session: Session, actor: Actor, exemption_id: UUID, *, now: datetime, conditions: str | None = None
) -> Exemption:
    """Approve free use, bound to purpose, grantee, term and quota, and to what ``conditions`` says in words.

    Raises:
        NotAllowed: the actor does not supervise the place.
        SecondPersonNeeded: the actor asked for it, or belongs to the grantee.
        WrongState: it was decided already.
    """
    exemption = _for_decision(session, actor, exemption_id)
    exemption.state = after(exemption.state, ExemptionAct.APPROVE, exemption.number)
    exemption.approved_by, exemption.approved_at = actor.id, now
    exemption.conditions = conditions
    _keep_terms(session, exemption, exemption.reason, actor.id, now)
    audit.record(session, actor, "exemption.approve", exemption, at=now, note=exemption.number)
    return exemption


def refuse(session: Session, actor: Actor, exemption_id: UUID, *, reason: str, now: datetime) -> Exemption:
    """Refuse free use, with the reason.

    Raises:
        NotAllowed: the actor does not supervise the place.
        SecondPersonNeeded: the actor asked for it, or belongs to the grantee.
        WrongState: it was decided already.
    """
    exemption = _for_decision(session, actor, exemption_id)
    return _close(session, actor, exemption, ExemptionAct.REFUSE, reason, now)


def revoke(session: Session, actor: Actor, exemption_id: UUID, *, reason: str, now: datetime) -> Exemption:
    """End an approved exemption, with the reason; one person suffices, for it must be quick.

    Raises:
        NotAllowed: the actor does not supervise the place.
        WrongState: it is not approved.
    """
    exemption = queries.locked(session, exemption_id)
    actor.must(Permission.EXEMPTION_APPROVE, place=exemption.place)
    return _close(session, actor, exemption, ExemptionAct.REVOKE, reason, now)


def give_back(session: Session, actor: Actor, exemption_id: UUID, *, reason: str, now: datetime) -> Exemption:
    """Give an approved exemption back as its grantee; what rests on it stops in the same second.

    Raises:
        NotAllowed: the actor does not act for the grantee.
        WrongState: it is not approved.
    """
    exemption = queries.locked(session, exemption_id)
    actor.must(Permission.ORDER_PLACE, org_id=exemption.grantee_id)
    exemption.returned_at = now
    return _close(session, actor, exemption, ExemptionAct.RETURN, reason, now)


def ask_amendment(
    session: Session,
    actor: Actor,
    exemption_id: UUID,
    *,
    reason: str,
    valid_until: date,
    now: datetime,
    book: PolicyBook,
    quota: int | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> ExemptionAmendment:
    """Ask for another quota (None: no limit) or another last day; the present terms hold until that is decided.

    Raises:
        NotAllowed: the actor does not act for the grantee.
        WrongState: the exemption is not approved.
        AmendmentClosed: another change waits for its decision.
        AmendmentUnfit: nothing would change, or the last day is over.
        EvidenceMissing: the place asks for evidence and there is none.
    """
    exemption = queries.locked(session, exemption_id)
    actor.must(Permission.ORDER_PLACE, org_id=exemption.grantee_id)
    after(exemption.state, ExemptionAct.REVOKE, exemption.number)  # only what could still be ended can be changed
    if queries.open_amendment(session, exemption.id) is not None:
        raise AmendmentClosed(
            f"免费使用批准 {exemption.number} 已有一项变更等待审批，请待其办结后再提出。",
            detail_en="Another change waits for its decision.",
            rule="PUB-02",
        )
    must_change(exemption.grant(), Grant(exemption.valid_from, valid_until, quota), business_date(now))
    _must_be_evidenced(exemption.place, evidence, now, book)
    made = ExemptionAmendment(
        exemption_id=exemption.id, valid_until=valid_until, quota=quota, reason=reason,
        evidence_sha256=files.keep(session, now=now, **evidence) if evidence else None, asked_by=actor.id,
        asked_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "exemption.ask_amendment", exemption, at=now, note=reason)
    return made


def decide_amendment(
    session: Session,
    actor: Actor,
    exemption_id: UUID,
    amendment_id: UUID,
    *,
    act: AmendmentAct,
    reason: str,
    now: datetime,
    conditions: str | None = None,
) -> Exemption:
    """Agree to a change of terms, or not; the terms before stay on record. ``conditions`` replaces the words, if given.

    Raises:
        NotAllowed: the actor does not supervise the place.
        SecondPersonNeeded: the actor asked for the change, or belongs to the grantee.
        NoSuchAmendment: nobody asked for that change.
        AmendmentClosed: it was decided already.
        WrongState: the exemption is over.
        AmendmentUnfit: the last day that was asked for has passed in the meantime.
    """
    exemption = queries.locked(session, exemption_id)
    asked = queries.amendment(session, exemption.id, amendment_id)
    _must_decide(session, actor, exemption, asked.asked_by)
    asked.state = after_amendment(asked.state, act, exemption.number)
    asked.decided_by, asked.decided_at, asked.decided_reason = actor.id, now, reason
    if act is AmendmentAct.AGREE:
        after(exemption.state, ExemptionAct.REVOKE, exemption.number)
        new = Grant(exemption.valid_from, asked.valid_until, asked.quota)
        must_change(exemption.grant(), new, business_date(now))
        if not queries.terms_of(session, exemption.id):  # approved before terms were kept
            _keep_terms(session, exemption, exemption.reason, exemption.approved_by, exemption.approved_at)
        exemption.valid_until, exemption.quota = asked.valid_until, asked.quota
        exemption.conditions = conditions or exemption.conditions
        _keep_terms(session, exemption, reason, actor.id, now)
    audit.record(session, actor, f"exemption.amendment_{act}", exemption, at=now, note=reason)
    return exemption


def _ask(
    session: Session, actor: Actor, product: Product, asked: Exemption, evidence: Mapping[str, Any] | None,
    now: datetime, book: PolicyBook,
) -> Exemption:  # fmt: skip
    on = business_date(now)
    free = PricingPolicy.at(book, product.place, on).require("exemption_purposes_free")
    must_be_free(asked.purpose, free.items(), free.citation())
    _must_be_evidenced(product.place, evidence, now, book)
    asked.number = numbering.number(session, "FREE", on)
    asked.place, asked.state = product.place, ExemptionState.REQUESTED
    asked.evidence_sha256 = files.keep(session, now=now, **evidence) if evidence else None
    assert actor.id is not None  # nobody without an account acts for a grantee
    asked.requested_by, asked.requested_at = actor.id, now
    session.add(asked)
    session.flush()
    audit.record(session, actor, "exemption.request", asked, at=now, note=asked.number)
    return asked


def _must_be_evidenced(place: str, evidence: Mapping[str, Any] | None, now: datetime, book: PolicyBook) -> None:
    rule = PricingPolicy.at(book, place, business_date(now)).exemption_evidence_required
    if rule is not None:
        must_be_evidenced(rule.boolean(), bool(evidence), rule.citation())


def _keep_terms(
    session: Session, exemption: Exemption, reason: str, decided_by: UUID | None, decided_at: datetime | None
) -> None:
    position = len(queries.terms_of(session, exemption.id)) + 1
    terms = {name: getattr(exemption, name) for name in ("valid_from", "valid_until", "quota", "conditions")}
    session.add(
        ExemptionTerms(
            exemption_id=exemption.id, position=position, reason=reason, decided_by=decided_by, decided_at=decided_at,
            **terms,
        )
    )  # fmt: skip
    session.flush()


def _for_decision(session: Session, actor: Actor, exemption_id: UUID) -> Exemption:
    exemption = queries.locked(session, exemption_id)
    _must_decide(session, actor, exemption, exemption.requested_by)
    return exemption


def _must_decide(session: Session, actor: Actor, exemption: Exemption, asked_by: UUID) -> None:
    actor.must(Permission.EXEMPTION_APPROVE, place=exemption.place)
    if actor.id in accounts_behind(session, asked_by) or actor.org_id == exemption.grantee_id:
        raise SecondPersonNeeded(
            f"{exemption.number} 由您或您所在单位提出，须由授权主体的其他人员审批。",
            detail_en="The request needs a decision by somebody else.",
            rule="PUB-02",
        )


def _close(
    session: Session, actor: Actor, exemption: Exemption, act: ExemptionAct, reason: str, now: datetime
) -> Exemption:
    exemption.state = after(exemption.state, act, exemption.number)
    exemption.closed_by, exemption.closed_at, exemption.closed_reason = actor.id, now, reason
    audit.record(session, actor, f"exemption.{act}", exemption, at=now, note=reason)
    return exemption
