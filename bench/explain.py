"""S10: explaining a line of a statement while ten million events are stored, a million of them of one entitlement.

A month of 10,000 entitlements is settled by the commands. Then lines of the longest statement (one for each
entitlement) are explained, in turns with reads of single rows through the same session; every explanation works the
amount out again and must agree with the books. The largest entitlement is explained before and after its days were
summed up.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench import pg
from bench.harness import Result, at_most, percentile
from kernel.db import Base, Database, write_transaction
from kernel.identity import Actor, Grant, Role
from market.entitlements.model import Entitlement
from market.orders.model import Order, Quote
from market.payments.model import Payment
from settlement.explanations.queries import explain
from settlement.intake import commands as intake
from settlement.runs import commands as runs
from settlement.statements.model import Statement
from settlement.traces import commands as traces
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig.databases import build_schema

EVENTS = 10_000_000
OF_ONE = 1_000_000  # of these, of the first entitlement
ENTITLEMENTS = 10_000
PART = 1_000_000  # events written at once
ASKED = 60
MS_MAX = 500
TIMETABLE = Actor(id=UUID(int=1), name="定时任务", grants=(Grant(Role.SCHEDULER),), channel="job")
AUDITOR = base.actor(Role.AUDITOR)
TABLES: tuple[type[Base], ...] = (Quote, Order, Payment, Entitlement)
UNIQUE = ("number", "reference", "client_reference", "bank_line")
LINKS = {"quote_id": Quote, "order_id": Order}
EVENT = """INSERT INTO settlement_usage_event (id, place, entitlement_id, product_id, source, occurred_at, day_number,
        received_at, stored_at, client_reference, quantity, subject_kind, subject, hit, channel)
    SELECT CAST('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0') AS uuid), t.place,
        CAST(:prefix || lpad(to_hex(CASE WHEN n <= :of_one THEN 1 ELSE 1 + n % :entitlements END), 12, '0') AS uuid),
        t.product_id, t.source, t.occurred_at + (n % 20) * interval '1 day', t.day_number + n % 20, t.received_at,
        t.stored_at, 'B' || n, 1, t.subject_kind, t.subject, true, t.channel
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
    CROSS JOIN (SELECT * FROM settlement_usage_event WHERE client_reference NOT LIKE 'B%' LIMIT 1) AS t"""


def prefix(table: type[Base]) -> str:
    """Return the beginning of the identifiers of copies."""
    return f"018e0000-0000-7{TABLES.index(table):03x}-8000-"


def copy_many(session: Session, table: type[Base], template: UUID) -> None:
    """Copy a row ten thousand times, each with numbers and links of its own."""
    kept = Base.metadata.tables[table.__tablename__].columns.keys()
    values = {name: f"src.{name}" for name in kept}
    values |= {name: f"src.{name} || '-' || lpad(CAST(n AS text), 6, '0')" for name in UNIQUE if name in kept}
    named = {"id": table} | {name: other for name, other in LINKS.items() if name in kept}
    values |= {
        name: f"CAST('{prefix(other)}' || lpad(to_hex(n), 12, '0') AS uuid)" for name, other in named.items()
    }  # fmt: skip
    statement = (
        f"INSERT INTO {table.__tablename__} ({', '.join(values)}) SELECT {', '.join(values.values())} "
        f"FROM {table.__tablename__} AS src CROSS JOIN generate_series(1, {ENTITLEMENTS}) AS n WHERE src.id = :template"
    )
    session.execute(sa.text(statement), {"template": template})


def fill(session: Session) -> None:
    """Sell ten thousand times, and write ten million events."""
    with write_transaction(session):
        world = make.make_world(session)
        make.use(session, world.scores_bought, 1, at=make.USED_AT)
        held = world.scores_bought
        order = session.get_one(Order, held.order_id)
        payment = session.scalars(sa.select(Payment.id).where(Payment.order_id == order.id)).one()
        for table, template in zip(TABLES, (order.quote_id, order.id, payment, held.id), strict=True):
            copy_many(session, table, template)
    for first in range(1, EVENTS + 1, PART):
        with write_transaction(session):
            session.execute(
                sa.text(EVENT),
                {"prefix": prefix(Entitlement), "of_one": OF_ONE, "entitlements": ENTITLEMENTS, "first": first,
                 "last": min(first + PART - 1, EVENTS)},
            )  # fmt: skip
    session.connection().exec_driver_sql("ANALYZE")
    session.commit()


def settle(session: Session) -> None:
    """Settle the month, by two people."""
    taken = 1
    while taken:
        with write_transaction(session):
            taken = intake.take_in_payments(session, make.preparer(), now=make.NOW, place=base.PLACE)
    late = make.NOW + timedelta(hours=1)
    with write_transaction(session):
        number = make.prepare(session, now=late).number
    with write_transaction(session):
        runs.check(session, make.checker(), number, now=late)
    with write_transaction(session):
        runs.seal(session, make.checker(), number, now=late, book=make.LAW)
    session.expunge_all()


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long a work takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def run() -> list[Result]:
    """Measure on PostgreSQL."""
    with pg.running() as bench:
        build_schema(bench.url)
        database = Database(bench.url)
        with database.new_session() as session:
            fill(session)
            settle(session)
            found = measure(session)
        database.engine.dispose()
    return found


def explained(session: Session, number: str, line: int) -> None:
    """Explain a line as a request would: with nothing remembered; it must agree."""
    session.expunge_all()
    assert explain(session, AUDITOR, number, line).agrees, f"line {line} of {number} does not agree"


def measure(session: Session) -> list[Result]:
    """Explain lines of the longest statement, then the largest entitlement's."""
    statement = max(session.scalars(sa.select(Statement)), key=lambda one: len(one.lines))
    number, count = statement.number, len(statement.lines)
    first = session.scalars(
        sa.select(Entitlement.number).where(Entitlement.id == UUID(prefix(Entitlement) + f"{1:012x}"))
    )
    name = first.one()
    largest = next(at for at, line in enumerate(statement.lines, start=1) if line["entitlement"] == name)
    chance = random.Random(1)
    explained(session, number, largest)
    taken = [milliseconds(lambda: explained(session, number, chance.randint(1, count))) for _ in range(ASKED)]
    before = milliseconds(lambda: explained(session, number, largest))
    with write_transaction(session):
        summing = milliseconds(lambda: traces.sum_up(session, TIMETABLE, now=make.NOW))
    after = percentile([milliseconds(lambda: explained(session, number, largest)) for _ in range(9)], 0.5)
    again = [milliseconds(lambda: explained(session, number, chance.randint(1, count))) for _ in range(ASKED)]
    words = f"one of {count:,} lines, {EVENTS:,} events"
    median, tail = percentile(again, 0.5), percentile(again, 0.95)
    early, late = percentile(taken, 0.5), percentile(taken, 0.95)
    return [
        at_most(f"explain {words}, in the minutes before days are summed: p95 ÷ {MS_MAX} ms",
                f"median {early:.0f} ms, p95 {late:.0f} ms", late / MS_MAX, 1),
        at_most(f"explain {words}: p95 ÷ {MS_MAX} ms", f"median {median:.0f} ms, p95 {tail:.0f} ms", tail / MS_MAX, 1),
        at_most(f"explain the largest, {OF_ONE:,} events: ÷ {MS_MAX} ms",
                f"{after:.0f} ms (by index alone {before:.0f} ms; sums of all took {summing / 1000:.1f} s)",
                after / MS_MAX, 1),
    ]  # fmt: skip
