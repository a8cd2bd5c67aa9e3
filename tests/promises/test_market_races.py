"""Many hands at the same money in the same moment: one effect, refusals for the rest, and books that agree (D1–D4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.db import Database, write_transaction
from kernel.errors import DomainError
from kernel.identity import Role
from kernel.money import ZERO, Money, total
from market.approvals import commands as approvals
from market.approvals.model import OrderApproval
from market.approvals.rules import ApprovalAct, RuleAct
from market.bank_lines import commands as bank_lines
from market.bank_lines import queries as lines
from market.bank_lines.model import BankLine
from market.buyer_accounts import commands as accounts
from market.buyer_accounts import queries as purses
from market.disputes import commands as disputes
from market.disputes.model import Dispute
from market.disputes.rules import Track
from market.entitlements.model import Entitlement
from market.invoices import commands as invoicing
from market.invoices.model import Invoice
from market.orders import queries as orders
from market.payments import commands as payments
from market.payments.model import Payment
from market.payments.rules import Answer, Outcome, PaymentMethod
from market.receipts import commands as receipt_commands
from market.receipts.model import DeliveryReceipt, ReceiptSignature
from market.refunds import commands as refunds
from market.refunds.model import Refund
from market.refunds.rules import RefundAct, RefundState
from market.webhooks import commands as webhooks
from market.webhooks.model import Endpoint
from registry.parties.model import Party
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import trial_balance
from tests.make import invoices, paying, receipts
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make.clients import as_program, key
from tests.rig import sizes
from web.checker import verify

HANDS = 8
WAYS_ROUNDS = 3
ROUNDS = sizes.of("D4")
KEYS, KEY_ROUNDS = 50, sizes.of("D2")
NOW = make.SALE
Act = Callable[[Session], Any]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The database of this test, for several sessions at once; the independent checker has the last word."""
    opened = Database(database_url)
    yield opened
    with opened.new_session() as session, write_transaction(session):
        take_in_payments(session, make.finance(), now=receipts.AFTER)
    with opened.new_session() as session:
        assert total(amount for _, amount in trial_balance(session, place=base.PLACE)) == ZERO
        assert [line for line in verify(session.connection()) if "封存" not in line] == []
    opened.engine.dispose()


def prepared(database: Database, prepare: Act) -> Any:
    with database.new_session() as session, write_transaction(session):
        return prepare(session)


def at_once(database: Database, *acts: Act) -> list[Any]:
    """Run each act in its own transaction, all in the same moment; return results and whatever was raised."""
    barrier, found = Barrier(len(acts)), list[Any]([None] * len(acts))

    def run(place: int) -> None:
        with database.new_session() as session:
            barrier.wait()
            try:
                with write_transaction(session):
                    found[place] = acts[place](session)
            except Exception as error:
                found[place] = error

    threads = [Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one for one in found if isinstance(one, Exception) and not isinstance(one, DomainError)] == []
    return found


def ended(found: list[Any]) -> Counter[str]:
    """Return how often each outcome came."""
    return Counter(one.code if isinstance(one, DomainError) else "done" for one in found)


@pytest.mark.both_databases
def test_one_order_paid_in_four_ways_at_once_is_paid_once(database: Database) -> None:
    def prepare(session: Session) -> tuple[list[Payment], UUID]:
        due = paying.make_due(session, WAYS_ROUNDS)
        account = paying.make_account(session, due[0], balance="9000.00", credit="9000.00")
        return due, account.id

    due, account_id = prepared(database, prepare)
    for round_number, one in enumerate(due):
        buyer = paying.buyer(one)

        def begun(session: Session, one: Payment = one, buyer: Any = buyer) -> UUID:
            return payments.begin(session, buyer, one.id, method=PaymentMethod.STRIPE, return_url="https://x.cn/",
                                  now=NOW).id  # fmt: skip

        attempt_id = prepared(database, begun)
        paid = Outcome(Answer.SUCCEEDED, provider_id=f"cs_{round_number}", intent_id=f"pi_{round_number}",
                       amount=one.amount, at=NOW)  # fmt: skip

        def ways(one: Payment = one, buyer: Any = buyer, attempt_id: UUID = attempt_id, paid: Outcome = paid,
                 line: str = f"ICBC-{round_number}") -> list[Act]:  # fmt: skip
            return [
                lambda session: accounts.pay_from_balance(session, buyer, one.id, now=NOW, book=make.LAW),
                lambda session: accounts.pay_on_account(session, buyer, one.id, now=NOW, book=make.LAW),
                lambda session: payments.note(session, paying.follower(), attempt_id, paid, now=NOW, book=make.LAW),
                lambda session: payments.record_bank_line(
                    session, make.finance(), bank_line=line, reference=one.reference, amount=one.amount,
                    payer_name="某人", captured_at=NOW, now=NOW, book=make.LAW),
            ]  # fmt: skip

        at_once(database, *ways(), *ways())
        with database.new_session() as session:
            assert session.scalar(sa.select(sa.func.count()).where(Entitlement.order_id == one.order_id)) == 1
    with database.new_session() as session:
        by_way = Counter(one.method for one in session.scalars(sa.select(Payment)))
        spent = Money.yuan("800.00")
        assert purses.balance(session, account_id) == Money.yuan("9000.00") - spent.times(by_way[PaymentMethod.BALANCE])
        assert purses.owed(session, account_id) == spent.times(by_way[PaymentMethod.MONTHLY_ACCOUNT])


