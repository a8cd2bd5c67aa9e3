"""What a quote is worth after caps, prices and gates have moved, and that its explanation never moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from kernel import clock, db
from kernel.calendar import business_date
from kernel.identity import Role
from kernel.money import Money
from market.grounds import queries as grounds
from market.listings import commands as listings
from market.listings.queries import of_product
from market.orders import commands, queries
from market.orders.model import Quote
from market.orders.rules import QuoteState
from pricing.exemptions.rules import Purpose
from registry.parties.model import Party
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make.clients import as_person, as_program


@pytest.fixture
def made(app: Flask) -> Iterator[Callable[..., Any]]:
    """Call a function in a transaction of the application, on the day of the sale, and keep what it returns."""

    def call(function: Callable[..., Any]) -> Any:
        with app.app_context(), db.transaction() as session:
            return function(session)

    with clock.set_to(make.SALE):
        yield call


TOMORROW = make.SALE + timedelta(days=1)


def lower_the_cap(session, product, amount="0.79", day=TOMORROW):
    ceiling = session.scalar(sa.select(prices.Ceiling))
    return prices.set_caps(
        session, ceiling, [prices.cap(product, amount)], effective_from=business_date(day), now=make.SALE
    )[0]


def standing(session, quote, now):
    return queries.state_of(session, quote, now=now, book=make.LAW)


def order(session, buyer, quote, now):
    return commands.place(session, buyer, quote_number=quote.number, client_reference="PO-1", now=now, book=make.LAW)


@pytest.mark.both_databases
def test_a_new_cap_closes_the_open_quote_above_it_from_its_day_and_an_order_is_refused_in_the_same_words(session):
    product, buyer = make.make_guided_offer(session), make.buyer_of(session)
    quote = make.make_quote(session, product, buyer)
    cap = lower_the_cap(session, product)
    assert standing(session, quote, make.SALE).state is QuoteState.OPEN  # the old cap is in force until midnight
    closed = standing(session, quote, TOMORROW)
    assert (closed.state, closed.closed_by_cap_id, closed.closed_from) == (
        QuoteState.CLOSED_BY_CAP, cap.id, business_date(TOMORROW),
    )  # fmt: skip
    assert f"自 {cap.effective_from} 起执行的上限收费标准为 0.79 元" in closed.closed_because
    with pytest.raises(queries.QuoteClosedByCap) as refused:
        order(session, buyer, quote, TOMORROW)
    assert refused.value.detail == closed.closed_because
    assert (refused.value.rule, refused.value.status) == ("PRC-05", 409)


def test_a_cheaper_price_under_the_new_cap_does_not_revive_a_quote_above_it(session):
    product, buyer = make.make_guided_offer(session), make.buyer_of(session)
    quote = make.make_quote(session, product, buyer)
    lower_the_cap(session, product)
    cheaper = {"model": "per_unit", "unit_price": "0.79"}
    prices.make_tariff(session, product, cheaper, effective_from=business_date(TOMORROW), now=make.SALE)
    assert standing(session, quote, TOMORROW).state is QuoteState.CLOSED_BY_CAP
    fresh = make.make_quote(session, product, buyer, now=TOMORROW)
    assert (fresh.amount, standing(session, fresh, TOMORROW).state) == (Money.yuan("790.00"), QuoteState.OPEN)


def test_a_quote_is_open_until_it_is_ordered_expires_or_price_or_gate_change(session):
    product, buyer = make.make_guided_offer(session), make.buyer_of(session)
    first, other = (make.make_quote(session, product, buyer) for _ in range(2))
    placed = order(session, buyer, first, make.SALE)
    assert standing(session, first, TOMORROW).state is QuoteState.ORDERED
    assert standing(session, other, other.valid_until).state is QuoteState.OPEN
    assert standing(session, other, other.valid_until + timedelta(microseconds=1)).state is QuoteState.EXPIRED
    cheaper = {"model": "per_unit", "unit_price": "0.70"}
    prices.make_tariff(session, product, cheaper, effective_from=business_date(TOMORROW), now=make.SALE)
    changed = standing(session, other, TOMORROW)
    assert (changed.state, changed.closed_by_cap_id) == (QuoteState.CLOSED_BY_PRICE, None)
    assert "700.00" in changed.closed_because
    listing = of_product(session, product.id)
    listings.withdraw(session, registry.seller(product), listing.id, now=make.SALE)
    shut = queries.states_of(session, [first, other], now=make.SALE, book=make.LAW)
    assert [one.state for one in shut] == [QuoteState.ORDERED, QuoteState.CLOSED_BY_GATE]
    assert placed.quote_id == first.id


def test_a_quote_keeps_what_it_rests_on_with_the_digest_of_all_of_it(session):
    product, buyer = make.make_guided_offer(session), make.buyer_of(session)
    quote = make.make_quote(session, product, buyer)
    kept = quote.inputs
    assert kept["tariff"]["model"] == {"model": "per_unit", "unit_price": "0.8"}
    assert (kept["cap"]["amount"], kept["quantity"], kept["purpose"]) == ("0.8", "1000", "industry_development")
    assert {value["name"] for value in kept["policy"]} >= {"pricing.profit_rate.spread_max", "pricing.regime.operator"}
    assert all(value["article"] and value["quote"] for value in kept["policy"] if not value["is_overlay"])
    assert [used["access"] for used in kept["lineage"]] == ["free"]
    assert quote.digest == grounds.digest(queries.document(quote))
    session.expunge_all()
    read = session.scalar(sa.select(Quote))
    assert grounds.digest(queries.document(read)) == quote.digest


def leaves(tree, depth=0):
    """Every line of a tree with its depth."""
    yield depth, tree
    for line in tree["lines"]:
        yield from leaves(line, depth + 1)


def test_the_tree_leads_from_the_amount_to_terms_cap_report_ceiling_cost_lines_and_the_words_of_the_articles(session):
    product = make.make_guided_offer(session)
    lower_the_cap(session, product, "0.80", day=make.SALE)  # confirmed anew: the report of that day counts
    tree = make.make_quote(session, product, make.buyer_of(session)).explanation
    by_label = {line["label"].split("（")[0]: line for _, line in leaves(tree)}
    assert {"应付金额", "第 1 档", "计费方式", "舍入", "上限收费标准", "预测业务量", "准许利润", "支出"} <= set(
        by_label
    )
    assert by_label["上限收费标准"]["label"] == "上限收费标准（自 2026-07-20 起）"
    assert by_label["舍入"]["value"] == "各行精确相加，按订单合计一次四舍五入到分"
    assert "10,000,000.00 × 80%" in {line.get("formula") for _, line in leaves(tree)}
    cited = [line["source"] for _, line in leaves(tree) if isinstance(line.get("source"), dict)]
    assert {source["article"] for source in cited if source["quote"]} >= {"一", "三（一）"}
    assert max(depth for depth, _ in leaves(tree)) >= 6


def test_a_free_quote_keeps_the_exemption_and_the_shadow_price(session):
    product, bureau = make.make_offer(session), prices.make_buyer(session)
    exemption = prices.make_exemption(session, product, bureau)
    quote = make.make_quote(session, product, make.buyer_of(session, bureau), purpose=Purpose.PUBLIC_WELFARE)
    assert (quote.inputs["exemption"]["number"], queries.document(quote)["shadow_amount"]) == (
        exemption.number, "800.00",
    )  # fmt: skip
    assert "exemption.purposes_free" in {value["name"] for value in quote.inputs["policy"]}
    labels = {line["label"] for _, line in leaves(quote.explanation)}
    assert {
        f"免费使用批准 {exemption.number}",
        "使用目的",
        "批准人",
        "期限",
        "按收费标准计（影子金额，不收取）",
    } <= labels


def test_free_reuse_shows_the_lineage_that_makes_it_free(session):
    registry.make_reviewers(session, "xinchang")
    giver = base.make_department(session)
    resource = base.make_resource(session, giver)
    product = make.make_offer(session, agreement=base.make_agreement(session, scope=[resource]))
    quote = make.make_quote(session, product, base.acting_for(giver, Role.SOURCE))
    lines = [(line["label"], line["value"], line.get("formula")) for _, line in leaves(quote.explanation)]
    assert (f"{resource.code} {resource.title}", giver.name, "无偿提供") in lines


def test_the_explanation_is_the_same_to_the_byte_after_price_cap_ceiling_and_names_have_changed(app, made):
    product = made(make.make_guided_offer)
    party = made(prices.make_buyer)
    quote = made(lambda session: make.make_quote(session, product, make.buyer_of(session, party)))
    program, person = as_program(app, Role.BUYER, party=party), as_person(app, Role.BUYER, party=party)
    client, url = app.test_client(), f"/api/v1/quotes/{quote.number}"
    before = client.get(f"{url}/explanation", headers=program)
    page = person.get(f"/quotes/{quote.number}/explanation")
    assert (before.status_code, page.status_code) == (200, 200)
    assert before.json["digest"] == quote.digest
    assert quote.digest in page.text

    def change(session):
        prices.make_tariff(session, product, {"model": "per_unit", "unit_price": "0.70"},
                           effective_from=business_date(TOMORROW), now=make.SALE)  # fmt: skip
        lower_the_cap(session, product, "0.75")
        agreement = make.agreements.get(session, product.agreement_id)
        prices.make_ceiling(session, agreement, tax="1.00", now=make.SALE)
        session.get_one(Party, product.owner_id).name = "改名后的运营公司"
        session.get_one(prices.Product, product.id).title = "改名后的产品"

    made(change)
    assert client.get(f"{url}/explanation", headers=program).data == before.data
    with clock.set_to(TOMORROW):
        program, person = as_program(app, Role.BUYER, party=party), as_person(app, Role.BUYER, party=party)
        shown = client.get(url, headers=program).json
        assert (shown["state"], shown["closed_from"]) == ("closed_by_cap", str(business_date(TOMORROW)))
        assert client.get("/api/v1/quotes", headers=program).json["items"][0]["state"] == "closed_by_cap"
        for address in ("/quotes", f"/quotes/{quote.number}"):
            assert "因新的上限关闭" in person.get(address).text
        assert shown["closed_because"] in person.get(f"/quotes/{quote.number}").text
    stranger = as_program(app, Role.BUYER, party=made(prices.make_buyer))
    assert client.get(f"{url}/explanation", headers=stranger).status_code == 404
