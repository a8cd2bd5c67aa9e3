"""Changing registrations: what the registrant, the registrar and an objector do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import DAY, Period, WorkingCalendar, business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.agreements import queries as agreements
from registry.codes.rules import registration_code
from registry.parties.model import Party
from registry.policy import RegistryPolicy
from registry.procedures.rules import cited_dict
from registry.products import queries as products
from registry.products.model import Product
from registry.records import queries as records
from registry.records.commands import ensure_preserved
from registry.register_words.rules import search_text
from registry.registrants import queries as registrants
from registry.registrants.commands import keep_interest, keep_others
from registry.registrants.rules import ApplicationMode, Interest, Other, check_interest
from registry.registrations import checks, queries
from registry.registrations.model import Registration
from registry.registrations.rules import (
    FOLLOWS_A_CODE,
    Acceptance,
    CancellationGround,
    KindNotPossible,
    RegistrationEvent,
    RegistrationKind,
    RegistrationState,
    after,
    check_kind,
    check_materials,
    check_receipt,
    refuse_same_person,
    refuse_without_words,
)
from registry.terms.rules import notice_period, refuse_before_notice_ends, refuse_outside_window, validity


def apply(
    session: Session,
    actor: Actor,
    *,
    product_id: UUID,
    kind: RegistrationKind,
    assessment: str,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
    reason: str = "",
    ground: CancellationGround | None = None,
    mode: ApplicationMode | None = None,
    co_registrants: Sequence[Other] = (),
    interest: Interest | None = None,
) -> Registration:
    """Apply for a registration of the newest version of a product; a late first application is taken and marked late.

    ``assessment`` is the data-security risk assessment, or the digest under which it is kept; ``reason`` and
    ``ground`` belong to changes and cancellations, ``interest`` to a correction that another party asks for.

    Raises:
        NotAllowed: the actor may not act for the seller there, nor for the interested party.
        NoSuchProduct: there is none.
        KindNotPossible: another application runs, or the kind does not fit what is registered.
        NotReviewed: the newest version has not passed the compliance review.
        OutsideRenewalWindow: renewal is applied for too early or too late.
        MaterialsMissing: materials are missing; all are named at once.
        RegistrantsIncomplete: the co-registrants contradict themselves.
        PolicyGap: a deadline is not configured.
        CalendarGap: the deadline runs into a year without a holiday table.
    """
    today, product = business_date(now), products.get(session, product_id, lock=True)
    _refuse_stranger(actor, product, kind, interest)
    policy = RegistryPolicy.at(book, product.place, today)
    original = _original(session, product, kind, ground, policy, today)
    cancels = kind is RegistrationKind.CANCELLATION
    version = queries.registrable_version(session, product, original if interest or cancels else None)
    preserved = ensure_preserved(session, actor, version, now=now)
    found = checks.materials(session, product, version, assessment=assessment, preserved=preserved)
    if not cancels and interest is None:
        check_materials(found, policy.registration_materials_required)
    days = policy.require("registration_acceptance_working_days")
    registration = Registration(
        number=numbering.number(session, "REG", today), place=product.place, product_id=product.id,
        version_id=version.id, registrant_id=product.owner_id, original_id=original.id if original else None,
        kind=kind, state=RegistrationState.SUBMITTED, submitted_by=actor.id, received_at=now, reason=reason,
        ground=ground or "", accept_due=calendar.add_working_days(today, days.integer()), materials=found,
        sources=[cited_dict(days)],
    )  # fmt: skip
    clock = {RegistrationKind.FIRST: records.clock, RegistrationKind.CHANGE: queries.change_clock}.get(kind)
    if clock is not None and (term := clock(session, product, on=today, book=book, calendar=calendar)):
        registration.application_due, registration.late_days = term.due, term.late_days(today)
    session.add(registration)
    _flush_running(session, product)
    names = _join(session, actor, registration, mode, co_registrants, interest, now)
    registration.search_text = search_text([registration.number, *checks.searched(product), *names])
    audit.record(session, actor, "registration.apply", registration, at=now, note=kind)
    return registration


def resubmit(
    session: Session,
    actor: Actor,
    registration_id: UUID,
    *,
    assessment: str,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
) -> Registration:
    """Send a returned application in again with the newest version; the clock starts anew (REG-04).

    Raises:
        NotAllowed: the actor may not act for the registrant.
        NoSuchRegistration: there is none.
        WrongState: it was not returned.
        NotReviewed: the newest version has not passed the compliance review.
        MaterialsMissing: materials are missing.
        PolicyGap: the deadline is not configured.
        CalendarGap: the deadline runs into a year without a holiday table.
    """
    registration = queries.get(session, registration_id, lock=True)
    interest = registrants.interest(session, registration.id)
    applicant_id = interest.party_id if interest else registration.registrant_id
    actor.must(Permission.REGISTRATION_APPLY, org_id=applicant_id, place=registration.place)
    registration.state = after(registration.state, RegistrationEvent.RESUBMIT)
    product = products.get(session, registration.product_id)
    today = business_date(now)
    policy = RegistryPolicy.at(book, registration.place, today)
    if registration.kind is not RegistrationKind.CANCELLATION and interest is None:
        version = queries.registrable_version(session, product, None)
        preserved = ensure_preserved(session, actor, version, now=now)
        found = checks.materials(session, product, version, assessment=assessment, preserved=preserved)
        check_materials(found, policy.registration_materials_required)
        registration.version_id, registration.materials = version.id, found
    days = policy.require("registration_acceptance_working_days").integer()
    registration.received_at, registration.accept_due = now, calendar.add_working_days(today, days)
    audit.record(session, actor, "registration.resubmit", registration, at=now)
    return registration


def receive(
    session: Session,
    actor: Actor,
    registration_id: UUID,
    *,
    decision: Acceptance,
    reason: str,
    defects: Sequence[str],
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
) -> Registration:
    """Accept an application, refuse to, or return it with one notice of all defects.

    Raises:
        NotAllowed: the actor is no registrar there.
        NoSuchRegistration: there is none.
        WrongState: it is not waiting for acceptance.
        ReturnedBefore: it was returned once already.
        DefectsMissing: a return without defects, or a refusal without reason.
        PolicyGap: the deadline of the next step is not configured.
        CalendarGap: that deadline runs into a year without a holiday table.

    Source:
        发改数据规〔2025〕26号 第十条 (REG-04).
    """
    registration = queries.for_decision(session, actor, registration_id)
    registration.state = after(registration.state, RegistrationEvent(decision.value))
    listed = [defect.strip() for defect in defects if defect.strip()]
    check_receipt(decision, reason=reason, defects=listed, was_returned=registration.returned_at is not None)
    if decision is Acceptance.ACCEPT:
        registration.accepted_at, registration.accepted_by = now, actor.id
        _set_review_due(registration, book, calendar, now)
    elif decision is Acceptance.NOT_ACCEPT:
        registration.reason, registration.closed_at = reason, now
    else:
        registration.returned_at, registration.defects = now, listed
    audit.record(session, actor, "registration.receive", registration, at=now, note=decision)
    return registration


def complete_review(
    session: Session,
    actor: Actor,
    registration_id: UUID,
    *,
    passes: bool,
    reason: str,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
) -> Registration:
    """Finish the formal review: start the public notice, complete a cancellation, or end the application.

    Raises:
        NotAllowed: the actor is no registrar there.
        NoSuchRegistration: there is none.
        WrongState: it is not accepted.
        KindNotPossible: the registration to be cancelled is no longer in the register.
        DefectsMissing: a refusal without reason.
        PolicyGap: the length of the notice is not configured.
        CalendarGap: the notice runs into a year without a holiday table.

    Source:
        发改数据规〔2025〕26号 第十一条、第十二条 (REG-04).
    """
    registration = queries.for_decision(session, actor, registration_id)
    cancels = registration.kind is RegistrationKind.CANCELLATION
    passed = RegistrationEvent.COMPLETE_CANCELLATION if cancels else RegistrationEvent.PASS
    registration.state = after(registration.state, passed if passes else RegistrationEvent.NOT_COMPLETE)
    if not passes:
        refuse_without_words(reason, "形式审核不通过须说明理由")
        registration.reason, registration.closed_at = reason, now
    elif cancels:
        registration.closed_at = now
        close_coded(session, actor, registration, event=RegistrationEvent.CANCEL, now=now)
    else:
        policy = RegistryPolicy.at(book, registration.place, business_date(now))
        days = policy.require("registration_notice_working_days")
        start, end = notice_period(business_date(now), days.integer(), calendar)
        registration.passed_at, registration.passed_by = now, actor.id
        registration.notice_start, registration.notice_end = start, end
        registration.sources = [*registration.sources, cited_dict(days)]
    audit.record(session, actor, "registration.complete_review", registration, at=now, note=str(passes))
    return registration


def assign_code(
    session: Session, actor: Actor, registration_id: UUID, *, book: PolicyBook, now: datetime
) -> Registration:
    """Assign the registration code after the public notice; a second registrar does it.

    Raises:
        NotAllowed: the actor is no registrar there.
        SecondPersonNeeded: the actor passed the formal review.
        NoSuchRegistration: there is none.
        WrongState: it is not under public notice, or an objection is open.
        NoticeRunning: the notice is not over.
        KindNotPossible: the registration that this one follows is no longer in the register.
        AgreementEnded: the authorization ended.
        PolicyGap: the validity is not configured.
    """
    registration = queries.for_decision(session, actor, registration_id)
    state = after(registration.state, RegistrationEvent.ASSIGN_CODE)
    today = business_date(now)
    assert registration.notice_end is not None
    refuse_before_notice_ends(today, registration.notice_end)
    refuse_same_person(registration.number, actor.name, is_same=actor.id == registration.passed_by)
    policy = RegistryPolicy.at(book, registration.place, today)
    registration.code, registration.valid_from, registration.valid_until = _code_and_validity(
        session, registration, policy, today, now
    )
    registration.state, registration.coded_at, registration.coded_by = state, now, actor.id
    registration.search_text = f"{registration.search_text or ''} {search_text([registration.code])}".strip()
    audit.record(session, actor, "registration.assign_code", registration, at=now, note=registration.code)
    return registration


def close_coded(
    session: Session, actor: Actor, closing: Registration, *, event: RegistrationEvent, now: datetime
) -> None:
    """Close every coded registration of the product, a future renewal included, with the words of ``closing``.

    A step of the commands that decide on ``closing``, which ask who may.

    Raises:
        KindNotPossible: none is coded any more.
        WrongState: the event does not close a coded registration.
    """
    coded = queries.coded(session, closing.product_id, lock=True)
    if not coded:
        raise KindNotPossible(f"产品没有可注销或撤销的登记（{closing.number}）", rule="REG-08")
    for registration in coded:
        registration.state, registration.closed_at = after(registration.state, event), now
        registration.ground, registration.reason = closing.ground, closing.reason
        audit.record(session, actor, f"registration.{event}", registration, at=now, note=closing.ground)


def _refuse_stranger(actor: Actor, product: Product, kind: RegistrationKind, interest: Interest | None) -> None:
    if interest is not None and kind is not RegistrationKind.CORRECTION:
        raise KindNotPossible("利害关系人只能申请更正登记；其他登记由登记主体申请（REG-08）", rule="REG-08")
    applicant_id = interest.party_id if interest else product.owner_id
    is_registrant = actor.may(Permission.REGISTRATION_APPLY, org_id=product.owner_id, place=product.place)
    if kind is RegistrationKind.CORRECTION and actor.may(Permission.REGISTRATION_APPLY):
        check_interest(is_registrant=is_registrant, interest=interest)
    actor.must(Permission.REGISTRATION_APPLY, org_id=applicant_id, place=product.place)


def _join(
    session: Session, actor: Actor, registration: Registration, mode: ApplicationMode | None, others: Sequence[Other],
    interest: Interest | None, now: datetime,
) -> list[str]:  # fmt: skip
    party = {"registrant_id": registration.registrant_id}
    kept = keep_others(session, actor, registration.id, **party, mode=mode, others=others, now=now)
    if interest is not None:
        keep_interest(session, actor, registration.id, interest=interest, now=now)
    return [session.get_one(Party, one.party_id).name for one in kept]


def _original(
    session: Session,
    product: Product,
    kind: RegistrationKind,
    ground: CancellationGround | None,
    policy: RegistryPolicy,
    today: date,
) -> Registration | None:
    other = queries.running(session, product.id)
    coded = queries.latest_coded(session, product.id)
    current = queries.effective(session, product.id, today)
    check_kind(
        product.code, kind, running=other.number if other else None, current_code=current.code if current else None,
        is_effective=current is not None, has_ground=ground is not None and ground != "",
    )  # fmt: skip
    if kind is RegistrationKind.RENEWAL and coded is not None and coded.valid_until is not None:
        refuse_outside_window(today, coded.valid_until, policy.require("registration_renewal_window_days").integer())
        return coded
    return current if kind in FOLLOWS_A_CODE else None


def _set_review_due(registration: Registration, book: PolicyBook, calendar: WorkingCalendar, now: datetime) -> None:
    policy = RegistryPolicy.at(book, registration.place, business_date(now))
    cancels = registration.kind is RegistrationKind.CANCELLATION
    days = policy.require("registration_cancellation_working_days" if cancels else "registration_review_working_days")
    registration.review_due = calendar.add_working_days(business_date(now), days.integer())
    registration.sources = [*registration.sources, cited_dict(days)]


def _code_and_validity(
    session: Session, registration: Registration, policy: RegistryPolicy, today: date, now: datetime
) -> tuple[str, date, date]:
    agreement = agreements.get(session, products.get(session, registration.product_id).agreement_id)
    term = Period(agreement.term_start, agreement.term_end)
    if registration.kind is RegistrationKind.FIRST:
        years = policy.require("registration_validity_years").integer()
        division = policy.book.place(registration.place).code
        start, end = validity(today, years=years, agreement=term)
        return (
            registration_code(division, today.year, numbering.take(session, f"CODE-{division}-{today.year}")),
            start,
            end,
        )
    assert registration.original_id is not None
    original = queries.get(session, registration.original_id, lock=True)
    is_renewal = registration.kind is RegistrationKind.RENEWAL
    is_over = original.valid_until is None or (today > original.valid_until and not is_renewal)
    if original.state is not RegistrationState.CODED or original.code is None or is_over:
        raise KindNotPossible(
            f"原登记 {original.number} 已注销、撤销、被替换或届满，不能赋码（REG-08）：请申请首次登记",
            detail_en=f"The original registration {original.number} is no longer in the register", rule="REG-08",
        )  # fmt: skip
    assert original.valid_until is not None
    if is_renewal:
        years = policy.require("registration_renewal_years_max").integer()
        return original.code, *validity(original.valid_until + DAY, years=years, agreement=term)
    original.state, original.closed_at = after(original.state, RegistrationEvent.REPLACE), now
    session.flush()  # the code is free for its successor only once the old row has let go of it
    return original.code, today, original.valid_until


def _flush_running(session: Session, product: Product) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        if "registry_registration" not in str(error.orig):
            raise
        words = f"产品 {product.code} 刚刚已有登记申请，办结后方可再申请（REG-03）"
        raise KindNotPossible(words, detail_en="An application runs already", rule="REG-03") from error
