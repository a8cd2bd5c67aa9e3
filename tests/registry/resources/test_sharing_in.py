"""Shared-in data and simulated samples on a real database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.parties.rules import Capacity
from registry.resources import commands, queries
from registry.resources.model import Resource, SharedInConsent
from registry.resources.rules import (
    ConsentMissing,
    ConsentPeriodWrong,
    NotSharedIn,
    SampleRefused,
    SamplesNotOffered,
    check_sample,
    consent_holds,
    refuse_without_consent,
    simulated_rows,
)
from tests.make import registry_base as make
from tests.make.data import LETTER

TODAY = date(2026, 7, 1)
FIELDS = [
    {"name": "uscc", "title": "统一社会信用代码", "type": "text"},
    {"name": "score", "title": "分值", "type": "number"},
    {"name": "on", "title": "登记日期", "type": "text"},
    {"name": "live", "title": "在营", "type": "boolean"},
]


def state(session: Session, resource: Resource, **changed: object) -> object:
    person = make.actor(Role.SOURCE, org_id=resource.source_department_id, place=resource.place)
    values = {"is_shared_in": True, "provider_name": "省市场监管局"} | changed
    return commands.state_shared_in(session, person, resource.id, now=make.NOW, **values)


def consent(session: Session, resource: Resource, **changed: object) -> object:
    person = make.actor(Role.SOURCE, org_id=resource.source_department_id, place=resource.place)
    values = {"is_granted": True, "consented_on": TODAY, "evidence": LETTER} | changed
    return commands.record_consent(session, person, resource.id, now=make.NOW, **values)


def lacking(session: Session, on: date = TODAY) -> list[object]:
    """The codes without consent, once by the row and once by the set: both must say the same."""
    session.flush()
    every = session.scalars(sa.select(Resource).order_by(Resource.code)).all()
    by_row = [one.code for one in every if queries.lacks_consent(session, one.id, on)]
    by_set = [one.code for one in queries.without_consent(session, [one.id for one in every], on)]
    assert by_row == by_set
    return by_row


@pytest.mark.both_databases
def test_shared_in_data_needs_a_consent_that_covers_the_day(session: Session) -> None:
    own, shared = make.make_resource(session), make.make_resource(session)
    assert lacking(session) == []
    state(session, shared)
    assert lacking(session) == [shared.code]
    consent(session, shared, valid_until=date(2026, 12, 31))
    assert lacking(session) == []
    assert lacking(session, date(2026, 12, 31)) == []
    assert lacking(session, date(2027, 1, 1)) == [shared.code]
    assert lacking(session, TODAY - timedelta(days=1)) == [shared.code]
    consent(session, shared, is_granted=False, evidence=None)
    assert lacking(session) == [shared.code]
    state(session, shared, is_shared_in=False, provider_name="")
    assert lacking(session) == []
    assert queries.shared_in(session, own.id) is None


def test_a_new_provider_needs_a_new_consent(session: Session) -> None:
    shared = make.make_resource(session)
    state(session, shared)
    consent(session, shared)
    provider = make.make_party(session, Capacity.SOURCE_DEPARTMENT, name="市公安局")
    state(session, shared, provider_id=provider.id, provider_name="")
    found = queries.shared_in(session, shared.id)
    assert found is not None
    assert found.provider_name == "市公安局"
    assert lacking(session) == [shared.code]


def test_the_gate_speaks_where_the_place_demands_consent(session: Session) -> None:
    place, law = "puer", make.book()
    own, shared = make.make_resource(session, place=place), make.make_resource(session, place=place)
    ids = [own.id, shared.id]
    assert queries.consent_gate_fact(session, [own.id], place=place, on=TODAY, book=law)[0]
    state(session, shared)
    session.flush()
    is_open, fact, since = queries.consent_gate_fact(session, ids, place=place, on=TODAY, book=law)
    assert (is_open, since) == (False, None)
    assert shared.code in fact
    consent(session, shared)
    session.flush()
    assert queries.consent_gate_fact(session, ids, place=place, on=TODAY, book=law)[2] == TODAY
    with pytest.raises(ConsentMissing, match="27号"):
        refuse_without_consent([shared.code], "27号 第五条")
    refuse_without_consent([], "27号 第五条")


def test_statements_and_consents_must_make_sense(session: Session) -> None:
    resource = make.make_resource(session)
    with pytest.raises(NotSharedIn):
        consent(session, resource)
    with pytest.raises(commands.ProviderMissing):
        state(session, resource, provider_name=" ")
    state(session, resource)
    session.flush()
    with pytest.raises(ConsentPeriodWrong):
        consent(session, resource, valid_until=TODAY - timedelta(days=1))
    with pytest.raises(commands.EvidenceMissing):
        consent(session, resource, evidence=None)
    with pytest.raises(NotAllowed):
        commands.state_shared_in(session, make.supervisor(), resource.id, is_shared_in=False, now=make.NOW)


@pytest.mark.both_databases
def test_what_a_provider_said_is_never_rewritten(session: Session) -> None:
    resource = make.make_resource(session)
    state(session, resource)
    session.flush()
    consent(session, resource)
    session.flush()
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.update(SharedInConsent).values(valid_until=None))
    session.rollback()


@given(st.dates(), st.none() | st.dates(), st.dates(), st.booleans())
def test_a_consent_holds_from_its_first_to_its_last_day(
    first: date, last: date | None, on: date, granted: bool
) -> None:
    holds = consent_holds(granted=granted, consented_on=first, valid_until=last, on=on)
    assert holds == (granted and first <= on <= (last or on))


def test_simulated_rows_have_the_fields_are_always_the_same_and_say_that_they_are_made_up() -> None:
    rows = simulated_rows("RES-1", FIELDS, rows=5)
    assert rows == simulated_rows("RES-1", FIELDS, rows=5)
    assert rows != simulated_rows("RES-2", FIELDS, rows=5)
    assert {tuple(row) for row in rows} == {("uscc", "score", "on", "live")}
    for row in rows:
        assert row["uscc"].startswith("SIM-")
        assert row["live"] in ("是", "否")
        assert date.fromisoformat(row["on"]).year == 2025
    text = simulated_rows("RES-1", [{"name": "name", "title": "名称"}], rows=1)[0]["name"]
    assert text.startswith("仿真名称")
    assert len({row["score"] for row in rows}) > 1


@pytest.mark.parametrize(
    ("rows", "declared"), [([{"uscc": "1"}], False), ([], True), ([{"secret": "1"}], True)]
)  # fmt: skip
def test_only_declared_rows_with_the_own_fields_are_a_sample(rows: list[dict[str, str]], declared: bool) -> None:
    with pytest.raises(SampleRefused, match="SEP-04"):
        check_sample(rows, FIELDS, is_simulated=declared)


def test_the_departments_own_sample_is_shown_while_it_fits_the_fields(session: Session) -> None:
    resource = make.make_resource(session)
    assert not queries.simulated(session, resource).is_uploaded
    person = make.actor(Role.SOURCE, org_id=resource.source_department_id, place=resource.place)
    commands.upload_sample(session, person, resource.id, rows=[{"name": "甲"}], is_simulated=True, now=make.NOW)
    session.flush()
    assert queries.simulated(session, resource) == queries.Simulated([{"name": "甲"}], True)
    commands.change(session, person, resource.id, fields=FIELDS, now=make.NOW)
    session.flush()
    assert not queries.simulated(session, resource).is_uploaded


def test_a_merchant_sees_simulated_rows_only_where_the_place_offers_them(session: Session) -> None:
    law = make.book()
    for place, is_offered in (("guangzhou", True), ("xinchang", False)):
        resource = make.make_resource(session, place=place)
        merchant = make.acting_for(make.make_party(session, Capacity.DATA_MERCHANT, place=place), Role.MERCHANT)
        assert queries.samples_offered(merchant, resource, book=law, on=TODAY) is is_offered
        for person in (make.supervisor(place), make.actor(Role.SOURCE, org_id=resource.source_department_id)):
            assert queries.samples_offered(person, resource, book=law, on=TODAY)
        if not is_offered:
            with pytest.raises(SamplesNotOffered, match="新昌"):
                queries.offered_sample(session, merchant, resource, book=law, on=TODAY)


def test_the_history_names_what_changed_and_nothing_else(session: Session) -> None:
    resource = make.make_resource(session)
    person = make.actor(Role.SOURCE, org_id=resource.source_department_id, place=resource.place)
    commands.change(session, person, resource.id, title="新名称", grade=resource.grade, now=make.NOW)
    session.flush()
    lines = queries.history(session, resource.id)
    assert [line.action for line in lines] == ["resource.change", "resource.catalogue"]
    assert lines[0].detail == {"fields": ["title"]}


@pytest.mark.both_databases
def test_the_catalogue_is_searched_by_word_department_classification_and_grade(session: Session) -> None:
    department = make.make_department(session)
    tax = make.make_resource(session, department, title="企业纳税_信用", grade=3)
    other = make.make_resource(session, title="气象观测", grade=1)
    seer = make.supervisor()

    def found(**wanted: object) -> set[object]:
        return {one.id for one in session.scalars(queries.search(seer, **wanted))}

    assert found() == {tax.id, other.id}
    assert found(q="信用 企业") == found(q=tax.code) == {tax.id}
    assert found(q="_") == {tax.id}
    assert found(q="企业 气象") == found(classification="金融") == set()
    assert found(grade=1) == {other.id}
    assert found(source_department_id=department.id, classification="登记", place="xinchang") == {tax.id}
    assert (department.id, department.name) in queries.departments_of(session, seer)
