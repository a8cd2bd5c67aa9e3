"""Data products for programs."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires
from kernel.identity import Permission
from registry.products import commands, queries
from registry.products.model import Product
from registry.products.rules import difference
from registry.products.schemas import (
    ProductArgs,
    ProductDetailOut,
    ProductIn,
    ProductPageOut,
    VersionDifferenceArgs,
    VersionDifferenceOut,
    VersionIn,
)

blueprint = ApiBlueprint(
    "products", __name__, url_prefix="/api/v1/products", description="数据产品和服务 · data products"
)


@blueprint.get("")
@requires(Permission.PRODUCT_READ)
@blueprint.arguments(ProductArgs, location="query")
@blueprint.response(200, ProductPageOut)
def browse(args):
    """List the products within your scope; what is for sale is in the catalogue."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), Product)


@blueprint.post("")
@requires(Permission.PRODUCT_WRITE)
@blueprint.arguments(ProductIn)
@blueprint.response(201, ProductDetailOut)
def create(product_in):
    """Enter a product with its first version."""
    with db.transaction() as session:
        made = commands.create(session, current_actor(), **product_in, book=policy_book(), now=clock.now())
        return _seen(session, made.code)


@blueprint.get("/<code>")
@requires(Permission.PRODUCT_READ)
@blueprint.response(200, ProductDetailOut)
def show(code: str):
    """Read one product with its versions and their lineage."""
    return _seen(db.session(), code)


@blueprint.post("/<code>/versions")
@requires(Permission.PRODUCT_WRITE)
@blueprint.arguments(VersionIn)
@blueprint.response(201, ProductDetailOut)
def add_version(version_in, code: str):
    """Enter a new version; it has to be reviewed before anything is sold again."""
    with db.transaction() as session:
        product = queries.visible(session, current_actor(), code)
        product_id: UUID = product.id
        commands.add_version(session, current_actor(), product_id, **version_in, book=policy_book(), now=clock.now())
        return _seen(session, code)


@blueprint.get("/<code>/difference")
@requires(Permission.PRODUCT_READ)
@blueprint.arguments(VersionDifferenceArgs, location="query")
@blueprint.response(200, VersionDifferenceOut)
def compare(args, code: str):
    """Compare two versions part by part; without numbers, the newest with the one before it."""
    product = queries.visible(db.session(), current_actor(), code)
    newest = queries.latest_version(db.session(), product.id).number
    after = args.get("after") or newest
    before = args.get("before") or max(after - 1, 1)
    old, new = (queries.version_numbered(db.session(), product.id, number) for number in (before, after))
    changes = difference(queries.facts_of(old), queries.facts_of(new))
    return {"before": before, "after": after, "changes": changes}


def _seen(session: Session, code: str) -> dict[str, object]:
    session.flush()
    product = queries.visible(session, current_actor(), code)
    own = {name: getattr(product, name) for name in ProductDetailOut().fields if name != "versions"}
    return {**own, "versions": queries.versions(session, product.id)}
