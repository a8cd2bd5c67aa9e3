"""The second person of a buyer, for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from market.approvals import commands, queries
from market.approvals.model import ApprovalRule, OrderApproval
from market.approvals.schemas import (
    ApprovalDecisionIn,
    ApprovalOut,
    ApprovalRuleDecisionIn,
    ApprovalRuleIn,
    ApprovalRuleOut,
    ApprovalRulePageOut,
    OrderApprovalOut,
    OrderApprovalPageOut,
)
from market.orders import queries as orders
from market.orders.model import Order

blueprint = ApiBlueprint("approvals", __name__, url_prefix="/api/v1", description="采购复核 · buyer's approvals")


@blueprint.get("/approval-rules")
@requires(Permission.ORDER_READ)
@blueprint.response(200, ApprovalRulePageOut)
def rules():
    """List the rules of your organisation about its own orders, newest first."""
    return page(db.session(), queries.rules(current_actor()), ApprovalRule, newest_first=True)


@blueprint.post("/approval-rules")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(ApprovalRuleIn)
@blueprint.response(201, ApprovalRuleOut)
def propose(rule_in):
    """Propose above which amount orders need a second person; another person confirms."""
    with db.transaction() as session:
        return commands.propose_rule(session, current_actor(), **rule_in, now=clock.now())


@blueprint.post("/approval-rules/<uuid:rule_id>/decision")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(ApprovalRuleDecisionIn)
@blueprint.response(200, ApprovalRuleOut)
def decide_rule(decision_in, rule_id: UUID):
    """Confirm or refuse a proposed rule as the second person, or withdraw your own."""
    with db.transaction() as session:
        queries.rule(session, current_actor(), rule_id)
        match_version(session, ApprovalRule, rule_id)
        return commands.decide_rule(session, current_actor(), rule_id, **decision_in, now=clock.now())


@blueprint.get("/approvals/waiting")
@requires(Permission.ORDER_PLACE)
@blueprint.response(200, ApprovalOut(many=True))
def waiting():
    """List the orders of your organisation that wait for a second person, the most urgent first."""
    return queries.waiting(db.session(), current_actor(), now=clock.now())


@blueprint.get("/approvals")
@requires(Permission.ORDER_READ)
@blueprint.response(200, OrderApprovalPageOut)
def decided():
    """List what was decided about the orders of your organisation, newest first."""
    return page(db.session(), queries.decided(current_actor()), OrderApproval, newest_first=True)


@blueprint.get("/orders/<number>/approval")
@requires(Permission.ORDER_READ)
@blueprint.response(200, ApprovalOut)
def show(number: str):
    """Say whether an order of your organisation waits for a second person, and what was decided."""
    return queries.visible(db.session(), current_actor(), number, now=clock.now())


@blueprint.post("/orders/<number>/approval")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(ApprovalDecisionIn)
@blueprint.response(201, OrderApprovalOut)
def decide(decision_in, number: str):
    """Approve or refuse an order as the second person; price, gates and the time of the quote are checked anew."""
    with db.transaction() as session:
        match_version(session, Order, orders.visible(session, current_actor(), number).id)
        return commands.decide(
            session, current_actor(), number, **decision_in, now=clock.now(), book=policy_book()
        )  # fmt: skip
