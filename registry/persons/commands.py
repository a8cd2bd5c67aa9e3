"""What security administrators do about persons: identity, roles confirmed by a second person, lost passwords."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import NotAllowed
from kernel.identity import Actor, Permission, Role
from registry.accounts import commands as accounts
from registry.accounts import queries as account_queries
from registry.accounts.model import Account, AccountPerson, Person, SignInFailure, WebSession
from registry.accounts.rules import AccountState, OwnGrant, check_duties, check_password, login_taken
from registry.persons import queries
from registry.persons.model import GrantAsk, PasswordReset
from registry.persons.rules import (
    AskedAlready,
    AskEvent,
    IdentifiedBefore,
    NotTheAsker,
    OwnReset,
    after,
    bad_reset_token,
    check_in_time,
    check_needs_second_person,
    identity_digest,
    identity_number,
    key_name,
    second_person_needed,
)

ASK_MAX = timedelta(hours=72)
RESET_MAX = timedelta(hours=1)
RESET_PREFIX = "hyr_"


@dataclass(frozen=True, slots=True)
class Issued:
    """A one-time token; it is shown once and kept only as its digest."""

    token: str
    account: Account
    expires_at: datetime


def create_account(
    session: Session,
    actor: Actor,
    *,
    login: str,
    name: str,
    password: str,
    now: datetime,
    key: bytes,
    party_id: UUID | None = None,
    number: str | None = None,
) -> Account:
    """Create an account and, where the identity number is given, note whose it is.

    Raises:
        NotAllowed: the actor is no security administrator.
        NoSuchParty: there is no such organisation.
        PasswordTooWeak: the password is too short, or contains the login name.
        LoginTaken: another account has the login name.
        BadIdentityNumber: the number is wrong.
    """
    made = accounts.create_account(
        session, actor, login=login, name=name, password=password, party_id=party_id, now=now
    )
    if number is not None:
        identify(session, actor, made.id, number=number, key=key, now=now)
    return made


def admit(
    session: Session, actor: Actor, *, login: str, name: str, password_hash: str, party_id: UUID | None, now: datetime
) -> Account:
    """Create the account of a person whose organisation was checked and admitted, with the password chosen then.

    Raises:
        NotAllowed: the actor creates no accounts.
        LoginTaken: another account has the login name.
    """
    actor.must(Permission.ACCOUNT_CREATE)
    made = Account(login=login, name=name, password_hash=password_hash, party_id=party_id, created_at=now)
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError as error:
        raise login_taken(login) from error
    audit.record(session, actor, "account.admit", made, at=now)
    return made


def identify(session: Session, actor: Actor, account_id: UUID, *, number: str, key: bytes, now: datetime) -> Person:
    """Note whose account this is; of the identity number only the keyed digest is kept.

    Args:
        session: the session.
        actor: a security administrator.
        account_id: the account.
        number: the number of the resident identity card, in any spelling.
        key: the application's secret.
        now: the moment.

    Raises:
        NotAllowed: the actor is no security administrator.
        NoSuchAccount: there is no such account.
        BadIdentityNumber: the number is wrong.
        IdentifiedBefore: the account has its person already.
        DutyConflict: the person's accounts together hold duties that must be separate.

    Source:
        J6, J7.
    """
    digest = identity_digest(identity_number(number), key)
    return link_person(session, actor, account_id, number_hmac=digest, key=key_name(key), now=now)


def link_person(
    session: Session, actor: Actor, account_id: UUID, *, number_hmac: str, key: str, now: datetime
) -> Person:
    """Note whose account this is, by the digest of the identity number and the name of the key that made it.

    Raises:
        NotAllowed: the actor is no security administrator.
        NoSuchAccount: there is no such account.
        IdentifiedBefore: the account has its person already.
        DutyConflict: the person's accounts together hold duties that must be separate.
    """
    actor.must(Permission.ACCOUNT_CREATE)
    person = _person(session, number_hmac, key, now)
    own = set(queries.accounts_of(session, person.id)) | {account_id}
    ordered = sa.select(Account.id).where(Account.id.in_(own)).order_by(Account.id).with_for_update()
    people = list(session.scalars(ordered))  # grants to any of these accounts wait
    account = account_queries.get(session, account_id)
    if queries.person_of(session, account.id) is not None:
        raise IdentifiedBefore(
            f"账号 {account.login} 已核验身份，不得更改；确有错误的，停用该账号后另建",
            detail_en="The account has its person already.",
        )
    roles = account_queries.duties_of(session, people)
    for one, other in combinations([role for role in Role if role in roles], 2):
        check_duties(account.name, {one}, other)
    session.add(AccountPerson(account_id=account.id, person_id=person.id, identified_at=now, identified_by=actor.id))
    session.flush()
    audit.record(session, actor, "account.identify", account, at=now, detail={"accounts": len(people)})
    return person


def _person(session: Session, number_hmac: str, key: str, now: datetime) -> Person:
    made = Person(number_hmac=number_hmac, key_name=key, known_at=now)
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError:
        known = queries.person_with(session, number_hmac, lock=True)
        assert known is not None, "the digest was taken, so somebody has it"
        return known
    return made


def ask_grant(
    session: Session,
    actor: Actor,
    account_id: UUID,
    *,
    role: Role,
    reason: str,
    now: datetime,
    place: str | None = None,
) -> GrantAsk:
    """Ask for a role of the platform, of finance or of an authority; another person confirms within 72 hours.

    Raises:
        NotAllowed: the actor does not grant roles there.
        OneStepRole: the role is granted in one step.
        NoSuchAccount: there is no such account.
        OwnGrant: the account is the actor's own, or another one of the same person.
        DutyConflict: one person may not join this role with one held, under whichever account.
        AskedAlready: the same role waits to be confirmed.

    Source:
        conventions §8, point 11; J7.
    """
    _must_reach(actor, place)
    check_needs_second_person(role)
    people = account_queries.same_person(session, account_id, lock=True)
    account = account_queries.get(session, account_id, lock=True)
    if actor.id in people:
        raise OwnGrant("不得为本人申请职责，请由另一位安全管理员办理", detail_en="Nobody asks for himself.")
    check_duties(account.name, account_queries.duties_of(session, people), role)
    assert actor.id is not None, "who may grant is signed in"
    made = GrantAsk(
        account_id=account.id, role=role, place=place, reason=reason, asked_by=actor.id, asked_by_name=actor.name,
        asked_at=now, expires_at=now + ASK_MAX,
    )  # fmt: skip
    _withdraw_expired(session, actor, made, now)
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError as error:
        raise AskedAlready(
            f"{account.name} 的同一职责已有待确认的申请，请由另一人确认或先撤回", detail_en="Asked already."
        ) from error
    audit.record(session, actor, "account.ask_grant", account, at=now, note=role, detail={"place": place})
    return queries.ask(session, made.id)


def _withdraw_expired(session: Session, actor: Actor, wanted: GrantAsk, now: datetime) -> None:
    query = queries.asks(actor, account_id=wanted.account_id).where(
        GrantAsk.role == wanted.role, GrantAsk.place.is_not_distinct_from(wanted.place), GrantAsk.expires_at <= now
    )
    for found in session.scalars(query.where(GrantAsk.decided_at.is_(None))):
        found.state, found.decided_at = after(found.state, AskEvent.WITHDRAW), now
    session.flush()


def confirm_grant(session: Session, actor: Actor, ask_id: UUID, *, now: datetime) -> GrantAsk:
    """Confirm what another person asked for: the role is granted now, and everything is checked again.

    Raises:
        NotAllowed: the actor does not grant roles there.
        NoSuchAsk: nobody asked for it.
        WrongAskState: it was decided already.
        AskExpired: 72 hours have passed.
        SecondPersonNeeded: the actor asked, or would get the role, under whichever account.
        OwnGrant: the account is the actor's own.
        DutyConflict: one person may not join this role with one held meanwhile.
        AlreadyGranted: the account has the role there already.
    """
    asked = queries.ask(session, ask_id, lock=True)
    _must_reach(actor, asked.place)
    decided = after(asked.state, AskEvent.CONFIRM)
    check_in_time(asked.expires_at, now)
    barred = {asked.asked_by, *account_queries.same_person(session, asked.asked_by)}
    if actor.id in barred | set(account_queries.same_person(session, asked.account_id)):
        raise second_person_needed(asked.account.name)
    made = accounts.grant_role(session, actor, asked.account_id, role=asked.role, place=asked.place, now=now)
    asked.state, asked.decided_by, asked.decided_at, asked.grant_id = decided, actor.id, now, made.id
    session.flush()
    audit.record(session, actor, "account.confirm_grant", asked, at=now, note=asked.role)
    return asked


def refuse_grant(session: Session, actor: Actor, ask_id: UUID, *, reason: str, now: datetime) -> GrantAsk:
    """Decline what was asked for; one person suffices.

    Raises:
        NotAllowed: the actor does not grant roles there.
        NoSuchAsk: nobody asked for it.
        WrongAskState: it was decided already.
    """
    asked = queries.ask(session, ask_id, lock=True)
    _must_reach(actor, asked.place)
    asked.state = after(asked.state, AskEvent.REFUSE)
    asked.decided_by, asked.decided_at, asked.decision_reason = actor.id, now, reason
    session.flush()
    audit.record(session, actor, "account.refuse_grant", asked, at=now, note=reason)
    return asked


def withdraw_grant(session: Session, actor: Actor, ask_id: UUID, *, now: datetime) -> GrantAsk:
    """Take back what one asked for.

    Raises:
        NotAllowed: the actor does not grant roles there.
        NoSuchAsk: nobody asked for it.
        NotTheAsker: somebody else asked.
        WrongAskState: it was decided already.
    """
    asked = queries.ask(session, ask_id, lock=True)
    _must_reach(actor, asked.place)
    if asked.asked_by != actor.id:
        raise NotTheAsker("只有申请人可以撤回；其他人请确认或不同意", detail_en="Only the asker takes it back.")
    asked.state = after(asked.state, AskEvent.WITHDRAW)
    asked.decided_by, asked.decided_at = actor.id, now
    session.flush()
    audit.record(session, actor, "account.withdraw_grant", asked, at=now)
    return asked


def _must_reach(actor: Actor, place: str | None) -> None:
    actor.must(Permission.GRANT_ROLE, place=place)
    if place is None and actor.places() is not None:
        raise NotAllowed(f"{actor.name} 只能在本地范围内授权，请指明地区", detail_en="Name a place within your scope.")


def issue_reset(session: Session, actor: Actor, account_id: UUID, *, now: datetime) -> Issued:
    """Give a one-time token for a lost password, valid for one hour; earlier tokens of the account are void.

    Raises:
        NotAllowed: the actor is no security administrator.
        NoSuchAccount: there is no such account.
        OwnReset: the account is the actor's own, or another one of the same person.
    """
    actor.must(Permission.ACCOUNT_CREATE)
    account = account_queries.get(session, account_id, lock=True)
    if actor.id in account_queries.same_person(session, account.id):
        raise OwnReset("不得为本人重置密码：请凭当前密码更改，或由另一位安全管理员办理", detail_en="Not one's own.")
    for earlier in queries.open_resets(session, account.id):
        earlier.voided_at = now
    token = RESET_PREFIX + secrets.token_urlsafe(32)
    made = PasswordReset(
        account_id=account.id, token_sha256=account_queries.digest(token), issued_by=actor.id, issued_at=now,
        expires_at=now + RESET_MAX,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "account.issue_reset", account, at=now)
    return Issued(token=token, account=account, expires_at=made.expires_at)


def use_reset(session: Session, actor: Actor, *, token: str, password: str, now: datetime) -> Account:
    """Set a new password with a one-time token; all sessions of the account end, and a lock-out is lifted.

    Raises:
        BadResetToken: the token is wrong, used, replaced or too old, or the account is disabled.
        PasswordTooWeak: the password is too short, or contains the login name.
    """
    found = queries.reset_of(session, token, now)
    if found is None:
        raise bad_reset_token()
    account = account_queries.with_password(session, found.account_id)
    if account.state is not AccountState.ACTIVE:
        raise bad_reset_token()
    check_password(password, account.login, accounts.PASSWORD_LENGTH_MIN)
    account.password_hash, found.used_at = account_queries.hashed(password), now
    ended = sa.update(WebSession).where(WebSession.account_id == account.id, WebSession.ended_at.is_(None))
    session.execute(ended.values(ended_at=now), execution_options=accounts.NO_SYNC)
    failures = sa.delete(SignInFailure).where(SignInFailure.login_sha256 == account_queries.digest(account.login))
    session.execute(failures, execution_options=accounts.NO_SYNC)
    audit.record(session, actor, "account.use_reset", account, at=now)
    return account
