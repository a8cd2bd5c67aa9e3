"""What each desk shows whether or not there is something to do: settlements, earnings, allowances, sales, seals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from kernel.money import Money, total
from registry.parties.model import Party
from settlement.proofs.queries import newest_anchor
from settlement.runs.model import SettlementRun
from settlement.splits.model import ShareLine
from settlement.statements.model import Statement
from tests.make import registry_base as base
from tests.make import what_if as make
from tests.make.clients import as_person
from tests.make.routes import shared_app
from tests.rig.databases import Databases


@pytest.fixture(scope="module")
def site(databases: Databases) -> Iterator[tuple[Flask, make.History]]:
    """August settled and sealed, September used, on the second of October; nobody changes anything."""
    with clock.set_to(make.NOW), shared_app(databases) as built:
        with built.app_context(), db.transaction() as session:
            made = make.make_history(session)
        yield built, made


def desk(site: tuple[Flask, make.History], role: Role, party: object = None) -> str:
    """The desk of somebody with the role."""
    return as_person(site[0], role, party=party, place=base.PLACE).get("/desk").get_data(as_text=True)


@pytest.mark.parametrize("role", [Role.FINANCE_PREPARER, Role.FINANCE_CHECKER, Role.FINANCE_PAYER])
def test_finance_sees_both_months_and_that_the_sealed_one_ties(site: tuple[Flask, make.History], role: Role) -> None:
    shown = desk(site, role)
    months = shown[shown.index("本月和上月结算") :]
    assert "2026-09" in months
    assert "2026-10" in months
    tied = shown[shown.index("勾稽核对") :]
    with site[0].app_context():
        sums = set(db.session().query(SettlementRun).one().totals["tie_out"].values())
        assert len(sums) == 1
        payees = [pair for one in db.session().query(Statement) for pair in one.payees.items()]
        own = total([Money.signed_yuan(text) for kind, text in payees if kind != "held"])
    assert tied.count(f'<span class="figure">{Money.signed_yuan(sums.pop()).grouped()}</span>') == 4
    assert own > Money(0)
    assert "已拨付到账" in tied
    assert "四项一致" in tied
    assert f"还有 {own.grouped()} 元未到账" in tied


def test_a_department_sees_what_its_data_earned_with_chart_and_statements(site: tuple[Flask, make.History]) -> None:
    app, made = site
    shown = desk(site, Role.SOURCE, made.world.bureau)
    with app.app_context():
        shares = db.session().query(ShareLine).filter_by(party_id=made.world.bureau.id)
        received = total([one.amount for one in shares])
    assert received > Money(0)
    earned = shown[shown.index("本部门数据的收益") :]
    assert received.grouped() in earned
    assert "/reports/revenue.svg" in earned
    assert "本部门的结算单" in earned


def test_a_seller_sees_the_month_and_a_buyer_what_is_left(site: tuple[Flask, make.History]) -> None:
    app, made = site
    assert "本月销售" in desk(site, Role.MERCHANT, made.world.merchant)
    with app.app_context():
        buyer = db.session().get_one(Party, made.checks_bought.buyer_id)
    left = desk(site, Role.BUYER, buyer)
    assert made.checks_bought.number in left
    assert '<td class="num">266</td>' in left, "1000 bought, 734 used"
    assert "本月销售" not in left


def test_an_auditor_sees_seals_anchor_and_breaks_and_an_authority_none(site: tuple[Flask, make.History]) -> None:
    app, _made = site
    shown = desk(site, Role.AUDITOR)
    assert "封存与锚定" in shown
    with app.app_context():
        assert newest_anchor(db.session()) is None
    assert "勾稽核对" in shown
    reviewer = desk(site, Role.REVIEWER)
    assert "勾稽核对" not in reviewer
    assert "封存与锚定" not in reviewer
