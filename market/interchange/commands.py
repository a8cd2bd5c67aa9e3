"""Reading in the product record of another platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import NotAllowed
from kernel.identity import Actor, Permission
from market.interchange import queries
from market.interchange.model import ImportedRecord
from market.interchange.rules import digest, in_order, record_of


def import_record(
    session: Session, actor: Actor, body: Mapping[str, Any], *, origin: str, now: datetime
) -> ImportedRecord:
    """Keep the product record in a DCAT-AP document; the same record again is the same row.

    Raises:
        NotAllowed: the actor imports no catalogues, or belongs to no organisation.
        RecordUnreadable: the document is not a product record.
        DigestDiffers: the record was changed on its way.
    """
    actor.must(Permission.LISTING_IMPORT, org_id=actor.org_id)
    if actor.org_id is None:
        raise NotAllowed(
            "产品记录由单位的人员导入；您的账号不属于任何单位",
            detail_en="Records are read in by people of an organisation",
        )
    read = record_of(body)
    known = session.scalar(queries.imported(actor).where(ImportedRecord.digest == digest(read)))
    if known is not None:
        return known
    made = ImportedRecord(
        org_id=actor.org_id, code=read.code, title=read.title, origin=origin, digest=digest(read),
        record=in_order(read), imported_at=now, imported_by=actor.id, imported_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "interchange.import", made, at=now, detail={"sha256": made.digest})
    return made
