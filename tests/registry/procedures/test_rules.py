"""Who may sit on which seat, and where silence may count as consent."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.identity import Actor, Grant, Role
from registry.procedures.rules import (
    APPEAL_KINDS,
    PROCEDURE_TITLES,
    RULE_OF,
    STAGES,
    Procedure,
    Seat,
    SeatsMissing,
    SilenceForbidden,
    check_seats,
    is_own,
    speaks_for,
)
from tests.make.registry_base import book

CHECKS = {"operator_check", "authority_check", "egress_check"}


def person(role: Role, *, org: UUID | None = None, place: str | None = "guangzhou") -> Actor:
    """Somebody with one role."""
    return Actor(id=uuid4(), name="人员", org_id=org, grants=(Grant(role, org, place),))


def test_a_seat_is_taken_by_people_of_the_right_role_organisation_and_place() -> None:
    department, other = uuid4(), uuid4()
    seat = ("source_department", department, "guangzhou")
    assert speaks_for(person(Role.SOURCE, org=department), *seat)
    assert not speaks_for(person(Role.SOURCE, org=other), *seat)
    assert not speaks_for(person(Role.REVIEWER, org=department), *seat)
    assert not speaks_for(person(Role.SOURCE, org=department, place="puer"), *seat)
    authority = ("data_authority", other, "guangzhou")
    assert speaks_for(person(Role.REVIEWER), *authority)
    assert speaks_for(person(Role.SUPERVISOR, org=other), *authority)
    assert not speaks_for(person(Role.REVIEWER, org=department), *authority)
    assert not speaks_for(person(Role.MERCHANT, org=other), *authority)


def test_the_check_belongs_to_the_operator_or_to_the_authority_as_the_seat_says() -> None:
    operator = uuid4()
    assert speaks_for(person(Role.OPERATOR, org=operator), "operator_check", operator, "guangzhou")
    assert not speaks_for(person(Role.OPERATOR, org=uuid4()), "operator_check", operator, "guangzhou")
    assert not speaks_for(person(Role.SUPERVISOR), "operator_check", operator, "guangzhou")
    assert speaks_for(person(Role.SUPERVISOR), "authority_check", None, "guangzhou")
    assert not speaks_for(person(Role.REVIEWER), "authority_check", None, "guangzhou")


def test_an_application_is_own_by_the_organisation_of_the_person_or_of_any_grant() -> None:
    org = uuid4()
    assert is_own(person(Role.OPERATOR, org=org), org)
    assert is_own(Actor(id=uuid4(), name="兼任", org_id=uuid4(), grants=(Grant(Role.MERCHANT, org),)), org)
    assert not is_own(person(Role.OPERATOR, org=uuid4()), org)
    assert not is_own(person(Role.SUPERVISOR), None)


@given(st.sampled_from(Procedure), st.sampled_from(sorted(STAGES)), st.none() | st.integers(1, 30), st.booleans())
def test_silence_consents_only_on_the_reviewers_of_a_data_request_within_known_days(
    procedure: Procedure, kind: str, days: int | None, silence: bool
) -> None:
    seat = Seat(kind, 1, None, days, silence)
    if not silence or (procedure is Procedure.DATA_REQUEST and kind not in CHECKS and days is not None):
        check_seats(procedure, [seat])
    else:
        with pytest.raises(SilenceForbidden, match="RVW-05"):
            check_seats(procedure, [seat])


@pytest.mark.parametrize("procedure", list(Procedure))
def test_a_review_without_seats_is_refused(procedure: Procedure) -> None:
    with pytest.raises(SeatsMissing):
        check_seats(procedure, [])


def test_every_procedure_has_words_and_a_rule_and_every_appeal_a_seat() -> None:
    assert set(PROCEDURE_TITLES) == set(RULE_OF) == set(Procedure)
    assert set(APPEAL_KINDS.values()) <= set(STAGES)


def test_every_stage_of_the_register_is_known() -> None:
    stages = next(one for one in book().parameters() if one.name == "review.stages")
    assert stages.choices
    assert set(stages.choices) <= set(STAGES)
