"""Events of the provider for finance: a parked one is taken up again by a person, and by nobody else."""

from __future__ import annotations

import pytest

from kernel import clock, db
from kernel.identity import Role
from market.stripe_inbox import commands
from market.stripe_inbox.rules import EventAct
from tests.make import market as make
from tests.make import paying
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key

BODY = {"id": "evt_1", "object": "event", "type": "charge.refunded", "created": int(make.SALE.timestamp()),
        "livemode": False, "api_version": "2025-01-01", "data": {"object": {}}}  # fmt: skip


@pytest.fixture
def parked(app):
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            (payment,) = paying.make_due(session)
            paying.enter(session, "B-1", "800.00", payment.reference, paying.name_of(session, payment))
            refund = paying.give_back(session, payment, "1.00")
            made = commands.receive(session, paying.follower(), BODY, source="webhook", now=make.SALE)
            commands.close(session, paying.follower(), made.id, act=EventAct.PARK, words="金额不符", now=make.SALE,
                           refund_id=refund.id)  # fmt: skip
        yield made


@pytest.mark.both_databases
def test_finance_takes_a_parked_event_up_and_the_next_run_sees_it(app, parked):
    client, finance = app.test_client(), as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
    (listed,) = client.get("/api/v1/stripe-events?state=parked", headers=finance).json["items"]
    assert (listed["event_id"], listed["words"]) == ("evt_1", "金额不符")
    url = f"/api/v1/stripe-events/{parked.id}"
    assert client.post(f"{url}/taking-up", headers=key(finance)).status_code == 428
    versioned = {**key(finance), "If-Match": f'"v{listed["version"]}"'}
    taken = client.post(f"{url}/taking-up", headers=versioned)
    assert (taken.status_code, taken.json["state"]) == (200, "received"), taken.text
    assert client.get("/api/v1/stripe-events?state=parked", headers=finance).json["items"] == []
    assert client.post(f"{url}/taking-up", headers={**key(finance), "If-Match": '"v1"'}).status_code == 412
    for role in (Role.AUDITOR, Role.FINANCE_PAYER):
        stranger = as_program(app, role, place=base.PLACE)
        assert client.get(url, headers=stranger).status_code == 200
        assert client.post(f"{url}/taking-up", headers=key(stranger)).status_code == 403
    missing = url.replace(str(parked.id), "00000000-0000-7000-8000-000000000000")
    assert client.get(missing, headers=finance).status_code == 404


@pytest.mark.both_databases
def test_a_parked_event_is_for_finance_of_its_own_place_and_one_of_no_place_for_those_of_all(app, parked):
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            foreign = commands.receive(session, paying.follower(), {**BODY, "id": "evt_2"}, source="webhook",
                                       now=make.SALE)  # fmt: skip
            commands.close(session, paying.follower(), foreign.id, act=EventAct.PARK, words="不对应", now=make.SALE)
        seen = {}
        for place in (base.PLACE, "futian", None):
            client, person = app.test_client(), as_program(app, Role.FINANCE_PREPARER, place=place)
            items = client.get("/api/v1/stripe-events", headers=person).json["items"]
            page = as_person(app, Role.FINANCE_PREPARER, place=place).get("/suspense").text
            seen[place] = {one["event_id"] for one in items}
            assert {name for name in ("evt_1", "evt_2") if name in page} == seen[place]
            for event, name in ((parked, "evt_1"), (foreign, "evt_2")):
                url = f"/api/v1/stripe-events/{event.id}"
                assert client.get(url, headers=person).status_code == (200 if name in seen[place] else 404)
        assert seen == {base.PLACE: {"evt_1"}, "futian": set(), None: {"evt_1", "evt_2"}}
        stranger = {**key(as_program(app, Role.FINANCE_PREPARER, place="futian")), "If-Match": '"v2"'}
        refused = client.post(f"/api/v1/stripe-events/{parked.id}/taking-up", headers=stranger)
        assert (refused.status_code, refused.json["code"]) == (404, "stripe_event.not_found")
