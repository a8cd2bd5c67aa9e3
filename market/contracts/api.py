"""Placing orders and signing their contracts, for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from market.contracts import commands, queries
from market.contracts.model import Contract
from market.contracts.schemas import CancellationIn, ContractOut, ContractPageOut, SignatureIn
from market.orders import queries as orders
from market.orders.model import Order
from market.orders.schemas import OrderIn, OrderOut

blueprint = ApiBlueprint("contracts", __name__, url_prefix="/api/v1", description="下单与签约 · orders and contracts")


@blueprint.post("/orders")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(OrderIn)
@blueprint.response(201, OrderOut)
def place_order(order_in):
    """Accept a quote; the contract is drafted with it. The same client reference gives the same order."""
    with db.transaction() as session:
        return commands.place_order(session, current_actor(), **order_in, now=clock.now(), book=policy_book())


@blueprint.post("/orders/<number>/cancellation")
@requires(Permission.CONTRACT_SIGN)
@blueprint.arguments(CancellationIn)
@blueprint.response(200, OrderOut)
def cancel(cancellation_in, number: str):
    """Call an order off before it is paid."""
    with db.transaction() as session:
        match_version(session, Order, orders.visible(session, current_actor(), number).id)
        return commands.cancel(session, current_actor(), number, **cancellation_in, now=clock.now())


@blueprint.get("/contracts")
@requires(Permission.ORDER_READ)
@blueprint.response(200, ContractPageOut)
def contracts():
    """List the contracts of your orders, newest first."""
    return page(db.session(), queries.listed(current_actor()), Contract, newest_first=True)


@blueprint.get("/contracts/<uuid:contract_id>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, ContractOut)
def show(contract_id: UUID):
    """Read one contract."""
    return queries.visible(db.session(), current_actor(), contract_id)


@blueprint.get("/orders/<number>/contract")
@requires(Permission.ORDER_READ)
@blueprint.response(200, ContractOut)
def of_order(number: str):
    """Read the contract of an order."""
    session = db.session()
    return queries.must_be_of_order(session, orders.visible(session, current_actor(), number))


@blueprint.post("/contracts/<uuid:contract_id>/signature")
@requires(Permission.CONTRACT_SIGN)
@blueprint.arguments(SignatureIn)
@blueprint.response(200, ContractOut)
def sign(signature_in, contract_id: UUID):
    """Sign for your side; the second signature concludes the contract."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), contract_id)
        match_version(session, Contract, contract_id)
        return commands.sign(session, current_actor(), contract_id, **signature_in, now=clock.now(), book=policy_book())
