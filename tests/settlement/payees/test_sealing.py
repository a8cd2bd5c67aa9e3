"""The number of an account lies sealed in the database: found by a keyed digest, opened for its row only."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from kernel import clock, db, sealing
from kernel.audit import AuditLine
from kernel.db import Base
from kernel.errors import DomainError
from kernel.identity import Actor, Role
from registry.parties.rules import Capacity
from settlement.payees import commands, queries
from settlement.payees.commands import SecondPersonNeeded
from settlement.payees.model import PayeeAccount
from settlement.payees.rules import AccountAct, AccountKind, WrongState
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, send

NUMBER, STRIPE = "6229137731890042", "acct_neverinadump42"


def numbers(session: Session) -> list[PayeeAccount]:
    """Two parties that name the same number, and one with an account at Stripe."""
    one, other = (base.make_party(session, Capacity.OPERATING_INSTITUTION) for _ in range(2))
    return [
        make.name_account(session, one, NUMBER),
        make.name_account(session, other, NUMBER),
        make.name_account(session, other, STRIPE, kind=AccountKind.STRIPE),
    ]


@pytest.mark.both_databases
def test_a_dump_of_every_table_does_not_say_a_number_that_its_row_opens_to(session: Session) -> None:
    named = numbers(session)
    for table in Base.metadata.sorted_tables:
        text = repr(session.execute(sa.select(table)).all())
        assert NUMBER not in text, table.name
        assert STRIPE not in text, table.name
    assert [queries.number_of(session, one) for one in named] == [NUMBER, NUMBER, STRIPE]
    assert [one.shown for one in named] == ["••••••••••••0042"] * 2 + ["•" * 15 + "mp42"]
    assert named[0].sealed_number != named[1].sealed_number  # and yet they are known to be the same
    assert queries.shared_with(session, named) == {
        named[0].id: [named[1].holder], named[1].id: [named[0].holder],
    }  # fmt: skip


def test_a_number_is_opened_neither_for_another_row_nor_changed_nor_under_another_key(session: Session) -> None:
    one, other, _ = numbers(session)
    kept = one.sealed_number
    for wrong in (
        other.sealed_number,
        kept[:-8] + "AAAAAAA=",
        kept[:30] + ("A" if kept[30] != "A" else "B") + kept[31:],
    ):
        with pytest.raises(sealing.Unreadable):
            sealing.unseal(session, wrong, bound_to=one.id.hex)
    digest = one.number_digest
    engine = session.get_bind()
    assert isinstance(engine, sa.Engine)
    engine.update_execution_options(**{sealing.OPTION: ("a new key",)})
    with pytest.raises(sealing.Unreadable, match="HUIYI_ACCOUNT_KEYS"):
        queries.number_of(session, one)
    assert digest not in sealing.digests(session, NUMBER)
    engine.update_execution_options(**{sealing.OPTION: ("a new key", *sealing.DEVELOPMENT_KEYS)})  # the former opens
    assert queries.number_of(session, one) == NUMBER
    assert digest == sealing.digests(session, NUMBER)[1]


def test_only_the_second_person_sees_the_whole_number_and_each_time_is_noted(session: Session) -> None:
    named = numbers(session)[0]
    own = Actor(named.asked_by_id, "一人", None, make.CHECKER.grants)
    kin = base.actor(Role.FINANCE_CHECKER, org_id=named.party_id, place=base.PLACE)
    for person in (own, kin):
        with pytest.raises(SecondPersonNeeded):
            commands.reveal(session, person, named.id, now=make.PAY)
    for person in (make.PREPARER, make.PAYER, base.actor(Role.FINANCE_CHECKER, place="futian")):
        with pytest.raises(DomainError):
            commands.reveal(session, person, named.id, now=make.PAY)
    assert commands.reveal(session, make.CHECKER, named.id, now=make.PAY) == NUMBER
    commands.decide(session, make.CHECKER, named.id, act=AccountAct.CONFIRM, reason="已核实", now=make.PAY)
    with pytest.raises(WrongState):
        commands.reveal(session, make.CHECKER, named.id, now=make.PAY)
    lines = session.scalars(sa.select(AuditLine).where(AuditLine.action == "payee.reveal")).all()
    assert [(line.actor_name, NUMBER in repr(line.detail)) for line in lines] == [("复核人", False)]


def test_pages_and_answers_mask_the_number_and_the_checker_asks_for_it(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NAMED):
        with app.app_context(), db.transaction() as session:
            named, *_ = numbers(session)
            identity = named.id
        for role in (Role.FINANCE_CHECKER, Role.FINANCE_PREPARER, Role.AUDITOR):
            said = client.get("/api/v1/payee-accounts", headers=as_program(app, role, place=base.PLACE))
            assert said.status_code == 200
            assert NUMBER not in said.text
            assert STRIPE not in said.text
            page = as_person(app, role, place=base.PLACE).get("/payees").text
            assert (NUMBER in page, "0042" in page) == (False, True)
            assert ("显示完整账号" in page, "同一账号另由" in page) == ((role is Role.FINANCE_CHECKER,) * 2)
        checker, preparer = (as_person(app, role, place=base.PLACE)
                             for role in (Role.FINANCE_CHECKER, Role.FINANCE_PREPARER))  # fmt: skip
        shown = send(checker, f"/payees/{identity}/number", {}, form_at="/payees")
        assert shown.status_code == 200
        assert NUMBER in shown.text
        assert shown.headers["Cache-Control"] == "no-store"
        refused = send(preparer, f"/payees/{identity}/number", {}, form_at="/payees")
        assert refused.status_code == 403
        assert NUMBER not in refused.text
