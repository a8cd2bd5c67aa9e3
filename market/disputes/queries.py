"""Reading disputes: whose they are, whose turn it is, and what money they hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed, NotFound
from kernel.identity import ROLES_OF, SELLERS, WATCHERS, Actor, Permission, Role
from kernel.money import ZERO, Money
from market.disputes.model import Dispute, DisputeProposal, DisputeStatement, DisputeVerdict
from market.disputes.rules import (
    DECIDABLE,
    OPEN,
    UNDECIDED,
    DisputeState,
    Frozen,
    Held,
    LineUnfit,
    Side,
    Track,
    frozen,
    must_be_of_the_order,
)
from market.orders import queries as orders
from market.orders.model import Order
from market.receipts import queries as receipts
from market.receipts.model import DeliveryReceipt
from market.receipts.rules import ReceiptState, decided, worth
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.model import Tariff
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product

CLAIMS = {Track.MERCHANT: SELLERS, Track.BUYER: (Role.BUYER, Role.SOURCE),
          Track.ADMIN_BODY: (Role.SOURCE, Role.SUPERVISOR)}  # fmt: skip
OF_THE_ORDER = (Track.BUYER, Track.MERCHANT)


class NoSuchDispute(NotFound):
    """There is no such dispute, or none that the asker may know of."""

    code = "dispute.not_found"


class NotYourTrack(NotAllowed):
    """The track is for somebody else."""

    code = "dispute.not_your_track"
    title = "不适用该争议途径"
    title_en = "This track is not yours"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a dispute is about, and between whom."""

    claimant: Party
    respondent_id: UUID
    product: Product
    order: Order | None
    receipt: DeliveryReceipt | None
    amount: Money
    units: int | None


def listed(
    actor: Actor, *, state: DisputeState | None = None, track: Track | None = None, place: str | None = None
) -> sa.Select[Dispute]:
    """Return the disputes that the actor may read: of the own organisation's two sides, or at the places it watches."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Dispute.place == grant.place)
        elif grant.role in ROLES_OF[Permission.DISPUTE_FILE] and grant.org_id is not None:
            reached.append(sa.or_(Dispute.claimant_id == grant.org_id, Dispute.respondent_id == grant.org_id))
    query = sa.select(Dispute).where(sa.or_(sa.false(), *reached))
    for column, wanted in ((Dispute.state, state), (Dispute.track, track), (Dispute.place, place)):
        query = query if wanted is None else query.where(column == wanted)
    return query


def visible(session: Session, actor: Actor, dispute_id: UUID) -> Dispute:
    """Return one dispute.

    Raises:
        NoSuchDispute: there is none that the actor may read.
    """
    return _one(session.scalar(listed(actor).where(Dispute.id == dispute_id)), str(dispute_id))


def locked(session: Session, dispute_id: UUID) -> Dispute:
    """Return one dispute, locked for a change.

    Raises:
        NoSuchDispute: there is none.
    """
    query = sa.select(Dispute).where(Dispute.id == dispute_id).with_for_update()
    return _one(session.scalar(query.execution_options(populate_existing=True)), str(dispute_id))


def by_reference(session: Session, reference: str, *, lock: bool = False) -> Dispute:
    """Return the dispute with that reference; who knows it filed the dispute.

    Raises:
        NoSuchDispute: there is none.
    """
    query = sa.select(Dispute).where(Dispute.reference == reference.strip().upper())
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return _one(session.scalar(query), reference.strip()[:40])


def _one(found: Dispute | None, name: str) -> Dispute:
    if found is None:
        raise NoSuchDispute(f"没有 {name} 这件争议：请核对提交时给出的查询码。", detail_en="No such dispute.")
    return found


def filed_since(session: Session, source_digest: str, since: datetime) -> Sequence[datetime]:
    """Return when disputes came from one address after ``since``, the earliest first."""
    query = sa.select(Dispute.filed_at).where(Dispute.source_digest == source_digest, Dispute.filed_at > since)
    return session.scalars(query.order_by(Dispute.filed_at)).all()


def statements(session: Session, dispute_id: UUID) -> Sequence[DisputeStatement]:
    """Return what both sides said, the oldest first."""
    query = sa.select(DisputeStatement).where(DisputeStatement.dispute_id == dispute_id)
    return session.scalars(query.order_by(DisputeStatement.id)).all()


def statement(session: Session, dispute_id: UUID, statement_id: UUID) -> DisputeStatement:
    """Return one statement of a dispute.

    Raises:
        NoSuchDispute: there is none.
    """
    found = session.get(DisputeStatement, statement_id)
    if found is None or found.dispute_id != dispute_id:
        raise NoSuchDispute("没有这份陈述。", detail_en="No such statement.")
    return found


def has_spoken(session: Session, dispute_id: UUID, side: Side) -> bool:
    """Say whether a side has stated its view after the filing."""
    query = sa.select(DisputeStatement.id).where(
        DisputeStatement.dispute_id == dispute_id, DisputeStatement.side == side
    )
    return session.scalar(query.limit(1)) is not None


def pending_proposal(session: Session, dispute_id: UUID) -> DisputeProposal | None:
    """Return the proposed decision that waits for the second person, or None."""
    answered = sa.exists().where(DisputeVerdict.proposal_id == DisputeProposal.id)
    query = sa.select(DisputeProposal).where(DisputeProposal.dispute_id == dispute_id, ~answered)
    return session.scalar(query.order_by(DisputeProposal.id.desc()).limit(1))


def proposals(session: Session, dispute_id: UUID) -> list[tuple[DisputeProposal, DisputeVerdict | None]]:
    """Return every proposed decision with the second person's word on it, the oldest first."""
    query = (
        sa.select(DisputeProposal, DisputeVerdict)
        .outerjoin(DisputeVerdict, DisputeVerdict.proposal_id == DisputeProposal.id)
        .where(DisputeProposal.dispute_id == dispute_id)
    )
    return [(row[0], row[1]) for row in session.execute(query.order_by(DisputeProposal.id))]


