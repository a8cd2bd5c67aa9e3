"""Asking for a price and placing an order; every step checks gates and price anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import MONTHS_PER_YEAR, business_date
from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from market.grounds import queries as grounds
from market.grounds.queries import Asked
from market.listings import queries as listings
from market.listings.model import Listing
from market.orders import queries
from market.orders.model import Order, Quote
from market.orders.rules import OrderEvent, after
from market.venues.rules import must_fit_channel
from pricing.costs.rules import ChargeUnit
from pricing.exemptions.rules import Purpose
from pricing.tariffs.queries import Priced
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.products import queries as products
from registry.products.model import Product

QUOTE_VALID = timedelta(days=7)
BUYING = (Capacity.BUYER, Capacity.SOURCE_DEPARTMENT)


class NoOrganisation(NotAllowed):
    """Only organisations buy."""

    code = "order.no_organisation"


class NotABuyer(NotAllowed):
    """The organisation is not registered as buyer or source department, or not in good standing."""

    code = "order.not_a_buyer"
    title = "本单位不具备购买资格"
    title_en = "Not a buyer in good standing"


class OwnProduct(Conflict):
    """A seller cannot buy from itself."""

    code = "order.own_product"


class TermDiffers(Invalid):
    """For a price per period the term is the quantity."""

    code = "quote.term_differs"


class QuoteUsed(Conflict):
    """The quote has become an order."""

    code = "quote.used"


class ReferenceUsed(Conflict):
    """The buyer's reference names another order."""

    code = "order.reference_used"
    title = "订单参考号已用于另一订单"
    title_en = "The reference names another order"


def quote(
    session: Session,
    actor: Actor,
    *,
    product_code: str,
    purpose: Purpose,
    scenario: str,
    quantity: int,
    now: datetime,
    book: PolicyBook,
    term_months: int | None = None,
    subject_kind: str | None = None,
) -> Quote:
    """Say what a purchase would cost for the declared purpose, with the explanation, valid for seven days.

    Raises:
        NotAllowed: the actor does not buy for an organisation.
        NotABuyer: the organisation is not a buyer in good standing (MKT-03).
        NoSuchProduct: there is no such product.
        NotListed: a gate is closed, or the product is not offered; ``errors`` names each closed gate.
        OwnProduct: the product is the buyer's own.
        TermDiffers: the price is per month, and term and quantity differ.
        ExemptionRequired: public-interest use was not approved, or not for so many units (PUB-02).
        NoTariff: the use is charged and there is no price for that kind of subject.
        TariffAboveCap: the price is above the cap in force (PRC-05).
        RevenueExhausted: the operator has earned what the year permits, and the place stops there (PRC-07).
    """
    buyer = _buyer(session, actor)
    product = products.by_code(session, product_code)
    if product.owner_id == buyer.id:
        raise OwnProduct(f"产品 {product.code} 由本单位出售，无需购买", detail_en="Your own product")
    listing = listings.must_be_listed(session, product, now=now, book=book)
    version = products.latest_version(session, product.id)
    priced = queries.priced(session, product, buyer.id, purpose, quantity, subject_kind, now=now, book=book)
    must_fit_channel(listing.venue, priced.amount)
    made = Quote(
        number=numbering.number(session, "QUO", business_date(now)), place=product.place, product_id=product.id,
        version_id=version.id, buyer_id=buyer.id, purpose=purpose, scenario=scenario, quantity=quantity,
        term_months=_term(priced, quantity, term_months), subject_kind=subject_kind,
        tariff_id=priced.tariff.id if priced.tariff else None,
        exemption_id=priced.exemption.id if priced.exemption else None,
        amount=priced.amount, shadow_amount=priced.shadow_amount, reason=priced.reason,
        explanation=priced.explanation, made_at=now, valid_until=now + QUOTE_VALID,
    )  # fmt: skip
    asked = Asked(buyer.id, version.id, purpose, scenario, quantity, made.term_months, subject_kind, business_date(now))
    made.inputs = grounds.inputs_of(session, asked, product, priced, book=book)
    made.digest = grounds.digest(queries.document(made))
    session.add(made)
    session.flush()
    audit.record(session, actor, "quote.make", made, at=now,
                 detail={"product": product.code, "purpose": purpose, "quantity": quantity,
                         "amount": priced.amount.text()})  # fmt: skip
    return made


