"""What a misused exemption costs: states, hearing, which units are charged on which day, and the lines of the claim.

Only the days concerned are priced, each by the price in force on that very day. Under one price the units of the span
are counted on from day to day, so that bands are reached as they would have been, and the days add up to the price of
the whole span.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

from kernel.calendar import DAY, Period
from kernel.errors import Conflict, Invalid
from kernel.money import Money, decimal_text, total
from pricing.costs.rules import CHARGE_UNIT_TITLES, ChargeUnit, node
from pricing.exemptions.rules import PURPOSE_TITLES, Grant, Purpose
from pricing.rating.rules import TariffModel, rate

NONE = Fraction(0)
ARTICLE = "发改价格〔2025〕65号 一"
Kind = str | None


class MisuseState(StrEnum):
    """How far a misuse has come."""

    RECORDED = "recorded"
    HEARD = "heard"
    CLAIMED = "claimed"
    DISMISSED = "dismissed"
    SETTLED = "settled"


class MisuseAct(StrEnum):
    """What is done about it: the grantee states its view, a second person decides, finance records the payment."""

    HEAR = "hear"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    SETTLE = "settle"


TRANSITIONS = {
    (MisuseState.RECORDED, MisuseAct.HEAR): MisuseState.HEARD,
    (MisuseState.HEARD, MisuseAct.HEAR): MisuseState.HEARD,
    (MisuseState.RECORDED, MisuseAct.CONFIRM): MisuseState.CLAIMED,
    (MisuseState.HEARD, MisuseAct.CONFIRM): MisuseState.CLAIMED,
    (MisuseState.RECORDED, MisuseAct.DISMISS): MisuseState.DISMISSED,
    (MisuseState.HEARD, MisuseAct.DISMISS): MisuseState.DISMISSED,
    (MisuseState.CLAIMED, MisuseAct.SETTLE): MisuseState.SETTLED,
}
STATE_TITLES = {
    MisuseState.RECORDED: "已登记，待使用单位陈述",
    MisuseState.HEARD: "使用单位已陈述",
    MisuseState.CLAIMED: "已认定，待缴费",
    MisuseState.DISMISSED: "不予认定",
    MisuseState.SETTLED: "已缴清",
}
OPEN = (MisuseState.RECORDED, MisuseState.HEARD)


class WrongState(Conflict):
    """The misuse is not in a state in which this can be done."""

    code = "misuse.wrong_state"


class SpanUnusable(Invalid):
    """The days do not lie within the free use, or are not over, or the hearing leaves no time."""

    code = "misuse.span_unusable"


class PurposeNotCharged(Invalid):
    """The real use is none that is charged."""

    code = "misuse.purpose_not_charged"


class HearingOpen(Conflict):
    """The grantee has not been heard, and its time to state its view is not over."""

    code = "misuse.hearing_open"
    title = "使用单位尚可陈述"
    title_en = "The grantee may still be heard"


class NoPriceThatDay(Conflict):
    """On a day of use there was no price that could be charged."""

    code = "misuse.no_price_that_day"
    title = "当日没有可以执行的收费标准"
    title_en = "No price could be charged on that day"


class PaymentDiffers(Invalid):
    """What was paid is not what is claimed."""

    code = "misuse.payment_differs"


@dataclass(frozen=True, slots=True)
class Used:
    """What was found (查得) on one Beijing day under one entitlement; ``subject`` is a digest of whom it concerned."""

    entitlement: str
    day: date
    units: int
    subject_kind: Kind = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """From which to which day an entitlement was open; prices per period run by time, not by calls."""

    entitlement: str
    first: date
    last: date
    subject_kind: Kind = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Everything that was used and held under an exemption, from its beginning: windows may open before the span."""

    uses: tuple[Used, ...] = ()
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """The price in force on a day for the grantee, with its window for repeated use and its contribution grade."""

    tariff_id: UUID
    number: str
    model: TariffModel
    charge_unit: ChargeUnit
    dedup_days: int | None = None
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class DayLine:
    """What one day costs for one kind of subject; ``before`` is what the span had used under this price until then."""

    day: date
    subject_kind: Kind
    price: Price
    units: Fraction
    before: Fraction
    amount: Money

    def explained(self) -> dict[str, Any]:
        """Return the working of the day."""
        unit = CHARGE_UNIT_TITLES[self.price.charge_unit]
        reached = self.before + self.units
        whole = rate(self.price.model, reached, grade=self.price.grade).amount
        formula = (
            f"累计 {decimal_text(self.before)} → {decimal_text(reached)} {unit}，"
            f"至当日 {whole.text()} 元，至前日 {(whole - self.amount).text()} 元"
        )
        label = f"{self.day} 使用 {decimal_text(self.units)} {unit}（{self.price.number}）"
        return node(label, f"¥ {self.amount.text()}", formula=formula, source=ARTICLE)


