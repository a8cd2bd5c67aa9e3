"""Applications for people: the form with progress, the desk of the authority, and the page of one application."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import (
    Form,
    attachment,
    current_actor,
    match_version,
    page,
    policy_book,
    requires,
    words_of,
    working_calendar,
)
from kernel.identity import Permission
from registry.applications import checks, commands, queries
from registry.applications.model import Application
from registry.applications.rules import (
    EDITABLE,
    NATURE_TITLES,
    PROOF_TITLES,
    PROOFS_REQUIRED,
    ApplicationState,
    ProofKind,
    possible,
)
from registry.applications.schemas import ApplicationFormIn, ApplicationPageIn, ExpertScoreIn, WithdrawalIn
from registry.calls import queries as calls
from registry.parties.rules import N_

blueprint = Blueprint("application_pages", __name__, template_folder="../templates")
KINDS = ", ".join(ProofKind)
TEXTS = ("address", "contact", "phone", "requested_scope", "profile", "signed_by")
STEP_TITLES = {
    "start": N_("开始申请"), "submit": N_("提交申请"), "approve": N_("审查通过"), "refuse": N_("未通过"),
    "return": N_("退回补正"), "withdraw": N_("撤回"), "score": N_("专家评分"),
}  # fmt: skip


@blueprint.get("/applications")
@requires(Permission.APPLICATION_READ)
def browse() -> str:
    """List the applications within one's scope, of one call on demand."""
    actor, state, call = current_actor(), request.args.get("state", ""), request.args.get("call", "")
    query = queries.listed(
        actor, place=request.args.get("place") or None, call_id=_uuid(call),
        state=ApplicationState(state) if state in list(ApplicationState) else None,
    )  # fmt: skip
    return render_template(
        "registry/applications/list.html", found=page(db.session(), query, Application, newest_first=True),
        places=_places(), states=list(ApplicationState),
    )  # fmt: skip


@blueprint.route("/calls/<uuid:call_id>/apply", methods=["GET", "POST"])
@requires(Permission.APPLICATION_WRITE)
def start(call_id: UUID) -> AnyResponse:
    """Start an application of one's own organisation, or go on with the one that was started."""
    actor, session = current_actor(), db.session()
    call = calls.visible(session, actor, call_id)
    own = queries.own(session, call_id, actor.org_id) if actor.org_id else None
    if own is not None:
        return redirect(url_for("application_pages.edit", application_id=own.id), code=303)
    refusal: DomainError | None = None
    if request.method == "POST" and actor.org_id is not None:
        try:
            with db.transaction() as opened:
                made = commands.start(opened, actor, call_id, applicant_id=actor.org_id, now=clock.now())
        except DomainError as error:
            refusal = error
        else:
            flash(gettext("申请 %(number)s 已建立，请填写申请表；可随时保存。", number=made.number), "success")
            return redirect(url_for("application_pages.edit", application_id=made.id), code=303)
    text = render_template(
        "registry/applications/start.html", call=call, refusal=words_of(refusal), is_open=call.is_open(clock.today()),
        may_apply=actor.may(Permission.APPLICATION_WRITE, place=call.place),
        proofs=[gettext(PROOF_TITLES[kind]) for kind in PROOFS_REQUIRED],
    )  # fmt: skip
    return make_response(text, refusal.status if refusal else 200)


@blueprint.route("/applications/<uuid:application_id>/edit", methods=["GET", "POST"])
@requires(Permission.APPLICATION_WRITE)
def edit(application_id: UUID) -> AnyResponse:
    """Fill in the form; every save keeps what is there so far."""
    if request.method == "GET":
        return _form_page(application_id)
    form = Form(ApplicationPageIn)
    if not form.accepts():
        return _form_page(application_id, errors=form.errors, status=422)
    data = {**dict.fromkeys(TEXTS, ""), "incidents_declared": False, **form.data}
    incidents = data.pop("incidents")
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), application_id)
            match_version(session, Application, application_id)
            commands.save(
                session, current_actor(), application_id, form=data, incidents=incidents, now=clock.now()
            )  # fmt: skip
    except DomainError as error:
        return _form_page(application_id, refusal=error, status=error.status)
    flash(gettext("已保存。"), "success")
    return redirect(url_for("application_pages.edit", application_id=application_id), code=303)


