"""What is owed after the first half of the year: reports are handed in, and what is overdue is seen."""

from __future__ import annotations

from web.demo.papers import paper
from web.demo.stage import Stage, Told

DUTIES = "/api/v1/duties"


def report_half_year(stage: Stage, told: Told) -> None:
    """Let the operator hand in the half-yearly security report, where the place wants one (DIS-09); list the duties."""
    report = told.place.procedure.half_year_report
    if report is not None:
        operator = told.login("operator")
        owed = stage.get(operator, f"{DUTIES}?place={told.place.key}")["items"]
        duty = next(found for found in owed if found["kind"] == "security_report")
        filing = {"text": report, **paper("半年安全报告", report)}
        stage.send(operator, f"{DUTIES}/{duty['key']}/filings", filing)
    told.duties = stage.get(told.login("supervisor"), f"{DUTIES}?place={told.place.key}")["items"]
