"""Two accounts of one person, roles granted by two, lost passwords: on a real database."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.db import Database, new_id, write_transaction
from kernel.errors import NotAllowed
from kernel.identity import Actor, Grant, Role
from registry.accounts import checks
from registry.accounts import commands as accounts
from registry.accounts import queries as account_queries
from registry.accounts.model import Account, AccountPerson, Person, RoleGrant
from registry.accounts.rules import FORBIDDEN_PAIRS, DutyConflict, OwnGrant
from registry.parties.rules import Capacity
from registry.persons import commands, queries
from registry.persons.model import GrantAsk
from registry.persons.rules import (
    AskedAlready,
    AskEvent,
    AskExpired,
    AskState,
    BadIdentityNumber,
    BadResetToken,
    IdentifiedBefore,
    NotTheAsker,
    OneStepRole,
    OwnReset,
    SecondPersonNeeded,
    WrongAskState,
)
from tests.make import people
from tests.make import registry_base as make

LATER = make.NOW + timedelta(hours=1)
# a machine's role needs no account
PAIRS = sorted(tuple(sorted(pair)) for pair in FORBIDDEN_PAIRS if Role.SCHEDULER not in pair)
CAPACITIES = (Capacity.OPERATING_INSTITUTION, Capacity.DATA_MERCHANT, Capacity.SOURCE_DEPARTMENT, Capacity.BUYER)


def bare_account(session: Session, *, party_id: UUID | None = None) -> Account:
    """An account without a password that anybody knows: no hash to pay for."""
    login = f"person-{new_id()}"
    return commands.admit(
        session, make.security_administrator(), login=login, name=login, password_hash="-", party_id=party_id,
        now=make.NOW,
    )  # fmt: skip


def identify(session: Session, account: Account, number: str) -> Person:
    """Take the identity of an account's person."""
    return commands.identify(
        session, make.security_administrator(), account.id, number=number, key=people.KEY, now=make.NOW
    )


def acting(account: Account, role: Role = Role.SECURITY_ADMINISTRATOR) -> Actor:
    """The person who signed in with this account."""
    return Actor(id=account.id, name=account.name, grants=(Grant(role),))


def ask(session: Session, account: Account, **changes: object) -> GrantAsk:
    """Ask for a role."""
    fields = {"role": Role.REVIEWER, "place": "xinchang", "reason": "工作需要", "now": make.NOW, **changes}
    return commands.ask_grant(session, fields.pop("actor", make.security_administrator()), account.id, **fields)


@pytest.mark.both_databases
def test_two_accounts_with_one_number_are_one_person_and_the_number_is_kept_nowhere(session: Session) -> None:
    one, other, third = (bare_account(session) for _ in range(3))
    number = people.identity_number()
    assert identify(session, one, number).id == identify(session, other, f" {number[:6]}-{number[6:].lower()}").id
    identify(session, third, people.identity_number())
    assert {found.id for found in queries.other_accounts(session, one.id)} == {other.id}
    assert queries.other_accounts(session, third.id) == []
    kept = session.execute(sa.select(Person.__table__)).all()
    assert number not in str(kept)
    assert len(queries.keys_in_use(session)) == 1


def test_an_account_has_one_person_for_ever_and_a_wrong_number_changes_nothing(session: Session) -> None:
    account = bare_account(session)
    with pytest.raises(BadIdentityNumber):
        identify(session, account, "123")
    assert queries.person_of(session, account.id) is None
    identify(session, account, people.identity_number())
    with pytest.raises(IdentifiedBefore):
        identify(session, account, people.identity_number())
    with pytest.raises(NotAllowed):
        commands.identify(
            session, make.supervisor(), account.id, number=people.identity_number(), key=people.KEY, now=make.NOW
        )


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_no_person_joins_forbidden_duties_through_two_accounts_of_two_organisations(
    session: Session, pair: tuple[Role, Role]
) -> None:
    for order in permutations(pair):
        parties = [make.make_party(session, *CAPACITIES) for _ in order]
        one, other = (bare_account(session, party_id=party.id) for party in parties)
        own = people.identity_number()
        identify(session, one, own)
        identify(session, other, own)
        administrator = make.security_administrator()
        accounts.grant_role(session, administrator, one.id, role=order[0], place="xinchang", now=make.NOW)
        with pytest.raises(DutyConflict):
            accounts.grant_role(session, administrator, other.id, role=order[1], place="xinchang", now=make.NOW)
        late = bare_account(session, party_id=parties[1].id)
        accounts.grant_role(session, administrator, late.id, role=order[1], place="xinchang", now=make.NOW)
        with pytest.raises(DutyConflict):
            identify(session, late, own)


