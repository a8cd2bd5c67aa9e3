"""Every code of a refusal stands once in docs/errors.md, and nothing else does.

A code is stable for ever: programs branch on it. After adding a refusal, write the table anew and read what changed:
``python -m tests.web.test_codes``.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kernel.errors import DomainError
from web.refusals import PACKAGES, Refusal, kinds, refusal

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "errors.md"
CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
ROW = re.compile(
    r"\| `(?P<code>[^`]+)` \| (?P<status>\d{3}) \| (?P<title>[^|]+) \| (?P<meaning>[^|]+) \| (?P<place>[^|]+) \|"
)
HEAD = """# Codes of refusals

Every refusal is a problem document (RFC 9457) with a `code`. Codes never change their meaning and are never used
again; titles and details may be reworded. `status` is the HTTP status; at the terminal every refusal ends with exit
code 1. `retryable` in the document says whether the same request may be sent again as it is.

`type` is the address of a page about the code (`/problems` lists all).

This table is written from the code (`python -m tests.web.test_codes`), and a test compares the two.

| code | status | 含义 | meaning | where |
|---|---|---|---|---|
"""


def refusals() -> list[Refusal]:
    """Return every refusal of the project; the modules are imported first, so that none is missed."""
    return [refusal(kind) for kind in every_kind()]


def every_kind() -> list[type[DomainError]]:
    """Return the classes of all refusals."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    return list(kinds())


def line(one: Refusal) -> str:
    """Return a line of the table."""
    return f"| `{one.code}` | {one.status} | {one.title_zh} | {one.meaning} | `{one.place}` |"


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    """The lines of docs/errors.md by code."""
    rows = [row for row in TABLE.read_text(encoding="utf-8").splitlines() if row.startswith("| `")]
    found = [(ROW.fullmatch(row), row) for row in rows]
    assert [row for match, row in found if match is None] == []
    codes = [match["code"] for match, _ in found if match]
    assert codes == sorted(set(codes))
    return dict(zip(codes, rows, strict=True))


def test_every_refusal_has_a_code_of_its_own() -> None:
    borrowed = [f"{kind.__module__}.{kind.__name__}" for kind in every_kind() if "code" not in vars(kind)]
    counted = Counter(kind.code for kind in every_kind())
    assert borrowed == []
    assert [code for code, count in counted.items() if count > 1] == []


def test_a_code_is_dotted_lower_case_and_its_status_is_a_refusal() -> None:
    odd = [one.code for one in refusals() if not CODE.fullmatch(one.code) or not 400 <= one.status < 600]
    assert odd == []


def test_the_table_says_what_the_code_says(written: dict[str, str]) -> None:
    in_code = {one.code: line(one) for one in refusals()}
    assert sorted(written.keys() - in_code) == [], "a published code may not vanish; if it never was, write it anew"
    assert written == in_code, "write the table anew: python -m tests.web.test_codes"


def test_every_code_has_a_meaning_and_a_heading_in_both_languages() -> None:
    assert [one.code for one in refusals() if not (one.meaning and one.title_zh and one.title_en)] == []


def test_the_type_of_a_refusal_leads_to_what_it_means(client: FlaskClient) -> None:
    document = client.get("/api/v1/orders").json
    page = client.get(document["type"])
    assert (page.status_code, document["type"]) == (200, f"/problems/{document['code']}")
    assert f"<code>{document['code']}</code>" in page.text
    listed = client.get("/problems").text
    assert [one.code for one in refusals() if f'href="/problems/{one.code}"' not in listed] == []
    few = client.get("/problems", query_string={"q": document["code"]}).text
    assert f'href="/problems/{document["code"]}"' in few
    assert "quote.expired" not in few
    assert client.get("/problems/no.such_code").status_code == 404


def main() -> None:
    """Write docs/errors.md from the code."""
    TABLE.write_text(HEAD + "\n".join(map(line, sorted(refusals()))) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
