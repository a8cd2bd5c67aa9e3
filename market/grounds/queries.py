"""What a price rests on, gathered on the day of the quote and kept beside it (B4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.db import to_json
from kernel.policy import PolicyBook
from market.grounds.rules import ROUNDING, RULE_VERSION
from pricing.ceilings.model import FeeCap
from pricing.classes.queries import classes_of
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import Purpose
from pricing.negotiated.queries import agreed_price
from pricing.tariffs import queries as prices
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import Agreed, Priced
from pricing.tariffs.rules import PriceReason
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to buy."""

    buyer_id: UUID
    version_id: UUID
    purpose: Purpose
    scenario: str
    quantity: int
    term_months: int
    subject_kind: str | None
    on: date


def agreed_for(
    session: Session, product_id: UUID, buyer_id: UUID, purpose: Purpose, on: date, subject_kind: str | None
) -> Agreed | None:
    """Return the negotiated price of a charged use."""
    is_charged = purpose in (Purpose.INDUSTRY_DEVELOPMENT, Purpose.SECTOR_DEVELOPMENT)
    return agreed_price(session, product_id, buyer_id, on, subject_kind) if is_charged else None


def inputs_of(
    session: Session, asked: Asked, product: Product, found: Priced, *, book: PolicyBook
) -> dict[str, Any]:  # fmt: skip
    """Return all that the amount of a quote rests on, with the names of that day, as it is kept beside it (B4)."""
    on, tariff = asked.on, found.tariff
    classes = classes_of(session, product.id, asked.buyer_id, on)
    agreed = agreed_for(session, product.id, asked.buyer_id, asked.purpose, on, asked.subject_kind)
    applied = agreed if found.reason is PriceReason.NEGOTIATED else None
    model = applied.model if applied else (tariff.tariff_model() if tariff else None)
    return {
        "rule_version": RULE_VERSION,
        "day": str(on),
        "place": {"key": product.place, "title": book.place(product.place).title},
        "product": {"code": product.code, "title": product.title, "scenario": product.scenario},
        "seller": _named(session, product.owner_id),
        "buyer": _named(session, asked.buyer_id),
        "buyer_classes": classes,
        "grade": prices.grade_of(model, classes) if model else None,
        "agreed": _agreement(applied) if applied else None,
        "purpose": asked.purpose.value,
        "scenario": asked.scenario,
        "quantity": str(asked.quantity),
        "term_months": asked.term_months,
        "subject_kind": asked.subject_kind,
        "tariff": _tariff(tariff) if tariff else None,
        "cap": _cap(prices.cap_of(session, tariff, on)) if tariff else None,
        "exemption": _exemption(found.exemption) if found.exemption else None,
        "lineage": [
            {"resource": used.resource.code, "title": used.resource.title,
             "department": used.resource.source_department.name, "access": used.access.value}
            for used in products.inputs(session, asked.version_id)
        ],
        "policy": policy_values(found.explanation),
    }  # fmt: skip


def digest(content: dict[str, Any]) -> str:
    """Return the SHA-256 over the canonical JSON of an explanation."""
    return hashlib.sha256(to_json(content).encode()).hexdigest()


def policy_values(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every value of the book of rules that an explanation cites, once each, in order of appearance."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for source in _sources(tree):
        if isinstance(source, dict) and "name" in source:
            found.setdefault((str(source["name"]), str(source.get("value"))), source)
    return list(found.values())


def _sources(tree: dict[str, Any]) -> Iterator[Any]:
    yield tree.get("source")
    for line in tree.get("lines", []):
        yield from _sources(line)


def _named(session: Session, party_id: UUID) -> dict[str, str]:
    party = session.get_one(Party, party_id)
    return {"uscc": party.uscc, "name": party.name}


def _agreement(agreed: Agreed) -> dict[str, Any]:
    return {"number": agreed.number, "model": agreed.model.to_dict(), "rule": agreed.rule}


def _tariff(tariff: Tariff) -> dict[str, Any]:
    return {
        "number": tariff.number, "regime": tariff.regime.value, "charge_unit": tariff.charge_unit.value,
        "model": tariff.model, "unit_price_max": tariff.unit_price_max.text(),
        "buyer_class": tariff.buyer_class, "subject_kind": tariff.subject_kind, "dedup_days": tariff.dedup_days,
        "charges_misses": tariff.charges_misses,
        "effective_from": str(tariff.effective_from), "rounding": ROUNDING,
    }  # fmt: skip


def _cap(cap: FeeCap | None) -> dict[str, Any] | None:
    return None if cap is None else {
        "id": str(cap.id), "amount": cap.amount.text(), "charge_unit": cap.charge_unit.value,
        "subject_kind": cap.subject_kind, "effective_from": str(cap.effective_from),
        "report_number": cap.report_number, "report_date": str(cap.report_date), "ceiling": str(cap.ceiling_id),
    }  # fmt: skip


def _exemption(exemption: Exemption) -> dict[str, Any]:
    return {
        "number": exemption.number, "purpose": exemption.purpose.value, "quota": exemption.quota,
        "valid_from": str(exemption.valid_from), "valid_until": str(exemption.valid_until),
        "approved_by": str(exemption.approved_by),
    }  # fmt: skip
