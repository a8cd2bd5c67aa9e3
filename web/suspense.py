"""Money that came and is for nothing yet: why, since when, and who does what about it; the books beside the list."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.fields import MoneyField, Schema, SignedMoneyField
from kernel.http import ApiBlueprint, Form, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money, total
from market.bank_lines import queries as lines
from market.bank_lines.model import BankLine
from market.bank_lines.pages import REASON_WORDS, STATE_WORDS
from market.bank_lines.queries import READERS
from market.bank_lines.rules import LineState
from market.payments import queries as payments
from market.payments.model import Attempt
from market.refunds import commands as refund_commands
from market.refunds import queries as refunds
from market.refunds.schemas import SurplusIn
from market.stripe_inbox import commands as inbox_commands
from market.stripe_inbox import queries as inbox
from market.stripe_inbox.model import StripeEvent
from market.stripe_inbox.rules import EventState
from settlement.arrivals import queries as arrivals
from settlement.ledger.queries import balance
from settlement.ledger.rules import unapplied
from settlement.provider_lines.model import ProviderLine
from web import paying

api = ApiBlueprint("suspense", __name__, url_prefix="/api/v1/suspense", description="待核款项 · money in suspense")
blueprint = Blueprint("suspense_pages", __name__)
SHOWN_MAX = 200
LATE = timedelta(days=7)  # five working days: by then a person has decided (A8)


@dataclass(frozen=True, slots=True)
class Surplus:
    """Money at the provider that came otherwise than it was asked for."""

    attempt: Attempt
    left: Money  # what nobody has asked to give back
    open: Money  # what is still here


@dataclass(frozen=True, slots=True)
class Suspense:
    """What is in suspense at one place."""

    place: str
    booked: Money  # what the books hold as received and not applied
    listed: Money  # what the list adds up to
    waiting: list[BankLine] = field(default_factory=list)
    stranded: list[BankLine] = field(default_factory=list)
    surplus: list[Surplus] = field(default_factory=list)
    unknown: list[Attempt] = field(default_factory=list)
    payouts: list[tuple[ProviderLine, Money]] = field(default_factory=list)  # the provider's, under way to the bank

    @property
    def unbooked(self) -> Money:
        """What came or went and is not in the books yet; nothing a minute after it happened."""
        return self.listed - self.booked


def places_of(actor: Actor) -> list[str]:
    """Return the places whose suspense the person may see."""
    reached = replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in READERS)).places()
    return [place for place in policy_book().places() if reached is None or place in reached]


def at(session: Session, actor: Actor, place: str) -> Suspense:
    """Return what is in suspense at a place."""
    states = (LineState.QUEUED, LineState.RETURNING)
    query = lines.listed(actor).where(BankLine.place == place, BankLine.state.in_(states))
    surplus = [Surplus(one, refunds.left_of_attempt(session, one), refunds.unsettled(session, one))
               for one in payments.parked(session, places=[place])]  # fmt: skip
    return Suspense(
        place=place, booked=-balance(session, unapplied(place)),
        listed=lines.unapplied(session, place) + total(one.open for one in surplus),
        waiting=list(session.scalars(query.order_by(BankLine.booked_at, BankLine.id).limit(SHOWN_MAX))),
        stranded=[line for line in lines.stranded(session, actor) if line.place == place],
        surplus=[one for one in surplus if one.open],
        unknown=list(payments.unknown(session, places=[place])), payouts=arrivals.under_way(session, place),
    )  # fmt: skip


class SuspenseLineOut(Schema):
    """A line of the bank that waits."""

    id = ma.fields.UUID()
    serial = ma.fields.String()
    booked_at = ma.fields.AwareDateTime()
    amount = MoneyField()
    state = ma.fields.Enum(LineState, by_value=True)
    reason = ma.fields.String(allow_none=True)


class SurplusOut(Schema):
    """Money at the provider that came otherwise than it was asked for."""

    id = ma.fields.UUID(attribute="attempt.id")
    number = ma.fields.String(attribute="attempt.number")
    payment_id = ma.fields.UUID(attribute="attempt.payment_id")
    reason = ma.fields.String(attribute="attempt.reason")
    left = MoneyField()
    open = MoneyField()


class UnknownOut(Schema):
    """A try about which the provider has not answered."""

    id = ma.fields.UUID()
    number = ma.fields.String()
    payment_id = ma.fields.UUID()
    amount = MoneyField()
    asked_at = ma.fields.AwareDateTime()


class SuspenseOut(Schema):
    """What is in suspense at one place, beside what the books hold."""

    place = ma.fields.String()
    booked = SignedMoneyField()
    listed = SignedMoneyField()
    unbooked = SignedMoneyField()
    waiting = ma.fields.List(ma.fields.Nested(SuspenseLineOut))
    stranded = ma.fields.List(ma.fields.Nested(SuspenseLineOut))
    surplus = ma.fields.List(ma.fields.Nested(SurplusOut))
    unanswered = ma.fields.List(ma.fields.Nested(UnknownOut), attribute="unknown")


@api.get("")
@requires(Permission.SETTLEMENT_READ)
@api.response(200, SuspenseOut(many=True))
def read():
    """Read what came and is for nothing yet, by place, with what the books hold; both agree to the fen."""
    session, actor = db.session(), current_actor()
    return [at(session, actor, place) for place in places_of(actor)]


# ---- pages ----

EVENT_WORDS = {
    EventState.RECEIVED: _("待处理"), EventState.DONE: _("已处理"), EventState.IGNORED: _("与本平台无关"),
    EventState.PARKED: _("待人工处理"),
}  # fmt: skip


@blueprint.get("/suspense")
@requires(Permission.SETTLEMENT_READ)
def browse() -> Response:
    """Show what is in suspense at one's places, and the events that a person has to look at."""
    return _page()


