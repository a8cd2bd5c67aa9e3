"""Credit records: only added, cleared by a second row, counted by date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.parties import commands, queries
from registry.parties.model import CreditRecord, Party
from registry.parties.rules import Capacity, CreditKind, CreditRecordRefused, check_clearing
from tests.make import registry_base as make

FROM, CLEARED = date(2026, 6, 1), date(2026, 9, 1)
DAY = timedelta(days=1)


def note(session: Session, party: Party, **changes: object) -> CreditRecord:
    """Write one record."""
    fields = {"kind": CreditKind.BAD_RECORD, "fact": "未按期整改", "document": "新数改〔2026〕3号", "from_date": FROM,
              "now": make.NOW, **changes}  # fmt: skip
    return commands.record_credit(session, fields.pop("actor", make.supervisor()), party.id, **fields)


def counts(session: Session, party: Party, on: date) -> bool:
    """Ask the database whether a record counts against the organisation on that day."""
    return bool(
        session.scalars(sa.select(Party.id).where(Party.id == party.id, queries.credit_clause(Party.id, on))).all()
    )


@pytest.mark.both_databases
def test_a_record_counts_from_its_day_until_the_day_of_its_clearing(session: Session) -> None:
    party = make.make_party(session, Capacity.OPERATING_INSTITUTION)
    record = note(session, party)
    note(session, party, kind=CreditKind.CLEARED, clears_id=record.id, from_date=CLEARED, document="修复决定")
    (entry,) = queries.credit_file(session, party.id)
    for on, wanted in [(FROM - DAY, False), (FROM, True), (CLEARED - DAY, True), (CLEARED, False)]:
        assert (entry.is_open(on), counts(session, party, on)) == (wanted, wanted)


def test_one_record_does_not_follow_another_organisation(session: Session) -> None:
    party, other = (make.make_party(session, Capacity.BUYER) for _ in range(2))
    record = note(session, party)
    assert not counts(session, other, FROM)
    with pytest.raises(CreditRecordRefused):
        note(session, other, kind=CreditKind.CLEARED, clears_id=record.id)


@pytest.mark.both_databases
def test_a_record_is_cleared_once_and_a_clearing_never(session: Session) -> None:
    party = make.make_party(session, Capacity.BUYER)
    record = note(session, party)
    cleared = note(session, party, kind=CreditKind.CLEARED, clears_id=record.id)
    for refused in (record.id, cleared.id, None):
        with pytest.raises(CreditRecordRefused):
            note(session, party, kind=CreditKind.CLEARED, clears_id=refused)


def test_the_words_say_what_cannot_be_cleared() -> None:
    check_clearing(CreditKind.PENALTY, cleared_before=False)
    for kind, before in [(None, False), (CreditKind.CLEARED, False), (CreditKind.PENALTY, True)]:
        with pytest.raises(CreditRecordRefused) as refused:
            check_clearing(kind, cleared_before=before)
        assert refused.value.rule == "SEC-05"


def test_only_the_authority_of_the_place_keeps_the_file(session: Session) -> None:
    party = make.make_party(session, Capacity.OPERATING_INSTITUTION)
    for actor in (make.supervisor("quzhou"), make.acting_for(party, Role.OPERATOR), make.actor(Role.AUDITOR)):
        with pytest.raises(NotAllowed):
            note(session, party, actor=actor)
    assert queries.credit_file(session, party.id) == []


@pytest.mark.both_databases
@pytest.mark.breaks_the_books
def test_nobody_changes_or_removes_a_record(session: Session) -> None:
    record = note(session, make.make_party(session, Capacity.BUYER))
    for statement in (sa.update(CreditRecord).values(fact="无"), sa.delete(CreditRecord)):
        with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
            session.execute(statement.where(CreditRecord.id == record.id))
