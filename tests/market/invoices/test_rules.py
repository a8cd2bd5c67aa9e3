"""What an invoice says: net and tax apart, taken back to the fen, in the buyer's name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import ZERO, Money, total
from market.invoices import rules
from market.invoices.rules import InvoiceAct, InvoiceState, Parts
from registry.parties.rules import BadUscc, uscc_from_body

RATE, LEVY = Decimal("0.06"), Decimal("0.03")
# amounts with tax, rate, price without tax, tax: 增值税法 第七条, 第十条, 第十一条
CASES = [
    ("106.00", RATE, "100.00", "6.00"),
    ("1000000.00", RATE, "943396.23", "56603.77"),
    ("100.00", RATE, "94.34", "5.66"),
    ("103.00", LEVY, "100.00", "3.00"),
    ("100.00", LEVY, "97.09", "2.91"),
]
USCC = uscc_from_body("91330624000000901")


@pytest.mark.parametrize(("gross", "rate", "net", "tax"), CASES)
def test_price_and_tax_are_stated_apart_and_add_up(gross, rate, net, tax):
    parts = rules.parts_of(Money.yuan(gross), rate)
    assert (parts.net.text(), parts.tax.text()) == (net, tax)
    assert parts.net + parts.tax == parts.gross


@given(st.integers(1, 10**9), st.sampled_from([RATE, LEVY]), st.data())
def test_red_letters_take_an_invoice_back_to_the_fen_and_never_more(fen, rate, data):
    original = rules.parts_of(Money(fen), rate)
    reds: list[Parts] = []
    left = original
    while left.gross:
        red = rules.red_letter("INV", left, Money(data.draw(st.integers(max(left.gross.fen // 5, 1), left.gross.fen))))
        assert red.gross == red.net + red.tax
        assert max(red.gross, red.net, red.tax) <= ZERO
        reds.append(red)
        left = rules.left_of(original, reds)
        assert min(left.gross, left.net, left.tax) >= ZERO
        with pytest.raises(rules.MoreThanTheOriginal):
            rules.red_letter("INV", left, left.gross + Money(1))
    assert (left.net, left.tax) == (ZERO, ZERO)
    assert -total(red.tax for red in reds) == original.tax
    with pytest.raises(rules.MoreThanTheOriginal):
        rules.red_letter("INV", left, ZERO)


@pytest.mark.parametrize(("state", "act"), list(product(InvoiceState, InvoiceAct)))
def test_a_request_is_issued_or_refused_once(state, act):
    if (state, act) in rules.TRANSITIONS:
        assert rules.after(state, act, "INV") is rules.TRANSITIONS[state, act]
    else:
        with pytest.raises(rules.WrongState):
            rules.after(state, act, "INV")


def test_the_tax_number_is_checked_and_must_be_the_buyers():
    spelled = f" {USCC[:8].lower()} {USCC[8:]} "
    assert rules.buyers_number("某银行（总行）", spelled, name="某银行(总行)", uscc=USCC) == USCC
    wrong = USCC[:-1] + ("0" if USCC[-1] != "0" else "1")
    with pytest.raises(BadUscc, match="校验位"):
        rules.buyers_number("某银行", wrong, name="某银行", uscc=USCC)
    for title, number in (("别家银行", USCC), ("某银行", uscc_from_body("91330624000000902"))):
        with pytest.raises(rules.NotTheBuyer):
            rules.buyers_number(title, number, name="某银行", uscc=USCC)


@pytest.mark.parametrize("text", ["12345678901234567890", " 033001900111-12345678 ", "1234567890 12345678"])
def test_numbers_of_the_tax_system_are_read(text):
    assert rules.tax_system_number(text).isdigit()


@pytest.mark.parametrize("text", ["", "1234", "1234567890123456789", "=2+3", "１２３４５６７８"])
def test_other_numbers_are_refused(text):
    with pytest.raises(rules.NumberMalformed):
        rules.tax_system_number(text)


def test_an_invoice_is_dated_between_its_request_and_today():
    first, last = date(2026, 8, 1), date(2026, 8, 10)
    rules.must_be_dated_within("INV", first, first, last)
    for day in (date(2026, 7, 31), date(2026, 8, 11)):
        with pytest.raises(rules.DateOutside):
            rules.must_be_dated_within("INV", day, first, last)


def test_only_what_was_kept_is_invoiced():
    assert rules.must_be_left("ORD", Money(800), Money(300)) == Money(500)
    with pytest.raises(rules.NothingToInvoice):
        rules.must_be_left("ORD", Money(800), Money(800))
