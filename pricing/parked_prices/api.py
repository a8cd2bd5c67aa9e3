"""Setting prices for programs, and what was parked on the way. Decisions are made on a version: send ``If-Match``."""

from __future__ import annotations

from flask import jsonify, make_response

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from pricing.parked_prices import commands, queries
from pricing.parked_prices.model import ParkedPrice
from pricing.parked_prices.schemas import (
    ParkedPriceArgs,
    ParkedPriceOut,
    ParkedPricePageOut,
    ParkedPriceReleaseIn,
    ParkedPriceWithdrawIn,
)
from pricing.tariffs.schemas import TariffIn, TariffOut

setting = ApiBlueprint("tariff_setting", __name__, url_prefix="/api/v1/tariffs", description="定价 · setting prices")
blueprint = ApiBlueprint(
    "parked_prices", __name__, url_prefix="/api/v1/parked-prices", description="停放的调价 · parked prices"
)
blueprints = [setting, blueprint]
PARKED = "变动超过原价的一半：已停放，未公布，由另一人解除 · parked, not published: another person has to release it"


@setting.post("")
@requires(Permission.PRICE_SET)
@setting.arguments(TariffIn)
@setting.response(201, TariffOut)
@setting.alt_response(202, schema=ParkedPriceOut, description=PARKED, success=True)
def set_tariff(tariff_in):
    """Fix and publish the price of a product from a day on; a change by more than half is parked instead (202)."""
    with db.transaction() as session:
        made = commands.set_or_park(session, current_actor(), **tariff_in, now=clock.now(), book=policy_book())
    if isinstance(made, ParkedPrice):
        return make_response(jsonify(ParkedPriceOut().dump(made)), 202)
    return made


@blueprint.get("")
@requires(Permission.PRICE_TRY)
@blueprint.arguments(ParkedPriceArgs, location="query")
@blueprint.response(200, ParkedPricePageOut)
def browse(args):
    """List the parked changes of price within your scope."""
    query = queries.visible(current_actor())
    for name in ("place", "product_id", "state"):
        if name in args:
            query = query.where(getattr(ParkedPrice, name) == args[name])
    return page(db.session(), query, ParkedPrice, newest_first=True)


@blueprint.get("/<number>")
@requires(Permission.PRICE_TRY)
@blueprint.response(200, ParkedPriceOut)
def show(number: str):
    """Read one parked change of price."""
    return queries.get(db.session(), current_actor(), number)


@blueprint.post("/<number>/release")
@requires(Permission.PRICE_RELEASE)
@blueprint.arguments(ParkedPriceReleaseIn)
@blueprint.response(200, ParkedPriceOut)
def release(release_in, number: str):
    """Release a parked change as another person; it is published with the day that was asked for."""
    with db.transaction() as session:
        _match(session, number)
        return commands.release(session, current_actor(), number, **release_in, now=clock.now(), book=policy_book())


@blueprint.post("/<number>/withdrawal")
@requires(Permission.PRICE_SET)
@blueprint.arguments(ParkedPriceWithdrawIn)
@blueprint.response(200, ParkedPriceOut)
def withdraw(withdraw_in, number: str):
    """Take a parked change back as the seller."""
    with db.transaction() as session:
        _match(session, number)
        return commands.withdraw(session, current_actor(), number, **withdraw_in, now=clock.now())


def _match(session, number: str) -> None:
    found = queries.get(session, current_actor(), number)  # of what somebody may not see, not even the version is told
    match_version(session, ParkedPrice, found.id)
