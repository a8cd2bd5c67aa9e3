"""What is kept for how long: every table is known, and nothing is listed before its time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from kernel import db
from kernel.calendar import add_months, business_date, start_of_day
from kernel.idempotency import IdempotencyKey
from market.trade_records.rules import kept_until, last_disposable_day
from tests.make import market as make
from web.cli import huiyi
from web.retention import DERIVED, LOGS, TRADES, Kept, kept, report

TODAY = date(2060, 7, 20)
LOG_MONTHS, VOUCHER_YEARS = 6, 30  # 网络安全法 network logs; 会计档案管理办法 vouchers


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.integers(1, 400))
def test_the_last_disposable_day_was_kept_long_enough_and_the_next_was_not(today, months):
    last = last_disposable_day(today, months)
    assert add_months(last, months) < today
    assert add_months(last + timedelta(days=1), months) >= today


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.integers(1, 40), st.integers(1, 40))
def test_the_longest_period_counts(ended, trade, voucher):
    found = kept_until(ended, trade_years=trade, voucher_years=voucher)
    assert found == kept_until(ended, trade_years=voucher, voucher_years=trade) >= add_months(ended, 12 * trade)
    assert kept_until(None, trade_years=trade, voucher_years=voucher) is None


def test_every_named_table_exists_and_whatever_is_not_named_is_kept_for_ever():
    db.import_models()
    tables = db.Base.metadata.tables
    assert {*LOGS, *DERIVED, *TRADES} <= set(tables)
    assert all(column in tables[name].c for name, column in LOGS.items())
    booked = [name for name in tables if name.startswith(("audit_", "pricing_", "settlement_journal"))]
    booked += ["market_payment", "market_refund", "market_invoice", "evidence_file", "registry_product"]
    assert {kept(name) for name in booked} == {Kept.ALWAYS}


@pytest.mark.both_databases
def test_a_log_is_listed_on_the_day_after_its_months_and_not_before(session):
    last = date(2059, 1, 20)
    for number, moment in enumerate((start_of_day(last), start_of_day(last + timedelta(days=1)))):
        session.add(IdempotencyKey(scope="x", route="x", key=str(number), fingerprint="x", status=200, body="",
                                   media_type="", created_at=moment))  # fmt: skip
    session.flush()

    def listed(on):
        lines = report(session, "xinchang", on, make.LAW)
        return next(one.disposable for one in lines if one.table == "idempotency_key")

    assert [listed(day) for day in (date(2059, 7, 20), date(2059, 7, 21), date(2059, 7, 22))] == [0, 1, 2]


@pytest.mark.both_databases
def test_a_trade_is_listed_thirty_years_after_its_use_ended_and_what_is_booked_never(session):
    held = make.make_entitlement(session)
    end = add_months(held.valid_until, 12 * VOUCHER_YEARS)
    for on, count in ((end, 0), (end + timedelta(days=1), 1)):
        lines = {one.table: one for one in report(session, held.place, on, make.LAW)}
        assert {lines[name].disposable for name in TRADES if name != "market_order_approval"} == {count}
        assert all(one.disposable == 0 for one in lines.values() if one.kept in (Kept.ALWAYS, Kept.DERIVED))
        assert lines["market_payment"].rows == 1
    assert next(one.months for one in report(session, held.place, end, make.LAW) if one.kept is Kept.LOG) == LOG_MONTHS
    assert session.scalar(sa.text("SELECT count(*) FROM market_order")) == 1
    assert business_date(make.SALE) < end


def test_the_command_is_there():
    assert "retention" in huiyi.commands
