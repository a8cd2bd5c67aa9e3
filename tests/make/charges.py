"""Charges borne by the operator, made through the real commands."""

from __future__ import annotations

from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from kernel.money import Money
from pricing.charges import commands
from pricing.charges.model import Charge
from pricing.charges.rules import ChargeKind
from registry.agreements.model import Agreement
from tests.make import registry_base as base

MONTH = "2026-06"
# the month of CST-01: 19,000.00 altogether
MONTH_OF_CST = {
    ChargeKind.RESOURCE_CONSUMPTION: "12000.00",
    ChargeKind.DATA_GOVERNANCE: "3000.00",
    ChargeKind.MODEL_PUBLICATION: "1000.00",
    ChargeKind.RESULT_EXPORT: "500.00",
    ChargeKind.SECURITY_SERVICE: "2500.00",
}
_serial = count(1)


def bill() -> dict[str, Any]:
    """A file of evidence that no other charge has."""
    return {"name": "账单.pdf", "media_type": "application/pdf", "content": f"bill {next(_serial)}".encode()}


def make_charge(
    session: Session,
    agreement: Agreement,
    kind: ChargeKind = ChargeKind.RESOURCE_CONSUMPTION,
    amount: str = "12000.00",
    *,
    month: str = MONTH,
    **given: Any,
) -> Charge:
    """Record a charge as the data authority of the place, payable to the authorizing entity."""
    named = {"payee_id": agreement.authorizing_entity_id, "evidence": bill(), "now": base.NOW, **given}
    return commands.record(
        session, base.supervisor(agreement.place), agreement_id=agreement.id, month=month, kind=kind,
        amount=Money.yuan(amount), book=base.book(), **named,
    )  # fmt: skip


def make_month(session: Session, agreement: Agreement, *, month: str = MONTH) -> list[Charge]:
    """Record the five charges of the example of CST-01."""
    return [make_charge(session, agreement, kind, amount, month=month) for kind, amount in MONTH_OF_CST.items()]