def place(
    session: Session, actor: Actor, *, quote_number: str, client_reference: str, now: datetime, book: PolicyBook
) -> Order:
    """Turn a quote into an order. The same reference gives the same order, however often it is sent.

    Raises:
        NotAllowed: the actor does not buy for an organisation.
        NotABuyer: the organisation is not a buyer in good standing.
        NoSuchQuote: there is no such quote of this buyer.
        ReferenceUsed: the reference names an order from another quote.
        QuoteUsed: the quote has become an order under another reference.
        QuoteExpired: its time is over.
        QuoteClosedByCap: a cap below its price has come into force.
        NotListed: a gate has closed in the meantime.
        VersionChanged: a newer version is on offer.
        PriceChanged: the purchase costs something else today.
        ExemptionRequired: the exemption has ended, or other orders have used it up.
        TariffAboveCap: the cap has been lowered below the price.
        RevenueExhausted: the permitted revenue of the year is earned, and the place stops there.
    """
    buyer = _buyer(session, actor)
    wanted = queries.quote(session, actor, quote_number, lock=True)
    if wanted.buyer_id != buyer.id:
        raise queries.NoSuchQuote(f"没有编号为 {quote_number} 的报价，或不属于本单位")
    placed = _placed_before(session, wanted, client_reference)
    if placed is not None:
        return placed
    product = products.get(session, wanted.product_id, lock=True)
    listing, priced = queries.must_stand(session, wanted, product, now=now, book=book)
    made = _order(session, wanted, product, listing, priced, client_reference, actor, now)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        raced = _placed_before(session, wanted, client_reference)
        if raced is None:
            raise
        return raced
    audit.record(session, actor, "order.place", made, at=now,
                 detail={"quote": wanted.number, "product": product.code, "amount": made.amount.text(),
                         "purpose": made.purpose, "reference": client_reference})  # fmt: skip
    return made


def move(session: Session, actor: Actor, order_id: UUID, event: OrderEvent, *, now: datetime) -> Order:
    """Take the next step of an order, for the command that has checked who may.

    Raises:
        NoSuchOrder: there is no such order.
        WrongState: the step is not possible now.
        NothingToPay: payment and amount do not fit together.
    """
    order = queries.get(session, order_id, lock=True)
    before = order.state
    order.state = after(before, event, amount=order.amount)
    audit.record(session, actor, f"order.{event}", order, at=now, detail={"from": before, "to": order.state})
    return order


def _buyer(session: Session, actor: Actor) -> Party:
    actor.must(Permission.ORDER_PLACE, org_id=actor.org_id)
    if actor.org_id is None:
        raise NoOrganisation("只有单位可以购买；请以购买单位的账号登录", detail_en="Sign in for an organisation")
    party = parties.get(session, actor.org_id)
    if not party.is_in_order or not any(parties.has_capacity(session, party.id, one, None) for one in BUYING):
        raise NotABuyer(f"{party.name}未登记为购买方或数源部门，或已被暂停；请先办理主体登记",
                        detail_en=f"{party.name} is no buyer in good standing", rule="MKT-03")  # fmt: skip
    return party


def _term(priced: Priced, quantity: int, asked: int | None) -> int:
    if priced.tariff is None or priced.tariff.charge_unit is not ChargeUnit.PER_PERIOD:
        return asked or MONTHS_PER_YEAR
    if asked not in (None, quantity):
        raise TermDiffers(f"该产品按月计费，购买 {quantity} 个月的使用期限就是 {quantity} 个月",
                          detail_en="Priced per month: term and quantity are the same")  # fmt: skip
    return quantity


def _placed_before(session: Session, wanted: Quote, client_reference: str) -> Order | None:
    known = queries.by_client_reference(session, wanted.buyer_id, client_reference)
    if known is not None and known.quote_id != wanted.id:
        raise ReferenceUsed(f"参考号“{client_reference}”已用于订单 {known.number}；新订单请换一个参考号",
                            detail_en=f"The reference belongs to {known.number}")  # fmt: skip
    other = queries.order_of_quote(session, wanted.id)
    if known is None and other is not None:
        raise QuoteUsed(f"报价 {wanted.number} 已生成订单 {other.number}；再次购买请重新询价",
                        detail_en=f"The quote became {other.number}")  # fmt: skip
    return known


def _order(
    session: Session, wanted: Quote, product: Product, listing: Listing, priced: Priced, client_reference: str,
    actor: Actor, now: datetime,
) -> Order:  # fmt: skip
    return Order(
        number=numbering.number(session, "ORD", business_date(now)), place=wanted.place, quote_id=wanted.id,
        product_id=product.id, version_id=wanted.version_id, agreement_id=product.agreement_id,
        tariff_id=priced.tariff.id if priced.tariff else None,
        exemption_id=priced.exemption.id if priced.exemption else None, buyer_id=wanted.buyer_id,
        seller_id=product.owner_id, venue=listing.venue, purpose=wanted.purpose, scenario=wanted.scenario,
        quantity=wanted.quantity, term_months=wanted.term_months,
        subject_kind=wanted.subject_kind, amount=priced.amount,
        shadow_amount=priced.shadow_amount, reason=priced.reason, placed_at=now, placed_by=actor.id,
        client_reference=client_reference,
    )  # fmt: skip
