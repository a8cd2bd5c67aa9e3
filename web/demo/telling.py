"""Telling the story: a fresh database, the five places, the tables, and then the site on it."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from werkzeug.serving import make_server

from web import create_app
from web.config import ROOT, Config
from web.demo import sign_ins, tables
from web.demo.cast import PASSWORD, Place
from web.demo.days import REGISTERED
from web.demo.places import PLACES
from web.demo.stage import ADMINISTRATOR, Told
from web.demo.story import CHAPTERS, tell_places
from web.schema import upgrade
from web.timetable import work

OVERLAY = ROOT / "policies" / "overlays" / "demonstration.yaml"
HOST = "127.0.0.1"
LEFT_BY_SQLITE = ("", "-wal", "-shm", "-journal", "-progress")


def settings(path: Path) -> Config:
    """Return the settings of the demonstration on one database file."""
    return Config(env="demonstration", database_url=f"sqlite:///{path}", policy_overlays=str(OVERLAY))


def fresh_database(path: Path) -> None:
    """Delete the database with what SQLite left beside it, and build the newest schema."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for ending in LEFT_BY_SQLITE:
        path.with_name(path.name + ending).unlink(missing_ok=True)
    sign_ins.beside(path).unlink(missing_ok=True)
    upgrade(f"sqlite:///{path}")


def tell(path: Path, console: Console, *, serve: bool, port: str, places: Sequence[Place] = PLACES) -> list[Told]:
    """Tell the whole story on a fresh database at ``path`` and print it; then serve the site until stopped."""
    began = time.perf_counter()
    fresh_database(path)
    app = create_app(settings(path))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("惠益演示", total=len(CHAPTERS))

        def note(title: str) -> None:
            bar.update(task, description=title)
            bar.advance(task)

        stage, tolds = tell_places(app, places, progress=note)
    app.extensions["huiyi_database"].engine.dispose()
    sign_ins.write(path, places)
    tables.show(console, tolds)
    seconds = time.perf_counter() - began
    console.print(
        f"{len(tolds)} 地、{stage.calls} 次接口调用、{stage.refused_calls} 次应有的拒绝，用时 {seconds:.1f} 秒；"
        f"故事自 {REGISTERED} 讲到 {stage.today}，数据在 {path}。"
    )
    if serve:
        _serve(path, console, port)
    return tolds


def _serve(path: Path, console: Console, port: str) -> None:
    """Serve the site; its clock runs on from the end of the story."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for every picture helps nobody
    app = create_app(settings(path))
    try:
        server = make_server(HOST, int(port), app, threaded=True)
    except (OSError, SystemExit):
        console.print(f"[red]端口 {port} 已被占用[/]：请以 huiyi demo --port 另选端口，数据已就绪。")
        sys.exit(1)
    _print_sign_ins(console, app.config[sign_ins.CONFIG_KEY])
    console.print(f"\n网站：[bold]http://{HOST}:{server.port}[/]（按 Ctrl-C 结束）。登录密码均为 [bold]{PASSWORD}[/]。")
    try:
        with scheduled(app):
            server.serve_forever()
    except KeyboardInterrupt:
        console.print("已停止。")
    finally:
        server.server_close()


@contextmanager
def scheduled(app: Flask) -> Iterator[None]:
    """Run the timetable beside the site, as ``huiyi work`` would: one window is enough for a demonstration."""
    stop = threading.Event()
    keeping = threading.Thread(target=work, args=(app, app.logger.debug, stop), name="timetable")
    keeping.start()
    try:
        yield
    finally:
        stop.set()
        keeping.join()


def _print_sign_ins(console: Console, people: Sequence[Mapping[str, str]]) -> None:
    """Print who can sign in, a line for each duty and place: names are broken in no window, however narrow."""
    table = Table("职责", "登录名", title="可登录的身份", title_justify="left")
    for role in dict.fromkeys(person["role"] for person in people):
        logins: dict[str, list[str]] = {}
        for person in people:
            if person["role"] == role:
                logins.setdefault(person["place"], []).append(person["login"])
        table.add_row(role, "\n".join("  ".join(found) for found in logins.values()))
    console.print(table)
    console.print(f"安全管理员：{ADMINISTRATOR}")
