"""What a seller delivered, on the page and through the API: use, downloads, receipts and files, its own only."""

from __future__ import annotations

import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from tests.make import receipts
from tests.make import registry_base as base
from tests.make import what_if as make
from tests.make.clients import as_person, as_program


@pytest.mark.both_databases
def test_a_seller_sees_what_went_out_under_its_entitlements_and_strangers_nothing(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            made = make.make_history(session)
            asked = receipts.count(session, made.world.levels_bought, buyer=99)
        world, client = made.world, app.test_client()
        program = as_program(app, Role.MERCHANT, party=world.merchant, place=base.PLACE)
        rows = {
            row["title"]: row for row in client.get("/api/v1/deliveries?month=2026-08", headers=program).json["items"]
        }
        assert set(rows) == {"评分", "等级"}, "not what the operator sells"
        assert (rows["评分"]["calls"], rows["评分"]["units"], rows["评分"]["downloads"]) == (120, 120, 0)
        assert rows["评分"]["last_at"].startswith("2026-09-10")
        assert (rows["等级"]["receipts"], rows["评分"]["receipts"]) == ([asked.number], [])
        september = client.get("/api/v1/deliveries?month=2026-09", headers=program).json["items"]
        assert {row["title"]: row["units"] for row in september} == {"评分": 80, "等级": 0}
        assert client.get("/api/v1/deliveries?month=2026-13", headers=program).status_code == 422

        person = as_person(app, Role.MERCHANT, party=world.merchant, place=base.PLACE)
        page = person.get("/deliveries?month=2026-08").get_data(as_text=True)
        assert world.scores_bought.number in page
        assert asked.number in page
        assert made.checks_bought.number not in page
        assert person.get("/deliveries?month=x").status_code == 422

        auditor = as_program(app, Role.AUDITOR, place=base.PLACE)
        refused = client.get("/api/v1/deliveries", headers=auditor)
        assert (refused.status_code, refused.json["code"]) == (403, "auth.forbidden")
