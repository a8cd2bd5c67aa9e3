"""Complaints about fees over HTTP and in the browser."""

from __future__ import annotations

from kernel.identity import Role
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/complaints"


def complaint_in(product, **changed):
    return {
        "product_code": product.code, "ground": "too_high", "words": "太贵", "name": "张三", "contact": "13800000000",
        **changed,
    }  # fmt: skip


def test_a_citizen_complains_follows_and_the_authority_decides(app, client, made):
    product = made(make.make_priced_product)
    refused = client.post(URL, json=complaint_in(product, name=" "), headers=key({}))
    assert refused.status_code == 422
    filed = client.post(URL, json=complaint_in(product), headers=key({}))
    assert filed.status_code == 201, filed.json
    followed = f"{URL}/followed/{filed.json['reference']}"
    assert client.get(followed).json["state"] == "filed"
    assert "张三" not in client.get(followed).get_data(as_text=True)
    assert client.get(f"{URL}/followed/{'A' * 26}").status_code == 404
    supervisor = as_program(app, Role.SUPERVISOR, place=base.PLACE)
    one = f"{URL}/{client.get(URL, headers=supervisor).json['items'][0]['id']}"
    stranger = as_program(app, Role.BUYER, party=made(make.make_buyer))
    assert client.get(one, headers=stranger).status_code == 404

    def step(name, body=None):
        tag = client.get(one, headers=supervisor).headers["ETag"]
        return client.post(f"{one}/{name}", json=body, headers=key({**supervisor, "If-Match": tag}))

    assert step("review", {"findings": "早了"}).json["code"] == "complaint.wrong_state"
    assert step("acceptance").json["state"] == "accepted"
    assert step("review", {"findings": "成本合理"}).json["findings"] == "成本合理"
    counted = client.get(f"{URL}/counts", headers=supervisor).json
    assert counted == [{"product_id": str(product.id), "filed": 1, "open": 1, "adjusted": 0}]
    assert step("decision", {"outcome": "keep", "reason": "在上限以内"}).json["outcome"] == "keep"
    assert client.post(f"{followed}/withdrawal", headers=key({})).json["code"] == "complaint.wrong_state"
    assert step("closing", {}).json["state"] == "closed"
    assert client.get(followed).json["decided_reason"] == "在上限以内"


def test_the_pages_lead_from_the_form_to_the_decision(app, made):
    product = made(make.make_priced_product)
    visitor, supervisor = app.test_client(), as_person(app, Role.SUPERVISOR, place=base.PLACE)
    form = f"/prices/complaints/new?product={product.code}"
    sent = complaint_in(product)
    assert make.post_form(visitor, form, {**sent, "contact": ""}).status_code == 422
    answer = make.post_form(visitor, form, sent)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    mine = answer.headers["Location"]
    assert "待受理" in visitor.get(mine).get_data(as_text=True)
    assert visitor.get("/prices/complaints?reference=XYZ", follow_redirects=True).status_code == 404
    page = supervisor.get("/pricing/complaints").get_data(as_text=True)
    url = page.split('href="/pricing/complaints/', 1)[1].split('"', 1)[0]
    one = f"/pricing/complaints/{url}"
    assert "张三" in supervisor.get(one).get_data(as_text=True)
    steps = [("accept", {}), ("review", {"findings": "核查"}), ("decide", {"outcome": "adjust", "reason": "偏高"})]
    for name, fields in steps:
        assert send(supervisor, f"{one}/{name}", fields, form_at=one).status_code == 303
    early = send(supervisor, f"{one}/close", {}, form_at=one)
    assert (early.status_code, "尚未关联" in early.get_data(as_text=True)) == (409, True)
    assert send(visitor, f"{mine}/withdrawal", {}, form_at=form).status_code == 409
    assert "调整收费标准" in visitor.get(mine).get_data(as_text=True)
