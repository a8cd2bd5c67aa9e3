"""Disclosures and evaluations through HTTP, with the figures that prices and settlements hand down."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.calendar import Period, add_months
from kernel.identity import Role
from kernel.money import Money
from market.orders import queries as orders
from registry.agreements.model import Agreement
from registry.parties.model import Party
from settlement.ledger import commands as ledger
from settlement.ledger.rules import Cause, Entry, Leg, output_tax, unearned
from settlement.packs.rules import DoesNotTie
from settlement.revenue.model import RevenueLine
from tests.make import pricing, settlement
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send
from web import disclosing

INSTITUTION = {"address": "鼓山中路1号", "postcode": "312500", "email": "data@example.cn", "phone": "0575-0"}
DEPARTMENT = {"unit": "新昌县数据局", "contact": "张某", "phone": "0575-1"}


def operating(app: Flask) -> tuple[Agreement, Party]:
    """An agreement of Xinchang that began a year and a half ago, and its operator."""
    start = add_months(clock.today(), -18)
    with app.app_context(), db.transaction() as session:
        operator = make.make_operator(session)
        return make.make_agreement(session, operator=operator, term=(start, add_months(start, 24))), operator


def test_a_disclosure_is_prepared_checked_and_published_by_programs(app: Flask, client: FlaskClient) -> None:
    agreement, operator = operating(app)
    one, other = (as_program(app, Role.OPERATOR, party=operator) for _ in range(2))
    year = clock.today().year - 1
    body: dict[str, Any] = {
        "place": "xinchang", "side": "operating", "party_id": str(operator.id), "year": year,
        "institution": INSTITUTION, "data_department": DEPARTMENT,
        "authorization_modes": {agreement.number: "by_scenario"},
    }  # fmt: skip
    url = "/api/v1/disclosures"
    wrong = client.post(url, json={**body, "institution": {**INSTITUTION, "email": "nobody"}}, headers=key(one))
    assert wrong.status_code == 422
    early = client.post(url, json={**body, "year": year + 1}, headers=key(one))
    assert (early.status_code, early.json["code"]) == (409, "disclosure.year_not_over")
    made = client.post(url, json=body, headers=key(one))
    assert made.status_code == 201, made.get_data(as_text=True)
    own = f"{url}/{made.json['id']}"
    assert made.json["content"]["authorizations"][0]["agreement"] == agreement.number
    assert client.get(own).status_code == 404  # not public yet
    last: Any = made

    def step(name: str, headers: dict[str, str], status: int = 200) -> Any:
        nonlocal last
        answer = client.post(f"{own}/{name}", headers={**key(headers), "If-Match": last.headers["ETag"]})
        assert answer.status_code == status, answer.get_data(as_text=True)
        last = answer if status == 200 else last
        return answer.json

    assert step("check", one, 409)["code"] == "disclosure.second_person_needed"
    assert step("publication", other, 409)["code"] == "disclosure.wrong_state"
    step("check", other)
    assert step("publication", one)["published_on"] == str(clock.today())
    shown = client.get(own)
    assert shown.json["sha256"] == made.json["sha256"]
    assert [found["id"] for found in client.get(f"{url}?year={year}&side=operating").json["items"]] == [made.json["id"]]
    assert client.get(f"{url}?year={year}&side=implementing").json["items"] == []
    assert [entry["rule"] for entry in client.get(f"{url}/entries").json["items"]][-1] == "DIS-13"
    sheet = client.get(f"/disclosures/{made.json['id']}.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(sheet.data))["机构信息"]["B2"].value == made.json["number"]
    assert step("discarding", one, 409)["code"] == "disclosure.wrong_state"


def test_people_prepare_check_publish_and_correct(app: Flask, client: FlaskClient) -> None:
    agreement, operator = operating(app)
    one, other = (as_person(app, Role.OPERATOR, party=operator) for _ in range(2))
    new = "/disclosures/new"
    asked = f"{new}?whose=operating/xinchang/{operator.id}&year={clock.today().year - 1}"
    form = one.get(asked).get_data(as_text=True)
    assert f"协议 {agreement.number} 的授权模式" in form
    fields = {
        "place": "xinchang", "side": "operating", "party_id": str(operator.id), "year": str(clock.today().year - 1),
        **{f"i_{name}": text for name, text in INSTITUTION.items()},
        **{f"d_{name}": text for name, text in DEPARTMENT.items()},
    }  # fmt: skip
    incomplete = send(one, new, fields, form_at=asked)
    assert incomplete.status_code == 422
    assert "授权模式" in incomplete.get_data(as_text=True)
    made = send(one, new, {**fields, f"mode_{agreement.number}": "overall"}, form_at=asked)
    assert made.status_code == 303, made.get_data(as_text=True)
    url = str(made.location)
    assert client.get(url).status_code == 404
    assert "须由本单位另一人复核" in one.get(url).get_data(as_text=True)
    assert send(other, f"{url}/check", {}, form_at=url).status_code == 303
    assert send(one, f"{url}/publish", {}, form_at=url).status_code == 303
    public = client.get(url).get_data(as_text=True)
    for words in ("整体授权", "鼓山中路1号", agreement.number, "拟登记"):
        assert words in public
    assert "下一步" not in public
    correcting = f"{new}?supersedes_id={url.rsplit('/', 1)[1]}"
    again = {**fields, f"mode_{agreement.number}": "overall", "supersedes_id": url.rsplit("/", 1)[1],
             "correction_reason": "电话有误", "i_phone": "0575-2"}  # fmt: skip
    corrected = send(one, new, again, form_at=correcting)
    assert corrected.status_code == 303, corrected.get_data(as_text=True)
    latest = str(corrected.location)
    assert send(other, f"{latest}/check", {}, form_at=latest).status_code == 303
    assert send(other, f"{latest}/publish", {}, form_at=latest).status_code == 303
    assert "本披露已更正" in client.get(url).get_data(as_text=True)
    listed = client.get("/disclosures?place=xinchang").get_data(as_text=True)
    assert listed.count("电子表格") == 2
    for words in ("DIS-01", "DIS-13", "价目公示", "03-31"):
        assert words in listed


@pytest.mark.parametrize("query", ["whose=x/y/z&year=1", "supersedes_id=nonsense", "whose=&year=二〇二五", ""])
def test_nonsense_in_the_address_is_no_error(app: Flask, query: str) -> None:
    _, operator = operating(app)
    person = as_person(app, Role.OPERATOR, party=operator)
    assert person.get(f"/disclosures/new?{query}").status_code == 200
    sent = {"place": "nowhere", "side": "x", "party_id": "y", "year": "9" * 5000}
    assert send(person, "/disclosures/new", sent, form_at="/disclosures/new").status_code == 422


def test_an_evaluation_goes_from_opening_to_publication(app: Flask, client: FlaskClient) -> None:
    agreement, operator = operating(app)
    officer = as_program(app, Role.SUPERVISOR, place="xinchang")
    start, end = agreement.term_start, add_months(agreement.term_start, 12)
    body = {
        "place": "xinchang", "kind": "operator", "party_id": str(operator.id), "agreement_id": str(agreement.id),
        "period_start": str(start), "period_end": str(end), "self_due": str(clock.today() + timedelta(days=30)),
    }  # fmt: skip
    made = client.post("/api/v1/evaluations", json=body, headers=key(officer))
    assert made.status_code == 201, made.get_data(as_text=True)
    assert made.json["figures"] == {"products": 0, "orders": 0}
    assert client.post("/api/v1/evaluations", json=body, headers=key(officer)).status_code == 409
    url = f"/evaluations/{made.json['id']}"
    person = as_person(app, Role.OPERATOR, party=operator)
    own = {"text": "完成目标", "figures": "新增产品：3\n调用量: 100", "evidence": (io.BytesIO(b"own"), "自评.pdf")}
    assert send(person, f"{url}/self_assess", {"text": ""}, form_at=url).status_code == 422
    assert send(person, f"{url}/self_assess", own, form_at=url).status_code == 303
    assert "新增产品" in person.get(url).get_data(as_text=True)
    assert person.get(f"{url}/evidence").data == b"own"
    deciding = as_person(app, Role.SUPERVISOR, place="xinchang")
    result = {"participants_third_party": "评估公司\n", "score_data_quality": "92.5", "score_application": "88",
              "score_revenue": "", "grade": "良好", "opinion": "履约良好"}  # fmt: skip
    assert send(deciding, f"{url}/assess", result, form_at=url).status_code == 422
    assert send(deciding, f"{url}/assess", {**result, "score_revenue": "75"}, form_at=url).status_code == 303
    assert send(deciding, f"{url}/publish", {}, form_at=url).status_code == 303
    seen = as_person(app, Role.OPERATOR, party=operator).get(url).get_data(as_text=True)
    for words in ("92.5", "良好", "评估公司", "第三方机构", "已公布"):
        assert words in seen
    listed = client.get("/api/v1/evaluations?state=published", headers=officer).json["items"]
    assert [one["scores"]["revenue"] for one in listed] == ["75"]
    program = client.get(f"/api/v1/evaluations/{made.json['id']}", headers=officer).json
    assert program["participants"] == [{"name": "评估公司", "participation": "third_party"}]


def test_an_officer_opens_an_evaluation_on_a_page(app: Flask) -> None:
    agreement, operator = operating(app)
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    new = officer.get("/evaluations/new").get_data(as_text=True)
    assert operator.name in new
    fields = {
        "place": "xinchang", "kind": "operator", "party_id": str(operator.id), "agreement_id": str(agreement.id),
        "period_start": str(agreement.term_start), "period_end": str(add_months(agreement.term_start, 12)),
        "self_due": str(clock.today()),
    }  # fmt: skip
    refused = send(officer, "/evaluations/new", {**fields, "agreement_id": ""}, form_at="/evaluations/new")
    assert refused.status_code == 422
    made = send(officer, "/evaluations/new", fields, form_at="/evaluations/new")
    assert made.status_code == 303
    assert operator.name in officer.get("/evaluations?state=opened").get_data(as_text=True)
    closing = str(made.location)
    assert send(officer, f"{closing}/close", {"reason": "x", "version": "1"}, form_at=closing).status_code == 409


def test_without_prices_and_settlements_the_figures_are_empty(app: Flask) -> None:
    agreement, _ = operating(app)
    with app.app_context():
        found = disclosing.figures(db.session(), [agreement.id], 2025, clock.today())
        assert (found.caps, found.fees, found.revenue_fen) == ((), (), None)
        assert disclosing.settled_fen(db.session(), [agreement.id], Period.year(2025)) is None
        assert disclosing.evaluation_figures(db.session(), None, Period.year(2025)) == {}


def test_caps_and_fees_in_force_are_handed_down(session: Session) -> None:
    product = pricing.make_priced_product(session)
    found = disclosing.figures(session, [product.agreement_id], 2026, pricing.TODAY)
    assert [(cap.product_code, cap.charge_unit, cap.amount) for cap in found.caps] == [(product.code, "per_use", "0.8")]
    assert [(fee.product_code, fee.regime, fee.amount) for fee in found.fees] == [(product.code, "gov_guided", "0.8")]
    before = disclosing.figures(session, [product.agreement_id], 2026, pricing.TODAY - timedelta(days=1))
    assert (before.caps, before.fees) == ((), ())


def test_only_sealed_settlements_count_and_in_fen(session: Session) -> None:
    world = settlement.make_world(session)
    settlement.use(session, world.scores_bought, 3)
    agreement_id = world.agreement.id
    year = Period.year(settlement.PERIOD.start.year)
    settlement.prepare(session)
    session.flush()
    assert disclosing.settled_fen(session, [agreement_id], year) is None
    settlement.settle(session)
    session.flush()
    lines = session.scalars(sa.select(RevenueLine)).all()
    assert disclosing.settled_fen(session, [agreement_id], year) == sum(line.gross.fen for line in lines) > 0
    assert disclosing.evaluation_figures(session, agreement_id, year)["orders"] == 2


@pytest.mark.both_databases
def test_nothing_is_disclosed_that_differs_from_the_ledger(session: Session) -> None:
    """A stray fen in the ledger stops the disclosure (M12)."""
    world = settlement.make_world(session)
    settlement.use(session, world.scores_bought, 200)
    agreements, year = [world.agreement], settlement.PERIOD.start.year
    disclosing.must_tie_to_the_ledger(session, agreements, year)  # nothing is sealed, nothing is said
    settlement.settle(session)
    disclosing.must_tie_to_the_ledger(session, agreements, year)
    number, day = orders.get(session, world.levels_bought.order_id).number, settlement.PERIOD.last_day
    legs = (Leg(unearned(number), Money(100)), Leg(output_tax(make.PLACE), Money(-100)))
    stray = Entry(make.PLACE, Cause.REVENUE_EARNED, "stray", day + timedelta(days=1), "试", legs)
    ledger.book(session, settlement.preparer(), stray, now=settlement.NOW)
    with pytest.raises(DoesNotTie, match=r"账簿 1061\.00 元"):
        disclosing.must_tie_to_the_ledger(session, agreements, year)
    assert settlement.amount_of(session, world.levels_bought) == "530.00"


def test_a_disclosure_whose_figures_differ_from_the_ledger_is_refused(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        world = settlement.make_world(session)
        settlement.use(session, world.scores_bought, 200)
        settlement.settle(session)
        number = orders.get(session, world.levels_bought.order_id).number
        legs = (Leg(unearned(number), Money(100)), Leg(output_tax(make.PLACE), Money(-100)))
        stray = Entry(make.PLACE, Cause.REVENUE_EARNED, "stray", settlement.NOW.date(), "试", legs)
        ledger.book(session, settlement.preparer(), stray, now=settlement.NOW)
    body = {
        "place": "xinchang", "side": "operating", "party_id": str(world.operator.id), "year": 2026,
        "institution": INSTITUTION, "data_department": DEPARTMENT,
        "authorization_modes": {world.agreement.number: "by_scenario"},
    }  # fmt: skip
    with clock.set_to(datetime(2027, 1, 5, 2, 0, tzinfo=UTC)):
        program = as_program(app, Role.OPERATOR, party=world.operator)
        refused = app.test_client().post("/api/v1/disclosures", json=body, headers=key(program))
    assert (refused.status_code, refused.json["code"]) == (409, "pack.does_not_tie")
