"""Between buyers and sellers: a journey for each form of delivery and each way of paying, at two places."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.journey import Journey, journey
from tests.rig.databases import Databases
from web.demo.places import FUTIAN, GUANGZHOU


@pytest.fixture(scope="module")
def guangzhou(databases: Databases) -> Iterator[Journey]:
    """The told story of Guangzhou, on PostgreSQL: its other tests tell it on SQLite."""
    with journey(databases, GUANGZHOU, kind="postgresql") as told:
        yield told


@pytest.fixture(scope="module")
def futian(databases: Databases) -> Iterator[Journey]:
    """The told story of Futian, on PostgreSQL."""
    with journey(databases, FUTIAN, kind="postgresql") as told:
        yield told


def payments(told: Journey) -> dict[str, tuple[str, str, str]]:
    """Return way, amount and state of what was paid for the orders of April."""
    found = {key: placed["payment"] for key, placed in told.told.market["orders"].items()}
    return {key: (one["method"], one["amount"], one["state"]) for key, one in found.items()}


def test_one_line_of_the_bank_paid_two_orders_and_one_order_was_paid_in_advance(guangzhou: Journey) -> None:
    assert payments(guangzhou) == {
        "calls": ("bank_transfer", "300.00", "captured"),
        "file": ("bank_transfer", "260.00", "captured"),
        "short": ("bank_transfer", "150.00", "captured"),
        "prepaid": ("balance", "240.00", "captured"),
    }
    lines = guangzhou.get("preparer", "/api/v1/bank-lines?state=matched")["items"]
    assert sorted((line["amount"], len(line["references"])) for line in lines) == [
        ("150.00", 1), ("500.00", 1), ("560.00", 2),
    ]  # fmt: skip


def test_a_line_that_was_a_fen_short_waited_and_went_back(guangzhou: Journey) -> None:
    queued = guangzhou.told.market["queued"]
    assert (queued["amount"], queued["reason"], queued["gap"]) == ("149.99", "short", "0.01")
    line = guangzhou.get("preparer", f"/api/v1/bank-lines/{queued['id']}")
    assert (line["state"], line["returned_serial"]) == ("returned", f"OUT-{queued['serial']}")


def test_what_was_bought_as_rows_is_called_and_what_was_bought_as_a_file_is_downloaded_once_per_link(
    guangzhou: Journey,
) -> None:
    delivered = guangzhou.told.market["delivered"]
    assert delivered["calls"] == "接口调用 1 次，余 9 次"
    assert delivered["file"].startswith("2026年2月街道用药需求.csv")
    assert "只能使用一次" in guangzhou.words_of("download.link_spent")


def test_the_invoice_was_taken_back_to_the_fen_with_the_money(guangzhou: Journey) -> None:
    # 300.00 = 283.02 + 16.98 at 6 %; 60.00 = 56.60 + 3.40
    market = guangzhou.told.market
    blue, red = market["invoice"], market["red_letter"]
    assert (blue["gross"], blue["net"], blue["tax"], blue["rate"]) == ("300.00", "283.02", "16.98", "0.06")
    assert (red["gross"], red["net"], red["tax"], red["original_id"]) == ("-60.00", "-56.60", "-3.40", blue["id"])
    refund = market["refund"]
    assert (refund["state"], refund["asked_by"], refund["decided_by"]) == ("done", "卢百草", "植复")


def test_march_was_countersigned_as_both_sides_counted_it(guangzhou: Journey) -> None:
    receipt = guangzhou.told.market["receipts"]["industry"]
    assert (receipt["state"], receipt["agreed"], receipt["in_dispute"]) == ("agreed", 40, 0)
    counts = guangzhou.get("company", f"/api/v1/receipts/{receipt['number']}/counts")
    assert [(one["side"], one["units"], one["metered"]) for one in counts] == [("provider", 40, 40), ("buyer", 40, 40)]


def test_results_were_fed_back_and_nothing_was_sent_to_an_address_that_did_not_answer_for_itself(
    guangzhou: Journey,
) -> None:
    assert guangzhou.told.market["feedback"]["state"] == "received"
    endpoint = guangzhou.told.market["endpoint"]
    assert endpoint["state"] == "unproven"
    (sent,) = guangzhou.get("company", f"/api/v1/webhook-endpoints/{endpoint['id']}/deliveries")["items"]
    assert (sent["type"], sent["tries"]) == ("endpoint.challenge", 0)


def test_a_report_came_on_the_months_account_and_the_statement_was_paid(futian: Journey) -> None:
    assert payments(futian) == {"report": ("monthly_account", "1200.00", "captured")}
    assert futian.told.market["delivered"]["report"].startswith("2026年4月商圈活力分析.html")
    account = futian.told.market["account"]
    (statement,) = account["statements"]
    assert (statement["month"], statement["amount"], statement["due_date"]) == ("2026-04", "1200.00", "2026-05-22")
    assert (statement["left"], account["owed"]) == ("0.00", "0.00")
    assert [account["limit"][name] for name in ("proposed_by", "decided_by")] == ["苏细账", "谢复核"]


def test_only_the_two_calls_that_one_side_did_not_count_were_disputed_and_two_persons_decided(
    futian: Journey,
) -> None:
    frozen = futian.told.market["frozen"]
    assert (frozen["amount"], frozen["free"]) == ("25.00", "1225.00")  # 2 of 100, which cost 1250.00
    dispute = futian.told.market["dispute"]
    assert (dispute["state"], dispute["outcome"], dispute["awarded"]) == ("closed", "upheld", "25.00")
    receipt = futian.told.market["receipts"]["industry"]
    assert (receipt["state"], receipt["decided_units"]) == ("resolved", 38)
    order = futian.told.orders["industry"]["number"]
    assert futian.get("company", f"/api/v1/disputes/holds/{order}")["amount"] == "0.00"


@pytest.mark.parametrize("words", ["yaodian", "ydjy", "藥店", "药店 经营"])
def test_a_product_is_found_however_its_name_is_written(guangzhou: Journey, words: str) -> None:
    found = guangzhou.get(None, f"/api/v1/catalogue?q={words}")["items"]
    assert guangzhou.told.products["index"]["code"] in [one["code"] for one in found]
