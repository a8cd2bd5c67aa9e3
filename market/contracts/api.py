"""Placing orders and signing their contracts, for programs."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from kernel import clock, db, files
from kernel.http import ApiBlueprint, attachment, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from market.contracts import commands, queries
from market.contracts.model import Contract
from market.contracts.schemas import (
    CancellationIn,
    ContractOut,
    ContractPageOut,
    SealIn,
    SealOut,
    SignatureIn,
)
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


@blueprint.get("/contracts/<uuid:contract_id>/text")
@requires(Permission.ORDER_READ)
@blueprint.response(200, description="文件")
def text(contract_id: UUID) -> Response:
    """Download the text exactly as it was hashed: its SHA-256 is the digest that both sides signed."""
    found = queries.visible(db.session(), current_actor(), contract_id)
    return attachment(found.text.encode(), f"{found.number}.txt")


@blueprint.get("/contracts/<uuid:contract_id>/seals")
@requires(Permission.ORDER_READ)
@blueprint.response(200, SealOut(many=True))
def seals(contract_id: UUID):
    """List the evidence of electronic seals; only the two sides and auditors see any."""
    session, actor = db.session(), current_actor()
    return queries.seals(session, actor, queries.visible(session, actor, contract_id))


@blueprint.post("/contracts/<uuid:contract_id>/seals")
@requires(Permission.CONTRACT_SIGN)
@blueprint.arguments(SealIn)
@blueprint.response(201, SealOut)
def attach_seal(seal_in, contract_id: UUID):
    """Keep evidence of the electronic seal under your side's signature."""
    with db.transaction() as session:
        return commands.attach_seal(session, current_actor(), contract_id, **seal_in, now=clock.now())


@blueprint.get("/contracts/seals/<uuid:seal_id>/file")
@requires(Permission.ORDER_READ)
@blueprint.response(200, description="文件")
def seal_file(seal_id: UUID) -> Response:
    """Download the evidence of a seal."""
    session = db.session()
    found = queries.seal(session, current_actor(), seal_id)
    return attachment(files.get(session, found.sha256).content, found.file_name)


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
