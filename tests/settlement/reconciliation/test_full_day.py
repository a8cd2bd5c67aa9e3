"""A whole day in the database: thousands of sales, two hundred planted breaks, all of them found and named (E11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import start_of_day
from kernel.db import new_id
from kernel.money import Money
from market.bank_lines.model import BankLine
from market.bank_lines.rules import LineState, Reason
from market.entitlements.model import Entitlement
from market.orders.model import Order, Quote
from market.payments.model import Attempt, Payment
from market.payments.rules import AttemptState, PaymentMethod, PaymentState
from market.refunds.model import ProviderDispute, Refund
from market.refunds.rules import DisputeStage, RefundState
from settlement.breaks import commands as breaks
from settlement.breaks.model import Break
from settlement.ledger.commands import book_new
from settlement.ledger.rules import Cause, Entry, Leg, disputed, psp, unapplied, unearned
from settlement.matching.rules import Flow, Item, Scope, Side, match
from settlement.provider_lines.model import ProviderFile, ProviderLine
from settlement.reconciliation import commands
from settlement.sides.queries import items
from tests.make import paying
from tests.make import reconciling as make
from tests.make import registry_base as base
from tests.make import settlement as people

NOON = start_of_day(make.DAY) + timedelta(hours=12)
PERSON = UUID(int=7)
CAUSES = {Flow.CHARGE: Cause.PAYMENT_CAPTURED, Flow.REFUND: Cause.REFUND_PAID, Flow.DISPUTE: Cause.DISPUTE_OPENED}


class Filled:
    """Rows of the market made after the pattern of one real order; what caused which entry is remembered."""

    def __init__(self, session: Session) -> None:
        self.session, self.rows = session, dict[type, list[dict[str, Any]]]()
        (due,) = paying.make_due(session)
        self.order = self._row(session.get_one(Order, due.order_id))
        self.quote = self._row(session.get_one(Quote, self.order["quote_id"]))
        self.causes: dict[tuple[Flow, str], UUID] = {}
        self.payments: dict[str, UUID] = {}
        self.attempts: dict[str, UUID] = {}

    @staticmethod
    def _row(found: Any) -> dict[str, Any]:
        return {column.key: getattr(found, column.key) for column in sa.inspect(type(found)).columns}

    def add(self, kind: type, **values: Any) -> UUID:
        identity = values.pop("id", None) or new_id()
        self.rows.setdefault(kind, []).append({"id": identity, "version": 1, **values})
        return identity

    def order_of(self, item: Item) -> UUID:
        quote = self.add(Quote, **{**self.quote, "id": new_id(), "number": f"Q-{item.order}", "amount": item.amount})
        return self.add(Order, **{**self.order, "id": new_id(), "number": item.order, "quote_id": quote,
                                  "amount": item.amount, "client_reference": item.order})  # fmt: skip

    def sale(self, group: list[Item], sale: list[Item]) -> None:
        """Write the order of a sale, its payment and try to pay, and its entitlement, as far as they are there."""
        order = self.order_of(sale[1])
        is_there = any(item.side is Side.ORDERS and item.flow is Flow.CHARGE for item in group)
        name, amount = sale[1].reference, sale[1].amount
        payment = self.add(
            Payment, number=f"PMT-{sale[1].order}", order_id=order, place=base.PLACE, buyer_id=self.order["buyer_id"],
            method=PaymentMethod.STRIPE, reference=f"R-{sale[1].order}", amount=amount, state=PaymentState.CAPTURED,
            expected_at=NOON, captured_at=NOON, bank_line=f"stripe:{name}", recorded_at=NOON,
        )  # fmt: skip
        self.causes[Flow.CHARGE, name] = self.payments[name] = payment
        self.attempts[name] = self.add(
            Attempt, number=sale[1].own or sale[1].key, payment_id=payment, sequence=1, place=base.PLACE,
            method=PaymentMethod.STRIPE, amount=amount, key=f"K-{name}", return_url="", asked_at=NOON, asked_by="x",
            state=AttemptState.SUCCEEDED if is_there else AttemptState.PENDING, intent_id=name if is_there else None,
            received=amount if is_there else None, received_at=NOON if is_there else None, reason="",
        )  # fmt: skip
        if any(item.flow is Flow.RIGHT for item in group):
            self.right(order, sale[3])

    def right(self, order: UUID, item: Item) -> None:
        self.add(
            Entitlement, number=item.key, order_id=order, place=base.PLACE, product_id=self.order["product_id"],
            version_id=self.order["version_id"], buyer_id=self.order["buyer_id"], purpose=self.order["purpose"],
            scenario=self.order["scenario"], valid_from=make.DAY, valid_until=make.DAY, granted_at=NOON,
        )  # fmt: skip

    def went_back(self, item: Item) -> None:
        common = {"place": base.PLACE, "amount": -item.amount, "payment_id": self.payments[item.parent],
                  "reason": "x"}  # fmt: skip
        if item.flow is Flow.DISPUTE:
            made = self.add(ProviderDispute, provider_id=item.reference, stage=DisputeStage.OPENED, at=NOON,
                            attempt_id=self.attempts[item.parent], noted_at=NOON, **common)  # fmt: skip
        else:
            made = self.add(
                Refund, number=item.key, buyer_id=self.order["buyer_id"], method=PaymentMethod.STRIPE, words="",
                client_reference=item.key, key=item.key, intent_id=item.parent, provider_id=item.reference,
                state=RefundState.DONE, asked_at=NOON, asked_by="x", asked_by_id=PERSON, decided_reason="",
                done_at=NOON, evidence=f"stripe:{item.reference}", **common,
            )  # fmt: skip
        self.causes[item.flow, item.reference] = made

    def outside(self, day: make.Day) -> None:
        """Write what the provider and the bank say."""
        file = self.add(ProviderFile, place=base.PLACE, name="day.csv", sha256="0" * 64, row_count=0, known=0,
                        imported_at=NOON, imported_by="x")  # fmt: skip
        for number, item in enumerate(day.items):
            if item.side is Side.PROVIDER:
                self.add(
                    ProviderLine, place=base.PLACE, serial=item.key, flow=item.flow, reference=item.reference,
                    parent=item.parent, batch=item.batch, own=item.own, amount=item.amount, fee=item.fee,
                    net=item.net or item.amount, currency=item.currency, day=item.day, words="", line_number=number,
                    happened_at=start_of_day(item.day) + timedelta(hours=12), file_id=file,
                )  # fmt: skip
            elif item.side is Side.BANK:
                is_payout = item.flow is Flow.PAYOUT
                self.add(
                    BankLine, place=base.PLACE, serial=item.key, booked_at=NOON, amount=item.amount, payer_name="x",
                    payer_account="", remark=item.reference if is_payout else "没有编号", references=[], line_number=1,
                    entered_at=NOON, entered_by="x", state=LineState.QUEUED, reason=Reason.NO_REFERENCE, note="",
                )  # fmt: skip

    def flush(self) -> None:
        for kind in (Quote, Order, Payment, Attempt, Entitlement, Refund, ProviderDispute, ProviderFile, ProviderLine,
                     BankLine):  # fmt: skip
            if self.rows.get(kind):
                self.session.execute(sa.insert(kind), self.rows[kind])

    def entries(self, day: make.Day) -> list[Entry]:
        """Return the entries of the day; what is doubled came in as surplus once more."""
        made, seen = [], set[tuple[Flow, str]]()
        for item in day.items:
            key = (item.flow, item.reference)
            if item.side is not Side.LEDGER or item.flow not in CAUSES or key not in self.causes:
                continue
            cause, identity = CAUSES[item.flow], self.causes[key]
            other = disputed(base.PLACE) if item.flow is Flow.DISPUTE else unearned(item.order)
            if key in seen:
                cause, identity, other = Cause.SURPLUS_RECEIVED, self.attempts[item.reference], unapplied(base.PLACE)
            seen.add(key)
            legs = (Leg(psp(base.PLACE), item.amount), Leg(other, -item.amount))
            made.append(Entry(base.PLACE, cause, identity.hex, make.DAY, item.key, legs))
        return made


def fill(session: Session, day: make.Day) -> None:
    """Write a planned day into the database."""
    filled = Filled(session)
    for reference, group in day.groups.items():
        if reference.startswith("pi_0"):
            filled.sale(group, make.sale(int(reference[3:])))
        elif reference.startswith("ORD-"):
            filled.right(filled.order_of(group[0]), group[0])
    for reference, group in day.groups.items():
        if reference.startswith(("re_", "dp_")):
            for item in group:
                if item.side is Side.ORDERS:
                    filled.went_back(item)
    filled.outside(day)
    filled.flush()
    book_new(session, people.preparer(), filled.entries(day), now=NOON)
    commands.book_payouts(session, people.preparer(), place=base.PLACE, now=NOON)


def in_the_database(day: make.Day) -> make.Day:
    """Leave out what the database itself refuses: second refunds on our side, and parts of transfers."""
    kept = {name: [item for item in group if not (name.startswith("rr_") and item.side is not Side.PROVIDER)]
            for name, group in day.groups.items() if not name.startswith("BANK-0")}  # fmt: skip
    return make.Day(kept, day.planted)


@pytest.mark.both_databases
@pytest.mark.breaks_the_books
def test_two_hundred_breaks_in_a_full_day_are_found_named_and_kept_once(session: Session) -> None:
    day = in_the_database(make.with_breaks())
    fill(session, day)
    found = items(session, place=base.PLACE, period=make.PERIOD)
    assert len(found) >= 9_900
    known = commands._known(session, base.PLACE, found)
    outcome = match(found, Scope(make.PERIOD, known=known, fee=make.fee))
    assert make.named(outcome.findings) == day.planted
    assert len(outcome.findings) == make.PLANTED
    for _ in range(2):
        breaks.take_in(session, people.preparer(), place=base.PLACE, findings=outcome.findings, run_number="REC-1",
                       now=NOON)  # fmt: skip
    kept = session.scalars(sa.select(Break)).all()
    assert {(one.reference, one.flow): (one.kind, one.side) for one in kept} == day.planted
    assert {one.state for one in kept} == {"open"}
    assert all(one.difference >= Money(0) and one.owner for one in kept)
