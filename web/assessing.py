"""What assessments and headroom need of revenue, handed down from the settlements to pricing, with the routes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel import clock, db
from kernel.calendar import DAY, Period, business_date
from kernel.errors import DomainError
from kernel.http import ApiBlueprint, current_actor, policy_book, requires, words_of
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money
from kernel.policy import PolicyBook
from market.orders.model import Order
from pricing.assessments import commands as assessments
from pricing.assessments import queries as assessed
from pricing.assessments.model import Assessment
from pricing.assessments.pages import ACTION_WORDS, BASIS_WORDS
from pricing.assessments.rules import Earned, Revenue, Settled, share_text
from pricing.assessments.schemas import AssessmentIn, AssessmentOut
from pricing.ceilings.model import Ceiling
from pricing.costs.pages import RowsForm
from pricing.headroom import commands as headroom
from pricing.headroom.model import HeadroomReading
from pricing.headroom.rules import Accrued
from pricing.headroom.schemas import HeadroomReadingOut
from pricing.policy import PricingPolicy
from pricing.tariffs.model import Tariff
from pricing.tariffs.rules import SERVICE_FEES
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.products.model import Product
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState
from settlement.workings.queries import work_out

api = ApiBlueprint("assessing", __name__, url_prefix="/api/v1", description="年度评估和余量 · assessing a year")
blueprint = Blueprint("assessing_pages", __name__)
Key = tuple[UUID, str]  # agreement, code of the product
Parts = dict[str, list[tuple[Period, dict[Key, Money]]]]  # by place


def yearly_revenue(session: Session, agreement: Agreement, year: int) -> Revenue:
    """Return the sealed settlements that touch a year, and what the operator's service fee earned in each (REV-06)."""
    runs = _sealed(session, agreement.place, Period.year(year))
    periods = {run.id: Period(run.period_start, run.period_end) for run in runs}
    query = (
        sa.select(
            RevenueLine.run_id, Product.code, sa.func.sum(RevenueLine.net), sa.func.sum(RevenueLine.tax),
            sa.func.sum(RevenueLine.billable),
        )
        .join(Order, Order.id == RevenueLine.order_id)
        .join(Tariff, Tariff.id == Order.tariff_id)
        .join(Product, Product.id == RevenueLine.product_id)
        .where(
            RevenueLine.run_id.in_(periods), RevenueLine.agreement_id == agreement.id,
            Order.seller_id == agreement.operating_institution_id, Tariff.regime.in_(SERVICE_FEES),
        )
        .group_by(RevenueLine.run_id, Product.code)
    )  # fmt: skip
    earned = [
        Earned(periods[run_id], code, net, tax, int(billable))
        for run_id, code, net, tax, billable in session.execute(query)
        if net or tax or billable
    ]
    return Revenue(
        tuple(Settled(run.number, periods[run.id]) for run in runs),
        tuple(sorted(earned, key=lambda one: (one.period, one.product))),
    )


def _sealed(session: Session, place: str, within: Period) -> list[SettlementRun]:
    query = sa.select(SettlementRun).where(
        SettlementRun.place == place, SettlementRun.state == RunState.SEALED,
        SettlementRun.period_start < within.end, SettlementRun.period_end > within.start,
    )  # fmt: skip
    return list(session.scalars(query.order_by(SettlementRun.period_start)))


def unsettled(
    session: Session, place: str, year: Period, until: date, now: datetime, book: PolicyBook
) -> list[tuple[Period, dict[Key, Money]]]:
    """Return what operators' service fees earned in a year that no settlement has taken yet, month by month.

    The settlement of every part is worked out as if it were prepared now; each is cumulative, so months are
    differences. What came in late counts in the first month after the last settlement, as it will be settled. Nothing
    is written.
    """
    query = sa.select(sa.func.max(SettlementRun.period_end)).where(
        SettlementRun.place == place, SettlementRun.state == RunState.SEALED, SettlementRun.period_end <= until
    )
    last = session.scalar(query)
    start = max(year.start, last) if last else year.start
    before = {} if start == last else _open_sums(session, place, start, now, book)
    found = []
    while start < until:
        end = min(Period.month_of(start).end, until)
        sums = _open_sums(session, place, end, now, book)
        found.append((Period(start, end), {key: amount - before.get(key, ZERO) for key, amount in sums.items()}))
        before, start = sums, end
    return found


