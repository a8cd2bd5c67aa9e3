"""Applications on a real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.applications import checks, commands, queries
from registry.applications.model import Application, ApplicationProof
from registry.applications.rules import (
    TRANSITIONS,
    ApplicationEvent,
    ApplicationIncomplete,
    ApplicationNotEditable,
    ApplicationState,
    AppliedBefore,
    CallNotOpen,
    Incident,
    NotInvited,
    ProofKind,
    WrongState,
)
from registry.calls.rules import SelectionMethod
from registry.parties import commands as parties
from registry.parties.rules import CreditKind, NotInOrder
from registry.reviews.rules import Decision, FindingsOpen
from tests.make import authorization as auth
from tests.make import registry_base as make

BOOK, TODAY = make.book(), business_date(make.NOW)
LATE = make.NOW + timedelta(days=30)


def submit(session: Session, found: Application, now: object = make.NOW) -> Application:
    """Submit for the applicant."""
    applicant = make.actor(Role.OPERATOR, org_id=found.applicant_id, place=found.place)
    return commands.submit(session, applicant, found.id, book=BOOK, calendar=auth.CALENDAR, now=now)  # type: ignore[arg-type]


@pytest.mark.both_databases
@pytest.mark.parametrize("place", ["puer", "quzhou", "futian", "xinchang", "guangzhou"])
def test_an_application_passes_the_review_of_its_place(session: Session, place: str) -> None:
    found = auth.make_application(session, auth.make_call(session, place=place))
    assert (found.state, found.number) == (ApplicationState.PASSED, "APP-2026-000001")
    kept = queries.get(session, found.id, lock=True)
    assert kept.registered_capital == Decimal("5000.5")
    assert set(queries.proofs(kept)) == set(ProofKind) - {ProofKind.OTHER}
    assert "operator.application_stages" in {source["name"] for source in kept.sources}


def test_an_incomplete_form_is_saved_and_its_submission_refused_with_everything_missing(session: Session) -> None:
    call, operator = auth.make_call(session), make.make_operator(session, place="puer")
    person = make.acting_for(operator, Role.OPERATOR)
    found = commands.start(session, person, call.id, applicant_id=operator.id, now=make.NOW)
    commands.save(session, person, found.id, form={"address": "人民路"}, now=make.NOW)
    with pytest.raises(ApplicationIncomplete) as refused:
        submit(session, found)
    assert len(refused.value.errors) == 12
    assert found.state is ApplicationState.DRAFT


@pytest.mark.both_databases
def test_late_double_and_not_invited_applications_are_refused(session: Session) -> None:
    invited, stranger = make.make_operator(session, place="puer"), make.make_operator(session, place="puer")
    call = auth.make_call(session, method=SelectionMethod.INVITED_TENDER, invited=(invited,))
    session.flush()
    with pytest.raises(NotInvited):
        auth.fill_in(session, call, stranger)
    found = auth.fill_in(session, call, invited)
    with pytest.raises(CallNotOpen):
        submit(session, found, LATE)
    assert found.state is ApplicationState.DRAFT
    session.commit()
    with pytest.raises(AppliedBefore):
        auth.fill_in(session, call, invited)
    session.rollback()
    submit(session, found, LATE - timedelta(days=1))  # the last day counts
    assert found.state is ApplicationState.UNDER_REVIEW


def test_a_negotiation_with_a_list_is_open_to_that_list_only(session: Session) -> None:
    invited, stranger = make.make_operator(session, place="puer"), make.make_operator(session, place="puer")
    listed = auth.make_call(session, method=SelectionMethod.NEGOTIATION, invited=(invited,))
    unlisted = auth.make_call(session, method=SelectionMethod.NEGOTIATION)
    session.flush()
    with pytest.raises(NotInvited):
        auth.fill_in(session, listed, stranger)
    assert auth.fill_in(session, unlisted, stranger).state is ApplicationState.DRAFT


def test_nobody_agrees_to_an_applicant_with_a_recent_incident(session: Session) -> None:
    call, operator = auth.make_call(session, place="xinchang"), make.make_operator(session)
    found = auth.fill_in(session, call, operator, incidents=(Incident(date(2025, 1, 1), "泄露"),))
    submit(session, found)
    assert found.review_id is not None
    with pytest.raises(FindingsOpen) as refused:
        auth.decide(session, found.review_id)
    assert refused.value.errors[0]["code"] == "incident_free"
    auth.decide(session, found.review_id, Decision.REFUSE)
    assert (found.state, found.decided_at) == (ApplicationState.REFUSED, make.NOW)


def test_the_credit_file_and_the_standing_of_the_applicant_are_looked_up(session: Session) -> None:
    found = auth.make_application(session, auth.make_call(session), state=ApplicationState.UNDER_REVIEW)
    whole = queries.get(session, found.id, lock=True)
    assert all(one.is_met for one in checks.of_application(session, whole, on=TODAY, book=BOOK))
    parties.record_credit(
        session, make.supervisor("puer"), found.applicant_id, kind=CreditKind.BAD_RECORD, fact="失信",
        document="普信〔2026〕1号", from_date=TODAY, now=make.NOW,
    )  # fmt: skip
    bad = [one for one in checks.of_application(session, whole, on=TODAY, book=BOOK) if not one.is_met]
    assert [(one.code, one.is_binding) for one in bad] == [("sound_business_and_credit", True)]
    assert "普信〔2026〕1号" in bad[0].fact


def test_a_returned_application_is_completed_after_the_last_day_and_goes_in_again(session: Session) -> None:
    found = auth.make_application(session, auth.make_call(session), state=ApplicationState.UNDER_REVIEW)
    assert found.review_id is not None
    auth.decide(session, found.review_id, Decision.RETURN_ONCE)
    person = make.actor(Role.OPERATOR, org_id=found.applicant_id, place="puer")
    commands.save(session, person, found.id, form={"profile": "补充"}, now=LATE)
    commands.add_proof(
        session, person, found.id, kind=ProofKind.FEASIBILITY, now=LATE, **{**auth.FILE, "content": b"2"}
    )
    submit(session, found, LATE)
    assert auth.agree(session, found.review_id, now=LATE) == 1
    kept = queries.get(session, found.id, lock=True)
    assert (kept.state, len(kept.proofs)) == (ApplicationState.PASSED, 5)


def in_state(session: Session, state: ApplicationState) -> Application:
    """An application in the wanted state, by the real commands."""
    call, operator = auth.make_call(session), make.make_operator(session, place="puer")
    if state in (ApplicationState.PASSED, ApplicationState.REFUSED, ApplicationState.UNDER_REVIEW):
        return auth.make_application(session, call, operator, state=state)
    found = auth.fill_in(session, call, operator)
    if state is ApplicationState.WITHDRAWN:
        person = make.acting_for(operator, Role.OPERATOR)
        commands.withdraw(session, person, found.id, reason="撤回", now=make.NOW)
    if state is ApplicationState.RETURNED:
        submit(session, found)
        assert found.review_id is not None
        auth.decide(session, found.review_id, Decision.RETURN_ONCE)
    return found


STEPS: dict[ApplicationEvent, Callable[[Session, Application], object]] = {
    ApplicationEvent.SUBMIT: submit,
    ApplicationEvent.WITHDRAW: lambda session, found: commands.withdraw(
        session, make.actor(Role.OPERATOR, org_id=found.applicant_id, place=found.place), found.id, reason="撤回",
        now=make.NOW,
    ),
}  # fmt: skip


@pytest.mark.parametrize("state", list(ApplicationState))
def test_each_command_works_in_its_states_and_leaves_no_trace_in_the_others(
    session: Session, state: ApplicationState
) -> None:
    found = in_state(session, state)
    session.commit()
    lines = sa.select(sa.func.count()).select_from(audit.AuditLine)
    for event, step in STEPS.items():
        before, kept = session.scalar(lines), (found.state, found.version)
        if (state, event) in TRANSITIONS:
            step(session, found)
            session.flush()
            assert found.state is TRANSITIONS[state, event]
        else:
            with pytest.raises(WrongState):
                step(session, found)
            session.flush()
            assert (session.scalar(lines), (found.state, found.version)) == (before, kept)
        session.rollback()
        session.refresh(found)


def test_what_was_submitted_is_not_changed_and_no_proof_ever_is(session: Session) -> None:
    found = auth.make_application(session, auth.make_call(session), state=ApplicationState.UNDER_REVIEW)
    person = make.actor(Role.OPERATOR, org_id=found.applicant_id, place="puer")
    with pytest.raises(ApplicationNotEditable):
        commands.save(session, person, found.id, form={"profile": "改"}, now=make.NOW)
    with pytest.raises((IntegrityError, OperationalError)):
        session.execute(sa.update(ApplicationProof).values(sha256="0" * 64))
    session.rollback()


def test_experts_score_once_each_and_never_their_own_organisation(session: Session) -> None:
    found = auth.make_application(session, auth.make_call(session))
    expert = make.actor(Role.REVIEWER, place="puer")
    commands.score(session, expert, found.id, score=Decimal("92.5"), reason="方案可行", now=make.NOW)
    session.flush()
    session.expire_all()
    with pytest.raises(commands.ScoredBefore):
        commands.score(session, expert, found.id, score=Decimal(10), reason="改分", now=make.NOW)
    own = make.actor(Role.REVIEWER, org_id=found.applicant_id, place="puer")
    with pytest.raises(NotAllowed):
        commands.score(session, own, found.id, score=Decimal(100), reason="自荐", now=make.NOW)
    draft = auth.fill_in(session, auth.make_call(session), make.make_operator(session, place="puer"))
    with pytest.raises(commands.NotToBeScored):
        commands.score(session, expert, draft.id, score=Decimal(10), reason="过早", now=make.NOW)
    assert [one.score for one in queries.of_call(session, found.call_id)[0].scores] == [Decimal("92.5")]


def test_an_applicant_sees_its_own_and_the_authority_what_was_submitted(session: Session) -> None:
    found = auth.fill_in(session, auth.make_call(session), make.make_operator(session, place="puer"))
    session.flush()
    own = make.actor(Role.OPERATOR, org_id=found.applicant_id, place="puer")
    assert queries.visible(session, own, found.id).id == found.id
    for other in (make.supervisor("puer"), make.acting_for(make.make_operator(session, place="puer"), Role.OPERATOR)):
        with pytest.raises(queries.NoSuchApplication):
            queries.visible(session, other, found.id)
    submit(session, found)
    assert queries.visible(session, make.supervisor("puer"), found.id).id == found.id
    with pytest.raises(queries.NoSuchApplication):
        queries.visible(session, make.supervisor("quzhou"), found.id)


def test_a_suspended_organisation_does_not_apply(session: Session) -> None:
    call, operator = auth.make_call(session), make.make_operator(session, place="puer")
    found = auth.fill_in(session, call, operator)
    parties.suspend(session, make.supervisor("puer"), operator.id, reason="违规", now=make.NOW)
    with pytest.raises(NotInOrder):
        submit(session, found)
