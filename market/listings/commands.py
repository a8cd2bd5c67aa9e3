"""Offering a product, withdrawing the offer, and reading a foreign catalogue in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from market.listings import queries, sheets
from market.listings.model import ImportBatch, ImportRow, Listing
from market.listings.rules import Column, Reason, RowRead, read_row, search_words
from market.policy import MarketPolicy
from market.search import commands as search
from market.search.commands import Offered
from market.venues.rules import check_venue, venue_rule
from registry.products import queries as products
from registry.products.model import Product

CELL_LENGTH_MAX = 2000


class AlreadyListed(Conflict):
    """The product has a listing."""

    code = "listing.already_listed"
    title = "产品已经上架"
    title_en = "Already listed"


class AlreadyWithdrawn(Conflict):
    """The listing was withdrawn before."""

    code = "listing.already_withdrawn"


class SellerNotAllowed(Invalid):
    """At this place somebody else sells (SEP-01)."""

    code = "listing.seller_not_allowed"
    title = "该主体不得在当地出售产品"
    title_en = "Not a permitted seller there"


class SourceMissing(Invalid):
    """A product without a statement of its source cannot be offered (MKT-03)."""

    code = "listing.source_missing"


class FileImportedBefore(Conflict):
    """The very same file was read in at this place before."""

    code = "import.duplicate_file"
    title = "该文件已经导入"
    title_en = "The file was imported before"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a file: the batch, and one entry per row in the order of the file."""

    batch: ImportBatch
    rows: list[ImportRow]

    @property
    def accepted(self) -> int:
        """How many rows became drafts."""
        return self.batch.accepted

    @property
    def refused(self) -> int:
        """How many rows were refused."""
        return self.batch.refused


def list_product(
    session: Session,
    actor: Actor,
    *,
    product_id: UUID,
    summary: str,
    now: datetime,
    book: PolicyBook,
    title: str | None = None,
    venue: str | None = None,
) -> Listing:
    """Offer a product. Whether anybody sees it follows from its gates and its price, at every moment anew.

    Raises:
        NotAllowed: the actor does not act for the seller.
        NoSuchProduct: there is no such product.
        SellerNotAllowed: organisations like the seller do not sell at that place (SEP-01).
        SourceMissing: the product does not say where its data come from (MKT-03).
        VenueMissing: paid trade there goes through a trading venue, and none is named (MKT-02).
        VenueNotAllowed: the named venue is not the one of that place (MKT-02).
        AlreadyListed: it is listed; change or withdraw that listing.
    """
    product = products.get(session, product_id)
    actor.must(Permission.LISTING_WRITE, org_id=product.owner_id, place=product.place)
    policy = MarketPolicy.at(book, product.place, business_date(now))
    _must_be_a_seller(session, product, policy)
    if not product.source_statement.strip():
        raise SourceMissing(f"产品 {product.code} 没有说明数据来源，不能上架；请先补充来源说明",
                            detail_en="State the source of the data first", rule="MKT-03")  # fmt: skip
    venue = venue.strip() if venue else None
    check_venue(venue, venue_rule(policy))
    existing = session.scalar(sa.select(Listing).where(Listing.product_id == product.id))
    if existing is not None:
        raise AlreadyListed(f"产品 {product.code} 已有挂牌 {existing.number}", detail_en=f"See {existing.number}")
    listing = Listing(
        number=numbering.number(session, "LST", business_date(now)), place=product.place, product_id=product.id,
        seller_id=product.owner_id, title=title or product.title, summary=summary, venue=venue, created_at=now,
        search_text=search_words(" ".join((title or product.title, product.title, summary, product.scenario,
                                           product.domain, product.code))),
    )  # fmt: skip
    session.add(listing)
    session.flush()
    search.write(session, actor, [Offered(listing.id, product.id, listing.title, summary)], now=now)
    audit.record(session, actor, "listing.create", listing, at=now, detail={"product": product.code, "venue": venue})
    return listing


def _must_be_a_seller(session: Session, product: Product, policy: MarketPolicy) -> None:
    allowed = policy.require("seller_capacities")
    if not queries.may_sell(session, product.owner_id, product.place, allowed.items()):
        raise SellerNotAllowed(
            f"{policy.book.place(product.place).title}只能由 {'、'.join(allowed.items())} 出售产品"
            f"（{allowed.citation()}），产品 {product.code} 的供方不具备该身份",
            detail_en=f"Sellers there are {', '.join(allowed.items())}",
            rule="SEP-01",
            article=allowed.citation(),
        )


def withdraw(session: Session, actor: Actor, listing_id: UUID, *, now: datetime) -> Listing:
    """Take an offer from the catalogue; orders and entitlements go on.

    Raises:
        NoSuchListing: there is none that the actor may know of.
        NotAllowed: the actor does not act for the seller.
        AlreadyWithdrawn: it was withdrawn before.
    """
    listing = queries.get(session, listing_id, lock=True)
    actor.must(Permission.LISTING_WRITE, org_id=listing.seller_id, place=listing.place)
    if listing.withdrawn_at is not None:
        raise AlreadyWithdrawn(f"挂牌 {listing.number} 已于 {business_date(listing.withdrawn_at)} 下架")
    listing.withdrawn_at = now
    search.remove(session, actor, listing.id, now=now)
    audit.record(session, actor, "listing.withdraw", listing, at=now)
    return listing


