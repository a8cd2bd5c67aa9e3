"""Reading organisations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from registry.parties.model import CreditRecord, Party, PartyCapacity, PartyName
from registry.parties.rules import Capacity, Standing, name_key, normalised_uscc


class NoSuchParty(NotFound):
    """There is no such organisation, or none that the actor may know of."""

    code = "party.not_found"


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """One credit record and, where there is one, the record that clears it."""

    record: CreditRecord
    cleared_by: CreditRecord | None

    def is_open(self, on: date) -> bool:
        """Say whether the record counts against the organisation on that day."""
        return self.record.from_date <= on and (self.cleared_by is None or on < self.cleared_by.from_date)


def get(session: Session, party_id: UUID, *, lock: bool = False) -> Party:
    """Return the organisation with its capacities; locked and read afresh on demand.

    Raises:
        NoSuchParty: there is none.
    """
    query = sa.select(Party).where(Party.id == party_id).options(selectinload(Party.capacities))
    if lock:
        query = query.with_for_update(of=Party).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchParty(f"没有编号为 {party_id} 的机构", detail_en="No such organisation.")
    return found


def visible(session: Session, actor: Actor, party_id: UUID) -> Party:
    """Return the organisation if it lies within the actor's scope.

    Raises:
        NoSuchParty: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(Party.id == party_id)
    found = session.scalar(query)
    if found is None:
        raise NoSuchParty(f"没有编号为 {party_id} 的机构，或不在您的职责范围内", detail_en="No such organisation.")
    return found


def refreshed(session: Session, party_id: UUID) -> Party:
    """Return the organisation with its capacities as they are now in the database.

    Raises:
        NoSuchParty: there is none.
    """
    session.flush()
    return get(session, party_id, lock=True)


def by_uscc(session: Session, uscc: str) -> Party:
    """Return the organisation with that credit code, in any spelling.

    Raises:
        BadUscc: that is no credit code.
        NoSuchParty: nobody is registered with it.
    """
    code = normalised_uscc(uscc)
    found = session.scalar(sa.select(Party).where(Party.uscc == code).options(selectinload(Party.capacities)))
    if found is None:
        raise NoSuchParty(f"没有统一社会信用代码为 {code} 的机构，请先登记该机构", detail_en=f"No organisation {code}.")
    return found


def registered_with(session: Session, uscc: str) -> Party | None:
    """Return the organisation with that credit code, which is in its one spelling, or ``None``."""
    return session.scalar(sa.select(Party).where(Party.uscc == uscc).options(selectinload(Party.capacities)))


def namesakes(session: Session, name: str, *, but: UUID | None = None) -> Sequence[Party]:
    """Return the organisations of the same name in any spelling (brackets, width, case, spaces), by credit code."""
    same = sa.select(PartyName.party_id).where(PartyName.name_key == name_key(name))
    query = sa.select(Party).where(Party.id.in_(same)).order_by(Party.uscc)
    if but is not None:
        query = query.where(Party.id != but)
    return session.scalars(query).all()


def remarks(session: Session, party: Party) -> list[dict[str, str]]:
    """Return what whoever registers the organisation should look at: others of the same name (a remark, no refusal)."""
    return [
        {
            "code": "party.same_name",
            "message": f"已有名称相同（忽略括号、空格、全半角和大小写）的机构 {found.name}，信用代码 {found.uscc}："
            "请核对是否为同一单位",
            "uscc": found.uscc,
        }
        for found in namesakes(session, party.name, but=party.id)
    ]


def credit_file(session: Session, party_id: UUID) -> list[CreditEntry]:
    """Return the credit file of an organisation, newest record first; each with what clears it."""
    query = sa.select(CreditRecord).where(CreditRecord.party_id == party_id)
    found = session.scalars(query.order_by(CreditRecord.from_date.desc(), CreditRecord.id.desc())).all()
    clearing = {record.clears_id: record for record in found if record.clears_id is not None}
    return [CreditEntry(record, clearing.get(record.id)) for record in found if record.clears_id is None]


def credit_clause(party_id: sa.ColumnElement[UUID], on: date) -> sa.ColumnElement[bool]:
    """Return the condition that an organisation has a credit record that counts on that day."""
    record, cleared = sa.orm.aliased(CreditRecord), sa.orm.aliased(CreditRecord)
    clearing = (
        sa.select(sa.literal(1)).where(cleared.clears_id == record.id, cleared.from_date <= on).correlate(record)
    ).exists()
    open_ones = sa.select(sa.literal(1)).where(
        record.party_id == party_id, record.clears_id.is_(None), record.from_date <= on, ~clearing
    )
    return open_ones.correlate_except(record).exists()


def having(session: Session, capacity: Capacity, place: str, *, in_order: bool = True) -> Sequence[Party]:
    """Return the organisations that may act as ``capacity`` at the place, by name; those in good standing only."""
    query = (
        sa.select(Party)
        .join(PartyCapacity)
        .where(PartyCapacity.capacity == capacity, PartyCapacity.place == place)
        .order_by(Party.name, Party.id)
    )
    if in_order:
        query = query.where(Party.standing == Standing.IN_ORDER)
    return session.scalars(query).all()


def has_capacity(session: Session, party_id: UUID, capacity: Capacity, place: str | None) -> bool:
    """Say whether the organisation is registered as ``capacity`` there (``None``: anywhere)."""
    query = sa.select(sa.literal(1)).where(PartyCapacity.party_id == party_id, PartyCapacity.capacity == capacity)
    if place is not None:
        query = query.where(PartyCapacity.place == place)
    return session.scalar(query.limit(1)) is not None


def listed(actor: Actor, *, place: str | None = None, capacity: Capacity | None = None) -> sa.Select[Party]:
    """Return the query of organisations within the actor's scope, with their capacities.

    People of an organisation see their own; authorities, finance and administration see those registered or
    acting at their places.
    """
    query = sa.select(Party).where(_in_scope(actor)).options(selectinload(Party.capacities))
    if place is not None:
        query = query.where(_acts_at(place))
    if capacity is not None:
        query = query.where(Party.id.in_(_acting(PartyCapacity.capacity == capacity)))
    return query


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.PARTY_READ]:
            continue
        if grant.org_id is not None:
            reached.append(Party.id == grant.org_id)
        else:
            reached.append(sa.true() if grant.place is None else _acts_at(grant.place))
    return sa.or_(sa.false(), *reached)


def _acts_at(place: str) -> sa.ColumnElement[bool]:
    return sa.or_(Party.place == place, Party.id.in_(_acting(PartyCapacity.place == place)))


def _acting(condition: sa.ColumnElement[bool]) -> sa.Select[UUID]:
    return sa.select(PartyCapacity.party_id).where(condition)
