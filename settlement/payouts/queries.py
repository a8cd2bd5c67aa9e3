"""What sealed statements leave to be paid, to whom and why not; batches and payouts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.db import to_json
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.money import ZERO, Money, round_half_up, total
from kernel.policy import PolicyBook
from market.disputes import queries as disputes
from market.orders.model import Order
from market.payments.model import Payment
from market.refunds.model import ProviderDispute
from market.refunds.rules import DisputeStage
from registry.parties.model import Party
from settlement.clawbacks.queries import nettings_of, reduced
from settlement.clawbacks.rules import NettingTerms
from settlement.ledger.queries import balance, lock_books
from settlement.ledger.rules import PAYEE_ACCOUNTS, bank, psp
from settlement.objections import queries as objections
from settlement.payees import queries as payees
from settlement.payees.model import PayeeAccount
from settlement.payees.rules import AccountKind
from settlement.payouts.model import Payout, PayoutBatch, PayoutItem
from settlement.payouts.rules import ENDED, OPEN, BatchState, Channel, HoldReason, PayoutState
from settlement.policy import SettlementPolicy
from settlement.revenue.model import RevenueLine
from settlement.splits.model import ShareLine
from settlement.splits.rules import PayeeKind, payee_for
from settlement.statements.model import Statement

TRIES_MAX = 3  # to one account; then the account has to be named anew
CHANNELS = {AccountKind.BANK: Channel.BANK, AccountKind.STRIPE: Channel.STRIPE, AccountKind.TREASURY: Channel.TREASURY}


class NoSuchBatch(NotFound):
    """There is no such batch, or none that the actor may know of."""

    code = "payout.batch_not_found"


class NoSuchPayout(NotFound):
    """There is no such payout."""

    code = "payout.not_found"


@dataclass(frozen=True, slots=True)
class Due:
    """What of one order a statement leaves to be paid, on one account of the journal."""

    statement: Statement
    kind: PayeeKind
    order_id: UUID
    order_number: str
    account: str
    amount: Money

    @property
    def slot(self) -> str:
        """What is unique to it: nothing of it is paid twice."""
        return f"{self.statement.id.hex}/{self.order_number}/{self.account}"


@dataclass(slots=True)
class Payable:
    """What can be paid of one statement to one account."""

    statement: Statement
    party: Party
    destination: PayeeKind
    account: PayeeAccount
    dues: list[Due] = field(default_factory=list)

    @property
    def gross(self) -> Money:
        """The sum of its items."""
        return total(due.amount for due in self.dues)

    @property
    def channel(self) -> Channel:
        """Which way it goes."""
        return CHANNELS[self.account.kind]


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What is owed and not paid now, and why."""

    due: Due
    party: Party
    reason: HoldReason
    detail: str


def dues(session: Session, place: str, *, statement_ids: Iterable[UUID] | None = None) -> list[Due]:
    """Return what sealed statements of a place owe, less refunds before payout; paid or not, in a fixed order."""
    query = (
        sa.select(Statement.id, ShareLine.payee_kind, Order.id, Order.number, Party.uscc, sa.func.sum(ShareLine.amount))
        .select_from(ShareLine)
        .join(Statement, sa.and_(Statement.run_id == ShareLine.run_id, Statement.party_id == ShareLine.party_id))
        .join(RevenueLine, RevenueLine.id == ShareLine.revenue_line_id)
        .join(Order, Order.id == RevenueLine.order_id)
        .join(Party, Party.id == ShareLine.party_id)
        .where(Statement.place == place)
        .group_by(Statement.id, Statement.number, ShareLine.payee_kind, Order.id, Order.number, Party.uscc)
        .order_by(Statement.number, Order.number, ShareLine.payee_kind)
    )
    if statement_ids is not None:
        query = query.where(Statement.id.in_(set(statement_ids)))
    rows = session.execute(query).all()
    statements = {one.id: one for one in session.scalars(
        sa.select(Statement).where(Statement.id.in_({row[0] for row in rows}))
    )}  # fmt: skip
    less = reduced(session, statements)
    found = []
    for statement_id, kind, order_id, number, uscc, amount in rows:
        account = f"{PAYEE_ACCOUNTS[kind]}:{uscc}"
        left = amount - less.get((statement_id, number, account), ZERO)
        if left > ZERO:
            found.append(Due(statements[statement_id], PayeeKind(kind), order_id, number, account, left))
    return found


