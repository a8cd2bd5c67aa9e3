"""Sign-in, keys and accounts for programs."""

from __future__ import annotations

from uuid import UUID

from flask import request

from kernel import clock, db
from kernel.errors import Unauthenticated
from kernel.http import ApiBlueprint, current_actor, match_version, page, public, repeats_harmlessly, requires
from kernel.identity import Permission
from registry.accounts import commands, queries
from registry.accounts.model import Account, ApiKey
from registry.accounts.schemas import (
    AccountIn,
    AccountOut,
    AccountPageOut,
    GrantIn,
    GrantOut,
    KeyIn,
    KeyOut,
    KeyPageOut,
    NewKeyOut,
    NewPasswordIn,
    ReasonIn,
    SessionOut,
    SignInIn,
)

blueprint = ApiBlueprint("accounts", __name__, url_prefix="/api/v1", description="登录与账号 · sign-in and accounts")


@blueprint.post("/sessions")
@public
@repeats_harmlessly
@blueprint.arguments(SignInIn)
@blueprint.response(201, SessionOut)
def sign_in(sign_in_in):
    """Start a session. The answer is not kept for repetition: it holds the token."""
    now = clock.now()
    with db.transaction() as session:
        commands.count_attempt(session, current_actor(), login=sign_in_in["login"], now=now)
    account = queries.authenticate(db.session(), **sign_in_in)
    with db.transaction() as session:
        return commands.start_session(session, current_actor(), account.id, now=now)


@blueprint.delete("/sessions/current")
@requires(Permission.ACCOUNT_OWN)
@blueprint.response(204)
def sign_out():
    """End the session whose token was sent."""
    with db.transaction() as session:
        commands.sign_out(session, current_actor(), token=_token(), now=clock.now())


@blueprint.get("/me")
@public
@blueprint.response(200, AccountOut)
def me():
    """Read your own account with its roles; also while they are suspended."""
    if not current_actor().is_authenticated:
        raise Unauthenticated(
            "请先登录，或在请求中提供有效的访问密钥", detail_en="Sign in first, or send a valid API key"
        )
    return queries.get(db.session(), current_actor().id)


@blueprint.post("/me/password")
@requires(Permission.ACCOUNT_OWN)
@blueprint.arguments(NewPasswordIn)
@blueprint.response(204)
def set_password(password_in):
    """Set a new password; your other sessions end."""
    with db.transaction() as session:
        commands.set_password(session, current_actor(), **password_in, token=_token(), now=clock.now())


@blueprint.get("/keys")
@requires(Permission.ACCOUNT_OWN)
@blueprint.response(200, KeyPageOut)
def keys():
    """List your API keys."""
    return page(db.session(), queries.keys(current_actor().id), ApiKey)


@blueprint.post("/keys")
@requires(Permission.KEY_MANAGE)
@repeats_harmlessly
@blueprint.arguments(KeyIn)
@blueprint.response(201, NewKeyOut)
def create_key(key_in):
    """Create an API key. The secret is shown in this answer only, so nothing is kept for repetition: a second
    request with the same name is refused.
    """
    with db.transaction() as session:
        made, secret = commands.create_key(session, current_actor(), **key_in, now=clock.now())
        return {**{field: getattr(made, field) for field in KeyOut().fields}, "secret": secret}


@blueprint.delete("/keys/<uuid:key_id>")
@requires(Permission.ACCOUNT_OWN)
@blueprint.response(200, KeyOut)
def revoke_key(key_id: UUID):
    """Revoke a key at once; a stop asks for no version."""
    with db.transaction() as session:
        return commands.revoke_key(session, current_actor(), key_id, now=clock.now())


@blueprint.get("/accounts")
@requires(Permission.ACCOUNT_CREATE)
@blueprint.response(200, AccountPageOut)
def browse():
    """List all accounts."""
    return page(db.session(), queries.listed(), Account)


@blueprint.post("/accounts")
@requires(Permission.ACCOUNT_CREATE)
@blueprint.arguments(AccountIn)
@blueprint.response(201, AccountOut)
def create(account_in):
    """Create an account, without any role yet."""
    with db.transaction() as session:
        made = commands.create_account(session, current_actor(), **account_in, now=clock.now())
        return queries.get(session, made.id)


@blueprint.get("/accounts/<uuid:account_id>")
@requires(Permission.ACCOUNT_CREATE)
@blueprint.response(200, AccountOut)
def show(account_id: UUID):
    """Read one account with its roles."""
    return queries.get(db.session(), account_id)


@blueprint.post("/accounts/<uuid:account_id>/grants")
@requires(Permission.GRANT_ROLE)
@blueprint.arguments(GrantIn)
@blueprint.response(201, GrantOut)
def grant(grant_in, account_id: UUID):
    """Grant a role of an organisation; other roles are asked for (``/grant-asks``) and confirmed by a second person."""
    with db.transaction() as session:
        return commands.grant_role(session, current_actor(), account_id, **grant_in, in_one_step=True, now=clock.now())


@blueprint.delete("/grants/<uuid:grant_id>")
@requires(Permission.GRANT_ROLE)
@blueprint.response(200, GrantOut)
def revoke_grant(grant_id: UUID):
    """Take a role back at once; a stop asks for no version."""
    with db.transaction() as session:
        return commands.revoke_role(session, current_actor(), grant_id, now=clock.now())


@blueprint.post("/accounts/<uuid:account_id>/disablement")
@requires(Permission.ACCOUNT_CREATE)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, AccountOut)
def disable(reason_in, account_id: UUID):
    """Disable an account: its sessions end, its keys are refused."""
    with db.transaction() as session:
        match_version(session, Account, account_id)
        return commands.disable(session, current_actor(), account_id, **reason_in, now=clock.now())


@blueprint.post("/accounts/<uuid:account_id>/enablement")
@requires(Permission.ACCOUNT_CREATE)
@blueprint.response(200, AccountOut)
def enable(account_id: UUID):
    """Let a disabled account sign in again."""
    with db.transaction() as session:
        match_version(session, Account, account_id)
        return commands.enable(session, current_actor(), account_id, now=clock.now())


def _token() -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
