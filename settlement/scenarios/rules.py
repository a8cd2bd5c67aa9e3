"""A scenario: what is moved, and what follows for prices, volumes, permitted revenue and schedules. Pure.

The functions that price, settle and divide stay those of the books; a scenario only changes what they are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kernel.calendar import Period
from kernel.errors import DomainError, Invalid
from kernel.money import UNITS_PER_YUAN, ZERO, Money, UnitPrice, plain_number, round_half_up, total
from pricing.ceilings.rules import PermittedRevenue, permitted_revenue
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.rules import TariffModel
from settlement.splits.rules import Schedule, Step, StepKind

SAME = Fraction(1)
PRICES = ("unit_price", "flat_fee", "package_price", "minimum_spend", "maximum_spend")
SPENDS = ("minimum_spend", "maximum_spend")  # of these, the ones in whole fen


class MoveKind(StrEnum):
    """What a scenario moves."""

    TARIFF = "tariff"  # another way of charging
    PRICE = "price"  # every price of the tariff times a factor
    CAP = "cap"
    VOLUME = "volume"
    COST = "cost"  # operating cost up or down
    DISALLOW = "disallow"  # cost that is not recognised
    MARGIN = "margin"  # what is added to the treasury yield
    TAX = "tax"  # tax inside the permitted revenue
    VAT = "vat"  # rate by which the price is split
    SHARE = "share"  # a step of the signed schedules of an agreement


KIND_TITLES = {
    MoveKind.TARIFF: "收费标准",
    MoveKind.PRICE: "价格系数",
    MoveKind.CAP: "上限收费标准",
    MoveKind.VOLUME: "业务量系数",
    MoveKind.COST: "成本增减",
    MoveKind.DISALLOW: "成本核减",
    MoveKind.MARGIN: "准许利润率加点",
    MoveKind.TAX: "税金",
    MoveKind.VAT: "增值税税率",
    MoveKind.SHARE: "分配比例",
}
# what each kind of move has to say; whatever else it says is refused
NEEDED: dict[MoveKind, tuple[str, ...]] = {
    MoveKind.TARIFF: ("product", "model"), MoveKind.PRICE: ("factor",), MoveKind.CAP: ("product", "cap"),
    MoveKind.VOLUME: ("factor",), MoveKind.COST: ("agreement", "amount"), MoveKind.DISALLOW: ("agreement", "amount"),
    MoveKind.MARGIN: ("agreement", "rate"), MoveKind.TAX: ("agreement", "amount"), MoveKind.VAT: ("rate",),
    MoveKind.SHARE: ("agreement", "step", "value"),
}  # fmt: skip
OPTIONAL: dict[MoveKind, tuple[str, ...]] = {
    MoveKind.TARIFF: ("from_date", "subject_kind"), MoveKind.PRICE: ("product", "from_date", "subject_kind"),
    MoveKind.CAP: ("from_date", "subject_kind", "charge_unit"), MoveKind.VOLUME: ("product",),
    MoveKind.SHARE: ("schedule",),
}  # fmt: skip


class MoveUnusable(Invalid):
    """A move that lacks something, says too much, or leads to nothing that could be."""

    code = "what_if.move_unusable"
    title = "情景中的变动无法使用"
    title_en = "A move of the scenario cannot be used"


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that is moved; which fields it has follows from its kind (``NEEDED`` and ``OPTIONAL``)."""

    kind: MoveKind
    product: str | None = None  # code; without one, all products that the reader may move
    agreement: str | None = None
    from_date: date | None = None  # first day of order for which it counts
    subject_kind: str | None = None
    charge_unit: ChargeUnit | None = None
    model: TariffModel | None = None
    cap: UnitPrice | None = None
    factor: Decimal | None = None
    amount: Money | None = None
    rate: Decimal | None = None
    schedule: str | None = None  # number; without one, every signed schedule of the agreement
    step: int | None = None
    value: str | None = None

    def counts_for(self, product: str, on: date, subject_kind: str | None) -> bool:
        """Say whether the move concerns an order of that product, day and kind of subject."""
        return (
            self.product in (None, product)
            and (self.from_date is None or self.from_date <= on)
            and self.subject_kind in (None, subject_kind)
        )