def _open_sums(session: Session, place: str, until: date, now: datetime, book: PolicyBook) -> dict[Key, Money]:
    """Return the net revenue of all service fees before a day that no sealed settlement holds."""
    found: dict[Key, Money] = {}
    worked = work_out(session, place=place, period=Period(until - DAY, until), received_until=now, book=book)
    for line in worked.lines:
        sale = line.sale
        is_fee = sale.tariff is not None and sale.tariff.regime in SERVICE_FEES
        agreement = session.get_one(Agreement, sale.order.agreement_id)
        if is_fee and sale.seller.id == agreement.operating_institution_id:
            key = (agreement.id, sale.product.code)
            found[key] = found.get(key, ZERO) + line.net
    return found


def accrued(
    session: Session, agreement: Agreement, until: date, open_parts: list[tuple[Period, dict[Key, Money]]]
) -> list[Accrued]:
    """Return what an agreement earned in every part of the year before a day; a part without revenue counts as zero."""
    year = Period.year((until - DAY).year)
    since = max(agreement.trial_start or agreement.term_start, year.start)
    revenue = yearly_revenue(session, agreement, year.start.year)
    settled = [one.period for one in revenue.settled if one.period.start >= year.start and one.period.end <= until]
    found = [Accrued(one.period, one.product, one.net) for one in revenue.earned if one.period in settled]
    for period, sums in open_parts:
        own = sorted((code, amount) for (owner, code), amount in sums.items() if owner == agreement.id and amount)
        found += [Accrued(period, code, amount) for code, amount in own]
    earning = {one.period for one in found}
    parts = [*settled, *(period for period, _ in open_parts)]
    found += [Accrued(period, "", ZERO) for period in parts if period not in earning and period.end > since]
    return sorted(found, key=lambda one: (one.period, one.product))


def read_headroom(
    session: Session, actor: Actor, agreement_ids: list[UUID], now: datetime, book: PolicyBook,
    known: Parts | None = None,
) -> int:  # fmt: skip
    """Read the running year of these agreements up to yesterday; return how many.

    What no settlement has taken yet is worked out once for each place, and kept in ``known`` for the next call.
    """
    until = business_date(now)
    year = Period.year((until - DAY).year)
    open_parts = {} if known is None else known
    for agreement_id in agreement_ids:
        agreement = agreements.get(session, agreement_id)
        if agreement.place not in open_parts:
            open_parts[agreement.place] = unsettled(session, agreement.place, year, until, now, book)
        headroom.read(
            session, actor, agreement_id=agreement_id, until=until, now=now, book=book,
            accrued=accrued(session, agreement, until, open_parts[agreement.place]),
        )  # fmt: skip
    return len(agreement_ids)


def read_all_headroom(session: Session, actor: Actor, now: datetime, book: PolicyBook) -> tuple[int, list[str]]:
    """Read the running year of every agreement with a permitted revenue; return how many, and what was refused.

    Each agreement is read behind a savepoint of its own: one refusal takes nothing from the others.
    """
    year = (business_date(now) - DAY).year
    query = sa.select(Agreement).join(Ceiling, Ceiling.agreement_id == Agreement.id).where(Ceiling.year == year)
    read, refused = 0, []
    known: Parts = {}
    for agreement in session.scalars(query.distinct().order_by(Agreement.number)).all():
        try:
            with session.begin_nested():
                read_headroom(session, actor, [agreement.id], now, book, known)
        except DomainError as refusal:
            refused.append(f"{agreement.number}：{refusal.detail}")
        else:
            read += 1
    return read, refused


