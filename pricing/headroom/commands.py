"""Reading the running year, and raising its alarms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import DAY, Period
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission, Role
from kernel.money import total
from kernel.policy import PolicyBook
from pricing.ceilings.queries import latest
from pricing.costs.rules import cited_dict
from pricing.headroom import queries
from pricing.headroom.model import HeadroomAlarm, HeadroomReading
from pricing.headroom.rules import ARTICLE, Accrued
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.products.model import Product


class NothingToWatch(Conflict):
    """Without a permitted revenue for the year there is no headroom."""

    code = "headroom.no_ceiling"
    title = "该年度没有核定最高准许收入"
    title_en = "No permitted revenue was determined for the year"


def read(
    session: Session, actor: Actor, *, agreement_id: UUID, accrued: Sequence[Accrued], until: date, now: datetime,
    book: PolicyBook,
) -> HeadroomReading:  # fmt: skip
    """Keep what an agreement has earned so far this year, and raise the alarms whose share is now reached.

    Args:
        session: the open transaction.
        actor: the timetable, or a price officer of the place.
        agreement_id: whose operation is watched.
        accrued: revenue of every part of the year so far, net of tax, by product, as settlement hands it down.
        until: first day that is not counted; names the year by the day before.
        now: the present moment.
        book: the rules in force.

    Raises:
        NotAllowed: the actor is neither the timetable nor a price officer of the place.
        NothingToWatch: no permitted revenue was determined for the year.
        Invalid: a part of the year lies outside it.

    Source:
        B3; PRC-07; 发改价格〔2025〕65号 四.
    """
    agreement = agreements.get(session, agreement_id, lock=True)
    if not actor.may(Permission.ASSESSMENT_WRITE, place=agreement.place):
        actor.must_be(Role.SCHEDULER)
    year = Period.year((until - DAY).year)
    ceiling = latest(session, agreement_id, year.start.year)
    if ceiling is None:
        raise NothingToWatch(
            f"协议 {agreement.number} 的 {year.text()} 年没有核定最高准许收入，没有可监测的上限。",
            detail_en=f"No permitted revenue for {year.text()}.",
            rule="PRC-07",
            article=ARTICLE,
        )
    if any(one.period.start < year.start or one.period.end > until for one in accrued):
        raise Invalid("累计收入的期间须在当年之内。", detail_en="Revenue of another year was handed down.")
    codes = {one.product for one in accrued}
    found = session.execute(sa.select(Product.code, Product.title).where(Product.code.in_(codes)))
    titles: dict[str, str] = {row.code: row.title for row in found}
    reading = HeadroomReading(
        place=agreement.place, agreement_id=agreement.id, year=year.start.year, ceiling_id=ceiling.id,
        permitted=ceiling.max_permitted_revenue, accrued=total(one.amount for one in accrued), until=until,
        lines=[
            {"from": one.period.start.isoformat(), "until": one.period.end.isoformat(), "product": one.product,
             "title": titles.get(one.product, ""), "amount": one.amount.text()}
            for one in accrued
        ],
        read_at=now,
    )  # fmt: skip
    session.add(reading)
    session.flush()
    raised = _raise_alarms(session, reading, now, book)
    detail = {"accrued": reading.accrued.text(), "permitted": reading.permitted.text(), "raised": raised}
    audit.record(session, actor, "headroom.read", reading, at=now, note=agreement.number, detail=detail)
    return reading


def _raise_alarms(session: Session, reading: HeadroomReading, now: datetime, book: PolicyBook) -> list[str]:
    found = queries.headroom(session, reading, book)
    known = {(one.scope, one.share) for one in queries.alarms_of(session, reading.agreement_id, reading.year)}
    alert = PricingPolicy.at(book, reading.place, Period.year(reading.year).last_day).headroom_alert_share
    raised = []
    for watched in (found.whole, *found.products):
        for reached in watched.standing.reaches:
            if not reached.is_reached or (watched.scope, reached.share.normalize()) in known:
                continue
            session.add(HeadroomAlarm(
                place=reading.place, agreement_id=reading.agreement_id, reading_id=reading.id, year=reading.year,
                scope=watched.scope, share=reached.share, accrued=watched.standing.accrued,
                limit_amount=watched.standing.limit, sources=[cited_dict(alert)] if alert else [], raised_at=now,
            ))  # fmt: skip
            raised.append(f"{watched.scope} {reached.share}")
    session.flush()
    return raised
