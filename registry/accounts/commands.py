"""What people do with accounts: sign in and out, keys, grants."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import NotAllowed
from kernel.identity import ROLES_OF, Actor, Permission, Role
from registry.accounts import queries
from registry.accounts.model import Account, ApiKey, RoleGrant, SignInFailure, WebSession
from registry.accounts.queries import KEY_PREFIX, SESSION_PREFIX, TOUCH_EVERY, digest, hashed, normalised_login
from registry.accounts.rules import (
    CAPACITY_OF,
    ROLE_TITLES,
    AccountEvent,
    AlreadyGranted,
    NotTheFirst,
    OwnGrant,
    WrongPassword,
    check_capacity,
    check_duties,
    check_key_days,
    check_one_step,
    check_password,
    key_name_taken,
    locked_out,
    login_taken,
    organisation_for,
    state_after,
    to_end,
)
from registry.parties import queries as parties
from registry.parties.rules import check_in_order

PASSWORD_LENGTH_MIN = 12
ATTEMPTS_MAX = 5
ATTEMPTS_WINDOW = timedelta(minutes=15)
SESSION_MAX = timedelta(hours=12)
SESSIONS_AT_ONCE = 3
KEY_DAYS_MAX = 365
KEY_NAME_LENGTH_MAX = 100
FIRST_ADMINISTRATOR = "first-administrator"
NO_SYNC = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; the token is shown once and kept only as its digest."""

    token: str
    account: Account
    expires_at: datetime


def create_first_administrator(
    session: Session, actor: Actor, *, login: str, name: str, password: str, now: datetime
) -> Account:
    """Create the one account that nobody has to permit: a security administrator for all places.

    Of two that try at once the second is refused: both draw the number one of the same series.

    Raises:
        NotTheFirst: there is an account already.
        PasswordTooWeak: the password is too short, or contains the login name.
    """
    if not queries.is_empty(session) or numbering.take(session, FIRST_ADMINISTRATOR) > 1:
        raise NotTheFirst("已有账号：请由安全管理员登录后新建账号", detail_en="There is an account already.")
    account = _new_account(session, login=login, name=name, password=password, party_id=None, now=now)
    session.add(RoleGrant(account=account, role=Role.SECURITY_ADMINISTRATOR, granted_at=now))
    session.flush()
    audit.record(session, actor, "account.create_first_administrator", account, at=now)
    return account


def create_account(
    session: Session, actor: Actor, *, login: str, name: str, password: str, now: datetime, party_id: UUID | None = None
) -> Account:
    """Create an account, without any role yet.

    Raises:
        NotAllowed: the actor is no security administrator.
        NoSuchParty: there is no such organisation.
        PasswordTooWeak: the password is too short, or contains the login name.
        LoginTaken: another account has the login name.
    """
    actor.must(Permission.ACCOUNT_CREATE)
    if party_id is not None:
        parties.get(session, party_id)
    account = _new_account(session, login=login, name=name, password=password, party_id=party_id, now=now)
    audit.record(session, actor, "account.create", account, at=now)
    return account


def _new_account(
    session: Session, *, login: str, name: str, password: str, party_id: UUID | None, now: datetime
) -> Account:
    login = normalised_login(login)
    check_password(password, login, PASSWORD_LENGTH_MIN)
    account = Account(login=login, name=name.strip(), password_hash=hashed(password), party_id=party_id, created_at=now)
    try:
        with session.begin_nested():
            session.add(account)
            session.flush()
    except IntegrityError as error:
        raise login_taken(login) from error
    return account


