"""Every pair of state and event of an agreement, through the commands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import Conflict
from registry.agreements import commands as agreements
from registry.agreements import queries as agreement_queries
from registry.agreements.model import Agreement
from registry.agreements.rules import (
    TRANSITIONS,
    AgreementEvent,
    AgreementState,
    ExitGround,
    FilingMissing,
    after,
)
from registry.exits import commands as exits
from registry.suspensions import commands as suspensions
from tests.make import authorizations as life
from tests.make import registry_base as make

ON, OVER = date(2026, 9, 17), date(2028, 7, 1)
EARLY = {"now": life.moment(ON), "book": make.book()}
Step = Callable[[Session, Agreement], object]


def part_of(session: Session, agreement: Agreement) -> list[object]:
    """One of the resources in scope."""
    return [agreement_queries.scope_of(session, agreement.id)[0].id]


def restored(session: Session, agreement: Agreement) -> None:
    """Report, ask and confirm."""
    if agreement.state is AgreementState.SUSPENDED:
        life.report(session, agreement, ON)
    for _ in range(2):
        suspensions.restore(session, make.supervisor(), agreement.id, now=life.moment(ON))


def closed(session: Session, agreement: Agreement) -> None:
    """Open the exit, certify, settle, ask and confirm."""
    found = exits.open_exit(session, make.supervisor(), agreement.id, **EARLY)
    life.certify(session, found, make.supervisor(), ON)
    exits.note_settlement(session, make.supervisor(), found.id, reference="STM-1", now=life.moment(ON, 13))
    for _ in range(2):
        exits.close(session, make.supervisor(), found.id, **EARLY)


def twice(command: Callable[..., object], **said: object) -> Step:
    """Two persons take the same step."""

    def act(session: Session, agreement: Agreement) -> None:
        for _ in range(2):
            command(session, make.supervisor(), agreement.id, coordination_record="纪要", reason="1", **said, **EARLY)

    return act


STEPS: dict[AgreementEvent, Step] = {
    AgreementEvent.SIGN: lambda s, a: agreements.sign(
        s, make.supervisor(), a.id, coordination_record="纪要", **EARLY
    ),
    AgreementEvent.FILE: lambda s, a: agreements.file(s, make.supervisor(), a.id, reference="1", now=make.NOW),
    AgreementEvent.ACTIVATE: lambda s, a: agreements.activate(s, make.supervisor(), a.id, **EARLY),
    AgreementEvent.SUSPEND: lambda s, a: agreements.suspend(
        s, make.supervisor(), a.id, reason="1", correction_due=ON, now=make.NOW
    ),
    AgreementEvent.RESTORE: restored,
    AgreementEvent.END_PART: lambda s, a: life.end_part(s, a, part_of(s, a), ON),
    AgreementEvent.EXPIRE: lambda s, a: exits.expire(
        s, make.supervisor(), a.id, now=life.moment(OVER), book=make.book()
    ),
    AgreementEvent.TERMINATE: twice(exits.terminate, ground=ExitGround.BREACH),
    AgreementEvent.REVOKE: twice(exits.revoke),
    AgreementEvent.CLOSE: closed,
}  # fmt: skip


def in_state(session: Session, state: AgreementState) -> Agreement:
    """An agreement over two resources in that state; suspended ones wait for a correction that is overdue."""
    if state is AgreementState.SUSPENDED:
        return life.make_suspended(session)
    ending = {
        AgreementState.EXPIRED: AgreementEvent.EXPIRE, AgreementState.REVOKED: AgreementEvent.REVOKE,
        AgreementState.TERMINATED: AgreementEvent.TERMINATE, AgreementState.CLOSED: AgreementEvent.TERMINATE,
    }.get(state)  # fmt: skip
    department = make.make_department(session)
    scope = [make.make_resource(session, department) for _ in range(2)]
    agreement = make.make_agreement(session, state=AgreementState.ACTIVE if ending else state, scope=scope)
    if state is AgreementState.FILED:
        agreements.set_emergency_plan(
            session, make.supervisor(), agreement.id, content=b"plan", name="1", media_type="text/plain", now=make.NOW
        )
    if ending:
        STEPS[ending](session, agreement)
    if state is AgreementState.CLOSED:
        closed(session, agreement)
    session.flush()
    return agreement


@pytest.mark.parametrize("state", AgreementState)
def test_what_the_table_lacks_is_refused_and_leaves_no_trace(session: Session, state: AgreementState) -> None:
    agreement = in_state(session, state)

    def traces() -> tuple[object, ...]:
        session.flush()
        lines = session.scalar(sa.select(sa.func.count(audit.AuditLine.id)))
        return agreement.state, agreement.version, agreement.pending_event, lines

    before = traces()
    for event, step in STEPS.items():
        if (state, event) not in TRANSITIONS:
            with pytest.raises(Conflict):
                step(session, agreement)
            assert traces() == before, event


@pytest.mark.parametrize(("state", "event"), TRANSITIONS)
def test_what_the_table_holds_leads_where_it_says(
    session: Session, state: AgreementState, event: AgreementEvent
) -> None:
    agreement = in_state(session, state)
    if (state, event) == (AgreementState.SIGNED, AgreementEvent.ACTIVATE):
        with pytest.raises(FilingMissing):  # every place demands the filing today (DIS-13)
            STEPS[event](session, agreement)
        return
    if (state, event) == (AgreementState.EXPIRED, AgreementEvent.CLOSE):
        found = exits.queries.of_agreement(session, agreement.id)
        life.certify(session, found, make.supervisor(), OVER)
        exits.note_settlement(session, make.supervisor(), found.id, reference="STM-1", now=life.moment(OVER))
        for _ in range(2):
            exits.close(session, make.supervisor(), found.id, now=life.moment(OVER), book=make.book())
    else:
        STEPS[event](session, agreement)
    assert agreement.state is after(state, event)
