"""What only the floors above pricing know of free use, handed down: what was ordered, used and held, and its value.

A misuse is confirmed here, because its claim rests on the events of metering; the command below takes plain values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel import clock, db
from kernel.calendar import Period, start_of_day
from kernel.errors import DomainError
from kernel.fields import MoneyField
from kernel.http import (
    ApiBlueprint,
    Form,
    current_actor,
    match_version,
    policy_book,
    public,
    requires,
    words_of,
)
from kernel.identity import Permission
from kernel.money import ZERO, Money, total
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.orders.queries import in_scope, ordered_under
from market.orders.rules import LIVE
from pricing.exemptions.pages import USE
from pricing.exemptions.rules import Use
from pricing.misuses import commands, queries
from pricing.misuses.api import detailed
from pricing.misuses.model import Misuse
from pricing.misuses.queries import Claim
from pricing.misuses.rules import OPEN, Held, Usage, Used, is_being_heard
from pricing.misuses.schemas import MisuseClaimOut, MisuseDetailOut, MisuseReasonIn
from pricing.policy import PricingPolicy
from registry.parties.model import Party
from registry.products.model import Product
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.metering.queries import is_counted

api = ApiBlueprint("repricing", __name__, url_prefix="/api/v1", description="公益免费 · value and misuse of free use")
blueprint = Blueprint("repricing_pages", __name__)
YEARS = (2000, 2100)


@dataclass(frozen=True, slots=True)
class FreeUse:
    """What one grantee ordered free of one product in a year, and what it would have cost (影子金额)."""

    place: str
    grantee_id: UUID
    grantee: str
    product_id: UUID
    product_code: str
    product: str
    orders: int
    units: int
    shadow_amount: Money


def usage_under(
    session: Session, exemption_id: UUID, *, until: date, received_until: datetime, by_subject: bool
) -> Usage:
    """Return what counted under an exemption day by day since it began, and when its entitlements were open.

    Args:
        session: the session to read with.
        exemption_id: whose orders.
        until: last Beijing date that counts.
        received_until: events that came in later do not count; a claim is checked with those that it was made from.
        by_subject: keep the subjects apart, where repeated use of one is charged once.
    """
    event = UsageEvent
    subject = event.subject if by_subject else sa.null()
    query = (
        sa.select(Entitlement.number, event.day_number, sa.func.sum(event.quantity), event.subject_kind, subject)
        .join(Entitlement, Entitlement.id == event.entitlement_id)
        .join(Order, Order.id == Entitlement.order_id)
        .where(Order.exemption_id == exemption_id, is_counted(event), event.day_number <= until.toordinal())
        .where(event.received_at <= received_until)
        .group_by(Entitlement.number, event.day_number, event.subject_kind, *([event.subject] if by_subject else []))
        .order_by(event.day_number, Entitlement.number)
    )  # fmt: skip
    uses = tuple(
        Used(number, date.fromordinal(day), int(units), kind, about)
        for number, day, units, kind, about in session.execute(query)
    )
    opened = sa.select(Entitlement).join(Order, Order.id == Entitlement.order_id)
    held = tuple(
        Held(one.number, one.valid_from, one.valid_until, one.subject_kind)
        for one in session.scalars(opened.where(Order.exemption_id == exemption_id).order_by(Entitlement.number))
    )
    return Usage(uses, held)


def usage_of(session: Session, misuse: Misuse, now: datetime) -> Usage:
    """Return the usage from which a misuse is or was claimed."""
    return usage_under(
        session, misuse.exemption_id, until=misuse.until_date, received_until=misuse.decided_at or now,
        by_subject=queries.has_windows(session, misuse.product_id),
    )  # fmt: skip


def use_of(session: Session, exemption_id: UUID) -> Use:
    """Return what the grantee did with an exemption: ordered, used, and what that would have cost."""
    mine = sa.select(Entitlement.id).join(Order, Order.id == Entitlement.order_id)
    used = sa.select(sa.func.sum(UsageTotal.used)).where(
        UsageTotal.entitlement_id.in_(mine.where(Order.exemption_id == exemption_id))
    )
    shadow = sa.select(sa.func.sum(Order.shadow_amount)).where(
        Order.exemption_id == exemption_id, Order.state.in_(LIVE)
    )
    return Use(ordered_under(session, exemption_id), int(session.scalar(used) or 0), session.scalar(shadow) or ZERO)


def free_use(session: Session, year: int, *, within: sa.ColumnElement[bool], place: str | None = None) -> list[FreeUse]:
    """Return the value of free use granted in a Beijing year, by place, grantee and product; cancelled orders left out.

    ``within`` is the condition over :class:`Order` of what may be read.
    """
    span = Period.year(year)
    query = (
        sa.select(
            Order.place, Party.id, Party.name, Product.id, Product.code, Product.title, sa.func.count(),
            sa.func.sum(Order.quantity), sa.func.sum(Order.shadow_amount),
        )
        .join(Party, Party.id == Order.buyer_id)
        .join(Product, Product.id == Order.product_id)
        .where(Order.exemption_id.is_not(None), Order.state.in_(LIVE), within)
        .where(Order.placed_at >= start_of_day(span.start), Order.placed_at < start_of_day(span.end))
        .group_by(Order.place, Party.id, Party.name, Product.id, Product.code, Product.title)
        .order_by(Order.place, Party.name, Product.code)
    )  # fmt: skip
    if place:
        query = query.where(Order.place == place)
    return [FreeUse(*row[:6], int(row[6]), int(row[7]), row[8]) for row in session.execute(query)]


def public_free_use(session: Session, year: int) -> list[dict[str, Any]]:
    """Return the value of free use by place, without names, for the places whose rules make it public."""
    book, found = policy_book(), []
    for place in book.places():
        rule = PricingPolicy.at(book, place, clock.today()).disclosure_free_use_value_public
        if rule is None or not rule.boolean():
            continue
        rows = free_use(session, year, within=sa.true(), place=place)
        found.append(
            {
                "place": place, "grantees": len({row.grantee_id for row in rows}),
                "products": len({row.product_id for row in rows}), "units": sum(row.units for row in rows),
                "shadow_amount": total(row.shadow_amount for row in rows), "source": rule.source,
            }
        )  # fmt: skip
    return found


@blueprint.record
def _hand_in(state: Any) -> None:
    state.app.extensions[USE] = use_of  # the page of an exemption shows what the floors above have counted


class FreeUseArgs(ma.Schema):
    """Which year, and at which place."""

    year = ma.fields.Integer(validate=ma.validate.Range(*YEARS))
    place = ma.fields.String(validate=ma.validate.Length(max=40))


class FreeUseOut(ma.Schema):
    """What one grantee ordered free of one product in a year."""

    place = ma.fields.String()
    grantee_id = ma.fields.UUID()
    grantee = ma.fields.String()
    product_id = ma.fields.UUID()
    product_code = ma.fields.String()
    product = ma.fields.String()
    orders = ma.fields.Integer()
    units = ma.fields.Integer()
    shadow_amount = MoneyField()


class FreeUseYearOut(ma.Schema):
    """The value of free use in a year."""

    year = ma.fields.Integer()
    shadow_amount = MoneyField()
    lines = ma.fields.List(ma.fields.Nested(FreeUseOut))


class PublicFreeUseOut(ma.Schema):
    """The value of free use at one place in a year."""

    place = ma.fields.String()
    grantees = ma.fields.Integer()
    products = ma.fields.Integer()
    units = ma.fields.Integer()
    shadow_amount = MoneyField()


@api.get("/free-use")
@requires(Permission.ORDER_READ)
@api.arguments(FreeUseArgs, location="query")
@api.response(200, FreeUseYearOut)
def show_free_use(args):
    """Read the value of free use within your scope: what it would have cost, by grantee and product."""
    year = args.get("year", clock.today().year)
    rows = free_use(db.session(), year, within=in_scope(current_actor()), place=args.get("place"))
    return {"year": year, "shadow_amount": total(row.shadow_amount for row in rows), "lines": rows}


@api.get("/prices/free-use")
@public
@api.arguments(FreeUseArgs(only=("year",)), location="query")
@api.response(200, PublicFreeUseOut(many=True))
def show_public_free_use(args):
    """Read the value of free use by place, where the rules of the place make it public."""
    return public_free_use(db.session(), args.get("year", clock.today().year))


@api.get("/misuses/<uuid:misuse_id>/claim")
@requires(Permission.MISUSE_CONFIRM)
@api.response(200, MisuseClaimOut)
def preview(misuse_id: UUID):
    """Work out what a confirmation would claim; nothing is written."""
    return _worked_out(misuse_id)[1]


@api.post("/misuses/<uuid:misuse_id>/confirmation")
@requires(Permission.MISUSE_CONFIRM)
@api.arguments(MisuseReasonIn)
@api.response(200, MisuseDetailOut)
def confirm(reason_in, misuse_id: UUID):
    """Confirm a misuse: the days concerned are claimed by the prices of those days, the exemption is revoked."""
    with db.transaction() as session:
        _confirm(session, misuse_id, reason_in["reason"])
        session.flush()
        return detailed(queries.get(session, current_actor(), misuse_id))


@blueprint.route("/pricing/misuses/<uuid:misuse_id>/claim", methods=["GET", "POST"])
@requires(Permission.MISUSE_CONFIRM)
def claim(misuse_id: UUID) -> Response:
    """Show what a misuse costs, or whether the claim still comes out the same; confirm it."""
    form, status = Form(MisuseReasonIn), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    _confirm(session, misuse_id, form.data["reason"])
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                return redirect(url_for("misuse_pages.show", misuse_id=misuse_id), code=303)
    worked: Claim | None = None
    misuse = queries.get(db.session(), current_actor(), misuse_id)
    try:
        worked = _worked_out(misuse_id)[1]
    except DomainError as error:
        form.problem = form.problem or error
    text = render_template(
        "pricing/misuses/claim.html", misuse=misuse, claim=worked, form=form, refusal=words_of(form.problem),
        agrees=_agrees(misuse) if misuse.amount is not None else None,
        may_decide=misuse.state in OPEN and current_actor().id != misuse.recorded_by,
        is_hearing=is_being_heard(misuse.state, misuse.hearing_until, clock.today()),
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/pricing/free-use")
@requires(Permission.ORDER_READ)
def browse_free_use() -> str:
    """Show the value of free use within one's scope."""
    year, place = _year(), request.args.get("place", "")[:40]
    rows = free_use(db.session(), year, within=in_scope(current_actor()), place=place)
    return render_template(
        "pricing/exemptions/free_use.html", rows=rows, year=year, places=_places(), sum=total_of(rows)
    )


