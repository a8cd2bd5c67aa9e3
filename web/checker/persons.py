"""Two steps that two natural persons must take: neither one account nor two accounts of one person."""

from __future__ import annotations

from web.checker.statements import Check


def two_persons(code: str, words: str, table: str, name: str, first: str, second: str, when: str = "1 = 1") -> Check:
    """Return the check that nobody took both steps, under whichever account; rows of ``table`` are called ``t``."""
    query = f"""SELECT t.{name} FROM {table} t
        LEFT JOIN registry_account_person one ON one.account_id = t.{first}
        LEFT JOIN registry_account_person other ON other.account_id = t.{second}
        WHERE {when} AND (t.{first} = t.{second} OR one.person_id = other.person_id)"""  # noqa: S608 — constants
    return Check(code, words, query)
