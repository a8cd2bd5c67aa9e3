"""Reads of free use in the public interest."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, SELLERS, WATCHERS, Actor, Permission
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import ExemptionState, Purpose
from registry.products.model import Product


class NoSuchExemption(NotFound):
    """There is no such exemption, or none that the actor may know of."""

    code = "exemption.not_found"


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
