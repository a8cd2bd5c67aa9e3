"""Service fees over HTTP and in the browser."""

from __future__ import annotations

import pytest

from kernel.identity import Role
from registry.parties.model import Party
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key

URL = "/api/v1/service-fees"


@pytest.fixture
def agreement(made):
    return made(base.make_agreement, place="guangzhou")


@pytest.fixture
def party(made, agreement):
    return made(lambda session: session.get_one(Party, agreement.operating_institution_id))


def fee_in(agreement, **changed):
    return {
        "agreement_id": str(agreement.id), "service": "computing", "charge_unit": "per_use", "unit_cost": "1.00",
        "cost_basis": "2025 年核算", "price": "1.02", "effective_from": str(make.TODAY), **changed,
    }  # fmt: skip


def test_the_operator_publishes_a_fee_that_leaves_a_small_margin(app, client, agreement, party):
    operator = as_program(app, Role.OPERATOR, party=party)
    dear = client.post(URL, json=fee_in(agreement, price="2.00"), headers=key(operator))
    assert (dear.status_code, dear.json["code"]) == (422, "service_fee.above_break_even")
    made = client.post(URL, json=fee_in(agreement), headers=key(operator))
    assert made.status_code == 201, made.json
    assert client.get(URL, query_string={"place": "guangzhou"}).json["items"] == [made.json]
    assert client.get(URL, query_string={"on": "2026-06-30"}).json["items"] == []
    published = client.get("/prices").get_data(as_text=True)
    assert made.json["number"] in published
    assert "非法规 演示" in published  # the margin comes from the demonstration's overlay, and the page says so
    officer = as_program(app, Role.PRICE, place="guangzhou")
    assert client.post(URL, json=fee_in(agreement), headers=key(officer)).status_code == 403


def test_the_fee_is_typed_in_the_browser_and_a_dear_one_comes_back(app, client, agreement, party):
    operator = as_person(app, Role.OPERATOR, party=party)
    url = "/pricing/service-fees/new"
    refused = make.post_form(operator, url, fee_in(agreement, price="2.00"))
    assert refused.status_code == 422
    assert 'id="price-error"' in refused.get_data(as_text=True)
    assert make.post_form(operator, url, fee_in(agreement)).status_code == 303
    assert "算力支持" in client.get("/prices").get_data(as_text=True)


def test_every_fee_stays_readable_with_the_reasons_for_it(app, client, agreement, party):
    operator = as_program(app, Role.OPERATOR, party=party)
    first = client.post(URL, json=fee_in(agreement), headers=key(operator)).json
    later = client.post(URL, json=fee_in(agreement, price="1.01", effective_from="2026-08-01"), headers=key(operator))
    assert client.get(f"{URL}/{first['id']}").json == first
    listed = client.get(f"{URL}/history", query_string={"place": "guangzhou"}).json["items"]
    assert [fee["price"] for fee in listed] == ["1.01", "1.02"]
    tree = client.get(f"{URL}/{first['id']}/explanation").json
    lines = {line["label"]: line["value"] for line in tree["lines"]}
    assert (lines["单位成本"], tree["value"]) == ("¥ 1.00", "¥ 1.02 / 次")
    assert lines["保本微利上限"].startswith("¥ 1.0")
    assert client.get(f"{URL}/{agreement.id}").status_code == 404
    page = client.get("/service-fees?place=guangzhou").get_data(as_text=True)
    for words in (first["number"], later.json["number"], "已公布，待执行", "执行中", "距上限"):
        assert words in page
