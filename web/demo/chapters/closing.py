"""Chapter 13: the bank and the books are compared, what differs is explained and closed by two, the month is closed."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from web.demo.chapters.paying_out import line_of
from web.demo.chapters.trading import HEADING, LINES
from web.demo.days import FIRST_MONTH, MONTH, MONTH_ENDS, PAID_OUT_BY
from web.demo.stage import Stage, StoryBroken, Told

BREAKS = "/api/v1/reconciliation-breaks"
CLOSINGS = "/api/v1/book-closings"
RECONCILIATIONS = "/api/v1/reconciliations"


def compare(stage: Stage, told: Told) -> None:
    """Bring in the bank's file, which lacks one debit and has one that nobody knows, and compare: both are named."""
    books = told.place.books
    if books is None:
        return
    silent = told.party_id(books.silent_bank)
    rows = [_debit(stage, told, payout) for payout in _confirmed(told) if payout["party_id"] != silent]
    rows.append((f"FEE-{told.place.key}", f"{MONTH_ENDS} 23:30:00", "", books.bank_fee, "示例银行", "账户管理费"))
    _bring_in(stage, told, "1", rows)
    told.books["reconciliation"] = _reconcile(stage, told)
    told.books["breaks"] = stage.get(told.login("preparer"), f"{BREAKS}?place={told.place.key}")["items"]
    if len(told.books["breaks"]) != len(("silent", "fee")):
        raise StoryBroken(f"two breaks were planted, these were found: {told.books['breaks']}")


def _confirmed(told: Told) -> list[dict[str, Any]]:
    return [payout for payout in told.books["payouts"] if payout["state"] == "confirmed"]


def _debit(stage: Stage, told: Told, payout: Mapping[str, Any]) -> tuple[str, ...]:
    name = next(party["name"] for party in told.parties.values() if party["id"] == payout["party_id"])
    day = payout["ended_at"][:10]
    return line_of(payout), f"{day} 08:40:00", "", payout["amount"], name, payout["number"]


def _bring_in(stage: Stage, told: Told, number: str, rows: Sequence[tuple[str, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADING, *rows])
    content = base64.b64encode(text.getvalue().encode()).decode()
    sent = {"place": told.place.key, "file_name": f"{stage.today}-{number}.csv", "content": content}
    stage.send(told.login("preparer"), f"{LINES}/files", sent)


def _reconcile(stage: Stage, told: Told) -> dict[str, Any]:
    sent = {"place": told.place.key, "first_day": f"{MONTH}-01", "last_day": PAID_OUT_BY.isoformat()}
    made: dict[str, Any] = stage.send(told.login("preparer"), RECONCILIATIONS, sent)
    return made


def close_breaks(stage: Stage, told: Told) -> None:
    """Let the late line come; one person explains and proposes, another one confirms."""
    books = told.place.books
    if books is None:
        return
    silent = told.party_id(books.silent_bank)
    _bring_in(stage, told, "9", [_debit(stage, told, one) for one in _confirmed(told) if one["party_id"] == silent])
    told.books["reconciliation_again"] = _reconcile(stage, told)
    told.books["breaks"] = [_close(stage, told, found["number"]) for found in told.books["breaks"]]


def _close(stage: Stage, told: Told, number: str) -> dict[str, Any]:
    preparer, checker, url = told.login("preparer"), told.login("checker"), f"{BREAKS}/{number}"
    found = stage.get(preparer, url)
    late = found["healed_at"] is not None
    words = "银行次日补送的明细已到，金额一致" if late else "银行按协议收取的账户管理费，由财政局经费承担，不涉及分配款"
    found = stage.send(preparer, f"{url}/assignment", {"login": preparer, "note": "由编制人核实"}, of=found)
    found = stage.send(preparer, f"{url}/explanation", {"note": words}, of=found)
    resolution = "late_line" if late else "no_fault"
    found = stage.send(preparer, f"{url}/proposal", {"resolution": resolution, "note": words}, of=found)
    seen = {"sha256": stage.get(checker, f"{url}/steps")[-1]["sha256"], "note": "同意"}
    if not late:
        stage.refused(told, "提请关闭差异的人自己确认", preparer, f"{url}/confirmation", seen, rule="", of=found)
    closed: dict[str, Any] = stage.send(checker, f"{url}/confirmation", seen, of=found)
    return closed


def close_first_month(stage: Stage, told: Told) -> None:
    """Close the first month with entries."""
    stage.seal()
    _close_month(stage, told, FIRST_MONTH)


def close_month(stage: Stage, told: Told) -> None:
    """Close the month by a second person; it stays closed."""
    stage.seal()
    wanted, preparer = {"place": told.place.key, "period": MONTH}, told.login("preparer")
    told.books["closing"] = _close_month(stage, told, MONTH)
    if told.place.books is None:
        return
    stage.refused(told, "重新编制已结账月份的结算", preparer, "/api/v1/settlements", wanted, rule="")
    stage.refused(told, "对已结账的月份再次发起结账", preparer, CLOSINGS, wanted, rule="")


def _close_month(stage: Stage, told: Told, month: str) -> dict[str, Any]:
    preparer, wanted = told.login("preparer"), {"place": told.place.key, "period": month}
    started = stage.send(preparer, CLOSINGS, wanted)
    blocked = [item for item in started["checklist"] if item["count"]]
    if blocked:
        raise StoryBroken(f"{told.place.key} {month} cannot be closed: {blocked}")
    if month == MONTH and told.place.books is not None:
        stage.refused(told, "发起结账的人自己完成结账", preparer, f"{CLOSINGS}/close", wanted, rule="")
    closed: dict[str, Any] = stage.send(told.login("checker"), f"{CLOSINGS}/close", wanted)
    return closed
