"""The calculators over HTTP: the very functions that price and settle."""

from __future__ import annotations

from typing import Any

from flask import request

from kernel.errors import Malformed
from kernel.http import ApiBlueprint, policy_book, public, repeats_harmlessly, working_calendar
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
    """Recompute a figure: rate, permitted-revenue, deviation, over-recovery, split, waterfall, refund, …."""
    payload = request.get_json(silent=True)
    if not isinstance(payload, dict):
        raise Malformed("请求体须为一个 JSON 对象", detail_en="Send one JSON object")
    return calculate(name, payload, book=policy_book(), calendar=working_calendar())
