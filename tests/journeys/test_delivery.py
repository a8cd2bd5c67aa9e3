"""Bought and delivered, in each form, through HTTP alone: ask, order, sign, pay, put up, get, and what is left."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.products.rules import DeliveryForm
from tests.fakes import operator_platform
from tests.make import delivering, market
from tests.make import pricing as prices
from tests.make.clients import as_program, key

QUANTITY = 100
JULY = {"period_start": "2026-07-01", "period_end": "2026-07-31"}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """The day on which everything is sold."""
    with clock.set_to(market.SALE):
        yield


class Trade:
    """One product on offer, and the programs of those who trade it."""

    def __init__(self, app: Flask, client: FlaskClient, form: DeliveryForm) -> None:
        """Put the product on offer."""
        with app.app_context(), db.transaction() as session:
            product = market.make_offer(session, delivery_form=form)
            party, owner = prices.make_buyer(session), session.get_one(Party, product.owner_id)
        self.client, self.code, place = client, product.code, product.place
        self.people = {
            "buyer": as_program(app, Role.BUYER, party=party),
            "seller": as_program(app, Role.MERCHANT, party=owner, place=place),
            "finance": as_program(app, Role.FINANCE_PREPARER, place=place),
        }

    def send(self, who: str, url: str, body: Any = None, **headers: str) -> Any:
        """Change something, and be admitted."""
        answer = self.client.post(url, json=body, headers=key(self.people[who]) | headers)
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    def get(self, url: str, who: str = "buyer", **headers: str) -> Any:
        """Read something."""
        return self.client.get(url, headers=self.people[who] | headers)

    def buy(self) -> str:
        """Ask for the price, order, sign on both sides, pay by transfer; return the number of the entitlement."""
        wish = {"product_code": self.code, "purpose": "industry_development", "scenario": "贷前核验"}
        quote = self.send("buyer", "/api/v1/quotes", wish | {"quantity": QUANTITY})
        order = self.send("buyer", "/api/v1/orders", {"quote_number": quote["number"], "client_reference": "PO-1"})
        for who in ("buyer", "seller"):
            contract = self.get(f"/api/v1/orders/{order['number']}/contract", who).json
            self.send(who, f"/api/v1/contracts/{contract['id']}/signature", {"sha256": contract["sha256"]},
                      **{"If-Match": f'"v{contract["version"]}"'})  # fmt: skip
        payment = self.get("/api/v1/payments").json["items"][0]
        line = {"bank_line": "ICBC-1", "reference": payment["reference"], "amount": payment["amount"],
                "payer_name": "购买方", "captured_at": market.SALE.isoformat()}  # fmt: skip
        self.send("finance", "/api/v1/payments/bank-lines", line)
        (held,) = self.get("/api/v1/entitlements").json["items"]
        return str(held["number"])

    def left(self) -> int | None:
        """What the buyer reads of what is left."""
        (held,) = self.get("/api/v1/usage").json["items"]
        return None if held["remaining"] is None else int(held["remaining"])

    def download(self, number: str) -> Any:
        """Take the only file by a link of its own."""
        (file,) = self.get(f"/exchange/v1/entitlements/{number}/files").json["items"]
        made = self.client.post(f"/exchange/v1/entitlements/{number}/files/{file['id']}/links",
                                headers=self.people["buyer"])  # fmt: skip
        assert made.status_code == 201, made.text
        return self.get("/exchange/" + str(made.json["url"]).split("/exchange/", 1)[1])


def file_of(name: str, content: bytes) -> dict[str, str]:
    """A file as programs send it."""
    return {"file_name": name, "content_base64": base64.b64encode(content).decode()}


@pytest.mark.both_databases
def test_a_file_is_bought_put_up_downloaded_whole_and_in_parts_and_counted_once(
    app: Flask, client: FlaskClient
) -> None:
    trade, content = Trade(app, client, DeliveryForm.FILE), delivering.CSV.encode()
    number = trade.buy()
    trade.send("seller", f"/api/v1/products/{trade.code}/files", file_of("七月.csv", content))
    first = trade.download(number)
    assert (first.status_code, first.data) == (200, content)
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert first.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert trade.download(number).data == content
    assert trade.left() == QUANTITY - 1


@pytest.mark.both_databases
def test_an_interface_is_bought_loaded_and_called_and_each_hit_is_counted_once(app: Flask, client: FlaskClient) -> None:
    trade = Trade(app, client, DeliveryForm.API)
    number = trade.buy()
    rows = b'[{"key": "A1", "score": "712", "level": "A"}]'
    trade.send("seller", f"/api/v1/products/{trade.code}/data-sets", file_of("rows.json", rows))
    url = f"/exchange/v1/products/{trade.code}/records"
    for turn, (asked, is_hit, left) in enumerate([("A1", True, 99), ("A1", True, 98), ("B2", False, 98)]):
        answer = trade.get(f"{url}/{asked}", **{"Client-Reference": f"r{turn}", "Huiyi-Entitlement": number})
        assert (answer.json["hit"], answer.headers["Huiyi-Remaining"]) == (is_hit, str(left)), answer.text
    again = trade.get(f"{url}/A1", **{"Client-Reference": "r0"})
    assert (again.headers["Huiyi-Repeated"], trade.left()) == ("true", 98)


@pytest.mark.both_databases
def test_an_interface_of_the_operators_platform_is_bought_registered_and_called(
    app: Flask, client: FlaskClient
) -> None:
    trade = Trade(app, client, DeliveryForm.API)
    trade.buy()
    with operator_platform.running(lambda: market.SALE) as platform:
        app.extensions["huiyi_outside"] = platform.outside()
        made = trade.send("seller", f"/api/v1/products/{trade.code}/gateway", {"url": platform.url})
        platform.secret, platform.rows = made["secret"], {"A1": {"score": "712", "level": "A"}}
        url = f"/exchange/v1/products/{trade.code}/records/A1"
        answer = trade.get(url, **{"Client-Reference": "r1"})
        assert (answer.json["record"]["score"], answer.headers["Huiyi-Remaining"]) == ("712", "99"), answer.text
        platform.switches.silent = 1
        assert trade.get(url, **{"Client-Reference": "r2"}).status_code == 504
        assert trade.get(url, **{"Client-Reference": "r2"}).headers["Huiyi-Remaining"] == "98"
        assert (len(platform.worked), platform.refused) == (2, [])
    assert trade.left() == 98


@pytest.mark.both_databases
def test_a_report_is_bought_written_about_its_period_and_downloaded(app: Flask, client: FlaskClient) -> None:
    trade = Trade(app, client, DeliveryForm.REPORT)
    number = trade.buy()
    trade.send("seller", f"/api/v1/products/{trade.code}/files", file_of("七月.pdf", delivering.REPORT) | JULY)
    answer = trade.download(number)
    assert (answer.data, answer.mimetype) == (delivering.REPORT, "application/pdf")
    assert trade.left() == QUANTITY - 1
