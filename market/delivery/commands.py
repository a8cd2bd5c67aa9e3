"""Loading what a reviewed product version is served from: a data set, files, reports."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from market.delivery import queries, sheets
from market.delivery.model import DataSet, DataSetRow, ProductFile
from market.delivery.rules import must_be_reviewed, records_of, report_type
from registry.access.queries import verdict_on_act
from registry.access.rules import Outcome, refusal
from registry.agreements.model import Agreement
from registry.egress import queries as egress
from registry.product_reviews import queries as product_reviews
from registry.products import queries as products
from registry.products.model import Product, ProductVersion
from registry.products.rules import DeliveryForm

FAULTS_SHOWN = 100


class NotReviewed(Conflict):
    """The version has not passed its review."""

    code = "data_set.version_not_reviewed"
    title = "产品版本尚未通过合规审核"
    title_en = "The version has not passed its review"


class EgressNotPassed(Conflict):
    """The version may not leave the domain yet."""

    code = "product_file.egress_not_passed"
    title = "尚未通过出域合规核查"
    title_en = "The egress check has not been passed"


class WrongDeliveryForm(Conflict):
    """The product is not delivered in files."""

    code = "product_file.wrong_form"


class PeriodMissing(Invalid):
    """A report is about a period; a file is not."""

    code = "product_file.period"


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
    _must_be_passed(session, product, version)
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


def add_file(
    session: Session,
    actor: Actor,
    version_id: UUID,
    *,
    file_name: str,
    content: bytes,
    book: PolicyBook,
    now: datetime,
    period_start: date | None = None,
    period_end: date | None = None,
) -> ProductFile:
    """Keep a file (CSV, JSON) or a report of a period (PDF, HTML) that buyers of a reviewed version may download.

    Raises:
        NoSuchProduct: there is no such version.
        NotAllowed: the actor does not act for the seller.
        WrongDeliveryForm: the product is an interface.
        NotReviewed: the version has not passed its review (RVW-06).
        EgressNotPassed: it has not passed the egress check that is demanded there (EGR-01).
        AccessRefused: the agreement is not in force, or a person of the operator is untrained (ACC-03, TRN-01).
        PeriodMissing: a report has no period, a file has one, or it ends before it begins.
        FileUnreadable: the file is neither CSV nor JSON.
        FileNotDelivered: a field was never reviewed, or the report is neither PDF nor HTML.
        FileRefused: the file is empty or too large.
    """
    version = products.version(session, version_id)
    product = products.get(session, version.product_id, lock=True)
    actor.must(Permission.DATA_SET_LOAD, org_id=product.owner_id, place=product.place)
    _must_be_passed(session, product, version)
    _must_leave(session, product, version, book, now)
    _must_be_admitted(session, actor, product, version, book, now)
    _must_be_period(product, period_start, period_end)
    media_type, rows = _checked(product, version, file_name, content)
    sha256 = files.keep(session, content, name=file_name, media_type=media_type, now=now)
    known = next((one for one in queries.files_of(session, version.id) if one.sha256 == sha256), None)
    if known is not None:
        return known
    made = ProductFile(
        product_id=product.id, version_id=version.id, sha256=sha256, form=product.delivery_form, file_name=file_name,
        media_type=media_type, size_bytes=len(content), row_count=rows, period_start=period_start,
        period_end=period_end, added_at=now, added_by=actor.id, added_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "product_file.add", made, at=now, note=file_name,
                 detail={"product": product.code, "version": version.number, "sha256": sha256})  # fmt: skip
    return made


def _must_be_passed(session: Session, product: Product, version: ProductVersion) -> None:
    if product_reviews.passed(session, version.id) is None:
        raise NotReviewed(
            f"产品 {product.code} 第 {version.number} 版尚未通过合规审核，不能装载数据；请先完成审核",
            detail_en=f"Version {version.number} of {product.code} has not passed its review",
            rule="RVW-06",
        )


def _must_leave(
    session: Session, product: Product, version: ProductVersion, book: PolicyBook, now: datetime
) -> None:  # fmt: skip
    if product.delivery_form is DeliveryForm.API:
        raise WrongDeliveryForm(
            f"产品 {product.code} 以接口方式交付，请装载数据集或登记平台接口", detail_en=f"{product.code} is an API"
        )
    passed, words, _since = egress.egress_gate_fact(
        session, version.id, place=product.place, on=business_date(now), book=book
    )
    if not passed:
        raise EgressNotPassed(
            f"产品 {product.code} 第 {version.number} 版不得出域：{words}", rule="EGR-01",
            detail_en=f"Version {version.number} of {product.code} has not passed its egress check",
        )  # fmt: skip


def _must_be_period(product: Product, start: date | None, end: date | None) -> None:
    is_report = product.delivery_form is DeliveryForm.REPORT
    if is_report and (start is None or end is None or end < start):
        words = "报告须写明所述期间的起止日，且止日不早于起日"
    elif not is_report and (start is not None or end is not None):
        words = "文件不分期间，请不要填写起止日"
    else:
        return
    fault = {"pointer": "/period_start", "code": PeriodMissing.code, "message": words}
    raise PeriodMissing(words, detail_en="A report has a period, a file has none", errors=[fault])


def _checked(product: Product, version: ProductVersion, file_name: str, content: bytes) -> tuple[str, int | None]:
    """Return the media type by content and the number of rows; what was not reviewed does not pass."""
    if product.delivery_form is DeliveryForm.REPORT:
        return report_type(content, file_name), None
    rows = sheets.read_rows(content, file_name)
    must_be_reviewed(rows, [str(field["name"]) for field in version.fields], shown=FAULTS_SHOWN)
    return ("application/json" if sheets.is_json(content, file_name) else "text/csv"), len(rows)


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
