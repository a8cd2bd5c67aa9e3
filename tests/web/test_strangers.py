"""Who is neither side of a trade, nor watches over its place, reaches nothing of it: not to read, not to change.

Every address of the market in which a record is named is called with the name of somebody else's record: by people of
another organisation that may do everything organisations do, and by every officer of another place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import SELLERS, WATCHERS, Role
from registry.accounts import commands as accounts
from registry.accounts.model import RoleGrant
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.products import queries as products
from tests.make import market as make
from tests.make import payouts, receipts
from tests.make import registry_base as base
from tests.make.clients import as_program, bearer, key
from tests.make.routes import SAFE, Route, every_route, shared_app
from tests.make.whole_trade import Trade, make_whole_trade
from tests.rig.databases import Databases

ORGANISATION = (*SELLERS, Role.BUYER, Role.SOURCE)
ELSEWHERE = "futian"
# which record an address names by its number or code
NUMBERED = (
    ("/statements/<", "statement"), ("/orders/<", "order"), ("/holds/<", "order"), ("productOrder/<", "order"),
    ("/quotes/<", "quote"), ("/entitlements/<", "entitlement"), ("productInventory/v4/product/<", "entitlement"),
    ("/invoices/<", "invoice"), ("/receipts/<", "receipt"), ("/feedback/<", "feedback"), ("/downloads/<", "token"),
)  # fmt: skip
NAMED = {
    "payment_id": "payment", "refund_id": "refund", "line_id": "line", "account_id": "account", "limit_id": "limit",
    "contract_id": "contract", "seal_id": "seal", "dispute_id": "dispute", "record_id": "record", "file_id": "file",
    "delivery_id": "delivery", "endpoint_id": "endpoint", "rule_id": "rule", "listing_id": "listing",
    "attempt_id": "attempt",
}  # fmt: skip
PAYEE = re.compile(r"/payee-accounts/|^/payees/")  # its ``account_id`` is not the buyer's account
# records of other concepts that are called alike; who pays online where nobody does is told that, whatever is named
OTHERS = re.compile(r"/accounts/|^(/api/v1)?/statements/<number>|/trainings/|(?<!interchange)/records/")
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
OF_A_PRODUCT = re.compile(r"/products/<code>/(files|gateway|limits|data-sets)")
FILE = {"name": "a.pdf", "media_type": "application/pdf", "content_base64": "JVBERi0xLjcgeA=="}
LOADED = {"file_name": "a.csv", "content_base64": "a2V5CjEK"}
DIGEST = {"sha256": "0" * 64}
CLAIM = {"payout": "po_1", "note": "x"}
LED = {200, 409, 410}  # read, or told why not now
# what a route asks for, by the end of its endpoint; a wrong body would be refused before anybody asked whose it is
BODIES: dict[str, dict[str, Any]] = {
    "": {},
    "decide_rule": {"act": "confirm"}, "assign": {"shares": [{"reference": "ORD", "amount": "1.00"}], "note": "x"},
    "reopen": {"note": "x"}, "give_back": {"note": "x"}, "bank_lines.confirm": {"serial": "S-9"},
    "decide_limit": {"act": "confirm"}, "propose_limit": {"amount": "1.00", "basis": "x", "due_days": 3},
    "attach_seal": {"file": FILE, "kind": "sealed_document", "sealed_at": make.SALE.isoformat(), "statement": "x"},
    "contracts.sign": DIGEST, "receipts.sign": DIGEST, "disputes.close": {"words": "x"}, "proceed": {"act": "review"},
    "propose": {"outcome": "upheld", "reason": "x"}, "state_view": {"words": "x"}, "take_back": {"amount": "1.00",
    "reason": "x"}, "disputes.confirm": {"is_confirmed": True, "reason": "x"}, "invoices.refuse": {"reason": "x"},
    "feedback.answer": {"act": "receive"},
    "feedback_pages.answer": {"act": "receive"}, "issue": {"issued_date": "2026-09-02", "tax_system_number": "9" * 20},
    "approvals.decide": {"act": "approve"}, "contracts.cancel": {"reason": "x"}, "delivery.load": LOADED,
    "product_files.add": LOADED, "gateways.register": {"url": "https://api.huiyi-seller.cn"},
    "set_limit": {"calls": 1, "reason": "x", "seconds": 1}, "refunds.decide": {"act": "approve", "reason": "x"},
    "refunds.confirm": {"bank_line": "S-9", "paid_at": make.SALE.isoformat()},
    "approval_pages.decide": {"act": "approve"},
    "ask_back": {"attempt_id": "00000000-0000-7000-8000-000000000000", "reason": "x", "client_reference": "x"},
    "dispute_pages.take_step": {"words": "x", "act": "review", "outcome": "upheld", "reason": "x"},
    "invoice_pages.take_step": {"reason": "x", "amount": "1.00"}, "refund_pages.confirm": {"bank_line": "S-9",
    "paid_at": make.SALE.isoformat()}, "webhooks.change": {"url": "https://hooks.huiyi-other.cn/in"},
    "payees.decide": {"act": "confirm", "reason": "x"}, "payee_pages.decide": {"act": "confirm", "reason": "x"},
    "payout_arrivals.arrive": CLAIM, "fetching_pages.claim": CLAIM, "payout_arrivals.take_back": {"note": "x"},
    "fetching_pages.release": {"note": "x"}, "replay_missed": {"since": make.SALE.isoformat()},
}  # fmt: skip


class World:
    """An application with one whole trade."""

    def __init__(self, app: Flask, trade: Trade, other: Party, readers: list[dict[str, str]]) -> None:
        self.app, self.trade, self.other, self.readers = app, trade, other, readers


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[World]:
    """One trade for all tests of this file; they change nothing, for that is what they are about."""
    with shared_app(databases) as app, clock.set_to(receipts.AFTER):
        with app.app_context(), db.transaction() as session:
            trade = make_whole_trade(session)
            payee = payouts.name_account(session, trade.seller, "6222020200112233445", place=base.PLACE)
            trade.names["payee"] = str(payee.id)
            other = base.make_party(session, *Capacity, place=base.PLACE)
            owner = session.get_one(Party, products.by_code(session, trade.names["api_product"]).owner_id)
        readers = [as_program(app, role, party=party) for role, party in (
            (Role.BUYER, trade.buyer), (Role.MERCHANT, trade.seller), (Role.MERCHANT, owner))]  # fmt: skip
        client = app.test_client()
        foreign = client.get(f"/api/v1/interchange/products/{trade.names['api_product']}").json
        kept = client.post("/api/v1/interchange/records", json={"origin": "https://other.example", "dataset": foreign},
                           headers=key(readers[1]))  # fmt: skip
        trade.names["record"] = kept.json["id"]
        readers += [as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)]
        yield World(app, trade, other, readers)


def addresses(world: World) -> Iterator[tuple[Route, str]]:
    """Every route of the market that names a record which is not public, and the address with its name."""
    names, bound = world.trade.names, world.app.url_map.bind("localhost")
    rules = {(one.rule, one.endpoint): one for one in world.app.url_map.iter_rules()}
    for route in every_route(world.app):
        rule, values = rules[route.rule, route.endpoint], dict[str, Any]()
        for name in rule._converters:
            kind = "payee" if name == "account_id" and PAYEE.search(route.rule) else NAMED.get(name)
            if name in ("number", "order_number", "token"):
                kind = next((kind for part, kind in NUMBERED if f"{part}{name}>" in route.rule), None)
            if name == "code" and OF_A_PRODUCT.search(route.rule):
                kind = "product" if "files" in route.rule else "api_product"
            if kind is not None:
                values[name] = names[kind]
        named = all(name in values or hasattr(one, "items") for name, one in rule._converters.items())
        if values and named and not OTHERS.search(route.rule) and route.endpoint != "attempts.begin":
            for step in options(rule, values):
                yield route, bound.build(route.endpoint, step, method=route.method)


def options(rule: Any, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the values with each step that an address offers."""
    for name, converter in rule._converters.items():
        if name not in values and hasattr(converter, "items"):
            yield from ({**values, name: step} for step in sorted(converter.items))
            return
    yield values


