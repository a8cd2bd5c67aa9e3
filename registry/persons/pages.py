"""The security administrator's desk, and the page on which a lost password is set anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, public, requires, words_of
from kernel.identity import Permission, Role
from registry.accounts import commands as account_commands
from registry.accounts import queries as accounts
from registry.accounts.model import Account
from registry.accounts.rules import ROLE_TITLES
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.persons import commands, queries
from registry.persons.model import GrantAsk
from registry.persons.rules import AskState, needs_second_person
from registry.persons.schemas import IdentityIn, PersonAccountIn, ReasonIn, ResetIn, RoleIn, identity_key

blueprint = Blueprint("person_pages", __name__, template_folder="../templates")
CHOICES_MAX = 500
Act = Callable[[Session, dict[str, Any]], object]


@blueprint.get("/accounts")
@requires(Permission.ACCOUNT_CREATE)
def browse() -> str:
    """List all accounts, and the roles that wait for a second person."""
    session, actor = db.session(), current_actor()
    sought = request.args.get("q", "").strip()
    query = accounts.listed()
    if sought:
        query = query.where(Account.login.contains(accounts.normalised_login(sought), autoescape=True)
                            | Account.name.contains(sought, autoescape=True))  # fmt: skip
    waiting = session.scalars(queries.asks(actor, state=AskState.ASKED).order_by(GrantAsk.asked_at)).all()
    return render_template(
        "registry/persons/list.html", found=page(session, query, Account), waiting=waiting, role_title=_role_title,
        now=clock.now(),
    )  # fmt: skip


@blueprint.route("/accounts/new", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_CREATE)
def create() -> AnyResponse:
    """Create an account."""
    form, status = Form(PersonAccountIn), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            fields = {name: value for name, value in form.data.items() if name != "identity_number"}
            try:
                with db.transaction() as session:
                    made = commands.create_account(
                        session, current_actor(), **fields, number=form.data["identity_number"], key=identity_key(),
                        now=clock.now(),
                    )  # fmt: skip
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("账号 %(login)s 已建立，请授予职责。", login=made.login), "success")
                return redirect(url_for("person_pages.show", account_id=made.id), code=303)
    known = db.session().scalars(parties.listed(current_actor()).order_by(Party.name).limit(CHOICES_MAX)).all()
    text = render_template(
        "registry/persons/new.html", form=form, refusal=words_of(form.problem),
        password_length_min=account_commands.PASSWORD_LENGTH_MIN,
        parties=[(str(party.id), f"{party.name}（{party.uscc}）") for party in known],
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/accounts/<uuid:account_id>")
@requires(Permission.ACCOUNT_CREATE)
def show(account_id: UUID) -> Response:
    """Show one account with its roles, and what may be done with it."""
    return _account_page(account_id)


@blueprint.post("/accounts/<uuid:account_id>/grants")
@requires(Permission.GRANT_ROLE)
def grant(account_id: UUID) -> AnyResponse:
    """Grant a role of an organisation; ask for a role that two persons grant."""

    def act(session: Session, data: dict[str, Any]) -> None:
        role, place = data["role"], data["place"]
        if needs_second_person(role) and not accounts.has_one_administrator(session):
            commands.ask_grant(
                session, current_actor(), account_id, role=role, place=place, reason=data["reason"], now=clock.now()
            )
        else:
            account_commands.grant_role(
                session, current_actor(), account_id, role=role, place=place, in_one_step=True, now=clock.now()
            )

    return _step(account_id, act, gettext("已办理：单位职责即时生效，其他职责待另一位安全管理员确认。"), schema=RoleIn)


@blueprint.post("/accounts/<uuid:account_id>/grants/<uuid:grant_id>/revocation")
@requires(Permission.GRANT_ROLE)
def revoke(account_id: UUID, grant_id: UUID) -> AnyResponse:
    """Take a role back at once."""
    return _step(
        account_id,
        lambda session, _data: account_commands.revoke_role(session, current_actor(), grant_id, now=clock.now()),
        gettext("职责已撤销，下一次请求起失效。"),
    )


@blueprint.post("/accounts/<uuid:account_id>/asks/<uuid:ask_id>/<any(confirmation, refusal, withdrawal):step>")
@requires(Permission.GRANT_ROLE)
def decide(account_id: UUID, ask_id: UUID, step: str) -> AnyResponse:
    """Confirm, decline or take back what was asked for."""

    def act(session: Session, data: dict[str, Any]) -> None:
        match_version(session, GrantAsk, ask_id)
        if step == "confirmation":
            commands.confirm_grant(session, current_actor(), ask_id, now=clock.now())
        elif step == "refusal":
            commands.refuse_grant(session, current_actor(), ask_id, reason=data["reason"], now=clock.now())
        else:
            commands.withdraw_grant(session, current_actor(), ask_id, now=clock.now())

    return _step(account_id, act, gettext("已办理。"), schema=ReasonIn if step == "refusal" else None)


@blueprint.post("/accounts/<uuid:account_id>/<any(disablement, enablement):step>")
@requires(Permission.ACCOUNT_CREATE)
def switch(account_id: UUID, step: str) -> AnyResponse:
    """Disable an account at once, or let it sign in again."""

    def act(session: Session, data: dict[str, Any]) -> None:
        match_version(session, Account, account_id)
        if step == "disablement":
            account_commands.disable(session, current_actor(), account_id, reason=data["reason"], now=clock.now())
        else:
            account_commands.enable(session, current_actor(), account_id, now=clock.now())

    return _step(account_id, act, gettext("已办理。"), schema=ReasonIn if step == "disablement" else None)


@blueprint.post("/accounts/<uuid:account_id>/identity")
@requires(Permission.ACCOUNT_CREATE)
def identify(account_id: UUID) -> AnyResponse:
    """Note whose account this is."""

    def act(session: Session, data: dict[str, Any]) -> None:
        commands.identify(
            session, current_actor(), account_id, number=data["identity_number"], key=identity_key(), now=clock.now()
        )

    return _step(account_id, act, gettext("身份已核验；平台不保存证件号码。"), schema=IdentityIn)


@blueprint.post("/accounts/<uuid:account_id>/password-reset")
@requires(Permission.ACCOUNT_CREATE)
def issue_reset(account_id: UUID) -> AnyResponse:
    """Give a one-time token; it is in this answer only."""
    try:
        with db.transaction() as session:
            issued = commands.issue_reset(session, current_actor(), account_id, now=clock.now())
    except DomainError as error:
        return _account_page(account_id, refusal=error, status=error.status)
    return _account_page(account_id, issued=issued, status=201)


@blueprint.route("/password-reset", methods=["GET", "POST"])
@public
def use_reset() -> AnyResponse:
    """Set a new password with a one-time token."""
    form, status = Form(ResetIn), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    commands.use_reset(session, current_actor(), **form.data, now=clock.now())
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("新密码已设置，请登录。"), "success")
                return redirect(url_for("account_pages.sign_in"), code=303)
    text = render_template(
        "registry/persons/reset.html", form=form, refusal=words_of(form.problem),
        password_length_min=account_commands.PASSWORD_LENGTH_MIN,
    )  # fmt: skip
    return make_response(text, status)


def _step(account_id: UUID, act: Act, done: str, *, schema: type[ma.Schema] | None = None) -> AnyResponse:
    form = Form(schema) if schema is not None else None
    if form is not None and not form.accepts():
        return _account_page(account_id, form=form, status=422)
    try:
        with db.transaction() as session:
            act(session, form.data if form is not None else {})
    except DomainError as error:
        if form is not None:
            form.refuse(error)
        return _account_page(account_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("person_pages.show", account_id=account_id), code=303)


def _account_page(
    account_id: UUID,
    *,
    form: Form | None = None,
    refusal: DomainError | None = None,
    issued: commands.Issued | None = None,
    status: int = 200,
) -> Response:
    session, actor, now = db.session(), current_actor(), clock.now()
    found = accounts.get(session, account_id)
    asks = queries.asks(actor, account_id=account_id).order_by(GrantAsk.asked_at.desc())
    book = policy_book()
    text = render_template(
        "registry/persons/account.html", found=found, now=now, form=form or Form(RoleIn), refusal=words_of(refusal),
        issued=issued, grants=accounts.grants_in_force(session, account_id), asks=session.scalars(asks).all(),
        person=queries.person_of(session, account_id), others=queries.other_accounts(session, account_id),
        sessions=accounts.live_sessions(session, account_id, now), keys=accounts.keys_of(session, account_id),
        role_title=_role_title, is_me=account_id == actor.id, me=actor.id,
        roles=[(role.value, _role_choice(role)) for role in Role if role is not Role.SCHEDULER],
        places=[(key, book.place(key).title) for key in book.places()],
    )  # fmt: skip
    return make_response(text, status)


def _role_title(role: Role) -> str:
    return str(gettext(ROLE_TITLES[role]))


def _role_choice(role: Role) -> str:
    title = _role_title(role)
    return str(gettext("%(role)s（须两人）", role=title)) if needs_second_person(role) else title
