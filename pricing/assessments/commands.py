"""Recording what a year brought, and what is adjusted because of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission, Role
from kernel.money import UnitPrice
from kernel.policy import PolicyBook
from pricing.assessments import queries
from pricing.assessments.model import Adjustment, Assessment
from pricing.assessments.rules import (
    ARTICLE,
    Action,
    AdjustmentAct,
    AdjustmentKind,
    Basis,
    Revenue,
    after,
)
from pricing.ceilings.model import FeeCap
from pricing.policy import PricingPolicy
from pricing.tariffs.model import Tariff
from registry.agreements import queries as agreements


class Unchanged(Conflict):
    """The year was assessed already, and nothing has changed since."""

    code = "assessment.unchanged"


class CorrectionReasonMissing(Invalid):
    """An assessment is corrected for a stated reason."""

    code = "assessment.correction_reason_missing"


class NotCarriedOut(Invalid):
    """That price or cap does not carry the adjustment out."""

    code = "adjustment.not_carried_out"


def record(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    year: int,
    revenue: Revenue,
    basis: Basis = Basis.NET_OF_TAX,
    note: str = "",
    correction_reason: str = "",
    price_step: UnitPrice | None = None,
    now: datetime,
    book: PolicyBook,
) -> Assessment:
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
    on = business_date(now)
    assert actor.id is not None
    made.number = numbering.number(session, "ASM", on)
    made.note, made.recorded_by, made.recorded_at = note, actor.id, now
    made.sequence = earlier.sequence + 1 if earlier else 1
    made.supersedes_id = earlier.id if earlier else None
    made.correction_reason = correction_reason.strip() or None if earlier else None
    session.add(made)
    session.flush()
    ended = _end_adjustments(session, earlier)
    if made.action is not Action.NONE:
        _propose(session, made, revenue, _step(price_step, made, now, book), now)
    detail = {"deviation": queries.share_text(made), "action": made.action.value, "sha256": made.sha256, "ended": ended}
    audit.record(session, actor, "assessment.record", made, at=now, note=made.number, detail=detail)
    return made


def accept(
    session: Session, actor: Actor, adjustment_id: UUID, *, amount: UnitPrice | None = None, reason: str = "",
    now: datetime, book: PolicyBook,
) -> Adjustment:  # fmt: skip
    """Accept a proposed adjustment, at the proposed price or cap or at another one with a reason.

    Raises:
        NotAllowed: the actor does not act for the authorizing entity.
        WrongState: it was decided already.
        Invalid: another amount without a reason, or zero.

    Source:
        PRC-08; 发改价格〔2025〕65号 四: 由授权主体.
    """
    found = _deciding(session, actor, adjustment_id)
    decided = found.proposed if amount is None else amount
    if not decided.units or (decided != found.proposed and not reason.strip()):
        raise Invalid(
            f"{found.number} 的决定价与建议价 {found.proposed.text()} 元不同的，须大于零并写明理由。",
            detail_en="Another amount than the proposed one needs a reason.",
            rule="PRC-08",
            errors=[{"pointer": "/reason", "code": "required", "message": "写明理由"}],
        )
    found.state = after(found.state, AdjustmentAct.ACCEPT, found.number)
    days = PricingPolicy.at(book, found.place, business_date(now)).adjustment_days
    found.due_date = business_date(now) + timedelta(days=days.integer()) if days else None
    found.decided, found.reason = decided, reason.strip() or None
    found.decided_by, found.decided_at = actor.id, now
    detail = {"amount": decided.text(), "reason": reason}
    audit.record(session, actor, "adjustment.accept", found, at=now, note=found.number, detail=detail)
    return found


def refuse(session: Session, actor: Actor, adjustment_id: UUID, *, reason: str, now: datetime) -> Adjustment:
    """Refuse a proposed adjustment, with the reason.

    Raises:
        NotAllowed: the actor does not act for the authorizing entity.
        WrongState: it was decided already.
    """
    found = _deciding(session, actor, adjustment_id)
    found.state = after(found.state, AdjustmentAct.REFUSE, found.number)
    found.reason, found.decided_by, found.decided_at = reason, actor.id, now
    audit.record(session, actor, "adjustment.refuse", found, at=now, note=found.number, detail={"reason": reason})
    return found


def carry_out(session: Session, actor: Actor, adjustment_id: UUID, *, by_id: UUID, now: datetime) -> Adjustment:
    """Name the new price (by the operator) or cap (by the authorizing entity) that carries an adjustment out.

    Args:
        session: the open transaction.
        actor: somebody of the operator for a price, of the authorizing entity for a cap.
        adjustment_id: the accepted adjustment.
        by_id: the tariff or cap, set since the decision and not above what was decided.
        now: the present moment.

    Raises:
        NotAllowed: the actor does not act for that organisation.
        WrongState: it was not accepted, or carried out already.
        NotCarriedOut: that price or cap is of another product, older, or higher.
    """
    found = queries.locked(session, adjustment_id)
    agreement = agreements.get(session, found.agreement_id)
    is_cap = found.kind is AdjustmentKind.CAP
    org_id = agreement.authorizing_entity_id if is_cap else agreement.operating_institution_id
    actor.must_be(Role.SUPERVISOR if is_cap else Role.OPERATOR, org_id=org_id, place=agreement.place)
    found.state = after(found.state, AdjustmentAct.CARRY_OUT, found.number)
    by = session.get(FeeCap if is_cap else Tariff, by_id)
    if by is None or not queries.carries(found, by):
        limit = found.decided.text() if found.decided else ""
        raise NotCarriedOut(
            f"所选收费标准不能作为 {found.number} 的执行结果：须是同一产品、同一计费单位和适用范围，"
            f"在决定之后制定，且不高于 {limit} 元。",
            detail_en=f"It must be set since the decision and at most {limit}.",
            rule="PRC-08",
            article=ARTICLE,
            errors=[{"pointer": "/by_id", "code": NotCarriedOut.code, "message": f"不高于 {limit} 元"}],
        )
    found.cap_id, found.tariff_id = (by.id, None) if is_cap else (None, by.id)
    found.carried_out_by, found.carried_out_at = actor.id, now
    audit.record(session, actor, "adjustment.carry_out", found, at=now, note=found.number, detail={"by": str(by.id)})
    return found


def _deciding(session: Session, actor: Actor, adjustment_id: UUID) -> Adjustment:
    found = queries.locked(session, adjustment_id)
    agreement = agreements.get(session, found.agreement_id)
    actor.must(Permission.ADJUSTMENT_WRITE, place=agreement.place)
    actor.must_be(Role.SUPERVISOR, org_id=agreement.authorizing_entity_id, place=agreement.place)
    return found


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


def _end_adjustments(session: Session, earlier: Assessment | None) -> list[str]:
    unfinished = queries.open_adjustments(session, earlier.id) if earlier else []
    for one in unfinished:
        one.state = after(one.state, AdjustmentAct.SUPERSEDE, one.number)
    session.flush()
    return [one.number for one in unfinished]


def _step(given: UnitPrice | None, made: Assessment, now: datetime, book: PolicyBook) -> UnitPrice:
    if given is not None and given.units:
        return given
    step = PricingPolicy.at(book, made.place, business_date(now)).require("price_step")
    return UnitPrice.yuan(step.value)


def _propose(session: Session, made: Assessment, revenue: Revenue, step: UnitPrice, now: datetime) -> None:
    for row in queries.proposed(session, made, revenue, step=step, on=business_date(now)):
        row.number = numbering.number(session, "ADJ", business_date(now))
        row.assessment_id = made.id
        session.add(row)
    session.flush()
