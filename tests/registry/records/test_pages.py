"""Deliveries, evidence and other registers by browser and by program."""

from __future__ import annotations

from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.products.model import Product
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send
from tests.make.registry_products import make_merchant, make_product

API = "/api/v1"


def offered(app: Flask) -> tuple[Product, Party]:
    """A product and its seller."""
    with app.app_context(), db.transaction() as session:
        made = make_product(session)
        return made, session.get_one(Party, made.owner_id)


def paper(name: str = "凭证.pdf") -> tuple[BytesIO, str, str]:
    """A file as a browser sends it."""
    return BytesIO(b"%PDF-1.7 paper"), name, "application/pdf"


def test_a_merchant_states_a_delivery_and_another_register_on_one_page(app: Flask) -> None:
    made, owner = offered(app)
    page = f"/workspace/products/{made.code}/records"
    with clock.set_to(make.NOW):
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        assert "期限未起算" in merchant.get(page).get_data(as_text=True)
        url = f"/workspace/products/{made.code}/deliveries"
        future = {"delivered_on": "2026-07-02", "recipient": "某银行"}
        assert send(merchant, url, future, form_at=page).status_code == 422
        stated = {"delivered_on": "2026-07-01", "recipient": "某银行", "delivery_file": paper("签收单.pdf")}
        assert send(merchant, url, stated, form_at=page).status_code == 303
        assert "2026-07-29" in merchant.get(page).get_data(as_text=True)
        url = f"/workspace/products/{made.code}/other-registrations"
        fields = {
            "kind": "local_record",
            "issuer": "浙江大数据交易服务平台",
            "reference": "ZJ-1",
            "valid_from": "2026-07-01",
        }
        assert send(merchant, url, fields, form_at=page).status_code == 422
        assert send(merchant, url, {**fields, "record_file": paper()}, form_at=page).status_code == 303
        url = f"/workspace/products/{made.code}/evidence"
        preserved = {"version_id": "", "provider": "存证平台", "evidence_reference": "BC-9"}
        assert send(merchant, url, preserved, form_at=page).status_code == 422
        shown = merchant.get(page).get_data(as_text=True)
        assert "ZJ-1" in shown
        link = next(part for part in shown.split('href="') if "/evidence/" in part[:80]).split('"')[0]
        assert merchant.get(link).data == b"%PDF-1.7 paper"
        assert merchant.get(f"/workspace/products/{made.code}/evidence/{'0' * 64}").status_code == 404
        assert "ZJ-1" in merchant.get(f"/workspace/products/{made.code}").get_data(as_text=True)


def test_a_program_states_and_reads_the_same(app: Flask, client: FlaskClient) -> None:
    made, owner = offered(app)
    with clock.set_to(make.NOW):
        merchant = as_program(app, Role.MERCHANT, party=owner)
        url = f"{API}/products/{made.code}"
        body = {"delivered_on": "2026-07-01", "recipient": "某银行"}
        assert client.post(f"{url}/deliveries", json=body, headers=key(merchant)).status_code == 201
        body = {
            "kind": "filing", "issuer": "主管部门", "reference": "备1", "valid_from": "2026-07-01",
            "upload": {"name": "备案.pdf", "content_base64": "JVBERi0="},
        }  # fmt: skip
        record = client.post(f"{url}/records", json=body, headers=key(merchant))
        assert (record.status_code, record.json["reference"]) == (201, "备1")
        again = client.post(f"{url}/records", json=body, headers=key(merchant))
        assert (again.status_code, again.json["code"]) == (409, "record.exists")
        end = {"ended_on": "2026-07-02", "reason": "注销备案"}
        ended = client.post(f"{API}/records/{record.json['id']}/end", json=end, headers=key(merchant))
        assert ended.json["end"] == {"ended_on": "2026-07-02", "reason": "注销备案"}
        seen = client.get(f"{url}/records", headers=merchant).json
        assert (seen["clock"]["due"], seen["clock"]["late_days"], len(seen["registrations"])) == ("2026-07-29", 0, 1)
        with app.app_context(), db.transaction() as session:
            other = make_merchant(session)
        stranger = as_program(app, Role.MERCHANT, party=other)
        assert client.get(f"{url}/records", headers=stranger).status_code == 404
