"""What stands against a price before it is fixed, all at once: the editor shows it, the command raises the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.errors import Conflict, DomainError, Invalid
from kernel.money import UnitPrice
from kernel.policy import Cited, PolicyBook
from pricing.ceilings.model import FeeCap
from pricing.ceilings.queries import cap_at
from pricing.ceilings.rules import readiness
from pricing.classes.queries import rules_at
from pricing.classes.rules import must_be_published
from pricing.costs.rules import ChargeUnit, cited_dict
from pricing.policy import PricingPolicy
from pricing.price_changes.rules import first_rise, is_odd, must_give_notice
from pricing.tariffs import queries
from pricing.tariffs.model import ANY, Tariff
from pricing.tariffs.rules import CAP_ARTICLE, PriceAboveCap, Regime, TariffModel, check_price, dearest_unit
from pricing.value_bases.rules import must_be_stated
from registry.agreements import queries as agreements
from registry.parties import queries as parties
from registry.parties.rules import Capacity
from registry.products.model import Product

UNIT_PRICE_MAX = UnitPrice.yuan("999999999.99999999")  # what a unit price can be written as
ODD_RATE_MAX = Fraction(1, 2)  # A12: a change by more than this part of the price before is odd


class RegimeNotAllowed(Invalid):
    """Prices of that seller come about in another way there."""

    code = "tariff.regime_not_allowed"


class TrialOver(Conflict):
    """A trial fee is for the time before the first complete year, and before there is a cap."""

    code = "tariff.trial_over"


class TariffUnusable(Invalid):
    """A price that cannot be fixed as it is: unit, day, guidance."""

    code = "tariff.unusable"


@dataclass(frozen=True, slots=True)
class OddChange:
    """A change of price that another person has to look at (A12): the price before it, and what it would become."""

    before: Tariff
    price: UnitPrice

    @property
    def words(self) -> str:
        """Say what is odd about it."""
        old, new = self.before.unit_price_max.text(), self.price.text()
        return f"最高单价由 {old} 元（{self.before.number}）改为 {new} 元，变动超过原价的一半（OUT_OF_BOUNDS）"

    @property
    def words_en(self) -> str:
        """Say the same in English."""
        old, new = self.before.unit_price_max.text(), self.price.text()
        return f"From {old} ({self.before.number}) to {new}: more than half of the price before (OUT_OF_BOUNDS)"


@dataclass(frozen=True, slots=True)
class Released:
    """What another person released: who had asked for it, and the price that it was compared with."""

    asked_by: UUID
    before_id: UUID


class OutOfBounds(Conflict):
    """A price changes by more than half and nobody else has looked at it; it is parked, not published."""

    code = "tariff.out_of_bounds"
    title = "调价幅度超过一半，须另一人解除"
    title_en = "A change by more than half needs a second person"

    def __init__(self, odd: OddChange) -> None:
        """Keep what is odd, for whoever parks it."""
        super().__init__(
            f"{odd.words}；请作为停放的调价提交，由另一人说明理由后解除。",
            detail_en=f"{odd.words_en}. Have it parked and released by somebody else.",
            errors=[{"pointer": "/model", "code": OutOfBounds.code, "message": odd.words}],
        )
        self.odd = odd


@dataclass(frozen=True, slots=True)
class Terms:
    """A price that somebody would like to fix."""

    regime: Regime
    charge_unit: ChargeUnit
    model: TariffModel
    effective_from: date
    subject_kind: str | None = None
    buyer_class: str | None = None
    guidance: str | None = None

    @property
    def scope(self) -> str:
        """Whom it concerns: kind of subject and class of buyers, as the table keeps it."""
        return f"{self.subject_kind or ANY}/{self.buyer_class or ANY}"


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found: the rules that permit it, the cap above it, the price before it, and what stands against it."""

    sources: list[dict[str, Any]]
    cap: FeeCap | None
    superseded: Tariff | None
    refusals: tuple[DomainError, ...]
    odd: OddChange | None  # a change that is parked until another person releases it


