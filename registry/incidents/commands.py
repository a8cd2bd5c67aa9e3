"""Stopping, reporting, assessing, going on. What was found and who was told is never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.incidents import queries
from registry.incidents.model import Incident, IncidentReport
from registry.incidents.rules import (
    IncidentEvent,
    NotConcerned,
    Risk,
    after,
    check_recipient,
    check_report,
    check_second_person,
)
from registry.policy import RegistryPolicy
from registry.products.model import Product
from registry.products.queries import NoSuchProduct


def detect(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    title: str,
    description: str,
    risks: Sequence[Risk],
    now: datetime,
    book: PolicyBook,
    product_id: UUID | None = None,
) -> Incident:
    """Note a risk under an agreement, or of one product; where the rules say so, its gate closes this very moment.

    Raises:
        NoSuchAgreement: there is none.
        NoSuchProduct: there is no such product under the agreement.
        NotAllowed: the actor reports no incidents there.
        NotConcerned: the actor's organisation has no part in it, and so cannot stop it.
    """
    agreement = agreements.get(session, agreement_id)
    actor.must(Permission.INCIDENT_REPORT, place=agreement.place)
    product = _product(session, agreement, product_id)
    if not queries.may_stop(session, actor, agreement, product):
        raise NotConcerned(
            f"协议 {agreement.number} 与您的单位无关，不能登记其风险事件；请向公共数据主管部门反映",
            detail_en="Your organisation has no part in it; tell the data authority.",
            rule="SEC-02",
        )
    policy = RegistryPolicy.at(book, agreement.place, business_date(now))
    told, at_once = policy.incident_report_to, policy.incident_stop_at_once
    incident = Incident(
        number=numbering.number(session, "INC", business_date(now)), place=agreement.place, agreement_id=agreement.id,
        product_id=product_id, finder_id=actor.org_id, title=title, description=description,
        risks=sorted({risk.value for risk in risks}), stops_at_once=policy.says("incident_stop_at_once"),
        recipients=list(told.items()) if told is not None else [], detected_at=now, detected_by=actor.id,
        sources=[{"name": cited.name, "citation": cited.citation()} for cited in (told, at_once) if cited is not None],
    )  # fmt: skip
    session.add(incident)
    session.flush()
    audit.record(session, actor, "incident.detect", incident, at=now, note=incident.number)
    return incident


def stop(session: Session, actor: Actor, incident_id: UUID, *, measures: str, now: datetime) -> Incident:
    """Note that processing was stopped, and how.

    Raises:
        NotAllowed: the actor reports no incidents there.
        NoSuchIncident: there is none.
        NotConcerned: the actor's organisation has no part in it.
        WrongState: processing was stopped before.
    """
    incident = _reporting(session, actor, incident_id)
    incident.state = after(incident.state, IncidentEvent.STOP)
    incident.stopped_at, incident.measures = now, measures
    audit.record(session, actor, "incident.stop", incident, at=now, note=measures)
    return incident


def report(
    session: Session, actor: Actor, incident_id: UUID, *, recipient: str, reference: str, now: datetime
) -> Incident:
    """Note that one office was told, and how: number of the letter, time and person of the call.

    Raises:
        NotAllowed: the actor reports no incidents there.
        NoSuchIncident: there is none.
        NotConcerned: the actor's organisation has no part in it.
        WrongState: processing was not stopped yet, or the report is closed.
        RecipientUnknown: that is no office to report to.
        ReportedBefore: it was told already.
    """
    incident = _reporting(session, actor, incident_id)
    incident.state = after(incident.state, IncidentEvent.REPORT)
    check_recipient(recipient, queries.told(session, incident.id))
    made = IncidentReport(
        incident_id=incident.id, recipient=recipient, reference=reference, reported_at=now, reported_by=actor.id,
        reported_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "incident.report", incident, at=now, note=reference, detail={"recipient": recipient})
    return incident


def close_report(session: Session, actor: Actor, incident_id: UUID, *, now: datetime) -> Incident:
    """Close the report: only when every office that the rules name was told.

    Raises:
        NotAllowed: the actor reports no incidents there.
        NoSuchIncident: there is none.
        NotConcerned: the actor's organisation has no part in it.
        WrongState: processing was not stopped yet, or the report is closed.
        RecipientsMissing: an office was not told; all are named.
    """
    incident = _reporting(session, actor, incident_id)
    reported = after(incident.state, IncidentEvent.CLOSE_REPORT)
    check_report(incident.number, incident.recipients, queries.told(session, incident.id))
    incident.state, incident.reported_at = reported, now
    audit.record(session, actor, "incident.close_report", incident, at=now)
    return incident


def assess(session: Session, actor: Actor, incident_id: UUID, *, assessment: str, now: datetime) -> Incident:
    """Write down what the authority found about the risk.

    Raises:
        NotAllowed: the actor does not decide incidents there.
        NoSuchIncident: there is none.
        WrongState: the report is not closed, or the risk was assessed before.
    """
    incident = _deciding(session, actor, incident_id)
    incident.state = after(incident.state, IncidentEvent.ASSESS)
    incident.assessed_at, incident.assessed_by, incident.assessment = now, actor.id, assessment
    audit.record(session, actor, "incident.assess", incident, at=now, note=assessment)
    return incident


def resume(session: Session, actor: Actor, incident_id: UUID, *, reason: str, now: datetime) -> Incident:
    """Let processing go on; another person than the one who assessed the risk decides it.

    Raises:
        NotAllowed: the actor does not decide incidents there.
        NoSuchIncident: there is none.
        WrongState: the risk was not assessed.
        SecondPersonNeeded: the same person assessed it.
    """
    return _close(session, actor, incident_id, IncidentEvent.RESUME, reason, now)


def terminate(session: Session, actor: Actor, incident_id: UUID, *, reason: str, now: datetime) -> Incident:
    """End the processing for good: its gate never opens again. The agreement itself is ended by its own steps.

    Raises:
        NotAllowed: the actor does not decide incidents there.
        NoSuchIncident: there is none.
        WrongState: the risk was not assessed.
        SecondPersonNeeded: the same person assessed it.
    """
    return _close(session, actor, incident_id, IncidentEvent.TERMINATE, reason, now)


def _close(
    session: Session, actor: Actor, incident_id: UUID, event: IncidentEvent, reason: str, now: datetime
) -> Incident:
    incident = _deciding(session, actor, incident_id)
    closed = after(incident.state, event)
    check_second_person(incident.number, incident.assessed_by, actor.id)
    incident.state, incident.closed_at, incident.closed_by, incident.outcome = closed, now, actor.id, reason
    audit.record(session, actor, f"incident.{event}", incident, at=now, note=reason)
    return incident


def _product(session: Session, agreement: Agreement, product_id: UUID | None) -> Product | None:
    if product_id is None:
        return None
    found = session.get(Product, product_id)
    if found is None or found.agreement_id != agreement.id:
        raise NoSuchProduct(f"协议 {agreement.number} 下没有这一产品", detail_en="No such product under the agreement.")
    return found


def _reporting(session: Session, actor: Actor, incident_id: UUID) -> Incident:
    incident = queries.get(session, incident_id, lock=True)
    actor.must(Permission.INCIDENT_REPORT, place=incident.place)
    agreement = agreements.get(session, incident.agreement_id)
    if not queries.may_stop(session, actor, agreement, _product(session, agreement, incident.product_id)):
        raise NotConcerned(f"风险事件 {incident.number} 与您的单位无关", detail_en="Not concerned.", rule="SEC-02")
    return incident


def _deciding(session: Session, actor: Actor, incident_id: UUID) -> Incident:
    incident = queries.get(session, incident_id, lock=True)
    actor.must(Permission.INCIDENT_DECIDE, place=incident.place)
    return incident
