"""Under which address the world reaches this platform, and documents written for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, request, url_for

LINKED_DATA = "application/ld+json"
PAGE = 20
PAGE_MAX = 50  # a product is read with its sources, prices and caps: a page is no dump


def base() -> str:
    """Return the address of the platform as its certificates name it."""
    found: str = current_app.config["HUIYI"].base_url or request.url_root
    return found.rstrip("/")


def page_address(cursor: str | None = None) -> str:
    """Return the address of this page, or of the one that a cursor leads to."""
    if cursor is None:
        return base() + request.full_path.rstrip("?")
    assert request.endpoint is not None
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name != "cursor"}
    return base() + url_for(request.endpoint, **(request.view_args or {}), **kept, cursor=cursor)


def linked(body: Mapping[str, Any]) -> Response:
    """Return a JSON-LD document."""
    return Response(json.dumps(body, ensure_ascii=False), content_type=LINKED_DATA)
