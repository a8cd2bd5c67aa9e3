"""Objections: anybody files one under the real name; it stops the code until the registrar has decided it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import files
from kernel.errors import NotAllowed
from kernel.filings import REFERENCE_LENGTH
from kernel.identity import ANONYMOUS, Role
from registry.objections import commands, queries
from registry.objections.rules import (
    DecidedAlready,
    IdentityInvalid,
    IdentityKind,
    NotRechecked,
    ObjectionState,
    RecheckedAlready,
    TooManyObjections,
)
from registry.parties.rules import BadUscc
from registry.records.rules import Upload
from registry.registrations.commands import assign_code
from registry.registrations.model import Objection, Registration
from registry.registrations.queries import NoSuchRegistration
from registry.registrations.rules import ObjectionOutcome, RegistrationState, WrongState
from registry.terms.rules import NoticeOver
from tests.make.registry_base import NOW, actor, book
from tests.make.registry_products import (
    CODED_AT,
    make_product,
    make_registration,
    make_review,
    reviewer,
)

DURING = datetime(2026, 7, 2, 2, 0, tzinfo=UTC)  # first day of the notice
RESIDENT = "11010519491231002X"  # the example of GB 11643
LAST_SECOND = datetime(2026, 7, 15, 15, 59, 59, tzinfo=UTC)


@pytest.fixture
def registration(session: Session) -> Registration:
    """A registration on public notice."""
    made = make_product(session)
    make_review(session, made)
    return make_registration(session, made, state=RegistrationState.PUBLIC_NOTICE)


def object_to(session: Session, registration: Registration, now: datetime = DURING, **changed: Any) -> Objection:
    """File an objection without signing in."""
    values = {
        "name": "王某某", "contact": "0575-0000000", "evidence": "该数据来源有争议",
        "identity_kind": IdentityKind.RESIDENT_ID, "identity_number": RESIDENT, "now": now,
    } | changed  # fmt: skip
    filed = commands.file_objection(session, ANONYMOUS, registration.id, **values)
    session.flush()
    return filed


def decide(session: Session, objection: Objection, outcome: ObjectionOutcome) -> Registration:
    """Recheck and decide an objection."""
    commands.recheck(session, reviewer(), objection.id, findings="已向数源部门核实", now=CODED_AT)
    session.flush()
    found = commands.decide_objection(session, reviewer(), objection.id, outcome=outcome, reason="经核实", now=CODED_AT)
    session.flush()
    return found


@pytest.mark.both_databases
def test_an_objection_stops_the_code_until_the_last_one_is_dismissed(
    session: Session, registration: Registration
) -> None:
    first, second = object_to(session, registration), object_to(session, registration, LAST_SECOND)
    assert registration.state is RegistrationState.OBJECTED
    for objection in (first, second):
        with pytest.raises(WrongState):
            assign_code(session, reviewer(), registration.id, book=book(), now=CODED_AT)
        decide(session, objection, ObjectionOutcome.DISMISSED)
    assert registration.state is RegistrationState.PUBLIC_NOTICE
    assign_code(session, reviewer(), registration.id, book=book(), now=CODED_AT)
    assert registration.state is RegistrationState.CODED


def test_an_upheld_objection_ends_the_registration(session: Session, registration: Registration) -> None:
    objection = object_to(session, registration)
    assert decide(session, objection, ObjectionOutcome.UPHELD).state is RegistrationState.TERMINATED
    assert (registration.closed_at, registration.reason) == (CODED_AT, "经核实")
    with pytest.raises(WrongState):
        object_to(session, registration)


@pytest.mark.parametrize("moment", [NOW, datetime(2026, 7, 15, 16, 0, tzinfo=UTC)])
def test_objections_are_taken_during_the_notice_only(
    session: Session, registration: Registration, moment: datetime
) -> None:
    with pytest.raises(NoticeOver, match="2026-07-02"):
        object_to(session, registration, moment)
    assert registration.state is RegistrationState.PUBLIC_NOTICE


def test_an_objection_is_decided_once_and_by_a_registrar_of_the_place(
    session: Session, registration: Registration
) -> None:
    objection = object_to(session, registration)
    with pytest.raises(NotRechecked, match="复核"):
        commands.decide_objection(
            session, reviewer(), objection.id, outcome=ObjectionOutcome.DISMISSED, reason="x", now=CODED_AT
        )
    for person in (reviewer("puer"), actor(Role.MERCHANT, org_id=registration.registrant_id, place="xinchang")):
        with pytest.raises(NotAllowed):
            commands.decide_objection(
                session, person, objection.id, outcome=ObjectionOutcome.DISMISSED, reason="x", now=CODED_AT
            )
    decide(session, objection, ObjectionOutcome.DISMISSED)
    with pytest.raises(DecidedAlready):
        decide(session, objection, ObjectionOutcome.UPHELD)
    with pytest.raises(DecidedAlready):
        commands.decide_objection(
            session, reviewer(), objection.id, outcome=ObjectionOutcome.UPHELD, reason="x", now=CODED_AT
        )


def test_there_is_no_objection_to_what_does_not_exist(session: Session, registration: Registration) -> None:
    with pytest.raises(NoSuchRegistration):
        commands.file_objection(
            session, ANONYMOUS, registration.product_id, name="王", contact="1", evidence="证据",
            identity_kind=IdentityKind.PASSPORT, identity_number="E12345678", now=DURING,
        )  # fmt: skip
    with pytest.raises(queries.NoSuchObjection):
        commands.decide_objection(
            session, reviewer(), registration.id, outcome=ObjectionOutcome.UPHELD, reason="x", now=DURING
        )


@pytest.mark.both_databases
def test_the_database_keeps_an_objection_as_it_was_filed(session: Session, registration: Registration) -> None:
    objection = object_to(session, registration)
    decide(session, objection, ObjectionOutcome.DISMISSED)
    for change in ("evidence = '改写'", "outcome = 'upheld'"):
        with pytest.raises(DBAPIError, match="not changed"), session.begin_nested():
            session.execute(sa.text(f"UPDATE registry_objection SET {change}"))


def test_an_objection_needs_an_identity_that_can_be_true(session: Session, registration: Registration) -> None:
    for kind, number in (
        (IdentityKind.RESIDENT_ID, "110105194912310021"), (IdentityKind.RESIDENT_ID, "1"), (IdentityKind.PASSPORT, "-"),
    ):  # fmt: skip
        with pytest.raises(IdentityInvalid, match="实名"):
            object_to(session, registration, identity_kind=kind, identity_number=number)
    with pytest.raises(BadUscc):
        object_to(session, registration, identity_kind=IdentityKind.CREDIT_CODE, identity_number="91")
    assert registration.state is RegistrationState.PUBLIC_NOTICE


def test_of_the_identity_a_salted_digest_is_kept_and_nothing_else(session: Session, registration: Registration) -> None:
    first, second = object_to(session, registration), object_to(session, registration)
    assert first.identity_digest != second.identity_digest
    assert first.identity_digest == queries.identity_digest(RESIDENT, salt=str(first.reference))
    kept = session.execute(sa.text("SELECT * FROM registry_objection")).all()
    assert RESIDENT not in str(kept)


def test_files_are_kept_by_their_digest_and_an_empty_one_is_refused(
    session: Session, registration: Registration
) -> None:
    same = Upload(b"%PDF-1.7 contract", "合同.pdf", "application/pdf")
    filed = object_to(session, registration, uploads=[same, same, Upload(b"photo", "照片.jpg", "image/jpeg")])
    names = [one.name for one in queries.get(session, filed.id).files]
    assert sorted(names) == ["合同.pdf", "照片.jpg"]
    assert files.get(session, queries.get(session, filed.id).files[0].sha256).size > 0
    with pytest.raises(files.FileRefused):
        object_to(session, registration, uploads=[Upload(b"", "空.pdf")])


def test_one_address_files_five_objections_within_an_hour_and_not_a_sixth(
    session: Session, registration: Registration
) -> None:
    for _ in range(commands.FILINGS_MAX):
        object_to(session, registration, source_digest="a" * 64)
    with pytest.raises(TooManyObjections) as refused:
        object_to(session, registration, DURING + timedelta(minutes=59), source_digest="a" * 64)
    assert refused.value.headers == {"Retry-After": "60"}
    object_to(session, registration, source_digest="b" * 64)
    object_to(session, registration, DURING + timedelta(hours=1), source_digest="a" * 64)


def test_the_author_reads_the_outcome_with_the_reference(session: Session, registration: Registration) -> None:
    filed = object_to(session, registration)
    reference = str(filed.reference)
    assert len(reference) == REFERENCE_LENGTH
    assert queries.state(queries.by_reference(session, f" {reference.lower()} ")) is ObjectionState.FILED
    commands.recheck(session, reviewer(), filed.id, findings="已核实", now=CODED_AT)
    assert queries.state(queries.by_reference(session, reference)) is ObjectionState.RECHECKED
    with pytest.raises(RecheckedAlready):
        commands.recheck(session, reviewer(), filed.id, findings="再核", now=CODED_AT)
    commands.decide_objection(
        session, reviewer(), filed.id, outcome=ObjectionOutcome.UPHELD, reason="确有争议", now=CODED_AT
    )
    assert queries.state(queries.by_reference(session, reference)) is ObjectionState.UPHELD
    with pytest.raises(queries.NoSuchObjection, match="查询码"):
        queries.by_reference(session, "A" * 26)
