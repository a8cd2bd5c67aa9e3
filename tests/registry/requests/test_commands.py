"""Data-use requests on a real database: who is asked, who decides, and what the database itself refuses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.audit import AuditLine
from kernel.calendar import business_date
from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.policy import PolicyGap
from registry.access.rules import AccessRefused
from registry.agreements import commands as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.requests import commands, queries
from registry.requests.model import DataRequest, RequestOpinion
from registry.requests.rules import (
    AgreementNotInForce,
    ApplicantNotAllowed,
    Basis,
    Decision,
    OutsideScope,
    RequestState,
    WrongState,
)
from registry.resources import commands as resources
from tests.make.basis import ready_for_request
from tests.make.registry_base import (
    NOW,
    acting_for,
    actor,
    book,
    make_agreement,
    make_department,
    make_party,
    make_resource,
    supervisor,
)
from tests.make.registry_products import (
    SCENARIO,
    calendar,
    make_merchant,
    make_request,
    make_reviewers,
    on_seat,
)

LAW = {"book": book(demonstration=True), "calendar": calendar()}


@pytest.fixture
def agreement(session: Session) -> Agreement:
    """An agreement of Xinchang over two resources of two departments."""
    make_reviewers(session, "xinchang")
    return make_agreement(session, scope=[make_resource(session), make_resource(session)])


@pytest.fixture
def merchant(session: Session) -> Party:
    """A data merchant of Xinchang."""
    return make_merchant(session)


def say(session: Session, request: DataRequest, seat: RequestOpinion, decision: Decision = Decision.AGREE) -> None:
    """Let the person on a seat speak."""
    person = on_seat(seat, request.place)
    commands.give_opinion(session, person, request.id, decision=decision, reason="意见", now=NOW, **LAW)  # type: ignore[arg-type]
    session.flush()


def create(session: Session, applicant: Party, agreement: Agreement, **changed: object) -> DataRequest:
    """Draft a request over the whole scope of the agreement."""
    listed = [resource.id for resource in queries.scope(session, agreement.id)]
    values = {"scenario": SCENARIO, "necessity": "最小必要", "resource_ids": listed, "now": NOW} | changed
    person = acting_for(applicant, Role.MERCHANT, place=agreement.place)
    return commands.create(
        session,
        person,
        applicant_id=applicant.id,
        agreement_id=agreement.id,
        **values,  # type: ignore[arg-type]
    )


@pytest.mark.both_databases
def test_the_authority_and_every_source_department_must_agree(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    request = make_request(session, agreement=agreement, applicant=merchant, state=RequestState.UNDER_REVIEW)
    given = queries.opinions(session, request.id)
    assert sorted(seat.capacity for seat in given) == [Capacity.DATA_AUTHORITY, *[Capacity.SOURCE_DEPARTMENT] * 2]
    for seat in given[:-1]:
        say(session, request, seat)
        assert request.state is RequestState.UNDER_REVIEW
    say(session, request, given[-1])
    assert (request.state, request.basis) == (RequestState.APPROVED, Basis.DECIDED)
    assert [source["name"] for source in request.sources] == ["request.reviewers"]


@pytest.mark.both_databases
def test_every_opinion_raises_the_version_that_the_others_decide_on(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    request = make_request(session, agreement=agreement, applicant=merchant, state=RequestState.UNDER_REVIEW)
    before = request.version
    say(session, request, queries.opinions(session, request.id)[0])
    assert request.version == before + 1


def test_one_refusal_ends_the_request_and_nobody_may_speak_after_it(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    request = make_request(session, agreement=agreement, applicant=merchant, state=RequestState.UNDER_REVIEW)
    first, second, *_ = queries.opinions(session, request.id)
    say(session, request, first, Decision.REFUSE)
    assert (request.state, request.basis) == (RequestState.REJECTED, None)
    with pytest.raises(WrongState):
        say(session, request, second)


def test_nobody_speaks_for_another_organisation_nor_twice_nor_for_the_own_request(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    request = make_request(session, agreement=agreement, applicant=merchant, state=RequestState.UNDER_REVIEW)
    stranger = acting_for(make_department(session), Role.SOURCE)
    with pytest.raises(commands.NotYourSeat, match="待审核方"):
        commands.give_opinion(session, stranger, request.id, decision=Decision.AGREE, reason="同意", now=NOW, **LAW)  # type: ignore[arg-type]
    seat = queries.opinions(session, request.id)[0]
    say(session, request, seat)
    with pytest.raises(commands.NotYourSeat, match="已提交过意见"):
        say(session, request, seat)
    own = actor(Role.SUPERVISOR, org_id=merchant.id, place="xinchang")
    with pytest.raises(commands.OwnRequest, match="本单位"):
        commands.give_opinion(session, own, request.id, decision=Decision.AGREE, reason="同意", now=NOW, **LAW)  # type: ignore[arg-type]
    elsewhere = actor(Role.REVIEWER, place="puer")
    with pytest.raises(NotAllowed):
        commands.give_opinion(session, elsewhere, request.id, decision=Decision.AGREE, reason="同意", now=NOW, **LAW)  # type: ignore[arg-type]


def test_provincial_return_flow_data_adds_the_provincial_authority(session: Session, merchant: Party) -> None:
    make_reviewers(session, "xinchang")
    agreement = make_agreement(session, scope=[make_resource(session, return_flow=True)])
    request = make_request(session, agreement=agreement, applicant=merchant, state=RequestState.UNDER_REVIEW)
    capacities = [seat.capacity for seat in queries.opinions(session, request.id)]
    assert capacities.count(Capacity.PROVINCIAL_DATA_AUTHORITY) == 1


def test_a_seat_that_nobody_can_take_stops_the_submission_and_names_the_capacity(
    session: Session, merchant: Party
) -> None:
    agreement = make_agreement(session, scope=[make_resource(session, return_flow=True)])
    with pytest.raises(queries.ReviewerMissing, match="省级数据主管部门"):
        make_request(session, agreement=agreement, applicant=merchant, state=RequestState.UNDER_REVIEW)


def test_a_request_names_resources_of_the_agreement_that_are_not_barred(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    inside = queries.scope(session, agreement.id)[0]
    for listed in ([], [inside.id, make_resource(session).id]):
        with pytest.raises(OutsideScope, match="APP-05"):
            create(session, merchant, agreement, resource_ids=listed)
    owner = actor(Role.SOURCE, org_id=inside.source_department_id, place="xinchang")
    resources.bar(session, owner, inside.id, reason="涉密", now=NOW)
    with pytest.raises(OutsideScope, match="不予开放"):
        create(session, merchant, agreement, resource_ids=[inside.id])


def test_only_merchants_of_the_place_and_the_operator_ask_for_data(session: Session, agreement: Agreement) -> None:
    for stranger in (make_party(session, Capacity.BUYER), make_merchant(session, place="puer")):
        with pytest.raises(ApplicantNotAllowed, match="进驻"):
            create(session, stranger, agreement)
    suspended = make_merchant(session)
    parties.suspend(session, supervisor(), suspended.id, reason="整改", now=NOW)
    with pytest.raises(ApplicantNotAllowed):
        create(session, suspended, agreement)
    operator = session.get_one(Party, agreement.operating_institution_id)
    made = make_request(session, agreement=agreement, applicant=operator, state=RequestState.DRAFT)
    assert made.applicant_id == operator.id


def test_nobody_asks_in_the_name_of_another_organisation(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    other = acting_for(make_merchant(session), Role.MERCHANT)
    with pytest.raises(NotAllowed):
        commands.create(
            session, other, applicant_id=merchant.id, agreement_id=agreement.id, scenario="场景", necessity="必要",
            resource_ids=[queries.scope(session, agreement.id)[0].id], now=NOW,
        )  # fmt: skip


def test_an_agreement_that_is_not_in_force_gives_no_data(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    draft = make_request(session, agreement=agreement, applicant=merchant, state=RequestState.DRAFT)
    agreements.suspend(session, supervisor(), agreement.id, reason="整改", correction_due=date(2026, 7, 16), now=NOW)
    person = acting_for(merchant, Role.MERCHANT)
    with pytest.raises(AccessRefused, match="AGREEMENT_NOT_IN_FORCE"):
        commands.submit(session, person, draft.id, book=book(), calendar=calendar(), now=NOW)
    unsigned = make_agreement(session, state=AgreementState.DRAFT)
    with pytest.raises(AgreementNotInForce, match=unsigned.number):
        create(session, merchant, unsigned)


@pytest.mark.both_databases
def test_one_scenario_is_asked_for_once_until_it_is_refused(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    request = make_request(session, agreement=agreement, applicant=merchant, state=RequestState.UNDER_REVIEW)
    with pytest.raises(commands.ScenarioTaken, match=request.number):
        create(session, merchant, agreement)
    assert create(session, make_merchant(session), agreement).number != request.number
    say(session, request, queries.opinions(session, request.id)[0], Decision.REFUSE)
    assert create(session, merchant, agreement).state is RequestState.DRAFT


@pytest.mark.both_databases
def test_the_database_admits_one_request_per_scenario_even_when_two_arrive_at_once(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    request = make_request(session, agreement=agreement, applicant=merchant)
    twin = DataRequest(
        number="REQ-X", place=request.place, applicant_id=merchant.id, agreement_id=agreement.id, scenario=SCENARIO,
        necessity="必要", created_at=NOW,
    )  # fmt: skip
    session.add(twin)
    with pytest.raises(DBAPIError, match=r"(?i)unique"):
        session.flush()
    session.rollback()


@pytest.mark.both_databases
@pytest.mark.parametrize("change", ["decision = 'refuse'", "reason = '改写'", "stage_id = id"])
def test_the_database_keeps_an_opinion_as_it_was_given(
    session: Session, agreement: Agreement, merchant: Party, change: str
) -> None:
    make_request(session, agreement=agreement, applicant=merchant)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.text(f"UPDATE registry_review_opinion SET {change}"))
    session.rollback()


def test_an_approval_reaches_no_other_scenario_applicant_agreement_or_day(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    make_request(session, agreement=agreement, applicant=merchant)
    listed = {resource.id for resource in queries.scope(session, agreement.id)}
    today = date(2026, 7, 1)
    keys = {"applicant_id": merchant.id, "agreement_id": agreement.id, "scenario": SCENARIO, "on": today}
    assert queries.approved_resources(session, **keys) == listed  # type: ignore[arg-type]
    for other in (
        {"scenario": "其他场景"}, {"applicant_id": agreement.operating_institution_id},
        {"agreement_id": make_agreement(session).id}, {"on": today - timedelta(days=1)},
    ):  # fmt: skip
        assert queries.approved_resources(session, **(keys | other)) == set()  # type: ignore[arg-type]


def test_what_a_department_bars_later_is_no_longer_approved(
    session: Session, agreement: Agreement, merchant: Party
) -> None:
    make_request(session, agreement=agreement, applicant=merchant)
    barred, other = queries.scope(session, agreement.id)
    owner = actor(Role.SOURCE, org_id=barred.source_department_id, place="xinchang")
    resources.bar(session, owner, barred.id, reason="涉密", now=NOW)
    found = queries.approved_resources(
        session, applicant_id=merchant.id, agreement_id=agreement.id, scenario=SCENARIO, on=date(2026, 7, 1)
    )
    assert found == {other.id}


def test_where_the_rules_say_silence_consents_but_not_after_how_many_days_nothing_is_submitted(
    session: Session,
) -> None:
    make_reviewers(session, "guangzhou")
    agreement = make_agreement(session, place="guangzhou")
    applicant = make_merchant(session, place="guangzhou")
    draft = make_request(session, agreement=agreement, applicant=applicant, state=RequestState.DRAFT)
    ready_for_request(session, draft, on=business_date(NOW))
    person = acting_for(applicant, Role.MERCHANT, place="guangzhou")
    with pytest.raises(PolicyGap, match=r"request\.review_working_days"):
        commands.submit(session, person, draft.id, book=book(), calendar=calendar(), now=NOW)


def test_every_step_leaves_an_audit_line(session: Session, agreement: Agreement, merchant: Party) -> None:
    request = make_request(session, agreement=agreement, applicant=merchant)
    session.flush()
    query = sa.select(AuditLine.action).where(AuditLine.object_id == str(request.id)).order_by(AuditLine.id)
    steps = ["data_request.create", "data_request.submit", *["data_request.opinion"] * 3]
    assert [step for step in session.scalars(query) if step != "data_request.conclude"] == steps
