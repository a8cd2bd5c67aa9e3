"""What must be in place before a data-use request is submitted: nothing is submitted while any of it is missing."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import Actor, Role
from registry.access.rules import AccessRefused
from registry.agreements.model import Agreement
from registry.operator_reviews.model import OperatorReview
from registry.parties.model import Party
from registry.requests import commands, queries
from registry.requests.model import DataRequest
from registry.requests.rules import ClearanceKind, ClearanceMissing, ConsentMissing, RequestState
from registry.resources import commands as resources
from registry.service_agreements.model import ServiceAgreement
from registry.service_agreements.rules import ServiceState
from tests.make import basis
from tests.make import registry_base as make
from tests.make.registry_products import calendar, developer, make_merchant, make_request, make_reviewers

TODAY = business_date(make.NOW)


def drafted(session: Session, place: str, *, operated: bool = False) -> tuple[DataRequest, Actor]:
    """A draft of a merchant, or of the operating institution itself, and who submits it."""
    make_reviewers(session, place)
    agreement = make.make_agreement(session, place=place)
    operator = session.get_one(Party, agreement.operating_institution_id)
    applicant = operator if operated else make_merchant(session, place=place)
    draft = make_request(session, agreement=agreement, applicant=applicant, state=RequestState.DRAFT)
    session.flush()
    return draft, developer(session, applicant, agreement)


def operator_of(session: Session, draft: DataRequest) -> UUID:
    """The operating institution under whose agreement the request is made."""
    return session.get_one(Agreement, draft.agreement_id).operating_institution_id


def submit(session: Session, draft: DataRequest, person: Actor) -> DataRequest:
    """Submit it."""
    law = make.book(demonstration=True)
    return commands.submit(session, person, draft.id, book=law, calendar=calendar(), now=make.NOW)


def refused_for(session: Session, draft: DataRequest, person: Actor) -> set[str]:
    """The conditions of access that fail."""
    with pytest.raises(AccessRefused) as refused:
        submit(session, draft, person)
    assert draft.state is RequestState.DRAFT
    return {error["code"] for error in refused.value.errors}


def test_both_reviews_of_the_scenario_are_documented_first_at_xinchang(session: Session) -> None:
    draft, person = drafted(session, "xinchang")
    basis.review_operator(session, operator_of(session, draft), "xinchang", on=TODAY)
    document = {"reference": "评审1号", "content": b"passed", "name": "结论.pdf", "media_type": "application/pdf"}
    for kind, other in ((ClearanceKind.NETWORK_SECURITY, "一体化"), (ClearanceKind.IRS, "")):
        with pytest.raises(ClearanceMissing):
            submit(session, draft, person)
        commands.add_clearance(session, person, draft.id, kind=kind, now=make.NOW, **document)
        if other:
            with pytest.raises(ClearanceMissing, match=other):
                submit(session, draft, person)
    assert submit(session, draft, person).state is RequestState.UNDER_REVIEW


def test_a_new_scenario_needs_a_valid_review_of_the_operator_at_xinchang(session: Session) -> None:
    draft, person = drafted(session, "xinchang")
    basis.clear_scenario(session, draft)
    assert refused_for(session, draft, person) == {"REVIEW_NOT_VALID"}
    basis.review_operator(session, operator_of(session, draft), "xinchang", on=TODAY)
    session.execute(sa.update(OperatorReview).values(passed_on=date(2024, 7, 1), valid_until=TODAY))
    assert refused_for(session, draft, person) == {"REVIEW_NOT_VALID"}
    session.execute(sa.update(OperatorReview).values(valid_until=date(2026, 7, 2)))
    assert submit(session, draft, person).state is RequestState.UNDER_REVIEW


@pytest.mark.parametrize("place", ["futian", "guangzhou"])
def test_a_merchant_gets_no_data_without_a_signed_service_agreement(session: Session, place: str) -> None:
    draft, person = drafted(session, place)
    assert refused_for(session, draft, person) == {"OUT_OF_SCOPE"}
    basis.serve(session, session.get_one(Agreement, draft.agreement_id), draft.applicant_id, on=TODAY)
    ended = {"state": ServiceState.ENDED, "ended_at": make.NOW}
    session.execute(sa.update(ServiceAgreement).values(ended))
    assert refused_for(session, draft, person) == {"OUT_OF_SCOPE"}
    basis.serve(session, session.get_one(Agreement, draft.agreement_id), draft.applicant_id, on=TODAY)
    assert submit(session, draft, person).submitted_at == make.NOW


def test_elsewhere_a_request_needs_none_of_these(session: Session) -> None:
    draft, person = drafted(session, "puer")
    assert submit(session, draft, person).state is RequestState.UNDER_REVIEW


def test_data_that_were_shared_in_need_the_consent_of_their_provider(session: Session) -> None:
    draft, person = drafted(session, "puer")
    listed = queries.resources(session, draft.id)[0]
    department = make.actor(Role.SOURCE, org_id=listed.source_department_id, place="puer")
    resources.state_shared_in(
        session, department, listed.id, is_shared_in=True, provider_name="省交通厅", note="共享取得", now=make.NOW
    )
    session.flush()
    with pytest.raises(ConsentMissing, match=listed.code):
        submit(session, draft, person)
    assert draft.state is RequestState.DRAFT


@pytest.mark.parametrize("place", ["xinchang", "quzhou"])
def test_an_untrained_person_of_the_operator_asks_for_no_data(session: Session, place: str) -> None:
    draft, trained = drafted(session, place, operated=True)
    basis.ready_for_request(session, draft, on=TODAY)
    untrained = make.actor(Role.OPERATOR, org_id=draft.applicant_id, place=place)
    assert refused_for(session, draft, untrained) == {"BLOCKED_TRAINING"}
    assert submit(session, draft, trained).submitted_by == trained.id


def test_staff_of_a_merchant_need_no_training(session: Session) -> None:
    draft, person = drafted(session, "xinchang")
    basis.ready_for_request(session, draft, on=TODAY)
    assert submit(session, draft, person).submitted_by == person.id
