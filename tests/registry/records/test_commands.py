"""Deliveries, evidence and registrations elsewhere on a real database; nothing of it is changed afterwards."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.files import FileRefused
from kernel.identity import Role
from registry.products import queries as products
from registry.products.model import Product
from registry.records import commands, queries
from registry.records.model import RegistrationRecord
from registry.records.rules import RecordEnded, RecordKind, Upload
from tests.make.registry_base import NOW, actor, book
from tests.make.registry_products import calendar, make_product, reviewer, seller

TODAY = date(2026, 7, 1)
PAPER = Upload(b"%PDF-1.7", "凭证.pdf", "application/pdf")


def record(
    session: Session, made: Product, kind: RecordKind = RecordKind.LOCAL_RECORD, **changed
) -> RegistrationRecord:
    """Enter a registration elsewhere."""
    values = {
        "kind": kind, "issuer": "浙江大数据交易服务平台新昌专区", "reference": "ZJ-XC-0001", "valid_from": TODAY,
        "upload": PAPER, "now": NOW,
    } | changed  # fmt: skip
    return commands.record_registration(session, seller(made), made.id, **values)


@pytest.mark.both_databases
def test_the_clock_runs_from_the_earliest_delivery(session: Session) -> None:
    made = make_product(session)
    law = {"on": TODAY, "book": book(), "calendar": calendar()}
    assert queries.clock(session, made, **law) is None
    for delivered_on in (date(2026, 6, 30), TODAY, date(2026, 6, 24)):
        commands.state_delivery(
            session, seller(made), made.id, delivered_on=delivered_on, recipient="某银行", upload=PAPER, now=NOW
        )
    session.flush()
    found = queries.clock(session, made, **law)
    assert found is not None
    # the agreement begins on 1 July: the authorized operation cannot have started before
    assert (found.start, found.due, found.citation) == (TODAY, date(2026, 7, 29), "发改数据规〔2025〕26号 第九条（一）")
    assert min(one.delivered_on for one in queries.deliveries(session, made.id)) == date(2026, 6, 24)


def test_a_term_without_holidays_is_left_out_of_a_list_and_refused_for_one(session: Session) -> None:
    made = make_product(session)
    late = NOW + timedelta(days=182)
    commands.state_delivery(
        session, seller(made), made.id, delivered_on=date(2026, 12, 30), recipient="某银行", now=late
    )
    session.flush()
    law = {"on": date(2026, 12, 30), "book": book(), "calendar": calendar()}
    assert queries.clocks(session, [made], **law) == {}
    with pytest.raises(Exception, match="2027"):
        queries.clock(session, made, **law)


def test_only_the_seller_and_the_registrar_of_the_place_state_something(session: Session) -> None:
    made = make_product(session)
    for person in (actor(Role.MERCHANT, org_id=made.agreement_id, place="xinchang"), reviewer("puer")):
        with pytest.raises(NotAllowed):
            commands.state_delivery(session, person, made.id, delivered_on=TODAY, recipient="某银行", now=NOW)
    commands.state_delivery(session, reviewer(), made.id, delivered_on=TODAY, recipient="某银行", now=NOW)


def test_the_platform_preserves_what_nobody_preserved_and_once(session: Session) -> None:
    made = make_product(session)
    version = products.latest_version(session, made.id)
    first = commands.ensure_preserved(session, seller(made), version, now=NOW)
    assert (first.reference, first.content_sha256) == ("EVD-2026-000001", version.content_sha256)
    assert commands.ensure_preserved(session, seller(made), version, now=NOW) is first
    other = {"provider": "互联网法院存证平台", "reference": "BC-1", "now": NOW}
    commands.preserve(session, seller(made), version.id, **other, upload=PAPER)
    with pytest.raises(commands.RecordExists):
        commands.preserve(session, seller(made), version.id, **other)


@pytest.mark.both_databases
def test_the_local_register_is_demanded_where_the_text_says_so_and_time_alone_closes_it(session: Session) -> None:
    here, there = make_product(session), make_product(session, place="quzhou")
    filed = make_product(session, place="futian")
    made = (here, there, filed)

    def open_on(on: date) -> set:
        shown = {one.id: queries.local_register_gate_fact(session, one, on=on, book=book()) for one in made}
        facts = {product_id for product_id, (is_open, _, _) in shown.items() if is_open}
        clause = sa.select(Product.id).where(queries.local_register_clause(book(), on))
        assert set(session.scalars(clause)) == facts
        return facts

    assert open_on(TODAY) == {there.id}
    record(session, here, valid_until=date(2026, 7, 31))
    record(session, filed, RecordKind.LOCAL_RECORD)
    assert open_on(TODAY) == {here.id, there.id}
    assert "登记备案" in queries.local_register_gate_fact(session, filed, on=TODAY, book=book())[1]
    record(session, filed, RecordKind.FILING, reference="福数备1号")
    assert open_on(date(2026, 7, 31)) == {here.id, there.id, filed.id}
    assert open_on(date(2026, 8, 1)) == {there.id, filed.id}
    assert open_on(date(2026, 6, 30)) == {there.id}


@pytest.mark.both_databases
def test_a_record_ends_once_from_the_day_that_is_named(session: Session) -> None:
    made = make_product(session)
    kept = record(session, made)
    ended = commands.end_record(session, reviewer(), kept.id, ended_on=date(2026, 7, 10), reason="录入有误", now=NOW)
    assert (ended.stands(date(2026, 7, 9)), ended.stands(date(2026, 7, 10))) == (True, False)
    gates = [
        queries.local_register_gate_fact(session, made, on=on, book=book())[0]
        for on in (date(2026, 7, 9), date(2026, 7, 10))
    ]
    assert gates == [True, False]
    with pytest.raises(RecordEnded, match="2026-07-10"):
        commands.end_record(session, reviewer(), kept.id, ended_on=TODAY, reason="再次", now=NOW)
    with pytest.raises(queries.NoSuchRecord):
        queries.get(session, made.id)


def test_a_record_needs_its_certificate_and_stands_once(session: Session) -> None:
    made = make_product(session)
    with pytest.raises(FileRefused):
        record(session, made, upload=Upload(b"", "空.pdf"))
    record(session, made)
    with pytest.raises(commands.RecordExists, match="ZJ-XC-0001"):
        record(session, made)


@pytest.mark.both_databases
@pytest.mark.parametrize("table", ["registry_registration_record", "registry_delivery", "registry_evidence_record"])
def test_the_database_keeps_what_was_stated(session: Session, table: str) -> None:
    made = make_product(session)
    record(session, made)
    commands.state_delivery(session, seller(made), made.id, delivered_on=TODAY, recipient="某银行", now=NOW)
    commands.ensure_preserved(session, seller(made), products.latest_version(session, made.id), now=NOW)
    session.flush()
    for change in (f"UPDATE {table} SET version = 9", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(sa.text(change))
