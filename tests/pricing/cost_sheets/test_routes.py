"""The spreadsheet through HTTP: template down, filled sheet up, wrong cells in a table; keys and charges beside it."""

from __future__ import annotations

import base64
import io

import pytest

from kernel.identity import Role
from pricing.cost_sheets.sheets import read
from registry.parties.model import Party
from tests.make import charges as charged
from tests.make import cost_sheets as sheet
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key


@pytest.fixture
def agreement(made):
    return made(base.make_agreement)


@pytest.fixture
def institution(made, agreement):
    return made(lambda session: session.get_one(Party, agreement.operating_institution_id))


def upload(content: bytes) -> dict[str, str]:
    return {"name": "成本.xlsx", "content_base64": base64.b64encode(content).decode()}


def test_programs_upload_a_sheet_change_a_key_draw_charges_and_read_why(app, client, made, agreement, institution):
    operator = as_program(app, Role.OPERATOR, party=institution)
    url = "/api/v1/cost-surveys"
    template = client.get(f"{url}/template.xlsx", headers=operator)
    assert template.status_code == 200
    assert "attachment" in template.headers["Content-Disposition"]
    content = sheet.filled(agreement.number, [sheet.cost_row(), sheet.cost_row("100.00", key="")], [sheet.KEY_ROW])
    body = {"agreement_id": str(agreement.id), "year": 2025, "file": upload(content)}
    opened = client.post(f"{url}/imports", json=body, headers=key(operator))
    assert opened.status_code == 201, opened.json
    one = f"{url}/{opened.json['id']}"
    assert opened.json["totals"]["industry"] == "8000100.00"
    assert opened.json["lines_without_evidence"] == [1, 2]
    wrong = sheet.filled(agreement.number, [sheet.cost_row("1.001")], [sheet.KEY_ROW])
    tag = {**operator, "If-Match": opened.headers["ETag"]}
    refused = client.put(f"{one}/sheet", json={"file": upload(wrong)}, headers=tag)
    assert (refused.status_code, refused.json["code"]) == (422, "cost_survey.sheet_refused")
    assert refused.json["errors"][0]["address"] == "D4"

    one_key = f"{one}/keys/{opened.json['keys'][0]['id']}"
    halved = {"driver": "全年接口调用次数", "industry_units": "1", "public_units": "1"}
    previewed = client.post(f"{one_key}/preview", json=halved, headers=operator)
    changed = client.put(one_key, json=halved, headers=tag)
    assert changed.json["effects"] == previewed.json["effects"]
    assert [(one["position"], one["amount_after"]) for one in changed.json["effects"]] == [(1, "5000000.00")]
    assert changed.json["survey"]["keys"][0]["share"] == "1/2"

    made(charged.make_month, agreement, month="2025-12")
    drawn = client.post(f"{one}/charges", json={}, headers=key({**operator, "If-Match": changed.headers["ETag"]}))
    assert len(drawn.json["added"]) == 5
    assert drawn.json["survey"]["totals"]["spent"] == "10019100.00"
    account = client.get(f"{url}/accounts?agreement_id={agreement.id}&year=2025", headers=operator).json
    assert account["rows"][0]["public_interest"] == "5000000.00"
    explained = client.get(f"{one}/explanation", headers=operator).json["explanation"]
    assert explained["value"] == "¥ 4,219,100.00"
    kept = client.get(f"{one}/sheet.xlsx", headers=operator)
    assert len(read(kept.data, agreement=agreement.number, year=2025).content["lines"]) == 7


def test_people_see_every_wrong_cell_in_a_table_then_the_survey(app, made, agreement, institution):
    operator = as_person(app, Role.OPERATOR, party=institution)
    new = "/pricing/surveys/import"
    assert operator.get("/pricing/surveys/template.xlsx").status_code == 200

    def send(url, *rows, **fields):
        content = sheet.filled(agreement.number, list(rows), [sheet.KEY_ROW])
        return make.post_form(operator, url, {**fields, "file": (io.BytesIO(content), "成本.xlsx")})

    whose = {"agreement_id": str(agreement.id), "year": "2025"}
    refused = send(new, sheet.cost_row("1.001"), **whose)
    assert refused.status_code == 422
    assert "D4" in refused.get_data(as_text=True)
    assert "系统不四舍五入" in refused.get_data(as_text=True)
    done = send(new, sheet.cost_row(), sheet.cost_row("100.00", key=""), **whose)
    assert done.status_code == 303, done.get_data(as_text=True)
    url = done.headers["Location"]
    made(charged.make_month, agreement, month="2025-12")
    shown = operator.get(url).get_data(as_text=True)
    assert "没有凭证的成本项：1、2" in shown
    assert "有 5 笔计入经营成本的费用尚未列入" in shown

    key_url = f"{url}/keys/" + shown.split("/keys/")[1].split('"')[0]
    halved = {"driver": "次数", "industry_units": "1", "public_units": "1", "version": "1"}
    previewed = make.post_form(operator, key_url, {**halved, "act": "preview"}).get_data(as_text=True)
    assert "其余 1 项不变" in previewed
    assert "5,000,000.00" in previewed
    assert "8,000,000.00" in operator.get(url).get_data(as_text=True)
    assert make.post_form(operator, key_url, {**halved, "act": "save"}).status_code == 303
    drawn = make.post_form(operator, f"{url}/charges", {"key": "调用量", "version": "2"}, shown_at=url)
    assert drawn.status_code == 303
    assert "5,009,600.00" in operator.get(url).get_data(as_text=True)  # with half of 19,000.00
    edit = operator.get(f"{url}/edit").get_data(as_text=True)
    assert 'name="lines-2-charge" value="CHG-' in edit
    replaced = send(f"{url}/import", sheet.cost_row("7.00", key=""), version="3")
    assert replaced.status_code == 303
    assert "7.00" in operator.get(url).get_data(as_text=True)
    assert operator.get(f"{url}/sheet.xlsx").status_code == 200
