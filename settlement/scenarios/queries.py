"""What a scenario changes in the facts of a settlement: which names it may use, what each order would have cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import MONTHS_PER_YEAR, business_date
from kernel.errors import Invalid
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from kernel.money import ZERO, Money, UnitPrice
from pricing.ceilings.queries import cap_at
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.rules import PriceReason, Regime, TariffModel, dearest_unit, rate
from registry.agreements.model import Agreement
from registry.products.model import Product
from settlement.earnings.queries import Facts, Schedules
from settlement.revenue.queries import Moved, Sale, Used
from settlement.runs.rules import must_be_over
from settlement.scenarios.rules import (
    SAME,
    MoveKind,
    Scenario,
    moved_cap,
    moved_model,
    moved_schedule,
    must_be_whole,
    volume_factor,
    whole,
)
from settlement.splits.model import ShareSchedule
from settlement.splits.queries import Agreed
from settlement.splits.rules import ScheduleState

MONTHS_MAX = 36
CHOICES_MAX = 500
FREE = (PriceReason.PUBLIC_INTEREST, PriceReason.SOURCE_REUSE)


class ScenarioUnknown(Invalid):
    """A product, agreement or line that is not there, or that the reader may not look at."""

    code = "what_if.unknown"
    title = "情景中有不存在或无权查看的对象"
    title_en = "The scenario names something unknown"


class SpanUnusable(Invalid):
    """Months that are in the wrong order, or too many."""

    code = "what_if.span"
    title = "月份范围无法使用"
    title_en = "The months cannot be used"


@dataclass(frozen=True, slots=True)
class Reach:
    """What of a place somebody may look at: all of it, or what own organisations sell."""

    is_whole: bool
    own: frozenset[UUID]

    def includes(self, org_id: UUID) -> bool:
        """Say whether what that organisation sells may be seen and moved."""
        return self.is_whole or org_id in self.own


@dataclass(frozen=True, slots=True)
class RefusedSale:
    """A sale that would not have come about: its dearest unit lies above the cap."""

    sale: Sale
    on: date
    unit_price: UnitPrice
    cap: UnitPrice


@dataclass(slots=True)
class Otherwise:
    """A scenario that may be applied to the facts of one period after the other."""

    session: Session
    scenario: Scenario
    reach: Reach
    agreements: dict[UUID, Agreement]  # of the place, within reach
    refused: dict[str, RefusedSale] = field(default_factory=dict)  # by number of the order
    _sold: dict[UUID, Sale | None] = field(default_factory=dict)
    _caps: dict[tuple[UUID, ChargeUnit, date, str | None], UnitPrice | None] = field(default_factory=dict)

    def change(self, facts: Facts) -> Facts:
        """Return what a settlement would rest on under the scenario."""
        moves, kept, used = self.scenario.moves, [], dict(facts.used)
        for sale in facts.sales:
            moved = self._moved_sale(sale)
            if moved is None:
                continue
            kept.append(moved)
            factor = self._factor(sale)
            if factor != SAME and (counted := facts.used.get(sale.entitlement.id)):
                quantity = whole(sum(one.quantity for one in counted.values()) * factor)
                billable = whole(sum(one.billable for one in counted.values()) * factor)
                used[sale.entitlement.id] = {sale.order.subject_kind: Used(quantity, billable)}
        vat = facts.vat
        for move in self.scenario.of(MoveKind.VAT):
            vat = replace(vat, value=format(move.rate or Decimal(0), "f")) if vat is not None else None
        if self.scenario.of(MoveKind.SHARE):
            numbers = {one.id: one.number for one in self.agreements.values()}

            def agreed_otherwise(terms: Agreed) -> Agreed:
                number = numbers.get(terms.row.agreement_id, "")
                return replace(terms, schedule=moved_schedule(moves, number, terms.row.number, terms.schedule))

            facts = replace(
                facts, schedules=Schedules(facts.schedules.signed, agreed_otherwise, facts.schedules.frozen)
            )
        return replace(facts, sales=kept, used=used, vat=vat)

    def _factor(self, sale: Sale) -> Fraction:
        return volume_factor(self.scenario.moves, sale.product.code) if self.reach.includes(sale.seller.id) else SAME

    def _moved_sale(self, sale: Sale) -> Sale | None:
        """Return the sale under the scenario, or None where it would have been refused; worked out once."""
        key = sale.entitlement.id
        if key not in self._sold:
            self._sold[key] = self._sold_otherwise(sale)
        found = self._sold[key]
        return found if found is None or found is sale else replace(sale, moved=found.moved)

    def _sold_otherwise(self, sale: Sale) -> Sale | None:
        tariff, order = sale.tariff, sale.order
        if tariff is None or not self.reach.includes(sale.seller.id):
            return sale
        on = business_date(order.placed_at)
        concerned = [move for move in self.scenario.moves if move.counts_for(sale.product.code, on, order.subject_kind)]
        was = sale.model
        # what both sides agreed on stays agreed, whatever the tariff does; only the cap stands above it
        model, factor = was if sale.agreed else moved_model(concerned, was), self._factor(sale)
        moves_cap = any(move.kind is MoveKind.CAP for move in concerned)
        if order.amount and tariff.regime is Regime.GOV_GUIDED and (moves_cap or model != was):
            cap = moved_cap(concerned, tariff.charge_unit, self._cap(sale, on))
            dearest = dearest_unit(model)
            if cap is not None and dearest > cap:
                self.refused[sale.order.number] = RefusedSale(sale, on, dearest, cap)
                return None
        if model == was and factor == SAME:
            return sale
        return replace(sale, moved=_moved_terms(sale, was, model, factor))

    def _cap(self, sale: Sale, on: date) -> UnitPrice | None:
        assert sale.tariff is not None
        key = (sale.product.id, sale.tariff.charge_unit, on, sale.tariff.subject_kind)
        if key not in self._caps:
            found = cap_at(self.session, sale.product.id, sale.tariff.charge_unit, on, sale.tariff.subject_kind)
            self._caps[key] = found.amount if found else None
        return self._caps[key]


def _moved_terms(sale: Sale, was: TariffModel, model: TariffModel, factor: Fraction) -> Moved:
    """Return what the order would have cost: its quantity, rated by the moved tariff; free use stays free.

    Where the order did not cost what its tariff says (a negotiated price), it keeps its distance from the tariff.
    """
    order = sale.order
    quantity = Fraction(order.quantity) * factor
    if sale.tariff is not None and sale.tariff.charge_unit is not ChargeUnit.PER_PERIOD:
        quantity = Fraction(whole(quantity))
    listed, rated = rate(was, Fraction(order.quantity)).amount, rate(model, quantity).amount
    amount = ZERO if order.reason in FREE else _kept_apart(order.amount, listed, rated)
    return Moved(amount, rated, whole(quantity), model)


def _kept_apart(paid: Money, listed: Money, rated: Money) -> Money:
    return rated if paid == listed or not listed else rated.times(Fraction(paid.fen, listed.fen))


def reach_of(actor: Actor, place: str) -> Reach:
    """Return what of a place the actor may look at.

    Raises:
        NotAllowed: nothing of it.
    """
    actor.must(Permission.PRICE_TRY, place=place)
    own, is_whole = set(), False
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.PRICE_TRY] or not grant.covers(org_id=None, place=place):
            continue
        if grant.role in WATCHERS:
            is_whole = True
        elif grant.org_id is not None:
            own.add(grant.org_id)
    return Reach(is_whole, frozenset(own))


def choices(session: Session, actor: Actor, place: str) -> dict[str, list[tuple[str, str]]]:
    """Return what a form offers at a place: products and agreements that the actor may try, by number; few enough."""
    if not actor.may(Permission.PRICE_TRY, place=place):
        return {"products": [], "agreements": []}
    reach = reach_of(actor, place)
    products = sa.select(Product).where(Product.place == place).order_by(Product.code)
    agreements = sa.select(Agreement).where(Agreement.place == place).order_by(Agreement.number)
    if not reach.is_whole:
        products = products.where(Product.owner_id.in_(reach.own))
        agreements = agreements.where(Agreement.operating_institution_id.in_(reach.own))
    return {
        "products": [(one.code, f"{one.code} {one.title}") for one in session.scalars(products.limit(CHOICES_MAX))],
        "agreements": [(one.number, one.number) for one in session.scalars(agreements.limit(CHOICES_MAX))],
    }


def otherwise(session: Session, actor: Actor, scenario: Scenario, *, today: date) -> Otherwise:
    """Return a scenario ready to be applied, after everything that it names was looked up.

    Raises:
        NotAllowed: the actor tries no prices at this place.
        SpanUnusable: the months are in the wrong order or too many.
        PeriodNotOver: the last month has not ended.
        MoveUnusable: a move lacks something, or says what does not belong to it.
        ScenarioUnknown: a product or agreement is not there or may not be seen.
    """
    reach = reach_of(actor, scenario.place)
    _must_be_a_span(scenario, today)
    must_be_whole(scenario.moves)
    return Otherwise(session, scenario, reach, _must_be_known(session, scenario, reach))


def _must_be_a_span(scenario: Scenario, today: date) -> None:
    months = (scenario.last.start.year - scenario.first.start.year) * MONTHS_PER_YEAR + scenario.last.start.month
    count = months - scenario.first.start.month + 1
    if not 1 <= count <= MONTHS_MAX:
        raise SpanUnusable(
            f"起止月份应当先后有序，且最多 {MONTHS_MAX} 个月；现为 {scenario.first.text()} 至 {scenario.last.text()}。",
            detail_en=f"From one month to {MONTHS_MAX}, in order.",
            errors=[{"pointer": "/last_month", "code": SpanUnusable.code, "message": f"最多 {MONTHS_MAX} 个月"}],
        )
    must_be_over(scenario.last, today)


def _must_be_known(session: Session, scenario: Scenario, reach: Reach) -> dict[UUID, Agreement]:
    """Refuse names that are not there; return the agreements of the place that the reader may look at."""
    agreements = {
        one.id: one
        for one in session.scalars(sa.select(Agreement).where(Agreement.place == scenario.place))
        if reach.includes(one.operating_institution_id)
    }
    numbers = {one.number for one in agreements.values()}
    asked = {code for code in (scenario.product, *(move.product for move in scenario.moves)) if code}
    owned = sa.select(Product.code, Product.owner_id).where(Product.place == scenario.place, Product.code.in_(asked))
    codes = {code for code, owner_id in session.execute(owned) if reach.includes(owner_id)}
    signed = sa.select(ShareSchedule.number).where(
        ShareSchedule.agreement_id.in_(agreements), ShareSchedule.state == ScheduleState.SIGNED
    )
    schedules = set(session.scalars(signed))
    _must_be_among(scenario.product, codes, "/product", "产品")
    _must_be_among(scenario.agreement, numbers, "/agreement", "协议")
    for position, move in enumerate(scenario.moves):
        _must_be_among(move.product, codes, f"/moves/{position}/product", "产品")
        _must_be_among(move.agreement, numbers, f"/moves/{position}/agreement", "协议")
        _must_be_among(move.schedule, schedules, f"/moves/{position}/schedule", "分配方案")
    return agreements


def _must_be_among(name: str | None, known: Iterable[str], pointer: str, what: str) -> None:
    if name is not None and name not in known:
        words = f"没有{what} {name}，或不在您可以试算的范围内"
        raise ScenarioUnknown(
            f"{words}；请核对编号。", detail_en=f"{name} is unknown, or out of your reach.",
            errors=[{"pointer": pointer, "code": ScenarioUnknown.code, "message": words,
                     "message_en": f"unknown: {name}"}],
        )  # fmt: skip
