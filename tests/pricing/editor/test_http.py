"""Trying a price: by program, as a piece of the page while typing, and by a button without any script."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from kernel.identity import Role
from pricing.tariffs.model import Tariff
from registry.parties.model import Party
from tests.make import negotiated as market
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, send

URL = "/api/v1/tariffs/preview"
BANDS = {"model": "graduated", "tiers": [{"up_to": "1000", "unit_price": "0.80"}, {"unit_price": "0.50"}]}


@pytest.fixture
def product(made):
    return made(make.make_capped_product)


@pytest.fixture
def owner(made, product):
    return made(lambda session: session.get_one(Party, product.owner_id))


def count(made):
    return made(lambda session: session.scalar(sa.select(sa.func.count(Tariff.id))))


def sent(product, **changed):
    return {
        "product_id": str(product.id), "regime": "gov_guided", "charge_unit": "per_use", "model": BANDS,
        "effective_from": str(make.TODAY), "quantities": ["2000"], **changed,
    }  # fmt: skip


def test_a_program_tries_a_price_and_nothing_is_written(app, client, made, product, owner):
    headers = as_program(app, Role.OPERATOR, party=owner)
    good = client.post(URL, json=sent(product), headers=headers)
    assert good.status_code == 200, good.json
    rows = {row["quantity"]: row for row in good.json["rows"]}
    assert rows["2000"] == {
        "quantity": "2000", "amount": "1300.00", "average": "0.65", "headroom": "0.15", "before": None,
        "change": None, "is_forecast": False,
    }  # fmt: skip
    assert set(rows) == {"1", "2", "999", "1000", "1001", "2000"}
    assert rows["1000"]["is_forecast"]  # the forecast volume of the cap
    assert (good.json["is_permitted"], good.json["cap"]["amount"], good.json["highest"]) == (True, "0.8", "0.8")
    wrong = sent(product, model={"model": "flat", "flat_fee": "5"}, effective_from="2026-06-30")
    refused = client.post(URL, json=wrong, headers=headers).json
    assert refused["is_permitted"] is False
    assert [one["code"] for one in refused["refusals"]] == ["tariff.unusable", "pricing.cap_missing"]
    above = client.post(URL, json=sent(product, model={"model": "flat", "flat_fee": "5"}), headers=headers).json
    assert [(one["code"], one["article"]) for one in above["refusals"]] == [
        ("pricing.price_above_cap", "发改价格〔2025〕65号 二")
    ]
    assert {row["quantity"]: row["headroom"] for row in above["rows"]}["1"] == "-4.2"
    assert count(made) == 0
    stranger = as_program(app, Role.OPERATOR, party=made(base.make_operator))
    assert client.post(URL, json=sent(product), headers=stranger).status_code == 403
    bad = client.post(URL, json=sent(product, model={"model": "per_unit", "unit_price": "x"}), headers=headers)
    assert (bad.status_code, bad.json["code"]) == (422, "input.unreadable")
    assert client.post(URL, json=sent(product, quantities=["1"] * 21), headers=headers).status_code == 422
    assert client.post(URL, json=sent(product, grade="无"), headers=headers).status_code == 200


def test_the_page_shows_the_preview_while_typing_and_by_its_button_and_keeps_what_was_typed(app, made, product, owner):
    seller = as_person(app, Role.OPERATOR, party=owner)
    page = f"/prices/{product.code}/edit"
    form = {
        "regime": "gov_guided", "charge_unit": "per_use", "effective_from": str(make.TODAY), "model": "per_unit",
        "unit_price": "0.50", "minimum_spend": "5.00", "quantities": "10，20",
    }  # fmt: skip
    shown = seller.get(page).get_data(as_text=True)
    assert f'data-preview="/prices/{product.code}/preview"' in shown
    piece = send(seller, f"/prices/{product.code}/preview", form, form_at=page)
    text = piece.get_data(as_text=True)
    assert piece.status_code == 200
    assert "<html" not in text
    for words in ("不能公布", "PRC-05", "发改价格〔2025〕65号 二", "¥ 10.00"):
        assert words in text
    tried = send(seller, page, {**form, "act": "preview"}, form_at=page)
    assert tried.status_code == 200
    assert "不能公布" in tried.get_data(as_text=True)
    assert 'value="5.00"' in tried.get_data(as_text=True)
    half = send(seller, f"/prices/{product.code}/preview", {"model": "per_unit"}, form_at=page)
    assert half.status_code == 200
    assert "regime" in half.get_data(as_text=True)
    assert send(seller, page, form, form_at=page).status_code == 422
    assert count(made) == 0
    other = as_person(app, Role.OPERATOR, party=made(base.make_operator))
    assert other.get(page).status_code == 403


PACKS = {"packs-0-quantity": "20", "packs-0-price": "2", "packs-1-quantity": "100", "packs-1-price": "15"}


def test_every_model_value_basis_and_grade_can_be_typed_and_is_shown(app, client, made):
    product = made(market.make_market_product, "1.50")
    seller = as_person(app, Role.MERCHANT, party=made(lambda session: session.get_one(Party, product.owner_id)))
    page = f"/prices/{product.code}/edit"
    base_form = {"regime": "market_value_based", "charge_unit": "per_use", "charges_misses": "true"}
    models = {
        "每套餐 20": {"model": "package_table", **PACKS},
        "× 0.9": {"model": "volume_coefficient", "unit_price": "1", "bands-0-up_to": "100", "bands-0-coefficient": "1",
                  "bands-1-coefficient": "0.9"},
        "甲级": {"model": "per_unit", "unit_price": "1", "grades-0-grade": "甲级", "grades-0-coefficient": "0.8",
                "maximum_spend": "900", "waived_up_to": "3"},
    }  # fmt: skip
    basis = {
        "scenario": "普惠信贷", "benefit": "每笔节约 3 元", "method": "market", "comparables-0-product": "同类接口",
        "comparables-0-price": "1.2", "comparables-0-source": "深圳数据交易所",
    }  # fmt: skip
    tried = send(seller, page, {**base_form, "effective_from": str(make.TODAY), "model": "package_table", **PACKS,
                                "act": "preview"}, form_at=page).get_data(as_text=True)  # fmt: skip
    assert "5 个 20 件套餐" in tried
    assert "福田" in tried  # where value is the basis of the price, the editor asks for it
    made(lambda session: make.publish_class_rules(session, product, {}, "甲级", make.TODAY, make.NOW))
    for day, (_, model) in enumerate(models.items(), start=10):
        on = make.TODAY + timedelta(days=day)
        form = {**base_form, "effective_from": str(on), **model, **basis}
        answer = send(seller, page, form, form_at=page)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        shown = client.get(f"/prices/{product.code}?on={on}").get_data(as_text=True)
        for words in ("查询即计", "普惠信贷", "深圳数据交易所"):
            assert words in shown
    assert ("甲级" in shown, "免收额" in shown, "¥ 900" in shown) == (True, True, True)
    half = send(seller, page, {**base_form, "effective_from": str(market.NEXT_MONTH), "model": "per_unit",
                               "unit_price": "1", "scenario": "普惠信贷"}, form_at=page)  # fmt: skip
    assert half.status_code == 422
    assert 'id="benefit-error"' in half.get_data(as_text=True)
