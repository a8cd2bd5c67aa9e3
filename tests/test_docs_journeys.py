"""Every role has its journey in a real browser, and the table that names them is true."""

from __future__ import annotations

import re

from kernel.identity import Role
from tests.test_docs import INLINE, ROOT, rows_of, section_of

PAGES = ROOT / "tests" / "pages"
TABLE = rows_of(section_of("docs/developers.md", "A journey for each role in a browser"))


def test_every_role_and_a_visitor_have_a_journey_in_a_browser() -> None:
    assert [role for role, _does, _tests in TABLE] == [*Role, "visitor"]


def test_each_journey_that_the_table_names_is_a_test() -> None:
    named = [found for _role, _does, tests in TABLE for found in INLINE.findall(tests)]
    assert len(named) >= len(TABLE)
    for name in named:
        file, test = name.split("::")
        body = re.search(rf"^def {test}\(.*?(?=^def |^@|\Z)", (PAGES / file).read_text(encoding="utf-8"), re.M | re.S)
        assert body is not None, f"{file} has no test {test}"
