"""Search and filters of the catalogue; who sees a product that is not for sale now."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel.calendar import business_date
from kernel.identity import ANONYMOUS, Role
from kernel.money import UnitPrice
from market.catalogue import queries
from market.listings import queries as listings
from market.listings.model import Listing
from market.search.queries import Wanted
from market.search.rules import Facet
from registry.products.rules import DeliveryForm
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry


def found(session, q="", *, free=False, **facets) -> set[str]:
    chosen = {Facet(name): [value] for name, value in facets.items()}
    asked = Wanted(q=q, facets=chosen, is_free=free)
    shown = queries.find(session, asked, now=make.SALE, book=make.LAW, limit=20)
    return {entry.listing.product.code for entry in shown.entries}


@pytest.mark.both_databases
def test_chinese_words_of_any_length_are_found_in_title_summary_scenario_domain_code_and_seller(session):
    seller = registry.make_merchant(session, name="示例山城数据有限公司 ＡＢＣ")
    credit = make.make_offer(session, title="企业资信报告 API", scenario="普惠金融", domain="金融", owner=seller)
    flood = make.make_offer(session, title="内涝风险提示", scenario="农业保险", domain="气象水利")
    assert found(session, q="资") == {credit.code}
    assert found(session, q="资信") == {credit.code}
    assert found(session, q="企业资信报告") == {credit.code}
    assert found(session, q="报告　ａｐｉ") == {credit.code}
    assert found(session, q="普惠") == {credit.code}
    assert found(session, q="山城数据") == {credit.code}
    assert found(session, q="保险 风险") == {flood.code}
    assert found(session, q=flood.code.lower()) == {flood.code}
    assert found(session, q="核验企业") == {credit.code, flood.code}
    assert found(session, q="资信 风险") == set()
    assert found(session, q="%") == set()
    assert found(session, q="_") == set()
    assert found(session) == {credit.code, flood.code}


def test_place_domain_form_and_public_interest_filter(session):
    report = make.make_offer(session, place="quzhou", domain="金融", delivery_form=DeliveryForm.REPORT)
    api = make.make_offer(session, place="puer", domain="农业")
    bureau = prices.make_buyer(session)
    prices.make_exemption(session, api, bureau)
    assert found(session, place="quzhou") == {report.code}
    assert found(session, domain="农业") == {api.code}
    assert found(session, delivery_form="report") == {report.code}
    assert found(session, free=True) == {api.code}
    assert found(session, place="quzhou", domain="农业") == set()
    assert listings.count_by_place(session, now=make.SALE, book=make.LAW) == {"puer": 1, "quzhou": 1}


def test_drafts_of_foreign_catalogues_are_never_found(session):
    from market.listings import commands

    text = "exchange,title,price_text,url\nbeijing,企业信用报告,0.5元/次,https://a.example/1\n"
    commands.import_listings(session, base.supervisor("puer"), place="puer", file_name="a.csv", content=text.encode(),
                             now=make.SALE, book=make.LAW)  # fmt: skip
    assert session.scalar(sa.select(sa.func.count()).select_from(Listing)) == 1
    assert found(session, q="信用") == set()


def test_an_entry_shows_its_prices_in_force_and_its_certificate(session):
    product = make.make_offer(session, model={"model": "per_unit", "unit_price": "0.15"})
    later = make.SALE.replace(month=9)
    cheaper = {"model": "per_unit", "unit_price": "0.10"}
    prices.make_tariff(session, product, cheaper, regime=prices.Regime.MARKET_VALUE_BASED,
                       effective_from=business_date(later), now=make.SALE)  # fmt: skip
    (shown,) = session.scalars(queries.search(now=make.SALE, book=make.LAW))
    entry = queries.entry_of(session, shown, business_date(make.SALE))
    assert [tariff.unit_price_max for tariff in entry.prices] == [UnitPrice.yuan("0.15")]
    assert entry.registration.product_id == product.id
    entry = queries.entry_of(session, shown, business_date(later))
    assert [tariff.unit_price_max for tariff in entry.prices] == [UnitPrice.yuan("0.10")]


def test_a_product_with_a_closed_gate_is_shown_to_those_who_may_read_it_and_to_nobody_else(session):
    product = registry.make_sellable(session)
    merchant = base.actor(Role.MERCHANT, org_id=product.owner_id, place=product.place)
    for person in (merchant, base.supervisor(), base.actor(Role.AUDITOR)):
        seen = queries.offer(session, person, product.code, now=make.SALE, book=make.LAW)
        assert {gate.code for gate in seen.gates if not gate.open} == {"price", "offered", "venue"}
    strangers = (ANONYMOUS, base.supervisor("puer"), prices.buyer(prices.make_buyer(session)))
    for person in strangers:
        with pytest.raises(listings.NoSuchListing):
            queries.offer(session, person, product.code, now=make.SALE, book=make.LAW)
    with pytest.raises(listings.NoSuchListing):
        queries.offer(session, merchant, "XC-2026-999999", now=make.SALE, book=make.LAW)


def test_everybody_sees_an_open_product_with_its_cap_and_lineage(session):
    product = make.make_guided_offer(session)
    seen = queries.offer(session, ANONYMOUS, product.code.lower(), now=make.SALE, book=make.LAW)
    assert seen.is_open
    assert [price.cap.amount for price in seen.prices] == [UnitPrice.yuan("0.80")]
    assert all(used.resource.source_department.name for used in seen.version.inputs)
    assert seen.registration.code
