"""The public register for people: notices with objections, the register, certificates with their QR code."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import (
    Form,
    current_actor,
    page,
    policy_book,
    public,
    requires,
    words_of,
    working_calendar,
)
from kernel.identity import ROLES_OF, Permission
from registry.codes.rules import read_code
from registry.objections import commands as objections
from registry.objections.gateway import source_digest
from registry.objections.rules import IdentityKind
from registry.objections.schemas import FILES_MAX, ObjectionIn
from registry.parties import queries as parties
from registry.public_register import queries
from registry.public_register.gateway import pdf_of, qr_svg, qr_uri
from registry.public_register.queries import NOTICED, Wanted
from registry.public_register.rules import EntryState, entry_state
from registry.public_register.schemas import NAME_LENGTH_MAX, SEARCH_LENGTH_MAX, CorrectionForm
from registry.records import queries as records
from registry.records.gateway import upload, uploads
from registry.records.rules import Upload
from registry.registrants.rules import CorrectionBasis, Interest
from registry.registrations import commands as registrations
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationKind

blueprint = Blueprint("public_register_pages", __name__, template_folder="../templates")

DAY_SECONDS = 86_400
ENTRY_KINDS = (RegistrationKind.FIRST, RegistrationKind.CHANGE, RegistrationKind.CORRECTION, RegistrationKind.RENEWAL)
SHEETS = ("certificate.css", "certificate-pdf.css")


@blueprint.get("/registry")
@public
def browse() -> str:
    """Search the register."""
    today = clock.today()
    found = page(db.session(), queries.search(db.session(), _wanted(), on=today), Registration, newest_first=True)
    return render_template(
        "registry/public_register/register.html", found=found, places=_places(), today=today,
        states=list(EntryState), kinds=ENTRY_KINDS, worth=_worth(found["items"], today),
    )  # fmt: skip


@blueprint.get("/registry/notices")
@public
def browse_notices() -> str:
    """Show the notices that run, with the days that remain."""
    today, place = clock.today(), request.args.get("place", "")[:NAME_LENGTH_MAX]
    found = page(db.session(), queries.notices(today, place=place), Registration)
    calendar = working_calendar()
    days = {one.id: calendar.working_days_between(today, one.notice_end) for one in found["items"]}
    return render_template(
        "registry/public_register/notices.html", found=found, days=days, places=_places(), today=today
    )


@blueprint.get("/registry/products/<code>")
@public
def history(code: str) -> str:
    """Show every public registration of a product."""
    today = clock.today()
    product, found = queries.history(db.session(), code)
    return render_template(
        "registry/public_register/history.html", product=product, entries=found, today=today,
        worth=_worth(found, today), records=records.of_product(db.session(), product.id),
    )  # fmt: skip


@blueprint.route("/registry/notices/<uuid:registration_id>", methods=["GET", "POST"])
@public
def notice(registration_id: UUID) -> AnyResponse:
    """Show one public notice, and take objections."""
    form, status, filed = Form(ObjectionIn), 200, None
    if request.method == "POST":
        status, form.values = 422, {}
        if form.accepts():
            try:
                sent = {**form.data, "uploads": uploads("files")[:FILES_MAX]}
                with db.transaction() as session:
                    filed = objections.file_objection(
                        session, current_actor(), registration_id, **sent,
                        source_digest=source_digest(), now=clock.now(),
                    )  # fmt: skip
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                return redirect(url_for("objection_pages.show", reference=filed.reference), code=303)
    found, today = queries.notice(db.session(), registration_id), clock.today()
    assert found.notice_start is not None
    assert found.notice_end is not None
    is_open = found.state in NOTICED and found.notice_start <= today <= found.notice_end
    text = render_template(
        "registry/public_register/notice.html", found=found, form=form, refusal=words_of(form.problem), is_open=is_open,
        days_left=working_calendar().working_days_between(today, found.notice_end) if is_open else None,
        identity_kinds=list(IdentityKind), files_max=FILES_MAX,
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/certificates")
@public
def look_up() -> AnyResponse:
    """Go to the certificate whose code was typed."""
    return redirect(url_for("public_register_pages.certificate", code=request.args.get("code", "").strip() or "-"))


@blueprint.get("/certificates/<code>")
@public
def certificate(code: str) -> AnyResponse:
    """Show what a certificate says and whether it is effective today."""
    found = queries.certificate(db.session(), code, on=clock.today())
    if code != found.code:
        return redirect(url_for("public_register_pages.certificate", code=found.code))
    return _certificate_page(found)


@blueprint.post("/certificates/<code>/corrections")
@requires(Permission.REGISTRATION_APPLY)
def ask_correction(code: str) -> AnyResponse:
    """Ask, as an interested party, that the registration be corrected, with the registrant's consent or proof."""
    found, form = queries.certificate(db.session(), code, on=clock.today()), Form(CorrectionForm)
    if not form.accepts():
        return _certificate_page(found, form=form, status=422)
    values = dict(form.data)
    proof = upload("proof") or Upload(b"", gettext("书面同意或证明材料"))
    interest = Interest(values.pop("party_id"), values.pop("basis"), proof)
    try:
        with db.transaction() as session:
            made = registrations.apply(
                session, current_actor(), product_id=found.product_id, kind=RegistrationKind.CORRECTION, assessment="",
                **values, interest=interest, book=policy_book(), calendar=working_calendar(), now=clock.now(),
            )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return _certificate_page(found, form=form, status=error.status)
    flash(gettext("更正登记申请 %(number)s 已提交。", number=made.number), "success")
    return redirect(url_for("registration_pages.show", registration_id=made.id), code=303)


