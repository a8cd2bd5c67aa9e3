"""Who applies, when, and with what: late applications, several registrants, corrections that others ask for."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.parties.model import Party
from registry.products.model import Product
from registry.records.commands import state_delivery
from registry.records.rules import Upload
from registry.registrants.rules import (
    ApplicationMode,
    CorrectionBasis,
    Interest,
    InterestNotStated,
    Other,
    RegistrantsIncomplete,
)
from registry.registrations import commands, queries
from registry.registrations.model import Registration
from registry.registrations.rules import (
    TRANSITIONS,
    Acceptance,
    KindNotPossible,
    RegistrationEvent,
    RegistrationKind,
    RegistrationState,
    WrongState,
)
from tests.make.closings import revoke
from tests.make.registry_base import NOW, acting_for, book
from tests.make.registry_products import (
    ASSESSMENT,
    CODED_AT,
    calendar,
    make_merchant,
    make_product,
    make_registration,
    make_review,
    make_sellable,
    reviewer,
    seller,
)

LAW: dict[str, Any] = {"book": book(demonstration=True), "calendar": calendar()}
PAPER = Upload(b"%PDF-1.7 signed", "意见书.pdf", "application/pdf")


def reviewed(session: Session) -> Product:
    """A product that passed its review."""
    made = make_product(session)
    make_review(session, made)
    return made


def apply(session: Session, made: Product, person: Any = None, **changed: Any) -> Registration:
    """Apply for a registration."""
    values = {"kind": RegistrationKind.FIRST, "assessment": ASSESSMENT, "now": NOW, **LAW} | changed
    found = commands.apply(session, person or seller(made), product_id=made.id, **values)
    session.flush()
    return found


def test_a_late_first_application_is_taken_and_says_how_late_it_is(session: Session) -> None:
    made = reviewed(session)
    state_delivery(session, seller(made), made.id, delivered_on=date(2026, 7, 1), recipient="某银行", now=NOW)
    late = apply(session, made, now=NOW.replace(month=8, day=3))
    assert (late.application_due, late.late_days, late.state) == (date(2026, 7, 29), 5, RegistrationState.SUBMITTED)
    in_time = reviewed(session)
    assert (apply(session, in_time).application_due, in_time.id) == (None, in_time.id)


def test_an_application_rests_on_preserved_content(session: Session) -> None:
    found = apply(session, reviewed(session))
    assert "EVD-2026-" in found.materials["evidence_record"]
    assert found.materials["evidence_record"].startswith("sha256:")


@pytest.mark.both_databases
def test_several_registrants_apply_with_what_each_signed_and_all_may_read(session: Session) -> None:
    made, other = reviewed(session), make_merchant(session, name="共同登记甲公司")
    found = apply(session, made, mode=ApplicationMode.JOINT, co_registrants=[Other(other.id, PAPER)])
    session.expire_all()
    seen = queries.detail(session, acting_for(other, Role.MERCHANT), found.id)
    assert [(one.party.name, one.mode) for one in seen.others] == [(other.name, ApplicationMode.JOINT)]
    with pytest.raises(queries.NoSuchRegistration):
        queries.detail(session, acting_for(make_merchant(session), Role.MERCHANT), found.id)
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(sa.text("DELETE FROM registry_co_registrant"))


@pytest.mark.parametrize("fault", ["no mode", "nobody", "itself", "twice"])
def test_registrants_that_contradict_themselves_are_refused(session: Session, fault: str) -> None:
    made, other = reviewed(session), make_merchant(session)
    cases: dict[str, tuple[ApplicationMode | None, list[UUID]]] = {
        "no mode": (None, [other.id]), "nobody": (ApplicationMode.JOINT, []),
        "itself": (ApplicationMode.BY_AGREEMENT, [made.owner_id]), "twice": (ApplicationMode.JOINT, [other.id] * 2),
    }  # fmt: skip
    mode, listed = cases[fault]
    with pytest.raises(RegistrantsIncomplete, match="第七条"):
        apply(session, made, mode=mode, co_registrants=[Other(one, PAPER) for one in listed])


def interest(party: Party, basis: CorrectionBasis = CorrectionBasis.PROOF_OF_ERROR) -> Interest:
    """Why somebody else asks for a correction."""
    return Interest(party.id, basis, PAPER)


@pytest.mark.both_databases
def test_an_interested_party_corrects_with_consent_or_proof_and_the_code_stays(session: Session) -> None:
    made, other = make_sellable(session), make_merchant(session)
    original = queries.effective(session, made.id, date(2026, 7, 16))
    assert original is not None
    person = acting_for(other, Role.MERCHANT)
    common = {"kind": RegistrationKind.CORRECTION, "now": CODED_AT, "assessment": "", "reason": "来源单位名称有误"}
    with pytest.raises(InterestNotStated, match="书面同意"):
        apply(session, made, person, **common)
    with pytest.raises(KindNotPossible, match="更正登记"):
        apply(session, made, person, **{**common, "kind": RegistrationKind.CHANGE}, interest=interest(other))
    with pytest.raises(NotAllowed):
        apply(session, made, person, **common, interest=interest(make_merchant(session)))
    found = apply(session, made, person, **common, interest=interest(other))
    assert (found.version_id, found.original_id, found.registrant_id) == (
        original.version_id, original.id, made.owner_id,
    )  # fmt: skip
    assert queries.detail(session, person, found.id).interest is not None
    commands.receive(
        session,
        reviewer(),
        found.id,
        decision=Acceptance.RETURN_ONCE,
        reason="",
        defects=["证明不清"],
        now=CODED_AT,
        **LAW,
    )
    with pytest.raises(NotAllowed):
        commands.resubmit(session, seller(made), found.id, assessment="补正", now=CODED_AT, **LAW)
    commands.resubmit(session, person, found.id, assessment="补正", now=CODED_AT, **LAW)
    assert found.state is RegistrationState.SUBMITTED


def taken(session: Session, found: Registration, event: RegistrationEvent) -> None:
    """Let somebody take the step of an event."""
    common = {"now": CODED_AT, **LAW}
    person = reviewer()
    if event in (RegistrationEvent.ACCEPT, RegistrationEvent.NOT_ACCEPT, RegistrationEvent.RETURN_ONCE):
        commands.receive(
            session, person, found.id, decision=Acceptance(event.value), reason="理由", defects=["缺"], **common
        )
    elif event is RegistrationEvent.RESUBMIT:
        made = session.get_one(Product, found.product_id)
        commands.resubmit(session, seller(made), found.id, assessment=ASSESSMENT, **common)
    elif event in (RegistrationEvent.PASS, RegistrationEvent.NOT_COMPLETE):
        commands.complete_review(
            session, person, found.id, passes=event is RegistrationEvent.PASS, reason="理由", **common
        )
    elif event is RegistrationEvent.ASSIGN_CODE:
        commands.assign_code(session, person, found.id, book=LAW["book"], now=CODED_AT)
    else:
        revoke(session, found.id)


STEPS = (
    RegistrationEvent.ACCEPT, RegistrationEvent.NOT_ACCEPT, RegistrationEvent.RETURN_ONCE, RegistrationEvent.RESUBMIT,
    RegistrationEvent.PASS, RegistrationEvent.NOT_COMPLETE, RegistrationEvent.ASSIGN_CODE, RegistrationEvent.REVOKE,
)  # fmt: skip
ENDED = ("not_accepted", "terminated", "replaced", "cancelled", "revoked")


@pytest.mark.parametrize("state", list(RegistrationState))
def test_every_command_succeeds_in_its_states_and_leaves_all_others_alone(
    session: Session, state: RegistrationState
) -> None:
    made = reviewed(session)
    base = state.value if state.value in ("submitted", "accepted", "coded") else "public_notice"
    found = make_registration(session, made, state=RegistrationState(base))
    found.state = state
    found.closed_at = CODED_AT if state.value in ENDED else None
    session.flush()
    before = found.version
    for event in STEPS:
        if (state, event) in TRANSITIONS:
            with session.begin_nested() as tried:
                taken(session, found, event)
                session.flush()
                assert found.state is TRANSITIONS[state, event], event
                tried.rollback()
        else:
            with pytest.raises(WrongState), session.begin_nested():
                taken(session, found, event)
        session.refresh(found)
        assert (found.state, found.version) == (state, before), event
