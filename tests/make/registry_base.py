"""Organisations, people, resources and agreements, made through the real commands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache
from itertools import count
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.db import new_id
from kernel.identity import Actor, Grant, Role
from kernel.policy import PolicyBook
from registry.accounts import commands as accounts
from registry.accounts.model import Account
from registry.accounts.rules import CAPACITY_OF
from registry.agreements import commands as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.clauses.rules import ITEM_TITLES
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity, PartyKind, uscc_from_body
from registry.resources import commands as resources
from registry.resources.model import Resource
from registry.resources.rules import AccessKind
from tests.make.basis import lay_basis
from tests.rig.worlds import remembered

POLICIES = Path(__file__).resolve().parent.parent.parent / "policies"
DEMONSTRATION = POLICIES / "overlays" / "demonstration.yaml"
NOW = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)  # Wednesday, nine in the morning in Beijing
TERM = (date(2026, 7, 1), date(2028, 7, 1))  # two years: allowed at every place
PLACE = "xinchang"
PASSWORD = "correct horse battery"
ITEMS = {item.value: f"{title}：按约定执行。" for item, title in ITEM_TITLES.items()}
_serial = count(1)


@cache
def book(*, demonstration: bool = False) -> PolicyBook:
    """The project's book of rules; with the demonstration values only when a test asks for them."""
    return PolicyBook.load(POLICIES, [DEMONSTRATION] if demonstration else [])


def actor(role: Role, *, org_id: UUID | None = None, place: str | None = None, name: str = "") -> Actor:
    """Somebody who holds one role, without an account behind."""
    return Actor(
        id=new_id(), name=name or f"{role} {next(_serial)}", org_id=org_id, grants=(Grant(role, org_id, place),)
    )


def acting_for(party: Party, role: Role, *, place: str | None = None) -> Actor:
    """A person of an organisation, at the place of the organisation unless another is named."""
    return actor(role, org_id=party.id, place=place or party.place)


def supervisor(place: str = PLACE) -> Actor:
    """A person of the data authority of a place."""
    return actor(Role.SUPERVISOR, place=place)


def security_administrator() -> Actor:
    """A person who creates accounts and grants roles everywhere."""
    return actor(Role.SECURITY_ADMINISTRATOR)


def uscc() -> str:
    """A valid unified social credit code that no other test object has."""
    return uscc_from_body(f"91330624{next(_serial):09d}")


def make_party(
    session: Session,
    *capacities: Capacity,
    place: str = PLACE,
    kind: PartyKind = PartyKind.ENTERPRISE,
    name: str = "",
    now: datetime = NOW,
) -> Party:
    """Register an organisation that may act as these."""
    return parties.create_party(
        session, supervisor(place), uscc=uscc(), name=name or f"机构 {next(_serial)}", kind=kind, place=place,
        capacities=capacities, now=now, book=book(),
    )  # fmt: skip


def make_authority(session: Session, *, place: str = PLACE) -> Party:
    """Register a data authority."""
    return make_party(session, Capacity.DATA_AUTHORITY, place=place, kind=PartyKind.ADMINISTRATIVE_UNIT)


def make_operator(session: Session, *, place: str = PLACE) -> Party:
    """Register an operating institution."""
    return make_party(session, Capacity.OPERATING_INSTITUTION, place=place)


def make_department(session: Session, *, place: str = PLACE) -> Party:
    """Register a source department."""
    return make_party(session, Capacity.SOURCE_DEPARTMENT, place=place, kind=PartyKind.ADMINISTRATIVE_UNIT)


def make_account(
    session: Session,
    *roles: Role,
    party: Party | None = None,
    place: str | None = None,
    login: str = "",
    name: str = "",
    password: str = PASSWORD,
    now: datetime = NOW,
) -> Account:
    """Create an account with these roles."""
    administrator = security_administrator()
    account = accounts.create_account(
        session, administrator, login=login or f"person.{next(_serial)}", name=name or f"人员 {next(_serial)}",
        password=password, party_id=party.id if party else None, now=now,
    )  # fmt: skip
    for role in roles:
        where = place or (party.place if party and role in CAPACITY_OF else None)
        accounts.grant_role(session, administrator, account.id, role=role, place=where, now=now)
    return account


def make_resource(
    session: Session,
    department: Party | None = None,
    *,
    place: str = PLACE,
    title: str = "",
    grade: int = 2,
    access: AccessKind = AccessKind.FREE,
    barred: bool = False,
    return_flow: bool = False,
    now: datetime = NOW,
) -> Resource:
    """Enter a resource into the catalogue of a source department."""
    department = department or make_department(session, place=place)
    return resources.catalogue(
        session, acting_for(department, Role.SOURCE, place=place), place=place, source_department_id=department.id,
        title=title or f"数据资源 {next(_serial)}", description="逐日更新的登记信息", classification="登记信息",
        grade=grade, update_frequency="每日", fields=[{"name": "name", "title": "名称", "type": "text"}], access=access,
        barred=barred, return_flow=return_flow, now=now, book=book(),
    )  # fmt: skip


@remembered
def make_agreement(
    session: Session,
    *,
    place: str = PLACE,
    state: AgreementState = AgreementState.ACTIVE,
    authority: Party | None = None,
    operator: Party | None = None,
    scope: Iterable[Resource] | None = None,
    term: tuple[date, date] = TERM,
    trial: tuple[date, date] | None = None,
    now: datetime = NOW,
) -> Agreement:
    """Draft an agreement and take it as far as ``state`` (draft, signed, filed, active or suspended)."""
    authority, operator = (
        authority or make_authority(session, place=place),
        operator or make_operator(session, place=place),
    )
    covered = list(scope) if scope is not None else [make_resource(session, place=place)]
    person = supervisor(place)
    agreement = agreements.draft(
        session, person, place=place, authorizing_entity_id=authority.id, operating_institution_id=operator.id,
        title="公共数据授权运营协议", term_start=term[0], term_end=term[1], trial_start=trial[0] if trial else None,
        trial_end=trial[1] if trial else None, items=ITEMS, resource_ids=[resource.id for resource in covered], now=now,
        book=book(),
    )  # fmt: skip
    lay_basis(session, agreement)
    steps = [AgreementState.SIGNED, AgreementState.FILED, AgreementState.ACTIVE, AgreementState.SUSPENDED]
    wanted = steps[: steps.index(state) + 1] if state in steps else []
    for step in wanted:
        take_step(session, person, agreement.id, step, now=now)
    return agreement


def take_step(
    session: Session, person: Actor, agreement_id: UUID, step: AgreementState, *, now: datetime = NOW
) -> None:
    """Bring an agreement into the next state."""
    if step is AgreementState.SIGNED:
        agreements.sign(
            session, person, agreement_id, coordination_record="协调机制会议纪要〔2026〕1号", now=now, book=book()
        )
    elif step is AgreementState.FILED:
        agreements.file(session, person, agreement_id, reference="浙数备〔2026〕1号", now=now)
    elif step is AgreementState.ACTIVE:
        agreements.set_emergency_plan(
            session, person, agreement_id, content=b"plan", name="plan.pdf", media_type="application/pdf", now=now
        )
        agreements.activate(session, person, agreement_id, now=now, book=book())
    else:
        agreements.suspend(
            session, person, agreement_id, reason="未按约定报告", correction_due=date(2026, 7, 16), now=now
        )
