"""Extracts as pandas reads them: whole fen that add up to the ledger, dates, categories."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa
from pyarrow import parquet
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.errors import NotAllowed
from kernel.identity import Actor, Role
from settlement.extracts.queries import batches
from settlement.extracts.rules import SCHEMAS, DataSet, Kind
from settlement.extracts.sheets import write
from settlement.ledger.model import JournalLine
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig.databases import ROOT

YEAR = Period.year(2026)
STORED = {
    Kind.FEN: "int64", Kind.COUNT: "int64", Kind.DATE: "date32[day]", Kind.TEXT: "string",
    Kind.NAME: "dictionary<values=string, indices=int32, ordered=0>",
}  # fmt: skip


@pytest.fixture
def settled(session: Session) -> make.World:
    """The worked example, sealed."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    make.use(session, world.levels_bought, 100)
    make.settle(session)
    return world


def extract(session: Session, actor: Actor, data_set: DataSet) -> bytes:
    """Write an extract of the year."""
    target = io.BytesIO()
    write(target, data_set, batches(session, actor, data_set, YEAR))
    return target.getvalue()


@pytest.mark.both_databases
@pytest.mark.parametrize("data_set", list(DataSet))
def test_every_column_has_the_documented_type_and_the_bytes_are_the_same_again(
    session: Session, settled: make.World, data_set: DataSet
) -> None:
    content = extract(session, make.checker(), data_set)
    table = parquet.read_table(io.BytesIO(content))
    assert table.num_rows > 0
    assert [(field.name, str(field.type)) for field in table.schema] == [
        (column.name, STORED[column.kind]) for column in SCHEMAS[data_set]
    ]
    assert extract(session, make.checker(), data_set) == content


@pytest.mark.both_databases
def test_the_extracts_add_up_to_the_ledger(session: Session, settled: make.World) -> None:
    frames = {one: pd.read_parquet(io.BytesIO(extract(session, make.checker(), one))) for one in DataSet}
    earned = session.scalar(
        sa.select(sa.func.sum(JournalLine.amount)).where(
            JournalLine.account.startswith("liability:payable:")
            | JournalLine.account.startswith("liability:treasury:")
            | JournalLine.account.startswith("liability:held:")
        )
    )
    assert frames[DataSet.REVENUE]["net"].sum() == frames[DataSet.SHARES]["amount"].sum() == -earned.fen == 150000
    assert frames[DataSet.STATEMENTS]["total"].sum() == 150000
    assert frames[DataSet.JOURNAL]["amount"].sum() == 0
    assert str(frames[DataSet.REVENUE]["product"].dtype) == "category"


def test_a_party_extracts_its_own_and_not_the_journal(session: Session, settled: make.World) -> None:
    bureau = base.actor(Role.SOURCE, org_id=settled.bureau.id, place=base.PLACE)
    shares = parquet.read_table(io.BytesIO(extract(session, bureau, DataSet.SHARES)))
    assert set(shares["party"].to_pylist()) == {settled.bureau.uscc}
    assert parquet.read_table(io.BytesIO(extract(session, bureau, DataSet.REVENUE))).num_rows == 0
    with pytest.raises(NotAllowed):
        extract(session, bureau, DataSet.JOURNAL)


def test_a_place_without_settlements_gives_a_whole_file_without_rows(session: Session) -> None:
    table = parquet.read_table(io.BytesIO(extract(session, make.checker("futian"), DataSet.REVENUE)))
    assert table.num_rows == 0
    assert table.schema.field("gross").type == pa.int64()


def test_the_handbook_documents_every_column() -> None:
    text = (Path(ROOT) / "docs" / "settlement.md").read_text(encoding="utf-8")
    for data_set, columns in SCHEMAS.items():
        for column in columns:
            assert f"| {data_set.value} | `{column.name}` | {column.kind.value} | {column.meaning} |" in text