def grant_role(
    session: Session,
    actor: Actor,
    account_id: UUID,
    *,
    role: Role,
    now: datetime,
    party_id: UUID | None = None,
    place: str | None = None,
    in_one_step: bool = False,
) -> RoleGrant:
    """Grant a role to an account, for one place or (``None``) for all.

    Roles of an organisation are granted for the account's own organisation, which must be registered for them. With
    ``in_one_step`` nobody else confirms: other roles are then granted only while there is no second security
    administrator, so that the first one can set up the platform (:func:`registry.persons.commands.ask_grant`).

    Raises:
        SecondPersonRequired: the role takes two persons, and there are two administrators.
        NotAllowed: the actor does not grant roles there.
        OwnGrant: the account is the actor's own, or another one of the same person.
        NoSuchAccount: there is no such account.
        GrantIncomplete: the role needs the account's organisation, or must not name one.
        NotInOrder: the organisation is suspended or ended.
        DutyConflict: one person may not join this role with one held, under whichever account and organisation.
        AlreadyGranted: the account has the role there already.
    """
    _must_reach(actor, Permission.GRANT_ROLE, place)
    if in_one_step:
        check_one_step(role, is_alone=queries.has_one_administrator(session))
    people = queries.same_person(session, account_id, lock=True)  # two grants at once must not slip past the duties
    account = queries.get(session, account_id, lock=True)
    if actor.id in people:
        raise OwnGrant("不得为本人授予职责，请由另一位安全管理员办理", detail_en="Nobody grants roles to himself.")
    organisation = _organisation_for(session, account, role, party_id, place)
    held = queries.grants_in_force(session, account.id)
    check_duties(account.name, queries.duties_of(session, people), role)
    if any((grant.role, grant.place) == (role, place) for grant in held):
        raise AlreadyGranted(
            f"{account.name} 已有“{ROLE_TITLES[role]}”职责，无需重复授予", detail_en="Granted already."
        )
    made = RoleGrant(
        account=account, role=role, party_id=organisation, place=place, granted_at=now, granted_by=actor.id
    )
    session.add(made)
    session.flush()
    detail = {"place": place, "grant": str(made.id)}
    audit.record(session, actor, "account.grant_role", account, at=now, note=role, detail=detail)
    return made


def _must_reach(actor: Actor, permission: Permission, place: str | None) -> None:
    actor.must(permission, place=place)
    everywhere = any(grant.place is None and grant.role in ROLES_OF[permission] for grant in actor.grants)
    if place is None and not everywhere:
        raise NotAllowed(f"{actor.name} 只能在本地范围内授权，请指明地区", detail_en="Name a place within your scope.")


def _organisation_for(
    session: Session, account: Account, role: Role, asked: UUID | None, place: str | None
) -> UUID | None:
    needed = organisation_for(account.name, role, own=account.party_id, asked=asked)
    if needed is not None:
        party = parties.get(session, needed)
        check_in_order(party.name, party.standing)
        check_capacity(party.name, role, parties.has_capacity(session, party.id, CAPACITY_OF[role], place))
    return needed


def revoke_role(session: Session, actor: Actor, grant_id: UUID, *, now: datetime) -> RoleGrant:
    """Take a role back; it ends with the next request.

    Raises:
        NotAllowed: the actor does not grant roles there.
        NoSuchGrant: there is no such grant.
        AlreadyGranted: it was revoked before.
    """
    grant = queries.grant(session, grant_id)
    _must_reach(actor, Permission.GRANT_ROLE, grant.place)
    if grant.revoked_at is not None:
        raise AlreadyGranted("该职责此前已撤销，无需重复办理", detail_en="Revoked already.")
    grant.revoked_at, grant.revoked_by = now, actor.id
    person = ("registry_account", str(grant.account_id))
    audit.record(session, actor, "account.revoke_role", person, at=now, note=grant.role)
    return grant


def disable(session: Session, actor: Actor, account_id: UUID, *, reason: str, now: datetime) -> Account:
    """Disable an account at once: its sessions end and its keys are refused.

    Raises:
        NotAllowed: the actor is no security administrator.
        NoSuchAccount: there is no such account.
        WrongAccountState: it is disabled already.
    """
    actor.must(Permission.ACCOUNT_CREATE)
    account = queries.get(session, account_id, lock=True)
    account.state = state_after(account.state, AccountEvent.DISABLE)
    _end_sessions(session, account.id, now)
    audit.record(session, actor, "account.disable", account, at=now, note=reason)
    return account


