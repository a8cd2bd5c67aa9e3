"""What a quote costs today, where the usual steps certainly say the same; whatever is unusual is left to them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from kernel.money import ZERO, Money, UnitPrice, fraction
from market.venues.rules import PUBLIC_INTEREST_CHANNEL
from pricing.exemptions.rules import Grant, Purpose, covers
from pricing.tariffs.rules import SERVICE_FEES, PriceReason, Regime, TariffModel, rate


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was quoted."""

    purpose: Purpose
    quantity: int
    amount: Money
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Offered:
    """The price in force for it, its cap, and where it is offered."""

    regime: Regime
    model: TariffModel
    unit_price_max: UnitPrice
    cap: UnitPrice | None
    venue: str | None
    is_of_operator: bool  # sold by the operator itself, whose service fee the permitted revenue limits


@dataclass(frozen=True, slots=True)
class Exempted:
    """The approval of free use in force today, and what was ordered under it."""

    grant: Grant
    ordered: int


@dataclass(frozen=True, slots=True)
class Earned:
    """What an agreement has earned this year, and what it may earn."""

    accrued: Money
    permitted: Money


@dataclass(frozen=True, slots=True)
class Today:
    """What the purchase costs today."""

    amount: Money
    shadow_amount: Money
    reason: PriceReason


def price_today(
    wanted: Wanted,
    offered: Offered,
    exempted: Exempted | None,
    earned: Earned | None,
    *,
    free: Collection[str],
    now: datetime,
    on: date,
) -> Today | None:
    """Return today's price of a quote that stands, or None where it does not, or needs a closer look.

    For a buyer without a class, an agreement or data of its own in the product. ``free`` are the purposes that cost
    nothing, ``earned`` is given where the place takes no paid orders above the permitted revenue. None is no refusal:
    the steps of :func:`market.orders.queries.must_stand` find out, and say why.
    """
    if now > wanted.valid_until or _is_above_cap(offered):
        return None
    listed = rate(offered.model, fraction(wanted.quantity)).amount
    if wanted.purpose in free:
        found = Today(ZERO, listed, PriceReason.PUBLIC_INTEREST) if _is_covered(exempted, wanted, on) else None
    else:
        found = Today(listed, listed, PriceReason.TARIFF) if _is_chargeable(offered, listed, earned) else None
    return found if found is not None and found.amount == wanted.amount else None


def _is_above_cap(offered: Offered) -> bool:
    return offered.regime is Regime.GOV_GUIDED and (offered.cap is None or offered.unit_price_max > offered.cap)


def _is_covered(exempted: Exempted | None, wanted: Wanted, on: date) -> bool:
    return exempted is not None and covers(
        exempted.grant, on=on, quantity=fraction(wanted.quantity), ordered=fraction(exempted.ordered)
    )


def _is_chargeable(offered: Offered, amount: Money, earned: Earned | None) -> bool:
    if offered.regime is Regime.FREE_PUBLIC_INTEREST:
        return False
    if amount and offered.venue == PUBLIC_INTEREST_CHANNEL:
        return False
    if earned is None or not (amount and offered.is_of_operator and offered.regime in SERVICE_FEES):
        return True
    return earned.accrued < earned.permitted
