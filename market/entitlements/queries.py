"""Reading entitlements, and deciding whether one holds at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import business_date
from kernel.errors import Conflict, NotFound
from kernel.identity import Actor
from kernel.policy import PolicyBook
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.orders.queries import in_scope
from market.orders.rules import OrderState
from pricing.exemptions import queries as exemptions
from registry.gates.queries import TOLD, conditions
from registry.parties.model import Party
from registry.parties.rules import Standing
from registry.products.model import Product


class NoSuchEntitlement(NotFound):
    """There is no such entitlement, or none that the actor may know of."""

    code = "entitlement.not_found"


class Closed(Conflict):
    """Something that the entitlement rests on does not hold now."""

    code = "entitlement.closed"
    title = "使用权当前不可用"
    title_en = "The entitlement is closed now"


SOLD = Order.__table__.c.version_id
TITLES = {
    "order": "订单已履行且未退款",
    "buyer_in_order": "购买方状态正常",
    "exemption_stands": "免费使用的批准未撤销、未退回且在期限内（付费订单不适用）",
    **{code: title for code, (title, *_) in TOLD.items()},
    "request_approved": "所用数据的使用申请已获同意且未停止开放",
    "review_passed": "所购版本通过合规审查",
    "egress_passed": "所购版本通过出域合规核查",
}


def get(session: Session, entitlement_id: UUID) -> Entitlement:
    """Return the entitlement.

    Raises:
        NoSuchEntitlement: there is none.
    """
    return _one(session.get(Entitlement, entitlement_id), str(entitlement_id))


def listed(actor: Actor) -> sa.Select[Entitlement]:
    """Return the query of the entitlements whose orders the actor may read."""
    return sa.select(Entitlement).join(Order, Order.id == Entitlement.order_id).where(in_scope(actor))


def visible(session: Session, actor: Actor, number: str) -> Entitlement:
    """Return an entitlement by its number.

    Raises:
        NoSuchEntitlement: there is none that the actor may know of.
    """
    return _one(session.scalar(listed(actor).where(Entitlement.number == number)), number)


def _one(found: Entitlement | None, name: str) -> Entitlement:
    if found is None:
        raise NoSuchEntitlement(f"没有使用权 {name}，或不属于本单位", detail_en=f"No entitlement {name}")
    return found


def of_order(session: Session, order_id: UUID) -> Entitlement | None:
    """Return the entitlement that an order opened, or None."""
    return session.scalar(sa.select(Entitlement).where(Entitlement.order_id == order_id))


def of_buyer(session: Session, buyer_id: UUID, product_id: UUID, on: date) -> Sequence[Entitlement]:
    """Return the buyer's entitlements to a product whose term covers the day, the one that ends first on top."""
    query = sa.select(Entitlement).where(
        Entitlement.buyer_id == buyer_id,
        Entitlement.product_id == product_id,
        Entitlement.valid_from <= on,
        Entitlement.valid_until >= on,
    )
    return session.scalars(query.order_by(Entitlement.valid_until, Entitlement.id)).all()


def holds(session: Session, entitlement: Entitlement, now: datetime, *, book: PolicyBook) -> bool:
    """Say whether everything that the entitlement rests on holds at this moment.

    The term is asked here, quota, purpose and scenario by :func:`market.entitlements.rules.may_use`.
    """
    on = business_date(now)
    in_term = entitlement.valid_from <= on <= entitlement.valid_until
    return in_term and not closed(session, entitlement, now, book=book)


def must_hold(session: Session, entitlement: Entitlement, now: datetime, *, book: PolicyBook) -> None:
    """Refuse an entitlement that rests on something which does not hold now; the term is left to ``may_use``.

    Raises:
        Closed: ``errors`` names what does not hold.
    """
    missing = closed(session, entitlement, now, book=book)
    if missing:
        words = "；".join(f"不满足“{TITLES[name]}”" for name in missing)
        raise Closed(
            f"使用权 {entitlement.number} 当前不可用：{words}",
            detail_en=f"{entitlement.number} is closed now: {', '.join(missing)}",
            rule="ACC-01",
            errors=[{"pointer": f"/gates/{name}", "code": Closed.code, "message": TITLES[name]} for name in missing],
        )


def closed(session: Session, entitlement: Entitlement, now: datetime, *, book: PolicyBook) -> list[str]:
    """Return the names of the conditions that do not hold now, in one query; they are read and never stored."""
    order = {"order": Order.state == OrderState.FULFILLED}
    return _missing(session, entitlement.order_id, {**order, **_conditions(business_date(now), book)})


def closed_for_order(session: Session, order: Order, now: datetime, *, book: PolicyBook) -> list[str]:
    """Return the conditions that keep an order from being opened now, whatever its own state."""
    return _missing(session, order.id, _conditions(business_date(now), book))


def _missing(session: Session, order_id: UUID, wanted: dict[str, sa.ColumnElement[bool]]) -> list[str]:
    query = (
        sa.select(*(condition.label(name) for name, condition in wanted.items()))
        .select_from(Order)
        .join(Product, Product.id == Order.product_id)
        .where(Order.id == order_id)
    )
    row = session.execute(query).one()
    return [name for name, is_open in zip(wanted, row, strict=True) if not is_open]


def open_condition(now: datetime, book: PolicyBook) -> sa.ColumnElement[bool]:
    """Return the condition over Entitlement ⋈ Order ⋈ Product that the entitlement holds: :func:`holds` for sets."""
    on = business_date(now)
    return sa.and_(
        Entitlement.valid_from <= on,
        Entitlement.valid_until >= on,
        Order.state == OrderState.FULFILLED,
        *_conditions(on, book).values(),
    )


def _conditions(on: date, book: PolicyBook) -> dict[str, sa.ColumnElement[bool]]:
    """Return what an order rests on, over Order ⋈ Product; its own version counts, not a newer one."""
    buyer = aliased(Party)
    return {
        "buyer_in_order": sa.exists().where(buyer.id == Order.buyer_id, buyer.standing == Standing.IN_ORDER),
        "exemption_stands": exemptions.stands(Order.__table__.c.exemption_id, on),
        **conditions(on, book, version_id=SOLD),
    }
