"""The seller's products with their gates, and the registrar's desk, for people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.fields import TextField
from kernel.http import Form, current_actor, match_version, page, policy_book, problem, requires, working_calendar
from kernel.identity import Permission
from registry.parties import queries as parties
from registry.parties.schemas import REASON_LENGTH_MAX
from registry.product_reviews import queries as reviews
from registry.products import queries as products
from registry.products.model import Product
from registry.records import queries as records
from registry.records.gateway import upload
from registry.records.rules import Upload
from registry.registrants.rules import ApplicationMode, Other
from registry.registrations import checks, commands, queries
from registry.registrations.model import Registration
from registry.registrations.rules import (
    MATERIAL_TITLES,
    RUNNING,
    CancellationGround,
    Gate,
    RegistrationKind,
    RegistrationState,
)
from registry.registrations.schemas import ApplicationIn, FormalReviewIn, ReceiptIn, ResubmissionIn, RevocationIn
from registry.terms.rules import renewal_window

blueprint = Blueprint("registration_pages", __name__, template_folder="../templates")


class _ApplicationForm(ApplicationIn):
    """An application as people type it: co-registrants by their codes, with one paper that all of them signed."""

    co_registrants = None  # type: ignore[assignment]
    interest = None  # type: ignore[assignment]
    others = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class ReceiptForm(Form):
    """The registrar's decision as people type it: one defect per line."""

    def accepts(self) -> bool:
        """Read ``request.form``; say whether it is valid."""
        is_valid = super().accepts()
        lines = request.form.get("defects", "").splitlines()
        self.data["defects"] = [line.strip() for line in lines if line.strip()]
        return is_valid


