"""Random months: schedules, orders, free use, disputes and refunds by one seed; the same seed tells the same story.

Everything has the same number and credit code in every telling, so that digests of two tellings can be compared.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from kernel.errors import DomainError
from kernel.money import ZERO, Money
from market.disputes import commands as disputes
from market.disputes.model import Dispute
from market.disputes.rules import Track
from market.entitlements.model import Entitlement
from market.orders import queries as orders
from market.refunds import commands as refunds
from pricing.exemptions.rules import Purpose
from registry.parties.rules import Capacity
from settlement.intake.commands import take_in_payments
from settlement.metering import commands as metering
from settlement.splits.rules import Schedule
from tests.make import market, paying, payouts
from tests.make import pricing as prices
from tests.make import registry_products as registry
from tests.make import settlement as make
from tests.make.invoices import sides

PRICES = ("5.30", "3.33")
FREE = Purpose.PUBLIC_WELFARE


@dataclass
class Told:
    """A story so far: who, what was bought, what was used of it, and whose money is in question."""

    world: make.World
    bought: list[Entitlement]
    used: dict[str, int] = field(default_factory=dict)
    given_back: dict[str, Money] = field(default_factory=dict)  # by number of the entitlement
    disputed: list[Dispute] = field(default_factory=list)
    files: int = 0


def random_steps(chance: random.Random, world: make.World) -> list[dict[str, Any]]:
    """Return steps that divide everything among operator, merchant, departments and platform, each kind by chance."""
    who = [world.operator.uscc, world.merchant.uscc]
    while True:
        steps: list[dict[str, Any]] = []
        if chance.random() < 0.4:
            steps.append({"kind": "fixed", "party": chance.choice(who), "value": f"{chance.randrange(1, 300)}.07"})
        if chance.random() < 0.4:
            steps.append({"kind": "recover", "party": who[0], "value": "500.00", "cap": f"{chance.randrange(400)}.99"})
        for _ in range(chance.randrange(3)):
            base = chance.choice(("net_of_tax", "left", "gross"))
            steps.append({"kind": "rate", "party": chance.choice(who), "value": f"0.{chance.randrange(1, 400):03d}",
                          "base": base})  # fmt: skip
        if chance.random() < 0.8:
            steps.append({"kind": "pool", "contributors": make.COEFFICIENTS, "value": "0.3", "base": "left"})
        if chance.random() < 0.5:
            weights = {uscc: str(chance.randrange(1, 9)) for uscc in who}
            steps.append({"kind": "pool", "weights": weights, "value": f"0.{chance.randrange(1, 99):02d}",
                          "base": "left"})  # fmt: skip
        steps.append({"kind": "rest", "party": world.platform.uscc})
        try:
            Schedule.from_list([_by_weights(step) for step in steps])
        except DomainError:  # a step that nothing is left for
            continue
        return steps


def _by_weights(step: dict[str, Any]) -> dict[str, Any]:
    """Return a step as the rules read it once it is known who contributed what."""
    if "contributors" not in step:
        return step
    return {key: value for key, value in step.items() if key != "contributors"} | {"weights": {"a": "1", "b": "2"}}


def tell(session: Session, seed: int) -> Told:
    """Make the parties, their signed schedule, and some orders of July; one in three is free."""
    chance = random.Random(seed)
    world = make.make_world(session, has_schedule=False,
                            price={"model": "per_unit", "unit_price": PRICES[seed % len(PRICES)]})  # fmt: skip
    steps = random_steps(chance, world)
    named = [one for one in (world.operator, world.merchant, world.platform) if one.uscc in repr(steps)]
    make.make_schedule(session, world.agreement, steps, signers=named)
    told = Told(world, [world.scores_bought, world.levels_bought])
    party = make.make_party(session, 910, "急救中心", Capacity.BUYER)
    prices.make_exemption(session, world.scores, party, quota=10_000, now=market.SALE)
    bureau = market.buyer_of(session, party)
    for _ in range(chance.randrange(1, 4)):
        product, quantity = chance.choice((world.scores, world.levels)), chance.randrange(1, 300)
        if chance.random() < 1 / 3:
            told.bought.append(market.make_entitlement(session, world.scores, bureau, quantity=quantity, purpose=FREE))
        else:
            told.bought.append(market.make_entitlement(session, product, world.buyer, quantity=quantity))
    return told


def rows(told: Told, chance: random.Random, at: datetime) -> list[dict[str, Any]]:
    """Return uses of what is left of each entitlement, on days of the month of a moment."""
    found = []
    for one in told.bought:
        for turn in range(chance.randrange(1, 4)):
            left = (one.quota or 0) - told.used.get(one.number, 0)
            if not left:
                break
            units = chance.randrange(1, left + 1)
            told.used[one.number] = told.used.get(one.number, 0) + units
            moment = at + timedelta(days=chance.randrange(20), seconds=chance.randrange(3600))
            found.append({"entitlement": one.number, "occurred_at": moment.isoformat(), "quantity": units,
                          "client_reference": f"{at:%m%d%H}-{one.number}-{turn}"})  # fmt: skip
    return found


def import_rows(session: Session, told: Told, found: list[dict[str, Any]], *, now: datetime) -> None:
    """Import uses as one file, if there are any."""
    told.files += 1
    if found:
        metering.import_usage(session, make.preparer(), place="xinchang", file_name=f"usage-{told.files}.csv",
                              content=make.usage_file(found), now=now)  # fmt: skip


def quarrel(session: Session, told: Told, chance: random.Random, *, now: datetime) -> None:
    """Let a buyer dispute one order, perhaps."""
    one = chance.choice(told.bought[:2])
    if chance.random() < 0.5:
        order = orders.get(session, one.order_id)
        told.disputed.append(disputes.file_dispute(
            session, sides(session, order)[0], track=Track.BUYER, words="计费有误", contact="0575-1", now=now,
            order_number=order.number, book=make.LAW, calendar=registry.calendar()))  # fmt: skip


def make_up(session: Session, told: Told, *, now: datetime) -> None:
    """Let the buyer take every dispute back."""
    for one in told.disputed:
        order = orders.get(session, one.order_id)
        disputes.withdraw(session, sides(session, order)[0], one.id, now=now)


def give_back(session: Session, told: Told, chance: random.Random, *, now: datetime) -> None:
    """Give part of one paid order back, or all of it, and book that."""
    one = chance.choice([held for held in told.bought if orders.get(session, held.order_id).amount])
    order = orders.get(session, one.order_id)
    left = order.amount - told.given_back.get(one.number, ZERO)
    if not left:
        return
    amount = Money(chance.choice((left.fen, chance.randrange(1, left.fen + 1))))
    reference = f"R-{now:%m%d%H}-{one.number}"
    approved = paying.give_back(session, payouts.payment_of(session, order.id), amount.text(), reference=reference,
                                now=now)  # fmt: skip
    refunds.confirm_transfer(session, paying.payer(), approved.id, bank_line=f"OUT-{reference}", paid_at=now, now=now)
    take_in_payments(session, make.preparer(), now=now)
    told.given_back[one.number] = told.given_back.get(one.number, ZERO) + amount


AUGUST, SEPTEMBER = datetime(2026, 8, 2, 2, tzinfo=UTC), datetime(2026, 9, 4, 2, tzinfo=UTC)
