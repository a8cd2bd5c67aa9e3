"""From the audit log to messages: each line becomes an event for every organisation that its record names.

Nothing is signalled: the lines are read after they were committed, in order, and handed down to the market, which
keeps the messages. Reading twice is harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import Base
from kernel.identity import Actor
from market.webhooks import commands, queries
from market.webhooks.rules import CHALLENGE, TEST, Happening
from web.announced import SUBJECTS, catalogue

LINES_MAX = 2000
MARGIN_MS = 5000  # between the making of a line and the first write of its transaction
OWN_TITLES = {CHALLENGE: "验证推送地址 · proof of an endpoint", TEST: "测试推送 · test message"}


def types() -> dict[str, str]:
    """Return the title of every type that an endpoint may choose."""
    return catalogue()


def titles() -> dict[str, str]:
    """Return the title of every type that an endpoint may get, its own two included."""
    return {**catalogue(), **OWN_TITLES}


def take_in(session: Session, actor: Actor, now: datetime) -> int:
    """Write the messages of the next lines; return how many deliveries were queued.

    The transaction must be one that writes: on SQLite that makes it the only one that is open.
    """
    last = queries.last_line(session, lock=True)
    if last is None:
        return 0
    horizon = oldest_open_ms(session)
    lines = [line for line in audit.lines_after(session, last, limit=LINES_MAX) if moment_ms(line.id) < horizon]
    if not lines:
        return 0
    told = list(happenings(session, lines, {one.org_id for one in queries.subscribed(session)}))
    return commands.take_in(session, actor, told, until=lines[-1].id, now=now)


def moment_ms(line_id: UUID) -> int:
    """Return when a time-ordered id was made, in milliseconds."""
    return line_id.int >> 80


def oldest_open_ms(session: Session) -> int:
    """Return the moment before which every line is either committed or gone, in milliseconds.

    A transaction that is still open may yet commit lines with older ids than those that can be seen. On PostgreSQL the
    server tells since when the oldest of them has been open; on SQLite the writer that asks is the only one.
    """
    if session.get_bind().dialect.name != "postgresql":
        return 1 << 63
    since = session.scalar(
        sa.text(
            "SELECT floor(extract(epoch FROM min(coalesce(xact_start, clock_timestamp()))) * 1000)::bigint "
            "FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL "
            "AND pid <> pg_backend_pid()"
        )
    )
    present = session.scalar(sa.text("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"))
    return min(int(since), int(present or 0)) - MARGIN_MS if since is not None else 1 << 63


def happenings(session: Session, lines: Sequence[sa.Row[Any]], wanted: set[UUID]) -> Iterable[Happening]:
    """Return the events of some lines for the wanted organisations, in the order of the lines."""
    rows: dict[str, list[sa.Row[Any]]] = {}
    for line in lines:
        subject = SUBJECTS.get(line.object_type)
        if subject is not None and line.action in subject.acts and _as_id(line.object_id) is not None:
            rows.setdefault(line.object_type, []).append(line)
    found = {table: _concerned(session, table, {UUID(line.object_id) for line in some}) for table, some in rows.items()}
    told = {line.id for some in rows.values() for line in some}
    for line in (one for one in lines if one.id in told):
        number, version, orgs = found[line.object_type].get(UUID(line.object_id), (None, None, set()))
        for org_id in sorted((orgs | {line.org_id}) & wanted, key=str):
            assert org_id is not None
            yield Happening(
                line_id=line.id, org_id=org_id, type=line.action, at=line.at, resource_type=line.object_type,
                resource_id=line.object_id, resource_number=number, resource_version=version,
            )  # fmt: skip


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _concerned(
    session: Session, name: str, ids: set[UUID]
) -> dict[UUID, tuple[str | None, int | None, set[UUID | None]]]:  # fmt: skip
    """Return number, version and concerned organisations of rows of a table, by id."""
    table = Base.metadata.tables[name]
    number = next((table.c[column] for column in ("number", "code") if column in table.c), sa.null())
    version = table.c.version if "version" in table.c else sa.null()
    found: dict[UUID, tuple[str | None, int | None, set[UUID | None]]] = {}
    for key, shown, seen in session.execute(sa.select(table.c.id, number, version).where(table.c.id.in_(ids))):
        found[key] = (str(shown) if shown is not None else None, seen, set())
    for path in SUBJECTS[name].reach:
        for key, org_id in session.execute(way(name, path).where(table.c.id.in_(ids))):
            found[key][2].add(org_id)
    return found


def way(name: str, path: str) -> sa.Select[Any]:
    """Return the query of ``(id of the row, organisation)`` along a path of columns."""
    table = Base.metadata.tables[name]
    here: sa.FromClause = table
    source: sa.FromClause = table
    steps = path.split(".")
    if path.startswith("<"):
        back = Base.metadata.tables[steps[0].removeprefix("<")].alias()
        source, here, steps = source.join(back, back.c[steps[1]] == table.c.id), back, steps[2:]
    for step in steps[:-1]:
        column = Base.metadata.tables[here.element.description if isinstance(here, sa.Alias) else name].c[step]
        following = next(iter(column.foreign_keys)).column.table.alias()
        source, here = source.join(following, following.c.id == here.c[step]), following
    return sa.select(table.c.id, here.c[steps[-1]]).select_from(source).where(here.c[steps[-1]].is_not(None))
