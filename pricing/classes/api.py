"""Classes of buyers for programs: the rules are public, the members are for the seller and the authorities."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, public, requires
from kernel.identity import Permission
from pricing.classes import commands, queries
from pricing.classes.schemas import (
    ClassArgs,
    ClassChangeOut,
    ClassMemberIn,
    ClassMemberOut,
    ClassRuleIn,
    ClassRuleListOut,
    ClassRuleOut,
    MembershipEndIn,
    MembershipListOut,
)
from registry.products import queries as products

blueprint = ApiBlueprint(
    "buyer_classes", __name__, url_prefix="/api/v1/tariffs/classes", description="用户类别 · classes of buyers"
)


@blueprint.get("")
@requires(Permission.PRICE_TRY)
@blueprint.arguments(ClassArgs, location="query")
@blueprint.response(200, MembershipListOut)
def browse(args):
    """List everybody who ever belonged to a class of a product, with all that changed since."""
    session = db.session()
    product = products.get(session, args["product_id"])
    current_actor().must(Permission.PRICE_TRY, org_id=product.owner_id, place=product.place)
    return {"items": queries.memberships(session, product.id)}


@blueprint.post("")
@requires(Permission.PRICE_SET)
@blueprint.arguments(ClassMemberIn)
@blueprint.response(201, ClassMemberOut)
def admit_to_class(member_in):
    """Declare that a buyer belongs to a class with a price of its own."""
    with db.transaction() as session:
        return commands.admit_to_class(session, current_actor(), **member_in, now=clock.now())


@blueprint.post("/<uuid:member_id>/end")
@requires(Permission.PRICE_SET)
@blueprint.arguments(MembershipEndIn)
@blueprint.response(201, ClassChangeOut)
def end_membership(end_in, member_id: UUID):
    """End a membership from a day on; orders placed before stay as they are."""
    with db.transaction() as session:
        return commands.end_membership(session, current_actor(), member_id, **end_in, now=clock.now())


@blueprint.get("/rules")
@public
@blueprint.arguments(ClassArgs, location="query")
@blueprint.response(200, ClassRuleListOut)
def rules(args):
    """List the published rules of a product's classes."""
    return {"items": queries.published(db.session(), args["product_id"])}


@blueprint.post("/rules")
@requires(Permission.PRICE_SET)
@blueprint.arguments(ClassRuleIn)
@blueprint.response(201, ClassRuleOut)
def publish_rule(rule_in):
    """Publish by which rule buyers belong to a class."""
    with db.transaction() as session:
        return commands.publish_rule(session, current_actor(), **rule_in, now=clock.now())
