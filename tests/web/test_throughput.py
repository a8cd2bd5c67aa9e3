"""Decided and late reviews: the same counts on the page, in charts, in files and for programs, each in scope."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import openpyxl
import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from registry.desk import commands as desk
from registry.procedures.rules import CHECK_TITLES
from registry.reviews.rules import Decision, ReviewState
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program
from tests.make.registry_products import calendar, make_product, make_review

LATER = make.NOW + timedelta(days=40)


@pytest.mark.both_databases
def test_a_seat_decided_after_its_last_day_counts_as_late_and_only_where_one_may_see_it(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        in_time = make_review(session, make_product(session))
        late = make_review(session, make_product(session), state=ReviewState.SUBMITTED)
        desk.decide(
            session, make.actor(Role.REVIEWER, place=late.place), late.id, decision=Decision.AGREE, reason="符合",
            checklist=list(CHECK_TITLES), defects=[], book=make.book(demonstration=True), calendar=calendar(),
            now=LATER,
        )  # fmt: skip
        assert in_time.place == late.place == "xinchang"
    with clock.set_to(LATER):
        program = as_program(app, Role.SUPERVISOR, place="xinchang")
        found = app.test_client().get("/api/v1/reviews/throughput", headers=program).json
        assert [(row["month"], row["decided"], row["in_time"], row["late"])
                for row in found["rows"] if row["procedure"] == "product"] == [
            (f"{make.NOW:%Y-%m}", 1, 1, 0), (f"{LATER:%Y-%m}", 1, 0, 1)]  # fmt: skip
        assert found["total"]["decided"] == sum(row["decided"] for row in found["rows"])

        reviewer = as_person(app, Role.REVIEWER, place="xinchang")
        assert 'href="/reviews/throughput"' in reviewer.get("/reviews").get_data(as_text=True)
        assert "产品合规审查" in reviewer.get("/reviews/throughput").get_data(as_text=True)
        for name in ("months", "procedures"):
            assert reviewer.get(f"/reviews/throughput/{name}.svg").mimetype == "image/svg+xml"
        lines = list(csv.reader(io.StringIO(reviewer.get("/reviews/throughput.csv").data.decode("utf-8-sig"))))
        book = openpyxl.load_workbook(io.BytesIO(reviewer.get("/reviews/throughput.xlsx").data))
        assert len(lines) == 1 + len(found["rows"])
        assert [str(cell.value) for cell in list(book["审查办结情况"].rows)[-1]] == lines[-1]

        other = as_program(app, Role.SUPERVISOR, place="puer")
        assert app.test_client().get("/api/v1/reviews/throughput", headers=other).json["rows"] == []
        assert app.test_client().get("/api/v1/reviews/throughput").status_code == 401
