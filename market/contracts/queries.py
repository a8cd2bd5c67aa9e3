"""Reading contracts, and the whole of a trade as its page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.errors import NotFound
from kernel.identity import Actor
from market.admissions.queries import registration_code
from market.contracts.model import Contract
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from market.orders import queries as orders
from market.orders.model import Order, Quote
from market.payments import queries as payments
from market.payments.gateway import Instructions
from market.payments.model import Payment
from pricing.tariffs.model import Tariff
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product, ProductVersion


class NoSuchContract(NotFound):
    """There is no such contract, or none that the actor may know of."""

    code = "contract.not_found"


@dataclass(frozen=True, slots=True)
class Trade:
    """An order with everything that hangs on it."""

    order: Order
    quote: Quote
    product: Product
    buyer: Party
    seller: Party
    contract: Contract | None
    payment: Payment | None
    instructions: Instructions | None
    entitlement: Entitlement | None


def get(session: Session, contract_id: UUID, *, lock: bool = False) -> Contract:
    """Return the contract; locked and read afresh on demand.

    Raises:
        NoSuchContract: there is none.
    """
    query = sa.select(Contract).where(Contract.id == contract_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return _one(session.scalar(query), str(contract_id))


def listed(actor: Actor) -> sa.Select[Contract]:
    """Return the query of the contracts whose orders the actor may read."""
    return sa.select(Contract).join(Order, Order.id == Contract.order_id).where(orders.in_scope(actor))


def visible(session: Session, actor: Actor, contract_id: UUID) -> Contract:
    """Return one contract.

    Raises:
        NoSuchContract: there is none that the actor may know of.
    """
    return _one(session.scalar(listed(actor).where(Contract.id == contract_id)), str(contract_id))


def _one(found: Contract | None, name: str) -> Contract:
    if found is None:
        raise NoSuchContract(f"没有合同 {name}，或不属于本单位", detail_en=f"No contract {name}")
    return found


def of_order(session: Session, order_id: UUID) -> Contract | None:
    """Return the contract of an order, or None."""
    return session.scalar(sa.select(Contract).where(Contract.order_id == order_id))


def must_be_of_order(session: Session, order: Order) -> Contract:
    """Return the contract of an order.

    Raises:
        NoSuchContract: none was drafted.
    """
    return _one(of_order(session, order.id), f"（订单 {order.number}）")


def facts(session: Session, order: Order, on: date) -> Any:
    """Return what the contract of an order states, named as :class:`market.admissions.queries.Admitted` names it."""
    seller, buyer = aliased(Party), aliased(Party)
    query = (
        sa.select(
            seller.name.label("seller_name"), seller.uscc.label("seller_uscc"), buyer.name.label("buyer_name"),
            buyer.uscc.label("buyer_uscc"), Product.code, Product.title, Product.delivery_form,
            Product.source_statement, Agreement.number.label("agreement_number"),
            ProductVersion.number.label("version_number"), ProductVersion.content_sha256, ProductVersion.description,
            ProductVersion.fields, registration_code(on), Tariff.number.label("tariff_number"), Tariff.charge_unit,
            Order.venue, Order.quantity, Order.purpose, Order.scenario, Order.term_months,
        )
        .select_from(Order)
        .join(Product, Product.id == Order.product_id)
        .join(ProductVersion, ProductVersion.id == Order.version_id)
        .join(Agreement, Agreement.id == Order.agreement_id)
        .join(seller, seller.id == Order.seller_id)
        .join(buyer, buyer.id == Order.buyer_id)
        .outerjoin(Tariff, Tariff.id == Order.tariff_id)
        .where(Order.id == order.id)
    )  # fmt: skip
    return session.execute(query).one()


def names(session: Session, found: Sequence[Order]) -> dict[UUID, str]:
    """Return the titles of the products and the names of the parties of some orders, by id."""
    products = session.execute(
        sa.select(Product.id, Product.title).where(Product.id.in_({one.product_id for one in found}))
    )
    ids = {one.buyer_id for one in found} | {one.seller_id for one in found}
    parties = session.execute(sa.select(Party.id, Party.name).where(Party.id.in_(ids)))
    return {row[0]: row[1] for row in (*products, *parties)}


def trade(session: Session, actor: Actor, number: str) -> Trade:
    """Return an order with quote, parties, contract, payment and entitlement.

    Raises:
        NoSuchOrder: there is none that the actor may know of.
    """
    order = orders.visible(session, actor, number)
    payment = payments.of_order(session, order.id)
    return Trade(
        order=order,
        quote=session.get_one(Quote, order.quote_id),
        product=session.get_one(Product, order.product_id),
        buyer=session.get_one(Party, order.buyer_id),
        seller=session.get_one(Party, order.seller_id),
        contract=of_order(session, order.id),
        payment=payment,
        instructions=payments.instructions(session, payment) if payment is not None else None,
        entitlement=entitlements.of_order(session, order.id),
    )
