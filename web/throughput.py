"""How many seats of reviews were decided, month by month and by procedure, and how many of them late."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, Response, render_template
from flask_babel import gettext
from sqlalchemy.orm import Session

from kernel import clock, db, plots
from kernel.calendar import Period, business_date, start_of_day
from kernel.fields import Schema
from kernel.http import ApiBlueprint, attachment, current_actor, requires
from kernel.identity import Actor, Permission
from kernel.spreadsheets import workbook as workbook_of
from registry.desk.queries import in_scope
from registry.procedures.rules import PROCEDURE_TITLES, Procedure
from registry.reviews.model import Opinion, Review, ReviewStage
from settlement.reports import sheets
from web.counting import last_months

api = ApiBlueprint("throughput", __name__, url_prefix="/api/v1/reviews", description="合规审查 · reviews")
blueprint = Blueprint("throughput_pages", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seats of one procedure decided in one month; ``deemed`` are those to which silence consented, never late."""

    month: str
    procedure: str
    decided: int = 0
    late: int = 0
    deemed: int = 0

    @property
    def in_time(self) -> int:
        """Those decided on the last day or before, by a person or by silence, and those without a last day."""
        return self.decided - self.late


class PaceOut(ma.Schema):
    """Seats of one procedure decided in one month."""

    month = ma.fields.String()
    procedure = ma.fields.String()
    decided = ma.fields.Integer()
    in_time = ma.fields.Integer()
    late = ma.fields.Integer()
    deemed = ma.fields.Integer()


class ThroughputOut(Schema):
    """Twelve months of the reviews within your scope."""

    rows = ma.fields.List(ma.fields.Nested(PaceOut))
    total = ma.fields.Nested(PaceOut(exclude=("month", "procedure")))


def paces(session: Session, actor: Actor, now: datetime) -> list[Pace]:
    """Return what was decided in the last twelve months within the actor's scope, by month and then by procedure.

    Late is what a person decided after the last day of the seat (Beijing date); a seat without one is never late.
    """
    first = last_months(business_date(now))[0]
    query = (
        sa.select(ReviewStage.procedure, ReviewStage.decided_at, ReviewStage.due_date, Opinion.deemed)
        .join(Review, Review.id == ReviewStage.review_id)
        .join(Opinion, Opinion.stage_id == ReviewStage.id, isouter=True)
        .where(in_scope(actor), ReviewStage.decided_at >= start_of_day(first.start))
    )
    found = []
    for procedure, decided_at, due, deemed in session.execute(query):
        assert decided_at is not None
        day = business_date(decided_at)
        is_late = not deemed and due is not None and day > due
        found.append(Pace(Period.month_of(day).text(), str(procedure), 1, int(is_late), int(bool(deemed))))
    return gathered(found)


def gathered(facts: Iterable[Pace], *, by: Sequence[str] = ("month", "procedure")) -> list[Pace]:
    """Return the counts added up by the fields named, in their order; the other fields are empty."""
    found: dict[tuple[str, str], Pace] = {}
    for one in facts:
        key = (one.month if "month" in by else "", one.procedure if "procedure" in by else "")
        old = found.get(key, Pace(*key))
        found[key] = Pace(*key, old.decided + one.decided, old.late + one.late, old.deemed + one.deemed)
    return [found[key] for key in sorted(found)]


@api.get("/throughput")
@requires(Permission.REVIEW_READ)
@api.response(200, ThroughputOut)
def read() -> dict[str, Any]:
    """Read how many seats were decided within your scope in twelve months, and how many of them late."""
    rows = paces(db.session(), current_actor(), clock.now())
    return {"rows": rows, "total": _total(rows)}


@blueprint.get("/reviews/throughput")
@requires(Permission.REVIEW_READ)
def show() -> str:
    """Show how many reviews were decided and how many of them late, by month and by procedure."""
    rows = paces(db.session(), current_actor(), clock.now())
    return render_template(
        "throughput.html", rows=list(reversed(rows)), total=_total(rows), titles=PROCEDURE_TITLES,
        kinds=gathered(rows, by=("procedure",)),
    )  # fmt: skip


@blueprint.get("/reviews/throughput/<any(months, procedures):name>.svg")
@requires(Permission.REVIEW_READ)
def plot(name: str) -> Response:
    """Draw what was decided in time and late, side by side, by month or by procedure."""
    rows = paces(db.session(), current_actor(), clock.now())
    if name == "months":
        told = {one.month: one for one in gathered(rows, by=("month",))}
        months = [one.text() for one in last_months(clock.today())]
        drawn = [told.get(month, Pace(month, "")) for month in months]
        names, title = months, gettext("各月办结的审查环节")
    else:
        drawn = gathered(rows, by=("procedure",))
        names, title = [_title(one) for one in drawn], gettext("各类事项办结的审查环节")
    series = {gettext("按期"): [one.in_time for one in drawn], gettext("逾期"): [one.late for one in drawn]}
    return Response(plots.bars(title, names, series, unit=gettext("个")), mimetype="image/svg+xml")


@blueprint.get("/reviews/throughput.csv")
@requires(Permission.REVIEW_READ)
def csv() -> Response:
    """Give the table as CSV."""
    return attachment(sheets.written(_headings(), _lines()), f"reviews-{clock.today()}.csv", "text/csv")


@blueprint.get("/reviews/throughput.xlsx")
@requires(Permission.REVIEW_READ)
def workbook() -> Response:
    """Give the table as a workbook."""
    target, title = io.BytesIO(), gettext("审查办结情况")
    with workbook_of(target, title) as book:
        sheets.add_table(book, title, f"{title} {clock.today()}", _headings(), _lines())
    return attachment(target.getvalue(), f"reviews-{clock.today()}.xlsx", XLSX)


def _total(rows: Iterable[Pace]) -> Pace:
    return next(iter(gathered(rows, by=())), Pace("", ""))


def _headings() -> list[str]:
    return [gettext("月份"), gettext("事项"), gettext("办结"), gettext("按期"), gettext("逾期"), gettext("默示同意")]


def _lines() -> list[Sequence[str | int]]:
    rows = paces(db.session(), current_actor(), clock.now())
    return [[one.month, _title(one), one.decided, one.in_time, one.late, one.deemed] for one in rows]


def _title(one: Pace) -> str:
    return gettext(PROCEDURE_TITLES[Procedure(one.procedure)])
