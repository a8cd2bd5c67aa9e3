"""Replacing a key as it travels; the new secret goes out once."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import Schema
from registry.accounts.commands import KEY_DAYS_MAX
from registry.accounts.schemas import KeyOut, NewKeyOut
from registry.key_rotations.commands import OVERLAP_HOURS_MAX


class RotationIn(Schema):
    """How long the new key holds, and how long the old one beside it (0: not at all)."""

    days = ma.fields.Integer(load_default=90, validate=ma.validate.Range(1, KEY_DAYS_MAX))
    overlap_hours = ma.fields.Integer(load_default=0, validate=ma.validate.Range(0, OVERLAP_HOURS_MAX))


class RotationOut(NewKeyOut):
    """The new API key with its secret, shown once, and the key that it replaces."""

    replaces = ma.fields.Nested(KeyOut)
