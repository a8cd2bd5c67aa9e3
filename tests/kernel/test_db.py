"""The database types and the only committer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import db, numbering
from kernel.db import MomentType, MoneyType, RateType, UnitPriceType
from kernel.money import Money, UnitPrice

AT = datetime(2026, 6, 30, 16, 30, tzinfo=UTC)


@pytest.mark.both_databases
def test_money_rates_and_moments_come_back_exactly_as_they_were_stored(session: Session) -> None:
    money, price, rate = Money(9_007_199_254_740_993_01), UnitPrice.yuan("0.00000001"), Decimal("0.123456789")
    beijing = AT.astimezone(timezone(timedelta(hours=8)))
    for value, kind in ((money, MoneyType()), (price, UnitPriceType()), (rate, RateType()), (beijing, MomentType())):
        read = session.scalar(sa.select(sa.literal(value, kind)))
        assert read == value


def test_a_rate_finer_than_nine_decimals_is_refused_not_rounded() -> None:
    with pytest.raises(ValueError, match="nine decimals"):
        RateType().process_bind_param(Decimal("0.1234567891"), sa.dialects.sqlite.dialect())


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        MomentType().process_bind_param(datetime(2026, 1, 1), sa.dialects.sqlite.dialect())  # noqa: DTZ001 — the fault


def test_sqlite_connections_enforce_foreign_keys_and_full_synchronisation(session: Session) -> None:
    for pragma, value in db.PRAGMAS.items():
        assert session.scalar(sa.text(f"PRAGMA {pragma}")) == value


def test_nesting_a_transaction_is_an_error_and_changes_nothing(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(RuntimeError, match="open already"):
            take_a_number_in_a_nested_transaction()
        assert db.session().scalar(sa.select(sa.func.count()).select_from(numbering.NumberSeries)) == 0


def test_an_object_changed_outside_a_transaction_is_refused(app: Flask) -> None:
    with app.app_context():
        db.session().add(numbering.NumberSeries(series="X", last_number=1))
        with pytest.raises(RuntimeError, match="outside a transaction"), db.transaction():
            pass
        db.session().expunge_all()


def take_a_number_in_a_nested_transaction() -> None:
    with db.transaction() as session:
        numbering.take(session, "TST-2026")
        with db.transaction():
            pass


@pytest.mark.both_databases
def test_the_database_refuses_a_negative_counter(session: Session) -> None:
    with pytest.raises(DBAPIError), db.write_transaction(session):
        session.add(numbering.NumberSeries(series="X", last_number=-1))


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: dict[str, object]) -> None:
    assert db.to_json(value) == db.to_json(dict(reversed(value.items())))