def taken_slots(session: Session, found: Iterable[Due]) -> set[str]:
    """Return which of these are in a payout that lives."""
    ids = {due.statement.id for due in found}
    query = sa.select(PayoutItem.slot).where(PayoutItem.statement_id.in_(ids), PayoutItem.slot.is_not(None))
    return {slot for slot in session.scalars(query) if slot is not None}


def orders_in_dispute(session: Session, place: str) -> dict[UUID, str]:
    """Return the orders of a place whose money is in dispute, with the number of a matter: with us or with a bank."""
    found = {order_id: held[0].source for order_id, held in disputes.frozen_at(session, place).items()}
    facts = sa.select(ProviderDispute.provider_id, ProviderDispute.payment_id, ProviderDispute.stage).where(
        ProviderDispute.place == place
    )
    stages: dict[tuple[str, UUID], set[DisputeStage]] = {}
    for provider_id, payment_id, stage in session.execute(facts):
        stages.setdefault((provider_id, payment_id), set()).add(stage)
    open_ones = {payment: name for (name, payment), seen in stages.items() if seen == {DisputeStage.OPENED}}
    of_payment = sa.select(Payment.id, Payment.order_id).where(Payment.id.in_(open_ones))
    return found | {order_id: open_ones[payment_id] for payment_id, order_id in session.execute(of_payment)}


def terms_of(book: PolicyBook, place: str, now: datetime) -> NettingTerms | None:
    """Return how a place nets receivables, or None where it does not say: then nothing is netted."""
    policy = SettlementPolicy.at(book, place, business_date(now))
    order, rate, keep = policy.clawback_order, policy.clawback_net_rate_max, policy.clawback_keep_min
    if order is None or rate is None:
        return None
    return NettingTerms.of(order.value, rate.decimal(), ZERO if keep is None else round_half_up(keep.decimal()))


def payables(
    session: Session, *, place: str, now: datetime, book: PolicyBook, batch: PayoutBatch | None = None
) -> tuple[list[Payable], list[HeldBack]]:
    """Return what can be paid at a place now, by statement and account, and what is held back with its reason.

    With a batch: what its statements owe now, as if it were not there, so that it can be held against them.

    Source:
        REV-05; DSP-04; H8.
    """
    ours = payouts_of(session, batch.id) if batch is not None else []
    ids = {one.statement_id for one in ours} if batch is not None else None
    found = dues(session, place, statement_ids=ids)
    taken = taken_slots(session, found) - {item.slot for item in items_of(session, [one.id for one in ours])}
    asking = _Asking(session, place, now, book)
    made: dict[tuple[UUID, UUID], Payable] = {}
    held: list[HeldBack] = []
    for due in found:
        if due.slot in taken:
            continue
        party = asking.party(due.statement.party_id)
        reason = asking.reason(due, party)
        if reason is not None:
            held.append(HeldBack(due, party, *reason))
            continue
        destination, account = asking.way(due, party)
        assert account is not None, "or there would be a reason"
        key = (due.statement.id, account.id)
        made.setdefault(key, Payable(due.statement, party, destination, account)).dues.append(due)
    return list(made.values()), held


