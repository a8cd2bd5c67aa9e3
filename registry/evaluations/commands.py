"""Opening an evaluation, the own assessment, that of the authority, and what becomes of the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.agreements import queries as agreements
from registry.evaluations import queries
from registry.evaluations.model import Evaluation
from registry.evaluations.rules import (
    CAPACITY_OF,
    KIND_TITLES,
    EvaluationEvent,
    EvaluationKind,
    NotEvaluable,
    NotTheEvaluated,
    OpenedBefore,
    Participant,
    after,
    check_participants,
    check_period,
    check_silence,
    checked_scores,
)
from registry.parties import queries as parties
from registry.policy import RegistryPolicy


def open_evaluation(
    session: Session,
    actor: Actor,
    *,
    place: str,
    kind: EvaluationKind,
    party_id: UUID,
    period_start: date,
    period_end: date,
    self_due: date,
    now: datetime,
    book: PolicyBook,
    agreement_id: UUID | None = None,
    figures: Mapping[str, int] | None = None,
) -> Evaluation:
    """Open the evaluation of an operator under its agreement, or of a source department.

    ``figures`` are whole numbers that other parts of the platform supply (money in fen); ``period_end`` is the first
    day that does not belong to the period, ``self_due`` the last day for the own assessment.

    Raises:
        NotAllowed: the actor does not evaluate there.
        NoSuchParty: there is no such organisation.
        NoSuchAgreement: there is no such agreement.
        NotEvaluable: it does not act there as that, or not under that agreement.
        PeriodNotOver: the period has not ended.
        NotAPeriod: the period ends before it begins.
        OpenedBefore: the organisation is evaluated for that period already.
    """
    actor.must(Permission.EVALUATION_WRITE, place=place)
    on = business_date(now)
    check_period(period_start, period_end, on)
    _check_evaluated(session, book, place, kind, party_id, agreement_id)
    parties.get(session, party_id, lock=True)
    standing = queries.same(session, party_id, place, kind, agreement_id, period_start)
    if standing is not None:
        raise OpenedBefore(
            f"该单位自 {period_start} 起的期间已有评价 {standing.number}，不得重复发起",
            detail_en=f"{standing.number} evaluates that period.",
            rule="EVA-01",
        )
    indices = RegistryPolicy.at(book, place, on).evaluation_indices
    evaluation = Evaluation(
        number=numbering.number(session, "EVA", on), place=place, kind=kind, party_id=party_id,
        agreement_id=agreement_id, period_start=period_start, period_end=period_end, self_due=self_due,
        indices=list(indices.items()) if indices is not None else [], figures=dict(figures or {}), opened_at=now,
        opened_by=actor.id,
        sources=[{"name": indices.name, "citation": indices.citation()}] if indices is not None else [],
    )  # fmt: skip
    session.add(evaluation)
    session.flush()
    audit.record(session, actor, "evaluation.open", evaluation, at=now, note=evaluation.number)
    return evaluation


def self_assess(
    session: Session,
    actor: Actor,
    evaluation_id: UUID,
    *,
    text: str,
    figures: Mapping[str, str],
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
) -> Evaluation:
    """Take the organisation's own assessment, with its figures and evidence (EVA-02); nobody else writes it.

    Raises:
        NoSuchEvaluation: there is none.
        NotTheEvaluated: the actor is not of the evaluated organisation.
        WrongState: it was assessed before, by itself or by the authority.
        FileRefused: the evidence is empty or too large.
    """
    evaluation = queries.get(session, evaluation_id, lock=True)
    actor.must(Permission.DUTY_FILE, org_id=evaluation.party_id, place=evaluation.place)
    if not any(grant.org_id == evaluation.party_id for grant in actor.grants):
        raise NotTheEvaluated(
            f"{evaluation.number} 的自评只能由被评价单位的人员提交",
            detail_en="Only the evaluated organisation assesses itself.",
            rule="EVA-02",
        )
    assessed = after(evaluation.state, EvaluationEvent.SELF_ASSESS)
    kept = files.keep(session, content, name=name, media_type=media_type, now=now)
    evaluation.state, evaluation.self_text, evaluation.self_figures = assessed, text, dict(figures)
    evaluation.self_evidence_sha256 = kept
    evaluation.self_assessed_at, evaluation.self_assessed_by = now, actor.id
    audit.record(session, actor, "evaluation.self_assess", evaluation, at=now, note=kept)
    return evaluation


def assess(
    session: Session,
    actor: Actor,
    evaluation_id: UUID,
    *,
    participants: Sequence[Participant],
    scores: Mapping[str, str],
    grade: str,
    opinion: str,
    now: datetime,
) -> Evaluation:
    """Write down the result of the assessment by the authority and those who took part.

    Raises:
        NotAllowed: the actor does not evaluate there.
        NoSuchEvaluation: there is none.
        WrongState: it was assessed before.
        SelfAssessmentMissing: the organisation may still assess itself.
        ParticipantsMissing: nobody else takes part.
        ScoresIncomplete: a score is missing, unknown or no decimal number.
    """
    evaluation = _governed(session, actor, evaluation_id)
    assessed = after(evaluation.state, EvaluationEvent.ASSESS)
    check_silence(evaluation.number, evaluation.state, evaluation.self_due, business_date(now))
    check_participants(participants)
    evaluation.scores = checked_scores(scores, evaluation.indices)
    evaluation.participants = [{"name": one.name, "participation": one.participation.value} for one in participants]
    evaluation.state, evaluation.grade, evaluation.opinion = assessed, grade, opinion
    evaluation.assessed_at, evaluation.assessed_by = now, actor.id
    audit.record(session, actor, "evaluation.assess", evaluation, at=now, note=grade)
    return evaluation


def publish(session: Session, actor: Actor, evaluation_id: UUID, *, now: datetime) -> Evaluation:
    """Publish the result.

    Raises:
        NotAllowed: the actor does not evaluate there.
        NoSuchEvaluation: there is none.
        WrongState: it was not assessed, or is closed.
    """
    return _close(session, actor, evaluation_id, EvaluationEvent.PUBLISH, "", now)


def close(session: Session, actor: Actor, evaluation_id: UUID, *, reason: str, now: datetime) -> Evaluation:
    """Close the evaluation without publishing its result; it still counts when the organisation applies again.

    Raises:
        NotAllowed: the actor does not evaluate there.
        NoSuchEvaluation: there is none.
        WrongState: it was not assessed, or is closed.
    """
    return _close(session, actor, evaluation_id, EvaluationEvent.CLOSE, reason, now)


def _close(
    session: Session, actor: Actor, evaluation_id: UUID, event: EvaluationEvent, reason: str, now: datetime
) -> Evaluation:
    evaluation = _governed(session, actor, evaluation_id)
    evaluation.state = after(evaluation.state, event)
    evaluation.closed_at, evaluation.closed_by, evaluation.closing_reason = now, actor.id, reason or None
    audit.record(session, actor, f"evaluation.{event}", evaluation, at=now, note=reason)
    return evaluation


def _governed(session: Session, actor: Actor, evaluation_id: UUID) -> Evaluation:
    evaluation = queries.get(session, evaluation_id, lock=True)
    actor.must(Permission.EVALUATION_WRITE, place=evaluation.place)
    return evaluation


def _check_evaluated(
    session: Session, book: PolicyBook, place: str, kind: EvaluationKind, party_id: UUID, agreement_id: UUID | None
) -> None:
    party = parties.get(session, party_id)
    concerned = parties.has_capacity(session, party.id, CAPACITY_OF[kind], place)
    if agreement_id is not None:
        agreement = agreements.get(session, agreement_id)
        is_operator = kind is EvaluationKind.OPERATOR
        under = (
            agreement.operating_institution_id == party.id if is_operator
            else queries.supplies(session, party.id, agreement.id)
        )  # fmt: skip
        concerned = concerned and agreement.place == place and agreement.activated_at is not None and under
    elif kind is EvaluationKind.OPERATOR:
        concerned = False
    if not concerned:
        raise NotEvaluable(
            f"{party.name} 未作为{KIND_TITLES[kind]}在{book.place(place).title}开展已生效的授权运营；"
            "评价运营机构须指明其协议",
            detail_en=f"{party.name} is not {kind} there, or not under that agreement.",
            rule="EVA-01",
            errors=[{"pointer": "/party_id", "code": NotEvaluable.code, "message": "请核对单位和协议"}],
        )
