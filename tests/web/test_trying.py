"""A call by hand and the use day by day: what people of the buyer see, and what it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.rules import Capacity
from registry.products.rules import DeliveryForm
from tests.fakes import operator_platform
from tests.make import delivering as make
from tests.make import market
from tests.make import registry_base as base
from tests.make.clients import as_person, key, send


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """The day on which everything is sold."""
    with clock.set_to(market.SALE):
        yield


@pytest.fixture
def sold(app: Flask) -> make.Sold:
    """An interface with two records, bought for five uses."""
    made = make.make_sold(app)
    rows = [{"key": "甲", "score": "712", "level": "A"}, {"key": "乙", "score": "650", "level": "B"}]
    with app.app_context(), db.transaction() as session:
        market.load_data(session, made.product, rows)
    return made


@pytest.fixture
def buyer(app: Flask, sold: make.Sold) -> FlaskClient:
    """Somebody of the buyer, in a browser."""
    return as_person(app, Role.BUYER, party=sold.party)


def page(sold: make.Sold) -> str:
    """The address of the form."""
    return f"/entitlements/{sold.terms.number}/try"


def call(client: FlaskClient, sold: make.Sold, **fields: Any) -> Any:
    """Fill in the form as it is shown and send it."""
    shown = re.search(r'name="reference"[^>]*value="([^"]+)"', client.get(page(sold)).text)
    reference = {"reference": shown[1]} if shown else {}
    return send(client, page(sold), {**reference, **fields}, form_at=page(sold))


@pytest.mark.both_databases
def test_a_call_by_hand_is_a_real_call_and_says_so(buyer: FlaskClient, sold: make.Sold) -> None:
    assert "真实调用" in buyer.get(page(sold)).text
    answer = call(buyer, sold, key="甲")
    assert (answer.status_code, "712" in answer.text, "curl" in answer.text) == (200, True, True)
    url = f"/exchange/v1/products/{sold.product.code}/records/乙"
    program = buyer.get(url, headers={**sold.buyer, "Client-Reference": "next"})
    assert program.headers["Huiyi-Used"] == "2"
    assert "未查得" in call(buyer, sold, key="无").text
    usage = buyer.get(f"/entitlements/{sold.terms.number}/usage").text
    assert re.search(r'<td class="num">3</td>\s*<td class="num">2</td>\s*<td class="num">2</td>', usage)


def test_a_form_that_is_sent_twice_is_counted_once(buyer: FlaskClient, sold: make.Sold) -> None:
    assert call(buyer, sold, key="甲", reference="once").status_code == 200
    assert "未再计量" in call(buyer, sold, key="甲", reference="once").text
    other = call(buyer, sold, key="乙", reference="once")
    assert (other.status_code, "650" in other.text) == (409, False)
    assert "剩余" in other.text


@pytest.mark.parametrize("fields", [{}, {"key": "x" * 501}, {"key": "甲", "reference": "流水"}])
def test_what_cannot_be_asked_is_said_at_the_field(buyer: FlaskClient, sold: make.Sold, fields: dict[str, str]) -> None:
    answer = call(buyer, sold, **fields)
    assert (answer.status_code, "field-error" in answer.text) == (422, True)


def test_another_scenario_is_refused_and_nobody_else_may_try(app: Flask, buyer: FlaskClient, sold: make.Sold) -> None:
    assert call(buyer, sold, key="甲", scenario="别的场景").status_code == 403
    with app.app_context(), db.transaction() as session:
        stranger = base.make_party(session, Capacity.BUYER)
    other = as_person(app, Role.BUYER, party=stranger)
    assert other.get(page(sold)).status_code == 404
    assert other.get(f"/entitlements/{sold.terms.number}/usage").status_code == 404
    assert other.get(f"/products/{sold.product.code}/try").status_code == 303


def test_the_product_leads_to_the_form_of_ones_own_entitlement(buyer: FlaskClient, sold: make.Sold) -> None:
    answer = buyer.get(f"/products/{sold.product.code}/try")
    assert (answer.status_code, answer.headers["Location"]) == (303, page(sold))


def test_a_platform_answers_a_call_by_hand_too(
    app: Flask, client: FlaskClient, buyer: FlaskClient, sold: make.Sold
) -> None:
    with operator_platform.running(lambda: market.SALE) as platform:
        platform.rows = {"丙": {"score": "9", "level": "C"}}
        app.extensions["huiyi_outside"] = platform.outside()
        url = f"/api/v1/products/{sold.product.code}/gateway"
        made = client.post(url, json={"url": platform.url}, headers=key(sold.seller))
        platform.secret = made.json["secret"]
        assert '<td class="text-break">9</td>' in call(buyer, sold, key="丙").text
        platform.switches.status = 503
        assert call(buyer, sold, key="丙").status_code == 503


def test_a_product_in_files_has_no_form(app: Flask) -> None:
    sold = make.make_sold(app, form=DeliveryForm.FILE)
    shown = as_person(app, Role.BUYER, party=sold.party).get(page(sold))
    assert (shown.status_code, 'name="key"' in shown.text) == (200, False)


def test_the_use_of_each_day_is_drawn_and_listed_month_by_month(app: Flask, sold: make.Sold) -> None:
    usage = f"/entitlements/{sold.terms.number}/usage"
    call(as_person(app, Role.BUYER, party=sold.party), sold, key="甲")
    with clock.set_to(market.SALE + timedelta(days=31)):
        buyer = as_person(app, Role.BUYER, party=sold.party)
        call(buyer, sold, key="乙")
        first = re.search(r'rel="prev" href="([^"]+)"', buyer.get(usage).text)
        assert first
        shown = buyer.get(first[1]).text
        assert 'rel="next"' in shown
        image = re.search(r'<img class="chart"[^>]+usage\.svg[^>]*>', shown)
        assert image
        assert "width=" in image[0]  # room is kept for it, so it is no blank area
        assert "lazy" not in image[0]
        drawn = buyer.get(f"{usage}.svg", query_string={"month": first[1].rsplit("=", 1)[1]})
        assert (drawn.mimetype, "查得" in drawn.text) == ("image/svg+xml", True)
        assert buyer.get(usage, query_string={"month": "2026-13"}).status_code in (400, 422)
