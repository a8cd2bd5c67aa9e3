"""Money in a real browser: three people settle and pay a month, a department reads its share, an auditor checks it."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from kernel import db
from kernel.money import Money, total
from registry.parties.model import Party
from settlement.ledger import queries as ledger
from settlement.payouts.model import Payout, PayoutBatch
from settlement.runs.model import SettlementRun
from settlement.statements.model import Statement
from tests.make import registry_base as base
from tests.make.finance_day import PAYING, PROVEN, SETTLING, make_finance_day, make_settled_day
from tests.pages.people import Office, go

SHARES = {"运营公司": "900.00", "平台公司": "150.00", "气象局": "314.63", "人民医院": "135.37"}
PAID = {"运营公司": ("900.00", "confirmed"), "平台公司": ("150.00", "confirmed"), "气象局": ("314.63", "confirmed")}


def reading(app: Flask) -> Session:
    """A session that looks at the books."""
    return app.extensions["huiyi_database"].new_session()  # type: ignore[no-any-return]


def shares_of(app: Flask) -> dict[str, str]:
    """What the statements say, by the name of the party."""
    with reading(app) as session:
        query = sa.select(Party.name, Statement.total).join(Statement, Statement.party_id == Party.id)
        return {name: total.text() for name, total in session.execute(query)}


def paid_of(app: Flask) -> dict[str, tuple[str, str]]:
    """What was paid, by the name of the party whose income it is."""
    with reading(app) as session:
        query = sa.select(Party.name, Payout.amount, Payout.state).join(Payout, Payout.party_id == Party.id)
        return {name: (amount.text(), state.value) for name, amount, state in session.execute(query)}


def settle(preparer: Page, checker: Page) -> None:
    """Prepare August, look at what it comes to, check it and seal it, by two people."""
    go(preparer, "结算", "收益结算")
    preparer.get_by_role("combobox", name="地方").select_option(label="新昌县")
    preparer.get_by_label("月份").fill("2026-08")
    preparer.keyboard.press("Enter")
    expect(preparer.get_by_text("这是预览，没有写入任何内容")).to_be_visible()
    expect(preparer.locator(".stats")).to_contain_text("1,590.00")
    assert "csrf" not in preparer.url
    preparer.get_by_role("button", name="编制", exact=True).click()
    expect(preparer.get_by_text(re.compile("结算 SET-.* 已编制，待另一位人员复核。"))).to_be_visible()
    expect(preparer.locator(".stats")).to_contain_text("1,590.00")
    expect(preparer.get_by_role("button", name="复核无误")).to_have_count(0)
    go(checker, "结算", "收益结算")
    checker.get_by_role("link", name=re.compile("^SET-")).click()
    for name, amount in SHARES.items():
        row = checker.get_by_role("table", name="各单位分得").get_by_role("row").filter(has_text=name)
        expect(row).to_contain_text(amount)
    expect(checker.get_by_role("table", name="各单位分得").locator("tfoot")).to_contain_text("1,500.00")
    checker.get_by_role("button", name="复核无误").click()
    expect(checker.get_by_text("已复核，可以封存。")).to_be_visible()
    checker.locator("summary", has_text="封存").click()
    checker.locator("details[open]").get_by_role("button", name=re.compile("封存")).click()
    expect(checker.get_by_text("已封存：凭证已入账，结算单已出具。")).to_be_visible()
    sums = checker.get_by_role("table", name="核对").locator("td.num")
    expect(sums).to_have_text([re.compile("1,590.00")] * 4)
    for name, amount in SHARES.items():
        row = checker.get_by_role("table", name="结算单").locator("tbody tr").filter(has_text=name)
        expect(row).to_contain_text(amount)


def pay_out(preparer: Page, checker: Page, payer: Page, folder: Path) -> None:
    """Make the batches, check and send each, hand the file to the bank and take its answer, by three people."""
    go(preparer, "结算", "收益拨付")
    expect(preparer.locator(".stats")).to_contain_text("1,364.63")
    held = preparer.get_by_role("table", name="暂缓拨付").get_by_role("row").filter(has_text="人民医院")
    expect(held).to_contain_text("事业单位收款规则未配置新昌")
    preparer.get_by_role("button", name="编制批次").click()
    expect(preparer.get_by_text("已编制 2 个批次，待另一人复核。")).to_be_visible()
    go(preparer, "结算", "收益拨付")
    table = preparer.get_by_role("table", name="批次")
    expect(table.locator("tbody").get_by_role("link")).to_have_count(2)
    for number in table.locator("tbody").get_by_role("link").all_inner_texts():
        open_batch(checker, number)
        checker.get_by_role("button", name="复核无误").click()
        expect(checker.get_by_text("已办理。")).to_be_visible()
        open_batch(payer, number)
        payer.locator("summary", has_text="发出").click()
        payer.locator("details[open]").get_by_role("button", name=re.compile("发出")).click()
        expect(payer.get_by_text("已办理。")).to_be_visible()
        with payer.expect_download() as downloading:
            payer.get_by_role("button", name="下载 CSV").click()
        sent = Path(downloading.value.path()).read_text(encoding="utf-8-sig")
        open_batch(preparer, number)
        preparer.get_by_label("回单（CSV）").set_input_files(answer_to(sent, folder / f"{number}.csv"))
        preparer.get_by_role("button", name="登记回单").click()
        expect(preparer.locator(".page-header")).to_contain_text("已办结")


def open_batch(page: Page, number: str) -> None:
    """Go to a batch by the menu."""
    go(page, "结算", "收益拨付")
    page.get_by_role("table", name="批次").get_by_role("link", name=number).click()


def answer_to(sent: str, path: Path) -> Path:
    """Write what the bank answers: all of it arrived."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["拨付编号", "金额", "结果", "流水号", "原因"])
    for row in csv.DictReader(io.StringIO(sent)):
        writer.writerow([row["拨付编号"], row["金额"], "成功", f"BANK-{row['拨付编号']}", ""])
    path.write_text(target.getvalue(), encoding="utf-8")
    return path


