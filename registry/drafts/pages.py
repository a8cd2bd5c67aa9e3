"""The guided form of a product, for people: one step per page, saved as it is, with what is still missing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import Form, current_actor, local_target, match_version, page, policy_book, requires, words_of
from kernel.identity import SELLERS, Permission
from kernel.wording import leaves
from registry.drafts import commands, queries
from registry.drafts.model import ProductDraft
from registry.drafts.rules import NEEDED, STEP_TITLES, DraftState, Step, missing, refuse_incomplete
from registry.drafts.schemas import DraftIn, DraftStepIn, product_values
from registry.parties import queries as parties
from registry.products import queries as products
from registry.products.model import ProductVersion
from registry.products.pages import ACCESS_WORDS, PERSONAL, proposed, sent_evidence, typed, typed_origins
from registry.products.rules import DeliveryForm
from registry.requests import queries as data_requests
from registry.resources.rules import AccessKind

blueprint = Blueprint("product_draft_pages", __name__, template_folder="../templates")
PATH = "/workspace/drafts/<uuid:draft_id>"
NOT_TYPED = {"csrf_token", "version", "idempotency_key", "act"}
PAGE_LENGTH_MAX = 300
STEPS = list(Step)


@blueprint.route("/workspace/drafts", methods=["GET", "POST"])
@requires(Permission.PRODUCT_WRITE)
def browse() -> AnyResponse:
    """List the drafts of one's organisation, and start one."""
    form, status = Form(DraftIn), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = commands.start(session, current_actor(), **form.data, now=clock.now())
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                return redirect(url_for("product_draft_pages.save", draft_id=made.id, step=Step.BASIS.value), code=303)
    query = queries.listed(current_actor(), state=DraftState.OPEN)
    text = render_template(
        "registry/drafts/list.html", found=page(db.session(), query, ProductDraft, newest_first=True),
        owners=_owners(), missing=missing, form=form, refusal=words_of(form.problem),
    )  # fmt: skip
    return make_response(text, status)


@blueprint.route(f"{PATH}/<any(basis,data,fields,sample,inputs,delivery):step>", methods=["GET", "POST"])
@requires(Permission.PRODUCT_WRITE)
def save(draft_id: UUID, step: str) -> AnyResponse:
    """Show one step, and save it as it is."""
    if request.method != "POST":
        return _step_page(draft_id, Step(step))
    content, words = _content(Step(step))
    if words:
        return _step_page(draft_id, Step(step), words=words, status=422)
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), draft_id)
            match_version(session, ProductDraft, draft_id)
            commands.save(
                session, current_actor(), draft_id, step=Step(step), content=content, now=clock.now(),
                uploads=sent_evidence() if step == Step.INPUTS else (),
            )  # fmt: skip
    except DomainError as error:
        return _step_page(draft_id, Step(step), refusal=error, status=error.status)
    flash(gettext("已保存。"), "success")
    position = STEPS.index(Step(step)) + 1
    target = STEPS[position].value if position < len(STEPS) else None
    if target is None or request.form.get("go") == "check":
        return redirect(url_for("product_draft_pages.check", draft_id=draft_id), code=303)
    return redirect(url_for("product_draft_pages.save", draft_id=draft_id, step=target), code=303)


@blueprint.get(f"{PATH}/check")
@requires(Permission.PRODUCT_WRITE)
def check(draft_id: UUID) -> AnyResponse:
    """Show what is still missing or wrong, before the draft becomes a product."""
    return _check_page(draft_id)


@blueprint.post(f"{PATH}/product")
@requires(Permission.PRODUCT_WRITE)
def finish(draft_id: UUID) -> AnyResponse:
    """Make the product and its first version."""
    try:
        with db.transaction() as session:
            draft = queries.visible(session, current_actor(), draft_id)
            match_version(session, ProductDraft, draft_id)
            refuse_incomplete(draft.steps)
            made = commands.finish(
                session, current_actor(), draft_id, values=product_values(draft), book=policy_book(), now=clock.now()
            )
    except ma.ValidationError:
        return _check_page(draft_id, status=422)
    except DomainError as error:
        return _check_page(draft_id, refusal=error, status=error.status)
    flash(gettext("产品 %(code)s 已建立，可以送审。", code=made.code), "success")
    return redirect(url_for("workspace_pages.workspace", code=made.code), code=303)


@blueprint.post(f"{PATH}/discard")
@requires(Permission.PRODUCT_WRITE)
def discard(draft_id: UUID) -> AnyResponse:
    """Give a draft up."""
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), draft_id)
            match_version(session, ProductDraft, draft_id)
            commands.discard(session, current_actor(), draft_id, now=clock.now())
    except DomainError as error:
        return _check_page(draft_id, refusal=error, status=error.status)
    flash(gettext("草稿已放弃。"), "success")
    return redirect(url_for("product_draft_pages.browse"), code=303)


@blueprint.post("/form-drafts")
@requires(Permission.ACCOUNT_OWN)
def keep_form() -> AnyResponse:
    """Keep what stands in the form at ``?page=``, whatever it is, and go back there."""
    at = _form_page()
    sent = {name: text for name, text in request.form.items() if name not in NOT_TYPED and text}
    with db.transaction() as session:
        commands.keep_form(session, current_actor(), page=at, typed=sent, now=clock.now())
    flash(gettext("草稿已保存；再次打开本页时接着填写。上传的文件不保存。"), "success")
    return redirect(at, code=303)


@blueprint.post("/form-drafts/discard")
@requires(Permission.ACCOUNT_OWN)
def forget_form() -> AnyResponse:
    """Forget what is kept of the form at ``?page=``, and show it empty."""
    at = _form_page()
    with db.transaction() as session:
        commands.forget_form(session, current_actor(), page=at, now=clock.now())
    flash(gettext("草稿已放弃。"), "success")
    return redirect(at, code=303)


