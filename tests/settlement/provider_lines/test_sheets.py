"""The provider's report is read as it was delivered, or refused with every wrong row named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kernel.money import Money
from settlement.matching.rules import Flow
from settlement.provider_lines.sheets import ReportRefused, ReportUnreadable, read

HEADING = ("balance_transaction_id,created_utc,reporting_category,gross,fee,net,currency,source_id,payment_intent_id,"
           "automatic_payout_id,payment_metadata[huiyi_attempt]\n")  # fmt: skip


def rows(*lines: str):
    return read((HEADING + "\n".join(lines) + "\n").encode(), "a.csv")


def test_each_kind_of_line_gets_the_reference_that_the_other_sides_have():
    found = rows(
        't1,2026-07-20 10:00:00,charge,"1,000.00",6.00,994.00,cny,ch_1,pi_1,po_1,PAY-1',
        "t2,2026-07-20 10:00:00,refund,-10.00,0,-10.00,cny,re_1,pi_1,po_1,",
        "t3,2026-07-20 10:00:00,dispute,-10.00,0,-10.00,cny,dp_1,pi_1,,",
        "t4,2026-07-20 10:00:00,dispute_reversal,10.00,0,10.00,cny,dp_1,pi_1,,",
        "t5,2026-07-20 10:00:00,payout,-984.00,0,-984.00,cny,po_1,,po_1,",
        "t6,2026-07-20 10:00:00,advance,1.00,0,1.00,cny,xx_1,,,",
    )
    assert [(one.flow, one.reference, one.parent) for one in found] == [
        (Flow.CHARGE, "pi_1", ""), (Flow.REFUND, "re_1", "pi_1"), (Flow.DISPUTE, "dp_1", "pi_1"),
        (Flow.DISPUTE, "dp_1/won", "pi_1"), (Flow.PAYOUT, "po_1", ""), (Flow.OTHER, "xx_1", ""),
    ]  # fmt: skip
    assert (found[0].amount, found[0].happened_at) == (Money.yuan("1000.00"), datetime(2026, 7, 20, 10, tzinfo=UTC))
    assert (found[4].amount, found[4].batch) == (Money.yuan("984.00"), "")


def test_every_wrong_row_is_named_and_nothing_is_read():
    good = "t1,2026-07-20 10:00:00,charge,10.00,0,10.00,cny,ch_1,pi_1,,"
    with pytest.raises(ReportRefused) as refused:
        rows(good, good, "t2,yesterday,charge,10.00,0,10.00,cny,ch_1,,,", "t3,2026-07-20,charge,x,0,1,cny,ch,,,",
             "t4,2026-07-20,charge,0.00,0,0,cny,ch,,,", "t5,2026-07-20,charge,1.00,0,1.00,,ch,,,")  # fmt: skip
    assert [error["pointer"] for error in refused.value.errors] == [f"/rows/{n}" for n in (3, 4, 5, 6, 7)]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", HEADING.encode(), b'"x'])
def test_what_is_no_report_is_refused_whole(content):
    with pytest.raises(ReportUnreadable):
        read(content, "a.csv")
