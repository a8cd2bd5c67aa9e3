"""The bank's file in the page on payments is read as the page says, and its events are those that are dealt with."""

from __future__ import annotations

import re
from pathlib import Path

from kernel.money import Money
from market.bank_lines.rules import Due, Reason, judge, plain_name, references_in
from market.bank_lines.sheets import COLUMNS, NEEDED, Row, read
from market.payments.gateway import is_reference, reference_of
from market.stripe_inbox.rules import KINDS
from tests.test_docs import CODE_BLOCK, INLINE, ROOT, rows_of, section_of, text_of

PAGE: Path = ROOT / "docs" / "payments.md"
BUYER = plain_name("示例科技有限公司")


def told() -> list[Row]:
    """Return the lines of the example."""
    block = next(body for kind, body in CODE_BLOCK.findall(text_of(PAGE)) if kind == "csv")
    return read(block.encode(), "payments.md")


def due(number: str, left: str | None, payer: str = BUYER) -> Due:
    return Due(reference_of(number), None if left is None else Money.yuan(left), frozenset({payer}))


def test_the_example_of_a_bank_file_is_read_and_judged_as_the_page_says() -> None:
    whole, together, prepaid, fee, mistyped = told()
    expected = [
        due("ORD-2026-000041", "1590.00"), due("ORD-2026-000042", "300.00"), due("ORD-2026-000043", "500.00"),
        due("ACC-2026-000007", None, plain_name("示例医院")),
    ]  # fmt: skip
    dues = {one.reference: one for one in expected}
    verdicts = [
        judge(row.amount, row.remark, row.payer_name, dues=dues, is_reference=is_reference)
        for row in (whole, together, prepaid, mistyped)
    ]
    assert [list(one.shares) for one in verdicts] == [
        ["ORD202600004113"], ["ORD202600004210", "ORD202600004307"], ["ACC202600000782"], [],
    ]  # fmt: skip
    assert (fee.is_incoming, fee.amount) == (False, Money.yuan("12.00"))
    assert verdicts[3].reason is Reason.MISTYPED_REFERENCE
    assert sorted(references_in(mistyped.remark)[0]) == sorted(reference_of("ORD-2026-000041"))


def test_every_heading_that_the_page_names_is_known_and_the_needed_ones_are_called_so() -> None:
    known = {title for titles in COLUMNS.values() for title in titles}
    rows = rows_of(section_of("docs/payments.md", "2 The bank's file"))
    named = {word for row in rows for word in re.findall(r"[一-鿿]{2,}", row[1])}
    assert named <= known
    needed = {row[1].split(",")[0] for row in rows if "needed" in row[0]}
    assert needed == set(NEEDED.values())


def test_every_event_that_is_to_be_enabled_is_dealt_with() -> None:
    rows = rows_of(section_of("docs/payments.md", "5 Stripe"))
    events = INLINE.findall(next(row[1] for row in rows if row[0] == "3 events"))
    kinds = [kind for kind, _thing in KINDS]
    assert [event for event in events if not any(event.startswith(kind) for kind in kinds)] == []
    assert [
        kind for kind in kinds if kind != "charge.refund." and not any(one.startswith(kind) for one in events)
    ] == []
