"""Every blueprint of the application, in the order in which they are registered."""

import importlib
import importlib.util

API = (
    "registry.accounts", "registry.parties", "registry.agreements", "registry.resources", "registry.requests",
    "registry.products", "registry.reviews", "registry.registrations", "registry.public_register", "pricing.costs", "pricing.ceilings",
    "pricing.tariffs", "pricing.services", "pricing.exemptions", "market.catalogue", "market.listings", "market.orders", "market.contracts",
    "market.payments",
    "market.entitlements", "market.delivery", "settlement.revenue", "settlement.splits", "settlement.ledger",
    "settlement.runs", "settlement.statements",
)  # fmt: skip


def _found(kind: str) -> list:
    out = []
    for name in API:
        module = f"{name}.{kind}"
        try:
            spec = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            spec = None
        if spec is not None:
            found = importlib.import_module(module)
            out += list(getattr(found, "blueprints", [found.blueprint]))
    return out


from web import calc_api, home  # noqa: E402

API_BLUEPRINTS = [calc_api.blueprint, *_found("api")]
PLAIN_BLUEPRINTS = [home.probes]
try:
    from settlement.metering.api import blueprint as _exchange

    PLAIN_BLUEPRINTS.append(_exchange)
except ImportError:
    pass
PAGE_BLUEPRINTS = [home.blueprint, *_found("pages")]
