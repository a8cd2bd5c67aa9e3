"""Reading deliveries: what went out under the entitlements of a seller, each thing once for a whole page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, start_of_day
from kernel.identity import Actor
from market.delivery.model import DataSet, ProductFile
from market.downloads.model import Download
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.receipts import queries as receipts
from market.receipts.model import DeliveryReceipt
from registry.parties.model import Party
from registry.products.model import Product, ProductVersion
from settlement.metering.model import UsageEvent
from settlement.metering.queries import is_counted


@dataclass(frozen=True, slots=True)
class Delivery:
    """One entitlement as its seller sees it; calls, units and downloads are those of the month that is looked at."""

    entitlement: Entitlement
    order: Order
    product: Product
    version: int
    buyer: str
    calls: int
    units: int
    downloads: int
    last_at: datetime | None
    receipts: tuple[DeliveryReceipt, ...]  # that wait for the seller to count or to sign
    files: int
    rows: int | None  # of the data set that serves the version; None where none is loaded


def listed(orgs: Sequence[UUID]) -> sa.Select[Entitlement]:
    """Return the query of the entitlements that these organisations sold."""
    return sa.select(Entitlement).join(Order, Order.id == Entitlement.order_id).where(Order.seller_id.in_(orgs))


def deliveries(session: Session, actor: Actor, found: Sequence[Entitlement], month: Period) -> list[Delivery]:
    """Return what went out under some entitlements, in their order."""
    ids = [one.id for one in found]
    query = (
        sa.select(Entitlement.id, Order, Product, ProductVersion.number, Party.name)
        .join(Order, Order.id == Entitlement.order_id)
        .join(Product, Product.id == Entitlement.product_id)
        .join(ProductVersion, ProductVersion.id == Entitlement.version_id)
        .join(Party, Party.id == Entitlement.buyer_id)
        .where(Entitlement.id.in_(ids))
    )
    sold = {row[0]: row[1:] for row in session.execute(query)}
    used, loaded = _used(session, ids, month), _downloaded(session, ids, month)
    last = _last(session, ids)
    files, data = _files(session, found), _data(session, found)
    waiting: dict[UUID, list[DeliveryReceipt]] = {}
    for receipt in receipts.waiting(session, actor):
        waiting.setdefault(receipt.entitlement_id, []).append(receipt)
    return [
        Delivery(
            one, *sold[one.id], *used.get(one.id, (0, 0)), loaded.get(one.id, 0), last.get(one.id),
            tuple(waiting.get(one.id, ())), files[one.id], data.get(one.version_id),
        )
        for one in found
    ]  # fmt: skip


def _used(session: Session, ids: Sequence[UUID], month: Period) -> dict[UUID, tuple[int, int]]:
    units = sa.case((is_counted(UsageEvent), UsageEvent.quantity), else_=0)
    query = (
        sa.select(UsageEvent.entitlement_id, sa.func.count(), sa.func.sum(units))
        .where(
            UsageEvent.entitlement_id.in_(ids), UsageEvent.day_number >= month.start.toordinal(),
            UsageEvent.day_number < month.end.toordinal(),
        )
        .group_by(UsageEvent.entitlement_id)
    )  # fmt: skip
    return {key: (int(calls), int(counted)) for key, calls, counted in session.execute(query)}


def _downloaded(session: Session, ids: Sequence[UUID], month: Period) -> dict[UUID, int]:
    """Return how many links gave bytes in a month: a download in several pieces is one."""
    query = (
        sa.select(Download.entitlement_id, sa.func.count(Download.link_id.distinct()))
        .where(
            Download.entitlement_id.in_(ids), Download.at >= start_of_day(month.start),
            Download.at < start_of_day(month.end),
        )
        .group_by(Download.entitlement_id)
    )  # fmt: skip
    return {row[0]: row[1] for row in session.execute(query)}


def _last(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, datetime]:
    found: dict[UUID, datetime] = {}
    sources: tuple[Any, ...] = (
        (UsageEvent.entitlement_id, UsageEvent.occurred_at),
        (Download.entitlement_id, Download.at),
    )
    for owner, at in sources:
        query = sa.select(owner, sa.func.max(at, type_=at.type)).where(owner.in_(ids)).group_by(owner)
        for key, moment in session.execute(query):
            found[key] = max(moment, found.get(key, moment))
    return found


def _files(session: Session, found: Sequence[Entitlement]) -> dict[UUID, int]:
    """Return how many files and reports each entitlement gives: reports count where their period was bought."""
    query = sa.select(ProductFile.version_id, ProductFile.period_start, ProductFile.period_end)
    query = query.where(ProductFile.version_id.in_({one.version_id for one in found}))
    known = session.execute(query).all()
    return {
        one.id: sum(
            version_id == one.version_id
            and (start is None or end is None or (start <= one.valid_until and end >= one.valid_from))
            for version_id, start, end in known
        )
        for one in found
    }


def _data(session: Session, found: Sequence[Entitlement]) -> dict[UUID, int]:
    query = sa.select(DataSet.version_id, DataSet.row_count).where(
        DataSet.version_id.in_({one.version_id for one in found})
    )
    return {row[0]: row[1] for row in session.execute(query.order_by(DataSet.sequence))}
