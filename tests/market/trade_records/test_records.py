"""Every trade has a record with the nine fields of the standard; each side reads and exports its own alone."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest

from kernel import clock, db
from kernel.calendar import add_months
from kernel.identity import Role
from market.trade_records import queries
from market.trade_records.rules import FIELD_TITLES, RecordField
from registry.parties.model import Party
from tests.make import market as make
from tests.make.clients import as_person, as_program

# GB/T 37932-2025, 7.4 b
FIELDS = ["交易唯一标识", "交易时间", "供方", "需方", "交易标的", "交易量", "交易金额", "交付方式", "交易结果"]
ON = date(2026, 7, 20)


def test_the_fields_are_those_of_the_standard_in_its_order():
    assert [FIELD_TITLES[one] for one in RecordField] == FIELDS


@pytest.mark.both_databases
def test_a_trade_lacks_no_field_and_is_kept_for_the_longest_period_after_its_end(session):
    buyer, product = make.make_entitlement, make.make_offer(session)
    held = buyer(session, product)
    trades = session.scalars(queries.orders.listed(make.base.supervisor())).all()
    (one,) = queries.records(session, trades, on=ON, book=make.LAW)
    assert one.missing() == []
    assert (one.amount.text(), one.result, one.quantity, one.delivery) == ("800.00", "已交付", "1000 次", "接口调用")
    assert (one.ends_on, one.kept_until) == (held.valid_until, add_months(held.valid_until, 360))


def test_a_trade_that_has_not_ended_has_no_day_until_which_it_is_kept(session):
    order = make.make_order(session, make.make_offer(session), make.buyer_of(session))
    one = queries.record(session, make.base.supervisor(), order.number, on=ON, book=make.LAW)
    assert (one.missing(), one.ends_on, one.kept_until) == ([], None, None)
    assert one.contract_number.startswith("CON-")


def test_each_side_reads_and_exports_its_own_trades_alone(app):
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            product = make.make_offer(session)
            own, other = (make.make_order(session, product, make.buyer_of(session)) for _ in range(2))
            bank = session.get_one(Party, own.buyer_id)
        client, program = as_person(app, Role.BUYER, party=bank), as_program(app, Role.BUYER, party=bank)
        listed = app.test_client().get("/api/v1/trade-records", headers=program)
        assert [one["identifier"] for one in listed.json["items"]] == [own.number]
        one = app.test_client().get(f"/api/v1/orders/{own.number}/record", headers=program).json
        assert (one["amount"], one["result"]) == ("800.00", "磋商中，合同未签订")
        assert app.test_client().get(f"/api/v1/orders/{other.number}/record", headers=program).status_code == 404
        page = client.get("/trade-records").get_data(as_text=True)
        assert own.number in page
        assert other.number not in page
        assert own.number not in client.get("/trade-records?result=fulfilled").get_data(as_text=True)
        record = client.get(f"/orders/{own.number}/record").get_data(as_text=True)
        assert all(title in record for title in FIELDS)
        for answer in (client.get("/trade-records?download=xlsx&buyer=" + bank.name),
                       app.test_client().get("/api/v1/trade-records/export", headers=program)):  # fmt: skip
            rows = list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.values)
            assert list(rows[0][:9]) == FIELDS
            assert (len(rows), rows[1][0], rows[1][6]) == (2, own.number, 800)
