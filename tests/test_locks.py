"""What is installed is what was reviewed: pinned, with hashes, from nowhere in particular, and used."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CODE = ("kernel", "registry", "pricing", "market", "settlement", "web")

# distributions whose import has another name
IMPORTED_AS = {
    "argon2-cffi": "argon2",
    "chinesecalendar": "chinese_calendar",
    "opencc-python-reimplemented": "opencc",
    "python-stdnum": "stdnum",
    "pyyaml": "yaml",
}
# distributions that are needed without being imported by name
NEEDED_BY_NAME = {
    "gunicorn": "huiyi serve starts it as a process",
    "psycopg": "SQLAlchemy's driver of PostgreSQL",
    "xlsxwriter": "pandas writes workbooks with it",
}


def pins(lock: str) -> dict[str, str]:
    """Return the version of each distribution in a lock."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", text, flags=re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    """Return the normalised names of the declared distributions."""
    return {re.split(r"[\[<>=!~ ]", item)[0].lower().replace("_", "-") for item in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_pins_every_line_with_a_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r"://|--index|--extra-index|--find-links", text) == []
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert [block.splitlines()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


def test_the_locks_hold_what_is_declared_and_agree() -> None:
    runtime, everything = pins("requirements.lock"), pins("requirements-dev.lock")
    groups = [item for name in ("test", "lint", "build") for item in PROJECT["dependency-groups"][name]]
    assert names(PROJECT["project"]["dependencies"]) <= runtime.keys()
    assert names(groups) <= everything.keys()
    assert runtime.items() <= everything.items()


def test_every_declared_dependency_is_used() -> None:
    imported = set()
    for file in (path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    declared = names(PROJECT["project"]["dependencies"]) - NEEDED_BY_NAME.keys()
    unused = {name for name in declared if IMPORTED_AS.get(name, name.replace("-", "_")) not in imported}
    assert sorted(unused) == []
