"""The words of the contracts, kept as dated files beside the code so that lawyers read and change them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from market.contracts.rules import ContractType, Point, Template

FOLDER = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def templates() -> tuple[Template, ...]:
    """Return every template of every day; a file that lacks a kind or a point stops the program at its start."""
    return tuple(one for path in sorted(FOLDER.glob("*.yaml")) for one in read(path.read_text(encoding="utf-8")))


def read(text: str) -> list[Template]:
    """Return the templates of one file: what is common to all kinds, and what each says instead."""
    found = yaml.safe_load(text)
    common = found["common"]
    made = []
    for kind in ContractType:
        own = found["kinds"][kind.value]
        points = {Point(name): words for name, words in {**common["points"], **own.get("points", {})}.items()}
        assert set(points) == set(Point), f"{kind} lacks {set(Point) - set(points)}"
        clauses = tuple({**common["clauses"], **own.get("clauses", {})}.items())
        made.append(Template(kind, own["title"], found["basis"], found["from"], points, clauses))
    return made
