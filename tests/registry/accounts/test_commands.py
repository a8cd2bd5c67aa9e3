"""Accounts, sessions and keys on a real database."""

from __future__ import annotations

import sys
import threading
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import Database, new_id, write_transaction
from kernel.errors import NotAllowed
from kernel.identity import ANONYMOUS, Actor, Grant, Permission, Role
from registry.accounts import commands, queries
from registry.accounts.model import Account, ApiKey, SignInFailure, WebSession
from registry.accounts.rules import (
    AccountState,
    AlreadyGranted,
    DutyConflict,
    GrantIncomplete,
    KeyNameTaken,
    KeyTooLong,
    LockedOut,
    LoginTaken,
    NotTheFirst,
    OwnGrant,
    PasswordTooWeak,
    WrongPassword,
)
from registry.parties import commands as parties
from registry.parties.rules import Capacity
from tests.make import registry_base as make
from tests.rig.passwords import cost_as_served

NOW = make.NOW
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def start(session: Session, account: Account, now: datetime = NOW) -> str:
    """Sign in without the cost of the password; return the token."""
    return commands.start_session(session, ANONYMOUS, account.id, now=now).token


def person(account: Account, *grants: Grant) -> Actor:
    """The actor behind an account."""
    return Actor(id=account.id, name=account.name, org_id=account.party_id, grants=grants)


@pytest.mark.both_databases
def test_the_first_administrator_is_created_once_and_grants_the_rest(session: Session) -> None:
    first = commands.create_first_administrator(
        session, ANONYMOUS, login=" Admin ", name="首位管理员", password=make.PASSWORD, now=NOW
    )
    assert first.login == "admin"
    with pytest.raises(NotTheFirst):
        commands.create_first_administrator(
            session, ANONYMOUS, login="other", name="乙", password=make.PASSWORD, now=NOW
        )
    signed = commands.sign_in(session, ANONYMOUS, login="ADMIN", password=make.PASSWORD, now=NOW)
    actor = queries.actor_of_session(session, signed.token, NOW)
    assert actor is not None
    assert actor.roles == (Role.SECURITY_ADMINISTRATOR,)
    auditor = commands.create_account(session, actor, login="auditor", name="审计", password=make.PASSWORD, now=NOW)
    commands.grant_role(session, actor, auditor.id, role=Role.AUDITOR, now=NOW)
    assert [grant.role for grant in queries.grants_in_force(session, auditor.id)] == [Role.AUDITOR]
    with pytest.raises(OwnGrant):
        commands.grant_role(session, actor, first.id, role=Role.AUDITOR, now=NOW)


@pytest.mark.both_databases
def test_two_first_administrators_at_once_become_one(database_url: str) -> None:
    database = Database(database_url)
    start_line, refused = threading.Barrier(2), []

    def create(login: str) -> None:
        with database.new_session() as session:
            start_line.wait()
            try:
                with write_transaction(session):
                    commands.create_first_administrator(
                        session, ANONYMOUS, login=login, name=login, password=make.PASSWORD, now=NOW
                    )
            except NotTheFirst as error:
                refused.append(error)

    run_together([lambda: create("one"), lambda: create("two")])
    with database.new_session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Account)) == 1
    database.engine.dispose()
    assert len(refused) == 1


