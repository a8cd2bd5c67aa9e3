"""What one order earned in a period: of what stands and is not in dispute, to the fen; nothing here writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from kernel.calendar import DAY, Period, business_date
from kernel.money import ZERO, Money, decimal_text
from kernel.policy import Cited
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.rules import split_tax
from settlement.earnings.rules import ParkReason
from settlement.holds.rules import NOTHING_HELD, Hold
from settlement.objections.rules import NOTHING_SHOWN, Pool, Standing
from settlement.pouring.rules import Carried
from settlement.revenue.queries import Sale, Taken, Used
from settlement.revenue.rules import Earned, UseClass, earned_by_time, earned_by_use, use_class_of
from settlement.splits import queries as splits
from settlement.splits.model import ShareSchedule
from settlement.splits.queries import Agreed
from settlement.splits.rules import Over

NOTHING_TAKEN = Taken()
PRICES_KEPT = 1 << 13
taxed = lru_cache(PRICES_KEPT)(split_tax)  # a month has many orders of one price


@dataclass(frozen=True, slots=True)
class Line:
    """What one entitlement earned in the period."""

    sale: Sale
    use_class: UseClass
    quantity: int
    billable: int
    gross: Money
    tax: Money
    net: Money
    shadow: Money
    rating: dict[str, Any]

    @property
    def units_behind(self) -> int:
        """The use that the line is about: of the period, or of all months where earlier money is released (DSP-04)."""
        if self.quantity or not self.gross or self.rating.get("basis") != "use":
            return self.quantity
        return sum(units for units, _ in self.rating["subject_kinds"].values())


@dataclass(frozen=True, slots=True)
class Parked:
    """An order that waits for somebody to act; the others go on."""

    sale: Sale
    reason: ParkReason
    detail: str
    amount: Money | None = None  # what waits, where the rest of the order goes on

    def to_dict(self) -> dict[str, str]:
        """Return it by its business keys."""
        return {
            "entitlement": self.sale.entitlement.number, "order": self.sale.order.number,
            "product": self.sale.product.code, "agreement": self.sale.agreement_number, "reason": str(self.reason),
            "detail": self.detail, **({"amount": self.amount.text()} if self.amount is not None else {}),
        }  # fmt: skip


class Schedules:
    """The signed schedules of a place, each read once; ``moved`` changes what was agreed, for a what-if.

    ``frozen`` names, by order, the schedule that was written down for it.
    """

    def __init__(
        self, signed: list[ShareSchedule], moved: Callable[[Agreed], Agreed] = lambda agreed: agreed,
        frozen: Mapping[UUID, UUID] | None = None,
    ) -> None:  # fmt: skip
        self.signed, self.frozen, self._moved = signed, frozen or {}, moved
        self._by_id = {row.id: row for row in signed}
        self._read: dict[UUID, Agreed] = {}

    def for_order(self, sale: Sale) -> Agreed | None:
        """Return the schedule that is frozen on the order, or the one that will be: in force when it was placed."""
        row = self._by_id.get(self.frozen.get(sale.order.id, sale.order.id)) or splits.effective(
            self.signed, agreement_id=sale.order.agreement_id, product_id=sale.order.product_id,
            on=business_date(sale.order.placed_at), placed_at=sale.order.placed_at,
        )  # fmt: skip
        return None if row is None else self._agreed(row)

    def over_the_term(self) -> set[UUID]:
        """Return the schedules with a step that goes on where earlier settlements ended."""
        return {
            row.id for row in self.signed if any(step.over is Over.TERM for step in self._agreed(row).schedule.steps)
        }

    def _agreed(self, row: ShareSchedule) -> Agreed:
        if row.id not in self._read:
            self._read[row.id] = self._moved(splits.agreed(row))
        return self._read[row.id]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a settlement rests on; a what-if hands in others than the books hold."""

    place: str
    period: Period
    sales: Sequence[Sale]
    used: Mapping[UUID, Mapping[str | None, Used]]
    taken: Mapping[UUID, Taken]
    carried: Mapping[UUID, Mapping[int, Carried]]  # by schedule and step, what earlier settlements took
    schedules: Schedules
    vat: Cited | None
    institution: Cited | None  # the rule for payees that are public institutions
    holds: Mapping[UUID, Hold] = field(default_factory=dict)  # by entitlement
    levies: Mapping[UUID, Cited] = field(default_factory=dict)  # by order of a small-scale taxpayer
    late: Mapping[UUID, int] = field(default_factory=dict)  # by entitlement, units of periods that are sealed
    busy: Mapping[str, int] = field(default_factory=dict)  # by order, more entries of one day than is usual
    standing: Standing = NOTHING_SHOWN  # the weights that the departments were shown, and whose shares wait
    due: Mapping[Pool, Mapping[str, Money]] = field(default_factory=dict)  # what sealed periods still put right
    sealed_at: datetime | None = None  # of what was settled already: what is given back later changes nothing

    def tax_on(self, sale: Sale) -> Cited | None:
        """Return the rate of tax that the price of an order contains: of its seller, on the day it was paid."""
        return self.levies.get(sale.order.id, self.vat)


