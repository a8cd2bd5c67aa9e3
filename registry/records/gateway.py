"""Files as browsers send them."""

from __future__ import annotations

from flask import request

from registry.records.rules import Upload

NAME_LENGTH_MAX = 200


def uploads(field: str) -> list[Upload]:
    """Return the files that were chosen in a field of the form, empty ones left out."""
    sent = [one for one in request.files.getlist(field) if one.filename]
    return [
        Upload(one.read(), (one.filename or field)[:NAME_LENGTH_MAX], one.mimetype or "application/octet-stream")
        for one in sent
    ]


def upload(field: str) -> Upload | None:
    """Return the file that was chosen in a field of the form, or ``None``."""
    found = uploads(field)
    return found[0] if found else None
