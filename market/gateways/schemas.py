"""Platform interfaces as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.addresses import URL_LENGTH_MAX
from kernel.fields import EntityOut, Schema, TextField
from market.gateways.rules import Circuit


class GatewayIn(Schema):
    """Where the platform is, how long it is waited for, and when it is left alone."""

    url = TextField(required=True, max_length=URL_LENGTH_MAX)
    seconds_max = ma.fields.Integer(load_default=10, validate=ma.validate.Range(1, 30))
    bytes_max = ma.fields.Integer(load_default=1024 * 1024, validate=ma.validate.Range(1024, 64 * 1024 * 1024))
    failures_max = ma.fields.Integer(load_default=5, validate=ma.validate.Range(1, 100))
    pause_seconds = ma.fields.Integer(load_default=30, validate=ma.validate.Range(1, 3600))


class GatewayOut(EntityOut):
    """One registration; the secret is shown once, when it is made."""

    sequence = ma.fields.Integer()
    is_active = ma.fields.Boolean()
    url = ma.fields.String()
    seconds_max = ma.fields.Integer()
    bytes_max = ma.fields.Integer()
    failures_max = ma.fields.Integer()
    pause_seconds = ma.fields.Integer()
    registered_at = ma.fields.AwareDateTime()
    registered_by_name = ma.fields.String()


class GatewayMadeOut(GatewayOut):
    """A registration with the secret that signs every call of it."""

    secret = ma.fields.String()


class GatewayStateOut(ma.Schema):
    """Who serves a product, and whether the platform answers."""

    current = ma.fields.Nested(GatewayOut, allow_none=True)
    circuit = ma.fields.Enum(Circuit, by_value=True, allow_none=True)
    failures = ma.fields.Integer()
    changed_at = ma.fields.AwareDateTime(allow_none=True)
    history = ma.fields.List(ma.fields.Nested(GatewayOut))
