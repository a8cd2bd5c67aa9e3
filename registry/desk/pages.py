"""Reviews for people: the worklist of all procedures, and the page on which a seat is decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import (
    PAGE_LIMIT,
    Form,
    current_actor,
    match_version,
    page,
    policy_book,
    requires,
    words_of,
    working_calendar,
)
from kernel.identity import Permission, Role
from registry.appeals.commands import APPEALABLE
from registry.desk import checks, commands, queries
from registry.desk.schemas import DecisionIn, ReasonIn
from registry.procedures.rules import (
    CHECK_TITLES,
    GROUND_TITLES,
    GROUNDED_KINDS,
    PROCEDURE_TITLES,
    WITHOUT_RETURN,
    Procedure,
    is_own,
)
from registry.product_reviews import commands as product_reviews
from registry.products import queries as products
from registry.review_clocks import commands as clocks
from registry.reviews import queries as reviews
from registry.reviews.model import Review, ReviewStage
from registry.reviews.rules import OPEN_STATES, ReviewState, StageState

blueprint = Blueprint("review_pages", __name__, template_folder="../templates")
# Where the page of a subject is; a procedure without a page of its own adds no line.
SUBJECT_PAGES: dict[Procedure, Callable[[Review], str]] = {
    Procedure.DATA_REQUEST: lambda review: url_for("data_request_pages.show", request_id=review.subject_id),
}
COUNTED = {
    "all": queries.Wanted(),
    "is_mine": queries.Wanted(is_mine=True),
    "is_overdue": queries.Wanted(is_overdue=True),
    "is_escalated": queries.Wanted(is_escalated=True),
}


class DecisionForm(Form):
    """The decision as people type it: one defect per line."""

    def accepts(self) -> bool:
        """Read ``request.form``; say whether it is valid."""
        is_valid = super().accepts()
        lines = request.form.get("defects", "").splitlines()
        self.data["defects"] = [line.strip() for line in lines if line.strip()]
        return is_valid


@blueprint.get("/reviews")
@requires(Permission.REVIEW_READ)
def worklist() -> str:
    """List the open reviews, the most urgent first, or those that are closed."""
    actor, today, session = current_actor(), _today(), db.session()
    wanted = _wanted()
    shown = {"wanted": wanted, "procedure_titles": PROCEDURE_TITLES}
    if request.args.get("state") == "closed":
        query = queries.listed(actor, procedure=wanted.procedure).where(Review.state.not_in(OPEN_STATES))
        found = page(session, query, Review, newest_first=True)
        return render_template("registry/desk/closed.html", found=found, **shown)
    after = queries.position_of(request.args.get("after", ""))
    rows = queries.worklist(session, actor, wanted, today=today, after=after, limit=PAGE_LIMIT + 1)
    counts = {name: queries.count(session, actor, asked, today=today) for name, asked in COUNTED.items()}
    following = queries.position_text(rows[PAGE_LIMIT - 1]) if len(rows) > PAGE_LIMIT else None
    return render_template(
        "registry/desk/worklist.html", rows=[_row(review, today) for review in rows[:PAGE_LIMIT]], counts=counts,
        following=following, count_max=queries.COUNT_MAX, **shown,
    )  # fmt: skip


def _wanted() -> queries.Wanted:
    asked = request.args
    procedure = asked.get("procedure", "")
    return queries.Wanted(
        procedure=Procedure(procedure) if procedure in list(Procedure) else None, place=asked.get("place") or None,
        is_mine=bool(asked.get("mine")), is_overdue=bool(asked.get("overdue")), is_paused=bool(asked.get("paused")),
        is_escalated=bool(asked.get("escalated")),
    )  # fmt: skip


def _row(review: Review, today: date) -> dict[str, Any]:
    seats = reviews.open_stages([one for one in review.stages if one.round_number == review.round_number])
    return {
        "review": review,
        "stages": list(dict.fromkeys(one.title for one in seats)),
        "is_mine": bool(reviews.awaiting(current_actor(), review, seats)),
        "clock": queries.clock_of(review, calendar=working_calendar(), book=policy_book(), today=today),
    }


@blueprint.get("/reviews/<uuid:review_id>")
@requires(Permission.REVIEW_READ)
def show(review_id: UUID) -> Response:
    """Show one review: subject, findings, seats, opinions, clock."""
    return _review_page(review_id)


@blueprint.post("/workspace/products/<code>/review")
@requires(Permission.PRODUCT_WRITE)
def submit(code: str) -> AnyResponse:
    """Submit the newest version of a product."""
    with db.transaction() as session:
        product = products.visible(session, current_actor(), code)
        newest = products.latest_version(session, product.id)
        made = product_reviews.submit(
            session, current_actor(), newest.id, book=policy_book(), calendar=working_calendar(), now=clock.now()
        )
    flash(gettext("审查 %(number)s 已提交。", number=made.number), "success")
    return redirect(url_for("workspace_pages.workspace", code=code), code=303)


@blueprint.post("/reviews/<uuid:review_id>/decision")
@requires(Permission.REVIEW_DECIDE)
def decide(review_id: UUID) -> AnyResponse:
    """Decide an open seat."""
    return _step(
        review_id, DecisionForm(DecisionIn), gettext("审查意见已记录。"),
        lambda session, data: commands.decide(
            session, current_actor(), review_id, **data, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/reviews/<uuid:review_id>/resubmission")
@requires(Permission.PRODUCT_WRITE)
def resubmit(review_id: UUID) -> AnyResponse:
    """Send a returned review of a product in again."""
    return _step(
        review_id, None, gettext("已重新提交最新版本，各环节重新计时。"),
        lambda session, data: product_reviews.resubmit(
            session, current_actor(), review_id, book=policy_book(), calendar=working_calendar(), now=clock.now()
        ),
    )  # fmt: skip


@blueprint.post("/reviews/<uuid:review_id>/withdrawal")
@requires(Permission.PRODUCT_WRITE)
def withdraw(review_id: UUID) -> AnyResponse:
    """Take the review of a product back."""
    return _step(
        review_id, None, gettext("审查已撤回。"),
        lambda session, data: product_reviews.withdraw(session, current_actor(), review_id, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/reviews/<uuid:review_id>/pause")
@requires(Permission.REVIEW_DECIDE)
def pause(review_id: UUID) -> AnyResponse:
    """Stop the clock."""
    return _step(
        review_id, Form(ReasonIn), gettext("已中止计时。"),
        lambda session, data: clocks.pause(session, current_actor(), review_id, **data, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/reviews/<uuid:review_id>/resumption")
@requires(Permission.REVIEW_DECIDE)
def resume(review_id: UUID) -> AnyResponse:
    """Let the clock run on."""
    return _step(
        review_id, None, gettext("已恢复计时，期限相应顺延。"),
        lambda session, data: clocks.resume(
            session, current_actor(), review_id, calendar=working_calendar(), now=clock.now()
        ),
    )  # fmt: skip


@blueprint.post("/reviews/<uuid:review_id>/appeal")
@requires(Permission.REVIEW_APPEAL)
def appeal(review_id: UUID) -> AnyResponse:
    """Appeal against a refusal."""
    return _step(
        review_id, Form(ReasonIn), gettext("复核申请已提交。"),
        lambda session, data: commands.appeal(
            session, current_actor(), review_id, **data, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


def _step(
    review_id: UUID, form: Form | None, done: str, act: Callable[[Session, dict[str, Any]], Review]
) -> AnyResponse:
    if form is not None and not form.accepts():
        return _review_page(review_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.lock_subject(session, queries.detail(session, current_actor(), review_id))
            match_version(session, Review, review_id)
            changed = act(session, form.data if form else {})
    except DomainError as error:
        return _review_page(review_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("review_pages.show", review_id=changed.id), code=303)


def _review_page(
    review_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, today, session = current_actor(), _today(), db.session()
    review = queries.detail(session, actor, review_id)
    if refusal is not None:
        (form := form or DecisionForm(DecisionIn)).refuse(refusal)
    version = queries.product_versions(session, [review]).get(review.subject_id)
    subject_page = SUBJECT_PAGES.get(review.procedure)
    text = render_template(
        "registry/desk/review.html", review=review, version=version, today=today,
        steps=[_stage_step(stage, today) for stage in review.stages],
        findings=checks.shown_findings(session, review, on=today, book=policy_book()),
        required=checks.required(review, on=today, book=policy_book()), check_titles=CHECK_TITLES,
        form=form or DecisionForm(DecisionIn), refusal=words_of(refusal), procedure_titles=PROCEDURE_TITLES,
        clock=queries.clock_of(review, calendar=working_calendar(), book=policy_book(), today=today),
        subject_url=subject_page(review) if subject_page else None, ground_titles=GROUND_TITLES,
        opinions=[opinion for stage in review.stages for opinion in stage.opinions],
        moved=queries.moved_deadlines(session, review), appeal=reviews.appeal_of(session, review.id),
        **_offers(review),
    )  # fmt: skip
    return make_response(text, status)


def _offers(review: Review) -> dict[str, Any]:
    """Return what the reader may do with the review."""
    actor = current_actor()
    present = [one for one in review.stages if one.round_number == review.round_number]
    seats = reviews.awaiting(actor, review, present) if review.is_open and review.paused_at is None else []
    is_product = review.procedure is Procedure.PRODUCT
    owns = actor.may(Permission.PRODUCT_WRITE, org_id=review.applicant_id, place=review.place) and is_product
    is_supervisor = any(
        grant.role is Role.SUPERVISOR and grant.covers(org_id=None, place=review.place) for grant in actor.grants
    )
    may_pause = is_supervisor and review.is_open and not is_own(actor, review.applicant_id)
    may_appeal = actor.may(Permission.REVIEW_APPEAL, org_id=review.applicant_id, place=review.place)
    return {
        "seats": seats,
        "offers_return": review.round_number == 1 and review.procedure not in WITHOUT_RETURN,
        "offers_grounds": any(one.kind in GROUNDED_KINDS for one in seats),
        "may_resubmit": owns and review.state is ReviewState.RETURNED,
        "may_withdraw": owns and review.state in (*OPEN_STATES, ReviewState.RETURNED),
        "may_pause": may_pause and review.paused_at is None,
        "may_resume": may_pause and review.paused_at is not None,
        "may_appeal": may_appeal
        and review.state is ReviewState.REFUSED
        and review.procedure in APPEALABLE
        and review.appeal_of_id is None,
    }


def _stage_step(stage: ReviewStage, today: date) -> dict[str, Any]:
    words = {StageState.AGREED: "done", StageState.OPEN: "current", StageState.REFUSED: "failed"}
    opinion = stage.opinion
    again = gettext("（补正后）") if stage.round_number > 1 else ""
    party = f"（{stage.party.name}）" if stage.party is not None else ""
    return {
        "title": gettext("%(title)s%(again)s", title=gettext(stage.title) + party, again=again),
        "at": None if stage.decided_at is None else business_date(stage.decided_at),
        "due": stage.due_date,
        "state": "failed" if stage.state is StageState.RETURNED else words.get(stage.state, "todo"),
        "actor": opinion.reviewer_name if opinion else "",
        "note": opinion.reason if opinion else "",
        "overdue": stage.state is StageState.OPEN and stage.due_date is not None and today > stage.due_date,
    }


def _today() -> date:
    return business_date(clock.now())