def strangers(world: World) -> list[str]:
    """Return sessions: of another organisation that may do all that organisations do, and of officers elsewhere."""
    found = []
    with world.app.app_context(), db.transaction() as session:
        now = clock.now()
        for roles, party in ((ORGANISATION, world.other), (WATCHERS, None)):
            account = base.make_account(session, party=party, now=now)
            org_id, place = (party.id, None) if party else (None, ELSEWHERE)
            session.add_all(
                RoleGrant(account_id=account.id, role=role, party_id=org_id, place=place, granted_at=now)
                for role in roles
            )
            found.append(accounts.start_session(session, base.security_administrator(), account.id, now=now).token)
    return found


def send(world: World, route: Route, url: str, token: str, version: int) -> Any:
    """Call an address as a program does, or as a browser with the token of a page."""
    body = BODIES[max((end for end in BODIES if route.endpoint.endswith(end)), key=len)]
    client = world.app.test_client()
    if route.is_for_programs:
        headers = {**key(bearer(token)), "If-Match": f'"v{version}"'}
        return client.open(
            url, method=route.method, headers=headers, **({} if route.method in SAFE else {"json": body})
        )
    client.set_cookie("huiyi_session", token)
    if route.method in SAFE:
        return client.get(url)
    found = TOKEN.search(client.get("/account").text)
    assert found
    plain = {name: value for name, value in body.items() if isinstance(value, str | int)}
    return client.post(url, data={"csrf_token": found[1], "version": str(version), **plain})


def test_nobody_from_elsewhere_reads_or_changes_anything(world: World) -> None:
    wrong = []
    for token in strangers(world):
        for route, url in addresses(world):
            for version in (1,) if route.method in SAFE else (1, 99):
                answer = send(world, route, url, token, version)
                if answer.status_code not in (403, 404):
                    wrong.append(f"{route.method} {route.rule}: {answer.status_code} {answer.text[:90]}")
                if any(name in answer.text for name in world.trade.names.values() if name not in url):
                    wrong.append(f"{route.method} {route.rule}: names another record")
    assert sorted(set(wrong)) == [], "\n".join(sorted(set(wrong)))


def test_the_addresses_lead_to_records_that_somebody_reads(world: World) -> None:
    unread = []
    for route, url in addresses(world):
        if route.method in SAFE:
            answers = [world.app.test_client().get(url, headers=who).status_code for who in world.readers]
            if not LED & set(answers):
                unread.append(f"{route.rule}: {answers}")
    assert unread == []
