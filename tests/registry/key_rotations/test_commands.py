"""Keys replaced on a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import NotAllowed
from kernel.identity import Actor, Grant, Role
from registry.accounts import commands as accounts
from registry.accounts import queries
from registry.accounts.model import ApiKey
from registry.accounts.rules import KeyTooLong
from registry.key_rotations import commands
from registry.key_rotations.rules import KeyEnded, OverlapTooLong
from registry.parties.rules import Capacity
from tests.make import registry_base as make

NOW = make.NOW


def buyer(session: Session) -> Actor:
    """Somebody who may have keys."""
    party = make.make_party(session, Capacity.BUYER)
    account = make.make_account(session, Role.BUYER, party=party)
    return Actor(id=account.id, name=account.name, org_id=party.id, grants=(Grant(Role.BUYER, party.id, "xinchang"),))


@pytest.mark.both_databases
def test_a_key_is_replaced_at_once_or_after_the_stated_overlap(session: Session) -> None:
    owner = buyer(session)
    first, one = accounts.create_key(session, owner, name="生产", days=30, now=NOW)
    second, old, two = commands.rotate(session, owner, first.id, days=60, overlap_hours=24, now=NOW)
    session.flush()
    assert (old.id, second.name) == (first.id, "生产 2")
    edge = NOW + timedelta(hours=24)
    held = [queries.actor_of_key(session, one, at) is not None for at in (NOW, edge - timedelta(seconds=1), edge)]
    assert held == [True, True, False]
    third, _, three = commands.rotate(session, owner, second.id, days=60, overlap_hours=0, now=NOW)
    session.flush()
    assert third.name == "生产 3"
    assert [queries.actor_of_key(session, key, NOW) is not None for key in (two, three)] == [False, True]
    with pytest.raises(KeyEnded):
        commands.rotate(session, owner, second.id, days=60, overlap_hours=0, now=NOW)
    lines = session.scalars(sa.select(audit.AuditLine).where(audit.AuditLine.action == "account.rotate_key")).all()
    assert [line.note for line in lines] == [first.prefix, second.prefix]
    assert three.split("_", maxsplit=2)[2] not in str(session.execute(sa.select(ApiKey.__table__)).all())


@pytest.mark.both_databases
def test_an_overlap_never_lengthens_the_old_key(session: Session) -> None:
    owner = buyer(session)
    made, key = accounts.create_key(session, owner, name="生产", days=1, now=NOW)
    commands.rotate(session, owner, made.id, days=10, overlap_hours=168, now=NOW)
    session.flush()
    assert queries.actor_of_key(session, key, NOW + timedelta(days=1)) is None


def test_what_may_not_be_replaced_leaves_everything_as_it_was(session: Session) -> None:
    owner = buyer(session)
    made, key = accounts.create_key(session, owner, name="生产", days=10, now=NOW)
    with pytest.raises(queries.NoSuchKey):
        commands.rotate(session, buyer(session), made.id, days=10, overlap_hours=0, now=NOW)
    with pytest.raises(OverlapTooLong):
        commands.rotate(session, owner, made.id, days=10, overlap_hours=169, now=NOW)
    with pytest.raises(KeyTooLong):
        commands.rotate(session, owner, made.id, days=366, overlap_hours=0, now=NOW)
    with pytest.raises(NotAllowed):
        commands.rotate(session, make.actor(Role.AUDITOR), made.id, days=10, overlap_hours=0, now=NOW)
    with pytest.raises(KeyEnded):
        commands.rotate(session, owner, made.id, days=10, overlap_hours=0, now=NOW + timedelta(days=10))
    assert [found.id for found in queries.keys_of(session, owner.id)] == [made.id]
    assert queries.actor_of_key(session, key, NOW) is not None
