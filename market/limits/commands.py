"""Setting limits."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import Invalid
from kernel.identity import Actor, Permission
from market.entitlements.model import Entitlement
from market.limits.model import CallLimit
from registry.products import queries as products


class ForeignEntitlement(Invalid):
    """The entitlement is not one to this product."""

    code = "limit.foreign_entitlement"


def limit_calls(
    session: Session,
    actor: Actor,
    *,
    code: str,
    calls: int,
    seconds: int,
    reason: str,
    now: datetime,
    entitlement: str | None = None,
) -> CallLimit:
    """Let buyers of a product call so many times in so many seconds; ``entitlement`` names one contract's own limit.

    Raises:
        NoSuchProduct: there is no such product.
        NotAllowed: the actor does not act for the seller.
        ForeignEntitlement: the entitlement is not one to this product.
    """
    product = products.get(session, products.by_code(session, code).id, lock=True)
    actor.must(Permission.LIMIT_SET, org_id=product.owner_id, place=product.place)
    held = None
    if entitlement is not None:
        query = sa.select(Entitlement).where(Entitlement.number == entitlement, Entitlement.product_id == product.id)
        held = session.scalar(query)
        if held is None:
            raise ForeignEntitlement(
                f"使用权 {entitlement} 不是产品 {code} 的使用权，请核对编号",
                detail_en=f"{entitlement} is not an entitlement to {code}",
                errors=[{"pointer": "/entitlement", "code": ForeignEntitlement.code, "message": "不是该产品的使用权"}],
            )
    own = CallLimit.entitlement_id.is_(None) if held is None else CallLimit.entitlement_id == held.id
    last = session.scalar(sa.select(sa.func.max(CallLimit.sequence)).where(CallLimit.product_id == product.id, own))
    made = CallLimit(
        product_id=product.id, entitlement_id=held.id if held else None, sequence=(last or 0) + 1, calls=calls,
        seconds=seconds, reason=reason, set_at=now, set_by=actor.id, set_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    detail = {"product": product.code, "entitlement": entitlement, "calls": calls, "seconds": seconds}
    audit.record(session, actor, "limit.set", made, at=now, note=reason, detail=detail)
    return made