def waiting(session: Session, actor: Actor) -> Sequence[Dispute]:
    """Return the disputes in which the actor can take the next step for the place, the oldest first.

    What concerns the own organisation, or was filed or proposed by the actor, is for others.
    """
    reached = [
        sa.true() if grant.place is None else Dispute.place == grant.place
        for grant in actor.grants
        if grant.role in ROLES_OF[Permission.DISPUTE_HANDLE]
    ]
    own = sa.or_(Dispute.filed_by == actor.id, Dispute.claimant_id == actor.org_id,
                 Dispute.respondent_id == actor.org_id)  # fmt: skip
    answered = sa.exists().where(DisputeVerdict.proposal_id == DisputeProposal.id)
    mine = sa.exists().where(
        DisputeProposal.dispute_id == Dispute.id, DisputeProposal.proposed_by == actor.id, ~answered
    )
    query = sa.select(Dispute).where(
        sa.or_(sa.false(), *reached), Dispute.state.in_(OPEN), sa.func.coalesce(own, sa.false()).is_(sa.false()), ~mine
    )
    return session.scalars(query.order_by(Dispute.filed_at, Dispute.id)).all()


def to_answer(session: Session, actor: Actor, today: date) -> Sequence[Dispute]:
    """Return the disputes in which the actor's organisations may still state their view, those due first on top."""
    orgs = [g.org_id for g in actor.grants if g.role in ROLES_OF[Permission.DISPUTE_FILE] and g.org_id is not None]
    spoken = sa.exists().where(DisputeStatement.dispute_id == Dispute.id, DisputeStatement.side == Side.RESPONDENT)
    query = sa.select(Dispute).where(
        Dispute.respondent_id.in_(orgs), Dispute.state.in_((DisputeState.ACCEPTED, *DECIDABLE)),
        Dispute.answer_until >= today, ~spoken,
    )  # fmt: skip
    return session.scalars(query.order_by(Dispute.answer_until, Dispute.id)).all()


# ---- what a dispute is about ----


