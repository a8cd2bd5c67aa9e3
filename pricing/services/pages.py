"""The operator's service fees for people; the fees in force stand on the public price list."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, policy_book, public, requires, words_of
from kernel.identity import Permission
from pricing.costs.pages import UNIT_WORDS
from pricing.policy import PricingPolicy
from pricing.services import commands, queries
from pricing.services.rules import MerchantService
from pricing.services.schemas import ServiceFeeIn
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState

blueprint = Blueprint("service_fee_pages", __name__, template_folder="../templates")
SERVICE_WORDS = {
    MerchantService.DATA_PROCESSING: _("数据加工"),
    MerchantService.COMPUTING: _("算力支持"),
    MerchantService.COMPLIANCE_SUPPORT: _("合规支持"),
}


@blueprint.get("/service-fees")
@public
def browse() -> str:
    """Show every service fee, past, present and announced, and why those in force are what they are."""
    session, today = db.session(), clock.today()
    place = request.args.get("place") or None
    book = policy_book()
    known = [PricingPolicy.at(book, key, today) for key in book.places() if place in (None, key)]
    return render_template(
        "pricing/services/list.html", today=today, history=queries.history(session, place=place),
        fees=[(fee, queries.explain(fee)) for fee in queries.listed(session, today, place=place)],
        rules=[policy for policy in known if _is_break_even(policy)], unit_titles=UNIT_WORDS,
        service_titles=SERVICE_WORDS, may_set=current_actor().may(Permission.PRICE_SET),
    )  # fmt: skip


def _is_break_even(policy: PricingPolicy) -> bool:
    principle = policy.service_fee_principle
    return principle is not None and principle.value == commands.BREAK_EVEN


@blueprint.route("/pricing/service-fees/new", methods=["GET", "POST"])
@requires(Permission.PRICE_SET)
def set_service_fee() -> AnyResponse:
    """Set a service fee as the operating institution."""
    form = Form(ServiceFeeIn, {"effective_from": clock.today()})
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as session:
                made = commands.set_service_fee(
                    session, current_actor(), **form.data, now=clock.now(), book=policy_book()
                )
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("服务费 %(number)s 已公布。", number=made.number), "success")
            return redirect(url_for("service_fee_pages.browse"), code=303)
    actor = current_actor()
    active = agreements.listed(actor, state=AgreementState.ACTIVE).order_by(Agreement.number)
    mine = [
        found
        for found in db.session().scalars(active)
        if actor.may(Permission.PRICE_SET, org_id=found.operating_institution_id, place=found.place)
    ]
    known = {found.place: PricingPolicy.at(policy_book(), found.place, clock.today()) for found in mine}
    text = render_template(
        "pricing/services/form.html", form=form, refusal=words_of(form.problem),
        margins=[
            (place, str(policy.service_fee_margin_max.decimal())) for place, policy in known.items()
            if _is_break_even(policy) and policy.service_fee_margin_max
        ],
        agreements=[(str(found.id), f"{found.number} {found.title}") for found in mine],
        services=[(service.value, word) for service, word in SERVICE_WORDS.items()],
        units=[(unit.value, word) for unit, word in UNIT_WORDS.items()],
    )  # fmt: skip
    return make_response(text, 422 if request.method == "POST" else 200)
