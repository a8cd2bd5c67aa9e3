"""What the fields of a form are called, so that the list of errors above it can name each field and lead there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import g

from kernel.wording import said


def note_field(name: str, label: object, anchor: str = "") -> str:
    """Remember how a control is labelled and where it stands (its id when not its name); shows nothing itself."""
    g.setdefault("huiyi_fields", {})[name] = (str(label), anchor or name)
    return ""


def wrong_fields(errors: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (label, anchor, words) of every error of a form whose fields have been drawn, in their order.

    An error at nothing that is drawn has neither label nor anchor; it stands first, and is said all the same.
    """
    drawn: dict[str, tuple[str, str]] = g.get("huiyi_fields", {})
    found = {name: "；".join(_words(messages)) for name, messages in errors.items() if messages}
    elsewhere = [("", "", words) for name, words in found.items() if name not in drawn]
    return elsewhere + [(*place, found[name]) for name, place in drawn.items() if name in found]


def _words(messages: Any) -> Iterator[str]:
    if isinstance(messages, Mapping):
        messages = list(messages.values())
    if not isinstance(messages, list):
        yield said(messages)
        return
    for one in messages:
        yield from _words(one)
