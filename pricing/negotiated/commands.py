"""Publishing that a price can be negotiated, offering, answering, and agreeing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from pricing.classes.queries import classes_of
from pricing.negotiated import queries
from pricing.negotiated.model import NegotiableProduct, Negotiation, NegotiationRound
from pricing.negotiated.rules import (
    NegotiationAct,
    NegotiationState,
    NotNegotiable,
    Side,
    after,
    must_run_forward,
    present_state,
    terms_unusable,
)
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import cap_of, in_force, tariff_for
from pricing.tariffs.rules import Regime, TariffModel, dearest_unit
from registry.parties import queries as parties
from registry.products import queries as products
from registry.products.model import Product


def publish_negotiable(
    session: Session, actor: Actor, *, product_id: UUID, rule: str, is_open: bool, since: date, now: datetime
) -> NegotiableProduct:
    """Publish that the price of a product can be negotiated under a rule from a day on, or no longer.

    Raises:
        NotAllowed: the actor does not act for the seller.
        NotNegotiable: there is no price of the product on that day, or a guided one without a cap.
        TermsUnusable: the day is past, or taken.

    Source:
        SEP-03; 发改价格〔2025〕65号 二.
    """
    product = products.get(session, product_id, lock=True)
    actor.must(Permission.PRICE_SET, org_id=product.owner_id, place=product.place)
    today = business_date(now)
    if since < today or any(one.since == since for one in queries.publications(session, product_id)):
        words = f"日期 {since} 早于今日 {today}，或当日已有公布"
        raise terms_unusable("/since", f"{words}，请另定日期")
    if is_open:
        _listed(session, product, None, since, None)
    made = NegotiableProduct(
        product_id=product.id, rule=rule, is_open=is_open, since=since, set_by=actor.id, set_at=now
    )
    session.add(made)
    session.flush()
    audit.record(session, actor, "negotiation.publish", made, at=now, note=product.code)
    return made


def offer(
    session: Session,
    actor: Actor,
    *,
    product_id: UUID,
    buyer_id: UUID,
    model: Mapping[str, Any],
    valid_from: date,
    valid_until: date,
    answer_by: date,
    now: datetime,
    subject_kind: str | None = None,
    note: str = "",
) -> Negotiation:
    """Offer a buyer a price of its own as the seller, by the published rule and under the cap in force.

    Raises:
        NotAllowed: the actor does not act for the seller.
        NotNegotiable: nobody published that it can be negotiated, or there is no price or cap to start from.
        TermsUnusable: days that cannot be, or the seller itself as buyer.
        Unreadable: the model makes no sense.
        AgreedAboveCap: the offer is above the cap.

    Source:
        PRC-05, SEP-03; 发改价格〔2025〕65号 二.
    """
    product = products.get(session, product_id)
    actor.must(Permission.PRICE_SET, org_id=product.owner_id, place=product.place)
    buyer = parties.get(session, buyer_id)
    if buyer.id == product.owner_id:
        raise terms_unusable("/buyer_id", "买卖双方不能是同一单位")
    today, priced = business_date(now), TariffModel.from_dict(model)
    must_run_forward(valid_from, valid_until, answer_by, today)
    rule = queries.rule_at(session, product.id, today)
    if rule is None:
        raise NotNegotiable(
            f"产品 {product.code} 没有公布面议规则，不能另定价格；请先公布规则。",
            detail_en=f"{product.code} is not negotiable.", rule="SEP-03",
        )  # fmt: skip
    listed = _listed(session, product, buyer.id, valid_from, subject_kind)
    made = Negotiation(
        number=numbering.number(session, "NEG", today), place=product.place, product_id=product.id,
        seller_id=product.owner_id, buyer_id=buyer.id, tariff_id=listed.id, regime=listed.regime,
        charge_unit=listed.charge_unit, subject_kind=subject_kind, model=priced.to_dict(),
        unit_price_max=dearest_unit(priced), valid_from=valid_from, valid_until=valid_until, answer_by=answer_by,
        rule=rule, opened_at=now,
    )  # fmt: skip
    queries.must_stay_under(session, made, made.unit_price_max, valid_from)
    session.add(made)
    session.flush()
    _say(session, actor, made, Side.SELLER, None, note, now)
    detail = {"product": product.code, "unit_price_max": made.unit_price_max.text()}
    audit.record(session, actor, "negotiation.offer", made, at=now, note=made.number, detail=detail)
    return made


def counter(
    session: Session,
    actor: Actor,
    negotiation_id: UUID,
    *,
    model: Mapping[str, Any],
    valid_from: date,
    valid_until: date,
    answer_by: date,
    now: datetime,
    note: str = "",
) -> Negotiation:
    """Answer with other terms; then it is the other side's turn.

    Raises:
        NotAllowed: the actor acts for neither side.
        WrongState: it is not that side's turn, or the negotiation has ended.
        TermsUnusable: days that cannot be.
        Unreadable: the model makes no sense.
        AgreedAboveCap: the terms are above the cap.
    """
    found, side = _turn(session, actor, negotiation_id)
    today, priced = business_date(now), TariffModel.from_dict(model)
    following, highest = _after(found, side, NegotiationAct.COUNTER, today), dearest_unit(priced)
    must_run_forward(valid_from, valid_until, answer_by, today)
    queries.must_stay_under(session, found, highest, valid_from)
    found.state, found.model, found.unit_price_max = following, priced.to_dict(), highest
    found.valid_from, found.valid_until, found.answer_by = valid_from, valid_until, answer_by
    return _answered(session, actor, found, side, NegotiationAct.COUNTER, note, now)


def accept(session: Session, actor: Actor, negotiation_id: UUID, *, now: datetime, note: str = "") -> Negotiation:
    """Accept the terms of the other side; from their first day on they are what the buyer pays.

    Raises:
        NotAllowed: the actor acts for neither side.
        WrongState: it is not that side's turn, or the negotiation has ended.
        AgreedAboveCap: the cap has been lowered below the terms since.
        NotNegotiable: the rule was taken back in the meantime.
    """
    found, side = _turn(session, actor, negotiation_id)
    today = business_date(now)
    following = _after(found, side, NegotiationAct.ACCEPT, today)
    if queries.rule_at(session, found.product_id, today) is None:
        raise NotNegotiable(
            f"面议 {found.number} 所依据的规则已停止，不能成交。", detail_en="The rule has ended.", rule="SEP-03"
        )
    queries.must_stay_under(session, found, found.unit_price_max, max(today, found.valid_from))
    _close(found, following, actor, now)
    return _answered(session, actor, found, side, NegotiationAct.ACCEPT, note, now)


def decline(session: Session, actor: Actor, negotiation_id: UUID, *, now: datetime, note: str = "") -> Negotiation:
    """Decline the terms of the other side, which ends the negotiation.

    Raises:
        NotAllowed: the actor acts for neither side.
        WrongState: it is not that side's turn, or the negotiation has ended.
    """
    return _end(session, actor, negotiation_id, NegotiationAct.DECLINE, note, now)


def withdraw(session: Session, actor: Actor, negotiation_id: UUID, *, now: datetime, note: str = "") -> Negotiation:
    """Take back the own terms before they are answered, which ends the negotiation.

    Raises:
        NotAllowed: the actor acts for neither side.
        WrongState: the last word was the other side's, or the negotiation has ended.
    """
    return _end(session, actor, negotiation_id, NegotiationAct.WITHDRAW, note, now)


def _end(
    session: Session, actor: Actor, negotiation_id: UUID, act: NegotiationAct, note: str, now: datetime
) -> Negotiation:
    found, side = _turn(session, actor, negotiation_id)
    _close(found, _after(found, side, act, business_date(now)), actor, now)
    return _answered(session, actor, found, side, act, note, now)


def _close(found: Negotiation, state: NegotiationState, actor: Actor, now: datetime) -> None:
    found.state, found.closed_by, found.closed_at = state, actor.id, now


def _answered(
    session: Session, actor: Actor, found: Negotiation, side: Side, act: NegotiationAct, note: str, now: datetime
) -> Negotiation:
    session.flush()
    _say(session, actor, found, side, act, note, now)
    audit.record(session, actor, f"negotiation.{act}", found, at=now, note=found.number, detail={"side": side})
    return found


def _turn(session: Session, actor: Actor, negotiation_id: UUID) -> tuple[Negotiation, Side]:
    """Return the negotiation, locked, and for which side the actor speaks."""
    found = queries.locked(session, negotiation_id)
    if actor.may(Permission.PRICE_SET, org_id=found.seller_id, place=found.place):
        return found, Side.SELLER
    actor.must(Permission.ORDER_PLACE, org_id=found.buyer_id)
    return found, Side.BUYER


def _after(found: Negotiation, side: Side, act: NegotiationAct, today: date) -> NegotiationState:
    return after(present_state(found.state, found.answer_by, today), side, act, found.number)


def _say(
    session: Session, actor: Actor, found: Negotiation, side: Side, act: NegotiationAct | None, note: str, now: datetime
) -> None:
    said = NegotiationRound(
        negotiation_id=found.id, position=len(queries.rounds(session, found.id)) + 1, side=side, act=act,
        model=found.model, valid_from=found.valid_from, valid_until=found.valid_until, answer_by=found.answer_by,
        note=note, said_by=actor.id, said_at=now,
    )  # fmt: skip
    session.add(said)
    session.flush()


def _listed(session: Session, product: Product, buyer_id: UUID | None, on: date, subject_kind: str | None) -> Tariff:
    """Return the published price from which a negotiation starts; a guided one needs its cap."""
    classes = classes_of(session, product.id, buyer_id, on) if buyer_id is not None else []
    listed = tariff_for(session, product.id, on, classes, subject_kind)
    if listed is None and buyer_id is None:
        listed = next(iter(in_force(session, product.id, on)), None)
    if listed is None or listed.regime is Regime.FREE_PUBLIC_INTEREST:
        raise NotNegotiable(
            f"产品 {product.code} 在 {on} 没有收费标准，面议须以公布的收费标准为起点。",
            detail_en=f"{product.code} has no price on {on}.", rule="DIS-07",
        )  # fmt: skip
    if listed.regime is Regime.GOV_GUIDED and cap_of(session, listed, on) is None:
        raise NotNegotiable(
            f"产品 {product.code} 为政府指导价，面议须先有上限收费标准。",
            detail_en="A guided price needs its cap first.", rule="PRC-05",
        )  # fmt: skip
    return listed
