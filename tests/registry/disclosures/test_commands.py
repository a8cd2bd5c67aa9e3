"""Disclosures on a real database: checked by a second person, published for ever, corrected by a new one."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import openpyxl
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel import files
from kernel.errors import NotAllowed
from kernel.identity import ANONYMOUS, Actor, Role
from registry.agreements.model import Agreement
from registry.disclosures import checks, commands, queries, sheets
from registry.disclosures.model import Disclosure
from registry.disclosures.rules import (
    TRANSITIONS,
    CapFigure,
    DataDepartment,
    DisclosureEvent,
    DisclosureState,
    Figures,
    Incomplete,
    Institution,
    NotCorrectable,
    PublishedAlready,
    SecondPersonNeeded,
    Side,
    WrongState,
    YearNotOver,
)
from registry.duties import queries as duties
from registry.obligations.rules import DutyKind, DutyState
from registry.resources import commands as resources
from registry.resources.rules import RegistrationStatus
from tests.make import registry_base as make

JANUARY = datetime(2027, 1, 20, 1, tzinfo=UTC)
APRIL = datetime(2027, 4, 1, 1, tzinfo=UTC)
INSTITUTION = Institution("鼓山中路1号", "312500", "data@example.cn", "0575-0000000")
DEPARTMENT = DataDepartment("新昌县数据局", "张某", "0575-0000001")


def people(agreement: Agreement, side: Side) -> tuple[Actor, Actor]:
    """Two people who may disclose for a side."""
    if side is Side.IMPLEMENTING:
        return make.supervisor(agreement.place), make.supervisor(agreement.place)
    operator = {"org_id": agreement.operating_institution_id, "place": agreement.place}
    return make.actor(Role.OPERATOR, **operator), make.actor(Role.OPERATOR, **operator)


def prepare(session: Session, agreement: Agreement, actor: Actor, side: Side, **changes: object) -> Disclosure:
    """Prepare the disclosure of 2026, but for the changes."""
    of_side = {Side.IMPLEMENTING: agreement.authorizing_entity_id, Side.OPERATING: agreement.operating_institution_id}
    fields = {
        "place": agreement.place, "side": side, "party_id": of_side[side], "year": 2026, "institution": INSTITUTION,
        "data_department": DEPARTMENT, "authorization_modes": {agreement.number: "by_scenario"},
        "figures": Figures(caps=(CapFigure("P-1", "per_use", "0.80", date(2026, 8, 1), "报告1号"),)), "now": JANUARY,
        "book": make.book(), **changes,
    }  # fmt: skip
    return commands.prepare(session, actor, **fields)  # type: ignore[arg-type]


def published(session: Session, agreement: Agreement, side: Side, **changes: object) -> Disclosure:
    """A disclosure that went all the way."""
    one, other = people(agreement, side)
    disclosure = prepare(session, agreement, one, side, **changes)
    commands.check(session, other, disclosure.id, now=JANUARY)
    return commands.publish(session, one, disclosure.id, now=JANUARY, book=make.book())


def duty_state(session: Session, kind: DutyKind, year: int = 2026) -> DutyState:
    """How the yearly duty stands in April."""
    found = duties.all_at(session, ["xinchang"], book=make.book(), on=date(2027, 4, 1))
    (duty,) = [one for one in found if one.obligation.kind is kind and one.obligation.period.start.year == year]
    return duty.state


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("side", "kind"),
    [(Side.IMPLEMENTING, DutyKind.IMPLEMENTING_DISCLOSURE), (Side.OPERATING, DutyKind.OPERATING_DISCLOSURE)],
)
def test_a_second_person_checks_then_it_is_published_and_the_duty_is_fulfilled(
    session: Session, side: Side, kind: DutyKind
) -> None:
    agreement = make.make_agreement(session)
    assert duty_state(session, kind) is DutyState.OVERDUE
    one, other = people(agreement, side)
    disclosure = prepare(session, agreement, one, side)
    with pytest.raises(SecondPersonNeeded):
        commands.check(session, one, disclosure.id, now=JANUARY)
    commands.check(session, other, disclosure.id, now=JANUARY)
    commands.publish(session, one, disclosure.id, now=JANUARY, book=make.book())
    session.flush()
    assert (disclosure.published_on, disclosure.number) == (date(2027, 1, 20), "DSC-2027-000001")
    assert disclosure.sha256 == queries.digest(disclosure.content)
    assert duty_state(session, kind) is DutyState.FULFILLED
    assert queries.visible(session, ANONYMOUS, disclosure.id).id == disclosure.id
    assert not checks.run(session)
    filed = session.scalars(sa.select(duties.DutyFiling)).one()
    assert agreement.number.encode() in files.get(session, filed.evidence_sha256).content
    for values in ({"content": {}}, {"state": "discarded"}, {"year": 2025}):
        with pytest.raises(DatabaseError), session.begin_nested():
            session.execute(sa.update(Disclosure).values(values))
    with pytest.raises(DatabaseError), session.begin_nested():
        session.execute(sa.delete(Disclosure))


@pytest.mark.both_databases
def test_a_correction_is_a_new_disclosure_that_names_the_old_one(session: Session) -> None:
    agreement = make.make_agreement(session)
    first = published(session, agreement, Side.OPERATING)
    one, other = people(agreement, Side.OPERATING)
    with pytest.raises(PublishedAlready):
        prepare(session, agreement, one, Side.OPERATING)
    corrections = [
        prepare(
            session, agreement, one, Side.OPERATING, supersedes_id=first.id, correction_reason="电话有误", now=APRIL
        )
        for _ in range(2)
    ]
    for correction in corrections:
        commands.check(session, other, correction.id, now=APRIL)
    commands.publish(session, other, corrections[0].id, now=APRIL, book=make.book())
    with pytest.raises(NotCorrectable):
        commands.publish(session, other, corrections[1].id, now=APRIL, book=make.book())
    session.expire_all()
    assert queries.correction_of(session, first.id) is corrections[0]
    assert queries.current(session, first.party_id, "xinchang", Side.OPERATING, 2026) is corrections[0]
    assert first.state is DisclosureState.PUBLISHED
    assert duty_state(session, DutyKind.OPERATING_DISCLOSURE) is DutyState.FULFILLED  # the first was in time
    assert len(session.scalars(queries.published(place="xinchang", year=2026, side=Side.OPERATING)).all()) == 2


def test_every_state_refuses_every_other_event_without_a_trace(session: Session) -> None:
    for state in DisclosureState:
        agreement = make.make_agreement(session)
        one, other = people(agreement, Side.OPERATING)
        disclosure = prepare(session, agreement, one, Side.OPERATING)
        acts = {
            DisclosureEvent.CHECK: lambda it=disclosure, who=other: commands.check(session, who, it.id, now=JANUARY),
            DisclosureEvent.PUBLISH: lambda it=disclosure, who=other: commands.publish(
                session, who, it.id, now=JANUARY, book=make.book()
            ),
            DisclosureEvent.DISCARD: lambda it=disclosure, who=other: commands.discard(
                session, who, it.id, now=JANUARY
            ),
        }
        ways = {
            DisclosureState.PREPARED: [], DisclosureState.CHECKED: [DisclosureEvent.CHECK],
            DisclosureState.PUBLISHED: [DisclosureEvent.CHECK, DisclosureEvent.PUBLISH],
            DisclosureState.DISCARDED: [DisclosureEvent.DISCARD],
        }  # fmt: skip
        for event in ways[state]:
            acts[event]()
        session.flush()
        assert disclosure.state is state
        version, lines = disclosure.version, len(queries.history(session, disclosure.id))
        for event in set(DisclosureEvent) - {event for at, event in TRANSITIONS if at is state}:
            with pytest.raises(WrongState):
                acts[event]()
        session.flush()
        assert (disclosure.state, disclosure.version) == (state, version)
        assert len(queries.history(session, disclosure.id)) == lines


def test_each_institution_discloses_its_own_and_only_what_is_over(session: Session) -> None:
    agreement = make.make_agreement(session)
    authority, _ = people(agreement, Side.IMPLEMENTING)
    operator, _ = people(agreement, Side.OPERATING)
    with pytest.raises(NotAllowed):
        prepare(session, agreement, authority, Side.OPERATING)
    with pytest.raises(NotAllowed):
        prepare(session, agreement, operator, Side.IMPLEMENTING)
    with pytest.raises(NotAllowed):
        prepare(session, agreement, make.supervisor("puer"), Side.IMPLEMENTING)
    with pytest.raises(YearNotOver):
        prepare(session, agreement, operator, Side.OPERATING, year=2027)
    with pytest.raises(Incomplete):
        prepare(session, agreement, operator, Side.OPERATING, year=2025)  # nothing was authorized then
    with pytest.raises(Incomplete):
        prepare(session, agreement, operator, Side.OPERATING, authorization_modes={})
    disclosure = prepare(session, agreement, operator, Side.OPERATING)
    for stranger in (ANONYMOUS, make.acting_for(make.make_operator(session), Role.OPERATOR)):
        with pytest.raises(queries.NoSuchDisclosure):
            queries.visible(session, stranger, disclosure.id)
    assert queries.visible(session, authority, disclosure.id) is disclosure
    assert [one.id for one in queries.unfinished(session, operator)] == [disclosure.id]


def test_the_workbook_holds_text_alone(session: Session) -> None:
    department = make.make_department(session)
    resource = make.make_resource(session, department, title="=HYPERLINK(1)")
    resources.record_registration(
        session, make.acting_for(department, Role.SOURCE), resource.id, status=RegistrationStatus.REGISTERED,
        issuer="省公共数据登记平台", number="CONF-1", registered_on=date(2026, 1, 5), now=make.NOW,
        evidence={"name": "证明.pdf", "media_type": "application/pdf", "content": b"confirmed"},
    )  # fmt: skip
    agreement = make.make_agreement(session, scope=[resource])
    for side, titles in (
        (Side.IMPLEMENTING, ["机构信息", "数据资源", "运营机构", "上限收费标准"]),
        (Side.OPERATING, ["机构信息", "数据资源", "实施机构", "产品和服务", "收费标准"]),
    ):
        disclosure = published(session, agreement, side)
        book = openpyxl.load_workbook(io.BytesIO(sheets.workbook(disclosure, "新昌县")))
        assert book.sheetnames == titles
        cells = {cell.value: cell.data_type for row in book["数据资源"] for cell in row}
        assert cells["=HYPERLINK(1)"] in ("s", "inlineStr")
        assert {"CONF-1", "已登记", "依场景授权", "2028-06-30"} <= set(cells)
        assert disclosure.sha256 in {cell.value for row in book["机构信息"] for cell in row}


@pytest.mark.breaks_the_books
def test_the_check_finds_a_disclosure_that_was_tampered_with(session: Session) -> None:
    disclosure = published(session, make.make_agreement(session), Side.OPERATING)
    session.flush()
    session.execute(sa.text("DROP TRIGGER registry_disclosure_content_fixed"))
    session.execute(sa.update(Disclosure).values(content={"changed": True}))
    assert [line for line in checks.run(session) if disclosure.number in line]