def test_two_people_settle_a_month_to_the_fen_without_any_script(app: Flask, office: Office) -> None:
    with app.app_context(), db.transaction() as session:
        make_finance_day(session)
    enter = office(SETTLING, scripts=False)
    settle(enter("finance_preparer"), enter("finance_checker"))
    assert shares_of(app) == SHARES
    with reading(app) as session:
        run = session.scalars(sa.select(SettlementRun)).one()
        assert (run.prepared_by_name, run.sealed_by_name) == ("邝记账", "植复核")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_three_people_pay_out_what_a_month_gave_to_the_fen(
    app: Flask, office: Office, tmp_path: Path, scripts: bool
) -> None:
    with app.app_context(), db.transaction() as session:
        make_settled_day(session)
    enter = office(PAYING, scripts=scripts)
    pay_out(enter("finance_preparer"), enter("finance_checker"), enter("finance_payer"), tmp_path)
    assert paid_of(app) == PAID
    with reading(app) as session:
        batches = session.scalars(sa.select(PayoutBatch)).all()
        assert {(one.prepared_by, one.checked_by, one.sent_by) for one in batches} == {("邝记账", "植复核", "劳付款")}
        balances = ledger.trial_balance(session, place=base.PLACE)
        assert total(amount for _account, amount in balances) == Money(0)
        assert "-135.37" in [amount.text() for _account, amount in balances], "the hospital is still owed its part"


def test_a_department_reads_what_its_data_earned_and_how(app: Flask, office: Office) -> None:
    with app.app_context(), db.transaction() as session:
        make_settled_day(session)
    page = office(PROVEN)("source")
    go(page, "结算", "结算单")
    rows = page.get_by_role("table", name="结算单").locator("tbody tr")
    expect(rows).to_have_count(1)  # its own one
    rows.get_by_role("link", name=re.compile("^STM-")).click()
    expect(page.locator(".stats")).to_contain_text("314.63")
    expect(page.get_by_text("叁佰壹拾肆元陆角叁分")).to_be_visible()
    expect(page.get_by_text("按政府非税收入上缴国库")).to_be_visible()
    expect(page.get_by_role("table", name="按产品汇总").get_by_role("row").filter(has_text="评分")).to_contain_text(
        "164.63"
    )
    expect(page.get_by_role("table", name="按产品汇总").get_by_role("row").filter(has_text="等级")).to_contain_text(
        "150.00"
    )
    assert shares_of(app) == SHARES


def test_an_auditor_follows_an_amount_down_to_its_uses_and_checks_the_pack_away_from_us(
    app: Flask, office: Office, tmp_path: Path
) -> None:
    with app.app_context(), db.transaction() as session:
        make_settled_day(session)
    page = office(PROVEN)("auditor")
    go(page, "结算", "收益结算")
    page.get_by_role("link", name=re.compile("^SET-")).click()
    page.get_by_role("row").filter(has_text="气象局").get_by_role("link", name=re.compile("^STM-")).click()
    page.get_by_role("link", name="164.63").click()
    expect(page.get_by_text("重算结果与账面逐分一致。")).to_be_visible()
    page.get_by_role("link", name="2026-08-05").click()
    uses = page.get_by_role("table", name="使用事件").locator("tbody tr")
    expect(uses.first).to_contain_text("2026080502-")
    page.get_by_role("navigation", name="当前位置").get_by_role("link", name=re.compile("^STM-")).click()
    kept = {name: tmp_path / name for name in ("pack.json", "anchor.json", "huiyi_check.py")}
    with page.expect_download() as downloading:
        page.get_by_role("link", name="下载证明包").click()
    downloading.value.save_as(kept["pack.json"])
    go(page, "监督", "每日锚定")
    with page.expect_download() as downloading:
        page.get_by_role("table", name="锚定").get_by_role("link").first.click()
    downloading.value.save_as(kept["anchor.json"])
    with page.expect_download() as downloading:
        page.get_by_role("link", name="下载核验程序").click()
    downloading.value.save_as(kept["huiyi_check.py"])
    command = [sys.executable, "-I", "-S", *map(str, (kept["huiyi_check.py"], kept["pack.json"], kept["anchor.json"]))]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (said.returncode, said.stdout) == (0, "核验通过 · verified\n"), said.stderr
    go(page, "结算", "账簿")
    expect(page.get_by_text("账簿核对无误：借贷平衡，凭证号连续。")).to_be_visible()
    page.get_by_role("table", name="试算平衡").get_by_role("link", name=re.compile("应付.*")).first.click()
    expect(page.locator("main h1")).to_be_visible()
