"""Reading accounts, and finding out who sends a request.

:func:`actor_of_session` and :func:`actor_of_key` run before every request: one SELECT each, nothing is written.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session, joinedload, selectinload, undefer

from kernel.errors import NotFound, Unauthenticated
from kernel.identity import ROLES_OF, Actor, Grant, Permission, Role
from kernel.prepared import Alone, alone, asked, prepared
from registry.accounts.model import Account, AccountPerson, ApiKey, RoleGrant, WebSession
from registry.accounts.rules import AccountState, is_live
from registry.parties.model import Party
from registry.parties.rules import Standing

# OWASP's second choice for argon2id (19 MiB, two passes, one lane): bearable on two cores while many sign in at once
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
SESSION_IDLE_MAX = timedelta(minutes=30)
TOUCH_EVERY = timedelta(minutes=1)
SESSION_PREFIX = "hys_"
KEY_PREFIX = "hyk_"
KEY_CHANNEL = "api"


class NoSuchAccount(NotFound):
    """There is no such account."""

    code = "account.not_found"


class NoSuchKey(NotFound):
    """There is no such key, or none of this account."""

    code = "account.key_not_found"


class NoSuchGrant(NotFound):
    """There is no such grant."""

    code = "account.grant_not_found"


class BadCredentials(Unauthenticated):
    """Login and password do not belong together; which of the two is wrong is not said."""

    code = "account.bad_credentials"
    title = "登录名或密码不正确"
    title_en = "Wrong login or password"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who sends a request, and when that was last noted."""

    actor: Actor
    noted_at: datetime | None

    def is_to_be_noted(self, now: datetime) -> bool:
        """Say whether the last use was noted more than a minute ago, so that it should be noted again."""
        return self.noted_at is None or now - self.noted_at >= TOUCH_EVERY


def normalised_login(login: str) -> str:
    """Return the one spelling of a login name: NFKC, case-folded, without spaces around it."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def digest(secret: str) -> str:
    """Return the SHA-256 by which a random secret is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def actor_of_session(session: Session, token: str, now: datetime) -> Actor | None:
    """Return who holds this session token, or ``None`` when it is unknown, ended, expired or idle too long."""
    found = recognise_session(session, token, now)
    return None if found is None else found.actor


def actor_of_key(session: Session, token: str, now: datetime) -> Actor | None:
    """Return for whom this API key acts, or ``None`` when it is unknown, revoked or expired."""
    found = recognise_key(session, token, now)
    return None if found is None else found.actor


def recognise_session(session: Session, token: str, now: datetime) -> Recognised | None:
    """Return the holder of a session token and when it was last seen."""
    if not token.startswith(SESSION_PREFIX):
        return None
    rows = _rows_of(session, _session_alone(), _of_session, digest(token))
    if not rows or rows[0].state is not AccountState.ACTIVE:
        return None
    one = rows[0]
    times = {"now": now, "seen_at": one.seen_at, "expires_at": one.expires_at, "ended_at": one.ended_at}
    return Recognised(_actor(rows, "web"), one.seen_at) if is_live(**times, idle_max=SESSION_IDLE_MAX) else None


def recognise_key(session: Session, token: str, now: datetime) -> Recognised | None:
    """Return for whom an API key acts and when it was last used."""
    parts = parts_of_key(token)
    if parts is None:
        return None
    prefix, secret_sha256 = parts
    rows = _rows_of(session, _key_alone(), _of_key, prefix)
    if not rows or not hmac.compare_digest(rows[0].secret_sha256, secret_sha256):
        return None
    first = rows[0]
    if first.state is not AccountState.ACTIVE or first.revoked_at is not None or now >= first.expires_at:
        return None
    return Recognised(_actor(rows, KEY_CHANNEL), first.last_used_at)


def _rows_of(session: Session, quick: Alone, usual: Callable[[str], sa.TextualSelect], token: str) -> Sequence[Any]:
    rows: Sequence[Any] | None = quick.ask(session, token=token)
    if rows is not None:
        return rows
    return session.connection().execute(usual(session.get_bind().dialect.name), {"token": token}).all()


@cache
def _of_key(dialect: str) -> sa.TextualSelect:
    return prepared(_question_of_key(), dialect, token=sa.Text())


@cache
def _key_alone() -> Alone:
    return alone(_question_of_key(), "token")


@cache
def _of_session(dialect: str) -> sa.TextualSelect:
    return prepared(_question_of_session(), dialect, token=sa.Text())


@cache
def _session_alone() -> Alone:
    return alone(_question_of_session(), "token")


def _question_of_key() -> sa.Select[*tuple[Any, ...]]:
    """Every call of a program asks this, so it is put together once."""
    return _with_grants(
        sa.select(ApiKey.secret_sha256, ApiKey.expires_at, ApiKey.revoked_at, ApiKey.last_used_at).select_from(ApiKey),
        Account.id == ApiKey.account_id,
    ).where(ApiKey.prefix == asked("token"))


