"""Opening access: the entitlement is granted in the transaction that pays or concludes the order."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import DAY, business_date
from kernel.identity import Actor
from market.entitlements.model import Entitlement
from market.entitlements.rules import last_day
from market.orders import commands as orders
from market.orders.model import Order
from market.orders.rules import OrderEvent
from pricing.costs.rules import ChargeUnit
from pricing.exemptions.model import Exemption
from pricing.tariffs.model import Tariff
from registry.agreements.model import Agreement
from registry.registrations import queries as registrations


def grant(session: Session, actor: Actor, order: Order, *, now: datetime) -> Entitlement:
    """Open what was bought: quota, term, purpose and scenario as in the order; the order is fulfilled.

    The term begins today and ends after the agreed months, at the latest with the agreement, the registration or
    the exemption. Who may do this was checked by the command that calls it.

    Raises:
        WrongState: the order is neither paid nor a concluded order of 0.00.
        NothingToPay: the order is priced and not paid.
    """
    order = orders.move(session, actor, order.id, OrderEvent.OPEN, now=now)
    start = business_date(now)
    made = Entitlement(
        number=numbering.number(session, "ENT", start), order_id=order.id, place=order.place,
        product_id=order.product_id, version_id=order.version_id, buyer_id=order.buyer_id, purpose=order.purpose,
        scenario=order.scenario, subject_kind=order.subject_kind, quota=_quota(session, order), valid_from=start,
        valid_until=max(start, last_day(start, order.term_months, *_ends(session, order, start))), granted_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "entitlement.grant", made, at=now,
                 detail={"order": order.number, "quota": made.quota, "until": str(made.valid_until)})  # fmt: skip
    return made


def _quota(session: Session, order: Order) -> int | None:
    """Return how many units the order opens; for a price per period, as many as are used."""
    unit = session.scalar(sa.select(Tariff.charge_unit).where(Tariff.id == order.tariff_id))
    return None if unit is ChargeUnit.PER_PERIOD else order.quantity


def _ends(session: Session, order: Order, on: date) -> list[date | None]:
    agreement = session.get_one(Agreement, order.agreement_id)
    registration = registrations.effective(session, order.product_id, on)
    exemption = session.get(Exemption, order.exemption_id) if order.exemption_id is not None else None
    return [
        agreement.term_end - DAY,
        registration.valid_until if registration is not None else None,
        exemption.valid_until if exemption is not None else None,
    ]
