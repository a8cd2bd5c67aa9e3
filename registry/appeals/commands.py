"""Appealing against a refusal."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit
from kernel.calendar import WorkingCalendar, business_date
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.policy import RegistryPolicy
from registry.procedures.rules import APPEAL_KINDS, PROCEDURE_TITLES, Procedure, Seat
from registry.reviews import commands as reviews
from registry.reviews import queries
from registry.reviews.model import Review, ReviewStage
from registry.reviews.rules import ReviewEvent, StageState, after, check_appeal

APPEALABLE = (Procedure.PRODUCT, Procedure.DATA_REQUEST)


class NotAppealable(Conflict):
    """The procedure has its own way to ask again."""

    code = "review.not_appealable"


def appeal(
    session: Session,
    actor: Actor,
    review_id: UUID,
    *,
    reason: str,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
) -> Review:
    """Appeal against a refusal: a new review decides what was refused or not yet decided, by other persons.

    What had been agreed stays agreed. An operator's refusal is heard by the authority. Silence never consents.

    Raises:
        NotAllowed: the actor may not act for the applicant.
        NoSuchReview: there is none.
        NotAppealable: the procedure knows no appeal.
        WrongState: it was not refused.
        PolicyGap: the place does not say within how many working days a refusal may be appealed.
        AppealTooLate: those days are over.
        AppealedBefore: the refusal decided an appeal, or was appealed.
        ReviewExists: another review of the subject runs, or has passed.
        CalendarGap: a deadline runs into a year without a holiday table.

    Source:
        SEP-02, DSP-02.
    """
    refused = queries.get(session, review_id, lock=True)
    actor.must(Permission.REVIEW_APPEAL, org_id=refused.applicant_id, place=refused.place)
    if refused.procedure not in APPEALABLE:
        raise NotAppealable(
            f"{PROCEDURE_TITLES[refused.procedure]}不适用复核：请补充材料后重新申请",
            detail_en="This procedure knows no appeal; apply again",
            rule="DSP-02",
        )
    after(refused.state, ReviewEvent.APPEALED, procedure=refused.procedure)
    today = business_date(now)
    days = RegistryPolicy.at(book, refused.place, today).require("review_appeal_working_days")
    assert refused.decided_at is not None  # a refusal has its moment; the table says so
    check_appeal(
        calendar, decided_on=business_date(refused.decided_at), today=today, days=days.integer(),
        is_appeal=refused.appeal_of_id is not None or queries.appeal_of(session, refused.id) is not None,
        procedure=refused.procedure,
    )  # fmt: skip
    undecided = [one for one in queries.stages(session, refused) if one.state is not StageState.AGREED]
    made = reviews.open_review(
        session, actor, procedure=refused.procedure, subject_id=refused.subject_id,
        subject_title=refused.subject_title, place=refused.place, applicant_id=refused.applicant_id,
        seats=[_heard_again(one) for one in undecided], calendar=calendar, now=now, sources=[days],
        appeal_of=refused, appeal_reason=reason,
    )  # fmt: skip
    made.sources, made.findings = [*made.sources, *refused.sources], refused.findings
    flag_modified(refused, "state")  # whoever read the refusal without its appeal read an old version
    session.flush()
    audit.record(session, actor, "review.appeal", made, at=now, detail={"appeal_of": refused.number})
    return made


def _heard_again(stage: ReviewStage) -> Seat:
    kind = APPEAL_KINDS.get(stage.kind, stage.kind)
    return Seat(kind, stage.position, stage.party_id if kind == stage.kind else None, stage.days)