def line_of(facts: Facts, sale: Sale) -> tuple[Line | None, Parked | None]:
    """Return what the period earned of an order, if anything is new, and what of it is parked, if anything is."""
    used = facts.used.get(sale.entitlement.id, {})
    taken = facts.taken.get(sale.entitlement.id, NOTHING_TAKEN)
    quantity = sum(one.quantity for one in used.values()) - taken.quantity
    metered = sum(one.billable for one in used.values())
    hold = facts.holds.get(sale.entitlement.id, NOTHING_HELD)
    billable = hold.stands(metered)
    order, tariff, last_day = sale.order, sale.tariff, facts.period.last_day
    if tariff is None and sale.amount:
        return None, Parked(sale, ParkReason.NO_TARIFF, f"订单 {order.number} 没有收费标准，无法计价")
    if order.number in facts.busy:
        words = f"订单 {order.number} 一日内有 {facts.busy[order.number]} 张凭证，明显异常：请核对后于下一期结算"
        return None, Parked(sale, ParkReason.OUT_OF_BOUNDS, words)
    paid, waits = _firm(facts, sale, metered, hold, taken.gross)
    shadow = ZERO if sale.amount else _earned(sale, billable, last_day, sale.shadow, taken.shadow).amount
    if not (quantity or paid.amount or shadow) or (waits and not paid.amount):
        return None, waits
    if paid.amount and not sale.is_paid:
        return None, Parked(sale, ParkReason.NOT_PAID, f"订单 {order.number} 的款项尚未到账")
    net, tax, vat = paid.amount, ZERO, facts.tax_on(sale)
    if paid.amount:
        if vat is None:
            words = f"{facts.place} 在 {last_day} 没有增值税税率（tax.vat.rate）"
            return None, Parked(sale, ParkReason.RULE_MISSING, words)
        net, tax = taxed(paid.amount, vat.decimal())
    kinds = {kind or "": [one.quantity, one.billable] for kind, one in used.items()}
    rating = {
        "tariff": tariff.number if tariff else None,
        "model": sale.model.to_dict() if sale.moved or sale.agreed else tariff.model if tariff else None,
        "agreed": sale.agreed["number"] if sale.agreed else None, "grade": sale.grade if tariff else None,
        "dedup_days": tariff.dedup_days if tariff else None, "subject_kinds": dict(sorted(kinds.items())),
        **paid.working,
    }  # fmt: skip
    if order.id in facts.levies:
        rating["levy_rate"] = decimal_text(facts.levies[order.id].decimal())
    if facts.late.get(sale.entitlement.id):
        rating["late"] = {"units": facts.late[sale.entitlement.id], "run": taken.run}
    new = max(billable - taken.billable, 0)
    return Line(sale, use_class_of(order.purpose), quantity, new, paid.amount, tax, net, shadow, rating), waits


def _firm(facts: Facts, sale: Sale, metered: int, hold: Hold, before: Money) -> tuple[Earned, Parked | None]:
    """Return what the period earned of what stands, and what waits for a signature or the end of a dispute (DSP-04)."""
    last_day, limit = facts.period.last_day, sale.limit(facts.period.end, facts.sealed_at)
    firm = _earned(sale, hold.stands(metered), last_day, limit, before)
    if hold == NOTHING_HELD or sale.moved:
        return firm, None
    settled_so_far = hold.settles(firm.cumulative, before)
    waiting = _earned(sale, hold.claims(metered), last_day, limit, before).cumulative - settled_so_far
    working = firm.working | {"cumulative": settled_so_far.text(), "hold": hold.to_dict()}
    paid = Earned(settled_so_far - before, settled_so_far, working)
    if waiting <= ZERO:
        return paid, None
    reason = ParkReason.NOT_COUNTERSIGNED if hold.unsigned else ParkReason.DISPUTED
    causes = [f"{hold.unsigned} 个计费单位待双方会签"] if hold.unsigned else []
    causes += [f"争议事项 {'、'.join(hold.matters)}"] if hold.matters else []
    words = f"{waiting.text()} 元暂不结算：{'；'.join(causes)}；其余金额照常结算（DSP-04）"
    return paid, Parked(sale, reason, words, waiting)


def _earned(sale: Sale, billable: int, last_day: date, limit: Money, before: Money) -> Earned:
    tariff, held = sale.tariff, sale.entitlement
    if tariff is None or not limit:
        return Earned(ZERO, before, {"basis": "free"})
    if tariff.charge_unit is ChargeUnit.PER_PERIOD:
        return earned_by_time(held.valid_from, held.valid_until, last_day + DAY, limit=limit, before=before)
    return earned_by_use(sale.model, billable, limit=limit, before=before, bought=sale.bought, grade=sale.grade)
