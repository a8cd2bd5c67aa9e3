"""Egress checks through HTTP: programs and people."""

from __future__ import annotations

from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.egress import queries
from registry.parties.model import Party
from registry.products import queries as products
from registry.reviews.rules import Decision
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send
from tests.make.data import decide
from tests.make.registry_products import make_product


def test_a_program_asks_for_a_check_and_records_what_left(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            made = make_product(session, place="guangzhou")
            owner = session.get_one(Party, made.owner_id)
            newest = products.latest_version(session, made.id)
        headers = as_program(app, Role.MERCHANT, party=owner, place="guangzhou")
        url = "/api/v1/egress-checks"
        body = {"version_id": str(newest.id), "form": "api", "description": "按次返回评分"}
        asked = client.post(url, json=body, headers=key(headers))
        assert (asked.status_code, asked.json["state"], asked.json["product_code"]) == (201, "requested", made.code)
        twice = client.post(url, json=body, headers=key(headers))
        assert (twice.status_code, twice.json["code"]) == (409, "egress.exists")
        left = {"file_sha256": "b" * 64, "form": "api", "recipient": "某银行", "reference": "D-1", "size_bytes": 10,
                "units": 2}  # fmt: skip
        own = f"{url}/{asked.json['id']}"
        early = client.post(f"{own}/exports", json=left, headers=key(headers))
        assert (early.status_code, early.json["code"]) == (409, "egress.wrong_state")
        with app.app_context(), db.transaction() as session:
            check = queries.of_version(session, newest.id)
            assert check is not None
            decide(session, check, Decision.AGREE)
        assert client.post(f"{own}/exports", json=left, headers=key(headers)).status_code == 201
        found = client.get(own, headers=headers).json
        assert (found["state"], [one["reference"] for one in found["exports"]]) == ("exported", ["D-1"])
        wrong = client.post(f"{own}/exports", json=left | {"file_sha256": "x", "units": 0}, headers=key(headers))
        assert {"/file_sha256", "/units"} <= {error["pointer"] for error in wrong.json["errors"]}


def test_people_ask_decide_at_the_desk_and_record_a_delivery(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            made = make_product(session, place="guangzhou")
            owner = session.get_one(Party, made.owner_id)
            agreement = session.get_one(Agreement, made.agreement_id)
            operator = session.get_one(Party, agreement.operating_institution_id)
        merchant = as_person(app, Role.MERCHANT, party=owner, place="guangzhou")
        new = f"/egress/new/{made.code}"
        form = merchant.get(new).get_data(as_text=True)
        with app.app_context():
            newest = products.latest_version(db.session(), made.id)
        assert str(newest.id) in form
        fields = {
            "version_id": str(newest.id),
            "form": "api",
            "description": "按次返回评分",
            "minimum_group_size": "10",
        }
        assert send(merchant, new, fields | {"description": ""}, form_at=new).status_code == 422
        asked = send(merchant, new, fields, form_at=new)
        assert asked.status_code == 303
        page = str(asked.location)
        shown = merchant.get(page).get_data(as_text=True)
        for words in ("原始数据不出域", "声明每项统计至少含 10 条记录", "核查中"):
            assert words in shown
        checker = as_person(app, Role.OPERATOR, party=operator, place="guangzhou")
        assert "核查中" in checker.get("/egress").get_data(as_text=True)
        with app.app_context(), db.transaction() as session:
            check = queries.of_version(session, newest.id)
            assert check is not None
            decide(session, check, Decision.AGREE)
        delivery = {"form": "api", "recipient": "某银行", "reference": "D-1", "units": "3",
                    "file": (BytesIO(b"result"), "result.json")}  # fmt: skip
        sent = send(merchant, f"{page}/exports", delivery, form_at=page, content_type="multipart/form-data")
        assert sent.status_code == 303
        shown = checker.get(page).get_data(as_text=True)
        for words in ("D-1", "某银行", "已出域"):
            assert words in shown
