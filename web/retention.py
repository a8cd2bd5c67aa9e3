"""Which table keeps what for how long, and what of it may be destroyed: a report, which destroys nothing.

Registry, prices, orders, settlement and audit are never destroyed with anything else (DEL-02); a record of a trade is
kept for the longest period that any text asks for, from the end of the trade; logs as long as logs must be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy.orm import Session

from kernel import db
from kernel.calendar import MONTHS_PER_YEAR, start_of_day
from kernel.http import policy_book
from kernel.policy import PolicyBook
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.policy import MarketPolicy
from market.trade_records.queries import years_kept
from market.trade_records.rules import last_disposable_day


class Kept(StrEnum):
    """How long a table keeps its rows."""

    ALWAYS = "always"  # 不销毁: registry, prices, settlement, audit, everything booked
    TRADE = "trade"  # 自交易完成起
    LOG = "log"  # 自发生起
    DERIVED = "derived"  # 可由其他记录重建, so nothing is lost with it


WORDS = {Kept.ALWAYS: "长期保存，不销毁", Kept.TRADE: "自交易完成起", Kept.LOG: "自发生起", Kept.DERIVED: "可随时重建"}
RULES = {Kept.ALWAYS: "DEL-02", Kept.TRADE: "DEL-02", Kept.LOG: "DEL-01", Kept.DERIVED: ""}
# logs, each with the moment from which it is kept
LOGS = {
    "registry_sign_in_failure": "since",
    "registry_web_session": "expires_at",
    "registry_password_reset": "expires_at",
    "idempotency_key": "created_at",
    "job_run": "run_at",
    "job_request": "asked_at",
    "market_webhook_attempt": "tried_at",
    "market_download_link": "expires_at",
}
DERIVED = ("job_lease", "job_lead", "job_progress", "market_search_entry", "market_gateway_circuit",
           "market_webhook_progress", "settlement_call_counter")  # fmt: skip
# the record of one trade: each row leads to an order, so its end is that of the order
TRADES = ("market_quote", "market_order", "market_contract", "market_entitlement", "market_order_approval")


@dataclass(frozen=True, slots=True)
class Line:
    """One table: how long it keeps, how many rows it has, and how many of them may be destroyed."""

    table: str
    kept: Kept
    months: int | None  # None: never, or whenever one likes
    rows: int
    disposable: int
    last_day: date | None  # rows of this business date and before have been kept long enough


def kept(table: str) -> Kept:
    """Return how long a table keeps its rows; whatever is not known by name is kept for ever."""
    if table in LOGS:
        return Kept.LOG
    if table in DERIVED:
        return Kept.DERIVED
    return Kept.TRADE if table in TRADES else Kept.ALWAYS


def report(session: Session, place: str, on: date, book: PolicyBook) -> Iterator[Line]:
    """Return one line for each table, in order of its name."""
    log_months = MarketPolicy.at(book, place, on).require("retention_log_months_min").integer()
    trade_months = max(years_kept(place, on, book)) * MONTHS_PER_YEAR
    for name, table in sorted(db.Base.metadata.tables.items()):
        how = kept(name)
        rows = session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        if how is Kept.LOG:
            last = last_disposable_day(on, log_months)
            free = table.c[LOGS[name]] < _after(last)
            count = session.scalar(sa.select(sa.func.count()).select_from(table).where(free)) or 0
            yield Line(name, how, log_months, rows, count, last)
        elif how is Kept.TRADE:
            last = last_disposable_day(on, trade_months)
            yield Line(name, how, trade_months, rows, _ended(session, name, place, last), last)
        else:
            yield Line(name, how, None, rows, 0, None)


def _after(day: date) -> datetime:
    return start_of_day(day + timedelta(days=1))


def _ended(session: Session, name: str, place: str, last: date) -> int:
    """Return how many rows belong to trades of the place whose use ended by a day. A quote without an order is none."""
    table = db.Base.metadata.tables[name]
    ended = (
        sa.select(Order.quote_id if name == "market_quote" else Order.id)
        .join(Entitlement, Entitlement.order_id == Order.id)
        .where(Order.place == place, Entitlement.valid_until <= last)
    )
    column = table.c.id if name in ("market_quote", "market_order") else table.c.order_id
    return session.scalar(sa.select(sa.func.count()).select_from(table).where(column.in_(ended))) or 0


def show(place: str, on: date, console: Console) -> None:
    """Print the report."""
    number = Column("行数", justify="right")
    table = Table("表", "保存", "期限（月）", "规则", number, Column("可销毁", justify="right"), "可销毁至",
                  title=f"{policy_book().place(place).title} · {on}")  # fmt: skip
    for one in report(db.session(), place, on, policy_book()):
        table.add_row(one.table, WORDS[one.kept], str(one.months or "—"), RULES[one.kept], str(one.rows),
                      str(one.disposable), str(one.last_day or "—"))  # fmt: skip
    console.print(table)
    console.print("只列不删：销毁须由有权的人另行批准、留痕；已入账、已登记、已审计的记录一律不销毁。")
