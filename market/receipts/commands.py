"""Counting what was delivered, signing what both counted, and deciding the difference."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import Period, business_date
from kernel.errors import NotAllowed
from kernel.identity import Actor, Permission
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from market.orders import queries as orders
from market.orders.model import Order
from market.receipts import queries
from market.receipts.model import DeliveryReceipt, ReceiptCount, ReceiptSignature
from market.receipts.rules import (
    ReceiptAct,
    ReceiptState,
    Side,
    SignedAlready,
    after,
    decided,
    digest,
    document,
    must_be_bought,
    must_be_the_document,
    must_fit,
)
from registry.products import queries as products


class NotAParty(NotAllowed):
    """Only provider and buyer count and sign."""

    code = "receipt.not_a_party"
    title = "只有供需双方可以计数和签署"
    title_en = "Only the two sides count and sign"


def count(
    session: Session,
    actor: Actor,
    *,
    entitlement_number: str,
    month: Period,
    count: int,
    now: datetime,
    words: str | None = None,
    metered: int | None = None,
) -> DeliveryReceipt:
    """Say how many units were delivered (as provider) or received (as buyer) in a month; again until both signed.

    ``metered`` is what this platform metered in the month, read by the edge from metering above; it is kept beside
    the count and decides nothing.

    Raises:
        NoSuchEntitlement: there is none that the actor may know of.
        NotAParty: the actor's organisation is neither provider nor buyer.
        NotAllowed: the actor may not count for its organisation.
        PeriodUnfit: the month is not over, or lies outside the term.
        MoreThanBought: more than the whole quota.
        WrongState: both have signed.
    """
    held = entitlements.visible(session, actor, entitlement_number)
    order = orders.get(session, held.order_id, lock=True)
    side = _side(actor, order)
    must_fit(month, valid_from=held.valid_from, valid_until=held.valid_until, today=business_date(now))
    must_be_bought(count, held.quota)
    code = products.get(session, held.product_id).code
    receipt = queries.of_month(session, held.id, month.start, lock=True)
    if receipt is None:
        receipt = _open(session, held, order, month, now)
    else:
        known = receipt.provider_count if side is Side.PROVIDER else receipt.buyer_count
        act = ReceiptAct.COUNT if known is None else ReceiptAct.RECOUNT
        receipt.state = after(receipt.state, act, receipt.number)
    if side is Side.PROVIDER:
        receipt.provider_count = count
    else:
        receipt.buyer_count = count
    _write(receipt, held, order, code)
    session.add(receipt)
    session.flush()
    session.add(
        ReceiptCount(
            receipt_id=receipt.id, side=side, units=count, metered=metered, words=words, counted_by=actor.id,
            counted_by_name=actor.name, counted_at=now,
        )
    )  # fmt: skip
    session.flush()
    audit.record(session, actor, "receipt.count", receipt, at=now, note=side, detail={"units": count})
    return receipt


def _open(session: Session, held: Entitlement, order: Order, month: Period, now: datetime) -> DeliveryReceipt:
    return DeliveryReceipt(
        number=numbering.number(session, "DRC", business_date(now)), place=held.place, entitlement_id=held.id,
        order_id=order.id, period_start=month.start, period_end=month.end, opened_at=now,
        state=ReceiptState.ONE_SIDED,
    )  # fmt: skip


def _write(receipt: DeliveryReceipt, held: Entitlement, order: Order, code: str) -> None:
    if receipt.provider_count is None or receipt.buyer_count is None:
        return
    receipt.document = document(
        number=receipt.number, entitlement=held.number, order=order.number,
        product=code, period=receipt.period, provider=receipt.provider_count, buyer=receipt.buyer_count,
    )  # fmt: skip
    receipt.sha256 = digest(receipt.document)


def sign(session: Session, actor: Actor, receipt_id: UUID, *, sha256: str, now: datetime) -> DeliveryReceipt:
    """Sign what both sides counted; the second signature makes it agreed, or puts exactly the difference in dispute.

    ``sha256`` names the document that the signer has read.

    Raises:
        NoSuchReceipt: there is none.
        NotAParty: the actor's organisation is neither provider nor buyer.
        NotAllowed: the actor may not sign for its organisation.
        WrongState: not both have counted, or both have signed.
        AnotherDocument: somebody counted anew after it was read.
        SignedAlready: this side has signed it.
    """
    receipt = queries.get(session, receipt_id, lock=True)
    side = _side(actor, orders.get(session, receipt.order_id))
    signed = queries.signatures(session, receipt)
    act = ReceiptAct.SIGN
    if receipt.state is ReceiptState.HALF_SIGNED:
        is_equal = receipt.provider_count == receipt.buyer_count
        act = ReceiptAct.SIGN_EQUAL if is_equal else ReceiptAct.SIGN_DIFFERENT
    following = after(receipt.state, act, receipt.number)
    assert receipt.sha256 is not None, "both have counted"
    must_be_the_document(receipt.number, sha256, receipt.sha256)
    if side in signed:
        raise SignedAlready(f"本方已签署交付回执 {receipt.number}，等待另一方", detail_en="You have signed it")
    session.add(
        ReceiptSignature(
            receipt_id=receipt.id, side=side, sha256=receipt.sha256, signed_by=actor.id, signed_by_name=actor.name,
            signed_at=now,
        )
    )  # fmt: skip
    receipt.state = following
    if following is not ReceiptState.HALF_SIGNED:
        receipt.ended_at = now
    session.flush()
    audit.record(session, actor, "receipt.sign", receipt, at=now, note=side, detail={"sha256": receipt.sha256})
    return receipt


def resolve(session: Session, actor: Actor, receipt_id: UUID, *, units: int, now: datetime) -> DeliveryReceipt:
    """Fix what stands after a disputed difference was decided, for the command that has checked who may.

    Raises:
        NoSuchReceipt: there is none.
        WrongState: its difference is not in dispute.
        Undecidable: ``units`` lies outside the two counts.
    """
    receipt = queries.get(session, receipt_id, lock=True)
    following = after(receipt.state, ReceiptAct.RESOLVE, receipt.number)
    assert receipt.provider_count is not None
    assert receipt.buyer_count is not None
    standing = decided(receipt.provider_count, receipt.buyer_count, units)
    receipt.state, receipt.decided_units, receipt.ended_at = following, standing.agreed, now
    audit.record(session, actor, "receipt.resolve", receipt, at=now, detail={"units": units})
    return receipt


def _side(actor: Actor, order: Order) -> Side:
    side = queries.side_of(actor, order)
    if side is None:
        raise NotAParty(f"订单 {order.number} 的交付由供需双方计数和签署", detail_en="You are not a party")
    actor.must(Permission.RECEIPT_COUNT, org_id=actor.org_id)
    return side
