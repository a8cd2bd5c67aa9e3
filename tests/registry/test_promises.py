"""Promises that hold for every concept of the registry.

No step out of turn (B7), silence where it may consent and nowhere else (B8), no two duties of a forbidden pair in one
person's hands (J6).
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from enum import Enum
from itertools import permutations, product
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from kernel.db import new_id
from kernel.errors import Conflict
from kernel.identity import Role
from registry.accounts import commands as accounts
from registry.accounts.model import Account
from registry.accounts.rules import FORBIDDEN_PAIRS, DutyConflict
from registry.parties.rules import Capacity
from registry.persons import commands as persons
from registry.procedures.rules import NO_SILENCE_KINDS, STAGES, Procedure, Seat, SilenceForbidden, check_seats
from registry.reviews.model import Opinion, Review, ReviewStage
from registry.reviews.rules import TRANSITIONS as REVIEW_TRANSITIONS
from registry.reviews.rules import WHILE_PAUSED, Decision, ReviewEvent, ReviewState, StageState
from registry.reviews.rules import after as review_after
from tests.make import people
from tests.make import registry_base as make

REGISTRY = Path(__file__).resolve().parent.parent.parent / "registry"
NOW, TODAY = datetime(2026, 7, 1, 1, tzinfo=UTC), date(2026, 7, 1)
# a review's clock is resumed only while it stands still: the event presupposes what the state does not say
PRESUPPOSED: dict[tuple[str, Any], dict[str, bool]] = {("reviews", ReviewEvent.RESUMED): {"is_paused": True}}

# ---- B7 ----------------------------------------------------------------------------------------------------------


def tables() -> Iterator[tuple[str, ModuleType, str]]:
    """Every table of transitions in a rules module of the registry: concept, module, name of the table."""
    for path in sorted(REGISTRY.glob("*/rules.py")):
        module = importlib.import_module(f"registry.{path.parent.name}.rules")
        for name, value in vars(module).items():
            if name.endswith("TRANSITIONS") and isinstance(value, dict) and f"\n{name}" in path.read_text("utf-8"):
                yield path.parent.name, module, name


TABLES = list(tables())


def function_of(module: ModuleType, table: dict[tuple[Any, Any], Any]) -> Callable[..., Any]:
    """The function of the module that takes a state and an event of this table and returns a state."""
    state, event = (type(one) for one in next(iter(table)))
    for name, function in inspect.getmembers(module, inspect.isfunction):
        parameters = list(inspect.signature(function, eval_str=True).parameters.values())
        takes = [one.annotation for one in parameters[:2]]
        if function.__module__ == module.__name__ and name.endswith("after") and takes == [state, event]:
            return function
    raise AssertionError(f"{module.__name__} has a table of transitions and no function `after(state, event)`")


def values_of(kind: type[Any]) -> list[Any]:
    """Every value of a state or event."""
    return list(kind) if issubclass(kind, Enum) else [False, True]


def test_the_concepts_with_states_are_found() -> None:
    assert len(TABLES) >= 22
    assert {"reviews", "registrations", "requests", "agreements", "plans", "egress"} <= {name for name, _, _ in TABLES}


@pytest.mark.parametrize(("concept", "module", "name"), TABLES, ids=[f"{one}-{table}" for one, _, table in TABLES])
def test_every_pair_of_state_and_event_succeeds_where_the_table_has_it_and_nowhere_else(
    concept: str, module: ModuleType, name: str
) -> None:
    table = getattr(module, name)
    after = function_of(module, table)
    states, events = (values_of(type(one)) for one in next(iter(table)))
    assert set(table) <= set(product(states, events))
    assert set(table.values()) <= set(states)
    refusals, before = set(), dict(table)
    for state, event in product(states, events):
        presupposed = PRESUPPOSED.get((concept, event), {})
        if (state, event) in table:
            assert after(state, event, **presupposed) == table[state, event]
            continue
        with pytest.raises(Conflict) as refused:
            after(state, event, **presupposed)
        refusals.add(type(refused.value))
        assert refused.value.detail, "a refusal says why"
    assert len(refusals) == 1, "one table has one refusal"
    (refusal,) = refusals
    assert refusal.__module__.startswith("registry."), "the concept has a refusal of its own, with a code of its own"
    assert "." in refusal.code
    assert table == before


@pytest.mark.parametrize(("state", "event"), sorted(REVIEW_TRANSITIONS), ids=str)
def test_a_paused_review_admits_being_resumed_or_withdrawn_and_nothing_else(
    state: ReviewState, event: ReviewEvent
) -> None:
    if event in WHILE_PAUSED:
        assert review_after(state, event, is_paused=True) is REVIEW_TRANSITIONS[state, event]
        return
    with pytest.raises(Conflict):
        review_after(state, event, is_paused=True)


# ---- B8 ----------------------------------------------------------------------------------------------------------

SEATS = list(product(Procedure, STAGES, (None, 5)))
CHECKS = {"operator_check", "authority_check", "egress_check"}
# on the use of data, by a reviewer and not in a check, and within a number of days
CONSENTING = {(Procedure.DATA_REQUEST, kind, 5) for kind in STAGES if kind not in CHECKS}


def test_the_rules_let_silence_consent_on_data_requests_alone() -> None:
    allowed = set()
    for procedure, kind, days in SEATS:
        try:
            check_seats(procedure, [Seat(kind, 1, days=days, silence_consents=True)])
        except SilenceForbidden:
            continue
        allowed.add((procedure, kind, days))
    assert allowed == CONSENTING
    assert set(NO_SILENCE_KINDS) == CHECKS


def test_a_seat_among_others_is_looked_at_as_well() -> None:
    with pytest.raises(SilenceForbidden):
        check_seats(Procedure.PRODUCT, [Seat("filing", 1, days=5), Seat("expert", 2, days=5, silence_consents=True)])


def review(session: Session, procedure: Procedure) -> Review:
    """A review of nothing in particular."""
    made = Review(
        number=f"REV-{new_id()}", procedure=procedure, subject_id=new_id(), subject_title="审查对象", place="xinchang",
        state=ReviewState.SUBMITTED, submitted_at=NOW,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def seat(review_id: UUID, procedure: Procedure, kind: str, days: int | None, *, silence: bool) -> ReviewStage:
    """An open seat of it."""
    return ReviewStage(
        review_id=review_id, procedure=procedure, round_number=1, position=1, seat_number=1, kind=kind,
        capacity=STAGES[kind].capacity, title=STAGES[kind].title, state=StageState.OPEN, days=days, opened_on=TODAY,
        due_date=None if days is None else TODAY, silence_consents=silence,
    )  # fmt: skip


@pytest.mark.both_databases
def test_the_database_lets_silence_consent_on_data_requests_alone(session: Session) -> None:
    allowed, refusals = set(), []
    for procedure in Procedure:
        review_id = review(session, procedure).id
        for kind, days in product(STAGES, (None, 5)):
            step = session.begin_nested()
            session.add(seat(review_id, procedure, kind, days, silence=True))
            try:
                session.flush()
                allowed.add((procedure, kind, days))
            except IntegrityError as error:
                refusals.append(str(error))
            step.rollback()
    assert allowed == CONSENTING, "the database says what the rules say"
    assert all("silence_where_allowed" in words for words in refusals)


@pytest.mark.both_databases
@pytest.mark.parametrize("procedure", Procedure)
def test_no_silence_is_written_down_where_it_does_not_consent(session: Session, procedure: Procedure) -> None:
    stage = seat(review(session, procedure).id, procedure, "data_authority", 5, silence=False)
    session.add(stage)
    session.flush()
    step = session.begin_nested()
    session.add(
        Opinion(
            stage_id=stage.id, reviewer_account_id=None, reviewer_name="", decision=Decision.AGREE, reason="超期",
            checklist={}, defects=[], given_at=NOW, deemed=True,
        )
    )  # fmt: skip
    with pytest.raises(DatabaseError, match="silence consents on no such seat"):
        session.flush()
    step.rollback()


# ---- J6 ----------------------------------------------------------------------------------------------------------

ORDERS = sorted({order for pair in FORBIDDEN_PAIRS for order in permutations(pair)})
EVERYTHING = (
    Capacity.OPERATING_INSTITUTION, Capacity.DATA_MERCHANT, Capacity.SOURCE_DEPARTMENT, Capacity.BUYER,
)  # fmt: skip


def account(session: Session, party_id: UUID) -> Account:
    """An account of that organisation, whose password nobody knows: no hash to pay for."""
    login = f"person-{new_id()}"
    return persons.admit(
        session, make.security_administrator(), login=login, name=login, password_hash="-", party_id=party_id,
        now=make.NOW,
    )  # fmt: skip


def grant(session: Session, to: Account, role: Role) -> None:
    """Grant a role, for one place."""
    accounts.grant_role(session, make.security_administrator(), to.id, role=role, place=make.PLACE, now=make.NOW)


def two_accounts(session: Session, parties: tuple[UUID, UUID]) -> tuple[Account, Account]:
    """Two accounts of one person, of two organisations."""
    number, made = people.identity_number(), (account(session, parties[0]), account(session, parties[1]))
    for one in made:
        persons.identify(session, make.security_administrator(), one.id, number=number, key=people.KEY, now=make.NOW)
    return made


def one_account(session: Session, parties: tuple[UUID, UUID]) -> tuple[Account, Account]:
    """One account, twice."""
    made = account(session, parties[0])
    return made, made


def test_the_forbidden_pairs_are_pairs_of_two_roles() -> None:
    assert {len(pair) for pair in FORBIDDEN_PAIRS} == {2}
    assert len(ORDERS) == 2 * len(FORBIDDEN_PAIRS)


@pytest.mark.parametrize("hands", [one_account, two_accounts])
def test_no_person_gets_both_duties_of_a_forbidden_pair_in_whichever_order(
    session: Session, hands: Callable[[Session, tuple[UUID, UUID]], tuple[Account, Account]]
) -> None:
    parties = make.make_party(session, *EVERYTHING).id, make.make_party(session, *EVERYTHING).id
    slipped = []
    for held, wanted in ORDERS:
        first, second = hands(session, parties)
        grant(session, first, held)
        step = session.begin_nested()
        try:
            grant(session, second, wanted)
        except DutyConflict:
            step.rollback()
            continue
        step.rollback()
        slipped.append((held, wanted))
    assert slipped == []


def test_what_is_no_forbidden_pair_may_be_joined(session: Session) -> None:
    """The refusals above come from the pair and from nothing else."""
    parties = make.make_party(session, *EVERYTHING).id, make.make_party(session, *EVERYTHING).id
    for held, wanted in ((Role.REVIEWER, Role.SUPERVISOR), (Role.MERCHANT, Role.BUYER), (Role.PRICE, Role.AUDITOR)):
        assert frozenset((held, wanted)) not in FORBIDDEN_PAIRS
        first, second = two_accounts(session, parties)
        grant(session, first, held)
        grant(session, second, wanted)
