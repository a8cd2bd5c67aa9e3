"""The books on pages and through the API: any account at any past day, separate accounts, what must clear, closing."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from kernel import db
from kernel.identity import Role
from kernel.money import Money
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, as_program, key

API = "/api/v1/ledger"


@pytest.fixture
def settled(app: Flask, world: make.World) -> make.World:
    """August is settled."""
    with app.app_context(), db.transaction() as session:
        make.use(session, world.scores_bought, 200)
        make.use(session, world.levels_bought, 100)
        make.settle(session)
    return world


def amounts(app: Flask, headers: dict[str, str], **asked: str) -> dict[str, str]:
    """The trial balance as of something."""
    asking = {"place": base.PLACE, **asked}
    answer = app.test_client().get(f"{API}/trial-balance", query_string=asking, headers=headers)
    assert answer.status_code == 200, answer.json
    assert answer.json["sum"] == "0.00"
    return {row["account"]: row["amount"] for row in answer.json["items"]}


def test_the_balances_of_any_past_moment_are_read(app: Flask, settled: make.World) -> None:
    program = as_program(app, Role.FINANCE_CHECKER, place=base.PLACE)
    bank = f"asset:bank:{base.PLACE}"
    assert amounts(app, program)[bank] == "1590.00"
    july = amounts(app, program, day="2026-07-31")
    assert {account.rpartition(":")[0] for account in july} == {"asset:bank", "liability:unearned"}
    assert amounts(app, program, day="2026-07-19") == {}
    assert amounts(app, program, moment="2020-01-01T00:00:00Z") == {}
    first = amounts(app, program, voucher=f"JV-{base.PLACE}-2026-000001")
    assert len(first) == 2
    wrong = {"place": base.PLACE, "voucher": "x"}
    assert app.test_client().get(f"{API}/trial-balance", query_string=wrong, headers=program).status_code == 422


def test_separate_accounts_sum_to_zero_for_every_agreement(app: Flask, settled: make.World) -> None:
    program = as_program(app, Role.AUDITOR)
    client, place = app.test_client(), {"place": base.PLACE}
    rows = client.get(f"{API}/separate-accounts", query_string=place, headers=program).json["items"]
    number = settled.agreement.number
    assert {(row["agreement"], row["use_class"]) for row in rows} == {(number, "industry")}
    assert {row["account"]: row["amount"] for row in rows}["asset:bank"] == "1590.00"
    assert sum(Money.signed_yuan(row["amount"]).fen for row in rows) == 0
    clear = client.get(f"{API}/control-accounts", query_string=place, headers=program)
    assert clear.json["items"] == []


def test_an_account_is_shown_line_by_line_with_its_balance_of_a_day(app: Flask, settled: make.World) -> None:
    person = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    asked = {"place": base.PLACE, "account": f"asset:bank:{base.PLACE}", "day": "2026-08-31"}
    page = person.get("/ledger/account", query_string=asked).get_data(as_text=True)
    assert "1,590.00" in page
    assert f"JV-{base.PLACE}-2026-000001" in page
    earlier = person.get("/ledger/account", query_string=asked | {"day": "2026-07-01"}).get_data(as_text=True)
    assert f"JV-{base.PLACE}-2026-000001" not in earlier
    stranger = as_person(app, Role.FINANCE_PREPARER, place="quzhou")
    assert stranger.get("/ledger/account", query_string=asked).status_code == 403
    shown = person.get("/ledger").get_data(as_text=True)
    assert '银行存款 <span class="fw-normal">新昌县</span>' in shown  # whose account it is, not a code
    recognised = person.get("/ledger/recognition", query_string={"place": base.PLACE}).get_data(as_text=True)
    assert "1,060.00" in recognised


def test_a_checklist_is_made_on_the_pages_and_names_what_stands_in_the_way(app: Flask, settled: make.World) -> None:
    maker = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    shown = maker.get("/book-closings").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)
    assert token is not None
    fields = {"csrf_token": token[1], "place": base.PLACE, "period": "2026-08"}
    started = maker.post("/book-closings", data=fields)
    assert started.status_code == 303
    checklist = maker.get(started.location).get_data(as_text=True)
    in_the_way, clear = checklist.split("查过而没有的")
    assert ("以前期间尚未结账" in in_the_way, "有退款未完成" in in_the_way) == (True, False)
    assert "有退款未完成" in clear
    assert 'value="2026-08"' in maker.get("/book-closings").get_data(as_text=True)  # asked for: the month to close next
    checker = as_program(app, Role.FINANCE_CHECKER, place=base.PLACE)
    month = {"place": base.PLACE, "period": "2026-08"}
    refused = app.test_client().post("/api/v1/book-closings/close", json=month, headers=key(checker))
    assert (refused.status_code, refused.json["code"]) == (409, "book_closing.not_ready")
    assert "earlier_period_open" in {error["code"] for error in refused.json["errors"]}
    assert maker.post("/book-closings", data=fields | {"period": "2026-8"}).status_code == 422
