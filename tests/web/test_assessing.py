"""Revenue handed down from the settlements: a year is watched and assessed on a real sealed settlement, over HTTP."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.calendar import Period
from kernel.identity import Role
from kernel.money import Money
from pricing.assessments.rules import Basis
from pricing.headroom import queries as headroom
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product
from tests.make import assessments as make
from tests.make import market, settlement
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send
from web import assessing
from web.scheduling import SCHEDULER, run
from web.timetable import JOBS

YEAR = make.YEAR
HALF_YEAR = Period(date(YEAR, 7, 1), date(YEAR + 1, 1, 1))
SEPTEMBER = datetime(YEAR, 9, 10, 2, 0, tzinfo=UTC)


def operated(session: Session) -> Product:
    """An operator's product at 0.80 under a cap, of which a hundred uses were bought and used in August."""
    product = market.make_guided_offer(session)
    agreement = agreements.get(session, product.agreement_id)
    operator = session.get_one(Party, agreement.operating_institution_id)
    settlement.make_schedule(session, agreement, [{"kind": "rest", "party": operator.uscc}], signers=[operator])
    bought = market.make_entitlement(session, product, market.buyer_of(session), quantity=100)
    settlement.use(session, bought, 100)
    session.flush()
    return product


def test_what_is_not_settled_yet_is_accrued_and_what_is_sealed_is_assessed(session: Session) -> None:
    product = operated(session)
    agreement = agreements.get(session, product.agreement_id)
    settlement.intake.take_in_payments(session, settlement.preparer(), now=SEPTEMBER, place=base.PLACE)
    assert assessing.yearly_revenue(session, agreement, YEAR).settled == ()
    assert assessing.read_all_headroom(session, SCHEDULER, SEPTEMBER, make.LAW) == (1, [])
    reading = headroom.get(session, prices.price_officer(), agreement.id, YEAR)
    assert (reading.accrued.text(), str(reading.until)) == ("75.47", f"{YEAR}-09-10")
    months = [(one["from"], one["product"], one["amount"]) for one in reading.lines]
    assert months == [
        (f"{YEAR}-07-01", "", "0.00"), (f"{YEAR}-08-01", product.code, "75.47"), (f"{YEAR}-09-01", "", "0.00"),
    ]  # fmt: skip
    settlement.settle(session, period=HALF_YEAR, now=make.AFTERWARDS)
    session.flush()
    revenue = assessing.yearly_revenue(session, agreement, YEAR)
    assert [one.period for one in revenue.settled] == [HALF_YEAR]
    (earned,) = revenue.earned
    assert (earned.product, earned.net, earned.tax, earned.quantity) == (
        product.code, Money.yuan("75.47"), Money.yuan("4.53"), 100,
    )  # fmt: skip
    assert revenue.total(Basis.WITH_TAX).text() == "80.00"
    lines = assessing.accrued(session, agreement, HALF_YEAR.end, [])
    assert [(one.period, one.amount.text()) for one in lines] == [(HALF_YEAR, "75.47")]
    merchants = market.make_offer(session)
    assert assessing.yearly_revenue(session, agreements.get(session, merchants.agreement_id), YEAR).earned == ()


def world(app: Flask) -> tuple[Product, Agreement]:
    """The same in the application's database, with the half year sealed."""
    with app.app_context(), db.transaction() as session:
        product = operated(session)
        settlement.settle(session, period=HALF_YEAR, now=make.AFTERWARDS)
        return product, agreements.get(session, product.agreement_id)


def party(app: Flask, party_id: Any) -> Party:
    """An organisation of the application's database."""
    with app.app_context():
        return db.session().get_one(Party, party_id)


