"""Facts copied from published tariffs, exchanges and open test suites, each with its source; numbers only."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def facts(name: str) -> dict[str, Any]:
    """Return the facts of one file."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def cases(name: str, **wanted: Any) -> list[dict[str, Any]]:
    """Return the cases of one file, only those with certain values where some are named."""
    found = facts(name)["cases"]
    return [case for case in found if all(case.get(key) == value for key, value in wanted.items())]


def name_of(case: Any) -> str:
    """Return the id of a case, as the name of its test."""
    return str(case.get("id", case)) if isinstance(case, dict) else str(case)
