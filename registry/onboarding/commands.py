"""Asking to be admitted, and what follows from the authority's decision."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.identity import Actor, Grant, Role
from kernel.policy import PolicyBook
from registry.accounts import commands as accounts
from registry.accounts import queries as account_queries
from registry.accounts.model import Account, SignInFailure
from registry.accounts.rules import LockedOut, check_password
from registry.onboarding import checks, queries
from registry.onboarding.model import Onboarding, OnboardingDocument, OnboardingStatement
from registry.onboarding.rules import (
    ROLE_FOR,
    AlreadyApplied,
    ApplicationEvent,
    ApplicationState,
    Sent,
    TooManyAttempts,
    after,
    check_capacities,
    check_documents,
    media_type_of,
)
from registry.parties import commands as party_commands
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity, PartyKind, check_separation, normalised_uscc
from registry.persons import commands as persons
from registry.persons.rules import identity_digest, identity_number, key_name
from registry.procedures.rules import Procedure, Seat
from registry.reviews import commands as reviews
from registry.reviews import queries as review_queries
from registry.reviews.model import Opinion, Review
from registry.reviews.rules import ReviewState

DOCUMENTS_MAX = 5
DOCUMENT_BYTES_MAX = 5 * 1024 * 1024
WORD_BYTES = 12
SEATS = (Seat(kind="onboarding_check", position=1),)  # no text gives a number of days, so there is no due date
EVENTS = {
    ReviewState.PASSED: ApplicationEvent.ADMIT,
    ReviewState.REFUSED: ApplicationEvent.REFUSE,
    ReviewState.RETURNED: ApplicationEvent.RETURN,
}


@dataclass(frozen=True, slots=True)
class Applied:
    """A new application with the word that is shown once."""

    application: Onboarding
    word: str


@dataclass(frozen=True, slots=True)
class Stated:
    """What an applicant states about the organisation and its first person."""

    name: str
    kind: PartyKind
    capacities: Collection[Capacity]
    contact: str
    person_name: str
    login: str
    documents: Sequence[Sent]


def count_attempt(session: Session, actor: Actor, *, subject: str, now: datetime) -> None:
    """Count one application for a credit code, or one word tried on a number; commit it before the attempt itself.

    Raises:
        TooManyAttempts: five within 15 minutes.
    """
    try:
        accounts.count_attempt(session, actor, login=f"onboarding {subject}", now=now)
    except LockedOut as error:
        raise TooManyAttempts(
            "短时间内尝试过多，请稍后再试", detail_en="Too many attempts; try again later.", headers=error.headers
        ) from error
    audit.record(session, actor, "onboarding.attempt", ("onboarding", account_queries.digest(subject)), at=now)


def apply(
    session: Session, actor: Actor, *, uscc: str, place: str, stated: Stated, password: str, number: str | None,
    key: bytes, book: PolicyBook, calendar: WorkingCalendar, now: datetime,
) -> Applied:  # fmt: skip
    """Ask to be admitted; nobody need be signed in. The word that is returned is shown once.

    Args:
        session: the session.
        actor: whoever asks; a visitor as a rule.
        uscc: the credit code, in any spelling.
        place: where the organisation wants to act.
        stated: the organisation, its first person and the documents.
        password: the password that the first person chose.
        number: the identity number of the first person, or None.
        key: the application's secret.
        book: the rules.
        calendar: working days.
        now: the moment.

    Raises:
        NoSuchPlace: there is no such place.
        BadUscc: the credit code is wrong.
        CapacityNotOpen: what is asked for is not open to self-service.
        DutiesNotSeparated: operator and merchant at once, where the place separates them (SEP-01).
        DocumentsRefused: documents are missing or not acceptable.
        PasswordTooWeak: the password is too short, or contains the login name.
        BadIdentityNumber: the identity number is wrong.
        AlreadyApplied: an application for the same code runs.
    """
    code, title = normalised_uscc(uscc), book.place(place).title
    _check(stated, password, place, title, book, now)
    digest = None if number is None else identity_digest(identity_number(number), key)
    word = secrets.token_urlsafe(WORD_BYTES)
    made = Onboarding(
        number=numbering.number(session, "ONB", business_date(now)), word_sha256=account_queries.digest(word),
        uscc=code, place=place, submitted_at=now, password_hash=account_queries.hashed(password), identity_hmac=digest,
        identity_key_name=None if digest is None else key_name(key), defects=[],
    )  # fmt: skip
    _add_unique(session, made)
    _state(session, made, stated, now)
    known = parties.registered_with(session, code)
    application = queries.by_id(session, made.id)
    review = reviews.open_review(
        session, actor, procedure=Procedure.ONBOARDING, subject_id=made.id, subject_title=stated.name, place=place,
        applicant_id=known.id if known else None, seats=SEATS, calendar=calendar, now=now,
        findings=checks.findings(session, application, on=business_date(now), book=book),
    )  # fmt: skip
    application.review_id = review.id
    session.flush()
    audit.record(session, actor, "onboarding.apply", application, at=now, note=code)
    return Applied(application, word)


def look_up(session: Session, actor: Actor, number: str, *, word: str, now: datetime) -> Onboarding:
    """Return the application to whoever knows its word; the count of attempts begins anew.

    Raises:
        NoSuchApplication: number and word do not belong together.
    """
    found = queries.with_word(session, number, word)
    subject = account_queries.digest(account_queries.normalised_login(f"onboarding {found.number}"))
    failures = sa.delete(SignInFailure).where(SignInFailure.login_sha256 == subject)
    session.execute(failures, execution_options=accounts.NO_SYNC)
    audit.record(session, actor, "onboarding.look_up", found, at=now)
    return found


def resubmit(
    session: Session,
    actor: Actor,
    number: str,
    *,
    word: str,
    stated: Stated,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
    password: str | None = None,
) -> Onboarding:
    """Send a returned application in again; without new documents those of the round before go with it.

    Raises:
        NoSuchApplication: number and word do not belong together.
        WrongState: the application was not returned.
        CapacityNotOpen: what is asked for is not open to self-service.
        DutiesNotSeparated: operator and merchant at once, where the place separates them (SEP-01).
        DocumentsRefused: documents are not acceptable.
        PasswordTooWeak: the password is too short, or contains the login name.
    """
    application = queries.by_id(session, queries.with_word(session, number, word).id, lock=True)
    application.state = after(application.state, ApplicationEvent.RESUBMIT)
    earlier = application.statement.documents
    if not stated.documents:
        kept = [Sent(one.kind, one.name, files.get(session, one.sha256).content) for one in earlier]
        stated = replace(stated, documents=kept)
    _check(stated, password, application.place, book.place(application.place).title, book, now)
    if password is not None:
        application.password_hash = account_queries.hashed(password)
    application.round_number += 1
    application.reason, application.defects, application.submitted_at = "", [], now
    _state(session, application, stated, now)
    assert application.review_id is not None, "an application has its review from the first moment"
    reviews.resubmit(
        session, actor, application.review_id, subject_id=application.id, subject_title=stated.name, seats=SEATS,
        calendar=calendar, now=now,
    )  # fmt: skip
    session.flush()
    audit.record(session, actor, "onboarding.resubmit", application, at=now)
    return queries.by_id(session, application.id)


def withdraw(session: Session, actor: Actor, number: str, *, word: str, now: datetime) -> Onboarding:
    """Take an application back before it is decided.

    Raises:
        NoSuchApplication: number and word do not belong together.
        WrongState: it is decided already.
    """
    application = queries.by_id(session, queries.with_word(session, number, word).id, lock=True)
    withdrawn = after(application.state, ApplicationEvent.WITHDRAW)
    assert application.review_id is not None, "an application has its review from the first moment"
    reviews.withdraw(session, actor, application.review_id, reason="申请人撤回", now=now)
    _close(application, withdrawn, now)
    session.flush()
    audit.record(session, actor, "onboarding.withdraw", application, at=now)
    return application


def take_outcome(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    """Let the authority's decision follow: on a pass the organisation, its capacities and its first person begin.

    Raises:
        WrongState: the application was decided otherwise.
        NotInOrder: the organisation is suspended or has ended.
        DutiesNotSeparated: operator and merchant at once, where the place separates them (SEP-01).
        DutyConflict: the person holds a duty elsewhere that excludes the new one.
    """
    application = queries.by_id(session, review.subject_id, lock=True)
    concluded = after(application.state, EVENTS[review.state])
    opinion = _last_opinion(session, review)
    application.reason, application.defects = opinion.reason, list(opinion.defects)
    if review.state is ReviewState.PASSED:
        party = _admit_party(session, actor, application, book, now)
        account = _admit_person(session, actor, application, party, now)
        application.party_id, application.account_id, application.login = party.id, account.id, account.login
        _close(application, concluded, now)
    elif review.state is ReviewState.REFUSED:
        _close(application, concluded, now)
    else:
        application.state = concluded
    session.flush()
    audit.record(session, actor, "onboarding.take_outcome", application, at=now, note=review.state)


def _admit_party(session: Session, actor: Actor, application: Onboarding, book: PolicyBook, now: datetime) -> Party:
    stated, place = application.statement, application.place
    asked = [Capacity(capacity) for capacity in stated.capacities]
    party = parties.registered_with(session, application.uscc)
    if party is None:
        return party_commands.create_party(
            session, actor, uscc=application.uscc, name=stated.name, kind=stated.kind, place=place, capacities=asked,
            contact=stated.contact, now=now, book=book,
        )  # fmt: skip
    held = {one.capacity for one in party.capacities if one.place == place}
    for capacity in asked:
        if capacity not in held:
            party_commands.add_capacity(session, actor, party.id, capacity=capacity, place=place, now=now, book=book)
    return party


def _admit_person(session: Session, actor: Actor, application: Onboarding, party: Party, now: datetime) -> Account:
    # the decision creates the account and its roles for this organisation at this place, and nothing else
    officer = replace(actor, grants=(Grant(Role.SECURITY_ADMINISTRATOR, None, application.place),))
    stated = application.statement
    assert application.password_hash is not None, "the password is kept until the application is closed"
    account = persons.admit(
        session, officer, login=_free_login(session, stated.login, application.number), name=stated.person_name,
        password_hash=application.password_hash, party_id=party.id, now=now,
    )  # fmt: skip
    if application.identity_hmac is not None and application.identity_key_name is not None:
        persons.link_person(
            session, officer, account.id, number_hmac=application.identity_hmac, key=application.identity_key_name,
            now=now,
        )  # fmt: skip
    for capacity in stated.capacities:
        role = ROLE_FOR[Capacity(capacity)]
        accounts.grant_role(session, officer, account.id, role=role, place=application.place, now=now)
    return account


def _free_login(session: Session, wanted: str, number: str) -> str:
    """Return the login that was wanted, or a longer one: whether a login exists is not told to the public."""
    login = account_queries.normalised_login(wanted)
    taken = session.scalar(sa.select(Account.id).where(Account.login == login))
    return login if taken is None else f"{login}.{number.casefold()}"


def _check(stated: Stated, password: str | None, place: str, title: str, book: PolicyBook, now: datetime) -> None:
    check_capacities(stated.capacities)
    cited = book.get(place, "seller.operator_merchant_separation", on=business_date(now))
    if cited is not None and cited.boolean():
        check_separation(stated.capacities, title, cited.citation())
    check_documents(stated.documents, count_max=DOCUMENTS_MAX, bytes_max=DOCUMENT_BYTES_MAX)
    if password is not None:
        check_password(password, account_queries.normalised_login(stated.login), accounts.PASSWORD_LENGTH_MIN)


def _state(session: Session, application: Onboarding, stated: Stated, now: datetime) -> None:
    made = OnboardingStatement(
        application_id=application.id, round_number=application.round_number, name=stated.name.strip(),
        kind=stated.kind, capacities=sorted(set(stated.capacities)), contact=stated.contact,
        person_name=stated.person_name, login=account_queries.normalised_login(stated.login), stated_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    for document in stated.documents:
        media_type = media_type_of(document.content) or "application/octet-stream"
        sha256 = files.keep(session, document.content, name=document.name, media_type=media_type, now=now)
        session.add(OnboardingDocument(statement_id=made.id, kind=document.kind, name=document.name, sha256=sha256))
    session.flush()


def _last_opinion(session: Session, review: Review) -> Opinion:
    given = [opinion for seat in review_queries.stages(session, review) for opinion in seat.opinions]
    return max(given, key=lambda opinion: (opinion.given_at, opinion.id))


def _close(application: Onboarding, state: ApplicationState, now: datetime) -> None:
    application.state, application.decided_at, application.password_hash = state, now, None


def _add_unique(session: Session, made: Onboarding) -> None:
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError as error:
        raise _applied_before(made.uscc) from error


def _applied_before(code: str) -> AlreadyApplied:
    return AlreadyApplied(
        f"统一社会信用代码 {code} 已有一件入驻申请在办：请凭原受理编号和查询码查询或补正，不得重复申请",
        detail_en=f"An application for {code} runs already.",
        rule="APP-04",
        errors=[{"pointer": "/uscc", "code": AlreadyApplied.code, "message": "已有申请在办"}],
    )
