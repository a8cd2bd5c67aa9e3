"""What came and is for nothing yet stands in one list that agrees with the books, and on the desks of finance."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel import clock, db
from kernel.identity import Role
from market.bank_lines import commands as lines
from settlement.intake.commands import take_in_payments
from tests.make import market as make
from tests.make import paying
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program

NOW = make.SALE + timedelta(hours=2)


@pytest.fixture
def books(app):
    """A short line, one without a reference, one going back, and a part that was claimed."""
    with clock.set_to(NOW):
        with app.app_context(), db.transaction() as session:
            short, part = paying.make_due(session, 2)
            name = paying.name_of(session, short)
            paying.enter(session, "1", "799.99", short.reference, name, now=NOW)
            paying.enter(session, "2", "12.00", "无", "路人", now=NOW)
            back = paying.enter(session, "3", "5.00", "无", "路人", now=NOW)
            lines.return_line(session, make.finance(), back.id, note="退回", now=NOW)
            claimed = paying.enter(session, "4", "300.00", "无", name, now=NOW)
            given = [{"reference": part.reference, "amount": claimed.amount}]
            lines.assign(session, make.finance(), claimed.id, shares=given, note="对账", now=NOW, book=make.LAW)
            take_in_payments(session, make.finance(), now=NOW)
        yield app


@pytest.mark.both_databases
def test_list_and_books_agree_to_the_fen_and_each_line_is_a_task(books):
    finance = as_program(books, Role.FINANCE_PREPARER, place=base.PLACE)
    (found,) = books.test_client().get("/api/v1/suspense", headers=finance).json
    assert (found["booked"], found["listed"], found["unbooked"]) == ("1116.99", "1116.99", "0.00")
    assert [one["reason"] for one in found["waiting"]] == ["short", "no_reference", None]
    desk = books.test_client().get("/api/v1/desk", headers=finance).json
    assert desk["counts"] == {"bank_lines": 2}
    payer = as_program(books, Role.FINANCE_PAYER, place=base.PLACE)
    assert books.test_client().get("/api/v1/desk", headers=payer).json["counts"] == {"bank_lines": 1}


def test_the_page_names_each_reason(books):
    page = as_person(books, Role.FINANCE_PREPARER, place=base.PLACE).get("/suspense").get_data(as_text=True)
    assert [word in page for word in ("少付", "附言中没有编号", "待退回", "1,116.99")] == [True] * 4
