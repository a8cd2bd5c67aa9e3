"""Reads of the negotiated prices, and the price that a buyer agreed on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, SELLERS, WATCHERS, Actor, Permission
from kernel.money import UnitPrice
from pricing.ceilings.queries import cap_at
from pricing.negotiated.model import NegotiableProduct, Negotiation, NegotiationRound
from pricing.negotiated.rules import OPEN, NegotiationState, Side, must_be_under
from pricing.tariffs.queries import Agreed
from pricing.tariffs.rules import Regime
from registry.parties.model import Party
from registry.products.model import Product


class NoSuchNegotiation(NotFound):
    """There is no such negotiation, or none that the actor may know of."""

    code = "negotiation.not_found"


def visible(actor: Actor) -> sa.Select[Negotiation]:
    """Return the negotiations that the actor may read: own ones on either side, or those of own places."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.ORDER_READ]:
            continue
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Negotiation.place == grant.place)
        elif grant.role in SELLERS:
            reached.append(Negotiation.seller_id == grant.org_id)
        else:
            reached.append(Negotiation.buyer_id == grant.org_id)
    return sa.select(Negotiation).where(sa.or_(sa.false(), *reached))


def get(session: Session, actor: Actor, negotiation_id: UUID) -> Negotiation:
    """Return one negotiation.

    Raises:
        NoSuchNegotiation: there is none that the actor may read.
    """
    found = session.scalar(visible(actor).where(Negotiation.id == negotiation_id))
    if found is None:
        raise NoSuchNegotiation(f"没有编号为 {negotiation_id} 的面议，或您无权查看。")
    return found


def locked(session: Session, negotiation_id: UUID) -> Negotiation:
    """Return one negotiation, locked for a change.

    Raises:
        NoSuchNegotiation: there is none.
    """
    query = sa.select(Negotiation).where(Negotiation.id == negotiation_id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchNegotiation(f"没有编号为 {negotiation_id} 的面议。")
    return found


def is_in(state: NegotiationState, today: date) -> sa.ColumnElement[bool]:
    """Return the condition that a negotiation is in a state on a day; open ones end with the last day for an answer."""
    is_open = Negotiation.state.in_(OPEN)
    if state is NegotiationState.EXPIRED:
        return sa.and_(is_open, Negotiation.answer_by < today)
    return sa.and_(Negotiation.state == state, sa.or_(~is_open, Negotiation.answer_by >= today))


def side_of(actor: Actor, negotiation: Negotiation) -> Side | None:
    """Return for which side the actor may answer, or None for those who only watch."""
    if actor.may(Permission.PRICE_SET, org_id=negotiation.seller_id, place=negotiation.place):
        return Side.SELLER
    return Side.BUYER if actor.may(Permission.ORDER_PLACE, org_id=negotiation.buyer_id) else None


def products_and_parties(session: Session, shown: Sequence[Negotiation]) -> list[Product | Party]:
    """Return what the negotiations name, in two queries."""
    named = {party for one in shown for party in (one.seller_id, one.buyer_id)}
    sold = session.scalars(sa.select(Product).where(Product.id.in_({one.product_id for one in shown})))
    return [*sold, *session.scalars(sa.select(Party).where(Party.id.in_(named)))]


def rounds(session: Session, negotiation_id: UUID) -> Sequence[NegotiationRound]:
    """Return every word that was said, in order."""
    query = sa.select(NegotiationRound).where(NegotiationRound.negotiation_id == negotiation_id)
    return session.scalars(query.order_by(NegotiationRound.position)).all()


def publications(session: Session, product_id: UUID) -> Sequence[NegotiableProduct]:
    """Return every publication about negotiating the price of a product, the latest first."""
    query = sa.select(NegotiableProduct).where(NegotiableProduct.product_id == product_id)
    return session.scalars(query.order_by(NegotiableProduct.since.desc())).all()


def rule_at(session: Session, product_id: UUID, on: date) -> str | None:
    """Return the published rule by which the price of a product can be negotiated on a day, or None."""
    newest = next((one for one in publications(session, product_id) if one.since <= on), None)
    return newest.rule if newest is not None and newest.is_open else None


def agreement_on(
    session: Session, product_id: UUID, buyer_id: UUID, on: date, subject_kind: str | None = None
) -> Negotiation | None:
    """Return the accepted negotiation that counts for a buyer on a day: the latest for the kind, else for all."""
    for kind in dict.fromkeys((subject_kind, None)):
        query = (
            sa.select(Negotiation)
            .where(
                Negotiation.product_id == product_id,
                Negotiation.buyer_id == buyer_id,
                Negotiation.state == NegotiationState.ACCEPTED,
                Negotiation.valid_from <= on,
                Negotiation.valid_until >= on,
                Negotiation.subject_kind.is_(None) if kind is None else Negotiation.subject_kind == kind,
            )
            .order_by(Negotiation.closed_at.desc(), Negotiation.id.desc())
            .limit(1)
        )
        found = session.scalar(query)
        if found is not None:
            return found
    return None


def agreed_price(
    session: Session, product_id: UUID, buyer_id: UUID, on: date, subject_kind: str | None = None
) -> Agreed | None:
    """Return what a buyer agreed on for a day, to be handed to ``pricing.tariffs.queries.price``, or None.

    Raises:
        AgreedAboveCap: the cap has been lowered below it since; both sides have to agree anew.
    """
    found = agreement_on(session, product_id, buyer_id, on, subject_kind)
    if found is None:
        return None
    must_stay_under(session, found, found.unit_price_max, on)
    return Agreed(found.number, found.tariff_model(), found.rule)


def must_stay_under(session: Session, negotiation: Negotiation, highest: UnitPrice, on: date) -> None:
    """Refuse a negotiated price above the cap in force on a day.

    Raises:
        AgreedAboveCap: it is, or a guided price has no cap on that day.
    """
    guided = negotiation.regime is Regime.GOV_GUIDED
    kind = negotiation.subject_kind
    cap = cap_at(session, negotiation.product_id, negotiation.charge_unit, on, kind) if guided else None
    limit = cap.amount if cap is not None else None
    must_be_under(highest, limit, guided, f"面议 {negotiation.number} ")
