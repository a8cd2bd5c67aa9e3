"""A7: with amounts up to 10^15 fen every total is right to the fen, or is refused as too large; none is ever wrong."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from kernel import clock, db
from kernel.identity import Role
from kernel.money import Money, UnitPrice, allocate, total
from market.orders.schemas import QUANTITY_MAX
from settlement.ledger import queries
from tests.make import market
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make.clients import as_program, key
from tests.rig import sizes

LARGEST, MANY, FEW = 10**15, sizes.of("A7"), 9_000  # times the largest, still below 2^63 fen
ENTRY, LINE = "settlement_journal_entry", "settlement_journal_line"
BANK, OWED = f"asset:bank:{base.PLACE}", "liability:unearned:A"
NAMES = {
    "sqlite": "WITH RECURSIVE counted(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM counted"
    " WHERE number < {count}) SELECT lower(hex(randomblob(16))) AS id, number FROM counted",
    "postgresql": "SELECT gen_random_uuid() AS id, number FROM generate_series(1, {count}) AS number",
}


def book_the_largest(app: Flask, count: int) -> None:
    """Book entries of the largest amount, inside the database."""
    with app.app_context(), db.transaction() as session:
        names = NAMES[session.get_bind().dialect.name].format(count=count)
        steps = [f"CREATE TEMP TABLE largest AS {names}"]
        steps += [
            f"INSERT INTO {LINE} (entry_id, position, account, amount) SELECT id, {position}, '{account}', {fen}"
            " FROM largest"
            for position, (account, fen) in enumerate([(BANK, LARGEST), (OWED, -LARGEST)])
        ]
        steps += [
            f"INSERT INTO {ENTRY} (id, place, year, number, cause, cause_id, entry_date, text, booked_at, booked_by)"
            f" SELECT id, '{base.PLACE}', 2026, number, 'payment_captured', CAST(number AS TEXT), '2026-08-31', '大额',"
            " '2026-09-01 00:00:00.000000', '某人' FROM largest",
            "DROP TABLE largest",
        ]
        for step in steps:
            session.execute(sa.text(step))


def answers(app: Flask) -> list[tuple[int, Any]]:
    """What a program is told that asks for sums."""
    headers, client = as_program(app, Role.FINANCE_CHECKER, place=base.PLACE), app.test_client()
    addresses = ("trial-balance", "separate-accounts", "control-accounts")
    asked = [client.get(f"/api/v1/ledger/{one}?place={base.PLACE}", headers=headers) for one in addresses]
    return [(answer.status_code, answer.json) for answer in asked]


@pytest.mark.both_databases
def test_a7_what_fits_into_the_database_is_added_up_to_the_fen(app: Flask) -> None:
    book_the_largest(app, FEW)
    (status, told), (separate, apart), (control, _) = answers(app)
    assert (status, separate, control) == (200, 200, 200)
    right = Money(FEW * LARGEST)
    assert {one["account"]: one["amount"] for one in told["items"]} == {BANK: right.text(), OWED: (-right).text()}
    assert [one["amount"] for one in apart["items"]] == [right.text(), (-right).text()]


@pytest.mark.soak
@pytest.mark.both_databases
@pytest.mark.breaks_the_books  # the auditors add up too, and say on SQLite that it is too much
def test_a7_what_no_longer_fits_is_added_up_right_or_refused(app: Flask, database_kind: str) -> None:
    book_the_largest(app, MANY)
    right = Money(MANY * LARGEST)
    (status, told), (separate, apart), (control, _) = answers(app)
    if database_kind == "postgresql":
        assert (status, separate, control) == (200, 200, 200)
        assert {one["account"]: one["amount"] for one in told["items"]} == {BANK: right.text(), OWED: (-right).text()}
        assert [one["amount"] for one in apart["items"]] == [right.text(), (-right).text()]
        with app.app_context():
            assert queries.balance(db.session(), BANK) == right
        return
    assert [(status, told["code"]), (separate, apart["code"])] == [(422, "money.too_large")] * 2
    assert control == 200


@pytest.mark.both_databases
@pytest.mark.parametrize("price", ["999999999.99999999", "9999999.01"])
def test_a7_a_price_times_any_quantity_is_right_or_refused(app: Flask, price: str) -> None:
    with clock.set_to(market.SALE):
        with app.app_context(), db.transaction() as session:
            product = market.make_offer(session, model={"model": "per_unit", "unit_price": price})
            buyer = prices.make_buyer(session)
        headers, right = as_program(app, Role.BUYER, party=buyer), 0
        for quantity in (1, 999, 10**4, 10**6, QUANTITY_MAX - 1, QUANTITY_MAX):
            asked = {"product_code": product.code, "purpose": "industry_development", "quantity": quantity,
                     "scenario": market.SCENARIO, "term_months": 12}  # fmt: skip
            answer = app.test_client().post("/api/v1/quotes", json=asked, headers=key(headers))
            exact = UnitPrice.yuan(price).times(quantity)
            if answer.status_code == 422:
                assert exact * 100 > LARGEST, answer.json
                continue
            assert answer.status_code == 201, answer.json
            assert abs(Fraction(answer.json["amount"]) - exact) * 200 <= 1
            right += 1
        assert right >= 2


@given(st.lists(st.integers(0, LARGEST), min_size=1, max_size=40), st.integers(1, 10**15))
def test_a7_sums_and_shares_of_the_largest_amounts_lose_nothing(fen: list[int], weight: int) -> None:
    amounts = [Money(one) for one in fen]
    assert total(amounts).fen == sum(fen)
    shares = allocate(total(amounts), {"a": weight, "b": 1, "c": 10**15})
    assert total(shares.values()) == total(amounts)
