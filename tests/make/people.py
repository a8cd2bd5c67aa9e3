"""Identity numbers and everything about people that tests need."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

from sqlalchemy.orm import Session
from stdnum.cn import ric

from kernel.identity import Actor
from registry.accounts.model import Account
from registry.persons import commands as persons
from tests.make import registry_base as base

KEY = b"a key for tests"
_serial = count(0)


def identity_number() -> str:
    """A valid number of a resident identity card that no other test has; of nobody in particular."""
    serial = next(_serial)
    born = date(1980, 1, 1) + timedelta(days=serial // 500)
    body = f"330624{born:%Y%m%d}{serial % 500 + 1:03d}"
    return body + ric.calc_check_digit(body + "0")


def are_one_person(session: Session, *actors: Actor) -> None:
    """Let the accounts of these actors belong to one natural person, who showed the same identity card twice."""
    number = identity_number()
    for actor in actors:
        session.add(
            Account(id=actor.id, login=f"p-{actor.id}", name=actor.name, password_hash="-", created_at=base.NOW)
        )
        session.flush()
        assert actor.id is not None
        persons.identify(session, base.security_administrator(), actor.id, number=number, key=KEY, now=base.NOW)
