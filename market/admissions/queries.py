"""What an order meets, in one statement that finds its row only while everything is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import business_date, start_of_day
from kernel.db import new_id
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.policy import PolicyBook
from kernel.prepared import asked, prepared
from market.admissions.rules import Earned, Exempted, Offered, Today, Wanted, price_today
from market.listings.model import Listing
from market.listings.queries import open_condition
from market.orders.model import Order, Quote
from market.orders.rules import LIVE, OrderState
from pricing.ceilings.model import ALL_KINDS, Ceiling, FeeCap
from pricing.classes.model import BuyerClassMember
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import ExemptionState, Grant
from pricing.headroom.model import HeadroomReading
from pricing.negotiated.model import Negotiation
from pricing.negotiated.rules import NegotiationState
from pricing.policy import PricingPolicy
from pricing.tariffs.model import ANY, Tariff
from pricing.tariffs.rules import PriceReason, TariffModel
from registry.agreements.model import Agreement
from registry.parties.model import Party, PartyCapacity
from registry.parties.rules import Capacity, Standing
from registry.products.model import Product, ProductInput, ProductVersion
from registry.products.queries import latest_version_id
from registry.registrations.model import Registration
from registry.registrations.queries import effective_clause
from registry.resources.model import Resource

BUYING = (Capacity.BUYER, Capacity.SOURCE_DEPARTMENT)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A quote that may be ordered now: the row of facts, and what the purchase costs today."""

    facts: sa.Row[Any]
    today: Today

    @property
    def exemption_id(self) -> UUID | None:
        """The approval that makes the purchase free; a charged purchase uses none."""
        is_free = self.today.reason is PriceReason.PUBLIC_INTEREST
        found: UUID | None = self.facts.exemption_id if is_free else None
        return found

    def order(self, actor: Actor, *, client_reference: str, now: datetime) -> dict[str, Any]:
        """Return the columns of the order that the quote becomes, but for its number."""
        facts, today = self.facts, self.today
        return {
            "id": new_id(), "version": 1, "place": facts.place, "quote_id": facts.id, "product_id": facts.product_id,
            "version_id": facts.version_id, "agreement_id": facts.agreement_id, "tariff_id": facts.tariff_id,
            "exemption_id": self.exemption_id, "buyer_id": facts.buyer_id, "seller_id": facts.seller_id,
            "venue": facts.venue, "purpose": facts.purpose, "scenario": facts.scenario, "quantity": facts.quantity,
            "term_months": facts.term_months, "subject_kind": facts.subject_kind, "amount": today.amount,
            "shadow_amount": today.shadow_amount, "reason": today.reason, "state": OrderState.PLACED, "placed_at": now,
            "placed_by": actor.id, "client_reference": client_reference,
        }  # fmt: skip


def admitted(
    session: Session, actor: Actor, *, quote_number: str, client_reference: str, now: datetime, book: PolicyBook
) -> Admitted | None:
    """Return the facts of a quote that certainly may be ordered now, with its product locked; else None.

    None is no refusal: the steps of :func:`market.orders.commands.place` are asked then, and say why, or find that an
    unusual purchase (a class of buyers, an agreed price, own data, an order sent again) is in order.
    """
    if not _buys(actor):
        return None
    session.flush()  # the connection is asked directly, and must see what the session holds
    connection, brought = session.connection(), {"number": quote_number, "buyer": actor.org_id}
    dialect = connection.dialect.name
    if dialect == "postgresql":  # who closes a gate or lowers a cap holds this lock: what is read below stays so
        connection.execute(LOCKING, brought)
    statement = _prepared(dialect, business_date(now), book)
    facts = connection.execute(statement, {**brought, "reference": client_reference}).one_or_none()
    if facts is None:
        return None
    today = _priced(facts, now, book)
    return None if today is None else Admitted(facts, today)


LOCKING = sa.text(
    "SELECT 1 FROM registry_product WHERE id = (SELECT product_id FROM market_quote"
    " WHERE number = :number AND buyer_id = :buyer) FOR NO KEY UPDATE"
).bindparams(sa.bindparam("number", type_=sa.Text()), sa.bindparam("buyer", type_=sa.Uuid()))


def _buys(actor: Actor) -> bool:
    roles, org_id = ROLES_OF[Permission.ORDER_PLACE], actor.org_id
    sees_own_quotes = any(grant.role in roles and grant.org_id == org_id for grant in actor.grants)
    return org_id is not None and sees_own_quotes and actor.may(Permission.ORDER_PLACE, org_id=org_id)