def claim(
    session: Session, actor: Actor, track: Track, *, order_number: str | None, product_code: str | None,
    receipt_number: str | None, amount: Money | None,
) -> Claim:  # fmt: skip
    """Return what an organisation disputes: an order (all of it, or an amount), a receipt's difference, or a product.

    Raises:
        NotYourTrack: the track is for others, or the order is not the organisation's.
        NoSuchOrder: there is none that the actor may know of.
        NoSuchProduct: there is no such product.
        NoSuchReceipt: there is none that the actor may know of.
        LineUnfit: nothing is named, more than the order is disputed, or the receipt is not in dispute.
    """
    claimant = _claimant(session, actor, track)
    receipt = receipts.visible(session, actor, receipt_number) if receipt_number else None
    order = orders.visible(session, actor, order_number) if order_number else None
    order_id = receipt.order_id if receipt is not None else order.id if order is not None else None
    if order_id is not None:  # locked: what is left to be disputed is disputed once
        order = orders.get(session, order_id, lock=True)
    if order is None and not product_code:
        raise _unfit("/order_number", "请写明争议所涉的订单或产品", "Name an order or a product.")
    product = products.get(session, order.product_id) if order else products.by_code(session, str(product_code))
    disputed, units = _disputed(session, claimant, order, receipt, amount)
    respondent_id = _respondent(session, claimant, track, order, product)
    return Claim(claimant, respondent_id, product, order, receipt, disputed, units)


def award_of_receipt(session: Session, dispute: Dispute, units: int | None) -> tuple[Money, int]:
    """Return what the claimant gets when of a disputed delivery so many units stand, and these units.

    Raises:
        LineUnfit: it was not said how many units stand.
        Undecidable: they lie outside the two counts.
    """
    receipt = receipts.get(session, dispute.receipt_id) if dispute.receipt_id else None
    if receipt is None or units is None or receipt.provider_count is None or receipt.buyer_count is None:
        raise _unfit("/units", "请写明裁定的交付数量", "Say how many units stand.")
    order = orders.get(session, receipt.order_id)
    stands = decided(receipt.provider_count, receipt.buyer_count, units).agreed
    least, most = sorted((receipt.provider_count, receipt.buyer_count))
    won = most - stands if dispute.claimant_id == order.buyer_id else stands - least
    whole = won == most - least  # to the fen what was frozen, whatever rounding makes of the parts
    return (dispute.amount if whole else min(_worth(session, order, won), dispute.amount)), stands


def _claimant(session: Session, actor: Actor, track: Track) -> Party:
    roles = CLAIMS.get(track, ())
    if actor.org_id is None or not any(one.role in roles and one.org_id == actor.org_id for one in actor.grants):
        raise NotYourTrack(
            "请选择与本单位身份相符的途径：行政机关、数据商、购买方；数据主体无需账号，另有入口（DSP-02）。",
            detail_en="Choose the track of your organisation.",
            rule="DSP-02",
        )
    return session.get_one(Party, actor.org_id)


def _disputed(
    session: Session, claimant: Party, order: Order | None, receipt: DeliveryReceipt | None, amount: Money | None
) -> tuple[Money, int | None]:
    if order is None:
        return ZERO, None
    if receipt is not None:
        standing = receipt.standing
        if receipt.state is not ReceiptState.DISPUTED or standing is None:
            raise _unfit("/receipt_number", f"交付回执 {receipt.number} 没有争议中的差额", "It is not in dispute.")
        query = sa.select(Dispute.number).where(Dispute.receipt_id == receipt.id, Dispute.state.in_(OPEN))
        known = session.scalar(query.limit(1))
        if known is not None:
            raise _unfit(
                "/receipt_number", f"交付回执 {receipt.number} 的差额已在争议 {known} 中处理", "It is dealt with."
            )
        return _worth(session, order, standing.in_dispute), standing.in_dispute
    if not order.amount:
        return ZERO, None
    left = order.amount - _own(session, claimant, order)
    return must_be_of_the_order(order.number, left if amount is None else amount, left), None


