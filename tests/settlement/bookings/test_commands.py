"""What the database books by itself is, leg by leg, what the pure rule says."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.money import ZERO, Money
from market.entitlements.model import Entitlement
from market.orders.model import Order
from registry.parties.model import Party
from settlement.ledger.queries import find
from settlement.ledger.rules import Cause, Tags, earning_entry
from settlement.revenue.model import RevenueLine
from settlement.splits.model import ShareLine
from tests.make import market
from tests.make import settlement as make


@pytest.mark.both_databases
def test_every_line_of_revenue_is_booked_as_the_rule_says(session: Session) -> None:
    world = make.make_world(session)
    more = [market.make_entitlement(session, world.scores, world.buyer, quantity=count) for count in (7, 31, 3)]
    for bought, count in zip([world.scores_bought, world.levels_bought, *more], (123, 99, 7, 30, 0), strict=True):
        if count:
            make.use(session, bought, count, prefix=bought.number)
    run = make.settle(session)
    lines = session.scalars(sa.select(RevenueLine).where(RevenueLine.gross > ZERO)).all()
    assert len(lines) == run.totals["entries"] == 4
    numbers = []
    for line in lines:
        entitlement, order = session.get_one(Entitlement, line.entitlement_id), session.get_one(Order, line.order_id)
        parts: list[tuple[str, str, Money]] = [
            (str(share.payee_kind), uscc, share.amount)
            for share, uscc in session.execute(
                sa.select(ShareLine, Party.uscc)
                .join(Party, Party.id == ShareLine.party_id)
                .where(ShareLine.revenue_line_id == line.id)
            )
        ]
        product = world.levels if line.product_id == world.levels.id else world.scores
        made = earning_entry(
            place=run.place, cause_id=f"{run.place}/{run.period_start}/{entitlement.number}", order_number=order.number,
            gross=line.gross, tax=line.tax, parts=parts, entry_date=make.PERIOD.last_day,
            tags=Tags(world.agreement.number, product.code, "industry"),
        )  # fmt: skip
        booked = find(session, Cause.REVENUE_EARNED, made.cause_id)
        assert booked is not None
        assert booked.entry == made
        assert line.gross == line.tax + sum((amount for _, _, amount in parts), ZERO)  # A13
        numbers.append((entitlement.number, booked.header.number))
    ranks = [number for _, number in sorted(numbers)]
    assert ranks == list(range(ranks[0], ranks[0] + len(ranks)))
