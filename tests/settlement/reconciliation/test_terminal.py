"""The terminal names every break and says by its answer whether everything agrees."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

from rich.console import Console

from kernel import clock, db
from kernel.calendar import Period
from tests.make import paying
from tests.make import registry_base as base
from web.cli import TERMINAL
from web.reconciling import reconcile

NOW = datetime(2026, 7, 22, 2, 0, tzinfo=UTC)
DAYS = Period(date(2026, 7, 20), date(2026, 7, 22))


def test_the_terminal_reconciles_names_breaks_and_compares(app, tmp_path):
    console = Console(file=io.StringIO(), width=200)
    report = tmp_path / "day.csv"
    report.write_text("明细号,时间,类型,金额,手续费,净额,币种,业务单号,原收款\n"
                      "txn_c,2026-07-20 10:30:00,收款,100.00,0.60,99.40,CNY,ch_1,pi_x\n", encoding="utf-8")  # fmt: skip
    with clock.set_to(NOW), app.test_request_context():
        assert reconcile(TERMINAL, base.PLACE, DAYS, None, None, console)
        assert not reconcile(TERMINAL, base.PLACE, DAYS, report, None, console)
        number = f"REC-{base.PLACE}-2026-000001"
        assert not reconcile(TERMINAL, base.PLACE, DAYS, None, number, console)
        with db.transaction() as session:
            paying.enter(session, "BK-9", "12.00", "没有编号", "过路人", now=NOW)
    told = console.file.getvalue()
    assert "编号无法识别" in told
    assert "新增：支付机构 txn_c" in told
