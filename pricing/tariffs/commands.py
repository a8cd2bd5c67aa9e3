"""Fixing and publishing prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.checks import Examined, OutOfBounds, Released, Terms, examine
from pricing.tariffs.model import Tariff
from pricing.tariffs.rules import Regime, TariffModel, dearest_unit
from pricing.value_bases.model import ValueBasis
from pricing.value_bases.rules import must_fit
from registry.products import queries as products
from registry.products.model import Product


def set_tariff(
    session: Session,
    actor: Actor,
    *,
    product_id: UUID,
    regime: Regime,
    charge_unit: ChargeUnit,
    model: Mapping[str, Any],
    effective_from: date,
    now: datetime,
    book: PolicyBook,
    subject_kind: str | None = None,
    buyer_class: str | None = None,
    dedup_days: int | None = None,
    guidance: str | None = None,
    charges_misses: bool = False,
    value_basis: Mapping[str, Any] | None = None,
    released: Released | None = None,
) -> Tariff:
    """Fix and publish the price (具体收费标准) of a product from a day on; the prices before it stay on record.

    ``model`` is the way of charging as the API writes it; ``subject_kind`` and ``buyer_class`` narrow whom it concerns;
    ``dedup_days`` charges repeated use of one subject once; ``guidance`` is the authorizing entity's on a trial fee;
    ``charges_misses`` charges what finds nothing too (查询即计); ``value_basis`` is the application value of a market
    price. Without ``released``, what another person looked at, no price moves by more than half of the one before.

    Raises:
        NotAllowed: the actor does not act for the seller, or may not release its prices.
        Unreadable: the model makes no sense; every wrong field is named.
        RegimeNotAllowed: the seller's prices there come about in another way.
        TrialOver: a trial fee after the first complete year, or beside a cap.
        CapMissing, PriceAboveCap: a guided price without a cap, or some quantity would pay more per unit than the cap.
        RiseTooSoon, OutOfBounds: a rise without the notice that the place demands; a change by more than half.
        TariffUnusable: unit, day or guidance cannot be, or a price begins on that day already.
        ClassRuleMissing: a price for a class or grade of buyers without a published rule.
        ValueBasisMissing, ValueBasisUnusable: no value where the place makes it the basis, or one where it is none.

    Source:
        发改价格〔2025〕65号 二, 三（二）, 五; A12.
    """
    product = products.get(session, product_id, lock=True)
    permission = Permission.PRICE_SET if released is None else Permission.PRICE_RELEASE
    actor.must(permission, org_id=product.owner_id, place=product.place)
    priced, today = TariffModel.from_dict(model), business_date(now)
    terms = Terms(regime, charge_unit, priced, effective_from, subject_kind, buyer_class, guidance)
    found = _examined(session, product, terms, value_basis, released, today, book)
    tariff = Tariff(
        number=numbering.number(session, "TAR", today), place=product.place, product_id=product.id,
        regime=regime, charge_unit=charge_unit, model=priced.to_dict(), unit_price_max=dearest_unit(priced),
        subject_kind=subject_kind, buyer_class=buyer_class, scope=terms.scope, dedup_days=dedup_days,
        charges_misses=charges_misses, effective_from=effective_from, cap_id=found.cap.id if found.cap else None,
        guidance=guidance, published_at=now, set_by=released.asked_by if released else actor.id, sources=found.sources,
        supersedes_id=found.superseded.id if found.superseded else None,
    )  # fmt: skip
    session.add(tariff)
    _state_value(session, tariff, value_basis, now)
    detail = {"product": product.code, "unit_price_max": tariff.unit_price_max.text()}
    audit.record(session, actor, "tariff.set", tariff, at=now, note=tariff.number, detail=detail)
    return tariff


def _examined(
    session: Session, product: Product, terms: Terms, basis: Mapping[str, Any] | None, released: Released | None,
    today: date, book: PolicyBook,
) -> Examined:  # fmt: skip
    """Return what was found about the price; refuse it where anything stands against it."""
    found = examine(session, product, terms, has_basis=basis is not None, today=today, book=book)
    if found.refusals:
        raise found.refusals[0]
    if basis is not None:
        must_fit(terms.regime is Regime.MARKET_VALUE_BASED, basis["method"], len(basis.get("comparables", ())))
    if found.odd and (released is None or released.before_id != found.odd.before.id):
        raise OutOfBounds(found.odd)
    return found


def _state_value(session: Session, tariff: Tariff, basis: Mapping[str, Any] | None, now: datetime) -> None:
    """Keep what the seller states as the application value behind a market price, where it states one."""
    session.flush()
    if basis is None:
        return
    comparables = [{**one, "price": one["price"].text()} for one in basis.get("comparables", ())]
    stated = ValueBasis(
        tariff_id=tariff.id, scenario=basis["scenario"], benefit=basis["benefit"], method=basis["method"],
        comparables=comparables, stated_by=tariff.set_by, stated_at=now,
    )  # fmt: skip
    session.add(stated)
    session.flush()
