"""The catalogue for people without scripts and for programs: search, counts, pages, versions, interface, feed."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from tests.make import market as make

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(autouse=True)
def on_the_day_of_the_sale():
    """Everything happens on one day."""
    with clock.set_to(make.SALE):
        yield


@pytest.fixture
def codes(app: Flask) -> dict[str, str]:
    """Two products on sale, by what they are about; the dearer one was offered first."""
    with app.app_context(), db.transaction() as session:
        credit = make.make_guided_offer(session)
        flood = make.make_offer(session, place="puer", title="内涝风险提示", scenario="农业保险", domain="气象水利",
                                model={"model": "per_unit", "unit_price": "0.05"})  # fmt: skip
        return {"credit": credit.code, "flood": flood.code}


def test_a_program_searches_narrows_counts_and_turns_pages(client: FlaskClient, codes: dict[str, str]) -> None:
    def found(query: str) -> list[str]:
        answer = client.get(f"/api/v1/catalogue?{query}")
        assert answer.status_code == 200, answer.json
        return [item["code"] for item in answer.json["items"]]

    both = [codes["flood"], codes["credit"]]
    assert found("") == found("sort=newest") == found("sort=use") == both
    assert found("sort=price") == [codes["flood"], codes["credit"]]
    for spelled in ("内涝", "內澇", "neilao", "nlfx", "nei lao"):
        assert found(f"q={spelled}") == [codes["flood"]]
    assert found("place=puer&place=xinchang") == both
    assert found("place=puer&domain=没有") == []
    assert found("price_above=0.05") == [codes["credit"]]
    assert found("price_up_to=0.05&charge_unit=per_use") == [codes["flood"]]
    assert found("charge_unit=per_item") == []
    assert found("free=true") == []
    for sort in ("relevance", "price", "use", "newest"):
        first = client.get(f"/api/v1/catalogue?limit=1&sort={sort}").json
        rest = client.get("/api/v1/catalogue", query_string={
            "limit": "1", "sort": sort, "cursor": first["next_cursor"]}).json  # fmt: skip
        assert [item["code"] for item in (*first["items"], *rest["items"])] == both
        assert rest["next_cursor"] is None
    other = client.get("/api/v1/catalogue", query_string={"q": "x", "cursor": first["next_cursor"]})
    assert other.json["code"] == "request.cursor_invalid"
    assert client.get("/api/v1/catalogue?sort=luck").status_code == 422


def test_facets_count_what_is_found(client: FlaskClient, codes: dict[str, str]) -> None:
    counted = client.get("/api/v1/catalogue/facets").json
    assert (counted["count"], counted["is_partial"]) == (2, False)
    values = {one["facet"]: {value["value"]: value["count"] for value in one["values"]} for one in counted["facets"]}
    assert values["place"] == {"puer": 1, "xinchang": 1}
    assert values["delivery_form"] == {"api": 2}
    assert values["charge_unit"] == {"per_use": 2}
    assert values["price_range"] == {"0-0.1": 1, "0.1-1": 1}
    assert all(len(values[facet]) >= 1 for facet in ("operator", "merchant", "department", "update_frequency"))
    narrowed = client.get("/api/v1/catalogue/facets?q=neilao").json
    assert narrowed["count"] == 1
    named = {one["facet"]: one["values"] for one in narrowed["facets"]}
    assert named["merchant"][0]["name"] != named["merchant"][0]["value"]


def test_people_search_and_narrow_by_links(client: FlaskClient, codes: dict[str, str]) -> None:
    page = client.get("/catalogue?q=fxts&sort=price").get_data(as_text=True)
    assert "内涝风险提示" in page
    assert codes["credit"] not in page
    every = client.get("/catalogue").get_data(as_text=True)
    assert "place=puer" in every
    narrowed = client.get("/catalogue?place=puer&price_up_to=0.1&sort=nonsense&price_above=x").get_data(as_text=True)
    assert "共 1 个产品" in narrowed
    assert "不高于 0.1 元" in narrowed
    assert "没有符合条件的产品" in client.get("/catalogue?q=查无此物").get_data(as_text=True)
    assert client.get("/catalogue?cursor=forged").status_code == 400


def test_the_first_page_alone_draws_how_many_products_there_are_and_each_bar_leads_to_them(
    client: FlaskClient, codes: dict[str, str]
) -> None:
    first = client.get("/catalogue").get_data(as_text=True)
    cover = first[first.index('id="cover"') : first.index('class="split"')]
    assert cover.count("<rect") == 4, "two domains, two places"
    assert 'href="/catalogue?place=puer"' in cover
    narrowed = client.get("/catalogue?place=puer").get_data(as_text=True)
    assert codes["flood"] in narrowed
    assert 'id="cover"' not in narrowed
    assert 'id="cover"' not in client.get("/catalogue?q=neilao").get_data(as_text=True)


def test_the_page_of_a_product_leads_to_versions_interface_contract_and_price_history(
    client: FlaskClient, codes: dict[str, str]
) -> None:
    address = f"/products/{codes['credit']}"
    page = client.get(address).get_data(as_text=True)
    for words in ("数据质量", "使用限制", "更新频率", f"{address}/versions", f"{address}/api", f"{address}/contract",
                  f"/price-list/products/{codes['credit']}", "0.80"):  # fmt: skip
        assert words in page
    assert "第 1 版" in client.get(f"{address}/versions").get_data(as_text=True)
    interface = client.get(f"{address}/api").get_data(as_text=True)
    assert f"/exchange/v1/products/{codes['credit']}/records/" in interface
    contract = client.get(f"{address}/contract").get_data(as_text=True)
    assert "GB/T 37932-2025" in contract
    assert "＿＿＿＿" in contract
    for words in ("接口地址", "请求方式", "返回格式", "&#34;hit&#34;: true", "示例（样例数据）"):
        assert words in interface
    for words in ("挂牌编号", "上架时间", "覆盖地区", "适用对象", "查得计费", "元/次"):
        assert words in page
    for end in ("", "/versions", "/api", "/contract"):
        assert client.get(f"/products/XC-2026-999999{end}").status_code == 404


def test_a_program_reads_what_is_behind_a_product(client: FlaskClient, codes: dict[str, str]) -> None:
    address = f"/api/v1/catalogue/{codes['credit']}"
    offer = client.get(address).json
    assert offer["lineage"][0]["grade"] >= 1
    assert offer["listed_at"].startswith("2026-07-20")
    inside = client.get(f"{address}/inside").json
    assert {row["resource_code"] for row in inside["quality"]} == {row["resource_code"] for row in offer["lineage"]}
    assert all(row["basis"] for row in inside["quality"])
    assert inside["is_simulated"] is False
    assert [set(row) for row in inside["sample"]] == [{one["name"] for one in offer["fields"]}] * len(inside["sample"])
    assert inside["sample"]
    assert all(one["citation"] for one in inside["limits"])
    (version,) = client.get(f"{address}/versions").json
    assert (version["number"], version["changes"], len(version["content_sha256"])) == (1, [], 64)
    for end in ("", "/inside", "/versions"):
        assert client.get(f"/api/v1/catalogue/XC-2026-999999{end}").status_code == 404


def test_every_search_has_a_feed_with_the_newest_first(client: FlaskClient, codes: dict[str, str]) -> None:
    answer = client.get("/catalogue/feed.atom?sort=price")
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.data)  # noqa: S314, our own text
    links = [entry.find(f"{ATOM}link").get("href") for entry in feed.iter(f"{ATOM}entry")]
    assert [link.rsplit("/", 1)[1] for link in links] == [codes["flood"], codes["credit"]]
    assert feed.find(f"{ATOM}id").text.endswith("/catalogue/feed.atom")
    only = ElementTree.fromstring(client.get("/catalogue/feed.atom?q=nlfx").data)  # noqa: S314
    assert [entry.find(f"{ATOM}title").text for entry in only.iter(f"{ATOM}entry")] == ["内涝风险提示"]
    assert 'type="application/atom+xml"' in client.get("/catalogue?q=nlfx").get_data(as_text=True)


def test_products_are_compared_side_by_side(client: FlaskClient, codes: dict[str, str]) -> None:
    both = {"code": [codes["flood"], codes["credit"], codes["flood"].lower()]}
    answer = client.get("/api/v1/comparisons", query_string=both)
    assert answer.status_code == 200, answer.json
    assert [one["code"] for one in answer.json["products"]] == [codes["flood"], codes["credit"]]
    rows = {row["aspect"]: row for row in answer.json["rows"]}
    assert rows["domain"]["differs"] is True
    assert rows["delivery_form"] == {"aspect": "delivery_form", "differs": False, "cells": [["api"], ["api"]]}
    page = client.get("/catalogue/comparison", query_string=both).get_data(as_text=True)
    assert "内涝风险提示" in page
    assert "不同" in page
    alone = client.get("/api/v1/comparisons", query_string={"code": codes["flood"]})
    assert (alone.status_code, alone.json["code"]) == (422, "comparison.wrong_number")
    hidden = client.get("/catalogue/comparison", query_string={"code": [codes["flood"], "XC-2026-999999"]})
    assert hidden.status_code == 404
    assert client.get("/catalogue/comparison").status_code == 200
