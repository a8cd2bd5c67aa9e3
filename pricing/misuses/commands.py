"""Recording misuse, hearing the grantee, and fixing what the days concerned cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict, NotAllowed
from kernel.identity import Actor, Permission
from kernel.money import Money
from kernel.policy import PolicyBook
from pricing.exemptions import commands as exemptions
from pricing.exemptions import queries as exempted
from pricing.exemptions.rules import ExemptionState, Purpose
from pricing.misuses import queries
from pricing.misuses.model import Misuse, MisuseLine, MisuseStatement
from pricing.misuses.rules import (
    MisuseAct,
    Usage,
    after,
    must_be_charged,
    must_be_heard,
    must_be_paid_exactly,
    must_fit,
)
from pricing.policy import PricingPolicy
from registry.accounts.queries import accounts_behind


class NeverFree(Conflict):
    """The exemption was never approved, so nothing was used free under it."""

    code = "misuse.never_free"


class SpanTaken(Conflict):
    """Another misuse of the same exemption covers one of the days."""

    code = "misuse.span_taken"
    title = "日期已登记"
    title_en = "A day is taken already"


class OwnMatter(NotAllowed):
    """Who recorded a misuse, or belongs to the grantee, does not decide on it."""

    code = "misuse.second_person_needed"


def record(
    session: Session,
    actor: Actor,
    *,
    exemption_id: UUID,
    from_date: date,
    until_date: date,
    actual_purpose: Purpose,
    reason: str,
    evidence: Mapping[str, Any],
    hearing_until: date,
    now: datetime,
    book: PolicyBook,
) -> Misuse:
    """Record that a free product was used for industry from one day to another, both included, with evidence.

    ``hearing_until`` is the last day on which the grantee may state its view, as stated by the recorder [I].

    Raises:
        NotAllowed: the actor neither supervises nor audits the place.
        OwnMatter: the actor belongs to the grantee.
        NeverFree: the exemption was never approved.
        PurposeNotCharged: the real use is not charged there either.
        SpanUnusable: the days lie outside the free use or are not over, or nobody could be heard.
        SpanTaken: one of the days stands in another misuse.
        FileRefused: the evidence is empty or too large.

    Source:
        PUB-02 (later industry use is out of scope), ACC-01.
    """
    exemption = exempted.locked(session, exemption_id)
    actor.must(Permission.MISUSE_RECORD, place=exemption.place)
    _must_not_be_own(session, actor, exemption.grantee_id, exemption.number)
    if exemption.approved_at is None:
        raise NeverFree(f"{exemption.number} 从未批准，没有免费使用。", detail_en="Never approved.", rule="PUB-02")
    today = business_date(now)
    charged = PricingPolicy.at(book, exemption.place, from_date).require("exemption_purposes_charged")
    must_be_charged(actual_purpose, charged.items(), charged.citation())
    must_fit(exemption.grant(), from_date, until_date, hearing_until, today)
    other = queries.overlapping(session, exemption.id, from_date, until_date)
    if other is not None:
        raise SpanTaken(
            f"{other.number} 已登记 {other.from_date} 至 {other.until_date}，同一日不得重复计费；请调整起止日期。",
            detail_en=f"{other.number} covers some of these days.",
            rule="PUB-02",
        )
    made = Misuse(
        number=numbering.number(session, "MIS", today), place=exemption.place, exemption_id=exemption.id,
        product_id=exemption.product_id, grantee_id=exemption.grantee_id, from_date=from_date, until_date=until_date,
        actual_purpose=actual_purpose, reason=reason, evidence_sha256=files.keep(session, now=now, **evidence),
        hearing_until=hearing_until, recorded_by=actor.id, recorded_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "misuse.record", made, at=now, note=exemption.number)
    return made


def hear(
    session: Session,
    actor: Actor,
    misuse_id: UUID,
    *,
    text: str,
    now: datetime,
    evidence: Mapping[str, Any] | None = None,
) -> Misuse:
    """State, as the grantee, what it says to the misuse.

    Raises:
        NotAllowed: the actor does not act for the grantee.
        WrongState: it was decided already.
    """
    misuse = queries.locked(session, misuse_id)
    actor.must(Permission.ORDER_PLACE, org_id=misuse.grantee_id)
    misuse.state = after(misuse.state, MisuseAct.HEAR, misuse.number)
    session.add(
        MisuseStatement(
            misuse_id=misuse.id, text=text, stated_by=actor.id, stated_by_name=actor.name, stated_at=now,
            evidence_sha256=files.keep(session, now=now, **evidence) if evidence else None,
        )
    )  # fmt: skip
    session.flush()
    audit.record(session, actor, "misuse.hear", misuse, at=now, note=misuse.number)
    return misuse


def confirm(
    session: Session, actor: Actor, misuse_id: UUID, *, usage: Usage, reason: str, now: datetime, book: PolicyBook
) -> Misuse:
    """Confirm a misuse: the days concerned are claimed, and the exemption, where it still stands, is revoked.

    ``usage`` is what was used and held under the exemption, read by the edge from metering above. Entitlements that
    rest on the exemption close in the same second, for they ask whether it stands (ACC-01); nothing is stored for that.

    Raises:
        NotAllowed: the actor does not supervise the place.
        OwnMatter: the actor recorded it, or belongs to the grantee.
        WrongState: it was decided already.
        HearingOpen: the grantee has not been heard and still may be.
        NoPriceThatDay: on a day of use there was no price that could be charged.
    """
    misuse = _for_decision(session, actor, misuse_id)
    state = after(misuse.state, MisuseAct.CONFIRM, misuse.number)
    must_be_heard(misuse.state, misuse.number, misuse.hearing_until, business_date(now))
    claim = queries.work_out(session, misuse, usage, book)
    misuse.state, misuse.decided_reason = state, reason
    misuse.decided_by, misuse.decided_at = actor.id, now
    misuse.amount, misuse.sha256, misuse.explanation = claim.amount, claim.sha256, claim.explanation
    session.add_all(
        MisuseLine(
            misuse_id=misuse.id, exemption_id=misuse.exemption_id, position=position, day=line.day,
            subject_kind=line.subject_kind, scope=line.subject_kind or "*", units=str(line.units),
            tariff_id=line.price.tariff_id, tariff_number=line.price.number, amount=line.amount,
            explanation=line.explained(),
        )
        for position, line in enumerate(claim.lines, start=1)
    )  # fmt: skip
    if exempted.locked(session, misuse.exemption_id).state is ExemptionState.APPROVED:
        words = f"经 {misuse.number} 认定改作他用"
        exemptions.revoke(session, actor, misuse.exemption_id, reason=words, now=now)
    session.flush()
    audit.record(session, actor, "misuse.confirm", misuse, at=now, note=reason,
                 detail={"amount": claim.amount.text(), "days": len(claim.lines), "sha256": claim.sha256})  # fmt: skip
    return misuse


def dismiss(session: Session, actor: Actor, misuse_id: UUID, *, reason: str, now: datetime) -> Misuse:
    """Find that there was no misuse; nothing is claimed and the exemption stays.

    Raises:
        NotAllowed: the actor does not supervise the place.
        OwnMatter: the actor recorded it, or belongs to the grantee.
        WrongState: it was decided already.
    """
    misuse = _for_decision(session, actor, misuse_id)
    misuse.state = after(misuse.state, MisuseAct.DISMISS, misuse.number)
    misuse.decided_by, misuse.decided_at, misuse.decided_reason = actor.id, now, reason
    audit.record(session, actor, "misuse.dismiss", misuse, at=now, note=reason)
    return misuse


def settle(
    session: Session, actor: Actor, misuse_id: UUID, *, reference: str, amount: Money, paid_on: date, now: datetime
) -> Misuse:
    """Record the payment of a claim: reference of the voucher, exact amount, Beijing date.

    Raises:
        NotAllowed: the actor does not record payments at the place.
        WrongState: nothing is claimed, or it was paid.
        PaymentDiffers: another amount was paid.
    """
    misuse = queries.locked(session, misuse_id)
    actor.must(Permission.PAYMENT_RECORD, place=misuse.place)
    state = after(misuse.state, MisuseAct.SETTLE, misuse.number)
    assert misuse.amount is not None
    must_be_paid_exactly(misuse.amount, amount, misuse.number)
    misuse.state, misuse.payment_reference, misuse.paid_on = state, reference, paid_on
    misuse.settled_by, misuse.settled_at = actor.id, now
    audit.record(session, actor, "misuse.settle", misuse, at=now, note=reference, detail={"amount": amount.text()})
    return misuse


def _for_decision(session: Session, actor: Actor, misuse_id: UUID) -> Misuse:
    misuse = queries.locked(session, misuse_id)
    actor.must(Permission.MISUSE_CONFIRM, place=misuse.place)
    _must_not_be_own(session, actor, misuse.grantee_id, misuse.number, misuse.recorded_by)
    return misuse


def _must_not_be_own(
    session: Session, actor: Actor, grantee_id: UUID, number: str, recorded_by: UUID | None = None
) -> None:
    if actor.id in accounts_behind(session, recorded_by) or actor.org_id == grantee_id:
        raise OwnMatter(
            f"{number} 由您登记，或涉及您所在单位，须由其他人员办理。",
            detail_en="Somebody else has to act on it.",
            rule="PUB-02",
        )