def enable(session: Session, actor: Actor, account_id: UUID, *, now: datetime) -> Account:
    """Let a disabled account sign in again.

    Raises:
        NotAllowed: the actor is no security administrator.
        NoSuchAccount: there is no such account.
        WrongAccountState: it is not disabled.
    """
    actor.must(Permission.ACCOUNT_CREATE)
    account = queries.get(session, account_id, lock=True)
    account.state = state_after(account.state, AccountEvent.ENABLE)
    audit.record(session, actor, "account.enable", account, at=now)
    return account


def count_attempt(session: Session, actor: Actor, *, login: str, now: datetime) -> None:
    """Count one attempt to sign in, before the password is looked at; commit it before :func:`sign_in`.

    Attempts sent at the same moment cannot slip past the limit; a refused one rolls its own count back, so that
    the lock-out ends 15 minutes after the first of the five.

    Raises:
        LockedOut: five attempts were made under this login name within 15 minutes.
    """
    table = sa.inspect(SignInFailure).local_table
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    stale = table.c.since <= now - ATTEMPTS_WINDOW
    name = digest(normalised_login(login))
    statement = (
        insert(table)  # type: ignore[arg-type]
        .values(login_sha256=name, attempts=1, since=now)
        .on_conflict_do_update(
            index_elements=["login_sha256"],
            set_={
                "attempts": sa.case((stale, 1), else_=table.c.attempts + 1),
                "since": sa.case((stale, sa.bindparam("now", now, table.c.since.type)), else_=table.c.since),
            },
        )
        .returning(table.c.attempts, table.c.since)
    )
    attempts, since = session.execute(statement).one()
    if attempts > ATTEMPTS_MAX:
        raise locked_out(ATTEMPTS_MAX, since + ATTEMPTS_WINDOW - now)
    audit.record(session, actor, "account.sign_in_attempt", ("sign_in", name), at=now, note=str(attempts))


def sign_in(session: Session, actor: Actor, *, login: str, password: str, now: datetime) -> SignedIn:
    """Check login and password and start a session. The edge counts the attempt first: :func:`count_attempt`.

    Raises:
        BadCredentials: login and password do not belong together, or the account is disabled.
    """
    account = queries.authenticate(session, login=login, password=password)
    return start_session(session, actor, account.id, now=now)


def start_session(session: Session, actor: Actor, account_id: UUID, *, now: datetime) -> SignedIn:
    """Start a session of an account whose password was checked; end the oldest so that at most three remain.

    Raises:
        NoSuchAccount: there is no such account.
    """
    account = queries.get(session, account_id, lock=True)  # sign-ins of one account queue, so that three stays three
    live = {str(found.id): found for found in queries.live_sessions(session, account.id, now)}
    for name in to_end([(found.seen_at, key) for key, found in live.items()], SESSIONS_AT_ONCE):
        live[name].ended_at = now
    token = SESSION_PREFIX + secrets.token_urlsafe(32)
    started = WebSession(
        token_sha256=digest(token), account_id=account.id, started_at=now, seen_at=now, expires_at=now + SESSION_MAX
    )
    session.add(started)
    session.execute(sa.delete(SignInFailure).where(SignInFailure.login_sha256 == digest(account.login)))
    session.flush()
    person = Actor(id=account.id, name=account.name, org_id=account.party_id, channel=actor.channel)
    audit.record(session, person, "account.sign_in", account, at=now)
    return SignedIn(token=token, account=account, expires_at=started.expires_at)


def sign_out(session: Session, actor: Actor, *, token: str, now: datetime) -> None:
    """End the session behind the token; an unknown or ended one is left as it is."""
    ended = sa.update(WebSession).where(WebSession.token_sha256 == digest(token), WebSession.ended_at.is_(None))
    session.execute(ended.values(ended_at=now), execution_options=NO_SYNC)
    audit.record(session, actor, "account.sign_out", ("registry_account", str(actor.id)), at=now)


