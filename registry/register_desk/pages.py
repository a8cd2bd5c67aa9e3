"""The registrar's desk, for people."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request

from kernel import clock, db
from kernel.calendar import CalendarGap
from kernel.http import PAGE_LIMIT, current_actor, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from registry.closings import queries as closings
from registry.policy import RegistryPolicy
from registry.register_desk import queries
from registry.registrations import queries as registrations
from registry.registrations.model import Registration
from registry.registrations.rules import RUNNING

blueprint = Blueprint("register_desk_pages", __name__, template_folder="../templates")


@blueprint.get("/registrations")
@requires(Permission.REGISTRATION_READ)
def desk() -> str:
    """List what is under way by the day on which it is due, and what is closed on demand."""
    actor, today = current_actor(), clock.today()
    if request.args.get("state") == "closed":
        query = registrations.listed(actor).where(Registration.state.not_in(RUNNING))
        found = page(db.session(), query, Registration, newest_first=True)
        return render_template("registry/register_desk/closed.html", found=found, today=today)
    only_overdue = request.args.get("overdue") == "1"
    shown = queries.worklist(
        db.session(), actor, limit=PAGE_LIMIT + 1, after=queries.position_of(request.args.get("cursor", "")),
        overdue_on=today if only_overdue else None,
    )  # fmt: skip
    return render_template(
        "registry/register_desk/desk.html", rows=[_row(one, today) for one in shown[:PAGE_LIMIT]], today=today,
        next_cursor=queries.position(shown[PAGE_LIMIT - 1]) if len(shown) > PAGE_LIMIT else None,
        only_overdue=only_overdue, asks=closings.waiting(db.session(), actor), actor_id=actor.id,
    )  # fmt: skip


def _row(one: Registration, today: date) -> dict[str, Any]:
    due, left = one.due_date(), None
    if due is not None and due >= today:
        try:
            left = working_calendar().working_days_between(today, due)
        except CalendarGap:
            left = None
    warning = RegistryPolicy.at(policy_book(), one.place, today).review_warning_working_days
    return {
        "registration": one, "due": due, "is_overdue": one.is_overdue(today), "days_left": left,
        "is_near": left is not None and warning is not None and left <= warning.integer(),
    }  # fmt: skip
