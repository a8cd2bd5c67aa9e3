"""Who asks is found in one round trip."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from kernel.identity import Actor, Grant, Role
from registry.accounts import commands, queries
from tests.make import registry_base as make

NOW = make.NOW


@pytest.mark.postgresql_only
def test_whoever_asks_is_found_without_opening_a_transaction_as_within_one(session: Session) -> None:
    account = make.make_account(session, Role.AUDITOR)
    token = commands.start_session(session, make.security_administrator(), account.id, now=NOW).token
    session.commit()
    found = queries.recognise_session(session, token, NOW)
    assert not session.in_transaction()
    session.connection()
    assert found == queries.recognise_session(session, token, NOW)
    assert found is not None
    assert found.actor == Actor(account.id, account.name, grants=(Grant(Role.AUDITOR),))
