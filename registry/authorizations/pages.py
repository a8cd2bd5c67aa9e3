"""Agreements for people: drafting, the steps of the authority, and one page with all that hangs on an agreement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import format_datetime, get_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import DAY
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, requires, words_of
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
    missing_today,
)
from registry.clauses.rules import title_of
from registry.emergency import checks as emergency_checks
from registry.emergency import queries as emergency
from registry.exits import commands as endings
from registry.exits import queries as exits
from registry.exits.schemas import AuthorizationRevocationIn, TerminationIn
from registry.parties import queries as parties
from registry.parties.rules import N_, Capacity
from registry.plans import queries as plans
from registry.policy import RegistryPolicy
from registry.resources import queries as resources
from registry.resources.model import Resource
from registry.selections import queries as selections
from registry.service_agreements import queries as service_agreements
from registry.suspensions import queries as suspensions
from registry.suspensions.rules import STATE_TITLES as CORRECTION_TITLES

blueprint = Blueprint("agreement_pages", __name__, template_folder="../templates")
Act = Callable[[Session, dict[str, Any]], object]
# step of the page -> who does it, what the form sends, whether the book of rules takes part
STEPS: dict[str, tuple[Callable[..., object], Any, bool]] = {
    "sign": (commands.sign, SignIn, True), "file": (commands.file, FilingIn, False),
    "activate": (commands.activate, None, True), "suspend": (commands.suspend, SuspensionIn, False),
    "expire": (endings.expire, None, True), "terminate": (endings.terminate, TerminationIn, True),
    "revoke": (endings.revoke, AuthorizationRevocationIn, True),
}  # fmt: skip
REMINDER_TITLES = {
    "term_end": N_("协议期限最后一日"), "reapply": N_("最迟重新申请（须重走全部程序）"),
    "trial_end": N_("试运营期最后一日"), "correction": N_("整改期限"),
}  # fmt: skip
STEP_TITLES = {
    "draft": N_("起草协议"), "set_items": N_("编写协议内容"), "set_scope": N_("确定授权范围"),
    "set_emergency_plan": N_("提交应急预案"), "sign": N_("签订"), "file": N_("备案"), "activate": N_("生效"),
    "suspend": N_("暂停"), "ask_restore": N_("申请恢复"), "restore": N_("恢复"), "ask_terminate": N_("申请终止"),
    "terminate": N_("终止"), "expire": N_("届满"), "ask_revoke": N_("申请撤销"), "revoke": N_("撤销"),
    "report_correction": N_("运营机构报告整改情况"), "reject_correction": N_("退回整改报告"),
    "ask_end_part": N_("申请终止相关数据的授权"), "end_part": N_("终止相关数据的授权"), "close": N_("退出了结"),
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
        reminders=[] if state else _reminders(
            queries.reminders(db.session(), actor, clock.today(), book=policy_book(), limit=20)
        ),
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
        "registry/agreements/new.html", form=form, refusal=words_of(form.problem), places=places,
        place=place if known else "", **(_options(place) if known else {}),
    )  # fmt: skip
    return make_response(text, status)


def _options(place: str) -> dict[str, Any]:
    session = db.session()
    return {
        "authorities": [(str(p.id), p.name) for p in parties.having(session, Capacity.DATA_AUTHORITY, place)],
        "operators": [(str(p.id), p.name) for p in parties.having(session, Capacity.OPERATING_INSTITUTION, place)],
        "open_resources": _resource_choices(place),
        "plans": [
            (str(one.plan_id), f"{one.plan.number} {one.plan.title}")
            for one in plans.in_effect_at(session, place, clock.today())
        ],
        "selections": [
            (str(one.id), f"{one.number} {one.operator.name}")
            for one in session.scalars(selections.published(place=place).limit(100))
        ],
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


@blueprint.post("/agreements/<uuid:agreement_id>/<any(sign, file, activate, suspend, terminate, revoke, expire):step>")
@requires(Permission.AGREEMENT_WRITE)
def take_step(agreement_id: UUID, step: str) -> AnyResponse:
    """Take the next step of the agreement, decided on the version that was shown."""
    command, schema, needs_book = STEPS[step]
    now, book = clock.now(), {"book": policy_book()} if needs_book else {}

    def act(session: Session, data: dict[str, Any]) -> object:
        return command(session, current_actor(), agreement_id, **data, **book, now=now)

    form = {name: value for name, value in request.form.items() if value and name not in ("csrf_token", "version")}
    two_persons = step in ("terminate", "revoke")
    done = gettext("已受理：须由两位主管人员先后确认。") if two_persons else gettext("已办理。")
    return _step(agreement_id, done, act, data=form, schema=schema)


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
        refusal=words_of(refusal), errors=errors or {}, may_write=may_write, today=clock.today(), day=DAY,
        steps=_timeline(session, agreement), events=[event.value for event in possible(agreement.state)],
        asked_by_me=agreement.pending_by == actor.id,
        policy=RegistryPolicy.at(policy_book(), agreement.place, clock.today()),
        grounds=[(ground.value, gettext(title)) for ground, title in GROUND_TITLES.items()],
        scope=sorted(agreement.scope, key=lambda entry: entry.resource.code), **_attached(session, agreement),
        known_resources=_known_resources(session, agreement.place),
    )  # fmt: skip
    return make_response(text, status)


def _known_resources(session: Session, place: str) -> set[UUID]:
    """Return the resources of a place that the reader may open: departments see no others' resources."""
    return set(session.scalars(resources.listed(current_actor(), place=place).with_only_columns(Resource.id)))


def _attached(session: Session, agreement: Agreement) -> dict[str, Any]:
    """Return what the concepts below know of the agreement."""
    today, book = clock.today(), policy_book()
    correction = None
    if agreement.state is AgreementState.SUSPENDED:
        correction = gettext(CORRECTION_TITLES[suspensions.state_of(session, agreement, today)])
    return {
        "reminders": _reminders(queries.reminders_of(agreement, today, book=book)),
        "correction": correction,
        "reports": suspensions.reports(session, agreement.id),
        "has_ended": agreement.has_ended(today),
        "exit_file": exits.of_agreement(session, agreement.id),
        "ending": exits.standing_ask(session, agreement),
        "plan": emergency.current(session, agreement.id),
        "drill_due": emergency.drill_due(session, agreement, today, book=book),
        "emergency_findings": emergency_checks.of_agreement(session, agreement, on=today, book=book),
        "services": session.scalars(
            service_agreements.listed(current_actor(), agreement_id=agreement.id).limit(20)
        ).all(),
    }


def _reminders(found: list[queries.Reminder]) -> list[dict[str, Any]]:
    return [
        {
            "agreement": one.agreement, "title": gettext(REMINDER_TITLES[one.kind]), "due": one.due,
            "source": one.article or None, "overdue": one.is_over and one.kind != "trial_end", "state": "todo",
        }
        for one in found
    ]  # fmt: skip


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
    if agreement.state not in ("draft", "closed"):
        todo += _reminders(queries.reminders_of(agreement, clock.today(), book=policy_book()))
    return done + todo


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]
