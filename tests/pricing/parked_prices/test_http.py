"""The way of a parked price through programs, pages and desks: parked, refused, released, in effect (A12)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from kernel import clock
from kernel.identity import Role
from registry.parties.model import Party
from registry.parties.rules import Capacity
from tests.make import negotiated as market
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send

URL, TARIFFS = "/api/v1/parked-prices", "/api/v1/tariffs"
DAY = make.TODAY + timedelta(days=7)
WHY = {"reason": "成本构成改变，已核对报价单"}


@pytest.fixture
def product(made):
    return made(market.make_market_product)


@pytest.fixture
def merchant(made, product):
    return made(lambda session: session.get_one(Party, product.owner_id))


def asked(product, price="9.00"):
    return {
        "product_id": str(product.id), "regime": "market_value_based", "charge_unit": "per_use",
        "model": {"model": "per_unit", "unit_price": price}, "effective_from": str(DAY),
        "value_basis": {"scenario": "贷前核验", "benefit": "每次节约人工 3 元", "method": "income"},
    }  # fmt: skip


def typed(price="9.00"):
    return {
        "regime": "market_value_based", "charge_unit": "per_use", "effective_from": str(DAY), "model": "per_unit",
        "unit_price": price, "scenario": "贷前核验", "benefit": "每次节约人工 3 元", "method": "income",
    }  # fmt: skip


def on(headers, parked):
    return {**key(headers), "If-Match": f'"v{parked["version"]}"'}


def price_on(client, product, day):
    [row] = client.get("/api/v1/prices", query_string={"on": str(day), "place": market.PLACE}).json["items"]
    return row["tariff"]["unit_price_max"]


@pytest.mark.both_databases
def test_a_price_that_moves_by_more_than_half_is_in_effect_only_after_another_person_released_it(
    app, client, product, merchant
):
    asker, colleague = (as_program(app, Role.MERCHANT, party=merchant) for _ in range(2))
    sent = key(asker)
    answer = client.post(TARIFFS, json=asked(product), headers=sent)
    assert answer.status_code == 202, answer.json
    parked = answer.json
    assert (parked["state"], parked["old_unit_price_max"], parked["new_unit_price_max"]) == ("waiting", "1", "9")
    assert client.post(TARIFFS, json=asked(product), headers=sent).json == parked, "a repeated request parks nothing"
    second = client.post(TARIFFS, json=asked(product), headers=key(asker))
    assert (second.status_code, second.json["code"]) == (409, "parked_price.already_waiting")
    assert parked["number"] in second.json["detail"]
    assert price_on(client, product, DAY) == "1"
    at = f"{URL}/{parked['number']}"
    own = client.post(f"{at}/release", json=WHY, headers=on(asker, parked))
    assert (own.status_code, own.json["code"]) == (403, "parked_price.same_person")
    assert client.post(f"{at}/release", json={"reason": "好"}, headers=on(colleague, parked)).status_code == 422
    assert client.post(f"{at}/release", json=WHY, headers=key(colleague)).status_code == 428
    again = on(colleague, parked)
    released = client.post(f"{at}/release", json=WHY, headers=again)
    assert (released.status_code, released.json["state"]) == (200, "released"), released.json
    assert client.post(f"{at}/release", json=WHY, headers=again).json == released.json
    replayed = client.post(f"{at}/release", json=WHY, headers=on(colleague, released.json))
    assert (replayed.status_code, replayed.json["code"]) == (409, "parked_price.wrong_state")
    assert client.get(f"{TARIFFS}/{released.json['tariff_id']}").json["effective_from"] == str(DAY)
    assert (price_on(client, product, DAY - timedelta(days=1)), price_on(client, product, DAY)) == ("1", "9")
    assert client.get(at, headers=asker).json == released.json


@pytest.mark.both_databases
def test_what_is_withdrawn_or_too_late_is_never_published(app, client, product, merchant):
    asker = as_program(app, Role.MERCHANT, party=merchant)
    officer = as_program(app, Role.PRICE, place=market.PLACE)
    parked = client.post(TARIFFS, json=asked(product), headers=key(asker)).json
    with clock.set_to(make.NOW + timedelta(days=8)):
        then = as_program(app, Role.PRICE, place=market.PLACE)
        late = client.post(f"{URL}/{parked['number']}/release", json=WHY, headers=on(then, parked))
        assert (late.status_code, late.json["code"]) == (409, "parked_price.no_longer_possible")
        assert "撤回后重新定价" in late.json["detail"]
    forbidden = client.post(f"{URL}/{parked['number']}/withdrawal", json={}, headers=on(officer, parked))
    assert forbidden.status_code == 403
    gone = client.post(f"{URL}/{parked['number']}/withdrawal", json={}, headers=on(asker, parked))
    assert (gone.status_code, gone.json["state"]) == (200, "withdrawn")
    late = client.post(f"{URL}/{parked['number']}/release", json=WHY, headers=on(officer, gone.json))
    assert (late.status_code, late.json["code"]) == (409, "parked_price.wrong_state")
    assert price_on(client, product, DAY) == "1"
    anew = client.post(TARIFFS, json=asked(product), headers=key(asker))
    assert anew.status_code == 202
    listed = client.get(URL, query_string={"state": "waiting"}, headers=officer).json["items"]
    assert listed == [anew.json]


def test_strangers_learn_nothing_of_a_parked_price_and_change_nothing(app, client, made, product, merchant):
    asker = as_program(app, Role.MERCHANT, party=merchant)
    parked = client.post(TARIFFS, json=asked(product), headers=key(asker)).json
    at = f"{URL}/{parked['number']}"
    other = made(base.make_party, Capacity.DATA_MERCHANT, Capacity.BUYER, place=market.PLACE)
    for stranger in (
        as_program(app, Role.MERCHANT, party=other), as_program(app, Role.PRICE, place="xinchang"),
    ):  # fmt: skip
        assert client.get(at, headers=stranger).status_code == 404
        assert client.get(URL, headers=stranger).json["items"] == []
        for step in ("release", "withdrawal"):
            refused = client.post(f"{at}/{step}", json=WHY, headers=on(stranger, parked))
            assert refused.status_code in (403, 404), step
    buyer = as_program(app, Role.BUYER, party=other)
    assert client.get(at, headers=buyer).status_code == 403
    assert client.get(at).status_code == 401
    for watcher in (Role.SUPERVISOR, Role.AUDITOR):
        headers = as_program(app, watcher, place=market.PLACE)
        assert client.get(at, headers=headers).json == parked
        assert client.post(f"{at}/release", json=WHY, headers=on(headers, parked)).status_code == 403
    assert client.get(at, headers=asker).json == parked


def test_people_are_told_before_and_after_and_the_desk_of_the_other_person_leads_to_the_release(app, product, merchant):
    asker, colleague = (as_person(app, Role.MERCHANT, party=merchant) for _ in range(2))
    page = f"/prices/{product.code}/edit"
    tried = send(asker, f"/prices/{product.code}/preview", typed(), form_at=page).get_data(as_text=True)
    assert "将停放，待另一人解除" in tried
    assert "提交后停放而不公布" in tried
    calm = send(asker, f"/prices/{product.code}/preview", typed("1.50"), form_at=page).get_data(as_text=True)
    assert "停放" not in calm
    sent = send(asker, page, typed(), form_at=page)
    assert (sent.status_code, sent.location[:19]) == (303, "/prices/parked/PRK-")
    own = asker.get(sent.location).get_data(as_text=True)
    assert "已停放，没有公布" in own
    assert "解除之前，原价继续执行" in own
    assert "解除并公布" not in own
    assert sent.location not in asker.get("/desk").get_data(as_text=True)
    desk = colleague.get("/desk").get_data(as_text=True)
    assert "解除或撤回停放的调价" in desk
    assert sent.location in desk
    number = re.search(r"PRK-[\w-]+", sent.location)[0]
    assert number in colleague.get("/prices/parked?state=waiting").get_data(as_text=True)
    assert number not in colleague.get("/prices/parked?state=released").get_data(as_text=True)
    step = f"{sent.location}/release"
    assert send(asker, step, {**WHY, "version": "1"}, form_at=sent.location).status_code == 403
    short = send(colleague, step, {"reason": "好"}, form_at=sent.location)
    assert short.status_code == 422
    done = send(colleague, step, WHY, form_at=sent.location)
    assert done.status_code == 303
    shown = colleague.get(sent.location).get_data(as_text=True)
    assert "已解除并公布" in shown
    assert WHY["reason"] in shown
    assert "+800%" in shown


def test_the_seller_takes_a_parked_price_back_on_its_page(app, product, merchant):
    asker = as_person(app, Role.MERCHANT, party=merchant)
    page = f"/prices/{product.code}/edit"
    at = send(asker, page, typed("0.01"), form_at=page).location
    assert send(asker, f"{at}/withdraw", {}, form_at=at).status_code == 303
    assert "已撤回，没有公布" in asker.get(at).get_data(as_text=True)


def test_a_program_is_told_by_the_preview_that_the_change_will_be_parked(app, client, product, merchant):
    headers = as_program(app, Role.MERCHANT, party=merchant)
    for price, parked in (("9.00", True), ("1.50", False), ("0.50", False), ("0.49", True)):
        tried = client.post(f"{TARIFFS}/preview", json=asked(product, price), headers=headers).json
        assert (tried["is_permitted"], tried["will_be_parked"]) == (True, parked), price
        assert ("will_be_parked" in {one["code"] for one in tried["notices"]}) is parked


def test_the_answer_that_a_price_was_parked_is_documented(client):
    answers = client.get("/api/v1/openapi.json").json["paths"]["/api/v1/tariffs"]["post"]["responses"]
    schemas = {status: answers[status]["content"]["application/json"]["schema"]["$ref"] for status in ("201", "202")}
    assert schemas == {
        "201": "#/components/schemas/tariffs.TariffOut", "202": "#/components/schemas/parked_prices.ParkedPriceOut",
    }  # fmt: skip


def test_readers_of_english_are_told_the_same(app, product, merchant):
    asker = as_person(app, Role.MERCHANT, party=merchant)
    page, english = f"/prices/{product.code}/edit", {"Accept-Language": "en"}
    tried = send(asker, f"/prices/{product.code}/preview", typed(), form_at=page, headers=english).text
    assert "Will be parked until another person releases it" in tried
    assert "more than half of the price before (OUT_OF_BOUNDS)" in tried
    at = send(asker, page, typed(), form_at=page).location
    shown = asker.get(at, headers=english).text
    assert "a change by more than half of the price before" in shown
    assert "Until then the price before stays in effect." in shown
    own = send(asker, f"{at}/release", {**WHY, "version": "1"}, form_at=at, headers=english)
    assert (own.status_code, "a colleague who may set prices, or the price officer" in own.text) == (403, True)
    assert "neither published nor in effect" in asker.get("/prices/parked", headers=english).text
