"""Each line is paid out to the fen or waits with one reason; the sums decide, not the words."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, total
from market.bank_lines.rules import (
    TRANSITIONS,
    Due,
    LineAct,
    LineState,
    Reason,
    WrongState,
    after,
    judge,
    plain_name,
    references_in,
)
from market.payments.gateway import is_reference, reference_of

FIRST, SECOND, TOP_UP = (reference_of(number) for number in ("ORD-2026-000001", "ORD-2026-000002", "ACC-2026-000001"))
PAYER = "新昌县 惠民数据服务有限公司"
KNOWN = frozenset({plain_name(PAYER)})
DUES = {
    FIRST: Due(FIRST, Money.yuan("800.00"), KNOWN),
    SECOND: Due(SECOND, Money.yuan("200.00"), KNOWN),
    TOP_UP: Due(TOP_UP, None, KNOWN),
}


def verdict(amount: str, remark: str, payer: str = PAYER, **more):
    return judge(Money.yuan(amount), remark, payer, is_reference=is_reference, **{"dues": DUES, **more})


@pytest.mark.parametrize(("state", "act"), list(product(LineState, LineAct)))
def test_every_act_on_a_line_is_allowed_or_refused(state, act):
    if (state, act) in TRANSITIONS:
        assert after(state, act, "L-1") is TRANSITIONS[state, act]
        return
    with pytest.raises(WrongState, match="L-1"):
        after(state, act, "L-1")


@pytest.mark.parametrize("remark", [
    f"货款{FIRST}", f"{FIRST[:3]} {FIRST[3:9]} {FIRST[9:]}", FIRST.lower(), f"订单 ORD-2026-000001-{FIRST[-2:]}",
    "".join(chr(ord(one) + 0xFEE0) for one in FIRST), f"{FIRST}/{FIRST}",
])  # fmt: skip
def test_a_reference_is_found_however_the_bank_writes_it(remark):
    assert references_in(remark) == [FIRST]
    assert verdict("800.00", remark).shares == {FIRST: Money.yuan("800.00")}


@pytest.mark.parametrize(("amount", "remark", "payer", "reason", "gap"), [
    ("800.00", "数据服务费", PAYER, Reason.NO_REFERENCE, "0.00"),
    ("800.00", FIRST[:-1] + str((int(FIRST[-1]) + 1) % 10), PAYER, Reason.MISTYPED_REFERENCE, "0.00"),
    ("800.00", reference_of("ORD-2026-000077"), PAYER, Reason.UNKNOWN_REFERENCE, "0.00"),
    ("799.99", FIRST, PAYER, Reason.SHORT, "0.01"),
    ("800.01", FIRST, PAYER, Reason.OVER, "0.01"),
    ("999.99", f"{FIRST} {SECOND}", PAYER, Reason.SHORT, "0.01"),
    ("800.00", FIRST, "某某个人", Reason.PAYER_DIFFERS, "0.00"),
])  # fmt: skip
def test_what_does_not_fit_waits_with_its_reason_and_the_difference(amount, remark, payer, reason, gap):
    found = verdict(amount, remark, payer)
    assert (found.reason, found.gap, found.shares) == (reason, Money.yuan(gap), {})


@pytest.mark.parametrize("closed", [Reason.ALREADY_PAID, Reason.NOT_EXPECTED])
def test_money_for_what_is_paid_or_cancelled_waits(closed):
    dues = {FIRST: Due(FIRST, Money.yuan("800.00"), KNOWN, closed)}
    assert verdict("800.00", FIRST, dues=dues).reason is closed


def test_one_line_pays_several_orders_and_a_top_up_takes_any_amount():
    assert verdict("1000.00", f"{FIRST}、{SECOND}").shares == {
        FIRST: Money.yuan("800.00"),
        SECOND: Money.yuan("200.00"),
    }
    assert verdict("5.55", TOP_UP).shares == {TOP_UP: Money.yuan("5.55")}


def test_several_lines_pay_one_order_when_the_last_fen_has_come():
    earlier = [(Money.yuan("300.00"), PAYER), (Money.yuan("499.99"), PAYER)]
    assert verdict("0.01", FIRST, earlier=earlier).shares == {FIRST: Money.yuan("0.01")}
    assert verdict("0.02", FIRST, earlier=earlier).reason is Reason.OVER
    strange = [(Money.yuan("799.99"), "某某个人")]
    assert verdict("0.01", FIRST, earlier=strange).reason is Reason.PAYER_DIFFERS


@pytest.mark.parametrize("variant", [
    "新昌县惠民数据服务有限公司", "新昌县惠民数据服务有限责任公司", "新昌县（惠民）数据服务有限公司",
    "新昌县 惠民 数据服务有限公司　", "新昌县·惠民数据服务有限公司", "新昌县(惠民)数据服务有限公司",
])  # fmt: skip
def test_variants_of_a_name_that_banks_write_are_one_name(variant):
    assert verdict("800.00", FIRST, variant).reason is None


@given(st.integers(1, 10**6), st.lists(st.integers(1, 10**5), max_size=4))
def test_a_line_is_given_out_whole_or_not_at_all(fen, earlier):
    before = [(Money(one), PAYER) for one in earlier]
    found = judge(Money(fen), FIRST, PAYER, dues=DUES, is_reference=is_reference, earlier=before)
    if found.reason is None:
        assert total(found.shares.values()) == Money(fen)
        assert fen + sum(earlier) == 80_000
    else:
        assert fen + sum(earlier) != 80_000
        assert found.gap == abs(Money(80_000 - fen - sum(earlier)))