Prices = Mapping[tuple[date, Kind], Price]


def after(state: MisuseState, act: MisuseAct, number: str) -> MisuseState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"改作他用事项 {number} 现为“{STATE_TITLES[state]}”，不能再作此处理。",
            detail_en=f"Misuse {number} is {state}; {act} is not possible.",
            rule="PUB-02",
        )
    return following


def must_be_charged(purpose: Purpose, charged: tuple[str, ...], article: str) -> None:
    """Refuse a real use that the place does not charge: then there is nothing to claim.

    Raises:
        PurposeNotCharged: the purpose is none of ``charged`` (policy ``exemption.purposes_charged``).
    """
    if purpose not in charged:
        raise PurposeNotCharged(
            f"“{PURPOSE_TITLES[purpose]}”不属于可以收费的用途（{article}），不作为改作他用处理。",
            detail_en=f"{purpose} is not charged there.",
            rule="PUB-02",
            article=article,
            errors=[{"pointer": "/actual_purpose", "code": PurposeNotCharged.code, "message": "不属于收费用途"}],
        )


def must_fit(grant: Grant, first: date, last: date, hearing_until: date, today: date) -> None:
    """Refuse days outside the free use or still to come, and a hearing that leaves no time.

    No text found says how long the hearing lasts [I]: whoever records the misuse states its last day.

    Raises:
        SpanUnusable: names the field.
    """
    if last < first:
        raise _span("until_date", f"止日 {last} 早于起日 {first}")
    if first < grant.valid_from or last > grant.valid_until:
        raise _span("from_date", f"{first} 至 {last} 不全在免费使用期限 {grant.valid_from} 至 {grant.valid_until} 之内")
    if last > today:
        raise _span("until_date", f"{last} 尚未到来，只能就已经过去的日期登记")
    if hearing_until <= today:
        raise _span("hearing_until", "须给使用单位留出陈述的时间，截止日应晚于今天")


def is_being_heard(state: MisuseState, hearing_until: date, today: date) -> bool:
    """Say whether a misuse cannot be confirmed yet: the grantee has not been heard and still may be."""
    return state is MisuseState.RECORDED and today <= hearing_until


def must_be_heard(state: MisuseState, number: str, hearing_until: date, today: date) -> None:
    """Refuse a decision against a grantee who has not been heard and still may be.

    Raises:
        HearingOpen: nothing was stated, and the last day of the hearing is not over.
    """
    if is_being_heard(state, hearing_until, today):
        raise HearingOpen(
            f"改作他用事项 {number} 的使用单位可在 {hearing_until} 前（含当日）陈述意见；陈述后或期满后再作认定。",
            detail_en=f"The grantee may be heard until {hearing_until}.",
            rule="PUB-02",
        )


def must_be_paid_exactly(claimed: Money, paid: Money, number: str) -> None:
    """Refuse to settle a claim with another amount.

    Raises:
        PaymentDiffers: the amounts are not the same.
    """
    if paid != claimed:
        raise PaymentDiffers(
            f"事项 {number} 应缴 {claimed.text()} 元，登记的到账金额为 {paid.text()} 元；请核对到账凭证。",
            detail_en=f"Claimed {claimed.text()}, paid {paid.text()}.",
            rule="PUB-02",
            errors=[{"pointer": "/amount", "code": PaymentDiffers.code, "message": f"应为 {claimed.text()} 元"}],
        )


