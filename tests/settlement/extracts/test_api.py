"""Extracts through HTTP: the same bytes as at the terminal, for finance only."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask import Flask
from pyarrow import parquet

from kernel import db
from kernel.calendar import Period
from kernel.identity import Role
from settlement.extracts.rules import DataSet
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_program
from web import exporting
from web.cli import TERMINAL

MONTHS = "from=2026-01&to=2026-12"


@pytest.mark.both_databases
def test_finance_downloads_the_bytes_that_the_terminal_writes(app: Flask, tmp_path: Path) -> None:
    with app.app_context(), db.transaction() as session:
        world = make.make_world(session)
        make.use(session, world.scores_bought, 200)
        make.settle(session)
    headers, client = as_program(app, Role.FINANCE_CHECKER, place=base.PLACE), app.test_client()
    for data_set in DataSet:
        answer = client.get(f"/api/v1/extracts/{data_set}.parquet?{MONTHS}", headers=headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        assert f"{data_set}-2026-01-2026-12.parquet" in answer.headers["Content-Disposition"]
        target = tmp_path / f"{data_set}.parquet"
        with app.app_context():
            count = exporting.written(TERMINAL, data_set.value, Period.year(2026), base.PLACE, target)
        assert target.read_bytes() == answer.data
        assert parquet.read_table(io.BytesIO(answer.data)).num_rows == count > 0
    assert list(tmp_path.glob(".*")) == [], "nothing half-written is left"


def test_an_extract_is_refused_to_others_and_for_what_is_none(app: Flask) -> None:
    client, own = app.test_client(), as_program(app, Role.FINANCE_CHECKER, place=base.PLACE)
    url = "/api/v1/extracts/{0}.parquet?{1}"
    assert client.get(url.format("revenue", MONTHS)).status_code == 401
    stranger = as_program(app, Role.REVIEWER, place=base.PLACE)
    assert client.get(url.format("revenue", MONTHS), headers=stranger).status_code == 403
    unknown = client.get(url.format("secrets", MONTHS), headers=own)
    assert (unknown.status_code, unknown.json["code"]) == (404, "extract.not_found")
    assert client.get(url.format("revenue", "from=2026-13&to=2026-12"), headers=own).status_code == 422
    assert client.get(url.format("revenue", "from=2026-12&to=2026-01"), headers=own).status_code == 422
    supervisor = as_program(app, Role.SUPERVISOR, place=base.PLACE)
    assert client.get(url.format("journal", MONTHS), headers=supervisor).status_code == 403