def test_what_a_hand_joined_is_found_by_the_auditors(session: Session) -> None:
    one, other = bare_account(session), bare_account(session)
    number = people.identity_number()
    identify(session, one, number)
    identify(session, other, number)
    joined = [
        RoleGrant(account_id=account.id, role=role, granted_at=make.NOW)
        for account, role in [(one, Role.AUDITOR), (other, Role.FINANCE_PAYER)]
    ]
    session.add_all(joined)
    session.flush()
    (words,) = checks.run(session)
    assert "属同一人" in words
    for grant in joined:
        session.delete(grant)
    session.flush()


@pytest.mark.both_databases
def test_of_two_accounts_of_one_person_taken_at_once_the_duties_are_still_compared(database_url: str) -> None:
    database = Database(database_url)
    with write_transaction(database.new_session()) as opened:
        pair = [bare_account(opened) for _ in range(2)]
        for account, role in zip(pair, (Role.AUDITOR, Role.FINANCE_PAYER), strict=True):
            accounts.grant_role(opened, make.security_administrator(), account.id, role=role, now=make.NOW)
    number, gate, results = people.identity_number(), threading.Barrier(2), []

    def take(account: Account) -> None:
        gate.wait()
        try:
            with write_transaction(database.new_session()) as mine:
                identify(mine, account, number)
            results.append("taken")
        except DutyConflict:
            results.append("refused")

    threads = [threading.Thread(target=take, args=(account,)) for account in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.engine.dispose()
    assert sorted(results) == ["refused", "taken"]


@pytest.mark.both_databases
def test_one_person_asks_and_another_confirms(session: Session) -> None:
    account, asker, checker = bare_account(session), make.security_administrator(), make.security_administrator()
    asked = ask(session, account, actor=asker)
    assert account_queries.grants_in_force(session, account.id) == []
    with pytest.raises(SecondPersonNeeded):
        commands.confirm_grant(session, asker, asked.id, now=LATER)
    done = commands.confirm_grant(session, checker, asked.id, now=LATER)
    (granted,) = account_queries.grants_in_force(session, account.id)
    assert (done.state, done.grant_id, done.decided_by) == (AskState.CONFIRMED, granted.id, checker.id)
    assert (granted.role, granted.place) == (Role.REVIEWER, "xinchang")


def test_neither_asker_nor_grantee_confirms_under_another_account(session: Session) -> None:
    grantee, grantee_again, asker, asker_again = (bare_account(session) for _ in range(4))
    for pair in ((grantee, grantee_again), (asker, asker_again)):
        number = people.identity_number()
        for account in pair:
            identify(session, account, number)
    with pytest.raises(OwnGrant):
        ask(session, grantee, actor=acting(grantee_again))
    asked = ask(session, grantee, actor=acting(asker))
    for barred in (asker, asker_again, grantee, grantee_again):
        with pytest.raises(SecondPersonNeeded):
            commands.confirm_grant(session, acting(barred), asked.id, now=LATER)
    assert asked.state is AskState.ASKED


def test_everything_is_checked_again_when_it_is_confirmed(session: Session) -> None:
    account = bare_account(session)
    asked = ask(session, account, role=Role.FINANCE_CHECKER)
    accounts.grant_role(
        session, make.security_administrator(), account.id, role=Role.AUDITOR, place="xinchang", now=make.NOW
    )
    with pytest.raises(DutyConflict):
        commands.confirm_grant(session, make.security_administrator(), asked.id, now=LATER)
    assert asked.state is AskState.ASKED


@pytest.mark.both_databases
def test_an_asking_ends_after_72_hours_and_may_be_repeated_only_then(session: Session) -> None:
    account = bare_account(session)
    asked = ask(session, account, place=None)
    with pytest.raises(AskedAlready):
        ask(session, account, place=None, now=asked.expires_at - timedelta(seconds=1))
    with pytest.raises(AskExpired):
        commands.confirm_grant(session, make.security_administrator(), asked.id, now=asked.expires_at)
    again = ask(session, account, place=None, now=asked.expires_at)
    assert (again.id != asked.id, asked.state) == (True, AskState.WITHDRAWN)


STEPS = {
    AskEvent.CONFIRM: lambda session, asker, asked: commands.confirm_grant(
        session, make.security_administrator(), asked.id, now=LATER
    ),
    AskEvent.REFUSE: lambda session, asker, asked: commands.refuse_grant(
        session, asker, asked.id, reason="无此需要", now=LATER
    ),
    AskEvent.WITHDRAW: lambda session, asker, asked: commands.withdraw_grant(session, asker, asked.id, now=LATER),
}


@pytest.mark.parametrize("first", AskEvent)
def test_what_was_decided_is_decided_once(session: Session, first: AskEvent) -> None:
    asker, account = make.security_administrator(), bare_account(session)
    asked = ask(session, account, actor=asker)
    STEPS[first](session, asker, asked)
    state, granted = asked.state, len(account_queries.grants_in_force(session, account.id))
    for step in STEPS.values():
        with pytest.raises(WrongAskState):
            step(session, asker, asked)
    assert (asked.state, len(account_queries.grants_in_force(session, account.id))) == (state, granted)


def test_only_who_grants_asks_and_only_the_asker_withdraws(session: Session) -> None:
    account = bare_account(session)
    local = make.actor(Role.SECURITY_ADMINISTRATOR, place="quzhou")
    for actor, place in [(make.supervisor(), "xinchang"), (local, "xinchang"), (local, None)]:
        with pytest.raises(NotAllowed):
            ask(session, account, actor=actor, place=place)
    with pytest.raises(OneStepRole):
        ask(session, account, role=Role.BUYER)
    asked = ask(session, account)
    with pytest.raises(NotTheAsker):
        commands.withdraw_grant(session, make.security_administrator(), asked.id, now=LATER)
    assert session.scalars(queries.asks(local)).all() == []


@pytest.mark.both_databases
@pytest.mark.breaks_the_books
def test_what_was_asked_for_cannot_be_changed_before_it_is_confirmed(session: Session) -> None:
    asked = ask(session, bare_account(session))
    change = sa.update(GrantAsk).where(GrantAsk.id == asked.id).values(role=Role.AUDITOR)
    with pytest.raises(DatabaseError, match="ask anew"), session.begin_nested():
        session.execute(change)
    for table in (Person, AccountPerson):
        identify(session, bare_account(session), people.identity_number())
        with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
            session.execute(sa.delete(table))


@pytest.mark.both_databases
def test_a_token_sets_one_new_password_and_ends_every_session(session: Session) -> None:
    account, administrator = make.make_account(session), make.security_administrator()
    signed = accounts.start_session(session, administrator, account.id, now=make.NOW)
    issued = commands.issue_reset(session, administrator, account.id, now=make.NOW)
    assert account_queries.actor_of_session(session, signed.token, make.NOW) is not None
    password = "another horse battery"
    commands.use_reset(
        session, make.supervisor(), token=issued.token, password=password, now=LATER - timedelta(minutes=1)
    )
    assert account_queries.actor_of_session(session, signed.token, make.NOW) is None
    assert account_queries.authenticate(session, login=account.login, password=password).id == account.id
    with pytest.raises(BadResetToken):
        commands.use_reset(session, make.supervisor(), token=issued.token, password=password, now=make.NOW)


def test_a_token_that_is_late_replaced_or_of_a_disabled_account_sets_nothing(session: Session) -> None:
    account, administrator = bare_account(session), make.security_administrator()
    first = commands.issue_reset(session, administrator, account.id, now=make.NOW)
    second = commands.issue_reset(session, administrator, account.id, now=make.NOW)
    accounts.disable(session, administrator, account.id, reason="离职", now=make.NOW)
    for token, now in [(first.token, make.NOW), (second.token, LATER), (second.token, make.NOW), ("hyr_x", make.NOW)]:
        with pytest.raises(BadResetToken):
            commands.use_reset(session, administrator, token=token, password="another horse battery", now=now)


def test_nobody_resets_the_own_password_nor_that_of_the_own_other_account(session: Session) -> None:
    own, other = bare_account(session), bare_account(session)
    number = people.identity_number()
    identify(session, own, number)
    identify(session, other, number)
    for account in (own, other):
        with pytest.raises(OwnReset):
            commands.issue_reset(session, acting(own), account.id, now=make.NOW)
    with pytest.raises(NotAllowed):
        commands.issue_reset(session, make.supervisor(), own.id, now=make.NOW)
