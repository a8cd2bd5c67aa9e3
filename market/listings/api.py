"""Listings and imports for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from market.listings import commands, queries
from market.listings.model import ImportBatch, ImportRow, Listing
from market.listings.schemas import (
    BatchOut,
    BatchPageOut,
    BatchReportOut,
    FileIn,
    ListingArgs,
    ListingIn,
    ListingOut,
    ListingPageOut,
    RowArgs,
    RowPageOut,
)

blueprint = ApiBlueprint(
    "market", __name__, url_prefix="/api/v1", description="产品目录与挂牌 · catalogue and listings"
)


@blueprint.get("/listings")
@requires(Permission.PRODUCT_READ)
@blueprint.arguments(ListingArgs, location="query")
@blueprint.response(200, ListingPageOut)
def browse(args):
    """List your listings and imported drafts, open or not."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), Listing, newest_first=True)


@blueprint.post("/listings")
@requires(Permission.LISTING_WRITE)
@blueprint.arguments(ListingIn)
@blueprint.response(201, ListingOut)
def create(listing_in):
    """Offer a product."""
    with db.transaction() as session:
        return commands.list_product(session, current_actor(), **listing_in, now=clock.now(), book=policy_book())


@blueprint.get("/listings/<uuid:listing_id>")
@requires(Permission.PRODUCT_READ)
@blueprint.response(200, ListingOut)
def show(listing_id: UUID):
    """Read one of your listings."""
    return queries.visible(db.session(), current_actor(), listing_id)


@blueprint.post("/listings/<uuid:listing_id>/withdrawal")
@requires(Permission.LISTING_WRITE)
@blueprint.response(200, ListingOut)
def withdraw(listing_id: UUID):
    """Take an offer from the catalogue."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), listing_id)
        match_version(session, Listing, listing_id)
        return commands.withdraw(session, current_actor(), listing_id, now=clock.now())


@blueprint.get("/imports")
@requires(Permission.LISTING_IMPORT)
@blueprint.response(200, BatchPageOut)
def imports():
    """List the files that were read in."""
    return page(db.session(), queries.batches(current_actor()), ImportBatch, newest_first=True)


@blueprint.post("/imports")
@requires(Permission.LISTING_IMPORT)
@blueprint.arguments(FileIn)
@blueprint.response(201, BatchReportOut)
def read_in(file_in):
    """Read a foreign catalogue in: every row is accepted as a draft, or refused with every reason."""
    with db.transaction() as session:
        result = commands.import_listings(session, current_actor(), **file_in, now=clock.now(), book=policy_book())
        return _report(session, result.batch)


@blueprint.get("/imports/<number>")
@requires(Permission.LISTING_IMPORT)
@blueprint.response(200, BatchReportOut)
def read_in_report(number: str):
    """Read what became of a file."""
    return _report(db.session(), queries.batch(db.session(), current_actor(), number))


@blueprint.get("/imports/<number>/rows")
@requires(Permission.LISTING_IMPORT)
@blueprint.arguments(RowArgs, location="query")
@blueprint.response(200, RowPageOut)
def read_in_rows(args, number: str):
    """List the rows of a file with every remark, in the order of the file."""
    batch = queries.batch(db.session(), current_actor(), number)
    return page(db.session(), queries.import_rows(batch.id, accepted=args["accepted"]), ImportRow)


def _report(session, batch: ImportBatch):
    return {**{name: getattr(batch, name) for name in BatchOut().fields}, "remarks": queries.remarks(session, batch.id)}