def test_programs_assess_a_year_decide_on_what_follows_and_close_the_cycle(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.AFTERWARDS):
        product, agreement = world(app)
        officer = as_program(app, Role.PRICE, place=base.PLACE)
        entity = as_program(app, Role.SUPERVISOR, party=party(app, agreement.authorizing_entity_id), place=base.PLACE)
        body = {"agreement_id": str(agreement.id), "year": YEAR}
        assert client.post("/api/v1/assessments", json=body, headers=key(entity)).status_code == 403
        early = client.post("/api/v1/assessments", json={**body, "year": YEAR + 1}, headers=key(officer))
        assert (early.status_code, early.json["code"]) == (409, "assessment.year_not_over")
        made = client.post("/api/v1/assessments", json=body, headers=key(officer))
        assert made.status_code == 201, made.get_data(as_text=True)
        assert (made.json["actual"], made.json["direction"], made.json["action"]) == ("75.47", "under", "adjust_caps")
        assert client.get(f"/api/v1/assessments/{made.json['id']}", headers=officer).json == made.json
        assert client.get("/api/v1/assessments", headers=entity).json["items"] == [made.json]
        again = client.post("/api/v1/assessments", json=body, headers=key(officer))
        assert (again.status_code, again.json["code"]) == (409, "assessment.unchanged")
        found = client.get(f"/api/v1/adjustments?assessment_id={made.json['id']}", headers=entity).json["items"]
        assert [(one["product_id"], one["kind"], one["state"]) for one in found] == [
            (str(product.id), "cap", "proposed"),
        ]  # fmt: skip
        url = f"/api/v1/adjustments/{found[0]['id']}"
        seen = client.get(url, headers=entity)
        deciding = {**key(entity), "If-Match": seen.headers["ETag"]}
        accepted = client.post(f"{url}/acceptance", json={"amount": "0.90", "reason": "稳妥"}, headers=deciding)
        assert (accepted.status_code, accepted.json["decided"]) == (200, "0.9"), accepted.json
        carrying = {**key(entity), "If-Match": accepted.headers["ETag"]}
        refused = client.post(f"{url}/completion", json={"by_id": str(agreement.id)}, headers=carrying)
        assert (refused.status_code, refused.json["code"]) == (422, "adjustment.not_carried_out")
        late = {**key(entity), "If-Match": accepted.headers["ETag"]}
        refused = client.post(f"{url}/refusal", json={"reason": "迟了"}, headers=late)
        assert (refused.status_code, refused.json["code"]) == (409, "adjustment.wrong_state")
        years = {"agreement_id": str(agreement.id), "first_year": YEAR, "last_year": YEAR}
        cycle = client.post("/api/v1/evaluation-cycles", json=years, headers=key(officer))
        assert cycle.status_code == 201, cycle.json
        own = f"/api/v1/evaluation-cycles/{cycle.json['id']}"
        closed = client.post(f"{own}/closings", json={}, headers=key(officer))
        assert (closed.status_code, closed.json["closings"][0]["excess"]) == (201, "0.00"), closed.json
        assert client.get(own, headers=entity).json == closed.json
        assert len(client.get("/api/v1/evaluation-cycles", headers=entity).json["items"]) == 1
        due = f"/api/v1/evaluation-cycles/deduction-due?agreement_id={agreement.id}&year={YEAR + 1}"
        assert client.get(due, headers=officer).json == {"amount": "0.00", "reason": ""}
        read = client.post(f"/api/v1/headroom/{agreement.id}/readings", headers=key(officer))
        assert (read.status_code, read.json["code"]) == (409, "headroom.no_ceiling")


def test_one_refused_agreement_takes_nothing_from_the_others(session: Session) -> None:
    products = [prices.make_capped_product(session, place=place) for place in ("puer", "xinchang")]
    officer = prices.price_officer("xinchang")
    read, refused = assessing.read_all_headroom(session, officer, SEPTEMBER, make.LAW)
    assert (read, len(refused)) == (1, 1)
    assert refused[0].startswith(agreements.get(session, products[0].agreement_id).number)
    assert headroom.last(session, products[1].agreement_id, YEAR) is not None
    assert headroom.last(session, products[0].agreement_id, YEAR) is None


