"""Ten gates, 1,024 combinations: one row sells; search, detail, quote and order say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations as pairs

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import ANONYMOUS
from market.catalogue import queries as catalogue
from market.listings import queries as listings
from market.listings.model import Listing
from market.orders import commands as orders
from market.search.queries import Wanted
from pricing.ceilings.model import Ceiling
from registry.products.model import Product
from tests.make import market as make
from tests.make import pricing as prices
from tests.make.closers import CLOSERS


def lower_cap(session: Session, product: Product) -> None:
    ceiling = session.scalar(sa.select(Ceiling).where(Ceiling.agreement_id == product.agreement_id))
    prices.set_caps(session, ceiling, [prices.cap(product, "0.79999999")], effective_from=business_date(make.SALE),
                    now=make.SALE)  # fmt: skip


def withdraw(session: Session, product: Product) -> None:
    session.execute(sa.update(Listing).where(Listing.product_id == product.id).values(withdrawn_at=make.SALE))


def forget_venue(session: Session, product: Product) -> None:
    session.execute(sa.update(Listing).where(Listing.product_id == product.id).values(venue=None))


# promise B5: standing, training, emergency plan, security review, agreement, compliance review, registration, no halt,
# the data's approval, and the place's own register; price, offer and venue are closed one by one
GATES = (
    "seller_in_order", "operator_trained", "emergency_plan", "operator_reviewed", "agreement_in_force",
    "review_passed", "registration_effective", "no_open_incident", "request_approved", "local_register",
)  # fmt: skip
QUERY = catalogue.search(now=make.SALE, book=make.LAW).with_only_columns(Listing.product_id).order_by(None)
MARKET_CLOSERS: dict[str, Callable[[Session, Product], None]] = {
    "price": lower_cap, "offered": withdraw, "venue": forget_venue,
}  # fmt: skip


@pytest.mark.both_databases
def test_of_all_combinations_of_gates_only_the_row_of_all_open_ones_is_found(session):
    product = make.make_guided_offer(session)
    found = {closed: session.scalar(QUERY) == product.id for closed in closings(session, product, sorted(GATES))}
    assert len(found) == 2 ** len(GATES)
    assert [closed for closed, is_found in found.items() if is_found] == [()]


def closings(session: Session, product: Product, gates: list[str], closed: tuple[str, ...] = ()) -> Iterator[tuple]:
    """Yield which gates are closed, for each combination: what two share that lie side by side is closed once."""
    if not gates:
        yield closed
        return
    first, *others = gates
    yield from closings(session, product, others, closed)
    savepoint = session.begin_nested()
    CLOSERS[first](session, product)
    yield from closings(session, product, others, (*closed, first))
    savepoint.rollback()


@pytest.mark.both_databases
def test_search_detail_quote_and_order_say_the_same_with_every_pair_of_gates_closed(session):
    product = make.make_guided_offer(session)
    buyer = make.buyer_of(session)
    quote = make.make_quote(session, product, buyer)
    wrong = []
    for closed in [(), *((name,) for name in GATES), *pairs(GATES, 2)]:
        savepoint = session.begin_nested()
        for name in closed:
            CLOSERS[name](session, product)
        session.expire_all()
        entrances = [enter(session, product, buyer, quote) for enter in (search, detail, ask, order)]
        if entrances != [not closed] * 4:
            wrong.append((closed, entrances))
        savepoint.rollback()
    assert wrong == []


@pytest.mark.parametrize("name", [*GATES, *MARKET_CLOSERS])
def test_each_closed_gate_is_named_in_words_and_closes_all_entrances(session, name):
    product = make.make_guided_offer(session)
    buyer = make.buyer_of(session)
    quote = make.make_quote(session, product, buyer)
    {**CLOSERS, **MARKET_CLOSERS}[name](session, product)
    session.expire_all()
    gates = listings.listing_gates(session, product, now=make.SALE, book=make.LAW)
    assert [gate.code for gate in gates if not gate.open] == [name]
    assert [enter(session, product, buyer, quote) for enter in (search, detail, ask, order)] == [False] * 4


def search(session: Session, product: Product, _buyer, _quote) -> bool:
    every = session.scalars(catalogue.search(now=make.SALE, book=make.LAW)).all()
    found = catalogue.find(session, Wanted(q="核验企业"), now=make.SALE, book=make.LAW, limit=9).entries
    assert [one.listing for one in found] == every
    return [listing.product_id for listing in every] == [product.id]


def detail(session: Session, product: Product, _buyer, _quote) -> bool:
    try:
        return catalogue.offer(session, ANONYMOUS, product.code, now=make.SALE, book=make.LAW).is_open
    except listings.NoSuchListing:
        return False


def ask(session: Session, product: Product, buyer, _quote) -> bool:
    try:
        return make.make_quote(session, product, buyer).amount.text() == "800.00"
    except listings.NotListed:
        return False


def order(session: Session, _product: Product, buyer, quote) -> bool:
    try:
        return orders.place(session, buyer, quote_number=quote.number, client_reference="PO-1", now=make.SALE,
                            book=make.LAW).amount.text() == "800.00"  # fmt: skip
    except listings.NotListed:
        return False


def is_listed(session: Session, product: Product, now: datetime) -> bool:
    by_gates = all(gate.open for gate in listings.listing_gates(session, product, now=now, book=make.LAW))
    by_search = product.id in {one.product_id for one in session.scalars(catalogue.search(now=now, book=make.LAW))}
    assert by_gates is by_search
    return by_gates


@pytest.mark.both_databases
def test_time_alone_closes_and_opens_the_sale_at_midnight_in_beijing(session):
    product = make.make_offer(session)
    second = timedelta(seconds=1)
    priced_from = datetime(2026, 7, 19, 16, 0, tzinfo=UTC)  # the price is in force from 2026-07-20 in Beijing
    agreement_end = datetime(2028, 6, 30, 16, 0, tzinfo=UTC)  # 2028-07-01 is the first day not covered
    assert not is_listed(session, product, priced_from - second)
    assert is_listed(session, product, priced_from)
    assert is_listed(session, product, agreement_end - second)
    assert not is_listed(session, product, agreement_end)
