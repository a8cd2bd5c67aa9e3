"""Products as records, and records that came from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from market.catalogue import queries as catalogue
from market.interchange.model import ImportedRecord
from market.interchange.rules import FieldRecord, PriceRecord, ProductRecord, SourceRecord
from market.listings.model import Listing


class NoSuchRecord(NotFound):
    """No such record was imported, or another organisation did."""

    code = "interchange.no_such_record"


def record(session: Session, actor: Actor, code: str, *, now: datetime, book: PolicyBook) -> ProductRecord:
    """Return a product of the catalogue as a record.

    Raises:
        NoSuchListing: there is none that the actor may know of.
    """
    found = catalogue.offer(session, actor, code, now=now, book=book)
    product, version, registration = found.product, found.version, found.registration
    return ProductRecord(
        code=product.code,
        place=product.place,
        title=product.title,
        description=version.description,
        scenario=product.scenario,
        domain=product.domain,
        delivery_form=product.delivery_form.value,
        source_statement=product.source_statement,
        seller_uscc=product.owner.uscc,
        seller_name=product.owner.name,
        version=str(version.number),
        content_sha256=version.content_sha256,
        certificate=registration.code if registration is not None else None,
        valid_until=registration.valid_until.isoformat() if registration and registration.valid_until else None,
        fields=tuple(_field(one) for one in version.fields),
        sources=tuple(
            SourceRecord(one.resource.code, one.resource.title, one.resource.source_department.name)
            for one in version.inputs
        ),
        prices=tuple(_price(one) for one in found.prices),
    )


def _field(field: dict[str, Any]) -> FieldRecord:
    name = str(field.get("name") or field.get("title") or "")
    return FieldRecord(name, str(field.get("title") or name), str(field.get("type") or "string"))


def _price(price: catalogue.OfferedPrice) -> PriceRecord:
    tariff = price.tariff
    return PriceRecord(
        number=tariff.number,
        charge_unit=tariff.charge_unit.value,
        unit_price_max=tariff.unit_price_max.text(),
        cap=price.cap.amount.text() if price.cap is not None else None,
        regime=tariff.regime.value,
        buyer_class=tariff.buyer_class,
        model=tariff.model,
    )


def records(
    session: Session, actor: Actor, listings: Sequence[Listing], *, now: datetime, book: PolicyBook
) -> list[ProductRecord]:  # fmt: skip
    """Return the products of some listings as records."""
    codes = [one.product.code for one in listings if one.product is not None]
    return [record(session, actor, code, now=now, book=book) for code in codes]


def imported(actor: Actor) -> sa.Select[ImportedRecord]:
    """Return the query of the records that the actor's organisation imported.

    Raises:
        NotAllowed: the actor imports no catalogues.
    """
    actor.must(Permission.LISTING_IMPORT, org_id=actor.org_id)
    return sa.select(ImportedRecord).where(ImportedRecord.org_id == actor.org_id)


def imported_one(session: Session, actor: Actor, record_id: UUID) -> ImportedRecord:
    """Return one imported record.

    Raises:
        NotAllowed: the actor imports no catalogues.
        NoSuchRecord: there is none that the actor may know of.
    """
    found = session.scalar(imported(actor).where(ImportedRecord.id == record_id))
    if found is None:
        raise NoSuchRecord(f"没有导入的产品记录 {record_id}，或不属于本单位", detail_en="No such record of yours")
    return found


def plain(found: ImportedRecord) -> ProductRecord:
    """Return what was imported, as a record."""
    values = dict(found.record)
    return ProductRecord(
        **values | {
            "fields": tuple(FieldRecord(**one) for one in values["fields"]),
            "sources": tuple(SourceRecord(**one) for one in values["sources"]),
            "prices": tuple(PriceRecord(**one) for one in values["prices"]),
        }
    )  # fmt: skip
