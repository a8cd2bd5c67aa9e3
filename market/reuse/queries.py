"""The products that a department may use free because it gave data for them free; derived, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel.calendar import business_date
from kernel.errors import Conflict, NotFound
from kernel.explanations import cited_dict
from kernel.policy import Cited, PolicyBook
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from market.listings import queries as listings
from market.orders import queries as orders
from market.orders.model import Order
from market.policy import MarketPolicy
from market.reuse.model import ReuseGround
from registry.agreements.model import Agreement, AgreementResource
from registry.clauses.rules import AgreementItem
from registry.products.model import Product, ProductInput
from registry.products.queries import latest_version_id
from registry.resources.model import Resource
from registry.resources.rules import AccessKind


class NotForYou(NotFound):
    """The organisation gave no data for that product free, or the place has no such rule."""

    code = "reuse.not_for_you"
    title = "本单位不可无偿使用该产品"
    title_en = "Not free for your organisation"


class NoGround(Conflict):
    """The agreement does not have the department's free resource in its scope, so it gives no right to free use."""

    code = "reuse.no_ground"
    title = "授权运营协议不构成无偿使用的依据"
    title_en = "The agreement gives no ground for free use"


@dataclass(frozen=True, slots=True)
class Offer:
    """One product that a department may use free: by which rule, for which of its data, and what stands in the way."""

    product: Product
    rule: Cited
    agreement: str
    resources: tuple[str, ...]
    closed: tuple[str, ...]
    held: tuple[Entitlement, ...]


def rule_at(book: PolicyBook, place: str, on: date) -> Cited | None:
    """Return the rule of a place by which departments reuse free, or None where it has none (REU-01)."""
    found = MarketPolicy.at(book, place, on).reuse_source_department_free
    return found if found is not None and found.boolean() else None


def offers(session: Session, party_id: UUID, *, now: datetime, book: PolicyBook) -> list[Offer]:
    """Return the products whose newest version uses data that the department gave free, by code.

    Source:
        新昌 三（五）5 (REU-01): inputs that are paid for give no such right.
    """
    on = business_date(now)
    places = {place: rule for place in book.places() if (rule := rule_at(book, place, on)) is not None}
    query = (
        sa.select(Product, Resource.title, Agreement.number)
        .select_from(Product)
        .join(Agreement, Agreement.id == Product.agreement_id)
        .join(ProductInput, ProductInput.version_id == latest_version_id(Product.__table__.c.id))
        .join(Resource, Resource.id == ProductInput.resource_id)
        .where(
            Resource.source_department_id == party_id, ProductInput.access == AccessKind.FREE,
            Product.place.in_(places), Product.owner_id != party_id,
        )
        .order_by(Product.code, Resource.code)
        .options(joinedload(Product.owner))
    )  # fmt: skip
    given: dict[UUID, tuple[Product, str, list[str]]] = {}
    for product, title, agreement in session.execute(query):
        given.setdefault(product.id, (product, agreement, []))[2].append(title)
    return [
        Offer(
            product, places[product.place], agreement, tuple(titles), _closed(session, product, now, book),
            tuple(entitlements.of_buyer(session, party_id, product.id, on)),
        )
        for product, agreement, titles in given.values()
    ]  # fmt: skip


def _closed(session: Session, product: Product, now: datetime, book: PolicyBook) -> tuple[str, ...]:
    if listings.is_open(session, product, now=now, book=book):
        return ()
    return tuple(gate.title for gate in listings.listing_gates(session, product, now=now, book=book) if not gate.open)


def must_be_offered(session: Session, party_id: UUID, code: str, *, now: datetime, book: PolicyBook) -> Offer:
    """Return the offer of one product to a department.

    Raises:
        NotForYou: the department gave no data for it free, or the place has no such rule.
    """
    for one in offers(session, party_id, now=now, book=book):
        if one.product.code == code:
            return one
    raise NotForYou(
        f"产品 {code} 不是由本单位无偿提供的数据产生，或当地没有无偿使用的规定（REU-01）；可按收费标准购买。",
        detail_en=f"{code} is not free for your organisation.",
        rule="REU-01",
    )


def waiting(session: Session, party_ids: Sequence[UUID], *, now: datetime, book: PolicyBook) -> list[Offer]:
    """Return what these departments may take now and have not taken."""
    found = [one for party_id in party_ids for one in offers(session, party_id, now=now, book=book)]
    return [one for one in found if not one.held and not one.closed]


def grounds_for(session: Session, order: Order, rule: Cited, now: datetime) -> list[ReuseGround]:
    """Return on what the free use of an order stands: one ground for each resource that its buyer gave free.

    The resource is an input of the very version that was ordered, free of charge, provided by the buyer, and in the
    scope of the agreement of the order; ``clause`` is the content of that agreement that names its resources.

    Raises:
        NoGround: no resource is all of that.

    Source:
        新昌 三（五）5; 27号 第十四条（一）.
    """
    agreement = session.get_one(Agreement, order.agreement_id)
    clause = AgreementItem.RESOURCE_SCOPE.value
    query = (
        sa.select(Resource.id)
        .join(ProductInput, ProductInput.resource_id == Resource.id)
        .join(AgreementResource, AgreementResource.resource_id == Resource.id)
        .where(
            ProductInput.version_id == order.version_id, ProductInput.access == AccessKind.FREE,
            Resource.source_department_id == order.buyer_id, AgreementResource.agreement_id == agreement.id,
        )
        .order_by(Resource.code)
    )  # fmt: skip
    found = [
        ReuseGround(order_id=order.id, agreement_id=agreement.id, resource_id=resource_id, clause=clause,
                    clause_text=str(agreement.items.get(clause, "")), rule=cited_dict(rule), recorded_at=now)
        for resource_id in session.scalars(query)
    ]  # fmt: skip
    if not found:
        raise NoGround(
            f"授权运营协议 {agreement.number} 的数据资源范围内没有本单位无偿提供的数据，不能无偿开通（REU-01）。",
            detail_en=f"{agreement.number} has no free resource of yours in its scope.",
            rule="REU-01",
        )
    return found


def grounds(session: Session, order_id: UUID) -> list[tuple[ReuseGround, str, str]]:
    """Return on what the free use of an order stands, each with agreement's number and resource's title."""
    query = (
        sa.select(ReuseGround, Agreement.number, Resource.title)
        .join(Agreement, Agreement.id == ReuseGround.agreement_id)
        .join(Resource, Resource.id == ReuseGround.resource_id)
        .where(ReuseGround.order_id == order_id)
        .order_by(Resource.code)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def by_reference(session: Session, buyer_id: UUID, client_reference: str) -> Order | None:
    """Return the order that a department placed under a reference, or None."""
    return orders.by_client_reference(session, buyer_id, client_reference)
