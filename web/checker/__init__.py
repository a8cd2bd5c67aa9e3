"""``huiyi verify``: the independent checker. It reads rows with its own SQL and imports no module that writes them."""

from __future__ import annotations

import sqlalchemy as sa

from web.checker.digests import DIGESTS
from web.checker.guards import missing_guards
from web.checker.settlements import SETTLEMENT_CHECKS
from web.checker.statements import CHECKS


def verify(connection: sa.Connection) -> list[str]:
    """Return every breach found, in words: which rule, which record. An empty list means that all is well."""
    found = missing_guards(connection)
    for check in (*CHECKS, *SETTLEMENT_CHECKS):
        rows = connection.execute(sa.text(check.sql))
        found += [f"{check.code} {check.words}：{' / '.join(str(value) for value in row)}" for row in rows]
    for digest in DIGESTS:
        found += digest(connection)
    return found
