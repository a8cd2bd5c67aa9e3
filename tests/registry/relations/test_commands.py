"""Related-party edges on a real database."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.relations import commands, queries
from registry.relations.model import Relation
from registry.relations.rules import AlreadyEnded, AlreadyRelated, Origin, RelationKind, RelationRefused
from tests.make import registry_base as make

START, END = date(2026, 1, 1), date(2026, 9, 1)
DAY = timedelta(days=1)
QUARTER = Decimal("0.25")


def relate(session: Session, origin: Party, target: Party, **changes: object) -> Relation:
    """State an edge; control, by the authority, unless said otherwise."""
    fields = {
        "kind": RelationKind.CONTROL,
        "from_date": START,
        "source": "企业信用信息公示",
        "now": make.NOW,
        **changes,
    }
    actor = fields.pop("actor", make.supervisor())
    return commands.state(session, actor, from_id=origin.id, to_id=target.id, **fields)


def parties(session: Session, number: int) -> list[Party]:
    """Some organisations."""
    return [make.make_party(session, Capacity.OPERATING_INSTITUTION) for _ in range(number)]


@pytest.mark.both_databases
def test_the_chain_between_operator_and_merchant_is_found_through_three_edges_and_a_circle(session: Session) -> None:
    operator, holding, sister, merchant, stranger = parties(session, 5)
    first = relate(session, holding, operator)
    second = relate(session, holding, sister, kind=RelationKind.COMMON_CONTROL)
    third = relate(session, sister, merchant, kind=RelationKind.SHARE, share=Decimal("0.333333333"))
    relate(session, merchant, holding, kind=RelationKind.SHARE, share=Decimal("0.1"))
    path = queries.related_path(session, operator.id, merchant.id, on=START, share_min=QUARTER)
    assert path == [first, second, third]
    assert third.share == Decimal("0.333333333")
    assert "持股 33.3333333%" in queries.path_words(session, path)
    assert queries.related_path(session, operator.id, merchant.id, on=START, share_min=None) is None
    assert queries.related_path(session, operator.id, stranger.id, on=START, share_min=QUARTER) is None
    assert queries.related_path(session, operator.id, operator.id, on=START, share_min=QUARTER) == []
    everybody = queries.related_parties(session, merchant.id, on=START, share_min=QUARTER)
    assert set(everybody) == {operator.id, holding.id, sister.id}
    assert everybody[operator.id] == [third, second, first]


@pytest.mark.both_databases
def test_time_alone_opens_and_ends_an_edge(session: Session) -> None:
    one, other, third = parties(session, 3)
    relate(session, one, other, until=END)
    ended = relate(session, other, third)
    commands.end(session, make.supervisor(), ended.id, ended_on=END, reason="股权转让", now=make.NOW)
    for on, wanted in [(START - DAY, None), (START, 2), (END - DAY, 2), (END, None)]:
        found = queries.related_path(session, one.id, third.id, on=on, share_min=None)
        assert (None if found is None else len(found)) == wanted


def test_an_organisation_declares_its_own_edges_and_the_authority_records_any(session: Session) -> None:
    one, other, third = parties(session, 3)
    own = make.acting_for(one, Role.OPERATOR)
    assert relate(session, one, other, actor=own).origin is Origin.DECLARED
    assert relate(session, one, third).origin is Origin.RECORDED
    for stranger in (own, make.supervisor("quzhou"), make.actor(Role.AUDITOR), make.acting_for(third, Role.BUYER)):
        with pytest.raises(NotAllowed):
            relate(session, other, third, actor=stranger)


def test_only_the_authority_ends_an_edge_and_only_once(session: Session) -> None:
    one, other = parties(session, 2)
    own = make.acting_for(one, Role.OPERATOR)
    edge = relate(session, one, other, actor=own)
    words = {"ended_on": END, "reason": "注销", "now": make.NOW}
    with pytest.raises(NotAllowed):
        commands.end(session, own, edge.id, **words)
    with pytest.raises(RelationRefused):
        commands.end(session, make.supervisor(), edge.id, **{**words, "ended_on": START})
    commands.end(session, make.supervisor(), edge.id, **words)
    with pytest.raises(AlreadyEnded):
        commands.end(session, make.supervisor(), edge.id, **words)


@pytest.mark.both_databases
def test_the_same_edge_is_stated_once_until_it_ends(session: Session) -> None:
    one, other = parties(session, 2)
    edge = relate(session, one, other, kind=RelationKind.COMMON_CONTROL)
    with pytest.raises(AlreadyRelated):
        relate(session, other, one, kind=RelationKind.COMMON_CONTROL)
    commands.end(session, make.supervisor(), edge.id, ended_on=END, reason="股权转让", now=make.NOW)
    assert relate(session, other, one, kind=RelationKind.COMMON_CONTROL, from_date=END).from_date == END


def test_a_document_is_kept_with_the_edge(session: Session) -> None:
    one, other = parties(session, 2)
    document = {"name": "股东名册.pdf", "media_type": "application/pdf", "content": b"%PDF-1.7"}
    assert len(relate(session, one, other, evidence=document).evidence_sha256 or "") == 64


@pytest.mark.both_databases
@pytest.mark.breaks_the_books
def test_nobody_changes_or_removes_an_edge(session: Session) -> None:
    edge = relate(session, *parties(session, 2))
    for statement in (sa.update(Relation).values(source="无"), sa.delete(Relation)):
        with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
            session.execute(statement.where(Relation.id == edge.id))
