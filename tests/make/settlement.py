"""Shares, use and settlements, made through the real commands.

:func:`make_world` is the worked example of REV-04: net 1000.00 of one product, divided 60 / 30 / 10 between operator,
source departments and platform; the bureau and the hospital that provided the data share the 30 by what they
contributed. Everything in it is named the same in every run, so that digests can be compared.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.identity import Actor, Role
from market.entitlements.model import Entitlement
from market.orders import queries as orders
from pricing.tariffs.rules import Regime
from registry.agreements.model import Agreement
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity, PartyKind, uscc_from_body
from registry.products.model import Product
from registry.products.rules import Input
from registry.resources.model import Resource
from settlement.intake import commands as intake
from settlement.metering import commands as metering
from settlement.metering.commands import Imported
from settlement.runs import commands as runs
from settlement.runs.model import SettlementRun
from settlement.splits import commands as splits
from settlement.splits.model import ShareSchedule
from tests.make import market
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make.gates import open_gates
from tests.rig.worlds import remembered

LAW = base.book(demonstration=True)
PERIOD = Period.month("2026-08")
USED_AT = datetime(2026, 8, 5, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 9, 2, 2, 0, tzinfo=UTC)
DAY_OF_SCHEDULE = date(2026, 7, 1)
COEFFICIENTS = {"usage": "0.5", "quality": "0.3", "input": "0.2"}
PRICE = {"model": "per_unit", "unit_price": "5.30"}  # 200 uses: 1060.00, of which 60.00 is VAT


@dataclass
class World:
    """Who and what a settlement is about."""

    agreement: Agreement
    operator: Party
    platform: Party
    bureau: Party
    hospital: Party
    merchant: Party
    buyer: Actor
    scores: Product  # made from the data of both
    levels: Product  # made from the bureau's data alone
    scores_bought: Entitlement
    levels_bought: Entitlement


def preparer(place: str = base.PLACE) -> Actor:
    """A person who prepares settlements at a place."""
    return base.actor(Role.FINANCE_PREPARER, place=place, name="编制人")


def checker(place: str = base.PLACE) -> Actor:
    """A person who checks and seals settlements at a place."""
    return base.actor(Role.FINANCE_CHECKER, place=place, name="复核人")


def make_party(
    session: Session, serial: int, name: str, *capacities: Capacity, kind: PartyKind = PartyKind.ENTERPRISE,
    place: str = base.PLACE,
) -> Party:  # fmt: skip
    """Register an organisation with the same credit code in every run."""
    return parties.create_party(
        session, base.supervisor(place), uscc=uscc_from_body(f"91330681{serial:09d}"), name=name, kind=kind,
        place=place, capacities=capacities, now=base.NOW, book=LAW,
    )  # fmt: skip


def steps_of(operator: Party, platform: Party) -> list[dict[str, Any]]:
    """60 / 30 / 10: the operator, the source departments by contribution, the platform."""
    return [
        {"kind": "rate", "party": operator.uscc, "value": "0.6", "base": "net_of_tax"},
        {"kind": "pool", "contributors": COEFFICIENTS, "value": "0.3", "base": "net_of_tax"},
        {"kind": "rest", "party": platform.uscc},
    ]


def make_schedule(
    session: Session, agreement: Agreement, steps: list[dict[str, Any]], *, signers: Sequence[Party],
    product: Product | None = None, valid_from: date = DAY_OF_SCHEDULE, now: datetime = market.SALE,
) -> ShareSchedule:  # fmt: skip
    """Draw up a schedule and let these organisations sign it."""
    made = splits.draw_up(
        session, preparer(agreement.place), agreement_id=agreement.id, product_id=product.id if product else None,
        valid_from=valid_from, steps=steps, now=now, book=LAW,
    )  # fmt: skip
    for party in signers:
        person = base.actor(Role.OPERATOR, org_id=party.id, place=agreement.place)
        splits.sign(session, person, made.number, now=now, book=LAW)
    return made


def make_product(
    session: Session, title: str, agreement: Agreement, owner: Party, inputs: Sequence[tuple[Resource, str, str]],
    price: dict[str, Any], *, is_approved: bool = True, **terms: Any,
) -> Product:  # fmt: skip
    """Make a product on sale from resources with the input and quality given."""
    resources = [resource for resource, _, _ in inputs]
    product = registry.make_product(
        session,
        agreement=agreement,
        owner=owner,
        resources=resources,
        title=title,
        scenario=market.SCENARIO,
        is_approved=is_approved,
    )
    weighed = [Input(resource.id, Decimal(weight), Decimal(quality)) for resource, weight, quality in inputs]
    registry.add_version(session, product, inputs=weighed, description="按贡献计权")
    registry.make_review(session, product)
    registry.make_registration(session, product)
    open_gates(session, product)
    prices.make_tariff(session, product, price, regime=Regime.MARKET_VALUE_BASED, now=market.SALE,
                       effective_from=date(2026, 7, 20), **terms)  # fmt: skip
    market.make_listing(session, product)
    return product


@remembered
def make_world(
    session: Session, *, place: str = base.PLACE, price: dict[str, Any] = PRICE, quantity: int = 200,
    has_schedule: bool = True, **terms: Any,
) -> World:  # fmt: skip
    """Make two products, their parties, a signed schedule, and a paid order of each."""
    registry.make_reviewers(session, place)
    unit, institution = PartyKind.ADMINISTRATIVE_UNIT, PartyKind.PUBLIC_INSTITUTION
    operator = make_party(session, 901, "运营公司", Capacity.OPERATING_INSTITUTION, place=place)
    platform = make_party(session, 902, "平台公司", Capacity.PLATFORM, place=place)
    bureau = make_party(session, 903, "气象局", Capacity.SOURCE_DEPARTMENT, kind=unit, place=place)
    hospital = make_party(session, 904, "人民医院", Capacity.SOURCE_DEPARTMENT, kind=institution, place=place)
    merchant = make_party(session, 905, "数据商", Capacity.DATA_MERCHANT, place=place)
    buying = make_party(session, 906, "购买方", Capacity.BUYER, place=place)
    first = base.make_resource(session, bureau, place=place, title="气象")
    second = base.make_resource(session, hospital, place=place, title="诊疗")
    agreement = base.make_agreement(session, place=place, operator=operator, scope=[first, second])
    scores = make_product(session, "评分", agreement, merchant, [(first, "0.4", "0.9"), (second, "0.6", "0.7")],
                          price, **terms)  # fmt: skip
    levels = make_product(session, "等级", agreement, merchant, [(first, "0.4", "0.9")], PRICE, is_approved=False)
    if has_schedule:
        make_schedule(session, agreement, steps_of(operator, platform), signers=[operator, platform])
    buyer = market.buyer_of(session, buying)
    scores_bought = market.make_entitlement(session, scores, buyer, quantity=quantity)
    levels_bought = market.make_entitlement(session, levels, buyer, quantity=100)
    return World(agreement, operator, platform, bureau, hospital, merchant, buyer, scores, levels, scores_bought,
                 levels_bought)  # fmt: skip


def usage_file(rows: Sequence[dict[str, Any]]) -> bytes:
    """Write uses as the CSV file that a platform delivers."""
    text = io.StringIO()
    names = ["entitlement", "client_reference", "occurred_at", "quantity", "subject_kind", "subject", "hit"]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def use(
    session: Session, entitlement: Entitlement, count: int, *, at: datetime = USED_AT, prefix: str = "",
    now: datetime = NOW, **cells: Any,
) -> Imported:  # fmt: skip
    """Import so many uses of one entitlement."""
    name = prefix or f"{at:%Y%m%d%H}"
    common = {"entitlement": entitlement.number, "occurred_at": at.isoformat(), **cells}
    rows = [common | {"client_reference": f"{name}-{number}"} for number in range(count)]
    return metering.import_usage(
        session, preparer(entitlement.place), place=entitlement.place, file_name="usage.csv", content=usage_file(rows),
        now=now,
    )  # fmt: skip


def prepare(
    session: Session, *, place: str = base.PLACE, period: Period = PERIOD, now: datetime = NOW
) -> SettlementRun:
    """Prepare the settlement of a period."""
    return runs.prepare(session, preparer(place), place=place, period=period, now=now, book=LAW)


def settle(session: Session, *, place: str = base.PLACE, period: Period = PERIOD, now: datetime = NOW) -> SettlementRun:
    """Prepare, check and seal the settlement of a period, by two people."""
    intake.take_in_payments(session, preparer(place), now=now, place=place)
    run = prepare(session, place=place, period=period, now=now)
    person = checker(place)
    runs.check(session, person, run.number, now=now)
    return runs.seal(session, person, run.number, now=now, book=LAW)


def amount_of(session: Session, entitlement: Entitlement) -> str:
    """What was paid for an entitlement, in yuan."""
    return orders.get(session, entitlement.order_id).amount.text()