def charged_units(usage: Usage, prices: Prices, first: date, last: date) -> dict[tuple[date, Kind], Fraction]:
    """Return how many units are charged on each day of the span, by kind of subject.

    Of repeated use of one subject under one entitlement only the call that opens a window counts, as a single unit;
    windows are those of the whole use, not of the span, so that a day counts the same whatever span it stands in. For a
    price per period every open entitlement counts one part of the days of the calendar month [I].

    Args:
        usage: what was found and held since the exemption began.
        prices: the price of each day and kind of subject on which anything was used or held.
        first: first day concerned.
        last: last day concerned.

    Source:
        发改价格〔2025〕668号: 同一用户同一对象在期限内重复查询按一次计费; PUB-02.
    """
    found: dict[tuple[date, Kind], Fraction] = defaultdict(Fraction)
    closes: dict[tuple[str, Kind, str], date] = {}
    for use in sorted(usage.uses, key=lambda use: use.day):
        price = prices.get((use.day, use.subject_kind))
        units = use.units
        if price is not None and price.charge_unit is ChargeUnit.PER_PERIOD:
            continue
        if price is not None and price.dedup_days is not None and use.subject is not None:
            key = (use.entitlement, use.subject_kind, use.subject)
            if use.day < closes.get(key, use.day):
                continue
            closes[key], units = use.day + price.dedup_days * DAY, 1
        if first <= use.day <= last:
            found[use.day, use.subject_kind] += units
    for day in Period(first, last + DAY):
        for held in usage.held:
            price = prices.get((day, held.subject_kind))
            is_open = held.first <= day <= held.last
            if is_open and price is not None and price.charge_unit is ChargeUnit.PER_PERIOD:
                found[day, held.subject_kind] += Fraction(1, Period.month_of(day).days)
    return dict(found)


def reprice(usage: Usage, prices: Prices, first: date, last: date) -> tuple[DayLine, ...]:
    """Return the lines of the claim, day by day; days outside the span, and days without use, have none.

    Raises:
        NoPriceThatDay: something was used on a day without a price that could be charged.

    Source:
        发改价格〔2025〕65号 一: 用于产业发展、行业发展的，可收取公共数据运营服务费; PUB-02.
    """
    counted: dict[tuple[UUID, str | None, Kind], Fraction] = defaultdict(Fraction)
    lines = []
    units = charged_units(usage, prices, first, last)
    for day, kind in sorted(units, key=lambda key: (key[0], key[1] or "")):
        price = prices.get((day, kind))
        if price is None:
            raise no_price(day)
        key = (price.tariff_id, price.grade, kind)
        increment = rate(price.model, units[day, kind], previously_used=counted[key], grade=price.grade).increment
        assert increment is not None
        lines.append(DayLine(day, kind, price, units[day, kind], counted[key], increment))
        counted[key] += units[day, kind]
    return tuple(lines)


def claimed(lines: Sequence[DayLine]) -> Money:
    """Return the sum of the lines; nothing for none."""
    return total(line.amount for line in lines)


def no_price(day: date) -> NoPriceThatDay:
    """Return the refusal for a day without a price."""
    return NoPriceThatDay(
        f"{day} 有使用记录，但该日没有可以执行的收费标准（尚未公布，或高于当日上限），无法计算应缴费用；"
        "请缩短起止日期，或先查明该日的收费标准。",
        detail_en=f"There was no chargeable price on {day}.",
        rule="PRC-05",
    )


def _span(field: str, words: str) -> SpanUnusable:
    return SpanUnusable(
        f"起止日期不能采用：{words}。",
        detail_en=f"The days do not stand: {field}.",
        rule="PUB-02",
        errors=[{"pointer": f"/{field}", "code": SpanUnusable.code, "message": words}],
    )