def touch(session: Session, actor: Actor, *, token: str, now: datetime) -> None:
    """Note that a session or key was used, at most once a minute; the first use of a key on a day is audited.

    Plain UPDATEs with their own condition: two requests at once do not fight over the row's version.
    """
    if token.startswith(KEY_PREFIX):
        _touch_key(session, actor, token.removeprefix(KEY_PREFIX).partition("_")[0], now)
        return
    seen = sa.update(WebSession).where(
        WebSession.token_sha256 == digest(token), WebSession.ended_at.is_(None), WebSession.seen_at <= now - TOUCH_EVERY
    )
    session.execute(seen.values(seen_at=now), execution_options=NO_SYNC)


def _touch_key(session: Session, actor: Actor, prefix: str, now: datetime) -> None:
    own = sa.and_(ApiKey.prefix == prefix, ApiKey.account_id == actor.id)
    last = session.scalar(sa.select(ApiKey.last_used_at).where(own))
    unused = sa.or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - TOUCH_EVERY)
    session.execute(sa.update(ApiKey).where(own, unused).values(last_used_at=now), execution_options=NO_SYNC)
    if last is None or business_date(last) < business_date(now):
        audit.record(session, actor, "account.use_key", ("registry_account", str(actor.id)), at=now, note=prefix)


def _end_sessions(session: Session, account_id: UUID, now: datetime, *, but: str | None = None) -> None:
    ended = sa.update(WebSession).where(WebSession.account_id == account_id, WebSession.ended_at.is_(None))
    if but is not None:
        ended = ended.where(WebSession.token_sha256 != digest(but))
    session.execute(ended.values(ended_at=now), execution_options=NO_SYNC)


def set_password(
    session: Session, actor: Actor, *, present: str, password: str, now: datetime, token: str | None = None
) -> Account:
    """Set a new password for the actor's own account; all other sessions end.

    Raises:
        NotAllowed: nobody is signed in.
        WrongPassword: the present password is not right.
        PasswordTooWeak: the new one is too short, or contains the login name.
    """
    actor.must(Permission.ACCOUNT_OWN)
    account = queries.with_password(session, actor.id)
    if not queries.verifies(account.password_hash, present):
        raise WrongPassword(
            "当前密码不正确，密码未更改",
            detail_en="The present password is not right.",
            errors=[{"pointer": "/present", "code": WrongPassword.code, "message": "当前密码不正确"}],
        )
    check_password(password, account.login, PASSWORD_LENGTH_MIN)
    account.password_hash = hashed(password)
    _end_sessions(session, account.id, now, but=token)
    audit.record(session, actor, "account.set_password", account, at=now)
    return account


def create_key(session: Session, actor: Actor, *, name: str, days: int, now: datetime) -> tuple[ApiKey, str]:
    """Create an API key of the actor's own account, valid for ``days``; return it with the secret, shown once.

    Raises:
        NotAllowed: the actor's roles do not call the interface.
        KeyTooLong: ``days`` is not between 1 and 365.
        KeyNameTaken: the account has a key of that name.
    """
    actor.must(Permission.KEY_MANAGE)
    check_key_days(days, KEY_DAYS_MAX)
    account = queries.with_password(session, actor.id)
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    made = ApiKey(
        prefix=prefix, secret_sha256=digest(secret), account_id=account.id, name=name, created_at=now,
        expires_at=now + timedelta(days=days),
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError as error:
        raise key_name_taken(name) from error
    audit.record(session, actor, "account.create_key", made, at=now, note=prefix)
    return made, f"{KEY_PREFIX}{prefix}_{secret}"


def revoke_key(session: Session, actor: Actor, key_id: UUID, *, now: datetime) -> ApiKey:
    """Revoke a key at once: one's own, or as security administrator anybody's. Revoking twice changes nothing.

    Raises:
        NoSuchKey: there is none, or it is another account's.
    """
    key = queries.key(session, key_id)
    if key.account_id != actor.id and not actor.may(Permission.ACCOUNT_CREATE):
        raise queries.NoSuchKey(f"您名下没有编号为 {key_id} 的访问密钥", detail_en="No such key of yours.")
    if key.revoked_at is None:
        key.revoked_at = now
    audit.record(session, actor, "account.revoke_key", key, at=now, note=key.prefix)
    return key