def _priced(facts: sa.Row[Any], now: datetime, book: PolicyBook) -> Today | None:
    on = business_date(now)
    free, is_blocked = _law(book, facts.place, on)
    wanted = Wanted(facts.purpose, facts.quantity, facts.amount, facts.valid_until)
    offered = Offered(
        facts.regime, TariffModel.from_dict(facts.model), facts.unit_price_max, facts.cap, facts.venue,
        is_of_operator=facts.operator_id == facts.seller_id,
    )  # fmt: skip
    exempted = None
    if facts.exemption_id is not None:
        exempted = Exempted(Grant(facts.free_from, facts.free_until, facts.free_quota), int(facts.free_ordered))
    earned = None
    if is_blocked and facts.accrued is not None and facts.permitted is not None:
        earned = Earned(facts.accrued, facts.permitted)
    return price_today(wanted, offered, exempted, earned, free=free, now=now, on=on)


@lru_cache(maxsize=64)
def _law(book: PolicyBook, place: str, on: date) -> tuple[frozenset[str], bool]:
    """Return the purposes that cost nothing at a place, and whether it stops at the permitted revenue."""
    policy = PricingPolicy.at(book, place, on)
    return frozenset(policy.require("exemption_purposes_free").items()), policy.says("block_at_ceiling")


@lru_cache(maxsize=16)
def _prepared(dialect: str, on: date, book: PolicyBook) -> sa.TextualSelect:
    question = _question(on, open_condition(start_of_day(on), book))
    return prepared(question, dialect, number=sa.Text(), buyer=sa.Uuid(), reference=sa.Text())


