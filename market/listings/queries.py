"""Reading listings and import batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from market.listings.model import ImportBatch, ImportRow, Listing
from registry.parties.model import PartyCapacity

CHUNK = 500


class NoSuchListing(NotFound):
    """There is no such listing, or none that the actor may know of."""

    code = "listing.not_found"


class NoSuchBatch(NotFound):
    """There is no such import, or none that the actor may know of."""

    code = "import.not_found"


def get(session: Session, listing_id: UUID, *, lock: bool = False) -> Listing:
    """Return the listing; locked and read afresh on demand.

    Raises:
        NoSuchListing: there is none.
    """
    query = sa.select(Listing).where(Listing.id == listing_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchListing(f"没有编号为 {listing_id} 的挂牌", detail_en="No such listing")
    return found


def of_product(session: Session, product_id: UUID) -> Listing | None:
    """Return the listing of a product, withdrawn or not, or None."""
    return session.scalar(sa.select(Listing).where(Listing.product_id == product_id))


def may_sell(session: Session, party_id: UUID, place: str, capacities: Iterable[str]) -> bool:
    """Say whether the organisation holds one of the capacities that may sell at the place (SEP-01)."""
    query = sa.select(sa.literal(1)).where(
        PartyCapacity.party_id == party_id, PartyCapacity.place == place, PartyCapacity.capacity.in_(list(capacities))
    )
    return session.scalar(query.limit(1)) is not None


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[Listing]:
    """Return the query of the listings and drafts that the actor keeps or watches over."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in ROLES_OF[Permission.PRODUCT_READ]:
            at_place = sa.true() if grant.place is None else Listing.place == grant.place
            own = sa.true() if grant.org_id is None else _kept_by(grant.org_id)
            reached.append(at_place & own)
    query = sa.select(Listing).where(sa.or_(sa.false(), *reached))
    return query if place is None else query.where(Listing.place == place)


def _kept_by(org_id: UUID) -> sa.ColumnElement[bool]:
    imported = sa.select(ImportBatch.id).where(ImportBatch.org_id == org_id)
    return sa.or_(Listing.seller_id == org_id, Listing.batch_id.in_(imported))


def batches(actor: Actor) -> sa.Select[ImportBatch]:
    """Return the query of the imports that the actor made or watches over."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in ROLES_OF[Permission.LISTING_IMPORT]:
            at_place = sa.true() if grant.place is None else ImportBatch.place == grant.place
            own = sa.true() if grant.org_id is None else ImportBatch.org_id == grant.org_id
            reached.append(at_place & own)
    return sa.select(ImportBatch).where(sa.or_(sa.false(), *reached))


def batch(session: Session, actor: Actor, number: str) -> ImportBatch:
    """Return one import by its number.

    Raises:
        NoSuchBatch: there is none that the actor may know of.
    """
    found = session.scalar(batches(actor).where(ImportBatch.number == number))
    if found is None:
        raise NoSuchBatch(f"没有编号为 {number} 的导入，或不在您的职责范围内", detail_en=f"No import {number}")
    return found


def import_rows(batch_id: UUID, *, accepted: bool | None = None) -> sa.Select[ImportRow]:
    """Return the query of the rows of an import, in the order of the file."""
    query = sa.select(ImportRow).where(ImportRow.batch_id == batch_id).order_by(ImportRow.line_number)
    return query if accepted is None else query.where(ImportRow.accepted == accepted)


def remarks(session: Session, batch_id: UUID) -> list[dict[str, str | int]]:
    """Return how often each remark was made in an import, the most frequent first: field, code, level, count."""
    counted: dict[tuple[str, str, str], int] = {}
    for reasons in session.scalars(sa.select(ImportRow.reasons).where(ImportRow.batch_id == batch_id)):
        for reason in reasons:
            key = (reason["field"], reason["code"], reason["level"])
            counted[key] = counted.get(key, 0) + 1
    ranked = sorted(counted.items(), key=lambda item: (item[0][2] != "refusal", -item[1], item[0]))
    return [{"field": field, "code": code, "level": level, "count": count} for (field, code, level), count in ranked]


def imported_addresses(session: Session, place: str, addresses: Sequence[str]) -> dict[str, str]:
    """Return address → number of the draft, for addresses that were imported at the place before."""
    found: dict[str, str] = {}
    for start in range(0, len(addresses), CHUNK):
        part = addresses[start : start + CHUNK]
        query = sa.select(Listing.external_address, Listing.number).where(
            Listing.place == place, Listing.external_address.in_(part)
        )
        found.update({address: number for address, number in session.execute(query) if address is not None})
    return found
