"""The catalogue for other platforms: DCAT-AP 3 and ODRL 2.2 out, records of other platforms in."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, cursor_after, page, page_position, policy_book, public, requires
from kernel.identity import Permission
from market.catalogue import queries as catalogue
from market.interchange import commands, queries, rules
from market.interchange.gateway import LINKED_DATA, PAGE, base, linked, page_address
from market.interchange.model import ImportedRecord
from market.interchange.schemas import (
    InterchangeArgs,
    ProductRecordIn,
    ProductRecordOut,
    ProductRecordPageOut,
)
from market.search.queries import Wanted, position_of
from market.search.rules import Sort

blueprint = ApiBlueprint(
    "interchange", __name__, url_prefix="/api/v1/interchange", description="开放互通 · DCAT-AP, ODRL"
)


@blueprint.get("/catalogue")
@public
@blueprint.arguments(InterchangeArgs, location="query")
@blueprint.response(200, description="dcat:Catalog", content_type=LINKED_DATA)
def catalogue_page(_args) -> Response:
    """Read the catalogue as DCAT-AP 3 (JSON-LD), newest first; ``hydra:next`` names the next page."""
    limit, after = page_position(PAGE)
    session, now, book = db.session(), clock.now(), policy_book()
    found = catalogue.find(
        session, Wanted(sort=Sort.NEWEST), now=now, book=book, limit=limit, after=position_of(after)
    )  # fmt: skip
    records = queries.records(session, current_actor(), [one.listing for one in found.entries], now=now, book=book)
    following = page_address(cursor_after(found.more.text)) if found.more else None
    body = rules.catalogue(records, base(), page=page_address(), following=following, publisher="惠益")
    answer = linked(body)
    if following is not None:
        answer.headers["Link"] = f'<{following}>; rel="next"'
    return answer


@blueprint.get("/products/<code>")
@public
@blueprint.response(200, description="dcat:Dataset", content_type=LINKED_DATA)
def dataset(code: str) -> Response:
    """Read one product as ``dcat:Dataset`` with its offer and the digest of its record."""
    found = queries.record(db.session(), current_actor(), code, now=clock.now(), book=policy_book())
    return linked(rules.document(rules.dataset(found, base())))


@blueprint.get("/products/<code>/offer")
@public
@blueprint.response(200, description="odrl:Offer", content_type=LINKED_DATA)
def offer(code: str) -> Response:
    """Read what may be done with a product, and for how much, as ``odrl:Offer``."""
    found = queries.record(db.session(), current_actor(), code, now=clock.now(), book=policy_book())
    return linked(rules.document(rules.offer(found, base())))


@blueprint.get("/records")
@requires(Permission.LISTING_IMPORT)
@blueprint.response(200, ProductRecordPageOut)
def records():
    """List the records that your organisation read in, newest first."""
    return page(db.session(), queries.imported(current_actor()), ImportedRecord, newest_first=True)


@blueprint.post("/records")
@requires(Permission.LISTING_IMPORT)
@blueprint.arguments(ProductRecordIn)
@blueprint.response(201, ProductRecordOut)
def read_in(record_in):
    """Read in a product record of another platform; a record that was changed on its way is refused."""
    with db.transaction() as session:
        return commands.import_record(
            session, current_actor(), record_in["dataset"], origin=record_in["origin"], now=clock.now()
        )


@blueprint.get("/records/<uuid:record_id>")
@requires(Permission.LISTING_IMPORT)
@blueprint.response(200, ProductRecordOut)
def record(record_id: UUID):
    """Read which record was read in, when and by whom."""
    return queries.imported_one(db.session(), current_actor(), record_id)


@blueprint.get("/records/<uuid:record_id>/dataset")
@requires(Permission.LISTING_IMPORT)
@blueprint.response(200, description="dcat:Dataset", content_type=LINKED_DATA)
def record_dataset(record_id: UUID) -> Response:
    """Read a record that was read in as DCAT-AP again: its digest is the one that it came with."""
    found = queries.imported_one(db.session(), current_actor(), record_id)
    return linked(rules.document(rules.dataset(queries.plain(found), base())))
