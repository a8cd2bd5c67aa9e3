"""The catalogue for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from registry.resources import commands, queries
from registry.resources.model import Resource
from registry.resources.schemas import DescriptionIn, ReasonIn, ResourceArgs, ResourceIn, ResourceOut, ResourcePageOut

blueprint = ApiBlueprint(
    "resources", __name__, url_prefix="/api/v1/resources", description="公共数据资源 · public data resources"
)


@blueprint.get("")
@requires(Permission.RESOURCE_READ)
@blueprint.arguments(ResourceArgs, location="query")
@blueprint.response(200, ResourcePageOut)
def browse(args):
    """List the resources within your scope."""
    query = queries.listed(
        current_actor(), place=args.get("place"), source_department_id=args.get("source_department_id")
    )
    return page(db.session(), query, Resource)


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