@blueprint.get("/certificates/<code>/certificate.pdf")
@public
def pdf(code: str) -> AnyResponse:
    """Hand out the certificate as PDF: the same text as the page, the same bytes while nothing changes."""
    found = queries.certificate(db.session(), read_code(code), on=clock.today())
    html = render_template(
        "registry/public_register/certificate_pdf.html", **_shown(found), qr=qr_uri(_check_address(found))
    )
    response = Response(pdf_of(html, _stylesheet()), mimetype="application/pdf")
    response.headers.set("Content-Disposition", "inline", filename=f"{found.code}.pdf")
    return response


@blueprint.get("/certificates/<code>/qr.svg")
@public
def qr(code: str) -> Response:
    """Draw the address of a certificate as a QR code; of a code that nobody assigned there is none."""
    found = queries.certificate(db.session(), read_code(code), on=clock.today())
    response = make_response(qr_svg(_check_address(found)))
    response.mimetype = "image/svg+xml"
    response.cache_control.max_age = DAY_SECONDS
    return response


def _wanted() -> Wanted:
    """Return what the address asks for; what it does not know, it leaves out."""
    args = request.args
    state, kind = args.get("state", ""), args.get("kind", "")
    return Wanted(
        q=args.get("q", "")[:SEARCH_LENGTH_MAX], place=args.get("place", "")[:NAME_LENGTH_MAX],
        domain=args.get("domain", "").strip()[:SEARCH_LENGTH_MAX],
        registrant=args.get("registrant", "").strip()[:SEARCH_LENGTH_MAX],
        state=EntryState(state) if state in list(EntryState) else None,
        kind=RegistrationKind(kind) if kind in list(RegistrationKind) else None,
    )  # fmt: skip


def _certificate_page(found: Registration, *, form: Form | None = None, status: int = 200) -> Response:
    drawn = url_for("public_register_pages.qr", code=found.code)
    text = render_template(
        "registry/public_register/certificate.html", **_shown(found), qr=drawn, form=form or Form(CorrectionForm),
        refusal=words_of(form.problem) if form else None, organisations=_interested(found), bases=list(CorrectionBasis),
    )  # fmt: skip
    return make_response(text, status)


def _interested(found: Registration) -> list[tuple[str, str]]:
    """Return the organisations, but the registrant, for which the reader may ask for a correction."""
    roles = ROLES_OF[Permission.REGISTRATION_APPLY]
    grants = [one for one in current_actor().grants if one.role in roles and one.place in (None, found.place)]
    own = {one.org_id for one in grants if one.org_id is not None and one.org_id != found.registrant_id}
    return sorted((str(one.id), one.name) for one in (parties.get(db.session(), party_id) for party_id in own))


def _worth(entries: Any, today: date) -> dict[UUID, EntryState | None]:
    return {one.id: entry_state(one.state, one.valid_from, one.valid_until, today) for one in entries}


def _shown(found: Registration) -> dict[str, Any]:
    today = clock.today()
    departments = {used.resource.source_department.name for used in found.product_version.inputs}
    return {
        "found": found, "today": today, "place": policy_book().place(found.place), "departments": sorted(departments),
        "worth": entry_state(found.state, found.valid_from, found.valid_until, today),
        "records": records.standing(db.session(), found.product_id, today), "address": _check_address(found),
        "evidence": records.evidence_records(db.session(), found.version_id),
        "closed_on": business_date(found.closed_at) if found.closed_at else None,
    }  # fmt: skip


def _check_address(found: Registration) -> str:
    """Return where the certificate is checked, on the address under which the public reaches the site."""
    base = current_app.config["HUIYI"].base_url or request.url_root.rstrip("/")
    return base + url_for("public_register_pages.certificate", code=found.code)


def _stylesheet() -> str:
    folder = Path(str(current_app.static_folder))
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in SHEETS)


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    profiles = [book.place(key) for key in book.places()]
    return [(profile.key, profile.title if chinese else profile.title_en) for profile in profiles]