def _own(session: Session, claimant: Party, order: Order) -> Money:
    """Return what of an order an organisation disputes already; differences of receipts are counted apart."""
    query = sa.select(sa.func.sum(Dispute.amount)).where(
        Dispute.order_id == order.id, Dispute.claimant_id == claimant.id, Dispute.receipt_id.is_(None),
        Dispute.state.in_(OPEN),
    )  # fmt: skip
    found: Money | None = session.scalar(query)
    return ZERO if found is None else found


def _respondent(session: Session, claimant: Party, track: Track, order: Order | None, product: Product) -> UUID:
    """Return the other side: of an order the other party, else who sells (against a seller: who operates)."""
    found = product.owner_id
    if order is not None:
        if track in OF_THE_ORDER and claimant.id not in (order.buyer_id, order.seller_id):
            raise NotYourTrack(f"订单 {order.number} 不是本单位的订单。", detail_en="Not your order.", rule="DSP-02")
        found = order.buyer_id if claimant.id == order.seller_id else order.seller_id
    elif claimant.id == product.owner_id:
        found = session.get_one(Agreement, product.agreement_id).operating_institution_id
    if found == claimant.id:
        raise _unfit("/product_code", "争议的另一方不能是本单位", "You cannot dispute with yourself.")
    return found


def _unfit(pointer: str, words: str, english: str) -> LineUnfit:
    error = {"pointer": pointer, "code": LineUnfit.code, "message": words}
    return LineUnfit(f"{words}。", detail_en=english, errors=[error])


# ---- what is frozen: derived at every moment, never stored ----


def held(session: Session, order_ids: Collection[UUID]) -> dict[UUID, Frozen]:
    """Return what of these orders is frozen by disputes and by undecided differences of delivery receipts.

    An open dispute freezes exactly the amount that it is about, a decided one what was awarded until it is closed; a
    difference between two counts freezes exactly that difference. Orders without any are left out.

    Source:
        DSP-04.
    """
    found = _by_disputes(session, Dispute.order_id.in_(order_ids))
    covered = sa.select(Dispute.receipt_id).where(Dispute.order_id.in_(order_ids), Dispute.state.in_(OPEN))
    is_covered = set(session.scalars(covered))
    bought = {one.id: one for one in session.scalars(sa.select(Order).where(Order.id.in_(order_ids)))}
    for receipt in receipts.in_dispute(session, order_ids):
        standing, order = receipt.standing, bought[receipt.order_id]
        if receipt.id in is_covered or standing is None:
            continue
        amount = _worth(session, order, standing.in_dispute)
        if amount:
            found.setdefault(order.id, []).append(
                Held(order.id, receipt.number, standing.in_dispute, amount, receipt.entitlement_id,
                     receipt.period_start, receipt.period_end)
            )  # fmt: skip
    return {order_id: frozen(order_id, bought[order_id].amount, lines) for order_id, lines in found.items()}


def frozen_at(session: Session, place: str) -> dict[UUID, list[Held]]:
    """Return, by order, what disputes freeze at a place; differences of receipts that nobody disputes are left out."""
    return _by_disputes(session, Dispute.place == place)


def _by_disputes(session: Session, condition: sa.ColumnElement[bool]) -> dict[UUID, list[Held]]:
    found: dict[UUID, list[Held]] = {}
    query = sa.select(Dispute).where(condition, Dispute.order_id.is_not(None), Dispute.state.in_(OPEN))
    for one in session.scalars(query.order_by(Dispute.id)):
        amount = one.amount if one.state in UNDECIDED else one.awarded
        if one.order_id is not None and amount:
            found.setdefault(one.order_id, []).append(Held(one.order_id, one.number, one.units, amount))
    return found


def _worth(session: Session, order: Order, units: int) -> Money:
    """Return what so many units of an order are worth; where time is charged they change no price."""
    tariff = session.get(Tariff, order.tariff_id) if order.tariff_id else None
    is_by_time = tariff is not None and tariff.charge_unit is ChargeUnit.PER_PERIOD
    return ZERO if is_by_time else worth(units, order.quantity, order.amount)
