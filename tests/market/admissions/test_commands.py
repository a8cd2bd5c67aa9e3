"""An order written at once and an order written step by step are the same order, whatever gate is open or closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations as pairs
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.audit import AuditLine
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.identity import Actor
from kernel.numbering import NumberSeries
from market.admissions import queries
from market.contracts import commands
from market.contracts.model import Contract
from market.listings.model import Listing
from market.orders.model import Quote
from pricing.ceilings.model import Ceiling
from pricing.exemptions.rules import Purpose
from registry.parties.model import Party, PartyCapacity
from registry.parties.rules import Capacity, Standing
from registry.products.model import Product
from tests.make import market as make
from tests.make import pricing as prices
from tests.make.closers import CLOSERS


def suspend_buyer(session: Session, _product: Product) -> None:
    """The buyer may not act; there is one."""
    held = sa.select(PartyCapacity.party_id).where(PartyCapacity.capacity == Capacity.BUYER)
    session.execute(sa.update(Party).where(Party.id.in_(held)).values(standing=Standing.SUSPENDED))


# promise B5 asks ten things of the product (an operator's own rests on no service agreement, Xinchang demands no egress
# check), and one of the buyer
RESTS_ON = [name for name in CLOSERS if name not in ("service_agreement", "egress_passed")]
CLOSING = {**{name: CLOSERS[name] for name in RESTS_ON}, "buyer_in_order": suspend_buyer}
ITSELF = ("id", "order_id", "object_id")  # made anew for every row


def outcome(session: Session, buyer: Actor, quote: Quote, now: datetime) -> tuple[Any, ...]:
    """Place the order, tell everything that was written or refused, and take it back."""
    savepoint = session.begin_nested()
    try:
        order = commands.place_order(session, buyer, quote_number=quote.number, client_reference="PO-1", now=now,
                                     book=make.LAW)  # fmt: skip
        session.flush()
        of_it = sa.select(AuditLine).where(AuditLine.action.in_(("order.place", "contract.draft")))
        lines = session.scalars(of_it.order_by(AuditLine.id)).all()
        contract = session.scalars(sa.select(Contract).where(Contract.order_id == order.id)).one()
        series = session.execute(sa.select(NumberSeries.series, NumberSeries.last_number).order_by(NumberSeries.series))
        assert {one.object_id for one in lines} == {str(order.id), str(contract.id)}
        return ("placed", *(_columns(one) for one in (order, contract, *lines)), *map(tuple, series))
    except DomainError as refusal:
        return ("refused", type(refusal), refusal.code, refusal.detail, refusal.detail_en, refusal.errors, refusal.rule)
    finally:
        savepoint.rollback()
        session.expire_all()


def _columns(row: Any) -> dict[str, Any]:
    return {
        column.key: getattr(row, column.key) for column in sa.inspect(type(row)).columns if column.key not in ITSELF
    }


@pytest.fixture
def both_ways(session: Session, monkeypatch: pytest.MonkeyPatch):
    """Place the same order at once, where everything is open, and step by step; return what both came to, and how."""

    def compare(buyer: Actor, quote: Quote, now: datetime = make.SALE) -> tuple[bool, bool]:
        admitted = queries.admitted(session, buyer, quote_number=quote.number, client_reference="PO-1", now=now,
                                    book=make.LAW) is not None  # fmt: skip
        at_once = outcome(session, buyer, quote, now)
        with monkeypatch.context() as patched:
            patched.setattr(commands.admissions, "admitted", lambda *_args, **_named: None)
            in_turn = outcome(session, buyer, quote, now)
        assert at_once == in_turn
        return admitted, in_turn[0] == "placed"

    return compare


@pytest.mark.both_databases
def test_a_charged_order_is_written_the_same_at_once_and_step_by_step(session, both_ways):
    buyer = make.buyer_of(session)
    assert both_ways(buyer, make.make_quote(session, make.make_guided_offer(session), buyer)) == (True, True)
    assert both_ways(buyer, make.make_quote(session, make.make_offer(session), buyer)) == (True, True)


def test_a_person_whose_role_names_a_place_orders_at_once_too(session, both_ways):
    """As accounts have it; in the tests of commands roles mostly name none."""
    buyer, product = make.buyer_of(session), make.make_offer(session)
    placed = replace(buyer, grants=tuple(replace(grant, place=product.place) for grant in buyer.grants))
    assert both_ways(placed, make.make_quote(session, product, buyer)) == (True, True)


@pytest.mark.both_databases
def test_a_free_order_is_written_the_same_until_its_exemption_is_used_up(session, both_ways):
    product, bureau = make.make_offer(session), prices.make_buyer(session)
    exemption = prices.make_exemption(session, product, bureau, quota=100)
    buyer = make.buyer_of(session, bureau)
    first, second = (
        make.make_quote(session, product, buyer, purpose=Purpose.PUBLIC_WELFARE, quantity=60) for _ in range(2)
    )
    assert both_ways(buyer, first) == (True, True)
    commands.place_order(session, buyer, quote_number=first.number, client_reference="PO-0", now=make.SALE,
                         book=make.LAW)  # fmt: skip
    assert both_ways(buyer, second) == (False, False)
    over = datetime.combine(exemption.valid_until, datetime.min.time(), UTC) + timedelta(hours=16)
    assert both_ways(buyer, second, over) == (False, False)


@pytest.mark.both_databases
def test_both_ways_agree_with_no_gate_one_or_any_two_closed(session, both_ways):
    product, buyer = make.make_guided_offer(session), make.buyer_of(session)
    quote = make.make_quote(session, product, buyer)
    for closed in [(), *((name,) for name in CLOSING), *pairs(CLOSING, 2)]:
        savepoint = session.begin_nested()
        for name in closed:
            CLOSING[name](session, product)
        session.expire_all()
        assert both_ways(buyer, quote) == (not closed, not closed), closed
        savepoint.rollback()
        session.expire_all()


def test_of_all_combinations_of_eleven_gates_only_the_open_one_is_admitted(session):
    product, buyer = make.make_guided_offer(session), make.buyer_of(session)
    quote = make.make_quote(session, product, buyer)
    admitted: list[set[str]] = []

    def walk(names: list[str], closed: set[str]) -> None:
        if not names:
            found = queries.admitted(session, buyer, quote_number=quote.number, client_reference="PO-1",
                                     now=make.SALE, book=make.LAW)  # fmt: skip
            if found is not None:
                admitted.append(closed)
            return
        walk(names[1:], closed)
        savepoint = session.begin_nested()
        CLOSING[names[0]](session, product)
        walk(names[1:], closed | {names[0]})
        savepoint.rollback()

    walk(list(CLOSING), set())
    assert admitted == [set()]


def _withdraw(session: Session, quote: Quote) -> None:
    offer = sa.update(Listing).where(Listing.product_id == quote.product_id)
    session.execute(offer.values(withdrawn_at=make.SALE))


def _forget_venue(session: Session, quote: Quote) -> None:
    session.execute(sa.update(Listing).where(Listing.product_id == quote.product_id).values(venue=None))


def _lower_cap(session: Session, quote: Quote) -> None:
    product = session.get_one(Product, quote.product_id)
    ceiling = session.scalars(sa.select(Ceiling)).one()
    prices.set_caps(session, ceiling, [prices.cap(product, "0.79")], effective_from=business_date(make.SALE),
                    now=make.SALE)  # fmt: skip


def _order_before(session: Session, quote: Quote) -> None:
    buyer = make.buyer_of(session, session.get_one(Party, quote.buyer_id))
    commands.place_order(session, buyer, quote_number=quote.number, client_reference="PO-0", now=make.SALE,
                         book=make.LAW)  # fmt: skip


def _use_reference(session: Session, quote: Quote) -> None:
    buyer = make.buyer_of(session, session.get_one(Party, quote.buyer_id))
    other = make.make_quote(session, session.get_one(Product, quote.product_id), buyer)
    commands.place_order(session, buyer, quote_number=other.number, client_reference="PO-1", now=make.SALE,
                         book=make.LAW)  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize("close", [_withdraw, _forget_venue, _lower_cap, _order_before, _use_reference])
def test_whatever_else_closes_a_quote_is_refused_in_the_same_words_both_ways(session, both_ways, close):
    buyer = make.buyer_of(session)
    quote = make.make_quote(session, make.make_guided_offer(session), buyer)
    close(session, quote)
    session.expire_all()
    assert both_ways(buyer, quote) == (False, False)


@pytest.mark.both_databases
def test_both_ways_agree_to_the_second_when_time_alone_closes(session, both_ways):
    buyer, second = make.buyer_of(session), timedelta(seconds=1)
    product = make.make_offer(session)
    quote = make.make_quote(session, product, buyer)
    assert both_ways(buyer, quote, quote.valid_until) == (True, True)
    assert both_ways(buyer, quote, quote.valid_until + second) == (False, False)
    agreement_end = datetime(2028, 6, 30, 16, 0, tzinfo=UTC)  # 2028-07-01 in Beijing is the first day not covered
    late = make.make_quote(session, product, buyer, now=agreement_end - timedelta(days=1))
    assert both_ways(buyer, late, agreement_end - second) == (True, True)
    assert both_ways(buyer, late, agreement_end) == (False, False)
