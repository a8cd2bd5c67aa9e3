"""Steps are tried on the page, through the API and in the terminal before anybody signs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from kernel.identity import Role
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, as_program
from web.cli import huiyi

STEPS = [
    {"key": "运营", "kind": "rate", "party": "operator", "value": "0.6"},
    {"key": "部门", "kind": "pool", "value": "0.3", "contributors": {"usage": "0.5", "quality": "0.3", "input": "0.2"}},
    {"key": "平台", "kind": "rest", "party": "platform"},
]
UNSOUND = [*STEPS, {"kind": "rate", "party": "late", "value": "0.1"}]


def test_the_editor_shows_findings_table_and_chart(app: Flask) -> None:
    person = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    asked = {"steps": json.dumps(STEPS), "gross": "1000.01"}
    shown = person.get("/schedules/editor", query_string=asked).get_data(as_text=True)
    for said in ("600.00", "300.00", "100.01", "数源部门"):
        assert said in shown
    plot = person.get("/schedules/editor.svg", query_string=asked)
    assert (plot.status_code, plot.mimetype) == (200, "image/svg+xml")
    refused = person.get("/schedules/editor", query_string={"steps": json.dumps(UNSOUND)}).get_data(as_text=True)
    assert "unreachable" in refused
    assert person.get("/schedules/editor", query_string={"steps": "[1"}).status_code == 422
    added = person.get("/schedules/editor", query_string={"steps": "[]", "add": "recover"}).get_data(as_text=True)
    assert "in_cost_base" in added
    assert person.get("/schedules/editor.svg", query_string={"steps": "[1"}).status_code == 404


def test_a_schedule_is_tried_and_read_with_what_is_signed(app: Flask, world: make.World) -> None:
    person = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    headers = as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
    number = app.test_client().get("/api/v1/schedules", headers=headers).json["items"][0]["number"]
    shown = person.get(f"/schedules/{number}/preview", query_string={"gross": "1000.00"})
    assert shown.status_code == 200
    assert world.operator.name in shown.get_data(as_text=True)
    drawn = person.get(f"/schedules/{number}/waterfall.svg", query_string={"gross": "1000.00"})
    assert drawn.mimetype == "image/svg+xml"
    assert "SHA-256" in person.get(f"/schedules/{number}").get_data(as_text=True)
    listed = person.get("/schedules").get_data(as_text=True)
    assert {person.get(path).status_code for path in re.findall(r'href="(/agreements/[^"]+)"', listed)} == {200}


def test_programs_lint_and_try_steps(app: Flask) -> None:
    program, headers = app.test_client(), as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
    found = program.post("/api/v1/schedules/lint", json={"steps": UNSOUND}, headers=headers).json["findings"]
    assert [(one["code"], one["step"]) for one in found] == [("unreachable", 4)]
    assert program.post("/api/v1/schedules/lint", json={"steps": STEPS}, headers=headers).json == {"findings": []}
    tried = program.post(
        "/api/v1/schedules/preview", json={"steps": STEPS, "gross": "100.00", "tax": "1.00"}, headers=headers
    )
    assert tried.json["shares"] == {"operator": "59.40", "platform": "9.90", "source_departments": "29.70"}
    assert tried.json["steps"][0]["trace"]["rates"] == [["3/5", "99.00"]]
    assert (
        program.post("/api/v1/schedules/preview", json={"steps": UNSOUND, "gross": "1"}, headers=headers).status_code
        == 422
    )


@pytest.mark.parametrize(("steps", "code", "said"), [(STEPS, 0, "没有发现问题"), (UNSOUND, 1, "unreachable")])
def test_the_terminal_names_each_finding_with_its_step(tmp_path: Path, steps: object, code: int, said: str) -> None:
    file = tmp_path / "steps.json"
    file.write_text(json.dumps({"steps": steps}), encoding="utf-8")
    result = CliRunner().invoke(huiyi, ["splits", "lint", str(file)])
    assert (result.exit_code, said in result.output) == (code, True)
    assert ("第 4 步" in result.output) == bool(code)
