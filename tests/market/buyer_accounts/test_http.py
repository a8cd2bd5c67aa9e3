"""The statement of a month on its page: its buyer and finance read it, nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel import clock, db
from kernel.identity import Role
from market.buyer_accounts import commands, queries
from registry.parties.model import Party
from registry.parties.rules import Capacity
from tests.make import market as make
from tests.make import paying
from tests.make import registry_base as base
from tests.make.clients import as_person

AUGUST = make.SALE + timedelta(days=14)


@pytest.mark.both_databases
def test_a_buyer_and_finance_read_the_statement_of_a_month_and_a_stranger_does_not(app):
    with clock.set_to(AUGUST), app.app_context(), db.transaction() as session:
        (due,) = paying.make_due(session)
        account = paying.make_account(session, due, credit="1000.00")
        commands.pay_on_account(session, paying.buyer(due), due.id, now=make.SALE, book=make.LAW)
        commands.issue_statements(session, make.finance(), month="2026-07", now=AUGUST)
        ((statement, _left),) = queries.statements(session, account.id)
        party = session.get_one(Party, due.buyer_id)
        stranger = base.make_party(session, Capacity.BUYER)
    with clock.set_to(AUGUST):
        url = f"/buyer-accounts/{account.id}/statements/{statement.number}"
        for person in (
            as_person(app, Role.BUYER, party=party),
            as_person(app, Role.FINANCE_PREPARER, place=base.PLACE),
        ):
            page = person.get(url)
            assert page.status_code == 200
            for words in (statement.number, statement.reference, "800.00"):
                assert words in page.get_data(as_text=True)
            assert person.get(f"/buyer-accounts/{account.id}/statements/MS-0").status_code == 404
        assert as_person(app, Role.BUYER, party=stranger).get(url).status_code == 404


def test_a_buyer_reads_what_is_left_after_each_movement_and_opens_no_second_account(app):
    with clock.set_to(make.SALE), app.app_context(), db.transaction() as session:
        (due,) = paying.make_due(session)
        account = paying.make_account(session, due, credit="1000.00")
        commands.pay_on_account(session, paying.buyer(due), due.id, now=make.SALE, book=make.LAW)
        party = session.get_one(Party, due.buyer_id)
    with clock.set_to(make.SALE):
        person = as_person(app, Role.BUYER, party=party)
        row = person.get(f"/buyer-accounts/{account.id}").text.split("其后余额")[1].split("</tbody>")[0]
        assert row.count("¥ 800.00") == 2  # what was charged, and what is owed after it
        offered = person.get("/buyer-accounts").text
        assert f'<option value="{account.place}"' not in offered
