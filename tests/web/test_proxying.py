"""Calls that the operator's platform answers: signed, bounded, counted once whatever happens (C1, C5, K6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from market.gateways.model import GatewayCircuit
from market.gateways.rules import Circuit
from registry.parties.rules import Capacity
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.reservations.model import Reservation
from settlement.reservations.rules import ReservationState
from tests.fakes import operator_platform
from tests.fakes.operator_platform import Platform, Switches
from tests.make import delivering as make
from tests.make import market
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send
from tests.make.receivers import listening
from web import proxying

ROWS = {
    "A1": {"score": "712", "level": "A"},
    "企业/甲": {"score": "650", "level": "B"},
    "C3": {"score": "1", "level": "A"},
}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """The day on which everything is sold."""
    with clock.set_to(market.SALE):
        yield


@pytest.fixture
def platform(app: Flask) -> Iterator[Platform]:
    """A platform that the marketplace may reach."""
    with operator_platform.running(lambda: market.SALE) as running:
        running.rows = dict(ROWS)
        app.extensions["huiyi_outside"] = running.outside()
        yield running


@pytest.fixture
def sold(app: Flask) -> make.Sold:
    """An interface, bought for five uses."""
    return make.make_sold(app)


@pytest.fixture
def served(client: FlaskClient, sold: make.Sold, platform: Platform) -> make.Sold:
    """The same, served by the platform."""
    platform.secret = register(client, sold, platform.url).json["secret"]
    return sold


def register(client: FlaskClient, sold: make.Sold, url: str, **terms: Any) -> Any:
    """Register a platform's address as the seller's program does."""
    sent = {"url": url, "seconds_max": 1, "bytes_max": 1024, "failures_max": 2, "pause_seconds": 30} | terms
    return client.post(f"/api/v1/products/{sold.product.code}/gateway", json=sent, headers=key(sold.seller))


def ask(client: FlaskClient, sold: make.Sold, record: str = "A1", reference: str = "call-1") -> Any:
    """Ask for a record as the buyer's program does."""
    url = f"/exchange/v1/products/{sold.product.code}/records/{record}"
    return client.get(url, headers={**sold.buyer, "Client-Reference": reference})


def counts(app: Flask) -> tuple[int, int, int]:
    """What is used, what is put aside, and how many uses are noted."""
    with app.app_context():
        total = db.session().scalar(sa.select(UsageTotal))
        events = db.session().scalar(sa.select(sa.func.count()).select_from(UsageEvent)) or 0
        return (total.used, total.reserved, events) if total is not None else (0, 0, events)


def states(app: Flask) -> list[ReservationState]:
    """Where the calls stand."""
    with app.app_context():
        return list(db.session().scalars(sa.select(Reservation.state).order_by(Reservation.id)))


@pytest.mark.both_databases
def test_a_call_goes_to_the_platform_signed_and_is_counted_once(
    client: FlaskClient, app: Flask, served: make.Sold, platform: Platform
) -> None:
    first, again = ask(client, served), ask(client, served)
    assert (first.status_code, first.json["record"]) == (200, ROWS["A1"]), first.text
    assert (first.headers["Huiyi-Used"], first.headers["Huiyi-Remaining"]) == ("1", "4")
    assert (again.json, again.headers["Huiyi-Repeated"]) == (first.json, "true")
    assert counts(app) == (1, 0, 1)
    assert platform.refused == []
    assert len(platform.calls) == 2
    assert len(platform.worked) == 1  # the platform knows the repetition by its name
    assert ask(client, served, "企业/甲", "call-2").json["record"] == ROWS["企业/甲"]
    other = ask(client, served, "C3", "call-1")
    assert (other.status_code, other.json["code"]) == (409, "usage.reference_reused")


def test_nothing_found_uses_nothing_up(client: FlaskClient, app: Flask, served: make.Sold) -> None:
    answer = ask(client, served, "nobody")
    assert (answer.status_code, answer.json["hit"], answer.headers["Huiyi-Remaining"]) == (200, False, "5")
    assert counts(app) == (0, 0, 1)


def test_the_buyers_key_never_reaches_the_platform(client: FlaskClient, served: make.Sold, platform: Platform) -> None:
    ask(client, served)
    assert "authorization" not in platform.headers
    assert served.buyer["Authorization"].split()[1] not in str(platform.headers)


@pytest.mark.both_databases
def test_not_knowing_is_a_state_and_the_same_reference_finds_out(
    client: FlaskClient, app: Flask, served: make.Sold, platform: Platform
) -> None:
    platform.switches.silent = 1
    lost = ask(client, served)
    assert (lost.status_code, lost.json["code"], lost.json["retryable"]) == (504, "gateway.unanswered", True)
    assert states(app) == [ReservationState.UNKNOWN]
    assert counts(app) == (0, 1, 0)  # the unit stays put aside
    assert ask(client, served).json["record"] == ROWS["A1"]
    assert states(app) == [ReservationState.SETTLED]
    assert counts(app) == (1, 0, 1)
    assert len(platform.worked) == 1


