"""Compliance reviews for people: the worklist, and the page on which a stage is decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, problem, requires, working_calendar
from kernel.identity import Permission
from registry.products import queries as products
from registry.reviews import checks, commands, queries
from registry.reviews.model import Review, ReviewStage
from registry.reviews.rules import CHECK_TITLES, OPEN_STATES, ReviewState, StageState
from registry.reviews.schemas import DecisionIn

blueprint = Blueprint("review_pages", __name__, template_folder="../templates")


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
    actor, today = current_actor(), _today()
    if request.args.get("state") == "closed":
        query = queries.listed(actor).where(Review.state.not_in(OPEN_STATES))
        found = page(db.session(), query, Review, newest_first=True)
        return render_template("registry/reviews/closed.html", found=found)
    rows = [
        {
            "review": review,
            "stage": queries.open_stage(review.stages),
            "is_mine": queries.awaits(actor, review),
            "is_overdue": review.is_overdue(today),
            "days_left": days_left(review, today),
        }
        for review in queries.worklist(db.session(), actor)
    ]
    counts = {name: sum(bool(row[name]) for row in rows) for name in ("is_mine", "is_overdue")}
    if request.args.get("mine"):
        rows = [row for row in rows if row["is_mine"]]
    return render_template("registry/reviews/worklist.html", rows=rows, counts=counts)


@blueprint.get("/reviews/<uuid:review_id>")
@requires(Permission.REVIEW_READ)
def show(review_id: UUID) -> Response:
    """Show one review: product, lineage, findings, stages and opinions."""
    return _review_page(review_id)


@blueprint.post("/workspace/products/<code>/review")
@requires(Permission.PRODUCT_WRITE)
def submit(code: str) -> AnyResponse:
    """Submit the newest version of a product."""
    with db.transaction() as session:
        product = products.visible(session, current_actor(), code)
        newest = products.latest_version(session, product.id)
        made = commands.submit(
            session, current_actor(), newest.id, book=policy_book(), calendar=working_calendar(), now=clock.now()
        )
    flash(gettext("审查 %(number)s 已提交。", number=made.number), "success")
    return redirect(url_for("registration_pages.workspace", code=code), code=303)


@blueprint.post("/reviews/<uuid:review_id>/decision")
@requires(Permission.REVIEW_DECIDE)
def decide(review_id: UUID) -> AnyResponse:
    """Decide the open stage."""
    form = DecisionForm(DecisionIn)
    if not form.accepts():
        return _review_page(review_id, form=form, status=422)
    values = {**form.data, "checklist": dict.fromkeys(form.data["checklist"], True)}
    return _step(
        review_id, form, gettext("审查意见已记录。"),
        lambda session: commands.decide(
            session, current_actor(), review_id, **values, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/reviews/<uuid:review_id>/resubmission")
@requires(Permission.PRODUCT_WRITE)
def resubmit(review_id: UUID) -> AnyResponse:
    """Send a returned review in again."""
    return _step(
        review_id, None, gettext("已重新提交最新版本，各环节重新计时。"),
        lambda session: commands.resubmit(
            session, current_actor(), review_id, book=policy_book(), calendar=working_calendar(), now=clock.now()
        ),
    )  # fmt: skip


@blueprint.post("/reviews/<uuid:review_id>/withdrawal")
@requires(Permission.PRODUCT_WRITE)
def withdraw(review_id: UUID) -> AnyResponse:
    """Take a review back."""
    return _step(
        review_id, None, gettext("审查已撤回。"),
        lambda session: commands.withdraw(session, current_actor(), review_id, now=clock.now()),
    )  # fmt: skip


def _step(review_id: UUID, form: Form | None, done: str, act: Callable[[Session], object]) -> AnyResponse:
    try:
        with db.transaction() as session:
            queries.detail(session, current_actor(), review_id)
            match_version(session, Review, review_id)
            act(session)
    except DomainError as error:
        return _review_page(review_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("review_pages.show", review_id=review_id), code=303)


def _review_page(
    review_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, today = current_actor(), _today()
    review = queries.detail(db.session(), actor, review_id)
    required = policy_book().get(review.place, "review.checks_required", on=today)
    is_mine = review.state in OPEN_STATES and queries.awaits(actor, review)
    owns = actor.may(Permission.PRODUCT_WRITE, org_id=review.product.owner_id, place=review.place)
    if refusal is not None:
        (form := form or DecisionForm(DecisionIn)).refuse(refusal)
    text = render_template(
        "registry/reviews/review.html", review=review, steps=[_stage_step(stage, today) for stage in review.stages],
        findings=checks.findings(db.session(), review.version_id, on=today, book=policy_book()), required=required,
        check_titles=CHECK_TITLES, is_mine=is_mine, stage=queries.open_stage(review.stages), today=today,
        form=form or DecisionForm(DecisionIn), refusal=_words(refusal), days_left=days_left(review, today),
        may_resubmit=owns and review.state is ReviewState.RETURNED,
        may_withdraw=owns and review.state in (*OPEN_STATES, ReviewState.RETURNED),
        opinions=[opinion for stage in review.stages for opinion in stage.opinions],
    )  # fmt: skip
    return make_response(text, status)


def _stage_step(stage: ReviewStage, today: date) -> dict[str, Any]:
    words = {StageState.AGREED: "done", StageState.OPEN: "current", StageState.REFUSED: "failed"}
    opinion = stage.opinions[0] if stage.opinions else None
    again = gettext("（补正后）") if stage.round_number > 1 else ""
    return {
        "title": gettext("%(title)s%(again)s", title=gettext(stage.title), again=again),
        "at": None if stage.decided_at is None else business_date(stage.decided_at),
        "due": stage.due_date,
        "state": "failed" if stage.state is StageState.RETURNED else words.get(stage.state, "todo"),
        "actor": opinion.reviewer_name if opinion else "",
        "note": opinion.reason if opinion else "",
        "overdue": stage.state is StageState.OPEN and stage.due_date is not None and today > stage.due_date,
    }


def days_left(review: Review, today: date) -> int | None:
    """Return the working days left for the open stage; ``None`` when it is late or nothing is open."""
    if review.state not in OPEN_STATES or review.due_date < today:
        return None
    return working_calendar().working_days_between(today, review.due_date)


def _today() -> date:
    return business_date(clock.now())


def _words(refusal: DomainError | None) -> dict[str, Any] | None:
    return None if refusal is None else problem(refusal, language=str(get_locale()))
