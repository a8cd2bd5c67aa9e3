"""Service agreements on a real database."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState, NotRegisteredAs
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.parties.rules import NotInOrder
from registry.service_agreements import commands, queries
from registry.service_agreements.model import ServiceAgreement
from registry.service_agreements.rules import (
    AuthorizationNotOpen,
    NotAPartner,
    ServiceState,
    SideHasSigned,
    TermOutside,
    TextKind,
    TextNotForPlace,
    WrongState,
)
from tests.make import authorizations as life
from tests.make import registry_base as make

DRAFT, HALF, SIGNED, ENDED, WITHDRAWN = ServiceState
ON = date(2026, 8, 3)


def gate(session: Session, seller: Party, agreement: Agreement, on: date = ON) -> bool:
    """The gate as a fact; the same gate in SQL has to agree."""
    session.flush()
    fact = queries.service_agreement_gate_fact(
        session, seller_id=seller.id, agreement_id=agreement.id, on=on, book=make.book()
    )
    clause = queries.service_agreement_clause(seller.id, Agreement.__table__.c.id, on=on, book=make.book())
    found = session.scalar(sa.select(Agreement.id).where(Agreement.id == agreement.id, clause))
    assert (found is not None) == fact[0]
    return fact[0]


@pytest.mark.both_databases
@pytest.mark.parametrize("place", ["futian", "guangzhou"])
def test_no_data_without_a_service_agreement_that_both_sides_signed(session: Session, place: str) -> None:
    agreement = make.make_agreement(session, place=place)
    merchant = life.make_merchant(session, place=place)
    assert not gate(session, merchant, agreement)
    made = life.make_service_agreement(session, agreement=agreement, partner=merchant, signed=False)
    person, other = make.acting_for(merchant, Role.MERCHANT), life.operator_of(agreement)
    commands.sign(session, person, made.id, now=make.NOW)
    assert (made.state, gate(session, merchant, agreement)) == (HALF, False)
    with pytest.raises(SideHasSigned):
        commands.sign(session, make.acting_for(merchant, Role.MERCHANT), made.id, now=make.NOW)
    commands.sign(session, other, made.id, now=make.NOW)
    assert (made.state, gate(session, merchant, agreement)) == (SIGNED, True)
    days = [date(2026, 6, 30), date(2026, 7, 1), date(2028, 6, 30), date(2028, 7, 1)]
    assert [gate(session, merchant, agreement, day) for day in days] == [False, True, True, False]
    signatures = queries.get(session, made.id, lock=True).signatures
    assert {one.content_sha256 for one in signatures} == {made.content_sha256}
    commands.end(session, person, made.id, reason="不再合作", now=life.moment(ON))
    assert (made.state, gate(session, merchant, agreement)) == (ENDED, False)


@pytest.mark.parametrize("place", ["xinchang", "quzhou", "puer", "futian", "guangzhou"])
def test_it_is_needed_where_the_place_says_so_and_never_by_the_operator_itself(session: Session, place: str) -> None:
    agreement = make.make_agreement(session, place=place)
    assert gate(session, agreement.operating_institution, agreement)
    assert gate(session, life.make_merchant(session, place=place), agreement) == (place not in ("futian", "guangzhou"))


@pytest.mark.both_databases
def test_an_agreement_of_another_authorization_opens_nothing(session: Session) -> None:
    one, other = make.make_agreement(session, place="futian"), make.make_agreement(session, place="futian")
    merchant = life.make_merchant(session, place="futian")
    life.make_service_agreement(session, agreement=one, partner=merchant)
    assert gate(session, merchant, one)
    assert not gate(session, merchant, other)
    assert not gate(session, life.make_merchant(session, place="futian"), one)


def test_a_draft_is_refused_that_does_not_fit_the_authorization(session: Session) -> None:
    agreement = make.make_agreement(session, place="futian")
    with pytest.raises(TermOutside, match="2028-06-30"):
        life.make_service_agreement(session, agreement=agreement, term=(date(2026, 7, 1), date(2028, 7, 2)))
    with pytest.raises(NotRegisteredAs):
        life.make_service_agreement(session, agreement=agreement, partner=make.make_operator(session, place="futian"))
    with pytest.raises(NotAPartner):
        commands.draft(
            session, life.operator_of(agreement), agreement_id=agreement.id, text_id=new_id(), now=make.NOW,
            partner_id=agreement.operating_institution_id, start_date=ON, end_date=make.TERM[1], book=make.book(),
        )  # fmt: skip
    merchant = life.make_merchant(session, place="futian")
    person = make.acting_for(merchant, Role.MERCHANT)
    said = {"agreement_id": agreement.id, "partner_id": merchant.id, "start_date": ON, "end_date": make.TERM[1]}
    said |= {"now": make.NOW, "book": make.book()}
    with pytest.raises(TextNotForPlace):
        commands.draft(session, person, text_id=life.make_text(session, place="guangzhou").id, **said)
    with pytest.raises(queries.NoSuchText):
        commands.draft(session, person, text_id=new_id(), **said)
    draft = make.make_agreement(session, place="futian", state=AgreementState.DRAFT)
    with pytest.raises(AuthorizationNotOpen):
        life.make_service_agreement(session, agreement=draft)
    with pytest.raises(AuthorizationNotOpen):
        life.make_service_agreement(session, agreement=agreement, now=life.moment(date(2028, 7, 1)))


def test_nobody_signs_for_the_other_side_or_under_an_authorization_that_ended(session: Session) -> None:
    made = life.make_service_agreement(session, signed=False)
    agreement = session.get(Agreement, made.agreement_id)
    stranger = make.acting_for(life.make_merchant(session, place="futian"), Role.MERCHANT)
    for actor in (stranger, make.supervisor("futian"), make.actor(Role.OPERATOR, place="futian")):
        with pytest.raises(NotAllowed):
            commands.sign(session, actor, made.id, now=make.NOW)
    commands.sign(session, life.operator_of(agreement), made.id, now=make.NOW)
    person = make.actor(Role.MERCHANT, org_id=made.partner_id, place="futian")
    parties.suspend(session, make.supervisor("futian"), made.partner_id, reason="违规", now=make.NOW)
    with pytest.raises(NotInOrder):
        commands.sign(session, person, made.id, now=make.NOW)
    life.terminate(session, agreement, ON)
    with pytest.raises(AuthorizationNotOpen):
        commands.sign(session, person, made.id, now=life.moment(ON))
    assert (made.state, made.signed_at) == (HALF, None)


@pytest.mark.parametrize("state", ServiceState)
def test_every_step_that_the_state_does_not_allow_changes_nothing(session: Session, state: ServiceState) -> None:
    made = life.make_service_agreement(session, signed=state in (SIGNED, ENDED))
    person = make.actor(Role.MERCHANT, org_id=made.partner_id, place="futian")
    if state is HALF:
        commands.sign(session, person, made.id, now=make.NOW)
    if state is WITHDRAWN:
        commands.withdraw(session, person, made.id, now=make.NOW)
    if state is ENDED:
        commands.end(session, make.supervisor("futian"), made.id, reason="违规", now=make.NOW)
    session.flush()
    steps = {
        "sign": lambda: commands.sign(session, person, made.id, now=make.NOW),
        "withdraw": lambda: commands.withdraw(session, person, made.id, now=make.NOW),
        "end": lambda: commands.end(session, person, made.id, reason="1", now=make.NOW),
    }
    refused = {DRAFT: ["end"], HALF: ["end"], SIGNED: ["sign", "withdraw"]}.get(state, list(steps))
    version = made.version
    for step in refused:
        with pytest.raises(WrongState):
            steps[step]()
    session.flush()
    assert (made.state, made.version) == (state, version)


def test_the_authority_and_operators_publish_texts_and_merchants_do_not(session: Session) -> None:
    said = {"place": "futian", "kind": TextKind.DEVELOPMENT_USE, "title": "格式协议", **life.FILE, "now": make.NOW}
    operator = make.acting_for(make.make_operator(session, place="futian"), Role.OPERATOR)
    published = commands.publish_text(session, operator, **said, book=make.book())
    assert [text.id for text in queries.texts(session, ["futian"])] == [published.id]
    merchant = make.acting_for(life.make_merchant(session, place="futian"), Role.MERCHANT)
    for actor in (merchant, make.supervisor("puer"), make.actor(Role.AUDITOR)):
        with pytest.raises(NotAllowed):
            commands.publish_text(session, actor, **said, book=make.book())


def test_the_two_sides_and_the_authority_see_it_and_nobody_else(session: Session) -> None:
    made = life.make_service_agreement(session)
    merchant = make.actor(Role.MERCHANT, org_id=made.partner_id, place="futian")
    operator = make.actor(Role.OPERATOR, org_id=made.operating_institution_id, place="futian")
    for actor in (merchant, operator, make.supervisor("futian"), make.actor(Role.AUDITOR)):
        assert queries.visible(session, actor, made.id).number == made.number
    stranger = make.acting_for(life.make_merchant(session, place="futian"), Role.MERCHANT)
    for actor in (stranger, make.supervisor("puer"), make.actor(Role.SOURCE, place="futian")):
        with pytest.raises(queries.NoSuchServiceAgreement):
            queries.visible(session, actor, made.id)


@pytest.mark.both_databases
def test_what_somebody_signed_is_not_changed_in_the_database(session: Session) -> None:
    made = life.make_service_agreement(session)
    session.commit()
    with pytest.raises((IntegrityError, OperationalError), match="is not changed"):
        session.execute(sa.update(ServiceAgreement).where(ServiceAgreement.id == made.id).values(particulars="改"))
    session.rollback()
