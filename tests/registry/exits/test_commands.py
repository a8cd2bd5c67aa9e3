"""Ends and exits on a real database."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.agreements import commands as agreement_commands
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState, CoordinationMissing, ExitGround, SecondPersonNeeded
from registry.agreements.rules import WrongState as WrongAgreementState
from registry.clauses.rules import TermNotOver
from registry.exits import commands, queries
from registry.exits.model import DeletionCertificate
from registry.exits.rules import (
    DeletedTooEarly,
    ExitReason,
    ExitState,
    KeptRecord,
    NotEnded,
    SettlementMissing,
    WrongState,
)
from registry.suspensions import commands as suspensions
from tests.make import authorizations as life
from tests.make import registry_base as make

DRAFT, SIGNED, FILED, ACTIVE, SUSPENDED, EXPIRED, TERMINATED, REVOKED, CLOSED = AgreementState
LAST_DAY, DAY_AFTER = date(2028, 6, 30), date(2028, 7, 1)
ENDED_ON = date(2027, 3, 1)


def end(session: Session, agreement: Agreement, how: str, on: date, **changes: Any) -> Agreement:
    """Let one person of the authority take the step."""
    said: dict[str, Any] = {"reason": "违法", "coordination_record": "纪要3"} if how != "expire" else {}
    ground = {"ground": ExitGround.BREACH} if how == "terminate" else {}
    said = {**said, **ground, "now": life.moment(on), "book": make.book(), **changes}
    return getattr(commands, how)(session, make.supervisor(), agreement.id, **said)


def closed(session: Session, agreement: Agreement, on: date) -> None:
    """Take an ended agreement to the closure of its file."""
    found = commands.open_exit(session, make.supervisor(), agreement.id, now=life.moment(on), book=make.book())
    life.certify(session, found, life.operator_of(agreement), on)
    commands.note_settlement(session, make.supervisor(), found.id, reference="STM-1", now=life.moment(on, 13))
    for hour in (14, 15):
        commands.close(session, make.supervisor(), found.id, now=life.moment(on, hour), book=make.book())


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("how", "state", "reason"),
    [("terminate", TERMINATED, ExitReason.BREACH), ("revoke", REVOKED, ExitReason.REVOCATION)],
)
def test_two_persons_end_an_authorization_early_and_its_exit_opens_the_same_day(
    session: Session, how: str, state: AgreementState, reason: ExitReason
) -> None:
    agreement, person = make.make_agreement(session), make.supervisor()
    with pytest.raises(CoordinationMissing):
        end(session, agreement, how, ENDED_ON, coordination_record=None)
    said = {"reason": "违法", "coordination_record": "纪要3", "now": life.moment(ENDED_ON), "book": make.book()}
    said |= {"ground": ExitGround.BREACH} if how == "terminate" else {}
    getattr(commands, how)(session, person, agreement.id, **said)
    assert (agreement.state, queries.of_agreement(session, agreement.id)) == (ACTIVE, None)
    with pytest.raises(SecondPersonNeeded):
        getattr(commands, how)(session, person, agreement.id, **said)
    end(session, agreement, how, ENDED_ON)
    found = queries.of_agreement(session, agreement.id)
    assert (agreement.state, agreement.in_force(ENDED_ON)) == (state, False)
    assert (found.state, found.reason, found.exit_date) == (ExitState.OPEN, reason, ENDED_ON)
    assert found.logs_until == date(2027, 9, 1)
    assert found.sources["log_months_min"]["value"] == "6"


def test_a_suspension_voids_what_one_person_had_asked_for(session: Session) -> None:
    agreement = make.make_agreement(session)
    end(session, agreement, "terminate", ENDED_ON)
    make.take_step(session, make.supervisor(), agreement.id, SUSPENDED)
    end(session, agreement, "terminate", ENDED_ON)
    assert agreement.state is SUSPENDED
    end(session, agreement, "terminate", ENDED_ON)
    assert agreement.state is TERMINATED


def test_who_asked_for_a_termination_has_not_asked_for_a_revocation(session: Session) -> None:
    agreement = make.make_agreement(session)
    end(session, agreement, "terminate", ENDED_ON)
    end(session, agreement, "revoke", ENDED_ON)
    assert agreement.state is ACTIVE
    end(session, agreement, "revoke", ENDED_ON)
    assert agreement.state is REVOKED


def test_the_term_is_over_after_the_last_day_in_beijing(session: Session) -> None:
    agreement = make.make_agreement(session)
    last_evening = datetime.fromisoformat("2028-06-30T23:59:00+08:00")
    with pytest.raises(TermNotOver):
        commands.expire(session, make.supervisor(), agreement.id, now=last_evening, book=make.book())
    with pytest.raises(NotEnded):
        commands.open_exit(session, make.supervisor(), agreement.id, now=last_evening, book=make.book())
    midnight = last_evening + timedelta(minutes=1)
    expired = commands.expire(session, make.supervisor(), agreement.id, now=midnight, book=make.book())
    found = queries.of_agreement(session, agreement.id)
    assert (expired.state, found.exit_date, found.logs_until) == (EXPIRED, LAST_DAY, date(2028, 12, 30))  # DEL-01


@pytest.mark.both_databases
def test_time_alone_ends_an_authorization_and_lets_the_operator_open_the_exit(session: Session) -> None:
    agreement = make.make_agreement(session)
    operator = life.operator_of(agreement)
    assert queries.waiting(session, operator, LAST_DAY) == []
    assert queries.waiting(session, operator, DAY_AFTER) == [agreement]
    late = life.moment(date(2028, 8, 1))
    found = commands.open_exit(session, operator, agreement.id, now=late, book=make.book())
    assert (found.reason, found.exit_date) == (ExitReason.EXPIRY, LAST_DAY)
    again = commands.open_exit(session, operator, agreement.id, now=late, book=make.book())
    assert (again.id, queries.waiting(session, operator, DAY_AFTER)) == (found.id, [])
    assert agreement.state is ACTIVE
    closed(session, agreement, date(2028, 8, 2))
    assert agreement.state is CLOSED
    actions = [line.action for line in agreements.history(session, agreement.id)]
    assert actions[-2:] == ["agreement.expire", "agreement.close"]


@pytest.mark.both_databases
def test_a_certificate_says_what_was_deleted_and_what_is_kept_and_twice_is_once(session: Session) -> None:
    agreement = life.terminate(session, make.make_agreement(session), ENDED_ON)
    operator, found = life.operator_of(agreement), queries.of_agreement(session, agreement.id)
    certified = life.certify(session, found, operator, ENDED_ON)
    session.flush()
    version = certified.version
    again = life.certify(session, found, operator, ENDED_ON, now=life.moment(date(2027, 3, 5)))
    session.flush()
    assert (again.certificate.id, again.version) == (certified.certificate.id, version)
    assert session.scalar(sa.select(sa.func.count()).select_from(DeletionCertificate)) == 1
    assert again.certificate.kept_records == [kept.value for kept in KeptRecord]
    assert (again.certificate.number, again.certificate.deleted_by) == ("DEL-2027-000001", "张三")
    with pytest.raises(WrongState):
        life.certify(session, found, operator, ENDED_ON, what="别的数据")
    with pytest.raises(WrongState):
        life.certify(session, found, operator, ENDED_ON, content=b"other evidence")


def test_a_deletion_before_the_exit_or_in_the_future_is_refused(session: Session) -> None:
    agreement = life.terminate(session, make.make_agreement(session), ENDED_ON)
    operator, found = life.operator_of(agreement), queries.of_agreement(session, agreement.id)
    for day in (date(2027, 2, 28), date(2027, 3, 2)):
        with pytest.raises(DeletedTooEarly):
            life.certify(session, found, operator, ENDED_ON, deleted_at=life.moment(day))
    assert (found.state, found.certificate) == (ExitState.OPEN, None)


def test_two_persons_close_the_file_when_certified_and_settled(session: Session) -> None:
    agreement = life.terminate(session, make.make_agreement(session), ENDED_ON)
    found, first, second = queries.of_agreement(session, agreement.id), make.supervisor(), make.supervisor()
    now = {"now": life.moment(ENDED_ON, 16), "book": make.book()}
    with pytest.raises(WrongState):
        commands.close(session, first, found.id, **now)
    life.certify(session, found, life.operator_of(agreement), ENDED_ON)
    with pytest.raises(SettlementMissing):
        commands.close(session, first, found.id, **now)
    commands.note_settlement(session, first, found.id, reference="STM-2027-000009", now=now["now"])
    commands.close(session, first, found.id, **now)
    with pytest.raises(SecondPersonNeeded):
        commands.close(session, first, found.id, **now)
    commands.note_settlement(session, first, found.id, reference="STM-2027-000010", now=now["now"])
    commands.close(session, second, found.id, **now)
    assert (found.state, agreement.state) == (ExitState.CERTIFIED, TERMINATED)
    commands.close(session, first, found.id, **now)
    assert (found.state, agreement.state) == (ExitState.CLOSED, CLOSED)
    with pytest.raises(WrongState):
        commands.note_settlement(session, first, found.id, reference="STM-3", now=now["now"])


STEPS = {
    "sign": lambda s, a, p: agreement_commands.sign(
        s, p, a.id, now=make.NOW, book=make.book(), coordination_record="纪要"
    ),
    "file": lambda s, a, p: agreement_commands.file(s, p, a.id, reference="1", now=make.NOW),
    "activate": lambda s, a, p: agreement_commands.activate(s, p, a.id, now=make.NOW, book=make.book()),
    "suspend": lambda s, a, p: agreement_commands.suspend(
        s, p, a.id, reason="1", correction_due=ENDED_ON, now=make.NOW
    ),
    "restore": lambda s, a, p: suspensions.restore(s, p, a.id, now=make.NOW),
    "expire": lambda s, a, p: end(s, a, "expire", DAY_AFTER),
    "terminate": lambda s, a, p: end(s, a, "terminate", ENDED_ON),
    "revoke": lambda s, a, p: end(s, a, "revoke", ENDED_ON),
}


@pytest.mark.parametrize("state", [EXPIRED, TERMINATED, REVOKED, CLOSED])
def test_no_step_leads_back_from_an_end(session: Session, state: AgreementState) -> None:
    agreement = make.make_agreement(session)
    how = {EXPIRED: "expire", REVOKED: "revoke"}.get(state, "terminate")
    on = DAY_AFTER if how == "expire" else ENDED_ON
    for _ in range(1 if how == "expire" else 2):
        end(session, agreement, how, on)
    if state is CLOSED:
        closed(session, agreement, on)
    session.flush()
    before = (agreement.state, agreement.version, session.scalar(sa.select(sa.func.count(audit.AuditLine.id))))
    for step in STEPS.values():
        with pytest.raises(WrongAgreementState):
            step(session, agreement, make.supervisor())
    session.flush()
    after = (agreement.state, agreement.version, session.scalar(sa.select(sa.func.count(audit.AuditLine.id))))
    assert after == before == (state, *before[1:])


@pytest.mark.parametrize("how", ["expire", "terminate", "revoke"])
def test_a_draft_cannot_end(session: Session, how: str) -> None:
    agreement = make.make_agreement(session, state=DRAFT)
    with pytest.raises(WrongAgreementState):
        end(session, agreement, how, DAY_AFTER)
    with pytest.raises(NotEnded):
        commands.open_exit(session, make.supervisor(), agreement.id, now=life.moment(DAY_AFTER), book=make.book())
    assert (agreement.state, agreement.pending_event) == (DRAFT, None)


@pytest.mark.parametrize("state", [SIGNED, FILED, ACTIVE, SUSPENDED])
def test_whatever_is_signed_can_end(session: Session, state: AgreementState) -> None:
    agreement = make.make_agreement(session, state=state)
    life.terminate(session, agreement, ENDED_ON, ExitGround.OPERATOR_REQUEST)
    assert queries.of_agreement(session, agreement.id).reason is ExitReason.OPERATOR_REQUEST


def test_only_the_two_parties_of_the_authorization_write_to_its_exit(session: Session) -> None:
    agreement = life.terminate(session, make.make_agreement(session), ENDED_ON)
    found = queries.of_agreement(session, agreement.id)
    stranger = life.operator_of(make.make_agreement(session))
    for actor in (stranger, make.supervisor("puer"), make.actor(Role.REVIEWER, place="xinchang")):
        with pytest.raises(NotAllowed):
            life.certify(session, found, actor, ENDED_ON)
    with pytest.raises(NotAllowed):
        commands.note_settlement(
            session, life.operator_of(agreement), found.id, reference="1", now=life.moment(ENDED_ON)
        )
    with pytest.raises(queries.NoSuchExit):
        queries.visible(session, stranger, found.id)
    assert queries.visible(session, life.operator_of(agreement), found.id).id == found.id
    assert session.scalars(queries.listed(make.actor(Role.AUDITOR), place="xinchang")).all() == [found]
    assert session.scalars(queries.listed(make.actor(Role.AUDITOR), place="puer")).all() == []


@pytest.mark.both_databases
def test_a_certificate_is_never_changed(session: Session) -> None:
    agreement = life.terminate(session, make.make_agreement(session), ENDED_ON)
    found = queries.of_agreement(session, agreement.id)
    life.certify(session, found, life.operator_of(agreement), ENDED_ON)
    session.commit()
    with pytest.raises((IntegrityError, OperationalError), match="append-only"):
        session.execute(sa.update(DeletionCertificate).values(what="无"))
    session.rollback()
