"""Webhooks as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.addresses import URL_LENGTH_MAX
from kernel.calendar import BEIJING
from kernel.fields import EntityOut, MomentField, Schema, TextField
from kernel.http import page_of
from market.webhooks.rules import DeliveryState, EndpointState, Outcome

DESCRIPTION_LENGTH_MAX = 200
REASON_LENGTH_MAX = 200
TYPE_LENGTH_MAX = 80
TYPES_MAX = 500


class EndpointIn(Schema):
    """Where to send, and what: no types means all of them."""

    url = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=URL_LENGTH_MAX))
    description = TextField(load_default="", min_length=0, max_length=DESCRIPTION_LENGTH_MAX)
    types = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(min=1, max=TYPE_LENGTH_MAX)),
        load_default=list, validate=ma.validate.Length(max=TYPES_MAX),
    )  # fmt: skip


class SwitchIn(Schema):
    """Why an endpoint is switched off."""

    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class SinceIn(Schema):
    """From when on messages that were missed are sent."""

    since = MomentField(required=True, default_timezone=BEIJING)


class WebhookEndpointOut(EntityOut):
    """One endpoint; its secret has an address of its own."""

    org_id = ma.fields.UUID()
    url = ma.fields.String()
    description = ma.fields.String()
    types = ma.fields.List(ma.fields.String())
    state = ma.fields.Enum(EndpointState, by_value=True)
    former_until = ma.fields.AwareDateTime(allow_none=True)
    created_at = ma.fields.AwareDateTime()
    created_by_name = ma.fields.String()
    disabled_at = ma.fields.AwareDateTime(allow_none=True)
    disabled_reason = ma.fields.String(allow_none=True)


class WebhookSecretOut(ma.Schema):
    """The present secret, shown once, and its public key."""

    secret = ma.fields.String()
    public_key = ma.fields.String()


class WebhookDeliveryOut(EntityOut):
    """What became of one message at one endpoint."""

    endpoint_id = ma.fields.UUID()
    message_id = ma.fields.String(attribute="message.name")
    type = ma.fields.String(attribute="message.type")
    happened_at = ma.fields.AwareDateTime(attribute="message.happened_at")
    state = ma.fields.Enum(DeliveryState, by_value=True)
    tries = ma.fields.Integer(attribute="total_tries")
    next_try_at = ma.fields.AwareDateTime(allow_none=True)
    closed_at = ma.fields.AwareDateTime(allow_none=True)


class WebhookAttemptOut(ma.Schema):
    """One try."""

    number = ma.fields.Integer()
    tried_at = ma.fields.AwareDateTime()
    outcome = ma.fields.Enum(Outcome, by_value=True)
    status = ma.fields.Integer(allow_none=True)
    words = ma.fields.String()
    address = ma.fields.String(allow_none=True)
    took_ms = ma.fields.Integer()
    answer = ma.fields.String()


class WebhookLogOut(WebhookDeliveryOut):
    """One delivery with the body that was sent and every try."""

    body = ma.fields.String(attribute="message.body")
    attempts = ma.fields.List(ma.fields.Nested(WebhookAttemptOut))


class WebhookReplayOut(ma.Schema):
    """How many messages were queued again."""

    queued = ma.fields.Integer()


class EventTypeOut(ma.Schema):
    """One type of event."""

    type = ma.fields.String()
    title = ma.fields.String()
    schema = ma.fields.String(metadata={"description": "JSON Schema 的地址 · address of its JSON Schema"})


class EventTypesOut(ma.Schema):
    """Every type of event."""

    items = ma.fields.List(ma.fields.Nested(EventTypeOut))


class EventSchemaOut(ma.Schema):
    """A JSON Schema (2020-12)."""

    schema = ma.fields.String(data_key="$schema", attribute="$schema")
    id = ma.fields.String(data_key="$id", attribute="$id")
    comment = ma.fields.String(data_key="$comment", attribute="$comment")
    title = ma.fields.String()
    type = ma.fields.String()
    required = ma.fields.List(ma.fields.String())
    properties = ma.fields.Dict()
    additionalProperties = ma.fields.Boolean()


class WebhookKeysOut(ma.Schema):
    """The public keys that belong to the secrets that sign now, the present one first."""

    public_keys = ma.fields.List(ma.fields.String())
    former_until = ma.fields.AwareDateTime(allow_none=True)


WebhookEndpointPageOut = page_of(WebhookEndpointOut)
WebhookDeliveryPageOut = page_of(WebhookDeliveryOut)
