"""Sign-in, sign-out and one's own account, for people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, local_target, public, requires, words_of
from kernel.identity import Permission
from registry.accounts import commands, queries
from registry.accounts.commands import PASSWORD_LENGTH_MIN, SESSION_MAX
from registry.accounts.rules import ROLE_TITLES
from registry.accounts.schemas import KeyIn, NewPasswordIn, SignInIn

blueprint = Blueprint("account_pages", __name__, template_folder="../templates")
SESSION_COOKIE = "huiyi_session"
HOST_ONLY = "__Host-"  # browsers take a cookie of such a name from this very host over TLS only
DEMO_SIGN_INS = "HUIYI_DEMO_SIGN_INS"
FIRST_PAGE = "HUIYI_FIRST_PAGE"  # where somebody goes who signed in without asking for a page


def session_cookie() -> str:
    """Return the name of the cookie that holds the session."""
    return (HOST_ONLY if current_app.config["SESSION_COOKIE_SECURE"] else "") + SESSION_COOKIE


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> AnyResponse:
    """Ask for login and password; start a session and go to the page that was wanted."""
    wanted = local_target(request.args.get("next") or current_app.config.get(FIRST_PAGE, "/"))
    form = Form(SignInIn)
    if request.method == "GET":
        if current_actor().is_authenticated:
            return redirect(wanted, code=303)
        return make_response(_sign_in_page(form, wanted))
    if not form.accepts():
        return make_response(_sign_in_page(form, wanted), 422)
    try:
        signed = _sign_in(form.data)
    except DomainError as error:
        form.refuse(error)
        return make_response(_sign_in_page(form, wanted), error.status, error.headers)
    response = redirect(wanted, code=303)
    response.set_cookie(
        session_cookie(), signed.token, max_age=SESSION_MAX, httponly=True, samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip
    return response


def _sign_in(data: dict[str, Any]) -> commands.SignedIn:
    now = clock.now()
    with db.transaction() as session:
        commands.count_attempt(session, current_actor(), login=data["login"], now=now)
    account = queries.authenticate(db.session(), **data)
    with db.transaction() as session:
        earlier = request.cookies.get(session_cookie())
        if earlier:
            commands.sign_out(session, current_actor(), token=earlier, now=now)
        return commands.start_session(session, current_actor(), account.id, now=now)


def _sign_in_page(form: Form, wanted: str) -> str:
    people = current_app.config.get(DEMO_SIGN_INS) or []
    places = list(dict.fromkeys(person["place"] for person in people))
    return render_template(
        "registry/accounts/sign_in.html", form=form, wanted=wanted, refusal=words_of(form.problem),
        demo_places=[(place, [person for person in people if person["place"] == place]) for place in places],
    )  # fmt: skip


@blueprint.post("/sign-out")
@public
def sign_out() -> AnyResponse:
    """End the session of this browser; without one nothing happens."""
    token = request.cookies.get(session_cookie())
    if token and current_actor().is_authenticated:
        with db.transaction() as session:
            commands.sign_out(session, current_actor(), token=token, now=clock.now())
    flash(gettext("您已退出。"), "success")
    response = redirect(url_for("account_pages.sign_in"), code=303)
    response.delete_cookie(
        session_cookie(), httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"]
    )
    return response


@blueprint.get("/account")
@public
def account() -> AnyResponse:
    """Show who one is, what one may do, and the API keys. People of a suspended organisation learn it here."""
    if not current_actor().is_authenticated:
        return redirect(url_for("account_pages.sign_in", next=request.path), code=302)
    return account_page()


@blueprint.post("/account/keys")
@requires(Permission.KEY_MANAGE)
def create_key() -> Response:
    """Create an API key. Its secret is in this answer only: it is neither kept in a cookie nor shown again."""
    form = Form(KeyIn)
    if not form.accepts():
        return account_page(key_form=form, status=422)
    try:
        with db.transaction() as session:
            made, secret = commands.create_key(session, current_actor(), **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return account_page(key_form=form, status=error.status)
    return account_page(new_key=made, secret=secret, status=201)


@blueprint.post("/account/keys/<uuid:key_id>/revocation")
@requires(Permission.ACCOUNT_OWN)
def revoke_key(key_id: UUID) -> AnyResponse:
    """Revoke a key at once."""
    with db.transaction() as session:
        key = commands.revoke_key(session, current_actor(), key_id, now=clock.now())
    flash(gettext("访问密钥“%(name)s”已撤销，立即失效。", name=key.name), "success")
    return redirect(url_for("account_pages.account"), code=303)


@blueprint.post("/account/password")
@requires(Permission.ACCOUNT_OWN)
def set_password() -> AnyResponse:
    """Set a new password; other sessions end."""
    form = Form(NewPasswordIn)
    if not form.accepts():
        return account_page(password_form=form, status=422)
    try:
        with db.transaction() as session:
            token = request.cookies.get(session_cookie())
            commands.set_password(session, current_actor(), **form.data, token=token, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return account_page(password_form=form, status=error.status)
    flash(gettext("密码已更改，其他设备上的登录已退出。"), "success")
    return redirect(url_for("account_pages.account"), code=303)


def account_page(
    *,
    key_form: Form | None = None,
    password_form: Form | None = None,
    rotation_form: Form | None = None,
    new_key: Any = None,
    old_key: Any = None,
    secret: str = "",
    status: int = 200,
) -> Response:
    """Show who one is, with a new key's secret where one was just made, and with what was refused."""
    actor, session, now = current_actor(), db.session(), clock.now()
    own = queries.get(session, actor.id)
    text = render_template(
        "registry/accounts/account.html", own=own, now=now, new_key=new_key, old_key=old_key,
        secret=secret, rotation_form=rotation_form,
        keys=queries.keys_of(session, own.id), grants=queries.grants_in_force(session, own.id),
        sessions=queries.live_sessions(session, own.id, now), role_title=lambda role: gettext(ROLE_TITLES[role]),
        key_form=key_form or Form(KeyIn, {"days": "90"}), password_form=password_form or Form(NewPasswordIn),
        may_have_keys=actor.may(Permission.KEY_MANAGE), password_length_min=PASSWORD_LENGTH_MIN,
    )  # fmt: skip
    return make_response(text, status)
