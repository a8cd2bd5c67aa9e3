"""Recording what a year brought."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.money import UnitPrice
from kernel.policy import PolicyBook
from pricing.adjustments import commands as adjustments
from pricing.assessments import queries
from pricing.assessments.model import Assessment
from pricing.assessments.rules import KIND_OF, Action, Basis, Revenue, share_text
from registry.agreements import queries as agreements


class Unchanged(Conflict):
    """The year was assessed already, and nothing has changed since."""

    code = "assessment.unchanged"


class CorrectionReasonMissing(Invalid):
    """An assessment is corrected for a stated reason."""

    code = "assessment.correction_reason_missing"


def record(
    session: Session, actor: Actor, *, agreement_id: UUID, year: int, revenue: Revenue,
    basis: Basis = Basis.NET_OF_TAX, note: str = "", correction_reason: str = "", price_step: UnitPrice | None = None,
    now: datetime, book: PolicyBook,
) -> Assessment:  # fmt: skip
    """Assess a year: actual against permitted revenue, what follows, and what each price or cap should become.

    Assessed again, the new row supersedes the one before, whose unfinished adjustments end.

    Args:
        session: the open transaction.
        actor: a price officer of the place.
        agreement_id: whose operation is assessed.
        year: accounting year, over and settled.
        revenue: what sealed settlements say of the operator's fees in that year.
        basis: with or without tax, as the permitted revenue is.
        note: the officer's remarks.
        correction_reason: why an earlier assessment is corrected.
        price_step: to which proposals are rounded down, yuan; None takes what the rules name.
        now: the present moment.
        book: the rules in force.

    Raises:
        NotAllowed: the actor is no price officer of the place.
        YearNotOver: the year is not over.
        NotSettled: part of it has no sealed settlement.
        NoCeiling: no permitted revenue was determined for it.
        NothingPermitted: the permitted revenue is zero and there was revenue.
        Unchanged: the same was recorded already.
        CorrectionReasonMissing: an assessment of that year exists, and no reason is given.
        PolicyGap: no threshold or price step is configured.
        StepTooCoarse: rounded down, a price would become zero.

    Source:
        PRC-08, REV-06; 发改价格〔2025〕65号 四.
    """
    agreement = agreements.get(session, agreement_id, lock=True)
    actor.must(Permission.ASSESSMENT_WRITE, place=agreement.place)
    made = queries.prepared(session, agreement, year, revenue, basis, now=now, book=book)
    earlier = queries.latest(session, agreement_id, year)
    if earlier is not None:
        _must_be_a_correction(earlier, made, correction_reason)
        made.sequence, made.supersedes_id = earlier.sequence + 1, earlier.id
        made.correction_reason = correction_reason.strip()
        adjustments.end_all(session, actor, earlier.id, now=now)
    assert actor.id is not None
    made.number = numbering.number(session, "ASM", business_date(now))
    made.note, made.recorded_by, made.recorded_at = note, actor.id, now
    session.add(made)
    session.flush()
    earned = {code: amount for code, amount in revenue.by_product(basis).items() if amount}
    if made.action is not Action.NONE and earned:
        adjustments.propose(
            session, actor, agreement_id=agreement.id, assessment_id=made.id, kind=KIND_OF[made.action], earned=earned,
            permitted=made.permitted, actual=made.actual, price_step=price_step, now=now, book=book,
        )  # fmt: skip
    detail = {"deviation": share_text(made.permitted, made.actual), "sha256": made.sha256}
    audit.record(session, actor, "assessment.record", made, at=now, note=made.number, detail=detail)
    return made


def _must_be_a_correction(earlier: Assessment, made: Assessment, reason: str) -> None:
    if made.sha256 == earlier.sha256:
        raise Unchanged(
            f"{made.year} 年已由 {earlier.number} 评估，收入和核定均未变化，无须再评估。",
            detail_en=f"{earlier.number} says the same.",
            rule="PRC-08",
        )
    if not reason.strip():
        raise CorrectionReasonMissing(
            f"{made.year} 年已由 {earlier.number} 评估，更正须写明原因；原评估保留不改。",
            detail_en=f"{earlier.number} exists; say why it is corrected.",
            rule="PRC-08",
            errors=[{"pointer": "/correction_reason", "code": CorrectionReasonMissing.code, "message": "写明更正原因"}],
        )
