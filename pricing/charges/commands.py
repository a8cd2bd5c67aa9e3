"""Recording charges and correcting them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import Period, business_date
from kernel.errors import Conflict
from kernel.explanations import cited_dict
from kernel.identity import Actor, Permission, Role
from kernel.money import Money
from kernel.policy import Cited, PolicyBook
from pricing.charges import queries
from pricing.charges.model import Charge
from pricing.charges.rules import ChargeKind, must_be_borne, must_stand, unusable
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.parties import queries as parties


class AlreadyRecorded(Conflict):
    """The same charge, with the same evidence, stands already."""

    code = "charge.already_recorded"


class AlreadyCorrected(Conflict):
    """The charge was corrected already, or is itself a correction."""

    code = "charge.already_corrected"


def record(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    month: str,
    kind: ChargeKind,
    amount: Money,
    payee_id: UUID,
    evidence: Mapping[str, Any],
    quantity: Decimal | None = None,
    unit: str = "",
    note: str = "",
    in_cost_base: bool = True,
    now: datetime,
    book: PolicyBook,
) -> Charge:
    """Record what the operating institution of an agreement was charged or paid in one month.

    The data authority records everything at its place, a source department what is paid to itself.

    ``month`` (``2026-10``) is when the cost arose, ``amount`` (yuan) goes to ``payee_id``, ``evidence`` is the bill by
    name, media type and content; ``quantity`` and its ``unit`` come together or not at all. What counts in the
    operating cost (``in_cost_base``) is not deducted from revenue too.

    Raises:
        NotAllowed: the actor may not record charges there.
        ChargeNotBorne: the rules of the place do not name the kind.
        ChargeUnusable: nothing was charged, the month has not begun, or quantity and unit do not go together.
        AlreadyRecorded: the same charge with the same evidence stands already.
        FileRefused: the evidence cannot be kept.

    Source:
        CST-01 新昌 三（五）5; CST-02; CST-03 发改价格〔2025〕65号 三（一）.
    """
    agreement = agreements.get(session, agreement_id, lock=True)
    payee = parties.get(session, payee_id)
    _must_record(actor, agreement.place, kind, payee.id)
    period = Period.month(month)
    must_stand(amount, quantity, unit, period, business_date(now))
    if payee.id == agreement.operating_institution_id:
        raise unusable("/payee_id", "收款方不能是运营机构自己")
    cited = _basis(book, agreement.place, kind, period)
    assert actor.id is not None
    charge = Charge(
        place=agreement.place, agreement_id=agreement.id, operating_institution_id=agreement.operating_institution_id,
        payee_id=payee.id, year=period.start.year, month=period.text(), kind=kind, amount=amount, quantity=quantity,
        unit=unit.strip() or None, note=note, in_cost_base=in_cost_base,
        evidence_sha256=files.keep(session, now=now, **evidence), recorded_at=now, recorded_by=actor.id,
        sources=[cited_dict(cited)] if cited is not None else [], payee=payee,
    )  # fmt: skip
    _must_be_new(session, charge)
    charge.number = numbering.number(session, "CHG", business_date(now))
    session.add(charge)
    session.flush()
    audit.record(session, actor, "charge.record", charge, at=now, note=charge.number, detail={"amount": amount.text()})
    return charge


def correct(session: Session, actor: Actor, charge_id: UUID, *, reason: str, now: datetime) -> Charge:
    """Take a charge back by a row of the negative amount that names it; record anew what is right, if anything is.

    Raises:
        NoSuchCharge: there is none that the actor may read.
        NotAllowed: the actor may not record charges there.
        AlreadyCorrected: it was corrected already, or is a correction.
    """
    wrong = queries.get(session, actor, charge_id)
    _must_record(actor, wrong.place, wrong.kind, wrong.payee_id)
    agreements.get(session, wrong.agreement_id, lock=True)  # one correction after the other
    if wrong.corrects_id is not None or queries.correction_of(session, wrong.id) is not None:
        raise AlreadyCorrected(
            f"费用 {wrong.number} 已更正，或本身就是更正记录；如金额仍有误，请重新记录正确的费用。",
            detail_en=f"{wrong.number} was corrected already.",
            rule="PRC-09",
        )
    assert actor.id is not None
    kept = (
        "place", "agreement_id", "operating_institution_id", "payee_id", "year", "month", "kind", "quantity", "unit",
        "in_cost_base", "sources",
    )  # fmt: skip
    reversal = Charge(
        **{name: getattr(wrong, name) for name in kept}, number=numbering.number(session, "CHG", business_date(now)),
        amount=-wrong.amount, corrects_id=wrong.id, reason=reason, evidence_sha256=None, note="", recorded_at=now,
        recorded_by=actor.id, payee=wrong.payee,
    )  # fmt: skip
    session.add(reversal)
    session.flush()
    audit.record(session, actor, "charge.correct", reversal, at=now, note=wrong.number, detail={"reason": reason})
    return reversal


def _basis(book: PolicyBook, place: str, kind: ChargeKind, period: Period) -> Cited | None:
    """Return the rule by which the operator bears the charge; a kind that the place does not name is refused."""
    policy = PricingPolicy.at(book, place, period.last_day)
    must_be_borne(kind, policy.cost_operator_borne, book.place(place).title)
    return policy.cost_categories if kind is ChargeKind.PUBLIC_DATA_ACQUISITION else policy.cost_operator_borne


def _must_record(actor: Actor, place: str, kind: ChargeKind, payee_id: UUID) -> None:
    """Let the data authority record everything at its place, and a department only what is paid to itself."""
    actor.must(Permission.CHARGE_RECORD, place=place)
    if any(grant.role is Role.SUPERVISOR and grant.covers(org_id=None, place=place) for grant in actor.grants):
        return
    actor.must(Permission.CHARGE_RECORD, org_id=payee_id, place=place)
    if kind is not ChargeKind.PUBLIC_DATA_ACQUISITION:
        actor.must_be(Role.SUPERVISOR, place=place)


def _must_be_new(session: Session, charge: Charge) -> None:
    same = queries.standing(charge.agreement_id).where(
        Charge.month == charge.month,
        Charge.kind == charge.kind,
        Charge.payee_id == charge.payee_id,
        Charge.amount == charge.amount,
        Charge.evidence_sha256 == charge.evidence_sha256,
    )
    taken = session.scalars(same).first()
    if taken is not None:
        raise AlreadyRecorded(
            f"同一凭证、同一金额的费用已记录为 {taken.number}，不得重复记录；如有误请更正该记录。",
            detail_en=f"Recorded already as {taken.number}.",
            rule="CST-02",
        )
