"""Closing a month: everything that may stand in the way does, two people take part, and then nothing gets in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import Period
from kernel.db import Base, MomentType, new_id
from kernel.identity import Actor
from kernel.money import Money
from market.bank_lines.model import BankLine
from market.bank_lines.rules import LineState, Reason
from market.invoices.model import Invoice
from market.invoices.rules import InvoiceType
from market.orders.model import Order
from market.payments.model import Attempt, Payment
from market.payments.rules import AttemptState, PaymentMethod
from market.refunds.model import Refund
from market.refunds.rules import RefundState
from market.stripe_inbox.model import StripeEvent
from registry.accounts.model import Account, AccountPerson, Person
from settlement.breaks.model import Break
from settlement.breaks.rules import BreakState
from settlement.closing import checks, commands
from settlement.closing.model import Closing
from settlement.closing.rules import Blocker, ClosingState, NotReady, SameCloser, WrongState
from settlement.intake import commands as intake
from settlement.ledger.commands import book, reverse
from settlement.ledger.queries import AsOf, entries, first_open_day, trial_balance
from settlement.ledger.rules import Cause, bank, psp, transfer_entry, unapplied
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.rules import BatchState, Channel, PayoutState
from settlement.reservations.model import Reservation
from settlement.runs.rules import OutOfOrder
from settlement.splits.rules import PayeeKind
from settlement.statements.model import Statement
from tests.make import market, payouts
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make import settlement as make

JULY, AUGUST = Period.month("2026-07"), Period.month("2026-08")
AT = datetime(2026, 8, 10, 2, 0, tzinfo=UTC)
NOW = make.NOW
CALENDAR = registry.calendar()
DAY = date(2026, 8, 10)


def start(session: Session, period: Period = AUGUST, *, actor: Actor | None = None, now: datetime = NOW) -> Closing:
    """Begin to close a month."""
    return commands.start(
        session, actor or make.preparer(), place=base.PLACE, period=period, now=now, calendar=CALENDAR, book=make.LAW
    )


def close(session: Session, period: Period = AUGUST, *, actor: Actor | None = None, now: datetime = NOW) -> Closing:
    """Close a month as somebody else."""
    return commands.close(session, actor or make.checker(), place=base.PLACE, period=period, now=now, calendar=CALENDAR)


def seal_audit(session: Session) -> None:
    """Seal every line of the audit log that there is."""
    session.flush()
    while audit.seal(session, now=NOW, before=datetime(2030, 1, 1, tzinfo=UTC)) is not None:
        session.flush()


def july_closed(session: Session) -> make.World:
    """The worked example, bought in July, used in August; July is settled and closed."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    make.use(session, world.levels_bought, 100)
    make.settle(session, period=JULY)
    seal_audit(session)
    start(session, JULY)
    close(session, JULY)
    return world


@pytest.mark.both_databases
def test_a_closed_month_takes_nothing_and_its_balances_stay_what_they_were(session: Session) -> None:
    july_closed(session)
    make.settle(session)
    seal_audit(session)
    started = start(session)
    assert [item for item in started.checklist if item["count"]] == []
    closed = close(session)
    assert closed.state is ClosingState.CLOSED
    known = {account: amount.text() for account, amount in trial_balance(session, place=base.PLACE)}
    assert closed.balances == known
    late = transfer_entry(place=base.PLACE, cause=Cause.BANK_LINE_RECEIVED, cause_id="late", debit=bank(base.PLACE),
                          credit=unapplied(base.PLACE), amount=Money(5), entry_date=DAY, text="迟到")  # fmt: skip
    with pytest.raises(DBAPIError), session.begin_nested():
        book(session, make.preparer(), late, now=NOW)
    assert first_open_day(session, base.PLACE, DAY) == date(2026, 9, 1)
    first = entries(session, place=base.PLACE, start=JULY.start, end=JULY.end, limit=1)[0]
    with pytest.raises(DBAPIError), session.begin_nested():
        reverse(session, make.preparer(), first, reason="记错", entry_date=DAY, now=NOW)
    reverse(session, make.preparer(), first, reason="记错", entry_date=date(2026, 9, 1), now=NOW)
    then = trial_balance(session, place=base.PLACE, as_of=AsOf(day=AUGUST.last_day))
    assert {account: amount.text() for account, amount in then} == known
    session.rollback()


