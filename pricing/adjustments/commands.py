"""Proposing adjustments, deciding on them, and saying what carried them out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Invalid
from kernel.identity import Actor, Permission, Role
from kernel.money import Money, UnitPrice
from kernel.policy import PolicyBook
from pricing.adjustments import queries
from pricing.adjustments.model import Adjustment
from pricing.adjustments.rules import ARTICLE, AdjustmentAct, AdjustmentKind, after
from pricing.ceilings.model import FeeCap
from pricing.policy import PricingPolicy
from pricing.tariffs.model import Tariff
from registry.agreements import queries as agreements


class AmountUnexplained(Invalid):
    """Another amount than the proposed one needs a reason, and is above zero."""

    code = "adjustment.amount_unexplained"


class NotCarriedOut(Invalid):
    """That price or cap does not carry the adjustment out."""

    code = "adjustment.not_carried_out"


def propose(
    session: Session, actor: Actor, *, agreement_id: UUID, assessment_id: UUID, kind: AdjustmentKind,
    earned: Mapping[str, Money], permitted: Money, actual: Money, price_step: UnitPrice | None, now: datetime,
    book: PolicyBook,
) -> list[Adjustment]:  # fmt: skip
    """Propose what prices or caps should become, so that the volumes of the year earn what is permitted and no more.

    Args:
        session: the open transaction.
        actor: the price officer who assesses the year.
        agreement_id: whose prices or caps.
        assessment_id: of the year.
        kind: prices or caps.
        earned: revenue of the year by code of product.
        permitted: permitted revenue of the year.
        actual: actual revenue of the year.
        price_step: to which proposals are rounded down, yuan; None takes what the rules name.
        now: the present moment.
        book: the rules in force.

    Raises:
        NotAllowed: the actor is no price officer of the place.
        PolicyGap: neither the officer nor a rule names a step.
        StepTooCoarse: rounded down to the step, a price would become zero.
    """
    agreement = agreements.get(session, agreement_id)
    actor.must(Permission.ASSESSMENT_WRITE, place=agreement.place)
    on = business_date(now)
    if price_step is None or not price_step.units:
        price_step = UnitPrice.yuan(PricingPolicy.at(book, agreement.place, on).require("price_step").value)
    found = queries.proposed(session, kind, earned, permitted=permitted, actual=actual, step=price_step, on=on)
    for row in found:
        row.number, row.place = numbering.number(session, "ADJ", on), agreement.place
        row.agreement_id, row.assessment_id = agreement.id, assessment_id
        session.add(row)
        session.flush()
        detail = {"from": row.current.text(), "to": row.proposed.text()}
        audit.record(session, actor, "adjustment.propose", row, at=now, note=row.number, detail=detail)
    return found


def end_all(session: Session, actor: Actor, assessment_id: UUID, *, now: datetime) -> list[Adjustment]:
    """End what an assessment proposed and nobody carried out, because it was corrected.

    Raises:
        NotAllowed: the actor is no price officer of the place.
    """
    found = list(queries.unfinished(session, assessment_id))
    for row in found:
        actor.must(Permission.ASSESSMENT_WRITE, place=row.place)
        row.state = after(row.state, AdjustmentAct.SUPERSEDE, row.number)
        audit.record(session, actor, "adjustment.supersede", row, at=now, note=row.number)
    session.flush()
    return found


def accept(
    session: Session, actor: Actor, adjustment_id: UUID, *, amount: UnitPrice | None = None, reason: str = "",
    now: datetime, book: PolicyBook,
) -> Adjustment:  # fmt: skip
    """Accept a proposed adjustment, at the proposed price or cap or at another one with a reason.

    Raises:
        NotAllowed: the actor does not act for the authorizing entity.
        WrongState: it was decided already.
        AmountUnexplained: another amount without a reason, or zero.

    Source:
        PRC-08; 发改价格〔2025〕65号 四: 由授权主体.
    """
    found = _deciding(session, actor, adjustment_id)
    decided = found.proposed if amount is None else amount
    if not decided.units or (decided != found.proposed and not reason.strip()):
        raise AmountUnexplained(
            f"{found.number} 的决定价与建议价 {found.proposed.text()} 元不同的，须大于零并写明理由。",
            detail_en="Another amount than the proposed one needs a reason.",
            rule="PRC-08",
            errors=[{"pointer": "/reason", "code": AmountUnexplained.code, "message": "写明理由"}],
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
    actor.must(Permission.ADJUSTMENT_WRITE, org_id=org_id, place=agreement.place)
    actor.must_be(Role.SUPERVISOR if is_cap else Role.OPERATOR, org_id=org_id, place=agreement.place)
    state = after(found.state, AdjustmentAct.CARRY_OUT, found.number)
    by: FeeCap | Tariff | None = session.get(FeeCap, by_id) if is_cap else session.get(Tariff, by_id)
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
    found.state = state
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
