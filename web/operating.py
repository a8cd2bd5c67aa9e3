"""The operations page: who leads the timetable, how every job stands, what is under way, and runs on request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, job_requests, jobs, plots, progress
from kernel.calendar import BEIJING
from kernel.errors import DomainError, NotFound
from kernel.fields import Schema
from kernel.http import ApiBlueprint, Form, current_actor, requires, words_of
from kernel.identity import Permission
from kernel.jobs import RunState
from kernel.progress import ProgressState
from web.readiness import Standing, readiness, standings
from web.timetable import JOBS

api = ApiBlueprint("operations", __name__, url_prefix="/api/v1/operations", description="运行 · operations")
blueprint = Blueprint("operation_pages", __name__)
HISTORY = 100
DRAWN = 48
LABELLED = 8
REASON_MAX = 500
JUST_ENDED = timedelta(minutes=2)


class NoSuchJob(NotFound):
    """The timetable has no such job."""

    code = "job.not_found"


class RunAskIn(Schema):
    """Why a job should run now."""

    reason = ma.fields.String(required=True, validate=ma.validate.Length(min=2, max=REASON_MAX))


class RunAskOut(Schema):
    """A request to run a job now."""

    id = ma.fields.UUID()
    job = ma.fields.String()
    reason = ma.fields.String()
    asked_by_name = ma.fields.String()
    asked_at = ma.fields.AwareDateTime()
    taken_at = ma.fields.AwareDateTime(allow_none=True)
    period = ma.fields.String(allow_none=True)


class RunOut(Schema):
    """One run of a job."""

    period = ma.fields.String()
    state = ma.fields.Enum(RunState, by_value=True)
    attempts = ma.fields.Integer()
    missed = ma.fields.Integer()
    run_at = ma.fields.AwareDateTime()
    finished_at = ma.fields.AwareDateTime(allow_none=True)
    took_ms = ma.fields.Integer(allow_none=True)
    result = ma.fields.String()
    error = ma.fields.String()


class JobOut(Schema):
    """How one job stands."""

    name = ma.fields.String(attribute="job.name")
    every = ma.fields.String(attribute="job.cadence.words")
    is_vital = ma.fields.Boolean(attribute="job.vital")
    is_late = ma.fields.Boolean()
    next_at = ma.fields.AwareDateTime()
    last = ma.fields.Nested(RunOut, allow_none=True)


class ProgressOut(Schema):
    """How far one long run is."""

    id = ma.fields.UUID()
    name = ma.fields.String()
    about = ma.fields.String()
    state = ma.fields.Enum(ProgressState, by_value=True)
    done = ma.fields.Integer()
    total = ma.fields.Integer(allow_none=True)
    message = ma.fields.String()
    started_at = ma.fields.AwareDateTime()
    seen_at = ma.fields.AwareDateTime()


@api.get("/jobs")
@requires(Permission.OPERATIONS_READ)
@api.response(200, JobOut(many=True))
def list_jobs():
    """List how every job of the timetable stands."""
    return standings(db.session(), clock.now())


@api.get("/jobs/<name>/runs")
@requires(Permission.OPERATIONS_READ)
@api.response(200, RunOut(many=True))
def list_runs(name: str):
    """List the newest hundred runs of a job, the newest first."""
    return jobs.newest(db.session(), _standing(db.session(), name).job.name, limit=HISTORY)


@api.post("/jobs/<name>/runs")
@requires(Permission.JOB_RUN)
@api.arguments(RunAskIn)
@api.response(202, RunAskOut)
def ask_for_run(ask_in, name: str):
    """Ask for a run now, with a reason; whoever leads the timetable begins it within seconds."""
    with db.transaction() as session:
        job = _standing(session, name).job
        return job_requests.ask(session, current_actor(), job.name, **ask_in, now=clock.now())


@api.get("/progress")
@requires(Permission.OPERATIONS_READ)
@api.response(200, ProgressOut(many=True))
def list_progress():
    """List the long runs that are under way, and those that ended a moment ago."""
    return progress.current(since=clock.now() - JUST_ENDED)


@blueprint.get("/operations")
@requires(Permission.OPERATIONS_READ)
def show() -> str:
    """Show how the timetable stands."""
    session, now = db.session(), clock.now()
    return render_template("operations/show.html", checks=readiness(session, now), **_live(session))


@blueprint.get("/operations/live")
@requires(Permission.OPERATIONS_READ)
def live() -> str:
    """Return the part of the page that follows what is under way."""
    return render_template("operations/live.html", **_live(db.session()))


@blueprint.get("/operations/jobs/<name>")
@requires(Permission.OPERATIONS_READ)
def job(name: str) -> AnyResponse:
    """Show the history of a job."""
    return _job_page(name, Form(RunAskIn))


@blueprint.post("/operations/jobs/<name>/runs")
@requires(Permission.JOB_RUN)
def ask(name: str) -> AnyResponse:
    """Ask for a run now."""
    form = Form(RunAskIn)
    if not form.accepts():
        return _job_page(name, form, status=422)
    try:
        with db.transaction() as session:
            found = _standing(session, name).job
            job_requests.ask(session, current_actor(), found.name, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _job_page(name, form, status=error.status)
    flash(gettext("已提出，由主持定时任务的进程在数秒内开始。"), "success")
    return redirect(url_for("operation_pages.job", name=name), code=303)


@blueprint.get("/operations/jobs/<name>/durations.svg")
@requires(Permission.OPERATIONS_READ)
def durations(name: str) -> Response:
    """Draw how long the newest runs took."""
    session = db.session()
    found = _standing(session, name).job
    runs = [
        one for one in jobs.newest(session, found.name, limit=DRAWN, state=RunState.DONE) if one.took_ms is not None
    ]
    runs.reverse()
    names = [
        f"{one.run_at.astimezone(BEIJING):%m-%d %H:%M}" if number % LABELLED == 0 else ""
        for number, one in enumerate(runs)
    ]
    title = gettext("最近 %(n)s 次完成的运行用时", n=len(runs))
    drawn = plots.bars(title, names, {gettext("用时"): [one.took_ms or 0 for one in runs]}, unit=gettext("毫秒"))
    return Response(drawn, mimetype="image/svg+xml")


def every(words: str) -> str:
    """Say in the reader's language how often a job is due."""
    count, _, unit = words.rpartition(" ")
    number = count or "1"
    units = {
        "second": gettext("每 %(n)s 秒", n=number), "minute": gettext("每 %(n)s 分钟", n=number),
        "hour": gettext("每 %(n)s 小时", n=number), "day": gettext("每日"), "month": gettext("每月"),
    }  # fmt: skip
    return units[unit.rstrip("s")]


def _standing(session: Session, name: str) -> Standing:
    known = tuple(job for job in JOBS if job.name == name)
    if not known:
        raise NoSuchJob(f"定时任务中没有 {name[:100]}", detail_en="The timetable has no such job")
    return standings(session, clock.now(), known)[0]


def _live(session: Session) -> dict[str, Any]:
    now = clock.now()
    return {
        "now": now, "leader": jobs.leader(session), "standings": standings(session, now),
        "asked": job_requests.waiting(session), "runs": progress.current(since=now - JUST_ENDED),
        "every": every,
    }  # fmt: skip


def _job_page(name: str, form: Form, *, status: int = 200) -> Response:
    session = db.session()
    standing = _standing(session, name)
    text = render_template(
        "operations/job.html", standing=standing, job=standing.job, form=form, refusal=words_of(form.problem),
        runs=jobs.newest(session, name, limit=HISTORY), requests=job_requests.of_job(session, name, limit=HISTORY),
        may_run=current_actor().may(Permission.JOB_RUN), every=every,
    )  # fmt: skip
    return make_response(text, status)
