"""Incidents on a real database: the gate closes with the finding and opens with the resumption."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Actor, Role
from registry.agreements.model import Agreement
from registry.incidents import commands, queries
from registry.incidents.model import Incident, IncidentReport
from registry.incidents.rules import (
    TRANSITIONS,
    IncidentEvent,
    IncidentState,
    NotConcerned,
    RecipientsMissing,
    Risk,
    SecondPersonNeeded,
    WrongState,
)
from registry.parties.rules import Capacity
from registry.products.model import Product
from registry.products.queries import NoSuchProduct
from registry.products.rules import DeliveryForm
from tests.make import registry_base as make

TODAY = date(2026, 7, 1)
BOOK = make.book()
ALL_OFFICES = ("data_authority", "police", "state_security", "secrecy", "cyberspace")


def operator_of(agreement: Agreement) -> Actor:
    """A person of the operator."""
    return make.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)


def detect(session: Session, agreement: Agreement, actor: Actor | None = None, **changes: object) -> Incident:
    """Note a risk under an agreement, but for the changes."""
    fields = {"agreement_id": agreement.id, "title": "关联后可识别个人", "description": "两份结果关联后可能识别个人",
              "risks": [Risk.PERSONAL_INFORMATION], "now": make.NOW, "book": BOOK, **changes}  # fmt: skip
    return commands.detect(session, actor or operator_of(agreement), **fields)  # type: ignore[arg-type]


def take(session: Session, incident: Incident, event: IncidentEvent, actor: Actor | None = None) -> Incident:
    """Take one step as somebody who may."""
    agreement = session.get_one(Agreement, incident.agreement_id)
    deciding = event in (IncidentEvent.ASSESS, IncidentEvent.RESUME, IncidentEvent.TERMINATE)
    who = actor or (make.supervisor(incident.place) if deciding else operator_of(agreement))
    now = make.NOW + timedelta(hours=1)
    if event is IncidentEvent.STOP:
        return commands.stop(session, who, incident.id, measures="停止接口", now=now)
    if event is IncidentEvent.REPORT:
        return commands.report(session, who, incident.id, recipient="police", reference="函〔2026〕1号", now=now)
    if event is IncidentEvent.CLOSE_REPORT:
        return commands.close_report(session, who, incident.id, now=now)
    if event is IncidentEvent.ASSESS:
        return commands.assess(session, who, incident.id, assessment="风险可控", now=now)
    close = commands.resume if event is IncidentEvent.RESUME else commands.terminate
    return close(session, who, incident.id, reason="已整改", now=now)


def bring(session: Session, agreement: Agreement, state: IncidentState) -> Incident:
    """An incident of Xinchang or Pu'er in that state."""
    incident = detect(session, agreement)
    order = [IncidentState.DETECTED, IncidentState.STOPPED, IncidentState.REPORTED, IncidentState.ASSESSED]
    steps = order[: order.index(state) + 1] if state in order else [*order, state]
    for step in steps[1:]:
        if step is IncidentState.STOPPED:
            take(session, incident, IncidentEvent.STOP)
        elif step is IncidentState.REPORTED:
            for office in incident.recipients:
                commands.report(session, operator_of(agreement), incident.id, recipient=office, reference="电话报告",
                                now=make.NOW)  # fmt: skip
            take(session, incident, IncidentEvent.CLOSE_REPORT)
        elif step is IncidentState.ASSESSED:
            take(session, incident, IncidentEvent.ASSESS)
        else:
            take(session, incident, IncidentEvent.RESUME if step is IncidentState.RESUMED else IncidentEvent.TERMINATE)
    assert incident.state is state
    return incident