def record(session: Session, data: dict[str, Any]) -> Assessment:
    """Assess a year on the revenue of its sealed settlements."""
    actor = current_actor()
    agreement = agreements.get(session, data["agreement_id"])
    actor.must(Permission.ASSESSMENT_WRITE, place=agreement.place)
    revenue = yearly_revenue(session, agreement, data["year"])
    return assessments.record(session, actor, **data, revenue=revenue, now=clock.now(), book=policy_book())


@api.post("/assessments")
@requires(Permission.ASSESSMENT_WRITE)
@api.arguments(AssessmentIn)
@api.response(201, AssessmentOut)
def assess(assessment_in):
    """Assess a year; the revenue is read from the sealed settlements, and adjustments are proposed."""
    with db.transaction() as session:
        return record(session, assessment_in)


@api.post("/headroom/<uuid:agreement_id>/readings")
@requires(Permission.ASSESSMENT_WRITE)
@api.response(201, HeadroomReadingOut)
def read(agreement_id: UUID):
    """Read the running year now instead of at the next daily run."""
    with db.transaction() as session:
        return _read_one(session, agreement_id)


def _read_one(session: Session, agreement_id: UUID) -> HeadroomReading | None:
    actor, agreement = current_actor(), agreements.get(session, agreement_id)
    actor.must(Permission.ASSESSMENT_WRITE, place=agreement.place)
    read_headroom(session, actor, [agreement_id], clock.now(), policy_book())
    query = sa.select(HeadroomReading).where(HeadroomReading.agreement_id == agreement_id)
    return session.scalar(query.order_by(HeadroomReading.read_at.desc(), HeadroomReading.id.desc()).limit(1))


@blueprint.post("/pricing/headroom/<uuid:agreement_id>/read")
@requires(Permission.ASSESSMENT_WRITE)
def read_now(agreement_id: UUID) -> Response:
    """Read the running year now."""
    with db.transaction() as session:
        _read_one(session, agreement_id)
    flash(gettext("累计收入已重新读取。"), "success")
    return redirect(url_for("headroom_pages.show", agreement_id=agreement_id), code=303)


@blueprint.route("/pricing/assessments/new", methods=["GET", "POST"])
@requires(Permission.ASSESSMENT_WRITE)
def new_assessment() -> Response:
    """Assess a year: the result is shown with its explanation before anything is recorded."""
    shown = {"basis": "net_of_tax", **{name: request.args.get(name, "") for name in ("agreement_id", "year")}}
    form, status, preview = RowsForm(AssessmentIn, shown), 200, None
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                if request.form.get("act") == "record":
                    with db.transaction() as session:
                        made = record(session, form.data)
                    flash(gettext("%(number)s 已记录。", number=made.number), "success")
                    return redirect(url_for("assessment_pages.show", assessment_id=made.id), code=303)
                preview, status = _preview(form.data), 200
            except DomainError as error:
                form.refuse(error)
                status = error.status
    actor = current_actor()
    listed = db.session().scalars(agreements.listed(actor).order_by(Agreement.number))
    mine = [one for one in listed if actor.may(Permission.ASSESSMENT_WRITE, place=one.place)]
    place = mine[0].place if mine else None
    text = render_template(
        "pricing/assessments/form.html", form=form, refusal=words_of(form.problem), preview=preview,
        tree=assessed.explained(preview) if preview else None, basis=list(BASIS_WORDS.items()),
        agreements=[(str(one.id), f"{one.number} {one.title}") for one in mine], action_titles=ACTION_WORDS,
        share=share_text(preview.permitted, preview.actual) if preview else "",
        policy=PricingPolicy.at(policy_book(), place, clock.today()) if place else None,
    )  # fmt: skip
    return make_response(text, status)


def _preview(data: dict[str, Any]) -> Assessment:
    session, actor = db.session(), current_actor()
    agreement = agreements.get(session, data["agreement_id"])
    actor.must(Permission.ASSESSMENT_WRITE, place=agreement.place)
    revenue = yearly_revenue(session, agreement, data["year"])
    return assessed.prepared(
        session, agreement, data["year"], revenue, data["basis"], now=clock.now(), book=policy_book()
    )
