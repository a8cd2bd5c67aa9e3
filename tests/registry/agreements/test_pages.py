"""Agreements in a browser without JavaScript."""

from __future__ import annotations

import io
import re

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.calendar import add_months
from kernel.identity import Role
from registry.agreements.rules import AgreementState
from registry.calls.model import Call
from registry.parties.model import Party
from registry.parties.rules import Capacity
from tests.make import registry_base as make
from tests.make.basis import lay_selection
from tests.make.clients import as_person, send


def drafted(app: Flask, officer: FlaskClient) -> str:
    """Draft an agreement of Xinchang on the page; return where it is shown."""
    with app.app_context(), db.transaction() as session:
        authority, operator = make.make_authority(session), make.make_operator(session)
        resource = make.make_resource(session)
        selection = lay_selection(session, "xinchang", operator.id, authority.id)
        plan_id = session.get_one(Call, selection.call_id).plan_id
    today = clock.today()
    new = officer.get("/agreements/new").get_data(as_text=True)
    for words in ("2 年（固定）", "不超过 6 个月", "须为法人组织", "13 项", "未制定不得生效", resource.code):
        assert words in new
    assert f'value="{plan_id}"' in new
    assert selection.number in new
    fields = {
        "place": "xinchang", "authorizing_entity_id": str(authority.id), "operating_institution_id": str(operator.id),
        "title": "新昌县公共数据授权运营协议", "term_start": str(today), "term_end": str(add_months(today, 24)),
        "trial_start": "", "trial_end": "", "resource_ids": [str(resource.id)],
        "plan_id": str(plan_id), "selection_id": str(selection.id),
    }  # fmt: skip
    made = send(officer, "/agreements/new", fields, form_at="/agreements/new")
    assert made.status_code == 303
    return str(made.location)


def test_an_officer_fills_in_signs_files_and_activates_an_agreement(app: Flask) -> None:
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    url = drafted(app, officer)
    assert "尚缺 13 项" in officer.get(url).get_data(as_text=True)
    refused = send(officer, f"{url}/sign", {"coordination_record": "纪要〔2026〕1号"}, form_at=url)
    assert refused.status_code == 422
    assert "尚缺 13 项必备内容，不得签订" in refused.get_data(as_text=True)
    assert send(officer, f"{url}/items", make.ITEMS, form_at=f"{url}/items").status_code == 303
    chosen = re.findall(
        r'name="resource_ids"[^>]*value="([^"]+)" checked', officer.get(f"{url}/scope").get_data(as_text=True)
    )
    assert len(chosen) == 1
    assert send(officer, f"{url}/scope", {"resource_ids": chosen}, form_at=f"{url}/scope").status_code == 303
    assert "13 / 13 项" in officer.get(url).get_data(as_text=True)
    assert send(officer, f"{url}/sign", {"coordination_record": ""}, form_at=url).status_code == 422
    assert send(officer, f"{url}/sign", {"coordination_record": "纪要〔2026〕1号"}, form_at=url).status_code == 303
    for page in ("items", "scope"):  # what was signed is no form any more
        shown = officer.get(f"{url}/{page}").get_data(as_text=True)
        assert "不能再改" in shown
        assert f'action="{url}/{page}"' not in shown
    assert send(officer, f"{url}/file", {"reference": ""}, form_at=url).status_code == 422
    assert send(officer, f"{url}/file", {"reference": "浙数备1号"}, form_at=url).status_code == 303
    stopped = send(officer, f"{url}/activate", {}, form_at=url)
    assert stopped.status_code == 409
    assert "应急预案" in stopped.get_data(as_text=True)
    plan = {"plan": (io.BytesIO(b"the plan"), "预案.pdf")}
    assert send(officer, f"{url}/emergency-plan", plan, form_at=url).status_code == 303
    handed = officer.get(f"{url}/emergency-plan")
    assert (handed.data, handed.mimetype) == (b"the plan", "application/octet-stream")
    assert handed.headers["Content-Disposition"].startswith("attachment")
    assert send(officer, f"{url}/activate", {}, form_at=url).status_code == 303
    history = officer.get(url).get_data(as_text=True)
    for words in ("起草协议", "编写协议内容", "确定授权范围", "签订", "备案", "提交应急预案", "生效"):
        assert words in history


