"""Now against then: sums, differences, per cent, order, and the sentence that says it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import ZERO, Money, total
from pricing.assessments.rules import Action
from pricing.ceilings.rules import CapsFit
from settlement.comparisons.rules import (
    AgreementYear,
    Cell,
    Compared,
    Order,
    Received,
    Row,
    explain,
    in_order,
    party_rows,
    percent,
    rows,
    side_of,
    summary,
)

SOMEBODY = UUID(int=1)
FITS = CapsFit(Fraction(0), ZERO)
TEN_PERCENT = Decimal("0.10")
fen = st.integers(0, 10**9).map(Money)


def cell(product: str = "P-1", gross: Money = ZERO, billable: int = 0, **facts: object) -> Cell:
    """A line of revenue without tax, all of it the operator's."""
    known = {
        "period": "2026-08", "start": date(2026, 8, 1), "entitlement": "E-1", "order": "O-1", "title": product,
        "buyer_id": SOMEBODY, "buyer": "购买方", "agreement": "A-1", "seller_id": SOMEBODY, "order_amount": gross,
        "bought": 1, "model": None, "tax": ZERO, "net": gross, "working": {"basis": "free"},
        "received": (Received("U-1", "运营公司", 1, gross),),
    }  # fmt: skip
    return Cell(product=product, gross=gross, billable=billable, **{**known, **facts})  # type: ignore[arg-type]


cells = st.lists(st.builds(cell, st.sampled_from(["P-1", "P-2", "P-3"]), fen, st.integers(0, 9)), max_size=6)


@given(cells, cells)
def test_every_table_adds_up_to_both_sides(then: list[Cell], now: list[Cell]) -> None:
    for found in (
        rows(then, now, lambda one: (one.product, one.title), has_units=True),
        party_rows(then, now, lambda one: (one.uscc, one.name)),
    ):
        assert total(row.then for row in found) == total(one.gross for one in then)
        assert total(row.now for row in found) == total(one.gross for one in now)
        assert all(row.then + row.difference == row.now for row in found)
    same = rows(then, then, lambda one: (one.product, one.title))
    assert not any(row.difference for row in same)


def test_a_row_says_difference_per_cent_and_average() -> None:
    row = Row("P-1", "评分", Money.yuan("300.00"), Money.yuan("275.00"), 60, 55)
    assert (row.difference.text(), row.percent, row.then_average, row.now_average) == ("-25.00", "-8.33", "5", "5")
    nothing = Row("P-1", "评分", ZERO, Money.yuan("1.00"), 0, 0)
    assert (nothing.percent, nothing.then_average) == (None, None)
    assert [percent(Fraction(share)) for share in ("1/12", "-1/20", "0")] == ["+8.33", "-5", "0"]


def test_rows_are_sorted_by_what_is_asked() -> None:
    first, second = Row("b", "乙", Money(100), Money(1)), Row("a", "甲", Money(5), Money(50))
    assert in_order([second, first], Order.DIFFERENCE) == [first, second]
    assert in_order([first, second], Order.NOW) == [second, first]
    assert in_order([second, first], Order.THEN) == [first, second]
    assert in_order([second, first], Order.NAME) == [first, second]


def test_ten_per_cent_exactly_moves_prices_and_one_fen_more_moves_caps() -> None:
    permitted = Money.yuan("8257824.00")  # PRC-08
    mild = side_of(Money.yuan("9083606.40"), permitted, FITS, TEN_PERCENT)
    assert mild.deviation is not None
    assert mild.deviation.action is Action.ADJUST_PRICES
    strong = side_of(Money.yuan("9083606.41"), permitted, FITS, TEN_PERCENT)
    assert strong.deviation is not None
    assert strong.deviation.action is Action.ADJUST_CAPS
    assert side_of(ZERO, permitted, FITS, None).deviation is None
    assert "为零" in side_of(Money(1), ZERO, FITS, TEN_PERCENT).words


def compared(gross: Row, parties: tuple[Row, ...] = (), years: tuple[AgreementYear, ...] = ()) -> Compared:
    """A comparison of one month."""
    net = Row("net", "", gross.then, gross.now)
    return Compared("2026-08", "2026-08", (), (), (), parties, (), years, (), gross, net, 0)


def test_the_sentence_says_what_changes_in_plain_words() -> None:
    sides = [side_of(Money.yuan(text), Money.yuan("100.00"), FITS, TEN_PERCENT) for text in ("95.00", "115.00")]
    year = AgreementYear("A-1", "运营公司", 2026, 12, "C-1", TEN_PERCENT, False, sides[0], sides[1])
    gross = Row("gross", "", Money.yuan("95.00"), Money.yuan("115.00"))
    party = Row("U-1", "运营公司", Money.yuan("57.00"), Money.yuan("69.00"))
    assert summary(compared(gross, (party,), (year,)))[0] == (
        "在此情景下，2026-08 的含税收入由 95.00 元变为 115.00 元，增加 20.00 元（+21.05%）；"
        "分得变化最大的是运营公司：由 57.00 元变为 69.00 元；"
        "协议 A-1 的 2026 年收入与最高准许收入的偏离由 -5% 变为 +15%，由授权主体调整上限收费标准。"
    )
    assert (
        summary(compared(Row("gross", "", Money(1), Money(1))))[1]
        == "Revenue of 2026-08 to 2026-08: 0.01 to 0.01 (0 %)."
    )


def test_a_line_is_explained_on_both_sides_or_said_to_be_missing() -> None:
    working = {"basis": "time", "days": 30, "elapsed": 10, "limit": "30.00", "cumulative": "10.00", "before": "0.00"}
    free, timed = cell(), cell(gross=Money.yuan("10.00"), working=working)
    tree = explain(timed, None)
    assert tree["value"] == "¥ 10.00 → ¥ 0.00"
    assert "已过 10 天 ÷ 共 30 天" in str(tree["lines"][0])
    assert "没有这项收入" in tree["lines"][1]["label"]
    assert "免费提供" in str(explain(free, free))
    with pytest.raises(ValueError, match="neither side"):
        explain(None, None)
