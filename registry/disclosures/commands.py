"""Putting a disclosure together, checking, publishing and correcting it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.db import to_json
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.disclosures import queries
from registry.disclosures.model import Disclosure
from registry.disclosures.rules import (
    DUTY_OF,
    ROLE_OF,
    SIDE_TITLES,
    DataDepartment,
    DisclosureEvent,
    Figures,
    Institution,
    NotCorrectable,
    PublishedAlready,
    Side,
    after,
    assembled,
    check_second_person,
    check_year,
)
from registry.duties import commands as duties
from registry.duties import queries as owed
from registry.parties import queries as parties


def prepare(
    session: Session,
    actor: Actor,
    *,
    place: str,
    side: Side,
    party_id: UUID,
    year: int,
    institution: Institution,
    data_department: DataDepartment,
    authorization_modes: Mapping[str, str],
    figures: Figures,
    now: datetime,
    book: PolicyBook,
    supersedes_id: UUID | None = None,
    correction_reason: str | None = None,
) -> Disclosure:
    """Put together what an institution discloses for a year that is over; nothing of it is changed afterwards.

    Args and order as in the form: ``authorization_modes`` by number of agreement, ``figures`` handed in from higher
    floors; registration numbers of resources and products come from the records; ``supersedes_id`` and
    ``correction_reason`` make it a correction.

    Raises:
        NotAllowed: the actor does not disclose for that institution there.
        NoSuchParty: there is no such institution.
        YearNotOver: the year is not over.
        PublishedAlready: the year is disclosed, and no correction is meant.
        NotCorrectable: the correction names another disclosure than the one that counts.
        Incomplete: something that must be disclosed is missing; all is named.
        PolicyGap: the rules of that day do not ask for it.
    """
    actor.must(Permission.DISCLOSURE_WRITE, org_id=party_id, place=place)
    actor.must_be(ROLE_OF[side], org_id=party_id, place=place)
    on = business_date(now)
    check_year(year, on)
    party = parties.get(session, party_id)
    _check_correction(session, queries.current(session, party_id, place, side, year), supersedes_id)
    asked = book.find(place, f"disclosure.{side.value}_institution_due", on=on)
    lines = queries.authorizations(session, side, party_id, place, year, on=on, modes=authorization_modes)
    content = assembled(
        side, name=party.name, uscc=party.uscc, institution=institution, department=data_department,
        authorizations=lines, figures=figures,
    )  # fmt: skip
    disclosure = Disclosure(
        number=numbering.number(session, "DSC", on), place=place, party_id=party.id, side=side, year=year,
        content=content, sha256=queries.digest(content),
        sources=[{"name": asked.name, "citation": asked.citation()}], prepared_at=now, prepared_by=actor.id,
        prepared_by_name=actor.name, supersedes_id=supersedes_id, correction_reason=correction_reason,
    )  # fmt: skip
    session.add(disclosure)
    session.flush()
    audit.record(session, actor, "disclosure.prepare", disclosure, at=now, note=disclosure.sha256)
    return disclosure


def check(session: Session, actor: Actor, disclosure_id: UUID, *, now: datetime) -> Disclosure:
    """Confirm a disclosure as a second person of the institution.

    Raises:
        NotAllowed: the actor does not disclose for that institution.
        NoSuchDisclosure: there is none.
        WrongState: it was checked, published or discarded before.
        SecondPersonNeeded: the actor prepared it.
    """
    disclosure = _own(session, actor, disclosure_id)
    checked = after(disclosure.state, DisclosureEvent.CHECK)
    check_second_person(disclosure.number, disclosure.prepared_by, actor.id)
    disclosure.state, disclosure.checked_at, disclosure.checked_by = checked, now, actor.id
    audit.record(session, actor, "disclosure.check", disclosure, at=now, note=disclosure.sha256)
    return disclosure


def publish(session: Session, actor: Actor, disclosure_id: UUID, *, now: datetime, book: PolicyBook) -> Disclosure:
    """Publish a checked disclosure for ever; the duty of that year is fulfilled with it (DIS-02, DIS-03).

    Raises:
        NotAllowed: the actor does not disclose for that institution.
        NoSuchDisclosure: there is none.
        WrongState: it was not checked, or is published or discarded.
        PublishedAlready: another disclosure of the year was published meanwhile.
        NotCorrectable: another correction was published meanwhile.
    """
    disclosure = _own(session, actor, disclosure_id)
    published = after(disclosure.state, DisclosureEvent.PUBLISH)
    parties.get(session, disclosure.party_id, lock=True)  # of two disclosures of one year one waits, and is refused
    counting = queries.current(session, disclosure.party_id, disclosure.place, disclosure.side, disclosure.year)
    _check_correction(session, counting, disclosure.supersedes_id)
    disclosure.state, disclosure.published_at, disclosure.published_by = published, now, actor.id
    disclosure.published_on = business_date(now)
    _fulfil(session, actor, disclosure, now, book)
    audit.record(session, actor, "disclosure.publish", disclosure, at=now, note=disclosure.sha256)
    return disclosure


def discard(session: Session, actor: Actor, disclosure_id: UUID, *, now: datetime) -> Disclosure:
    """Discard a disclosure that is not published; a better one is put together anew.

    Raises:
        NotAllowed: the actor does not disclose for that institution.
        NoSuchDisclosure: there is none.
        WrongState: it is published or discarded.
    """
    disclosure = _own(session, actor, disclosure_id)
    disclosure.state = after(disclosure.state, DisclosureEvent.DISCARD)
    audit.record(session, actor, "disclosure.discard", disclosure, at=now)
    return disclosure


def _own(session: Session, actor: Actor, disclosure_id: UUID) -> Disclosure:
    disclosure = queries.get(session, disclosure_id, lock=True)
    actor.must(Permission.DISCLOSURE_WRITE, org_id=disclosure.party_id, place=disclosure.place)
    actor.must_be(ROLE_OF[disclosure.side], org_id=disclosure.party_id, place=disclosure.place)
    return disclosure


def _check_correction(session: Session, counting: Disclosure | None, supersedes_id: UUID | None) -> None:
    if counting is not None and supersedes_id is None:
        raise PublishedAlready(
            f"{counting.party.name} {counting.year} 年度信息已公布（{counting.number}），如需更正请编制更正披露",
            detail_en=f"{counting.number} is published; prepare a correction.",
            rule="DIS-02",
        )
    if supersedes_id is not None and (counting is None or counting.id != supersedes_id):
        raise NotCorrectable(
            "所要更正的披露不是该单位该年度现行公布的一份，请就现行一份编制更正",
            detail_en="Correct the disclosure that counts now.",
            rule="DIS-02",
        )


def _fulfil(session: Session, actor: Actor, disclosure: Disclosure, now: datetime, book: PolicyBook) -> None:
    kind = DUTY_OF[disclosure.side]
    for duty in owed.all_at(session, [disclosure.place], book=book, on=business_date(now)):
        about = (duty.obligation.kind, duty.party.id, duty.obligation.period.start.year)
        if about == (kind, disclosure.party_id, disclosure.year):
            duties.file(
                session, actor, duty.key,
                text=f"{SIDE_TITLES[disclosure.side]}{disclosure.year}年度信息披露 {disclosure.number} 已公布",
                content=to_json(disclosure.content).encode(), name=f"{disclosure.number}.json",
                media_type="application/json", now=now, book=book,
                supersedes_id=duty.latest.id if duty.latest else None,
            )  # fmt: skip
