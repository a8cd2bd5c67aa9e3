"""What people do with organisations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.parties import queries
from registry.parties.model import CreditRecord, Party, PartyCapacity, PartyName
from registry.parties.rules import (
    CAPACITY_TITLES,
    Capacity,
    CreditKind,
    PartyKind,
    StandingEvent,
    check_clearing,
    check_in_order,
    check_separation,
    name_key,
    normalised_uscc,
    standing_after,
)


class AlreadyRegistered(Conflict):
    """An organisation with this credit code, or this capacity of it, exists already."""

    code = "party.already_registered"


class SecondPersonNeeded(Conflict):
    """The person who asked for the release cannot confirm it."""

    code = "party.second_person_needed"
    title = "须由另一人确认"
    title_en = "A second person has to confirm"


def create_party(
    session: Session,
    actor: Actor,
    *,
    uscc: str,
    name: str,
    kind: PartyKind,
    place: str,
    capacities: Collection[Capacity],
    now: datetime,
    book: PolicyBook,
    contact: str | None = None,
) -> Party:
    """Register an organisation under its unified social credit code, with what it may act as at its place.

    Another one of the same name but another code is no obstacle: :func:`queries.remarks` says so.

    Raises:
        NotAllowed: the actor may not register organisations there.
        NoSuchPlace: there is no such place.
        BadUscc: the code is wrong.
        DutiesNotSeparated: the capacities may not be joined there (SEP-01).
        AlreadyRegistered: the code is taken; the words name by whom.
    """
    actor.must(Permission.PARTY_CREATE, place=place)
    _check_separation(book, place, set(capacities), now)
    code = normalised_uscc(uscc)
    party = Party(uscc=code, name=name.strip(), kind=kind, place=place, registered_at=now, contact=contact)
    try:
        with session.begin_nested():
            session.add(party)
            session.flush()
    except IntegrityError as error:
        raise _taken(session, code) from error
    session.add(PartyName(party_id=party.id, name_key=name_key(name), noted_at=now))
    for capacity in sorted(set(capacities)):
        session.add(PartyCapacity(party=party, capacity=capacity, place=place, added_at=now))
    session.flush()
    audit.record(session, actor, "party.create", party, at=now, note=code, detail={"capacities": sorted(capacities)})
    return queries.refreshed(session, party.id)


def add_capacity(
    session: Session, actor: Actor, party_id: UUID, *, capacity: Capacity, place: str, now: datetime, book: PolicyBook
) -> Party:
    """Let an organisation act as one thing more at a place.

    Raises:
        NotAllowed: the actor may not do so there.
        NoSuchParty: there is no such organisation.
        NoSuchPlace: there is no such place.
        NotInOrder: the organisation is suspended or ended.
        DutiesNotSeparated: it may not be operating institution and data merchant there (SEP-01).
        AlreadyRegistered: it has that capacity already.
    """
    actor.must(Permission.PARTY_CREATE, place=place)
    party = queries.get(session, party_id, lock=True)  # two capacities added at once must not slip past the separation
    check_in_order(party.name, party.standing)
    held = {found.capacity for found in party.capacities if found.place == place}
    if capacity in held:
        raise AlreadyRegistered(
            f"{party.name} 已在{book.place(place).title}登记为{CAPACITY_TITLES[capacity]}，无需重复登记",
            detail_en=f"{party.name} is {capacity} there already.",
        )
    _check_separation(book, place, held | {capacity}, now)
    session.add(PartyCapacity(party=party, capacity=capacity, place=place, added_at=now))
    session.flush()
    audit.record(session, actor, "party.add_capacity", party, at=now, note=f"{capacity} @ {place}")
    return queries.refreshed(session, party.id)


def suspend(session: Session, actor: Actor, party_id: UUID, *, reason: str, now: datetime) -> Party:
    """Suspend an organisation at once; one person suffices. Its people lose their rights with the next request.

    Raises:
        NotAllowed: the actor may not suspend organisations of that place.
        NoSuchParty: there is no such organisation.
        WrongStanding: it is suspended or ended already.
    """
    party = _governed(session, actor, party_id)
    party.standing = standing_after(party.standing, StandingEvent.SUSPEND)
    party.standing_reason, party.restore_asked_by = reason, None
    audit.record(session, actor, "party.suspend", party, at=now, note=reason)
    return party


def restore(session: Session, actor: Actor, party_id: UUID, *, now: datetime) -> Party:
    """Lift a suspension: the first person asks, a second one confirms; only then the organisation may act again.

    Raises:
        NotAllowed: the actor may not do so at that place.
        NoSuchParty: there is no such organisation.
        WrongStanding: it is not suspended.
        SecondPersonNeeded: the same person asked before.
    """
    party = _governed(session, actor, party_id)
    restored = standing_after(party.standing, StandingEvent.RESTORE)
    if party.restore_asked_by is None:
        party.restore_asked_by = actor.id
        audit.record(session, actor, "party.ask_restore", party, at=now)
        return party
    if party.restore_asked_by == actor.id:
        raise SecondPersonNeeded(
            f"恢复 {party.name} 的申请由您提出，须由另一位主管人员确认", detail_en="Another person has to confirm."
        )
    party.standing, party.standing_reason, party.restore_asked_by = restored, None, None
    audit.record(session, actor, "party.restore", party, at=now)
    return party


def end(session: Session, actor: Actor, party_id: UUID, *, reason: str, now: datetime) -> Party:
    """Note that an organisation was dissolved or left; it cannot act again.

    Raises:
        NotAllowed: the actor may not do so at that place.
        NoSuchParty: there is no such organisation.
        WrongStanding: it has ended already.
    """
    party = _governed(session, actor, party_id)
    party.standing = standing_after(party.standing, StandingEvent.END)
    party.standing_reason, party.restore_asked_by = reason, None
    audit.record(session, actor, "party.end", party, at=now, note=reason)
    return party


def record_credit(
    session: Session,
    actor: Actor,
    party_id: UUID,
    *,
    kind: CreditKind,
    fact: str,
    document: str,
    from_date: date,
    now: datetime,
    clears_id: UUID | None = None,
) -> CreditRecord:
    """Write a record into the credit file of an organisation; ``cleared`` ends the record that it names.

    Raises:
        NotAllowed: the actor keeps no credit files of that place.
        NoSuchParty: there is no such organisation.
        CreditRecordRefused: what is to be cleared is no open record of this organisation.

    Source:
        新昌（不良信用记录）、普洱 第二十二条, SEC-05.
    """
    party = queries.get(session, party_id, lock=True)  # of two that clear the same record the second is refused
    actor.must(Permission.CREDIT_WRITE, place=party.place)
    if kind is CreditKind.CLEARED or clears_id is not None:
        own = {entry.record.id: entry for entry in queries.credit_file(session, party.id)}
        entry = own.get(clears_id) if clears_id is not None else None
        check_clearing(
            entry.record.kind if entry else None, cleared_before=entry is not None and entry.cleared_by is not None
        )
        kind = CreditKind.CLEARED
    made = CreditRecord(
        party_id=party.id, kind=kind, fact=fact, document=document, from_date=from_date, clears_id=clears_id,
        recorded_by=actor.id, recorded_by_name=actor.name, recorded_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "party.record_credit", party, at=now, note=f"{kind} {document}")
    return made


def _taken(session: Session, code: str) -> AlreadyRegistered:
    known = queries.registered_with(session, code)
    name = known.name if known else ""
    return AlreadyRegistered(
        f"统一社会信用代码 {code} 已登记为“{name}”，同一单位不得重复登记：请查询该机构后为其增加身份",
        detail_en=f"{code} is registered already, as {name}.",
        rule="SEP-01",
        errors=[{"pointer": "/uscc", "code": AlreadyRegistered.code, "message": f"已登记：{name}"}],
    )


def _governed(session: Session, actor: Actor, party_id: UUID) -> Party:
    party = queries.get(session, party_id, lock=True)
    actor.must(Permission.PARTY_SUSPEND, place=party.place)
    return party


def _check_separation(book: PolicyBook, place: str, held: set[Capacity], now: datetime) -> None:
    cited = book.get(place, "seller.operator_merchant_separation", on=business_date(now))
    if cited is not None and cited.boolean():
        check_separation(held, book.place(place).title, cited.citation())
