"""One invoice over the orders of a month: each order once, each line to the fen, numbers without gaps."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from kernel.calendar import Period
from kernel.db import Database, write_transaction
from kernel.identity import Role
from kernel.money import Money
from market.invoices import commands, queries, sheets
from market.invoices.model import Invoice, InvoiceLine
from market.invoices.rules import InvoiceState, InvoiceType, MonthNotOver, NothingToInvoice, TaxpayerKind
from market.orders import queries as orders
from registry.parties.model import Party
from tests.make import invoices as invoicing
from tests.make import market as make
from tests.make import registry_base as base
from tests.make.invoices import sides
from tests.market.invoices.test_commands import JOB, give_back
from tests.rig.databases import KINDS, Databases

JULY = Period.month("2026-07")
AUGUST = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)


def bought(session, count, *, product=None, buyer=None):
    """Orders of one buyer with one seller, paid in July."""
    product, buyer = product or make.make_offer(session), buyer or make.buyer_of(session)
    return [orders.get(session, make.make_entitlement(session, product, buyer).order_id) for _ in range(count)]


def ask(session, order, **changed):
    buyer, seller = session.get_one(Party, order.buyer_id), session.get_one(Party, order.seller_id)
    told = {"month": JULY, "seller_uscc": seller.uscc, "type": InvoiceType.GENERAL, "title": buyer.name,
            "tax_number": buyer.uscc, "now": AUGUST}  # fmt: skip
    return commands.ask_month(session, sides(session, order)[0], **(told | changed), book=make.LAW)


@pytest.mark.both_databases
def test_a_month_comes_on_one_invoice_once_and_goes_back_with_the_money(session):
    found = bought(session, 3)
    buyer, seller = sides(session, found[0])
    invoicing.state(session, seller, now=make.SALE)
    with pytest.raises(MonthNotOver):
        ask(session, found[0], now=make.SALE)
    alone = invoicing.ask(session, found[2])
    (month,) = ask(session, found[0])
    assert (month.order_id, month.month, month.gross.text(), month.tax.text()) == (
        None, JULY.start, "1600.00", "90.56",
    )  # fmt: skip
    assert [order.number for _, order, _ in queries.lines_with_orders(session, month)] == [
        found[0].number, found[1].number,
    ]  # fmt: skip
    for again in (lambda: ask(session, found[0]), lambda: ask(session, found[0], month=Period.month("2026-06"))):
        with pytest.raises(NothingToInvoice):
            again()
    with pytest.raises(commands.InvoicedAlready):
        invoicing.ask(session, found[1])
    assert queries.visible(session, buyer, month.number) == queries.visible(session, seller, month.number) == month
    stranger = base.actor(Role.BUYER, org_id=base.make_party(session).id)
    with pytest.raises(queries.NoSuchInvoice):
        queries.visible(session, stranger, month.number)
    commands.refuse(session, seller, month.id, reason="开户行有误", now=AUGUST)
    (anew,) = ask(session, found[0])
    assert anew.gross == month.gross
    commands.issue(session, seller, anew.id, tax_system_number="9" * 20, issued_date=AUGUST.date(), now=AUGUST)
    give_back(session, found[1], "300.00", "M-1")
    later = AUGUST + timedelta(days=1)
    assert commands.follow_refunds(session, JOB, now=later) == 1
    (red,) = queries.red_letters(session, anew.id)
    assert (red.month, red.gross.text(), queries.left(session, anew).gross.text()) == (JULY.start, "-300.00", "1300.00")
    assert commands.follow_refunds(session, JOB, now=later) == 0
    assert alone.state is InvoiceState.REQUESTED
    session.flush()
    for words in ("UPDATE market_invoice_line SET gross = gross + 1, net = net + 1", "DELETE FROM market_invoice_line",
                  "UPDATE market_invoice_line SET released_at = NULL WHERE released_at IS NOT NULL"):  # fmt: skip
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(sa.text(words))
    line = queries.lines(session, anew)[0]
    twice = InvoiceLine(invoice_id=alone.id, order_id=line.order_id, gross=line.gross, net=line.net, tax=line.tax)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(twice)


def test_the_export_for_the_tax_system_has_a_line_per_order_and_links_red_letters(session):
    found = bought(session, 2)
    buyer, seller = sides(session, found[0])
    invoicing.state(session, seller, TaxpayerKind.SMALL_SCALE, now=make.SALE)
    (month,) = ask(session, found[0])
    rows = queries.sheets(session, queries.waiting(session, seller))
    assert [dict(zip(sheets.HEADINGS, line, strict=True))["税额"] for line in sheets.lines(rows)] == ["23.30", "23.30"]
    (told,) = json.loads(sheets.document(rows))["invoices"]
    assert (told["number"], told["month"], told["gross"], told["rate"]) == (month.number, "2026-07", "1600.00", "0.03")
    assert [line["gross"] for line in told["lines"]] == ["800.00", "800.00"]
    commands.issue(session, seller, month.id, tax_system_number="8" * 20, issued_date=AUGUST.date(), now=AUGUST)
    commands.take_back(session, buyer, month.id, amount=Money.yuan("100.00"), reason="退货", now=AUGUST)
    (red,) = json.loads(sheets.document(queries.sheets(session, queries.waiting(session, seller))))["invoices"]
    assert (red["original_tax_system_number"], red["gross"], len(red["lines"])) == ("8" * 20, "-100.00", 1)
    assert sheets.workbook(rows)[:2] == b"PK"


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_have_no_gap_when_many_ask_at_once_and_some_are_refused(databases: Databases, kind: str) -> None:
    url = databases.fresh(kind)
    database = Database(url)
    with database.new_session() as session, write_transaction(session):
        found = bought(session, 8)
        invoicing.state(session, sides(session, found[0])[1], now=make.SALE)
        ids = [order.id for order in found]
        session.flush()
    outcomes: list[str] = []

    def ask_for(order_id, *, is_good):
        try:
            with database.new_session() as session, write_transaction(session):
                made = invoicing.ask(session, orders.get(session, order_id))
                if not is_good:
                    raise LookupError
                number = made.number
        except (LookupError, commands.InvoicedAlready) as error:
            number = type(error).__name__
        outcomes.append(number)

    threads = [threading.Thread(target=ask_for, args=(one,), kwargs={"is_good": is_good})
               for one in ids for is_good in (True, False, True)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.new_session() as session:
        numbers = sorted(session.scalars(sa.select(Invoice.number)))
    database.engine.dispose()
    databases.discard(url)
    assert numbers == [f"INV-2026-{number:06d}" for number in range(1, 9)]
    assert len(outcomes) == 24
    assert sorted(one for one in outcomes if one.startswith("INV")) == numbers
