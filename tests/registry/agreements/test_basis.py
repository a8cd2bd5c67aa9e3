"""What an agreement rests on: a plan in effect that covers it, and the published selection of its operator."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from registry.agreements import commands, queries
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState, Basis, BasisMissing
from registry.calls.model import Call
from registry.parties.model import Party
from registry.resources.model import Resource
from registry.selections.model import Selection
from registry.selections.rules import SelectionState
from tests.make import authorization
from tests.make import registry_base as make
from tests.make.basis import EARLIER_DAY, lay_selection

PLACE = "puer"


def draft(session: Session, operator: Party, *resources: Resource, **named: object) -> Agreement:
    """A complete draft without any basis but what the test made itself."""
    authority = make.make_authority(session, place=PLACE)
    return commands.draft(
        session, make.supervisor(PLACE), place=PLACE, authorizing_entity_id=authority.id,
        operating_institution_id=operator.id, title="公共数据授权运营协议", term_start=make.TERM[0],
        term_end=make.TERM[1], items=make.ITEMS, now=make.NOW, book=make.book(),
        resource_ids=[one.id for one in resources or (make.make_resource(session, place=PLACE),)], **named,
    )  # fmt: skip


def sign(session: Session, agreement: Agreement) -> Agreement:
    """Sign it."""
    return commands.sign(
        session, make.supervisor(PLACE), agreement.id, now=make.NOW, book=make.book(), coordination_record="纪要1"
    )


def faults(session: Session, agreement: Agreement) -> dict[str, str]:
    """What signing is refused for, by pointer; nothing is changed by it."""
    with pytest.raises(BasisMissing) as refused:
        sign(session, agreement)
    assert (agreement.state, agreement.signed_at) == (AgreementState.DRAFT, None)
    assert "第九条至第十二条" in refused.value.detail
    return {error["pointer"]: error["message"] for error in refused.value.errors}


def selected(session: Session, operator: Party) -> Selection:
    """A selection under a plan whose scope is told in words."""
    return lay_selection(session, PLACE, operator.id, make.make_authority(session, place=PLACE).id)


def test_without_plan_and_selection_nothing_is_signed(session: Session) -> None:
    agreement = draft(session, make.make_operator(session, place=PLACE))
    assert set(faults(session, agreement)) == {"/plan_id", "/selection_id"}


@pytest.mark.both_databases
def test_what_fits_is_written_into_the_agreement(session: Session) -> None:
    operator = make.make_operator(session, place=PLACE)
    selection = selected(session, operator)
    agreement = sign(session, draft(session, operator))
    session.flush()
    assert agreement.selection_id == selection.id
    assert agreement.plan_id == session.get_one(Call, selection.call_id).plan_id


def test_the_selection_of_somebody_else_or_one_not_published_does_not_serve(session: Session) -> None:
    operator = make.make_operator(session, place=PLACE)
    selection = selected(session, make.make_operator(session, place=PLACE))
    agreement = draft(session, operator)
    assert set(faults(session, agreement)) == {"/selection_id"}
    withdrawn = {"state": SelectionState.CONFIRMED, "published_on": None, "operator_id": operator.id}
    session.execute(sa.update(Selection).where(Selection.id == selection.id).values(withdrawn))
    assert set(faults(session, agreement)) == {"/selection_id"}


@pytest.mark.both_databases
def test_who_applies_again_passes_the_whole_procedure_again(session: Session) -> None:
    operator = make.make_operator(session, place=PLACE)
    first = selected(session, operator)
    signed = sign(session, draft(session, operator))
    again = draft(session, operator)
    assert signed.number in faults(session, again)["/selection_id"]
    second = selected(session, operator)
    named = draft(session, operator, selection_id=first.id)
    assert signed.number in faults(session, named)["/selection_id"]
    assert sign(session, again).selection_id == second.id


def test_a_plan_that_lists_other_resources_covers_nothing_else(session: Session) -> None:
    inside, outside = (make.make_resource(session, place=PLACE) for _ in range(2))
    plan = authorization.make_plan(session, place=PLACE, resource_ids=(inside.id,))
    operator = make.make_operator(session, place=PLACE)
    found = selected(session, operator)
    agreement = draft(session, operator, outside, plan_id=plan.plan_id)
    assert set(faults(session, agreement)) == {"/resource_ids"}
    narrow = draft(session, operator, inside, plan_id=plan.plan_id, selection_id=found.id)
    assert faults(session, narrow) == {"/selection_id": "选定所依据的公告不属于该实施方案"}


def test_the_basis_is_asked_for_on_the_day(session: Session) -> None:
    operator = make.make_operator(session, place=PLACE)
    selected(session, operator)
    agreement = draft(session, operator)
    assert queries.authorization_basis(session, agreement, date(2025, 3, 2)) == Basis(False, False, False, "", False)
    assert queries.authorization_basis(session, agreement, EARLIER_DAY).operator_is_selected
