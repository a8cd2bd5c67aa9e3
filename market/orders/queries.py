"""Reading quotes and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import business_date
from kernel.errors import DomainError, NotFound
from kernel.identity import ROLES_OF, SELLERS, WATCHERS, Actor, Permission, Role
from kernel.money import round_half_up
from kernel.policy import PolicyBook
from market.grounds.queries import agreed_for
from market.listings import queries as listings
from market.listings.model import Listing
from market.listings.queries import NotListed
from market.orders.model import Order, Quote
from market.orders.rules import (
    LIVE,
    OrderState,
    PriceChanged,
    QuoteExpired,
    QuoteState,
    must_be_of_newest_version,
    must_be_valid,
    must_cost_the_same,
)
from market.venues.rules import must_fit_channel
from pricing.ceilings.model import FeeCap
from pricing.exemptions import queries as exemptions
from pricing.exemptions.rules import Purpose
from pricing.headroom.queries import revenue_is_exhausted
from pricing.headroom.rules import ARTICLE as HEADROOM_ARTICLE
from pricing.negotiated.rules import AgreedAboveCap
from pricing.policy import PricingPolicy
from pricing.tariffs import queries as prices
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import NoTariff, Priced, TariffAboveCap
from pricing.tariffs.rules import CAP_ARTICLE, SERVICE_FEES, PriceReason
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product

BUYER, SELLER = aliased(Party), aliased(Party)


class NoSuchQuote(NotFound):
    """There is no such quote, or none that the actor may know of."""

    code = "quote.not_found"


class NoSuchOrder(NotFound):
    """There is no such order, or none that the actor may know of."""

    code = "order.not_found"


class RevenueExhausted(NotListed):
    """The permitted revenue of the year is earned, and the place takes no paid orders above it (B3)."""

    code = "order.revenue_exhausted"
    title = "本年度最高准许收入已满"
    title_en = "The permitted revenue of the year is earned"


class QuoteClosedByCap(NotListed):
    """A cap below the quoted price has come into force: nothing above a cap is charged (PRC-05)."""

    code = "quote.closed_by_cap"
    title = "报价因新的上限收费标准关闭"
    title_en = "A new cap has closed the quote"
    cap: FeeCap


@dataclass(frozen=True, slots=True)
class Standing:
    """What a quote is worth at a moment, and the very refusal that an order would meet."""

    quote: Quote
    state: QuoteState
    refusal: DomainError | None = None
    cap: FeeCap | None = None

    @property
    def closed_because(self) -> str | None:
        """Why the quote cannot be ordered, in the words of the refusal."""
        return self.refusal.detail if self.refusal else None

    @property
    def closed_by_cap_id(self) -> UUID | None:
        """The cap that closed the quote."""
        return self.cap.id if self.cap else None

    @property
    def closed_from(self) -> date | None:
        """The first day of the cap that closed the quote."""
        return self.cap.effective_from if self.cap else None


def quotes(actor: Actor) -> sa.Select[Quote]:
    """Return the query of the quotes that were made for the actor's organisation, or at the places it watches."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in ROLES_OF[Permission.ORDER_PLACE] and grant.org_id is not None:
            reached.append(Quote.buyer_id == grant.org_id)
        elif grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Quote.place == grant.place)
    return sa.select(Quote).where(sa.or_(sa.false(), *reached))


def quote(session: Session, actor: Actor, number: str, *, lock: bool = False) -> Quote:
    """Return a quote by its number.

    Raises:
        NoSuchQuote: there is none that the actor may know of.
    """
    query = quotes(actor).where(Quote.number == number)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NoSuchQuote(f"没有编号为 {number} 的报价，或不属于本单位", detail_en=f"No quote {number}")
    return found


def listed(actor: Actor, *, state: OrderState | None = None) -> sa.Select[Order]:
    """Return the query of the orders within the actor's scope.

    Buyers see what they bought, sellers what they sold, an operator what was sold under its agreements; authorities,
    finance and auditors what was sold at their places.
    """
    query = sa.select(Order).where(in_scope(actor))
    return query if state is None else query.where(Order.state == state)


def with_names(query: sa.Select[Any]) -> sa.Select[Any]:
    """Return a query of orders, or of what hangs on them, that also knows the names of product and parties."""
    return (
        query.join(Product, Product.id == Order.product_id)
        .join(BUYER, BUYER.id == Order.buyer_id)
        .join(SELLER, SELLER.id == Order.seller_id)
    )


def in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition that the actor may read an order and what hangs on it."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.ORDER_READ]:
            continue
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Order.place == grant.place)
        elif grant.org_id is not None:
            at_place = sa.true() if grant.place is None else Order.place == grant.place
            sold = (Order.seller_id == grant.org_id) & at_place
            reached.append(sold if grant.role in SELLERS else Order.buyer_id == grant.org_id)
        if grant.role is Role.OPERATOR and grant.org_id is not None:
            operated = sa.select(Agreement.id).where(Agreement.operating_institution_id == grant.org_id)
            reached.append(Order.agreement_id.in_(operated))
    return sa.or_(sa.false(), *reached)


