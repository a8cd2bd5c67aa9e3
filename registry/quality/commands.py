"""Reporting quality problems, and answering them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.errors import NotAllowed
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.parties import queries as parties
from registry.parties.rules import check_in_order
from registry.policy import RegistryPolicy
from registry.quality import queries
from registry.quality.model import QualityEvent, QualityTicket
from registry.quality.rules import BY_DEPARTMENT, Category, TicketEvent, TicketState, after, check_reason
from registry.resources import queries as resources


def report(
    session: Session,
    actor: Actor,
    *,
    resource_id: UUID,
    reporter_id: UUID,
    category: Category,
    description: str,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
    evidence: Mapping[str, Any] | None = None,
) -> QualityTicket:
    """Report a quality problem of a resource to its source department (RVW-08).

    ``evidence`` is a file ({name, media_type, content}). The department's clock runs where a number of days is
    configured (``quality.ticket_working_days``).

    Raises:
        NotAllowed: the actor does not act for the reporter at the place of the resource.
        NoSuchResource: there is none within the actor's scope.
        NoSuchParty: there is no such reporter.
        NotInOrder: the reporter is suspended or ended.
        FileRefused: the evidence is empty or too large.
        CalendarGap: the deadline runs into a year without a holiday table.
    """
    resource = resources.visible(session, actor, resource_id)
    actor.must(Permission.QUALITY_REPORT, org_id=reporter_id, place=resource.place)
    reporter = parties.get(session, reporter_id)
    check_in_order(reporter.name, reporter.standing)
    ticket = QualityTicket(
        number=numbering.number(session, "QLT", business_date(now)), place=resource.place, resource_id=resource.id,
        reporter_id=reporter.id, category=category, description=description,
        evidence_sha256=files.keep(session, now=now, **evidence) if evidence else None,
        evidence_name=evidence["name"] if evidence else None, filed_at=now,
        due_date=_due_date(resource.place, book, calendar, now),
    )  # fmt: skip
    session.add(ticket)
    session.flush()
    audit.record(session, actor, "quality.report", ticket, at=now, note=ticket.number, detail={"category": category})
    return ticket


def take_step(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    *,
    event: TicketEvent,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
    reason: str = "",
    evidence: Mapping[str, Any] | None = None,
) -> QualityTicket:
    """Answer a ticket (source department), or judge the answer (reporter).

    Raises:
        NotAllowed: the step belongs to the other side.
        NoSuchTicket: there is none.
        WrongTicketState: the ticket does not admit the step now.
        ReasonMissing: a refusal or a reopening without a reason.
        FileRefused: the evidence is empty or too large.
        CalendarGap: the new deadline runs into a year without a holiday table.
    """
    ticket = queries.get(session, ticket_id, lock=True)
    _must(actor, ticket, event)
    before, state = ticket.state, after(ticket.state, event)
    check_reason(event, reason)
    sha256 = files.keep(session, now=now, **evidence) if evidence else None
    session.add(
        QualityEvent(
            ticket_id=ticket.id, event=event, reason=reason, evidence_sha256=sha256, happened_at=now,
            actor_id=actor.id, actor_name=actor.name,
        )
    )  # fmt: skip
    ticket.state = state
    _note_times(ticket, before, event, now)
    if event is TicketEvent.REOPEN:
        ticket.due_date = _due_date(ticket.place, book, calendar, now)
    audit.record(session, actor, f"quality.{event}", ticket, at=now, note=reason)
    return ticket


def _must(actor: Actor, ticket: QualityTicket, event: TicketEvent) -> None:
    if event in BY_DEPARTMENT:
        actor.must(Permission.QUALITY_ANSWER, org_id=ticket.resource.source_department_id, place=ticket.place)
        if any(grant.org_id == ticket.reporter_id for grant in actor.grants):
            raise NotAllowed(
                f"质量问题 {ticket.number} 由本单位反馈，须由数源部门的其他人员答复（RVW-08）",
                detail_en="Your own organisation reported this",
                rule="RVW-08",
            )
    else:
        actor.must(Permission.QUALITY_REPORT, org_id=ticket.reporter_id, place=ticket.place)


def _note_times(ticket: QualityTicket, before: TicketState, event: TicketEvent, now: datetime) -> None:
    if event in BY_DEPARTMENT and ticket.answered_at is None:
        ticket.answered_at = now
    if event in (TicketEvent.ACCEPT, TicketEvent.CORRECT) and ticket.accepted_at is None:
        ticket.accepted_at = now
    if event in (TicketEvent.CONFIRM, TicketEvent.CLOSE) and ticket.resolved_at is None:
        ticket.resolved_at = now
    if event is TicketEvent.CLOSE:
        ticket.closed_at = now
    if before is TicketState.CORRECTED and event is TicketEvent.REOPEN:
        ticket.resolved_at = None


def _due_date(place: str, book: PolicyBook, calendar: WorkingCalendar, now: datetime) -> date | None:
    today = business_date(now)
    days = RegistryPolicy.at(book, place, today).quality_ticket_working_days
    return None if days is None else calendar.add_working_days(today, days.integer())