@blueprint.get("/workspace/products")
@requires(Permission.PRODUCT_READ)
def list_products() -> str:
    """List the products within one's scope and how far each has come."""
    found = page(db.session(), products.listed(current_actor()), Product, newest_first=True)
    items, calendar = found["items"], working_calendar()
    progress = queries.progress(db.session(), [product.id for product in items], _today())
    clocks = records.clocks(db.session(), items, on=_today(), book=policy_book(), calendar=calendar)
    may_write = current_actor().may(Permission.PRODUCT_WRITE)
    return render_template(
        "registry/registrations/products.html",
        found=found,
        progress=progress,
        may_write=may_write,
        clocks=clocks,
        today=_today(),
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


@blueprint.get("/registrations/<uuid:registration_id>")
@requires(Permission.REGISTRATION_READ)
def show(registration_id: UUID) -> Response:
    """Show one registration: course, deadlines, materials, objections, and what may be done."""
    return _registration_page(registration_id)


@blueprint.post("/registrations/<uuid:registration_id>/resubmission")
@requires(Permission.REGISTRATION_APPLY)
def resubmit(registration_id: UUID) -> AnyResponse:
    """Send a returned application in again."""
    return _step(
        registration_id, Form(ResubmissionIn), gettext("已重新提交，受理期限重新计算。"),
        lambda session, data: commands.resubmit(
            session, current_actor(), registration_id, **data, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/registrations/<uuid:registration_id>/receipt")
@requires(Permission.REGISTRATION_DECIDE)
def receive(registration_id: UUID) -> AnyResponse:
    """Accept an application, refuse to, or return it."""
    return _step(
        registration_id, ReceiptForm(ReceiptIn), gettext("受理意见已记录。"),
        lambda session, data: commands.receive(
            session, current_actor(), registration_id, **data, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/registrations/<uuid:registration_id>/formal-review")
@requires(Permission.REGISTRATION_DECIDE)
def complete_review(registration_id: UUID) -> AnyResponse:
    """Finish the formal review."""
    return _step(
        registration_id, Form(FormalReviewIn), gettext("形式审核结论已记录。"),
        lambda session, data: commands.complete_review(
            session, current_actor(), registration_id, **data, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/registrations/<uuid:registration_id>/code")
@requires(Permission.REGISTRATION_DECIDE)
def assign_code(registration_id: UUID) -> AnyResponse:
    """Assign the registration code."""
    return _step(
        registration_id, None, gettext("已赋码，登记证书即时生效。"),
        lambda session, data: commands.assign_code(
            session, current_actor(), registration_id, book=policy_book(), now=clock.now()
        ),
    )  # fmt: skip


@blueprint.post("/registrations/<uuid:registration_id>/revocation")
@requires(Permission.REGISTRATION_DECIDE)
def revoke(registration_id: UUID) -> AnyResponse:
    """Revoke a coded registration at once."""
    return _step(
        registration_id, Form(RevocationIn), gettext("登记已撤销，产品即时下架。"),
        lambda session, data: commands.revoke(session, current_actor(), registration_id, **data, now=clock.now()),
    )  # fmt: skip


def _step(
    registration_id: UUID, form: Form | None, done: str, act: Callable[[Session, dict[str, Any]], object]
) -> AnyResponse:
    if form is not None and not form.accepts():
        return _registration_page(registration_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.detail(session, current_actor(), registration_id)
            match_version(session, Registration, registration_id)
            act(session, form.data if form else {})
    except DomainError as error:
        return _registration_page(registration_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("registration_pages.show", registration_id=registration_id), code=303)


def _workspace_page(
    code: str, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, now, session = current_actor(), clock.now(), db.session()
    product = products.visible(session, actor, code)
    versions = products.versions(session, product.id)
    history = queries.of_product(session, product.id)
    gates = queries.gates(session, product, now=now, book=policy_book())
    found = reviews.of_product(session, product.id)
    if refusal is not None:
        (form := form or Form(ApplicationIn)).refuse(refusal)
    text = render_template(
        "registry/registrations/workspace.html", product=product, versions=versions, newest=versions[0], gates=gates,
        steps=_gate_steps(gates), reviews=found, registrations=history,
        current=next((one.review for one in found if one.version.id == versions[0].id), None),
        running=next((one for one in history if one.state in RUNNING), None),
        kinds=_kinds(product, now), derived_from=products.derived_from(session, product.id), today=_today(),
        grounds=list(CancellationGround), form=form or Form(ApplicationIn), refusal=_words(refusal),
        may_write=actor.may(Permission.PRODUCT_WRITE, org_id=product.owner_id, place=product.place),
        findings=checks.findings(session, product, versions[0], on=_today(), book=policy_book()),
        clock=records.clocks(session, [product], on=_today(), book=policy_book(), calendar=working_calendar()).get(
            product.id
        ),
        elsewhere=records.standing(session, product.id, _today()), modes=list(ApplicationMode),
    )  # fmt: skip
    return make_response(text, status)


def _kinds(product: Product, now: Any) -> list[RegistrationKind]:
    """Which applications make sense for the product now."""
    session, today = db.session(), business_date(now)
    if queries.running(session, product.id) is not None:
        return []
    current = queries.effective(session, product.id, today)
    is_reviewed = reviews.passed(session, products.latest_version(session, product.id).id) is not None
    if current is None:
        return [RegistrationKind.FIRST] if is_reviewed else []
    kinds = [RegistrationKind.CHANGE, RegistrationKind.CORRECTION] if is_reviewed else []
    window = policy_book().get(product.place, "registration.renewal_window_days", on=today)
    last = queries.latest_coded(session, product.id)
    if is_reviewed and window is not None and last is not None and last.valid_until is not None:
        opens, closes = renewal_window(last.valid_until, window.integer())
        kinds += [RegistrationKind.RENEWAL] if opens <= today <= closes else []
    return [*kinds, RegistrationKind.CANCELLATION]


def _gate_steps(gates: list[Gate]) -> list[dict[str, Any]]:
    first = next((gate.code for gate in gates if not gate.open), "")
    return [
        {"title": gettext(gate.title), "at": gate.since, "note": gate.todo,
         "state": "done" if gate.open else "current" if gate.code == first else "todo"}
        for gate in gates
    ]  # fmt: skip


def _registration_page(
    registration_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, today = current_actor(), _today()
    found = queries.detail(db.session(), actor, registration_id)
    is_registrar = actor.may(Permission.REGISTRATION_DECIDE, place=found.place)
    owns = actor.may(Permission.REGISTRATION_APPLY, org_id=found.registrant_id, place=found.place)
    text = render_template(
        "registry/registrations/registration.html", registration=found, today=today, steps=_steps(found, today),
        material_titles=MATERIAL_TITLES, form=form or Form(ReceiptIn), refusal=_words(refusal),
        days_left=_left(found, today), may_decide=is_registrar and not owns,
        may_resubmit=owns and found.state is RegistrationState.RETURNED,
        skipped=_skipped(found), local=policy_book().get(found.place, "registration.local_register", on=today),
        may_code=found.notice_end is not None and today > found.notice_end, is_second=actor.id != found.passed_by,
        open_objections=[one for one in found.objections if one.outcome is None],
    )  # fmt: skip
    return make_response(text, status)


def _left(found: Registration, today: date) -> int | None:
    due = found.due_date()
    return None if due is None or due < today else working_calendar().working_days_between(today, due)


def _skipped(found: Registration) -> list[tuple[date, str]]:
    """The days that did not count towards the term that runs."""
    due = found.due_date()
    starts = {RegistrationState.SUBMITTED: found.received_at, RegistrationState.ACCEPTED: found.accepted_at,
              RegistrationState.PUBLIC_NOTICE: found.passed_at}  # fmt: skip
    start = starts.get(found.state)
    return working_calendar().skipped(business_date(start), due) if start is not None and due is not None else []


def _steps(found: Registration, today: date) -> list[dict[str, Any]]:
    over, overdue = found.closed_at is not None, found.is_overdue(today)
    waiting = found.state in (RegistrationState.SUBMITTED, RegistrationState.RETURNED)
    steps = [
        {"title": gettext("申请"), "at": business_date(found.received_at), "state": "done"},
        {"title": gettext("受理"), "at": _day(found.accepted_at), "due": found.accept_due, "source": "26号 第十条",
         "state": "current" if waiting else "done" if found.accepted_at else "failed", "overdue": waiting and overdue,
         "note": gettext("已一次性告知 %(n)s 项问题", n=len(found.defects)) if found.returned_at else ""},
        {"title": gettext("形式审核"), "at": _day(found.passed_at), "due": found.review_due, "source": "26号 第十一条",
         "state": "done" if found.passed_at else "current" if found.state is RegistrationState.ACCEPTED else "todo",
         "overdue": found.state is RegistrationState.ACCEPTED and overdue},
    ]  # fmt: skip
    if found.kind is not RegistrationKind.CANCELLATION:
        is_noticed = found.state in (RegistrationState.PUBLIC_NOTICE, RegistrationState.OBJECTED)
        steps += [
            {"title": gettext("公示"), "at": found.notice_start, "due": found.notice_end, "source": "26号 第十二条",
             "state": "current" if is_noticed else "done" if found.code else "todo",
             "note": gettext("有异议，处理完毕前不得赋码") if found.state is RegistrationState.OBJECTED else ""},
            {"title": gettext("赋码"), "at": _day(found.coded_at), "note": found.code or "",
             "state": "done" if found.code else "todo"},
        ]  # fmt: skip
    if over:
        steps.append({"title": gettext("办结"), "at": _day(found.closed_at), "state": "failed", "note": found.reason})
    return steps


def _day(moment: Any) -> date | None:
    return None if moment is None else business_date(moment)


def _today() -> date:
    return business_date(clock.now())


def _words(refusal: DomainError | None) -> dict[str, Any] | None:
    return None if refusal is None else problem(refusal, language=str(get_locale()))
