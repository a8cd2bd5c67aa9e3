"""Databases for tests: the schema is built once per run and kind, and every test gets its own copy of it.

Copies and not roll-backs: the code under test commits, and append-only tables can be neither deleted from nor
truncated. All workers of a run share one folder (:func:`open_run`); who comes first builds, under a file lock.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from kernel import db
from tests.rig import postgres

ROOT = Path(__file__).resolve().parent.parent.parent
RUN = "HUIYI_TEST_RUN"
GIVEN_POSTGRES = "HUIYI_TEST_POSTGRES_URL"
PREFIX = "huiyi-test-"
KINDS = ("sqlite", "postgresql")


class NotBuilt(RuntimeError):
    """The server or the schema could not be built; half of it may be there, so nobody tries again."""


def open_run() -> None:
    """Make the folder of this run and tell the workers through the environment."""
    folder = postgres.new_folder(PREFIX)
    for left in folder.parent.glob(f"{PREFIX}*"):
        if left != folder and _is_abandoned(left):
            _remove(left)
    (folder / "owner").write_text(str(os.getpid()), encoding="utf-8")
    os.environ[RUN] = str(folder)


def close_run() -> None:
    """Stop the run's server, if a test needed one, and remove its folder."""
    _remove(Path(os.environ.pop(RUN)))


def _is_abandoned(folder: Path) -> bool:
    owner = folder / "owner"
    return owner.exists() and not Path(f"/proc/{owner.read_text(encoding='utf-8')}").exists() and Path("/proc").exists()


def _remove(folder: Path) -> None:
    programs = folder / "programs"
    if programs.exists():
        server = postgres.Server(folder / "pg", Path(programs.read_text(encoding="utf-8")))
        if (server.folder / "data" / "postmaster.pid").exists():
            # when a machine stops, the file outlives the server that it names, or even the server's programs
            with suppress(postgres.NoPostgres, OSError):
                server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def alembic_config(url: str) -> AlembicConfig:
    """Return Alembic's configuration for one database."""
    config = AlembicConfig(str(ROOT / "alembic.ini"))
    config.attributes["url"] = url
    return config


def build_schema(url: str) -> None:
    """Build the newest schema: by the migrations where there are any, else straight from the models."""
    if any((ROOT / "migrations" / "versions").glob("*.py")):
        command.upgrade(alembic_config(url), "head")
        return
    db.import_models()
    engine = db.make_engine(url)
    db.Base.metadata.create_all(engine)
    engine.dispose()


