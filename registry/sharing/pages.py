"""The sharing catalogue for people; programs read the same from the resources and the quality scores."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask import Blueprint, render_template, request
from flask_babel import get_locale

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import current_actor, page, policy_book, requires
from kernel.identity import Permission
from registry.quality import queries as quality
from registry.quality.rules import CATEGORY_TITLES
from registry.resources import queries as resources
from registry.resources.model import Resource
from registry.sharing import queries

blueprint = Blueprint("sharing_pages", __name__, template_folder="../templates")
GRADES = ("1", "2", "3", "4", "5")


@blueprint.get("/sharing")
@requires(Permission.RESOURCE_READ)
def browse() -> str:
    """Search the catalogue by word, place, department, classification and grade."""
    actor, session = current_actor(), db.session()
    departments = [(str(party_id), name) for party_id, name in resources.departments_of(session, actor)]
    chosen, grade = request.args.get("department", ""), request.args.get("grade", "")
    query = resources.search(
        actor, q=request.args.get("q", ""), place=request.args.get("place") or None,
        source_department_id=UUID(chosen) if chosen in dict(departments) else None,
        classification=request.args.get("classification", ""), grade=int(grade) if grade in GRADES else None,
    )  # fmt: skip
    found = page(session, query, Resource)
    return render_template(
        "registry/sharing/list.html", found=found, places=_places(), departments=departments, grades=GRADES,
        figures=quality.scores(session, found["items"], _today(), policy_book()),
    )  # fmt: skip


@blueprint.get("/sharing/<uuid:resource_id>")
@requires(Permission.RESOURCE_READ)
def show(resource_id: UUID) -> str:
    """Show one entry: fields, simulated rows, quality, and under which agreements to ask for it."""
    actor, session, today = current_actor(), db.session(), _today()
    resource = resources.visible(session, actor, resource_id)
    is_offered = resources.samples_offered(actor, resource, book=policy_book(), on=today)
    return render_template(
        "registry/sharing/entry.html", resource=resource, categories=CATEGORY_TITLES,
        sample=resources.simulated(session, resource) if is_offered else None,
        figures=quality.score(session, resource.id, today, policy_book()),
        lacks_consent=resources.lacks_consent(session, resource.id, today),
        agreements=queries.agreements_covering(session, resource.id, today),
        may_ask=actor.may(Permission.REQUEST_WRITE),
    )  # fmt: skip


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]


def _today() -> date:
    return business_date(clock.now())