@pytest.mark.soak
@pytest.mark.both_databases
def test_d4_twenty_refunds_at_once_of_three_times_what_came_never_exceed_it(database: Database) -> None:
    def prepare(session: Session) -> list[Payment]:
        due = paying.make_due(session, ROUNDS)
        return [make.pay(session, orders.get(session, one.order_id)) for one in due]

    for payment in prepared(database, prepare):

        def act(turn: int, payment: Payment = payment) -> Act:
            return lambda session: paying.ask_back(session, payment, f"{110 + turn}.00", reference=f"R-{turn}")

        found = at_once(database, *(act(turn) for turn in range(20)))
        assert set(ended(found)) == {"done", "refund.more_than_paid"}
        asked = [one for one in found if isinstance(one, Refund)]
        assert total(one.amount for one in asked) <= payment.amount
        approving = [
            lambda session, one=one: refunds.decide(session, paying.checker(), one.id, act=RefundAct.APPROVE,
                                                    reason="属实", now=NOW)
            for one in asked * 2
        ]  # fmt: skip
        assert ended(at_once(database, *approving)) == {"done": len(asked), "refund.wrong_state": len(asked)}


@pytest.mark.both_databases
def test_a_refund_to_an_account_that_eight_people_approve_comes_back_once(database: Database) -> None:
    def prepare(session: Session) -> tuple[UUID, UUID]:
        (due,) = paying.make_due(session)
        account = paying.make_account(session, due, balance="800.00")
        accounts.pay_from_balance(session, paying.buyer(due), due.id, now=NOW, book=make.LAW)
        return paying.ask_back(session, due, "300.00").id, account.id

    refund_id, account_id = prepared(database, prepare)
    found = at_once(database, *[lambda session: refunds.decide(
        session, paying.checker(), refund_id, act=RefundAct.APPROVE, reason="属实", now=NOW)] * HANDS)  # fmt: skip
    assert ended(found) == {"done": 1, "refund.wrong_state": HANDS - 1}
    with database.new_session() as session:
        assert purses.balance(session, account_id) == Money.yuan("300.00")
        assert session.get_one(Refund, refund_id).state is RefundState.DONE


@pytest.mark.both_databases
def test_one_line_of_the_bank_claimed_for_eight_orders_pays_one_while_a_statement_comes_in(database: Database) -> None:
    def prepare(session: Session) -> tuple[list[Payment], UUID]:
        due = paying.make_due(session, HANDS)
        return due, paying.enter(session, "LOOSE", "800.00", "货款", "某人").id

    due, line_id = prepared(database, prepare)

    def claim(one: Payment) -> Act:
        shares = [{"reference": one.reference, "amount": one.amount}]

        def act(session: Session) -> BankLine:
            lines.in_hand(session, make.finance(), line_id)  # as the route does
            return bank_lines.assign(session, make.finance(), line_id, shares=shares, note="x", now=NOW, book=make.LAW)

        return act

    statement = "流水号,交易时间,金额,对方户名,附言\nNEW,2026-07-20 09:00:00,1.00,某人,无\n".encode()
    coming = [
        lambda session: bank_lines.import_file(
            session, make.finance(), place=base.PLACE, file_name="a.csv", content=statement, now=NOW, book=make.LAW
        )
    ] * 2
    found = at_once(database, *(claim(one) for one in due), *coming)  # fmt: skip
    assert ended(found) == {"done": 3, "bank_line.wrong_state": HANDS - 1}
    with database.new_session() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Payment.captured_at.is_not(None))) == 1
        assert session.scalar(sa.select(sa.func.count()).where(BankLine.serial == "NEW")) == 1