def import_listings(
    session: Session, actor: Actor, *, place: str, file_name: str, content: bytes, now: datetime, book: PolicyBook
) -> ImportResult:
    """Read a foreign catalogue in: every row becomes a draft or is refused with every reason; nothing is guessed.

    Drafts carry no product and no seller, so nobody is offered them. All rows go in with this one transaction.

    Raises:
        NotAllowed: the actor may not import there.
        NoSuchPlace: there is no such place.
        FileUnreadable: the file as a whole cannot be read.
        FileRefused: the file is empty or too large to be kept.
        FileImportedBefore: the same bytes were imported at this place before.
    """
    actor.must(Permission.LISTING_IMPORT, org_id=actor.org_id, place=place)
    book.place(place)
    sha256 = hashlib.sha256(content).hexdigest()
    known = session.scalar(sa.select(ImportBatch).where(ImportBatch.place == place, ImportBatch.file_sha256 == sha256))
    if known is not None:
        raise FileImportedBefore(
            f"内容相同的文件已于 {business_date(known.imported_at)} 以 {known.number} 导入（{known.file_name}）",
            detail_en=f"The same file was imported as {known.number}",
        )
    sheet = sheets.read_catalogue(content)
    files.keep(session, content, name=file_name, media_type="text/csv", now=now)
    read = _read_rows(session, place, sheet)
    accepted = sum(row.is_accepted for _, row in read)
    batch = ImportBatch(
        id=new_id(), number=numbering.number(session, "IMP", business_date(now)), place=place, org_id=actor.org_id,
        file_name=file_name, file_sha256=sha256, encoding=sheet.encoding, accepted=accepted,
        refused=len(read) - accepted, imported_at=now, imported_by=actor.name,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    rows = _write_rows(session, batch, read)
    audit.record(session, actor, "listing.import", batch, at=now,
                 detail={"sha256": sha256, "accepted": accepted, "refused": batch.refused})  # fmt: skip
    return ImportResult(batch, rows)


def _read_rows(session: Session, place: str, sheet: sheets.Sheet) -> list[tuple[int, RowRead]]:
    repeated, similar = sheets.repeated_addresses(sheet.rows), sheets.similar_rows(sheet.rows)
    known = queries.imported_addresses(session, place, [row.cells.get(Column.URL, "").strip() for row in sheet.rows])
    read: list[tuple[int, RowRead]] = []
    for row in sheet.rows:
        found = read_row(row.cells, length_max=CELL_LENGTH_MAX)
        reasons = [*row.faults] if row.faults else [*found.reasons]
        address = row.cells.get(Column.URL, "").strip()
        if row.line_number in repeated:
            words = f"与第 {repeated[row.line_number]} 行的网址相同"
            reasons.append(Reason(Column.URL, "url.repeated", words))
        elif address in known:
            reasons.append(Reason(Column.URL, "url.imported_before", f"该网址已作为 {known[address]} 导入"))
        if row.line_number in similar:
            words = f"与第 {similar[row.line_number]} 行同名同供方，网址不同：请核对是否同一产品"
            reasons.append(Reason(Column.TITLE, "title.similar", words, False))
        read.append((row.line_number, RowRead(found.raw, found.price, found.facts, tuple(reasons))))
    return read


def _write_rows(session: Session, batch: ImportBatch, read: list[tuple[int, RowRead]]) -> list[ImportRow]:
    drafts: list[dict[str, Any]] = []
    rows: list[ImportRow] = []
    for line, row in read:
        draft = _draft(batch, line, row) if row.is_accepted else None
        if draft is not None:
            drafts.append(draft)
        rows.append(
            ImportRow(
                id=new_id(), batch_id=batch.id, line_number=line, accepted=row.is_accepted,
                listing_id=draft["id"] if draft else None, reasons=[reason.to_dict() for reason in row.reasons],
                raw=dict(row.raw),
            )
        )  # fmt: skip
    if drafts:
        session.execute(sa.insert(Listing), drafts)
    session.add_all(rows)
    session.flush()
    return rows


def _draft(batch: ImportBatch, line: int, row: RowRead) -> dict[str, Any]:
    facts: Mapping[str, str | None] = row.facts
    price = row.price
    external = {
        **facts,
        "mode": price.mode.value,
        "unit": price.unit,
        "unit_price": price.amount.text() if price.amount is not None else None,
        "pack_size": price.pack_size,
        "pack_price": price.pack_price.text() if price.pack_price is not None else None,
    }
    title = facts.get(Column.TITLE) or ""
    return {
        "id": new_id(), "version": 1, "number": f"{batch.number}-{line:06d}", "place": batch.place,
        "batch_id": batch.id, "title": title, "summary": "", "external": external,
        "external_address": facts.get(Column.URL), "created_at": batch.imported_at,
        "search_text": search_words(f"{title} {facts.get(Column.COMPANY) or ''}"),
    }  # fmt: skip
