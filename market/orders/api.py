"""Quotes for programs, and reading orders; placing one drafts its contract and lives with the contracts."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires
from kernel.identity import Permission
from market.orders import commands, queries
from market.orders.model import Order, Quote
from market.orders.rules import QuoteState
from market.orders.schemas import (
    OrderArgs,
    OrderOut,
    OrderPageOut,
    QuoteExplanationOut,
    QuoteIn,
    QuoteOut,
    QuotePageOut,
)

blueprint = ApiBlueprint("orders", __name__, url_prefix="/api/v1", description="报价与订单 · quotes and orders")


@blueprint.post("/quotes")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(QuoteIn)
@blueprint.response(201, QuoteOut)
def quote(quote_in):
    """Ask what a purchase costs; the answer explains itself and is valid for seven days."""
    with db.transaction() as session:
        made = commands.quote(session, current_actor(), **quote_in, now=clock.now(), book=policy_book())
        return queries.Standing(made, QuoteState.OPEN)


@blueprint.get("/quotes")
@requires(Permission.ORDER_READ)
@blueprint.response(200, QuotePageOut)
def quotes():
    """List your quotes, newest first, each with what it is worth now."""
    session = db.session()
    found = page(session, queries.quotes(current_actor()), Quote, newest_first=True)
    found["items"] = queries.states_of(session, found["items"], now=clock.now(), book=policy_book())
    return found


@blueprint.get("/quotes/<number>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, QuoteOut)
def show_quote(number: str):
    """Read one quote, and whether it may still be ordered."""
    session = db.session()
    found = queries.quote(session, current_actor(), number)
    return queries.state_of(session, found, now=clock.now(), book=policy_book())


@blueprint.get("/quotes/<number>/explanation")
@requires(Permission.ORDER_READ)
@blueprint.response(200, QuoteExplanationOut)
def explain_quote(number: str):
    """Say why a quote says what it says: as stored when it was made, whatever has changed since, with its digest."""
    found = queries.quote(db.session(), current_actor(), number)
    return {**queries.document(found), "digest": found.digest}


@blueprint.get("/orders")
@requires(Permission.ORDER_READ)
@blueprint.arguments(OrderArgs, location="query")
@blueprint.response(200, OrderPageOut)
def orders(args):
    """List the orders that you placed, sold or watch over, newest first."""
    query = queries.listed(current_actor(), state=args["state"])
    return page(db.session(), query, Order, newest_first=True)


@blueprint.get("/orders/<number>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, OrderOut)
def show_order(number: str):
    """Read one order."""
    return queries.visible(db.session(), current_actor(), number)
