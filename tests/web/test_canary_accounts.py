"""The number of an account of a payee is said to nobody without the right: it is planted and looked for (C5, M6)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.audit import AuditLine
from kernel.identity import Role
from registry.accounts.rules import CAPACITY_OF
from registry.parties.rules import Capacity
from tests.make import payouts
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, bearer, key, send
from tests.make.routes import token_with
from tests.web.test_canaries import listen, value_of

NUMBER, WRONG = "6229137731895177", "CANARY-ACCOUNT-5e1b"
PAID = ("6222000000000001", "6222000000000002", "6222000000000009")  # accounts of the settled month


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """The day on which the settled month is paid."""
    with clock.set_to(payouts.PAY):
        yield


def readable(app: Flask, known: dict[str, Any]) -> Iterator[str]:
    """Every address that can be read, for the account, its party and a batch that was paid."""
    bound = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values = {name: value_of(name, converter, known) for name, converter in rule._converters.items()}
        if "GET" in (rule.methods or set()) and rule.endpoint != "static":
            yield bound.build(rule.endpoint, values, method="GET")


def tells(data: bytes) -> bool:
    """Whether an answer, or what an archive or workbook holds, says a number."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = b"".join(archive.read(name) for name in archive.namelist())
    return any(number.encode() in data for number in (NUMBER, *PAID))


def test_no_page_answer_refusal_export_or_log_says_the_number_of_an_account(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    listen(caplog)
    with app.app_context(), db.transaction() as session:
        payouts.make_settled(session)
        batch = payouts.pay_all(session)[0].number
        party = base.make_party(session, Capacity.OPERATING_INSTITUTION)
        other = base.make_party(session, *Capacity)
        made = payouts.name_account(session, party, NUMBER)
        account_id, party_id, uscc = made.id, party.id, party.uscc
    urls = sorted(set(readable(app, {"account_id": account_id, "party_id": party_id, "number": batch})))
    close = [url for url in urls if "payee" in url or "payout" in url or str(party_id) in url]
    readers = {
        "visitor": {}, "everything": bearer(token_with(app, *Role)), "own": as_program(app, Role.OPERATOR, party=party),
    }  # fmt: skip
    said, failed, read, seen = list[str](), list[str](), set[str](), 0
    for name, headers in readers.items():
        for url in urls if name == "everything" else close:
            answer = client.get(url, headers={**headers, "Client-Reference": f"{name[:3]}-{len(said)}"})
            said += [f"{name} {url}"] if tells(answer.data) else []
            failed += [f"{name} {url}"] if answer.status_code == 500 else []
            read |= {url} if answer.status_code == 200 else set()
            seen += made.shown.encode() in answer.data
    for role in Role:  # pages, and the one address that opens the number, for every role but the second person's
        if role in (Role.FINANCE_CHECKER, Role.SCHEDULER):
            continue
        person = as_person(app, role, place=base.PLACE, party=other if role in CAPACITY_OF else None)
        for url in ("/payees", "/payouts", f"/payouts/{batch}", f"/payees/{account_id}/number"):
            said += [f"{role} {url}"] if tells(person.get(url).data) else []
        answer = send(person, f"/payees/{account_id}/number", {}, form_at="/")
        said += [f"{role} opens it"] if tells(answer.data) or answer.status_code not in (403, 404) else []
    own = {"place": base.PLACE, "uscc": uscc, "kind": "bank", "holder": party.name, "bank": "中国银行",
           "bank_code": "104100000004", "contact": "财务科", "reason": "更换"}  # fmt: skip
    for number in (NUMBER, NUMBER + "X", WRONG):
        headers = key(as_program(app, Role.OPERATOR, party=party, place=base.PLACE))
        answer = client.post("/api/v1/payee-accounts", json={**own, "number": number}, headers=headers)
        said += [f"sent {number}"] if number in answer.text else []
        assert answer.status_code == (201 if number == NUMBER else 422), answer.text
    assert (said, failed) == ([], [])
    assert seen > 0  # the masked number is what they see
    assert len(urls) > 300
    assert {f"/payouts/{batch}", "/payees", "/api/v1/payee-accounts"} <= read
    assert not tells(caplog.text.encode())
    assert WRONG not in caplog.text
    with app.app_context():
        assert not tells(repr(db.session().execute(sa.select(AuditLine.__table__)).all()).encode())


def test_the_mark_is_found_where_the_second_person_opens_it(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        party = base.make_party(session, Capacity.OPERATING_INSTITUTION)
        account_id = payouts.name_account(session, party, NUMBER).id
    checker = as_person(app, Role.FINANCE_CHECKER, place=base.PLACE)
    assert NUMBER in send(checker, f"/payees/{account_id}/number", {}, form_at="/payees").text