@blueprint.get("/prices/free-use")
@public
def browse_public_free_use() -> str:
    """Show the value of free use by place, where the rules of the place make it public."""
    year = _year()
    rows = public_free_use(db.session(), year)
    return render_template("pricing/exemptions/public_free_use.html", rows=rows, year=year, places=dict(_places()))


def total_of(rows: list[FreeUse]) -> Money:
    """Return what all of them would have cost."""
    return total(row.shadow_amount for row in rows)


def _worked_out(misuse_id: UUID) -> tuple[Misuse, Claim]:
    session = db.session()
    misuse = queries.get(session, current_actor(), misuse_id)
    usage = usage_of(session, misuse, clock.now())
    return misuse, queries.work_out(session, misuse, usage, policy_book())


def _agrees(misuse: Misuse) -> bool:
    session = db.session()
    return queries.is_as_claimed(session, misuse, usage_of(session, misuse, clock.now()), policy_book())


def _confirm(session: Session, misuse_id: UUID, reason: str) -> None:
    now, actor = clock.now(), current_actor()
    misuse = queries.get(session, actor, misuse_id)
    match_version(session, Misuse, misuse_id)
    usage = usage_of(session, misuse, now)
    commands.confirm(session, actor, misuse_id, usage=usage, reason=reason, now=now, book=policy_book())


def _year() -> int:
    text = request.args.get("year", "")
    asked = int(text) if text.isdecimal() and len(text) == len("2026") else clock.today().year
    return min(max(asked, YEARS[0]), YEARS[1])


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    profiles = [book.place(key) for key in book.places()]
    return [(profile.key, profile.title if chinese else profile.title_en) for profile in profiles]
