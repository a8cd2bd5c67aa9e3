"""Entering products in a browser without JavaScript."""

from __future__ import annotations

from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.products import queries
from registry.products.pages import typed
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send
from tests.make.registry_products import make_merchant, make_product, make_request, make_reviewers


def test_fields_sample_and_inputs_are_read_from_lines() -> None:
    form = MultiDict(
        [("fields", "score | 信用评分 | number\n\n name|姓名|text|个人信息 \nlevel"), ("sample", "712 | 张三\n\n650"),
         ("inputs", "a"), ("inputs", "b"), ("weight-a", "2.5"), ("quality-b", "0.8")]
    )  # fmt: skip
    found = typed(form)
    assert [(one["name"], one["title"], one["type"], one["personal"]) for one in found["fields"]] == [
        ("score", "信用评分", "number", False), ("name", "姓名", "text", True), ("level", "level", "text", False),
    ]  # fmt: skip
    assert found["sample"] == [{"score": "712", "name": "张三"}, {"score": "650"}]
    assert [(one["weight_input"], one["quality"]) for one in found["inputs"]] == [("2.5", "1"), ("1", "0.8")]


def test_a_merchant_enters_a_product_on_an_approved_request(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            make_reviewers(session, "xinchang")
            resource, owner = make.make_resource(session), make_merchant(session)
            agreement = make.make_agreement(session, scope=[resource])
            request = make_request(session, agreement=agreement, applicant=owner)
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        assert request.number in merchant.get("/workspace/products/new").get_data(as_text=True)
        url = f"/workspace/products/new?request_id={request.id}"
        fields = {
            "title": "企业信用核验", "domain": "金融", "delivery_form": "api", "source_statement": "源自授权范围",
            "description": "返回核验结果", "fields": "score | 信用评分 | number", "sample": "712",
            "inputs": [str(resource.id)], f"weight-{resource.id}": "abc",
        }  # fmt: skip
        refused = send(merchant, url, fields, form_at=url)
        assert refused.status_code == 422
        for kept in ("企业信用核验", "score | 信用评分 | number", f'value="{resource.id}" checked'):
            assert kept in refused.get_data(as_text=True)
        made = send(merchant, url, fields | {f"weight-{resource.id}": "3"}, form_at=url)
        assert (made.status_code, made.location) == (303, "/workspace/products/XC-2026-000001")
        shown = merchant.get(made.location).get_data(as_text=True)
        for words in ("企业信用核验", "送审最新版本", "尚未登记", resource.code):
            assert words in shown
        with app.app_context():
            newest = queries.latest_version(db.session(), queries.by_code(db.session(), "XC-2026-000001").id)
            assert [int(one.weight_input) for one in newest.inputs] == [3]


def test_a_new_version_starts_from_the_last_and_is_refused_with_the_words_of_the_rule(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            made = make_product(session)
            owner = session.get_one(Party, made.owner_id)
            used = [str(one.resource_id) for one in queries.latest_version(session, made.id).inputs]
            other = make.make_resource(session)
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        url = f"/workspace/products/{made.code}/versions/new"
        shown = merchant.get(url).get_data(as_text=True)
        for words in ("score | 信用评分 | number", "712 | A", "暂停出售"):
            assert words in shown
        fields = {"description": "第二版", "fields": "score | 信用评分 | number", "sample": "", "inputs": used}
        refused = send(merchant, url, fields | {"inputs": [str(other.id)]}, form_at=url)
        assert refused.status_code == 422
        assert "不在授权范围内" in refused.get_data(as_text=True)
        assert send(merchant, url, fields, form_at=url).status_code == 303
        assert "第 2 版" in merchant.get(f"/workspace/products/{made.code}").get_data(as_text=True)


def test_versions_are_compared_and_origins_and_evidence_are_entered_on_the_page(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            made, source = make_product(session), make_product(session)
            owner = session.get_one(Party, made.owner_id)
            used = [str(one.resource_id) for one in queries.latest_version(session, made.id).inputs]
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        url = f"/workspace/products/{made.code}/versions/new"
        fields = {"description": "第二版", "fields": "score | 新评分 | number", "sample": "", "inputs": used,
                  "evidence": (BytesIO(b"report"), "检测报告.pdf")}  # fmt: skip
        unknown = send(merchant, url, fields | {"origins": "XC-1999-000001 | 无偿"}, form_at=url,
                       content_type="multipart/form-data")  # fmt: skip
        assert unknown.status_code == 422
        assert "XC-1999-000001" in unknown.get_data(as_text=True)
        alone = merchant.get(f"/workspace/products/{made.code}/difference").get_data(as_text=True)
        assert "只有第 1 版，没有可对比的版本" in alone
        fields["evidence"] = (BytesIO(b"report"), "检测报告.pdf")
        entered = send(merchant, url, fields | {"origins": f"{source.code} | 无偿"}, form_at=url,
                       content_type="multipart/form-data")  # fmt: skip
        assert entered.status_code == 303
        shown = merchant.get(f"/workspace/products/{made.code}/difference").get_data(as_text=True)
        for words in ("新评分", "检测报告.pdf", f"{source.code}", "第 1 版与第 2 版"):
            assert words in shown
        same = merchant.get(f"/workspace/products/{made.code}/difference?before=2&after=2").get_data(as_text=True)
        assert "两个版本内容相同" in same
        assert f"{source.code} | 无偿" in merchant.get(url).get_data(as_text=True)


def test_a_program_reads_the_lineage_and_the_difference(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            made, source = make_product(session), make_product(session)
            owner = session.get_one(Party, made.owner_id)
            used = queries.latest_version(session, made.id).inputs[0].resource_id
            origin = queries.latest_version(session, source.id).id
        headers = as_program(app, Role.MERCHANT, party=owner, place="xinchang")
        url = f"/api/v1/products/{made.code}"
        body = {
            "description": "第二版", "fields": [{"name": "score", "title": "评分"}],
            "inputs": [{"resource_id": str(used)}], "origins": [{"version_id": str(origin), "access": "free"}],
            "evidence": [{"title": "报告", "name": "r.pdf", "content_base64": "cmVwb3J0"}],
        }  # fmt: skip
        entered = client.post(f"{url}/versions", json=body, headers=key(headers))
        assert entered.status_code == 201, entered.json
        newest = entered.json["versions"][0]
        assert [(one["product_code"], one["access"]) for one in newest["origins"]] == [(source.code, "free")]
        assert newest["evidence"][0]["title"] == "报告"
        found = client.get(f"{url}/difference", headers=headers).json
        assert (found["before"], found["after"]) == (1, 2)
        assert {"origins", "evidence", "fields"} <= {one["section"] for one in found["changes"]}
        assert client.get(f"{url}/difference?before=9", headers=headers).status_code == 404
