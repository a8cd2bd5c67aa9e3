"""Asking for an egress check, what follows from its outcome, and recording what left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.access import commands as access
from registry.access.rules import Purpose
from registry.agreements import queries as agreements
from registry.egress import checks, queries
from registry.egress.model import EgressCheck, Export
from registry.egress.rules import EgressEvent, EgressState, after
from registry.policy import RegistryPolicy
from registry.procedures.rules import Procedure, Seat
from registry.products import queries as products
from registry.products.model import Product, ProductVersion
from registry.products.rules import DeliveryForm
from registry.reviews import commands as reviews
from registry.reviews import queries as review_queries
from registry.reviews.model import Review
from registry.reviews.rules import ReviewState

EVENTS = {
    ReviewState.PASSED: EgressEvent.PASS,
    ReviewState.REFUSED: EgressEvent.FAIL,
    ReviewState.RETURNED: EgressEvent.RETURN,
    ReviewState.WITHDRAWN: EgressEvent.WITHDRAW,
}


class CheckExists(Conflict):
    """The version is being checked, or has passed."""

    code = "egress.exists"


class NotNewest(Conflict):
    """Only the newest version of a product is checked."""

    code = "egress.not_newest"


class AgreementClosed(Conflict):
    """The agreement does not hold today, so nothing leaves."""

    code = "egress.agreement_closed"


class WrongForm(Invalid):
    """The delivery has another form than the one that was checked."""

    code = "egress.wrong_form"


class ExportedDifferently(Conflict):
    """The reference was used for another delivery."""

    code = "egress.exported_differently"


def request_check(
    session: Session,
    actor: Actor,
    *,
    version_id: UUID,
    form: DeliveryForm,
    description: str,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
    personal_basis: str = "",
    minimum_group_size: int | None = None,
    report: Mapping[str, Any] | None = None,
) -> EgressCheck:
    """Ask that the newest version of a product be checked before it leaves the domain (EGR-01).

    ``report`` is a file of evidence ({name, media_type, content}), such as a test of re-identification.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchProduct: there is no such version.
        NotNewest: a newer version exists.
        CheckExists: this version is being checked, or has passed.
        AccessRefused: the agreement is not in force, or a person of the operator is untrained (ACC-03, TRN-01).
        FileRefused: the report is empty or too large.
        CalendarGap: a deadline runs into a year without a holiday table.
    """
    version = products.version(session, version_id)
    product = products.get(session, version.product_id, lock=True)
    actor.must(Permission.EGRESS_REQUEST, org_id=product.owner_id, place=product.place)
    _refuse_old(session, product, version)
    _refuse_second(session, version)
    access.admit(
        session, actor, purpose=Purpose.LEAVE_DOMAIN, agreement_id=product.agreement_id,
        organisation_id=product.owner_id, resource_ids=[one.resource_id for one in version.inputs], book=book, now=now,
    )  # fmt: skip
    check = EgressCheck(
        number=numbering.number(session, "EGR", business_date(now)), place=product.place, product_id=product.id,
        version_id=version.id, applicant_id=product.owner_id, form=form, description=description,
        personal_basis=personal_basis, minimum_group_size=minimum_group_size, requested_at=now,
        report_sha256=files.keep(session, now=now, **report) if report else None,
        report_name=report["name"] if report else None,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(check)
            session.flush()
    except IntegrityError as error:
        raise _exists(version.number) from error
    reviews.open_review(
        session, actor, procedure=Procedure.EGRESS, subject_id=check.id, subject_title=_title(product, version),
        place=product.place, applicant_id=product.owner_id, seats=_seats(session, product), calendar=calendar, now=now,
        sources=[RegistryPolicy.at(book, product.place, business_date(now)).egress_check_required],
        findings=checks.findings(session, check, on=business_date(now), book=book),
    )  # fmt: skip
    audit.record(session, actor, "egress.request", check, at=now, detail={"sha256": version.content_sha256})
    return check


def resubmit(
    session: Session,
    actor: Actor,
    check_id: UUID,
    *,
    description: str,
    calendar: WorkingCalendar,
    now: datetime,
    personal_basis: str = "",
    minimum_group_size: int | None = None,
    report: Mapping[str, Any] | None = None,
) -> EgressCheck:
    """Send a returned check in again with what was missing; the version stays: a new one needs a new check.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchCheck: there is none.
        WrongEgressState: it was not returned.
        FileRefused: the report is empty or too large.
        CalendarGap: a deadline runs into a year without a holiday table.
    """
    check = _own(session, actor, check_id)
    check.state = after(check.state, EgressEvent.RESUBMIT)
    check.description, check.personal_basis = description, personal_basis
    check.minimum_group_size = minimum_group_size
    if report:
        check.report_sha256, check.report_name = files.keep(session, now=now, **report), report["name"]
    product = products.get(session, check.product_id)
    version = products.version(session, check.version_id)
    review = _review_of(session, check)
    reviews.resubmit(
        session, actor, review.id, subject_id=check.id, subject_title=_title(product, version),
        seats=_seats(session, product), calendar=calendar, now=now,
    )  # fmt: skip
    audit.record(session, actor, "egress.resubmit", check, at=now)
    return check


def withdraw(session: Session, actor: Actor, check_id: UUID, *, reason: str, now: datetime) -> EgressCheck:
    """Take a check back before it is decided.

    Raises:
        NotAllowed: the actor may not act for the seller there.
        NoSuchCheck: there is none.
        WrongEgressState: it is decided already.
    """
    check = _own(session, actor, check_id)
    check.state, check.decided_at = after(check.state, EgressEvent.WITHDRAW), now
    reviews.withdraw(session, actor, _review_of(session, check).id, reason=reason, now=now)
    audit.record(session, actor, "egress.withdraw", check, at=now, note=reason)
    return check


def take_outcome(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    """Let the conclusion of the review become that of the check: passed, failed or returned.

    Raises:
        NoSuchCheck: the review is not about an egress check.
        WrongEgressState: the check does not admit that conclusion.
    """
    check = queries.get(session, review.subject_id, lock=True)
    event = EVENTS[review.state]
    check.state = after(check.state, event)
    check.decided_at = None if check.state is EgressState.RETURNED else now
    audit.record(session, actor, f"egress.{event}", check, at=now, note=review.number)


def export(
    session: Session,
    actor: Actor,
    check_id: UUID,
    *,
    file_sha256: str,
    form: DeliveryForm,
    recipient: str,
    reference: str,
    size_bytes: int,
    units: int,
    now: datetime,
) -> Export:
    """Record one delivery of a checked version out of the domain; the same reference is recorded once.

    ``units`` is what the cost of exports is metered by (CST-01), ``file_sha256`` the digest of what left.

    Raises:
        NotAllowed: the actor acts neither for the seller nor for the operating institution.
        NoSuchCheck: there is none.
        WrongEgressState: the check has not passed.
        AgreementClosed: the agreement does not hold today.
        WrongForm: another form was checked.
        ExportedDifferently: the reference was used for another delivery.
    """
    check = queries.get(session, check_id, lock=True)
    product = products.get(session, check.product_id)
    agreement = agreements.get(session, product.agreement_id)
    own = actor.may(Permission.EGRESS_REQUEST, org_id=product.owner_id, place=product.place)
    if not own:
        actor.must(Permission.EGRESS_REQUEST, org_id=agreement.operating_institution_id, place=product.place)
    state = after(check.state, EgressEvent.EXPORT)
    _refuse_closed(agreement.in_force(business_date(now)), agreement.number)
    _refuse_form(check, form)
    version = products.version(session, check.version_id)
    known = queries.export_with(session, check.id, reference)
    if known is not None:
        if (known.file_sha256, known.size_bytes, known.units, known.recipient) == (
            file_sha256, size_bytes, units, recipient,
        ):  # fmt: skip
            return known
        raise ExportedDifferently(
            f"编号 {reference} 已用于另一次出域交付，请使用新的编号（EGR-02）",
            detail_en=f"The reference {reference} was used for another delivery",
            rule="EGR-02",
        )
    made = Export(
        check_id=check.id, version_id=version.id, place=check.place, operator_id=agreement.operating_institution_id,
        content_sha256=version.content_sha256, file_sha256=file_sha256, form=form, recipient=recipient,
        reference=reference, size_bytes=size_bytes, units=units, exported_at=now, exported_by=actor.id,
        exported_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    check.state = state
    audit.record(
        session, actor, "egress.export", check, at=now, note=reference,
        detail={"content_sha256": version.content_sha256, "file_sha256": file_sha256, "units": units},
    )  # fmt: skip
    return made


def _seats(session: Session, product: Product) -> list[Seat]:
    """Return who checks: the operating institution; the authority where that would check its own product."""
    operator_id = agreements.get(session, product.agreement_id).operating_institution_id
    if operator_id == product.owner_id:
        return [Seat("authority_check", 1)]
    return [Seat("egress_check", 1, operator_id)]


def _review_of(session: Session, check: EgressCheck) -> Review:
    review = review_queries.of_subject(session, Procedure.EGRESS, check.id)
    assert review is not None, "every egress check is opened with its review"
    return review


def _own(session: Session, actor: Actor, check_id: UUID) -> EgressCheck:
    check = queries.get(session, check_id, lock=True)
    actor.must(Permission.EGRESS_REQUEST, org_id=check.applicant_id, place=check.place)
    return check


def _title(product: Product, version: ProductVersion) -> str:
    return f"{product.title}（{product.code} 第 {version.number} 版）"


def _refuse_old(session: Session, product: Product, version: ProductVersion) -> None:
    newest = products.latest_version(session, product.id)
    if newest.id != version.id:
        raise NotNewest(
            f"产品 {product.code} 已有第 {newest.number} 版，只能就最新版本申请出域合规核查（EGR-01）",
            detail_en=f"{product.code} has a newer version {newest.number}",
            rule="EGR-01",
        )


def _refuse_second(session: Session, version: ProductVersion) -> None:
    other = queries.of_version(session, version.id)
    if other is not None:
        raise _exists(version.number, other.number)


def _exists(number: int, other: str = "") -> CheckExists:
    return CheckExists(
        f"第 {number} 版已有出域合规核查 {other}，不得重复申请（EGR-01）：请在原核查中办理",
        detail_en="This version has an egress check already",
        rule="EGR-01",
    )


def _refuse_closed(in_force: bool, number: str) -> None:
    if not in_force:
        raise AgreementClosed(
            f"授权运营协议 {number} 目前未生效、已暂停或已届满，数据产品不得出域（ACC-01、ACC-02）",
            detail_en=f"The agreement {number} does not hold today",
            rule="ACC-01",
        )


def _refuse_form(check: EgressCheck, form: DeliveryForm) -> None:
    if form is not check.form:
        raise WrongForm(
            f"核查 {check.number} 核的是“{check.form}”形式，不得以“{form}”形式出域（EGR-01）：请另行申请",
            detail_en=f"The form {check.form} was checked, not {form}",
            rule="EGR-01",
            errors=[{"pointer": "/form", "code": WrongForm.code, "message": f"核查的形式：{check.form}"}],
        )
