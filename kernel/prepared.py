"""Questions that are put together once and then asked as text.

To walk through an expression of a dozen gates anew takes longer than to answer it. Whatever holds for the whole day
stands in the text itself; what each asking brings are its parameters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

DIALECTS: Mapping[str, Any] = {"postgresql": postgresql.dialect, "sqlite": sqlite.dialect}
OPENING, CLOSING = "huiyi_asked_", "_huiyi"


def asked(name: str) -> sa.ColumnClause[Any]:
    """Return the place in a question where the parameter ``name`` goes."""
    return sa.literal_column(place(name))


def place(name: str) -> str:
    """Return what stands for a parameter in a text that is not prepared yet."""
    return f"{OPENING}{name}{CLOSING}"


def prepared(question: sa.Select[Any], dialect: str, **parameters: sa.types.TypeEngine[Any]) -> sa.TextualSelect:
    """Return ``question`` as the text of a database, with a parameter of each type where :func:`asked` stands.

    The caller keeps the result, by everything that is written into the text (the day, the book of rules).
    """
    text = text_of(question, dialect).replace(":", r"\:")
    for name in parameters:
        text = text.replace(place(name), f":{name}")
    binds = [sa.bindparam(name, type_=kind) for name, kind in parameters.items()]
    columns = [sa.column(column.name, column.type) for column in question.selected_columns]
    return sa.text(text).bindparams(*binds).columns(*columns)


def text_of(question: sa.Select[Any], dialect: str = "postgresql") -> str:
    """Return the text of a question with everything that holds for the whole day written into it."""
    plain = DIALECTS[dialect](paramstyle="named")
    return str(question.compile(dialect=plain, compile_kwargs={"literal_binds": True}))


POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]
PREPARED, KEPT_MAX = "huiyi_prepared", 16
NO_SUCH_STATEMENT, KNOWN_STATEMENT = "26000", "42P05"
READERS: Mapping[Any, Callable[[Any], Any]] = {UUID: UUID, date: date.fromisoformat, datetime: datetime.fromisoformat}


class Alone:
    """A statement of PostgreSQL that is a transaction of its own: one round trip, without BEGIN and COMMIT.

    It takes effect as a whole or not at all. Each connection keeps it prepared under the digest of its text, so that
    only parameters are sent; rows come as JSON, which does not depend on how a server writes dates.
    """

    def __init__(self, text: str, columns: Iterable[Any], *names: str) -> None:
        """Take the text, which answers with one JSON object a row, with :func:`place` where each name goes."""
        for number, name in enumerate(names, start=1):
            text = text.replace(place(name), f"${number}")
        self.text, self.names = text.encode(), names
        self.name = f"huiyi_{hashlib.sha256(self.text).hexdigest()[:32]}".encode()
        self.readers = [(column.key, read) for column in columns if (read := _reader(column.type)) is not None]

    def ask(self, session: Session, **brought: Any) -> list[SimpleNamespace] | None:
        """Return the rows; None where it cannot be asked so (SQLite, an open transaction) or was refused.

        None means that nothing has happened, unless the connection broke: the ordinary way, which the caller then
        goes, must find what did, as after any lost answer to a COMMIT.
        """
        bound = session.get_bind()
        if session.in_transaction() or not isinstance(bound, sa.Engine) or bound.dialect.name != "postgresql":
            return None
        values = [None if brought[name] is None else str(brought[name]).encode() for name in self.names]
        if any(b"\0" in value for value in values if value is not None):
            return None  # this protocol would cut it short; the ordinary way refuses it
        connection = bound.raw_connection()
        try:
            result = self._answer(connection, values)
            if result is None or result.status != ExecStatus.TUPLES_OK:
                return None
            return [self._read(result.get_value(row, 0)) for row in range(result.ntuples)]
        finally:
            connection.close()

    def _answer(self, connection: sa.PoolProxiedConnection, values: list[bytes | None]) -> Any:
        driver: Any = connection.dbapi_connection
        try:
            result = self._executed(driver.pgconn, connection.info.setdefault(PREPARED, {}), values)
            if driver.pgconn.status == ConnStatus.OK:
                return result
        except psycopg.Error:
            pass
        connection.invalidate()
        return None

    def _executed(self, server: Any, kept: dict[bytes, None], values: list[bytes | None]) -> Any:
        if self.name in kept:
            result = server.exec_prepared(self.name, values)
            if _state(result) != NO_SUCH_STATEMENT:  # a roll-back of the driver drops them all
                return result
        made = server.prepare(self.name, self.text)
        if made.status != ExecStatus.COMMAND_OK and _state(made) != KNOWN_STATEMENT:
            return made
        kept[self.name] = None
        if len(kept) > KEPT_MAX:  # those of the days before
            oldest = next(iter(kept))
            del kept[oldest]
            server.exec_(b"DEALLOCATE " + oldest)
        return server.exec_prepared(self.name, values)

    def _read(self, text: bytes) -> SimpleNamespace:
        found = json.loads(text)
        for key, read in self.readers:
            if found.get(key) is not None:
                found[key] = read(found[key])
        return SimpleNamespace(**found)


def alone(question: sa.Select[Any], *names: str) -> Alone:
    """Return ``question`` as a statement of its own; the caller keeps it as it keeps what is :func:`prepared`."""
    text = f"SELECT row_to_json(answer) FROM ({text_of(question)}) AS answer"  # noqa: S608 — our own question
    return Alone(text, question.selected_columns, *names)


def _reader(kind: sa.types.TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """Return what makes the value of a column of what stands in JSON, None where JSON says it already."""
    own = kind if isinstance(kind, sa.types.TypeDecorator) else None
    try:
        wanted = (kind if own is None else own.impl_instance).python_type
    except NotImplementedError:
        return None
    read = wanted if issubclass(wanted, Enum) else READERS.get(wanted)
    if own is None:
        return read
    return lambda value: own.process_result_value(value if read is None else read(value), POSTGRESQL)


def _state(result: Any) -> str:
    found: bytes | None = result.error_field(DiagnosticField.SQLSTATE)
    return "" if found is None else found.decode()
