"""Reads of the classes of buyers: rules are public; who belongs to a class is for the seller and the authorities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from pricing.classes.model import BuyerClassChange, BuyerClassMember, BuyerClassRule
from pricing.classes.rules import is_member
from registry.parties.model import Party


class NoSuchMember(NotFound):
    """There is no such membership."""

    code = "buyer_class.no_such_member"


@dataclass(frozen=True, slots=True)
class Membership:
    """One buyer in one class, with all that changed since."""

    member: BuyerClassMember
    party: Party
    changes: tuple[BuyerClassChange, ...]

    def stands(self, on: date) -> bool:
        """Say whether the buyer belongs to the class on a day."""
        return is_member(self.member.since, (change.change() for change in self.changes), on)


def get(session: Session, member_id: UUID) -> BuyerClassMember:
    """Return one membership.

    Raises:
        NoSuchMember: there is none.
    """
    found = session.get(BuyerClassMember, member_id)
    if found is None:
        raise NoSuchMember(f"没有编号为 {member_id} 的用户类别记录。")
    return found


def find(session: Session, product_id: UUID, buyer_class: str, party_id: UUID) -> BuyerClassMember | None:
    """Return the membership of a buyer, ended or not."""
    query = sa.select(BuyerClassMember).where(
        BuyerClassMember.product_id == product_id,
        BuyerClassMember.buyer_class == buyer_class,
        BuyerClassMember.party_id == party_id,
    )
    return session.scalar(query)


def changes(session: Session, member_ids: Sequence[UUID]) -> dict[UUID, list[BuyerClassChange]]:
    """Return what changed about the memberships, in order of the days."""
    query = sa.select(BuyerClassChange).where(BuyerClassChange.member_id.in_(member_ids))
    found: dict[UUID, list[BuyerClassChange]] = defaultdict(list)
    for change in session.scalars(query.order_by(BuyerClassChange.since)):
        found[change.member_id].append(change)
    return found


def classes_of(session: Session, product_id: UUID, buyer_id: UUID, on: date) -> list[str]:
    """Return the classes of a product to which the buyer belongs on a day, the latest first."""
    query = sa.select(BuyerClassMember).where(
        BuyerClassMember.product_id == product_id,
        BuyerClassMember.party_id == buyer_id,
        BuyerClassMember.since <= on,
    )
    members = session.scalars(query.order_by(BuyerClassMember.since.desc(), BuyerClassMember.buyer_class)).all()
    if not members:
        return []
    changed = changes(session, [member.id for member in members])
    return [
        member.buyer_class
        for member in members
        if is_member(member.since, (change.change() for change in changed.get(member.id, ())), on)
    ]


def memberships(session: Session, product_id: UUID) -> list[Membership]:
    """Return everybody who ever belonged to a class of the product, by class and name."""
    query = (
        sa.select(BuyerClassMember, Party)
        .join(Party, Party.id == BuyerClassMember.party_id)
        .where(BuyerClassMember.product_id == product_id)
        .order_by(BuyerClassMember.buyer_class, Party.name, BuyerClassMember.id)
    )
    rows = session.execute(query).all()
    changed = changes(session, [member.id for member, _ in rows])
    return [Membership(member, party, tuple(changed.get(member.id, ()))) for member, party in rows]


def published(session: Session, product_id: UUID) -> Sequence[BuyerClassRule]:
    """Return every published rule of the product's classes, the newest of a class first."""
    query = sa.select(BuyerClassRule).where(BuyerClassRule.product_id == product_id)
    return session.scalars(query.order_by(BuyerClassRule.buyer_class, BuyerClassRule.since.desc())).all()


def rules_at(session: Session, product_id: UUID, on: date) -> dict[str, str]:
    """Return the rule of each class of the product that is published on a day."""
    found: dict[str, str] = {}
    for rule in published(session, product_id):
        if rule.since <= on:
            found.setdefault(rule.buyer_class, rule.rule)
    return found
