"""Contribution figures on pages and through the API: drawn by one, opened by another, objected to, decided."""

from __future__ import annotations

import re

from flask import Flask

from kernel import db
from kernel.identity import Role
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, as_program, send


def test_a_department_objects_on_the_page_and_the_authority_decides(app: Flask, world: make.World) -> None:
    with app.app_context(), db.transaction() as session:
        make.use(session, world.scores_bought, 40)
    maker = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    drawn = send(maker, "/contributions", {"place": base.PLACE, "period": "2026-08"}, form_at="/contributions")
    assert drawn.status_code == 303
    page = drawn.headers["Location"]
    number = page.rsplit("/", 1)[1]
    source = as_person(app, Role.SOURCE, party=world.bureau, place=base.PLACE)
    assert source.get(page).status_code == 404
    checker = as_person(app, Role.FINANCE_CHECKER, place=base.PLACE)
    assert send(checker, f"{page}/opening", {}, form_at=page).status_code == 303
    shown = source.get(page).get_data(as_text=True)
    assert world.bureau.name in shown
    assert source.get(f"{page}/weights.svg").mimetype == "image/svg+xml"
    line = re.search(r'<option value="([0-9a-f-]{36})"', shown)
    assert line is not None
    claim = {"figure_id": line[1], "factor": "quality", "claimed": "0.95", "grounds": "已办结"}
    filed = send(source, f"{page}/objections", claim, form_at=page)
    assert filed.status_code == 303
    assert "暂不结算" in source.get(page).get_data(as_text=True)
    auditor, headers = app.test_client(), as_program(app, Role.AUDITOR, place=base.PLACE)
    (objection,) = auditor.get("/api/v1/contribution-objections", headers=headers).json["items"]
    figures = auditor.get(f"/api/v1/contributions/{number}/figures", headers=headers).json["items"]
    assert sum(one["ppm"] for one in figures if one["product_code"] == figures[0]["product_code"]) == 1_000_000
    supervisor = as_person(app, Role.SUPERVISOR, place=base.PLACE)
    act = f"/contribution-objections/{objection['number']}/decision"
    refused = send(supervisor, act, {"is_upheld": "true", "reason": "属实"}, form_at=page)
    assert refused.status_code == 422
    assert (
        send(supervisor, act, {"is_upheld": "true", "reason": "属实", "corrected": "0.95"}, form_at=page).status_code
        == 303
    )
    assert (
        auditor.get(f"/api/v1/contribution-objections/{objection['number']}", headers=headers).json["state"] == "upheld"
    )
