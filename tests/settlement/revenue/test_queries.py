"""The one statement that counts charged use agrees with the rule of pricing, event by event."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from pricing.tariffs.rules import billable
from settlement.metering import queries as metered
from settlement.revenue import queries
from tests.make import settlement as make
from web.checker import verify

WINDOW = 7
USES = 200
BEFORE = date(2026, 9, 1)


def rows_of(world: make.World, dice: random.Random, count: int) -> list[dict[str, str]]:
    """Uses of few subjects on many days, some without a subject, some that found nothing."""
    rows = []
    for number in range(count):
        at = make.USED_AT + timedelta(days=dice.randint(0, 40) - 10, hours=dice.randint(0, 23))
        rows.append({
            "entitlement": world.scores_bought.number, "client_reference": f"r{number}",
            "occurred_at": min(at, make.NOW).isoformat(), "subject": dice.choice(["", "a", "b", "c", "d"]),
            "subject_kind": dice.choice(["person", "enterprise"]), "hit": dice.choice(["true", "true", "false"]),
        })  # fmt: skip
    return rows


@pytest.mark.both_databases
@pytest.mark.parametrize(("window", "misses"), [(None, False), (WINDOW, False), (None, True), (WINDOW, True)])
def test_sql_counts_as_the_rule_does(session: Session, window: int | None, misses: bool) -> None:
    world = make.make_world(session, quantity=1000, dedup_days=window, charges_misses=misses)
    rows = rows_of(world, random.Random(7), USES)
    make.metering.import_usage(
        session, make.preparer(), place="xinchang", file_name="u.csv", content=make.usage_file(rows), now=make.NOW
    )
    found = queries.usage_totals(session, place="xinchang", before=BEFORE, received_until=make.NOW)
    for kind in ("person", "enterprise"):
        counted = [row for row in rows if row["subject_kind"] == kind and day_of(row) < BEFORE]
        hits = [row for row in counted if misses or row["hit"] == "true"]
        if window is None:
            charged = len(hits)
        else:
            events = [(row["subject"], day_of(row).toordinal()) for row in hits if row["subject"]]
            charged = len(billable(events, window)) + sum(not row["subject"] for row in hits)
        assert found[world.scores_bought.id][kind] == queries.Used(len(hits), charged)
    used = metered.used_of(session, world.scores_bought.id)
    assert used == (USES if misses else sum(row["hit"] == "true" for row in rows))
    assert verify(session.connection()) == []


def day_of(row: dict[str, str]) -> date:
    """The Beijing date of a row."""
    return business_date(datetime.fromisoformat(row["occurred_at"]))
