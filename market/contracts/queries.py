"""Reading contracts, and the whole of a trade as its page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.errors import NotFound
from kernel.identity import Actor, Role
from kernel.policy import PolicyBook
from market.admissions.queries import registration_code
from market.approvals import queries as approvals
from market.approvals.queries import Approval
from market.contracts.gateway import templates
from market.contracts.model import Contract, ContractSeal
from market.contracts.rules import ContractType, Template, contract_type, template_on
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from market.orders import queries as orders
from market.orders.model import Order, Quote
from market.payments import queries as payments
from market.payments.gateway import Instructions
from market.payments.model import Payment
from market.policy import MarketPolicy
from pricing.tariffs.model import Tariff
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product, ProductInput, ProductVersion
from registry.resources.model import Resource


class NoSuchContract(NotFound):
    """There is no such contract, or none that the actor may know of."""

    code = "contract.not_found"


class NoSuchSeal(NotFound):
    """There is no such evidence of a seal, or none that the actor may see: only the two sides and auditors do."""

    code = "contract.seal_not_found"


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
    approval: Approval


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


def sees_seals(actor: Actor, contract: Contract) -> bool:
    """Say whether the actor is of one of the two sides, or an auditor of the place."""
    return any(
        grant.org_id in (contract.buyer_id, contract.seller_id)
        or (grant.role is Role.AUDITOR and grant.org_id is None and grant.place in (None, contract.place))
        for grant in actor.grants
    )


def seals(session: Session, actor: Actor, contract: Contract) -> Sequence[ContractSeal]:
    """Return the evidence of seals under a contract, in the order of keeping; nothing for others than its sides."""
    if not sees_seals(actor, contract):
        return []
    query = sa.select(ContractSeal).where(ContractSeal.contract_id == contract.id)
    return session.scalars(query.order_by(ContractSeal.attached_at, ContractSeal.id)).all()


def seal(session: Session, actor: Actor, seal_id: UUID) -> ContractSeal:
    """Return one piece of evidence.

    Raises:
        NoSuchSeal: there is none that the actor may see.
    """
    found = session.get(ContractSeal, seal_id)
    if found is None or not sees_seals(actor, get(session, found.contract_id)):
        raise NoSuchSeal(f"没有电子印章材料 {seal_id}，或不属于本单位", detail_en="No such evidence of a seal")
    return found


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


def kind_of(session: Session, order: Order) -> ContractType:
    """Return which model contract the order of a version needs, by whose data it was made from (MKT-04)."""
    of_buyer = sa.func.count().filter(Resource.source_department_id == order.buyer_id)
    query = sa.select(sa.func.count(), of_buyer).select_from(ProductInput)
    query = query.join(Resource, Resource.id == ProductInput.resource_id)
    inputs, given = session.execute(query.where(ProductInput.version_id == order.version_id)).one()
    return contract_type(inputs=inputs, of_buyer=given)


@lru_cache(maxsize=64)
def words_on(kind: ContractType, place: str, on: date, book: PolicyBook) -> tuple[Template, str]:
    """Return the words of a kind of contract on a day, and for how many years the place keeps records of trades."""
    years = MarketPolicy.at(book, place, on).require("retention_trade_record_years_min")
    return template_on(templates(), kind, on), str(years.integer())


def names(session: Session, found: Sequence[Order]) -> dict[UUID, str]:
    """Return the titles of the products and the names of the parties of some orders, by id."""
    products = session.execute(
        sa.select(Product.id, Product.title).where(Product.id.in_({one.product_id for one in found}))
    )
    ids = {one.buyer_id for one in found} | {one.seller_id for one in found}
    parties = session.execute(sa.select(Party.id, Party.name).where(Party.id.in_(ids)))
    return {row[0]: row[1] for row in (*products, *parties)}


def trade(session: Session, actor: Actor, number: str, *, now: datetime) -> Trade:
    """Return an order with quote, parties, contract, payment, entitlement and the buyer's approval.

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
        approval=approvals.of_order(session, order, now=now),
    )
