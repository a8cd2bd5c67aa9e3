"""Complaints about fees: filed by anybody under a real name, reviewed and decided by the authorizing entity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.errors import NotAllowed
from kernel.filings import FILINGS_MAX, FILINGS_WINDOW, new_reference
from kernel.identity import Actor, Permission
from pricing.complaints import queries
from pricing.complaints.model import PriceComplaint
from pricing.complaints.rules import (
    ComplaintAct,
    Ground,
    Outcome,
    after,
    must_name_adjustment,
    refuse_flood,
)
from pricing.tariffs import queries as tariffs
from registry.accounts.queries import accounts_behind
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products import queries as products


class OwnComplaint(NotAllowed):
    """Who complained, or belongs to the complaining organisation, does not decide on it."""

    code = "complaint.second_person_needed"


def file_complaint(
    session: Session,
    actor: Actor,
    *,
    product_code: str,
    ground: Ground,
    words: str,
    name: str,
    contact: str,
    now: datetime,
    tariff_number: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    source_digest: str = "",
) -> PriceComplaint:
    """Complain that the fee of a product is too high or wrong; that opens a review task for the authorizing entity.

    Anybody may complain, signed in or not, under the real name and with a way to be reached. Of who is signed in, the
    organisation's name counts. The reference that comes back is the key to what becomes of it.

    Raises:
        NoSuchProduct: there is no such product.
        NoSuchTariff: the product has no price of that number.
        NotAllowed: somebody signed in who has no right to complain for an organisation.
        TooManyComplaints: too many came from this address within an hour.
        FileRefused: the evidence is empty or too large.

    Source:
        发改价格〔2025〕65号 五; PRC-11, DSP-05.
    """
    product = products.by_code(session, product_code)
    party = _party(session, actor)
    if source_digest and party is None:
        filed = queries.filed_since(session, source_digest, now - FILINGS_WINDOW)
        refuse_flood(len(filed), FILINGS_MAX, filed[0] + FILINGS_WINDOW - now if filed else FILINGS_WINDOW)
    complaint = PriceComplaint(
        number=numbering.number(session, "PCO", business_date(now)),
        reference=new_reference(),
        place=product.place, product_id=product.id, tariff_id=_tariff_id(session, product.id, tariff_number),
        authorizing_entity_id=session.get_one(Agreement, product.agreement_id).authorizing_entity_id, ground=ground,
        words=words, evidence_sha256=files.keep(session, now=now, **evidence) if evidence else None,
        name=party.name if party else name, contact=contact, party_id=party.id if party else None, filed_by=actor.id,
        filed_at=now, source_digest=source_digest,
    )  # fmt: skip
    session.add(complaint)
    session.flush()
    audit.record(session, actor, "complaint.file", complaint, at=now, note=complaint.number)
    return complaint


def withdraw(session: Session, actor: Actor, reference: str, *, now: datetime) -> PriceComplaint:
    """Take a complaint back, as whoever knows its reference.

    Raises:
        NoSuchComplaint: there is none with that reference.
        WrongState: it was decided or is over.
    """
    complaint = queries.by_reference(session, reference, lock=True)
    complaint.state = after(complaint.state, ComplaintAct.WITHDRAW, complaint.number)
    complaint.ended_at = now
    audit.record(session, actor, "complaint.withdraw", complaint, at=now, note=complaint.number)
    return complaint


def accept(session: Session, actor: Actor, complaint_id: UUID, *, now: datetime) -> PriceComplaint:
    """Take a complaint up for review.

    Raises:
        NotAllowed: the actor neither acts for the authorizing entity nor decides on prices there.
        OwnComplaint: it is the actor's own.
        WrongState: it was taken up before, or is over.
    """
    complaint = _for_decision(session, actor, complaint_id)
    complaint.state = after(complaint.state, ComplaintAct.ACCEPT, complaint.number)
    complaint.accepted_by, complaint.accepted_at = actor.id, now
    audit.record(session, actor, "complaint.accept", complaint, at=now)
    return complaint


def review(session: Session, actor: Actor, complaint_id: UUID, *, findings: str, now: datetime) -> PriceComplaint:
    """Record what the review of the fee found.

    Raises:
        NotAllowed: the actor neither acts for the authorizing entity nor decides on prices there.
        OwnComplaint: it is the actor's own.
        WrongState: it was not taken up, or was reviewed before.
    """
    complaint = _for_decision(session, actor, complaint_id)
    complaint.state = after(complaint.state, ComplaintAct.REVIEW, complaint.number)
    complaint.reviewed_by, complaint.reviewed_at, complaint.findings = actor.id, now, findings
    audit.record(session, actor, "complaint.review", complaint, at=now)
    return complaint


def decide(
    session: Session, actor: Actor, complaint_id: UUID, *, outcome: Outcome, reason: str, now: datetime
) -> PriceComplaint:
    """Decide, with the reason, whether the fee is adjusted or kept.

    Raises:
        NotAllowed: the actor neither acts for the authorizing entity nor decides on prices there.
        OwnComplaint: it is the actor's own.
        WrongState: it was not reviewed, or was decided before.

    Source:
        发改价格〔2025〕65号 五 (PRC-11).
    """
    complaint = _for_decision(session, actor, complaint_id)
    complaint.state = after(complaint.state, ComplaintAct.DECIDE, complaint.number)
    complaint.outcome, complaint.decided_reason = outcome, reason
    complaint.decided_by, complaint.decided_at = actor.id, now
    audit.record(session, actor, "complaint.decide", complaint, at=now, note=outcome)
    return complaint


def close(
    session: Session,
    actor: Actor,
    complaint_id: UUID,
    *,
    now: datetime,
    tariff_number: str | None = None,
    cap_id: UUID | None = None,
) -> PriceComplaint:
    """Close a decided complaint; where the fee was to be adjusted, with the new price or cap of the product.

    Raises:
        NotAllowed: the actor neither acts for the authorizing entity nor decides on prices there.
        OwnComplaint: it is the actor's own.
        WrongState: it was not decided, or is over.
        AdjustmentMissing: the fee was to be adjusted, and neither price nor cap is named.
        AdjustmentUnfit: what is named is no newer one of that product, or nothing was to be adjusted.
    """
    complaint = _for_decision(session, actor, complaint_id)
    state = after(complaint.state, ComplaintAct.CLOSE, complaint.number)
    assert complaint.decided_at is not None
    asked = (complaint.product_id, complaint.decided_at)
    tariff = queries.newer_tariff(session, asked[0], tariff_number, asked[1]) if tariff_number else None
    cap = queries.newer_cap(session, asked[0], cap_id, asked[1]) if cap_id else None
    is_named = bool(tariff_number or cap_id)
    is_newer = bool(tariff_number) == bool(tariff) and bool(cap_id) == bool(cap)
    must_name_adjustment(complaint.number, complaint.outcome, is_named=is_named, is_newer=is_newer)
    complaint.new_tariff_id = tariff.id if tariff else None
    complaint.new_cap_id = cap.id if cap else None
    complaint.state, complaint.ended_at = state, now
    audit.record(session, actor, "complaint.close", complaint, at=now, note=tariff.number if tariff else "")
    return complaint


def _party(session: Session, actor: Actor) -> Party | None:
    """Return the organisation for which somebody complains; None for the public and for people without one."""
    if not actor.is_authenticated or actor.org_id is None:
        return None
    actor.must(Permission.COMPLAINT_FILE, org_id=actor.org_id)
    return session.get_one(Party, actor.org_id)


def _tariff_id(session: Session, product_id: UUID, number: str | None) -> UUID | None:
    if number is None:
        return None
    for tariff in tariffs.history(session, product_id):
        if tariff.number == number:
            return tariff.id
    raise tariffs.NoSuchTariff(f"该产品没有编号为 {number} 的收费标准。", detail_en=f"No price {number}.")


def _for_decision(session: Session, actor: Actor, complaint_id: UUID) -> PriceComplaint:
    complaint = queries.locked(session, complaint_id)
    actor.must(Permission.COMPLAINT_DECIDE, org_id=queries.office_of(actor, complaint), place=complaint.place)
    is_filer = actor.id in accounts_behind(session, complaint.filed_by)
    if is_filer or (complaint.party_id is not None and actor.org_id == complaint.party_id):
        raise OwnComplaint(
            f"投诉 {complaint.number} 由您或您所在单位提出，须由其他人员办理。",
            detail_en="Somebody else has to act on it.",
            rule="PRC-11",
        )
    return complaint
