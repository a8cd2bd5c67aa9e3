"""Reading an organisation's rule, and what waits for its second person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission, Role
from kernel.money import Money
from market.approvals.model import ApprovalRule, OrderApproval
from market.approvals.rules import ApprovalState, RuleState, approval_state, is_needed, must_be_approved
from market.orders import queries as orders
from market.orders.model import Order, Quote
from market.orders.rules import OrderState


class NoSuchApprovalRule(NotFound):
    """There is no such rule, or not of your organisation."""

    code = "approval.rule_not_found"


@dataclass(frozen=True, slots=True)
class Approval:
    """Where the approval of one order stands, and until when it can be given."""

    order: Order
    state: ApprovalState
    rule: ApprovalRule | None
    decision: OrderApproval | None
    due_at: datetime  # the last moment of the quote

    @property
    def order_number(self) -> str:
        """The order."""
        return self.order.number

    @property
    def above(self) -> Money | None:
        """The limit of the buyer that applied when the order was placed."""
        return self.rule.above if self.rule is not None and self.rule.is_on else None


def buying_for(actor: Actor) -> list[UUID]:
    """Return the organisations for which the actor orders and signs."""
    roles = ROLES_OF[Permission.ORDER_PLACE]
    return sorted({one.org_id for one in actor.grants if one.role in roles and one.org_id is not None}, key=str)


def rule_at(session: Session, party_id: UUID, at: datetime) -> ApprovalRule | None:
    """Return the rule that applied to an organisation at a moment, or None where it had never decided."""
    query = sa.select(ApprovalRule).where(
        ApprovalRule.party_id == party_id,
        ApprovalRule.state == RuleState.CONFIRMED,
        ApprovalRule.decided_at <= at,
    )
    return session.scalar(query.order_by(ApprovalRule.decided_at.desc(), ApprovalRule.id.desc()).limit(1))


def open_proposal(session: Session, party_id: UUID) -> ApprovalRule | None:
    """Return the proposed rule that waits for a second person, or None."""
    query = sa.select(ApprovalRule).where(ApprovalRule.party_id == party_id, ApprovalRule.state == RuleState.PROPOSED)
    return session.scalar(query)


def rules(actor: Actor) -> sa.Select[ApprovalRule]:
    """Return the query of the rules of the actor's organisations; an auditor of all places reads all."""
    reached: sa.ColumnElement[bool] = ApprovalRule.party_id.in_(buying_for(actor))
    if any(grant.role is Role.AUDITOR and grant.place is None for grant in actor.grants):
        reached = sa.true()
    return sa.select(ApprovalRule).where(reached)


def rule(session: Session, actor: Actor, rule_id: UUID, *, lock: bool = False) -> ApprovalRule:
    """Return one rule; locked and read afresh on demand.

    Raises:
        NoSuchApprovalRule: there is none that the actor may know of.
    """
    query = rules(actor).where(ApprovalRule.id == rule_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchApprovalRule(f"没有复核规则 {rule_id}，或不属于本单位", detail_en="No such rule")
    return found


def decided(actor: Actor) -> sa.Select[OrderApproval]:
    """Return the query of the decisions about orders that the actor bought or watches over; sellers see none."""
    watched: list[sa.ColumnElement[bool]] = [OrderApproval.buyer_id.in_(buying_for(actor))]
    for grant in actor.grants:
        if grant.role is Role.AUDITOR:
            watched.append(sa.true() if grant.place is None else OrderApproval.place == grant.place)
    return sa.select(OrderApproval).where(sa.or_(*watched))


def of_order(session: Session, order: Order, *, now: datetime) -> Approval:
    """Return where the approval of an order stands; the rule is that of the moment in which it was placed."""
    decision = session.scalar(sa.select(OrderApproval).where(OrderApproval.order_id == order.id))
    found = rule_at(session, order.buyer_id, order.placed_at)
    until = session.scalar(sa.select(Quote.valid_until).where(Quote.id == order.quote_id))
    assert until is not None, "every order comes from a quote"
    above = found.above if found is not None and found.is_on else None
    needed = order.state is OrderState.PLACED and is_needed(order.amount, above)
    state = approval_state(
        needed=needed, decided=decision.state if decision else None, valid_until=until, now=now
    )  # fmt: skip
    return Approval(order, state, found, decision, until)


def visible(session: Session, actor: Actor, order_number: str, *, now: datetime) -> Approval:
    """Return where the approval of an order stands, for its buyer and for auditors.

    Raises:
        NoSuchOrder: there is none that the actor may know of, or the actor is not of its buyer.
    """
    order = orders.visible(session, actor, order_number)
    is_auditor = any(one.role is Role.AUDITOR and one.place in (None, order.place) for one in actor.grants)
    if order.buyer_id not in buying_for(actor) and not is_auditor:
        raise orders.NoSuchOrder(f"没有订单 {order_number} 的复核记录，或不属于本单位", detail_en="Not your order")
    return of_order(session, order, now=now)


def hold(session: Session, order: Order, *, now: datetime) -> None:
    """Refuse to let an order bind its buyer before the second person has approved.

    Raises:
        ApprovalNeeded: the approval waits, was refused, or the quote ran out before it came.
    """
    found = of_order(session, order, now=now)
    must_be_approved(found.state, order.number, found.above)


def waiting(session: Session, actor: Actor, *, now: datetime) -> Sequence[Approval]:
    """Return the orders of the actor's organisations that wait for a second person or ran out, the most urgent first.

    An order of one's own is among them: its page says who may decide.
    """
    later = sa.select(ApprovalRule.id).where(
        ApprovalRule.party_id == Order.buyer_id,
        ApprovalRule.state == RuleState.CONFIRMED,
        ApprovalRule.decided_at <= Order.placed_at,
    )
    newest = later.order_by(ApprovalRule.decided_at.desc(), ApprovalRule.id.desc()).limit(1)
    query = (
        sa.select(Order, ApprovalRule, Quote.valid_until)
        .join(Quote, Quote.id == Order.quote_id)
        .join(ApprovalRule, ApprovalRule.id == newest.correlate(Order).scalar_subquery())
        .where(
            Order.buyer_id.in_(buying_for(actor)), Order.state == OrderState.PLACED, ApprovalRule.is_on,
            Order.amount > ApprovalRule.above,
            ~sa.exists().where(OrderApproval.order_id == Order.id),
        )
        .order_by(Quote.valid_until, Order.id)
    )  # fmt: skip
    return [
        Approval(order, approval_state(needed=True, decided=None, valid_until=until, now=now), found, None, until)
        for order, found, until in session.execute(query)
    ]
