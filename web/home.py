"""Pages and probes that belong to no single concept: home, language, the law, API documents, health, metrics."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request
from flask import session as ui

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import local_target, policy_book, public, requires
from kernel.identity import Permission
from kernel.policy import describe
from web.counting import by_place
from web.metrics import exposition
from web.openapi import document
from web.problems import PageNotFound
from web.readiness import readiness, standings
from web.rule_words import stated
from web.shell import LOCALES

blueprint = Blueprint("home", __name__)
probes = Blueprint("probes", __name__)
METHODS = ("get", "post", "put", "patch", "delete")


@blueprint.get("/")
@public
def index() -> str:
    """Show what the market offers, what was sold, and where to begin."""
    book = policy_book()
    counted = by_place(db.session(), now=clock.now(), book=book)
    places = [(book.place(row.key), row) for row in counted.rows]
    return render_template("home.html", places=places, totals=counted.total)


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
        "law.html", rows=describe(book, place, today), profile=profile, english=english, stated=stated,
        places=[book.place(key) for key in book.places()],
    )  # fmt: skip


@blueprint.get("/api/docs")
@public
def api_docs() -> str:
    """Show the OpenAPI document readably."""
    described = document()
    return render_template("api_docs.html", document=described, subjects=_by_subject(described))


def _by_subject(described: dict[str, Any]) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Return the paths with their operations under what they are about, in the order of the document's tags."""
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {tag["description"]: [] for tag in described["tags"]}
    titles = {tag["name"]: tag["description"] for tag in described["tags"]}
    for path, methods in sorted(described["paths"].items()):
        operations = {name: one for name, one in methods.items() if name in METHODS}
        about = next(one["tags"][0] for one in operations.values())
        found[titles[about]].append((path, operations))
    return {title: paths for title, paths in found.items() if paths}


@blueprint.get("/api/v1/openapi.json")
@public
def openapi() -> Response:
    """Return the OpenAPI 3.1 document."""
    return jsonify(document())


@blueprint.get("/status")
@public
def status() -> str:
    """Show the readiness checks to a person."""
    checks = readiness(db.session(), clock.now())
    led = standings(db.session(), clock.now()) if any(check["name"] == "jobs" for check in checks) else []
    return render_template("status.html", checks=checks, jobs=sorted(led, key=lambda one: one.is_in_order))


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
    """Say whether the database, its schema, the sealer, the timetable and the holiday tables are in order."""
    checks = readiness(db.session(), clock.now())
    ready = all(check["ok"] or not check["blocks"] for check in checks)
    degraded = not all(check["ok"] for check in checks)
    return jsonify(ready=ready, degraded=degraded, checks=checks), 200 if ready else 503


@probes.get("/metrics")
@public
def metrics() -> Response:
    """Return Prometheus metrics."""
    body, media_type = exposition()
    return Response(body, content_type=media_type)
