"""A filled sheet becomes a draft, whole or not at all."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Role
from pricing.cost_sheets import commands
from pricing.cost_sheets.sheets import SheetRefused
from pricing.costs import commands as costs
from pricing.costs import sheets
from pricing.costs.model import CostSurvey
from registry.agreements.model import Agreement
from tests.make import charges as charged
from tests.make import cost_sheets as make
from tests.make import pricing
from tests.make import registry_base as base


@pytest.fixture
def agreement(session: Session) -> Agreement:
    return base.make_agreement(session)


def operator_of(agreement: Agreement):
    return base.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)


def taken_in(session: Session, agreement: Agreement, content: bytes, *, year: int = 2025, actor=None) -> CostSurvey:
    sent = {"name": "成本.xlsx", "media_type": "application/octet-stream", "content": content}
    return commands.import_sheet(
        session, actor or operator_of(agreement), agreement_id=agreement.id, year=year, file=sent, now=pricing.NOW,
        book=base.book(),
    )  # fmt: skip


@pytest.mark.both_databases
def test_a_survey_downloaded_and_taken_in_again_is_equal_with_its_charge_and_evidence(session, agreement):
    charge = charged.make_charge(session, agreement, month="2025-12")
    content = make.filled(agreement.number, [make.cost_row(), make.cost_row("5.5", key="")], [make.KEY_ROW])
    first = taken_in(session, agreement, content)
    costs.draw_charges(session, operator_of(agreement), first.id, key="调用量", now=pricing.NOW)
    before = sheets.workbook(first, agreement.number)
    again = taken_in(session, agreement, before)
    assert again.id == first.id  # the one draft of the year is replaced
    assert sheets.workbook(again, agreement.number) == before
    assert again.lines[2].charge is charge
    assert again.lines[2].evidence_sha256 == charge.evidence_sha256


def test_a_sheet_with_one_wrong_cell_leaves_nothing_behind(session, agreement):
    rows = [make.cost_row(), make.cost_row("1.00", 来源费用编号="CHG-2025-999999")]
    with pytest.raises(SheetRefused) as refused:
        taken_in(session, agreement, make.filled(agreement.number, rows, [make.KEY_ROW]))
    assert [error["address"] for error in refused.value.errors] == ["I5"]
    assert session.scalars(sa.select(CostSurvey)).all() == []


def test_only_the_institution_takes_in_a_sheet_and_an_unclear_draft_is_not_guessed(session, agreement):
    content = make.filled(agreement.number, [make.cost_row()], [make.KEY_ROW])
    with pytest.raises(NotAllowed):
        taken_in(session, agreement, content, actor=base.supervisor())
    taken_in(session, agreement, content)
    line = make.as_commands_take_it(make.line("1.00"))
    costs.open_survey(
        session, operator_of(agreement), agreement_id=agreement.id, year=2025, subsidy=line["amount"], lines=[line],
        now=pricing.NOW, book=base.book(),
    )  # fmt: skip
    with pytest.raises(commands.SeveralDrafts):
        taken_in(session, agreement, content)
