"""What the provider moved, fetched and kept; credits of the bank that are its payouts; a reconciliation every day.

No transaction is open while the provider is asked. Whoever fetches, and however often: a line is kept once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import DAY, Period, start_of_day
from kernel.errors import Conflict, DomainError, NotAllowed, NotFound
from kernel.http import ApiBlueprint, Form, current_actor, match_version, policy_book, requires, working_calendar
from kernel.identity import Actor, Permission
from market.bank_lines import commands as bank_lines
from market.bank_lines.model import BankLine
from market.bank_lines.queries import in_hand
from settlement.arrivals import commands as arrivals
from settlement.arrivals import queries as arrived
from settlement.arrivals.model import Arrival
from settlement.arrivals.schemas import ArrivalIn, ArrivalOut, ReleaseIn
from settlement.intake.commands import take_in_payments
from settlement.provider_lines import commands, queries
from settlement.provider_lines.gateway import StripeBalance
from settlement.provider_lines.model import ProviderFile
from settlement.provider_lines.rules import of_place
from settlement.reconciliation import commands as runs
from settlement.reconciliation import queries as comparisons
from settlement.reconciliation.schemas import FetchedOut, ReconciliationIn
from web.paying import provider
from web.scheduling import SCHEDULER, Turn

api = ApiBlueprint(
    "payout_arrivals", __name__, url_prefix="/api/v1/payout-arrivals", description="结算到账 · payouts that arrived"
)
blueprint = Blueprint("fetching_pages", __name__)
NAMED = 5


class NotOffered(Conflict):
    """No provider can be asked."""

    code = "provider_lines.not_offered"
    title = "未开通在线支付"
    title_en = "Paying online is not offered"


class NoAnswer(Conflict):
    """The provider gave no answer; nothing was kept."""

    code = "provider_lines.no_answer"
    title = "支付机构没有应答"
    title_en = "The provider gave no answer"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of asking the provider."""

    place: str
    row_count: int
    known: int
    mixed: list[str]  # payouts with money of several places: somebody imports them


def fetch(actor: Actor, place: str, period: Period) -> Fetched:
    """Ask the provider what it moved in a period, and keep what belongs to the place.

    Raises:
        NotAllowed: the actor does not reconcile at the place.
        NotOffered: no provider can be asked.
        NoAnswer: the provider gave none; nothing was kept.
        ReportRefused: a known line says something else now.
    """
    actor.must(Permission.RECONCILE, place=policy_book().place(place).key)
    known_provider = provider()
    if known_provider is None:
        raise NotOffered("本平台未开通在线支付，没有可取得的明细；请导入文件", detail_en="Import a file instead")
    db.session().rollback()  # no transaction is open while somebody else is asked
    gateway = StripeBalance(known_provider.settings, known_provider.circuit)
    rows = gateway.moved(start_of_day(period.start), start_of_day(period.end))
    if rows is None:
        raise NoAnswer("支付机构没有应答，没有保存任何明细；请稍后再取", detail_en="Ask again later")
    with db.transaction() as session:
        home = queries.home(session) or place
        own = of_place(rows, queries.places_of(session, rows), place, home=home)
        made = commands.take_fetched(session, actor, place=place, name=f"Stripe {period.text()}", rows=own.rows,
                                     now=clock.now(), book=policy_book())  # fmt: skip
    return _fetched(place, made, own.mixed)


def _fetched(place: str, made: ProviderFile | None, mixed: tuple[str, ...]) -> Fetched:
    return Fetched(place, made.row_count if made else 0, made.known if made else 0, list(mixed))


def recognise(session: Session, actor: Actor, place: str, now: datetime) -> int:
    """Book what the provider paid out, and recognise the credits that name such a payout and add up to it.

    Raises:
        NotAllowed: the actor does not reconcile at the place.
    """
    while take_in_payments(session, actor, now=now, place=place):
        pass
    runs.book_payouts(session, actor, place=place, now=now)
    count = 0
    for payout, lines in arrived.recognisable(session, place):
        for line in lines:
            bank_lines.hand_over(session, actor, line.id, note=payout.reference, now=now)
            arrivals.arrive(session, actor, line.id, payout=payout.reference, note="", now=now)
            count += 1
    return count


def reconcile_daily(turn: Turn) -> str:
    """Fetch and reconcile the day before, place by place (a job); what one meets does not keep the others waiting."""
    period, said = Period(turn.slot.day - DAY, turn.slot.day), []
    for place in _active_places():
        try:
            said.append(f"{place} {_reconcile(place, period)}")
        except DomainError as refusal:
            db.session().rollback()
            current_app.logger.error("%s was not reconciled: %s", place, refusal)
            said.append(f"{place} 未对账：{refusal.detail}")
    return "；".join(said) or "没有需要对账的地方"


def _active_places() -> list[str]:
    session = db.session()
    found = comparisons.active_places(session)
    session.rollback()
    return found


