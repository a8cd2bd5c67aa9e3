"""Anchors stand in public without sign-in; packs are given to those whom they concern."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from kernel import audit, db
from kernel.calendar import BEIJING
from kernel.db import to_json
from kernel.identity import Role
from market.orders.model import Order
from settlement.proofs import commands
from settlement.statements.model import Statement
from tests.make import settlement as make
from tests.make.clients import as_person, as_program
from tests.settlement.proofs.conftest import TIMETABLE
from web.cli import huiyi
from web.scheduling import Turn
from web.timetable import JOBS

ATOM = "{http://www.w3.org/2005/Atom}"


def anchored(app: Flask) -> tuple[make.World, str, str]:
    """The worked example settled, sealed and anchored; the number of the operator's statement, and of an order."""
    with app.app_context():
        with db.transaction() as session:
            world = make.make_world(session)
            make.use(session, world.scores_bought, 200)
            make.settle(session)
        late = make.NOW + timedelta(days=2)
        with db.transaction() as session:
            audit.seal(session, now=late, before=late)
        with db.transaction() as session:
            commands.anchor(session, TIMETABLE, now=make.NOW + timedelta(days=1))
        session = db.session()
        number = session.scalars(sa.select(Statement.number).where(Statement.party_id == world.operator.id)).one()
        order = session.scalars(sa.select(Order.number).where(Order.id == world.scores_bought.order_id)).one()
    return world, str(number), str(order)


def test_anyone_reads_the_anchors_on_the_page_in_the_feed_and_as_json(app: Flask, september: None) -> None:
    anchored(app)
    visitor = app.test_client()
    listed = visitor.get("/api/v1/anchors").json["items"]
    assert [one["day"] for one in listed] == ["2026-09-02"]
    assert visitor.get("/api/v1/anchors/2026-09-02").json == listed[0]
    assert json.loads(visitor.get("/proofs/2026-09-02.json").get_data(as_text=True)) == listed[0]
    page = visitor.get("/proofs").get_data(as_text=True)
    assert listed[0]["sha256"][:12] in page
    assert "huiyi_check.py" in page
    feed = ElementTree.fromstring(visitor.get("/proofs/feed.atom").data)  # noqa: S314 — our own
    assert [one.findtext(f"{ATOM}summary") for one in feed.iter(f"{ATOM}entry")] == [
        f"SHA-256 {listed[0]['sha256']} SM3 {listed[0]['sm3']}"
    ]
    for address in ("/api/v1/anchors/2026-09-09", "/api/v1/anchors/yesterday", "/proofs/2026-13-45.json"):
        assert visitor.get(address).status_code == 404
    since = visitor.get("/api/v1/anchors/2026-09-02/since/2026-09-02").json
    assert since["proof"] == {"sha256": [], "sm3": []}
    assert visitor.get("/proofs/2026-09-02/since/2026-09-02.json").status_code == 200


def test_what_is_downloaded_is_checked_with_the_downloaded_program(app: Flask, september: None, tmp_path: Path) -> None:
    world, statement, order = anchored(app)
    party = as_person(app, Role.OPERATOR, party=world.operator)
    auditor = as_person(app, Role.AUDITOR)
    link = f"/orders/{order}/evidence-pack.json"
    assert link in auditor.get(f"/orders/{order}").get_data(as_text=True)
    merchant = as_person(app, Role.MERCHANT, party=world.merchant).get(f"/orders/{order}")
    assert (merchant.status_code, link in merchant.get_data(as_text=True)) == (200, False)
    for name, client, address in (
        ("huiyi_check.py", app.test_client(), "/proofs/huiyi_check.py"),
        ("anchor.json", app.test_client(), "/proofs/2026-09-02.json"),
        ("statement.json", party, f"/statements/{statement}/pack.json"),
        ("order.json", auditor, f"/orders/{order}/evidence-pack.json"),
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        (tmp_path / name).write_bytes(answer.data)
    for pack in ("statement.json", "order.json"):
        command = [sys.executable, "-I", "-S", "-X", "utf8", "huiyi_check.py", pack, "anchor.json"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, "核验通过 · verified\n"), done.stdout
    assert "封存根 SM3" in party.get(f"/statements/{statement}").get_data(as_text=True)


def test_a_pack_is_given_to_those_whom_it_concerns(app: Flask, september: None) -> None:
    world, statement, order = anchored(app)
    client = app.test_client()
    other = as_program(app, Role.SOURCE, party=world.bureau)
    own = as_program(app, Role.OPERATOR, party=world.operator)
    finance = as_program(app, Role.FINANCE_CHECKER, place="xinchang")
    assert client.get(f"/api/v1/statements/{statement}/pack", headers=other).status_code == 404
    assert client.get(f"/api/v1/statements/{statement}/pack", headers=own).json["kind"] == "statement"
    assert client.get(f"/api/v1/orders/{order}/evidence-pack", headers=own).status_code == 403
    assert client.get(f"/api/v1/orders/{order}/evidence-pack", headers=finance).json["kind"] == "order"
    assert client.get(f"/statements/{statement}/pack.json").status_code in (302, 401)


def test_the_terminal_compares_the_books_with_a_kept_anchor(app: Flask, september: None, tmp_path: Path) -> None:
    anchored(app)
    kept = app.test_client().get("/api/v1/anchors/2026-09-02").json
    path, books = tmp_path / "anchor.json", app.extensions["huiyi_database"].engine.url.database
    path.write_text(to_json(kept), encoding="utf-8")
    right = CliRunner().invoke(huiyi, ["verify", "--from", books, "--anchor", str(path)])
    assert "副本" not in right.output
    kept["log_sha256"] = "0" * 64
    path.write_text(to_json(kept), encoding="utf-8")
    wrong = CliRunner().invoke(huiyi, ["verify", "--from", books, "--anchor", str(path)])
    assert wrong.exit_code == 1
    assert "副本" in wrong.output


def test_each_day_has_an_anchor_of_its_own_and_one_that_is_made_up_for_holds_what_stood_at_its_end(
    app: Flask, september: None
) -> None:
    anchored(app)  # of 2 September
    (job,) = [one for one in JOBS if one.name == "proofs.anchor"]
    assert job.each
    assert job.run is not None
    with app.app_context(), db.transaction() as session:
        after = make.NOW + timedelta(days=8)
        assert audit.seal(session, now=after, before=after) is not None
        for day in (3, 4):  # nobody was there on the fourth and the fifth: one day after the other is made up for
            at = datetime(2026, 9, day + 1, 0, 5, tzinfo=BEIJING)
            job.run(session, TIMETABLE, Turn(after, job.cadence.slot(at)))
    listed = app.test_client().get("/api/v1/anchors").json["items"]
    assert sorted((one["day"], one["seals"]) for one in listed) == [
        ("2026-09-02", 1), ("2026-09-03", 1), ("2026-09-04", 1)
    ]  # fmt: skip
