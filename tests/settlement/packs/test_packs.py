"""Packs equal the ledger to the fen, and are refused when they would not (M12)."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import date

import openpyxl
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from kernel import db
from kernel.identity import Role
from kernel.money import Money, total
from market.orders.model import Order
from registry.agreements.queries import NoSuchAgreement
from settlement.ledger import commands as ledger
from settlement.ledger.rules import Cause, Entry, Leg, output_tax, unearned
from settlement.packs import queries
from settlement.packs.rules import DoesNotTie, NothingSealed, PackKind
from tests.make import market
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, as_program

ON = date(2026, 9, 2)
KINDS = pytest.mark.parametrize("kind", list(PackKind))


@pytest.fixture
def settled(session: Session) -> make.World:
    """The worked example, sealed."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    make.use(session, world.levels_bought, 100)
    make.settle(session)
    return world


def made(session: Session, world: make.World, kind: PackKind) -> queries.Pack:
    """The pack of the example's agreement."""
    return queries.pack(session, make.checker(), kind, world.agreement.number, 2026, on=ON)


@pytest.mark.both_databases
@KINDS
def test_a_pack_ties_to_the_ledger_and_tells_every_product(
    session: Session, settled: make.World, kind: PackKind
) -> None:
    found = made(session, settled, kind)
    assert all(tie.holds for tie in found.ties)
    assert [tie.right_amount.text() for tie in found.ties] == ["1590.00", "90.00", "1500.00", "1500.00"]
    (sales,) = [section for section in found.sections if section.title == "各产品销量和收入"]
    gross = sales.headings.index("收入（含税）")
    assert [row[gross] for row in sales.rows] == [Money(106000), Money(53000), Money(159000)]


@pytest.mark.both_databases
def test_the_yearly_report_says_who_received_it_and_names_every_statement(
    session: Session, settled: make.World
) -> None:
    sections = {one.title: one for one in made(session, settled, PackKind.ANNUAL_OPERATION).sections}
    received = [row[3] for row in sections["收益分配"].rows]
    assert total(one for one in received if isinstance(one, Money)).text() == "1500.00"
    assert len(sections["结算单（全地）"].rows) == 4
    assert all(len(str(row[4])) == 64 for row in sections["结算单（全地）"].rows)


@pytest.mark.both_databases
def test_a_pack_whose_ledger_says_something_else_is_refused_with_both_figures(
    session: Session, settled: make.World
) -> None:
    other = market.make_entitlement(session, settled.levels, settled.buyer, quantity=100)
    number = session.get_one(Order, other.order_id).number
    legs = (Leg(unearned(number), Money(100)), Leg(output_tax(base.PLACE), Money(-100)))
    stray = Entry(base.PLACE, Cause.REVENUE_EARNED, "stray", date(2026, 9, 1), "试", legs)
    capture = Entry(base.PLACE, Cause.PAYMENT_CAPTURED, "stray", date(2026, 9, 1), "试",
                    (Leg(f"asset:bank:{base.PLACE}", Money(100)), Leg(unearned(number), Money(-100))))  # fmt: skip
    for entry in (capture, stray):
        ledger.book(session, make.preparer(), entry, now=make.NOW)
    with pytest.raises(DoesNotTie) as refusal:
        made(session, settled, PackKind.OPERATING_REPORT)
    assert "已封存收入 1590.00 元，账簿 1591.00 元" in refusal.value.detail
    assert "已封存收入 90.00 元，账簿 91.00 元" in refusal.value.detail


def test_before_anything_is_sealed_there_is_no_pack(session: Session) -> None:
    world = make.make_world(session)
    with pytest.raises(NothingSealed):
        made(session, world, PackKind.OPERATING_REPORT)


def test_the_operator_has_its_own_packs_and_others_none(session: Session, settled: make.World) -> None:
    number = settled.agreement.number
    own = base.actor(Role.OPERATOR, org_id=settled.operator.id, place=base.PLACE)
    assert queries.pack(session, own, PackKind.OPERATING_REPORT, number, 2026, on=ON).ties
    for stranger in (
        base.actor(Role.OPERATOR, org_id=settled.merchant.id, place=base.PLACE), make.checker("futian"),
        base.actor(Role.SOURCE, org_id=settled.bureau.id, place=base.PLACE),
    ):  # fmt: skip
        with pytest.raises(NoSuchAgreement):
            queries.pack(session, stranger, PackKind.OPERATING_REPORT, number, 2026, on=ON)


def test_page_workbook_and_api_give_the_same_pack(app: Flask, world: make.World) -> None:
    with app.app_context(), db.transaction() as session:
        make.use(session, world.scores_bought, 200)
        make.settle(session)
    person = as_person(app, Role.SUPERVISOR, place=base.PLACE)
    listed = person.get("/report-packs?year=2026").get_data(as_text=True)
    assert f"/report-packs/{world.agreement.number}/2026/DIS-10" in listed
    headers = as_program(app, Role.SUPERVISOR, place=base.PLACE)
    for kind in PackKind:
        path = f"/report-packs/{world.agreement.number}/2026/{kind.value}"
        answer = app.test_client().get(f"/api/v1{path}", headers=headers).json
        written = json.dumps(answer["content"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(written.encode()).hexdigest() == answer["sha256"]
        assert answer["sha256"] in person.get(path).get_data(as_text=True)
        book = openpyxl.load_workbook(io.BytesIO(person.get(f"{path}.xlsx").data))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        assert all(cell.data_type != "f" for cell in cells)
        assert answer["sha256"] in [cell.value for cell in cells]
    assert person.get(f"/report-packs/{world.agreement.number}/2026/DIS-99").status_code == 404
    assert person.get(f"/report-packs/{world.agreement.number}/2025/DIS-01").status_code == 409
