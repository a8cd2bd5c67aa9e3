"""Quality tickets in a browser without JavaScript."""

from __future__ import annotations

from io import BytesIO

from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from tests.make import registry_base as make
from tests.make.clients import as_person, send
from tests.make.registry_products import make_merchant


def test_a_problem_is_reported_answered_and_confirmed_on_its_pages(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            department, owner = make.make_department(session), make_merchant(session)
            resource = make.make_resource(session, department)
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        source = as_person(app, Role.SOURCE, party=department)
        page = f"/quality/resources/{resource.id}"
        shown = merchant.get(page).get_data(as_text=True)
        for words in ("质量评分", "反馈质量问题", "100.00", owner.name):
            assert words in shown
        fields = {"resource_id": str(resource.id), "reporter_id": str(owner.id), "category": "timeliness",
                  "description": "上月数据未更新"}  # fmt: skip
        refused = send(merchant, f"{page}/tickets", fields | {"description": ""}, form_at=page)
        assert refused.status_code == 422
        made = send(
            merchant, f"{page}/tickets", fields | {"file": (BytesIO(b"a"), "截图.png")}, form_at=page,
            content_type="multipart/form-data",
        )  # fmt: skip
        assert made.status_code == 303
        ticket = str(made.location)
        assert "截图.png" in merchant.get(ticket).get_data(as_text=True)
        assert "QLT-2026-000001" in source.get("/quality").get_data(as_text=True)
        steps = f"{ticket}/steps"
        assert send(source, steps, {"event": "refuse"}, form_at=ticket).status_code == 422
        for person, event in ((source, "accept"), (source, "correct"), (merchant, "confirm"), (merchant, "close")):
            assert send(person, steps, {"event": event, "reason": "已处理"}, form_at=ticket).status_code == 303
        assert "已办结" in merchant.get(ticket).get_data(as_text=True)
        assert steps not in merchant.get(ticket).get_data(as_text=True)
        assert "99.00" in merchant.get(page).get_data(as_text=True)


def test_without_configured_weights_the_page_says_why_there_is_no_score(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        resource = make.make_resource(session)
    with clock.set_to(make.NOW.replace(year=2023)):
        supervisor = as_person(app, Role.SUPERVISOR, place="xinchang")
        assert "不评分" in supervisor.get(f"/quality/resources/{resource.id}").get_data(as_text=True)
