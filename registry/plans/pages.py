"""Implementation plans for people: list, form with progress, page with timeline and difference of versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.calendar import DAY
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
from registry.parties import queries as parties
from registry.parties.rules import N_, Capacity
from registry.plans import commands, queries
from registry.plans.model import Plan, PlanVersion
from registry.plans.rules import EDITABLE, MODE_TITLES, PlanMode, PlanState, possible, title_of
from registry.plans.schemas import PlanContentsIn, PlanEffectIn, PlanFilingIn, PlanIn, PlanReasonIn, missing_today
from registry.policy import RegistryPolicy
from registry.procedures.rules import STAGES

blueprint = Blueprint("plan_pages", __name__, template_folder="../templates")
Act = Callable[[Session, dict[str, Any]], object]
HIDDEN = ("csrf_token", "version")
NOT_ITEMS = (*HIDDEN, "mode", "scope_text", "resource_ids")
STEP_TITLES = {
    "draft": N_("起草方案"), "save": N_("编写方案"), "record_decision": N_("留存集体决策"), "submit": N_("提交审议"),
    "approve": N_("审定同意"), "return": N_("退回修改"), "refuse": N_("不予通过"), "withdraw": N_("撤回"),
    "file": N_("备案"), "put_in_effect": N_("实施"), "supersede": N_("由新版本取代"),
    "start_major_change": N_("重大变更"),
}  # fmt: skip
INSTITUTIONS = (Capacity.DATA_AUTHORITY, Capacity.SOURCE_DEPARTMENT, Capacity.MUNICIPAL_DATA_AGENCY)


@blueprint.get("/plans")
@requires(Permission.PLAN_READ)
def browse() -> str:
    """List the plans within one's scope."""
    actor = current_actor()
    query = queries.listed(actor, place=request.args.get("place") or None)
    found = page(db.session(), query, Plan, newest_first=True)
    rows = [(plan, next(iter(queries.seen_versions(actor, plan)), None)) for plan in found["items"]]
    return render_template(
        "registry/plans/list.html", rows=rows, next_cursor=found["next_cursor"], places=_places(), today=clock.today(),
        may_write=actor.may(Permission.PLAN_WRITE),
    )  # fmt: skip


