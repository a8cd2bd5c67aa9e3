"""A refusal is heard once more, in time, by other persons; what had been agreed stays agreed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Actor, Role
from kernel.policy import PolicyGap
from registry.appeals import commands
from registry.desk import commands as desk
from registry.procedures.rules import CHECK_TITLES, Procedure, RefusalGround, Seat
from registry.products.model import Product
from registry.requests import commands as requests
from registry.requests import queries as request_queries
from registry.requests.model import DataRequest
from registry.requests.rules import RequestState
from registry.reviews import commands as engine
from registry.reviews import queries
from registry.reviews.model import Review
from registry.reviews.rules import AppealedBefore, AppealTooLate, Decision, ReviewState, StageState, WrongState
from tests.make.registry_base import NOW, acting_for, actor, book, make_agreement, supervisor
from tests.make.registry_products import (
    SCENARIO,
    calendar,
    make_merchant,
    make_product,
    make_request,
    make_review,
    make_reviewers,
    on_seat,
    reviewer,
    seller,
)

LAW: dict[str, Any] = {"book": book(demonstration=True), "calendar": calendar()}


def decide(session: Session, review: Review, person: Actor, decision: Decision, **changed: Any) -> Review:
    """Decide the open seat."""
    values = {"reason": "意见", "checklist": list(CHECK_TITLES), "defects": ["缺项"], "now": NOW} | changed
    return desk.decide(session, person, review.id, decision=decision, **values, **LAW)


def refused(session: Session, person: Actor | None = None) -> tuple[Product, Review]:
    """A product of Futian that was filed and then refused by the authority."""
    made = make_product(session, place="futian")
    review = make_review(session, made, state=ReviewState.SUBMITTED)
    decide(session, review, reviewer("futian"), Decision.AGREE)
    decide(session, review, person or reviewer("futian"), Decision.REFUSE)
    return made, review


def appeal(session: Session, review: Review, person: Actor, **changed: Any) -> Review:
    """Appeal against a refusal."""
    return desk.appeal(session, person, review.id, **({"reason": "结论有误", "now": NOW} | LAW | changed))


@pytest.mark.both_databases
def test_an_appeal_hears_only_what_was_refused_and_may_pass_the_version(session: Session) -> None:
    made, review = refused(session)
    heard = appeal(session, review, seller(made))
    assert (heard.appeal_of_id, heard.appeal_reason, review.state) == (review.id, "结论有误", ReviewState.REFUSED)
    assert [(one.kind, one.state) for one in queries.stages(session, heard)] == [("data_authority", StageState.OPEN)]
    decide(session, heard, reviewer("futian"), Decision.AGREE)
    found = queries.passed(session, Procedure.PRODUCT, review.subject_id)
    assert found is not None
    assert found.id == heard.id


def test_who_refused_does_not_hear_the_appeal(session: Session) -> None:
    person = reviewer("futian")
    made, review = refused(session, person)
    heard = appeal(session, review, seller(made))
    for decision in (Decision.AGREE, Decision.REFUSE):
        with pytest.raises(engine.OwnRefusal, match="其他人员"):
            decide(session, heard, person, decision)
    decide(session, heard, reviewer("futian"), Decision.REFUSE)
    assert heard.state is ReviewState.REFUSED


def test_a_refused_appeal_is_final_and_a_refusal_is_appealed_once(session: Session) -> None:
    made, review = refused(session)
    heard = appeal(session, review, seller(made))
    decide(session, heard, reviewer("futian"), Decision.REFUSE)
    for again in (review, heard):
        with pytest.raises(AppealedBefore):
            appeal(session, again, seller(made))


def test_the_last_day_is_counted_in_working_days_from_the_refusal(session: Session) -> None:
    made, review = refused(session)
    with pytest.raises(AppealTooLate, match="2026-07-15"):
        appeal(session, review, seller(made), now=NOW + timedelta(days=15))
    heard = appeal(session, review, seller(made), now=NOW + timedelta(days=14))
    assert heard.due_date == date(2026, 7, 29)


def test_where_nobody_says_how_long_an_appeal_is_refused_and_the_words_say_what_to_configure(session: Session) -> None:
    made, review = refused(session)
    with pytest.raises(PolicyGap, match=r"review\.appeal_working_days.*请配置"):
        appeal(session, review, seller(made), book=book())


def test_only_the_applicant_appeals_and_only_against_a_refusal(session: Session) -> None:
    made, review = refused(session)
    stranger = acting_for(make_merchant(session, place="futian"), Role.MERCHANT)
    for person in (stranger, supervisor("futian")):
        with pytest.raises(NotAllowed):
            appeal(session, review, person)
    running = make_review(session, made, state=ReviewState.SUBMITTED)
    with pytest.raises(WrongState):
        appeal(session, running, seller(made))
    with pytest.raises(engine.ReviewExists, match=running.number):
        appeal(session, review, seller(made))


def test_a_procedure_with_its_own_way_to_ask_again_knows_no_appeal(session: Session) -> None:
    merchant = make_merchant(session)
    review = engine.open_review(
        session, supervisor(), procedure=Procedure.ONBOARDING, subject_id=merchant.id, subject_title="进驻",
        place="xinchang", applicant_id=merchant.id, seats=[Seat("data_authority", 1)], calendar=calendar(), now=NOW,
    )  # fmt: skip
    with pytest.raises(commands.NotAppealable):
        commands.appeal(session, acting_for(merchant, Role.MERCHANT), review.id, reason="结论有误", now=NOW, **LAW)


def refused_by_the_operator(session: Session) -> tuple[DataRequest, Actor, Actor]:
    """A request of Guangzhou that the operator refused in its check; the merchant and the operator's person."""
    make_reviewers(session, "guangzhou")
    agreement = make_agreement(session, place="guangzhou")
    merchant = make_merchant(session, place="guangzhou")
    request = make_request(session, agreement=agreement, applicant=merchant, state=RequestState.SUBMITTED)
    checker = actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place="guangzhou")
    requests.check(
        session, checker, request.id, decision=Decision.REFUSE, reason="本机构另有安排", now=NOW,
        ground=RefusalGround.MATERIALS_INCOMPLETE, **LAW,
    )  # fmt: skip
    session.flush()
    return request, acting_for(merchant, Role.MERCHANT, place="guangzhou"), checker


