"""The price list over HTTP: open to everybody, kept by caches, downloaded, drawn."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry.parties.model import Party
from tests.make import pricing as make
from tests.make import registry_base as base

TOMORROW = make.TODAY + timedelta(days=1)
LIST = "/api/v1/price-list"


@pytest.fixture
def product(made):
    def story(session):
        product = make.make_priced_product(session)
        make.make_tariff(session, product, {"model": "per_unit", "unit_price": "0.70"}, effective_from=TOMORROW)
        make.make_priced_product(session, place="puer")
        return product

    return made(story)


def test_programs_read_the_list_of_any_day_page_by_page_and_may_keep_it(client, product):
    today = client.get(LIST, query_string={"place": base.PLACE})
    (row,) = today.json["items"]
    assert (row["product_code"], row["words"], row["cap_amount"], row["headroom"]) == (
        product.code, ["0.8 元/次"], "0.8", "0",
    )  # fmt: skip
    assert row["documents"][0].startswith(row["cap_report_number"])
    assert today.headers["Cache-Control"] == "public, max-age=300"
    again = client.get(LIST, query_string={"place": base.PLACE}, headers={"If-None-Match": today.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    first = client.get(LIST, query_string={"limit": 1}).json
    second = client.get(LIST, query_string={"limit": 1, "cursor": first["next_cursor"]}).json
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (1, 1, None)
    past = client.get(LIST, query_string={"on": str(make.TODAY - timedelta(days=1))})
    assert (past.json["items"], past.headers["Cache-Control"]) == ([], "public, max-age=86400")
    tomorrow = client.get(LIST, query_string={"on": str(TOMORROW), "product": product.code}).json["items"]
    assert [one["unit_price_max"] for one in tomorrow] == ["0.7"]
    assert client.get(LIST, query_string={"on": "9999-12-31"}).status_code == 422


def test_programs_read_histories_and_caps_with_their_reports(client, product, made):
    found = client.get(f"{LIST}/products/{product.code}").json
    assert [(one["what"], one["amount"], one["phase"]) for one in found["entries"]] == [
        ("price", "0.8", "present"), ("price", "0.7", "announced"), ("cap", "0.8", "present"),
    ]  # fmt: skip
    party = made(lambda session: session.get_one(Party, product.owner_id))
    assert client.get(f"{LIST}/sellers/{party.uscc}").json["entries"] == found["entries"]
    assert client.get(f"{LIST}/sellers/0").json["code"] == "publication.no_such_seller"
    caps = client.get(f"{LIST}/caps", query_string={"product": product.code}).json["items"]
    assert [(cap["amount"], cap["reported_to"]) for cap in caps] == [("0.8", ["price_authority", "data_authority"])]
    assert caps[0]["report_number"]


def test_people_find_prices_histories_plots_and_downloads_without_signing_in(client, product, made):
    party = made(lambda session: session.get_one(Party, product.owner_id))
    page = client.get("/price-list", query_string={"product": product.code}).text
    assert "0.8 元/次" in page
    assert "0.8 yuan per use" in client.get("/price-list", headers={"Accept-Language": "en"}).text
    history = client.get(f"/price-list/products/{product.code}").text
    assert "已公布未执行" in history
    assert f"/price-list/products/{product.code}/history.svg?unit=per_use" in history
    assert party.name in client.get(f"/price-list/sellers/{party.uscc}").text
    caps = client.get("/price-list/caps").text
    assert "数据管理部门" in caps
    plot = client.get(f"/price-list/products/{product.code}/history.svg?unit=per_use")
    assert (plot.mimetype, plot.data[:5]) == ("image/svg+xml", b"<?xml")
    assert "上限收费标准" in plot.text
    for address, kind, mark in (
        ("/price-list.xlsx", "spreadsheetml", b"PK"), ("/price-list.csv", "text/csv", b"\xef\xbb\xbf"),
        ("/price-list/caps.csv", "text/csv", b"\xef\xbb\xbf"),
    ):  # fmt: skip
        answer = client.get(address, query_string={"on": str(TOMORROW)})
        assert (answer.status_code, kind in answer.mimetype, answer.data.startswith(mark)) == (200, True, True)
        assert answer.headers["Content-Disposition"].startswith("attachment")
    assert client.get("/price-list?on=9999-12-31&unit=x&regime=x&place=x").status_code == 200


def test_a_product_without_a_price_has_an_empty_history_and_no_plot_to_break(client, made):
    bare = made(make.make_product)
    assert "尚未公布收费标准" in client.get(f"/price-list/products/{bare.code}").text
    assert client.get(f"/price-list/products/{bare.code}/history.svg").status_code == 200