@pytest.mark.both_databases
def test_a_closed_month_is_neither_changed_nor_removed_nor_closed_again(session: Session) -> None:
    july_closed(session)
    for statement in (
        "UPDATE settlement_closing SET state = 'open', closed_at = NULL, closed_by = NULL",
        "UPDATE settlement_closing SET period_end = '2026-07-31'",
        "DELETE FROM settlement_closing",
        "INSERT INTO settlement_closing SELECT * FROM settlement_closing",
    ):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(sa.text(statement))
    for act in (start, close):
        with pytest.raises(WrongState):
            act(session, JULY)


def test_money_of_a_closed_month_counts_on_the_first_open_day_and_keeps_its_own(session: Session) -> None:
    world = july_closed(session)
    market.make_entitlement(session, world.scores, world.buyer, quantity=5)  # paid in July, taken in afterwards
    intake.take_in_payments(session, make.preparer(), now=NOW, place=base.PLACE)
    made = entries(session, place=base.PLACE, start=AUGUST.start, end=AUGUST.end, limit=9)[0].entry
    assert (made.entry_date, made.value_date) == (AUGUST.start, date(2026, 7, 20))
    assert made.tags.agreement == world.agreement.number


def test_a_month_is_left_open_after_all_and_begun_again(session: Session) -> None:
    make.make_world(session)
    start(session)
    left = commands.give_up(session, make.preparer(), place=base.PLACE, period=AUGUST, now=NOW)
    assert left.state is ClosingState.OPEN
    with pytest.raises(WrongState):
        close(session)
    assert start(session).state is ClosingState.CLOSING


def test_neither_the_same_account_nor_another_of_the_same_person_closes(session: Session) -> None:
    make.make_world(session)
    person = Person(**values_of(Person))
    session.add(person)
    session.flush()
    accounts = [Account(**values_of(Account)) for _ in range(2)]
    session.add_all(accounts)
    session.flush()
    session.add_all(AccountPerson(**values_of(AccountPerson, account_id=one.id, person_id=person.id))
                    for one in accounts)  # fmt: skip
    session.flush()
    one, other = (
        Actor(id=account.id, name=name, grants=make.preparer().grants + make.checker().grants)
        for account, name in zip(accounts, ("甲", "乙"), strict=True)
    )
    start(session, actor=one)
    for actor in (one, other):
        with pytest.raises(SameCloser):
            close(session, actor=actor)


def test_months_are_settled_one_after_the_other(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    october = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)
    make.prepare(session)
    with pytest.raises(OutOfOrder):
        make.settle(session, period=Period.month("2026-09"), now=october)


# --- everything that stands in the way, planted one by one


def values_of(model: type[Base], **given: Any) -> dict[str, Any]:
    """Fill every column that must have a value and was not given one."""
    made: dict[str, Any] = {}
    for column in model.__table__.columns:
        if column.nullable or column.default is not None or column.name in given:
            continue
        made[column.name] = _any(column, new_id())
    return made | given


def _any(column: sa.Column[Any], unique: UUID) -> Any:
    kind: Any = column.type
    if isinstance(kind, MomentType):
        return AT
    if isinstance(kind, sa.Uuid):
        return unique
    if isinstance(kind, sa.Enum):
        assert kind.enum_class is not None
        return next(iter(kind.enum_class))
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Date):
        return DAY
    if isinstance(kind, sa.JSON):
        return {}
    if isinstance(kind, sa.BigInteger | sa.Integer):
        return 1
    return Money(100) if "Money" in type(kind).__name__ else unique.hex * 2


def plant(session: Session, model: type[Base], **given: Any) -> None:
    """Add one row."""
    session.add(model(**values_of(model, **given)))
    session.flush()


def payment_of(session: Session) -> Payment:
    """Any payment."""
    return session.scalars(sa.select(Payment).order_by(Payment.number).limit(1)).one()


def plant_attempt(session: Session, world: make.World) -> None:
    """A try to pay of which nobody knows the outcome."""
    plant(session, Attempt, payment_id=payment_of(session).id, place=base.PLACE, state=AttemptState.UNKNOWN)


def plant_refund(session: Session, world: make.World) -> None:
    """A refund that was agreed and did not end."""
    payment = payment_of(session)
    plant(session, Refund, payment_id=payment.id, place=base.PLACE, buyer_id=payment.buyer_id,
          state=RefundState.UNKNOWN, method=PaymentMethod.STRIPE, decided_at=AT, decided_by="复核人",
          decided_by_id=new_id())  # fmt: skip


