"""Every code of a refusal stands once in docs/errors.md, and nothing else does.

A code is stable for ever: programs branch on it. After adding a refusal, write the table anew and read what changed:
``python -m tests.web.test_codes``.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel.errors import DomainError

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "errors.md"
PACKAGES = ("kernel", "registry", "pricing", "market", "settlement", "web")
CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
ROW = re.compile(
    r"\| `(?P<code>[^`]+)` \| (?P<status>\d{3}) \| (?P<title>[^|]+) \| (?P<meaning>[^|]+) \| (?P<place>[^|]+) \|"
)
HEAD = """# Codes of refusals

Every refusal is a problem document (RFC 9457) with a `code`. Codes never change their meaning and are never used
again; titles and details may be reworded. `status` is the HTTP status; at the terminal every refusal ends with exit
code 1. `retryable` in the document says whether the same request may be sent again as it is.

This table is written from the code (`python -m tests.web.test_codes`), and a test compares the two.

| code | status | 含义 | meaning | where |
|---|---|---|---|---|
"""


@dataclass(frozen=True, order=True)
class Entry:
    """One line of the table."""

    code: str
    status: int
    title: str
    meaning: str
    place: str

    def line(self) -> str:
        """Return it as Markdown."""
        return f"| `{self.code}` | {self.status} | {self.title} | {self.meaning} | `{self.place}` |"


def refusals(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """Return every refusal of the project; the modules are imported first, so that none is missed."""
    if kind is DomainError:
        for package in PACKAGES:
            for file in sorted((ROOT / package).rglob("*.py")):
                importlib.import_module(
                    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                )
        yield kind
    for below in kind.__subclasses__():
        if below.__module__.split(".")[0] in PACKAGES:
            yield below
            yield from refusals(below)


def entry(kind: type[DomainError]) -> Entry:
    """Return what the code says about one refusal."""
    meaning = (kind.__doc__ or "").strip().partition("\n")[0].partition(". ")[0].rstrip(".").replace("|", "/")
    place = kind.__module__.replace(".", "/") + ".py"
    return Entry(kind.code, kind.status, str(kind.title), meaning, place)


@pytest.fixture(scope="module")
def written() -> list[Entry]:
    """What docs/errors.md says."""
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    found = [(row, ROW.fullmatch(row)) for row in rows]
    assert [row for row, match in found if match is None] == []
    return [
        Entry(match["code"], int(match["status"]), match["title"], match["meaning"], match["place"].strip("`"))
        for _, match in found
        if match
    ]


def test_every_refusal_has_a_code_of_its_own() -> None:
    kinds = list(refusals())
    borrowed = [f"{kind.__module__}.{kind.__name__}" for kind in kinds if "code" not in vars(kind)]
    counted = Counter(kind.code for kind in kinds)
    assert borrowed == []
    assert [code for code, count in counted.items() if count > 1] == []


def test_a_code_is_dotted_lower_case_and_its_status_is_a_refusal() -> None:
    odd = [kind.code for kind in refusals() if not CODE.fullmatch(kind.code) or not 400 <= kind.status < 600]
    assert odd == []


def test_the_table_lists_every_code_once_in_order_and_no_other(written: list[Entry]) -> None:
    in_code = {kind.code for kind in refusals()}
    listed = [row.code for row in written]
    assert sorted(in_code - set(listed)) == [], "write the table anew: python -m tests.web.test_codes"
    assert sorted(set(listed) - in_code) == [], "a published code may not vanish; if it never was, write the table anew"
    assert listed == sorted(set(listed))


def test_the_table_says_what_the_code_says(written: list[Entry]) -> None:
    in_code = {kind.code: entry(kind) for kind in refusals()}
    assert [row.line() for row in written if row != in_code.get(row.code)] == []


def test_every_code_has_a_meaning_and_a_heading_in_both_languages() -> None:
    silent = [kind.code for kind in refusals() if not (entry(kind).meaning and kind.title and kind.title_en)]
    assert silent == []


def main() -> None:
    """Write docs/errors.md from the code."""
    rows = sorted(entry(kind) for kind in refusals())
    TABLE.write_text(HEAD + "\n".join(row.line() for row in rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
