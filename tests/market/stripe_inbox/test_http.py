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
from tests.make.clients import as_program, key

BODY = {"id": "evt_1", "object": "event", "type": "charge.refunded", "created": int(make.SALE.timestamp()),
        "livemode": False, "api_version": "2025-01-01", "data": {"object": {}}}  # fmt: skip


@pytest.fixture
def parked(app):
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            made = commands.receive(session, paying.follower(), BODY, source="webhook", now=make.SALE)
            commands.close(session, paying.follower(), made.id, act=EventAct.PARK, words="金额不符", now=make.SALE)
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
