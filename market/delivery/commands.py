"""Loading the data set from which a reviewed product version is served."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from market.delivery import queries, sheets
from market.delivery.model import DataSet, DataSetRow
from market.delivery.rules import records_of
from registry.access.queries import verdict_on_act
from registry.access.rules import Outcome, refusal
from registry.agreements.model import Agreement
from registry.product_reviews import queries as product_reviews
from registry.products import queries as products
from registry.products.model import Product, ProductVersion

FAULTS_SHOWN = 100


class NotReviewed(Conflict):
    """The version has not passed its review."""

    code = "data_set.version_not_reviewed"
    title = "产品版本尚未通过合规审核"
    title_en = "The version has not passed its review"


def load(
    session: Session,
    actor: Actor,
    version_id: UUID,
    *,
    file_name: str,
    content: bytes,
    book: PolicyBook,
    now: datetime,
) -> DataSet:
    """Load a CSV or JSON file as the data set of a reviewed version; it replaces the load before it.

    Raises:
        NoSuchProduct: there is no such version.
        NotAllowed: the actor does not act for the seller.
        NotReviewed: the version has not passed its review (RVW-06).
        AccessRefused: the agreement is not in force, or a person of the operator is untrained (ACC-03, TRN-01).
        FileUnreadable: the file is neither CSV nor JSON.
        DataSetRefused: keys are missing or repeated, or a field was not reviewed; nothing is loaded.
    """
    version = products.version(session, version_id)
    product = products.get(session, version.product_id, lock=True)
    actor.must(Permission.DATA_SET_LOAD, org_id=product.owner_id, place=product.place)
    if product_reviews.passed(session, version.id) is None:
        raise NotReviewed(
            f"产品 {product.code} 第 {version.number} 版尚未通过合规审核，不能装载数据；请先完成审核",
            detail_en=f"Version {version.number} of {product.code} has not passed its review",
            rule="RVW-06",
        )
    _must_be_admitted(session, actor, product, version, book, now)
    fields = [str(field["name"]) for field in version.fields]
    records = records_of(sheets.read_rows(content, file_name), fields, shown=FAULTS_SHOWN)
    before = queries.current(session, version.id)
    made = DataSet(
        id=new_id(), version_id=version.id, sequence=before.sequence + 1 if before else 1, file_name=file_name,
        sha256=hashlib.sha256(content).hexdigest(), row_count=len(records), loaded_at=now, loaded_by=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    rows = [
        {"id": new_id(), "data_set_id": made.id, "version_id": version.id, "key": record.key,
         "subject_kind": record.subject_kind, "body": dict(record.body)}
        for record in records
    ]  # fmt: skip
    session.execute(sa.insert(DataSetRow), rows)
    audit.record(session, actor, "data_set.load", made, at=now,
                 detail={"product": product.code, "version": version.number, "rows": len(records),
                         "sha256": made.sha256})  # fmt: skip
    return made


def _must_be_admitted(
    session: Session, actor: Actor, product: Product, version: ProductVersion, book: PolicyBook, now: datetime
) -> None:
    agreement = session.get_one(Agreement, product.agreement_id)
    found = verdict_on_act(
        session, actor, agreement, product.owner_id, [one.resource_id for one in version.inputs], new_scenario=False,
        on=business_date(now), book=book,
    )  # fmt: skip
    if found.outcome is Outcome.DENIED:
        raise refusal(found, actor.name, agreement.number)
