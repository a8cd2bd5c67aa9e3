"""Registration on a real database: from the application to the code, and how it ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.calendar import CalendarGap
from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.codes.rules import read_code
from registry.products.model import Product
from registry.registrations import commands, queries
from registry.registrations.model import Registration
from registry.registrations.rules import (
    Acceptance,
    CancellationGround,
    DefectsMissing,
    KindNotPossible,
    MaterialsMissing,
    RegistrationKind,
    RegistrationState,
    ReturnedBefore,
    SecondPersonNeeded,
)
from registry.terms.rules import NoticeRunning, OutsideRenewalWindow
from tests.make.closings import revoke
from tests.make.registry_base import NOW, actor, book, make_agreement
from tests.make.registry_products import (
    ASSESSMENT,
    CODED_AT,
    add_version,
    calendar,
    make_product,
    make_registration,
    make_review,
    make_reviewers,
    make_sellable,
    reviewer,
    seller,
)

LAW: dict[str, Any] = {"book": book(demonstration=True), "calendar": calendar()}
FIVE_YEARS = (date(2026, 7, 1), date(2031, 7, 1))


def reviewed(session: Session, place: str = "xinchang") -> Product:
    """A product that passed its review."""
    made = make_product(session, place=place)
    make_review(session, made)
    return made


def apply(session: Session, made: Product, kind: RegistrationKind, now: datetime = NOW, **changed: Any) -> Registration:
    """Apply for a registration."""
    values = {"assessment": ASSESSMENT, "now": now, **LAW} | changed
    return commands.apply(session, seller(made), product_id=made.id, kind=kind, **values)


def receive(session: Session, registration: Registration, decision: Acceptance, **changed: Any) -> None:
    """Let the registrar receive an application."""
    values = {"reason": "", "defects": [], "now": NOW, **LAW} | changed
    commands.receive(session, reviewer(registration.place), registration.id, decision=decision, **values)
    session.flush()


@pytest.mark.both_databases
def test_the_worked_example_of_the_measure_runs_from_1_july_to_18_august(session: Session) -> None:
    made, first, second = reviewed(session), reviewer(), reviewer()
    registration = apply(session, made, RegistrationKind.FIRST)
    assert registration.accept_due == date(2026, 7, 6)
    accepted_at = datetime(2026, 7, 6, 2, 0, tzinfo=UTC)
    commands.receive(
        session, first, registration.id, decision=Acceptance.ACCEPT, reason="", defects=[], now=accepted_at, **LAW
    )
    assert registration.review_due == date(2026, 8, 3)
    passed_at = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)
    commands.complete_review(session, first, registration.id, passes=True, reason="", now=passed_at, **LAW)
    assert (registration.notice_start, registration.notice_end) == (date(2026, 8, 4), date(2026, 8, 17))
    with pytest.raises(NoticeRunning):
        commands.assign_code(
            session, second, registration.id, book=book(), now=datetime(2026, 8, 17, 15, 59, tzinfo=UTC)
        )
    coded_at = datetime(2026, 8, 17, 16, 0, tzinfo=UTC)  # midnight in Beijing: the 18th
    commands.assign_code(session, second, registration.id, book=book(), now=coded_at)
    session.flush()
    assert registration.code is not None
    assert read_code(registration.code) == registration.code == "330624-2026-000001-S"
    assert (registration.valid_from, registration.valid_until) == (date(2026, 8, 18), date(2028, 6, 30))
    names = [source["name"] for source in registration.sources]
    assert names == [f"registration.{step}_working_days" for step in ("acceptance", "review", "notice")]


def test_under_a_long_authorization_the_code_is_valid_for_three_years(session: Session) -> None:
    make_reviewers(session, "quzhou")
    made = make_product(session, agreement=make_agreement(session, place="quzhou", term=FIVE_YEARS))
    make_review(session, made)
    registration = make_registration(session, made)
    assert (registration.valid_from, registration.valid_until) == (date(2026, 7, 16), date(2029, 7, 15))


def test_two_products_get_two_codes_and_places_count_for_themselves(session: Session) -> None:
    codes = [make_registration(session, reviewed(session, place)).code for place in ("xinchang", "xinchang", "puer")]
    assert codes == ["330624-2026-000001-S", "330624-2026-000002-Q", "530800-2026-000001-Z"]


def test_who_passed_the_review_does_not_assign_the_code(session: Session) -> None:
    registration = make_registration(session, reviewed(session), state=RegistrationState.PUBLIC_NOTICE)
    same = reviewer()
    registration.passed_by = same.id
    with pytest.raises(SecondPersonNeeded, match="双人"):
        commands.assign_code(session, same, registration.id, book=book(), now=CODED_AT)


def test_only_a_version_that_passed_its_review_is_registered(session: Session) -> None:
    made = make_product(session)
    with pytest.raises(queries.NotReviewed, match="REG-09"):
        apply(session, made, RegistrationKind.FIRST)


def test_missing_materials_are_refused_at_once_and_named(session: Session) -> None:
    with pytest.raises(MaterialsMissing, match="数据安全风险评估"):
        apply(session, reviewed(session), RegistrationKind.FIRST, assessment=" ")


@pytest.mark.both_databases
def test_a_product_has_one_application_at_a_time(session: Session) -> None:
    made = reviewed(session)
    registration = apply(session, made, RegistrationKind.FIRST)
    with pytest.raises(KindNotPossible, match=registration.number):
        apply(session, made, RegistrationKind.FIRST)
    session.add(
        Registration(
            number="REG-X", place=made.place, product_id=made.id, version_id=registration.version_id,
            registrant_id=made.owner_id, kind=RegistrationKind.FIRST, received_at=NOW,
        )
    )  # fmt: skip
    with pytest.raises(DBAPIError, match=r"(?i)unique"):
        session.flush()
    session.rollback()


def test_a_return_names_all_defects_once_and_the_clock_restarts_at_resubmission(session: Session) -> None:
    made = reviewed(session)
    registration = apply(session, made, RegistrationKind.FIRST)
    with pytest.raises(DefectsMissing):
        receive(session, registration, Acceptance.RETURN_ONCE)
    session.refresh(registration)
    receive(session, registration, Acceptance.RETURN_ONCE, defects=["评估缺日期", " ", "来源不清"])
    assert (registration.state, registration.defects) == (RegistrationState.RETURNED, ["评估缺日期", "来源不清"])
    later = NOW + timedelta(days=7)
    commands.resubmit(session, seller(made), registration.id, assessment="评估报告，2026-07-08", now=later, **LAW)
    assert (registration.received_at, registration.accept_due) == (later, date(2026, 7, 13))
    assert registration.materials["security_risk_assessment"] == "评估报告，2026-07-08"
    session.flush()
    with pytest.raises(ReturnedBefore):
        receive(session, registration, Acceptance.RETURN_ONCE, defects=["还有问题"])
    session.refresh(registration)
    receive(session, registration, Acceptance.ACCEPT)
    assert registration.state is RegistrationState.ACCEPTED


def test_an_application_that_is_not_accepted_or_not_completed_ends_with_its_reason(session: Session) -> None:
    made = reviewed(session)
    registration = apply(session, made, RegistrationKind.FIRST)
    receive(session, registration, Acceptance.NOT_ACCEPT, reason="不属于登记范围")
    assert (registration.state, registration.reason) == (RegistrationState.NOT_ACCEPTED, "不属于登记范围")
    second = make_registration(session, made, state=RegistrationState.ACCEPTED)
    with pytest.raises(DefectsMissing):
        commands.complete_review(session, reviewer(), second.id, passes=False, reason="", now=NOW, **LAW)
    session.refresh(second)
    commands.complete_review(session, reviewer(), second.id, passes=False, reason="材料不实", now=NOW, **LAW)
    session.flush()
    assert (second.state, second.closed_at) == (RegistrationState.TERMINATED, NOW)


def test_registrars_act_in_their_place_and_not_for_their_own_organisation(session: Session) -> None:
    registration = apply(session, reviewed(session), RegistrationKind.FIRST)
    own = actor(Role.REVIEWER, org_id=registration.registrant_id, place="xinchang")
    for person in (own, reviewer("puer"), actor(Role.SUPERVISOR, place="xinchang")):
        with pytest.raises(NotAllowed):
            queries.for_decision(session, person, registration.id)
    assert queries.for_decision(session, reviewer("xinchang"), registration.id) is registration


def test_a_deadline_in_a_year_without_holidays_is_refused(session: Session) -> None:
    with pytest.raises(CalendarGap, match="2027"):
        apply(session, reviewed(session), RegistrationKind.FIRST, datetime(2026, 12, 30, 2, 0, tzinfo=UTC))


def test_a_registered_product_is_not_registered_again_but_changed(session: Session) -> None:
    made = make_sellable(session)
    with pytest.raises(KindNotPossible, match="已登记"):
        apply(session, made, RegistrationKind.FIRST, CODED_AT)
    for kind in (RegistrationKind.CHANGE, RegistrationKind.RENEWAL, RegistrationKind.CANCELLATION):
        with pytest.raises(KindNotPossible, match="首次登记"):
            apply(session, reviewed(session), kind, CODED_AT)
    with pytest.raises(KindNotPossible, match="依职权"):
        apply(session, made, RegistrationKind.REVOCATION, CODED_AT)


@pytest.mark.both_databases
def test_a_registered_change_keeps_code_and_end_and_replaces_the_old_entry(session: Session) -> None:
    made = make_sellable(session)
    original = queries.effective(session, made.id, date(2026, 7, 16))
    assert original is not None
    second = add_version(session, made, now=CODED_AT)
    make_review(session, made, now=CODED_AT)
    coded_at = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)
    changed = make_registration(session, made, kind=RegistrationKind.CHANGE, now=CODED_AT, coded_at=coded_at)
    assert (original.state, original.closed_at) == (RegistrationState.REPLACED, coded_at)
    assert (changed.code, changed.valid_until) == (original.code, original.valid_until)
    assert (changed.version_id, changed.valid_from) == (second.id, date(2026, 8, 3))
    assert queries.effective(session, made.id, date(2026, 8, 3)) is changed


def test_a_renewal_begins_the_day_after_the_old_end_and_leaves_the_old_term_alone(session: Session) -> None:
    make_reviewers(session, "quzhou")
    made = make_product(session, agreement=make_agreement(session, place="quzhou", term=FIVE_YEARS))
    make_review(session, made)
    original = make_registration(session, made)
    original_end = date(2029, 7, 15)
    early = datetime(2029, 5, 15, 2, 0, tzinfo=UTC)
    with pytest.raises(OutsideRenewalWindow, match="2029-05-16"):
        apply(session, made, RegistrationKind.RENEWAL, early)
    # nobody has entered the holidays of 2029, so the deadlines of the renewal cannot be computed there
    with pytest.raises(CalendarGap, match="2029"):
        apply(session, made, RegistrationKind.RENEWAL, early + timedelta(days=1))
    renewal = renewed(session, made, original)
    assert (renewal.valid_from, renewal.valid_until) == (date(2029, 7, 16), date(2032, 7, 15))
    assert (original.state, renewal.code) == (RegistrationState.CODED, original.code)
    assert queries.effective(session, made.id, original_end) is original
    assert queries.effective(session, made.id, original_end + timedelta(days=1)) is renewal
    assert queries.latest_coded(session, made.id) is renewal


def renewed(session: Session, made: Product, original: Registration) -> Registration:
    """A renewal on public notice, coded: its application was filed while the calendar was known."""
    renewal = Registration(
        number="REG-2029-000001", place=made.place, product_id=made.id, version_id=original.version_id,
        registrant_id=made.owner_id, original_id=original.id, kind=RegistrationKind.RENEWAL,
        state=RegistrationState.PUBLIC_NOTICE, received_at=NOW, notice_start=date(2029, 6, 1),
        notice_end=date(2029, 6, 15), sources=[], materials={}, defects=[],
    )  # fmt: skip
    session.add(renewal)
    session.flush()
    now = datetime(2029, 6, 20, 2, 0, tzinfo=UTC)
    commands.assign_code(session, reviewer("quzhou"), renewal.id, book=book(), now=now)
    session.flush()
    return renewal


def test_a_renewal_of_a_revoked_registration_gets_no_code(session: Session) -> None:
    make_reviewers(session, "quzhou")
    made = make_product(session, agreement=make_agreement(session, place="quzhou", term=FIVE_YEARS))
    make_review(session, made)
    original = make_registration(session, made)
    revoke(session, original.id, place="quzhou")
    with pytest.raises(KindNotPossible, match="撤销"):
        renewed(session, made, original)


def test_a_cancellation_is_applied_for_with_a_ground_and_done_within_ten_working_days(session: Session) -> None:
    made = make_sellable(session)
    with pytest.raises(KindNotPossible, match="事由"):
        apply(session, made, RegistrationKind.CANCELLATION, CODED_AT)
    application = apply(
        session, made, RegistrationKind.CANCELLATION, CODED_AT, ground=CancellationGround.RIGHT_ENDED, assessment=""
    )
    receive(session, application, Acceptance.ACCEPT, now=CODED_AT)
    assert application.review_due == date(2026, 7, 30)
    assert queries.effective(session, made.id, date(2026, 7, 16)) is not None
    commands.complete_review(session, reviewer(), application.id, passes=True, reason="", now=CODED_AT, **LAW)
    session.flush()
    assert queries.effective(session, made.id, date(2026, 7, 16)) is None
    states = {one.kind: one.state for one in queries.of_product(session, made.id)}
    assert states == dict.fromkeys((RegistrationKind.FIRST, RegistrationKind.CANCELLATION), RegistrationState.CANCELLED)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "change",
    ["code = '330624-2026-000009-X'", "valid_until = '2039-01-01'", "valid_from = '2020-01-01'", "code = NULL"],
)
def test_the_database_keeps_a_code_and_its_validity(session: Session, change: str) -> None:
    make_sellable(session)
    with pytest.raises(DBAPIError, match="final"):
        session.execute(sa.text(f"UPDATE registry_registration SET {change}"))
    session.rollback()


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("column", "value"), [("state", "coded"), ("notice_end", "2026-01-01"), ("closed_at", "2026-07-01 00:00:00+00:00")]
)
def test_the_database_refuses_a_registration_that_contradicts_itself(session: Session, column: str, value: str) -> None:
    make_registration(session, reviewed(session), state=RegistrationState.PUBLIC_NOTICE)
    with pytest.raises(DBAPIError, match=r"(?i)constraint"):
        session.execute(sa.text(f"UPDATE registry_registration SET {column} = '{value}'"))
    session.rollback()


@pytest.mark.both_databases
def test_a_change_is_due_so_many_working_days_after_the_first_newer_version_passed_its_review(
    session: Session,
) -> None:
    made, law = make_sellable(session), {"book": LAW["book"], "calendar": LAW["calendar"]}
    assert queries.change_clock(session, made, on=date(2026, 7, 16), **law) is None
    for day in (16, 20):  # the second one does not set the term back
        add_version(session, made, now=datetime(2026, 7, day, 2, tzinfo=UTC))
        make_review(session, made, now=datetime(2026, 7, day, 3, tzinfo=UTC))
    term = queries.change_clock(session, made, on=date(2026, 7, 21), **law)
    assert term is not None
    assert (term.start, term.working_days, term.due) == (date(2026, 7, 16), 20, date(2026, 8, 13))
    # without a configured number the law says "in time" and there is no day
    assert queries.change_clock(session, made, on=date(2026, 7, 21), book=book(), calendar=LAW["calendar"]) is None
    with session.begin_nested() as tried:
        in_time = apply(session, made, RegistrationKind.CHANGE, datetime(2026, 8, 13, 2, tzinfo=UTC))
        assert (in_time.application_due, in_time.late_days) == (date(2026, 8, 13), 0)
        tried.rollback()
    late = apply(session, made, RegistrationKind.CHANGE, datetime(2026, 8, 17, 2, tzinfo=UTC))
    assert (late.application_due, late.late_days) == (date(2026, 8, 13), 4)
