"""Two registrars close a registration, on a real database."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.errors import NotAllowed
from kernel.identity import Actor, Role
from registry.closings import commands, queries
from registry.closings.queries import NoSuchAsk
from registry.closings.rules import (
    TRANSITIONS,
    AskedAlready,
    ClosingEvent,
    NotTheAsker,
    SecondPersonNeeded,
    WrongState,
)
from registry.gates.queries import gates as gates_of
from registry.products.model import Product
from registry.records.rules import Upload
from registry.registrations import queries as registrations
from registry.registrations.model import Registration, RegistrationAsk
from registry.registrations.rules import (
    CancellationGround,
    ClosingKind,
    ClosingState,
    RegistrationKind,
    RegistrationState,
    RevocationGround,
)
from registry.registrations.rules import WrongState as WrongRegistrationState
from tests.make.registry_base import actor, book
from tests.make.registry_products import CODED_AT, make_product, make_registration, make_review, make_sellable, reviewer

ON = date(2026, 7, 16)
PROOF = Upload(b"court order", "破产裁定.pdf", "application/pdf")


def sellable(session: Session) -> tuple[Product, Registration]:
    """A product that may be sold, and the registration on which that rests."""
    made = make_sellable(session)
    found = registrations.effective(session, made.id, ON)
    assert found is not None
    return made, found


def asked_for(session: Session, found: Registration, who: Actor, kind: ClosingKind) -> RegistrationAsk:
    """Let a registrar ask for a closing."""
    common: dict[str, Any] = {"reason": "经查证属实", "now": CODED_AT}
    if kind is ClosingKind.REVOCATION:
        return commands.ask_revocation(session, who, found.id, ground=RevocationGround.FALSE_MATERIALS, **common)
    ground = CancellationGround.REGISTRANT_ENDED
    return commands.ask_cancellation(session, who, found.id, ground=ground, upload=PROOF, **common)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("kind", "state", "entered"),
    [
        (ClosingKind.REVOCATION, RegistrationState.REVOKED, RegistrationKind.REVOCATION),
        (ClosingKind.CANCELLATION, RegistrationState.CANCELLED, RegistrationKind.CANCELLATION),
    ],
)
def test_a_registration_stands_until_the_second_registrar_confirms_and_sales_end_in_that_moment(
    session: Session, kind: ClosingKind, state: RegistrationState, entered: RegistrationKind
) -> None:
    made, found = sellable(session)
    first, second, later = reviewer(), reviewer(), CODED_AT + timedelta(hours=2)
    asked = asked_for(session, found, first, kind)
    assert registrations.effective(session, made.id, ON) is not None
    assert all(gate.open for gate in gates_of(session, made, now=CODED_AT, book=book(demonstration=True)))
    with pytest.raises(SecondPersonNeeded, match="双人复核"):
        commands.confirm(session, first, found.id, asked.id, now=CODED_AT)
    entry = commands.confirm(session, second, found.id, asked.id, now=later)
    assert (found.state, found.closed_at, found.ground) == (state, later, asked.ground)
    assert (entry.kind, entry.original_id, entry.state) == (entered, found.id, state)
    assert registrations.effective(session, made.id, ON) is None
    closed = [gate.code for gate in gates_of(session, made, now=later, book=book(demonstration=True)) if not gate.open]
    assert "registration_effective" in closed
    actions = {line.action for line in session.scalars(sa.select(audit.AuditLine))}
    assert {f"registration.ask_{kind}", f"registration.confirm_{kind}"} <= actions
    with pytest.raises(WrongRegistrationState):
        asked_for(session, found, first, kind)


def test_a_future_renewal_closes_with_the_registration(session: Session) -> None:
    made, found = sellable(session)
    renewal = make_registration(session, make_product_reviewed(session))
    session.execute(sa.update(Registration).where(Registration.id == renewal.id).values(product_id=made.id))
    session.expire_all()
    asked = asked_for(session, found, reviewer(), ClosingKind.REVOCATION)
    commands.confirm(session, reviewer(), found.id, asked.id, now=CODED_AT)
    states = session.scalars(sa.select(Registration.state).where(Registration.id.in_([found.id, renewal.id]))).all()
    assert set(states) == {RegistrationState.REVOKED}


def make_product_reviewed(session: Session) -> Product:
    """A product that passed its review."""
    made = make_product(session)
    make_review(session, made)
    return made


def test_the_evidence_of_a_cancellation_is_kept_and_a_cancellation_without_one_is_refused(session: Session) -> None:
    _, found = sellable(session)
    values: dict[str, Any] = {"ground": CancellationGround.DATA_LOST, "reason": "数据灭失", "now": CODED_AT}
    with pytest.raises(files.FileRefused):
        commands.ask_cancellation(session, reviewer(), found.id, upload=Upload(b"", "空"), **values)
    asked = commands.ask_cancellation(session, reviewer(), found.id, upload=PROOF, **values)
    assert asked.evidence_sha256 is not None
    assert files.get(session, asked.evidence_sha256).content == PROOF.content
    assert found.state is RegistrationState.CODED


def test_who_refuses_or_takes_back_leaves_the_registration_as_it_was_and_another_ask_may_follow(
    session: Session,
) -> None:
    _, found = sellable(session)
    first, second = reviewer(), reviewer()
    asked = asked_for(session, found, first, ClosingKind.REVOCATION)
    with pytest.raises(AskedAlready, match="撤销登记"):
        asked_for(session, found, second, ClosingKind.CANCELLATION)
    with pytest.raises(NotTheAsker):
        commands.withdraw(session, second, found.id, asked.id, reason="撤回", now=CODED_AT)
    with pytest.raises(SecondPersonNeeded):
        commands.refuse(session, first, found.id, asked.id, reason="不同意", now=CODED_AT)
    commands.refuse(session, second, found.id, asked.id, reason="证据不足", now=CODED_AT)
    again = asked_for(session, found, second, ClosingKind.CANCELLATION)
    commands.withdraw(session, second, found.id, again.id, reason="登记主体已自行申请", now=CODED_AT)
    assert found.state is RegistrationState.CODED
    assert queries.open_ask(session, found.id) is None
    assert (asked.state, asked.decision_reason, again.state) == (
        ClosingState.REFUSED, "证据不足", ClosingState.WITHDRAWN,
    )  # fmt: skip


@pytest.mark.parametrize(("state", "event"), list(product(ClosingState, ClosingEvent)))
def test_every_command_on_an_ask_succeeds_in_its_state_and_leaves_all_others_alone(
    session: Session, state: ClosingState, event: ClosingEvent
) -> None:
    _, found = sellable(session)
    first, second = reviewer(), reviewer()
    asked = asked_for(session, found, first, ClosingKind.REVOCATION)
    if state is not ClosingState.ASKED:
        asked.state, asked.decided_at, asked.decided_by = state, CODED_AT, second.id
        session.flush()
    taken = {
        ClosingEvent.CONFIRM: lambda: commands.confirm(session, second, found.id, asked.id, now=CODED_AT),
        ClosingEvent.REFUSE: lambda: commands.refuse(session, second, found.id, asked.id, reason="否", now=CODED_AT),
        ClosingEvent.WITHDRAW: lambda: commands.withdraw(session, first, found.id, asked.id, reason="否", now=CODED_AT),
    }[event]
    if (state, event) in TRANSITIONS:
        taken()
        assert asked.state is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState), session.begin_nested():
            taken()
        session.refresh(asked)
        assert (asked.state, found.state) == (state, RegistrationState.CODED)


def test_only_registrars_of_the_place_who_do_not_belong_to_the_registrant_ask_and_confirm(session: Session) -> None:
    made, found = sellable(session)
    own = actor(Role.REVIEWER, org_id=made.owner_id, place="xinchang")
    for stranger in (reviewer("puer"), actor(Role.SUPERVISOR, place="xinchang"), own):
        with pytest.raises(NotAllowed):
            asked_for(session, found, stranger, ClosingKind.REVOCATION)
    asked = asked_for(session, found, reviewer(), ClosingKind.REVOCATION)
    assert [one.id for one, _ in queries.waiting(session, reviewer())] == [asked.id]
    assert queries.waiting(session, reviewer("puer")) == []
    assert queries.waiting(session, actor(Role.MERCHANT)) == []
    for stranger in (reviewer("puer"), own):
        with pytest.raises(NotAllowed):
            commands.confirm(session, stranger, found.id, asked.id, now=CODED_AT)
    other = sellable(session)[1]
    with pytest.raises(NoSuchAsk):
        commands.confirm(session, reviewer(), other.id, asked.id, now=CODED_AT)


@pytest.mark.both_databases
def test_the_database_itself_demands_evidence_a_second_person_and_one_ask_at_a_time(session: Session) -> None:
    _, found = sellable(session)
    first = reviewer()
    asked = asked_for(session, found, first, ClosingKind.REVOCATION)
    table = RegistrationAsk.__table__
    row = {"registration_id": found.id, "kind": "revocation", "state": "asked", "ground": "other", "reason": "理由",
           "asked_at": CODED_AT, "asked_by": first.id, "asked_by_name": "甲", "decided_by_name": "",
           "decision_reason": "", "version": 1}  # fmt: skip
    decided = {"decided_at": CODED_AT, "state": "confirmed"}
    for statement in (
        sa.insert(table).values(**row, id=uuid4()),
        sa.insert(table).values(**{**row, "kind": "cancellation", **decided, "state": "refused"}, id=uuid4()),
        sa.update(table).where(table.c.id == asked.id).values(**decided, decided_by=first.id),
        sa.update(table).where(table.c.id == asked.id).values(**decided),
    ):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(statement)
    commands.refuse(session, reviewer(), found.id, asked.id, reason="证据不足", now=CODED_AT)
    session.flush()
    for change in ({"state": "asked", "decided_at": None}, {"reason": "别的"}):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(sa.update(table).where(table.c.id == asked.id).values(**change))
