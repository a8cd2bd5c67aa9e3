"""Filing a dispute, hearing both sides, and deciding it by two persons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.errors import NotAllowed
from kernel.explanations import cited_dict
from kernel.filings import FILINGS_MAX, FILINGS_WINDOW, new_reference
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money
from kernel.policy import Cited, PolicyBook
from market.disputes import queries
from market.disputes.model import Dispute, DisputeProposal, DisputeStatement, DisputeVerdict
from market.disputes.rules import (
    AGREEMENT_ARTICLE,
    DECIDABLE,
    DisputeAct,
    Outcome,
    Side,
    Track,
    WrongState,
    after,
    answer_date,
    must_be_heard,
    must_fit,
)
from market.policy import MarketPolicy
from market.receipts import commands as receipts
from pricing.complaints.rules import refuse_flood
from registry.accounts.queries import accounts_behind
from registry.products import queries as products


class OwnMatter(NotAllowed):
    """Who filed a dispute, belongs to one of its sides, or proposed the decision, does not decide on it."""

    code = "dispute.second_person_needed"


def file_dispute(
    session: Session,
    actor: Actor,
    *,
    track: Track,
    words: str,
    contact: str,
    now: datetime,
    book: PolicyBook,
    calendar: WorkingCalendar,
    order_number: str | None = None,
    product_code: str | None = None,
    receipt_number: str | None = None,
    amount: Money | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Dispute:
    """File a dispute for the actor's organisation: about an order, the difference of a receipt, or a product.

    From this moment exactly the disputed amount of the order is frozen: all of it, ``amount``, or the difference.

    Raises:
        NotAllowed: the actor files no disputes for an organisation.
        NotYourTrack: the track is for others, or the order is not the organisation's.
        NoSuchOrder: there is none that the actor may know of.
        NoSuchProduct: there is no such product.
        NoSuchReceipt: there is none that the actor may know of.
        LineUnfit: nothing is named, more than the order is disputed, or the receipt is not in dispute.
        FileRefused: the evidence is empty or too large.

    Source:
        27号 第十四条（十一）; DSP-01, DSP-02, DSP-04.
    """
    actor.must(Permission.DISPUTE_FILE, org_id=actor.org_id)
    claim = queries.claim(
        session, actor, track, order_number=order_number, product_code=product_code, receipt_number=receipt_number,
        amount=amount,
    )  # fmt: skip
    order, receipt = claim.order, claim.receipt
    made = Dispute(
        track=track, product_id=claim.product.id, order_id=order.id if order else None, words=words, contact=contact,
        receipt_id=receipt.id if receipt else None, units=claim.units, amount=claim.amount, name=claim.claimant.name,
        claimant_id=claim.claimant.id, respondent_id=claim.respondent_id,
    )  # fmt: skip
    return _file(session, actor, made, claim.product.place, evidence, now, book, calendar)


def file_as_data_subject(
    session: Session,
    actor: Actor,
    *,
    product_code: str,
    words: str,
    name: str,
    contact: str,
    now: datetime,
    book: PolicyBook,
    calendar: WorkingCalendar,
    evidence: Mapping[str, Any] | None = None,
    source_digest: str = "",
) -> Dispute:
    """Complain, as a person or body whom the data are about, under the real name; no account is needed.

    The reference that comes back is the key to what becomes of it. It freezes no money.

    Raises:
        NoSuchProduct: there is no such product.
        TooManyComplaints: too many came from this address within an hour.
        FileRefused: the evidence is empty or too large.

    Source:
        DSP-05 (福田: 数据主体在公共数据授权运营活动方面的监督).
    """
    product = products.by_code(session, product_code)
    if source_digest:
        filed = queries.filed_since(session, source_digest, now - FILINGS_WINDOW)
        left = filed[0] + FILINGS_WINDOW - now if filed else FILINGS_WINDOW
        refuse_flood(len(filed), FILINGS_MAX, left, rule="DSP-05")
    made = Dispute(
        track=Track.DATA_SUBJECT, product_id=product.id, words=words, contact=contact, amount=ZERO, name=name,
        respondent_id=product.owner_id, source_digest=source_digest,
    )  # fmt: skip
    return _file(session, actor, made, product.place, evidence, now, book, calendar)


def _file(
    session: Session, actor: Actor, made: Dispute, place: str, evidence: Mapping[str, Any] | None, now: datetime,
    book: PolicyBook, calendar: WorkingCalendar,
) -> Dispute:  # fmt: skip
    today = business_date(now)
    policy = MarketPolicy.at(book, place, today)
    named = policy.dispute_tracks
    is_named = named is not None and made.track.value in named.items()
    made.basis = (
        cited_dict(named) if named is not None and is_named else {"article": AGREEMENT_ARTICLE, "rule": "DSP-01"}
    )
    made.number = numbering.number(session, "DSP", today)
    made.reference, made.place, made.source_digest = new_reference(), place, made.source_digest or ""
    made.evidence_sha256 = files.keep(session, now=now, **evidence) if evidence else None
    made.filed_by, made.filed_at = actor.id, now
    made.accept_by = _due(policy.dispute_acceptance_working_days, today, calendar)
    session.add(made)
    session.flush()
    audit.record(session, actor, "dispute.file", made, at=now, note=made.track,
                 detail={"number": made.number, "amount": made.amount.text()})  # fmt: skip
    return made


def accept(
    session: Session,
    actor: Actor,
    dispute_id: UUID,
    *,
    now: datetime,
    book: PolicyBook,
    calendar: WorkingCalendar,
    answer_until: date | None = None,
) -> Dispute:
    """Take a dispute up; the other side may state its view until a day set by the rule of the place or the officer.

    Raises:
        NotAllowed: the actor does not handle disputes at that place.
        OwnMatter: the actor or its organisation is part of it.
        WrongState: it was taken up before, or is over.
        AnswerDateNeeded: the place has no rule, and no day was set.
    """
    dispute = _for_handling(session, actor, dispute_id)
    dispute.state = after(dispute.state, DisputeAct.ACCEPT, dispute.number)
    today = business_date(now)
    policy = MarketPolicy.at(book, dispute.place, today)
    computed = _due(policy.dispute_statement_working_days, today, calendar)
    dispute.answer_until = answer_date(computed, answer_until, today)
    dispute.accepted_by, dispute.accepted_at = actor.id, now
    dispute.mediate_by = _due(policy.dispute_mediation_working_days, today, calendar)
    dispute.decide_by = _due(policy.dispute_working_days, today, calendar)
    audit.record(session, actor, "dispute.accept", dispute, at=now, detail={"answer_until": str(dispute.answer_until)})
    return dispute


def proceed(session: Session, actor: Actor, dispute_id: UUID, *, act: DisputeAct, now: datetime) -> Dispute:
    """Go into mediation or into review; a mediation that fails goes into review.

    Raises:
        NotAllowed: the actor does not handle disputes at that place.
        OwnMatter: the actor or its organisation is part of it.
        WrongState: it was not taken up, or is past that.
    """
    dispute = _for_handling(session, actor, dispute_id)
    if act not in (DisputeAct.MEDIATE, DisputeAct.REVIEW):
        raise WrongState(f"争议 {dispute.number} 受理后只能转入调解或审理。", detail_en="Mediate or review.")
    dispute.state = after(dispute.state, act, dispute.number)
    audit.record(session, actor, f"dispute.{act}", dispute, at=now)
    return dispute


def state_view(
    session: Session,
    actor: Actor,
    dispute_id: UUID,
    *,
    words: str,
    now: datetime,
    evidence: Mapping[str, Any] | None = None,
) -> DisputeStatement:
    """State, for one of the two sides, its view, with evidence; as long as nothing is decided.

    Raises:
        NotAllowed: the actor's organisation is no side of the dispute.
        WrongState: it was not taken up yet (of the other side), decided, or is over.
        FileRefused: the evidence is empty or too large.
    """
    dispute = queries.locked(session, dispute_id)
    sides = {dispute.claimant_id: Side.CLAIMANT, dispute.respondent_id: Side.RESPONDENT}
    side = sides.get(actor.org_id) if actor.org_id is not None else None
    if side is None:
        raise NotAllowed(f"只有争议 {dispute.number} 的双方可以陈述意见。", detail_en="You are no side of it.")
    actor.must(Permission.DISPUTE_FILE, org_id=actor.org_id)
    after(dispute.state, DisputeAct.WITHDRAW, dispute.number)  # whatever can still be withdrawn can be spoken about
    made = DisputeStatement(
        dispute_id=dispute.id, side=side, words=words, said_by=actor.id, said_by_name=actor.name, said_at=now,
        evidence_sha256=files.keep(session, now=now, **evidence) if evidence else None,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "dispute.state_view", dispute, at=now, note=side)
    return made


def propose(
    session: Session,
    actor: Actor,
    dispute_id: UUID,
    *,
    outcome: Outcome,
    reason: str,
    now: datetime,
    awarded: Money = ZERO,
    units: int | None = None,
) -> DisputeProposal:
    """Propose a decision, as the first of two persons, after both sides were heard.

    Of a disputed delivery ``units`` says what stands, and the award follows from it.

    Raises:
        NotAllowed: the actor does not handle disputes at that place.
        OwnMatter: the actor or its organisation is part of it.
        WrongState: it is not in mediation or review, or a proposal waits for the second person.
        NotHeard: the other side has not spoken, and its days are not over.
        OutcomeUnfit: outcome, way and award do not fit together.
        Undecidable: ``units`` lies outside the two counts.
    """
    dispute = _for_handling(session, actor, dispute_id)
    after(dispute.state, DisputeAct.DECIDE, dispute.number)
    if queries.pending_proposal(session, dispute.id) is not None:
        raise WrongState(f"争议 {dispute.number} 已有待复核的处理意见。", detail_en="A proposal waits.")
    assert dispute.answer_until is not None, "what was taken up has its day"
    spoken = queries.has_spoken(session, dispute.id, Side.RESPONDENT)
    must_be_heard(dispute.number, has_spoken=spoken, answer_until=dispute.answer_until, today=business_date(now))
    if dispute.receipt_id is not None:
        awarded, units = queries.award_of_receipt(session, dispute, units)
    must_fit(dispute.state, outcome, dispute.amount, awarded)
    assert actor.id is not None
    made = DisputeProposal(
        dispute_id=dispute.id, outcome=outcome, awarded=awarded, units=units, reason=reason, proposed_by=actor.id,
        proposed_by_name=actor.name, proposed_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "dispute.propose", dispute, at=now, note=outcome, detail={"awarded": awarded.text()})
    return made


def confirm(
    session: Session, actor: Actor, dispute_id: UUID, *, is_confirmed: bool, reason: str, now: datetime
) -> Dispute:
    """Confirm the proposed decision as the second person, or send it back; a confirmed one is final.

    Raises:
        NotAllowed: the actor does not handle disputes at that place.
        OwnMatter: the actor proposed it, or the actor or its organisation is part of it.
        WrongState: no proposal waits.
    """
    dispute = _for_handling(session, actor, dispute_id)
    proposal = queries.pending_proposal(session, dispute.id)
    if proposal is None or dispute.state not in DECIDABLE:
        raise WrongState(f"争议 {dispute.number} 没有待复核的处理意见。", detail_en="No proposal waits.")
    if actor.id in accounts_behind(session, proposal.proposed_by):
        raise OwnMatter(
            f"{dispute.number} 的处理意见由您提出，须由另一人复核。", detail_en="Somebody else confirms.", rule="DSP-02"
        )
    assert actor.id is not None
    session.add(
        DisputeVerdict(proposal_id=proposal.id, is_confirmed=is_confirmed, reason=reason, given_by=actor.id,
                       given_by_name=actor.name, given_at=now)
    )  # fmt: skip
    if is_confirmed:
        dispute.state = after(dispute.state, DisputeAct.DECIDE, dispute.number)
        dispute.outcome, dispute.awarded, dispute.decided_reason = proposal.outcome, proposal.awarded, proposal.reason
        dispute.proposed_by, dispute.decided_by, dispute.decided_at = proposal.proposed_by, actor.id, now
        if dispute.receipt_id is not None and proposal.units is not None:
            receipts.resolve(session, actor, dispute.receipt_id, units=proposal.units, now=now)
    session.flush()
    audit.record(session, actor, "dispute.confirm", dispute, at=now, note="confirmed" if is_confirmed else "returned")
    return dispute


def close(session: Session, actor: Actor, dispute_id: UUID, *, words: str, now: datetime) -> Dispute:
    """Close a decided dispute, with how the decision was carried out; nothing is frozen any more.

    Raises:
        NotAllowed: the actor does not handle disputes at that place.
        OwnMatter: the actor or its organisation is part of it.
        WrongState: it was not decided, or is over.
    """
    dispute = _for_handling(session, actor, dispute_id)
    dispute.state = after(dispute.state, DisputeAct.CLOSE, dispute.number)
    dispute.closing_words, dispute.ended_at = words, now
    audit.record(session, actor, "dispute.close", dispute, at=now)
    return dispute


def withdraw(session: Session, actor: Actor, dispute_id: UUID, *, now: datetime) -> Dispute:
    """Take a dispute back, for the organisation that filed it.

    Raises:
        NotAllowed: another organisation filed it.
        WrongState: it was decided or is over.
    """
    dispute = queries.locked(session, dispute_id)
    if dispute.claimant_id is None or actor.org_id != dispute.claimant_id:
        raise NotAllowed(f"争议 {dispute.number} 由提出的单位撤回。", detail_en="Who filed it may withdraw it.")
    actor.must(Permission.DISPUTE_FILE, org_id=actor.org_id)
    return _withdraw(session, actor, dispute, now)


def withdraw_by_reference(session: Session, actor: Actor, reference: str, *, now: datetime) -> Dispute:
    """Take a dispute back, as whoever knows its reference.

    Raises:
        NoSuchDispute: there is none with that reference.
        WrongState: it was decided or is over.
    """
    return _withdraw(session, actor, queries.by_reference(session, reference, lock=True), now)


def _withdraw(session: Session, actor: Actor, dispute: Dispute, now: datetime) -> Dispute:
    dispute.state, dispute.ended_at = after(dispute.state, DisputeAct.WITHDRAW, dispute.number), now
    audit.record(session, actor, "dispute.withdraw", dispute, at=now)
    return dispute


def _for_handling(session: Session, actor: Actor, dispute_id: UUID) -> Dispute:
    dispute = queries.locked(session, dispute_id)
    actor.must(Permission.DISPUTE_HANDLE, place=dispute.place)
    sides = {dispute.claimant_id, dispute.respondent_id} - {None}
    if actor.org_id in sides or actor.id in accounts_behind(session, dispute.filed_by):
        raise OwnMatter(
            f"争议 {dispute.number} 与您或您的单位有关，须由他人办理。",
            detail_en=f"Somebody else deals with {dispute.number}.",
            rule="DSP-02",
        )
    return dispute


def _due(cited: Cited | None, today: date, calendar: WorkingCalendar) -> date | None:
    """Return the last day of a term of the place, or None where the place has no such rule."""
    return None if cited is None else calendar.add_working_days(today, cited.integer())
