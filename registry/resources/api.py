"""The catalogue for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from registry.resources import commands, queries
from registry.resources.model import Resource
from registry.resources.schemas import (
    DescriptionIn,
    ReasonIn,
    ResourceArgs,
    ResourceHistoryOut,
    ResourceIn,
    ResourceOut,
    ResourcePageOut,
    ResourceRegistrationIn,
    ResourceRegistrationsOut,
    ResourceSampleIn,
    SharedInConsentIn,
    SharedInIn,
    SharedInOut,
    SimulatedOut,
)

blueprint = ApiBlueprint(
    "resources", __name__, url_prefix="/api/v1/resources", description="公共数据资源 · public data resources"
)


@blueprint.get("")
@requires(Permission.RESOURCE_READ)
@blueprint.arguments(ResourceArgs, location="query")
@blueprint.response(200, ResourcePageOut)
def browse(args):
    """List the resources within your scope: the sharing catalogue, by word, department, classification and grade."""
    wanted = {name: value for name, value in args.items() if name not in ("limit", "cursor")}
    return page(db.session(), queries.search(current_actor(), **wanted), Resource)


@blueprint.post("")
@requires(Permission.RESOURCE_WRITE)
@blueprint.arguments(ResourceIn)
@blueprint.response(201, ResourceOut)
def create(resource_in):
    """Enter a resource into the catalogue."""
    with db.transaction() as session:
        made = commands.catalogue(session, current_actor(), **resource_in, now=clock.now(), book=policy_book())
        return queries.visible(session, current_actor(), made.id)


@blueprint.get("/<uuid:resource_id>")
@requires(Permission.RESOURCE_READ)
@blueprint.response(200, ResourceOut)
def show(resource_id: UUID):
    """Read one resource."""
    return queries.visible(db.session(), current_actor(), resource_id)


@blueprint.put("/<uuid:resource_id>")
@requires(Permission.RESOURCE_WRITE)
@blueprint.arguments(DescriptionIn)
@blueprint.response(200, ResourceOut)
def change(description_in, resource_id: UUID):
    """Change the description of a resource."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), resource_id)
        match_version(session, Resource, resource_id)
        commands.change(session, current_actor(), resource_id, **description_in, now=clock.now())
        return found


@blueprint.post("/<uuid:resource_id>/bar")
@requires(Permission.RESOURCE_WRITE)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, ResourceOut)
def bar(reason_in, resource_id: UUID):
    """Bar a resource from opening."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), resource_id)
        match_version(session, Resource, resource_id)
        commands.bar(session, current_actor(), resource_id, **reason_in, now=clock.now())
        return found


@blueprint.post("/<uuid:resource_id>/unbar")
@requires(Permission.RESOURCE_WRITE)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, ResourceOut)
def unbar(reason_in, resource_id: UUID):
    """Admit a barred resource again."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), resource_id)
        match_version(session, Resource, resource_id)
        commands.unbar(session, current_actor(), resource_id, **reason_in, now=clock.now())
        return found


@blueprint.get("/<uuid:resource_id>/history")
@requires(Permission.RESOURCE_READ)
@blueprint.response(200, ResourceHistoryOut)
def history(resource_id: UUID):
    """Read what was done with a resource, newest first."""
    found = queries.visible(db.session(), current_actor(), resource_id)
    return {"items": queries.history(db.session(), found.id)}


@blueprint.get("/<uuid:resource_id>/simulated")
@requires(Permission.RESOURCE_READ)
@blueprint.response(200, SimulatedOut)
def simulated(resource_id: UUID):
    """Look at simulated rows of a resource before asking for it; they hold no real record."""
    found = queries.visible(db.session(), current_actor(), resource_id)
    return queries.offered_sample(
        db.session(), current_actor(), found, book=policy_book(), on=business_date(clock.now())
    )


@blueprint.post("/<uuid:resource_id>/samples")
@requires(Permission.RESOURCE_WRITE)
@blueprint.arguments(ResourceSampleIn)
@blueprint.response(201, SimulatedOut)
def upload_sample(sample_in, resource_id: UUID):
    """Give the department's own simulated rows."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), resource_id)
        commands.upload_sample(session, current_actor(), found.id, **sample_in, now=clock.now())
        return queries.simulated(session, found)


@blueprint.get("/<uuid:resource_id>/shared-in")
@requires(Permission.RESOURCE_READ)
@blueprint.response(200, SharedInOut)
def show_shared_in(resource_id: UUID):
    """Read whether a resource was shared in, and whether its provider consents today."""
    found = queries.visible(db.session(), current_actor(), resource_id)
    return _shared_in(db.session(), found)


@blueprint.post("/<uuid:resource_id>/shared-in")
@requires(Permission.RESOURCE_WRITE)
@blueprint.arguments(SharedInIn)
@blueprint.response(201, SharedInOut)
def state_shared_in(shared_in, resource_id: UUID):
    """State that a resource was provided by another region or department, or that it was not."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), resource_id)
        commands.state_shared_in(session, current_actor(), found.id, **shared_in, now=clock.now())
        return _shared_in(session, found)


@blueprint.post("/<uuid:resource_id>/consents")
@requires(Permission.RESOURCE_WRITE)
@blueprint.arguments(SharedInConsentIn)
@blueprint.response(201, SharedInOut)
def record_consent(consent_in, resource_id: UUID):
    """Record what the provider of a shared-in resource said."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), resource_id)
        commands.record_consent(session, current_actor(), found.id, **consent_in, now=clock.now())
        return _shared_in(session, found)


@blueprint.get("/<uuid:resource_id>/registrations")
@requires(Permission.RESOURCE_READ)
@blueprint.response(200, ResourceRegistrationsOut)
def registrations(resource_id: UUID):
    """Read whether the resource itself is registered, and under which confirmation number."""
    found = queries.visible(db.session(), current_actor(), resource_id)
    return {"items": queries.registrations(db.session(), found.id)}


@blueprint.post("/<uuid:resource_id>/registrations")
@requires(Permission.RESOURCE_WRITE)
@blueprint.arguments(ResourceRegistrationIn)
@blueprint.response(201, ResourceRegistrationsOut)
def record_registration(registration_in, resource_id: UUID):
    """Record whether the resource itself is registered, with number and evidence."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), resource_id)
        commands.record_registration(session, current_actor(), found.id, **registration_in, now=clock.now())
        session.flush()
        return {"items": queries.registrations(session, found.id)}


def _shared_in(session: Session, found: Resource) -> dict[str, Any]:
    session.flush()
    statement = queries.shared_in(session, found.id)
    if statement is None or not statement.is_shared_in:
        return {"is_shared_in": False, "provider_id": None, "provider_name": "", "is_consented": True, "consents": []}
    today = business_date(clock.now())
    return {
        "is_shared_in": True, "provider_id": statement.provider_id, "provider_name": statement.provider_name,
        "is_consented": not queries.lacks_consent(session, found.id, today),
        "consents": queries.consents(session, statement.id),
    }  # fmt: skip
