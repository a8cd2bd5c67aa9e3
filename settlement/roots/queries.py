"""Reads of the leaves of a sealed period, one batch at a time and always in the same order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import merkle
from kernel.canonical import HOLE, Written, elements, gap_before, objects, quoted, rewritten, woven
from kernel.money import Money
from market.contracts.model import Contract
from market.entitlements.model import Entitlement
from market.orders.model import Order, Quote
from pricing.tariffs.model import Tariff
from registry.parties.model import Party
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.revenue.model import RevenueLine
from settlement.roots.model import PeriodRoot, RootPart
from settlement.roots.rules import (
    Journal,
    Leaf,
    Sealed,
    Tree,
    digest,
    journal_since,
    line_leaf,
    statement_leaf,
)
from settlement.splits.model import ShareLine
from settlement.statements.model import Statement

BATCH = 1_000
HASH_BYTES = 32
FIRST_NAME = "billable"  # with which every line of a statement begins


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
    session.flush()  # what follows is read past the session, which makes nothing of half a million rows
    yield run.leaf(journal)
    yield from _statements(session, run.id)
    yield from _sales(session, run.id)
    for year, (after, until) in sorted(journal.items()):
        yield from _entries(session, run.place, int(year), after, until)


def _statements(session: Session, run_id: UUID) -> Iterator[Leaf]:
    columns = (
        Statement.number, sa.func.coalesce(Statement.party_uscc, Party.uscc),
        sa.func.coalesce(Statement.party_name, Party.name), Statement.place, Statement.period_start,
        Statement.period_end, Statement.total, Statement.payees, Statement.sha256, _in_bytes(session, Statement.lines),
        sa.func.json_array_length(Statement.lines),
    )  # fmt: skip
    query = sa.select(*columns).join(Party, Party.id == Statement.party_id).where(Statement.run_id == run_id)
    for number, uscc, name, place, start, end, amount, payees, sha256, stored, count in session.execute(
        query.order_by(Statement.id).execution_options(yield_per=1)
    ):
        said = {
            "party": uscc, "name": name, "place": place, "period_start": start.isoformat(),
            "period_end": end.isoformat(), "total": amount.text(),
        }  # fmt: skip
        # what the statement's own digest was taken over needs no writing anew
        before, after = woven({**said, "lines": HOLE}).split(HOLE)
        hashed = hashlib.sha256(before.encode())
        hashed.update(stored)
        hashed.update(after.encode())
        is_canonical = hashed.hexdigest() == sha256
        yield statement_leaf({**said, "number": number, "payees": payees, "sha256": sha256}, lines=count)
        is_plain = is_canonical and stored.count(gap_before(FIRST_NAME)) + 1 == count
        lines = objects(stored, FIRST_NAME) if is_plain else elements(stored.decode(), is_canonical=is_canonical)
        for position, line in enumerate(lines, start=1):
            yield line_leaf(number, position, line)


def _in_bytes(session: Session, column: Any) -> sa.ColumnElement[bytes]:
    """Return a JSON column as the bytes of its text: half of what the text takes here, and hashed as they are."""
    if session.get_bind().dialect.name == "postgresql":
        return sa.func.convert_to(sa.cast(column, sa.Text), "UTF8", type_=sa.LargeBinary)
    return sa.cast(sa.type_coerce(column, sa.Text), sa.LargeBinary)


class _Texts(dict[int, Written]):
    """Amounts of fen as they are written, each once."""

    def __missing__(self, fen: int) -> Written:
        self[fen] = Written(f'"{Money(fen).text()}"')
        return self[fen]


def _fen(column: Any) -> Any:
    return sa.type_coerce(column, sa.BigInteger)


def _sales(session: Session, run_id: UUID) -> Iterator[Leaf]:
    line, texts, tariffs = RevenueLine, _Texts(), dict[UUID, Written]()
    query = (
        sa.select(
            line.id, Entitlement.number.label("entitlement"), Order.number.label("order"), Order.tariff_id,
            sa.type_coerce(line.use_class, sa.Text).label("use_class"), line.quantity, line.billable,
            *(_fen(column).label(column.key) for column in (line.gross, line.tax, line.net, line.shadow)),
            sa.cast(line.rating, sa.Text).label("rating"), *QUOTED, Contract.number.label("contract"), Contract.sha256,
        )
        .join(Entitlement, Entitlement.id == line.entitlement_id)
        .join(Order, Order.id == line.order_id)
        .join(Quote, Quote.id == Order.quote_id)
        .outerjoin(Contract, Contract.order_id == Order.id)
        .where(line.run_id == run_id)
        .order_by(line.id)
    )  # fmt: skip
    for rows in session.connection().execute(query.execution_options(yield_per=BATCH)).partitions():
        _learn(session, tariffs, {row.tariff_id for row in rows} - {None})
        shares = _shares(session, run_id, rows[0].id, rows[-1].id, texts)
        for row in rows:
            yield _sale(row, tariffs.get(row.tariff_id), shares.get(row.id, ()), texts)


# amounts and choices as they are stored, JSON as text: a quote is only hashed here
QUOTED = (
    Quote.number.label("quote"), Quote.quantity.label("quoted"), Quote.term_months,
    sa.type_coerce(Quote.purpose, sa.Text).label("purpose"), sa.type_coerce(Quote.reason, sa.Text).label("reason"),
    _fen(Quote.amount).label("amount"), _fen(Quote.shadow_amount).label("shadow_amount"),
    sa.cast(Quote.inputs, sa.Text).label("inputs"), sa.cast(Quote.explanation, sa.Text).label("explanation"),
)  # fmt: skip


def _learn(session: Session, known: dict[UUID, Written], wanted: set[UUID]) -> None:
    if missing := wanted - known.keys():
        for tariff in session.scalars(sa.select(Tariff).where(Tariff.id.in_(missing))):
            known[tariff.id] = _named(tariff.number, digest(tariff_content(tariff)))


def _sale(row: Any, tariff: Written | None, shares: Iterable[str], texts: _Texts) -> Leaf:
    quote = woven({
        "number": row.quote, "quantity": row.quoted, "term_months": row.term_months, "purpose": row.purpose,
        "reason": row.reason, "amount": texts[row.amount], "shadow_amount": texts[row.shadow_amount],
        "inputs": rewritten(row.inputs), "explanation": rewritten(row.explanation),
    })  # fmt: skip
    return {
        "kind": "sale", "entitlement": row.entitlement, "order": row.order, "use_class": row.use_class,
        "quantity": row.quantity, "billable": row.billable, "gross": texts[row.gross], "tax": texts[row.tax],
        "net": texts[row.net], "shadow": texts[row.shadow],
        "rating_sha256": merkle.sha256(rewritten(row.rating).encode()).hex(),
        "shares": Written(f"[{','.join(shares)}]"),
        "quote": _named(row.quote, merkle.sha256(quote.encode()).hex()), "tariff": tariff,
        "contract": _named(row.contract, row.sha256) if row.contract else None,
    }  # fmt: skip


def _named(number: str, sha256: str) -> Written:
    return Written(f'{{"number":{quoted(number)},"sha256":"{sha256}"}}')


def _shares(session: Session, run_id: UUID, first: UUID, last: UUID, texts: _Texts) -> dict[UUID, list[str]]:
    """Return the shares of some lines as they are written, by step and party."""
    query = (
        sa.select(
            ShareLine.revenue_line_id, ShareLine.step, Party.uscc, _fen(ShareLine.amount),
            sa.type_coerce(ShareLine.payee_kind, sa.Text),
        )
        .join(Party, Party.id == ShareLine.party_id)
        .where(ShareLine.run_id == run_id, ShareLine.revenue_line_id.between(first, last))
    )  # fmt: skip
    found: dict[UUID, list[str]] = {}
    for line_id, step, uscc, amount, kind in sorted(session.connection().execute(query), key=itemgetter(1, 2)):
        found.setdefault(line_id, []).append(f'["{uscc}",{step},{texts[amount]},"{kind}"]')
    return found


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
            JournalEntry.number, sa.type_coerce(JournalEntry.cause, sa.Text), JournalEntry.cause_id,
            JournalEntry.entry_date, JournalLine.account, _fen(JournalLine.amount),
        )
        .join(JournalLine, JournalLine.entry_id == JournalEntry.id)
        .where(
            JournalEntry.place == place, JournalEntry.year == year, JournalEntry.number > after,
            JournalEntry.number <= until,
        )
        .order_by(JournalEntry.number, JournalLine.position)
    )  # fmt: skip
    rows, texts = session.connection().execute(query.execution_options(yield_per=BATCH)), _Texts()
    for number, legs in groupby(rows, key=itemgetter(0)):
        kept = list(legs)
        _, cause, cause_id, entry_date, _, _ = kept[0]
        yield {
            "kind": "entry", "number": entry_number(place, year, number), "cause": cause, "cause_id": cause_id,
            "entry_date": entry_date.isoformat(),
            "legs": Written(f"[{','.join([f'[{quoted(leg[4])},{texts[leg[5]]}]' for leg in kept])}]"),
        }  # fmt: skip


def entry_number(place: str, year: int, number: int) -> str:
    """Return the number under which an entry stands in proofs."""
    return f"{place}-{year}-{number}"
