"""A short history to try scenarios on: August settled and sealed, September used and not settled yet.

To the worked example of REV-04 comes a product of the operator itself: under a ceiling of 8 257 824.00, a cap and a
price of 0.80 per use, 1000 uses bought for 800.00.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.identity import Actor, Role
from market.entitlements.model import Entitlement
from registry.products.model import Product
from settlement.comparisons.rules import Compared
from settlement.scenarios.rules import Move, Scenario
from settlement.what_if import queries
from tests.make import market
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make import settlement as make

AUGUST, SEPTEMBER = Period.month("2026-08"), Period.month("2026-09")
USED_IN_SEPTEMBER = datetime(2026, 9, 10, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)


@dataclass
class History:
    """The world of REV-04, the operator's own product, and what was bought of it."""

    world: make.World
    checks: Product
    checks_bought: Entitlement


def make_history(session: Session) -> History:
    """Sell three products, use them in August and September, and settle August."""
    world = make.make_world(session)
    checks = registry.make_sellable(session, agreement=world.agreement, owner=world.operator)
    ceiling = prices.make_ceiling(session, world.agreement)
    prices.set_caps(session, ceiling, [prices.cap(checks, "0.80", volume="10000000")])
    prices.make_tariff(session, checks, effective_from=date(2026, 7, 20), now=market.SALE)
    market.make_listing(session, checks)
    checks_bought = market.make_entitlement(session, checks, world.buyer, quantity=1000)
    make.use(session, world.scores_bought, 120)
    make.use(session, world.levels_bought, 100)
    make.use(session, checks_bought, 1, quantity="401")
    make.settle(session)
    make.use(session, world.scores_bought, 80, at=USED_IN_SEPTEMBER, now=NOW)
    make.use(session, checks_bought, 1, quantity="333", at=USED_IN_SEPTEMBER, now=NOW)
    return History(world, checks, checks_bought)


def officer(place: str = base.PLACE) -> Actor:
    """A person of the price authority of the place."""
    return base.actor(Role.PRICE, place=place)


def scenario(*moves: Move, **named: Any) -> Scenario:
    """August and September with these moves."""
    return Scenario(base.PLACE, AUGUST, SEPTEMBER, moves, **named)


def compare(session: Session, *moves: Move, actor: Actor | None = None, **named: Any) -> Compared:
    """Run a scenario over August and September on the second of October."""
    return queries.compare(session, actor or officer(), scenario(*moves, **named), now=NOW, book=make.LAW)
