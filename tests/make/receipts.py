"""Deliveries counted and signed by both sides, made through the real commands."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from kernel.calendar import Period
from market.entitlements.model import Entitlement
from market.orders import queries as orders
from market.receipts import commands
from market.receipts.model import DeliveryReceipt
from tests.make import market as make
from tests.make.invoices import sides

MONTH = Period.month("2026-08")
AFTER = datetime(2026, 9, 2, 2, 0, tzinfo=UTC)


def count(session: Session, held: Entitlement, *, provider: int | None = None, buyer: int | None = None,
          now: datetime = AFTER) -> DeliveryReceipt:  # fmt: skip
    """Let one side or both count August."""
    purchaser, seller = sides(session, orders.get(session, held.order_id))
    for person, units in ((seller, provider), (purchaser, buyer)):
        if units is not None:
            made = commands.count(session, person, entitlement_number=held.number, month=MONTH, count=units, now=now,
                                  metered=units)  # fmt: skip
    return made


def sign(session: Session, receipt: DeliveryReceipt, *, now: datetime = AFTER) -> DeliveryReceipt:
    """Let both sides sign."""
    assert receipt.sha256 is not None
    for person in sides(session, orders.get(session, receipt.order_id)):
        commands.sign(session, person, receipt.id, sha256=receipt.sha256, now=now)
    return receipt


def make_disputed(session: Session, held: Entitlement | None = None) -> DeliveryReceipt:
    """Provider 10,000, buyer 9,990: both signed."""
    held = held or make.make_entitlement(session, quantity=20_000)
    return sign(session, count(session, held, provider=10_000, buyer=9_990))
