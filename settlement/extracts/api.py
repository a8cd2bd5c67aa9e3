"""Extracts for finance: one download of a data set as Parquet."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Response

from kernel import db
from kernel.http import ApiBlueprint, attachment, current_actor, requires
from kernel.identity import Permission
from settlement.extracts.queries import batches
from settlement.extracts.rules import data_set_of
from settlement.extracts.sheets import write
from settlement.reports.rules import months
from settlement.reports.schemas import SpanArgs

blueprint = ApiBlueprint(
    "extracts", __name__, url_prefix="/api/v1/extracts", description="分析数据导出（Parquet） · extracts for analysis"
)
PARQUET = "application/vnd.apache.parquet"


@blueprint.get("/<name>.parquet")
@requires(Permission.SETTLEMENT_READ)
@blueprint.arguments(SpanArgs, location="query")
@blueprint.response(200, description="文件")
def download(args: dict[str, Any], name: str) -> Response:
    """Give sealed lines, shares, statements or the journal of some months as Parquet, money in whole fen."""
    data_set, since, until = data_set_of(name), args["since"], args["until"]
    rows, target = (
        batches(db.session(), current_actor(), data_set, months(since, until), place=args["place"]),
        BytesIO(),
    )
    write(target, data_set, rows)
    return attachment(target.getvalue(), f"{data_set}-{since}-{until}.parquet", PARQUET)