def _question_of_session() -> sa.Select[*tuple[Any, ...]]:
    """Every page asks this."""
    return _with_grants(
        sa.select(WebSession.seen_at, WebSession.expires_at, WebSession.ended_at).select_from(WebSession),
        Account.id == WebSession.account_id,
    ).where(WebSession.token_sha256 == asked("token"))


def holder_of_key(permission: Permission, at: str) -> sa.Select[*tuple[Any, ...]]:
    """Return the question who may do something for the own organisation with a key, for statements that do it at once.

    It is asked by ``prefix`` and ``secret`` (the digest) at a moment, written as SQL, and finds ``id``, ``name``,
    ``org_id`` and ``channel`` of whom :func:`recognise_key` finds and :meth:`Actor.must` lets pass; nobody otherwise.
    """
    may = (
        sa.select(RoleGrant.id)
        .outerjoin(Party, Party.id == RoleGrant.party_id)
        .where(
            RoleGrant.account_id == Account.id, RoleGrant.revoked_at.is_(None),
            RoleGrant.role.in_(ROLES_OF[permission]),
            sa.or_(
                RoleGrant.party_id.is_(None),
                sa.and_(RoleGrant.party_id == Account.party_id, Party.standing == Standing.IN_ORDER),
            ),
        )
        .correlate(Account)
    )  # fmt: skip
    return (
        sa.select(
            Account.id, Account.name, Account.party_id.label("org_id"),
            sa.cast(sa.literal(KEY_CHANNEL), sa.Text).label("channel"),
        )
        .join(ApiKey, ApiKey.account_id == Account.id)
        .where(
            ApiKey.prefix == asked("prefix"), ApiKey.secret_sha256 == asked("secret"), ApiKey.revoked_at.is_(None),
            ApiKey.expires_at > sa.literal_column(at), Account.state == AccountState.ACTIVE, may.exists(),
        )
    )  # fmt: skip


def parts_of_key(token: str) -> tuple[str, str] | None:
    """Return the prefix of a key and the digest of its secret; None for what is no key."""
    prefix, _, secret = token.removeprefix(KEY_PREFIX).partition("_")
    if not token.startswith(KEY_PREFIX) or not prefix or not secret:
        return None
    return prefix, digest(secret)


def needs_touch(session: Session, token: str, now: datetime) -> bool:
    """Say whether the token's last use was noted more than a minute ago, so that it should be noted again."""
    recognise = recognise_key if token.startswith(KEY_PREFIX) else recognise_session
    found = recognise(session, token, now)
    return found is not None and found.is_to_be_noted(now)


