"""Whoever holds a pack checks it alone: with nothing but Python, no network and no trust in us (M4, M11)."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from kernel import merkle
from kernel.db import to_json, write_transaction
from kernel.identity import Role
from market.orders.model import Order
from settlement.dossiers.queries import order_pack
from settlement.proofs import commands, queries
from settlement.proofs.model import Anchor
from settlement.proofs.rules import proof
from settlement.roots.rules import Tree, canonical
from settlement.statements.model import Statement
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.settlement.proofs.conftest import TIMETABLE, Proved, seal_all
from web.checker import offline

LINES_MAX = 200
AUDITOR = base.actor(Role.AUDITOR)
CHANGES = 150
CONSISTENT = 3
hashes = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=33)


def run_alone(folder: Path, *files: dict[str, Any]) -> tuple[int, str]:
    """Run the checker as an outsider does: a single file, isolated, without any site package."""
    program = folder / "huiyi_check.py"
    program.write_text(Path(offline.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    names = []
    for number, content in enumerate(files):
        names.append(str(folder / f"{number}.json"))
        Path(names[-1]).write_text(to_json(content), encoding="utf-8")
    command = [sys.executable, "-I", "-S", "-X", "utf8", str(program), *names]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, cwd=folder)
    return done.returncode, done.stdout + done.stderr


def a_statement(proved: Proved) -> Statement:
    """The statement with most lines."""
    return max(proved.session.scalars(sa.select(Statement)), key=lambda one: len(one.lines))


def an_order(proved: Proved) -> str:
    """The order whose revenue was divided."""
    query = sa.select(Order.number).where(Order.id == proved.world.scores_bought.order_id)
    return str(proved.session.scalars(query).one())


def test_the_checker_is_one_file_of_two_hundred_lines_that_needs_nothing() -> None:
    text = Path(offline.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_MAX
    imported = {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names


@given(st.binary(max_size=300))
def test_the_checkers_own_sm3_is_that_of_openssl(data: bytes) -> None:
    assert offline.plain_sm3(data) == merkle.sm3(data)


@given(hashes, st.data())
def test_a_range_proof_leads_to_the_root_and_an_altered_one_elsewhere(leaves: list[bytes], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(leaves) - 1))
    end = data.draw(st.integers(start + 1, len(leaves)))
    path = merkle.range_proof(leaves, start, end)
    known, root = leaves[start:end], merkle.root(leaves)
    assert merkle.root_of_range(known, start, len(leaves), path) == root
    assert offline.root_of_range(known, start, len(leaves), path, merkle.sha256) == root
    for place in range(len(path)):
        wrong = [*path[:place], bytes(32), *path[place + 1 :]]
        if wrong != path:
            assert offline.root_of_range(known, start, len(leaves), wrong, merkle.sha256) != root
    altered = [merkle.sha256(known[0]), *known[1:]]
    assert offline.root_of_range(altered, start, len(leaves), path, merkle.sha256) != root


@given(hashes, st.data())
def test_a_longer_log_proves_that_it_begins_with_the_shorter(leaves: list[bytes], data: st.DataObject) -> None:
    before = data.draw(st.integers(1, len(leaves)))
    old, new = merkle.root(leaves[:before]), merkle.root(leaves)
    path = merkle.consistency_proof(leaves, before)
    assert offline.is_longer(before, old, len(leaves), new, path, merkle.sha256)
    other = merkle.root([*leaves[: before - 1], bytes(32)])
    if other != old:
        assert not offline.is_longer(before, other, len(leaves), new, path, merkle.sha256)


@pytest.mark.both_databases
def test_the_pack_of_a_statement_is_verified_alone(proved: Proved, tmp_path: Path) -> None:
    pack = queries.statement_pack(proved.session, a_statement(proved))
    assert run_alone(tmp_path, pack, proved.copy) == (0, "核验通过 · verified\n")
    code, said = run_alone(tmp_path, pack)
    assert code == CONSISTENT
    assert "not compared" in said


@pytest.mark.both_databases
def test_the_evidence_of_an_order_is_one_file_that_is_verified_alone(proved: Proved, tmp_path: Path) -> None:
    pack = order_pack(proved.session, AUDITOR, an_order(proved))
    code, said = run_alone(tmp_path, pack, proved.copy)
    assert code == 0, said
    kinds = {leaf["kind"] for proof in pack["proofs"] for leaf in proof["leaves"] if isinstance(leaf, dict)}
    assert kinds == {"sale", "line", "entry"}
    titles = {item["title"].split()[0] for item in pack["kept"]}
    assert titles >= {"quote", "tariff", "contract", "signatures", "order", "rating", "schedule"}
    assert {proof["tree"]["kind"] for proof in pack["proofs"]} == {"period", "seal", "log"}


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every text and number in a pack, but for the words that only name things."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in _leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [found for at, inner in enumerate(value) for found in _leaves(inner, (*path, at))]
    return [path] if value is not None else []


@pytest.mark.parametrize("kind", ["statement", "order"])
def test_no_altered_pack_passes(proved: Proved, kind: str) -> None:
    make_pack: dict[str, Callable[[], dict[str, Any]]] = {
        "statement": lambda: queries.statement_pack(proved.session, a_statement(proved)),
        "order": lambda: order_pack(proved.session, AUDITOR, an_order(proved)),
    }
    pack, chance = json.loads(to_json(make_pack[kind]())), random.Random(7)
    assert offline.check(pack, [proved.copy]) == ([], [])
    parts = ("proofs", "anchors", "kept")
    places = [place for place in _leaves(pack) if place[0] in parts and "title" not in place and place[-1] != "kind"]
    for place in chance.sample(places, min(CHANGES, len(places))):
        altered = copy.deepcopy(pack)
        inner = altered
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = inner[place[-1]] + 1 if isinstance(inner[place[-1]], int) else f"{inner[place[-1]]}0"
        try:
            wrong, notes = offline.check(altered, [proved.copy])
        except (ValueError, LookupError, TypeError):
            continue  # the program says that it cannot read it, and ends with 2
        assert wrong or notes, place


def test_a_pack_with_a_tree_of_its_own_is_not_confirmed_by_an_anchor(proved: Proved, tmp_path: Path) -> None:
    pack = json.loads(to_json(queries.statement_pack(proved.session, a_statement(proved))))
    tree = Tree()
    for leaf in pack["proofs"][0]["leaves"]:
        tree.add(canonical(leaf))
    forged = proof(pack["proofs"][0]["tree"]["name"], tree, 0, pack["proofs"][0]["leaves"])
    code, said = run_alone(tmp_path, {**pack, "proofs": [forged], "anchors": []}, proved.copy)
    assert code == 1
    assert "no anchor holds it" in said


def test_a_checker_that_cannot_read_says_so_and_says_how_to_use_it(tmp_path: Path) -> None:
    code, said = run_alone(tmp_path, {"proofs": 1})
    assert code == len(("unread", "able"))
    assert "cannot be read" in said


def test_two_anchors_are_shown_to_continue_each_other(proved: Proved, tmp_path: Path) -> None:
    session = proved.session
    with write_transaction(session):
        later = commands.anchor(session, TIMETABLE, now=make.NOW + timedelta(days=3))
    earlier = session.scalars(sa.select(Anchor).order_by(Anchor.day)).first()
    assert earlier is not None
    shown = queries.continuation(session, earlier, later)
    assert shown["earlier"]["seals"] < shown["later"]["seals"]
    assert run_alone(tmp_path, shown) == (0, "核验通过 · verified\n")
    assert shown["later"]["previous"] == {"day": str(earlier.day), "sha256": earlier.sha256, "sm3": earlier.sm3}
    forged = json.loads(to_json(shown))
    forged["earlier"]["log_sha256"] = "0" * 64
    assert run_alone(tmp_path, forged)[0] == 1


def test_a_day_is_anchored_once_and_holds_the_roots_of_that_day(proved: Proved) -> None:
    session = proved.session
    with write_transaction(session):
        again = commands.anchor(session, TIMETABLE, now=make.NOW + timedelta(days=1))
    assert again.published() == proved.copy
    assert [root["run"] for root in again.content["roots"]] == [proved.run.number]
    seal_all_once(proved)


def seal_all_once(proved: Proved) -> None:
    """Nothing was written by asking again, so nothing is left to seal."""
    with pytest.raises(AssertionError):
        seal_all(proved.session)