class _Asking:
    """Asks each question about parties once."""

    def __init__(self, session: Session, place: str, now: datetime, book: PolicyBook) -> None:
        rule = SettlementPolicy.at(book, place, business_date(now)).payee_public_institution
        self.session, self.place, self.now = session, place, now
        self.rule = rule.value if rule is not None else None
        self.frozen = payees.frozen_parties(session, place)
        self.disputed = orders_in_dispute(session, place)
        self.objected = objections.waiting(session, place)
        self.accounts: dict[UUID | None, PayeeAccount | None] = {}

    def party(self, party_id: UUID) -> Party:
        return self.session.get_one(Party, party_id)

    def way(self, due: Due, party: Party) -> tuple[PayeeKind, PayeeAccount | None]:
        kind = payee_for(str(party.kind), self.rule).kind if due.kind is PayeeKind.HELD else due.kind
        whose = None if kind is PayeeKind.TREASURY_NON_TAX else party.id
        if whose not in self.accounts:
            self.accounts[whose] = payees.in_force(self.session, place=self.place, party_id=whose, now=self.now)
        return kind, self.accounts[whose]

    def reason(self, due: Due, party: Party) -> tuple[HoldReason, str] | None:
        kind, account = self.way(due, party)
        if not party.is_in_order:
            return HoldReason.PARTY_SUSPENDED, party.standing_reason or ""
        if party.id in self.frozen:
            return HoldReason.FROZEN, self.frozen[party.id].document
        if due.order_id in self.disputed:
            return HoldReason.IN_DISPUTE, self.disputed[due.order_id]
        objection = self.objected.get((due.statement.run_id, party.id, due.order_id))
        if objection is not None:
            return HoldReason.CONTRIBUTION_OBJECTED, objection
        if kind is PayeeKind.HELD:
            return HoldReason.PAYEE_RULE_MISSING, self.place
        if account is None:
            is_treasury = kind is PayeeKind.TREASURY_NON_TAX
            return (HoldReason.TREASURY_ACCOUNT_MISSING if is_treasury else HoldReason.ACCOUNT_MISSING), party.name
        if returned(self.session, due.statement.id, account.id) >= TRIES_MAX:
            return HoldReason.TRIES_USED_UP, account.shown
        return None


def returned(session: Session, statement_id: UUID, account_id: UUID) -> int:
    """Return how often a payout of a statement came back from an account."""
    query = (
        sa.select(sa.func.count())
        .select_from(Payout)
        .where(
            Payout.statement_id == statement_id, Payout.account_id == account_id, Payout.state == PayoutState.RETURNED
        )
    )
    return session.scalar(query) or 0


def amounts_since(session: Session, *, place: str, party_id: UUID, since: datetime) -> list[Money]:
    """Return what a party was paid at a place since a moment, sent or confirmed."""
    query = sa.select(Payout.amount).where(
        Payout.place == place, Payout.party_id == party_id, Payout.sent_at >= since,
        Payout.state.in_((*OPEN, PayoutState.CONFIRMED)),
    )  # fmt: skip
    return list(session.scalars(query))


def digest(payouts: Sequence[Payout], items: Sequence[PayoutItem], numbers: dict[UUID, str]) -> str:
    """Return the SHA-256 over every line of a batch: who, which account by its sealed number, how much, for what."""
    content = [
        [one.number, str(one.statement_id), str(one.party_id), one.destination, str(one.account_id),
         numbers[one.account_id], one.gross.fen, one.netted.fen, one.amount.fen,
         sorted([item.order_number, item.account, item.amount.fen] for item in items if item.payout_id == one.id)]
        for one in sorted(payouts, key=lambda payout: payout.number)
    ]  # fmt: skip
    return hashlib.sha256(to_json(content).encode()).hexdigest()


def differing(session: Session, batch: PayoutBatch, *, now: datetime, book: PolicyBook) -> tuple[list[str], str]:
    """Return which payouts of a batch are not what is owed and may be paid now, and the digest of the batch as it is.

    Amounts, holds, nettings and the account in force are held against each item.
    """
    payouts = payouts_of(session, batch.id)
    items = items_of(session, [one.id for one in payouts])
    numbers = {one.account_id: session.get_one(PayeeAccount, one.account_id).sealed_number for one in payouts}
    found, _ = payables(session, place=batch.place, now=now, book=book, batch=batch)
    due = {(due.slot, due.amount.fen, one.account.id, one.destination) for one in found for due in one.dues}
    nettings = nettings_of(session, [one.id for one in payouts])
    wrong = []
    for one in payouts:
        own = [item for item in items if item.payout_id == one.id]
        is_due = all((item.slot, item.amount.fen, one.account_id, one.destination) in due for item in own)
        off = total(netting.amount for netting in nettings if netting.payout_id == one.id)
        if not is_due or total(item.amount for item in own) != one.gross or off != one.netted:
            wrong.append(one.number)
    return wrong, digest(payouts, items, numbers)


