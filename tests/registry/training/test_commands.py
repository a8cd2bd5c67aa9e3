"""Training on a real database: five users of whom four have passed, and the same said in SQL."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.policy import NoSuchPlace
from registry.accounts import commands as accounts
from registry.accounts.model import Account
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.persons import commands as persons
from registry.training import commands, queries
from registry.training.model import TrainingRecord
from registry.training.rules import BLOCKED, RoleKind, TrainingRefused, lapses_on
from tests.make import registry_base as make

PASSED = date(2026, 6, 1)
DAY = timedelta(days=1)


def user(session: Session, party: Party, number: int, place: str = make.PLACE) -> Account:
    """Somebody who acts for an organisation; no hash to pay for."""
    administrator = make.security_administrator()
    made = persons.admit(
        session, administrator, login=f"user-{number}", name=f"用户{number}", password_hash="-", party_id=party.id,
        now=make.NOW,
    )  # fmt: skip
    accounts.grant_role(session, administrator, made.id, role=Role.OPERATOR, place=place, now=make.NOW)
    return made


def examine(session: Session, account: Account, **changes: object) -> TrainingRecord:
    """Record an examination."""
    fields = {"place": make.PLACE, "role_kind": RoleKind.OPERATING, "course": "数据安全", "trained_on": PASSED,
              "passed": True, "examiner": "县数据局", "book": make.book(), "now": make.NOW, **changes}  # fmt: skip
    return commands.record(session, fields.pop("actor", make.supervisor()), account_id=account.id, **fields)


@pytest.mark.both_databases
def test_of_five_users_four_passed_and_the_fifth_is_blocked(session: Session) -> None:
    operator = make.make_operator(session)
    users = [user(session, operator, number) for number in range(5)]
    for passed in users[:4]:
        examine(session, passed)
    found = queries.organisation(session, operator.id, make.PLACE, on=PASSED, book=make.book())
    assert found.words() == "5 名指派人员中 4 名岗前培训合格"
    assert (found.passed, found.is_met) == (4, False)
    assert [fact.code for _, fact in found.people] == ["", "", "", "", BLOCKED]
    assert "三（五）1" in found.requirement.article
    enabled = sa.select(Account.id).where(queries.trained_clause(Account.id, make.PLACE, PASSED, make.book()))
    assert set(session.scalars(enabled)) == {one.id for one in users[:4]}
    examine(session, users[4])
    assert queries.organisation(session, operator.id, make.PLACE, on=PASSED, book=make.book()).is_met


@pytest.mark.both_databases
@pytest.mark.parametrize("months", [None, 1, 2])
def test_rule_and_condition_say_the_same_on_every_day(session: Session, months: int | None) -> None:
    operator = make.make_operator(session)
    people = [user(session, operator, number) for number in range(4)]
    for person, (first, second) in zip(people, product([True, False], repeat=2), strict=True):
        examine(session, person, trained_on=date(2026, 4, 30), passed=first)
        examine(session, person, trained_on=date(2026, 5, 31), passed=second)
    wanted = queries.requirement(make.book(), make.PLACE, PASSED)
    for offset in range(0, 120, 7):
        on = date(2026, 4, 27) + DAY * offset
        clause = queries.passed_clause(Account.id, make.PLACE, on, kinds=wanted.kinds, months=months)
        holding = set(session.scalars(sa.select(Account.id).where(clause)))
        for person in people:
            newest = [one for one in queries.records_of(session, [person.id], make.PLACE) if one.trained_on <= on]
            lapsed = lapses_on(newest[-1].trained_on, months) if newest else None
            right = bool(newest) and newest[-1].passed and (lapsed is None or on < lapsed)
            assert (person.id in holding) is right


@pytest.mark.both_databases
def test_the_gate_of_an_operator_opens_with_one_trained_user_where_training_is_demanded(session: Session) -> None:
    operator, stranger = make.make_operator(session), make.make_operator(session)
    person = user(session, operator, 1)
    user(session, stranger, 2)

    def gate(party: Party, place: str, on: date) -> tuple[bool, bool]:
        clause = queries.operator_trained_clause(Party.id, sa.literal(place), on, make.book())
        holding = session.scalar(sa.select(Party.id).where(Party.id == party.id, clause)) is not None
        return queries.operator_trained_gate_fact(session, party.id, place, on=on, book=make.book())[0], holding

    assert gate(operator, make.PLACE, PASSED) == (False, False)
    examine(session, person)
    assert gate(operator, make.PLACE, PASSED) == (True, True)
    assert gate(operator, make.PLACE, PASSED - DAY) == (False, False)
    assert gate(operator, "quzhou", PASSED) == (False, False)
    assert gate(stranger, make.PLACE, PASSED) == (False, False)
    assert gate(stranger, "futian", PASSED) == (True, True)
    is_open, words, since = queries.operator_trained_gate_fact(
        session, operator.id, make.PLACE, on=PASSED, book=make.book()
    )
    assert (is_open, words, since) == (True, "1 名指派人员中 1 名岗前培训合格", PASSED)
    accounts.disable(session, make.security_administrator(), person.id, reason="离职", now=make.NOW)
    assert gate(operator, make.PLACE, PASSED) == (False, False)


def test_a_training_counts_at_its_place_and_for_its_kind(session: Session) -> None:
    person = user(session, make.make_operator(session), 1)
    examine(session, person)
    ask = {"on": PASSED, "book": make.book()}
    assert queries.is_trained(session, person.id, make.PLACE, **ask).is_met
    assert not queries.is_trained(session, person.id, "quzhou", **ask).is_met
    assert not queries.is_trained(session, person.id, make.PLACE, role_kind=RoleKind.TECHNICAL, **ask).is_met
    assert queries.is_trained(session, person.id, "guangzhou", **ask).is_met  # no text demands training there


def test_only_the_authority_of_the_place_records_and_only_what_has_taken_place(session: Session) -> None:
    operator = make.make_operator(session)
    person = user(session, operator, 1)
    for actor in (make.supervisor("quzhou"), make.acting_for(operator, Role.OPERATOR), make.actor(Role.REVIEWER)):
        with pytest.raises(NotAllowed):
            examine(session, person, actor=actor)
    with pytest.raises(TrainingRefused):
        examine(session, person, trained_on=date(2026, 7, 2))
    with pytest.raises(NoSuchPlace):
        examine(session, person, place="atlantis", actor=make.actor(Role.SUPERVISOR))
    document = {"name": "成绩单.pdf", "media_type": "application/pdf", "content": b"%PDF-1.7"}
    made = examine(session, person, evidence=document)
    assert (made.number, len(made.evidence_sha256 or "")) == ("TRN-2026-000001", 64)


@pytest.mark.both_databases
@pytest.mark.breaks_the_books
def test_nobody_changes_or_removes_a_record(session: Session) -> None:
    made = examine(session, user(session, make.make_party(session, Capacity.OPERATING_INSTITUTION), 1), passed=False)
    for statement in (sa.update(TrainingRecord).values(passed=True), sa.delete(TrainingRecord)):
        with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
            session.execute(statement.where(TrainingRecord.id == made.id))
