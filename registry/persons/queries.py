"""Reading who is behind an account, what was asked for, and the tokens of lost passwords."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from registry.accounts.model import Account, AccountPerson, Person
from registry.accounts.queries import digest, same_person
from registry.persons.model import GrantAsk, PasswordReset
from registry.persons.rules import AskState


class NoSuchAsk(NotFound):
    """Nobody asked for this, or none that the actor may know of."""

    code = "person.ask_not_found"


def person_of(session: Session, account_id: UUID) -> Person | None:
    """Return the natural person behind an account, or ``None`` where the identity was not taken."""
    query = sa.select(Person).join(AccountPerson, AccountPerson.person_id == Person.id)
    return session.scalar(query.where(AccountPerson.account_id == account_id))


def person_with(session: Session, number_hmac: str, *, lock: bool = False) -> Person | None:
    """Return the person of that digest; locked on demand, so that two accounts of one person are joined in turn."""
    query = sa.select(Person).where(Person.number_hmac == number_hmac)
    return session.scalar(query.with_for_update() if lock else query)


def accounts_of(session: Session, person_id: UUID, *, lock: bool = False) -> list[UUID]:
    """Return the accounts of a person in order; locked on demand."""
    own = sa.select(AccountPerson.account_id).where(AccountPerson.person_id == person_id)
    query = sa.select(Account.id).where(Account.id.in_(own)).order_by(Account.id)
    return list(session.scalars(query.with_for_update(of=Account) if lock else query))


def other_accounts(session: Session, account_id: UUID) -> Sequence[Account]:
    """Return the other accounts of the same person, by login."""
    people = [found for found in same_person(session, account_id) if found != account_id]
    return session.scalars(sa.select(Account).where(Account.id.in_(people)).order_by(Account.login)).all()


def keys_in_use(session: Session) -> set[str]:
    """Return the names of the keys by which identities were taken; more than one means that they do not compare."""
    return set(session.scalars(sa.select(Person.key_name).distinct()))


def ask(session: Session, ask_id: UUID, *, lock: bool = False) -> GrantAsk:
    """Return what was asked for; locked and read afresh on demand.

    Raises:
        NoSuchAsk: there is none.
    """
    query = sa.select(GrantAsk).where(GrantAsk.id == ask_id).options(joinedload(GrantAsk.account))
    if lock:
        query = query.with_for_update(of=GrantAsk).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchAsk(f"没有编号为 {ask_id} 的授权申请", detail_en="No such asking.")
    return found


def asks(actor: Actor, *, account_id: UUID | None = None, state: AskState | None = None) -> sa.Select[GrantAsk]:
    """Return the query of what was asked for within the actor's scope."""
    places = [grant.place for grant in actor.grants if grant.role in ROLES_OF[Permission.GRANT_ROLE]]
    within = sa.true() if None in places else GrantAsk.place.in_([place for place in places if place is not None])
    query = sa.select(GrantAsk).where(within).options(joinedload(GrantAsk.account))
    if account_id is not None:
        query = query.where(GrantAsk.account_id == account_id)
    return query if state is None else query.where(GrantAsk.state == state)


def reset_of(session: Session, token: str, now: datetime) -> PasswordReset | None:
    """Return the reset behind a token that holds: neither used nor replaced, and in time; locked."""
    query = sa.select(PasswordReset).where(
        PasswordReset.token_sha256 == digest(token), PasswordReset.used_at.is_(None), PasswordReset.voided_at.is_(None),
        PasswordReset.expires_at > now,
    )  # fmt: skip
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def open_resets(session: Session, account_id: UUID) -> Sequence[PasswordReset]:
    """Return the tokens of an account that are neither used nor replaced."""
    query = sa.select(PasswordReset).where(
        PasswordReset.account_id == account_id, PasswordReset.used_at.is_(None), PasswordReset.voided_at.is_(None)
    )
    return session.scalars(query).all()