def _form_page() -> str:
    return local_target(request.args.get("page", "/")[:PAGE_LENGTH_MAX])


def _content(step: Step) -> tuple[dict[str, Any], list[str]]:
    """Return what the form of a step holds, and what is wrong with it in words; empty fields are left out."""
    read = typed(request.form)
    origins, unknown = typed_origins(request.form.get("origins", "")) if step is Step.INPUTS else ([], [])
    if unknown:
        return {}, [gettext("没有这些产品：%(codes)s", codes="、".join(unknown))]
    by_step: dict[Step, dict[str, Any]] = {
        Step.BASIS: {"request_id": request.form.get("request_id", "")},
        Step.DATA: {"inputs": read["inputs"]},
        Step.FIELDS: {"fields": read["fields"]},
        Step.SAMPLE: {"sample": _records()},
        Step.INPUTS: {"origins": origins, "evidence": _kept_evidence()},
        Step.DELIVERY: {name: request.form.get(name, "").strip() for name in NEEDED[Step.DELIVERY]},
    }
    try:
        loaded: dict[str, Any] = DraftStepIn().load({name: value for name, value in by_step[step].items() if value})
    except ma.ValidationError as error:
        return {}, [str(words) for _pointer, words in leaves(error.normalized_messages())]
    return loaded, []


def _records() -> list[dict[str, str]]:
    """Return the sample records; their names are the fields that the draft holds already, sent along hidden."""
    names = [name for name in request.form.get("names", "").split("|") if name]
    lines = [line for line in request.form.get("sample", "").splitlines() if line.strip()]
    return [dict(zip(names, (part.strip() for part in line.split("|")), strict=False)) for line in lines]


def _kept_evidence() -> list[dict[str, str]]:
    """Return the files that the draft holds already and that stay: ``sha256|name`` of each ticked box."""
    kept = [one.partition("|") for one in request.form.getlist("kept")]
    return [{"title": name, "name": name, "sha256": sha256} for sha256, _mark, name in kept]


def _step_page(
    draft_id: UUID, step: Step, *, words: list[str] | None = None, refusal: DomainError | None = None, status: int = 200
) -> AnyResponse:
    session, today = db.session(), business_date(clock.now())
    draft = queries.visible(session, current_actor(), draft_id)
    chosen = queries.request_of(session, draft)
    resources = data_requests.resources(session, chosen.id) if chosen else []
    held = draft.steps.get(step.value, {})
    values = request.form if request.method == "POST" else _shown(session, step, held)
    if step is Step.DATA and not held and request.method != "POST":
        values = proposed(resources, today)
    names = [str(one["name"]) for one in draft.steps.get("fields", {}).get("fields", [])]
    own = [one for one in products.approved_requests(session, current_actor(), today)
           if one.applicant_id == draft.owner_id]  # fmt: skip
    picked = (request.form.getlist("inputs") if request.method == "POST"
              else [str(one["resource_id"]) for one in held.get("inputs", [])])  # fmt: skip
    text = render_template(
        "registry/drafts/step.html", draft=draft, step=step, titles=STEP_TITLES, lacking=missing(draft.steps),
        values=values, words=words or [], refusal=words_of(refusal), requests=own, chosen=chosen, resources=resources,
        picked=picked, names=names, forms=list(DeliveryForm), evidence=held.get("evidence", []),
    )  # fmt: skip
    return make_response(text, status)


def _shown(session: Session, step: Step, held: dict[str, Any]) -> dict[str, Any]:
    """Return what a saved step looks like in its form."""
    if step is Step.FIELDS:
        lines = [
            " | ".join([one["name"], one["title"], one["type"], *([PERSONAL] if one.get("personal") else [])])
            for one in held.get("fields", [])
        ]
        return {"fields": "\n".join(lines)}
    if step is Step.SAMPLE:
        return {"sample": "\n".join(" | ".join(map(str, record.values())) for record in held.get("sample", []))}
    if step is Step.INPUTS:
        kept = [(products.version(session, UUID(one["version_id"])), one["access"]) for one in held.get("origins", [])]
        return {"origins": "\n".join(_origin_line(session, version, access) for version, access in kept)}
    if step is Step.DATA:
        weights = {f"weight-{one['resource_id']}": one["weight_input"] for one in held.get("inputs", [])}
        return weights | {f"quality-{one['resource_id']}": one["quality"] for one in held.get("inputs", [])}
    return held


def _origin_line(session: Session, version: ProductVersion, access: str) -> str:
    return f"{products.get(session, version.product_id).code} | {ACCESS_WORDS[AccessKind(access)]}"


def _check_page(draft_id: UUID, *, refusal: DomainError | None = None, status: int = 200) -> AnyResponse:
    session = db.session()
    draft = queries.visible(session, current_actor(), draft_id)
    lacking, wrong = missing(draft.steps), []
    if not lacking:
        try:
            product_values(draft)
        except ma.ValidationError as error:
            wrong = [f"{pointer.strip('/')}：{words}" for pointer, words in leaves(error.normalized_messages())]
    text = render_template(
        "registry/drafts/check.html", draft=draft, titles=STEP_TITLES, lacking=lacking, wrong=wrong,
        refusal=words_of(refusal), chosen=queries.request_of(session, draft),
        history=queries.history(session, draft.id), steps=STEPS,
    )  # fmt: skip
    return make_response(text, status)


def _owners() -> list[tuple[str, str]]:
    own = {grant.org_id for grant in current_actor().grants if grant.role in SELLERS and grant.org_id is not None}
    return sorted((str(found.id), found.name) for found in (parties.get(db.session(), one) for one in own))
