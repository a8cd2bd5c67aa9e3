"""How an authorization ends and what follows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.agreements import queries as agreements
from registry.agreements.commands import confirmed
from registry.agreements.model import Agreement
from registry.agreements.rules import (
    STANDING,
    AgreementEvent,
    ExitGround,
    check_coordination,
    check_second_person,
    sources_of,
)
from registry.agreements.rules import after as agreement_after
from registry.clauses.rules import check_expiry
from registry.exits import queries
from registry.exits.model import DeletionCertificate, EndingAsk, ExitFile, PartialDeletion
from registry.exits.rules import (
    ExitEvent,
    KeptRecord,
    Stated,
    after,
    check_deletion_date,
    check_same_ground,
    check_settled,
    is_same_certificate,
    is_same_ground,
    reason_of,
    refuse_other_certificate,
)
from registry.policy import RegistryPolicy


def expire(session: Session, actor: Actor, agreement_id: UUID, *, now: datetime, book: PolicyBook) -> Agreement:
    """Note that the term is over and open the exit. Operation ended by itself on the last day.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        WrongState: it is a draft, or has ended.
        TermNotOver: the last day has not passed.
    """
    agreement = agreements.governed(session, actor, agreement_id)
    expired = agreement_after(agreement.state, AgreementEvent.EXPIRE)
    check_expiry(agreement.number, agreement.term, business_date(now))
    agreement.state, agreement.ended_at = expired, now
    agreement.pending_event = agreement.pending_by = None
    audit.record(session, actor, "agreement.expire", agreement, at=now)
    _open(session, actor, agreement, now, book)
    return agreement


def terminate(
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    *,
    ground: ExitGround,
    reason: str,
    now: datetime,
    book: PolicyBook,
    coordination_record: str | None = None,
) -> Agreement:
    """End an agreement before its term: the first person asks, a second one confirms; the exit opens (AGR-04).

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        WrongState: it is a draft, or has ended.
        CoordinationMissing: the decision of the coordination mechanism is not named where one is needed (AGR-05).
        SecondPersonNeeded: the same person asked before on the same ground.
        GroundsDiffer: the second person states another ground than the first.
    """
    return _end(
        session, actor, agreement_id, AgreementEvent.TERMINATE, reason, coordination_record, now, book, ground,
    )  # fmt: skip


def revoke(
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    *,
    reason: str,
    now: datetime,
    book: PolicyBook,
    coordination_record: str | None = None,
) -> Agreement:
    """Take the authorization back: the first person asks, a second one confirms; the exit opens (AGR-05).

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        WrongState: it is a draft, or has ended.
        CoordinationMissing: the decision of the coordination mechanism is not named where one is needed (AGR-05).
        SecondPersonNeeded: the same person asked before for the same reason.
        GroundsDiffer: the second person states another reason than the first.
    """
    return _end(session, actor, agreement_id, AgreementEvent.REVOKE, reason, coordination_record, now, book, None)


def open_exit(session: Session, actor: Actor, agreement_id: UUID, *, now: datetime, book: PolicyBook) -> ExitFile:
    """Open the file of the exit from an agreement that has ended, by time too; an open one is returned as it is.

    Raises:
        NotAllowed: the actor neither acts for the operating institution nor for the authority.
        NoSuchAgreement: there is none.
        NotEnded: the authorization has not ended.
        PolicyGap: no rule says how long logs are kept.
    """
    agreement = agreements.get(session, agreement_id, lock=True)
    actor.must(Permission.EXIT_WRITE, org_id=agreement.operating_institution_id, place=agreement.place)
    return queries.of_agreement(session, agreement.id) or _open(session, actor, agreement, now, book)


def certify(
    session: Session,
    actor: Actor,
    exit_id: UUID,
    *,
    what: str,
    method: str,
    deleted_at: datetime,
    deleted_by: str,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
) -> ExitFile:
    """Certify that the operator's data held on the platform were deleted; handed in again, nothing happens (DEL-01).

    Registry, price, order, settlement and audit records are never part of it (DEL-02): the certificate says so.

    Raises:
        NotAllowed: the actor neither acts for the operating institution nor for the authority.
        NoSuchExit: there is none.
        WrongState: another certificate was issued already.
        DeletedTooEarly: the deletion is said to lie before the exit or in the future.
        FileRefused: the evidence is empty or too large.
    """
    found = queries.get(session, exit_id, lock=True)
    actor.must(Permission.EXIT_WRITE, org_id=found.agreement.operating_institution_id, place=found.place)
    said = {"what": what, "method": method, "deleted_at": deleted_at, "deleted_by": deleted_by}
    evidence = files.keep(session, content, name=name, media_type=media_type, now=now)
    known = found.certificate
    if known is not None and is_same_certificate(
        {**{name: getattr(known, name) for name in said}, "evidence_sha256": known.evidence_sha256},
        {**said, "evidence_sha256": evidence},
    ):
        return found
    certified = after(found.state, ExitEvent.CERTIFY)
    check_deletion_date(found.exit_date, business_date(deleted_at), business_date(now))
    session.add(
        DeletionCertificate(
            number=numbering.number(session, "DEL", business_date(now)), exit_id=found.id, evidence_sha256=evidence,
            kept_records=[kept.value for kept in KeptRecord], issued_at=now, issued_by=actor.id,
            issuer_name=actor.name, **said,
        )
    )  # fmt: skip
    found.state, found.certified_at = certified, now
    audit.record(session, actor, "exit.certify", found, at=now, note=evidence)
    session.flush()
    return queries.get(session, exit_id, lock=True)


def certify_part(
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    part_id: UUID,
    *,
    what: str,
    method: str,
    deleted_at: datetime,
    deleted_by: str,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
    book: PolicyBook,
) -> PartialDeletion:
    """Certify that the data of the part whose authorization ended were deleted; handed in again, nothing happens.

    The rest of the agreement goes on; registry, price, order, settlement and audit records stay (DEL-02).

    Raises:
        NotAllowed: the actor neither acts for the operating institution nor for the authority.
        NoSuchAgreement: there is none.
        NoSuchPart: nobody asked for that end.
        PartNotEnded: nobody confirmed it.
        PartCertified: another certificate was issued already.
        DeletedTooEarly: the deletion is said to lie before the end of the part or in the future.
        FileRefused: the evidence is empty or too large.
        PolicyGap: no rule says how long logs are kept.

    Source:
        新昌县公共数据授权运营实施方案 二（三）、三（四）3（6） (ACC-01, DEL-01).
    """
    agreement = agreements.get(session, agreement_id, lock=True)
    actor.must(Permission.EXIT_WRITE, org_id=agreement.operating_institution_id, place=agreement.place)
    ended = queries.ended_part(session, agreement, part_id)
    assert ended.confirmed_at is not None
    said = {"what": what, "method": method, "deleted_at": deleted_at, "deleted_by": deleted_by}
    evidence = files.keep(session, content, name=name, media_type=media_type, now=now)
    known = queries.deletion_of_part(session, ended.id)
    if known is not None:
        stands = {**{one: getattr(known, one) for one in said}, "evidence_sha256": known.evidence_sha256}
        is_same = is_same_certificate(stands, {**said, "evidence_sha256": evidence})
        refuse_other_certificate(known.number, is_same=is_same)
        return known
    day, today = business_date(ended.confirmed_at), business_date(now)
    check_deletion_date(day, business_date(deleted_at), today)
    made = PartialDeletion(
        number=numbering.number(session, "DEL", today), part_id=ended.id, evidence_sha256=evidence,
        kept_records=[kept.value for kept in KeptRecord], logs_until=queries.logs_until(agreement, day, book=book),
        sources=_retention(RegistryPolicy.at(book, agreement.place, day)), issued_at=now, issued_by=actor.id,
        issuer_name=actor.name, **said,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "agreement.certify_part", agreement, at=now, note=made.number)
    return made


def note_settlement(session: Session, actor: Actor, exit_id: UUID, *, reference: str, now: datetime) -> ExitFile:
    """Note under which reference finance settled to the day of the exit (AGR-07); settlement/ does the settling.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchExit: there is none.
        WrongState: the file is closed.
    """
    found = _governed(session, actor, exit_id)
    if found.closed_at is not None:
        after(found.state, ExitEvent.CLOSE)
    found.settlement_reference = reference
    found.close_asked_by = None
    audit.record(session, actor, "exit.note_settlement", found, at=now, note=reference)
    return found


def close(session: Session, actor: Actor, exit_id: UUID, *, now: datetime, book: PolicyBook) -> ExitFile:
    """Close the file of an exit and the agreement: the first person asks, a second one confirms.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchExit: there is none.
        WrongState: the deletion is not certified, or the file is closed.
        SettlementMissing: the final settlement is not named.
        SecondPersonNeeded: the same person asked before.
    """
    found = _governed(session, actor, exit_id)
    closed = after(found.state, ExitEvent.CLOSE)
    check_settled(found.number, found.settlement_reference)
    if found.close_asked_by is None:
        found.close_asked_by = actor.id
        audit.record(session, actor, "exit.ask_close", found, at=now)
        return found
    check_second_person(found.number, found.close_asked_by, actor.id)
    agreement = agreements.governed(session, actor, found.agreement_id)
    if agreement.state in STANDING:  # its term ended without anybody noting it
        expire(session, actor, agreement.id, now=now, book=book)
    agreement.state = agreement_after(agreement.state, AgreementEvent.CLOSE)
    found.state, found.closed_at, found.close_asked_by = closed, now, None
    audit.record(session, actor, "agreement.close", agreement, at=now, note=found.number)
    audit.record(session, actor, "exit.close", found, at=now)
    return found


def _end(
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    event: AgreementEvent,
    reason: str,
    coordination_record: str | None,
    now: datetime,
    book: PolicyBook,
    ground: ExitGround | None,
) -> Agreement:
    agreement = agreements.governed(session, actor, agreement_id)
    ended = agreement_after(agreement.state, event)
    policy = RegistryPolicy.at(book, agreement.place, business_date(now))
    record = check_coordination(coordination_record, policy.agreement_coordination_required)
    given = Stated(ground, reason, actor.name)
    asked = queries.standing_ask(session, agreement) if agreement.pending_event is event else None
    if asked is not None and asked.asked_by != actor.id:
        check_same_ground(agreement.number, Stated(asked.ground, asked.reason, asked.asked_by_name), given)
    elif asked is not None and not is_same_ground(Stated(asked.ground, asked.reason, ""), given):
        agreement.pending_event = agreement.pending_by = None  # who asked states it anew
    if not confirmed(session, actor, agreement, event, now=now):
        session.add(
            EndingAsk(
                agreement_id=agreement.id, event=event, ground=ground, reason=reason, coordination_record=record,
                asked_at=now, asked_by=actor.id, asked_by_name=actor.name,
            )
        )  # fmt: skip
        session.flush()
        return agreement
    agreement.state, agreement.ended_at, agreement.exit_ground = ended, now, ground
    agreement.coordination_record = record or agreement.coordination_record
    note = f"{ground}: {reason}" if ground else reason
    audit.record(session, actor, f"agreement.{event}", agreement, at=now, note=note)
    _open(session, actor, agreement, now, book)
    return agreement


def _open(session: Session, actor: Actor, agreement: Agreement, now: datetime, book: PolicyBook) -> ExitFile:
    known = queries.of_agreement(session, agreement.id)
    if known is not None:
        return known
    today = business_date(now)
    day = queries.exit_date(agreement, today)
    policy = RegistryPolicy.at(book, agreement.place, day)
    found = ExitFile(
        number=numbering.number(session, "EXT", today), place=agreement.place, agreement_id=agreement.id,
        reason=reason_of(agreement.state, agreement.exit_ground), exit_date=day,
        logs_until=queries.logs_until(agreement, day, book=book), opened_at=now,
        sources=_retention(policy),
    )  # fmt: skip
    session.add(found)
    session.flush()
    audit.record(session, actor, "exit.open", found, at=now, note=agreement.number)
    return queries.get(session, found.id)


def _retention(policy: RegistryPolicy) -> dict[str, Any]:
    return sources_of(
        {
            "log_months_min": policy.retention_log_months_min,
            "trade_record_years_min": policy.retention_trade_record_years_min,
            "voucher_years_min": policy.retention_voucher_years_min,
        }
    )


def _governed(session: Session, actor: Actor, exit_id: UUID) -> ExitFile:
    found = queries.get(session, exit_id, lock=True)
    actor.must(Permission.AGREEMENT_WRITE, place=found.place)
    return found
