"""Publishing the rule of a class of buyers, admitting buyers to it, and ending their membership."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from pricing.classes import queries
from pricing.classes.model import BuyerClassChange, BuyerClassMember, BuyerClassRule
from pricing.classes.rules import ClassTaken, MembershipAct, day_unusable, must_follow, must_not_look_back
from registry.parties import queries as parties
from registry.products import queries as products
from registry.products.model import Product


def publish_rule(
    session: Session, actor: Actor, *, product_id: UUID, buyer_class: str, rule: str, since: date, now: datetime
) -> BuyerClassRule:
    """Publish by which rule buyers belong to a class of a product, from a day on; older rules stay readable.

    Raises:
        NotAllowed: the actor does not act for the seller.
        DayUnusable: the day is past, or a rule begins on it already.

    Source:
        SEP-03; 发改价格〔2025〕65号 一（公平提供）.
    """
    product = _priced_by(session, actor, product_id)
    must_not_look_back(since, business_date(now))
    if any(one.buyer_class == buyer_class and one.since == since for one in queries.published(session, product_id)):
        raise day_unusable(
            f"“{buyer_class}”类自 {since} 起已公布规则，不得改写，请另定日期", "A rule begins then already."
        )
    made = BuyerClassRule(
        product_id=product.id, buyer_class=buyer_class, rule=rule, since=since, set_by=actor.id, set_at=now
    )
    session.add(made)
    session.flush()
    audit.record(session, actor, "buyer_class.publish_rule", made, at=now, note=f"{product.code} {buyer_class}")
    return made


def admit_to_class(
    session: Session,
    actor: Actor,
    *,
    product_id: UUID,
    buyer_class: str,
    party_id: UUID,
    rule: str,
    since: date,
    now: datetime,
) -> BuyerClassMember:
    """Declare that a buyer belongs to a class with a price of its own, or again, by which published rule (SEP-03).

    Raises:
        NotAllowed: the actor does not act for the seller.
        ClassTaken: the buyer belongs to it already.
        DayUnusable: a readmission that begins before the membership ended, or in the past.
    """
    product = _priced_by(session, actor, product_id)
    buyer = parties.get(session, party_id)
    known = queries.find(session, product_id, buyer_class, party_id)
    if known is not None:
        earlier = [change.change() for change in queries.changes(session, [known.id]).get(known.id, [])]
        if not earlier:
            raise ClassTaken(f"{buyer.name} 已属于产品 {product.code} 的“{buyer_class}”类用户。", rule="SEP-03")
        must_follow(known.since, earlier, since, MembershipAct.READMITTED)
        must_not_look_back(since, business_date(now))
        _change(session, actor, known, MembershipAct.READMITTED, since, rule, now)
        return known
    member = BuyerClassMember(
        product_id=product_id, buyer_class=buyer_class, party_id=party_id, rule=rule, since=since,
        set_by=actor.id, set_at=now,
    )  # fmt: skip
    session.add(member)
    session.flush()
    audit.record(session, actor, "tariff.admit_to_class", member, at=now, note=f"{product.code} {buyer_class}")
    return member


def end_membership(
    session: Session, actor: Actor, member_id: UUID, *, since: date, reason: str, now: datetime
) -> BuyerClassChange:
    """End a membership: from ``since`` on the buyer pays what everybody pays. Orders placed before stay as they are.

    Raises:
        NotAllowed: the actor does not act for the seller.
        NoSuchMember: there is no such membership.
        NotAMember: it has ended already.
        DayUnusable: the day is past, or not after the last change.
    """
    member = queries.get(session, member_id)
    _priced_by(session, actor, member.product_id)
    known = [change.change() for change in queries.changes(session, [member.id]).get(member.id, [])]
    must_follow(member.since, known, since, MembershipAct.ENDED)
    must_not_look_back(since, business_date(now))
    return _change(session, actor, member, MembershipAct.ENDED, since, reason, now)


def _priced_by(session: Session, actor: Actor, product_id: UUID) -> Product:
    """Return the product, locked so that changes of its classes come one after the other."""
    product = products.get(session, product_id, lock=True)
    actor.must(Permission.PRICE_SET, org_id=product.owner_id, place=product.place)
    return product


def _change(
    session: Session,
    actor: Actor,
    member: BuyerClassMember,
    act: MembershipAct,
    since: date,
    reason: str,
    now: datetime,
) -> BuyerClassChange:
    made = BuyerClassChange(member_id=member.id, act=act, since=since, reason=reason, set_by=actor.id, set_at=now)
    session.add(made)
    session.flush()
    audit.record(session, actor, f"buyer_class.{act}", made, at=now, note=f"{member.buyer_class} {since}")
    return made
