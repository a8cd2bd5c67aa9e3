"""Reads of complaints about fees."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission, Role
from pricing.ceilings.model import FeeCap
from pricing.complaints.model import PriceComplaint
from pricing.complaints.rules import OPEN, ComplaintState
from pricing.tariffs.model import Tariff


class NoSuchComplaint(NotFound):
    """There is no such complaint, or none that the asker may know of."""

    code = "complaint.not_found"


def visible(actor: Actor) -> sa.Select[PriceComplaint]:
    """Return the complaints that the actor may read: those of the own organisation, or at the places it watches."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else PriceComplaint.place == grant.place)
        elif grant.role in ROLES_OF[Permission.COMPLAINT_FILE] and grant.org_id is not None:
            reached.append(PriceComplaint.party_id == grant.org_id)
    return sa.select(PriceComplaint).where(sa.or_(sa.false(), *reached))


def get(session: Session, actor: Actor, complaint_id: UUID) -> PriceComplaint:
    """Return one complaint.

    Raises:
        NoSuchComplaint: there is none that the actor may read.
    """
    return _one(session.scalar(visible(actor).where(PriceComplaint.id == complaint_id)), str(complaint_id))


def locked(session: Session, complaint_id: UUID) -> PriceComplaint:
    """Return one complaint, locked for a change.

    Raises:
        NoSuchComplaint: there is none.
    """
    query = sa.select(PriceComplaint).where(PriceComplaint.id == complaint_id).with_for_update()
    return _one(session.scalar(query.execution_options(populate_existing=True)), str(complaint_id))


def by_reference(session: Session, reference: str, *, lock: bool = False) -> PriceComplaint:
    """Return the complaint with that reference; who knows it filed the complaint.

    Raises:
        NoSuchComplaint: there is none.
    """
    query = sa.select(PriceComplaint).where(PriceComplaint.reference == reference.strip().upper())
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return _one(session.scalar(query), reference.strip()[:40])


def _one(found: PriceComplaint | None, name: str) -> PriceComplaint:
    if found is None:
        raise NoSuchComplaint(f"没有 {name} 这件收费投诉：请核对提交时给出的查询码。", detail_en="No such complaint.")
    return found


def filed_since(session: Session, source_digest: str, since: datetime) -> Sequence[datetime]:
    """Return when complaints came from one address after ``since``, the earliest first."""
    query = sa.select(PriceComplaint.filed_at).where(
        PriceComplaint.source_digest == source_digest, PriceComplaint.filed_at > since
    )
    return session.scalars(query.order_by(PriceComplaint.filed_at)).all()


def waiting(session: Session, actor: Actor) -> Sequence[PriceComplaint]:
    """Return the reviews of fees that wait for the actor: of the authorizing entity, or of whoever watches the place.

    The oldest stands on top; what the actor or its organisation complained of is for others.
    """
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.COMPLAINT_DECIDE]:
            continue
        at_place = sa.true() if grant.place is None else PriceComplaint.place == grant.place
        is_free = grant.org_id is None or grant.role is Role.PRICE
        own = sa.true() if is_free else PriceComplaint.authorizing_entity_id == grant.org_id
        reached.append(at_place & own)
    query = sa.select(PriceComplaint).where(sa.or_(sa.false(), *reached), PriceComplaint.state.in_(OPEN))
    mine = PriceComplaint.filed_by == actor.id
    if actor.org_id is not None:
        mine = sa.or_(mine, PriceComplaint.party_id == actor.org_id)
    query = query.where(sa.func.coalesce(mine, sa.false()).is_(sa.false()))
    return session.scalars(query.order_by(PriceComplaint.filed_at, PriceComplaint.id)).all()


def office_of(actor: Actor, complaint: PriceComplaint) -> UUID | None:
    """Return the organisation that decides: the authorizing entity, but for the price authority of the place, any."""
    prices = (grant for grant in actor.grants if grant.role is Role.PRICE)
    is_price = any(grant.place in (None, complaint.place) for grant in prices)
    return None if is_price else complaint.authorizing_entity_id


def open_count(session: Session, product_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many complaints about each of these products are not over; products without one are left out."""
    query = (
        sa.select(PriceComplaint.product_id, sa.func.count())
        .where(PriceComplaint.product_id.in_(product_ids), PriceComplaint.state.in_(OPEN))
        .group_by(PriceComplaint.product_id)
    )
    return {product_id: int(count) for product_id, count in session.execute(query)}


def counts(session: Session, actor: Actor) -> list[tuple[UUID, int, int, int]]:
    """Return for each product that the actor may read complaints of: its id, all, open ones, and changes of its fee."""
    mine = visible(actor).subquery()
    is_open = sa.case((mine.c.state.in_(OPEN), 1), else_=0)
    adjusted = sa.case((mine.c.outcome == "adjust", 1), else_=0)
    query = sa.select(mine.c.product_id, sa.func.count(), sa.func.sum(is_open), sa.func.sum(adjusted))
    query = query.where(mine.c.state != ComplaintState.WITHDRAWN).group_by(mine.c.product_id)
    found = [(one, int(every), int(left), int(led)) for one, every, left, led in session.execute(query)]
    return sorted(found, key=lambda row: (-row[2], -row[1], str(row[0])))


def newer_tariff(session: Session, product_id: UUID, number: str, since: datetime) -> Tariff | None:
    """Return the price of the product with that number, published after a moment, or None."""
    query = sa.select(Tariff).where(
        Tariff.product_id == product_id, Tariff.number == number, Tariff.published_at > since
    )
    return session.scalar(query)


def newer_cap(session: Session, product_id: UUID, cap_id: UUID, since: datetime) -> FeeCap | None:
    """Return the cap of the product with that id, set after a moment, or None."""
    query = sa.select(FeeCap).where(FeeCap.product_id == product_id, FeeCap.id == cap_id, FeeCap.set_at > since)
    return session.scalar(query)


def caps_since(session: Session, product_id: UUID, since: datetime) -> Sequence[FeeCap]:
    """Return the caps of a product that were set after a moment, the newest first."""
    query = sa.select(FeeCap).where(FeeCap.product_id == product_id, FeeCap.set_at > since)
    return session.scalars(query.order_by(FeeCap.id.desc())).all()


def tariffs_since(session: Session, product_id: UUID, since: datetime) -> Sequence[Tariff]:
    """Return the prices of a product that were published after a moment, the newest first."""
    query = sa.select(Tariff).where(Tariff.product_id == product_id, Tariff.published_at > since)
    return session.scalars(query.order_by(Tariff.id.desc())).all()
