"""The book of rules as the site uses it: every demonstration value that a request reads is named on its page."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path

from flask import g, has_app_context
from flask_babel import get_locale

from kernel.holidays import load_holidays
from kernel.policy import Cited, PolicyBook
from web.labels import state_label
from web.rule_words import stated


class WatchedBook(PolicyBook):
    """Remembers which overlay values were read, so that the layout can say so."""

    def get(self, place: str, name: str, *, on: date) -> Cited | None:
        """Return the value in force; note it when an overlay supplied it."""
        cited = super().get(place, name, on=on)
        if cited is not None and cited.is_overlay and has_app_context():
            g.setdefault("huiyi_overlay_values", {})[place, name] = cited
        return cited


@functools.cache
def book_of(policies: Path, overlays: tuple[Path, ...]) -> WatchedBook:
    """Return the book of these files; it is frozen, so one process reads it once."""
    return WatchedBook.load(policies, overlays)


def read_holidays(folder: Path) -> dict[int, dict[date, bool]]:
    """Return the deployment's holiday tables; years of the library need none."""
    return {year: dict(table) for year, table in load_holidays(folder).items()} if folder.is_dir() else {}


def overlay_values() -> list[dict[str, str]]:
    """Return label, value and citation of the overlay values that this request has read."""
    read: dict[tuple[str, str], Cited] = g.get("huiyi_overlay_values", {})
    return [
        {"label": _label(cited), "value": stated(cited.value, cited.unit), "source": cited.citation()}
        for cited in read.values()
    ]


def _label(cited: Cited) -> str:
    place = state_label(cited.place)
    english = str(get_locale() or "").startswith("en")
    return f"{cited.label_en} ({place})" if english else f"{cited.label}（{place}）"
