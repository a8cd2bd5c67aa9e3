"""The public register for people: notices with objections, the register, certificates with their QR code."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID

import segno
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import Form, current_actor, policy_book, problem, public, requires, working_calendar
from kernel.identity import Permission
from registry.codes.rules import read_code
from registry.public_register import commands, queries
from registry.public_register.schemas import ObjectionIn, OutcomeIn
from registry.registrations.rules import RegistrationState

blueprint = Blueprint("public_register_pages", __name__, template_folder="../templates")

DAY_SECONDS = 86_400


@blueprint.get("/registry")
@public
def browse() -> str:
    """Show the notices that run and search the register."""
    today, place, words = _today(), request.args.get("place", ""), request.args.get("q", "")[:100]
    notices = queries.notices(db.session(), today, place=place or None)
    days = {one.id: working_calendar().working_days_between(today, one.notice_end) for one in notices if one.notice_end}
    return render_template(
        "registry/public_register/register.html", notices=notices, days=days, places=_places(), today=today,
        entries=queries.register(db.session(), q=words, place=place or None),
    )  # fmt: skip


@blueprint.route("/registry/notices/<uuid:registration_id>", methods=["GET", "POST"])
@public
def notice(registration_id: UUID) -> AnyResponse:
    """Show one public notice, and take objections."""
    form, status = Form(ObjectionIn), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    commands.file_objection(session, current_actor(), registration_id, **form.data, now=clock.now())
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("异议已提交，登记机构处理完毕前不予赋码。"), "success")
                return redirect(url_for("public_register_pages.notice", registration_id=registration_id), code=303)
    found = queries.notice(db.session(), registration_id)
    assert found.notice_start is not None
    assert found.notice_end is not None
    running = found.state in (RegistrationState.PUBLIC_NOTICE, RegistrationState.OBJECTED)
    text = render_template(
        "registry/public_register/notice.html", found=found, form=form, refusal=_words(form.problem),
        is_open=running and found.notice_start <= _today() <= found.notice_end,
    )  # fmt: skip
    return make_response(text, status)


@blueprint.post("/objections/<uuid:objection_id>/outcome")
@requires(Permission.REGISTRATION_DECIDE)
def decide_objection(objection_id: UUID) -> AnyResponse:
    """Decide an objection."""
    form = Form(OutcomeIn)
    registration_id = queries.objection(db.session(), objection_id).registration_id
    back = url_for("registration_pages.show", registration_id=registration_id)
    if not form.accepts():
        flash(gettext("请选择处理结论并写明理由。"), "danger")
        return redirect(back, code=303)
    with db.transaction() as session:
        commands.decide_objection(session, current_actor(), objection_id, **form.data, now=clock.now())
    flash(gettext("异议处理结论已记录。"), "success")
    return redirect(back, code=303)


@blueprint.get("/certificates")
@public
def look_up() -> AnyResponse:
    """Go to the certificate whose code was typed."""
    return redirect(url_for("public_register_pages.certificate", code=request.args.get("code", "").strip() or "-"))


@blueprint.get("/certificates/<code>")
@public
def certificate(code: str) -> AnyResponse:
    """Show what a certificate says and whether it is effective today."""
    today = _today()
    found = queries.certificate(db.session(), code, on=today)
    if code != found.code:
        return redirect(url_for("public_register_pages.certificate", code=found.code))
    place = policy_book().place(found.place)
    text = render_template(
        "registry/public_register/certificate.html", found=found, today=today, place=place,
        is_effective=found.is_effective(today), is_expired=found.is_expired(today),
        departments=sorted({used.resource.source_department.name for used in found.product_version.inputs}),
    )  # fmt: skip
    return make_response(text)


@blueprint.get("/certificates/<code>/qr.svg")
@public
def qr(code: str) -> Response:
    """Draw the address of a certificate as a QR code; of a code that nobody assigned there is none."""
    found = queries.certificate(db.session(), read_code(code), on=_today())
    address = url_for("public_register_pages.certificate", code=found.code, _external=True)
    drawn = BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", scale=4, border=2, xmldecl=False, nl=False)
    response = make_response(drawn.getvalue())
    response.mimetype = "image/svg+xml"
    response.cache_control.max_age = DAY_SECONDS
    return response


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    profiles = [book.place(key) for key in book.places()]
    return [(profile.key, profile.title if chinese else profile.title_en) for profile in profiles]


def _today() -> date:
    return business_date(clock.now())


def _words(refusal: DomainError | None) -> dict[str, Any] | None:
    return None if refusal is None else problem(refusal, language=str(get_locale()))
