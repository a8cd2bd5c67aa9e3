"""Identities, askings and tokens as they travel; an identity number comes in and never goes out."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import current_app

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from kernel.identity import Role
from registry.accounts.schemas import AccountIn, PasswordField
from registry.persons.rules import AskState

REASON_LENGTH_MAX = 2000
TOKEN_LENGTH_MAX = 100


def identity_key() -> bytes:
    """Return the secret under which identity numbers are digested: the application's own, which production must set."""
    return str(current_app.config["SECRET_KEY"]).encode()


class NumberField(ma.fields.String):
    """An identity number: taken as typed, never shown."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(load_only=True, validate=ma.validate.Length(1, 40), **kwargs)


class PersonAccountIn(AccountIn):
    """A new account, with the identity number of its person where it was taken."""

    identity_number = NumberField(load_default=None, allow_none=True)


class IdentityIn(Schema):
    """The number of a resident identity card."""

    identity_number = NumberField(required=True)


class AskIn(Schema):
    """A role that two persons grant, at one place or (absent) all, and why."""

    account_id = ma.fields.UUID(required=True)
    role = ma.fields.Enum(Role, by_value=True, required=True)
    place = TextField(load_default=None, max_length=40)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class RoleIn(Schema):
    """A role for the account of the page; the reason is needed where two persons grant it."""

    role = ma.fields.Enum(Role, by_value=True, required=True)
    place = TextField(load_default=None, max_length=40)
    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class ReasonIn(Schema):
    """Why."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ResetIn(Schema):
    """A one-time token and the new password."""

    token = TextField(required=True, max_length=TOKEN_LENGTH_MAX)
    password = PasswordField()


class AskArgs(PageArgs):
    """Filters of the list."""

    state = ma.fields.Enum(AskState, by_value=True)


class IdentityOut(ma.Schema):
    """Whose account it is: the other accounts of the same person."""

    account_id = ma.fields.UUID()
    is_identified = ma.fields.Boolean()
    other_accounts = ma.fields.List(ma.fields.UUID())


class AskOut(EntityOut):
    """One asking."""

    account_id = ma.fields.UUID()
    role = ma.fields.Enum(Role, by_value=True)
    place = ma.fields.String(allow_none=True)
    reason = ma.fields.String()
    state = ma.fields.Enum(AskState, by_value=True)
    asked_by = ma.fields.UUID()
    asked_by_name = ma.fields.String()
    asked_at = ma.fields.AwareDateTime()
    expires_at = ma.fields.AwareDateTime()
    decided_by = ma.fields.UUID(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decision_reason = ma.fields.String(allow_none=True)
    grant_id = ma.fields.UUID(allow_none=True)


class TokenOut(ma.Schema):
    """A one-time token, shown once."""

    token = ma.fields.String()
    expires_at = ma.fields.AwareDateTime()


AskPageOut = page_of(AskOut)
