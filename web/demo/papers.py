"""The documents of the story, made up, as the JSON API takes them."""

from __future__ import annotations

import base64


def paper(name: str, text: str) -> dict[str, str]:
    """Return a text document."""
    return {"name": f"{name}.txt", "media_type": "text/plain", "content_base64": _base64(text.encode())}


def certificate(kind: str, name: str) -> dict[str, str]:
    """Return a document of an application to be admitted: PDF by its first bytes."""
    return {"kind": kind, "name": f"{name}.pdf", "content_base64": _base64(f"%PDF-1.7\n% {name}（演示）\n".encode())}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
