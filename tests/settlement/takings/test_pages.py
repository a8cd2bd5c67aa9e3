"""Takings on the page, as a plot, as a workbook and through the API: the same figures, and only for their seller."""

from __future__ import annotations

import io
from decimal import Decimal

import openpyxl
import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from tests.make import registry_base as base
from tests.make import what_if as make
from tests.make.clients import as_person, as_program


@pytest.mark.both_databases
def test_a_seller_reads_the_same_figures_everywhere_and_strangers_none(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            made = make.make_history(session)
        merchant = made.world.merchant
        program = as_program(app, Role.MERCHANT, party=merchant, place=base.PLACE)
        told = app.test_client().get("/api/v1/takings?year=2026", headers=program).json
        assert {row["title"] for row in told["rows"]} == {"评分", "等级"}
        assert sum(Decimal(row["paid"]) for row in told["rows"]) == Decimal(told["total"]["paid"]) > 0
        coming = app.test_client().get("/api/v1/takings/expected", headers=program).json
        assert Decimal(coming["total"]["gross"]) > 0

        person = as_person(app, Role.MERCHANT, party=merchant, place=base.PLACE)
        shown = person.get("/takings?expected=yes").get_data(as_text=True)
        for figure in (told["total"]["paid"], told["total"]["gross"], coming["total"]["gross"]):
            assert f"{Decimal(figure):,}" in shown
        assert made.checks.code not in shown, "another seller's product"
        book = openpyxl.load_workbook(io.BytesIO(person.get("/takings.xlsx").data))
        last = [cell.value for cell in list(book["2026"].rows)[-1]]
        assert (last[0], last[3], Decimal(str(last[5]))) == ("合计", told["total"]["orders"],
                                                             Decimal(told["total"]["paid"]))  # fmt: skip
        assert person.get("/takings.svg").mimetype == "image/svg+xml"
        assert person.get("/takings?year=abcd").status_code == 404
        assert app.test_client().get("/api/v1/takings?year=1", headers=program).status_code == 422

        for role in (Role.AUDITOR, Role.SOURCE):
            party = made.world.bureau if role is Role.SOURCE else None
            stranger = as_program(app, role, party=party, place=base.PLACE)
            refused = app.test_client().get("/api/v1/takings", headers=stranger)
            assert (refused.status_code, refused.json["code"]) == (403, "auth.forbidden")
