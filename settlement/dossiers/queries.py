"""Reads of everything about one order, with the proofs that it is what was sealed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import merkle
from kernel.db import Entity
from kernel.identity import Actor, Permission
from market.approvals.model import OrderApproval
from market.contracts.model import Contract
from market.entitlements.model import Entitlement
from market.orders import queries as orders
from market.orders.model import Order, Quote
from market.payments.model import Payment
from market.receipts.model import DeliveryReceipt
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.tariffs.model import Tariff
from settlement.explanations.rules import gross_of
from settlement.ledger.model import JournalEntry
from settlement.proofs import queries as proofs
from settlement.proofs.rules import pack
from settlement.revenue.model import RevenueLine
from settlement.roots.model import PeriodRoot
from settlement.roots.queries import entry_number, quote_content, tariff_content
from settlement.roots.rules import Leaf, digest, opened
from settlement.splits.model import ScheduleSignature, ShareLine, ShareSchedule
from settlement.traces.model import UsageDay


@dataclass(frozen=True, slots=True)
class Bought:
    """An order with the rows that hang on it."""

    order: Order
    quote: Quote
    tariff: Tariff | None
    contract: Contract | None
    payments: Sequence[Payment]
    entitlements: Sequence[Entitlement]
    receipts: Sequence[DeliveryReceipt]
    revenue: Sequence[RevenueLine]


def order_pack(session: Session, actor: Actor, number: str) -> dict[str, Any]:
    """Return the evidence of one order: quote, approvals, prices, payment, delivery, split, statements, proofs.

    Raises:
        NoSuchOrder: there is none that the actor may know of.
        NotAllowed: the actor reads no settlements of the place.
    """
    order = orders.visible(session, actor, number)
    actor.must(Permission.SETTLEMENT_READ, place=order.place)
    one = _bought(session, order)
    numbers = _entries(session, one)
    held = {entitlement.number for entitlement in one.entitlements}

    def is_about(leaf: Leaf) -> bool:
        if leaf["kind"] == "line":
            return bool(opened(leaf)["content"]["entitlement"] in held)
        return leaf.get("order") == number or leaf.get("number") in numbers

    roots = _roots(session, one, numbers)
    shown = [proof for root in roots for proof in proofs.period_proofs(session, root, is_about)]
    anchors = proofs.anchors_holding(session, [root.id for root in roots])
    newest = proofs.newest_anchor(session)
    if newest is not None:
        shown += proofs.audit_proofs(session, _objects(one), newest)
        anchors += [] if newest in anchors else [newest]
    return pack(
        "order", number, proofs=shown, anchors=[anchor.published() for anchor in anchors], kept=_kept(session, one)
    )


def _bought(session: Session, order: Order) -> Bought:
    held = session.scalars(sa.select(Entitlement).where(Entitlement.order_id == order.id)).all()
    return Bought(
        order, session.get_one(Quote, order.quote_id),
        session.get(Tariff, order.tariff_id) if order.tariff_id else None,
        session.scalar(sa.select(Contract).where(Contract.order_id == order.id)),
        session.scalars(sa.select(Payment).where(Payment.order_id == order.id)).all(), held,
        session.scalars(sa.select(DeliveryReceipt).where(DeliveryReceipt.order_id == order.id)).all(),
        session.scalars(sa.select(RevenueLine).where(RevenueLine.order_id == order.id).order_by(RevenueLine.id)).all(),
    )  # fmt: skip


def _entries(session: Session, one: Bought) -> dict[str, tuple[int, int]]:
    """Return the vouchers of an order by the number under which they stand in proofs: payment and revenue."""
    causes = [payment.id.hex for payment in one.payments] + [str(payment.id) for payment in one.payments]
    about = [JournalEntry.cause_id.in_(causes)]
    about += [JournalEntry.cause_id.like(f"{one.order.place}/%/{held.number}") for held in one.entitlements]
    query = sa.select(JournalEntry.year, JournalEntry.number).where(
        JournalEntry.place == one.order.place, sa.or_(*about)
    )
    return {
        entry_number(one.order.place, year, number): (year, number) for year, number in session.execute(query)
    }  # fmt: skip


def _roots(session: Session, one: Bought, numbers: dict[str, tuple[int, int]]) -> list[PeriodRoot]:
    """Return the roots over what the order earned and over its vouchers, the earliest first."""
    runs = {line.run_id for line in one.revenue}
    query = sa.select(PeriodRoot).where(PeriodRoot.place == one.order.place).order_by(PeriodRoot.id)

    def covers(root: PeriodRoot) -> bool:
        ranges = {int(year): both for year, both in root.journal.items()}
        return any(
            year in ranges and ranges[year][0] < number <= ranges[year][1] for year, number in numbers.values()
        )  # fmt: skip

    return [root for root in session.scalars(query) if root.run_id in runs or covers(root)]


def _objects(one: Bought) -> list[tuple[str, str]]:
    rows: list[Entity | None] = [one.order, one.quote, one.contract, *one.payments, *one.entitlements, *one.receipts]
    named = [(row.__tablename__, str(row.id)) for row in rows if row is not None]
    return named + [("settlement_run", str(run_id)) for run_id in {line.run_id for line in one.revenue}]


def _kept(session: Session, one: Bought) -> list[dict[str, Any]]:
    found = [_item("quote 报价及其依据", quote_content(one.quote))]
    if one.tariff is not None:
        found.append(_item("tariff 收费标准", tariff_content(one.tariff)))
        found += _cap(session, one.tariff)
    if one.contract is not None:
        text = one.contract.text.encode()
        found.append(
            {"title": "contract 合同", "base64": base64.b64encode(text).decode(), "sha256": merkle.sha256(text).hex()}
        )
        signed = {"number": one.contract.number, "buyer_signed_at": _at(one.contract.buyer_signed_at),
                  "seller_signed_at": _at(one.contract.seller_signed_at)}  # fmt: skip
        found.append(_item("signatures 合同签署", signed))
    found += [_item("receipt 交付回执", receipt.document) for receipt in one.receipts if receipt.document is not None]
    found.append(_item("order 订单、审批、付款与交付", _facts(session, one)))
    found += [
        _item("rating 计价过程", line.rating | {"recomputed": gross_of(line.rating)[0].text()}) for line in one.revenue
    ]
    return found + _schedules(session, one)


def _item(title: str, content: Any) -> dict[str, Any]:
    return {"title": title, "content": content, "sha256": digest(content)}


def _at(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()


def _cap(session: Session, tariff: Tariff) -> list[dict[str, Any]]:
    cap = session.get(FeeCap, tariff.cap_id) if tariff.cap_id else None
    if cap is None:
        return []
    ceiling = session.get_one(Ceiling, cap.ceiling_id)
    said = {
        "report_number": cap.report_number, "report_date": cap.report_date.isoformat(), "amount": cap.amount.text(),
        "ceiling": ceiling.number, "max_permitted_revenue": ceiling.max_permitted_revenue.text(),
        "sources": ceiling.sources,
    }  # fmt: skip
    return [_item("cap 上限收费标准与最高准许收入", said)]


def _facts(session: Session, one: Bought) -> dict[str, Any]:
    approval = session.scalar(sa.select(OrderApproval).where(OrderApproval.order_id == one.order.id))
    return {
        "number": one.order.number, "quote": one.quote.number, "amount": one.order.amount.text(),
        "purpose": str(one.order.purpose), "scenario": one.order.scenario, "quantity": one.order.quantity,
        "placed_at": one.order.placed_at.isoformat(),
        "approval": approval and {"state": str(approval.state), "decided_at": approval.decided_at.isoformat()},
        "payments": [
            {"number": payment.number, "amount": payment.amount.text(), "state": str(payment.state),
             "captured_at": _at(payment.captured_at)}
            for payment in one.payments
        ],
        "delivery": [
            {"entitlement": held.number, "valid_from": held.valid_from.isoformat(),
             "valid_until": held.valid_until.isoformat(), "granted_at": held.granted_at.isoformat(),
             "days": _days(session, held.id)}
            for held in one.entitlements
        ],
    }  # fmt: skip


def _days(session: Session, entitlement_id: UUID) -> list[list[int]]:
    """Return the use of sealed settlements: day (ordinal), calls, hits, units."""
    query = sa.select(UsageDay.day_number, UsageDay.calls, UsageDay.hits, UsageDay.units).where(
        UsageDay.entitlement_id == entitlement_id
    )
    return [list(row) for row in session.execute(query.order_by(UsageDay.day_number, UsageDay.run_id))]


def _schedules(session: Session, one: Bought) -> list[dict[str, Any]]:
    used = (
        sa.select(ShareLine.schedule_id)
        .join(RevenueLine, RevenueLine.id == ShareLine.revenue_line_id)
        .where(RevenueLine.order_id == one.order.id)
    )
    found = []
    for schedule in session.scalars(sa.select(ShareSchedule).where(ShareSchedule.id.in_(used))):
        signed = sa.select(ScheduleSignature.steps_sha256, ScheduleSignature.signed_at).where(
            ScheduleSignature.schedule_id == schedule.id
        )
        said = {
            "number": schedule.number, "version": schedule.version_number, "steps": schedule.steps,
            "valid_from": schedule.valid_from.isoformat(),
            "signatures": [[sha256, at.isoformat()] for sha256, at in session.execute(signed)],
        }  # fmt: skip
        found.append(_item("schedule 分配方案", said))
    return found
