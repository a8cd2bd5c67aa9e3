"""The stand-alone checker to download, the very file that ``huiyi verify`` computes with."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response

from kernel.http import attachment, public
from web.checker import offline

blueprint = Blueprint("proving_pages", __name__)
NAME = "huiyi_check.py"


@blueprint.get(f"/proofs/{NAME}")
@public
def checker() -> Response:
    """Give the program that checks packs and anchors without us."""
    return attachment(Path(offline.__file__).read_text(encoding="utf-8"), NAME, "text/x-python")
