"""Accounts, sessions and keys as they travel; secrets go out once and never come back."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import page_of
from kernel.identity import Role
from registry.accounts.commands import KEY_DAYS_MAX, KEY_NAME_LENGTH_MAX
from registry.accounts.rules import AccountState
from registry.parties.schemas import NAME_LENGTH_MAX, PartyNameOut

LOGIN_LENGTH_MAX = 64
PASSWORD_LENGTH_MAX = 256  # argon2 reads all of it: an endless one would be work for an attacker to give


class PasswordField(ma.fields.String):
    """A password: taken as typed, never stripped, never shown."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(
            required=True, load_only=True, validate=ma.validate.Length(1, PASSWORD_LENGTH_MAX),
            metadata={"format": "password"},
        )  # fmt: skip


class SignInIn(Schema):
    """Login and password."""

    login = TextField(required=True, max_length=LOGIN_LENGTH_MAX)
    password = PasswordField()


class AccountIn(Schema):
    """A new account."""

    login = TextField(required=True, min_length=2, max_length=LOGIN_LENGTH_MAX)
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    password = PasswordField()
    party_id = ma.fields.UUID(load_default=None)


class GrantIn(Schema):
    """A role, for the account's organisation where the role needs one, at one place or (absent) all."""

    role = ma.fields.Enum(Role, by_value=True, required=True)
    party_id = ma.fields.UUID(load_default=None)
    place = TextField(load_default=None, max_length=40)


class NewPasswordIn(Schema):
    """The present password and the new one."""

    present = PasswordField()
    password = PasswordField()


class KeyIn(Schema):
    """A new API key."""

    name = TextField(required=True, max_length=KEY_NAME_LENGTH_MAX)
    days = ma.fields.Integer(load_default=90, validate=ma.validate.Range(1, KEY_DAYS_MAX))


class ReasonIn(Schema):
    """Why."""

    reason = TextField(required=True, max_length=2000)


class GrantOut(EntityOut):
    """One role of an account."""

    role = ma.fields.Enum(Role, by_value=True)
    party_id = ma.fields.UUID(allow_none=True)
    place = ma.fields.String(allow_none=True)
    granted_at = ma.fields.AwareDateTime()
    granted_by = ma.fields.UUID(allow_none=True)
    revoked_at = ma.fields.AwareDateTime(allow_none=True)


class AccountOut(EntityOut):
    """One account."""

    login = ma.fields.String()
    name = ma.fields.String()
    state = ma.fields.Enum(AccountState, by_value=True)
    created_at = ma.fields.AwareDateTime()
    party = ma.fields.Nested(PartyNameOut, allow_none=True)
    grants = ma.fields.List(ma.fields.Nested(GrantOut))


class SessionOut(ma.Schema):
    """A new session. Send the token as ``Authorization: Bearer``; it is shown once."""

    token = ma.fields.String()
    expires_at = ma.fields.AwareDateTime()
    account = ma.fields.Nested(AccountOut)


class KeyOut(EntityOut):
    """One API key, without its secret."""

    prefix = ma.fields.String()
    name = ma.fields.String()
    created_at = ma.fields.AwareDateTime()
    expires_at = ma.fields.AwareDateTime()
    revoked_at = ma.fields.AwareDateTime(allow_none=True)
    last_used_at = ma.fields.AwareDateTime(allow_none=True)


class NewKeyOut(KeyOut):
    """A new API key with its secret, shown once."""

    secret = ma.fields.String()


AccountPageOut = page_of(AccountOut)
KeyPageOut = page_of(KeyOut)
