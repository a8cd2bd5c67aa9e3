"""Reading related-party edges, and finding the chain from one organisation to another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.policy import Cited, PolicyBook
from registry.parties.model import Party
from registry.relations import rules
from registry.relations.model import Relation, RelationEnd
from registry.relations.rules import RelationKind

WAVE_MAX = 500  # parties asked about in one SELECT


class NoSuchRelation(NotFound):
    """There is no such edge, or none that the actor may know of."""

    code = "relation.not_found"


def in_force_clause(on: date) -> sa.ColumnElement[bool]:
    """Return the condition over :class:`Relation` that an edge holds on that day; time alone opens and ends it."""
    ended = sa.select(sa.literal(1)).where(RelationEnd.relation_id == Relation.id, RelationEnd.ended_on <= on)
    return sa.and_(
        Relation.from_date <= on,
        sa.or_(Relation.until.is_(None), Relation.until > on),
        ~ended.correlate(Relation).exists(),
    )


def share_rule(book: PolicyBook, place: str, on: date) -> Cited | None:
    """Return from which share on equity counts at that place on that day; ``None`` where nobody has said."""
    return book.get(place, "seller.related_party_equity_rate_min", on=on)


def related_parties(
    session: Session, party_id: UUID, *, on: date, share_min: Decimal | None
) -> dict[UUID, list[Relation]]:
    """Return every organisation related to this one on that day, each with a shortest chain of edges to it.

    Control in either direction, common control, and shares at or over ``share_min`` count (``None``: no share does,
    see :func:`rules.share_words`). Shares along a chain are not multiplied [I].

    Source:
        27号 第六条, DEV-01.
    """
    relations = _reachable(session, party_id, on=on, share_min=share_min)
    found = rules.paths([relation.as_edge() for relation in relations.values()], party_id, share_min)
    return {other: [relations[edge.id] for edge in chain] for other, chain in found.items()}


def related_path(
    session: Session, from_id: UUID, to_id: UUID, *, on: date, share_min: Decimal | None
) -> list[Relation] | None:
    """Return a shortest chain of edges between two organisations on that day; ``[]`` for one and the same, ``None``
    for two that are not related.
    """
    if from_id == to_id:
        return []
    return related_parties(session, from_id, on=on, share_min=share_min).get(to_id)


def names_of(session: Session, path: Sequence[Relation]) -> dict[UUID, str]:
    """Return the names of all organisations on a chain, for :func:`rules.path_words`."""
    ends = {end for relation in path for end in (relation.from_id, relation.to_id)}
    found = session.execute(sa.select(Party.id, Party.name).where(Party.id.in_(ends)))
    return {row.id: row.name for row in found}


def path_words(session: Session, path: Sequence[Relation]) -> str:
    """Return a chain in words, with the names of the organisations."""
    return rules.path_words([relation.as_edge() for relation in path], names_of(session, path))


def _reachable(session: Session, party_id: UUID, *, on: date, share_min: Decimal | None) -> dict[UUID, Relation]:
    counting: sa.ColumnElement[bool] = Relation.kind != RelationKind.SHARE
    if share_min is not None:
        counting = sa.or_(counting, Relation.share >= share_min)
    found: dict[UUID, Relation] = {}
    seen, wave = {party_id}, [party_id]
    while wave:
        asked, wave = wave[:WAVE_MAX], wave[WAVE_MAX:]
        touching = sa.or_(Relation.from_id.in_(asked), Relation.to_id.in_(asked))
        for relation in session.scalars(sa.select(Relation).where(touching, counting, in_force_clause(on))):
            found[relation.id] = relation
            for end in (relation.from_id, relation.to_id):
                if end not in seen:
                    seen.add(end)
                    wave.append(end)
    return found


def same_in_force(session: Session, *, from_id: UUID, to_id: UUID, kind: RelationKind, on: date) -> Relation | None:
    """Return an edge of that kind that holds between the two on that day; common control has no direction."""
    ends = sa.and_(Relation.from_id == from_id, Relation.to_id == to_id)
    if kind is RelationKind.COMMON_CONTROL:
        ends = sa.or_(ends, sa.and_(Relation.from_id == to_id, Relation.to_id == from_id))
    query = sa.select(Relation).where(ends, Relation.kind == kind, in_force_clause(on))
    return session.scalar(query.order_by(Relation.id).limit(1))


def get(session: Session, relation_id: UUID, *, lock: bool = False) -> Relation:
    """Return one edge with both organisations and its end; locked and read afresh on demand.

    Raises:
        NoSuchRelation: there is none.
    """
    query = _loaded().where(Relation.id == relation_id).execution_options(populate_existing=True)
    found = session.scalar(query.with_for_update(of=Relation) if lock else query)
    if found is None:
        raise NoSuchRelation(f"没有编号为 {relation_id} 的关联关系", detail_en="No such relation.")
    return found


def visible(session: Session, actor: Actor, relation_id: UUID) -> Relation:
    """Return one edge if it lies within the actor's scope.

    Raises:
        NoSuchRelation: there is none, or none that the actor may know of.
    """
    found = session.scalar(listed(actor).where(Relation.id == relation_id))
    if found is None:
        raise NoSuchRelation(
            f"没有编号为 {relation_id} 的关联关系，或不在您的职责范围内", detail_en="No such relation."
        )
    return found


def listed(actor: Actor, *, party_id: UUID | None = None) -> sa.Select[Relation]:
    """Return the query of edges within the actor's scope: those that touch the own organisation or place."""
    query = _loaded().where(_in_scope(actor))
    if party_id is not None:
        query = query.where(sa.or_(Relation.from_id == party_id, Relation.to_id == party_id))
    return query


def _loaded() -> sa.Select[Relation]:
    return sa.select(Relation).options(
        joinedload(Relation.from_party), joinedload(Relation.to_party), joinedload(Relation.end)
    )


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.RELATION_WRITE]:
            continue
        if grant.org_id is not None:
            reached.append(sa.or_(Relation.from_id == grant.org_id, Relation.to_id == grant.org_id))
        elif grant.place is None:
            reached.append(sa.true())
        else:
            there = sa.select(Party.id).where(Party.place == grant.place)
            reached.append(sa.or_(Relation.from_id.in_(there), Relation.to_id.in_(there)))
    return sa.or_(sa.false(), *reached)