def is_open(session: Session, agreement: Agreement, product: Product | None = None, on: date = TODAY) -> bool:
    """Whether the gate is open: the fact and the condition must agree."""
    fact, words, since = queries.no_open_incident_gate_fact(
        session, agreement.id, on, BOOK, product.id if product else None
    )
    if product is None:
        clause = queries.no_open_incident_clause(Agreement.__table__.c.id, on)
        found = session.scalar(sa.select(Agreement.id).where(Agreement.id == agreement.id, clause))
    else:
        columns = Product.__table__.c
        clause = queries.no_open_incident_clause(columns.agreement_id, on, columns.id)
        found = session.scalar(sa.select(Product.id).where(Product.id == product.id, clause))
    assert (found is not None) is fact
    assert (since is None) is fact
    assert words
    return fact


def make_product(session: Session, agreement: Agreement) -> Product:
    """A product under the agreement; its owner is a merchant."""
    owner = make.make_party(session, Capacity.DATA_MERCHANT, place=agreement.place)
    product = Product(
        code=f"P-{owner.uscc}", place=agreement.place, owner_id=owner.id, agreement_id=agreement.id, title="评分",
        scenario="核验", domain="信用", delivery_form=DeliveryForm.API, source_statement="来源", created_at=make.NOW,
        created_by=None,
    )  # fmt: skip
    session.add(product)
    session.flush()
    return product


@pytest.mark.both_databases
def test_processing_is_barred_from_the_finding_until_a_second_person_lets_it_go_on(session: Session) -> None:
    agreement = make.make_agreement(session, place="puer")
    other = make.make_agreement(session, place="puer")
    assert is_open(session, agreement)
    incident = detect(session, agreement)
    assert (incident.stops_at_once, tuple(incident.recipients)) == (True, ALL_OFFICES)
    assert (is_open(session, agreement), is_open(session, other)) == (False, True)
    assert is_open(session, agreement, on=date(2026, 6, 30))  # the day before, nothing was found
    take(session, incident, IncidentEvent.STOP)
    for count, office in enumerate(ALL_OFFICES):
        with pytest.raises(RecipientsMissing) as refused:
            take(session, incident, IncidentEvent.CLOSE_REPORT)
        assert len(refused.value.errors) == len(ALL_OFFICES) - count
        commands.report(session, operator_of(agreement), incident.id, recipient=office, reference="函1号", now=make.NOW)
    take(session, incident, IncidentEvent.CLOSE_REPORT)
    assessor = make.supervisor("puer")
    take(session, incident, IncidentEvent.ASSESS, assessor)
    for event in (IncidentEvent.RESUME, IncidentEvent.TERMINATE):
        with pytest.raises(SecondPersonNeeded):
            take(session, incident, event, assessor)
    assert not is_open(session, agreement)
    take(session, incident, IncidentEvent.RESUME)
    assert is_open(session, agreement)
    actions = [line.action for line in queries.history(session, incident.id)]
    assert actions == ["incident.detect", "incident.stop", *["incident.report"] * 5, "incident.close_report",
                       "incident.assess", "incident.resume"]  # fmt: skip


def test_a_terminated_processing_stays_barred(session: Session) -> None:
    agreement = make.make_agreement(session)
    bring(session, agreement, IncidentState.TERMINATED)
    assert not is_open(session, agreement)
    assert not is_open(session, agreement, on=date(2028, 6, 30))


@pytest.mark.both_databases
def test_an_incident_of_one_product_bars_that_product_alone(session: Session) -> None:
    agreement = make.make_agreement(session)
    one, other = make_product(session, agreement), make_product(session, agreement)
    incident = detect(session, agreement, make.actor(Role.MERCHANT, org_id=one.owner_id, place="xinchang"),
                      product_id=one.id)  # fmt: skip
    assert [is_open(session, agreement, product) for product in (one, other, None)] == [False, True, True]
    assert incident.recipients == ["data_authority"]


