"""The guided form of a product in a browser: step by step, saved incomplete, checked, and made into a product."""

from __future__ import annotations

from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send
from tests.make.registry_products import make_merchant, make_request, make_reviewers


def test_a_merchant_fills_in_the_form_step_by_step(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            make_reviewers(session, "xinchang")
            resource, owner = make.make_resource(session), make_merchant(session)
            request = make_request(
                session, agreement=make.make_agreement(session, scope=[resource]), applicant=owner
            )  # fmt: skip
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        place = "/workspace/drafts"
        started = send(merchant, place, {"owner_id": str(owner.id)}, form_at=place)
        assert started.status_code == 303
        base = str(started.location).removesuffix("/basis")
        assert "尚未填完" in merchant.get(f"{base}/check").get_data(as_text=True)

        def save(step: str, fields: dict[str, object], status: int = 303) -> str:
            url = f"{base}/{step}"
            options = {"content_type": "multipart/form-data"} if "evidence" in fields else {}
            answer = send(merchant, url, fields, form_at=url, **options)
            assert answer.status_code == status, answer.get_data(as_text=True)
            return answer.get_data(as_text=True)

        assert request.number in merchant.get(f"{base}/basis").get_data(as_text=True)
        save("basis", {"request_id": str(request.id)})
        assert f'name="quality-{resource.id}" inputmode="decimal" size="6"' in merchant.get(
            f"{base}/data"
        ).get_data(as_text=True)  # fmt: skip
        assert 'value="1.0000"' in merchant.get(f"{base}/data").get_data(as_text=True)
        save("data", {"inputs": str(resource.id), f"weight-{resource.id}": "2"})
        save("fields", {"fields": "score | 信用评分 | number"})
        assert "score" in merchant.get(f"{base}/sample").get_data(as_text=True)
        save("sample", {"names": "score", "sample": "712"})
        assert "没有这些产品" in save("inputs", {"origins": "XC-1999-000001 | 无偿"}, 422)
        save("inputs", {"origins": "", "evidence": (BytesIO(b"report"), "检测报告.pdf")})
        assert "检测报告.pdf" in merchant.get(f"{base}/inputs").get_data(as_text=True)
        save("delivery", {"title": "企业信用核验", "domain": "金融"})
        assert "交付形式" in merchant.get(f"{base}/check").get_data(as_text=True)
        assert send(merchant, f"{base}/product", {}, form_at=f"{base}/delivery").status_code in (412, 428)
        rest = {"delivery_form": "api", "source_statement": "授权范围内", "description": "返回核验结果", "go": "check"}
        save("delivery", {"title": "企业信用核验", "domain": "金融"} | rest)
        checked = merchant.get(f"{base}/check").get_data(as_text=True)
        assert "内容齐备" in checked
        made = send(merchant, f"{base}/product", {}, form_at=f"{base}/check")
        assert (made.status_code, made.location) == (303, "/workspace/products/XC-2026-000001")
        assert "企业信用核验" not in merchant.get(place).get_data(as_text=True)


def test_a_program_saves_steps_and_is_told_what_is_wrong(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            owner = make_merchant(session)
        headers = as_program(app, Role.MERCHANT, party=owner, place="xinchang")
        url = "/api/v1/product-drafts"
        made = client.post(url, json={"owner_id": str(owner.id)}, headers=key(headers))
        assert made.status_code == 201
        assert "basis" in made.json["missing"]
        own = f"{url}/{made.json['id']}"
        seen = {**headers, "If-Match": made.headers["ETag"]}
        saved = client.put(f"{own}/steps/delivery", json={"title": "半成品"}, headers=seen)
        assert (saved.status_code, saved.json["title"]) == (200, "半成品")
        wrong = {**headers, "If-Match": saved.headers["ETag"]}
        refused = client.put(f"{own}/steps/delivery", json={"inputs": []}, headers=wrong)
        assert (refused.status_code, refused.json["code"]) == (422, "product_draft.unknown_content")
        early = client.post(f"{own}/product", headers={**key(headers), "If-Match": saved.headers["ETag"]})
        assert (early.status_code, early.json["code"]) == (422, "product_draft.incomplete")
        gone = client.post(f"{own}/discard", headers={**key(headers), "If-Match": saved.headers["ETag"]})
        assert gone.json["state"] == "discarded"
        listed = client.get(url, headers=headers, query_string={"state": "discarded"}).json["items"]
        assert [one["id"] for one in listed] == [made.json["id"]]
