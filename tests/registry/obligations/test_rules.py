"""Duties follow from agreements and rules, to the day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import Period, add_months
from kernel.policy import Cited
from registry.duty_facts.rules import (
    AgreementFacts,
    DutyPolicy,
    Facts,
    PartyFacts,
    PlanFacts,
    SelfAssessed,
    TrainingFacts,
)
from registry.obligations.rules import (
    KINDS,
    DutyKind,
    DutyState,
    Obligation,
    anniversaries,
    calendar_blocks,
    due_in_following_year,
    obligations,
)
from registry.parties.rules import Capacity
from tests.make import registry_base as make

AUTHORITY, OPERATOR, AGREEMENT = (UUID(int=n) for n in (1, 2, 3))
TODAY = date(2026, 11, 22)


def cited(name: str, value: str | None = None, *, since: date = date(2025, 3, 1)) -> Cited:
    """A value that some text gives, with the words of a real one."""
    real = make.book(demonstration=True).get("xinchang", "report.security.months", on=TODAY)
    assert real is not None
    return Cited(
        name=name, label=name, label_en=name, unit="", place="xinchang", value=value or "6", source=real.source,
        sources=real.sources, valid_from=since, valid_until=None, level="xinchang", is_overlay=False,
    )  # fmt: skip


def agreement(start: date = date(2026, 7, 1), end: date = date(2028, 7, 1), **changes: object) -> AgreementFacts:
    """An agreement in operation, but for the changes."""
    fields = {
        "id": AGREEMENT, "number": "AGR-1", "place": "xinchang", "authorizing_entity_id": AUTHORITY,
        "operating_institution_id": OPERATOR, "start": start, "end": end, "signed_on": start, **changes,
    }  # fmt: skip
    return AgreementFacts(**fields)  # type: ignore[arg-type]


def owed(policy: DutyPolicy, on: date, *agreements: AgreementFacts) -> list[Obligation]:
    """What is owed on a day."""
    return obligations(Facts(agreements or (agreement(),)), {"xinchang": policy}, on)


def test_security_reports_are_due_at_the_end_of_each_half_year_plus_grace() -> None:
    policy = DutyPolicy(security_months=cited("m", "6"), security_grace_days=cited("g", "15"))
    found = owed(policy, date(2027, 12, 31))
    assert [(one.period.last_day, one.due) for one in found] == [
        (date(2026, 12, 31), date(2027, 1, 15)),
        (date(2027, 6, 30), date(2027, 7, 15)),
        (date(2027, 12, 31), date(2028, 1, 15)),
    ]
    assert {(one.party_id, one.agreement_id, one.kind) for one in found} == {
        (OPERATOR, AGREEMENT, DutyKind.SECURITY_REPORT)
    }


def test_without_grace_the_half_year_ends_with_the_report() -> None:
    found = owed(DutyPolicy(security_months=cited("m", "6")), date(2026, 7, 1))
    assert [one.due for one in found] == [date(2026, 12, 31)]


@pytest.mark.parametrize(
    ("start", "dues"),
    [
        (date(2026, 7, 1), [date(2027, 7, 31), date(2028, 7, 31)]),
        (date(2024, 2, 29), [date(2025, 3, 30), date(2026, 3, 30)]),
        (date(2027, 3, 1), [date(2028, 3, 31), date(2029, 3, 31)]),
    ],
)
def test_an_operation_report_is_due_after_each_full_year_of_authorization(start: date, dues: list[date]) -> None:
    policy = DutyPolicy(operation_report_months=cited("m", "12", since=date(2023, 12, 31)),
                        operation_report_grace_days=cited("g", "30"))  # fmt: skip
    found = owed(policy, date(2030, 1, 1), agreement(start, add_months(start, 24)))
    assert [one.due for one in found] == dues


def test_a_year_that_did_not_come_to_its_end_asks_for_no_operation_report() -> None:
    policy = DutyPolicy(operation_report_months=cited("m", "12"))
    assert not owed(policy, date(2030, 1, 1), agreement(end=date(2027, 6, 30)))
    assert len(owed(policy, date(2030, 1, 1), agreement(end=date(2027, 7, 1)))) == 1


def test_anniversaries_of_the_29th_of_february_come_back_in_leap_years() -> None:
    found = list(anniversaries(12, date(2024, 2, 29), date(2029, 1, 1)))
    assert [one.end for one in found] == [
        date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29),
    ]  # fmt: skip
    assert all(one.end == two.start for one, two in pairwise(found))


def test_the_disclosures_of_a_year_are_due_on_31_march_of_the_next_and_once_per_institution() -> None:
    policy = DutyPolicy(
        operating_report_due=cited("r", "03-31"), implementing_disclosure_due=cited("i", "03-31"),
        operating_disclosure_due=cited("o", "03-31", since=date(2026, 2, 10)),
    )  # fmt: skip
    found = owed(policy, date(2027, 1, 1), agreement(), agreement(id=uuid4()))
    of_2026 = [one for one in found if one.period == Period.year(2026)]
    assert {one.due for one in of_2026} == {date(2027, 3, 31)}
    kinds = sorted(one.kind.value for one in of_2026)
    assert kinds == ["implementing_disclosure", "operating_disclosure", "operating_report", "operating_report"]
    assert [one.party_id for one in of_2026 if one.kind is DutyKind.OPERATING_DISCLOSURE] == [OPERATOR]


def test_a_rule_that_came_after_the_due_day_demands_nothing_for_that_year() -> None:
    policy = DutyPolicy(operating_disclosure_due=cited("o", "03-31", since=date(2026, 2, 10)))
    found = owed(policy, TODAY, agreement(date(2023, 1, 1), date(2028, 1, 1)))
    assert [one.period.start.year for one in found] == [2025, 2026]


def test_a_drill_starts_the_next_interval_and_a_late_one_stays_late() -> None:
    policy = DutyPolicy(drill_months=cited("d", "12"))
    held = agreement(date(2025, 7, 1), date(2028, 7, 1), drills=(date(2026, 8, 3),))
    first, second = owed(policy, TODAY, held)
    assert (first.due, first.state(TODAY)) == (date(2026, 7, 1), DutyState.FULFILLED_LATE)
    assert (second.due, second.state(TODAY)) == (date(2027, 8, 3), DutyState.UPCOMING)


def test_signing_asks_for_filing_and_publication_without_a_number_of_days() -> None:
    policy = DutyPolicy(agreement_filing_required=cited("f", "true"), selection_result_required=cited("s", "true"))
    filed = agreement(filed_on=date(2026, 7, 9), in_operation=False)
    found = {one.kind: one for one in owed(policy, TODAY, filed)}
    assert found[DutyKind.AGREEMENT_FILING].state(TODAY) is DutyState.FULFILLED
    assert found[DutyKind.SELECTION_PUBLICATION].state(TODAY) is DutyState.DUE
    assert found[DutyKind.SELECTION_PUBLICATION].due is None


def test_agencies_departments_and_trained_people_owe_by_their_capacity() -> None:
    agency, department, span = uuid4(), uuid4(), (date(2026, 7, 1), date(2027, 7, 1))
    facts = Facts(
        parties=(
            PartyFacts(agency, "xinchang", Capacity.MUNICIPAL_DATA_AGENCY, *span),
            PartyFacts(department, "xinchang", Capacity.SOURCE_DEPARTMENT, *span),
            PartyFacts(uuid4(), "xinchang", Capacity.BUYER, *span),
        ),
        trainings=(TrainingFacts(uuid4(), OPERATOR, "xinchang", "王某", date(2024, 7, 1)),),
    )
    policy = DutyPolicy(operation_status_months=cited("s", "6"), self_evaluation_months=cited("e", "12"),
                        training_validity=cited("t", "24"))  # fmt: skip
    found = obligations(facts, {"xinchang": policy}, TODAY)
    assert [(one.kind, one.due, one.state(TODAY)) for one in found] == [
        (DutyKind.TRAINING_RENEWAL, date(2026, 6, 30), DutyState.OVERDUE),
        (DutyKind.OPERATION_STATUS_DISCLOSURE, date(2026, 12, 31), DutyState.UPCOMING),
        (DutyKind.SELF_EVALUATION, date(2026, 12, 31), DutyState.UPCOMING),
    ]


def test_where_the_rules_are_silent_nothing_is_owed() -> None:
    assert owed(DutyPolicy(), date(2040, 1, 1)) == []


def test_the_last_day_is_in_time_and_the_day_after_is_late_for_ever() -> None:
    (duty,) = owed(DutyPolicy(security_months=cited("m", "6")), date(2026, 7, 1))
    last, after = date(2026, 12, 31), date(2027, 1, 1)
    assert duty.state(date(2026, 7, 1)) is DutyState.UPCOMING
    assert duty.state(last) is DutyState.UPCOMING
    assert duty.state(after) is DutyState.OVERDUE
    assert duty.state(date(2030, 1, 1), filed_on=last) is DutyState.FULFILLED
    assert duty.state(date(2030, 1, 1), filed_on=after) is DutyState.FULFILLED_LATE


@given(st.integers(1, 24), st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(1, 2000))
def test_blocks_cover_the_operation_without_gap_or_overlap(months: int, start: date, days: int) -> None:
    end = start + timedelta(days=days)
    blocks = list(calendar_blocks(months, start, end))
    assert blocks[0].start <= start < blocks[0].end
    assert blocks[-1].start < end <= blocks[-1].end
    assert all(one.end == two.start for one, two in pairwise(blocks))
    assert all(one.end == add_months(one.start, months) for one in blocks)


@given(st.dates(date(2023, 1, 1), date(2030, 12, 31)), st.dates(date(2023, 1, 1), date(2035, 12, 31)))
def test_every_duty_has_its_own_name_and_has_begun(start: date, on: date) -> None:
    policy = DutyPolicy(
        operating_report_due=cited("a", "03-31"), implementing_disclosure_due=cited("b", "03-31"),
        authorization_months=cited("c", "6"), resource_use_months=cited("d", "6"), security_months=cited("e", "6"),
        operation_report_months=cited("f", "12"), self_evaluation_months=cited("g", "12"),
        drill_months=cited("h", "12"), agreement_filing_required=cited("i", "true"),
    )  # fmt: skip
    found = owed(policy, on, agreement(start, add_months(start, 24)))
    assert len({one.key for one in found}) == len(found)
    assert all(one.period.start <= on for one in found)
    dues = [one.due for one in found if one.due is not None]
    assert dues == sorted(dues)


def test_every_kind_names_its_rule_and_a_yearly_day_is_read_from_the_value() -> None:
    assert set(KINDS) == set(DutyKind)
    assert due_in_following_year(2026, cited("d", "03-31")) == date(2027, 3, 31)


def assessed(start: date, end: date, on: date) -> SelfAssessed:
    """An own assessment over ``[start, end)`` that came in on that day."""
    return SelfAssessed(Period(start, end), on)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([assessed(date(2026, 7, 1), date(2027, 1, 1), date(2026, 12, 31))], DutyState.FULFILLED),
        ([assessed(date(2026, 1, 1), date(2027, 7, 1), date(2027, 1, 5))], DutyState.FULFILLED_LATE),
        ([assessed(date(2026, 7, 2), date(2027, 1, 1), date(2026, 12, 31))], DutyState.OVERDUE),  # a day is missing
        ([], DutyState.OVERDUE),
    ],
)
def test_an_own_assessment_over_the_whole_period_fulfils_the_duty_of_that_period(
    said: list[SelfAssessed], state: DutyState
) -> None:
    policy = DutyPolicy(self_evaluation_months=cited("m", "12"))
    on = date(2027, 1, 10)
    first = owed(policy, on, agreement(self_assessments=tuple(said)))[0]
    assert (first.period, first.state(on)) == (Period.year(2026), state)  # what it owes begins on 1 July
    party = PartyFacts(
        OPERATOR, "xinchang", Capacity.SOURCE_DEPARTMENT, date(2026, 7, 1), date(2028, 7, 1), tuple(said)
    )
    (own, *_) = obligations(Facts((), (party,)), {"xinchang": policy}, on)
    assert own.state(on) is state


def test_a_published_selection_fulfils_the_publication_and_a_filing_the_filing_of_the_plan() -> None:
    policy = DutyPolicy(
        selection_result_required=cited("s", "true"), plan_filing_required=cited("p", "true"),
    )  # fmt: skip
    published = agreement(selection_published_on=date(2026, 6, 20))
    found = {one.agreement_id: one.state(TODAY) for one in owed(policy, TODAY, published, agreement(id=OPERATOR))}
    assert found == {AGREEMENT: DutyState.FULFILLED, OPERATOR: DutyState.DUE}
    plans = [PlanFacts(UUID(int=n), f"PLN-{n}", "xinchang", AUTHORITY, date(2026, 5, 6), filed) for n, filed in
             ((1, None), (2, date(2026, 5, 9)))]  # fmt: skip
    filings = obligations(Facts(plans=tuple(plans)), {"xinchang": policy}, TODAY)
    assert {one.subject: one.state(TODAY) for one in filings} == {
        "PLN-1": DutyState.DUE, "PLN-2": DutyState.FULFILLED,
    }  # fmt: skip
    assert {(one.kind, one.party_id, one.recorded_elsewhere) for one in filings} == {
        (DutyKind.PLAN_FILING, AUTHORITY, True)
    }
    assert len({one.key for one in filings}) == 2
    assert not obligations(Facts(plans=tuple(plans)), {"xinchang": DutyPolicy()}, TODAY)
