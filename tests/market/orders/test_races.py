"""Two requests in the same moment: one order, one payment, and never more free units than were approved."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.db import Database, write_transaction
from kernel.errors import DomainError
from market.contracts import commands as contracts
from market.orders.commands import QuoteUsed
from market.orders.model import Order
from market.orders.queries import QuoteClosedByCap
from market.payments import commands as payments
from market.payments import queries as payment_queries
from market.payments.model import Payment
from market.payments.rules import PaymentState
from pricing.ceilings.model import Ceiling
from pricing.exemptions.rules import Purpose
from pricing.tariffs.queries import ExemptionRequired
from tests.make import market as make
from tests.make import pricing as prices

ROUNDS = 5


@pytest.fixture
def database(database_url):
    """The database of this test, for several sessions at once."""
    opened = Database(database_url)
    yield opened
    opened.engine.dispose()


def prepared(database: Database, prepare: Callable[[Session], Any]) -> Any:
    with database.new_session() as session, write_transaction(session):
        return prepare(session)


def together(database: Database, *acts: Callable[[Session], Any]) -> list[Any]:
    """Run each act in its own transaction, all at the same moment; return results and refusals, raise all else."""
    barrier, results, broken = Barrier(len(acts)), [None] * len(acts), []

    def run(index: int) -> None:
        with database.new_session() as session:
            barrier.wait()
            try:
                with write_transaction(session):
                    results[index] = acts[index](session)
            except DomainError as refusal:
                results[index] = refusal
            except BaseException as error:
                broken.append(error)

    threads = [Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]
    return results


def order_number(buyer, quote_number: str, reference: str) -> Callable[[Session], str]:
    return lambda session: (
        contracts.place_order(
            session, buyer, quote_number=quote_number, client_reference=reference, now=make.SALE, book=make.LAW
        ).number
    )


@pytest.mark.both_databases
def test_an_order_sent_twice_in_the_same_moment_is_placed_once(database):
    def prepare(session):
        product, buyer = make.make_offer(session), make.buyer_of(session)
        return buyer, [make.make_quote(session, product, buyer).number for _ in range(ROUNDS)]

    buyer, quotes = prepared(database, prepare)
    for quote in quotes:
        act = order_number(buyer, quote, f"PO-{quote}")
        found = together(database, act, act, act, act)
        assert len(set(found)) == 1, found
    with database.new_session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Order)) == ROUNDS


@pytest.mark.both_databases
def test_one_quote_under_two_references_becomes_one_order(database):
    def prepare(session):
        buyer = make.buyer_of(session)
        return buyer, make.make_quote(session, make.make_offer(session), buyer).number

    buyer, quote = prepared(database, prepare)
    found = together(database, *(order_number(buyer, quote, f"PO-{index}") for index in range(4)))
    assert sum(isinstance(one, str) for one in found) == 1
    assert sum(isinstance(one, QuoteUsed) for one in found) == 3


@pytest.mark.both_databases
def test_two_orders_never_share_the_last_free_units_of_an_exemption(database):
    def prepare(session):
        product, bureau = make.make_offer(session), prices.make_buyer(session)
        prices.make_exemption(session, product, bureau, quota=100)
        buyer = make.buyer_of(session, bureau)
        wanted = {"purpose": Purpose.PUBLIC_WELFARE, "quantity": 60}
        return buyer, [make.make_quote(session, product, buyer, **wanted).number for _ in range(4)]

    buyer, quotes = prepared(database, prepare)
    found = together(database, *(order_number(buyer, quote, quote) for quote in quotes))
    assert sum(isinstance(one, str) for one in found) == 1
    assert sum(isinstance(one, ExemptionRequired) for one in found) == 3


@pytest.mark.postgresql_only
def test_a_cap_cut_while_orders_are_placed_leaves_no_order_above_the_cap_in_force(database):
    """Each act takes a tick while it holds its locks: whoever ticks after the cut stands under the lower cap."""
    kinds, today = [f"kind-{number}" for number in range(ROUNDS)], business_date(make.SALE)

    def prepare(session):
        product, buyer = make.make_guided_offer(session), make.buyer_of(session)
        for kind in kinds:
            prices.make_tariff(session, product, subject_kind=kind, effective_from=today, now=make.SALE)
        quotes = [[make.make_quote(session, product, buyer, subject_kind=kind).number for _ in range(7)]
                  for kind in kinds]  # fmt: skip
        return product, session.scalars(sa.select(Ceiling)).one(), buyer, quotes

    product, ceiling, buyer, quotes = prepared(database, prepare)
    ticks, placed = count(), 0
    for middle, kind in enumerate(kinds, start=1):

        def cut(session, kind=kind):
            lower = prices.cap(product, "0.79", "1", subject_kind=kind)
            prices.set_caps(session, ceiling, [lower], effective_from=today, now=make.SALE)
            return next(ticks)

        orders = [ticking(buyer, quote, ticks) for quote in quotes[middle - 1]]
        results = together(database, *orders[:middle], cut, *orders[middle:])
        at = results.pop(middle)
        assert isinstance(at, int), at
        assert [one for one in results if not isinstance(one, int | QuoteClosedByCap)] == []
        assert [one for one in results if isinstance(one, int) and one > at] == []
        placed += sum(isinstance(one, int) for one in results)
    with database.new_session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Order)) == placed


def ticking(buyer, quote: str, ticks) -> Callable[[Session], int]:
    """Place an order, then take a tick before the transaction ends."""

    def act(session: Session) -> int:
        order_number(buyer, quote, f"PO-{quote}")(session)
        return next(ticks)

    return act


def capture(reference: str, bank_line: str, payment: Payment) -> Callable[[Session], str]:
    return lambda session: payments.record_bank_line(
        session, make.finance(), bank_line=bank_line, reference=reference, amount=payment.amount, payer_name="x",
        captured_at=make.SALE, now=make.SALE, book=make.LAW,
    ).number  # fmt: skip


def concluded(session, count: int) -> list[Payment]:
    product, buyer = make.make_offer(session), make.buyer_of(session)
    orders = [make.make_order(session, product, buyer) for _ in range(count)]
    for order in orders:
        make.sign_both(session, order, buyer)
    return [payment_queries.of_order(session, order.id) for order in orders]


@pytest.mark.both_databases
def test_one_bank_line_pays_one_of_two_orders(database):
    found = prepared(database, lambda session: concluded(session, 2 * ROUNDS))
    for round_number in range(ROUNDS):
        pair = found[2 * round_number : 2 * round_number + 2]
        results = together(database, *(capture(one.reference, f"ICBC-{round_number}", one) for one in pair))
        assert sorted(isinstance(one, str) for one in results) == [False, True]
        assert any(isinstance(one, payments.BankLineUsed) for one in results)
    with database.new_session() as session:
        captured = sa.select(sa.func.count()).where(Payment.state == PaymentState.CAPTURED)
        assert session.scalar(captured) == ROUNDS


@pytest.mark.both_databases
def test_one_order_is_paid_by_one_of_two_bank_lines(database):
    found = prepared(database, lambda session: concluded(session, ROUNDS))
    for payment in found:
        acts = [capture(payment.reference, f"{payment.number}-{index}", payment) for index in range(3)]
        results = together(database, *acts)
        assert sorted(isinstance(one, str) for one in results) == [False, False, True]