@pytest.mark.both_databases
def test_an_operators_refusal_is_heard_by_the_authority_and_the_request_goes_its_way(session: Session) -> None:
    request, merchant, checker = refused_by_the_operator(session)
    review = queries.history(session, Procedure.DATA_REQUEST, [request.id])[0]
    heard = appeal(session, review, merchant)
    assert (request.state, request.decided_at) == (RequestState.SUBMITTED, None)
    assert queries.stages(session, heard)[0].kind == "authority_check"
    with pytest.raises(requests.NotYourSeat):
        requests.check(session, checker, request.id, decision=Decision.REFUSE, reason="不同意", now=NOW, **LAW)
    decide(session, heard, supervisor("guangzhou"), Decision.AGREE)
    assert request.state is RequestState.UNDER_REVIEW
    assert not any(one.silence_consents for one in queries.stages(session, heard))
    for seat in request_queries.opinions(session, request.id):
        requests.give_opinion(
            session, on_seat(seat, "guangzhou"), request.id, decision=Decision.AGREE, reason="同意", now=NOW, **LAW
        )
    assert request.state is RequestState.APPROVED


def test_a_request_that_was_asked_for_anew_is_not_opened_again(session: Session) -> None:
    request, merchant, _ = refused_by_the_operator(session)
    again = requests.create(
        session, merchant, applicant_id=request.applicant_id, agreement_id=request.agreement_id, scenario=SCENARIO,
        necessity="最小必要", now=NOW,
        resource_ids=[one.id for one in request_queries.scope(session, request.agreement_id)],
    )  # fmt: skip
    review = queries.history(session, Procedure.DATA_REQUEST, [request.id])[0]
    with pytest.raises(requests.ScenarioTaken, match=again.number):
        appeal(session, review, merchant)
