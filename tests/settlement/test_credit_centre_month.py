"""A month of credit reports at the tariff of 2025: imported, settled, sealed and stated, right to the fen.

The expected figures are worked out twice: by the plain arithmetic of ``tests.make.credit_centre``, which uses no code
of the project, and as they were written down here once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from settlement.ledger import checks
from settlement.metering.commands import Imported, import_usage
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState
from settlement.statements.model import Statement
from tests.make import credit_centre as centre
from tests.make import settlement as make
from web.checker import verify

BUYERS = 6
# charged units, gross, net; platform, first and second department of the pool, authority, operator
WRITTEN_DOWN = {
    100_000: ("47362", "116895.00", "110278.30", "5513.91", "13750.32", "13819.25", "11027.83", "66166.99"),
    20_000: ("15928", "50946.50", "48062.75", "2403.13", "5992.82", "6022.86", "4806.27", "28837.67"),
}
EVENTS = {"sqlite": 100_000, "postgresql": 20_000}


def fen(amount: str) -> int:
    """Read yuan with two decimals as fen."""
    return int(amount.replace(".", ""))


def lines_of(session: Session, run: SettlementRun, made: centre.Centre) -> dict[tuple[int, str], centre.Sums]:
    """Return what was booked for each buyer and kind."""
    keys = {entitlement.id: key for key, entitlement in made.bought.items()}
    return {
        keys[line.entitlement_id]: centre.Sums(line.quantity, line.billable, line.gross.fen, line.net.fen)
        for line in session.scalars(sa.select(RevenueLine).where(RevenueLine.run_id == run.id))
    }


def statements_of(session: Session, run: SettlementRun, made: centre.Centre) -> dict[str, int]:
    """Return the total of each party's statement in fen."""
    first, second = made.departments
    names = {
        made.platform.id: "platform", first.id: "first", second.id: "second", made.authority.id: "authority",
        made.operator.id: "operator",
    }  # fmt: skip
    issued = session.scalars(sa.select(Statement).where(Statement.run_id == run.id))
    return {names[one.party_id]: one.total.fen for one in issued}


@pytest.mark.both_databases
def test_a_month_of_reports_is_settled_to_the_fen(session: Session, database_kind: str) -> None:
    count = EVENTS[database_kind]
    made = centre.make_centre(session, buyers=BUYERS, quantity=count // BUYERS + 1)
    asked = centre.queries_of_the_month(count, BUYERS)
    imported = import_usage(
        session, make.preparer(centre.PLACE), place=centre.PLACE, file_name="2026-08.csv",
        content=centre.usage_file(made, asked), now=make.NOW,
    )  # fmt: skip
    assert imported == Imported(rows=count, accepted=count, duplicates=0)
    run = make.settle(session, place=centre.PLACE)

    by_hand = centre.by_hand(asked)
    gross, net = sum(sums.gross for sums in by_hand.values()), sum(sums.net for sums in by_hand.values())
    shares = centre.shares_by_hand(net)
    assert run.state is RunState.SEALED
    assert run.parked == []
    assert lines_of(session, run, made) == by_hand
    assert statements_of(session, run, made) == shares
    charged, *amounts = WRITTEN_DOWN[count]
    assert int(charged) == sum(sums.billable for sums in by_hand.values()) == run.totals["billable"]
    assert [fen(amount) for amount in amounts] == [gross, net, *shares.values()]
    assert run.totals["quantity"] == sum(one.hit for one in asked)
    assert (run.totals["gross"], run.totals["net"]) == (amounts[0], amounts[1])
    assert checks.run(session) == []
    assert verify(session.connection()) == []


# one buyer asks about one enterprise and one person: day of August, kind, whether something was found, whether charged
STORY = (
    (1, "enterprise", True, True),
    (1, "personal", True, True),
    (1, "personal", True, False),  # the same person on the same day
    (2, "personal", True, True),
    (30, "enterprise", True, False),  # day 30 of the window
    (31, "enterprise", True, True),  # the window is over
    (31, "enterprise", True, False),
    (31, "personal", False, False),  # nothing found
)


@pytest.mark.both_databases
@pytest.mark.parametrize(("buyer", "gross"), [(0, "20.00"), (2, "10.00")])
def test_windows_of_thirty_days_and_one_day_at_both_classes(session: Session, buyer: int, gross: str) -> None:
    made = centre.make_centre(session, buyers=3, quantity=len(STORY))
    midnight = datetime(2026, 8, 1, tzinfo=centre.BEIJING)  # still July in UTC
    asked = [
        centre.Asked(buyer, kind, kind, midnight + timedelta(days=day - 1, minutes=number), is_found)
        for number, (day, kind, is_found, _) in enumerate(STORY)
    ]
    import_usage(
        session, make.preparer(centre.PLACE), place=centre.PLACE, file_name="2026-08.csv",
        content=centre.usage_file(made, asked), now=make.NOW,
    )  # fmt: skip
    run = make.settle(session, place=centre.PLACE)
    assert run.totals["billable"] == sum(is_charged for *_, is_charged in STORY)
    assert run.totals["gross"] == gross
    assert lines_of(session, run, made) == centre.by_hand(asked)