def test_where_the_rules_do_not_say_at_once_the_stop_itself_closes_the_gate(session: Session) -> None:
    agreement = make.make_agreement(session, place="futian")
    incident = detect(session, agreement)
    assert (incident.stops_at_once, incident.recipients) == (False, [])
    assert is_open(session, agreement)
    take(session, incident, IncidentEvent.STOP)
    assert not is_open(session, agreement)
    with pytest.raises(RecipientsMissing):
        take(session, incident, IncidentEvent.CLOSE_REPORT)
    take(session, incident, IncidentEvent.REPORT)
    assert take(session, incident, IncidentEvent.CLOSE_REPORT).state is IncidentState.REPORTED


def test_every_state_refuses_every_other_event_without_a_trace(session: Session) -> None:
    for state in IncidentState:
        agreement = make.make_agreement(session)
        incident = bring(session, agreement, state)
        session.flush()
        version, lines = incident.version, len(queries.history(session, incident.id))
        for event in set(IncidentEvent) - {event for at, event in TRANSITIONS if at is state}:
            with pytest.raises(WrongState):
                take(session, incident, event)
        session.flush()
        assert (incident.state, incident.version) == (state, version)
        assert len(queries.history(session, incident.id)) == lines


def test_nobody_stops_what_is_no_business_of_theirs(session: Session) -> None:
    agreement = make.make_agreement(session)
    product = make_product(session, agreement)
    merchant = make.actor(Role.MERCHANT, org_id=product.owner_id, place="xinchang")
    for actor in (merchant, make.acting_for(make.make_operator(session), Role.OPERATOR),
                  make.acting_for(make.make_department(session), Role.SOURCE)):  # fmt: skip
        with pytest.raises(NotConcerned):
            detect(session, agreement, actor)
    for actor in (make.actor(Role.AUDITOR), make.supervisor("puer")):
        with pytest.raises(NotAllowed):
            detect(session, agreement, actor)
    with pytest.raises(NoSuchProduct):
        detect(session, make.make_agreement(session), make.supervisor(), product_id=product.id)
    department = make.make_department(session)
    covered = make.make_agreement(session, scope=[make.make_resource(session, department)])
    incident = detect(session, covered, make.acting_for(department, Role.SOURCE))
    with pytest.raises(NotConcerned):
        commands.stop(session, merchant, incident.id, measures="停止", now=make.NOW)
    with pytest.raises(NotAllowed):
        commands.assess(session, operator_of(covered), incident.id, assessment="无", now=make.NOW)


def test_an_incident_is_seen_by_those_whom_it_concerns(session: Session) -> None:
    department = make.make_department(session)
    agreement = make.make_agreement(session, scope=[make.make_resource(session, department)])
    incident = detect(session, agreement)

    def sees(actor: Actor) -> bool:
        return incident.id in {found.id for found in session.scalars(queries.listed(actor))}

    assert all(map(sees, (operator_of(agreement), make.supervisor(), make.actor(Role.AUDITOR),
                          make.acting_for(department, Role.SOURCE))))  # fmt: skip
    assert not any(map(sees, (make.supervisor("puer"), make.acting_for(make.make_operator(session), Role.OPERATOR))))
    with pytest.raises(queries.NoSuchIncident):
        queries.visible(session, make.supervisor("puer"), incident.id)


@pytest.mark.both_databases
def test_the_database_keeps_what_was_found_and_who_was_told(session: Session) -> None:
    incident = bring(session, make.make_agreement(session), IncidentState.RESUMED)
    session.flush()
    changes = [
        sa.update(Incident).where(Incident.id == incident.id).values(outcome="x"),
        sa.update(IncidentReport).values(reference="x"),
        sa.delete(IncidentReport),
    ]
    running = detect(session, make.make_agreement(session), now=datetime(2026, 7, 1, 2, tzinfo=make.NOW.tzinfo))
    changes.append(sa.update(Incident).where(Incident.id == running.id).values(description="x"))
    changes.append(sa.update(Incident).where(Incident.id == running.id).values(state="resumed"))
    for change in changes:
        with pytest.raises(DatabaseError), session.begin_nested():
            session.execute(change)