def _form_page(
    application_id: UUID, *, errors: dict[str, Any] | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    found = queries.visible(db.session(), current_actor(), application_id)
    lacking = [gettext(words) for _, words in queries.lacking(found)]
    own = {name: getattr(found, name) for name in ApplicationFormIn().fields}
    own["registered_capital"] = "" if found.registered_capital is None else f"{found.registered_capital:f}"
    typed = {**own, **request.form} if errors else own
    text = render_template(
        "registry/applications/form.html", found=found, values=typed, errors=errors or {}, refusal=words_of(refusal),
        natures=[(one.value, gettext(title)) for one, title in NATURE_TITLES.items()], missing=lacking,
        incidents="\n".join(f"{one.on} {one.fact}" for one in found.declared), proofs=_proofs(found),
        kinds=[(one.value, gettext(title)) for one, title in PROOF_TITLES.items()], editable=found.state in EDITABLE,
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/applications/<uuid:application_id>")
@requires(Permission.APPLICATION_READ)
def show(application_id: UUID) -> Response:
    """Show one application: form, proofs, what the system found, scores, timeline."""
    return _application_page(application_id)


@blueprint.post("/applications/<uuid:application_id>/proofs")
@requires(Permission.APPLICATION_WRITE)
def add_proof(application_id: UUID) -> AnyResponse:
    """Keep an uploaded document."""
    sent, kind = request.files.get("document"), request.form.get("kind", "")
    content = sent.read() if sent and kind in list(ProofKind) else b""
    name, media_type = ((sent.filename or "")[:200], sent.mimetype) if sent else ("", "")
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), application_id)
            match_version(session, Application, application_id)
            commands.add_proof(
                session, current_actor(), application_id, content=content, name=name or "document", now=clock.now(),
                kind=ProofKind(kind) if kind in list(ProofKind) else ProofKind.OTHER,
                media_type=media_type or "application/octet-stream",
            )  # fmt: skip
    except DomainError as error:
        return _form_page(application_id, refusal=error, status=error.status)
    flash(gettext("材料已留存。"), "success")
    return redirect(url_for("application_pages.edit", application_id=application_id), code=303)


@blueprint.get(f"/applications/<uuid:application_id>/proofs/<any({KINDS}):kind>")
@requires(Permission.APPLICATION_READ)
def proof(application_id: UUID, kind: str) -> Response:
    """Hand out the newest document of a kind, as a download and never as a page of this site."""
    found = queries.proofs(queries.visible(db.session(), current_actor(), application_id)).get(ProofKind(kind))
    kept = files.get(db.session(), found.sha256 if found else "")
    return attachment(kept.content, kept.name)


@blueprint.post("/applications/<uuid:application_id>/submit")
@requires(Permission.APPLICATION_WRITE)
def submit(application_id: UUID) -> AnyResponse:
    """Submit a complete application."""
    needs = {"book": policy_book(), "calendar": working_calendar()}
    return _step(application_id, commands.submit, needs)


@blueprint.post("/applications/<uuid:application_id>/withdraw")
@requires(Permission.APPLICATION_WRITE)
def withdraw(application_id: UUID) -> AnyResponse:
    """Take an application back."""
    form = Form(WithdrawalIn)
    if not form.accepts():
        return _application_page(application_id, errors=form.errors, status=422)
    return _step(application_id, commands.withdraw, form.data)


@blueprint.post("/applications/<uuid:application_id>/score")
@requires(Permission.REVIEW_DECIDE)
def score(application_id: UUID) -> AnyResponse:
    """Give an expert's score."""
    form = Form(ExpertScoreIn)
    if not form.accepts():
        return _application_page(application_id, errors=form.errors, status=422)
    return _step(application_id, commands.score, form.data)


def _step(application_id: UUID, command: Any, data: dict[str, Any]) -> AnyResponse:
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), application_id)
            match_version(session, Application, application_id)
            command(session, current_actor(), application_id, **data, now=clock.now())
    except DomainError as error:
        return _application_page(application_id, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("application_pages.show", application_id=application_id), code=303)


def _application_page(
    application_id: UUID, *, errors: dict[str, Any] | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session = current_actor(), db.session()
    found = queries.visible(session, actor, application_id)
    may_write = actor.may(Permission.APPLICATION_WRITE, org_id=found.applicant_id, place=found.place)
    in_review = found.state in (ApplicationState.UNDER_REVIEW, ApplicationState.PASSED)
    text = render_template(
        "registry/applications/application.html", found=found, may_write=may_write, errors=errors or {},
        refusal=words_of(refusal), proofs=_proofs(found), events=[event.value for event in possible(found.state)],
        nature=gettext(NATURE_TITLES[found.nature]) if found.nature else "", editable=found.state in EDITABLE,
        capital="" if found.registered_capital is None else f"{found.registered_capital:,f}",
        findings=checks.of_application(session, found, on=clock.today(), book=policy_book()),
        may_score=in_review and not may_write and actor.may(Permission.REVIEW_DECIDE, place=found.place)
        and all(one.expert_id != actor.id for one in found.scores),
        steps=_timeline(found), missing=queries.lacking(found),
    )  # fmt: skip
    return make_response(text, status)


def _proofs(found: Application) -> list[dict[str, Any]]:
    newest = queries.proofs(found)
    kinds = [*PROOFS_REQUIRED, *(kind for kind in newest if kind not in PROOFS_REQUIRED)]
    return [{"kind": kind.value, "title": gettext(PROOF_TITLES[kind]), "kept": newest.get(kind)} for kind in kinds]


def _timeline(found: Application) -> list[dict[str, Any]]:
    lines = [(line.action.removeprefix("application."), line) for line in queries.history(db.session(), found.id)]
    done = [
        {"title": gettext(STEP_TITLES[name]), "at": line.at, "actor": line.actor_name, "note": line.note,
         "state": "failed" if name == "refuse" else "done"}
        for name, line in lines
        if name in STEP_TITLES
    ]  # fmt: skip
    if found.state in EDITABLE:
        done.append({"title": gettext(STEP_TITLES["submit"]), "due": found.call.closes_on, "state": "current"})
    if found.state is ApplicationState.UNDER_REVIEW:
        done.append({"title": gettext("审查中"), "state": "current"})
    return done


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]
