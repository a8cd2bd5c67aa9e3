"""Webhooks for programs: endpoints, their secrets, what was delivered, and the types of events."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, public, repeats_harmlessly, requires
from kernel.identity import Permission
from market.webhooks import commands, gateway, queries
from market.webhooks.model import Delivery, Endpoint
from market.webhooks.rules import EndpointEvent, event_schema, public_key_text, secret_text
from market.webhooks.schemas import (
    EndpointIn,
    EventSchemaOut,
    EventTypesOut,
    SinceIn,
    SwitchIn,
    WebhookDeliveryOut,
    WebhookDeliveryPageOut,
    WebhookEndpointOut,
    WebhookEndpointPageOut,
    WebhookKeysOut,
    WebhookLogOut,
    WebhookReplayOut,
    WebhookSecretOut,
)

blueprint = ApiBlueprint("webhooks", __name__, url_prefix="/api/v1", description="事件推送 · webhooks")


@blueprint.get("/webhook-event-types")
@public
@blueprint.response(200, EventTypesOut)
def event_types():
    """List every type of event that can be told."""
    found = gateway.event_types()
    return {"items": [{"type": kind, "title": str(title), "schema": event_schema(kind, "")["$id"]}
                      for kind, title in found.items()]}  # fmt: skip


@blueprint.get("/webhook-event-types/<kind>")
@public
@blueprint.response(200, EventSchemaOut)
def schema_of(kind: str):
    """Read the JSON Schema of one type of event."""
    return event_schema(kind, str(queries.must_be_a_type(kind, gateway.event_types())))


@blueprint.get("/webhook-endpoints")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(200, WebhookEndpointPageOut)
def browse():
    """List the endpoints of your organisation."""
    return page(db.session(), queries.listed(current_actor()), Endpoint, newest_first=True)


@blueprint.post("/webhook-endpoints")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.arguments(EndpointIn)
@blueprint.response(201, WebhookEndpointOut)
def register(endpoint_in):
    """Register an endpoint; it is told of nothing before it has sent back the signed challenge."""
    with db.transaction() as session:
        return commands.register(
            session, current_actor(), **endpoint_in, known=gateway.choices(), admitted=gateway.admitted(),
            key=gateway.sealing_key(), now=clock.now(),
        )  # fmt: skip


@blueprint.get("/webhook-endpoints/<uuid:endpoint_id>")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(200, WebhookEndpointOut)
def show(endpoint_id: UUID):
    """Read one endpoint."""
    return queries.endpoint(db.session(), current_actor(), endpoint_id)


@blueprint.put("/webhook-endpoints/<uuid:endpoint_id>")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.arguments(EndpointIn)
@blueprint.response(200, WebhookEndpointOut)
def change(endpoint_in, endpoint_id: UUID):
    """Change address, description or types; another address must be proven anew."""
    with db.transaction() as session:
        _matched(session, endpoint_id)
        return commands.change(
            session, current_actor(), endpoint_id, **endpoint_in, known=gateway.choices(),
            admitted=gateway.admitted(), now=clock.now(),
        )  # fmt: skip


@blueprint.post("/webhook-endpoints/<uuid:endpoint_id>/secret")
@requires(Permission.WEBHOOK_MANAGE)
@repeats_harmlessly
@blueprint.response(200, WebhookSecretOut)
def secret(endpoint_id: UUID):
    """Show the present secret, once; the answer is not kept for repetition. Whoever lost it rotates."""
    with db.transaction() as session:
        found = commands.show_secret(
            session, current_actor(), endpoint_id, key=gateway.sealing_key(), now=clock.now()
        )  # fmt: skip
    return {"secret": secret_text(found), "public_key": public_key_text(found)}


@blueprint.get("/webhook-endpoints/<uuid:endpoint_id>/public-keys")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(200, WebhookKeysOut)
def public_keys(endpoint_id: UUID):
    """Read the public keys (Ed25519) that check the second kind of signature."""
    found = queries.endpoint(db.session(), current_actor(), endpoint_id)
    keys = gateway.secrets_of(found, gateway.sealing_key(), clock.now())
    return {
        "public_keys": [public_key_text(one) for one in keys],
        "former_until": found.former_until if len(keys) > 1 else None,
    }


@blueprint.post("/webhook-endpoints/<uuid:endpoint_id>/rotation")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(200, WebhookEndpointOut)
def rotate(endpoint_id: UUID):
    """Make a new secret; the former one signs beside it for 24 hours."""
    with db.transaction() as session:
        _matched(session, endpoint_id)
        return commands.rotate(
            session, current_actor(), endpoint_id, key=gateway.sealing_key(), now=clock.now()
        )  # fmt: skip


@blueprint.post("/webhook-endpoints/<uuid:endpoint_id>/challenge")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(200, WebhookEndpointOut)
def challenge(endpoint_id: UUID):
    """Send the signed challenge once more."""
    with db.transaction() as session:
        return commands.challenge(session, current_actor(), endpoint_id, now=clock.now())


@blueprint.post("/webhook-endpoints/<uuid:endpoint_id>/test")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(201, WebhookDeliveryOut)
def test(endpoint_id: UUID):
    """Send a test message; read the delivery to see how it went."""
    with db.transaction() as session:
        made = commands.send_test(session, current_actor(), endpoint_id, now=clock.now())
        return queries.delivery(session, current_actor(), made.id)


@blueprint.post("/webhook-endpoints/<uuid:endpoint_id>/disabling")
@requires(Permission.WEBHOOK_MANAGE)
@repeats_harmlessly
@blueprint.arguments(SwitchIn)
@blueprint.response(200, WebhookEndpointOut)
def disable(switch_in, endpoint_id: UUID):
    """Stop sending; what happens meanwhile waits to be replayed. A stop asks for no version."""
    with db.transaction() as session:
        return commands.switch(
            session, current_actor(), endpoint_id, EndpointEvent.DISABLE, **switch_in, now=clock.now()
        )  # fmt: skip


@blueprint.post("/webhook-endpoints/<uuid:endpoint_id>/enabling")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(200, WebhookEndpointOut)
def enable(endpoint_id: UUID):
    """Send again, beginning with what waits."""
    with db.transaction() as session:
        _matched(session, endpoint_id)
        return commands.switch(session, current_actor(), endpoint_id, EndpointEvent.ENABLE, now=clock.now())


@blueprint.delete("/webhook-endpoints/<uuid:endpoint_id>")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(200, WebhookEndpointOut)
def remove(endpoint_id: UUID):
    """Remove an endpoint for good; what was sent there stays in the log for 90 days."""
    with db.transaction() as session:
        _matched(session, endpoint_id)
        return commands.switch(session, current_actor(), endpoint_id, EndpointEvent.REMOVE, now=clock.now())


@blueprint.get("/webhook-endpoints/<uuid:endpoint_id>/deliveries")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(200, WebhookDeliveryPageOut)
def deliveries(endpoint_id: UUID):
    """List what was sent to an endpoint, the newest first."""
    queries.endpoint(db.session(), current_actor(), endpoint_id)
    return page(db.session(), queries.deliveries(current_actor(), endpoint_id), Delivery, newest_first=True)


@blueprint.post("/webhook-endpoints/<uuid:endpoint_id>/replay")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.arguments(SinceIn)
@blueprint.response(200, WebhookReplayOut)
def replay_missed(since_in, endpoint_id: UUID):
    """Queue what this endpoint never got since a moment, at most a thousand messages."""
    with db.transaction() as session:
        return {"queued": commands.replay_missed(
            session, current_actor(), endpoint_id, **since_in, now=clock.now())}  # fmt: skip


@blueprint.get("/webhook-deliveries/<uuid:delivery_id>")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(200, WebhookLogOut)
def delivery(delivery_id: UUID):
    """Read one delivery: the body, and every try with its answer."""
    found = queries.delivery(db.session(), current_actor(), delivery_id)
    shown = {name: getattr(found, name) for name in ("id", "version", "endpoint_id", "message", "state", "total_tries",
                                                     "next_try_at", "closed_at")}  # fmt: skip
    return {**shown, "attempts": queries.attempts(db.session(), found.id)}


@blueprint.post("/webhook-deliveries/<uuid:delivery_id>/replay")
@requires(Permission.WEBHOOK_MANAGE)
@blueprint.response(200, WebhookDeliveryOut)
def replay(delivery_id: UUID):
    """Send a message again under the same id."""
    with db.transaction() as session:
        queries.delivery(session, current_actor(), delivery_id)
        match_version(session, Delivery, delivery_id)
        return commands.replay(session, current_actor(), delivery_id, now=clock.now())


def _matched(session: Session, endpoint_id: UUID) -> None:
    queries.endpoint(session, current_actor(), endpoint_id)
    match_version(session, Endpoint, endpoint_id)
