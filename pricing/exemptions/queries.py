"""Reads of free use in the public interest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, SELLERS, WATCHERS, Actor, Permission
from pricing.costs.rules import node
from pricing.exemptions.model import Exemption, ExemptionAmendment, ExemptionTerms
from pricing.exemptions.rules import PURPOSE_TITLES, AmendmentState, ExemptionState, Purpose
from registry.accounts.model import Account
from registry.parties.model import Party
from registry.products.model import Product


class NoSuchExemption(NotFound):
    """There is no such exemption, or none that the actor may know of."""

    code = "exemption.not_found"


class NoSuchAmendment(NotFound):
    """Nobody asked for that change."""

    code = "exemption.amendment_not_found"


def visible(actor: Actor) -> sa.Select[Exemption]:
    """Return the exemptions that the actor may read: own requests, those of own products, or those of own places."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.ORDER_READ]:
            continue
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Exemption.place == grant.place)
        elif grant.role in SELLERS:
            reached.append(Product.owner_id == grant.org_id)
        else:
            reached.append(Exemption.grantee_id == grant.org_id)
    query = sa.select(Exemption).join(Product, Product.id == Exemption.product_id)
    return query.where(sa.or_(sa.false(), *reached))


def get(session: Session, actor: Actor, exemption_id: UUID) -> Exemption:
    """Return one exemption.

    Raises:
        NoSuchExemption: there is none that the actor may read.
    """
    found = session.scalar(visible(actor).where(Exemption.id == exemption_id))
    if found is None:
        raise NoSuchExemption(f"没有编号为 {exemption_id} 的免费使用申请，或您无权查看。")
    return found


def locked(session: Session, exemption_id: UUID) -> Exemption:
    """Return one exemption, locked for a change.

    Raises:
        NoSuchExemption: there is none.
    """
    query = sa.select(Exemption).where(Exemption.id == exemption_id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchExemption(f"没有编号为 {exemption_id} 的免费使用申请。")
    return found


def in_force(session: Session, product_id: UUID, grantee_id: UUID, purpose: Purpose, on: date) -> Exemption | None:
    """Return the approved exemption of the grantee for that product and purpose on that day, the newest of several."""
    query = (
        sa.select(Exemption)
        .where(
            Exemption.product_id == product_id,
            Exemption.grantee_id == grantee_id,
            Exemption.purpose == purpose,
            Exemption.state == ExemptionState.APPROVED,
            Exemption.valid_from <= on,
            Exemption.valid_until >= on,
        )
        .order_by(Exemption.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def explain(session: Session, exemption: Exemption) -> dict[str, Any]:
    """Return what makes a use free: for what purpose, whom and how long, and who approved it when (PUB-02)."""
    approver = session.get(Account, exemption.approved_by) if exemption.approved_by else None
    quota = "不限" if exemption.quota is None else str(exemption.quota)
    day = business_date(exemption.approved_at) if exemption.approved_at else ""
    lines = [
        node("使用目的", PURPOSE_TITLES[exemption.purpose], source="发改价格〔2025〕65号 一"),
        node("被授予单位", session.get_one(Party, exemption.grantee_id).name),
        node("批准人", approver.name if approver else str(exemption.approved_by), formula=str(day)),
        node("期限", f"{exemption.valid_from} 至 {exemption.valid_until}"),
        node("额度", quota),
        *([node("条件", exemption.conditions)] if exemption.conditions else []),
        node("用途证明", exemption.evidence_sha256 or "未附"),
    ]
    return node(f"免费使用批准 {exemption.number}", PURPOSE_TITLES[exemption.purpose], source="PUB-02", lines=lines)


def stands(exemption_id: sa.ColumnElement[UUID | None], on: date) -> sa.ColumnElement[bool]:
    """Return the condition that what names this exemption may rest on it on a day; what names none rests on none.

    A revocation, a return and the end of the term close in the same moment whatever asks this (ACC-01, PUB-02).
    """
    holds = sa.exists().where(
        Exemption.id == exemption_id,
        Exemption.state == ExemptionState.APPROVED,
        Exemption.valid_from <= on,
        Exemption.valid_until >= on,
    )
    return sa.or_(exemption_id.is_(None), holds.correlate_except(Exemption))


def ending(actor: Actor, on: date, until: date) -> sa.Select[Exemption]:
    """Return the exemptions in force on a day whose last day lies no later than ``until`` and which nothing follows."""
    renewal = sa.alias(Exemption.__table__)
    followed = sa.exists().where(renewal.c.renews_id == Exemption.id, renewal.c.state != ExemptionState.REFUSED)
    return visible(actor).where(
        Exemption.state == ExemptionState.APPROVED,
        Exemption.valid_from <= on,
        Exemption.valid_until.between(on, until),
        ~followed,
    )


def renewal_of(session: Session, exemption_id: UUID) -> Exemption | None:
    """Return the exemption that follows another one and was not refused, or None."""
    query = sa.select(Exemption).where(Exemption.renews_id == exemption_id, Exemption.state != ExemptionState.REFUSED)
    return session.scalar(query.order_by(Exemption.id.desc()).limit(1))


def terms_of(session: Session, exemption_id: UUID) -> Sequence[ExemptionTerms]:
    """Return every decision on the terms of an exemption, the first one on top."""
    query = sa.select(ExemptionTerms).where(ExemptionTerms.exemption_id == exemption_id)
    return session.scalars(query.order_by(ExemptionTerms.position)).all()


def amendments_of(session: Session, exemption_id: UUID) -> Sequence[ExemptionAmendment]:
    """Return every change that was asked for, the newest on top."""
    query = sa.select(ExemptionAmendment).where(ExemptionAmendment.exemption_id == exemption_id)
    return session.scalars(query.order_by(ExemptionAmendment.id.desc())).all()


def open_amendment(session: Session, exemption_id: UUID) -> ExemptionAmendment | None:
    """Return the change that waits for a decision, or None."""
    query = sa.select(ExemptionAmendment).where(
        ExemptionAmendment.exemption_id == exemption_id, ExemptionAmendment.state == AmendmentState.ASKED
    )
    return session.scalar(query)


def amendment(session: Session, exemption_id: UUID, amendment_id: UUID) -> ExemptionAmendment:
    """Return one change of an exemption, read afresh.

    Raises:
        NoSuchAmendment: the exemption has none of that id.
    """
    query = sa.select(ExemptionAmendment).where(
        ExemptionAmendment.id == amendment_id, ExemptionAmendment.exemption_id == exemption_id
    )
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchAmendment(f"该免费使用批准没有编号为 {amendment_id} 的变更申请。", detail_en="No such change.")
    return found
