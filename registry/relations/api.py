"""Related-party edges for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires
from kernel.identity import Permission
from registry.parties import queries as parties
from registry.relations import commands, queries
from registry.relations.model import Relation
from registry.relations.rules import share_words
from registry.relations.schemas import (
    EndIn,
    PathArgs,
    PathOut,
    RelationArgs,
    RelationIn,
    RelationOut,
    RelationPageOut,
)

blueprint = ApiBlueprint(
    "relations", __name__, url_prefix="/api/v1/relations", description="关联关系 · related parties"
)


@blueprint.get("")
@requires(Permission.RELATION_WRITE)
@blueprint.arguments(RelationArgs, location="query")
@blueprint.response(200, RelationPageOut)
def browse(args):
    """List the related-party edges of your organisation, or of your place."""
    return page(db.session(), queries.listed(current_actor(), party_id=args.get("party_id")), Relation)


@blueprint.post("")
@requires(Permission.RELATION_WRITE)
@blueprint.arguments(RelationIn)
@blueprint.response(201, RelationOut)
def state(relation_in):
    """Declare an edge of your organisation, or record one as the authority."""
    with db.transaction() as session:
        return commands.state(session, current_actor(), **relation_in, now=clock.now())


@blueprint.get("/path")
@requires(Permission.RELATION_WRITE)
@blueprint.arguments(PathArgs, location="query")
@blueprint.response(200, PathOut)
def path(args):
    """Find the chain of edges between two organisations that you may know of."""
    session, actor = db.session(), current_actor()
    origin = parties.visible(session, actor, args["from_id"])
    target = parties.visible(session, actor, args["to_id"])
    on = args.get("on") or clock.today()
    cited = queries.share_rule(policy_book(), args.get("place") or origin.place, on)
    found = queries.related_path(
        session, origin.id, target.id, on=on, share_min=cited.decimal() if cited is not None else None
    )
    words = queries.path_words(session, found) if found else ""
    return {
        "is_related": found is not None, "path": [relation.id for relation in found or []], "words": words,
        "share_rule": share_words(cited),
    }  # fmt: skip


@blueprint.get("/<uuid:relation_id>")
@requires(Permission.RELATION_WRITE)
@blueprint.response(200, RelationOut)
def show(relation_id: UUID):
    """Read one edge."""
    return queries.visible(db.session(), current_actor(), relation_id)


@blueprint.post("/<uuid:relation_id>/end")
@requires(Permission.RELATION_WRITE)
@blueprint.arguments(EndIn)
@blueprint.response(201, RelationOut)
def end(end_in, relation_id: UUID):
    """State the end of an edge; for the authority."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), relation_id)
        return commands.end(session, current_actor(), relation_id, **end_in, now=clock.now())