@pytest.mark.both_databases
def test_an_invoice_asked_for_eight_times_at_once_is_one_and_numbers_have_no_gap(database: Database) -> None:
    def prepare(session: Session) -> tuple[Any, Any]:
        held = make.make_entitlement(session)
        other = make.make_entitlement(session)
        order, another = (orders.get(session, one.order_id) for one in (held, other))
        for one in (order, another):
            invoices.state(session, invoices.sides(session, one)[1], now=NOW)
        return order, another

    order, another = prepared(database, prepare)
    found = at_once(database, *[lambda session: invoices.ask(session, order)] * HANDS,
                    *[lambda session: invoices.ask(session, another)] * 2)  # fmt: skip
    assert ended(found) == {"done": 2, "invoice.invoiced_already": HANDS}
    with database.new_session() as session:
        assert sorted(session.scalars(sa.select(Invoice.number))) == ["INV-2026-000001", "INV-2026-000002"]
        blue = session.scalars(sa.select(Invoice)).first()
        assert blue is not None
    issued = prepared(database, lambda session: invoices.issue(session, session.get_one(Invoice, blue.id)))
    red = [lambda session: red_letter(session, issued)] * HANDS
    assert ended(at_once(database, *red)) == {"done": 2, "invoice.more_than_the_original": HANDS - 2}


def red_letter(session: Session, issued: Invoice) -> Invoice:
    """Take 300.00 of 800.00 back."""
    buyer = base.actor(Role.BUYER, org_id=issued.buyer_id)
    return invoicing.take_back(session, buyer, issued.id, amount=Money.yuan("300.00"), reason="x", now=NOW)


@pytest.mark.both_databases
def test_a_receipt_is_never_signed_for_a_count_that_its_signer_has_not_read(database: Database) -> None:
    def prepare(session: Session) -> tuple[Entitlement, DeliveryReceipt]:
        held = make.make_entitlement(session)
        return held, receipts.count(session, held, provider=900, buyer=800)

    held, receipt = prepared(database, prepare)
    with database.new_session() as session:
        buyer, seller = invoices.sides(session, orders.get(session, receipt.order_id))

    def sign(session: Session) -> DeliveryReceipt:
        return receipt_commands.sign(session, buyer, receipt.id, sha256=str(receipt.sha256), now=receipts.AFTER)

    def recount(units: int) -> Act:
        return lambda session: receipt_commands.count(
            session, seller, entitlement_number=held.number, month=receipts.MONTH, count=units, now=receipts.AFTER
        )

    found = at_once(database, sign, recount(801), sign, recount(802), sign, recount(803), sign, recount(804))
    assert ended(found[1::2]) == {"done": 4}
    assert ended(found[::2])["done"] <= 1
    with database.new_session() as session:
        now = session.get_one(DeliveryReceipt, receipt.id)
        signed = session.scalars(sa.select(ReceiptSignature.sha256)).all()
        assert set(signed) <= {receipt.sha256}
        assert now.sha256 != receipt.sha256
        assert now.state == "counted"  # what was signed is not what stands


@pytest.mark.both_databases
def test_a_difference_is_disputed_once_and_ten_endpoints_are_ten(database: Database) -> None:
    def prepare(session: Session) -> tuple[Any, DeliveryReceipt]:
        receipt = receipts.make_disputed(session)
        return invoices.sides(session, orders.get(session, receipt.order_id))[0], receipt

    buyer, receipt = prepared(database, prepare)

    def file(session: Session) -> Dispute:
        return disputes.file_dispute(
            session, buyer, track=Track.BUYER, words="多计", contact="1", receipt_number=receipt.number,
            now=receipts.AFTER, book=make.LAW, calendar=registry.calendar())  # fmt: skip

    assert ended(at_once(database, *[file] * HANDS)) == {"done": 1, "dispute.line_unfit": HANDS - 1}

    def register(session: Session) -> Endpoint:
        return webhooks.register(session, buyer, url="https://hooks.huiyi-buyer.cn/in", known=(), admitted=(),
                                 key=b"a key of thirty-two bytes, or so", now=receipts.AFTER)  # fmt: skip

    assert ended(at_once(database, *[register] * 12)) == {"done": 10, "webhook.too_many_endpoints": 2}


