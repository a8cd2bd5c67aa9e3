"""A month from late use to closed books, at Guangzhou, in each database; and in a browser, from the run to the fen."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from kernel import clock
from tests.journeys.journey import Journey, journey
from tests.rig.browser import page_of_one_person
from tests.rig.databases import KINDS, Databases
from web.checker import offline
from web.demo.cast import PASSWORD
from web.demo.days import MONTH, NEXT_MONTH
from web.demo.places import GUANGZHOU

HAD_TO_HAPPEN = (
    "usage.grace_running", "payout.nothing_to_pay", "settlement.wrong_state",
    "book_closing.wrong_state",
)  # fmt: skip
ATTEMPTS = (
    "测算人自己公示贡献数字", "部门对别的部门的数字提出异议", "公示人自己处理对公示的异议", "登记收款账户的人自己复核",
    "编制人复核自己的拨付批次", "编制人自己付款", "复核人自己付款", "提请关闭差异的人自己确认",
    "发起结账的人自己完成结账",
)  # fmt: skip


@pytest.fixture(scope="module", params=KINDS)
def settled(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Journey]:
    """The told story of Guangzhou."""
    with journey(databases, GUANGZHOU, kind=request.param) as told:
        yield told


def by_party(settled: Journey, payouts: list[dict[str, Any]], *names: str) -> dict[str, tuple[Any, ...]]:
    """Return these fields of the payouts, by the key of the party."""
    keys = {party["id"]: key for key, party in settled.told.parties.items()}
    return {keys[one["party_id"]]: tuple(one[name] for name in names) for one in payouts}


def test_what_two_people_have_to_do_was_refused_to_one(settled: Journey) -> None:
    codes = {refusal.code for refusal in settled.told.refusals}
    attempts = {refusal.attempt for refusal in settled.told.refusals}
    assert set(HAD_TO_HAPPEN) <= codes
    assert set(ATTEMPTS) <= attempts


def test_late_use_counts_within_the_grace_and_in_the_next_month_after_it(settled: Journey) -> None:
    assert settled.lines()["industry"]["quantity"] == 40  # 39 by the data plane, one reported late
    assert settled.lines()["welfare"]["quantity"] == 10
    following = {
        line["entitlement"]: line["quantity"]
        for group in settled.told.runs[NEXT_MONTH]["report"]["groups"]
        for line in group["lines"]
    }
    assert following[settled.told.entitlements["welfare"]["number"]] == 1
    (late,) = [
        one
        for one in settled.get("preparer", f"/api/v1/usage/state?place=guangzhou&month={MONTH}")["late"]
        if one["entitlement"] == settled.told.entitlements["welfare"]["number"]
    ]
    assert late["units"] == 1


def test_a_department_objected_and_a_third_person_decided_before_anything_was_divided(settled: Journey) -> None:
    objection, notice = settled.told.books["objection"], settled.told.books["notice"]
    assert (objection["state"], objection["filed_by_name"], objection["decided_by_name"]) == (
        "dismissed", "霍明市", "陈守正",
    )  # fmt: skip
    assert (notice["drawn_by_name"], notice["opened_by_name"]) == ("邝记", "植复")
    assert objection["decided_at"] < settled.told.run["prepared_at"]


def test_three_people_settled_the_month(settled: Journey) -> None:
    run = settled.told.run
    assert (run["prepared_by_name"], run["checked_by_name"], run["sealed_by_name"]) == ("邝记", "植复", "封思齐")
    assert len(set(run["totals"]["tie_out"].values())) == 1


def test_every_party_was_paid_and_what_came_back_was_sent_again(settled: Journey) -> None:
    payouts = settled.told.books["payouts"]
    states = sorted((key, *rest) for key, *rest in (
        (by, one["state"], one["amount"], one["destination"])
        for one in payouts for by in by_party(settled, [one], "id")
    ))  # fmt: skip
    assert states == [
        ("agency", "confirmed", "56.60", "own_account"),
        ("merchant", "confirmed", "711.87", "own_account"),
        ("operator", "confirmed", "113.20", "own_account"),
        ("operator", "returned", "113.20", "own_account"),
        ("source_a", "confirmed", "108.68", "treasury_non_tax"),
        ("source_b", "confirmed", "117.73", "own_account"),
        ("venue", "confirmed", "24.00", "own_account"),
    ]
    channels = sorted((one["channel"], one["prepared_by"], one["checked_by"], one["sent_by"])
                      for one in settled.told.books["batches"])  # fmt: skip
    assert channels == [("bank", "邝记", "植复", "劳付"), ("treasury", "邝记", "植复", "劳付")]


def test_the_treasury_is_told_whose_income_it_is(settled: Journey) -> None:
    (batch,) = [one for one in settled.told.books["batches"] if one["channel"] == "treasury"]
    (payout,) = settled.get("auditor", f"/api/v1/payout-batches/{batch['number']}/payouts")["items"]
    assert payout["party_id"] == settled.told.party_id("source_a")
    assert payout["destination"] == "treasury_non_tax"


def test_what_was_paid_out_and_given_back_is_owed_and_taken_off_the_next_month(settled: Journey) -> None:
    owed = settled.told.books["clawbacks"]
    amounts = {key: amount for key, (amount,) in by_party(settled, owed, "amount").items()}
    # 60.00 of what was earned: every account of the sale by what it still holds; 3.40 of it was output tax
    assert sum(map(Decimal, amounts.values())) == Decimal("56.60")
    assert [one["party_id"] for one in owed if one["is_treasury"]] == [settled.told.party_id("source_a")]
    following = by_party(settled, settled.told.books["next_payouts"], "gross", "netted", "amount", "state")
    assert following["merchant"][1] == amounts["merchant"]
    assert following["source_a"][1] == "0.00", "the treasury is never netted"
    assert {state for *_amounts, state in following.values()} == {"confirmed"}


def test_the_two_planted_breaks_were_named_explained_and_closed_by_two(settled: Journey) -> None:
    run, again = settled.told.books["reconciliation"], settled.told.books["reconciliation_again"]
    assert (run["new_breaks"], again["new_breaks"], again["healed"]) == (2, 0, 1)
    breaks = settled.told.books["breaks"]
    assert sorted((one["kind"], one["side"], one["difference"], one["state"]) for one in breaks) == [
        ("missing", "bank", "24.00", "closed"),
        ("unknown_reference", "bank", "25.00", "closed"),
    ]
    for one in breaks:
        steps = settled.get("auditor", f"/api/v1/reconciliation-breaks/{one['number']}/steps")
        people = {step["act"]: step["actor_name"] for step in steps}
        assert people["propose"] != people["confirm"]


def test_the_month_was_closed_by_a_second_person_and_takes_no_booking_any_more(settled: Journey) -> None:
    closings = settled.get("auditor", "/api/v1/book-closings?place=guangzhou")["items"]
    assert [(one["period_start"], one["state"]) for one in closings] == [
        ("2026-02-01", "closed"), ("2026-03-01", "closed"),
    ]  # fmt: skip
    march = settled.told.books["closing"]
    assert (march["started_by_name"], march["closed_by_name"]) == ("邝记", "植复")
    entries = settled.get("auditor", "/api/v1/ledger/entries?place=guangzhou&limit=100")["items"]
    after = [one for one in entries if int(one["voucher"].rsplit("-", 1)[1]) > march["last_voucher"]]
    assert len(after) > len(settled.told.books["payouts"])
    assert min(one["entry_date"] for one in after) >= "2026-04-01"


@pytest.fixture
def site(settled: Journey) -> Iterator[str]:
    """The address of the site; its clock goes on from the end of the story."""
    clock.run_from(settled.stage.moment)
    server = make_server("127.0.0.1", 0, settled.stage.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    clock.run_from(None)


@pytest.fixture
def finance(browser: Browser, site: str) -> Iterator[Page]:
    """The browser of who checks the settlements."""
    with page_of_one_person(browser) as page:
        page.goto(f"{site}/sign-in")
        page.get_by_label("登录名").fill("guangzhou.checker")
        page.get_by_label("密码").fill(PASSWORD)
        page.locator("main").get_by_role("button", name="登录").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        yield page


def test_finance_follows_an_amount_down_to_its_events_and_a_stranger_checks_the_pack(
    settled: Journey, site: str, finance: Page, tmp_path: Path
) -> None:
    page, number = finance, settled.told.run["number"]
    page.goto(f"{site}/settlements")
    page.get_by_role("link", name=number).click()
    tie_out = page.get_by_role("table", name="核对")
    expect(tie_out).to_be_visible()
    page.wait_for_load_state()  # what is read without waiting may be half of the table
    assert len({row.inner_text() for row in tie_out.locator("td.num").all()}) == 1
    bureau = "示例广州市市场监督管理局"
    page.get_by_role("row").filter(has_text=bureau).get_by_role("link", name="STM-").click()
    expect(page.get_by_text("应缴国库").or_(page.get_by_text("上缴国库")).first).to_be_visible()
    page.get_by_role("link", name="108.68").first.click()
    expect(page.get_by_text("重算结果与账面逐分一致。")).to_be_visible()
    page.get_by_role("link", name="2026-03-31").click()
    expect(page.get_by_text("GZ-LATE-1")).to_be_visible()
    page.go_back()
    page.go_back()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="下载证明包").click()
    pack = tmp_path / "statement.pack.json"
    downloading.value.save_as(pack)
    days = [one["day"] for one in json.loads(pack.read_text(encoding="utf-8"))["anchors"]]
    anchor, program = tmp_path / "anchor.json", tmp_path / "huiyi_check.py"
    anchor.write_bytes(settled.stage.call("GET", f"/proofs/{days[-1]}.json").data)
    program.write_bytes(settled.stage.call("GET", "/proofs/huiyi_check.py").data)
    assert program.read_bytes() == Path(offline.__file__).read_bytes()
    words = [sys.executable, "-I", "-S", str(program), str(pack), str(anchor)]
    said = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (said.returncode, said.stdout) == (0, "核验通过 · verified\n")
