"""The evidence pack of an order as a download."""

from __future__ import annotations

from flask import Blueprint, Response

from kernel import db
from kernel.db import to_json
from kernel.http import attachment, current_actor, requires
from kernel.identity import Permission
from settlement.dossiers import queries

blueprint = Blueprint("dossier_pages", __name__)


@blueprint.get("/orders/<number>/evidence-pack.json")
@requires(Permission.SETTLEMENT_READ)
def download(number: str) -> Response:
    """Give everything about an order in one file."""
    found = queries.order_pack(db.session(), current_actor(), number)
    return attachment(to_json(found), f"{number}.pack.json", "application/json")
