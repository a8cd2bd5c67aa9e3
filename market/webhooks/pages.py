"""Webhooks for people: endpoints, their secrets, what was delivered, and what was answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, requires, words_of
from kernel.identity import Permission
from market.webhooks import commands, gateway, queries
from market.webhooks.commands import SecretShown
from market.webhooks.model import Delivery, Endpoint
from market.webhooks.rules import EndpointEvent, EndpointState, SecretUnreadable, family, public_key_text, secret_text
from market.webhooks.schemas import EndpointIn, SinceIn, SwitchIn

blueprint = Blueprint("webhook_pages", __name__, template_folder="../templates", url_prefix="/webhooks")


@blueprint.get("")
@requires(Permission.WEBHOOK_MANAGE)
def browse() -> Response:
    """List the endpoints of your organisation, and register one."""
    return _list_page(Form(EndpointIn))


@blueprint.post("")
@requires(Permission.WEBHOOK_MANAGE)
def register() -> AnyResponse:
    """Register an endpoint; its challenge is sent at once."""
    form = Form(EndpointIn)
    if not form.accepts():
        return _list_page(form, status=422)
    try:
        with db.transaction() as session:
            made = commands.register(
                session, current_actor(), **form.data, known=gateway.choices(), admitted=gateway.admitted(),
                key=gateway.sealing_key(), now=clock.now(),
            )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return _list_page(form, refusal=error, status=error.status)
    flash(gettext("推送地址已登记，正在发送验证请求。"), "success")
    return redirect(url_for("webhook_pages.show", endpoint_id=made.id), code=303)


@blueprint.get("/types")
@requires(Permission.WEBHOOK_MANAGE)
def types() -> str:
    """Show every type of event with its JSON Schema."""
    return render_template("market/webhooks/types.html", types=_types())


@blueprint.get("/<uuid:endpoint_id>")
@requires(Permission.WEBHOOK_MANAGE)
def show(endpoint_id: UUID) -> Response:
    """Show one endpoint with the log of its deliveries."""
    return _endpoint_page(endpoint_id)


@blueprint.post("/<uuid:endpoint_id>/secret")
@requires(Permission.WEBHOOK_MANAGE)
def secret(endpoint_id: UUID) -> Response:
    """Show the present secret, once."""
    try:
        with db.transaction() as session:
            found = commands.show_secret(
                session, current_actor(), endpoint_id, key=gateway.sealing_key(), now=clock.now()
            )  # fmt: skip
    except (SecretShown, SecretUnreadable) as error:
        return _endpoint_page(endpoint_id, refusal=error, status=error.status)
    endpoint = queries.endpoint(db.session(), current_actor(), endpoint_id)
    text = render_template(
        "market/webhooks/secret.html", endpoint=endpoint, secret=secret_text(found), public_key=public_key_text(found)
    )
    return make_response(text)


@blueprint.post("/<uuid:endpoint_id>")
@requires(Permission.WEBHOOK_MANAGE)
def change(endpoint_id: UUID) -> AnyResponse:
    """Change address, description or types."""

    def act(session: Session, data: dict[str, Any]) -> None:
        commands.change(
            session, current_actor(), endpoint_id, **data, known=gateway.choices(), admitted=gateway.admitted(),
            now=clock.now(),
        )  # fmt: skip

    return _step(endpoint_id, EndpointIn, gettext("推送地址已修改。"), act)


@blueprint.post("/<uuid:endpoint_id>/rotation")
@requires(Permission.WEBHOOK_MANAGE)
def rotate(endpoint_id: UUID) -> AnyResponse:
    """Make a new secret."""

    def act(session: Session, _data: dict[str, Any]) -> None:
        commands.rotate(session, current_actor(), endpoint_id, key=gateway.sealing_key(), now=clock.now())

    return _step(endpoint_id, SwitchIn, gettext("已生成新密钥；旧密钥在 24 小时内仍同时签名。"), act)


@blueprint.post("/<uuid:endpoint_id>/challenge")
@requires(Permission.WEBHOOK_MANAGE)
def challenge(endpoint_id: UUID) -> AnyResponse:
    """Send the challenge once more."""

    def act(session: Session, _data: dict[str, Any]) -> None:
        commands.challenge(session, current_actor(), endpoint_id, now=clock.now())

    return _step(endpoint_id, SwitchIn, gettext("验证请求已排队，几秒内发送。"), act)


@blueprint.post("/<uuid:endpoint_id>/test")
@requires(Permission.WEBHOOK_MANAGE)
def test(endpoint_id: UUID) -> AnyResponse:
    """Send a test message."""

    def act(session: Session, _data: dict[str, Any]) -> None:
        commands.send_test(session, current_actor(), endpoint_id, now=clock.now())

    return _step(endpoint_id, SwitchIn, gettext("测试消息已排队，几秒内发送；刷新本页看结果。"), act)


@blueprint.post("/<uuid:endpoint_id>/<any(disable, enable, remove):event>")
@requires(Permission.WEBHOOK_MANAGE)
def switch(endpoint_id: UUID, event: str) -> AnyResponse:
    """Disable, enable or remove an endpoint."""
    done = {
        "disable": gettext("推送地址已停用。"), "enable": gettext("推送地址已启用。"),
        "remove": gettext("推送地址已移除。"),
    }[event]  # fmt: skip

    def act(session: Session, data: dict[str, Any]) -> None:
        commands.switch(session, current_actor(), endpoint_id, EndpointEvent(event), **data, now=clock.now())

    return _step(endpoint_id, SwitchIn, done, act, stays=event != "remove")


@blueprint.post("/<uuid:endpoint_id>/replay")
@requires(Permission.WEBHOOK_MANAGE)
def replay_missed(endpoint_id: UUID) -> AnyResponse:
    """Queue what was missed since a moment."""

    def act(session: Session, data: dict[str, Any]) -> None:
        commands.replay_missed(session, current_actor(), endpoint_id, **data, now=clock.now())

    return _step(endpoint_id, SinceIn, gettext("错过的消息已排队。"), act)


@blueprint.get("/deliveries/<uuid:delivery_id>")
@requires(Permission.WEBHOOK_MANAGE)
def delivery(delivery_id: UUID) -> str:
    """Show one delivery: the body, and every try with its answer."""
    found = queries.delivery(db.session(), current_actor(), delivery_id)
    return render_template(
        "market/webhooks/delivery.html", delivery=found, attempts=queries.attempts(db.session(), found.id),
        laid_out=json.dumps(json.loads(found.message.body), ensure_ascii=False, indent=2),
        title=gateway.event_types().get(found.message.type, ""),
    )  # fmt: skip


@blueprint.post("/deliveries/<uuid:delivery_id>/replay")
@requires(Permission.WEBHOOK_MANAGE)
def replay(delivery_id: UUID) -> AnyResponse:
    """Send a message again under the same id."""
    queries.delivery(db.session(), current_actor(), delivery_id)
    try:
        with db.transaction() as session:
            match_version(session, Delivery, delivery_id)
            commands.replay(session, current_actor(), delivery_id, now=clock.now())
    except DomainError as error:
        flash(error.detail, "danger")
    else:
        flash(gettext("消息已重新排队，编号不变。"), "success")
    return redirect(url_for("webhook_pages.delivery", delivery_id=delivery_id), code=303)


def _step(
    endpoint_id: UUID, schema: Any, done: str, act: Callable[[Session, dict[str, Any]], None], *, stays: bool = True
) -> AnyResponse:  # fmt: skip
    form = Form(schema)
    if not form.accepts():
        return _endpoint_page(endpoint_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.endpoint(session, current_actor(), endpoint_id)
            match_version(session, Endpoint, endpoint_id)
            act(session, form.data)
    except DomainError as error:
        form.refuse(error)
        return _endpoint_page(endpoint_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    target = url_for("webhook_pages.show", endpoint_id=endpoint_id) if stays else url_for("webhook_pages.browse")
    return redirect(target, code=303)


def _list_page(form: Form, *, refusal: DomainError | None = None, status: int = 200) -> Response:
    found = page(db.session(), queries.listed(current_actor()), Endpoint, newest_first=True)
    text = render_template(
        "market/webhooks/list.html", found=found, form=form, families=_families(), refusal=words_of(refusal),
        endpoints_max=commands.ENDPOINTS_MAX, chosen=request.form.getlist("types"),
    )  # fmt: skip
    return make_response(text, status)


def _endpoint_page(
    endpoint_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    session, actor = db.session(), current_actor()
    endpoint = queries.endpoint(session, actor, endpoint_id)
    log = page(session, queries.deliveries(actor, endpoint_id), Delivery, newest_first=True)
    kept = {"url": endpoint.url, "description": endpoint.description, "types": endpoint.types}
    shown = form if form is not None and isinstance(form.schema, EndpointIn) else Form(EndpointIn, kept)
    text = render_template(
        "market/webhooks/endpoint.html", endpoint=endpoint, log=log, form=shown, families=_families(),
        states=EndpointState, refusal=words_of(refusal), errors=form.errors if form is not None else {},
        chosen=request.form.getlist("types") if shown is form else endpoint.types,
    )  # fmt: skip
    return make_response(text, status)


def _types() -> dict[str, list[str]]:
    """Return the types of events by the title of the record that they are about."""
    found: dict[str, list[str]] = {}
    for kind, title in sorted(gateway.event_types().items()):
        found.setdefault(str(title), []).append(kind)
    return found


def _families() -> list[tuple[str, str]]:
    """Return the choices of the form: everything about one kind of record."""
    found: dict[str, str] = {}
    for kind, title in gateway.choices().items():
        found.setdefault(family(kind), str(title))
    return sorted(found.items())
