"""Running a scenario over the history of a place: real orders, use and schedules, other terms; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, business_date
from kernel.identity import Actor
from kernel.money import Money, fraction, total
from kernel.policy import PolicyBook
from market.orders import queries as orders
from market.orders.model import Order
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.ceilings.queries import caps_of_agreement, latest
from pricing.ceilings.rules import CapForecast, CapsFit, caps_fit
from pricing.policy import PricingPolicy
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product
from settlement.comparisons.rules import (
    AgreementYear,
    Cell,
    Compared,
    Received,
    Refused,
    Row,
    explain,
    party_rows,
    rows,
    side_of,
)
from settlement.replays.queries import replay
from settlement.revenue.queries import Sale
from settlement.scenarios.queries import Otherwise, ScenarioUnknown, otherwise
from settlement.scenarios.rules import Scenario, moved_cap, moved_permitted, volume_factor
from settlement.workings.queries import Worked

OTHERS, OTHERS_TITLE = "others", "其他各方"
UNKNOWN_BUYER = "（您无权查看的购买方）"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who looks, and what of the lines may be shown."""

    actor: Actor
    wanted: Otherwise
    readable: frozenset[UUID]  # orders within the reader's scope
    own: frozenset[str]  # credit codes of the reader's organisations

    def sees(self, sale: Sale) -> bool:
        """Say whether the line is shown: within reach, and of the agreement and product that are asked for."""
        scenario = self.wanted.scenario
        return (
            self.wanted.reach.includes(sale.seller.id)
            and scenario.agreement in (None, sale.agreement_number)
            and scenario.product in (None, sale.product.code)
        )

    def buyer(self, sale: Sale) -> str:
        """Return the buyer's name, where the reader may read the order."""
        return sale.buyer if sale.order.id in self.readable else UNKNOWN_BUYER

    def party(self, one: Received) -> tuple[str, str]:
        """Return under which name a share is summed: a seller sees its own, and the others together."""
        is_seen = self.wanted.reach.is_whole or one.uscc in self.own
        return (one.uscc, one.name) if is_seen else (OTHERS, OTHERS_TITLE)


def compare(session: Session, actor: Actor, scenario: Scenario, *, now: datetime, book: PolicyBook) -> Compared:
    """Run a scenario over the months it names and return what changes, for whom; nothing is written.

    Raises:
        NoSuchPlace: there is no such place.
        NotAllowed: the actor tries no prices at this place.
        SpanUnusable: the months are in the wrong order or too many.
        PeriodNotOver: the last month has not ended.
        MoveUnusable: a move lacks something, or leads to nothing that could be.
        ScenarioUnknown: a product, agreement or line is not there or may not be seen.
        RateAboveCap: the moved margin is above what the law admits.
        ScheduleInvalid: the moved steps make no sound schedule.

    Source:
        REV-01 – REV-04; PRC-02, PRC-04, PRC-05, PRC-08.
    """
    book.place(scenario.place)
    wanted = otherwise(session, actor, scenario, today=business_date(now))
    known = sa.select(Order.id).where(orders.in_scope(actor), Order.place == scenario.place)
    own = sa.select(Party.uscc).where(Party.id.in_(wanted.reach.own))
    reader = _Reader(actor, wanted, frozenset(session.scalars(known)), frozenset(session.scalars(own)))
    was: list[Cell] = []
    would: list[Cell] = []
    parked = 0
    for one in replay(
        session, place=scenario.place, span=scenario.span, received_until=now, book=book, change=wanted.change
    ):
        was += _cells(reader, one.then)
        would += _cells(reader, one.now)
        parked += sum(reader.sees(found.sale) for found in one.now.parked)
    return Compared(
        first=scenario.first.text(), last=scenario.last.text(), parked=parked,
        months=rows(was, would, lambda cell: (cell.period, cell.period)),
        buyers=rows(was, would, lambda cell: (str(cell.buyer_id), cell.buyer)),
        products=rows(was, would, lambda cell: (cell.product, cell.title), has_units=True),
        parties=party_rows(was, would, reader.party),
        agreements=rows(was, would, lambda cell: (cell.agreement, cell.agreement)),
        years=tuple(_years(session, reader, was, would, book)), refused=_refused(reader),
        gross=Row("gross", "收入（含税）", total(cell.gross for cell in was), total(cell.gross for cell in would)),
        net=Row("net", "收入（不含税）", total(cell.net for cell in was), total(cell.net for cell in would)),
        explanation=_explanation(scenario, was, would),
    )  # fmt: skip


def _cells(reader: _Reader, worked: Worked) -> Iterator[Cell]:
    """Yield the lines of one period that the reader may see, each with who received it."""
    received: dict[str, list[Received]] = {}
    for share in worked.shares:
        one = Received(share.party.uscc, share.party.name, share.step, share.amount)
        received.setdefault(share.line.sale.entitlement.number, []).append(one)
    for line in worked.lines:
        sale = line.sale
        if not reader.sees(sale):
            continue
        number = sale.entitlement.number
        yield Cell(
            period=worked.period.text(), start=worked.period.start, entitlement=number, order=sale.order.number,
            product=sale.product.code, title=sale.product.title, buyer_id=sale.order.buyer_id,
            buyer=reader.buyer(sale), agreement=sale.agreement_number, seller_id=sale.seller.id,
            order_amount=sale.amount, bought=sale.bought, model=sale.model if sale.tariff else None,
            billable=line.billable, gross=line.gross, tax=line.tax, net=line.net, working=line.rating,
            received=tuple(received.get(number, ())),
        )  # fmt: skip