def examine(
    session: Session, product: Product, terms: Terms, *, has_basis: bool, today: date, book: PolicyBook
) -> Examined:
    """Return the outcome of every check of a price of the product; nothing is raised, and nothing is written.

    Args:
        session: the session to read with.
        product: what is priced.
        terms: the price that would be fixed.
        has_basis: whether the application value behind it is stated.
        today: Beijing date of the publication.
        book: the rules in force.

    Source:
        发改价格〔2025〕65号 二, 三（二）, 五.
    """
    policy = PricingPolicy.at(book, product.place, terms.effective_from)
    refusals: list[DomainError] = []
    sources: list[dict[str, Any]] = []
    caps: list[FeeCap] = []
    followed: list[Tariff] = []

    def attempt(check: Callable[[], object]) -> None:
        try:
            check()
        except DomainError as refusal:
            refusals.append(refusal)

    def find_cap() -> None:
        caps.extend(_cap(session, product, terms))

    attempt(lambda: sources.extend(_permitted(session, product, terms.regime, policy)))
    attempt(lambda: _must_begin_in_time(terms, today, policy))
    attempt(find_cap)
    cap = caps[0] if caps else None
    if cap is not None or terms.regime is not Regime.TRIAL or not refusals:
        attempt(lambda: _must_be_under_cap(terms.regime, terms.model, cap))
    attempt(lambda: followed.extend(_followed(session, product, terms)))
    attempt(lambda: _must_be_announced(terms, followed[0] if followed else None, today, policy))
    attempt(lambda: _must_have_a_published_rule(session, product, terms))
    basis = policy.merchant_price_basis
    demanded_by = basis.citation() if basis else None
    attempt(lambda: must_be_stated(terms.regime is Regime.MARKET_VALUE_BASED, demanded_by, has_basis))
    return Examined(sources, cap, followed[0] if followed else None, tuple(refusals), _odd(terms, followed))


def _permitted(session: Session, product: Product, regime: Regime, policy: PricingPolicy) -> list[dict[str, Any]]:
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


def _must_have_a_published_rule(session: Session, product: Product, terms: Terms) -> None:
    named = {grade for grade, _ in terms.model.contribution} | ({terms.buyer_class} if terms.buyer_class else set())
    if named:
        must_be_published(named, rules_at(session, product.id, terms.effective_from), terms.effective_from)


def _must_begin_in_time(terms: Terms, today: date, policy: PricingPolicy) -> None:
    units = policy.require("charge_units")
    if terms.charge_unit not in units.items():
        raise _unusable("/charge_unit", f"计费方式应当取自 {units.value}（{units.citation()}）")
    if terms.effective_from < today:
        raise _unusable("/effective_from", f"生效日 {terms.effective_from} 早于今日 {today}；收费前须先公示")


def _followed(session: Session, product: Product, terms: Terms) -> list[Tariff]:
    """Return the prices that the new one follows, the latest first; refuse a second one for the same day."""
    earlier = [tariff for tariff in queries.history(session, product.id) if tariff.scope == terms.scope]
    for tariff in earlier:
        if tariff.effective_from == terms.effective_from:
            words = f"产品 {product.code} 自 {terms.effective_from} 起已公布 {tariff.number}，不得改写；请另定生效日"
            raise _unusable("/effective_from", words)
    return [tariff for tariff in earlier if tariff.effective_from < terms.effective_from]


def _odd(terms: Terms, followed: Sequence[Tariff]) -> OddChange | None:
    """Return what is odd about the change from the last price in the same unit; a first price is compared with none."""
    before = next((tariff for tariff in followed if tariff.charge_unit is terms.charge_unit), None)
    price = dearest_unit(terms.model)
    if before is None or not is_odd(before.unit_price_max, price, ODD_RATE_MAX):
        return None
    return OddChange(before, price)


def _must_be_announced(terms: Terms, before: Tariff | None, today: date, policy: PricingPolicy) -> None:
    """Refuse a rise without the days of notice that the place demands; where it demands none, nothing is asked."""
    notice = policy.notice_days_for_rise
    if before is None or notice is None:
        return
    if before.charge_unit is not terms.charge_unit:
        why = f"计费单位与 {before.number} 不同，无法比较，按涨价处理"
    else:
        at = first_rise(before.tariff_model(), terms.model)
        if at is None:
            return
        why = f"数量为 {at} 时高于 {before.number}"
    must_give_notice(terms.effective_from, today, notice.integer(), notice.citation(), why)


def _cap(session: Session, product: Product, terms: Terms) -> list[FeeCap]:
    """Return the cap of a guided price; a trial fee needs guidance instead, and may not stand beside a cap."""
    if terms.regime is not Regime.TRIAL and terms.guidance:
        raise _unusable("/guidance", "只有试行收费标准需要授权主体的指导意见")
    if terms.regime not in (Regime.TRIAL, Regime.GOV_GUIDED):
        return []
    on = terms.effective_from
    cap = cap_at(session, product.id, terms.charge_unit, on, terms.subject_kind)
    if terms.regime is Regime.GOV_GUIDED:
        return [cap] if cap is not None else []
    if not terms.guidance:
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
    return []


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
