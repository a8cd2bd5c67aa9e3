"""The sharing catalogue in a browser: search, fields, simulated rows, quality, and the way to a request."""

from __future__ import annotations

from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from tests.make import registry_base as make
from tests.make.clients import as_person
from tests.make.registry_products import make_merchant


def test_a_merchant_searches_looks_at_simulated_rows_and_asks_for_the_data(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            owner = make_merchant(session, place="guangzhou")
            found = make.make_resource(session, place="guangzhou", title="企业纳税信用", grade=3)
            other = make.make_resource(session, place="guangzhou", title="气象观测")
            hidden = make.make_resource(session, place="guangzhou", title="企业涉密", barred=True)
            agreement = make.make_agreement(session, place="guangzhou", scope=[found])
        merchant = as_person(app, Role.MERCHANT, party=owner, place="guangzhou")
        shown = merchant.get("/sharing", query_string={"q": "企业", "grade": "3"}).get_data(as_text=True)
        assert found.code in shown
        assert other.code not in shown
        assert hidden.code not in shown
        assert "100.00" in shown
        department = {"department": str(other.source_department_id), "classification": "登记"}
        assert found.code not in merchant.get("/sharing", query_string=department).get_data(as_text=True)
        entry = merchant.get(f"/sharing/{found.id}").get_data(as_text=True)
        for words in (
            "仿真名称",
            f"/requests/new?agreement_id={agreement.id}",
            "质量评分",
            agreement.number,
            "25.00%",
            "12 个月",
        ):
            assert words in entry
        assert "没有覆盖该数据" in merchant.get(f"/sharing/{other.id}").get_data(as_text=True)
        assert merchant.get(f"/sharing/{hidden.id}").status_code == 404


def test_where_simulated_data_is_not_offered_the_page_says_so(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        owner, resource = make_merchant(session), make.make_resource(session)
    merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
    shown = merchant.get(f"/sharing/{resource.id}").get_data(as_text=True)
    assert "未规定申请前可查阅仿真数据" in shown
    assert "仿真名称" not in shown
