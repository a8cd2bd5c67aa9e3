"""Equal prices for programs: what deviates is for everybody to see, for prices are public."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, requires
from kernel.identity import Permission
from pricing.equal_prices import checks
from pricing.equal_prices.schemas import EqualFindingListOut, EqualPriceArgs

blueprint = ApiBlueprint(
    "equal_prices", __name__, url_prefix="/api/v1/equal-prices", description="同质同价 · equal prices"
)


@blueprint.get("")
@requires(Permission.PRICE_TRY)
@blueprint.arguments(EqualPriceArgs, location="query")
@blueprint.response(200, EqualFindingListOut)
def browse(args):
    """List what deviates from equal price for equal product, unit and class on a day."""
    on = args.get("on", clock.today())
    return {"on": on, "items": checks.run(db.session(), on=on, place=args.get("place"))}