def _with_grants(query: sa.Select[*tuple[Any, ...]], account_of: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """Add the account and, one row each, its grants; those for a suspended organisation are left out."""
    in_order = sa.or_(RoleGrant.party_id.is_(None), Party.standing == Standing.IN_ORDER)
    return (
        query.join(Account, account_of)
        .outerjoin(RoleGrant, sa.and_(RoleGrant.account_id == Account.id, RoleGrant.revoked_at.is_(None)))
        .outerjoin(Party, Party.id == RoleGrant.party_id)
        .add_columns(
            Account.id.label("account_id"), Account.name, Account.party_id.label("org_id"), Account.state,
            sa.case((in_order, RoleGrant.role)).label("role"), RoleGrant.party_id.label("grant_org"), RoleGrant.place,
        )
        .order_by(RoleGrant.granted_at, RoleGrant.id)
    )  # fmt: skip


def _actor(rows: Sequence[Any], channel: str) -> Actor:
    grants = tuple(Grant(Role(row.role), row.grant_org, row.place) for row in rows if row.role is not None)
    first = rows[0]
    return Actor(id=first.account_id, name=first.name, org_id=first.org_id, grants=grants, channel=channel)


def authenticate(session: Session, *, login: str, password: str) -> Account:
    """Return the account whose login and password these are.

    An unknown login costs the same time as a wrong password and gives the same refusal.

    Raises:
        BadCredentials: login and password do not belong together, or the account is disabled.
    """
    query = sa.select(Account).where(Account.login == normalised_login(login)).options(undefer(Account.password_hash))
    account = session.scalar(query)
    right = verifies(account.password_hash if account else _nobodys_hash(), password)
    if account is None or not right or account.state is not AccountState.ACTIVE:
        raise BadCredentials("登录名或密码不正确，请核对后重试", detail_en="Wrong login or password.")
    return account


def hashed(password: str) -> str:
    """Return the argon2 hash by which a password is kept."""
    return HASHER.hash(password.encode("utf-8", "surrogatepass"))


def verifies(password_hash: str, password: str) -> bool:
    """Say whether this is the password behind the hash."""
    try:
        return HASHER.verify(password_hash, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return HASHER.hash("the password of nobody")


def get(session: Session, account_id: UUID | None, *, lock: bool = False) -> Account:
    """Return the account with its organisation and grants; locked and read afresh on demand.

    Raises:
        NoSuchAccount: there is none.
    """
    query = listed().where(Account.id == account_id)
    if lock:
        query = query.with_for_update(of=Account).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchAccount(f"没有编号为 {account_id} 的账号", detail_en="No such account.")
    return found


def with_password(session: Session, account_id: UUID | None) -> Account:
    """Return the account with the hash of its password, locked.

    Raises:
        NoSuchAccount: there is none.
    """
    query = sa.select(Account).where(Account.id == account_id).options(undefer(Account.password_hash))
    found = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NoSuchAccount(f"没有编号为 {account_id} 的账号", detail_en="No such account.")
    return found


def listed() -> sa.Select[Account]:
    """Return the query of all accounts with organisation and grants (for security administrators)."""
    return sa.select(Account).options(joinedload(Account.party), selectinload(Account.grants))


def grant(session: Session, grant_id: UUID) -> RoleGrant:
    """Return one grant.

    Raises:
        NoSuchGrant: there is none.
    """
    found = session.get(RoleGrant, grant_id)
    if found is None:
        raise NoSuchGrant(f"没有编号为 {grant_id} 的授权", detail_en="No such grant.")
    return found


def grants_in_force(session: Session, account_id: UUID) -> Sequence[RoleGrant]:
    """Return the grants of an account that are not revoked, oldest first; locked accounts see the newest state."""
    query = sa.select(RoleGrant).where(RoleGrant.account_id == account_id, RoleGrant.revoked_at.is_(None))
    return session.scalars(query.order_by(RoleGrant.granted_at, RoleGrant.id)).all()


def same_person(session: Session, account_id: UUID | None, *, lock: bool = False) -> list[UUID]:
    """Return all accounts of the natural person behind an account, itself included; locked in order on demand.

    Source:
        J6, J7: duties are separated by natural person, not by account.
    """
    own = sa.select(AccountPerson.person_id).where(AccountPerson.account_id == account_id)
    linked = sa.select(AccountPerson.account_id).where(AccountPerson.person_id.in_(own))
    query = sa.select(Account.id).where(sa.or_(Account.id == account_id, Account.id.in_(linked))).order_by(Account.id)
    return list(session.scalars(query.with_for_update(of=Account) if lock else query))


def accounts_behind(session: Session, *account_ids: UUID | None) -> set[UUID]:
    """Return these accounts and every other account of the natural persons behind them: nobody of them is a second one.

    Source:
        J6, J7: duties are separated by natural person, not by account.
    """
    named = {account_id for account_id in account_ids if account_id is not None}
    return named.union(*(same_person(session, account_id) for account_id in named))


def duties_of(session: Session, account_ids: Sequence[UUID]) -> set[Role]:
    """Return the roles that these accounts hold together, for whatever organisation and place."""
    query = sa.select(RoleGrant.role).where(RoleGrant.account_id.in_(account_ids), RoleGrant.revoked_at.is_(None))
    return set(session.scalars(query))


def live_sessions(session: Session, account_id: UUID, now: datetime) -> Sequence[WebSession]:
    """Return the sessions of an account that still hold, the least recently seen first."""
    query = sa.select(WebSession).where(
        WebSession.account_id == account_id,
        WebSession.ended_at.is_(None),
        WebSession.expires_at > now,
        WebSession.seen_at > now - SESSION_IDLE_MAX,
    )
    return session.scalars(query.order_by(WebSession.seen_at, WebSession.id)).all()


def keys(account_id: UUID | None) -> sa.Select[ApiKey]:
    """Return the query of all keys of an account, revoked ones included."""
    return sa.select(ApiKey).where(ApiKey.account_id == account_id)


def keys_of(session: Session, account_id: UUID | None) -> Sequence[ApiKey]:
    """Return all keys of an account, the newest first."""
    return session.scalars(keys(account_id).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())).all()


def key(session: Session, key_id: UUID) -> ApiKey:
    """Return one key.

    Raises:
        NoSuchKey: there is none.
    """
    found = session.get(ApiKey, key_id)
    if found is None:
        raise NoSuchKey(f"没有编号为 {key_id} 的访问密钥", detail_en="No such key.")
    return found


def is_empty(session: Session) -> bool:
    """Say whether nobody has an account yet."""
    return session.scalar(sa.select(Account.id).limit(1)) is None


def has_one_administrator(session: Session) -> bool:
    """Say whether at most one active account grants roles, so that nobody could confirm what it asks for."""
    query = (
        sa.select(sa.func.count(RoleGrant.account_id.distinct()))
        .join(Account, Account.id == RoleGrant.account_id)
        .where(
            RoleGrant.role == Role.SECURITY_ADMINISTRATOR, RoleGrant.revoked_at.is_(None),
            Account.state == AccountState.ACTIVE,
        )
    )  # fmt: skip
    return session.scalars(query).one() <= 1