def get(session: Session, order_id: UUID, *, lock: bool = False) -> Order:
    """Return the order; locked and read afresh on demand.

    Raises:
        NoSuchOrder: there is none.
    """
    query = sa.select(Order).where(Order.id == order_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return _one(session.scalar(query), str(order_id))


def visible(session: Session, actor: Actor, number: str) -> Order:
    """Return an order by its number.

    Raises:
        NoSuchOrder: there is none that the actor may know of.
    """
    return _one(session.scalar(listed(actor).where(Order.number == number)), number)


def _one(found: Order | None, name: str) -> Order:
    if found is None:
        raise NoSuchOrder(f"没有订单 {name}，或不属于本单位", detail_en=f"No order {name}")
    return found


def by_client_reference(session: Session, buyer_id: UUID, client_reference: str) -> Order | None:
    """Return the order that the buyer placed under that reference, or None."""
    query = sa.select(Order).where(Order.buyer_id == buyer_id, Order.client_reference == client_reference)
    return session.scalar(query.execution_options(populate_existing=True))


def order_of_quote(session: Session, quote_id: UUID) -> Order | None:
    """Return the order that a quote became, or None."""
    return session.scalar(sa.select(Order).where(Order.quote_id == quote_id))


def quote_of(session: Session, order: Order) -> Quote:
    """Return the quote that became an order."""
    return session.get_one(Quote, order.quote_id)


def ordered_under(session: Session, exemption_id: UUID) -> int:
    """Return how many units were ordered under an exemption, cancelled orders not counted."""
    query = sa.select(sa.func.coalesce(sa.func.sum(Order.quantity), 0))
    return int(session.scalar(query.where(Order.exemption_id == exemption_id, Order.state.in_(LIVE))) or 0)


# ---- what a quote costs, what it rests on, and whether it still stands ----


def priced(
    session: Session, product: Product, buyer_id: UUID, purpose: Purpose, quantity: int, subject_kind: str | None, *,
    now: datetime, book: PolicyBook,
) -> Priced:  # fmt: skip
    """Return what a buyer pays now; what other orders took from the exemption is counted.

    Raises:
        ExemptionRequired: public-interest use was not approved, or not for so many units.
        NoTariff: the use is charged and there is no price.
        TariffAboveCap: the price is above the cap in force.
        AgreedAboveCap: what seller and buyer agreed on is.
        RevenueExhausted: the operator has earned what the year permits, and the place stops there.
    """
    on = business_date(now)
    exemption = exemptions.in_force(session, product.id, buyer_id, purpose, on)
    ordered = ordered_under(session, exemption.id) if exemption is not None else 0
    found = prices.price(session, product, purpose=purpose, buyer_id=buyer_id, quantity=quantity, on=on, book=book,
                         subject_kind=subject_kind, ordered_free=ordered,
                         agreed=agreed_for(session, product.id, buyer_id, purpose, on, subject_kind))  # fmt: skip
    _must_leave_revenue(session, product, found, on, book)
    return found


def _must_leave_revenue(session: Session, product: Product, found: Priced, on: date, book: PolicyBook) -> None:
    """Refuse to charge the operator's service fee beyond the permitted revenue; free use goes on."""
    is_fee = found.tariff is not None and found.tariff.regime in SERVICE_FEES
    if not (found.amount and is_fee and product.agreement.operating_institution_id == product.owner_id):
        return
    if not revenue_is_exhausted(session, product.agreement_id, on, book):
        return
    stop = PricingPolicy.at(book, product.place, on).block_at_ceiling
    words = f"协议 {product.agreement.number} 的 {on.year} 年累计收入已达最高准许收入，不再接受付费订单"
    raise RevenueExhausted(
        f"{words}；公益用途不受影响，付费使用请待核定新的最高准许收入后再询价",
        detail_en=f"The permitted revenue of {on.year} is earned; no paid orders until a new one is determined.",
        rule="PRC-07",
        article=stop.citation() if stop else HEADROOM_ARTICLE,
        errors=[{"pointer": "/gates/revenue", "code": RevenueExhausted.code, "message": words}],
    )


def must_stand(
    session: Session, wanted: Quote, product: Product, *, now: datetime, book: PolicyBook
) -> tuple[Listing, Priced]:
    """Return the offer and today's price of a quote that may be ordered now.

    Raises:
        QuoteExpired: its time is over.
        QuoteClosedByCap: a cap below its price has come into force.
        NotListed: a gate has closed.
        VersionChanged: a newer version is on offer.
        PriceChanged: the purchase costs something else today.
        ExemptionRequired: the exemption has ended, or other orders have used it up.
        NoTariff: there is no price any more.
        TariffAboveCap: the cap has been lowered below the price.
        RevenueExhausted: the permitted revenue of the year is earned, and the place stops there.
        AgreedAboveCap: it has been lowered below what seller and buyer agreed on.
    """
    must_be_valid(wanted.number, wanted.valid_until, now)
    _must_be_under_cap(session, wanted, business_date(now))
    listing = listings.must_be_listed(session, product, now=now, book=book)
    newest = products.latest_version(session, product.id)
    must_be_of_newest_version(wanted.number, product.code, is_newest=newest.id == wanted.version_id)
    found = priced(
        session, product, wanted.buyer_id, wanted.purpose, wanted.quantity, wanted.subject_kind, now=now, book=book
    )
    must_cost_the_same(wanted.number, wanted.amount, found.amount)
    must_fit_channel(listing.venue, found.amount)
    return listing, found


def state_of(
    session: Session, wanted: Quote, *, now: datetime, book: PolicyBook, order: Order | None = None,
    as_if_not_ordered: bool = False,
) -> Standing:  # fmt: skip
    """Return what a quote is worth now, derived by the same steps as an order takes.

    ``as_if_not_ordered`` asks it of a quote that has become an order: whether it would stand today.
    """
    order = order or order_of_quote(session, wanted.id)
    if order is not None and not as_if_not_ordered:
        return Standing(wanted, QuoteState.ORDERED)
    try:
        must_stand(session, wanted, products.get(session, wanted.product_id), now=now, book=book)
    except QuoteExpired as refusal:
        return Standing(wanted, QuoteState.EXPIRED, refusal)
    except QuoteClosedByCap as refusal:
        return Standing(wanted, QuoteState.CLOSED_BY_CAP, refusal, refusal.cap)
    except (TariffAboveCap, AgreedAboveCap) as refusal:
        return Standing(wanted, QuoteState.CLOSED_BY_CAP, refusal)
    except (PriceChanged, NoTariff) as refusal:
        return Standing(wanted, QuoteState.CLOSED_BY_PRICE, refusal)
    except DomainError as refusal:
        return Standing(wanted, QuoteState.CLOSED_BY_GATE, refusal)
    return Standing(wanted, QuoteState.OPEN)


def states_of(session: Session, wanted: Sequence[Quote], *, now: datetime, book: PolicyBook) -> list[Standing]:
    """Return what each of several quotes is worth now."""
    query = sa.select(Order).where(Order.quote_id.in_([quote.id for quote in wanted]))
    ordered = {order.quote_id: order for order in session.scalars(query)}
    return [state_of(session, quote, now=now, book=book, order=ordered.get(quote.id)) for quote in wanted]


def _must_be_under_cap(session: Session, wanted: Quote, on: date) -> None:
    """Refuse a quote whose price was lawful when it was made and lies above the cap that has come into force."""
    if wanted.tariff_id is None:
        return
    if wanted.reason is PriceReason.NEGOTIATED:  # what was agreed on lies under the cap, or is refused in its own words
        agreed_for(session, wanted.product_id, wanted.buyer_id, wanted.purpose, on, wanted.subject_kind)
        return
    tariff = session.get_one(Tariff, wanted.tariff_id)
    cap = prices.cap_of(session, tariff, on)
    if cap is None or prices.is_within_cap(tariff, cap):
        return
    still_charged = any(one.id == tariff.id for one in prices.in_force(session, wanted.product_id, on))
    if not still_charged and wanted.amount <= round_half_up(cap.amount.times(wanted.quantity)):
        return  # a newer price applies, and the same purchase may cost the same under it
    words = (
        f"报价 {wanted.number} 已关闭：自 {cap.effective_from} 起执行的上限收费标准为 {cap.amount.text()} 元"
        f"（书面报告 {cap.report_number}），收费标准 {tariff.number} 最高 {tariff.unit_price_max.text()} 元，高于上限"
    )
    refusal = QuoteClosedByCap(
        f"{words}；请待供方调低收费标准后重新询价",
        detail_en=f"Quote {wanted.number} is closed: a cap of {cap.amount.text()} applies from {cap.effective_from}",
        rule="PRC-05",
        article=CAP_ARTICLE,
        errors=[{"pointer": "/gates/price", "code": QuoteClosedByCap.code, "message": words}],
    )
    refusal.cap = cap
    raise refusal


def document(made: Quote) -> dict[str, Any]:
    """Return the explanation of a quote as it was stored: what its digest is taken over."""
    return {
        "number": made.number,
        "amount": made.amount.text(),
        "shadow_amount": made.shadow_amount.text(),
        "reason": made.reason.value,
        "inputs": made.inputs,
        "explanation": made.explanation,
    }