def plant_event(session: Session, world: make.World) -> None:
    """A message of the payment provider."""
    plant(session, StripeEvent)


def plant_line(session: Session, world: make.World) -> None:
    """A line of the bank that nobody knows; its money is booked."""
    plant(
        session,
        BankLine,
        place=base.PLACE,
        state=LineState.QUEUED,
        reason=Reason.NO_REFERENCE,
        booked_at=datetime(2026, 8, 31, 2, tzinfo=UTC),
    )
    intake.take_in_payments(session, make.preparer(), now=NOW, place=base.PLACE)


def plant_call(session: Session, world: make.World) -> None:
    """A call of which nobody knows whether it was answered."""
    plant(session, Reservation, entitlement_id=world.scores_bought.id, product_id=world.scores.id, place=base.PLACE)


def plant_invoice(session: Session, world: make.World) -> None:
    """An invoice that was asked for."""
    order = session.get_one(Order, world.scores_bought.order_id)
    plant(session, Invoice, place=base.PLACE, order_id=order.id, seller_id=order.seller_id, buyer_id=order.buyer_id,
          type=InvoiceType.GENERAL, gross=Money(106), net=Money(100), tax=Money(6), tax_number="9" * 18,
          rate=base.book().find(base.PLACE, "tax.vat.rate", on=DAY).decimal())  # fmt: skip


def plant_unbooked(session: Session, world: make.World) -> None:
    """A payment that came and was not taken in."""
    market.make_entitlement(session, world.scores, world.buyer, quantity=5)


def plant_unapplied(session: Session, world: make.World) -> None:
    """Money that nobody knows the purpose of, for four weeks."""
    entry = transfer_entry(place=base.PLACE, cause=Cause.BANK_LINE_RECEIVED, cause_id="x", debit=bank(base.PLACE),
                           credit=unapplied(base.PLACE), amount=Money(5), entry_date=AUGUST.start,
                           text="不明")  # fmt: skip
    book(session, make.preparer(), entry, now=NOW)


def plant_held(session: Session, world: make.World) -> None:
    """Money that the payment provider has held for three weeks, though a working day is what it may take."""
    payment = payment_of(session)
    plant(session, Attempt, payment_id=payment.id, place=base.PLACE, state=AttemptState.SUCCEEDED, amount=Money(500),
          received=Money(500), received_at=AT, intent_id="pi_held")  # fmt: skip
    entry = transfer_entry(place=base.PLACE, cause=Cause.SURPLUS_RECEIVED, cause_id="held", debit=psp(base.PLACE),
                           credit=unapplied(base.PLACE), amount=Money(500), entry_date=DAY,
                           text="在线收款")  # fmt: skip
    book(session, make.preparer(), entry, now=NOW)


def plant_overdraft(session: Session, world: make.World) -> None:
    """More left an account than was on it."""
    entry = transfer_entry(place=base.PLACE, cause=Cause.BANK_LINE_RETURNED, cause_id="x", debit="liability:payable:A",
                           credit="liability:payable:B", amount=Money(5), entry_date=DAY, text="错账")  # fmt: skip
    book(session, make.preparer(), entry, now=NOW)


def without_guards(session: Session, table: str, act: str) -> None:
    """Take away a guard, as only the owner of the database could."""
    session.execute(sa.text(f"DROP TRIGGER {table}_no_{act}"))


def lose_statement(session: Session, world: make.World) -> None:
    """A statement is gone."""
    without_guards(session, "settlement_statement", "delete")
    session.execute(sa.text("DELETE FROM settlement_statement WHERE total > 0"))


def move_share(session: Session, world: make.World) -> None:
    """A share is a fen larger than what was booked."""
    without_guards(session, "settlement_share_line", "update")
    session.execute(sa.text("UPDATE settlement_share_line SET amount = amount + 1"))


