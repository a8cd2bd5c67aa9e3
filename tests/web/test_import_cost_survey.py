"""``huiyi import cost-survey``: a filled sheet becomes a draft of the person's institution, or each cell is named."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from kernel import db
from kernel.identity import Role
from pricing.costs.model import CostSurvey
from registry.agreements.model import Agreement
from registry.parties.model import Party
from tests.make import cost_sheets as make
from tests.make import registry_base as base
from web import cli

Run = Callable[..., int]


@pytest.fixture
def agreement(app: Flask) -> Agreement:
    """An agreement with a person of its operator and one of the authority."""
    with app.app_context(), db.transaction() as session:
        made = base.make_agreement(session)
        institution = session.get_one(Party, made.operating_institution_id)
        base.make_account(session, Role.OPERATOR, party=institution, login="operator.li")
        base.make_account(session, Role.SUPERVISOR, place=base.PLACE, login="supervisor.wang")
        return made


@pytest.fixture
def run(app: Flask, agreement: Agreement, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Import a filled sheet as the installed program does; return how it ended."""
    file = tmp_path / "cost.xlsx"

    def call(content: bytes, login: str) -> int:
        file.write_bytes(content)
        words = ["huiyi", "import", "cost-survey", str(file), "--agreement", agreement.number, "--year", "2025"]
        with monkeypatch.context() as environment:
            for name in [name for name in os.environ if name.startswith("HUIYI_")]:
                environment.delenv(name)
            environment.setenv("HUIYI_ENV", "test")
            environment.setenv("HUIYI_DATABASE_URL", database_url)
            environment.setattr(sys, "argv", [*words, "--as", login])
            with pytest.raises(SystemExit) as ended:
                cli.main()
        return int(ended.value.code or 0)

    return call


def surveys(app: Flask) -> list[CostSurvey]:
    with app.app_context():
        return list(db.session().scalars(sa.select(CostSurvey)))


def test_a_filled_sheet_becomes_a_draft_and_a_second_run_replaces_it(app, agreement, run, capsys):
    content = make.filled(agreement.number, [make.cost_row(), make.cost_row("5.00", key="")], [make.KEY_ROW])
    assert run(content, "operator.li") == 0
    assert "1 个分摊依据，2 项成本，已存为草稿" in capsys.readouterr().out
    assert run(content, "Operator.LI") == 0
    (survey,) = surveys(app)
    assert (survey.state.value, survey.year, survey.subsidy.text()) == ("draft", 2025, "800000.00")


@pytest.mark.parametrize(
    ("login", "amount", "code", "words"),
    [
        ("operator.li", "1.001", "cost_survey.sheet_refused", "成本明细 第 4 行“金额（元）”（D4）"),
        ("supervisor.wang", "1.00", "auth.forbidden", ""),
        ("nobody", "1.00", "account.not_found", ""),
    ],
)
def test_a_wrong_cell_or_a_wrong_person_leaves_nothing(app, agreement, run, capsys, login, amount, code, words):
    content = make.filled(agreement.number, [make.cost_row(amount)], [make.KEY_ROW])
    assert run(content, login) == 1
    shown = capsys.readouterr()
    assert json.loads(shown.err)["code"] == code
    assert words in shown.out
    assert surveys(app) == []
