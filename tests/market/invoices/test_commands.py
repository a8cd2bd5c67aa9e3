"""Invoices on the database: once per paid order, numbered without gaps, taken back with the money."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import Money
from market.invoices import commands, queries, sheets
from market.invoices.rules import InvoiceKind, InvoiceState, InvoiceType, MoreThanTheOriginal, TaxpayerKind, WrongState
from market.orders import queries as orders
from market.payments import queries as payments
from market.refunds import commands as refunds
from market.refunds.rules import RefundAct
from tests.make import invoices as invoicing
from tests.make import market as make
from tests.make import registry_base as base

JOB = base.actor(Role.SCHEDULER)
LATER = make.SALE + timedelta(days=1)


@pytest.fixture
def order(session):
    found = orders.get(session, make.make_entitlement(session).order_id)
    invoicing.state(session, invoicing.sides(session, found)[1], now=make.SALE)
    return found


def give_back(session, order, amount, reference, *, now=make.SALE):
    payment = payments.of_order(session, order.id)
    clerk, checker = make.finance(order.place), base.actor(Role.FINANCE_CHECKER, place=order.place)
    asked = refunds.ask(session, clerk, payment.id, amount=Money.yuan(amount), reason="多购", now=now,
                        client_reference=reference)  # fmt: skip
    refunds.decide(session, checker, asked.id, act=RefundAct.APPROVE, reason="同意", now=now)
    payer = base.actor(Role.FINANCE_PAYER, place=order.place)
    refunds.confirm_transfer(session, payer, asked.id, bank_line=f"OUT-{reference}", paid_at=now, now=now)


@pytest.mark.both_databases
def test_an_invoice_is_asked_for_once_issued_and_taken_back_to_the_fen(session, order):
    buyer, seller = invoicing.sides(session, order)
    first = invoicing.ask(session, order, type=InvoiceType.SPECIAL, bank="工商银行 1234")
    assert (first.gross.text(), first.net.text(), first.tax.text()) == ("800.00", "754.72", "45.28")
    assert first.rate_source["article"] == "第十条"
    with pytest.raises(commands.InvoicedAlready):
        invoicing.ask(session, order)
    with pytest.raises(WrongState):
        commands.take_back(session, buyer, first.id, amount=Money(1), reason="早", now=make.SALE)
    assert queries.waiting(session, seller) == [first]
    assert queries.waiting(session, buyer) == []
    commands.refuse(session, seller, first.id, reason="开户行有误", now=make.SALE)
    second = invoicing.ask(session, order)
    assert int(second.number[-6:]) == int(first.number[-6:]) + 1
    invoicing.issue(session, second, now=LATER)
    other = commands.take_back(session, buyer, second.id, amount=Money(1), reason="试", now=LATER)
    used = {"tax_system_number": second.tax_system_number, "issued_date": second.issued_date}
    with pytest.raises(commands.NumberUsed):
        commands.issue(session, seller, other.id, **used, now=LATER)
    rest = commands.take_back(session, seller, second.id, amount=Money(79_999), reason="退货", now=LATER)
    assert (rest.original_id, rest.kind, queries.left(session, second).gross) == (second.id, InvoiceKind.RED, Money(0))
    assert queries.left(session, second).tax == Money(0)
    with pytest.raises(MoreThanTheOriginal):
        commands.take_back(session, buyer, second.id, amount=Money(1), reason="再退", now=LATER)
    session.flush()
    for words in ("gross = gross + 1, net = net + 1", "tax_system_number = '1'", "state = 'requested'"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(sa.text(f"UPDATE market_invoice SET {words} WHERE state = 'issued'"))


@pytest.mark.both_databases
def test_a_refund_after_the_invoice_asks_for_a_red_letter_linked_to_it(session, order):
    _, seller = invoicing.sides(session, order)
    invoice = invoicing.issue(session, invoicing.ask(session, order))
    assert commands.follow_refunds(session, JOB, now=LATER) == 0
    give_back(session, order, "300.00", "R-1")
    assert commands.follow_refunds(session, JOB, now=LATER) == 1
    assert commands.follow_refunds(session, JOB, now=LATER) == 0
    (red,) = queries.red_letters(session, invoice.id)
    assert (red.gross.text(), red.reason) == ("-300.00", commands.REFUNDED)
    with pytest.raises(commands.RedLetterDue), session.begin_nested():
        commands.refuse(session, seller, red.id, reason="不想开", now=LATER)
    session.expire_all()
    invoicing.issue(session, red, now=LATER)
    give_back(session, order, "500.00", "R-2")
    assert commands.follow_refunds(session, JOB, now=LATER) == 1
    left = queries.left(session, invoice)
    assert (left.gross, left.net, left.tax) == (Money(0), Money(0), Money(0))


def test_a_partly_refunded_order_is_invoiced_for_what_was_kept_at_the_levy_rate(session):
    order = orders.get(session, make.make_entitlement(session).order_id)
    buyer, seller = invoicing.sides(session, order)
    with pytest.raises(queries.TaxpayerUnknown):
        invoicing.ask(session, order)
    invoicing.state(session, seller, TaxpayerKind.SMALL_SCALE, now=make.SALE)
    with pytest.raises(commands.StatedTwice):
        commands.state_taxpayer(session, seller, kind=TaxpayerKind.GENERAL, now=make.SALE,
                                from_date=queries.statements(session, seller.org_id)[0].from_date)  # fmt: skip
    give_back(session, order, "285.00", "R-3")
    made = invoicing.ask(session, order)
    assert (made.gross.text(), made.net.text(), made.tax.text()) == ("515.00", "500.00", "15.00")
    with pytest.raises(NotAllowed):
        commands.issue(session, buyer, made.id, tax_system_number="1" * 20, issued_date=make.SALE.date(), now=make.SALE)
    stranger = base.actor(Role.MERCHANT, org_id=base.make_party(session).id)
    with pytest.raises(queries.NoSuchInvoice):
        queries.visible(session, stranger, made.number)


def test_the_table_for_the_tax_system_holds_no_formula(session, order):
    _, seller = invoicing.sides(session, order)
    invoice = invoicing.issue(session, invoicing.ask(session, order, address="=HYPERLINK(1)"))
    commands.take_back(session, seller, invoice.id, amount=Money.yuan("100.00"), reason="+退货", now=LATER)
    rows = queries.sheets(session, queries.waiting(session, seller))
    (line,) = sheets.lines(rows)
    assert dict(zip(sheets.HEADINGS, line, strict=True))["原发票号码"] == invoice.tax_system_number
    text = sheets.written(rows).decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in text
    assert "'+退货" in text
    assert text.splitlines()[1].endswith("0.06,-94.34,-5.66,-100.00")
    assert sheets.workbook(rows)[:2] == b"PK"
    assert invoice.state is InvoiceState.ISSUED
