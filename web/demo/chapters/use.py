"""Chapter 7: buyers' programs call what was bought, through the data plane; the rest arrives as a file of usage."""

from __future__ import annotations

import base64
import csv
import io
from itertools import cycle, islice
from typing import Any

from web.demo.cast import BulkUse, Purchase
from web.demo.days import CALLS, MONTH
from web.demo.stage import Stage, StoryBroken, Told

NOBODY = "NO-SUCH-KEY"


def call_on(stage: Stage, told: Told) -> None:
    """Make the calls of one day: every purchase's calls are spread over the days of the story."""
    day = CALLS.index(stage.today)
    for purchase in told.place.purchases:
        first, last = (purchase.calls * part // len(CALLS) for part in (day, day + 1))
        for number in range(first, last):
            _call(stage, told, purchase, number)
        if purchase.misses and day == len(CALLS) - 1:
            _repeat_and_miss(stage, told, purchase)


def _call(stage: Stage, told: Told, purchase: Purchase, number: int, *, key: str | None = None) -> dict[str, str]:
    fact = told.place.product(purchase.product)
    wanted = key or next(islice(cycle(fact.rows), number, None))["key"]
    code = told.products[purchase.product]["code"]
    buyer = told.login(purchase.buyer)
    answer = stage.call(
        "GET",
        f"/exchange/v1/products/{code}/records/{wanted}",
        who=buyer,
        token=told.keys.get(buyer),
        headers={
            "Client-Reference": f"{purchase.reference}-{number + 1:05d}",
            "Huiyi-Entitlement": told.entitlements[purchase.key]["number"],
        },
    )
    if answer.status_code != 200:
        raise StoryBroken(f"call {number} of {purchase.reference}: {answer.status} {answer.text[:600]}")
    told.used[purchase.key] = int(answer.headers["Huiyi-Used"])
    return {**answer.headers, "hit": str((answer.json or {})["hit"])}


def _repeat_and_miss(stage: Stage, told: Told, purchase: Purchase) -> None:
    """Send the last call again, and ask for something that is not there: neither is counted."""
    again = _call(stage, told, purchase, purchase.calls - 1)
    missed = _call(stage, told, purchase, purchase.calls, key=NOBODY)
    if again["Huiyi-Repeated"] != "true" or missed["hit"] != "False" or told.used[purchase.key] != purchase.calls:
        raise StoryBroken(f"{purchase.reference}: a repeated call or a miss was counted")


def bring_in_file(stage: Stage, told: Told) -> None:
    """Import the month's file of usage, twice: the second time nothing new is counted."""
    if not told.place.bulk:
        return
    content = base64.b64encode(usage_file(told).encode()).decode()
    sent = {"place": told.place.key, "file_name": f"{MONTH}.csv", "content_base64": content}
    for purchase_key, accepted in (("first", True), ("again", False)):
        result = stage.send(told.login("preparer"), "/api/v1/usage/imports", sent)
        if (result["accepted"] == result["rows"]) is not accepted:
            raise StoryBroken(f"usage file, {purchase_key} time: {result}")
    for use in told.place.bulk:
        told.used[use.purchase] = told.used.get(use.purchase, 0) + use.subjects * len(use.days)


def usage_file(told: Told) -> str:
    """Return the CSV text of the month's file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["entitlement", "client_reference", "occurred_at", "subject_kind", "subject"])
    for block, use in enumerate(told.place.bulk, start=1):
        _write(writer, told, block, use)
    return text.getvalue()


def _write(writer: Any, told: Told, block: int, use: BulkUse) -> None:
    entitlement = told.entitlements[use.purchase]["number"]
    kind = next(found.kind for found in told.place.purchases if found.key == use.purchase)
    for subject in range(1, use.subjects + 1):
        for round_number, day in enumerate(use.days, start=1):
            writer.writerow(
                [
                    entitlement,
                    f"{use.purchase}-{block}-{subject:04d}-{round_number}",
                    f"{MONTH}-{day:02d}T10:{subject % 60:02d}:{round_number:02d}+08:00",
                    kind,
                    f"{kind}-{block}-{subject:04d}",
                ]
            )
