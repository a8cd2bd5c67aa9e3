"""Pages and probes that belong to no single concept: home, language, the law, API documents, health, metrics."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request
from flask import session as ui

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import local_target, policy_book, public, requires, working_calendar
from kernel.identity import Permission
from kernel.policy import describe
from web.metrics import exposition
from web.openapi import document
from web.problems import PageNotFound
from web.rule_words import rule_words
from web.schema import revisions
from web.shell import LOCALES
from web.summary import front_page

blueprint = Blueprint("home", __name__)
probes = Blueprint("probes", __name__)
HOLIDAY_WARNING_DAYS = 60


@blueprint.get("/")
@public
def index() -> str:
    """Show what the market offers, what was sold, and where to begin."""
    return render_template("home.html", **front_page(db.session(), now=clock.now()))


@blueprint.get("/language/<code>")
@public
def language(code: str) -> Response:
    """Remember the chosen language and go back."""
    if code not in LOCALES:
        raise PageNotFound(f"没有语言 {code}")
    ui["language"] = code
    return redirect(local_target(request.args.get("next", "/")), code=303)  # type: ignore[return-value]


@blueprint.get("/law")
@public
def law() -> str:
    """Show every rule in force at a place, with act, article and evidence, and what is left open."""
    book = policy_book()
    place = request.args.get("place", book.places()[0])
    profile = book.place(place)
    today = business_date(clock.now())
    english = {cited.name: cited.label_en for cited in book.in_force(place, today)}
    english |= {absent.name: absent.label_en for absent in book.absent(place, today)}
    return render_template(
        "law.html", rows=describe(book, place, today), profile=profile, english=english, rule_words=rule_words,
        places=[book.place(key) for key in book.places()],
    )  # fmt: skip


@blueprint.get("/api/docs")
@public
def api_docs() -> str:
    """Show the OpenAPI document readably."""
    return render_template("api_docs.html", document=document())


@blueprint.get("/api/v1/openapi.json")
@public
def openapi() -> Response:
    """Return the OpenAPI 3.1 document."""
    return jsonify(document())


@blueprint.get("/status")
@public
def status() -> str:
    """Show the readiness checks to a person."""
    from web.timetable import last_runs  # the timetable imports the packages' jobs

    return render_template("status.html", checks=readiness(), runs=last_runs(db.session()))


@blueprint.get("/styleguide")
@public
def styleguide() -> str:
    """Show every macro with sample data (demonstration and tests only)."""
    if not (current_app.config["HUIYI"].is_demonstration or current_app.config["TESTING"]):
        raise PageNotFound("没有这个页面")
    return render_template("styleguide.html")


@blueprint.get("/operations/policies/<place>")
@requires(Permission.OPERATIONS_READ)
def policies(place: str) -> Response:
    """Return the rules in force at a place as JSON."""
    rows = describe(policy_book(), place, business_date(clock.now()))
    return jsonify([{name: str(getattr(row, name)) for name in row.__dataclass_fields__} for row in rows])


@probes.get("/healthz")
@public
def healthz() -> Response:
    """Say that the process answers."""
    return jsonify(status="alive")


@probes.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """Say whether the database, its schema, the sealer and the holiday tables are in order."""
    checks = readiness()
    ready = all(check["ok"] or not check["blocks"] for check in checks)
    return jsonify(ready=ready, checks=checks), 200 if ready else 503


@probes.get("/metrics")
@public
def metrics() -> Response:
    """Return Prometheus metrics."""
    body, media_type = exposition()
    return Response(body, content_type=media_type)


def readiness() -> list[dict[str, Any]]:
    """Return the checks: name, whether it is in order, whether it blocks, and what was found."""
    session = db.session()
    found, wanted = revisions(session.connection())
    today = business_date(clock.now())
    year = working_calendar().first_year_without_table(today)
    days_left = (today.replace(year=year, month=1, day=1) - today).days
    return [
        {"name": "database", "ok": session.scalar(sa.text("SELECT 1")) == 1, "blocks": True,
         "found": db.database().engine.dialect.name},
        {"name": "migrations", "ok": found == wanted, "blocks": True, "found": str(found)},
        {"name": "holidays", "ok": days_left > HOLIDAY_WARNING_DAYS, "blocks": False,
         "found": f"{year} 年尚无节假日表，距今 {days_left} 天：按国务院办公厅通知补充 holidays/{year}.yaml"},
        {"name": "jobs", "ok": True, "blocks": False, "found": _last_jobs()},
    ]  # fmt: skip


def _last_jobs() -> str:
    from web.timetable import last_runs  # the timetable imports the packages' jobs

    return "；".join(f"{name} {at.isoformat()}" for name, at in last_runs(db.session())) or "尚未运行"
