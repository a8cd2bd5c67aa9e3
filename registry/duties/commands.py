"""Handing in what is owed, and correcting it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.duties import queries
from registry.duties.model import DutyFiling
from registry.duties.queries import Duty
from registry.duties.rules import FILERS, check_filing
from registry.parties import queries as parties


def file(
    session: Session,
    actor: Actor,
    key: str,
    *,
    text: str,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
    book: PolicyBook,
    supersedes_id: UUID | None = None,
) -> DutyFiling:
    """Hand in what fulfils the duty of that name; ``supersedes_id`` makes it a correction of the latest filing.

    Only people of the party that owes it hand it in. Whether it was late follows from the dates, for ever.

    Raises:
        NoSuchDuty: the rules demand nothing of that name today.
        NotAllowed: the actor does not act for the party that owes it.
        RecordedElsewhere: the duty is fulfilled by a record of its own.
        FiledAlready: something was handed in before, and no correction is meant.
        NotTheLatestFiling: the correction names another filing than the latest.
        FileRefused: the evidence is empty or too large.
    """
    duty = queries.find(session, key, book=book, on=business_date(now))
    actor.must(Permission.DUTY_FILE, org_id=duty.party.id, place=duty.obligation.place)
    actor.must_be(FILERS[duty.owed_by], org_id=duty.party.id, place=duty.obligation.place)
    return _keep(session, actor, duty, text, (content, name, media_type), now, supersedes_id)


def _keep(
    session: Session,
    actor: Actor,
    duty: Duty,
    text: str,
    evidence: tuple[bytes, str, str],
    now: datetime,
    supersedes_id: UUID | None,
) -> DutyFiling:
    owed = duty.obligation
    parties.get(session, duty.party.id, lock=True)  # two people of one party cannot both be the first
    duty = queries.refreshed(session, duty)
    check_filing(owed, duty.latest.id if duty.latest else None, supersedes_id)
    content, name, media_type = evidence
    filing = DutyFiling(
        duty_key=owed.key, kind=owed.kind, place=owed.place, party_id=owed.party_id, agreement_id=owed.agreement_id,
        period_start=owed.period.start, period_end=owed.period.end, due_date=owed.due,
        source=owed.source.citation(), text=text,
        evidence_sha256=files.keep(session, content, name=name, media_type=media_type, now=now), filed_by=actor.id,
        filed_by_name=actor.name, filed_at=now, filed_on=business_date(now), supersedes_id=supersedes_id,
    )  # fmt: skip
    session.add(filing)
    session.flush()
    action = "duty.correct" if supersedes_id else "duty.file"
    audit.record(session, actor, action, filing, at=now, note=owed.key, detail={"late": filing.is_late})
    return filing
