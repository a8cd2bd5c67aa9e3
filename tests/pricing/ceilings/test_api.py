"""Ceilings and caps over HTTP: they are read here, and come about by the procedure only."""

from __future__ import annotations

import pytest

from kernel.identity import Role
from registry.agreements import queries as agreements
from registry.parties.model import Party
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key


@pytest.fixture
def world(made):
    """A product with a ceiling and a cap."""

    def build(session):
        product = make.make_product(session)
        ceiling = make.make_ceiling(session, agreements.get(session, product.agreement_id))
        (cap,) = make.set_caps(session, ceiling, [make.cap(product, "0.80", "5000000")])
        return product, ceiling, cap, session.get_one(Party, product.owner_id)

    return made(build)


def test_a_ceiling_is_read_by_authority_and_operator_and_its_caps_by_anybody(app, client, world):
    product, made, cap, owner = world
    officer = as_program(app, Role.PRICE, place=base.PLACE)
    url = f"/api/v1/ceilings/{made.id}"
    ceiling = client.get(url, headers=officer).json
    assert ceiling["max_permitted_revenue"] == "8257824.00"
    assert ceiling["explanation"]["value"] == "¥ 8,257,824.00"
    assert client.get("/api/v1/ceilings", headers=officer).json["items"] == [ceiling]
    assert client.get(url, headers=as_program(app, Role.OPERATOR, party=owner)).json == ceiling
    assert client.get(url, headers=as_program(app, Role.PRICE, place="puer")).status_code == 404
    (public,) = client.get("/api/v1/caps", query_string={"product_id": str(product.id)}).json["items"]
    assert (public["amount"], public["forecast_volume"]) == ("0.8", "5000000")
    assert client.get(f"/api/v1/caps/{cap.id}").json == public


def test_there_is_no_door_beside_the_procedure(app, client, world):
    _, ceiling, _, _ = world
    officer = as_program(app, Role.PRICE, place=base.PLACE)
    for url in ("/api/v1/ceilings", "/api/v1/caps"):
        assert client.post(url, json={}, headers=key(officer)).status_code == 405
    person = as_person(app, Role.PRICE, place=base.PLACE)
    for url in ("/pricing/ceilings/new", f"/pricing/ceilings/{ceiling.id}/caps/new"):
        assert person.get(url).status_code == 404
