"""Reads of the leaves of a sealed period, one batch at a time and always in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from market.contracts.model import Contract
from market.entitlements.model import Entitlement
from market.orders.model import Order, Quote
from pricing.tariffs.model import Tariff
from registry.parties.model import Party
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.revenue.model import RevenueLine
from settlement.roots.model import PeriodRoot, RootPart
from settlement.roots.rules import Journal, Leaf, Sealed, Tree, digest, journal_since, line_leaf, statement_leaf
from settlement.splits.model import ShareLine
from settlement.statements.model import Statement

BATCH = 1_000
HASH_BYTES = 32


def root_of(session: Session, run_id: UUID) -> PeriodRoot | None:
    """Return the root of a settlement, if it has one."""
    return session.scalar(sa.select(PeriodRoot).where(PeriodRoot.run_id == run_id))


def tree_of(session: Session, root: PeriodRoot) -> Tree:
    """Return the tree as it was booked: its hashes, not what they would be today."""
    made = Tree()
    query = sa.select(RootPart).where(RootPart.root_id == root.id).order_by(RootPart.part)
    for part in session.scalars(query):
        for name, hashes in (("sha256", part.sha256), ("sm3", part.sm3)):
            made.hashes[name] += [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
    return made


def new_entries(session: Session, place: str) -> Journal:
    """Return which entries of a place no root covers yet.

    Everything booked since the seal before is under the next one, whatever its date: nothing stays outside.
    """
    before = sa.select(PeriodRoot.journal).where(PeriodRoot.place == place).order_by(PeriodRoot.id.desc()).limit(1)
    query = sa.select(JournalEntry.year, sa.func.max(JournalEntry.number)).where(JournalEntry.place == place)
    until = {str(year): int(number) for year, number in session.execute(query.group_by(JournalEntry.year))}
    return journal_since(session.scalar(before) or {}, until)


def leaves(session: Session, run: Sealed, journal: Journal) -> Iterator[Leaf]:
    """Yield the leaves of a sealed settlement: itself, its statements with their lines, its sales, its journal."""
    yield run.leaf(journal)
    yield from _statements(session, run.id)
    yield from _sales(session, run.id)
    for year, (after, until) in sorted(journal.items()):
        yield from _entries(session, run.place, int(year), after, until)


def _statements(session: Session, run_id: UUID) -> Iterator[Leaf]:
    columns = (
        Statement.number, sa.func.coalesce(Statement.party_uscc, Party.uscc),
        sa.func.coalesce(Statement.party_name, Party.name), Statement.place, Statement.period_start,
        Statement.period_end, Statement.total, Statement.payees, Statement.sha256, Statement.lines,
    )  # fmt: skip
    query = sa.select(*columns).join(Party, Party.id == Statement.party_id).where(Statement.run_id == run_id)
    for number, uscc, name, place, start, end, amount, payees, sha256, lines in session.execute(
        query.order_by(Statement.id).execution_options(yield_per=1)
    ):
        said = {
            "number": number, "party": uscc, "name": name, "place": place, "period_start": start.isoformat(),
            "period_end": end.isoformat(), "total": amount.text(), "payees": payees, "sha256": sha256,
        }  # fmt: skip
        yield statement_leaf(said, lines=len(lines))
        for position, line in enumerate(lines, start=1):
            yield line_leaf(number, position, line)


def _sales(session: Session, run_id: UUID) -> Iterator[Leaf]:
    query = (
        sa.select(RevenueLine, Entitlement.number, Order.number, Quote, Tariff, Contract.number, Contract.sha256)
        .join(Entitlement, Entitlement.id == RevenueLine.entitlement_id)
        .join(Order, Order.id == RevenueLine.order_id)
        .join(Quote, Quote.id == Order.quote_id)
        .outerjoin(Tariff, Tariff.id == Order.tariff_id)
        .outerjoin(Contract, Contract.order_id == Order.id)
        .where(RevenueLine.run_id == run_id)
        .order_by(RevenueLine.id)
    )
    for rows in session.execute(query.execution_options(yield_per=BATCH)).partitions():
        shares = _shares(session, [row[0].id for row in rows])
        for row in rows:
            yield _sale(row, shares.get(row[0].id, []))


def _sale(row: Any, shares: list[list[Any]]) -> Leaf:
    line, entitlement, order, quote, tariff, contract, contract_sha256 = row
    return {
        "kind": "sale", "entitlement": entitlement, "order": order, "use_class": str(line.use_class),
        "quantity": line.quantity, "billable": line.billable, "gross": line.gross.text(), "tax": line.tax.text(),
        "net": line.net.text(), "shadow": line.shadow.text(), "rating_sha256": digest(line.rating), "shares": shares,
        "quote": _named(quote.number, digest(quote_content(quote))),
        "tariff": _named(tariff.number, digest(tariff_content(tariff))) if tariff else None,
        "contract": _named(contract, contract_sha256) if contract else None,
    }  # fmt: skip


def _named(number: str, sha256: str) -> dict[str, str]:
    return {"number": number, "sha256": sha256}


def _shares(session: Session, line_ids: list[UUID]) -> dict[UUID, list[list[Any]]]:
    query = (
        sa.select(ShareLine.revenue_line_id, ShareLine.step, Party.uscc, ShareLine.amount, ShareLine.payee_kind)
        .join(Party, Party.id == ShareLine.party_id)
        .where(ShareLine.revenue_line_id.in_(line_ids))
    )
    found: dict[UUID, list[list[Any]]] = {}
    for line_id, step, uscc, amount, kind in session.execute(query):
        found.setdefault(line_id, []).append([uscc, step, amount.text(), str(kind)])
    return {line_id: sorted(shares, key=lambda share: (share[1], share[0])) for line_id, shares in found.items()}


def quote_content(quote: Quote) -> dict[str, Any]:
    """Return what a leaf says of a quote by its digest."""
    return {
        "number": quote.number, "quantity": quote.quantity, "term_months": quote.term_months,
        "purpose": str(quote.purpose), "reason": str(quote.reason), "amount": quote.amount.text(),
        "shadow_amount": quote.shadow_amount.text(), "inputs": quote.inputs, "explanation": quote.explanation,
    }  # fmt: skip


def tariff_content(tariff: Tariff) -> dict[str, Any]:
    """Return what a leaf says of a tariff by its digest."""
    return {
        "number": tariff.number, "regime": str(tariff.regime), "charge_unit": str(tariff.charge_unit),
        "model": tariff.model, "scope": tariff.scope, "dedup_days": tariff.dedup_days,
        "charges_misses": tariff.charges_misses, "effective_from": tariff.effective_from.isoformat(),
        "sources": tariff.sources,
    }  # fmt: skip


def _entries(session: Session, place: str, year: int, after: int, until: int) -> Iterator[Leaf]:
    query = (
        sa.select(
            JournalEntry.number, JournalEntry.cause, JournalEntry.cause_id, JournalEntry.entry_date,
            JournalLine.account, JournalLine.amount,
        )
        .join(JournalLine, JournalLine.entry_id == JournalEntry.id)
        .where(
            JournalEntry.place == place, JournalEntry.year == year, JournalEntry.number > after,
            JournalEntry.number <= until,
        )
        .order_by(JournalEntry.number, JournalLine.position)
    )  # fmt: skip
    rows = session.execute(query.execution_options(yield_per=BATCH))
    for number, legs in groupby(rows, key=lambda row: row.number):
        kept = list(legs)
        yield {
            "kind": "entry", "number": entry_number(place, year, number), "cause": str(kept[0].cause),
            "cause_id": kept[0].cause_id, "entry_date": kept[0].entry_date.isoformat(),
            "legs": [[row.account, row.amount.text()] for row in kept],
        }  # fmt: skip


def entry_number(place: str, year: int, number: int) -> str:
    """Return the number under which an entry stands in proofs."""
    return f"{place}-{year}-{number}"
