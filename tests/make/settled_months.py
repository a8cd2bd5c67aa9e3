"""A month of several orders whose revenue five parties share: operator, merchant, two departments, platform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from market.entitlements.model import Entitlement
from registry.parties.model import Party
from settlement.metering import commands as metering
from tests.make import market, payouts
from tests.make import settlement as make


def five(world: make.World) -> list[dict[str, Any]]:
    """Steps by which five parties share: 45 / 15 / 30 by contribution / the rest."""
    return [
        {"kind": "rate", "party": world.operator.uscc, "value": "0.45", "base": "net_of_tax"},
        {"kind": "rate", "party": world.merchant.uscc, "value": "0.15", "base": "net_of_tax"},
        {"kind": "pool", "contributors": make.COEFFICIENTS, "value": "0.3", "base": "net_of_tax"},
        {"kind": "rest", "party": world.platform.uscc},
    ]


def make_sold(session: Session, quantities: Sequence[int], *, price: dict[str, Any] | None = None) -> make.World:
    """Make the world of the worked example, let five parties share, and sell so many uses of it in more orders."""
    world = make.make_world(session, has_schedule=False, **({"price": price} if price else {}))
    signers = [world.operator, world.merchant, world.platform]
    make.make_schedule(session, world.agreement, five(world), signers=signers)
    for quantity in quantities:
        market.make_entitlement(session, world.scores, world.buyer, quantity=quantity)
    return world


def rows_of(session: Session, *, share: int = 1) -> list[dict[str, Any]]:
    """Uses of every entitlement in August: all that was bought, or one in ``share``, one row each."""
    bought = session.scalars(sa.select(Entitlement).order_by(Entitlement.number)).all()
    return [
        {"entitlement": one.number, "occurred_at": make.USED_AT.isoformat(), "client_reference": f"{one.number}-{turn}"}
        for one in bought
        for turn in range(-(-(one.quota or 0) // share))
    ]


def import_rows(session: Session, rows: Sequence[dict[str, Any]], *, name: str = "usage.csv") -> None:
    """Import uses as one file."""
    content = make.usage_file(rows)
    metering.import_usage(session, make.preparer(), place="xinchang", file_name=name, content=content, now=make.NOW)


def make_month(session: Session, quantities: list[int]) -> make.World:
    """Sell, and use up everything in August."""
    world = make_sold(session, quantities)
    import_rows(session, rows_of(session))
    return world


def make_accounts(session: Session) -> None:
    """Name and confirm the accounts of everybody who is paid; they count from the day after."""
    query = sa.select(Party).where(Party.name.in_(("运营公司", "平台公司", "数据商"))).order_by(Party.uscc)
    for number, party in enumerate(session.scalars(query), start=1):
        payouts.make_account(session, party, f"622200000000000{number}")
    payouts.make_account(session, None, "6222000000000009")
