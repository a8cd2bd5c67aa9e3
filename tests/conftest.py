"""What every test may ask for: a database of its own, the application on it, a browser.

A test runs on SQLite. Marked ``both_databases`` it runs on PostgreSQL too; marked ``postgresql_only`` on
PostgreSQL alone. After every test that used a database the auditors' checks must find nothing.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from playwright.sync_api import Browser, Page
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from kernel.db import Database
from tests.rig import databases as rig
from tests.rig import worlds
from tests.rig.browser import page_of_one_person, running_browser
from tests.rig.network import refuse_the_network
from tests.rig.passwords import cost_little

# long or often forking tests start with the run, the latter while a worker is small: to fork a large one costs 50 ms
FIRST = (
    ("settlement/runs/test_kill.py", "promises/test_settlement_kills.py", "settlement/closing/test_kill.py",
     "settlement/runs/test_at_once.py", "web/test_canaries.py", "web/test_routes.py",
     "market/catalogue/test_truth_table.py"),
    ("web/test_takeover.py", "settlement/usage/test_engines.py", "journeys/test_demo_is_repeatable.py",
     "web/test_verify.py", "journeys/test_settling.py", "web/test_security.py", "journeys/test_market.py"),
)  # fmt: skip
GARBAGE = (50_000, 20, 50)  # when Python looks for circles again: the application alone makes hundreds a request
# two cores shared by many: how long an example takes says nothing; every run draws others
settings.register_profile("huiyi", deadline=None, max_examples=50)
settings.load_profile("huiyi")


def pytest_configure(config: pytest.Config) -> None:
    """Open the run, once for all workers, and cut the network."""
    gc.disable()  # what is imported and collected stays: to look for garbage among it is half a second in vain
    rig.keep_bytecode()
    refuse_the_network()
    rig.share_compiled_statements()
    cost_little()
    if not hasattr(config, "workerinput"):
        rig.open_run()
    rig.share_compiled_templates()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the run's PostgreSQL and remove its files."""
    if not hasattr(config, "workerinput"):
        rig.close_run()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes long at the start of what the first workers are given: each gets an even part of the list."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers == 1:
        return
    rank = {str(rig.ROOT / "tests" / name): place for place, names in enumerate(FIRST) for name in names}
    groups: list[list[pytest.Item]] = [[] for _ in FIRST]
    rest: list[pytest.Item] = []
    for item in items:
        place = rank.get(str(item.path))
        (rest if place is None else groups[place]).append(item)
    for place, group in enumerate(groups):
        order = FIRST[place]
        group.sort(key=lambda item: order.index(item.path.relative_to(rig.ROOT / "tests").as_posix()))
        start = place * len(items) // workers if place < workers else 0
        rest[start:start] = group
    items[:] = rest


def pytest_collection_finish() -> None:
    """Take what lives to the end of the run out of every later search for garbage: a seventh of all the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    gc.enable()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run marked tests on the databases they name."""
    if "database_kind" not in metafunc.fixturenames:
        return
    if metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("database_kind", rig.KINDS, indirect=True)
    elif metafunc.definition.get_closest_marker("postgresql_only"):
        metafunc.parametrize("database_kind", ["postgresql"], indirect=True)


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[rig.Databases]:
    """The databases of this run."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    pool = rig.Databases(worker)
    yield pool
    worlds.let_go()
    pool.close()


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on: "sqlite" or "postgresql"."""
    kind: str = getattr(request, "param", "sqlite")
    return kind


@pytest.fixture
def empty_database_url(databases: rig.Databases, database_kind: str) -> Iterator[str]:
    """A database without any table."""
    url = databases.fresh(database_kind, empty=True)
    yield url
    databases.discard(url)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, databases: rig.Databases, database_kind: str) -> Iterator[str]:
    """A database with the newest schema and nothing in it; when the test is over, its books must be right."""
    url = databases.fresh(database_kind)
    yield url
    if auditors := checks_of(request):
        database = Database(url)
        with database.new_session() as opened:
            assert auditors(opened) == []
        database.engine.dispose()
    databases.discard(url)


@pytest.fixture
def session(request: pytest.FixtureRequest, database_url: str) -> Iterator[Session]:
    """A session for tests of commands and queries; whatever it left uncommitted is audited and thrown away."""
    database = Database(database_url)
    opened = database.new_session()
    yield opened
    if (auditors := checks_of(request)) and opened.is_active:
        opened.flush()
        assert auditors(opened) == []
    opened.close()
    database.engine.dispose()


def checks_of(request: pytest.FixtureRequest) -> Callable[[Session], list[Any]] | None:
    """Return the auditors' checks, unless the test is about broken books and says so."""
    if request.node.get_closest_marker("breaks_the_books"):
        return None
    # the ledger is the top of the tree: the rig works before it is built, and follows it as soon as it is
    if not importlib.util.find_spec("settlement.ledger") or not importlib.util.find_spec("settlement.ledger.checks"):
        return None
    run: Callable[[Session], list[Any]] = importlib.import_module("settlement.ledger.checks").run
    return run


def config_for_tests(database_url: str) -> Any:
    """Return the configuration of an application under test."""
    config = importlib.import_module("web.config").Config
    overlay = rig.ROOT / "policies" / "overlays" / "demonstration.yaml"
    return config.from_environment(
        {"HUIYI_DATABASE_URL": database_url, "HUIYI_ENV": "test", "HUIYI_POLICY_OVERLAYS": str(overlay)}
    )


@pytest.fixture(scope="session")
def built_app() -> Flask:
    """The application of this worker: to build it takes longer than most tests, so they take turns with one."""
    built: Flask = importlib.import_module("web").create_app(config_for_tests("sqlite://"))
    return built


@pytest.fixture
def app(built_app: Flask, database_url: str) -> Iterator[Flask]:
    """The application on a fresh database; what a test changes in its configuration is gone afterwards."""
    config, extensions = dict(built_app.config), dict(built_app.extensions)
    built_app.config["HUIYI"] = config_for_tests(database_url)
    built_app.extensions["huiyi_database"] = Database(database_url)
    yield built_app
    built_app.extensions["huiyi_database"].engine.dispose()
    for kept, before in ((built_app.config, config), (built_app.extensions, extensions)):
        kept.clear()
        kept.update(before)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor who has not signed in."""
    return app.test_client()


@pytest.fixture
def live_url(app: Flask) -> Iterator[str]:
    """The address of the application, served by threads of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all page tests of this worker."""
    with running_browser() as running:
        yield running


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """A page of a person with fresh cookies; it may load nothing from other hosts."""
    with page_of_one_person(browser) as page:
        yield page
