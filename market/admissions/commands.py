"""Writing an admitted order with its contract and both audit lines at once: the gapless numbers last, and briefly."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, make_transient_to_detached

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.identity import Actor
from market.admissions.queries import Admitted
from market.orders.model import Order

LINE = cast(sa.Table, audit.AuditLine.__table__)
ORDER = cast(sa.Table, Order.__table__)


@dataclass(frozen=True, slots=True)
class Draft:
    """A contract that only lacks its number: the table, the columns, and the text before and after the number."""

    table: sa.Table
    values: dict[str, Any]
    head: str
    tail: str


def write(
    session: Session, actor: Actor, met: Admitted, order: dict[str, Any], draft: Draft, *, now: datetime
) -> Order | None:
    """Write order and contract under the next numbers of the year, each with its audit line; return the order.

    None when another order took the buyer's reference in this moment: the transaction must then come to a refusal,
    which gives the numbers back.
    """
    contract = draft.values | {"order_id": order["id"]}
    facts = met.facts
    placed = {"quote": facts.number, "product": facts.code, "amount": order["amount"].text(),
              "purpose": order["purpose"], "reference": order["client_reference"]}  # fmt: skip
    subjects = (ORDER.name, str(order["id"])), (draft.table.name, str(contract["id"]))
    year = business_date(now).year
    if session.get_bind().dialect.name == "postgresql":
        lines = (audit.values(actor, "order.place", subjects[0], at=now, detail=placed),
                 audit.values(actor, "contract.draft", subjects[1], at=now))  # fmt: skip
        number = _write_at_once(session, year, order, contract, draft, lines)
    else:
        number, drafted = _write_in_turn(session, year, order, contract, draft)
        audit.record(session, actor, "order.place", subjects[0], at=now, detail=placed)
        audit.record(session, actor, "contract.draft", subjects[1], at=now, detail=drafted)
    return None if number is None else _known(session, order | {"number": number})


def _known(session: Session, values: dict[str, Any]) -> Order:
    """Return the written order as the session would have read it."""
    order = Order(**values)
    make_transient_to_detached(order)
    session.add(order)
    return order


def _write_in_turn(
    session: Session, year: int, order: dict[str, Any], contract: dict[str, Any], draft: Draft
) -> tuple[str, dict[str, Any]]:
    """Write both rows where one writer works at a time; return the number, and what to say of the draft."""
    connection = session.connection()
    order_number, contract_number = (numbering.number_of_year(session, prefix, year) for prefix in ("ORD", "CON"))
    connection.execute(sa.insert(ORDER), order | {"number": order_number})
    text = draft.head + contract_number + draft.tail
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    connection.execute(sa.insert(draft.table), contract | {"number": contract_number, "text": text, "sha256": sha256})
    return order_number, {"order": order_number, "sha256": sha256}


def _write_at_once(
    session: Session, year: int, order: dict[str, Any], contract: dict[str, Any], draft: Draft,
    lines: tuple[dict[str, Any], dict[str, Any]],
) -> str | None:  # fmt: skip
    values = {"orders": f"ORD-{year}", "contracts": f"CON-{year}", "head": draft.head, "tail": draft.tail}
    for prefix, row in (("o_", order), ("c_", contract), ("p_", lines[0]), ("d_", lines[1])):
        values |= {prefix + name: value for name, value in row.items()}
    found = session.connection().execute(_at_once(draft.table), values).one()
    return found.number if found.made else None


NUMBER = "{series} || '-' || lpad(CAST({n} AS text), greatest(6, length(CAST({n} AS text))), '0')"
WRITING = """WITH taken AS (
  INSERT INTO number_series AS own (series, last_number) VALUES (:orders, 1), (:contracts, 1)
  ON CONFLICT (series) DO UPDATE SET last_number = own.last_number + 1 RETURNING own.series, own.last_number
), given AS (
  SELECT {order_number} AS order_number, {contract_number} AS contract_number
  FROM taken AS o, taken AS c WHERE o.series = :orders AND c.series = :contracts
), made AS (
  INSERT INTO market_order (number, {order_columns}) SELECT order_number, {order_values} FROM given
  ON CONFLICT DO NOTHING RETURNING id
), worded AS (
  SELECT given.*, CAST(:head AS text) || contract_number || CAST(:tail AS text) AS words FROM given, made
), signed AS (
  SELECT worded.*, encode(sha256(convert_to(words, 'UTF8')), 'hex') AS sha256 FROM worded
), drafted AS (
  INSERT INTO {contract} (number, text, sha256, {contract_columns})
  SELECT contract_number, words, sha256, {contract_values} FROM signed
), lines AS (
  INSERT INTO audit_line ({line_columns})
  SELECT {placed_values} FROM signed UNION ALL SELECT {drafted_values} FROM signed
)
SELECT order_number AS number, (SELECT count(*) FROM made) AS made FROM given"""
SHOWN = """CAST('{"order":"' || order_number || '","sha256":"' || sha256 || '"}' AS json)"""


@lru_cache(maxsize=4)
def _at_once(contract: sa.Table) -> sa.TextClause:
    """Return the statement: one round trip instead of six, so that the series of numbers are held for a moment only."""
    made = {"number"}
    columns: list[tuple[str, sa.Column[Any]]] = [
        *(("o_", column) for column in ORDER.columns if column.name not in made),
        *(("c_", column) for column in contract.columns if column.name not in made | {"text", "sha256"}),
        *(("p_", column) for column in LINE.columns),
        *(("d_", column) for column in LINE.columns if column.name != "detail"),
    ]

    def listed(prefix: str, words: str) -> str:
        return ", ".join(words.format(prefix=prefix, name=column.name) for one, column in columns if one == prefix)

    text = WRITING.format(
        order_number=NUMBER.format(series="o.series", n="o.last_number"),
        contract_number=NUMBER.format(series="c.series", n="c.last_number"),
        contract=contract.name, line_columns=f"{listed('d_', '{name}')}, detail",
        order_columns=listed("o_", "{name}"), order_values=listed("o_", ":{prefix}{name}"),
        contract_columns=listed("c_", "{name}"), contract_values=listed("c_", ":{prefix}{name}"),
        placed_values=f"{listed('d_', ':p_{name}')}, :p_detail",
        drafted_values=f"{listed('d_', ':{prefix}{name}')}, {SHOWN}",
    )  # fmt: skip
    binds = [sa.bindparam(prefix + column.name, type_=column.type) for prefix, column in columns]
    plain = [sa.bindparam(name, type_=sa.Text()) for name in ("orders", "contracts", "head", "tail")]
    return sa.text(text).bindparams(*binds, *plain)
