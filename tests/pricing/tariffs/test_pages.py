"""The price list and the price editor in the browser."""

from __future__ import annotations

import pytest

from kernel.identity import Role
from pricing.tariffs import queries
from registry.parties.model import Party
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person


@pytest.fixture
def product(made):
    return made(make.make_capped_product)


@pytest.fixture
def operator(app, made, product):
    return as_person(app, Role.OPERATOR, party=made(lambda session: session.get_one(Party, product.owner_id)))


FORM = {"regime": "gov_guided", "charge_unit": "per_use", "effective_from": str(make.TODAY)}
TIERS = {
    "model": "graduated", "tiers-0-up_to": "1000", "tiers-0-unit_price": "0.80", "tiers-1-unit_price": "0.50",
}  # fmt: skip


def test_the_seller_fixes_a_progressive_price_and_the_public_list_shows_it(client, made, product, operator):
    url = f"/prices/{product.code}/edit"
    answer = make.post_form(operator, url, {**FORM, **TIERS})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    shown = client.get(answer.headers["Location"]).get_data(as_text=True)
    for words in ("0–1000", "1000 以上", "¥ 0.8", "¥ 0.5", "8,257,824.00", "发改价格〔2025〕65号"):
        assert words in shown
    listed = client.get("/prices").get_data(as_text=True)
    assert product.code in listed
    assert "政府指导价" in listed
    assert product.code not in client.get("/prices?place=puer").get_data(as_text=True)
    assert product.code not in client.get("/prices?on=2026-06-30").get_data(as_text=True)
    assert client.get("/prices?on=nonsense&place=nowhere").status_code == 200


def test_a_price_above_the_cap_comes_back_with_rule_article_and_what_was_typed(made, product, operator):
    url = f"/prices/{product.code}/edit"
    refused = make.post_form(operator, url, {**FORM, "model": "per_unit", "unit_price": "0.81"})
    text = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert 'value="0.81"' in text
    assert "PRC-05" in text
    assert "发改价格〔2025〕65号 二" in text
    assert made(lambda session: queries.in_force(session, product.id, make.TODAY)) == []


@pytest.mark.parametrize(
    "model, words",
    [
        ({"model": "package", "package_size": "100", "package_price": "0.80"}, "每包 100"),
        ({"model": "flat", "flat_fee": "0.80"}, "固定费用"),
        ({"model": "included_overage", "flat_fee": "0.50", "included": "10", "unit_price": "0.05"}, "超出部分"),
        (
            {"model": "per_unit", "unit_price": "0.80", "dedup_days": "30", "subject_kind": "enterprise"},
            "30 日内只计一次",
        ),
    ],
)
def test_every_way_of_charging_can_be_typed_and_is_shown(client, product, operator, model, words):
    answer = make.post_form(operator, f"/prices/{product.code}/edit", {**FORM, **model})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert words in client.get(answer.headers["Location"]).get_data(as_text=True)


def test_a_product_without_a_price_says_so(client, made):
    bare = made(make.make_product)
    assert "尚未公布收费标准" in client.get(f"/prices/{bare.code}").get_data(as_text=True)
    assert client.get("/prices/XX-2026-000000").status_code == 404


def test_only_the_seller_has_the_editor(app, client, made, product):
    url = f"/prices/{product.code}/edit"
    assert client.get(url).status_code == 302
    stranger = as_person(app, Role.OPERATOR, party=made(base.make_operator))
    assert stranger.get(url).status_code == 403
    assert as_person(app, Role.PRICE, place=base.PLACE).get(url).status_code == 403
