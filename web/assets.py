"""Style sheets, scripts and pictures: named with what is in them, so that a browser keeps them and asks only once."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

VERSION = "v"  # of the query
FOREVER = "public, max-age=31536000, immutable"


def register(app: Flask) -> None:
    """Let every address of such a file name what is in it."""
    app.url_defaults(_name_version)


def keep(response: Response) -> None:
    """Let browsers keep a file that was asked for by the version it has; without it they ask again each time."""
    filename = (request.view_args or {}).get("filename", "")
    if response.status_code < 400 and request.args.get(VERSION, "") == _version_of(filename):
        response.headers["Cache-Control"] = FOREVER


def _name_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and (version := _version_of(values.get("filename", ""))):
        values.setdefault(VERSION, version)


def _version_of(filename: str) -> str:
    path = Path(current_app.static_folder or "") / filename
    return _digest(path, path.stat().st_mtime_ns) if path.is_file() else ""


@lru_cache
def _digest(path: Path, _changed_at: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
