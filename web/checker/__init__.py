"""``huiyi verify``: the independent checker. It reads rows with its own SQL and imports no module that writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from web.checker.books import BOOK_CHECKS, BOOK_READERS
from web.checker.catalogue import CATALOGUE_CHECKS, full_text
from web.checker.chain import audit_seals
from web.checker.digests import DIGESTS
from web.checker.evidence import EVIDENCE
from web.checker.guards import missing_guards
from web.checker.journal import JOURNAL
from web.checker.payouts import PAYOUT_CHECKS
from web.checker.prices import PRICE_CHECKS, PRICES
from web.checker.proofs import PROOFS, against
from web.checker.registry import REGISTRY_CHECKS
from web.checker.reviews import REVIEW_CHECKS
from web.checker.settlements import SETTLEMENT_CHECKS
from web.checker.sides import SIDE_READERS
from web.checker.statements import CHECKS, Check


def verify(connection: sa.Connection, anchors: Sequence[dict[str, Any]] = ()) -> list[str]:
    """Return every breach found, in words: which rule, which record. An empty list means that all is well.

    ``anchors`` are copies that somebody kept: a tail that was cut off, or written anew with all its digests, agrees
    with itself, and only a copy tells.
    """
    found = missing_guards(connection)
    found += _broken(
        connection,
        (*CHECKS, *REVIEW_CHECKS, *REGISTRY_CHECKS, *SETTLEMENT_CHECKS, *PRICE_CHECKS, *CATALOGUE_CHECKS),
    )
    for reader in (*DIGESTS, *JOURNAL, audit_seals, *PROOFS, *EVIDENCE, *PRICES, full_text):
        found += reader(connection)
    return found + paid_and_closed(connection) + against(connection, anchors)


def paid_and_closed(connection: sa.Connection) -> list[str]:
    """Return the breaches of payouts, receivables, closed books, reconciliations, contributions and archives."""
    found = _broken(connection, (*PAYOUT_CHECKS, *BOOK_CHECKS))
    for reader in (*BOOK_READERS, *SIDE_READERS):
        found += reader(connection)
    return found


def _broken(connection: sa.Connection, checks: Sequence[Check]) -> list[str]:
    found = []
    for check in checks:
        rows = connection.execute(sa.text(check.sql))
        found += [f"{check.code} {check.words}：{' / '.join(str(value) for value in row)}" for row in rows]
    return found