def _reconcile(place: str, period: Period) -> str:
    words = ""
    if provider() is not None:
        try:
            words = f"明细 {fetch(SCHEDULER, place, period).row_count} 行，"
        except NoAnswer:
            words = "支付机构没有应答，"
    with db.transaction() as session:
        if comparisons.last_of(session, place, period) is not None:  # run twice, the day is compared once
            return f"{words}已对账"
        came = recognise(session, SCHEDULER, place, clock.now())
        made = runs.reconcile(
            session,
            SCHEDULER,
            place=place,
            period=period,
            now=clock.now(),
            book=policy_book(),
            calendar=working_calendar(),
        )
        return f"{words}结算到账 {came} 笔，{made.number} 差异 {len(made.found)} 笔（新 {made.new_breaks} 笔）"


# ---- pages and programs ----


@blueprint.post("/reconciliation/provider-lines")
@requires(Permission.PAYMENT_RECORD)
def fetch_now() -> AnyResponse:
    """Ask the provider what it moved."""
    form = Form(ReconciliationIn)
    if not form.accepts():
        flash(gettext("请填写地方和日期。"), "warning")
        return redirect(url_for("reconciliation_pages.desk"), code=303)
    period = Period(form.data["first_day"], (form.data["last_day"] or form.data["first_day"]) + DAY)
    try:
        made = fetch(current_actor(), form.data["place"], period)
        with db.transaction() as session:
            came = recognise(session, current_actor(), form.data["place"], clock.now())
    except DomainError as refusal:
        flash(refusal.detail, "danger")
        return redirect(url_for("reconciliation_pages.desk"), code=303)
    said = gettext("取得明细 %(n)s 行，其中早先已有 %(k)s 行；识别结算到账 %(c)s 笔。", n=made.row_count, k=made.known,
                   c=came)  # fmt: skip
    flash(said, "success")
    if made.mixed:
        names = "、".join(made.mixed[:NAMED])
        flash(gettext("结算 %(names)s 含几个地方的款项，未保存；请按地方分别导入明细。", names=names), "warning")
    return redirect(url_for("reconciliation_pages.desk"), code=303)


@blueprint.post("/suspense/lines/<uuid:line_id>/payout")
@requires(Permission.PAYMENT_RECORD)
def claim(line_id: UUID) -> AnyResponse:
    """Decide that a credit in suspense is a payout of the provider."""
    form = Form(ArrivalIn)
    if not form.accepts():
        flash(gettext("请选择结算单并写明依据。"), "warning")
        return redirect(url_for("suspense_pages.browse"), code=303)
    back = url_for("suspense_pages.browse")
    return _step(lambda: _arrive(line_id, form.data["payout"], form.data["note"]), back)


@blueprint.post("/suspense/lines/<uuid:line_id>/payout/release")
@requires(Permission.PAYMENT_RECORD)
def release(line_id: UUID) -> AnyResponse:
    """Take back that a credit is a payout of the provider."""
    form = Form(ReleaseIn)
    if not form.accepts():
        flash(gettext("请写明理由。"), "warning")
        return redirect(url_for("bank_line_pages.show", line_id=line_id), code=303)
    return _step(lambda: _take_back(line_id, form.data["note"]), url_for("bank_line_pages.show", line_id=line_id))


def _step(act: Callable[[], Arrival], back: str) -> AnyResponse:
    try:
        act()
        flash(gettext("已办理。"), "success")
    except (NotAllowed, NotFound):
        raise  # there is no page of the line to go back to
    except DomainError as refusal:
        flash(refusal.detail, "danger")
    return redirect(back, code=303)


def _arrive(line_id: UUID, payout: str, note: str) -> Arrival:
    with db.transaction() as session:
        actor, now = current_actor(), clock.now()
        match_version(session, BankLine, in_hand(session, actor, line_id))
        take_in_payments(session, actor, now=now, place=session.get_one(BankLine, line_id).place)
        bank_lines.hand_over(session, actor, line_id, note=note, now=now)
        return arrivals.arrive(session, actor, line_id, payout=payout, note=note, now=now)


def _take_back(line_id: UUID, note: str) -> Arrival:
    with db.transaction() as session:
        actor, now = current_actor(), clock.now()
        match_version(session, BankLine, in_hand(session, actor, line_id))
        bank_lines.take_back(session, actor, line_id, note=note, now=now)
        return arrivals.take_back(session, actor, line_id, note=note, now=now)


@api.post("/fetches")
@requires(Permission.PAYMENT_RECORD)
@api.arguments(ReconciliationIn)
@api.response(201, FetchedOut)
def fetch_lines(fetch_in):
    """Ask the payment provider what it moved, and keep each line once."""
    period = Period(fetch_in["first_day"], (fetch_in["last_day"] or fetch_in["first_day"]) + DAY)
    return fetch(current_actor(), fetch_in["place"], period)


@api.post("/<uuid:line_id>")
@requires(Permission.PAYMENT_RECORD)
@api.arguments(ArrivalIn)
@api.response(201, ArrivalOut)
def arrive(arrival_in, line_id: UUID):
    """Recognise a credit of the bank as a payout of the provider."""
    return _arrive(line_id, arrival_in["payout"], arrival_in["note"])


@api.post("/<uuid:line_id>/release")
@requires(Permission.PAYMENT_RECORD)
@api.arguments(ReleaseIn)
@api.response(200, ArrivalOut)
def take_back(release_in, line_id: UUID):
    """Take back that a credit is a payout of the provider: it waits for a person again."""
    return _take_back(line_id, release_in["note"])
