"""The seller's products with their gates, and the application for registration, for people."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import CalendarGap, business_date
from kernel.errors import DomainError
from kernel.fields import TextField
from kernel.http import Form, current_actor, page, policy_book, requires, words_of, working_calendar
from kernel.identity import Permission
from registry.gates.queries import gates as gates_of
from registry.gates.rules import Gate
from registry.parties import queries as parties
from registry.parties.schemas import REASON_LENGTH_MAX
from registry.product_reviews import queries as reviews
from registry.products import queries as products
from registry.products.model import Product
from registry.records import queries as records
from registry.records.gateway import upload
from registry.records.rules import ApplicationClock, Upload
from registry.registrants.rules import ApplicationMode, Other
from registry.registrations import checks, commands
from registry.registrations import queries as registrations
from registry.registrations.rules import RUNNING, CancellationGround, RegistrationKind
from registry.registrations.schemas import ApplicationIn
from registry.terms.rules import renewal_window
from registry.workspace import queries

blueprint = Blueprint("workspace_pages", __name__, template_folder="../templates")


class _ApplicationForm(ApplicationIn):
    """An application as people type it: co-registrants by their codes, with one paper that all of them signed."""

    co_registrants = None  # type: ignore[assignment]
    interest = None  # type: ignore[assignment]
    others = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


@blueprint.get("/workspace/products")
@requires(Permission.PRODUCT_READ)
def list_products() -> str:
    """List the products within one's scope and how far each has come."""
    found = page(db.session(), products.listed(current_actor()), Product, newest_first=True)
    items, calendar = found["items"], working_calendar()
    progress = queries.progress(db.session(), [product.id for product in items], on=_today(), book=policy_book())
    clocks = records.clocks(db.session(), items, on=_today(), book=policy_book(), calendar=calendar)
    may_write = current_actor().may(Permission.PRODUCT_WRITE)
    return render_template(
        "registry/workspace/products.html",
        found=found,
        progress=progress,
        may_write=may_write,
        clocks=clocks,
        today=_today(),
        shut=sum(1 for one in progress.values() if not one.is_open),
    )


@blueprint.get("/workspace/products/<code>")
@requires(Permission.PRODUCT_READ)
def workspace(code: str) -> Response:
    """Show one product: its gates, versions, inputs, reviews and registrations, and the next step."""
    return _workspace_page(code)


@blueprint.post("/workspace/products/<code>/registrations")
@requires(Permission.REGISTRATION_APPLY)
def apply(code: str) -> AnyResponse:
    """Apply for a registration."""
    form = Form(_ApplicationForm)
    product = products.visible(db.session(), current_actor(), code)
    if not form.accepts():
        return _workspace_page(code, form=form, status=422)
    values = {**form.data, "product_id": product.id}
    consent, named = upload("consent"), values.pop("others").split()
    try:
        with db.transaction() as session:
            signed = consent or Upload(b"", gettext("共同登记主体的书面意见"))
            values["co_registrants"] = [Other(parties.by_uscc(session, uscc).id, signed) for uscc in named]
            made = commands.apply(
                session, current_actor(), **values, book=policy_book(), calendar=working_calendar(), now=clock.now()
            )
    except DomainError as error:
        return _workspace_page(code, form=form, refusal=error, status=error.status)
    flash(gettext("登记申请 %(number)s 已提交。", number=made.number), "success")
    return redirect(url_for("registration_pages.show", registration_id=made.id), code=303)


def _workspace_page(
    code: str, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, now, session = current_actor(), clock.now(), db.session()
    product = products.visible(session, actor, code)
    versions = products.versions(session, product.id)
    history = registrations.of_product(session, product.id)
    gates = gates_of(session, product, now=now, book=policy_book())
    found = reviews.of_product(session, product.id)
    if refusal is not None:
        (form := form or Form(ApplicationIn)).refuse(refusal)
    text = render_template(
        "registry/workspace/product.html", product=product, versions=versions, newest=versions[0], gates=gates,
        steps=_gate_steps(gates), reviews=found, registrations=history,
        current=next((one.review for one in found if one.version.id == versions[0].id), None),
        running=next((one for one in history if one.state in RUNNING), None),
        kinds=_kinds(product, now), derived_from=products.derived_from(session, product.id), today=_today(),
        grounds=list(CancellationGround), form=form or Form(ApplicationIn), refusal=words_of(refusal),
        may_write=actor.may(Permission.PRODUCT_WRITE, org_id=product.owner_id, place=product.place),
        findings=checks.findings(session, product, versions[0], on=_today(), book=policy_book()),
        clock=records.clocks(session, [product], on=_today(), book=policy_book(), calendar=working_calendar()).get(
            product.id
        ),
        change_clock=_change_clock(product),
        elsewhere=records.standing(session, product.id, _today()), modes=list(ApplicationMode),
    )  # fmt: skip
    return make_response(text, status)


def _change_clock(product: Product) -> ApplicationClock | None:
    try:
        return registrations.change_clock(
            db.session(), product, on=_today(), book=policy_book(), calendar=working_calendar()
        )
    except CalendarGap:
        return None


def _kinds(product: Product, now: Any) -> list[RegistrationKind]:
    """Which applications make sense for the product now."""
    session, today = db.session(), business_date(now)
    if registrations.running(session, product.id) is not None:
        return []
    current = registrations.effective(session, product.id, today)
    is_reviewed = reviews.passed(session, products.latest_version(session, product.id).id) is not None
    if current is None:
        return [RegistrationKind.FIRST] if is_reviewed else []
    kinds = [RegistrationKind.CHANGE, RegistrationKind.CORRECTION] if is_reviewed else []
    window = policy_book().get(product.place, "registration.renewal_window_days", on=today)
    last = registrations.latest_coded(session, product.id)
    if is_reviewed and window is not None and last is not None and last.valid_until is not None:
        opens, closes = renewal_window(last.valid_until, window.integer())
        kinds += [RegistrationKind.RENEWAL] if opens <= today <= closes else []
    return [*kinds, RegistrationKind.CANCELLATION]


def _gate_steps(gates: list[Gate]) -> list[dict[str, Any]]:
    first = next((gate.code for gate in gates if not gate.open), "")
    return [
        {"title": gettext(gate.title), "at": gate.since, "note": gate.todo,
         "state": "done" if gate.open else "current" if gate.code == first else "todo"}
        for gate in gates if gate.since or not gate.open  # what holds without a day stands among the conditions
    ]  # fmt: skip


def _today() -> date:
    return business_date(clock.now())
