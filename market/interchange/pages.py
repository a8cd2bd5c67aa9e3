"""The page for developers: everything that a program may use, with its address."""

from __future__ import annotations

from flask import Blueprint, render_template

from kernel.http import public
from market.interchange.gateway import PAGE_MAX, base
from market.interchange.schemas import RECORD_CHARACTERS_MAX

blueprint = Blueprint("developer_pages", __name__, template_folder="../templates")
CLIENT = "clients/python"


@blueprint.get("/developers")
@public
def developers() -> str:
    """Show the interface, the client, the events and the formats of interchange."""
    return render_template(
        "market/interchange/developers.html", base=base(), client=CLIENT, page_max=PAGE_MAX,
        record_kib=RECORD_CHARACTERS_MAX // 1024,
    )  # fmt: skip
