"""Agreements for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import format_datetime, get_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.calendar import DAY
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, problem, requires
from kernel.identity import Permission
from registry.agreements import commands, queries
from registry.agreements.model import Agreement
from registry.agreements.rules import GROUND_TITLES, AgreementState, possible
from registry.agreements.schemas import (
    AgreementIn,
    FilingIn,
    ItemsIn,
    ScopeIn,
    SignIn,
    SuspensionIn,
    TerminationIn,
    missing_today,
)
from registry.clauses.rules import title_of
from registry.parties import queries as parties
from registry.parties.rules import N_, Capacity
from registry.policy import RegistryPolicy
from registry.resources import queries as resources

blueprint = Blueprint("agreement_pages", __name__, template_folder="../templates")
Act = Callable[[Session, dict[str, Any]], object]
STEP_TITLES = {
    "draft": N_("起草协议"), "set_items": N_("编写协议内容"), "set_scope": N_("确定授权范围"),
    "set_emergency_plan": N_("提交应急预案"), "sign": N_("签订"), "file": N_("备案"), "activate": N_("生效"),
    "suspend": N_("暂停"), "ask_restore": N_("申请恢复"), "restore": N_("恢复"), "ask_terminate": N_("申请终止"),
    "terminate": N_("终止"), "expire": N_("届满"),
}  # fmt: skip


@blueprint.get("/agreements")
@requires(Permission.AGREEMENT_READ)
def browse() -> str:
    """List the agreements within one's scope."""
    actor, state = current_actor(), request.args.get("state", "")
    query = queries.listed(
        actor, place=request.args.get("place") or None,
        state=AgreementState(state) if state in list(AgreementState) else None,
    )  # fmt: skip
    return render_template(
        "registry/agreements/list.html", found=page(db.session(), query, Agreement), today=clock.today(), day=DAY,
        places=_places(), states=list(AgreementState), may_write=actor.may(Permission.AGREEMENT_WRITE),
    )  # fmt: skip


@blueprint.route("/agreements/new", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_WRITE)
def draft() -> AnyResponse:
    """Draft an agreement: first the place, then who, how long and over what."""
    places = [(key, title) for key, title in _places() if current_actor().may(Permission.AGREEMENT_WRITE, place=key)]
    place = request.form.get("place") or request.args.get("place") or (places[0][0] if len(places) == 1 else "")
    form = Form(AgreementIn)
    status = 200
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
                flash(gettext("协议 %(number)s 已起草，请逐项编写必备内容。", number=made.number), "success")
                return redirect(url_for("agreement_pages.show", agreement_id=made.id), code=303)
    known = place in policy_book().places()
    text = render_template(
        "registry/agreements/new.html", form=form, refusal=_words(form.problem), places=places,
        place=place if known else "", **(_options(place) if known else {}),
    )  # fmt: skip
    return make_response(text, status)


def _options(place: str) -> dict[str, Any]:
    session = db.session()
    return {
        "authorities": [(str(p.id), p.name) for p in parties.having(session, Capacity.DATA_AUTHORITY, place)],
        "operators": [(str(p.id), p.name) for p in parties.having(session, Capacity.OPERATING_INSTITUTION, place)],
        "open_resources": _resource_choices(place),
        "limits": RegistryPolicy.at(policy_book(), place, clock.today()),
    }


def _resource_choices(place: str) -> list[tuple[str, str, str]]:
    found = resources.open_at(db.session(), place)
    return [(str(r.id), f"{r.code} {r.title}", r.source_department.name) for r in found]


@blueprint.get("/agreements/<uuid:agreement_id>")
@requires(Permission.AGREEMENT_READ)
def show(agreement_id: UUID) -> Response:
    """Show one agreement: contents, scope, history, and the next steps."""
    return _agreement_page(agreement_id)


@blueprint.route("/agreements/<uuid:agreement_id>/items", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_WRITE)
def set_items(agreement_id: UUID) -> AnyResponse:
    """Write the contents of a draft."""
    if request.method == "POST":
        names = [name for name in request.form if name not in ("csrf_token", "version")]
        data = {"items": {name: request.form[name] for name in names}}
        return _step(
            agreement_id, gettext("协议内容已保存。"),
            lambda session, checked: commands.set_items(
                session, current_actor(), agreement_id, **checked, now=clock.now(), book=policy_book()
            ),
            data=data, schema=ItemsIn,
        )  # fmt: skip
    agreement = queries.visible(db.session(), current_actor(), agreement_id)
    return make_response(
        render_template("registry/agreements/items.html", agreement=agreement, items=_items(agreement))
    )


@blueprint.route("/agreements/<uuid:agreement_id>/scope", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_WRITE)
def set_scope(agreement_id: UUID) -> AnyResponse:
    """Choose the resources of a draft."""
    if request.method == "POST":
        return _step(
            agreement_id, gettext("授权范围已保存。"),
            lambda session, data: commands.set_scope(session, current_actor(), agreement_id, **data, now=clock.now()),
            data={"resource_ids": request.form.getlist("resource_ids")}, schema=ScopeIn,
        )  # fmt: skip
    agreement = queries.visible(db.session(), current_actor(), agreement_id)
    chosen = [str(entry.resource_id) for entry in agreement.scope]
    return make_response(
        render_template(
            "registry/agreements/scope.html", agreement=agreement, chosen=chosen,
            open_resources=_resource_choices(agreement.place),
        )
    )  # fmt: skip


