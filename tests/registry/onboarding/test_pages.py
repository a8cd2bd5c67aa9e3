"""Onboarding in a browser and for programs, without an account."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kernel.identity import Role
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/onboarding"
PDF = b"%PDF-1.7 licence"


def form(**changes: Any) -> dict[str, Any]:
    """The form as an applicant fills it in."""
    return {"uscc": make.uscc(), "place": "xinchang", "name": "新昌数据服务有限公司", "kind": "enterprise",
            "capacities": ["data_merchant"], "contact": "0575-1", "person_name": "王五", "login": "wangwu",
            "password": make.PASSWORD, "certificate": (BytesIO(PDF), "营业执照.pdf"), **changes}  # fmt: skip


def body(**changes: Any) -> dict[str, Any]:
    """The same as a program sends it."""
    document = {"kind": "certificate", "name": "营业执照.pdf", "content_base64": base64.b64encode(PDF).decode()}
    return {**{name: value for name, value in form().items() if name != "certificate"}, "documents": [document],
            **changes}  # fmt: skip


def shown(text: str, pattern: str) -> str:
    """Take what the page shows."""
    found = re.search(pattern, text)
    assert found is not None
    return found[1]


def test_an_applicant_asks_looks_up_corrects_and_signs_in_and_the_officer_decides(
    app: Flask, client: FlaskClient
) -> None:
    made = send(client, "/onboarding", form(), form_at="/onboarding")
    assert made.status_code == 201
    receipt = made.get_data(as_text=True)
    number = shown(receipt, r"(ONB-2\d{3}-\d{6})")
    word = shown(receipt, r">\s*([A-Za-z0-9_-]{16})\s*<")
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    assert number in officer.get("/onboarding-desk?state=submitted").get_data(as_text=True)
    page = officer.get(f"/onboarding-desk/{number}").get_data(as_text=True)
    assert officer.get(shown(page, r'href="(/onboarding-desk/[^"]+/documents/[^"]+)"')).data == PDF
    review = shown(page, r'href="(/reviews/[^"]+)"')
    fields = {"decision": "return_once", "reason": "补正", "defects": "执照已过期"}
    assert send(officer, f"{review}/decision", fields, form_at=review).status_code == 303
    at = f"/onboarding/{number}"
    assert send(client, at, {"word": "wrong"}, form_at=at).status_code == 404
    seen = send(client, at, {"word": word}, form_at=at)
    assert (seen.status_code, "执照已过期" in seen.get_data(as_text=True)) == (200, True)
    again = {name: value for name, value in form().items() if name not in ("uscc", "place", "certificate", "password")}
    bad = send(client, f"{at}/resubmission", {**again, "word": word, "name": ""}, form_at=at)
    assert bad.status_code == 422
    assert send(client, f"{at}/resubmission", {**again, "word": word}, form_at=at).status_code == 200
    fields = {"decision": "agree", "reason": "证照相符"}
    assert send(officer, f"{review}/decision", fields, form_at=review).status_code == 303
    text = send(client, at, {"word": word}, form_at=at).get_data(as_text=True)
    assert "核验通过" in text
    signed = client.post("/api/v1/sessions", json={"login": "wangwu", "password": make.PASSWORD})
    assert signed.status_code == 201


def test_a_refused_form_comes_back_with_the_words_at_the_field(client: FlaskClient) -> None:
    fields = form(uscc="91330624000000000X")
    wrong = send(client, "/onboarding", fields, form_at="/onboarding")
    assert wrong.status_code == 422
    assert 'value="新昌数据服务有限公司"' in wrong.get_data(as_text=True)
    for change, words in [
        ({"certificate": (BytesIO(b"MZ"), "a.pdf")}, "不是 PDF"),
        ({"certificate": (BytesIO(b""), "")}, "请上传营业执照或登记证书"),
        ({"password": "short"}, "密码至少"),
        ({"capacities": ["data_authority"]}, "自助入驻只受理"),
        ({"identity_number": "123"}, "校验位须相符"),
    ]:
        answer = send(client, "/onboarding", form(**change), form_at="/onboarding")
        assert (answer.status_code, words in answer.get_data(as_text=True)) == (422, True), words


def test_a_program_asks_and_a_code_is_applied_for_once(app: Flask, client: FlaskClient) -> None:
    sent = body()
    made = client.post(URL, json=sent)
    assert (made.status_code, made.json["state"]) == (201, "submitted")
    again = client.post(URL, json=sent)
    assert (again.status_code, again.json["code"]) == (409, "onboarding.already_applied")
    own = f"{URL}/{made.json['number']}"
    state = client.post(f"{own}/state", json={"word": made.json["word"]}).json
    assert (state["state"], state["defects"], state["login"]) == ("submitted", [], None)
    officer = as_program(app, Role.SUPERVISOR, place="xinchang")
    assert [one["number"] for one in client.get(URL, headers=officer).json["items"]] == [made.json["number"]]
    seen = client.get(own, headers=officer).json
    review = client.get(f"/api/v1/reviews/{seen['review_id']}", headers=officer)
    assert {one["code"] for one in review.json["findings"]} >= {"onboarding.code", "onboarding.separation"}
    decision = {"decision": "agree", "reason": "证照相符", "checklist": []}
    headers = {**key(officer), "If-Match": review.headers["ETag"]}
    assert (
        client.post(f"/api/v1/reviews/{seen['review_id']}/decision", json=decision, headers=headers).status_code == 200
    )
    assert client.post(f"{own}/withdrawal", json={"word": made.json["word"]}).status_code == 409
    assert client.get(own, headers=officer).json["party_id"]


def test_attempts_are_counted_before_anything_is_looked_at(client: FlaskClient) -> None:
    answers = [client.post(f"{URL}/ONB-2026-000001/state", json={"word": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429]
    assert answers[-1].headers["Retry-After"]
    sent = body()
    codes = [client.post(URL, json={**sent, "password": "short"}).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]


def test_the_desk_is_for_officers(app: Flask, client: FlaskClient) -> None:
    assert client.get("/onboarding-desk").status_code == 302
    assert as_person(app, Role.REVIEWER).get("/onboarding-desk").status_code == 403
    assert client.get("/onboarding/look-up?number=ONB-2026-000001").location.endswith("/onboarding/ONB-2026-000001")
    assert client.get("/onboarding/look-up?number=+").location.endswith("/onboarding")
