"""Free use seen from above: what was ordered and used of it, its value, its end, and the claim from metered use."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel import clock, db
from kernel.identity import Role
from kernel.money import Money
from market.entitlements import queries as entitlements
from market.orders.model import Order, Quote
from pricing.exemptions import commands as exemptions
from pricing.exemptions import queries as exempted
from pricing.exemptions.rules import Purpose
from registry.parties.model import Party
from tests.make import market, settlement
from tests.make import misuses as make
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send
from web import repricing

NOW = datetime(2026, 9, 2, 2, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 8, 5), date(2026, 8, 6)


def make_free_sale(session):
    """A bureau's free order of 1000 uses, of which it used 10, 20 and 30 on three days, and missed once."""
    product = market.make_offer(session)
    bureau = prices.make_buyer(session, name="应急局")
    exemption = prices.make_exemption(session, product, bureau, quota=2000, now=market.SALE)
    held = market.make_entitlement(
        session, product, prices.buyer(bureau), purpose=Purpose.PUBLIC_WELFARE, quantity=1000
    )
    for day, count in ((4, 10), (5, 20), (6, 30)):
        settlement.use(session, held, count, at=datetime(2026, 8, day, 2, tzinfo=UTC), now=NOW)
    settlement.use(session, held, 1, at=datetime(2026, 8, 5, 3, tzinfo=UTC), prefix="miss", now=NOW, hit="false")
    return exemption, held


@pytest.mark.both_databases
def test_free_use_has_a_value_costs_nothing_and_ends_with_its_approval_in_the_same_second(session):
    exemption, held = make_free_sale(session)
    use = repricing.use_of(session, exemption.id)
    assert (use.ordered, use.used, use.shadow) == (1000, 60, Money.yuan("800.00"))
    (row,) = repricing.free_use(session, 2026, within=sa.true())
    assert (row.grantee, row.units, row.shadow_amount) == ("应急局", 1000, Money.yuan("800.00"))
    assert repricing.free_use(session, 2025, within=sa.true()) == []
    order = session.get_one(Order, held.order_id)
    for row_of in (session.get_one(Quote, order.quote_id), order):  # not even the database knows a charge for it
        table = type(row_of).__table__
        told = {column.name: getattr(row_of, column.name) for column in table.columns}
        wanted = f"ck_{table.name}_public_interest_is_free"
        with pytest.raises(DBAPIError, match=wanted), session.begin_nested():
            session.execute(sa.insert(table).values({**told, "amount": Money(1)}))
    ends = market.SALE + timedelta(days=200)  # the exemption ends with the year, the entitlement with it
    assert entitlements.holds(session, held, NOW, book=make.LAW)
    assert "exemption_stands" in entitlements.closed(session, held, ends, book=make.LAW)
    person = prices.buyer(session.get_one(Party, exemption.grantee_id))
    exemptions.give_back(session, person, exemption.id, reason="已完成", now=NOW)
    session.flush()
    assert entitlements.closed(session, held, NOW, book=make.LAW) == ["exemption_stands"]
    paid = market.make_entitlement(session)
    assert entitlements.closed(session, paid, NOW, book=make.LAW) == []


def test_repeated_use_and_use_without_result_are_handed_down_as_metering_counts_them(session):
    exemption, held = make_free_sale(session)
    asked = {"until": LAST, "received_until": NOW}
    usage = repricing.usage_under(session, exemption.id, **asked, by_subject=False)
    assert [(one.day.day, one.units) for one in usage.uses] == [(4, 10), (5, 20), (6, 30)]
    assert [(one.entitlement, one.first) for one in usage.held] == [(held.number, date(2026, 7, 20))]
    settlement.use(session, held, 2, at=datetime(2026, 8, 6, 4, tzinfo=UTC), prefix="s", now=NOW, subject="91330624A")
    apart = repricing.usage_under(session, exemption.id, **asked, by_subject=True)
    assert [one.units for one in apart.uses if one.subject] == [2]
    earlier = repricing.usage_under(
        session, exemption.id, until=LAST, received_until=NOW - timedelta(seconds=1), by_subject=False
    )
    assert earlier.uses == ()


@pytest.fixture
def sold(app):
    with clock.set_to(NOW):
        with app.app_context(), db.transaction() as session:
            exemption, held = make_free_sale(session)
        yield exemption, held


