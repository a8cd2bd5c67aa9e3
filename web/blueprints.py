"""Every blueprint of the application: those of the concepts are found where the architecture puts them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import flask

import market
import pricing
import registry
import settlement
from web import (
    assessing,
    calc_api,
    contract_template,
    delivering,
    desks,
    disclosing,
    downloading,
    equal_prices,
    exchange,
    fetching,
    glossary,
    home,
    loading,
    loading_api,
    operating,
    paying,
    paying_out,
    pricing_desk,
    proving,
    receipting,
    refusals,
    repricing,
    statistics,
    stripe_hooks,
    suspense,
    throughput,
    trying,
)

PACKAGES = (registry, pricing, market, settlement)


def _of_concepts(name: str) -> Iterator[flask.Blueprint]:
    """Yield what the modules ``name`` of all concepts declare, floor by floor."""
    for package in PACKAGES:
        for path in sorted(Path(package.__path__[0]).glob(f"*/{name}.py")):
            yield from _declared(import_module(f"{package.__name__}.{path.parent.name}.{name}"))


def _declared(module: ModuleType) -> list[flask.Blueprint]:
    found = (value for value in vars(module).values() if isinstance(value, flask.Blueprint))
    return [blueprint for blueprint in found if blueprint.import_name == module.__name__]


API_BLUEPRINTS = [
    *_of_concepts("api"),
    assessing.api, calc_api.blueprint, delivering.api, desks.api, disclosing.api, equal_prices.api,
    loading_api.blueprint, operating.api, paying.api, pricing_desk.api, receipting.api, repricing.api, suspense.api,
    fetching.api, paying_out.api, statistics.api, throughput.api,
]  # fmt: skip
PLAIN_BLUEPRINTS = [stripe_hooks.blueprint, exchange.blueprint, downloading.blueprint, home.probes]
PAGE_BLUEPRINTS = [
    home.blueprint, desks.blueprint, *_of_concepts("pages"),
    assessing.blueprint, contract_template.blueprint, delivering.blueprint, disclosing.blueprint, downloading.pages,
    equal_prices.blueprint, loading.blueprint, operating.blueprint, paying.blueprint, pricing_desk.blueprint,
    proving.blueprint, receipting.blueprint, repricing.blueprint, suspense.blueprint, trying.blueprint,
    fetching.blueprint, glossary.blueprint, paying_out.blueprint, refusals.blueprint, statistics.blueprint,
    throughput.blueprint,
]  # fmt: skip
