"""Reading gateways and their circuits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from market.gateways.model import Gateway, GatewayCircuit


class NoSuchGateway(NotFound):
    """The product is not served by a platform."""

    code = "gateway.not_found"


def get(session: Session, gateway_id: UUID) -> Gateway:
    """Return one registration.

    Raises:
        NoSuchGateway: there is none.
    """
    found = session.get(Gateway, gateway_id)
    if found is None:
        raise NoSuchGateway(f"没有编号为 {gateway_id} 的平台接口", detail_en="No such gateway")
    return found


def of_product(session: Session, product_id: UUID) -> Sequence[Gateway]:
    """Return every registration for a product, the newest first."""
    query = sa.select(Gateway).where(Gateway.product_id == product_id).order_by(Gateway.sequence.desc())
    return session.scalars(query).all()


def current(session: Session, product_id: UUID) -> Gateway | None:
    """Return the registration that serves a product now, or None where the marketplace serves it itself."""
    found = next(iter(of_product(session, product_id)), None)
    return found if found is not None and found.is_active else None


def newest_id(product_id: Any) -> sa.ScalarSelect[UUID]:
    """Return the id of the newest registration for a product as a part of another statement."""
    query = sa.select(Gateway.id).where(Gateway.product_id == product_id).order_by(Gateway.sequence.desc()).limit(1)
    return query.correlate_except(Gateway).scalar_subquery()


def circuit(session: Session, product_id: UUID, *, lock: bool = False) -> GatewayCircuit:
    """Return the circuit of a product that a platform serves; locked and read afresh on demand.

    Raises:
        NoSuchGateway: none was ever registered.
    """
    query = sa.select(GatewayCircuit).where(GatewayCircuit.product_id == product_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchGateway("该产品没有登记运营平台接口", detail_en="No platform serves this product")
    return found
