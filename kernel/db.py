"""The database: base class, column types, the session of a request, and the only committer."""

from __future__ import annotations

import enum
import importlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import sqlalchemy as sa
import uuid_utils
from flask import current_app, g, has_app_context
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from uuid_utils.compat import uuid7

from kernel import canonical
from kernel.errors import DomainError
from kernel.money import Money, UnitPrice

RATE_SCALE = 10**9
BACK_AT, REST_SECONDS = "huiyi_back_at", 1.0
PACKAGES = ("kernel", "registry", "pricing", "market", "settlement")
PRAGMAS = {"foreign_keys": 1, "recursive_triggers": 1, "synchronous": 2, "busy_timeout": 30_000, "trusted_schema": 0}


class MoneyType(sa.types.TypeDecorator[Money]):
    """Money as whole fen in a BIGINT: the same bytes and the same sums on SQLite and PostgreSQL."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Money | None, dialect: sa.Dialect) -> int | None:
        """Store fen."""
        return None if value is None else value.fen

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> Money | None:
        """Read fen; PostgreSQL sums BIGINT into NUMERIC, hence ``int``."""
        return None if value is None else Money(int(value))


class UnitPriceType(sa.types.TypeDecorator[UnitPrice]):
    """A price below a fen as an integer of 10⁻⁸ yuan."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: UnitPrice | None, dialect: sa.Dialect) -> int | None:
        """Store the scaled integer."""
        return None if value is None else value.units

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> UnitPrice | None:
        """Read the scaled integer."""
        return None if value is None else UnitPrice(int(value))


class RateType(sa.types.TypeDecorator[Decimal]):
    """A fraction with at most nine decimals, as a scaled BIGINT (SQLite's NUMERIC goes through float)."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> int | None:
        """Store the scaled integer; a finer fraction is a programming error, not something to round away.

        Raises:
            ValueError: the fraction has more than nine decimals.
        """
        if value is None:
            return None
        scaled = value * RATE_SCALE
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than nine decimals")
        return int(scaled)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> Decimal | None:
        """Read the fraction."""
        return None if value is None else (Decimal(int(value)) / RATE_SCALE).normalize()


class MomentType(sa.types.TypeDecorator[datetime]):
    """An aware moment, stored as UTC; naive datetimes are refused."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Use TIMESTAMPTZ on PostgreSQL."""
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Store UTC.

        Raises:
            ValueError: the moment has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Read aware UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _enum_values(kind: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in kind]


class Base(DeclarativeBase):
    """Declares the tables; maps Python types to columns once."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        Money: MoneyType,
        UnitPrice: UnitPriceType,
        Decimal: RateType,
        datetime: MomentType,
        date: sa.Date,
        UUID: sa.Uuid,
        int: sa.BigInteger,
        str: sa.Text,
        dict[str, Any]: sa.JSON,
        list[Any]: sa.JSON,
        enum.StrEnum: sa.Enum(
            enum.StrEnum, native_enum=False, create_constraint=True, length=40, values_callable=_enum_values
        ),
    }


def new_id() -> UUID:
    """Return a time-ordered identifier (UUIDv7): random ones load two to three times slower."""
    return uuid7()


def new_id_bytes() -> bytes:
    """Return the bytes of such an identifier: a fifth of the time, where thousands are written at once."""
    made: bytes = uuid_utils.uuid7().bytes
    return made


class Entity(Base):
    """A row with an identity and a version that every change raises (optimistic lock and ETag)."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    version: Mapped[int] = mapped_column(default=1)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let SQLAlchemy raise the version and refuse a lost update."""
        cls.__mapper_args__ = {"version_id_col": cls.version, **getattr(cls, "__mapper_args__", {})}
        super().__init_subclass__(**kwargs)


def import_models() -> None:
    """Import every ``model.py``, so that the metadata knows all tables."""
    root = Path(__file__).resolve().parent.parent
    for package in PACKAGES:
        for path in sorted((root / package).glob("**/model.py")):
            importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))
    for module in ("audit", "numbering", "files", "idempotency", "jobs", "job_requests", "progress"):
        importlib.import_module(f"kernel.{module}")


