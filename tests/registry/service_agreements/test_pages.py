"""Service agreements in a browser and through HTTP."""

from __future__ import annotations

import base64
import io

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.calendar import add_months
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.parties.model import Party
from tests.make import authorizations as life
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/service-agreements"


def cast(app: Flask) -> tuple[Agreement, Party, Party]:
    """An authorization of Futian that starts today, its operator, and a data merchant."""
    with app.app_context(), db.transaction() as session:
        operator = make.make_operator(session, place="futian")
        today = clock.today()
        agreement = make.make_agreement(
            session, place="futian", operator=operator, term=(today, add_months(today, 24)), now=clock.now()
        )
        return agreement, operator, life.make_merchant(session, place="futian")


def test_a_merchant_drafts_from_the_standard_text_and_both_sides_sign(app: Flask) -> None:
    agreement, operating, merchant = cast(app)
    officer = as_person(app, Role.SUPERVISOR, place="futian")
    operator, seller = as_person(app, Role.OPERATOR, party=operating), as_person(app, Role.MERCHANT, party=merchant)
    page = "/service-agreements"
    text = {"place": "futian", "kind": "platform_service", "title": "平台服务协议（2026版）"}
    assert send(officer, f"{page}/texts", {**text, "title": ""}, form_at=page).status_code == 422
    assert send(officer, f"{page}/texts", text, form_at=page).status_code == 422
    file = {"text": (io.BytesIO(b"the text"), "文本.docx")}
    assert send(officer, f"{page}/texts", {**text, **file}, form_at=page).status_code == 303
    listed = seller.get(page).get_data(as_text=True)
    assert "平台服务协议（2026版）" in listed
    text_id = listed.split('href="/service-agreements/texts/')[1].split('"')[0]
    assert seller.get(f"{page}/texts/{text_id}").data == b"the text"
    new = f"{page}/new?agreement_id={agreement.id}"
    shown = seller.get(new).get_data(as_text=True)
    assert merchant.name in shown
    assert merchant.name in seller.get(f"{page}/new").get_data(as_text=True)  # nothing to choose where there is one
    draft = {
        "agreement_id": str(agreement.id), "partner_id": str(merchant.id), "text_id": text_id,
        "start_date": str(agreement.term_start), "end_date": "2099-01-01", "particulars": "",
    }  # fmt: skip
    refused = send(seller, f"{page}/new", draft, form_at=new)
    assert refused.status_code == 422
    assert "超出授权运营协议的期限" in refused.get_data(as_text=True)
    draft["end_date"] = str(agreement.term_end)
    made = send(seller, f"{page}/new", draft, form_at=new)
    assert made.status_code == 303, made.get_data(as_text=True)
    url = made.location
    assert send(seller, f"{url}/sign", {}, form_at=url).status_code == 303
    assert send(seller, f"{url}/sign", {}, form_at=url).status_code in (409, 428)
    assert send(operator, f"{url}/sign", {}, form_at=url).status_code == 303
    assert "双方已签" in operator.get(url).get_data(as_text=True)
    assert "SVA-" in officer.get(f"/agreements/{agreement.id}").get_data(as_text=True)
    assert send(officer, f"{url}/end", {"reason": ""}, form_at=url).status_code == 422
    assert send(officer, f"{url}/end", {"reason": "违规使用"}, form_at=url).status_code == 303
    assert "违规使用" in seller.get(url).get_data(as_text=True)


def test_a_service_agreement_through_http(app: Flask, client: FlaskClient) -> None:
    agreement, operating, merchant = cast(app)
    operator, seller = as_program(app, Role.OPERATOR, party=operating), as_program(app, Role.MERCHANT, party=merchant)
    text = {
        "place": "futian", "kind": "development_use", "title": "格式协议", "name": "文本.docx",
        "content_base64": base64.b64encode(b"text").decode(),
    }  # fmt: skip
    published = client.post(f"{URL}/texts", json=text, headers=key(operator))
    assert published.status_code == 201, published.get_data(as_text=True)
    assert client.post(f"{URL}/texts", json=text, headers=key(seller)).status_code == 403
    assert [one["id"] for one in client.get(f"{URL}/texts", headers=seller).json["items"]] == [published.json["id"]]
    draft = {
        "agreement_id": str(agreement.id), "partner_id": str(merchant.id), "text_id": published.json["id"],
        "start_date": str(agreement.term_start), "end_date": str(agreement.term_end),
    }  # fmt: skip
    withdrawn = client.post(URL, json=draft, headers=key(seller))
    sent = {**key(seller), "If-Match": withdrawn.headers["ETag"]}
    assert client.post(f"{URL}/{withdrawn.json['id']}/withdrawal", headers=sent).json["state"] == "withdrawn"
    last = client.post(URL, json=draft, headers=key(operator))
    url = f"{URL}/{last.json['id']}"
    for headers, state in ((operator, "half_signed"), (seller, "signed")):
        last = client.post(f"{url}/signature", headers={**key(headers), "If-Match": last.headers["ETag"]})
        assert (last.status_code, last.json["state"]) == (200, state), last.get_data(as_text=True)
    assert (last.json["in_force"], len(last.json["signatures"])) == (True, 2)
    listed = client.get(URL, headers=seller, query_string={"agreement_id": str(agreement.id)}).json["items"]
    assert len(listed) == 2
    ended = client.post(
        f"{url}/end", json={"reason": "不再合作"}, headers={**key(seller), "If-Match": last.headers["ETag"]}
    )
    assert (ended.json["state"], ended.json["in_force"]) == ("ended", False)
    stranger = as_program(app, Role.SUPERVISOR, place="puer")
    assert client.get(url, headers=stranger).status_code == 404
    assert (
        client.post(f"{url}/end", json={"reason": "1"}, headers={**key(stranger), "If-Match": '"v1"'}).status_code
        == 404
    )
