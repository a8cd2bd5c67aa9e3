"""What is delivered as a file or a report cannot be called, whether or not it was bought."""

from __future__ import annotations

import pytest
from flask import Flask

from kernel import clock, db
from registry.products.rules import DeliveryForm
from settlement.metering.queries import used_of
from tests.make import delivering as make
from tests.make import market
from tests.make.clients import key


@pytest.mark.parametrize("form", [DeliveryForm.FILE, DeliveryForm.REPORT])
def test_a_call_for_a_product_in_files_is_refused_and_says_where_to_download(app: Flask, form: DeliveryForm) -> None:
    with clock.set_to(market.SALE):
        sold = make.make_sold(app, form=form)
        headers = {**key(sold.buyer), "Client-Reference": "r-1"}
        refused = app.test_client().get(f"/exchange/v1/products/{sold.product.code}/records/k", headers=headers)
        assert (refused.status_code, refused.json["code"]) == (409, "exchange.no_interface")
        assert f"/exchange/v1/entitlements/{sold.terms.number}/files/" in refused.json["detail"]
        url = f"/exchange/v1/products/{sold.product.code}/queries"
        asked = app.test_client().post(url, json={"q": "k"}, headers=headers)
        assert (asked.status_code, asked.json["code"]) == (409, "exchange.no_interface")
    with app.app_context():
        assert used_of(db.session(), sold.held.id) == 0
