"""Packs for people: which there are, one to read, and as a workbook."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from kernel import clock, db
from kernel.http import attachment, current_actor, page, requires
from kernel.identity import Permission
from kernel.money import Money
from registry.agreements.model import Agreement
from settlement.packs import queries, sheets
from settlement.packs.rules import PACK_SOURCES, PACK_TITLES, PackKind, kind_of
from settlement.reports.schemas import YEAR_MAX, YEAR_MIN

blueprint = Blueprint("pack_pages", __name__, template_folder="../templates")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/report-packs")
@requires(Permission.COST_READ)
def browse() -> str:
    """List the agreements with the packs of a year."""
    asked = request.args.get("year", "")
    known = asked.isascii() and asked.isdigit() and YEAR_MIN <= int(asked) <= YEAR_MAX
    found = page(db.session(), queries.reported(current_actor()), Agreement)
    return render_template(
        "settlement/packs/browse.html", found=found, year=int(asked) if known else clock.today().year,
        kinds=list(PackKind), titles=PACK_TITLES,
    )  # fmt: skip


@blueprint.get("/report-packs/<agreement>/<int:year>/<duty>")
@requires(Permission.COST_READ)
def show(agreement: str, year: int, duty: str) -> str:
    """Show one pack with the sums that tie."""
    found = _pack(agreement, year, duty)
    return render_template(
        "settlement/packs/show.html", found=found, title=PACK_TITLES[found.kind], source=PACK_SOURCES[found.kind],
        is_money=lambda value: isinstance(value, Money), is_count=lambda value: isinstance(value, int),
    )  # fmt: skip


@blueprint.get("/report-packs/<agreement>/<int:year>/<duty>.xlsx")
@requires(Permission.COST_READ)
def workbook(agreement: str, year: int, duty: str) -> Response:
    """Give one pack as a workbook."""
    found = _pack(agreement, year, duty)
    return attachment(sheets.workbook(found), f"{duty}-{agreement}-{year}.xlsx", XLSX)


def _pack(agreement: str, year: int, duty: str) -> queries.Pack:
    kind = kind_of(duty, year)
    return queries.pack(db.session(), current_actor(), kind, agreement, year, on=clock.today())
