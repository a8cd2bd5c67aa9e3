"""Ordering at 0.00 in one step: the right stands on the authorized operation agreement, which is recorded with it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import Conflict
from kernel.identity import Actor
from kernel.policy import PolicyBook
from market.entitlements import commands as entitlements
from market.entitlements import queries as entitled
from market.entitlements.model import Entitlement
from market.orders import commands as orders
from market.orders.rules import OrderEvent, OrderState
from market.reuse import queries
from pricing.exemptions.rules import Purpose
from pricing.tariffs.rules import PriceReason


class NotFree(Conflict):
    """The price is not 0.00 for the reason of free reuse, so the order takes the usual way."""

    code = "reuse.not_free"


def take(
    session: Session,
    actor: Actor,
    *,
    product_code: str,
    scenario: str,
    quantity: int,
    client_reference: str,
    now: datetime,
    book: PolicyBook,
    purpose: Purpose = Purpose.PUBLIC_GOVERNANCE,
) -> Entitlement:
    """Take up the free use of a product made from data that the department gave free: quoted, ordered, opened.

    The entitlement belongs to the department and cannot be passed on. The same reference gives the same entitlement.

    Raises:
        NotForYou: the department gave no data for it free, or the place has no such rule.
        NotFree: the price says otherwise.
        NoGround: the agreement does not have the department's free resource in its scope.
        NoOrganisation: the actor acts for no organisation.
        NotAllowed: the actor does not order for an organisation.
        NotABuyer: the organisation is not in good standing.
        NotListed: a gate is closed.
        ReferenceUsed: the reference names another order.

    Source:
        新昌 三（五）5 (REU-01): neither charged nor delayed.
    """
    if actor.org_id is None:
        raise orders.NoOrganisation("请以数源部门的账号登录", detail_en="Sign in for the department")
    offer = queries.must_be_offered(session, actor.org_id, product_code, now=now, book=book)
    placed = queries.by_reference(session, actor.org_id, client_reference)
    if placed is not None and placed.product_id == offer.product.id:
        before = entitled.of_order(session, placed.id)
        if before is not None:
            return before
    quote = orders.quote(
        session, actor, product_code=product_code, purpose=purpose, scenario=scenario, quantity=quantity, now=now,
        book=book,
    )  # fmt: skip
    if quote.amount or quote.reason is not PriceReason.SOURCE_REUSE:
        raise NotFree(f"产品 {product_code} 此次使用不属于数源部门无偿使用（{quote.reason}），请按一般订单办理",
                      detail_en="Order it the usual way.", rule="REU-01")  # fmt: skip
    order = orders.place(
        session, actor, quote_number=quote.number, client_reference=client_reference, now=now, book=book
    )
    assert order.state is OrderState.PLACED, "a quote made just now was never ordered"
    found = queries.grounds_for(session, order, offer.rule, now)
    session.add_all(found)
    session.flush()
    order = orders.move(session, actor, order.id, OrderEvent.SIGN, now=now)
    made = entitlements.grant(session, actor, order, now=now)
    audit.record(session, actor, "reuse.take", made, at=now, note=offer.rule.citation(),
                 detail={"order": order.number, "product": product_code, "grounds": len(found)})  # fmt: skip
    return made
