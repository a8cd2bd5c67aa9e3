"""Files and downloads under an entitlement, as its seller counts them."""

from __future__ import annotations

import base64

import pytest
from flask import Flask

from kernel import clock, db
from kernel.calendar import Period
from kernel.identity import Role
from registry.products.rules import DeliveryForm
from settlement.deliveries import queries
from tests.make import delivering as make
from tests.make import market
from tests.make import registry_base as base
from tests.make.clients import key


@pytest.mark.both_databases
def test_a_download_in_two_pieces_is_one_and_the_file_is_counted(app: Flask) -> None:
    with clock.set_to(market.SALE):
        sold = make.make_sold(app, form=DeliveryForm.FILE)
        client = app.test_client()
        put = {"file_name": "评分.csv", "content_base64": base64.b64encode(make.CSV.encode()).decode()}
        made = client.post(f"/api/v1/products/{sold.product.code}/files", json=put, headers=key(sold.seller))
        assert made.status_code == 201, made.get_data(as_text=True)
        url = f"/exchange/v1/entitlements/{sold.held.number}/files/{made.json['id']}/links"
        link = client.post(url, headers=sold.buyer)
        path = "/exchange" + str(link.json["url"]).split("/exchange", 1)[1]
        for span in ("bytes=0-4", "bytes=5-"):
            assert client.get(path, headers={**sold.buyer, "Range": span}).status_code == 206
        with app.app_context():
            seller = base.actor(Role.MERCHANT, org_id=sold.product.owner_id)
            month = Period.month_of(clock.today())
            (found,) = queries.deliveries(db.session(), seller, [sold.held], month)
            assert (found.downloads, found.files, found.rows) == (1, 1, None)
            assert found.last_at == market.SALE
            (earlier,) = queries.deliveries(db.session(), seller, [sold.held], Period.month("2026-06"))
            assert (earlier.downloads, earlier.last_at) == (0, market.SALE)