@pytest.mark.both_databases
def test_one_order_is_approved_or_refused_once_and_never_by_whoever_placed_it(database: Database) -> None:
    def prepare(session: Session) -> tuple[Any, list[Any], str]:
        product, party = make.make_offer(session), prices.make_buyer(session)
        first, *others = (make.buyer_of(session, party) for _ in range(3))
        rule = approvals.propose_rule(session, first, is_on=True, above=Money.yuan("1.00"), reason="内控", now=NOW)
        approvals.decide_rule(session, others[0], rule.id, act=RuleAct.CONFIRM, now=NOW)
        later = NOW.replace(minute=1)
        return first, others, make.make_order(session, product, first, now=later).number

    first, others, number = prepared(database, prepare)
    later = NOW.replace(minute=2)

    def decide(who: Any, act: ApprovalAct) -> Act:
        return lambda session: approvals.decide(session, who, number, act=act, reason="x", now=later, book=make.LAW)

    acts = [decide(who, act) for who in others for act in ApprovalAct] * 2
    found = at_once(database, *acts, decide(first, ApprovalAct.APPROVE))
    assert ended(found)["done"] == 1
    assert isinstance(found[-1], DomainError)
    with database.new_session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(OrderApproval)) == 1


def sent_by_many(app: Flask, sent: dict[str, Any], headers: dict[str, str]) -> list[Any]:
    """Send one request with one key fifty times at once: every answer is the same."""
    found, barrier = list[Any](), Barrier(KEYS)

    def post() -> None:
        barrier.wait()
        found.append(app.test_client().post("/api/v1/refunds", json=sent, headers=headers))

    hands = [Thread(target=post) for _ in range(KEYS)]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    assert {(answer.status_code, answer.json["id"]) for answer in found} == {(201, found[0].json["id"])}
    assert len(found) == KEYS
    return found


@pytest.mark.soak
@pytest.mark.both_databases
def test_d2_d3_one_key_fifty_times_is_one_refund_and_with_anything_changed_it_is_refused(app: Flask) -> None:
    with clock.set_to(NOW), app.app_context(), db.transaction() as session:
        due = paying.make_due(session, 2)
        paid, other = (make.pay(session, orders.get(session, one.order_id)) for one in due)
        party, stranger = session.get_one(Party, paid.buyer_id), prices.make_buyer(session)
    who, second = (key(as_program(app, Role.BUYER, party=party)) for _ in range(2))
    sent = {"payment_id": str(paid.id), "amount": "1.00", "reason": "x", "client_reference": "R-1"}
    for turn in range(1, KEY_ROUNDS):
        once_more = {**who, "Idempotency-Key": f"round-{turn:016d}"}
        sent_by_many(app, {**sent, "client_reference": f"R-{turn + 2}"}, once_more)
    found = sent_by_many(app, sent, who)
    client = app.test_client()
    changed = {"payment_id": str(other.id), "amount": "10.01", "reason": "y", "client_reference": "R-2"}
    again = [client.post("/api/v1/refunds", json={**sent, name: value}, headers=who) for name, value in changed.items()]
    same_key = {"Idempotency-Key": who["Idempotency-Key"]}
    again.append(client.post("/api/v1/refunds", json=sent, headers={**second, **same_key}))
    assert {(answer.status_code, answer.get_json()["code"]) for answer in again} == {(422, "idempotency.key_reused")}
    foreign = client.post(
        "/api/v1/refunds", json=sent, headers={**as_program(app, Role.BUYER, party=stranger), **same_key}
    )
    assert foreign.status_code == 404
    assert found[0].json["number"] not in foreign.text
    elsewhere = client.post("/api/v1/disputes", json={"track": "buyer", "words": "x", "contact": "1"}, headers=who)
    assert elsewhere.status_code == 422
    with app.app_context():
        assert db.session().scalar(sa.select(sa.func.count()).select_from(Refund)) == KEY_ROUNDS
