"""Receipts on the database: both count, both sign, only the difference is in dispute."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.identity import Role
from market.orders import queries as orders
from market.receipts import commands, queries
from market.receipts.rules import AnotherDocument, ReceiptState, Side, SignedAlready, Standing, WrongState
from tests.make import market as make
from tests.make import receipts as counting
from tests.make import registry_base as base
from tests.make.invoices import sides


@pytest.fixture
def held(session):
    return make.make_entitlement(session, quantity=20_000)


@pytest.mark.both_databases
def test_different_counts_put_exactly_the_difference_in_dispute(session, held):
    purchaser, seller = sides(session, orders.get(session, held.order_id))
    receipt = counting.count(session, held, provider=10_000)
    assert queries.waiting(session, purchaser) == [receipt]
    assert queries.waiting(session, seller) == []
    with pytest.raises(WrongState):
        commands.sign(session, seller, receipt.id, sha256="0" * 64, now=counting.AFTER)
    counting.count(session, held, buyer=9_980)
    first = receipt.sha256
    commands.sign(session, seller, receipt.id, sha256=first, now=counting.AFTER)
    with pytest.raises(SignedAlready):
        commands.sign(session, seller, receipt.id, sha256=first, now=counting.AFTER)
    counting.count(session, held, buyer=9_990)
    assert receipt.state is ReceiptState.COUNTED
    with pytest.raises(AnotherDocument):
        commands.sign(session, purchaser, receipt.id, sha256=first, now=counting.AFTER)
    assert queries.waiting(session, seller) == queries.waiting(session, purchaser) == [receipt]
    assert queries.stands(session, held.id, counting.MONTH.start) is None
    counting.sign(session, receipt)
    assert receipt.state is ReceiptState.DISPUTED
    assert queries.stands(session, held.id, counting.MONTH.start) == Standing(9_990, 10)
    assert queries.in_dispute(session, [held.order_id]) == [receipt]
    assert set(queries.signatures(session, receipt)) == set(Side)
    assert [one.units for one in queries.counts(session, receipt.id)] == [10_000, 9_980, 9_990]
    with pytest.raises(WrongState):
        counting.count(session, held, buyer=10_000)
    commands.resolve(session, base.supervisor(), receipt.id, units=9_995, now=counting.AFTER)
    assert queries.stands(session, held.id, counting.MONTH.start) == Standing(9_995, 0)
    session.flush()
    for words in ("UPDATE market_delivery_receipt SET buyer_count = 1", "DELETE FROM market_receipt_count",
                  "UPDATE market_receipt_signature SET sha256 = sha256"):  # fmt: skip
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(sa.text(words))


def test_equal_counts_are_agreed_and_strangers_neither_count_nor_read(session, held):
    receipt = counting.sign(session, counting.count(session, held, provider=7, buyer=7))
    assert receipt.state is ReceiptState.AGREED
    assert queries.stands(session, held.id, counting.MONTH.start) == Standing(7, 0)
    assert queries.in_dispute(session, [held.order_id]) == []
    watcher = base.actor(Role.FINANCE_PREPARER, place=held.place)
    with pytest.raises(commands.NotAParty):
        commands.count(session, watcher, entitlement_number=held.number, month=counting.MONTH, count=1,
                       now=counting.AFTER)  # fmt: skip
    stranger = base.actor(Role.BUYER, org_id=base.make_party(session).id)
    with pytest.raises(queries.NoSuchReceipt):
        queries.visible(session, stranger, receipt.number)
