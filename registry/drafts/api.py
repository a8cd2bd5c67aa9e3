"""Product drafts for programs."""

from __future__ import annotations

from uuid import UUID

import marshmallow as ma

from kernel import clock, db
from kernel.http import ApiBlueprint, ValidationFailed, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from kernel.wording import leaves
from registry.drafts import commands, queries
from registry.drafts.model import ProductDraft
from registry.drafts.rules import Step, refuse_incomplete
from registry.drafts.schemas import DraftArgs, DraftIn, DraftOut, DraftPageOut, DraftStepIn, product_values
from registry.products import queries as products
from registry.products.schemas import ProductOut

blueprint = ApiBlueprint(
    "product_drafts", __name__, url_prefix="/api/v1/product-drafts", description="产品草稿 · product drafts"
)


@blueprint.get("")
@requires(Permission.PRODUCT_WRITE)
@blueprint.arguments(DraftArgs, location="query")
@blueprint.response(200, DraftPageOut)
def browse(args):
    """List the drafts of your organisation."""
    return page(db.session(), queries.listed(current_actor(), state=args.get("state")), ProductDraft, newest_first=True)


@blueprint.post("")
@requires(Permission.PRODUCT_WRITE)
@blueprint.arguments(DraftIn)
@blueprint.response(201, DraftOut)
def start(draft_in):
    """Start a draft."""
    with db.transaction() as session:
        made = commands.start(session, current_actor(), **draft_in, now=clock.now())
        session.flush()
        return queries.visible(session, current_actor(), made.id)


@blueprint.get("/<uuid:draft_id>")
@requires(Permission.PRODUCT_WRITE)
@blueprint.response(200, DraftOut)
def show(draft_id: UUID):
    """Read one draft and what it still lacks."""
    return queries.visible(db.session(), current_actor(), draft_id)


@blueprint.put("/<uuid:draft_id>/steps/<any(basis,data,fields,sample,inputs,delivery):step>")
@requires(Permission.PRODUCT_WRITE)
@blueprint.arguments(DraftStepIn)
@blueprint.response(200, DraftOut)
def save(content, draft_id: UUID, step: str):
    """Save one step as it is, complete or not."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), draft_id)
        match_version(session, ProductDraft, draft_id)
        commands.save(session, current_actor(), draft_id, step=Step(step), content=content, now=clock.now())
        return found


@blueprint.post("/<uuid:draft_id>/product")
@requires(Permission.PRODUCT_WRITE)
@blueprint.response(201, ProductOut)
def finish(draft_id: UUID):
    """Make the product and its first version of a complete draft."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), draft_id)
        match_version(session, ProductDraft, draft_id)
        refuse_incomplete(found.steps)
        try:
            values = product_values(found)
        except ma.ValidationError as error:
            raise ValidationFailed(
                "草稿内容不符合产品的要求，请逐项更正",
                errors=[
                    {"pointer": pointer, "code": "invalid", "message": str(words)}
                    for pointer, words in leaves(error.normalized_messages())
                ],
            ) from error
        made = commands.finish(session, current_actor(), draft_id, values=values, book=policy_book(), now=clock.now())
        session.flush()
        return products.visible(session, current_actor(), made.code)


@blueprint.post("/<uuid:draft_id>/discard")
@requires(Permission.PRODUCT_WRITE)
@blueprint.response(200, DraftOut)
def discard(draft_id: UUID):
    """Give a draft up."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), draft_id)
        match_version(session, ProductDraft, draft_id)
        commands.discard(session, current_actor(), draft_id, now=clock.now())
        return found