@blueprint.post("/agreements/<uuid:agreement_id>/emergency-plan")
@requires(Permission.AGREEMENT_WRITE)
def set_emergency_plan(agreement_id: UUID) -> AnyResponse:
    """Keep the uploaded emergency plan."""
    sent = request.files.get("plan")
    content, name = (sent.read(), (sent.filename or "plan")[:200]) if sent else (b"", "")
    media_type = (sent.mimetype if sent else "") or "application/octet-stream"
    return _step(
        agreement_id, gettext("应急预案已留存。"),
        lambda session, _: commands.set_emergency_plan(
            session, current_actor(), agreement_id, content=content, name=name, media_type=media_type, now=clock.now()
        ),
    )  # fmt: skip


@blueprint.get("/agreements/<uuid:agreement_id>/emergency-plan")
@requires(Permission.AGREEMENT_READ)
def emergency_plan(agreement_id: UUID) -> Response:
    """Hand out the emergency plan, as a download and never as a page of this site."""
    agreement = queries.visible(db.session(), current_actor(), agreement_id)
    kept = files.get(db.session(), agreement.emergency_plan_sha256 or "")
    response = Response(kept.content, mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=kept.name)
    return response


@blueprint.post("/agreements/<uuid:agreement_id>/<any(sign, file, activate, suspend, restore, terminate, expire):step>")
@requires(Permission.AGREEMENT_WRITE)
def take_step(agreement_id: UUID, step: str) -> AnyResponse:
    """Take the next step of the agreement, decided on the version that was shown."""
    now, book = clock.now(), policy_book()

    def act(session: Session, data: dict[str, Any]) -> object:
        needs_book = {"book": book} if step in ("sign", "activate", "terminate") else {}
        return getattr(commands, step)(session, current_actor(), agreement_id, **data, **needs_book, now=now)

    schemas = {"sign": SignIn, "file": FilingIn, "suspend": SuspensionIn, "terminate": TerminationIn}
    form = {name: value for name, value in request.form.items() if value and name not in ("csrf_token", "version")}
    two_persons = step in ("restore", "terminate")
    done = gettext("已受理：须由两位主管人员先后确认。") if two_persons else gettext("已办理。")
    return _step(agreement_id, done, act, data=form, schema=schemas.get(step))


def _step(
    agreement_id: UUID, done: str, act: Act, *, data: dict[str, Any] | None = None, schema: Any = None
) -> AnyResponse:
    errors: dict[str, Any] = schema().validate(data) if schema else {}
    if errors:
        return _agreement_page(agreement_id, errors=errors, status=422)
    checked = schema().load(data) if schema else {}
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), agreement_id)
            match_version(session, Agreement, agreement_id)
            act(session, checked)
    except DomainError as error:
        return _agreement_page(agreement_id, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("agreement_pages.show", agreement_id=agreement_id), code=303)


def _agreement_page(
    agreement_id: UUID,
    *,
    errors: dict[str, Any] | None = None,
    refusal: DomainError | None = None,
    status: int = 200,
) -> Response:
    actor, session = current_actor(), db.session()
    agreement = queries.visible(session, actor, agreement_id)
    may_write = actor.may(Permission.AGREEMENT_WRITE, place=agreement.place)
    missing = missing_today(agreement)
    text = render_template(
        "registry/agreements/agreement.html", agreement=agreement, items=_items(agreement), missing=missing,
        refusal=_words(refusal), errors=errors or {}, may_write=may_write, today=clock.today(), day=DAY,
        steps=_timeline(session, agreement), events=[event.value for event in possible(agreement.state)],
        asked_by_me=agreement.pending_by == actor.id,
        policy=RegistryPolicy.at(policy_book(), agreement.place, clock.today()),
        grounds=[(ground.value, gettext(title)) for ground, title in GROUND_TITLES.items()],
        scope=sorted((entry.resource for entry in agreement.scope), key=lambda resource: resource.code),
    )  # fmt: skip
    return make_response(text, status)


def _items(agreement: Agreement) -> list[dict[str, Any]]:
    """Return every content that the place demands or the agreement has: code, title, text."""
    required = RegistryPolicy.at(policy_book(), agreement.place, clock.today()).agreement_items_required
    codes = dict.fromkeys([*(required.items() if required else ()), *agreement.items])
    return [{"code": code, "title": gettext(title_of(code)), "text": agreement.items.get(code, "")} for code in codes]


def _timeline(session: Session, agreement: Agreement) -> list[dict[str, Any]]:
    """Return what was done and, for an open agreement, what comes next."""
    done = [
        {
            "title": gettext(STEP_TITLES.get(line.action.removeprefix("agreement."), line.action)),
            "at": format_datetime(line.at, "yyyy-MM-dd HH:mm"), "actor": line.actor_name, "note": line.note,
            "state": "done",
        }
        for line in queries.history(session, agreement.id)
    ]  # fmt: skip
    following = {"draft": ("sign", "file", "activate"), "signed": ("file", "activate"), "filed": ("activate",)}
    todo = [{"title": gettext(STEP_TITLES[name]), "state": "todo"} for name in following.get(agreement.state, ())]
    if agreement.state is AgreementState.SUSPENDED:
        late = agreement.correction_due is not None and clock.today() > agreement.correction_due
        todo = [
            {"title": gettext("整改期限"), "due": agreement.correction_due, "state": "current", "overdue": late},
        ]
    return done + todo


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]


def _words(refusal: DomainError | None) -> dict[str, Any] | None:
    return None if refusal is None else problem(refusal, language=str(get_locale()))
