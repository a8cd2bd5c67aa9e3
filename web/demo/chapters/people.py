"""Who may act: organisations are registered or ask to be admitted; people get accounts; ties are declared."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.identity import Actor, Grant, Role
from registry.accounts import commands as accounts
from registry.accounts.rules import ORGANISATION_ROLES
from web.demo.cast import PASSWORD, Person
from web.demo.papers import certificate
from web.demo.procedure import Admission
from web.demo.stage import ADMINISTRATOR, Stage, Told

INSTALLER = Actor(id=UUID(int=0), name="安装", grants=(Grant(Role.SUPERVISOR),), channel="cli")
ONBOARDING = "/api/v1/onboarding"


def first_administrator(stage: Stage) -> None:
    """Create the one account that nobody can create through the API, as ``huiyi admin create`` does."""
    with stage.app.test_request_context(), clock.set_to(stage.moment), db.transaction() as session:
        accounts.create_first_administrator(
            session, INSTALLER, login=ADMINISTRATOR, name="安全管理员", password=PASSWORD, now=clock.now()
        )


def tell(stage: Stage, told: Told) -> None:
    """Register the organisations of the place, then its people with their duties, but for those who ask themselves."""
    place = told.place
    asking = {found.organisation for found in place.procedure.admissions}
    for organisation in place.organisations:
        if organisation.key in asking:
            continue
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
        if person.organisation not in asking:
            _open_account(stage, told, person)


def _open_account(stage: Stage, told: Told, person: Person) -> None:
    party = told.parties[person.organisation]["id"] if person.organisation else None
    account = stage.send(
        ADMINISTRATOR,
        "/api/v1/accounts",
        {"login": told.login(person.key), "name": person.name, "password": PASSWORD, "party_id": party},
    )
    told.accounts[person.key] = account["id"]
    grant: dict[str, str | None] = {"role": person.role.value, "place": told.place.key}
    if person.role in ORGANISATION_ROLES:
        grant["party_id"] = party
    stage.send(ADMINISTRATOR, f"/api/v1/accounts/{account['id']}/grants", grant)


def ask_to_be_admitted(stage: Stage, told: Told) -> None:
    """Let organisations apply by themselves; the same company under another spelling of its code is recognised."""
    for admission in told.place.procedure.admissions:
        asked = _application(told, admission, complete=not admission.defects)
        told.admissions[admission.organisation] = stage.send(None, ONBOARDING, asked)
        attempt = "同一单位以另一种写法的信用代码再次申请入驻"
        stage.refused(
            told, attempt, None, ONBOARDING, asked | {"uscc": _spelled_otherwise(asked["uscc"])}, rule="APP-04"
        )


def _application(told: Told, admission: Admission, *, complete: bool) -> dict[str, Any]:
    organisation = told.place.organisation(admission.organisation)
    return {
        "uscc": told.place.uscc(organisation.key),
        "place": told.place.key,
        "password": PASSWORD,
        **_stated(told, admission, complete=complete),
    }


def _stated(told: Told, admission: Admission, *, complete: bool) -> dict[str, Any]:
    organisation, person = (
        told.place.organisation(admission.organisation), told.place.person_of(admission.organisation),
    )  # fmt: skip
    documents = [certificate("certificate", "营业执照")]
    return {
        "name": organisation.name,
        "kind": organisation.kind.value,
        "capacities": [capacity.value for capacity in organisation.capacities],
        "contact": "示例联系电话",
        "person_name": person.name,
        "login": told.login(person.key),
        "documents": [*documents, certificate("authorization", "经办人授权书")] if complete else documents,
    }


def _spelled_otherwise(uscc: str) -> str:
    """Return the code as somebody types it: in groups, with dashes, in full-width letters and digits."""
    grouped = f"{uscc[:2]} {uscc[2:8]}-{uscc[8:17]}-{uscc[17:]}".lower()
    return "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in grouped)


def admit(stage: Stage, told: Told) -> None:
    """Let the authority check the applications; one that lacks something goes back once and comes in again."""
    for admission in told.place.procedure.admissions:
        receipt = told.admissions[admission.organisation]
        url = f"{ONBOARDING}/{receipt['number']}"
        review_id = stage.get(told.login("supervisor"), url)["review_id"]
        if admission.defects:
            back = {"decision": "return_once", "reason": "请一次补齐", "defects": list(admission.defects)}
            stage.decide(told, review_id, "supervisor", **back)
            again = _stated(told, admission, complete=True) | {"word": receipt["word"]}
            stage.send(None, f"{url}/resubmission", again)
        stage.decide(told, review_id, "supervisor", reason="证照和授权核对一致，准予入驻")
        shown = stage.get(told.login("supervisor"), url)
        told.admissions[admission.organisation] = shown
        told.parties[admission.organisation] = stage.get(ADMINISTRATOR, f"/api/v1/parties/{shown['party_id']}")
        told.accounts[told.place.person_of(admission.organisation).key] = shown["account_id"]


def declare_ties(stage: Stage, told: Told) -> None:
    """Let the operator declare the company that it controls (DEV-01)."""
    subsidiary = told.place.procedure.subsidiary
    if subsidiary is not None:
        edge = {
            "from_id": told.party_id("operator"),
            "to_id": told.party_id(subsidiary.organisation),
            "kind": "control",
            "from_date": subsidiary.since.isoformat(),
            "source": "公司章程：全资子公司（演示）",
        }
        stage.send(told.login("operator"), "/api/v1/relations", edge)


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
