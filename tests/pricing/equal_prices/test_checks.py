"""The published prices of a day, looked through for deviations without a published rule."""

from __future__ import annotations

from dataclasses import replace

from kernel.db import new_id
from kernel.identity import Role
from pricing.classes import commands as classes
from pricing.equal_prices import checks, queries
from pricing.equal_prices.rules import DealKind
from pricing.tariffs import queries as tariffs
from pricing.tariffs.model import Tariff
from tests.make import negotiated as market
from tests.make import pricing as make
from tests.make.clients import as_person, as_program


def make_class_price(session):
    """A class price from before rules had to be published first."""
    product = market.make_market_product(session)
    graded = {"model": "per_unit", "unit_price": "0.40", "coefficients": {"contribution": {"甲级": "0.5"}}}
    listed = tariffs.in_force(session, product.id, make.TODAY)[0]
    before_rules = {column.name: getattr(listed, column.name) for column in Tariff.__table__.columns} | {
        "id": new_id(), "number": "TAR-2026-000099", "model": graded, "buyer_class": "preferential",
        "scope": "*/preferential",
    }  # fmt: skip
    session.add(Tariff(**before_rules))
    session.flush()
    return product


def publish(session, product, name):
    classes.publish_rule(
        session, make.seller_of(session, product), product_id=product.id, buyer_class=name, rule="村镇银行",
        since=make.TODAY, now=make.NOW,
    )  # fmt: skip


def test_a_class_price_and_a_grade_are_found_until_their_rules_are_published(session):
    product = make_class_price(session)
    assert sorted(one.kind for one in checks.run(session, on=make.TODAY)) == ["rule_missing", "rule_missing"]
    for name in ("preferential", "甲级"):
        publish(session, product, name)
    assert checks.run(session, on=make.TODAY) == []
    assert checks.run(session, on=make.TODAY, place="puer") == []
    listed = next(deal for deal in queries.deals(session, make.TODAY) if deal.kind is DealKind.LIST)
    sale = replace(listed, kind=DealKind.SALE, reference="ORD-2026-000001", price="0.10")
    assert [one.references for one in checks.run(session, on=make.TODAY, sales=[sale])] == [
        ("ORD-2026-000001", listed.reference)
    ]


def test_program_and_page_show_the_findings(app, client, made):
    product = made(make_class_price)
    officer = as_program(app, Role.PRICE, place=market.PLACE)
    found = client.get("/api/v1/equal-prices", headers=officer).json["items"]
    assert {one["product"] for one in found} == {product.code}
    text = as_person(app, Role.PRICE, place=market.PLACE).get("/pricing/equal-prices?on=x").get_data(as_text=True)
    assert product.code in text
    assert "没有公布的规则" in text