def listed(actor: Actor, *, place: str | None = None, state: BatchState | None = None) -> sa.Select[PayoutBatch]:
    """Return the query of the batches of the actor's places."""
    reached = [
        sa.true() if grant.place is None else PayoutBatch.place == grant.place
        for grant in actor.grants
        if grant.role in ROLES_OF[Permission.PAYOUT_READ]
    ]
    query = sa.select(PayoutBatch).where(sa.or_(sa.false(), *reached))
    query = query if place is None else query.where(PayoutBatch.place == place)
    return query if state is None else query.where(PayoutBatch.state == state)


def visible(session: Session, actor: Actor, number: str, *, lock: bool = False) -> PayoutBatch:
    """Return a batch by its number.

    Raises:
        NoSuchBatch: there is none that the actor may know of.
    """
    query = listed(actor).where(PayoutBatch.number == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchBatch(f"没有拨付批次 {number}，或不在您的职责范围内", detail_en=f"No batch {number}")
    return found


def get(session: Session, payout_id: UUID, *, lock: bool = False) -> Payout:
    """Return one payout; locked and read afresh on demand.

    Raises:
        NoSuchPayout: there is none.
    """
    query = sa.select(Payout).where(Payout.id == payout_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchPayout(f"没有编号为 {payout_id} 的拨付", detail_en="No such payout")
    return found


def held_fast(session: Session, payout_id: UUID) -> tuple[Payout, PayoutBatch]:
    """Return a payout and its batch, read afresh, alone with the books of the place.

    Raises:
        NoSuchPayout: there is none.
    """
    lock_books(session, get(session, payout_id).place)
    payout = get(session, payout_id, lock=True)
    return payout, session.get_one(PayoutBatch, payout.batch_id, with_for_update=True, populate_existing=True)


def payouts_of(session: Session, batch_id: UUID) -> Sequence[Payout]:
    """Return the payouts of a batch, by number."""
    query = sa.select(Payout).where(Payout.batch_id == batch_id).order_by(Payout.number)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def of_statement(session: Session, statement_id: UUID) -> Sequence[Payout]:
    """Return every payout of a statement, oldest first."""
    query = sa.select(Payout).where(Payout.statement_id == statement_id)
    return session.scalars(query.order_by(Payout.sequence, Payout.number)).all()


def items_of(session: Session, payout_ids: Iterable[UUID]) -> Sequence[PayoutItem]:
    """Return the items of payouts, by order."""
    query = sa.select(PayoutItem).where(PayoutItem.payout_id.in_(set(payout_ids)))
    return session.scalars(query.order_by(PayoutItem.order_number, PayoutItem.account)).all()


def available(session: Session, batch: PayoutBatch) -> Money:
    """Return what the account that a batch is paid from holds, less what is under way from it."""
    is_stripe = PayoutBatch.channel == Channel.STRIPE
    query = (
        sa.select(sa.func.sum(Payout.amount))
        .join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
        .where(Payout.place == batch.place, Payout.state.in_(OPEN))
        .where(is_stripe if batch.channel is Channel.STRIPE else ~is_stripe)
    )
    account = psp(batch.place) if batch.channel is Channel.STRIPE else bank(batch.place)
    return balance(session, account) - (session.scalar(query) or ZERO)


def are_ended(session: Session, batch_id: UUID) -> bool:
    """Say whether nothing of a batch is under way any more."""
    query = sa.select(Payout.id).where(Payout.batch_id == batch_id, Payout.state.not_in(ENDED))
    return session.scalar(query.limit(1)) is None


def to_follow(session: Session, *, silent_since: datetime, limit: int) -> Sequence[Payout]:
    """Return payouts that the provider has to carry out and was last asked about before that moment, oldest first."""
    query = (
        sa.select(Payout)
        .join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
        .where(PayoutBatch.channel == Channel.STRIPE, Payout.state.in_(OPEN))
        .where(sa.or_(Payout.answered_at.is_(None), Payout.answered_at <= silent_since))
    )
    return session.scalars(query.order_by(Payout.id).limit(limit)).all()