def test_one_officer_suspends_and_two_restore_and_end(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        agreement = make.make_agreement(session)
    one, other = (as_person(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    url = f"/agreements/{agreement.id}"
    assert send(one, f"{url}/suspend", {"reason": "未按约定报告"}, form_at=url).status_code == 422
    fields = {"reason": "未按约定报告", "correction_due": str(clock.today())}
    assert send(one, f"{url}/suspend", fields, form_at=url).status_code == 303
    assert "未按约定报告" in one.get(url).get_data(as_text=True)
    correction = f"{url}/correction"
    assert "运营机构尚未报告整改情况" in one.get(correction).get_data(as_text=True)
    with app.app_context():
        operator = as_person(app, Role.OPERATOR, party=db.session().get_one(Party, agreement.operating_institution_id))
    report = {"text": "已停止越界使用", "evidence": (io.BytesIO(b"proof"), "证据.pdf")}
    assert send(operator, correction, report, form_at=correction).status_code == 303
    assert send(one, f"{url}/restore", {}, form_at=correction).status_code == 303
    assert "等待另一位主管人员确认" in one.get(correction).get_data(as_text=True)
    assert send(other, f"{url}/restore", {}, form_at=correction).status_code == 303
    end = {"ground": "breach", "reason": "未整改", "coordination_record": "纪要2"}
    assert send(one, f"{url}/terminate", end, form_at=url).status_code == 303
    assert send(other, f"{url}/terminate", end, form_at=url).status_code == 303
    history = other.get(url).get_data(as_text=True)
    for words in ("暂停", "运营机构报告整改情况", "申请恢复", "恢复", "申请终止", "终止", "EXT-", "已停止越界使用"):
        assert words in history
    assert "下一步" not in history


def test_a_refused_draft_comes_back_as_it_was_typed(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        authority, operator = make.make_authority(session), make.make_operator(session)
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    draft = {
        "place": "xinchang", "authorizing_entity_id": str(authority.id), "operating_institution_id": str(operator.id),
        "title": "三年协议", "term_start": "2026-07-01", "term_end": "2029-07-01",
    }  # fmt: skip
    answer = send(officer, "/agreements/new", draft, form_at="/agreements/new")
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "应为 2 年" in text
    assert 'value="三年协议"' in text
    assert re.search(rf'value="{operator.id}" selected', text)
    assert send(officer, "/agreements/new", {"place": "atlantis"}, form_at="/agreements/new").status_code == 422


def test_a_stale_page_cannot_sign(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        agreement = make.make_agreement(session, state=AgreementState.DRAFT)
    officer, url = as_person(app, Role.SUPERVISOR, place="xinchang"), f"/agreements/{agreement.id}"
    stale = send(officer, f"{url}/sign", {"coordination_record": "纪要", "version": "99"}, form_at=url)
    assert stale.status_code == 412
    assert "记录已更新" in stale.get_data(as_text=True)
    assert officer.post(f"{url}/destroy").status_code in (400, 404, 405)


def test_readers_see_the_agreement_without_buttons_and_others_do_not_see_it(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        operator = make.make_operator(session)
        agreement = make.make_agreement(session, operator=operator)
        merchant = make.make_party(session, Capacity.DATA_MERCHANT, place="puer")
    url = f"/agreements/{agreement.id}"
    page = as_person(app, Role.OPERATOR, party=operator).get(url).get_data(as_text=True)
    assert agreement.number in page
    assert "下一步" not in page
    stranger = as_person(app, Role.MERCHANT, party=merchant)
    assert stranger.get(url).status_code == 404
    assert stranger.get(f"{url}/emergency-plan").status_code == 404
    assert stranger.get("/agreements/new").status_code == 403
    assert agreement.number not in stranger.get("/agreements").get_data(as_text=True)
    auditor = as_person(app, Role.AUDITOR)
    assert agreement.number in auditor.get("/agreements?state=active&place=xinchang").get_data(as_text=True)
    assert agreement.number not in auditor.get("/agreements?state=draft").get_data(as_text=True)


def test_the_pages_speak_english_too(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        agreement = make.make_agreement(session)
    auditor = as_person(app, Role.AUDITOR)
    auditor.get("/language/en?next=/")
    for url in ("/agreements", f"/agreements/{agreement.id}", "/resources", "/parties", "/account"):
        assert auditor.get(url).status_code == 200
