"""What people do with related-party edges: state them, and state their end."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.errors import NotAllowed
from kernel.identity import Actor, Permission, Role
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.relations import queries
from registry.relations.model import Relation, RelationEnd
from registry.relations.rules import (
    KIND_TITLES,
    AlreadyEnded,
    AlreadyRelated,
    Origin,
    RelationKind,
    RelationRefused,
    check_edge,
)


def state(
    session: Session,
    actor: Actor,
    *,
    from_id: UUID,
    to_id: UUID,
    kind: RelationKind,
    from_date: date,
    source: str,
    now: datetime,
    share: Decimal | None = None,
    until: date | None = None,
    evidence: dict[str, object] | None = None,
) -> Relation:
    """State that two organisations are related: an organisation declares its own edges, the authority records any.

    Args:
        session: the session.
        actor: who states it.
        from_id: who controls or holds.
        to_id: who is controlled or held.
        kind: control, common control or share.
        from_date: first day on which it holds.
        source: what it rests on.
        now: the moment.
        share: fraction of the equity, for shares alone.
        until: first day on which it does not hold any more, where that is known.
        evidence: name, media_type and content of a document.

    Raises:
        NotAllowed: the actor belongs to neither organisation and is no authority of their places.
        NoSuchParty: there is no such organisation.
        RelationRefused: the edge says nothing.
        AlreadyRelated: the same edge is in force.
        FileRefused: the document is empty or too large.

    Source:
        27号 第六条, DEV-01.
    """
    origin = _origin(session, actor, from_id, to_id)
    check_edge(from_id=from_id, to_id=to_id, kind=kind, share=share, start=from_date, end=until)
    for end in sorted((from_id, to_id)):
        parties.get(session, end, lock=True)  # the same edge stated twice at once is refused once
    known = queries.same_in_force(session, from_id=from_id, to_id=to_id, kind=kind, on=from_date)
    if known is not None:
        raise AlreadyRelated(
            f"两单位自 {known.from_date} 起已有“{KIND_TITLES[kind]}”关系，无需重复登记；比例有变化的先登记终止",
            detail_en="The same relation is in force; end it first.",
            rule="DEV-01",
        )
    kept = files.keep(session, now=now, **evidence) if evidence else None  # type: ignore[arg-type]
    made = Relation(
        from_id=from_id, to_id=to_id, kind=kind, share=share, from_date=from_date, until=until, source=source,
        evidence_sha256=kept, origin=origin, stated_by=actor.id, stated_by_name=actor.name, stated_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "relation.state", made, at=now, note=f"{kind} {origin}")
    return queries.get(session, made.id)


def end(session: Session, actor: Actor, relation_id: UUID, *, ended_on: date, reason: str, now: datetime) -> Relation:
    """State that an edge holds no more from that day on.

    Only the authority does: an end may open the gate that the edge kept shut.

    Raises:
        NotAllowed: the actor is no authority of either place.
        NoSuchRelation: there is no such edge.
        RelationRefused: the end lies before the beginning.
        AlreadyEnded: it was ended before.
    """
    relation = queries.get(session, relation_id, lock=True)
    _must_supervise(actor, relation.from_party, relation.to_party)
    if relation.end is not None:
        raise AlreadyEnded(
            f"该关联关系已自 {relation.end.ended_on} 起终止，无需重复登记",
            detail_en="It was ended before.",
            rule="DEV-01",
        )
    if ended_on <= relation.from_date:
        raise RelationRefused(
            f"终止日须晚于起始日 {relation.from_date}；请更正后重新提交",
            detail_en="It ends after it begins.",
            rule="DEV-01",
            errors=[{"pointer": "/ended_on", "code": RelationRefused.code, "message": f"晚于 {relation.from_date}"}],
        )
    session.add(
        RelationEnd(
            relation_id=relation.id, ended_on=ended_on, reason=reason, stated_by=actor.id, stated_by_name=actor.name,
            stated_at=now,
        )
    )  # fmt: skip
    session.flush()
    audit.record(session, actor, "relation.end", relation, at=now, note=f"{ended_on} {reason}")
    return queries.get(session, relation.id)


def _origin(session: Session, actor: Actor, from_id: UUID, to_id: UUID) -> Origin:
    actor.must(Permission.RELATION_WRITE)
    if any(
        grant.role is not Role.SUPERVISOR and grant.org_id in (from_id, to_id)
        for grant in actor.grants
        if grant.org_id is not None
    ):
        return Origin.DECLARED
    _must_supervise(actor, parties.get(session, from_id), parties.get(session, to_id))
    return Origin.RECORDED


def _must_supervise(actor: Actor, *ends: Party) -> None:
    there = [party.place for party in ends if _supervises(actor, party.place)]
    if not there:
        raise NotAllowed(
            f"{actor.name} 既不属于其中一方，也不是其所在地的主管部门：请由一方申报，或由主管部门登记",
            detail_en="Neither of the two organisations nor the authority of their places.",
        )


def _supervises(actor: Actor, place: str) -> bool:
    return any(grant.role is Role.SUPERVISOR and grant.covers(org_id=None, place=place) for grant in actor.grants)
