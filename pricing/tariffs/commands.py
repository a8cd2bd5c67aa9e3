"""Fixing and publishing prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.money import UnitPrice
from kernel.policy import Cited, PolicyBook
from pricing.ceilings.model import FeeCap
from pricing.ceilings.queries import cap_at
from pricing.ceilings.rules import readiness
from pricing.costs.rules import ChargeUnit, cited_dict
from pricing.policy import PricingPolicy
from pricing.tariffs import queries
from pricing.tariffs.model import ANY, BuyerClassMember, Tariff
from pricing.tariffs.rules import (
    CAP_ARTICLE,
    PriceAboveCap,
    Regime,
    TariffModel,
    check_price,
    dearest_unit,
)
from registry.agreements import queries as agreements
from registry.parties import queries as parties
from registry.parties.rules import Capacity
from registry.products import queries as products
from registry.products.model import Product

UNIT_PRICE_MAX = UnitPrice.yuan("999999999.99999999")  # what a unit price can be written as


class RegimeNotAllowed(Invalid):
    """Prices of that seller come about in another way there."""

    code = "tariff.regime_not_allowed"


class TrialOver(Conflict):
    """A trial fee is for the time before the first complete year, and before there is a cap."""

    code = "tariff.trial_over"


class TariffUnusable(Invalid):
    """A price that cannot be fixed as it is: unit, day, guidance."""

    code = "tariff.unusable"


class ClassTaken(Conflict):
    """The buyer belongs to that class already."""

    code = "tariff.class_taken"


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
) -> Tariff:
    """Fix and publish the price (具体收费标准) of a product from a day on; the prices before it stay on record.

    ``model`` is the way of charging as the API writes it; ``subject_kind`` and ``buyer_class`` narrow whom it concerns;
    ``dedup_days`` charges repeated use of one subject once; ``guidance`` is the authorizing entity's on a trial fee.

    Raises:
        NotAllowed: the actor does not act for the seller.
        Unreadable: the model makes no sense; every wrong field is named.
        RegimeNotAllowed: the seller's prices there come about in another way.
        TrialOver: a trial fee after the first complete year, or beside a cap.
        CapMissing: a guided price without a cap.
        PriceAboveCap: some quantity would pay more per unit than the cap.
        TariffUnusable: unit, day or guidance cannot be, or a price begins on that day already.

    Source:
        发改价格〔2025〕65号 二, 三（二）, 五.
    """
    product = products.get(session, product_id, lock=True)
    actor.must(Permission.PRICE_SET, org_id=product.owner_id, place=product.place)
    policy = PricingPolicy.at(book, product.place, effective_from)
    priced = TariffModel.from_dict(model)
    sources = _must_be_permitted(session, product, regime, policy)
    _must_begin_in_time(session, product, charge_unit, effective_from, business_date(now), policy)
    cap = _cap(session, product, regime, charge_unit, effective_from, subject_kind, guidance)
    _must_be_under_cap(regime, priced, cap)
    scope = f"{subject_kind or ANY}/{buyer_class or ANY}"
    tariff = Tariff(
        number=numbering.number(session, "TAR", business_date(now)), place=product.place, product_id=product.id,
        regime=regime, charge_unit=charge_unit, model=priced.to_dict(), unit_price_max=dearest_unit(priced),
        subject_kind=subject_kind, buyer_class=buyer_class, scope=scope, dedup_days=dedup_days,
        effective_from=effective_from, cap_id=cap.id if cap else None, guidance=guidance, published_at=now,
        set_by=actor.id, supersedes_id=_superseded(session, product, scope, effective_from), sources=sources,
    )  # fmt: skip
    session.add(tariff)
    session.flush()
    detail = {"product": product.code, "unit_price_max": tariff.unit_price_max.text()}
    audit.record(session, actor, "tariff.set", tariff, at=now, note=tariff.number, detail=detail)
    return tariff


def admit_to_class(
    session: Session,
    actor: Actor,
    *,
    product_id: UUID,
    buyer_class: str,
    party_id: UUID,
    rule: str,
    since: date,
    now: datetime,
) -> BuyerClassMember:
    """Declare that a buyer belongs to a class with a price of its own, by which published rule (SEP-03).

    Raises:
        NotAllowed: the actor does not act for the seller.
        ClassTaken: the buyer belongs to it already.
    """
    product = products.get(session, product_id, lock=True)
    actor.must(Permission.PRICE_SET, org_id=product.owner_id, place=product.place)
    buyer = parties.get(session, party_id)
    same = sa.select(BuyerClassMember.id).where(
        BuyerClassMember.product_id == product_id,
        BuyerClassMember.buyer_class == buyer_class,
        BuyerClassMember.party_id == party_id,
    )
    if session.scalar(same) is not None:
        raise ClassTaken(f"{buyer.name} 已属于产品 {product.code} 的“{buyer_class}”类用户。", rule="SEP-03")
    member = BuyerClassMember(
        product_id=product_id, buyer_class=buyer_class, party_id=party_id, rule=rule, since=since,
        set_by=actor.id, set_at=now,
    )  # fmt: skip
    session.add(member)
    session.flush()
    audit.record(session, actor, "tariff.admit_to_class", member, at=now, note=f"{product.code} {buyer_class}")
    return member


def _must_be_permitted(
    session: Session, product: Product, regime: Regime, policy: PricingPolicy
) -> list[dict[str, Any]]:
    """Check how prices of this seller come about there; return the rules that say so."""
    operated = product.agreement.operating_institution_id == product.owner_id or parties.has_capacity(
        session, product.owner_id, Capacity.OPERATING_INSTITUTION, product.place
    )
    rule = policy.require("regime_operator" if operated else "regime_merchant")
    cited: list[Cited | None] = [rule, policy.charge_units, policy.disclosure_price_list_before_charging]
    permitted = {Regime.FREE_PUBLIC_INTEREST, Regime(rule.value)}
    if Regime(rule.value) is Regime.GOV_GUIDED and policy.says("trial_allowed"):
        permitted.add(Regime.TRIAL)
    if regime not in permitted:
        titles = "、".join(queries.REGIME_TITLES[item] for item in sorted(permitted))
        seller = "运营机构提供的产品" if operated else "数据商开发的产品"
        raise RegimeNotAllowed(
            f"{seller} {product.code} 的定价方式只能是{titles}（{rule.citation()}），"
            f"不能按“{queries.REGIME_TITLES[regime]}”定价。",
            detail_en=f"Only {', '.join(sorted(permitted))} is possible for this seller there.",
            rule="PRC-01",
            article=rule.citation(),
            errors=[{"pointer": "/regime", "code": RegimeNotAllowed.code, "message": titles}],
        )
    cited.append(policy.trial_allowed if regime is Regime.TRIAL else None)
    cited.append(policy.merchant_price_basis if not operated else None)
    return [cited_dict(value) for value in cited if value is not None]


def _must_begin_in_time(
    session: Session, product: Product, unit: ChargeUnit, effective_from: date, today: date, policy: PricingPolicy
) -> None:
    units = policy.require("charge_units")
    if unit not in units.items():
        raise _unusable("/charge_unit", f"计费方式应当取自 {units.value}（{units.citation()}）")
    if effective_from < today:
        raise _unusable("/effective_from", f"生效日 {effective_from} 早于今日 {today}；收费前须先公示")


def _superseded(session: Session, product: Product, scope: str, effective_from: date) -> UUID | None:
    """Return the price that the new one follows; refuse a second one for the same day."""
    earlier = [tariff for tariff in queries.history(session, product.id) if tariff.scope == scope]
    for tariff in earlier:
        if tariff.effective_from == effective_from:
            words = f"产品 {product.code} 自 {effective_from} 起已公布 {tariff.number}，不得改写；请另定生效日"
            raise _unusable("/effective_from", words)
    return next((tariff.id for tariff in earlier if tariff.effective_from < effective_from), None)


def _cap(
    session: Session,
    product: Product,
    regime: Regime,
    unit: ChargeUnit,
    on: date,
    subject_kind: str | None,
    guidance: str | None,
) -> FeeCap | None:
    """Return the cap of a guided price; a trial fee needs guidance instead, and may not stand beside a cap."""
    if regime is not Regime.TRIAL and guidance:
        raise _unusable("/guidance", "只有试行收费标准需要授权主体的指导意见")
    if regime not in (Regime.TRIAL, Regime.GOV_GUIDED):
        return None
    cap = cap_at(session, product.id, unit, on, subject_kind)
    if regime is Regime.GOV_GUIDED:
        return cap
    if not guidance:
        raise _unusable("/guidance", "试行收费标准由授权主体指导制定，请写明指导意见的文号或内容")
    ready = readiness(queries.first_sale_date(session, product.agreement_id, on), on)
    agreement = agreements.get(session, product.agreement_id)
    if cap is not None or ready.is_due:
        why = f"{product.code} 已有上限收费标准" if cap else f"{ready.first_complete_year} 年为首个完整运营年度"
        raise TrialOver(
            f"{why}，协议 {agreement.number} 不能再制定试行收费标准；请由授权主体书面申请核定最高准许收入和上限。",
            detail_en="The trial is over; a cap is needed.",
            rule="PRC-06",
            article=CAP_ARTICLE,
        )
    return None


def _must_be_under_cap(regime: Regime, model: TariffModel, cap: FeeCap | None) -> None:
    check_price(regime, model, cap.amount if cap else None)
    highest = dearest_unit(model)
    if highest > UNIT_PRICE_MAX:
        raise _unusable("/model", f"按此收费每单位最高 {highest.text()} 元，超出可登记的单价，请核对")
    if cap is not None and highest > cap.amount:
        words = f"标示单价最高 {highest.text()} 元，上限 {cap.amount.text()} 元"
        raise PriceAboveCap(
            f"{words}：任何一档的单价都不得高于上限，请调低。",
            detail_en=f"A band costs {highest.text()}, above the cap {cap.amount.text()}.",
            rule="PRC-05",
            article=CAP_ARTICLE,
            errors=[{"pointer": "/model", "code": "above_max", "message": words, "limit": cap.amount.text()}],
        )


def _unusable(pointer: str, words: str) -> TariffUnusable:
    return TariffUnusable(
        f"{words}。",
        rule="PRC-05",
        article=CAP_ARTICLE,
        errors=[{"pointer": pointer, "code": TariffUnusable.code, "message": words}],
    )
