"""Handing in what is owed, on a real database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.errors import NotAllowed
from kernel.identity import Actor, Role
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.duties import checks, commands, queries
from registry.duties.model import DutyFiling
from registry.duties.queries import Duty, NoSuchDuty
from registry.duties.rules import FiledAlready, NotTheLatestFiling, RecordedElsewhere
from registry.emergency import commands as emergency
from registry.emergency.rules import DrillOutcome
from registry.obligations.rules import DutyKind, DutyState
from registry.parties.rules import Capacity, PartyKind
from registry.training import commands as training
from registry.training.rules import RoleKind
from tests.make import registry_base as make

BOOK = make.book(demonstration=True)
IN_TIME = datetime(2027, 1, 15, 15, 59, tzinfo=UTC)  # one minute to midnight in Beijing, on the last day of grace
LATE = datetime(2027, 1, 15, 16, 0, tzinfo=UTC)  # midnight
AFTER = date(2027, 1, 16)


def owed(session: Session, kind: DutyKind, on: date = AFTER, place: str = "xinchang") -> list[Duty]:
    """The duties of one kind at a place on a day."""
    found = queries.all_at(session, [place], book=BOOK, on=on)
    return [duty for duty in found if duty.obligation.kind is kind]


def operator_of(agreement: Agreement) -> Actor:
    """A person of the operator."""
    return make.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)


def file(session: Session, actor: Actor, duty: Duty, **changes: object) -> DutyFiling:
    """Hand in a report, but for the changes."""
    fields = {"text": "2026年下半年运营安全情况", "content": b"report", "name": "报告.pdf",
              "media_type": "application/pdf", "now": IN_TIME, "book": BOOK, **changes}  # fmt: skip
    return commands.file(session, actor, duty.key, **fields)  # type: ignore[arg-type]


@pytest.mark.both_databases
def test_a_report_handed_in_on_the_last_day_is_in_time_and_a_minute_later_it_is_late(session: Session) -> None:
    one, other = make.make_agreement(session), make.make_agreement(session)
    duties = {duty.obligation.agreement_id: duty for duty in owed(session, DutyKind.SECURITY_REPORT)
              if duty.obligation.due == date(2027, 1, 15)}  # fmt: skip
    assert {duty.state for duty in duties.values()} == {DutyState.OVERDUE}
    in_time = file(session, operator_of(one), duties[one.id])
    late = file(session, operator_of(other), duties[other.id], now=LATE)
    assert (in_time.is_late, late.is_late) == (False, True)
    assert files.get(session, in_time.evidence_sha256).content == b"report"
    after = {duty.obligation.agreement_id: duty.state for duty in owed(session, DutyKind.SECURITY_REPORT)
             if duty.obligation.due == date(2027, 1, 15)}  # fmt: skip
    assert after == {one.id: DutyState.FULFILLED, other.id: DutyState.FULFILLED_LATE}
    line = session.scalars(sa.select(audit.AuditLine).where(audit.AuditLine.action == "duty.file")).first()
    assert line is not None
    assert line.note == in_time.duty_key


@pytest.mark.both_databases
def test_a_correction_follows_the_latest_filing_and_what_was_handed_in_stays(session: Session) -> None:
    agreement = make.make_agreement(session)
    duty, person = owed(session, DutyKind.SECURITY_REPORT)[0], operator_of(agreement)
    first = file(session, person, duty)
    with pytest.raises(FiledAlready):
        file(session, person, duty)
    second = file(session, person, duty, text="更正：补充渗透测试", now=LATE, supersedes_id=first.id)
    with pytest.raises(NotTheLatestFiling):
        file(session, person, duty, supersedes_id=first.id)
    (standing,) = [one for one in owed(session, DutyKind.SECURITY_REPORT) if one.key == duty.key]
    assert [filing.id for filing in standing.filings] == [first.id, second.id]
    assert standing.state is DutyState.FULFILLED  # the first was in time
    for statement in (sa.update(DutyFiling).values(text="x"), sa.delete(DutyFiling)):
        with pytest.raises(DatabaseError), session.begin_nested():
            session.execute(statement)


def test_only_people_of_the_party_that_owes_it_hand_it_in(session: Session) -> None:
    agreement = make.make_agreement(session)
    (report,) = [duty for duty in owed(session, DutyKind.SECURITY_REPORT) if duty.state is DutyState.OVERDUE]
    other = make.make_operator(session)
    for actor in (make.supervisor(), make.acting_for(other, Role.OPERATOR), make.actor(Role.AUDITOR)):
        with pytest.raises(NotAllowed):
            file(session, actor, report)
    disclosure = owed(session, DutyKind.IMPLEMENTING_DISCLOSURE)[0]
    with pytest.raises(NotAllowed):
        file(session, operator_of(agreement), disclosure)
    with pytest.raises(NotAllowed):
        file(session, make.supervisor("puer"), disclosure)
    assert file(session, make.supervisor(), disclosure).party_id == agreement.authorizing_entity_id


def test_a_filing_with_the_province_is_noted_at_the_agreement_and_not_here(session: Session) -> None:
    signed = make.make_agreement(session, place="puer", state=AgreementState.SIGNED)
    on = date(2026, 7, 2)
    (duty,) = owed(session, DutyKind.AGREEMENT_FILING, on, "puer")
    assert duty.state is DutyState.DUE
    with pytest.raises(RecordedElsewhere):
        file(session, make.supervisor("puer"), duty)
    make.take_step(session, make.supervisor("puer"), signed.id, AgreementState.FILED)
    assert [one.state for one in owed(session, DutyKind.AGREEMENT_FILING, on, "puer")] == [DutyState.FULFILLED]


def test_a_duty_that_no_rule_demands_today_cannot_be_filed(session: Session) -> None:
    agreement = make.make_agreement(session)
    duty = owed(session, DutyKind.SECURITY_REPORT)[0]
    with pytest.raises(NoSuchDuty):
        file(session, operator_of(agreement), duty, now=datetime(2026, 6, 1, tzinfo=UTC))


def test_each_sees_what_concerns_it_and_the_check_names_what_is_overdue(session: Session) -> None:
    agreement = make.make_agreement(session)
    make.make_agreement(session)
    make.make_agreement(session, place="puer")

    def seen(actor: Actor) -> set[object]:
        return {duty.party.id for duty in queries.listed(session, actor, book=BOOK, on=AFTER)}

    assert seen(operator_of(agreement)) == {agreement.operating_institution_id}
    everyone = seen(make.actor(Role.AUDITOR))
    assert seen(make.supervisor()) < everyone
    assert seen(make.supervisor()) > {agreement.operating_institution_id}
    assert seen(make.actor(Role.BUYER, org_id=agreement.operating_institution_id)) == set()
    overdue = queries.overdue_of(session, agreement.operating_institution_id, "xinchang", book=BOOK, on=AFTER)
    assert DutyKind.SECURITY_REPORT in {duty.obligation.kind for duty in overdue}
    words = checks.run(session, book=BOOK, on=AFTER)
    assert sum("运营安全情况报告" in line for line in words) == 2
    assert not checks.run(session, book=BOOK, on=date(2026, 7, 1))


def test_the_texts_alone_give_each_place_its_own_duties(session: Session) -> None:
    for place in ("xinchang", "futian", "guangzhou"):
        make.make_agreement(session, place=place)
    make.make_party(session, Capacity.MUNICIPAL_DATA_AGENCY, place="guangzhou", kind=PartyKind.ADMINISTRATIVE_UNIT)

    def kinds(place: str, *, demonstration: bool) -> set[DutyKind]:
        book = make.book(demonstration=demonstration)
        return {duty.obligation.kind for duty in queries.all_at(session, [place], book=book, on=AFTER)}

    national = {DutyKind.OPERATING_REPORT, DutyKind.IMPLEMENTING_DISCLOSURE, DutyKind.OPERATING_DISCLOSURE,
                DutyKind.AGREEMENT_FILING, DutyKind.PLAN_FILING}  # fmt: skip
    assert kinds("futian", demonstration=False) == national
    assert kinds("xinchang", demonstration=False) == national | {
        DutyKind.SECURITY_REPORT, DutyKind.OPERATION_REPORT, DutyKind.SELECTION_PUBLICATION
    }  # fmt: skip
    assert DutyKind.SELF_EVALUATION in kinds("futian", demonstration=True)
    assert DutyKind.OPERATION_STATUS_DISCLOSURE in kinds("guangzhou", demonstration=True)


def test_a_drill_that_was_recorded_fulfils_its_duty_and_starts_the_next(session: Session) -> None:
    agreement = make.make_agreement(session)
    (first,) = owed(session, DutyKind.EMERGENCY_DRILL)
    assert (first.obligation.due, first.state) == (date(2027, 7, 1), DutyState.UPCOMING)
    with pytest.raises(RecordedElsewhere):
        file(session, make.supervisor(), first)
    document = {"content": b"plan", "name": "预案.pdf", "media_type": "application/pdf", "now": make.NOW}
    emergency.adopt_plan(session, make.supervisor(), agreement.id, **document)
    emergency.record_drill(
        session, operator_of(agreement), agreement.id, held_on=date(2026, 7, 1), participants="运营机构",
        outcome=DrillOutcome.PASSED, summary="断网演练", **document,
    )  # fmt: skip
    emergency.record_drill(
        session, operator_of(agreement), agreement.id, held_on=date(2027, 1, 10), participants="运营机构",
        outcome=DrillOutcome.PASSED, summary="断网演练", **{**document, "now": IN_TIME},
    )  # fmt: skip
    assert [(duty.obligation.due, duty.state) for duty in owed(session, DutyKind.EMERGENCY_DRILL)] == [
        (date(2027, 7, 1), DutyState.FULFILLED), (date(2028, 1, 10), DutyState.UPCOMING),
    ]  # fmt: skip


def test_a_training_lapses_after_its_time_until_the_next_one(session: Session) -> None:
    operator = make.make_operator(session)
    person = make.make_account(session, Role.OPERATOR, party=operator)
    record = partial(
        training.record, session, make.supervisor(), account_id=person.id, place="xinchang", course="数据安全",
        role_kind=RoleKind.TECHNICAL, examiner="县数据局", book=BOOK, now=make.NOW,
    )  # fmt: skip
    record(trained_on=date(2024, 2, 29), passed=True)
    on = date(2026, 3, 1)
    (duty,) = owed(session, DutyKind.TRAINING_RENEWAL, on)
    assert (duty.obligation.due, duty.state, duty.party.id) == (date(2026, 2, 27), DutyState.OVERDUE, operator.id)
    assert duty.obligation.subject == person.name
    record(trained_on=date(2026, 2, 27), passed=True)
    first, second = owed(session, DutyKind.TRAINING_RENEWAL, on)
    assert (first.state, second.state) == (DutyState.FULFILLED, DutyState.UPCOMING)
