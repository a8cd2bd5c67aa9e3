"""What the authority does with calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.calls import queries
from registry.calls.model import Call, CallInvitation
from registry.calls.rules import (
    TEXT_TITLES,
    CallEvent,
    SelectionMethod,
    after,
    check_closing,
    check_complete,
    check_editable,
    check_method,
    check_plan,
)
from registry.parties import queries as parties
from registry.parties.rules import check_in_order
from registry.plans import queries as plans
from registry.policy import RegistryPolicy


def draft(
    session: Session,
    actor: Actor,
    *,
    plan_id: UUID,
    method: SelectionMethod,
    title: str,
    now: datetime,
    book: PolicyBook,
    texts: Mapping[str, str] | None = None,
    opens_on: date | None = None,
    closes_on: date | None = None,
    invited_ids: Collection[UUID] = (),
) -> Call:
    """Draft a call under a plan, at the place of the plan; it may be far from complete.

    Raises:
        NotAllowed: the actor does not write calls there.
        NoSuchPlan: there is no such plan.
        MethodNotAllowed: the place does not select in this way.
        NoSuchParty: an invited organisation does not exist.
        NotInOrder: an invited organisation is suspended or ended.
    """
    plan = plans.get(session, plan_id)
    actor.must(Permission.CALL_WRITE, place=plan.place)
    today = business_date(now)
    check_method(method, RegistryPolicy.at(book, plan.place, today).operator_selection_methods)
    empty = dict.fromkeys(TEXT_TITLES, "")
    call = Call(
        number=numbering.number(session, "CALL", today), place=plan.place, plan_id=plan.id, method=method, title=title,
        opens_on=opens_on, closes_on=closes_on, drafted_at=now, **{**empty, **_known(texts or {})},
    )  # fmt: skip
    session.add(call)
    session.flush()
    _invite(session, call, invited_ids)
    audit.record(session, actor, "call.draft", call, at=now, note=call.number)
    return call


def save(
    session: Session,
    actor: Actor,
    call_id: UUID,
    *,
    now: datetime,
    book: PolicyBook,
    method: SelectionMethod | None = None,
    title: str | None = None,
    texts: Mapping[str, str] | None = None,
    opens_on: date | None = None,
    closes_on: date | None = None,
    invited_ids: Collection[UUID] | None = None,
) -> Call:
    """Save a draft; what is not named stays.

    Raises:
        NotAllowed: the actor does not write calls there.
        NoSuchCall: there is none.
        CallNotEditable: it is published or closed.
        MethodNotAllowed: the place does not select in this way.
        NoSuchParty: an invited organisation does not exist.
        NotInOrder: an invited organisation is suspended or ended.
    """
    call = _governed(session, actor, call_id)
    check_editable(call.number, call.state)
    policy = RegistryPolicy.at(book, call.place, business_date(now))
    check_method(method or call.method, policy.operator_selection_methods)
    changed: dict[str, Any] = {"method": method, "title": title, "opens_on": opens_on, "closes_on": closes_on}
    for name, value in {**changed, **_known(texts or {})}.items():
        if value is not None:
            setattr(call, name, value)
    if invited_ids is not None:
        session.execute(sa.delete(CallInvitation).where(CallInvitation.call_id == call.id))
        _invite(session, call, invited_ids)
        flag_modified(call, "title")  # who is invited is part of what is published
    audit.record(session, actor, "call.save", call, at=now)
    return call


def publish(session: Session, actor: Actor, call_id: UUID, *, now: datetime, book: PolicyBook) -> Call:
    """Publish a complete call; from now on everybody can read it.

    Raises:
        NotAllowed: the actor does not write calls there.
        NoSuchCall: there is none.
        WrongState: it is no draft.
        PlanNotInEffect: the plan that it rests on is not in effect (APP-01).
        CallIncomplete: something that everybody must be told is missing.
        MethodNotAllowed: the place does not select in this way.
    """
    call = _governed(session, actor, call_id)
    state, today = after(call.state, CallEvent.PUBLISH), business_date(now)
    in_effect = plans.in_effect_of(session, call.plan_id, today) is not None
    check_plan(call.number, call.plan.number, in_effect=in_effect, on=today)
    check_method(call.method, RegistryPolicy.at(book, call.place, today).operator_selection_methods)
    check_complete(
        call.number, texts={name: getattr(call, name) for name in TEXT_TITLES}, method=call.method,
        invited=call.invitations, opens_on=call.opens_on, closes_on=call.closes_on, today=today,
    )  # fmt: skip
    call.state, call.published_at = state, now
    audit.record(session, actor, "call.publish", call, at=now)
    return call


def close(session: Session, actor: Actor, call_id: UUID, *, now: datetime) -> Call:
    """Note that the last day is over. Applications ended by themselves; this opens the way to the selection.

    Raises:
        NotAllowed: the actor does not write calls there.
        NoSuchCall: there is none.
        WrongState: it is not published.
        StillOpen: the last day has not passed.
    """
    call = _governed(session, actor, call_id)
    state = after(call.state, CallEvent.CLOSE)
    check_closing(call.number, call.closes_on, business_date(now))
    call.state, call.closed_at = state, now
    audit.record(session, actor, "call.close", call, at=now)
    return call


def fail(session: Session, actor: Actor, call_id: UUID, *, reason: str, now: datetime) -> Call:
    """Note that nobody was selected, and why.

    Raises:
        NotAllowed: the actor does not write calls there.
        NoSuchCall: there is none.
        WrongState: it is not closed, or somebody was selected.
    """
    return _end(session, actor, call_id, CallEvent.FAIL, reason, now)


def cancel(session: Session, actor: Actor, call_id: UUID, *, reason: str, now: datetime) -> Call:
    """Take a call back before somebody is selected.

    Raises:
        NotAllowed: the actor does not write calls there.
        NoSuchCall: there is none.
        WrongState: somebody was selected, or it has ended.
    """
    return _end(session, actor, call_id, CallEvent.CANCEL, reason, now)


def _end(session: Session, actor: Actor, call_id: UUID, event: CallEvent, reason: str, now: datetime) -> Call:
    call = _governed(session, actor, call_id)
    call.state, call.end_reason = after(call.state, event), reason
    audit.record(session, actor, f"call.{event}", call, at=now, note=reason)
    return call


def _governed(session: Session, actor: Actor, call_id: UUID) -> Call:
    call = queries.get(session, call_id, lock=True)
    actor.must(Permission.CALL_WRITE, place=call.place)
    return call


def _known(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if name in TEXT_TITLES}


def _invite(session: Session, call: Call, party_ids: Collection[UUID]) -> None:
    for party_id in sorted(set(party_ids)):
        party = parties.get(session, party_id)
        check_in_order(party.name, party.standing)
        session.add(CallInvitation(call_id=call.id, party_id=party.id))
    session.flush()