@dataclass(frozen=True, slots=True)
class Scenario:
    """Which history is looked at, and what is moved in it; plain data that is never stored."""

    place: str
    first: Period
    last: Period
    moves: tuple[Move, ...] = ()
    agreement: str | None = None  # number; without one, the whole place
    product: str | None = None
    is_gross: bool = False  # whether revenue is compared with the ceiling including tax
    entitlement: str | None = None  # of the line to be explained
    month: str | None = None  # of that line

    @property
    def span(self) -> Period:
        """From the first to the last month."""
        return Period(self.first.start, self.last.end)

    def of(self, *kinds: MoveKind) -> tuple[Move, ...]:
        """Return the moves of these kinds, in their order."""
        return tuple(move for move in self.moves if move.kind in kinds)


def must_be_whole(moves: Sequence[Move]) -> None:
    """Refuse moves that lack what their kind needs, or say what does not belong to it.

    Raises:
        MoveUnusable: names the move by its place in the list, and the field.
    """
    for position, move in enumerate(moves):
        said = {name for name in Move.__dataclass_fields__ if name != "kind" and getattr(move, name) is not None}
        missing = [name for name in NEEDED[move.kind] if name not in said]
        strange = sorted(said - {*NEEDED[move.kind], *OPTIONAL.get(move.kind, ())})
        for field, words, words_en in [
            *((name, "必须填写", "is missing") for name in missing),
            *((name, "不属于此类变动", "does not belong to it") for name in strange),
        ]:
            raise unusable(position, move, field, f"{field} {words}", f"{field} {words_en}")


def unusable(position: int, move: Move, field: str, words: str, words_en: str) -> MoveUnusable:
    """Return the refusal of one move."""
    return MoveUnusable(
        f"第 {position + 1} 项变动（{KIND_TITLES[move.kind]}）：{words}，请更正后重新计算。",
        detail_en=f"Move {position + 1} ({move.kind}): {words_en}.",
        errors=[{"pointer": f"/moves/{position}/{field}", "code": MoveUnusable.code, "message": words,
                 "message_en": words_en}],
    )  # fmt: skip


def scaled(model: TariffModel, factor: Fraction) -> TariffModel:
    """Return the tariff with every price and spend times a factor; prices keep 10⁻⁸ yuan, spends the fen.

    Raises:
        Unreadable: a price grows beyond what can be written.
    """
    if factor == SAME:
        return model
    return TariffModel.from_dict(_scaled(model.to_dict(), factor))


def _scaled(written: Mapping[str, Any], factor: Fraction) -> dict[str, Any]:
    found = dict(written)
    for name in PRICES:
        if written.get(name) is not None:
            price = plain_number(written[name]) * factor
            found[name] = (
                round_half_up(price).text() if name in SPENDS else UnitPrice(whole(price * UNITS_PER_YUAN)).text()
            )
    if "tiers" in written:
        found["tiers"] = [_scaled(tier, factor) for tier in written["tiers"]]
    return found


def moved_model(moves: Iterable[Move], model: TariffModel) -> TariffModel:
    """Return the tariff after the moves of prices: the last tariff given, times the factors that follow it."""
    factor = SAME
    for move in moves:
        if move.kind is MoveKind.TARIFF and move.model is not None:
            model, factor = move.model, SAME
        elif move.kind is MoveKind.PRICE and move.factor is not None:
            factor *= Fraction(move.factor)
    return scaled(model, factor)


def volume_factor(moves: Iterable[Move], product: str) -> Fraction:
    """Return by how much the use of a product is multiplied."""
    factor = SAME
    for move in moves:
        if move.kind is MoveKind.VOLUME and move.factor is not None and move.product in (None, product):
            factor *= Fraction(move.factor)
    return factor


def whole(number: Fraction) -> int:
    """Return a number of units rounded half up to a whole one; never falling when the number grows."""
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)