def test_a_misuse_is_recorded_heard_confirmed_and_settled_over_http(app, client, sold):
    exemption, held = sold
    supervisor = as_program(app, Role.SUPERVISOR, place=base.PLACE)
    second = as_program(app, Role.SUPERVISOR, place=base.PLACE)
    with app.app_context():
        bureau = db.session().get_one(Party, exemption.grantee_id)
    grantee = as_program(app, Role.BUYER, party=bureau)
    cashier = as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
    found = {
        "exemption_id": str(exemption.id), "from_date": str(FIRST), "until_date": str(LAST),
        "actual_purpose": "industry_development", "reason": "用于商业评分", "hearing_until": "2026-09-20",
        "evidence": {"name": "日志.txt", "content_base64": "bG9n"},
    }  # fmt: skip
    assert client.post("/api/v1/misuses", json={**found, "actual_purpose": "public_welfare"},
                       headers=key(supervisor)).json["code"] == "misuse.purpose_not_charged"  # fmt: skip
    made = client.post("/api/v1/misuses", json=found, headers=key(supervisor))
    assert made.status_code == 201, made.json
    one = f"/api/v1/misuses/{made.json['id']}"

    def step(name, body, headers):
        tag = client.get(one, headers=headers).headers["ETag"]
        return client.post(f"{one}/{name}", json=body, headers=key({**headers, "If-Match": tag}))

    assert step("confirmation", {"reason": "属实"}, second).json["code"] == "misuse.hearing_open"
    assert step("statements", {"text": "内部试用"}, grantee).json["state"] == "heard"
    assert client.get(f"{one}/claim", headers=second).json["amount"] == "40.00"
    assert step("confirmation", {"reason": "属实"}, supervisor).status_code == 403
    claimed = step("confirmation", {"reason": "属实"}, second)
    assert [(line["day"], line["units"], line["amount"]) for line in claimed.json["lines"]] == [
        (str(FIRST), "20", "16.00"), (str(LAST), "30", "24.00"),
    ]  # fmt: skip
    assert (claimed.json["amount"], claimed.json["statements"][0]["text"]) == ("40.00", "内部试用")
    assert client.get(f"/api/v1/entitlements/{held.number}", headers=grantee).json["closed"] == ["exemption_stands"]
    paid = {"reference": "ICBC-1", "amount": "40.00", "paid_on": "2026-09-02"}
    assert step("settlement", {**paid, "amount": "39.99"}, cashier).json["code"] == "misuse.payment_differs"
    assert step("settlement", paid, cashier).json["state"] == "settled"


def test_the_pages_of_misuse_and_of_the_value_of_free_use(app, sold):
    exemption, _held = sold
    supervisor = as_person(app, Role.SUPERVISOR, place=base.PLACE)
    second = as_person(app, Role.SUPERVISOR, place=base.PLACE)
    shown = supervisor.get(f"/exemptions/{exemption.id}").get_data(as_text=True)
    assert ("1000" in shown, "60" in shown, "登记改作他用" in shown) == (True, True, True)
    assert "800.00" in supervisor.get("/pricing/free-use?year=2026").get_data(as_text=True)
    public = app.test_client().get("/prices/free-use?year=2026").get_data(as_text=True)
    assert ("800.00" in public, "应急局" in public) == (True, False)
    with app.app_context(), db.transaction() as session:
        misuse = make.make_misuse(
            session, exempted.locked(session, exemption.id), from_date=FIRST, until_date=LAST, now=NOW,
            hearing_until=date(2026, 9, 3),
        )  # fmt: skip
    one = f"/pricing/misuses/{misuse.id}"
    assert misuse.number in second.get("/pricing/misuses").get_data(as_text=True)
    page = second.get(one).get_data(as_text=True)  # while the grantee is being heard one may only try
    assert ("现在可以先试算" in page, "试算并认定" in page) == (True, False)
    tried = second.get(f"{one}/claim").get_data(as_text=True)
    assert ("40.00" in tried, 'name="reason"' in tried) == (True, False)
    with app.app_context():
        bureau = db.session().get_one(Party, exemption.grantee_id)
    grantee = as_person(app, Role.BUYER, party=bureau)
    assert send(grantee, f"{one}/statement", {"text": "内部试用"}, form_at=one).status_code == 303
    assert "试算并认定" in second.get(one).get_data(as_text=True)
    done = send(second, f"{one}/claim", {"reason": "属实"}, form_at=f"{one}/claim")
    assert done.status_code == 303, done.get_data(as_text=True)
    assert "逐日费用" in grantee.get(one).get_data(as_text=True)
    assert "复算与已固定的费用逐日一致" in second.get(f"{one}/claim").get_data(as_text=True)
    form = f"/pricing/misuses/new?exemption={exemption.number}"
    assert send(supervisor, form, {"exemption_id": str(exemption.id)}, form_at=form).status_code == 422