class Databases:
    """Hands out fresh databases to one worker."""

    def __init__(self, worker: str) -> None:
        """Join the run that the environment names."""
        self.folder = Path(os.environ[RUN])
        self.worker = worker
        self.made = 0
        self._admin: psycopg.Connection | None = None

    def fresh(self, kind: str, *, empty: bool = False) -> str:
        """Return the URL of a database that nobody has used; ``empty`` leaves out the schema.

        Raises:
            NoPostgres: PostgreSQL is asked for and cannot be had.
            NotBuilt: another test met that, or an error in the schema, before.
        """
        name = self._new_name()
        return self._fresh_sqlite(name, empty) if kind == "sqlite" else self._fresh_postgres(name, empty)

    def copied(self, url: str) -> str:
        """Return the URL of a second database like one that :meth:`fresh` made; nobody may be connected to that one."""
        made, name = sa.make_url(url), self._new_name()
        if made.get_backend_name() == "sqlite":
            path = self.folder / f"{name}.sqlite"
            shutil.copyfile(made.database or "", path)
            return f"sqlite:///{path}"
        assert self._admin is not None
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{made.database}" STRATEGY FILE_COPY'.encode())
        return _text(made.set(database=name))

    def _new_name(self) -> str:
        self.made += 1
        return f"huiyi_test_{os.getpid()}_{self.worker}_{self.made}"

    def discard(self, url: str) -> None:
        """Remove a database that :meth:`fresh` made."""
        made = sa.make_url(url)
        if made.get_backend_name() == "sqlite":
            for path in self.folder.glob(f"{Path(made.database or '').name}*"):
                path.unlink()
        elif self._admin is not None:
            self._admin.execute(f'DROP DATABASE IF EXISTS "{made.database}" WITH (FORCE)'.encode())

    def close(self) -> None:
        """Let go of the server."""
        if self._admin is not None:
            self._admin.close()

    def _fresh_sqlite(self, name: str, empty: bool) -> str:
        path = self.folder / f"{name}.sqlite"
        if not empty:
            template = self.folder / "template.sqlite"
            with self._built_once("sqlite") as is_built:
                if not is_built:
                    build_schema(f"sqlite:///{template}")
            shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    def _fresh_postgres(self, name: str, empty: bool) -> str:
        server = sa.make_url(self._server_url())
        if self._admin is None:
            self._admin = psycopg.connect(_plain(server), autocommit=True)
        template = template_name(self.folder)
        if not empty:
            with self._built_once("postgresql") as is_built:
                if not is_built:
                    self._admin.execute(f'CREATE DATABASE "{template}"'.encode())
                    build_schema(_text(server.set(database=template)))
        copy_postgres(self._admin, "template0" if empty else template, name)
        return _text(server.set(database=name))

    def _server_url(self) -> str:
        given = os.environ.get(GIVEN_POSTGRES)
        if given:
            return given
        with self._built_once("server") as is_built:
            if not is_built:
                (self.folder / "pg").mkdir()
                self.folder.chmod(0o755)
                server = postgres.start(self.folder / "pg")
                (self.folder / "programs").write_text(str(server.programs), encoding="utf-8")
                (self.folder / "url").write_text(server.url(), encoding="utf-8")
        return (self.folder / "url").read_text(encoding="utf-8")

    @contextmanager
    def _built_once(self, what: str) -> Iterator[bool]:
        """Yield whether ``what`` is built already; the block builds it while the other workers wait."""
        mark, failure = self.folder / f"{what}.built", self.folder / f"{what}.failed"
        if mark.exists():
            yield True
            return
        with (self.folder / f"{what}.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if failure.exists():
                raise NotBuilt(f"an earlier test could not build the {what}: {failure.read_text(encoding='utf-8')}")
            try:
                yield mark.exists()
            except Exception as error:
                failure.write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
                raise
            mark.touch()


def template_name(folder: Path) -> str:
    """Return the name of the PostgreSQL database with the newest schema and nothing in it."""
    return f"huiyi_template_{folder.name.removeprefix(PREFIX)}"


def copy_postgres(admin: psycopg.Connection, source: str, name: str) -> None:
    """Make a database out of another: copying files takes half as long as logging every block of them."""
    admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY'.encode())


def server_of(url: sa.URL) -> psycopg.Connection:
    """Connect to the server of a database, not to the database."""
    return psycopg.connect(_plain(url.set(database="postgres")), autocommit=True)


def _plain(url: sa.URL) -> str:
    return _text(url.set(drivername="postgresql"))


def _text(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


def share_compiled_statements() -> None:
    """Let all engines of this process compile each statement once per kind of database, not once per test."""
    shared: dict[str, tuple[sa.Dialect, dict[Any, Any]]] = {}

    def join(connection: sa.Connection) -> None:
        engine = connection.engine
        dialect, compiled = shared.setdefault(engine.dialect.name, (engine.dialect, {}))
        if engine.dialect is not dialect:  # what was compiled is found by the dialect that compiled it
            connection.dialect = engine.dialect = dialect
        engine.update_execution_options(compiled_cache=compiled)

    sa.event.listen(sa.Engine, "engine_connect", join)


def keep_bytecode() -> None:
    """Let modules be compiled once, not by each worker and each program that a test starts: 3 to 15 s a time."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def share_compiled_templates() -> None:
    """Let all applications of a run compile each template once between them, not each of them once per worker."""
    folder = Path(os.environ[RUN]) / "templates"
    folder.mkdir(exist_ok=True)
    Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(str(folder))}
