"""Who can sign in to the demonstration: a small file beside its database, read by every process that serves it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from registry.accounts.rules import ROLE_TITLES
from web.demo.cast import PASSWORD, Place

CONFIG_KEY = "HUIYI_DEMO_SIGN_INS"


def beside(database: Path) -> Path:
    """Return where the sign-ins of a demonstration database are kept."""
    return database.with_suffix(".sign-ins.json")


def write(database: Path, places: Iterable[Place]) -> list[dict[str, str]]:
    """Keep the sign-ins of these places beside the database; return them."""
    people = [
        {
            "place": place.key,
            "role": ROLE_TITLES[person.role],
            "name": person.name,
            "organisation": place.organisation(person.organisation).name if person.organisation else "",
            "login": f"{place.key}.{person.key}",
            "password": PASSWORD,
        }
        for place in places
        for person in place.people
    ]
    beside(database).write_text(json.dumps(people, ensure_ascii=False, indent=1), encoding="utf-8")
    return people


def read(database_url: str) -> list[dict[str, str]]:
    """Return the sign-ins kept beside the database; none where there is no such file, or no SQLite file."""
    name = sa.make_url(database_url).database
    path = beside(Path(name)) if name and database_url.startswith("sqlite") else None
    if path is None or not path.exists():
        return []
    people: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return people
