"""Sales are compared with what is published: the page, the API and the daily job find what was charged otherwise."""

from __future__ import annotations

from datetime import timedelta

from kernel import clock, db
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.identity import Role
from kernel.money import Money
from market.orders.model import Quote
from pricing.equal_prices.queries import deals
from registry.parties.rules import Capacity
from tests.make import market as make
from tests.make import negotiated as agreed
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make.clients import as_person
from web.equal_prices import findings, sales
from web.scheduling import run
from web.timetable import JOBS

DAY = business_date(make.SALE)
PLACE = base.PLACE


def copy_of(row, **changed):
    """The same row once more, as a faulty program would write it."""
    kept = {column.name: getattr(row, column.name) for column in type(row).__table__.columns}
    return type(row)(**(kept | {"id": new_id()} | changed))


def sold_otherwise(session):
    """An order at the published price, and one of the same product and quantity for a fen more."""
    order = make.make_order(session, make.make_offer(session), make.buyer_of(session))
    assert findings(session, DAY) == []
    quote = copy_of(session.get_one(Quote, order.quote_id), number="QUO-2026-000099")
    session.add(quote)
    session.flush()
    made = copy_of(order, number="ORD-2026-000099", quote_id=quote.id, client_reference="other",
                   amount=order.amount + Money(1))  # fmt: skip
    session.add(made)
    session.flush()
    return order.number, made.number


def test_an_order_that_cost_something_else_is_found_on_the_page_and_by_the_daily_job(app):
    with app.app_context(), db.transaction() as session:
        same, other = sold_otherwise(session)
        stranger = base.make_party(session, Capacity.DATA_MERCHANT, place=PLACE)
    with clock.set_to(make.SALE):
        shown = as_person(app, Role.PRICE, place=PLACE).get("/pricing/equal-prices").get_data(as_text=True)
        assert same in shown
        assert other in shown
        assert "同类不同价" in shown
        seller = as_person(app, Role.MERCHANT, place=PLACE, party=stranger)
        assert other not in seller.get("/pricing/equal-prices").get_data(as_text=True)  # sales of others stay theirs
        for day in ("0001-01-01", "9999-12-31"):  # the first and the last that can be written
            assert seller.get(f"/pricing/equal-prices?on={day}").status_code == 200
    with clock.set_to(make.SALE + timedelta(days=1)):
        job = next(one for one in JOBS if one.name == "prices.compare")
        result = run(app, job)
    assert "同质同价 1 处" in result
    assert other in result


def test_a_negotiated_sale_names_the_published_rule_of_its_deviation(session):
    product, party = make.make_offer(session), prices.make_buyer(session)
    agreed.agree(session, product, party, agreed.CHEAP, make.SALE)
    made = make.make_order(session, product, make.buyer_of(session, party))
    make.make_order(session, product, make.buyer_of(session))
    assert findings(session, DAY) == []
    (deal,) = (one for one in sales(session, DAY, place=PLACE) if one.reference == made.number)
    assert deal.rule == agreed.RULE
    assert sales(session, DAY, place="puer") == []


def test_what_others_negotiated_is_not_shown_to_a_seller(session):
    product, party = make.make_offer(session), prices.make_buyer(session)
    number = agreed.agree(session, product, party, agreed.CHEAP, make.SALE)
    stranger = base.make_party(session, Capacity.DATA_MERCHANT, place=PLACE)

    def seen(reader):
        return {deal.reference for deal in deals(session, DAY, reader=reader)}

    assert number in seen(prices.seller_of(session, product))
    assert number in seen(base.actor(Role.PRICE, place=PLACE))
    assert number not in seen(base.actor(Role.MERCHANT, org_id=stranger.id, place=PLACE))