def make_engine(url: str, *, echo: bool = False) -> sa.Engine:
    """Return an engine whose connections refuse what the code must never do.

    On SQLite every connection sets its pragmas and reads them back; transactions that write start with
    ``BEGIN IMMEDIATE``, so that two writers queue instead of failing halfway.
    """
    sa_url = sa.make_url(url)
    if sa_url.get_backend_name() != "sqlite":
        made = sa.create_engine(sa_url, pool_size=10, max_overflow=10, echo=echo, json_serializer=to_json)
        event.listen(made, "checkin", _note_the_time)
        event.listen(made, "checkout", _ping_after_a_rest)
        made.dialect.do_rollback = _roll_back  # type: ignore[method-assign, assignment]
        return made
    if sa_url.database:
        Path(sa_url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(sa_url, echo=echo, json_serializer=to_json)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _note_the_time(_connection: Any, record: Any) -> None:
    record.info[BACK_AT] = time.monotonic()


def _ping_after_a_rest(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a connection whether it still lives, unless it answered a moment ago: that question costs as much as a read.

    Raises:
        InvalidatePoolError: the server is gone or was restarted; the pool opens new connections.
    """
    if time.monotonic() - record.info.get(BACK_AT, time.monotonic()) < REST_SECONDS:
        return
    try:
        is_alive = connection.pgconn.exec_(b"SELECT 1").status == ExecStatus.TUPLES_OK
    except psycopg.Error:
        is_alive = False
    if not is_alive:
        raise sa.exc.InvalidatePoolError("the server closed the connection")


def _roll_back(connection: Any) -> None:
    """Roll back and keep the prepared statements: psycopg's own rollback drops them all.

    Every request that only reads ends in a rollback, so nothing would ever stay prepared, and to plan the question
    about a dozen gates anew takes ten times longer than to answer it.
    """
    if connection.pgconn.transaction_status == TransactionStatus.IDLE:
        return
    if connection.pgconn.exec_(b"ROLLBACK").status != ExecStatus.COMMAND_OK:
        connection.rollback()  # a broken connection: let the driver say so


def to_json(value: Any) -> str:
    """Return canonical JSON text: sorted keys, no spaces, no escapes; digests are taken over it."""
    return canonical.text(value)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    for name, value in PRAGMAS.items():
        cursor.execute(f"PRAGMA {name} = {value}")
        found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
        if found != value:
            raise RuntimeError(f"SQLite pragma {name} is {found}, not {value}: refusing to work on this database")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("huiyi_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """An engine and its sessions."""

    def __init__(self, url: str) -> None:
        """Open the database at ``url``."""
        self.url = url
        self.engine = make_engine(url)

    def new_session(self) -> Session:
        """Return a session that keeps its objects readable after the commit."""
        return Session(self.engine, expire_on_commit=False)


def database() -> Database:
    """Return the database of the running application."""
    found: Database = current_app.extensions["huiyi_database"]
    return found


def session() -> Session:
    """Return the session of this request, job or command; opened lazily, closed by :func:`close`."""
    if "huiyi_session" not in g:
        g.huiyi_session = database().new_session()
    opened: Session = g.huiyi_session
    return opened


def close(_error: BaseException | None = None) -> None:
    """Close the session at the end of the application context."""
    if has_app_context():
        opened = g.pop("huiyi_session", None)
        if opened is not None:
            opened.close()


@contextmanager
def transaction() -> Iterator[Session]:
    """Run the block in one transaction: commit when it ends, roll back when it raises.

    This is the only committer. Only the edge calls it: routes, jobs, commands of the terminal. The edge of a
    repeatable request (:mod:`kernel.idempotency`) opens it around the route, so that the stored answer is
    committed together with the effect; the route's own block then joins it, once.

    Raises:
        RuntimeError: a transaction is open already.
    """
    state = g.setdefault("huiyi_transaction", "none")
    if state == "open":
        raise RuntimeError("a transaction is open already; commands take the session as an argument")
    if state == "joinable":
        g.huiyi_transaction = "open"
        yield session()
        session().flush()  # the answer is written before the commit, and must carry the versions that it makes
        return
    with write_transaction(session()) as opened:
        g.huiyi_transaction = "open"
        try:
            yield opened
        finally:
            g.huiyi_transaction = "none"


@contextmanager
def joinable_transaction() -> Iterator[Session]:
    """Open the transaction that the route's own block will join (for :mod:`kernel.idempotency` only)."""
    with write_transaction(session()) as opened:
        g.huiyi_transaction = "joinable"
        try:
            yield opened
        finally:
            g.huiyi_transaction = "none"


@contextmanager
def write_transaction(opened: Session) -> Iterator[Session]:
    """Commit or roll back one session; the part of :func:`transaction` that needs no request.

    A refusal that must be kept, such as one in the log of access decisions, is written in a second transaction after
    the first was rolled back.

    Raises:
        RuntimeError: objects were changed before the transaction began.
    """
    if opened.new or opened.dirty or opened.deleted:
        raise RuntimeError("objects were changed outside a transaction")
    if not _may_go_on(opened):
        opened.rollback()
        opened.connection(execution_options={"huiyi_writes": True})
    try:
        yield opened
        opened.commit()
    except BaseException as error:
        opened.rollback()
        if isinstance(error, DomainError) and error.leaves_behind is not None:
            with write_transaction(opened) as afterwards:
                error.leaves_behind(afterwards)
        raise


def _may_go_on(opened: Session) -> bool:
    """Say whether what was read may be followed by writes in the same transaction, which saves its end and a beginning.

    On PostgreSQL every statement sees what is committed by then; no object may have been loaded, for it would be stale.
    """
    if not opened.in_transaction() or opened.get_bind().dialect.name != "postgresql" or len(opened.identity_map):
        return False
    driver: Any = opened.connection().connection.dbapi_connection
    return bool(driver.pgconn.transaction_status == TransactionStatus.INTRANS)
