"""One statement knows the key, and lets it call exactly while the ordinary way would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from kernel.db import Database, new_id, write_transaction
from kernel.errors import DomainError
from kernel.identity import Actor, Grant, Permission, Role
from registry.accounts import commands as accounts
from registry.accounts import queries as account_queries
from registry.accounts.model import Account, ApiKey, RoleGrant
from registry.accounts.rules import AccountState
from registry.parties.model import Party
from registry.parties.rules import Standing
from settlement.calls import commands
from settlement.calls.commands import Served
from settlement.quick_calls import commands as quick
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.settlement.calls.test_races import NOW, counted
from tests.settlement.quick_calls.test_commands import begun, written

pytestmark = pytest.mark.postgresql_only

BEFORE = NOW - timedelta(days=1)


@dataclass(frozen=True)
class Held:
    """A world, and the key of an account of the buyer."""

    database: Database
    code: str
    token: str
    account_id: UUID
    org_id: UUID

    def ask(self, reference: str, token: str | None = None) -> Served | None:
        """Ask in one statement."""
        with self.database.new_session() as session:
            return quick.use_at_once(session, token or self.token, code=self.code, key="k", reference=reference,
                                     now=NOW, book=make.LAW)  # fmt: skip

    def may(self) -> bool:
        """What the ordinary way finds: who is it, and may it call for its organisation."""
        with self.database.new_session() as session:
            actor = account_queries.actor_of_key(session, self.token, NOW)
            try:
                if actor is not None:
                    actor.must(Permission.EXCHANGE_CALL, org_id=actor.org_id)
            except DomainError:
                return False
            return actor is not None

    def change(self, statement: Any) -> None:
        """Change something in a transaction of its own."""
        with self.database.new_session() as session, write_transaction(session):
            session.execute(statement)


@pytest.fixture
def held(database_url: str) -> Iterator[Held]:
    """A world in which the first call was made."""
    database, world, caller = begun(database_url)
    with database.new_session() as session, write_transaction(session):
        token, account_id = a_key(session, caller)
    assert caller.org_id is not None
    yield Held(database, world.scores.code, token, account_id, caller.org_id)
    database.engine.dispose()


def a_key(session: Session, caller: Actor) -> tuple[str, UUID]:
    """A key of an account of the caller's organisation."""
    assert caller.org_id is not None
    account = base.make_account(session, Role.BUYER, party=session.get_one(Party, caller.org_id), now=BEFORE)
    person = Actor(account.id, "x", org_id=caller.org_id, grants=(Grant(Role.BUYER, org_id=caller.org_id),))
    return accounts.create_key(session, person, name="program", days=90, now=BEFORE)[1], account.id


def test_a_call_by_key_writes_what_the_ordinary_way_writes_for_its_holder(held: Held) -> None:
    served = held.ask("quick")
    assert served is not None
    with held.database.new_session() as session:
        actor = account_queries.actor_of_key(session, held.token, NOW)
        assert actor is not None
        with write_transaction(session):
            slow = commands.record_use(session, actor, code=held.code, key="k", reference="slow", now=NOW,
                                       book=make.LAW)  # fmt: skip
        assert written(session, "quick") == written(session, "slow")
    assert (served.used + 1, served.hit, served.body) == (slow.used, slow.hit, slow.body)
    assert held.ask("quick") is None, "a repetition goes the ordinary way"


def test_a_key_calls_exactly_while_it_may(held: Held) -> None:
    (key, account, grant, party) = (
        sa.update(kind).where(where) for kind, where in (
            (ApiKey, ApiKey.account_id == held.account_id), (Account, Account.id == held.account_id),
            (RoleGrant, RoleGrant.account_id == held.account_id), (Party, Party.id == held.org_id),
        )
    )  # fmt: skip
    other = new_id()
    closings: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
        (key, {"revoked_at": NOW}, {"revoked_at": None}),
        (key, {"expires_at": NOW}, {"expires_at": NOW + timedelta(days=1)}),
        (key, {"secret_sha256": "0"}, {"secret_sha256": account_queries.digest(held.token.split("_", 2)[2])}),
        (account, {"state": AccountState.DISABLED}, {"state": AccountState.ACTIVE}),
        (account, {"party_id": None}, {"party_id": held.org_id}),
        (grant, {"revoked_at": NOW, "revoked_by": other}, {"revoked_at": None, "revoked_by": None}),
        (grant, {"role": Role.AUDITOR}, {"role": Role.BUYER}),
        (party, {"standing": Standing.SUSPENDED}, {"standing": Standing.IN_ORDER}),
    ]
    before = counted(held.database)
    for number, (table, closed, opened) in enumerate(closings):
        held.change(table.values(closed))
        assert held.ask(f"closed-{number}") is None, closed
        assert not held.may() or "party_id" in closed  # of no organisation: passes, and is refused a step later
        held.change(table.values(opened))
    assert counted(held.database) == before
    assert held.ask("again") is not None
    assert held.may()


def test_a_grant_for_every_organisation_lets_call_and_a_broken_key_never_does(held: Held) -> None:
    held.change(sa.update(RoleGrant).where(RoleGrant.account_id == held.account_id).values(party_id=None))
    assert held.may()
    assert held.ask("everywhere") is not None
    prefix = held.token.rpartition("_")[0]
    for token in ("", "hyk_", prefix, f"{prefix}_", f"{prefix}_x", held.token.removeprefix("hyk_"), f"{held.token}\0"):
        assert held.ask("broken", token or "x") is None, token


def test_a_wrong_key_is_refused_before_anything_else_is_said(client: FlaskClient) -> None:
    for headers in ({}, {"Client-Reference": "r"}):
        refused = client.get(
            "/exchange/v1/products/NONE/records/k", headers={"Authorization": "Bearer hyk_a_b"} | headers
        )
        assert refused.json is not None
        assert (refused.status_code, refused.json["code"]) == (401, "auth.unauthenticated")
