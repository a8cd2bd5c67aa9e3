"""Chapter 1: organisations are registered, people get accounts and duties."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.identity import Actor, Grant, Role
from registry.accounts import commands as accounts
from registry.accounts.rules import ORGANISATION_ROLES
from web.demo.cast import PASSWORD
from web.demo.stage import ADMINISTRATOR, Stage, Told

INSTALLER = Actor(id=UUID(int=0), name="安装", grants=(Grant(Role.SUPERVISOR),), channel="cli")


def first_administrator(stage: Stage) -> None:
    """Create the one account that nobody can create through the API, as ``huiyi admin create`` does."""
    with stage.app.test_request_context(), clock.set_to(stage.moment), db.transaction() as session:
        accounts.create_first_administrator(
            session, INSTALLER, login=ADMINISTRATOR, name="安全管理员", password=PASSWORD, now=clock.now()
        )


def tell(stage: Stage, told: Told) -> None:
    """Register the organisations of the place, then its people with their duties."""
    place = told.place
    for organisation in place.organisations:
        told.parties[organisation.key] = stage.send(
            ADMINISTRATOR,
            "/api/v1/parties",
            {
                "uscc": place.uscc(organisation.key),
                "name": organisation.name,
                "kind": organisation.kind.value,
                "place": place.key,
                "capacities": [capacity.value for capacity in organisation.capacities],
            },
        )
    for person in place.people:
        party = told.parties[person.organisation]["id"] if person.organisation else None
        account = stage.send(
            ADMINISTRATOR,
            "/api/v1/accounts",
            {"login": told.login(person.key), "name": person.name, "password": PASSWORD, "party_id": party},
        )
        grant: dict[str, str | None] = {"role": person.role.value, "place": place.key}
        if person.role in ORGANISATION_ROLES:
            grant["party_id"] = party
        stage.send(ADMINISTRATOR, f"/api/v1/accounts/{account['id']}/grants", grant)


def try_to_join_operator_and_merchant(stage: Stage, told: Told) -> None:
    """Where operator and merchant are separate (SEP-01), the operator cannot become a merchant as well."""
    if told.place.refused_seller is None:
        return
    stage.refused(
        told,
        "运营机构申请同时登记为数据商",
        ADMINISTRATOR,
        f"/api/v1/parties/{told.party_id('operator')}/capacities",
        {"capacity": "data_merchant", "place": told.place.key},
        rule="SEP-01",
    )
