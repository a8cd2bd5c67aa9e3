"""Agreements on a real database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import ANONYMOUS, Role
from registry.agreements import commands, queries
from registry.agreements.model import Agreement, AgreementResource
from registry.agreements.rules import (
    AgreementState,
    CoordinationMissing,
    EmergencyPlanMissing,
    FilingMissing,
    NotADraft,
    NotRegisteredAs,
    OperatorNotAllowed,
    ScopeRefused,
    WrongState,
)
from registry.clauses.rules import ItemsMissing, TermNotAllowed, UnknownItem
from registry.parties import commands as parties
from registry.parties.rules import Capacity, NotInOrder, PartyKind
from registry.plans.queries import NoSuchPlan
from registry.resources import commands as resources
from registry.resources.rules import ResourceBarred
from registry.selections.queries import NoSuchSelection
from tests.make import registry_base as make

DRAFT, SIGNED, FILED, ACTIVE, SUSPENDED, *_ENDED = AgreementState
LAST_DAY = date(2028, 6, 30)


def sign(session: Session, agreement: Agreement, **changes: object) -> Agreement:
    """Sign a draft of Xinchang, but for the changes."""
    fields = {"now": make.NOW, "book": make.book(), "coordination_record": "纪要〔2026〕1号", **changes}
    return commands.sign(session, make.supervisor(agreement.place), agreement.id, **fields)


@pytest.mark.both_databases
@pytest.mark.parametrize("place", ["quzhou", "futian", "puer", "xinchang", "guangzhou"])
def test_an_agreement_becomes_active_at_every_place(session: Session, place: str) -> None:
    agreement = make.make_agreement(session, place=place)
    assert agreement.state is ACTIVE
    assert agreement.number == "AGR-2026-000001"
    assert agreement.sources["items_required"]["article"]
    actions = [line.action for line in queries.history(session, agreement.id)]
    steps = ("draft", "sign", "file", "set_emergency_plan", "activate")
    assert actions == [f"agreement.{step}" for step in steps]


@pytest.mark.both_databases
def test_time_alone_opens_and_closes_an_agreement_and_sql_agrees(session: Session) -> None:
    trial = (date(2026, 1, 1), date(2026, 6, 1))
    agreement = make.make_agreement(session, trial=trial)
    session.flush()
    days = [trial[0] + timedelta(days=offset) for offset in (-1, 0, 150, 151, 180, 181, 911, 912)]
    expected = [False, True, True, False, False, True, True, False]
    assert [agreement.in_force(day) for day in days] == expected
    matched = sa.select(Agreement.id)
    assert [bool(session.scalars(matched.where(queries.in_force_clause(day))).all()) for day in days] == expected
    operator = agreement.operating_institution_id
    assert [len(queries.in_force_for(session, operator, "xinchang", day)) == 1 for day in days] == expected
    assert queries.in_force_for(session, operator, "puer", LAST_DAY) == []


def test_signing_lists_every_missing_content_and_changes_nothing(session: Session) -> None:
    agreement = make.make_agreement(session, state=DRAFT)
    blank = {"liability": " ", "dispute_resolution": ""}
    commands.set_items(session, make.supervisor(), agreement.id, items=blank, now=make.NOW, book=make.book())
    with pytest.raises(ItemsMissing) as refused:
        sign(session, agreement)
    assert [error["pointer"] for error in refused.value.errors] == ["/items/liability", "/items/dispute_resolution"]
    assert (agreement.state, agreement.signed_at) == (DRAFT, None)
    assert queries.missing_items(agreement, make.book(), date(2026, 7, 1)) == ("liability", "dispute_resolution")
    filled = {"liability": "违约责任", "dispute_resolution": "仲裁"}
    commands.set_items(session, make.supervisor(), agreement.id, items=filled, now=make.NOW, book=make.book())
    assert sign(session, agreement).state is SIGNED
    assert queries.missing_items(agreement, make.book(), date(2026, 7, 1)) == ()


def test_signing_demands_a_scope_and_the_coordination_mechanism(session: Session) -> None:
    empty = make.make_agreement(session, state=DRAFT, scope=[])
    with pytest.raises(ScopeRefused):
        sign(session, empty)
    agreement = make.make_agreement(session, state=DRAFT)
    with pytest.raises(CoordinationMissing):
        sign(session, agreement, coordination_record=None)
    elsewhere = make.make_agreement(session, place="quzhou", state=DRAFT)
    assert sign(session, elsewhere, coordination_record=None).state is SIGNED


def test_a_term_is_checked_when_drafted(session: Session) -> None:
    with pytest.raises(TermNotAllowed, match="应为 2 年"):
        make.make_agreement(session, term=(date(2026, 7, 1), date(2029, 7, 1)))
    five = make.make_agreement(session, place="puer", term=(date(2026, 7, 1), date(2031, 7, 1)))
    assert five.state is ACTIVE
    with pytest.raises(TermNotAllowed, match="不得超过 5 年"):
        make.make_agreement(session, place="puer", term=(date(2026, 7, 1), date(2031, 7, 2)))


def test_both_parties_must_be_registered_for_their_part_and_in_good_standing(session: Session) -> None:
    buyer = make.make_party(session, Capacity.BUYER)
    with pytest.raises(NotRegisteredAs, match="公共数据主管部门"):
        make.make_agreement(session, authority=buyer)
    with pytest.raises(NotRegisteredAs, match="运营机构"):
        make.make_agreement(session, operator=buyer)
    with pytest.raises(NotRegisteredAs):
        make.make_agreement(session, operator=make.make_operator(session, place="puer"))
    partnership = make.make_party(session, Capacity.OPERATING_INSTITUTION, kind=PartyKind.NON_LEGAL_PERSON)
    with pytest.raises(OperatorNotAllowed, match="法人组织"):
        make.make_agreement(session, operator=partnership)
    operator = make.make_operator(session)
    agreement = make.make_agreement(session, operator=operator, state=DRAFT)
    parties.suspend(session, make.supervisor(), operator.id, reason="违规", now=make.NOW)
    with pytest.raises(NotInOrder):
        sign(session, agreement)


def test_barred_or_foreign_data_never_enters_the_scope(session: Session) -> None:
    with pytest.raises(ResourceBarred):
        make.make_agreement(session, scope=[make.make_resource(session, barred=True)])
    with pytest.raises(ScopeRefused, match="其他地区"):
        make.make_agreement(session, scope=[make.make_resource(session, place="puer")])
    department = make.make_department(session)
    resource = make.make_resource(session, department)
    agreement = make.make_agreement(session, scope=[resource], state=DRAFT)
    resources.bar(session, make.acting_for(department, Role.SOURCE), resource.id, reason="涉密", now=make.NOW)
    with pytest.raises(ResourceBarred):
        sign(session, agreement)


@pytest.mark.both_databases
def test_a_resource_barred_later_is_no_longer_covered(session: Session) -> None:
    department = make.make_department(session)
    resource, other = make.make_resource(session, department), make.make_resource(session, department)
    agreement = make.make_agreement(session, scope=[resource])
    assert queries.covers_resource(session, agreement.id, resource.id, on=LAST_DAY)
    assert not queries.covers_resource(session, agreement.id, other.id, on=LAST_DAY)
    resources.bar(session, make.acting_for(department, Role.SOURCE), resource.id, reason="涉密", now=make.NOW)
    session.flush()
    assert not queries.covers_resource(session, agreement.id, resource.id, on=LAST_DAY)
    assert [found.id for found in queries.scope_of(session, agreement.id)] == [resource.id]


def test_the_scope_of_a_draft_is_replaced_as_a_whole_and_raises_the_version(session: Session) -> None:
    department = make.make_department(session)
    one, two, three = (make.make_resource(session, department) for _ in range(3))
    agreement = make.make_agreement(session, scope=[one, two], state=DRAFT)
    session.flush()
    version = agreement.version
    commands.set_scope(session, make.supervisor(), agreement.id, resource_ids=[two.id, three.id], now=make.NOW)
    session.flush()
    assert [found.id for found in queries.scope_of(session, agreement.id)] == [two.id, three.id]
    assert agreement.version == version + 1


def test_without_filing_or_plan_no_operation_starts(session: Session) -> None:
    agreement, person = make.make_agreement(session, state=SIGNED), make.supervisor()
    with pytest.raises(FilingMissing, match="第十三条"):
        commands.activate(session, person, agreement.id, now=make.NOW, book=make.book())
    commands.file(session, person, agreement.id, reference="浙数备〔2026〕1号", now=make.NOW)
    with pytest.raises(EmergencyPlanMissing):
        commands.activate(session, person, agreement.id, now=make.NOW, book=make.book())
    with pytest.raises(WrongState):
        commands.file(session, person, agreement.id, reference="再次备案", now=make.NOW)
    assert not agreement.in_force(LAST_DAY)
    make.take_step(session, person, agreement.id, ACTIVE)
    assert agreement.in_force(LAST_DAY)
    assert files.get(session, agreement.emergency_plan_sha256).content == b"plan"


def test_only_the_authority_of_the_place_writes_agreements(session: Session) -> None:
    agreement = make.make_agreement(session, state=DRAFT)
    operator = make.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place="xinchang")
    for actor in (make.supervisor("puer"), operator, make.actor(Role.REVIEWER, place="xinchang")):
        with pytest.raises(NotAllowed):
            commands.sign(session, actor, agreement.id, now=make.NOW, book=make.book())
        with pytest.raises(NotAllowed):
            commands.set_scope(session, actor, agreement.id, resource_ids=[], now=make.NOW)
    with pytest.raises(queries.NoSuchAgreement):
        commands.file(session, make.supervisor(), new_id(), reference="1", now=make.NOW)


@pytest.mark.parametrize("state", [SIGNED, FILED, ACTIVE, SUSPENDED])
def test_what_is_signed_is_not_changed_by_commands(session: Session, state: AgreementState) -> None:
    agreement = make.make_agreement(session, state=state)
    with pytest.raises(NotADraft):
        commands.set_items(
            session, make.supervisor(), agreement.id, items={"other": "改"}, now=make.NOW, book=make.book()
        )
    with pytest.raises(NotADraft):
        commands.set_scope(session, make.supervisor(), agreement.id, resource_ids=[], now=make.NOW)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "change",
    [{"term_end": date(2030, 1, 1)}, {"items": {"term": "改"}}, {"place": "puer"}, {"operating_institution_id": None}],
)
def test_what_is_signed_is_not_changed_in_the_database_either(session: Session, change: dict[str, object]) -> None:
    agreement = make.make_agreement(session, state=SIGNED)
    if "operating_institution_id" in change:
        change = {"operating_institution_id": make.make_operator(session).id}
    session.commit()
    with pytest.raises((IntegrityError, OperationalError), match="signed agreement is not changed"):
        session.execute(sa.update(Agreement).where(Agreement.id == agreement.id).values(**change))
    session.rollback()


@pytest.mark.both_databases
def test_the_scope_of_a_signed_agreement_is_not_widened_in_the_database(session: Session) -> None:
    agreement, resource = make.make_agreement(session, state=SIGNED), make.make_resource(session)
    session.commit()
    session.add(AgreementResource(agreement_id=agreement.id, resource_id=resource.id))
    with pytest.raises((IntegrityError, OperationalError), match="is not widened"):
        session.flush()
    session.rollback()


def test_an_unknown_content_is_refused(session: Session) -> None:
    agreement = make.make_agreement(session, state=DRAFT)
    with pytest.raises(UnknownItem):
        commands.set_items(
            session, make.supervisor(), agreement.id, items={"price": "1"}, now=make.NOW, book=make.book()
        )


def test_people_see_the_agreements_of_their_scope(session: Session) -> None:
    department, merchant = make.make_department(session), make.make_party(session, Capacity.DATA_MERCHANT)
    mine = make.make_agreement(session, scope=[make.make_resource(session, department)])
    draft = make.make_agreement(session, state=DRAFT)
    far = make.make_agreement(session, place="puer")
    session.flush()

    def seen(actor: object) -> set[object]:
        return {found.id for found in session.scalars(queries.listed(actor))}

    assert seen(make.actor(Role.OPERATOR, org_id=mine.operating_institution_id, place="xinchang")) == {mine.id}
    assert seen(make.acting_for(department, Role.SOURCE)) == {mine.id}
    assert seen(make.acting_for(merchant, Role.MERCHANT)) == {mine.id}
    assert seen(make.supervisor("xinchang")) == {mine.id, draft.id}
    assert seen(make.actor(Role.AUDITOR)) == {mine.id, draft.id, far.id}
    assert seen(make.actor(Role.BUYER, place="xinchang")) == seen(ANONYMOUS) == set()
    shown = queries.visible(session, make.acting_for(department, Role.SOURCE), mine.id)
    assert [entry.resource.source_department.id for entry in shown.scope] == [department.id]
    with pytest.raises(queries.NoSuchAgreement):
        queries.visible(session, make.supervisor("puer"), mine.id)
    found = session.scalars(queries.listed(make.actor(Role.AUDITOR), place="xinchang", state=ACTIVE))
    assert [agreement.id for agreement in found] == [mine.id]
    assert queries.by_number(session, far.number).operating_institution.name


def test_every_step_is_an_audit_line_with_its_person(session: Session) -> None:
    agreement, person = make.make_agreement(session), make.supervisor()
    make.take_step(session, person, agreement.id, SUSPENDED)
    last = session.scalars(sa.select(audit.AuditLine).order_by(audit.AuditLine.id.desc())).first()
    assert (last.action, last.actor_id, last.note) == ("agreement.suspend", person.id, "未按约定报告")


def test_the_operator_is_reminded_to_apply_anew_three_months_before_the_end(session: Session) -> None:
    trial = (date(2026, 1, 1), date(2026, 7, 1))
    agreement = make.make_agreement(session, trial=trial)
    elsewhere = make.make_agreement(session, place="puer")
    make.make_agreement(session, state=DRAFT)
    session.flush()
    watcher, day = make.actor(Role.AUDITOR), date(2028, 3, 30)
    found = queries.reminders(session, watcher, day, book=make.book())
    assert [(one.agreement.id, one.kind, one.due, one.is_over) for one in found] == [
        (agreement.id, "trial_end", date(2026, 6, 30), True),
        (agreement.id, "reapply", day, False),
        (agreement.id, "term_end", LAST_DAY, False),
        (elsewhere.id, "term_end", LAST_DAY, False),
    ]
    assert "三（四）3（2）" in found[1].article
    operator = make.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place="xinchang")
    late = queries.reminders(session, operator, date(2028, 3, 31), book=make.book())
    assert [(one.kind, one.is_over) for one in late] == [("trial_end", True), ("reapply", True), ("term_end", False)]


def test_a_suspended_agreement_waits_for_the_correction(session: Session) -> None:
    agreement = make.make_agreement(session, place="puer", state=SUSPENDED)
    found = queries.reminders_of(agreement, date(2026, 7, 17), book=make.book())
    assert [(one.kind, one.due, one.is_over) for one in found] == [
        ("correction", date(2026, 7, 16), True), ("term_end", LAST_DAY, False),
    ]  # fmt: skip


def test_a_plan_or_selection_that_does_not_exist_is_refused(session: Session) -> None:
    draft = make.make_agreement(session, state=DRAFT)
    said = {
        "place": "xinchang", "title": "协议", "term_start": make.TERM[0], "term_end": make.TERM[1], "now": make.NOW,
        "authorizing_entity_id": draft.authorizing_entity_id, "book": make.book(),
        "operating_institution_id": draft.operating_institution_id,
    }  # fmt: skip
    with pytest.raises(NoSuchPlan):
        commands.draft(session, make.supervisor(), **said, plan_id=new_id())
    with pytest.raises(NoSuchSelection):
        commands.draft(session, make.supervisor(), **said, selection_id=new_id())
    assert session.scalar(sa.select(sa.func.count(Agreement.id))) == 1
