"""Changing compliance reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.errors import Conflict, NotAllowed
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.parties.rules import Capacity
from registry.policy import RegistryPolicy
from registry.products import queries as products
from registry.products.model import Product, ProductVersion
from registry.requests.rules import cited_dict, speaks_for
from registry.reviews import checks, queries
from registry.reviews.model import Opinion, Review, ReviewStage
from registry.reviews.rules import (
    STAGES,
    Decision,
    ReviewEvent,
    ReviewState,
    StageState,
    after,
    check_decision,
    event_of,
    stage_after,
)


class ReviewExists(Conflict):
    """The version is under review already, or has passed."""

    code = "review.exists"


class OldVersion(Conflict):
    """Only the newest version of a product is reviewed."""

    code = "review.old_version"


class NotYourStage(NotAllowed):
    """The open stage is decided by somebody else."""

    code = "review.not_your_stage"


class OwnProduct(NotAllowed):
    """Nobody reviews the product of the own organisation."""

    code = "review.own_product"


def submit(
    session: Session, actor: Actor, version_id: UUID, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> Review:
    """Submit the newest version of a product for review; the first stage opens at once.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchProduct: there is no such version.
        OldVersion: a newer version exists.
        ReviewExists: a review of this version runs, was returned, or passed.
        PolicyGap: the place does not say which stages there are or how long each takes.
        CalendarGap: the deadline runs into a year without a holiday table.
    """
    version = products.version(session, version_id)
    product = products.get(session, version.product_id, lock=True)
    actor.must(Permission.PRODUCT_WRITE, org_id=product.owner_id, place=product.place)
    _refuse_old_version(session, product, version)
    _refuse_second_review(session, version, None)
    today = business_date(now)
    policy = RegistryPolicy.at(book, product.place, today)
    days = policy.require("review_stage_working_days")
    review = Review(
        number=numbering.number(session, "REV", today), place=product.place, product_id=product.id,
        version_id=version_id, submitted_at=now, submitted_by=actor.id, state=ReviewState.SUBMITTED,
        due_date=calendar.add_working_days(today, days.integer()), stage_position=1, round_number=1,
        sources=[cited_dict(policy.require("review_stages")), cited_dict(days)],
    )  # fmt: skip
    session.add(review)
    _flush_unique(session, version)
    _open_round(session, review, product, version, policy)
    audit.record(session, actor, "review.submit", review, at=now, detail={"sha256": version.content_sha256})
    return review


def decide(
    session: Session,
    actor: Actor,
    review_id: UUID,
    *,
    decision: Decision,
    reason: str,
    checklist: Mapping[str, bool],
    defects: Sequence[str],
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
) -> Review:
    """Record the decision of the open stage and move the review on.

    Raises:
        NotAllowed: the actor may not decide reviews there.
        OwnProduct: the product is of the actor's own organisation.
        NotYourStage: the open stage is decided by others.
        NoSuchReview: there is none.
        WrongState: no stage is open.
        ReturnedBefore: it was returned once already.
        DefectsMissing: a return without defects.
        ChecklistIncomplete: agreement without confirming every point.
        FindingsOpen: agreement although a binding check failed.
        PolicyGap: the next stage has no deadline.
        CalendarGap: the next deadline runs into a year without a holiday table.
    """
    review = queries.get(session, review_id, lock=True)
    actor.must(Permission.REVIEW_DECIDE, place=review.place)
    product = products.get(session, review.product_id)
    _refuse_own(actor, review, product)
    stages = queries.stages(session, review)
    stage = queries.open_stage(stages)
    following = next((found for found in stages if found.position > review.stage_position), None)
    event = event_of(decision, is_last_stage=following is None)
    state = after(review.state, event)
    if stage is None or not speaks_for(actor, stage.capacity, stage.party_id, review.place):
        raise NotYourStage(
            f"审查 {review.number} 的当前环节“{stage.title if stage else '无'}”不由 {actor.name} 办理",
            detail_en=f"The open stage of {review.number} is not yours",
            rule="RVW-06",
        )
    today = business_date(now)
    policy = RegistryPolicy.at(book, review.place, today)
    required = policy.review_checks_required.items() if policy.review_checks_required else ()
    found = checks.findings(session, review.version_id, on=today, book=book) if decision is Decision.AGREE else []
    check_decision(
        decision, round_number=review.round_number, checklist=checklist, required=required, defects=defects,
        findings=found,
    )  # fmt: skip
    _say(session, actor, stage, decision, reason, checklist, defects, now)
    review.state = state
    if event is ReviewEvent.STAGE_AGREED and following is not None:
        _open_next(review, following, policy, calendar, now)
    else:
        _close(review, stages, event, now)
    audit.record(session, actor, "review.decide", review, at=now, note=decision, detail={"stage": stage.kind})
    return review


def resubmit(
    session: Session, actor: Actor, review_id: UUID, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> Review:
    """Send a returned review in again with the newest version; all stages begin anew, and so does the clock.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchReview: there is none.
        WrongState: it was not returned.
        ReviewExists: the newest version has a review of its own.
        PolicyGap: the place does not say which stages there are or how long each takes.
        CalendarGap: the deadline runs into a year without a holiday table.
    """
    review = queries.get(session, review_id, lock=True)
    product = products.get(session, review.product_id, lock=True)
    actor.must(Permission.PRODUCT_WRITE, org_id=product.owner_id, place=product.place)
    review.state = after(review.state, ReviewEvent.RESUBMITTED)
    version = products.latest_version(session, product.id)
    _refuse_second_review(session, version, review)
    policy = RegistryPolicy.at(book, review.place, business_date(now))
    days = policy.require("review_stage_working_days").integer()
    review.version_id, review.submitted_at, review.submitted_by = version.id, now, actor.id
    review.round_number, review.stage_position = review.round_number + 1, 1
    review.due_date = calendar.add_working_days(business_date(now), days)
    session.flush()
    _open_round(session, review, product, version, policy)
    audit.record(session, actor, "review.resubmit", review, at=now, detail={"sha256": version.content_sha256})
    return review


def withdraw(session: Session, actor: Actor, review_id: UUID, *, now: datetime) -> Review:
    """Take a review back before it is decided.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchReview: there is none.
        WrongState: it is decided already.
    """
    review = queries.get(session, review_id, lock=True)
    product = products.get(session, review.product_id)
    actor.must(Permission.PRODUCT_WRITE, org_id=product.owner_id, place=product.place)
    stages = queries.stages(session, review)
    review.state = after(review.state, ReviewEvent.WITHDRAWN)
    _close(review, stages, ReviewEvent.WITHDRAWN, now)
    audit.record(session, actor, "review.withdraw", review, at=now)
    return review


def _open_round(
    session: Session, review: Review, product: Product, version: ProductVersion, policy: RegistryPolicy
) -> None:
    seats: list[tuple[str, UUID | None]] = []
    for kind in policy.require("review_stages").items():
        if STAGES[kind].capacity is Capacity.SOURCE_DEPARTMENT:
            departments = dict.fromkeys(used.resource.source_department_id for used in version.inputs)
            seats += [(kind, department) for department in departments]
        elif STAGES[kind].capacity is Capacity.OPERATING_INSTITUTION:
            seats.append((kind, product.agreement.operating_institution_id))
        else:
            seats.append((kind, None))
    for position, (kind, party_id) in enumerate(seats, start=1):
        is_first = position == 1
        session.add(
            ReviewStage(
                review_id=review.id, round_number=review.round_number, position=position, kind=kind,
                capacity=STAGES[kind].capacity, party_id=party_id, title=STAGES[kind].title,
                state=StageState.OPEN if is_first else StageState.WAITING,
                due_date=review.due_date if is_first else None,
            )
        )  # fmt: skip
    session.flush()


def _open_next(
    review: Review, following: ReviewStage, policy: RegistryPolicy, calendar: WorkingCalendar, now: datetime
) -> None:
    days = policy.require("review_stage_working_days").integer()
    review.stage_position = following.position
    review.due_date = calendar.add_working_days(business_date(now), days)
    following.state, following.due_date = StageState.OPEN, review.due_date


def _close(review: Review, stages: Sequence[ReviewStage], event: ReviewEvent, now: datetime) -> None:
    if event is not ReviewEvent.RETURNED:
        review.decided_at = now
    for stage in stages:
        if stage.state in (StageState.WAITING, StageState.OPEN):
            stage.state = StageState.CLOSED


def _say(
    session: Session,
    actor: Actor,
    stage: ReviewStage,
    decision: Decision,
    reason: str,
    checklist: Mapping[str, bool],
    defects: Sequence[str],
    now: datetime,
) -> None:
    stage.state, stage.decided_at = stage_after(decision), now
    session.add(
        Opinion(
            stage_id=stage.id, reviewer_account_id=actor.id, reviewer_name=actor.name, decision=decision, reason=reason,
            checklist=dict(checklist), defects=[defect.strip() for defect in defects if defect.strip()], given_at=now,
        )
    )  # fmt: skip


def _refuse_old_version(session: Session, product: Product, version: ProductVersion) -> None:
    newest = products.latest_version(session, product.id)
    if newest.id != version.id:
        raise OldVersion(
            f"产品 {product.code} 已有第 {newest.number} 版，只能送审最新版本（RVW-06）",
            detail_en=f"{product.code} has a newer version {newest.number}; submit that one",
            rule="RVW-06",
        )


def _refuse_second_review(session: Session, version: ProductVersion, own: Review | None) -> None:
    with session.no_autoflush:
        other = queries.of_version(session, version.id)
    if other is not None and (own is None or other.id != own.id):
        raise ReviewExists(
            f"该版本已有审查 {other.number}（{other.state}），不得重复送审（RVW-06）：请在原审查中办理",
            detail_en=f"Review {other.number} covers this version",
            rule="RVW-06",
        )


def _flush_unique(session: Session, version: ProductVersion) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        if "registry_review" not in str(error.orig):
            raise
        raise ReviewExists(
            f"第 {version.number} 版刚刚已送审，不得重复送审（RVW-06）", detail_en="Submitted already", rule="RVW-06"
        ) from error


def _refuse_own(actor: Actor, review: Review, product: Product) -> None:
    if actor.org_id == product.owner_id or any(grant.org_id == product.owner_id for grant in actor.grants):
        raise OwnProduct(
            f"审查 {review.number} 的产品由本单位出售，须由其他单位的人员审查",
            detail_en="The product is of your own organisation",
            rule="RVW-06",
        )