@blueprint.route("/plans/new", methods=["GET", "POST"])
@requires(Permission.PLAN_WRITE)
def draft() -> AnyResponse:
    """Draft a plan: place, title, institution; the items follow on their own page."""
    places = [(key, title) for key, title in _places() if current_actor().may(Permission.PLAN_WRITE, place=key)]
    place = request.form.get("place") or request.args.get("place") or (places[0][0] if len(places) == 1 else "")
    form, status = Form(PlanIn), 200
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
                flash(gettext("实施方案 %(number)s 已起草，请逐项编写；可随时保存。", number=made.number), "success")
                return redirect(url_for("plan_pages.edit", version_id=_newest(made.id).id), code=303)
    known = place in policy_book().places()
    text = render_template(
        "registry/plans/new.html", form=form, refusal=words_of(form.problem), places=places,
        place=place if known else "", institutions=_institutions(place) if known else [],
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/plans/<uuid:plan_id>")
@requires(Permission.PLAN_READ)
def show(plan_id: UUID) -> Response:
    """Show one plan; ``?version=`` chooses a version, ``?against=`` what it is compared with."""
    return _plan_page(plan_id)


@blueprint.route("/plans/versions/<uuid:version_id>/edit", methods=["GET", "POST"])
@requires(Permission.PLAN_WRITE)
def edit(version_id: UUID) -> AnyResponse:
    """Write the twelve items, mode and scope of a draft; every save keeps what is there so far."""
    refusal: DomainError | None = None
    errors: dict[str, Any] = {}
    if request.method == "POST":
        sent = {
            "items": {name: request.form[name] for name in request.form if name not in NOT_ITEMS},
            "scope_text": request.form.get("scope_text", ""),
            "resource_ids": request.form.getlist("resource_ids"),
            **({"mode": request.form["mode"]} if request.form.get("mode") else {}),
        }
        errors = PlanContentsIn().validate(sent)
        if not errors:
            try:
                with db.transaction() as session:
                    _match(session, version_id)
                    commands.save(
                        session, current_actor(), version_id, **PlanContentsIn().load(sent), now=clock.now(),
                        book=policy_book(),
                    )  # fmt: skip
            except DomainError as error:
                refusal = error
            else:
                flash(gettext("已保存。"), "success")
                return redirect(url_for("plan_pages.edit", version_id=version_id), code=303)
    return _edit_page(version_id, errors=errors, refusal=refusal)


def _edit_page(version_id: UUID, *, errors: dict[str, Any], refusal: DomainError | None) -> Response:
    version = queries.seen_version(db.session(), current_actor(), version_id)
    place, lacking = version.plan.place, missing_today(version)
    typed = request.form if errors or refusal else None
    chosen = typed.getlist("resource_ids") if typed else [str(entry.resource_id) for entry in version.scope]
    policy = RegistryPolicy.at(policy_book(), place, clock.today())
    text = render_template(
        "registry/plans/edit.html", version=version, plan=version.plan, errors=errors, refusal=words_of(refusal),
        items=_items(version, typed), missing=[words for _, words in lacking], policy=policy,
        mode=(typed.get("mode") if typed else None) or (version.mode.value if version.mode else ""),
        scope_text=typed["scope_text"] if typed and "scope_text" in typed else version.scope_text,
        modes=_modes(policy), chosen=chosen, editable=version.state in EDITABLE,
        resources=[(str(one.id), f"{one.code} {one.title}") for one in queries.open_catalogue(db.session(), place)],
    )  # fmt: skip
    return make_response(text, refusal.status if refusal else 422 if errors else 200)


@blueprint.post("/plans/versions/<uuid:version_id>/decision")
@requires(Permission.PLAN_WRITE)
def record_decision(version_id: UUID) -> AnyResponse:
    """Keep the uploaded collective decision and its number."""
    sent, number = request.files.get("decision"), request.form.get("number", "").strip()[:200]
    content = sent.read() if sent and number else b""
    name = (sent.filename if sent else "") or "decision"
    media_type = (sent.mimetype if sent else "") or "application/octet-stream"
    return _step(
        version_id, gettext("集体决策已留存。"),
        lambda session, _: commands.record_decision(
            session, current_actor(), version_id, number=number, content=content, name=name[:200],
            media_type=media_type, now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.get("/plans/versions/<uuid:version_id>/decision")
@requires(Permission.PLAN_READ)
def decision(version_id: UUID) -> Response:
    """Hand out the collective decision, as a download and never as a page of this site."""
    version = queries.seen_version(db.session(), current_actor(), version_id)
    kept = files.get(db.session(), version.decision_sha256 or "")
    return attachment(kept.content, kept.name)


@blueprint.post("/plans/versions/<uuid:version_id>/<any(submit, withdraw, file, put_in_effect):step>")
@requires(Permission.PLAN_WRITE)
def take_step(version_id: UUID, step: str) -> AnyResponse:
    """Take the next step of a version, decided on what was shown."""
    of_step: dict[str, dict[str, Any]] = {
        "submit": {"book": policy_book(), "calendar": working_calendar()},
        "put_in_effect": {"book": policy_book()},
    }
    needs = of_step.get(step, {})

    def act(session: Session, data: dict[str, Any]) -> object:
        return getattr(commands, step)(session, current_actor(), version_id, **data, **needs, now=clock.now())

    schemas = {"withdraw": PlanReasonIn, "file": PlanFilingIn, "put_in_effect": PlanEffectIn}
    return _step(version_id, gettext("已办理。"), act, schema=schemas.get(step))


@blueprint.post("/plans/<uuid:plan_id>/major-change")
@requires(Permission.PLAN_WRITE)
def start_major_change(plan_id: UUID) -> AnyResponse:
    """Draft the next version of a plan in effect."""
    form = Form(PlanReasonIn)
    if not form.accepts():
        return _plan_page(plan_id, errors=form.errors, status=422)
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), plan_id)
            match_version(session, Plan, plan_id)
            made = commands.start_major_change(session, current_actor(), plan_id, **form.data, now=clock.now())
    except DomainError as error:
        return _plan_page(plan_id, refusal=error, status=error.status)
    flash(gettext("已按现行版本起草第 %(n)s 版；批准实施之前，现行版本继续有效。", n=made.number), "success")
    return redirect(url_for("plan_pages.edit", version_id=made.id), code=303)


def _step(version_id: UUID, done: str, act: Act, *, schema: Any = None) -> AnyResponse:
    plan_id = queries.seen_version(db.session(), current_actor(), version_id).plan_id
    sent = {name: value for name, value in request.form.items() if value and name not in HIDDEN}
    errors: dict[str, Any] = schema().validate(sent) if schema else {}
    if errors:
        return _plan_page(plan_id, errors=errors, status=422)
    try:
        with db.transaction() as session:
            _match(session, version_id)
            act(session, schema().load(sent) if schema else {})
    except DomainError as error:
        return _plan_page(plan_id, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("plan_pages.show", plan_id=plan_id, version=version_id), code=303)


def _match(session: Session, version_id: UUID) -> None:
    queries.seen_version(session, current_actor(), version_id)
    match_version(session, PlanVersion, version_id)


def _plan_page(
    plan_id: UUID, *, errors: dict[str, Any] | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session = current_actor(), db.session()
    plan = queries.visible(session, actor, plan_id)
    seen = queries.seen_versions(actor, plan)
    version = next((one for one in seen if str(one.id) == request.args.get("version")), seen[0])
    earlier = [one for one in seen if one.number < version.number]
    against = next((one for one in seen if str(one.id) == request.args.get("against")), None)
    against = against or (earlier[0] if earlier else None)
    may_write = actor.may(Permission.PLAN_WRITE, place=plan.place)
    policy = RegistryPolicy.at(policy_book(), plan.place, clock.today())
    text = render_template(
        "registry/plans/plan.html", plan=plan, version=version, versions=seen, against=against,
        changes=_changes(session, against, version),
        items=_items(version, None), missing=[words for _, words in _lacking(plan, version)], policy=policy,
        scope=queries.catalogue(session, [entry.resource_id for entry in version.scope]),
        mode=gettext(MODE_TITLES[version.mode]) if version.mode else "", may_write=may_write, today=clock.today(),
        events=[event.value for event in possible(version.state)] if may_write else [], day=DAY,
        may_change=may_write and any(one.state is PlanState.IN_EFFECT for one in seen)
        and queries.running(session, plan.id) is None,
        steps=_timeline(session, version, policy), refusal=words_of(refusal), errors=errors or {},
    )  # fmt: skip
    return make_response(text, status)


def _changes(session: Session, against: PlanVersion | None, version: PlanVersion) -> list[dict[str, str]]:
    if against is None or against is version:
        return []
    older, newer = sorted((against, version), key=lambda one: one.number)
    found = queries.changes(session, older, newer)
    return [{"title": gettext(one.title), "before": one.before, "after": one.after} for one in found]


def _lacking(plan: Plan, version: PlanVersion) -> list[tuple[str, str]]:
    if version.state not in EDITABLE:
        return []
    return queries.missing_today(version, plan.place, policy_book(), clock.today())


def _items(version: PlanVersion, typed: Any) -> list[dict[str, Any]]:
    """Return every item that the place demands or the plan has: code, title, text as typed or as kept."""
    required = RegistryPolicy.at(policy_book(), _place(version), clock.today()).plan_items_required
    codes = dict.fromkeys([*(required.items() if required else ()), *version.items])
    texts = typed or version.items
    return [{"code": code, "title": gettext(title_of(code)), "text": texts.get(code, "")} for code in codes]


def _place(version: PlanVersion) -> str:
    return queries.get(db.session(), version.plan_id).place


def _timeline(session: Session, version: PlanVersion, policy: RegistryPolicy) -> list[dict[str, Any]]:
    """Return what was done with a version and what comes next."""
    done = [
        {
            "title": gettext(STEP_TITLES.get(line.action.removeprefix("plan."), line.action)), "at": line.at,
            "actor": line.actor_name, "note": line.note, "state": "done",
        }
        for line in queries.history(session, [version.id])
        if line.action != "plan.save"
    ]  # fmt: skip
    stages = policy.plan_stages.items() if policy.plan_stages else ()
    ahead = [{"title": gettext(STAGES[kind].title), "state": "todo", "source": policy.plan_stages} for kind in stages]
    rest = [{"title": gettext(STEP_TITLES[name]), "state": "todo"} for name in ("file", "put_in_effect")]
    following = {
        PlanState.DRAFT: [{"title": gettext(STEP_TITLES["submit"]), "state": "current"}, *ahead, *rest],
        PlanState.RETURNED: [{"title": gettext(STEP_TITLES["submit"]), "state": "current"}, *ahead, *rest],
        PlanState.UNDER_REVIEW: [{"title": gettext("审议中"), "state": "current"}, *rest],
        PlanState.APPROVED: rest,
        PlanState.FILED: rest[1:],
    }
    return done + following.get(version.state, [])


def _newest(plan_id: UUID) -> PlanVersion:
    return queries.newest(db.session(), plan_id)


def _institutions(place: str) -> list[tuple[str, str]]:
    found = [party for capacity in INSTITUTIONS for party in parties.having(db.session(), capacity, place)]
    return list(dict.fromkeys((str(party.id), party.name) for party in found))


def _modes(policy: RegistryPolicy) -> list[tuple[str, str]]:
    named = policy.plan_authorization_modes
    modes = [mode for mode in PlanMode if named is None or mode.value in named.items()]
    return [(mode.value, gettext(MODE_TITLES[mode])) for mode in modes]


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]
