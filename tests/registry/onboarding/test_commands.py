"""Asking to be admitted on a real database: nothing exists before the pass, and each step follows the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.calendar import WorkingCalendar
from kernel.identity import ANONYMOUS, Actor, Role
from registry.accounts import queries as account_queries
from registry.accounts.model import Account
from registry.accounts.rules import PasswordTooWeak
from registry.desk import commands as desk
from registry.onboarding import checks, commands, queries
from registry.onboarding.model import Onboarding, OnboardingDocument, OnboardingStatement
from registry.onboarding.rules import (
    AlreadyApplied,
    ApplicationState,
    CapacityNotOpen,
    DocumentKind,
    DocumentsRefused,
    NoSuchApplication,
    Sent,
    TooManyAttempts,
    WrongState,
)
from registry.parties import commands as party_commands
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.parties.rules import BadUscc, Capacity, DutiesNotSeparated, PartyKind
from registry.persons import commands as persons
from registry.persons import queries as person_queries
from registry.persons.rules import BadIdentityNumber
from registry.reviews.rules import Decision, FindingsOpen
from tests.make import people
from tests.make import registry_base as make

CALENDAR = WorkingCalendar()
LICENCE = Sent(DocumentKind.CERTIFICATE, "营业执照.pdf", b"%PDF-1.7 licence")
STATED = commands.Stated(
    name="新昌数据服务有限公司", kind=PartyKind.ENTERPRISE, capacities=[Capacity.DATA_MERCHANT, Capacity.BUYER],
    contact="0575-1", person_name="王五", login="wangwu", documents=[LICENCE],
)  # fmt: skip


def apply(session: Session, **changes: object) -> commands.Applied:
    """Ask to be admitted at Xinchang, but for the changes."""
    fields = {"uscc": make.uscc(), "place": make.PLACE, "stated": STATED, "password": make.PASSWORD, "number": None,
              "key": people.KEY, "book": make.book(), "calendar": CALENDAR, "now": make.NOW, **changes}  # fmt: skip
    return commands.apply(session, fields.pop("actor", ANONYMOUS), **fields)


def decide(session: Session, application: Onboarding, decision: Decision, *, actor: Actor | None = None) -> None:
    """Let an officer decide the application at the desk."""
    defects = ["执照已过期", "授权书未盖章"] if decision is Decision.RETURN_ONCE else []
    desk.decide(
        session, actor or make.supervisor(), application.review_id, decision=decision, reason="核对证照", checklist=[],
        defects=defects, book=make.book(), calendar=CALENDAR, now=make.NOW,
    )  # fmt: skip


@pytest.mark.both_databases
def test_nothing_exists_before_the_pass_and_then_the_person_signs_in(session: Session) -> None:
    number = people.identity_number()
    applied = apply(session, number=number)
    application = applied.application
    assert session.scalars(sa.select(Party)).all() == []
    assert session.scalars(sa.select(Account)).all() == []
    decide(session, application, Decision.AGREE)
    party = parties.by_uscc(session, application.uscc)
    assert {(one.capacity, one.place) for one in party.capacities} == {
        (Capacity.DATA_MERCHANT, make.PLACE), (Capacity.BUYER, make.PLACE),
    }  # fmt: skip
    account = account_queries.authenticate(session, login="wangwu", password=make.PASSWORD)
    assert account.party_id == party.id
    assert account_queries.duties_of(session, [account.id]) == {Role.MERCHANT, Role.BUYER}
    assert person_queries.person_of(session, account.id) is not None
    found = queries.by_id(session, application.id)
    assert (found.state, found.party_id, found.account_id) == (ApplicationState.PASSED, party.id, account.id)
    assert (found.password_hash, found.login) == (None, "wangwu")
    assert number not in str(session.execute(sa.select(Onboarding.__table__)).all())


@pytest.mark.both_databases
def test_a_second_application_for_the_same_code_is_refused_while_one_runs(session: Session) -> None:
    applied = apply(session)
    code = applied.application.uscc
    with pytest.raises(AlreadyApplied):
        apply(session, uscc=f" {code.lower()} ")
    decide(session, applied.application, Decision.RETURN_ONCE)
    with pytest.raises(AlreadyApplied):
        apply(session, uscc=code)
    commands.withdraw(session, ANONYMOUS, applied.application.number, word=applied.word, now=make.NOW)
    assert apply(session, uscc=code).application.number != applied.application.number


@pytest.mark.both_databases
def test_it_is_returned_once_with_all_defects_and_sent_in_again_with_the_word(session: Session) -> None:
    applied = apply(session)
    number, word = applied.application.number, applied.word
    decide(session, applied.application, Decision.RETURN_ONCE)
    seen = commands.look_up(session, ANONYMOUS, number.lower(), word=word, now=make.NOW)
    assert (seen.state, seen.defects) == (ApplicationState.RETURNED, ["执照已过期", "授权书未盖章"])
    better = replace(STATED, name="新昌数据服务(集团)有限公司", documents=[])
    again = commands.resubmit(
        session, ANONYMOUS, number, word=word, stated=better, book=make.book(), calendar=CALENDAR, now=make.NOW
    )
    assert (again.state, again.round_number, again.defects) == (ApplicationState.SUBMITTED, 2, [])
    assert [one.name for one in again.statements] == [STATED.name, better.name]
    assert [one.name for one in again.statement.documents] == ["营业执照.pdf"]
    decide(session, again, Decision.AGREE)
    assert parties.by_uscc(session, again.uscc).name == better.name
    assert account_queries.authenticate(session, login="wangwu", password=make.PASSWORD)


def test_a_known_organisation_is_recognised_and_gets_a_person_and_what_it_lacks(session: Session) -> None:
    known = make.make_party(session, Capacity.BUYER, name="新昌数据服务 有限公司")
    applied = apply(session, uscc=known.uscc.lower())
    found = {one.code: one for one in checks.findings(session, applied.application, on=make.TERM[0], book=make.book())}
    assert found["onboarding.code"].is_met
    assert "不新建机构" in found["onboarding.code"].fact
    decide(session, applied.application, Decision.AGREE)
    assert len(session.scalars(sa.select(Party)).all()) == 1
    assert parties.has_capacity(session, known.id, Capacity.DATA_MERCHANT, make.PLACE)


def test_another_name_and_a_namesake_are_shown_and_bind_nobody(session: Session) -> None:
    make.make_party(session, Capacity.BUYER, name="新昌数据服务（有限）公司")
    known = make.make_party(session, Capacity.BUYER, name="别的名称")
    applied = apply(session, uscc=known.uscc, stated=replace(STATED, name="新昌数据服务(有限)公司"))
    found = checks.findings(session, applied.application, on=make.TERM[0], book=make.book())
    assert {one.code for one in found if not one.is_met} == {"onboarding.code", "onboarding.name"}
    assert not any(one.is_binding for one in found if not one.is_met)
    decide(session, applied.application, Decision.AGREE)


def test_a_suspended_organisation_is_not_admitted_anew(session: Session) -> None:
    known = make.make_party(session, Capacity.BUYER)
    applied = apply(session, uscc=known.uscc)
    party_commands.suspend(session, make.supervisor(), known.id, reason="违规", now=make.NOW)
    with pytest.raises(FindingsOpen, match="暂停"):
        decide(session, applied.application, Decision.AGREE)
    assert session.scalars(sa.select(Account)).all() == []


def test_in_guangzhou_nobody_becomes_operator_and_merchant_also_by_two_steps(session: Session) -> None:
    both = replace(STATED, capacities=[Capacity.OPERATING_INSTITUTION, Capacity.DATA_MERCHANT])
    with pytest.raises(DutiesNotSeparated):
        apply(session, place="guangzhou", stated=both)
    known = make.make_operator(session, place="guangzhou")
    applied = apply(session, place="guangzhou", uscc=known.uscc)
    with pytest.raises(FindingsOpen, match="运商分离"):
        decide(session, applied.application, Decision.AGREE, actor=make.supervisor("guangzhou"))


def test_a_person_with_a_forbidden_duty_elsewhere_is_found_by_the_number(session: Session) -> None:
    number = people.identity_number()
    reviewer = make.make_account(session, Role.REVIEWER, place="quzhou")
    persons.identify(session, make.security_administrator(), reviewer.id, number=number, key=people.KEY, now=make.NOW)
    applied = apply(session, number=number)
    with pytest.raises(FindingsOpen, match="合规审核"):
        decide(session, applied.application, Decision.AGREE)


def test_a_login_that_is_taken_is_made_longer_and_not_told_to_the_public(session: Session) -> None:
    make.make_account(session, login="wangwu")
    applied = apply(session)
    decide(session, applied.application, Decision.AGREE)
    login = queries.by_id(session, applied.application.id).login
    assert login == f"wangwu.{applied.application.number.lower()}"
    assert account_queries.authenticate(session, login=login, password=make.PASSWORD)


def test_a_refusal_gives_its_reason_and_leaves_nothing_behind(session: Session) -> None:
    applied = apply(session)
    decide(session, applied.application, Decision.REFUSE)
    found = queries.by_id(session, applied.application.id)
    assert (found.state, found.reason, found.password_hash) == (ApplicationState.REFUSED, "核对证照", None)
    assert session.scalars(sa.select(Party)).all() == []
    for step in (commands.withdraw, commands.resubmit):
        more = {"stated": STATED, "book": make.book(), "calendar": CALENDAR} if step is commands.resubmit else {}
        with pytest.raises(WrongState):
            step(session, ANONYMOUS, found.number, word=applied.word, now=make.NOW, **more)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"uscc": "123"}, BadUscc),
        ({"stated": replace(STATED, capacities=[Capacity.DATA_AUTHORITY])}, CapacityNotOpen),
        ({"stated": replace(STATED, documents=[])}, DocumentsRefused),
        ({"password": "wangwu-wangwu"}, PasswordTooWeak),
        ({"number": "123"}, BadIdentityNumber),
    ],
)
def test_what_cannot_be_checked_is_refused_at_once_and_keeps_nothing(
    session: Session, change: dict[str, object], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        apply(session, **change)
    assert session.scalars(sa.select(Onboarding)).all() == []


@pytest.mark.both_databases
def test_words_are_tried_five_times_and_a_right_one_begins_the_count_anew(session: Session) -> None:
    applied = apply(session)
    number = applied.application.number
    for _ in range(5):
        commands.count_attempt(session, ANONYMOUS, subject=number, now=make.NOW)
        with pytest.raises(NoSuchApplication):
            commands.look_up(session, ANONYMOUS, number, word="wrong", now=make.NOW)
    with pytest.raises(TooManyAttempts) as refused, session.begin_nested():
        commands.count_attempt(session, ANONYMOUS, subject=number, now=make.NOW)
    assert refused.value.headers["Retry-After"]
    later = make.NOW + timedelta(minutes=16)
    for _ in range(7):
        commands.count_attempt(session, ANONYMOUS, subject=number, now=later)
        commands.look_up(session, ANONYMOUS, number, word=applied.word, now=later)
    with pytest.raises(NoSuchApplication):
        commands.look_up(session, ANONYMOUS, "ONB-2026-999999", word=applied.word, now=later)


def test_only_officers_of_the_place_see_an_application(session: Session) -> None:
    applied = apply(session)
    number = applied.application.number
    assert queries.visible(session, make.supervisor(), number).id == applied.application.id
    for stranger in (make.supervisor("quzhou"), make.actor(Role.REVIEWER, place=make.PLACE), ANONYMOUS):
        with pytest.raises(NoSuchApplication):
            queries.visible(session, stranger, number)


@pytest.mark.both_databases
@pytest.mark.breaks_the_books
def test_nobody_changes_what_was_stated(session: Session) -> None:
    apply(session)
    for table in (OnboardingStatement, OnboardingDocument):
        for statement in (sa.update(table).values(version=9), sa.delete(table)):
            with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
                session.execute(statement)


def test_the_officers_own_rights_do_not_grow_by_admitting(session: Session) -> None:
    officer = make.supervisor()
    applied = apply(session)
    decide(session, applied.application, Decision.AGREE, actor=officer)
    assert officer.roles == (Role.SUPERVISOR,)
    granted = account_queries.grants_in_force(session, queries.by_id(session, applied.application.id).account_id)
    assert {(one.granted_by, one.place) for one in granted} == {(officer.id, make.PLACE)}