@blueprint.post("/suspense/surplus/<uuid:attempt_id>")
@requires(Permission.REFUND_ASK)
def ask_back(attempt_id: UUID) -> AnyResponse:
    """Ask to give surplus money back; a second person decides."""
    form = Form(SurplusIn, {"attempt_id": str(attempt_id), "client_reference": f"surplus-{attempt_id}"})
    if not form.accepts():
        return _page(form=form, about=attempt_id, status=422)
    try:
        with db.transaction() as session:
            made = refund_commands.ask_for_parked(
                session, current_actor(), **{**form.data, "attempt_id": attempt_id}, now=clock.now()
            )
    except DomainError as error:
        return _page(refusal=error, status=error.status)
    flash(gettext("%(number)s 已提交，等待复核。", number=made.number), "success")
    return redirect(url_for("refund_pages.show", refund_id=made.id), code=303)


@blueprint.post("/suspense/unknown/<uuid:attempt_id>")
@requires(Permission.PAYMENT_RECORD)
def ask_provider(attempt_id: UUID) -> AnyResponse:
    """Ask the provider now where a try stands."""
    paying.follow(payments.visible_attempt(db.session(), current_actor(), attempt_id).id)
    return redirect(url_for("suspense_pages.browse"), code=303)


@blueprint.post("/suspense/events/<uuid:event_id>")
@requires(Permission.PAYMENT_RECORD)
def take_up(event_id: UUID) -> AnyResponse:
    """Put a parked event back for the next run."""
    try:
        with db.transaction() as session:
            match_version(session, StripeEvent, event_id)
            inbox_commands.take_up(session, current_actor(), event_id, now=clock.now())
    except DomainError as error:
        return _page(refusal=error, status=error.status)
    flash(gettext("已交回，稍后自动处理。"), "success")
    return redirect(url_for("suspense_pages.browse"), code=303)


def _page(
    *, form: Form | None = None, about: UUID | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    session, actor, book = db.session(), current_actor(), policy_book()
    seen = places_of(actor)
    chosen = request.args.get("place", "")
    found = [at(session, actor, place) for place in ([chosen] if chosen in seen else seen)]
    shown = [one for one in found if chosen or one.booked or one.listed or one.unknown]
    events = session.scalars(
        inbox.listed(actor, state=EventState.PARKED).order_by(sa.desc(StripeEvent.received_at)).limit(SHOWN_MAX)
    ).all()
    text = render_template(
        "market/payments/suspense.html", found=shown, titles={place: book.place(place).title for place in seen},
        places=[(place, book.place(place).title) for place in seen], events=events, state_words=STATE_WORDS,
        reason_words=REASON_WORDS, is_late=_is_late, refusal=words_of(refusal), form=form, about=about,
        booked=total(one.booked for one in found), unknown=total(a.amount for one in found for a in one.unknown),
        open_lines=sum(len(one.waiting) + len(one.stranded) for one in found), zero=ZERO,
        may_record=actor.may(Permission.PAYMENT_RECORD),
    )  # fmt: skip
    return make_response(text, status)


def _is_late(since: Any) -> bool:
    today: date = clock.today()
    return business_date(since) + LATE < today