def moved_cap(moves: Iterable[Move], unit: ChargeUnit, cap: UnitPrice | None) -> UnitPrice | None:
    """Return the cap after the moves: the last one given for that unit of charge."""
    for move in moves:
        if move.kind is MoveKind.CAP and move.charge_unit in (None, unit):
            cap = move.cap
    return cap


def moved_permitted(moves: Sequence[Move], agreement: str, inputs: Mapping[str, Any]) -> PermittedRevenue:
    """Return the permitted revenue of a year after the moves of cost, disallowance, margin and tax.

    Args:
        moves: of the scenario.
        agreement: number of the agreement whose ceiling it is.
        inputs: what the determination took in, as its row keeps it.

    Raises:
        RateAboveCap: the profit rate would be above yield and spread; the law does not admit the move.
        MoveUnusable: more cost would be taken off than there is.

    Source:
        PRC-02; 发改价格〔2025〕65号 三（一）.
    """
    cost, tax = Money.yuan(inputs["gross_cost"]), total(Money.yuan(line["amount"]) for line in inputs["tax_lines"])
    profit_rate, bond_yield = Decimal(inputs["profit_rate"]), Decimal(inputs["bond_yield"])
    for position, move in enumerate(moves):
        if move.agreement != agreement:
            continue
        amount, margin = move.amount or ZERO, move.rate or Decimal(0)
        if move.kind is MoveKind.COST:
            cost += amount
        elif move.kind is MoveKind.DISALLOW:
            cost -= amount
        elif move.kind is MoveKind.MARGIN:
            profit_rate = bond_yield + margin
        elif move.kind is MoveKind.TAX:
            tax = amount
        if cost < ZERO:
            raise unusable(
                position, move, "amount", f"扣减后经营成本为 {cost} 元，不能为负", f"the cost would be {cost}"
            )
    return permitted_revenue(
        gross_cost=cost, subsidy=Money.yuan(inputs["subsidy"]), profit_rate=profit_rate, bond_yield=bond_yield,
        spread_max=Decimal(inputs["spread_max"]), tax=tax, earlier_excess=Money.yuan(inputs["clawback"]),
    )  # fmt: skip


def moved_schedule(moves: Sequence[Move], agreement: str, number: str, schedule: Schedule) -> Schedule:
    """Return a signed schedule with the steps that the scenario moves; the result is checked as a new one would be.

    Raises:
        MoveUnusable: there is no such step, it takes the rest, or the value is no portion or amount.
        ScheduleInvalid: the moved steps make no sound schedule.

    Source:
        REV-02: 分配机制由协议约定.
    """
    steps = list(schedule.steps)
    for position, move in enumerate(moves):
        is_meant = move.agreement == agreement and move.schedule in (None, number)
        if move.kind is not MoveKind.SHARE or not is_meant:
            continue
        at = move.step or 0
        if not 1 <= at <= len(steps):
            words = f"分配方案 {number} 没有第 {at} 步（共 {len(steps)} 步）"
            raise unusable(position, move, "step", words, f"schedule {number} has no step {at}")
        steps[at - 1] = _moved_step(position, move, steps[at - 1])
    return replace(schedule, steps=tuple(steps)).checked() if tuple(steps) != schedule.steps else schedule


def _moved_step(position: int, move: Move, step: Step) -> Step:
    if step.kind is StepKind.REST:
        words = f"第 {move.step} 步取走余额，没有可以改变的数值；请改变它之前的步骤"
        raise unusable(position, move, "step", words, "that step takes the rest; move another one")
    try:
        if step.kind in (StepKind.FIXED, StepKind.RECOVER):
            return replace(step, amount=Money.yuan(str(move.value)))
        portion = plain_number(move.value)
    except DomainError as refusal:
        raise unusable(position, move, "value", refusal.detail, refusal.detail_en or refusal.title_en) from refusal
    if portion > SAME:
        raise unusable(position, move, "value", "比例不能超过 1", "a portion cannot be above 1")
    return replace(step, portion=portion)
