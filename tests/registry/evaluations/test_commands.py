"""Evaluations on a real database."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Actor, Role
from registry.agreements.model import Agreement
from registry.evaluations import commands, queries
from registry.evaluations.model import Evaluation
from registry.evaluations.rules import (
    TRANSITIONS,
    EvaluationEvent,
    EvaluationKind,
    EvaluationState,
    NotEvaluable,
    NotTheEvaluated,
    OpenedBefore,
    Participant,
    Participation,
    PeriodNotOver,
    ScoresIncomplete,
    SelfAssessmentMissing,
    WrongState,
)
from tests.make import registry_base as make

AFTER_A_YEAR = datetime(2027, 7, 5, 1, tzinfo=UTC)
SELF_DUE = date(2027, 7, 31)
AFTER_SELF_DUE = datetime(2027, 8, 2, 1, tzinfo=UTC)
SCORES = {"data_quality": "92.5", "application": "88.25", "revenue": "75"}
MEMBERS = [
    Participant("县财政局", Participation.COORDINATION_MEMBER),
    Participant("评估公司", Participation.THIRD_PARTY),
]


def operator_of(agreement: Agreement) -> Actor:
    """A person of the operator."""
    return make.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)


def start(session: Session, agreement: Agreement, **changes: object) -> Evaluation:
    """Open the evaluation of the operator for its first year, but for the changes."""
    fields = {
        "place": agreement.place, "kind": EvaluationKind.OPERATOR, "party_id": agreement.operating_institution_id,
        "agreement_id": agreement.id, "period_start": date(2026, 7, 1), "period_end": date(2027, 7, 1),
        "self_due": SELF_DUE, "now": AFTER_A_YEAR, "book": make.book(),
        "figures": {"revenue_fen": 820_000_00}, **changes,
    }  # fmt: skip
    return commands.open_evaluation(session, make.supervisor(agreement.place), **fields)  # type: ignore[arg-type]


def take(session: Session, evaluation: Evaluation, event: EvaluationEvent, actor: Actor | None = None) -> Evaluation:
    """Take one step as somebody who may."""
    officer = actor or make.supervisor(evaluation.place)
    if event is EvaluationEvent.SELF_ASSESS:
        person = actor or make.actor(Role.OPERATOR, org_id=evaluation.party_id, place=evaluation.place)
        return commands.self_assess(
            session, person, evaluation.id, text="已完成年度目标", figures={"新增产品": "3"}, content=b"own",
            name="自评.pdf", media_type="application/pdf", now=AFTER_A_YEAR,
        )  # fmt: skip
    if event is EvaluationEvent.ASSESS:
        return commands.assess(session, officer, evaluation.id, participants=MEMBERS, scores=SCORES, grade="良好",
                               opinion="履约良好", now=AFTER_SELF_DUE)  # fmt: skip
    if event is EvaluationEvent.PUBLISH:
        return commands.publish(session, officer, evaluation.id, now=AFTER_SELF_DUE)
    return commands.close(session, officer, evaluation.id, reason="涉及商业秘密", now=AFTER_SELF_DUE)


@pytest.mark.both_databases
def test_an_operator_is_evaluated_after_its_own_words_and_the_result_is_kept(session: Session) -> None:
    agreement = make.make_agreement(session)
    evaluation = start(session, agreement)
    assert evaluation.indices == ["data_quality", "application", "revenue"]
    assert "五（三）" in evaluation.sources[0]["citation"]
    assert evaluation.figures == {"revenue_fen": 820_000_00}
    take(session, evaluation, EvaluationEvent.SELF_ASSESS)
    take(session, evaluation, EvaluationEvent.ASSESS)
    assert evaluation.scores == SCORES
    take(session, evaluation, EvaluationEvent.PUBLISH)
    session.flush()
    (result,) = queries.latest_results(session, agreement.operating_institution_id, place="xinchang")
    assert (result.id, result.grade) == (evaluation.id, "良好")
    for values in ({"grade": "优秀"}, {"scores": {}}, {"state": "assessed"}):
        with pytest.raises(DatabaseError), session.begin_nested():
            session.execute(sa.update(Evaluation).values(values))
    actions = [line.action for line in queries.history(session, evaluation.id)]
    assert actions == [f"evaluation.{step}" for step in ("open", "self_assess", "assess", "publish")]


def test_silence_does_not_stop_the_evaluation_but_it_is_waited_for(session: Session) -> None:
    evaluation = start(session, make.make_agreement(session), self_due=date(2027, 8, 2))
    with pytest.raises(SelfAssessmentMissing):
        take(session, evaluation, EvaluationEvent.ASSESS)
    other = start(session, make.make_agreement(session))
    take(session, other, EvaluationEvent.ASSESS)
    take(session, other, EvaluationEvent.CLOSE)
    assert (other.self_text, other.closing_reason) == (None, "涉及商业秘密")
    session.flush()
    assert queries.latest_results(session, evaluation.party_id) == []
    assert [one.id for one in queries.latest_results(session, other.party_id)] == [other.id]


def test_every_state_refuses_every_other_event_without_a_trace(session: Session) -> None:
    ways = {
        EvaluationState.OPENED: [], EvaluationState.SELF_ASSESSED: [EvaluationEvent.SELF_ASSESS],
        EvaluationState.ASSESSED: [EvaluationEvent.SELF_ASSESS, EvaluationEvent.ASSESS],
        EvaluationState.PUBLISHED: [EvaluationEvent.ASSESS, EvaluationEvent.PUBLISH],
        EvaluationState.CLOSED: [EvaluationEvent.ASSESS, EvaluationEvent.CLOSE],
    }  # fmt: skip
    assert set(ways) == set(EvaluationState)
    for state, way in ways.items():
        evaluation = start(session, make.make_agreement(session))
        for event in way:
            take(session, evaluation, event)
        session.flush()
        assert evaluation.state is state
        version, lines = evaluation.version, len(queries.history(session, evaluation.id))
        for event in set(EvaluationEvent) - {event for at, event in TRANSITIONS if at is state}:
            with pytest.raises(WrongState):
                take(session, evaluation, event)
        session.flush()
        assert (evaluation.state, evaluation.version) == (state, version)
        assert len(queries.history(session, evaluation.id)) == lines


@pytest.mark.both_databases
def test_a_department_is_evaluated_and_who_is_not_concerned_is_not(session: Session) -> None:
    department, other = make.make_department(session), make.make_department(session)
    agreement = make.make_agreement(session, scope=[make.make_resource(session, department)])
    as_department = {"kind": EvaluationKind.SOURCE_DEPARTMENT, "party_id": department.id}
    evaluation = start(session, agreement, **as_department)
    with pytest.raises(OpenedBefore):
        start(session, agreement, **as_department)
    assert start(session, agreement, **as_department, agreement_id=None).agreement_id is None
    with pytest.raises(OpenedBefore):
        start(session, agreement, **as_department, agreement_id=None)
    own = make.acting_for(department, Role.SOURCE)
    assert take(session, evaluation, EvaluationEvent.SELF_ASSESS, own).state is EvaluationState.SELF_ASSESSED
    for changes in ({"kind": EvaluationKind.SOURCE_DEPARTMENT, "party_id": other.id}, {"agreement_id": None},
                    {"party_id": department.id}, {"agreement_id": make.make_agreement(session).id}):  # fmt: skip
        with pytest.raises(NotEvaluable):
            start(session, agreement, **changes)
    with pytest.raises(PeriodNotOver):
        start(session, agreement, period_end=date(2027, 7, 6))


def test_each_speaks_only_for_itself(session: Session) -> None:
    agreement = make.make_agreement(session)
    evaluation = start(session, agreement)
    with pytest.raises(NotTheEvaluated):
        take(session, evaluation, EvaluationEvent.SELF_ASSESS, make.supervisor())
    with pytest.raises(NotAllowed):
        take(session, evaluation, EvaluationEvent.SELF_ASSESS,
             make.acting_for(make.make_operator(session), Role.OPERATOR))  # fmt: skip
    for actor in (operator_of(agreement), make.supervisor("puer")):
        with pytest.raises(NotAllowed):
            take(session, evaluation, EvaluationEvent.ASSESS, actor)
    with pytest.raises(ScoresIncomplete):
        commands.assess(session, make.supervisor(), evaluation.id, participants=MEMBERS, scores={}, grade="良好",
                        opinion="无", now=AFTER_SELF_DUE)  # fmt: skip


def test_others_see_a_result_only_when_it_is_published(session: Session) -> None:
    agreement = make.make_agreement(session)
    evaluation = start(session, agreement)
    stranger = make.acting_for(make.make_operator(session), Role.OPERATOR)

    def sees(actor: Actor) -> bool:
        session.flush()
        return evaluation.id in {found.id for found in session.scalars(queries.listed(actor))}

    assert [sees(operator_of(agreement)), sees(make.supervisor()), sees(stranger)] == [True, True, False]
    with pytest.raises(queries.NoSuchEvaluation):
        queries.visible(session, stranger, evaluation.id)
    take(session, evaluation, EvaluationEvent.ASSESS)
    assert not sees(stranger)
    take(session, evaluation, EvaluationEvent.PUBLISH)
    assert sees(stranger)
