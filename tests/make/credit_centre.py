"""A month of credit reports at the tariff of the credit-reference centre of 2025, and its price worked out by hand.

Tariff (发改价格〔2025〕668号): a report on an enterprise costs 9 yuan and one on a person 1 yuan, for the preferential
class half of it; the same enterprise asked again within 30 days, or the same person within the day, is charged once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from kernel.identity import Role
from market.entitlements.model import Entitlement
from pricing.classes import commands as classes
from pricing.costs.rules import ChargeUnit
from registry.agreements import queries as agreements
from registry.parties.model import Party
from registry.parties.rules import Capacity, PartyKind
from registry.products.model import Product
from registry.products.rules import Input
from tests.make import market
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make import settlement as make
from tests.make.gates import open_gates

PLACE = "quzhou"
FROM = date(2026, 7, 20)
PREFERENTIAL = "preferential"
PREFERENTIAL_EVERY = 3  # every third buyer
PRICES = {"enterprise": ("9.00", "4.50"), "personal": ("1.00", "0.50")}  # standard, preferential
WINDOWS = {"enterprise": 30, "personal": 1}
CAPS = (("9.00", "400000", "enterprise"), ("1.00", "600000", "personal"))
COEFFICIENTS = {"usage": "0.5", "quality": "0.3", "input": "0.2"}
# usage 1 : 1 (both are in every report), quality 0.9 : 0.7, input 0.4 : 0.6
POOL_WEIGHTS = (Decimal("0.49875"), Decimal("0.50125"))
MONTH = (2026, 8, 31)
ENTERPRISE_SHARE, MISS_SHARE = 0.4, 0.05
ENTERPRISES, PERSONS = 2000, 300
BEIJING = timezone(timedelta(hours=8))
HEADING = "entitlement,client_reference,occurred_at,subject_kind,subject,hit"


@dataclass(frozen=True)
class Asked:
    """One query of the month: by which buyer, about whom, when, and whether anything was found."""

    buyer: int
    kind: str
    subject: str
    at: datetime
    hit: bool


@dataclass(frozen=True)
class Centre:
    """The product, who shares in it, and what each buyer bought of each kind."""

    product: Product
    operator: Party
    platform: Party
    authority: Party
    departments: tuple[Party, Party]
    bought: dict[tuple[int, str], Entitlement]


@dataclass(frozen=True)
class Sums:
    """What one entitlement comes to, in fen."""

    quantity: int
    billable: int
    gross: int
    net: int


def is_preferential(buyer: int) -> bool:
    """Whether a buyer, by its place in the row, belongs to the preferential class."""
    return buyer % PREFERENTIAL_EVERY == PREFERENTIAL_EVERY - 1


def queries_of_the_month(count: int, buyers: int) -> list[Asked]:
    """Return so many queries of one month at any time of day, the same in every run."""
    dice, found = Random(668), []
    year, month, days = MONTH
    for number in range(count):
        is_enterprise = dice.random() < ENTERPRISE_SHARE
        name = f"E-{int(dice.random() * ENTERPRISES):06d}" if is_enterprise else f"P-{int(dice.random() * PERSONS):06d}"
        minutes = int(dice.random() * days * 24 * 60)
        found.append(
            Asked(
                number % buyers,
                "enterprise" if is_enterprise else "personal",
                name,
                datetime(year, month, 1, tzinfo=BEIJING) + timedelta(minutes=minutes),
                dice.random() >= MISS_SHARE,
            )
        )
    return found


def usage_file(centre: Centre, asked: Sequence[Asked]) -> bytes:
    """Write the queries as the CSV file that the platform delivers."""
    numbers = {key: entitlement.number for key, entitlement in centre.bought.items()}
    lines = [
        f"{numbers[one.buyer, one.kind]},R{row:08d},{one.at.isoformat()},{one.kind},{one.subject},{int(one.hit)}"
        for row, one in enumerate(asked)
    ]
    return "\n".join([HEADING, *lines]).encode()


def by_hand(asked: Sequence[Asked]) -> dict[tuple[int, str], Sums]:
    """Work out every buyer's month without any code of the project: windows, price, and VAT of 6 % inside of it."""
    opened: dict[tuple[int, str], int] = {}
    quantity: dict[tuple[int, str], int] = {}
    billable: dict[tuple[int, str], int] = {}
    for one in sorted((one for one in asked if one.hit), key=lambda one: one.at):  # 查得计费
        key = (one.buyer, one.kind)
        quantity[key] = quantity.get(key, 0) + 1
        day = one.at.day
        last = opened.get((one.buyer, one.subject))
        if last is None or day - last >= WINDOWS[one.kind]:
            opened[one.buyer, one.subject] = day
            billable[key] = billable.get(key, 0) + 1
    found = {}
    for key, units in quantity.items():
        buyer, kind = key
        fen = int(Decimal(PRICES[kind][is_preferential(buyer)]) * 100)
        gross = fen * billable.get(key, 0)
        found[key] = Sums(units, billable.get(key, 0), gross, (gross * 200 + 106) // 212)  # ÷ 1.06, half up
    return found


def shares_by_hand(net: int) -> dict[str, int]:
    """Divide a net sum in fen as the schedule says: 5 % platform, 25 % pool, 10 % authority, the rest the operator."""
    platform, pool, authority = net * 5 // 100, net * 25 // 100, net * 10 // 100
    exact = [pool * weight for weight in POOL_WEIGHTS]
    first, second = (int(amount) for amount in exact)
    if first + second < pool:  # two parties: one fen is missing, and the larger remainder has it
        remainders = [amount - int(amount) for amount in exact]
        first, second = (first + 1, second) if remainders[0] >= remainders[1] else (first, second + 1)
    return {
        "platform": platform, "first": first, "second": second, "authority": authority,
        "operator": net - platform - pool - authority,
    }  # fmt: skip


def make_centre(session: Session, *, buyers: int, quantity: int) -> Centre:
    """Price reports by the tariff, sign how revenue is shared, and let each buyer pay for so many of each kind."""
    registry.make_reviewers(session, PLACE)
    unit = PartyKind.ADMINISTRATIVE_UNIT
    operator = make.make_party(session, 801, "征信运营公司", Capacity.OPERATING_INSTITUTION, place=PLACE)
    platform = make.make_party(session, 802, "授权运营平台公司", Capacity.PLATFORM, place=PLACE)
    first = make.make_party(session, 803, "市场监管局", Capacity.SOURCE_DEPARTMENT, kind=unit, place=PLACE)
    second = make.make_party(session, 804, "公共信用中心", Capacity.SOURCE_DEPARTMENT, kind=unit, place=PLACE)
    registered = base.make_resource(session, first, place=PLACE, title="登记")
    rated = base.make_resource(session, second, place=PLACE, title="信用")
    authority = base.make_authority(session, place=PLACE)
    agreement = base.make_agreement(
        session, place=PLACE, authority=authority, operator=operator, scope=[registered, rated]
    )
    product = registry.make_product(session, agreement=agreement, owner=operator, resources=[registered, rated],
                                    title="信用报告查询", scenario=market.SCENARIO)  # fmt: skip
    inputs = [
        Input(registered.id, Decimal("0.4"), Decimal("0.9")),
        Input(rated.id, Decimal("0.6"), Decimal("0.7")),
    ]
    registry.add_version(session, product, inputs=inputs)
    registry.make_review(session, product)
    registry.make_registration(session, product)
    open_gates(session, product)
    _set_prices(session, product)
    market.make_listing(session, product)
    steps: list[dict[str, Any]] = [
        {"kind": "rate", "party": platform.uscc, "value": "0.05", "base": "net_of_tax"},
        {"kind": "pool", "contributors": COEFFICIENTS, "value": "0.25", "base": "net_of_tax"},
        {"kind": "rate", "party": authority.uscc, "value": "0.10", "base": "net_of_tax"},
        {"kind": "rest", "party": operator.uscc},
    ]
    make.make_schedule(session, agreement, steps, signers=[operator, platform, authority])
    bought = _sell(session, product, buyers, quantity)
    return Centre(product, operator, platform, authority, (first, second), bought)


def _set_prices(session: Session, product: Product) -> None:
    ceiling = prices.make_ceiling(session, agreements.get(session, product.agreement_id))
    caps = [prices.cap(product, amount, volume, ChargeUnit.PER_USE, kind) for amount, volume, kind in CAPS]
    prices.set_caps(session, ceiling, caps)
    for kind, pair in PRICES.items():
        for buyer_class, price in zip((None, PREFERENTIAL), pair, strict=True):
            prices.make_tariff(
                session, product, {"model": "per_unit", "unit_price": price}, effective_from=FROM, now=market.SALE,
                subject_kind=kind, buyer_class=buyer_class, dedup_days=WINDOWS[kind],
            )  # fmt: skip


def _sell(session: Session, product: Product, buyers: int, quantity: int) -> dict[tuple[int, str], Entitlement]:
    seller, bought = base.actor(Role.OPERATOR, org_id=product.owner_id, place=PLACE), {}
    for number in range(buyers):
        party = make.make_party(session, 810 + number, f"信贷机构 {number}", Capacity.BUYER, place=PLACE)
        if is_preferential(number):
            classes.admit_to_class(
                session, seller, product_id=product.id, buyer_class=PREFERENTIAL, party_id=party.id,
                rule="村镇银行等机构执行优惠收费标准（发改价格〔2025〕668号）", since=FROM, now=market.SALE,
            )  # fmt: skip
        for kind in PRICES:
            bought[number, kind] = market.make_entitlement(
                session, product, market.buyer_of(session, party), quantity=quantity, subject_kind=kind
            )
    return bought