def _question(on: date, is_open: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """Return the question over one quote; each table that the gates ask too goes by another name here."""
    version, tariff, agreement = aliased(ProductVersion), aliased(Tariff), aliased(Agreement)
    seller, buyer, free = aliased(Party), aliased(Party), aliased(Exemption)
    return (
        sa.select(
            Quote.id, Quote.number, Quote.place, Quote.product_id, Quote.version_id, Quote.tariff_id, Quote.purpose,
            Quote.scenario, Quote.quantity, Quote.term_months, Quote.subject_kind, Quote.amount, Quote.valid_until,
            Quote.buyer_id, buyer.name.label("buyer_name"), buyer.uscc.label("buyer_uscc"),
            Product.owner_id.label("seller_id"), seller.name.label("seller_name"), seller.uscc.label("seller_uscc"),
            Product.code, Product.title, Product.delivery_form, Product.source_statement, Product.agreement_id,
            agreement.number.label("agreement_number"), agreement.operating_institution_id.label("operator_id"),
            version.number.label("version_number"), version.content_sha256, version.description, version.fields,
            Listing.venue, registration_code(on), tariff.number.label("tariff_number"), tariff.charge_unit,
            tariff.regime, tariff.model, tariff.unit_price_max, _cap(tariff, on),
            free.id.label("exemption_id"), free.quota.label("free_quota"), free.valid_from.label("free_from"),
            free.valid_until.label("free_until"), _ordered(free), *_revenue(on),
        )
        .select_from(Quote)
        .join(Product, Product.id == Quote.product_id)
        .join(Listing, Listing.product_id == Product.id)
        .join(version, version.id == Quote.version_id)
        .join(tariff, tariff.id == Quote.tariff_id)
        .join(agreement, agreement.id == Product.agreement_id)
        .join(seller, seller.id == Product.owner_id)
        .join(buyer, buyer.id == Quote.buyer_id)
        .outerjoin(free, free.id == _exemption(on))
        .where(
            Quote.number == asked("number"), Quote.buyer_id == asked("buyer"), Product.owner_id != Quote.buyer_id,
            Quote.version_id == latest_version_id(Product.__table__.c.id), Quote.tariff_id == _tariff(on),
            buyer.standing == Standing.IN_ORDER, _may_buy(), *_nothing_unusual(on), is_open,
        )
    )  # fmt: skip


def _may_buy() -> sa.ColumnElement[bool]:
    held = PartyCapacity.party_id == Quote.buyer_id, PartyCapacity.capacity.in_(BUYING)
    return sa.exists().where(*held).correlate(Quote)


def _nothing_unusual(on: date) -> list[sa.ColumnElement[bool]]:
    """Return that neither quote nor reference has an order yet, and that nothing makes another price for this buyer.

    What was agreed on does, a class of buyers, and data that the buyer provided.
    """
    again = aliased(Order)
    of_buyer = sa.and_(again.buyer_id == asked("buyer"), again.client_reference == asked("reference"))
    agreed = (
        Negotiation.product_id == Quote.product_id, Negotiation.buyer_id == Quote.buyer_id,
        Negotiation.state == NegotiationState.ACCEPTED, Negotiation.valid_from <= on, Negotiation.valid_until >= on,
    )  # fmt: skip
    provided = sa.select(ProductInput.id).join(Resource, Resource.id == ProductInput.resource_id)
    provided = provided.where(
        ProductInput.version_id == Quote.version_id, Resource.source_department_id == Quote.buyer_id
    )
    of_class = BuyerClassMember.product_id == Quote.product_id, BuyerClassMember.party_id == Quote.buyer_id
    return [
        ~sa.exists().where(again.quote_id == Quote.id).correlate(Quote),
        ~sa.exists().where(of_buyer),
        ~sa.exists().where(*agreed).correlate(Quote),
        ~sa.exists().where(*of_class).correlate(Quote),
        ~provided.correlate(Quote).exists(),
    ]


def _tariff(on: date) -> sa.ScalarSelect[UUID]:
    """Return the price in force for a buyer without a class: that of the kind of subject before that of all."""
    now = aliased(Tariff)
    kind = Quote.subject_kind + f"/{ANY}"
    of_all = now.scope == f"{ANY}/{ANY}"
    return (
        sa.select(now.id)
        .where(now.product_id == Quote.product_id, now.effective_from <= on, sa.or_(now.scope == kind, of_all))
        .order_by(sa.case((of_all, 1), else_=0), now.effective_from.desc())
        .limit(1)
        .correlate(Quote)
        .scalar_subquery()
    )


def _cap(tariff: Any, on: date) -> sa.Label[Any]:
    """Return the cap in force for the kind of subject of the price, else for all kinds."""
    cap = aliased(FeeCap)
    of_all = cap.scope == ALL_KINDS
    query = sa.select(cap.amount).where(
        cap.product_id == tariff.product_id, cap.charge_unit == tariff.charge_unit, cap.effective_from <= on,
        sa.or_(of_all, cap.scope == tariff.subject_kind),
    )  # fmt: skip
    query = query.order_by(sa.case((of_all, 1), else_=0), cap.effective_from.desc()).limit(1)
    return query.correlate(tariff).scalar_subquery().label("cap")


def registration_code(on: date) -> sa.Label[Any]:
    """Return the code of the registration that protects sales on a day, over :class:`Product`."""
    query = sa.select(Registration.code).where(Registration.product_id == Product.id, effective_clause(on))
    query = query.order_by(Registration.valid_from.desc()).limit(1)
    return query.correlate(Product).scalar_subquery().label("registration_code")


def _exemption(on: date) -> sa.ScalarSelect[UUID]:
    newest = aliased(Exemption)
    return (
        sa.select(newest.id)
        .where(
            newest.product_id == Quote.product_id, newest.grantee_id == Quote.buyer_id,
            newest.purpose == Quote.purpose, newest.state == ExemptionState.APPROVED,
            newest.valid_from <= on, newest.valid_until >= on,
        )
        .order_by(newest.id.desc())
        .limit(1)
        .correlate(Quote)
        .scalar_subquery()
    )  # fmt: skip


def _ordered(free: Any) -> sa.Label[Any]:
    counted = aliased(Order)
    query = sa.select(sa.func.coalesce(sa.func.sum(counted.quantity), 0))
    query = query.where(counted.exemption_id == free.id, counted.state.in_(LIVE))
    return query.correlate(free).scalar_subquery().label("free_ordered")


def _revenue(on: date) -> list[sa.Label[Any]]:
    """Return what the agreement has earned by the newest reading of the year, and what it may."""
    read, may = aliased(HeadroomReading), aliased(Ceiling)
    earned = sa.select(read.accrued).where(read.agreement_id == Product.agreement_id, read.year == on.year)
    permitted = sa.select(may.max_permitted_revenue).where(
        may.agreement_id == Product.agreement_id, may.year == on.year
    )
    return [
        earned.order_by(read.read_at.desc(), read.id.desc()).limit(1).correlate(Product).scalar_subquery()
        .label("accrued"),
        permitted.order_by(may.determined_at.desc(), may.id.desc()).limit(1).correlate(Product).scalar_subquery()
        .label("permitted"),
    ]  # fmt: skip
