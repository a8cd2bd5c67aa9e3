"""What the system finds by itself about a data-use request."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.parties import commands as parties
from registry.procedures.rules import Finding, Procedure
from registry.requests import commands, queries
from registry.requests.checks import of_review
from registry.requests.model import DataRequest
from registry.requests.rules import Decision, RequestState
from registry.resources import commands as resources
from registry.reviews.queries import history
from registry.reviews.rules import FindingsOpen
from tests.make.registry_base import NOW, actor, book, make_agreement, supervisor
from tests.make.registry_products import calendar, make_merchant, make_request, make_reviewers, on_seat


def under_review(session: Session) -> DataRequest:
    """A request of Xinchang on which nobody has spoken."""
    make_reviewers(session, "xinchang")
    return make_request(
        session, agreement=make_agreement(session), applicant=make_merchant(session), state=RequestState.UNDER_REVIEW
    )


def found(session: Session, request: DataRequest, on: date = date(2026, 7, 1)) -> dict[str, Finding]:
    """The findings about a request, by code."""
    session.flush()
    review = history(session, Procedure.DATA_REQUEST, [request.id])[0]
    return {one.code: one for one in of_review(session, review, on=on, book=book())}


def test_of_a_request_in_order_nothing_is_missing(session: Session) -> None:
    checks = found(session, under_review(session))
    assert [one.code for one in checks.values() if not one.is_met] == []
    assert "场景评审均已登记" in checks["clearances"].fact
    assert all(one.rule and one.article for one in checks.values())


def test_a_suspended_applicant_and_an_agreement_that_ended_are_found(session: Session) -> None:
    request = under_review(session)
    parties.suspend(session, supervisor(), request.applicant_id, reason="整改", now=NOW)
    assert not found(session, request)["applicant_in_order"].is_met
    assert not found(session, request, date(2028, 7, 1))["agreement_in_force"].is_met


def test_nobody_agrees_to_a_resource_that_was_barred_meanwhile(session: Session) -> None:
    request = under_review(session)
    barred = queries.resources(session, request.id)[0]
    owner = actor(Role.SOURCE, org_id=barred.source_department_id, place="xinchang")
    resources.bar(session, owner, barred.id, reason="涉密", now=NOW)
    assert barred.code in found(session, request)["within_scope"].fact
    seat = queries.opinions(session, request.id)[0]
    said = {"reason": "意见", "now": NOW, "book": book(), "calendar": calendar()}
    with pytest.raises(FindingsOpen, match=barred.code):
        commands.give_opinion(session, on_seat(seat, "xinchang"), request.id, decision=Decision.AGREE, **said)  # type: ignore[arg-type]
    commands.give_opinion(session, on_seat(seat, "xinchang"), request.id, decision=Decision.REFUSE, **said)  # type: ignore[arg-type]
    assert request.state is RequestState.REJECTED
