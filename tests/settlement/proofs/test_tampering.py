"""Whoever has the run of the database cannot change what is sealed unseen: every tampering is found and named (M2)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, merkle
from kernel.audit import AuditLeaves, AuditLine, AuditSeal
from kernel.db import Database, write_transaction
from settlement.ledger.model import JournalLine
from settlement.proofs import commands
from settlement.proofs.model import Anchor, AnchoredRoot
from settlement.proofs.rules import digests_of
from settlement.roots import queries as roots
from settlement.roots.model import PeriodRoot, RootPart
from settlement.roots.rules import tree_over
from settlement.runs.model import SettlementRun
from settlement.runs.queries import sealed
from settlement.splits.model import ShareLine
from settlement.statements.model import Statement
from tests.make import settlement as make
from tests.settlement.proofs.conftest import TIMETABLE, Proved
from web.checker.chain import audit_seals
from web.checker.proofs import PROOFS, against

TAMPERINGS = 64
CLEAN_RUNS = 10
SEALED = (
    AuditLine, AuditSeal, AuditLeaves, PeriodRoot, RootPart, Anchor, AnchoredRoot, Statement, ShareLine, JournalLine,
)  # fmt: skip
Tamper = Callable[[Session, random.Random], str]


def findings(session: Session, copies: tuple[dict[str, Any], ...] = ()) -> list[str]:
    """What the independent checker finds in seals, roots and anchors."""
    session.flush()
    connection = session.connection()
    found = audit_seals(connection)
    for reader in PROOFS:
        found += reader(connection)
    return found + against(connection, copies)


@contextmanager
def superuser(session: Session) -> Iterator[Session]:
    """Let the block do what it likes with the database; afterwards all is as it was."""
    session.rollback()
    connection = session.connection(execution_options={"huiyi_writes": True})
    for table in (one.__tablename__ for one in SEALED):
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            continue
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
        for (name,) in connection.exec_driver_sql(query, (table,)).all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield session
    session.rollback()
    session.expire_all()


def a_line(session: Session, chance: random.Random, *, below: int = 3) -> AuditLine:
    """One of the lines under the first seals."""
    last = session.get_one(AuditSeal, below).last_line
    return chance.choice(list(session.scalars(sa.select(AuditLine).where(AuditLine.id <= last))))


def edit(session: Session, chance: random.Random) -> str:
    line = a_line(session, chance)
    column = chance.choice(["note", "actor_name", "action", "channel", "object_id", "detail", "at"])
    changed = {"detail": {"x": 1}, "at": line.at + timedelta(microseconds=1)}.get(column, getattr(line, column))
    changed = changed + "x" if isinstance(changed, str) else changed
    session.execute(sa.update(AuditLine).where(AuditLine.id == line.id).values(**{column: changed}))
    return str(line.id)


def delete(session: Session, chance: random.Random) -> str:
    line = a_line(session, chance)
    over = session.scalars(sa.select(AuditSeal.sequence).where(AuditSeal.last_line >= line.id).order_by("sequence"))
    session.execute(sa.delete(AuditLine).where(AuditLine.id == line.id))
    return f"封印 {over.first()}"


def insert(session: Session, chance: random.Random) -> str:
    line = a_line(session, chance)
    smuggled = UUID(int=line.id.int - 1)
    columns = {name: getattr(line, name) for name in audit.LINE}
    session.execute(sa.insert(AuditLine).values(**columns | {"id": smuggled, "note": "smuggled"}))
    return str(smuggled)


def swap(session: Session, chance: random.Random) -> str:
    one, other = a_line(session, chance), a_line(session, chance)
    while one.id == other.id:
        other = a_line(session, chance)
    for here, there in ((one, other), (other, one)):
        told = {name: getattr(there, name) for name in audit.LINE if name != "id"} | {"note": f"of {there.id}"}
        session.execute(sa.update(AuditLine).where(AuditLine.id == here.id).values(**told))
    return str(one.id)


def truncate(session: Session, chance: random.Random) -> str:
    """Cut the tail off: lines, seals and leaves; only an anchor can tell."""
    last = session.get_one(AuditSeal, chance.randint(1, 2))
    session.execute(sa.delete(AuditLine).where(AuditLine.id > last.last_line))
    for table in (AuditSeal, AuditLeaves):
        session.execute(sa.delete(table).where(table.sequence > last.sequence))
    return "锚定"


def rewrite(session: Session, chance: random.Random) -> str:
    """Change a line and seal everything anew from there, with all digests right."""
    line = a_line(session, chance)
    session.execute(sa.update(AuditLine).where(AuditLine.id == line.id).values(note="rewritten"))
    seals = session.execute(sa.select(AuditSeal.sequence, AuditSeal.sealed_at).order_by(AuditSeal.sequence)).all()
    counts = list(session.scalars(sa.select(AuditSeal.line_count).order_by(AuditSeal.sequence)))
    session.execute(sa.delete(AuditLeaves))
    session.execute(sa.delete(AuditSeal))
    session.expunge_all()
    previous = None
    for (sequence, at), count in zip(seals, counts, strict=True):
        found = audit.digests(audit.texts_after(session, previous.last_line if previous else None, limit=count))
        if found is None:
            break  # its only line is gone
        made = AuditSeal(
            sequence=sequence, sealed_at=at, first_line=found.first, last_line=found.last, line_count=count, version=2,
            previous_sha256=previous.sha256 if previous else audit.GENESIS, lines_sm3=found.lines_sm3,
            previous_sm3=previous.sm3 if previous else audit.GENESIS, tree_sha256=merkle.root(found.leaves).hex(),
        )  # fmt: skip
        made.sha256, made.sm3 = audit.chained(made)
        session.add_all([made, AuditLeaves(sequence=sequence, part=0, hashes=b"".join(found.leaves))])
        session.flush()
        previous = made
    assert audit.findings(session) == []  # it agrees with itself
    return "锚定"


def money(session: Session, chance: random.Random) -> str:
    """Move a fen in what a sealed period holds."""
    table = chance.choice([Statement, ShareLine, JournalLine])
    if table is JournalLine:
        line = chance.choice(list(session.scalars(sa.select(JournalLine))))
        is_it = (JournalLine.entry_id == line.entry_id) & (JournalLine.position == line.position)
        session.execute(sa.update(JournalLine).where(is_it).values(account=line.account + "0"))
        return "entry"
    if table is ShareLine:
        share = chance.choice(list(session.scalars(sa.select(ShareLine))))
        session.execute(sa.update(ShareLine).where(ShareLine.id == share.id).values(payee_kind="own_account"
                        if share.payee_kind != "own_account" else "treasury_non_tax"))  # fmt: skip
        return "sale"
    stated = chance.choice(list(session.scalars(sa.select(Statement))))
    lines = [dict(line) for line in stated.lines]
    chance.choice(lines)["share"] = "0.01"
    session.execute(sa.update(Statement).where(Statement.id == stated.id).values(lines=lines))
    return stated.number


def roots_anew(session: Session, chance: random.Random) -> str:
    """Change a statement and make the root anew with all digests right, or roll the clock of a seal or an anchor."""
    if chance.random() < 0.5:
        seal = session.get_one(AuditSeal, chance.randint(1, 3))
        earlier = seal.sealed_at - timedelta(hours=chance.randint(1, 9))
        session.execute(sa.update(AuditSeal).where(AuditSeal.sequence == seal.sequence).values(sealed_at=earlier))
        return f"封印 {seal.sequence}"
    if chance.random() < 0.5:
        anchor = session.scalars(sa.select(Anchor)).one()
        content = {**anchor.content, "made_at": "2026-01-01T00:00:00+00:00"}
        session.execute(sa.update(Anchor).values(content=content, **digests_of(content)))
        return f"{anchor.day}"
    stated = chance.choice(list(session.scalars(sa.select(Statement))))
    session.execute(sa.update(Statement).where(Statement.id == stated.id).values(party_name="另一单位"))
    root, run = session.scalars(sa.select(PeriodRoot)).one(), session.scalars(sa.select(SettlementRun)).one()
    tree = tree_over(roots.leaves(session, sealed(run), root.journal), root.salt)
    session.execute(sa.update(PeriodRoot).values(sha256=tree.root("sha256"), sm3=tree.root("sm3")))
    session.execute(sa.update(RootPart).values(**{name: b"".join(kept) for name, kept in tree.hashes.items()}))
    return run.number


KINDS: tuple[Tamper, ...] = (edit, delete, insert, swap, truncate, rewrite, money, roots_anew)


@pytest.mark.both_databases
@pytest.mark.breaks_the_books
def test_every_tampering_by_a_superuser_is_found_and_named(proved: Proved) -> None:
    session, chance = proved.session, random.Random(20261122)
    assert findings(session, (proved.copy,)) == []
    for number in range(TAMPERINGS):
        kind = KINDS[number % len(KINDS)]
        with superuser(session):
            named = kind(session, chance)
            found = findings(session, (proved.copy,))
            assert any(named in words for words in found), (number, kind.__name__, named, found)


@pytest.mark.both_databases
def test_what_nobody_touched_raises_no_alarm_while_the_books_grow(proved: Proved) -> None:
    session = proved.session
    for number in range(CLEAN_RUNS):
        with write_transaction(session):
            audit.record(session, TIMETABLE, "test.act", ("thing", str(number)), at=make.NOW)
        assert findings(session, (proved.copy,)) == []
        with write_transaction(session):
            audit.seal(session, now=make.NOW + timedelta(days=30), before=make.NOW + timedelta(days=30))
        with write_transaction(session):
            commands.anchor(session, TIMETABLE, now=make.NOW + timedelta(days=2 + number))
        assert findings(session, (proved.copy,)) == []


def test_a_tail_written_anew_before_any_anchor_is_found_from_a_copy_alone(proved: Proved) -> None:
    session = proved.session
    with superuser(session):
        session.execute(sa.text("DELETE FROM settlement_anchored_root"))
        session.execute(sa.text("DELETE FROM settlement_anchor"))
        session.execute(sa.text("DELETE FROM audit_line WHERE action = 'proof.anchor'"))
        rewrite(session, random.Random(1))
        assert any("副本" in words for words in findings(session, (proved.copy,)))


@pytest.mark.postgresql_only
def test_a_line_of_a_transaction_that_took_long_is_sealed_in_its_turn(database_url: str) -> None:
    database = Database(database_url)
    slow, quick = database.new_session(), database.new_session()
    audit.record(slow, TIMETABLE, "test.slow", ("thing", "1"), at=make.NOW)
    slow.flush()  # written, and not yet committed
    with write_transaction(quick):
        audit.record(quick, TIMETABLE, "test.quick", ("thing", "2"), at=make.NOW)
    later = make.NOW + timedelta(minutes=1)
    with write_transaction(quick):
        assert audit.seal(quick, now=later, before=later) is None  # an older line may still come
    slow.commit()
    with write_transaction(quick):
        made = audit.seal(quick, now=later, before=later)
    assert made is not None
    assert made.line_count == len(("slow", "quick"))
    assert audit_seals(quick.connection()) == []
    for session in (slow, quick):
        session.close()
    database.engine.dispose()
