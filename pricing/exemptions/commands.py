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
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import ExemptionAct, Purpose, after, must_be_free, must_run_forward
from pricing.policy import PricingPolicy
from registry.products import queries as products


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

    Source:
        发改价格〔2025〕65号 一; PUB-02.
    """
    actor.must(Permission.ORDER_PLACE, org_id=grantee_id)
    product = products.get(session, product_id)
    on = business_date(now)
    free = PricingPolicy.at(book, product.place, on).require("exemption_purposes_free")
    must_be_free(purpose, free.items(), free.citation())
    must_run_forward(valid_from, valid_until)
    exemption = Exemption(
        number=numbering.number(session, "FREE", on),
        place=product.place,
        product_id=product.id,
        grantee_id=grantee_id,
        purpose=purpose,
        reason=reason,
        evidence_sha256=files.keep(session, now=now, **evidence) if evidence else None,
        quota=quota,
        valid_from=valid_from,
        valid_until=valid_until,
        requested_by=actor.id,
        requested_at=now,
    )
    session.add(exemption)
    session.flush()
    audit.record(session, actor, "exemption.request", exemption, at=now, note=exemption.number)
    return exemption


def approve(session: Session, actor: Actor, exemption_id: UUID, *, now: datetime) -> Exemption:
    """Approve free use, bound to purpose, grantee, term and quota.

    Raises:
        NotAllowed: the actor does not supervise the place.
        SecondPersonNeeded: the actor asked for it, or belongs to the grantee.
        WrongState: it was decided already.
    """
    exemption = _for_decision(session, actor, exemption_id)
    exemption.state = after(exemption.state, ExemptionAct.APPROVE, exemption.number)
    exemption.approved_by, exemption.approved_at = actor.id, now
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


def _for_decision(session: Session, actor: Actor, exemption_id: UUID) -> Exemption:
    exemption = queries.locked(session, exemption_id)
    actor.must(Permission.EXEMPTION_APPROVE, place=exemption.place)
    if actor.id == exemption.requested_by or actor.org_id == exemption.grantee_id:
        raise SecondPersonNeeded(
            f"{exemption.number} 由您或您所在单位提出，须由授权主体的其他人员审批。",
            detail_en="The request needs a decision by somebody else.",
            rule="PUB-02",
        )
    return exemption


def _close(
    session: Session, actor: Actor, exemption: Exemption, act: ExemptionAct, reason: str, now: datetime
) -> Exemption:
    exemption.state = after(exemption.state, act, exemption.number)
    exemption.closed_by, exemption.closed_at, exemption.closed_reason = actor.id, now, reason
    audit.record(session, actor, f"exemption.{act}", exemption, at=now, note=reason)
    return exemption
