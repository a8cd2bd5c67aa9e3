"""Free use in the public interest in the browser."""

from __future__ import annotations

from io import BytesIO

import pytest

from kernel.identity import Role
from pricing.exemptions import queries
from pricing.exemptions.rules import Purpose
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_person


@pytest.fixture
def product(made):
    return made(make.make_product)


@pytest.fixture
def bureau(made):
    return made(make.make_buyer)


def filled(product, bureau, **changed):
    return {
        "product_id": str(product.id), "grantee_id": str(bureau.id), "purpose": "public_governance",
        "reason": "防汛预警", "valid_from": "2026-07-01", "valid_until": "2026-12-31", **changed,
    }  # fmt: skip


def test_a_bureau_asks_and_the_supervisor_approves(app, made, product, bureau):
    asker = as_person(app, Role.BUYER, party=bureau)
    supervisor = as_person(app, Role.SUPERVISOR, place=base.PLACE)
    form = {**filled(product, bureau), "evidence": (BytesIO(b"flood"), "说明.txt")}
    answer = make.post_form(asker, f"/exemptions/new?product={product.code}", form)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    url = answer.headers["Location"]
    assert asker.get(f"{url}/evidence").data == b"flood"
    assert f"{url}/approve" not in asker.get(url).get_data(as_text=True)
    assert bureau.name in supervisor.get("/exemptions?state=requested").get_data(as_text=True)
    sent = make.post_form(supervisor, f"{url}/approve", {"version": "1"}, shown_at=url)
    assert sent.status_code == 303
    wanted = (product.id, bureau.id, Purpose.PUBLIC_GOVERNANCE, make.TODAY)
    assert made(lambda session: queries.in_force(session, *wanted)) is not None
    stale = make.post_form(supervisor, f"{url}/revoke", {"version": "1", "reason": "改变用途"}, shown_at=url)
    assert stale.status_code == 412
    empty = make.post_form(supervisor, f"{url}/revoke", {"version": "2"}, shown_at=url)
    assert empty.status_code == 422
    done = make.post_form(supervisor, f"{url}/revoke", {"version": "2", "reason": "改变用途"}, shown_at=url)
    assert done.status_code == 303
    assert "改变用途" in asker.get(url).get_data(as_text=True)
    assert made(lambda session: queries.in_force(session, *wanted)) is None


def test_a_wrong_term_comes_back_at_its_field(app, product, bureau):
    asker = as_person(app, Role.BUYER, party=bureau)
    url = f"/exemptions/new?product={product.code}"
    refused = make.post_form(asker, url, filled(product, bureau, valid_until="2026-06-01"))
    assert refused.status_code == 422
    assert 'id="valid_until-error"' in refused.get_data(as_text=True)


def test_the_desk_shows_only_what_concerns_the_reader(app, made, product, bureau):
    exemption = made(make.make_exemption, product, bureau)
    assert exemption.number in as_person(app, Role.BUYER, party=bureau).get("/exemptions").get_data(as_text=True)
    stranger = as_person(app, Role.BUYER, party=made(make.make_buyer))
    assert exemption.number not in stranger.get("/exemptions").get_data(as_text=True)
    assert stranger.get(f"/exemptions/{exemption.id}").status_code == 404
    assert stranger.get("/exemptions/new?product=NOWHERE").status_code == 404
