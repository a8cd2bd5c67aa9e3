"""Service agreements for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.calendar import DAY
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission, Role
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import STANDING
from registry.agreements.schemas import uploaded
from registry.parties import queries as parties
from registry.parties.rules import Capacity
from registry.service_agreements import commands, queries
from registry.service_agreements.model import ServiceAgreement
from registry.service_agreements.rules import KIND_TITLES, possible
from registry.service_agreements.schemas import ServiceAgreementIn, ServiceEndIn, StandardTextWordsIn

blueprint = Blueprint("service_agreement_pages", __name__, template_folder="../templates")


@blueprint.get("/service-agreements")
@requires(Permission.AGREEMENT_READ)
def browse() -> Response:
    """List the service agreements within one's scope, and the standard texts of one's places."""
    return _list_page()


@blueprint.post("/service-agreements/texts")
@requires(Permission.AGREEMENT_READ)
def publish_text() -> AnyResponse:
    """Publish a standard text."""
    form, text = Form(StandardTextWordsIn), uploaded("text")
    if not form.accepts():
        return _list_page(form=form, status=422)
    try:
        with db.transaction() as session:
            commands.publish_text(session, current_actor(), **form.data, **text, now=clock.now(), book=policy_book())
    except DomainError as error:
        form.refuse(error)
        return _list_page(form=form, status=error.status)
    flash(gettext("格式文本已发布。"), "success")
    return redirect(url_for("service_agreement_pages.browse"), code=303)


@blueprint.get("/service-agreements/texts/<uuid:text_id>")
@requires(Permission.AGREEMENT_READ)
def text(text_id: UUID) -> Response:
    """Hand out a standard text, as a download and never as a page of this site."""
    kept = files.get(db.session(), queries.text(db.session(), text_id).sha256)
    return attachment(kept.content, kept.name)


@blueprint.route("/service-agreements/new", methods=["GET", "POST"])
@requires(Permission.SERVICE_AGREEMENT_SIGN)
def draft() -> AnyResponse:
    """Draft a service agreement: first the authorization, then partner, text and term."""
    form, status = Form(ServiceAgreementIn, request.args), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = commands.draft(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("服务协议 %(number)s 已起草，请双方签署。", number=made.number), "success")
                return redirect(url_for("service_agreement_pages.show", service_agreement_id=made.id), code=303)
    return make_response(render_template("registry/service_agreements/new.html", form=form, day=DAY,
                                         refusal=words_of(form.problem), **_options(form)), status)  # fmt: skip


def _options(form: Form) -> dict[str, Any]:
    session, actor = db.session(), current_actor()
    query = agreements.listed(actor).where(Agreement.state.in_(STANDING), Agreement.term_end > clock.today())
    found = session.scalars(query.order_by(Agreement.number).limit(100)).all()
    chosen = next((one for one in found if str(one.id) == str(form.value("agreement_id"))), None)
    if chosen is None and len(found) == 1:  # the only one that can be meant
        chosen = found[0]
    options: dict[str, Any] = {
        "authorizations": [(str(one.id), f"{one.number} {one.operating_institution.name}") for one in found],
        "chosen": chosen,
    }
    if chosen is not None:
        merchants = parties.having(session, Capacity.DATA_MERCHANT, chosen.place)
        own = {grant.org_id for grant in actor.grants}
        if chosen.operating_institution_id not in own:
            merchants = [one for one in merchants if one.id in own]
        options["partners"] = [(str(one.id), one.name) for one in merchants]
        options["texts"] = [(str(one.id), one.title) for one in queries.texts(session, [chosen.place])]
    return options


@blueprint.get("/service-agreements/<uuid:service_agreement_id>")
@requires(Permission.AGREEMENT_READ)
def show(service_agreement_id: UUID) -> Response:
    """Show one service agreement."""
    return _page(service_agreement_id)


@blueprint.post("/service-agreements/<uuid:service_agreement_id>/<any(sign, withdraw):step>")
@requires(Permission.SERVICE_AGREEMENT_SIGN)
def take_step(service_agreement_id: UUID, step: str) -> AnyResponse:
    """Sign for one's own side, or withdraw what both sides have not signed."""
    command = commands.sign if step == "sign" else commands.withdraw
    return _step(
        service_agreement_id, None,
        lambda session, _: command(session, current_actor(), service_agreement_id, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/service-agreements/<uuid:service_agreement_id>/end")
@requires(Permission.AGREEMENT_READ)
def end(service_agreement_id: UUID) -> AnyResponse:
    """End a service agreement at once."""
    return _step(
        service_agreement_id, ServiceEndIn,
        lambda session, data: commands.end(session, current_actor(), service_agreement_id, **data, now=clock.now()),
    )  # fmt: skip


def _step(service_agreement_id: UUID, schema: Any, act: Callable[[Session, dict[str, Any]], object]) -> AnyResponse:
    form = Form(schema) if schema else None
    if form is not None and not form.accepts():
        return _page(service_agreement_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), service_agreement_id)
            match_version(session, ServiceAgreement, service_agreement_id)
            act(session, form.data if form else {})
    except DomainError as error:
        return _page(service_agreement_id, form=form, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("service_agreement_pages.show", service_agreement_id=service_agreement_id), code=303)


def _page(
    service_agreement_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor = current_actor()
    found = queries.visible(db.session(), actor, service_agreement_id)
    sides = (found.operating_institution, found.partner)
    mine = [one for one in sides if any(grant.org_id == one.id for grant in actor.grants)]
    signed = {one.party_id: one for one in found.signatures}
    text = render_template(
        "registry/service_agreements/service_agreement.html", found=found, signed=signed, sides=sides, day=DAY,
        kind=gettext(KIND_TITLES[found.text.kind]), events=[event.value for event in possible(found.state)],
        is_side=bool(mine), may_sign=any(one.id not in signed for one in mine), refusal=words_of(refusal),
        may_end=bool(mine) or actor.may(Permission.AGREEMENT_WRITE, place=found.place), form=form or Form(ServiceEndIn),
        today=clock.today(),
    )  # fmt: skip
    return make_response(text, status)


def _list_page(*, form: Form | None = None, status: int = 200) -> Response:
    session, actor, book = db.session(), current_actor(), policy_book()
    allowed = actor.places()
    places = list(book.places() if allowed is None else allowed)
    may_publish = actor.may(Permission.AGREEMENT_WRITE) or Role.OPERATOR in actor.roles
    text = render_template(
        "registry/service_agreements/list.html", found=page(session, queries.listed(actor), ServiceAgreement),
        texts=queries.texts(session, places), places=[(one, book.place(one).title) for one in places if one in
                                                      book.places()],
        kinds=[(one.value, gettext(title)) for one, title in KIND_TITLES.items()], day=DAY, today=clock.today(),
        kind_titles={one.value: gettext(title) for one, title in KIND_TITLES.items()}, may_publish=may_publish,
        may_draft=actor.may(Permission.SERVICE_AGREEMENT_SIGN), form=form or Form(StandardTextWordsIn),
        refusal=words_of(form.problem if form else None),
    )  # fmt: skip
    return make_response(text, status)