def test_an_unknown_end_that_nobody_asks_for_is_given_back_after_a_day(
    client: FlaskClient, app: Flask, served: make.Sold, platform: Platform
) -> None:
    platform.switches.silent = 1
    ask(client, served)
    scheduler = base.actor(Role.SCHEDULER)

    def job(now: datetime) -> str:
        with app.app_context(), db.transaction() as session:
            return proxying.give_up(session, scheduler, now)

    assert "0 次" in job(market.SALE + timedelta(hours=23))
    assert "1 次" in job(market.SALE + timedelta(hours=25))
    assert counts(app) == (0, 0, 0)
    with clock.set_to(market.SALE + timedelta(minutes=2)):
        assert ask(client, served).status_code == 200  # and may still be tried again
    assert counts(app) == (1, 0, 1)


def test_a_platform_that_is_too_slow_is_not_waited_for(
    client: FlaskClient, app: Flask, served: make.Sold, platform: Platform
) -> None:
    platform.switches.delay = 1.5
    assert ask(client, served).status_code == 504
    assert states(app) == [ReservationState.UNKNOWN]


def test_a_platform_that_dribbles_is_cut_off_when_the_agreed_seconds_are_over(
    client: FlaskClient, app: Flask, served: make.Sold, platform: Platform
) -> None:
    platform.rows = {str(turn): {"score": str(turn), "level": "A"} for turn in range(30)}
    platform.switches.drip = 0.1  # never silent for long, and three seconds in all
    headers = {**served.buyer, "Client-Reference": "slow", "Accept": "application/x-ndjson"}
    url = f"/exchange/v1/products/{served.product.code}/queries"
    seen: list[bytes] = []
    with pytest.raises(Exception, match="没有完整应答"):
        seen.extend(client.post(url, json={"level": "A"}, headers=headers).response)
    assert 0 < len(seen) < 30


def test_half_an_answer_is_an_unknown_end(
    client: FlaskClient, app: Flask, served: make.Sold, platform: Platform
) -> None:
    platform.switches.cut = 1
    assert ask(client, served).status_code == 504
    assert states(app) == [ReservationState.UNKNOWN]


@pytest.mark.parametrize(
    ("switches", "status", "code"),
    [
        (Switches(status=500), 503, "gateway.unavailable"),
        (Switches(status=503), 503, "gateway.unavailable"),
        (Switches(status=302, location="https://127.0.0.1/elsewhere"), 502, "gateway.broken_answer"),
        (Switches(status=403), 502, "gateway.broken_answer"),
        (Switches(raw=b"<html>"), 502, "gateway.broken_answer"),
        (Switches(raw=b'{"record": {"score": "' + b"7" * 2000 + b'"}}'), 502, "gateway.broken_answer"),
        (Switches(raw=b'{"records": [{"score": "1"}, {"score": "2"}]}'), 502, "gateway.broken_answer"),
        (Switches(raw='{"record": {"score": "1", "姓名": "张三"}}'.encode()), 502, "gateway.field_not_reviewed"),
    ],
)
def test_what_must_not_be_passed_on_is_withheld_and_costs_nothing(
    client: FlaskClient, app: Flask, served: make.Sold, platform: Platform, switches: Switches, status: int, code: str
) -> None:
    platform.switches = switches
    answer = ask(client, served)
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
    assert "张三" not in answer.text
    assert (counts(app), states(app)) == ((0, 0, 0), [ReservationState.RELEASED])
    platform.switches = Switches()
    assert ask(client, served).status_code == 200
    assert counts(app) == (1, 0, 1)


def test_the_circuit_opens_for_all_workers_probes_once_and_closes(
    client: FlaskClient, app: Flask, served: make.Sold, platform: Platform
) -> None:
    platform.switches.status = 500
    for turn in range(2):
        assert ask(client, served, reference=f"bad-{turn}").status_code == 503
    with app.app_context():
        assert db.session().scalar(sa.select(GatewayCircuit.state)) is Circuit.OPEN
    came = len(platform.calls)
    left_alone = ask(client, served, reference="waits")
    assert (left_alone.status_code, left_alone.headers["Retry-After"]) == (503, "30")
    assert (len(platform.calls), counts(app)) == (came, (0, 0, 0))
    platform.switches.status = 0
    with clock.set_to(market.SALE + timedelta(seconds=30)):
        assert ask(client, served, reference="waits").status_code == 200
    with app.app_context():
        assert db.session().execute(sa.select(GatewayCircuit.state, GatewayCircuit.failures)).one() == (
            Circuit.CLOSED,
            0,
        )


def test_what_is_put_aside_is_not_sold_twice(
    client: FlaskClient, app: Flask, platform: Platform
) -> None:  # fmt: skip
    sold = make.make_sold(app, quantity=1)
    platform.secret = register(client, sold, platform.url).json["secret"]
    platform.switches.silent = 1
    assert ask(client, sold).status_code == 504
    other = ask(client, sold, "C3", "call-2")
    assert (other.status_code, other.json["code"]) == (409, "entitlement.quota_exhausted")
    assert ask(client, sold).status_code == 200
    assert counts(app) == (1, 0, 1)