def _refused(reader: _Reader) -> tuple[Refused, ...]:
    found = reader.wanted.refused
    return tuple(
        Refused(number, one.sale.product.code, one.sale.product.title, reader.buyer(one.sale), one.on,
                one.sale.order.amount, one.unit_price, one.cap)
        for number, one in sorted(found.items())
        if reader.sees(one.sale)
    )  # fmt: skip


def _explanation(scenario: Scenario, was: list[Cell], would: list[Cell]) -> dict[str, Any] | None:
    """Return how one line came about: the one asked for, else the one that changes most; None without lines."""
    then, now = {cell.key: cell for cell in was}, {cell.key: cell for cell in would}
    keys = sorted(then.keys() | now.keys())
    wanted = [
        key for key in keys
        if scenario.entitlement in (None, key[0]) and scenario.month in (None, key[1])
    ]  # fmt: skip
    if keys and not wanted:
        raise ScenarioUnknown(
            f"所选月份中没有使用权 {scenario.entitlement or '（任一）'} 在 {scenario.month or '各月'} 的收入，请核对。",
            detail_en="There is no such line of revenue in these months.",
            errors=[{"pointer": "/entitlement", "code": ScenarioUnknown.code, "message": "没有这一行"}],
        )

    def change(key: tuple[str, str]) -> int:
        before, after = then.get(key), now.get(key)
        return abs((after.gross.fen if after else 0) - (before.gross.fen if before else 0))

    chosen = max(wanted, key=change, default=None)
    return None if chosen is None else explain(then.get(chosen), now.get(chosen))


# ---- permitted revenue, caps and deviation of each agreement and year ----


def _years(
    session: Session, reader: _Reader, was: list[Cell], would: list[Cell], book: PolicyBook
) -> Iterator[AgreementYear]:
    scenario = reader.wanted.scenario
    ids = {agreement.operating_institution_id for agreement in reader.wanted.agreements.values()}
    named = sa.select(Party.id, Party.name).where(Party.id.in_(ids))
    names = {party.id: party.name for party in session.execute(named)}
    for agreement in sorted(reader.wanted.agreements.values(), key=lambda agreement: agreement.number):
        if scenario.agreement not in (None, agreement.number):
            continue
        for year in range(scenario.first.start.year, scenario.last.start.year + 1):
            ceiling = latest(session, agreement.id, year)
            if ceiling is not None:
                name = names[agreement.operating_institution_id]
                yield _year(session, reader, agreement, name, ceiling, was, would, book)


def _year(
    session: Session, reader: _Reader, agreement: Agreement, operator: str, ceiling: Ceiling, was: list[Cell],
    would: list[Cell], book: PolicyBook,
) -> AgreementYear:  # fmt: skip
    """Return one agreement's year: only what the operator itself sold counts (REV-06)."""
    scenario, year = reader.wanted.scenario, Period.year(ceiling.year)
    part = scenario.span.overlap(year)
    assert part is not None, "only years of the span are asked for"
    cited = PricingPolicy.at(book, agreement.place, year.last_day).deviation_threshold
    threshold = cited.decimal() if cited is not None else None
    then_fit, now_fit = _caps(session, scenario, agreement, part.last_day, ceiling)
    then_actual = _actual(scenario, agreement, ceiling.year, was)
    now_actual = _actual(scenario, agreement, ceiling.year, would)
    permitted = moved_permitted(scenario.moves, agreement.number, ceiling.inputs).total
    return AgreementYear(
        agreement=agreement.number, operator=operator, year=ceiling.year,
        months=part.last_day.month - part.start.month + 1, ceiling=ceiling.number, threshold=threshold,
        is_gross=scenario.is_gross,
        then=side_of(then_actual, ceiling.max_permitted_revenue, then_fit, threshold),
        now=side_of(now_actual, permitted, now_fit, threshold),
    )  # fmt: skip


def _actual(scenario: Scenario, agreement: Agreement, year: int, cells: list[Cell]) -> Money:
    return total(
        cell.gross if scenario.is_gross else cell.net
        for cell in cells
        if cell.agreement == agreement.number
        and cell.start.year == year
        and cell.seller_id == agreement.operating_institution_id
    )


def _caps(
    session: Session, scenario: Scenario, agreement: Agreement, on: date, ceiling: Ceiling
) -> tuple[CapsFit, CapsFit]:
    """Return whether the caps in effect fit inside the permitted revenue, then and now (PRC-04)."""
    in_effect: dict[tuple[UUID, str, str], FeeCap] = {}
    for cap in caps_of_agreement(session, agreement.id):
        if cap.effective_from <= on:
            in_effect[cap.product_id, cap.charge_unit, cap.scope] = cap
    codes = _codes(session, {cap.product_id for cap in in_effect.values()})
    permitted = moved_permitted(scenario.moves, agreement.number, ceiling.inputs).total
    then = [CapForecast(cap.amount, fraction(cap.forecast_volume)) for cap in in_effect.values()]
    now = [_moved_forecast(scenario, codes[cap.product_id], cap, on) for cap in in_effect.values()]
    return caps_fit(then, ceiling.max_permitted_revenue), caps_fit(now, permitted)


def _codes(session: Session, ids: set[UUID]) -> Mapping[UUID, str]:
    named = sa.select(Product.id, Product.code).where(Product.id.in_(ids))
    return {product.id: product.code for product in session.execute(named)}


def _moved_forecast(scenario: Scenario, code: str, cap: FeeCap, on: date) -> CapForecast:
    concerned = [move for move in scenario.moves if move.counts_for(code, on, cap.subject_kind)]
    amount = moved_cap(concerned, cap.charge_unit, cap.amount) or cap.amount
    return CapForecast(amount, fraction(cap.forecast_volume) * volume_factor(scenario.moves, code))