def run_together(acts: list[Any]) -> None:
    """Run each act in a thread of its own and wait for all."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.both_databases
def test_an_unknown_login_a_wrong_password_and_a_disabled_account_are_refused_alike(session: Session) -> None:
    account = make.make_account(session, login="zhang.san")
    words = []
    for login, password in (("zhang.san", "wrong password!"), ("nobody", make.PASSWORD), ("", "")):
        with pytest.raises(queries.BadCredentials) as refused:
            commands.sign_in(session, ANONYMOUS, login=login, password=password, now=NOW)
        words.append((refused.value.detail, refused.value.errors, refused.value.status))
    commands.disable(session, make.security_administrator(), account.id, reason="离职", now=NOW)
    with pytest.raises(queries.BadCredentials) as refused:
        commands.sign_in(session, ANONYMOUS, login="zhang.san", password=make.PASSWORD, now=NOW)
    words.append((refused.value.detail, refused.value.errors, refused.value.status))
    assert len(set(map(str, words))) == 1
    commands.enable(session, make.security_administrator(), account.id, now=NOW)
    signed = commands.sign_in(session, ANONYMOUS, login="ＺＨＡＮＧ.san ", password=make.PASSWORD, now=NOW)
    assert signed.account.id == account.id


def test_an_unknown_login_costs_a_hash_like_a_wrong_password(session: Session) -> None:
    with cost_as_served():
        make.make_account(session, login="zhang.san")
        verified = hashes_verified(session)
    assert [stored.rsplit(b"$", 2)[0] for stored in verified] == [b"$argon2id$v=19$m=19456,t=2,p=1"] * 3


def hashes_verified(session: Session) -> list[bytes]:
    """Try to sign in with one known and two unknown logins; return against what the password was checked."""
    verified: list[bytes] = []

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_name == "verify_secret":
            verified.append(frame.f_locals["hash"])

    for login in ("zhang.san", "nobody", "nobody else"):
        sys.setprofile(watch)
        try:
            with pytest.raises(queries.BadCredentials):
                queries.authenticate(session, login=login, password="wrong password!")
        finally:
            sys.setprofile(None)
    return verified


@pytest.mark.both_databases
def test_five_attempts_lock_a_login_out_for_fifteen_minutes_and_success_clears_them(session: Session) -> None:
    account = make.make_account(session, login="zhang.san")
    for _ in range(2):
        for _ in range(5):
            commands.count_attempt(session, ANONYMOUS, login=" Zhang.San", now=NOW)
        session.commit()
        with pytest.raises(LockedOut) as refused:
            commands.count_attempt(session, ANONYMOUS, login="zhang.san", now=NOW + 14 * MINUTE)
        session.rollback()
        assert refused.value.headers == {"Retry-After": "60"}
        commands.count_attempt(session, ANONYMOUS, login="li.si", now=NOW)
        start(session, account)
        session.commit()
    commands.count_attempt(session, ANONYMOUS, login="nobody", now=NOW)
    for _ in range(4):
        commands.count_attempt(session, ANONYMOUS, login="nobody", now=NOW + 14 * MINUTE)
    commands.count_attempt(session, ANONYMOUS, login="nobody", now=NOW + 15 * MINUTE)
    kept = session.scalars(sa.select(SignInFailure.login_sha256)).all()
    assert "nobody" not in "".join(kept)


@pytest.mark.both_databases
def test_attempts_sent_at_the_same_moment_do_not_slip_past_the_limit(database_url: str) -> None:
    database = Database(database_url)
    start_line, admitted = threading.Barrier(8), []

    def attempt() -> None:
        with database.new_session() as session:
            start_line.wait()
            try:
                with write_transaction(session):
                    commands.count_attempt(session, ANONYMOUS, login="zhang.san", now=NOW)
            except LockedOut:
                return
            admitted.append(1)

    run_together([attempt] * 8)
    database.engine.dispose()
    assert len(admitted) == 5


@pytest.mark.both_databases
def test_a_session_idles_out_after_half_an_hour_and_ends_after_twelve_hours(session: Session) -> None:
    account = make.make_account(session, Role.AUDITOR)
    token = start(session, account)
    assert token.startswith("hys_")
    assert queries.actor_of_session(session, token, NOW + 29 * MINUTE) == person(account, Grant(Role.AUDITOR))
    assert queries.actor_of_session(session, token, NOW + 30 * MINUTE) is None
    seen = NOW
    while seen < NOW + 12 * HOUR - 20 * MINUTE:
        seen += 20 * MINUTE
        commands.touch(session, person(account), token=token, now=seen)
        session.flush()
        assert queries.actor_of_session(session, token, seen) is not None
    assert queries.actor_of_session(session, token, NOW + 12 * HOUR) is None
    for wrong in (
        "",
        "hys_",
        token[:-1],
        token.removeprefix("hys_"),
        token.replace("hys_", "hyk_"),
        "hyk_a_b",
        "\ud800",
    ):
        assert queries.actor_of_session(session, wrong, NOW) is None
        assert queries.actor_of_key(session, wrong, NOW) is None


@pytest.mark.both_databases
def test_at_most_three_sessions_live_and_the_idlest_ends(session: Session) -> None:
    account = make.make_account(session)
    tokens = [start(session, account, NOW + index * MINUTE) for index in range(3)]
    commands.touch(session, person(account), token=tokens[0], now=NOW + 5 * MINUTE)
    tokens.append(start(session, account, NOW + 6 * MINUTE))
    session.flush()
    live = [queries.actor_of_session(session, token, NOW + 6 * MINUTE) is not None for token in tokens]
    assert live == [True, False, True, True]
    assert len(queries.live_sessions(session, account.id, NOW + 6 * MINUTE)) == 3
    stored = session.scalars(sa.select(WebSession.token_sha256)).all()
    assert not set(stored) & set(tokens)


@pytest.mark.both_databases
def test_use_is_noted_at_most_once_a_minute_and_without_changing_the_version(session: Session) -> None:
    account = make.make_account(session)
    token = start(session, account)
    assert not queries.needs_touch(session, token, NOW + 59 * timedelta(seconds=1))
    assert queries.needs_touch(session, token, NOW + MINUTE)
    commands.touch(session, person(account), token=token, now=NOW + timedelta(seconds=59))
    commands.touch(session, person(account), token=token, now=NOW + MINUTE)
    found = session.scalars(sa.select(WebSession).execution_options(populate_existing=True)).one()
    assert (found.seen_at, found.version) == (NOW + MINUTE, 1)
    assert not queries.needs_touch(session, "hys_unknown", NOW)


@pytest.mark.both_databases
def test_sign_out_disabling_and_a_new_password_end_sessions_at_once(session: Session) -> None:
    account = make.make_account(session)
    first, second, third = (start(session, account) for _ in range(3))
    commands.sign_out(session, person(account), token=first, now=NOW)
    assert queries.actor_of_session(session, first, NOW) is None
    own = person(account, Grant(Role.AUDITOR))
    with pytest.raises(WrongPassword):
        commands.set_password(session, own, present="wrong", password="another good one", now=NOW)
    with pytest.raises(PasswordTooWeak):
        commands.set_password(session, own, present=make.PASSWORD, password="short", now=NOW)
    commands.set_password(session, own, present=make.PASSWORD, password="another good one", now=NOW, token=second)
    session.flush()
    assert queries.actor_of_session(session, second, NOW) is not None
    assert queries.actor_of_session(session, third, NOW) is None
    assert queries.authenticate(session, login=account.login, password="another good one").id == account.id
    commands.disable(session, make.security_administrator(), account.id, reason="离职", now=NOW)
    session.flush()
    assert account.state is AccountState.DISABLED
    assert queries.actor_of_session(session, second, NOW) is None


def test_a_login_is_taken_once_in_any_spelling(session: Session) -> None:
    make.make_account(session, login="zhang.san")
    with pytest.raises(LoginTaken):
        make.make_account(session, login=" ZHANG.SAN ")
    with pytest.raises(PasswordTooWeak):
        make.make_account(session, login="li.si", password="short")
    with pytest.raises(NotAllowed):
        commands.create_account(session, make.supervisor(), login="li.si", name="李四", password=make.PASSWORD, now=NOW)


@pytest.mark.both_databases
def test_duties_that_must_be_separate_are_refused_to_one_person(session: Session) -> None:
    administrator = make.security_administrator()
    account = make.make_account(session, Role.FINANCE_PREPARER, place="xinchang")
    for role in (Role.FINANCE_CHECKER, Role.FINANCE_PAYER, Role.AUDITOR, Role.SECURITY_ADMINISTRATOR):
        for place in ("xinchang", "puer", None):  # another place is the same person
            with pytest.raises(DutyConflict, match="结算经办"):
                commands.grant_role(session, administrator, account.id, role=role, place=place, now=NOW)
    with pytest.raises(AlreadyGranted):
        commands.grant_role(session, administrator, account.id, role=Role.FINANCE_PREPARER, place="xinchang", now=NOW)
    held = queries.grants_in_force(session, account.id)
    commands.revoke_role(session, administrator, held[0].id, now=NOW)
    session.flush()
    commands.grant_role(session, administrator, account.id, role=Role.FINANCE_CHECKER, place="xinchang", now=NOW)
    with pytest.raises(AlreadyGranted):
        commands.revoke_role(session, administrator, held[0].id, now=NOW)


def test_a_place_limits_who_may_grant(session: Session) -> None:
    local = make.actor(Role.SECURITY_ADMINISTRATOR, place="puer")
    account = make.make_account(session)
    commands.grant_role(session, local, account.id, role=Role.REVIEWER, place="puer", now=NOW)
    for place in ("xinchang", None):
        with pytest.raises(NotAllowed):
            commands.grant_role(session, local, account.id, role=Role.PRICE, place=place, now=NOW)
    with pytest.raises(queries.NoSuchAccount):
        commands.grant_role(session, local, new_id(), role=Role.REVIEWER, place="puer", now=NOW)


def test_a_role_of_an_organisation_needs_its_registration(session: Session) -> None:
    buyer = make.make_party(session, Capacity.BUYER)
    account = make.make_account(session, Role.BUYER, party=buyer)
    administrator = make.security_administrator()
    with pytest.raises(GrantIncomplete, match="未登记为数据商"):
        commands.grant_role(session, administrator, account.id, role=Role.MERCHANT, place="xinchang", now=NOW)
    with pytest.raises(GrantIncomplete):
        commands.grant_role(session, administrator, make.make_account(session).id, role=Role.BUYER, now=NOW)


@pytest.mark.both_databases
def test_a_suspended_organisation_and_a_revoked_role_lose_their_rights_with_the_next_request(session: Session) -> None:
    buyer = make.make_party(session, Capacity.BUYER)
    account = make.make_account(session, Role.BUYER, party=buyer)
    token = start(session, account)
    _, key = commands.create_key(session, person(account, Grant(Role.BUYER)), name="生产", days=1, now=NOW)
    one, other = make.supervisor(), make.supervisor()

    def may() -> list[bool]:
        session.flush()
        found = queries.actor_of_session(session, token, NOW), queries.actor_of_key(session, key, NOW)
        return [actor is not None and actor.may(Permission.ORDER_PLACE, org_id=buyer.id) for actor in found]

    assert may() == [True, True]
    parties.suspend(session, one, buyer.id, reason="违规", now=NOW)
    assert may() == [False, False]
    parties.restore(session, one, buyer.id, now=NOW)
    assert may() == [False, False]
    parties.restore(session, other, buyer.id, now=NOW)
    assert may() == [True, True]
    grant = queries.grants_in_force(session, account.id)[0]
    commands.revoke_role(session, make.security_administrator(), grant.id, now=NOW)
    assert may() == [False, False]


@pytest.mark.both_databases
def test_a_key_acts_for_its_account_until_it_is_revoked_or_ends(session: Session) -> None:
    buyer = make.make_party(session, Capacity.BUYER)
    account = make.make_account(session, Role.BUYER, party=buyer)
    owner = person(account, Grant(Role.BUYER, buyer.id, "xinchang"))
    made, key = commands.create_key(session, owner, name="生产", days=10, now=NOW)
    assert key.startswith(f"hyk_{made.prefix}_")
    actor = queries.actor_of_key(session, key, NOW)
    assert (actor.id, actor.org_id, actor.channel, actor.grants) == (account.id, buyer.id, "api", owner.grants)
    assert queries.actor_of_key(session, key[:-1] + ("A" if key[-1] != "A" else "B"), NOW) is None
    assert queries.actor_of_key(session, key, NOW + timedelta(days=10)) is None
    assert key.split("_", 2)[2] not in str(session.execute(sa.select(ApiKey.__table__)).all())
    with pytest.raises(KeyNameTaken):
        commands.create_key(session, owner, name="生产", days=10, now=NOW)
    with pytest.raises(KeyTooLong):
        commands.create_key(session, owner, name="太久", days=366, now=NOW)
    with pytest.raises(NotAllowed):
        commands.create_key(session, person(account, Grant(Role.AUDITOR)), name="审计", days=1, now=NOW)
    stranger = make.actor(Role.BUYER)
    with pytest.raises(queries.NoSuchKey):
        commands.revoke_key(session, stranger, made.id, now=NOW)
    commands.revoke_key(session, owner, made.id, now=NOW)
    session.flush()
    assert queries.actor_of_key(session, key, NOW) is None
    assert [found.revoked_at for found in queries.keys_of(session, account.id)] == [NOW]


@pytest.mark.both_databases
def test_the_first_use_of_a_key_on_a_beijing_day_is_audited_once(session: Session) -> None:
    account = make.make_account(session)
    owner = person(account, Grant(Role.BUYER))
    _, key = commands.create_key(session, owner, name="生产", days=10, now=NOW)
    for moment in (NOW, NOW + timedelta(seconds=30), NOW + HOUR, NOW + 14 * HOUR, NOW + 15 * HOUR):
        if queries.needs_touch(session, key, moment):
            commands.touch(session, owner, token=key, now=moment)
    session.flush()
    lines = session.scalars(sa.select(audit.AuditLine.at).where(audit.AuditLine.action == "account.use_key")).all()
    assert lines == [NOW, NOW + 15 * HOUR]  # nine in the morning, and midnight in Beijing
    used = sa.select(ApiKey.last_used_at, ApiKey.version)
    assert session.execute(used).one() == (NOW + 15 * HOUR, 1)


@pytest.mark.both_databases
def test_finding_the_actor_takes_one_query_and_writes_nothing(session: Session) -> None:
    buyer = make.make_party(session, Capacity.BUYER)
    account = make.make_account(session, Role.BUYER, Role.PRICE, party=buyer)
    token = start(session, account)
    _, key = commands.create_key(session, person(account, Grant(Role.BUYER)), name="生产", days=1, now=NOW)
    session.commit()
    statements: list[str] = []
    engine = session.get_bind()
    sa.event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    session.connection()  # within a transaction: outside of one, PostgreSQL is asked without opening any
    assert len(queries.actor_of_session(session, token, NOW).grants) == 2
    assert len(queries.actor_of_key(session, key, NOW).grants) == 2
    assert [statement.split()[0] for statement in statements if statement != "BEGIN"] == ["SELECT", "SELECT"]