def test_a_question_is_answered_whole_or_line_by_line(
    client: FlaskClient, app: Flask, served: make.Sold, platform: Platform
) -> None:
    url = f"/exchange/v1/products/{served.product.code}/queries"

    def question(reference: str, accept: str = "application/json") -> Any:
        headers = {**served.buyer, "Client-Reference": reference, "Accept": accept}
        return client.post(url, json={"level": "A"}, headers=headers)

    whole = question("q-1")
    assert whole.json["records"] == [ROWS["A1"], ROWS["C3"]]
    streamed = question("q-2", "application/x-ndjson")
    assert streamed.mimetype == "application/x-ndjson"
    assert streamed.text == '{"score":"712","level":"A"}\n{"score":"1","level":"A"}\n'
    assert streamed.headers["Huiyi-Used"] == "2"
    platform.rows["C3"] = {"score": "1", "level": "A", "姓名": "张三"}
    assert question("q-3").json["code"] == "gateway.field_not_reviewed"
    broken = client.post(
        url, json={"level": "A"}, buffered=False,
        headers={**served.buyer, "Client-Reference": "q-4", "Accept": "application/x-ndjson"},
    )  # fmt: skip
    lines = iter(broken.response)
    assert next(lines) == b'{"score":"712","level":"A"}\n'
    with pytest.raises(Exception, match="未经审核"):  # nothing of the second line leaves: the answer breaks off
        next(lines)
    assert counts(app) == (3, 0, 3)


def test_a_product_with_a_data_set_takes_no_questions(client: FlaskClient, sold: make.Sold) -> None:
    headers = {**sold.buyer, "Client-Reference": "q-1"}
    url = f"/exchange/v1/products/{sold.product.code}/queries"
    assert client.post(url, json={"level": "A"}, headers=headers).json["code"] == "exchange.no_queries"
    assert client.post(url, data="{", content_type="application/json", headers=headers).status_code == 400
    assert client.post(url, data="level=A", headers=headers).status_code == 400


@pytest.mark.parametrize(
    "url",
    ["http://data.example.cn/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.8/", "https://169.254.169.254/",
     "https://localhost/", "https://user@data.gov.cn/", "https://2130706433/", "https://data.gov.cn:22/"],
)  # fmt: skip
def test_an_address_inside_is_not_registered(client: FlaskClient, sold: make.Sold, url: str) -> None:
    answer = register(client, sold, url)
    assert (answer.status_code, answer.json["code"]) == (422, "outbound.address_refused")


def test_a_name_that_leads_inside_by_the_time_of_the_call_is_not_connected_to(
    client: FlaskClient, app: Flask, sold: make.Sold, platform: Platform
) -> None:
    assert register(client, sold, "https://data.huiyi-operator.cn/").status_code == 201
    with listening() as inside:
        outside = platform.outside()
        app.extensions["huiyi_outside"] = type(outside)((), outside.certificates, lambda *_asked: ["127.0.0.1"])
        assert ask(client, sold).status_code == 503
        assert inside.count == 0
    assert counts(app) == (0, 0, 0)


def test_only_the_seller_registers_a_platform_and_when_it_is_stopped_the_data_set_serves(
    client: FlaskClient, app: Flask, served: make.Sold, platform: Platform
) -> None:
    url = f"/api/v1/products/{served.product.code}/gateway"
    with app.app_context(), db.transaction() as session:
        stranger = base.make_party(session, Capacity.DATA_MERCHANT)
        market.load_data(session, served.product, [{"key": "A1", "score": "5", "level": "Z"}])
    for who in (served.buyer, as_program(app, Role.MERCHANT, party=stranger, place=served.product.place)):
        assert client.post(url, json={"url": platform.url}, headers=key(who)).status_code in (403, 404)
    assert client.get(url, headers=served.seller).json["circuit"] == "closed"
    assert client.post(f"{url}/stop", headers=key(served.seller)).status_code == 200
    assert ask(client, served).json["record"] == {"score": "5", "level": "Z"}
    assert platform.calls == []


def test_a_person_of_the_seller_registers_sees_and_stops_the_platform(
    app: Flask, sold: make.Sold, platform: Platform
) -> None:
    with app.app_context():
        owner = db.session().get_one(type(sold.party), sold.product.owner_id)
    person, page = as_person(app, Role.MERCHANT, party=owner, place=sold.product.place), ""
    page = f"/products/{sold.product.code}/gateway"
    assert send(person, page, {"url": "https://10.0.0.8/"}, form_at=page).status_code == 422
    made = send(person, page, {"url": platform.url}, form_at=page)
    assert (made.status_code, "hygw_" in made.text) == (200, True)
    assert "hygw_" not in person.get(page).text
    assert send(person, f"{page}/stop", {}, form_at=page).status_code == 303
    limits = f"/products/{sold.product.code}/limits"
    assert send(person, limits, {"calls": "60"}, form_at=limits).status_code == 422
    set_to = {"calls": "60", "seconds": "60", "reason": "合同第八条"}
    assert send(person, limits, set_to, form_at=limits).status_code == 303
    assert "合同第八条" in person.get(limits).text
