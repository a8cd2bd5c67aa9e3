"""Submitting product versions for their compliance review (RVW-06)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import WorkingCalendar, business_date
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.policy import RegistryPolicy
from registry.product_reviews import checks, queries
from registry.products import queries as products
from registry.products.model import Product, ProductVersion
from registry.reviews import commands as reviews
from registry.reviews import queries as review_queries
from registry.reviews.model import Review
from registry.reviews.rules import Procedure


class OldVersion(Conflict):
    """Only the newest version of a product is reviewed."""

    code = "review.old_version"


def submit(
    session: Session, actor: Actor, version_id: UUID, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> Review:
    """Submit the newest version of a product for review; the first stage opens at once.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchProduct: there is no such version.
        OldVersion: a newer version exists.
        ReviewExists: a review of this version runs, was returned, or passed.
        PolicyGap: the place does not say which stages there are or how long each takes.
        CalendarGap: the deadline runs into a year without a holiday table.
    """
    version = products.version(session, version_id)
    product = products.get(session, version.product_id, lock=True)
    actor.must(Permission.PRODUCT_WRITE, org_id=product.owner_id, place=product.place)
    _refuse_old_version(session, product, version)
    policy = RegistryPolicy.at(book, product.place, business_date(now))
    review = reviews.open_review(
        session, actor, procedure=Procedure.PRODUCT, subject_id=version.id, subject_title=_title(product, version),
        place=product.place, applicant_id=product.owner_id, seats=queries.seats(product, version, policy),
        calendar=calendar, now=now, sources=[policy.require("review_stages")],
        findings=checks.findings(session, version.id, on=business_date(now), book=book),
    )  # fmt: skip
    _record(session, actor, "product.submit", product, version, now)
    return review


def resubmit(
    session: Session, actor: Actor, review_id: UUID, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> Review:
    """Send a returned review in again with the newest version; all stages begin anew, and so does the clock.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchReview: there is none.
        NoSuchProduct: the review is not about a product.
        WrongState: it was not returned.
        ReviewExists: the newest version has a review of its own.
        PolicyGap: the place does not say which stages there are or how long each takes.
        CalendarGap: the deadline runs into a year without a holiday table.
    """
    product = _product_for_seller(session, actor, review_id)
    version = products.latest_version(session, product.id)
    policy = RegistryPolicy.at(book, product.place, business_date(now))
    review = reviews.resubmit(
        session, actor, review_id, subject_id=version.id, subject_title=_title(product, version),
        seats=queries.seats(product, version, policy), calendar=calendar, now=now,
    )  # fmt: skip
    _record(session, actor, "product.resubmit", product, version, now)
    return review


def withdraw(session: Session, actor: Actor, review_id: UUID, *, now: datetime, reason: str = "") -> Review:
    """Take a review back before it is decided.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchReview: there is none.
        NoSuchProduct: the review is not about a product.
        WrongState: it is decided already.
    """
    product = _product_for_seller(session, actor, review_id)
    review = reviews.withdraw(session, actor, review_id, reason=reason, now=now)
    audit.record(session, actor, "product.withdraw", product, at=now, note=review.number)
    return review


def take_outcome(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    """Note the conclusion with the product; whether a version passed is read from its review and stored nowhere."""
    version = products.version(session, review.subject_id)
    product = products.get(session, version.product_id)
    audit.record(session, actor, "product.reviewed", product, at=now, note=f"{review.number}：{review.state}")


def _record(
    session: Session, actor: Actor, action: str, product: Product, version: ProductVersion, now: datetime
) -> None:
    detail = {"version": version.number, "sha256": version.content_sha256}
    audit.record(session, actor, action, product, at=now, detail=detail)


def _title(product: Product, version: ProductVersion) -> str:
    return f"{product.title}（{product.code} 第 {version.number} 版）"


def _product_for_seller(session: Session, actor: Actor, review_id: UUID) -> Product:
    review = review_queries.get(session, review_id, lock=True)
    if review.procedure is not Procedure.PRODUCT:
        raise products.NoSuchProduct(f"审查 {review.number} 不是产品合规审查", detail_en="Not the review of a product")
    version = products.version(session, review.subject_id)
    product = products.get(session, version.product_id, lock=True)
    actor.must(Permission.PRODUCT_WRITE, org_id=product.owner_id, place=product.place)
    return product


def _refuse_old_version(session: Session, product: Product, version: ProductVersion) -> None:
    newest = products.latest_version(session, product.id)
    if newest.id != version.id:
        raise OldVersion(
            f"产品 {product.code} 已有第 {newest.number} 版，只能送审最新版本（RVW-06）",
            detail_en=f"{product.code} has a newer version {newest.number}; submit that one",
            rule="RVW-06",
        )