def test_the_timetable_reads_the_year_and_people_and_programs_see_the_headroom(app: Flask) -> None:
    with clock.set_to(make.AFTERWARDS):
        product, agreement = world(app)
    with clock.set_to(datetime(YEAR + 1, 1, 1, 1, 0, tzinfo=UTC)):  # the last reading of the year
        job = next(one for one in JOBS if one.name == "headroom.read")
        assert "读取收入余量 1 份协议" in run(app, job)
    with clock.set_to(datetime(YEAR, 12, 31, 1, 0, tzinfo=UTC)):
        officer = as_person(app, Role.PRICE, place=base.PLACE)
        home = f"/pricing/headroom/{agreement.id}"
        shown = officer.get(home).get_data(as_text=True)
        for words in ("75.47", "8,257,824.00", product.code, "年内不会达到", "预警比例"):
            assert words in shown
        assert agreement.number in officer.get("/pricing/headroom").get_data(as_text=True)
        drawn = officer.get(f"{home}/headroom.svg")
        assert (drawn.mimetype, "预警线" in drawn.get_data(as_text=True)) == ("image/svg+xml", True)
        sheet = openpyxl.load_workbook(io.BytesIO(officer.get(f"{home}/headroom.xlsx").data))["余量"]
        assert [sheet.cell(2, column).value for column in (2, 3)] == [75.47, 8257824]
        program = as_program(app, Role.PRICE, place=base.PLACE)
        plain = app.test_client()
        told = plain.get(f"/api/v1/headroom/{agreement.id}", headers=program).json
        assert (told["whole"]["accrued"], told["products"][0]["limit"]) == ("75.47", "800.00")
        assert plain.get("/api/v1/headroom/alarms", headers=program).json == {"alarms": []}
        assert len(plain.get("/api/v1/headroom", headers=program).json["items"]) == 1
        assert send(officer, f"{home}/read", {}, form_at=home).status_code == 303


def test_people_assess_a_year_decide_and_close_the_cycle(app: Flask) -> None:
    with clock.set_to(make.AFTERWARDS):
        product, agreement = world(app)
        officer = as_person(app, Role.PRICE, place=base.PLACE)
        assert "待评估" in officer.get("/pricing/assessments").get_data(as_text=True)
        new = "/pricing/assessments/new"
        fields = {"agreement_id": str(agreement.id), "year": str(YEAR), "basis": "with_tax", "act": "preview"}
        preview = send(officer, new, fields, form_at=new)
        assert preview.status_code == 200
        assert "-100%" in preview.get_data(as_text=True)
        early = send(officer, new, {**fields, "year": str(YEAR + 1)}, form_at=new)
        assert early.status_code == 409
        assert send(officer, new, {**fields, "year": "x"}, form_at=new).status_code == 422
        made = send(officer, new, {**fields, "act": "record"}, form_at=new)
        assert made.status_code == 303, made.get_data(as_text=True)
        url = str(made.location)
        text = officer.get(url).get_data(as_text=True)
        for words in ("80.00", "与记录一致", "由授权主体调整上限收费标准", product.code):
            assert words in text
        assert officer.get(f"{url}/revenue.svg").mimetype == "image/svg+xml"
        book = openpyxl.load_workbook(io.BytesIO(officer.get(f"{url}.xlsx").data))
        assert book["年度评估"]["B6"].value == "80.00"
        assert book["收入"]["C2"].value == product.code
        change = re.search(r"/pricing/adjustments/[0-9a-f-]{36}", text)
        assert change is not None
        entity = as_person(app, Role.SUPERVISOR, party=party(app, agreement.authorizing_entity_id), place=base.PLACE)
        assert send(entity, f"{change[0]}/refuse", {}, form_at=change[0]).status_code == 422
        assert send(entity, f"{change[0]}/accept", {"amount": "0.90"}, form_at=change[0]).status_code == 422
        assert send(entity, f"{change[0]}/refuse", {"reason": "业务量太少"}, form_at=change[0]).status_code == 303
        assert "不采纳" in entity.get(change[0]).get_data(as_text=True)
        opening = "/pricing/cycles/new"
        years = {"agreement_id": str(agreement.id), "first_year": str(YEAR), "last_year": str(YEAR + 3)}
        assert send(officer, opening, years, form_at=opening).status_code == 422
        cycle = send(officer, opening, {**years, "last_year": str(YEAR)}, form_at=opening)
        assert cycle.status_code == 303
        assert "应评估" in officer.get("/pricing/cycles").get_data(as_text=True)
        own = str(cycle.location)
        assert send(officer, f"{own}/close", {"spread_years": "0"}, form_at=own).status_code == 422
        assert send(officer, f"{own}/close", {"spread_years": "1"}, form_at=own).status_code == 303
        assert send(officer, f"{own}/close", {"spread_years": "1"}, form_at=own).status_code == 409
        assert "不予结转" in officer.get(own).get_data(as_text=True)
