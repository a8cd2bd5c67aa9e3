"""Comparisons for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, policy_book, public
from kernel.wording import reads_english
from market.comparisons import queries
from market.comparisons.schemas import ComparisonArgs, ComparisonOut

blueprint = ApiBlueprint(
    "comparisons", __name__, url_prefix="/api/v1/comparisons", description="产品对比 · products side by side"
)


@blueprint.get("")
@public
@blueprint.arguments(ComparisonArgs, location="query")
@blueprint.response(200, ComparisonOut)
def compare(args):
    """Compare two to four products aspect by aspect."""
    return queries.compare(
        db.session(), current_actor(), args["code"], now=clock.now(), book=policy_book(), english=reads_english()
    )
