"""From each record to those before and after it: the chain is whole, and no link leads to a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.db import Entity
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.calls.model import Call
from registry.egress.model import EgressCheck
from registry.plans.model import Plan
from registry.products.model import Product
from registry.registrations.model import Registration
from registry.requests.model import DataRequest
from registry.resources.model import Resource
from registry.reviews.model import Review
from tests.make.clients import as_person
from tests.make.office_day import DAY, OfficeDay, make_office_day
from tests.make.routes import shared_app
from tests.rig.databases import Databases

PANEL = re.compile(r'<dl class="facts related">.*?</dl>', flags=re.DOTALL)
LINK = re.compile(r'href="([^"]+)"')
PAGES: dict[str, type[Entity]] = {
    "/plans/{}": Plan, "/calls/{}": Call, "/agreements/{}": Agreement, "/requests/{}": DataRequest,
    "/reviews/{}": Review, "/egress/{}": EgressCheck, "/registrations/{}": Registration, "/resources/{}": Resource,
}  # fmt: skip
READERS = (Role.SUPERVISOR, Role.AUDITOR, Role.SOURCE, Role.OPERATOR, Role.MERCHANT)


@pytest.fixture(scope="module")
def site(databases: Databases) -> Iterator[tuple[Flask, OfficeDay]]:
    """One application and one working day for all tests of this file."""
    clock.run_from(DAY)
    with shared_app(databases) as built:
        with built.app_context(), db.transaction() as session:
            day = make_office_day(session, passwords=False)
        yield built, day
    clock.run_from(None)


def enter(site: tuple[Flask, OfficeDay], role: Role) -> FlaskClient:
    """Somebody with the role, signed in."""
    app, day = site
    parties = {Role.SOURCE: day.department, Role.OPERATOR: day.operator, Role.MERCHANT: day.merchant}
    return as_person(app, role, party=parties.get(role))


def addresses(session: Session) -> list[str]:
    """Every record of the day that has a page with related ones."""
    found = [page.format(one) for page, table in PAGES.items() for one in session.scalars(sa.select(table.id))]
    return found + [f"/workspace/products/{code}" for code in session.scalars(sa.select(Product.code))]


def links_of(text: str) -> list[str]:
    """Where the panel of related records leads."""
    panel = PANEL.search(text)
    return LINK.findall(panel[0]) if panel else []


@pytest.mark.parametrize("role", READERS)
def test_no_related_record_is_refused_to_whoever_sees_the_link(site: tuple[Flask, OfficeDay], role: Role) -> None:
    person, links = enter(site, role), set()
    with site[0].app_context():
        every = addresses(db.session())
    for address in every:
        answer = person.get(address)
        assert answer.status_code in (200, 404), address
        links |= set(links_of(answer.get_data(as_text=True)))
    assert links
    assert {link: status for link in links if (status := person.get(link).status_code) != 200} == {}


def test_the_chain_leads_from_product_to_certificate(site: tuple[Flask, OfficeDay]) -> None:
    _app, day = site
    person = enter(site, Role.MERCHANT)
    product = f"/workspace/products/{day.sold.code}"
    found = links_of(person.get(product).get_data(as_text=True))
    request = next(link for link in found if link.startswith("/requests/"))
    assert f"/agreements/{day.agreement.id}" in found
    assert any(link.startswith("/certificates/") for link in found)
    assert product in links_of(person.get(request).get_data(as_text=True))
    registration = links_of(person.get(f"/registrations/{day.noticed.id}").get_data(as_text=True))
    assert [link.split("/")[1] for link in registration] == ["workspace", "reviews"]


def test_a_visitor_sees_of_a_call_only_what_is_public(site: tuple[Flask, OfficeDay]) -> None:
    app, day = site
    visitor = app.test_client().get(f"/calls/{day.call.id}").get_data(as_text=True)
    authority = enter(site, Role.SUPERVISOR).get(f"/calls/{day.call.id}").get_data(as_text=True)
    assert links_of(visitor) == []
    assert any(link.startswith("/plans/") for link in links_of(authority))
