"""The calculators over HTTP: the very functions that price and settle."""

from __future__ import annotations

from typing import Any

from kernel.http import ApiBlueprint, policy_book, public, repeats_harmlessly, working_calendar
from kernel.json_body import json_body
from web.calc import calculate

blueprint = ApiBlueprint(
    "calculators", __name__, url_prefix="/api/v1/calc", description="计算器：任何人都可重算一个数 · Calculators"
)


@blueprint.post("/<name>")
@public
@repeats_harmlessly
@blueprint.doc(
    requestBody={"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    responses={"200": {"description": "结果", "content": {"application/json": {"schema": {"type": "object"}}}}},
)
def run(name: str) -> dict[str, Any]:
    """Recompute a figure: rate, effective-price, operating-cost, permitted-revenue, caps-fit, split, waterfall, …."""
    return calculate(name, json_body(), book=policy_book(), calendar=working_calendar())
