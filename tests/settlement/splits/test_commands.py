"""A schedule counts when everybody whom it names has signed, and is never changed afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.errors import DomainError, NotAllowed
from kernel.identity import Role
from registry.parties.model import Party
from settlement.splits import commands
from settlement.splits.queries import NoSuchSchedule
from settlement.splits.rules import ScheduleState
from tests.make import market
from tests.make import registry_base as base
from tests.make import settlement as make


def parties_of(session: Session) -> tuple[Any, Party, Party]:
    """An agreement, its operator, and a platform."""
    agreement = base.make_agreement(session)
    platform = base.make_party(session)
    return agreement, session.get_one(Party, agreement.operating_institution_id), platform


@pytest.mark.both_databases
def test_the_last_signature_puts_a_schedule_into_effect(session: Session) -> None:
    agreement, operator, platform = parties_of(session)
    made = make.make_schedule(session, agreement, make.steps_of(operator, platform), signers=[operator])
    assert made.state is ScheduleState.DRAFT
    person = base.actor(Role.OPERATOR, org_id=platform.id, place=base.PLACE)
    commands.sign(session, person, made.number, now=make.NOW, book=make.LAW)
    assert made.state is ScheduleState.SIGNED
    session.commit()
    for change in ("steps = '[]'", "valid_from = '2020-01-01'", "state = 'draft', signed_at = NULL"):
        with pytest.raises(DBAPIError, match="keeps what was agreed"):
            session.execute(sa.text(f"UPDATE settlement_share_schedule SET {change}"))
        session.rollback()


def test_each_party_signs_once_and_for_itself(session: Session) -> None:
    agreement, operator, platform = parties_of(session)
    made = make.make_schedule(session, agreement, make.steps_of(operator, platform), signers=[operator])
    with pytest.raises(commands.SignedAlready):
        make.splits.sign(session, base.actor(Role.OPERATOR, org_id=operator.id, place=base.PLACE), made.number,
                         now=make.NOW, book=make.LAW)  # fmt: skip
    with pytest.raises(NotAllowed):
        commands.sign(session, base.supervisor(), made.number, now=make.NOW, book=make.LAW, party_uscc=platform.uscc)
    stranger = base.make_party(session)
    with pytest.raises(NoSuchSchedule):
        commands.sign(session, base.actor(Role.OPERATOR, org_id=stranger.id, place=base.PLACE), made.number,
                      now=make.NOW, book=make.LAW)  # fmt: skip


def test_the_authority_signs_through_its_supervisor(session: Session) -> None:
    agreement, operator, _ = parties_of(session)
    authority = session.get_one(Party, agreement.authorizing_entity_id)
    made = make.make_schedule(session, agreement, make.steps_of(operator, authority), signers=[operator])
    commands.sign(session, base.supervisor(), made.number, now=make.NOW, book=make.LAW, party_uscc=authority.uscc)
    assert made.state is ScheduleState.SIGNED


def test_versions_count_up_for_each_scope(session: Session) -> None:
    agreement, operator, platform = parties_of(session)
    steps = make.steps_of(operator, platform)
    found = [make.make_schedule(session, agreement, steps, signers=[]).version_number for _ in range(3)]
    assert found == [1, 2, 3]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "rate", "value": "0.5", "party": "913306240000000000"}, "settlement.party_unknown"),
        ({"kind": "rate", "party": "x", "value": "2"}, "input.unreadable"),
        ({"kind": "nothing"}, "input.unreadable"),
        (
            {"kind": "pool", "value": "0.5", "contributors": {"usage": "1", "quality": "1", "input": "0"}},
            "settlement.weights_not_one",
        ),
    ],
)
def test_a_schedule_that_cannot_divide_is_refused(session: Session, change: dict[str, Any], code: str) -> None:
    agreement, _, platform = parties_of(session)
    steps = [change, {"kind": "rest", "party": platform.uscc}]
    with pytest.raises(DomainError) as refused:
        make.make_schedule(session, agreement, steps, signers=[])
    assert refused.value.code == code


def test_a_product_of_another_agreement_is_refused(session: Session) -> None:
    agreement, operator, platform = parties_of(session)
    other = market.registry.make_product(session)
    with pytest.raises(commands.NotOfTheAgreement):
        make.make_schedule(session, agreement, make.steps_of(operator, platform), signers=[], product=other)
