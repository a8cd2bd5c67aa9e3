"""What the authority does with the selection of an operating institution."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Unauthenticated
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.applications import queries as applications
from registry.applications.rules import ApplicationState
from registry.calls import queries as calls
from registry.calls.rules import CallEvent
from registry.calls.rules import after as call_after
from registry.parties.rules import check_in_order
from registry.policy import RegistryPolicy
from registry.procedures.rules import cited_dict
from registry.selections import queries
from registry.selections.model import Selection
from registry.selections.rules import (
    SelectionEvent,
    SelectionProposed,
    SelectionSecondPerson,
    after,
    check_candidate,
    check_result_filing,
    check_status_approval,
)


def propose(
    session: Session,
    actor: Actor,
    call_id: UUID,
    *,
    application_id: UUID,
    reason: str,
    book: PolicyBook,
    now: datetime,
    status_approval_record: str | None = None,
) -> Selection:
    """Propose one of the applications whose review passed; a second person confirms.

    Raises:
        NotAllowed: the actor does not write calls there.
        Unauthenticated: nobody is signed in.
        NoSuchCall: there is none.
        NoSuchApplication: there is none.
        WrongState: the call is not closed, or ended.
        NotPassed: the application did not pass, or belongs to another call.
        NotInOrder: the organisation is suspended or ended.
        StatusApprovalMissing: the government's approval is not named where it is needed.
        SelectionProposed: another application is proposed already.
    """
    call = calls.get(session, call_id, lock=True)
    actor.must(Permission.CALL_WRITE, place=call.place)
    call_after(call.state, CallEvent.SELECT)
    application = applications.get(session, application_id)
    check_candidate(
        application.number, has_passed=application.state is ApplicationState.PASSED,
        of_this_call=application.call_id == call.id,
    )  # fmt: skip
    check_in_order(application.applicant.name, application.applicant.standing)
    today = business_date(now)
    policy = RegistryPolicy.at(book, call.place, today)
    approver = policy.operator_status_approved_by
    record = check_status_approval(status_approval_record, approver)
    if actor.id is None:
        raise Unauthenticated("请先登录", detail_en="Sign in first")
    used = (approver, policy.operator_selection_methods)
    selection = Selection(
        number=numbering.number(session, "SEL", today), place=call.place, call_id=call.id,
        application_id=application.id, operator_id=application.applicant_id, reason=reason,
        status_approved_by=approver.value if approver else None, status_approval_record=record, proposed_by=actor.id,
        proposed_at=now, sources=[cited_dict(cited) for cited in used if cited is not None],
    )  # fmt: skip
    session.add(selection)
    number = call.number  # a failed flush leaves nothing that could still be read
    try:
        session.flush()
    except IntegrityError as error:
        if "registry_selection" not in str(error.orig):
            raise
        raise SelectionProposed(
            f"公告 {number} 已提出选定意见；请先确认或放弃", detail_en="A selection is proposed.", rule="APP-03"
        ) from error
    audit.record(session, actor, "selection.propose", selection, at=now, note=application.number)
    return selection


def confirm(session: Session, actor: Actor, selection_id: UUID, *, now: datetime) -> Selection:
    """Confirm what another person proposed: the institution is selected.

    Raises:
        NotAllowed: the actor does not write calls there.
        NoSuchSelection: there is none.
        WrongState: it is not proposed any more, or the call ended meanwhile.
        SelectionSecondPerson: the same person proposed it.
        NotInOrder: the organisation was suspended or ended meanwhile.
    """
    selection = _governed(session, actor, selection_id)
    state = after(selection.state, SelectionEvent.CONFIRM)
    call = calls.get(session, selection.call_id, lock=True)
    call_state = call_after(call.state, CallEvent.SELECT)
    check_in_order(selection.operator.name, selection.operator.standing)
    if selection.proposed_by == actor.id:
        raise SelectionSecondPerson(
            f"选定意见 {selection.number} 由您提出，须由另一位主管人员确认", detail_en="Another person has to confirm."
        )
    selection.state, selection.confirmed_by, selection.confirmed_at = state, actor.id, now
    call.state = call_state
    audit.record(session, actor, "selection.confirm", selection, at=now)
    return selection


def drop(session: Session, actor: Actor, selection_id: UUID, *, reason: str, now: datetime) -> Selection:
    """Drop a proposal; another application can be proposed.

    Raises:
        NotAllowed: the actor does not write calls there.
        NoSuchSelection: there is none.
        WrongState: it is confirmed already.
    """
    selection = _governed(session, actor, selection_id)
    selection.state = after(selection.state, SelectionEvent.DROP)
    audit.record(session, actor, "selection.drop", selection, at=now, note=reason)
    return selection


def publish(
    session: Session,
    actor: Actor,
    selection_id: UUID,
    *,
    book: PolicyBook,
    now: datetime,
    filing_reference: str | None = None,
) -> Selection:
    """Publish operator, domain and scenario; where the place demands it, with the reference of the filing (DIS-11).

    Raises:
        NotAllowed: the actor does not write calls there.
        NoSuchSelection: there is none.
        WrongState: it is not confirmed, or published already.
        ResultFilingMissing: the reference of the filing is not named where it is needed.
    """
    selection = _governed(session, actor, selection_id)
    state = after(selection.state, SelectionEvent.PUBLISH)
    call = calls.get(session, selection.call_id, lock=True)
    call_state = call_after(call.state, CallEvent.PUBLISH_RESULT)
    policy = RegistryPolicy.at(book, selection.place, business_date(now))
    demanded = policy.disclosure_selection_result_required
    selection.filing_reference = check_result_filing(filing_reference, demanded)
    selection.state, selection.published_on = state, business_date(now)
    call.state = call_state
    audit.record(session, actor, "selection.publish", selection, at=now, note=filing_reference or "")
    return selection


def _governed(session: Session, actor: Actor, selection_id: UUID) -> Selection:
    selection = queries.get(session, selection_id, lock=True)
    actor.must(Permission.CALL_WRITE, place=selection.place)
    return selection
