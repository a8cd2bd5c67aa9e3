"""Duties that a record of another kind fulfils, on a real database: nothing is stored twice."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.duties import queries
from registry.duties.model import DutyFiling
from registry.duties.queries import Duty
from registry.evaluations import commands as evaluations
from registry.evaluations.rules import EvaluationKind
from registry.obligations.rules import DutyKind, DutyState
from registry.parties.model import Party
from registry.plans.model import PlanVersion
from registry.selections.model import Selection
from tests.make import registry_base as make

BOOK = make.book(demonstration=True)
AFTER_A_YEAR = datetime(2027, 1, 20, 1, tzinfo=UTC)
ON = date(2027, 2, 1)


def owed(session: Session, kind: DutyKind, party_id: object, place: str) -> list[Duty]:
    """What an organisation owes of one kind."""
    found = queries.all_at(session, [place], book=BOOK, on=ON)
    return [duty for duty in found if duty.obligation.kind is kind and duty.party.id == party_id]


def evaluated(session: Session, agreement: Agreement, kind: EvaluationKind, party: Party, period: Period) -> None:
    """Let an organisation assess itself in an evaluation over a period."""
    opened = evaluations.open_evaluation(
        session, make.supervisor(agreement.place), place=agreement.place, kind=kind, party_id=party.id,
        agreement_id=agreement.id, period_start=period.start, period_end=period.end, self_due=date(2027, 1, 31),
        now=AFTER_A_YEAR, book=BOOK,
    )  # fmt: skip
    role = Role.OPERATOR if kind is EvaluationKind.OPERATOR else Role.SOURCE
    evaluations.self_assess(
        session, make.acting_for(party, role, place=agreement.place), opened.id, text="自评", figures={},
        content=b"own", name="自评.pdf", media_type="application/pdf", now=AFTER_A_YEAR,
    )  # fmt: skip
    session.flush()


@pytest.mark.both_databases
def test_the_own_assessment_in_an_evaluation_fulfils_the_self_evaluation_of_that_period(session: Session) -> None:
    department = make.make_department(session, place="futian")
    resource = make.make_resource(session, department, place="futian")
    agreement = make.make_agreement(session, place="futian", scope=[resource])
    operator = session.get_one(Party, agreement.operating_institution_id)
    for kind, party in ((EvaluationKind.OPERATOR, operator), (EvaluationKind.SOURCE_DEPARTMENT, department)):
        (first, *later) = owed(session, DutyKind.SELF_EVALUATION, party.id, "futian")
        assert first.obligation.period.start == date(2026, 1, 1)
        assert first.state is DutyState.OVERDUE
        evaluated(session, agreement, kind, party, Period(date(2026, 7, 1), first.obligation.period.end))
        (first, *still) = owed(session, DutyKind.SELF_EVALUATION, party.id, "futian")
        assert (first.state, first.obligation.met_on) == (DutyState.FULFILLED_LATE, date(2027, 1, 20))
        assert [duty.state for duty in still] == [duty.state for duty in later]
    assert session.scalar(sa.select(sa.func.count()).select_from(DutyFiling)) == 0


@pytest.mark.both_databases
def test_a_published_selection_and_a_filed_plan_fulfil_their_duties(session: Session) -> None:
    agreement = make.make_agreement(session, place="xinchang")
    authority = agreement.authorizing_entity_id
    selection = session.get_one(Selection, agreement.selection_id)
    (publication,) = owed(session, DutyKind.SELECTION_PUBLICATION, authority, "xinchang")
    assert (publication.state, publication.obligation.met_on) == (DutyState.FULFILLED, selection.published_on)
    (filing,) = owed(session, DutyKind.PLAN_FILING, authority, "xinchang")
    version = session.scalars(sa.select(PlanVersion).where(PlanVersion.plan_id == agreement.plan_id)).one()
    assert version.filed_at is not None
    assert (filing.state, filing.obligation.record_id) == (DutyState.FULFILLED, version.id)
    version.filed_at = None
    session.flush()
    (filing,) = owed(session, DutyKind.PLAN_FILING, authority, "xinchang")
    assert filing.state is DutyState.DUE