def plant_payout(session: Session, world: make.World) -> None:
    """A payout of which nobody knows whether it arrived."""
    statement = session.scalars(sa.select(Statement).where(Statement.party_id == world.operator.id)).one()
    account = payouts.make_account(session, world.operator, "6222000000000001")
    three = {"prepared_by_id": new_id(), "checked_by_id": new_id(), "checked_at": AT, "sent_by_id": new_id()}
    batch = PayoutBatch(**values_of(PayoutBatch, place=base.PLACE, channel=Channel.BANK, state=BatchState.SENT,
                                    sent_at=AT, **three))  # fmt: skip
    session.add(batch)
    session.flush()
    plant(session, Payout, batch_id=batch.id, place=base.PLACE, statement_id=statement.id, party_id=world.operator.id,
          destination=PayeeKind.OWN_ACCOUNT, account_id=account.id, netted=Money(0), state=PayoutState.UNKNOWN,
          sent_at=AT)  # fmt: skip


def plant_break(session: Session, world: make.World) -> None:
    """The sides disagree about a payment, and nobody has looked at it."""
    plant(session, Break, place=base.PLACE, since=DAY, state=BreakState.OPEN)


Plant = Callable[[Session, make.World], None]
BEFORE: dict[Blocker, Plant] = {
    Blocker.PAYMENT_UNKNOWN: plant_attempt,
    Blocker.REFUND_IN_PROGRESS: plant_refund,
    Blocker.PROVIDER_EVENT_WAITING: plant_event,
    Blocker.BANK_LINE_WAITING: plant_line,
    Blocker.CALL_UNKNOWN: plant_call,
    Blocker.INVOICE_WAITING: plant_invoice,
    Blocker.CONTROL_NOT_CLEAR: plant_unapplied,
    Blocker.PROVIDER_NOT_CLEAR: plant_held,
    Blocker.BOOKS_WRONG: plant_overdraft,
    Blocker.BREAK_OPEN: plant_break,
}
AFTER: dict[Blocker, Plant] = {
    Blocker.FACTS_UNBOOKED: plant_unbooked,
    Blocker.STATEMENT_MISSING: lose_statement,
    Blocker.SETTLEMENT_DOES_NOT_TIE: move_share,
    Blocker.PAYOUT_UNKNOWN: plant_payout,
}
NOT_DONE = {Blocker.PERIOD_NOT_OVER, Blocker.EARLIER_PERIOD_OPEN, Blocker.SETTLEMENT_NOT_SEALED, Blocker.AUDIT_UNSEALED}


def test_every_blocker_is_tried() -> None:
    assert {*BEFORE, *AFTER, *NOT_DONE} == set(Blocker)
    assert len(BEFORE) + len(AFTER) + len(NOT_DONE) == len(Blocker)


@pytest.mark.breaks_the_books
@pytest.mark.parametrize("blocker", [*BEFORE, *AFTER])
def test_what_is_planted_keeps_the_month_open(session: Session, blocker: Blocker) -> None:
    world = july_closed(session)
    if blocker in BEFORE:
        BEFORE[blocker](session, world)
    make.settle(session)
    if blocker in AFTER:
        AFTER[blocker](session, world)
    seal_audit(session)
    assert blocked(session, AUGUST) >= {blocker}


def test_what_the_provider_holds_too_long_is_named_charge_by_charge_from_its_due_day_on(session: Session) -> None:
    plant_held(session, make.make_world(session))  # received on Monday, 10 August
    asked = [checks.Asked(base.PLACE, AUGUST, NOW.replace(month=8, day=day), CALENDAR) for day in (11, 12)]
    on_time, late = (checks.provider_not_clear(session, one) for one in asked)
    assert (on_time.count, late.count) == (0, 1)
    order = session.scalars(sa.select(Order.number).where(Order.id == payment_of(session).order_id)).one()
    assert late.detail.startswith(f"订单 {order} 收款 pi_held 自 {DAY} 5.00 元")


def blocked(session: Session, period: Period, *, now: datetime = NOW) -> set[Blocker]:
    """Try to close; return what stood in the way."""
    start(session, period, now=now)
    with pytest.raises(NotReady) as refused:
        close(session, period, now=now)
    assert session.scalars(sa.select(Closing.state).where(Closing.period_start == period.start)).one() == "closing"
    return {Blocker(error["code"]) for error in refused.value.errors}


def test_what_is_not_done_keeps_the_month_open(session: Session) -> None:
    make.make_world(session)
    intake.take_in_payments(session, make.preparer(), now=NOW, place=base.PLACE)
    found = blocked(session, AUGUST, now=datetime(2026, 8, 20, tzinfo=UTC))
    assert found == NOT_DONE
