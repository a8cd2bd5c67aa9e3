"""Switching the second person on and off, and that person's decision about an order."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.identity import Actor, Permission
from kernel.money import Money
from kernel.policy import PolicyBook
from market.approvals import queries
from market.approvals.model import ApprovalRule, OrderApproval
from market.approvals.rules import ApprovalAct, RuleAct, RuleState, after, after_rule
from market.orders import commands as orders
from market.orders import queries as order_queries
from market.orders.rules import OrderEvent
from registry.accounts.queries import accounts_behind
from registry.products import queries as products


class NotOfBuyer(NotAllowed):
    """Only people who buy for the organisation decide about its orders."""

    code = "approval.not_of_buyer"
    title = "只有购买单位的人员可以办理"
    title_en = "Only people of the buyer"


class AnotherPersonNeeded(NotAllowed):
    """Whoever proposed or ordered does not decide about it, under whatever account."""

    code = "approval.second_person"
    title = "须由另一人复核"
    title_en = "A second person is needed"


class ProposalOpen(Conflict):
    """Another change of the rule waits for its second person."""

    code = "approval.proposal_open"


class ReasonNeeded(Invalid):
    """A refusal says why."""

    code = "approval.reason_needed"


def propose_rule(
    session: Session, actor: Actor, *, is_on: bool, above: Money, reason: str, now: datetime
) -> ApprovalRule:
    """Propose that orders above an amount need a second person, or that none do; another person confirms.

    Raises:
        NotOfBuyer: the actor orders for no organisation.
        NotAllowed: the actor does not order for it.
        ProposalOpen: another proposal waits.
    """
    if actor.org_id is None:
        raise NotOfBuyer("请以购买单位的账号登录", detail_en="Sign in for an organisation")
    actor.must(Permission.ORDER_PLACE, org_id=actor.org_id)
    assert actor.id is not None
    made = ApprovalRule(
        party_id=actor.org_id, is_on=is_on, above=above, reason=reason, proposed_at=now, proposed_by=actor.name,
        proposed_by_id=actor.id, state=RuleState.PROPOSED,
    )  # fmt: skip
    before = queries.open_proposal(session, actor.org_id)
    if before is None:
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:
            before = queries.open_proposal(session, actor.org_id)
            if before is None:
                raise
    if before is not None:
        raise ProposalOpen(f"{before.proposed_by}已提出更改，正等待复核；请先复核或撤回",
                           detail_en="Another proposal waits for its second person")  # fmt: skip
    audit.record(session, actor, "approval_rule.propose", made, at=now, note=reason[:200],
                 detail={"is_on": is_on, "above": above.text()})  # fmt: skip
    return made


def decide_rule(
    session: Session, actor: Actor, rule_id: UUID, *, act: RuleAct, reason: str = "", now: datetime
) -> ApprovalRule:
    """Confirm or refuse a proposed rule as the second person, or withdraw one's own.

    Raises:
        NoSuchApprovalRule: there is none that the actor may know of.
        NotOfBuyer: the rule is another organisation's.
        NotAllowed: the actor does not order for that organisation.
        AnotherPersonNeeded: the actor proposed it, or another did whose proposal is to be withdrawn.
        WrongApprovalState: it has been decided.
    """
    rule = queries.rule(session, actor, rule_id, lock=True)
    if rule.party_id != actor.org_id:
        raise NotOfBuyer("复核规则由本单位人员决定", detail_en="Not your organisation's rule")
    actor.must(Permission.ORDER_PLACE, org_id=rule.party_id)
    is_own = actor.id in accounts_behind(session, rule.proposed_by_id)
    if is_own is not (act is RuleAct.WITHDRAW):
        words = "由您提出，须由本单位另一人复核" if is_own else "只能由提出人撤回"
        raise AnotherPersonNeeded(f"该更改{words}", detail_en="Another person has to do that")
    rule.state = after_rule(rule.state, act)
    rule.decided_at, rule.decided_by, rule.decided_by_id, rule.decided_reason = now, actor.name, actor.id, reason
    audit.record(session, actor, f"approval_rule.{act}", rule, at=now, note=reason[:200],
                 detail={"is_on": rule.is_on, "above": rule.above.text()})  # fmt: skip
    return rule


def decide(
    session: Session,
    actor: Actor,
    order_number: str,
    *,
    act: ApprovalAct,
    reason: str = "",
    now: datetime,
    book: PolicyBook,
) -> OrderApproval:
    """Approve or refuse an order as the second person of its buyer. A refused order is called off.

    Before an approval the quote must still stand: its time, the gates, the version and the price are checked anew.

    Raises:
        NoSuchOrder: there is none that the actor may know of.
        NotOfBuyer: the actor does not buy for the organisation that ordered.
        NotAllowed: the actor does not order for it.
        AnotherPersonNeeded: the actor placed the order.
        ReasonNeeded: a refusal without a reason.
        WrongApprovalState: nothing waits, it has been decided, the quote has run out, or the order is called off.
        DomainError: the quote no longer stands; see :func:`market.orders.queries.must_stand`.
    """
    order = order_queries.visible(session, actor, order_number)
    if actor.org_id != order.buyer_id:
        raise NotOfBuyer(f"订单 {order_number} 由购买单位的人员复核", detail_en="Only people of the buyer decide")
    actor.must(Permission.ORDER_PLACE, org_id=order.buyer_id)
    product = products.get(session, order.product_id, lock=True)  # before the order, as placing does
    order = order_queries.get(session, order.id, lock=True)
    found = queries.of_order(session, order, now=now)
    following = after(found.state, act, order.number)
    if actor.id in accounts_behind(session, order.placed_by):
        raise AnotherPersonNeeded(
            f"订单 {order.number} 由您下单，须由本单位另一人复核", detail_en="You placed the order"
        )
    if act is ApprovalAct.REFUSE:
        if not reason.strip():
            lacking = [{"pointer": "/reason", "code": ReasonNeeded.code, "message": "请写明理由"}]
            raise ReasonNeeded("请写明不同意的理由", detail_en="Say why", errors=lacking)
        orders.move(session, actor, order.id, OrderEvent.CANCEL, now=now)
    else:
        order_queries.must_stand(session, order_queries.quote_of(session, order), product, now=now, book=book)
    assert found.rule is not None
    assert order.placed_by is not None
    assert actor.id is not None
    made = OrderApproval(
        order_id=order.id, rule_id=found.rule.id, place=order.place, buyer_id=order.buyer_id, state=following,
        amount=order.amount, reason=reason, placed_by_id=order.placed_by, decided_at=now, decided_by=actor.name,
        decided_by_id=actor.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, f"order_approval.{act}", made, at=now, note=reason[:200],
                 detail={"order": order.number, "amount": order.amount.text(),
                         "above": found.rule.above.text()})  # fmt: skip
    return made
