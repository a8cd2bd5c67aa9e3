"""Reads of the service fees; they are public."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.errors import NotFound
from kernel.money import PERCENT, decimal_text, fraction
from pricing.costs.rules import CHARGE_UNIT_TITLES, node
from pricing.services.model import ServiceFee
from pricing.services.rules import SERVICE_TITLES, break_even_max


class NoSuchServiceFee(NotFound):
    """There is no such service fee."""

    code = "service_fee.not_found"


def get(session: Session, fee_id: UUID) -> ServiceFee:
    """Return one service fee; they are public.

    Raises:
        NoSuchServiceFee: there is none.
    """
    found = session.get(ServiceFee, fee_id)
    if found is None:
        raise NoSuchServiceFee(f"没有编号为 {fee_id} 的服务费。")
    return found


def history(session: Session, *, place: str | None = None, agreement_id: UUID | None = None) -> Sequence[ServiceFee]:
    """Return every service fee ever published, past, present and announced, by service and the latest first."""
    query = sa.select(ServiceFee)
    if place is not None:
        query = query.where(ServiceFee.place == place)
    if agreement_id is not None:
        query = query.where(ServiceFee.agreement_id == agreement_id)
    order = (ServiceFee.agreement_id, ServiceFee.service, ServiceFee.charge_unit, ServiceFee.effective_from.desc())
    return session.scalars(query.order_by(*order)).all()


def explain(fee: ServiceFee) -> dict[str, Any]:
    """Return why a fee is what it is: unit cost, the largest margin on it, the limit and the room left."""
    sources = {source["name"]: source for source in fee.sources}
    limit = break_even_max(fee.unit_cost, fee.margin_max)
    margin = f"{decimal_text(fraction(fee.margin_max) * PERCENT)}%"
    lines = [
        node("单位成本", _yuan(fee.unit_cost.text()), formula=fee.cost_basis),
        node("利润率上限", margin, source=sources.get("pricing.service_fee.margin_max")),
        node("保本微利上限", _yuan(decimal_text(limit)), formula=f"{fee.unit_cost.text()} ×（1 + {margin}）"),
        node("距上限", _yuan(decimal_text(limit - fee.price.exact_yuan()))),
    ]
    return node(
        f"{SERVICE_TITLES[fee.service]}服务费 {fee.number}（自 {fee.effective_from} 起）",
        f"{_yuan(fee.price.text())} / {CHARGE_UNIT_TITLES[fee.charge_unit]}",
        source=sources.get("pricing.service_fee.principle"),
        lines=lines,
    )


def _yuan(text: str) -> str:
    """Return an exact amount as it is printed: never fewer than two decimals."""
    whole, _, rest = text.partition(".")
    return f"¥ {whole}.{rest.ljust(2, '0')}"


def in_force(on: date, *, place: str | None = None) -> sa.Select[ServiceFee]:
    """Return the query of the fees in force on a day, at all places or one."""
    later = aliased(ServiceFee)
    newest = (
        sa.select(sa.func.max(later.effective_from))
        .where(
            later.agreement_id == ServiceFee.agreement_id,
            later.service == ServiceFee.service,
            later.charge_unit == ServiceFee.charge_unit,
            later.effective_from <= on,
        )
        .scalar_subquery()
    )
    query = sa.select(ServiceFee).where(ServiceFee.effective_from == newest)
    if place is not None:
        query = query.where(ServiceFee.place == place)
    return query


def listed(session: Session, on: date, *, place: str | None = None) -> Sequence[ServiceFee]:
    """Return the fees in force on a day, by place and number."""
    return session.scalars(in_force(on, place=place).order_by(ServiceFee.place, ServiceFee.number)).all()
