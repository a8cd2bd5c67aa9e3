"""What nobody told us is decided by two people on evidence, booked once, and held against what is said later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.errors import DomainError
from kernel.identity import Actor, Grant, Role
from kernel.money import ZERO
from market.bank_lines.model import BankLine
from market.bank_lines.rules import LineState
from market.payments.rules import Answer, Outcome
from settlement.breaks.model import Break
from settlement.ledger.queries import balance
from settlement.payouts import commands as payouts
from settlement.payouts import queries as paid
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.rules import Channel, PayoutState
from settlement.resolutions import commands, queries
from settlement.resolutions.model import PayoutResolution
from settlement.resolutions.rules import (
    EvidenceUnfit,
    Fate,
    KnownToProvider,
    ResolutionAct,
    ResolutionState,
    SamePerson,
    WrongState,
)
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.market.orders.test_races import prepared, together
from web.paying import PROVIDER

PLACE = base.PLACE
PAPER = {"name": "回单.pdf", "media_type": "application/pdf", "content": b"%PDF-1.7 answer of the bank"}
ASKED = {"fate": Fate.CONFIRMED, "bank_line": "OUT-1", "words": "已向开户行查询", "file": PAPER}


def unknown(session: Session, *, serial: str = "OUT-1") -> Payout:
    """A payout that was sent and of which nobody knows whether it arrived; the bank's statement has a debit."""
    make.make_settled(session)
    payout = paid.payouts_of(session, make.pay_all(session)[0].id)[0]
    payouts.note(session, PROVIDER, payout.id, Outcome(Answer.UNKNOWN, reason="超时"), now=make.PAY)
    debit(session, payout, serial)
    return payout


def debit(session: Session, payout: Payout, serial: str, state: LineState = LineState.OUTGOING) -> None:
    """A line of the bank of the payout's amount."""
    session.add(BankLine(place=PLACE, serial=serial, booked_at=make.PAY, amount=payout.amount, payer_name="公司",
                         payer_account="", remark="", references=[], line_number=1, entered_at=make.PAY,
                         entered_by="导入", state=state))  # fmt: skip
    session.flush()


def propose(session: Session, payout: Payout, **terms: Any) -> PayoutResolution:
    """Propose what became of it."""
    person = terms.pop("person", make.PREPARER)
    return commands.propose(session, person, payout.number, **(ASKED | terms), now=make.PAY)


def decide(session: Session, one: PayoutResolution, act: ResolutionAct = ResolutionAct.CONFIRM, **terms: Any) -> Any:
    """Decide on a proposal."""
    person = terms.pop("person", make.CHECKER)
    return commands.decide(session, person, one.id, act=act, words="已核对回单", **terms, now=make.PAY)


@pytest.mark.both_databases
def test_confirmed_by_a_second_person_it_is_booked_once_and_stays(session: Session) -> None:
    payout = unknown(session)
    transit, bank = f"liability:in_transit:{PLACE}", f"asset:bank:{PLACE}"
    before, held = balance(session, transit), balance(session, bank)
    made = propose(session, payout)
    assert queries.evidence(session, made).content == PAPER["content"]
    with pytest.raises(WrongState, match="已有待复核"):
        propose(session, payout)
    assert payout.state is PayoutState.UNKNOWN  # a proposal books nothing
    decide(session, made)
    assert (payout.state, payout.bank_line) == (PayoutState.CONFIRMED, "OUT-1")
    assert balance(session, transit) - before == payout.amount
    assert held - balance(session, bank) == payout.amount
    for act in ResolutionAct:
        with pytest.raises(WrongState):
            decide(session, made, act, person=make.PREPARER if act is ResolutionAct.WITHDRAW else make.CHECKER)
    with pytest.raises(WrongState, match="结果未知"):
        propose(session, payout)
    for sql in (
        "UPDATE settlement_payout_resolution SET fate = 'returned'",
        "UPDATE settlement_payout_resolution SET state = 'refused'",
        "UPDATE settlement_payout_resolution SET decided_by_id = proposed_by_id",
        "UPDATE settlement_payout_resolution SET words = 'x'",
        "UPDATE settlement_payout_resolution SET file_sha256 = NULL",
        "DELETE FROM settlement_payout_resolution",
    ):
        kept = session.begin_nested()
        with pytest.raises(DBAPIError):
            session.execute(sa.text(sql))
        kept.rollback()


def test_returned_it_is_owed_again_and_can_be_paid_again(session: Session) -> None:
    payout = unknown(session)
    account = next(item.account for item in paid.items_of(session, [payout.id]))
    owed = balance(session, account)
    made = propose(session, payout, fate=Fate.RETURNED, bank_line="", provider_reference="退汇-9")
    decide(session, made, ResolutionAct.REFUSE)
    assert payout.state is PayoutState.UNKNOWN
    decide(session, propose(session, payout, fate=Fate.RETURNED, bank_line="", provider_reference="退汇-9"))
    assert payout.state is PayoutState.RETURNED
    assert balance(session, account) - owed == -payout.gross
    (again,) = [one for batch in make.prepare(session) for one in paid.payouts_of(session, batch.id)]
    assert (again.statement_id, again.gross) == (payout.statement_id, payout.gross)


def test_no_evidence_of_something_else_and_no_wrong_person_ends_a_payout(session: Session) -> None:
    payout = unknown(session)
    other = next(one for one in session.scalars(sa.select(Payout)) if one.id != payout.id)
    debit(session, other, "OTHER", LineState.OUTGOING)
    other.bank_line = "TAKEN"
    debit(session, payout, "TAKEN")
    for terms in ({"bank_line": "NOWHERE"}, {"bank_line": "OTHER"}, {"bank_line": "TAKEN"}, {"bank_line": ""},
                  {"file": None}, {"fate": Fate.RETURNED}, {"fate": Fate.SENT_AGAIN}):  # fmt: skip
        with pytest.raises(EvidenceUnfit):
            propose(session, payout, **terms)
    stranger = [
        base.actor(role, place=PLACE) for role in (Role.FINANCE_PAYER, Role.AUDITOR, Role.SUPERVISOR, Role.BUYER)
    ]
    abroad = [base.actor(role, place="futian") for role in (Role.FINANCE_PREPARER, Role.FINANCE_CHECKER)]
    for person in (*stranger, *abroad):
        with pytest.raises(DomainError):
            propose(session, payout, person=person)
    duties = tuple(Grant(role, None, PLACE) for role in (Role.FINANCE_PREPARER, Role.FINANCE_CHECKER))
    both = Actor(make.PREPARER.id, "一人", None, duties)
    payer = Actor(make.PAYER.id, "付款人", None, duties)
    with pytest.raises(SamePerson):
        propose(session, payout, person=payer)
    made = propose(session, payout)
    for act in (ResolutionAct.CONFIRM, ResolutionAct.REFUSE):
        for person in (both, payer):
            with pytest.raises(SamePerson):
                decide(session, made, act, person=person)
        for person in (*stranger, *abroad, make.PREPARER):
            with pytest.raises(DomainError):
                decide(session, made, act, person=person)
    with pytest.raises(DomainError):
        decide(session, made, ResolutionAct.WITHDRAW, person=make.CHECKER)
    assert payout.state is PayoutState.UNKNOWN
    decide(session, made, ResolutionAct.WITHDRAW, person=make.PREPARER)
    assert made.state is ResolutionState.WITHDRAWN


def test_what_the_provider_answers_before_the_second_person_stands(session: Session) -> None:
    payout = unknown(session)
    made = propose(session, payout, fate=Fate.RETURNED, bank_line="", provider_reference="R")
    payouts.note(session, PROVIDER, payout.id, Outcome(Answer.SUCCEEDED), now=make.PAY)
    with pytest.raises(WrongState, match="结果未知"):
        decide(session, made)
    session.refresh(made)
    decide(session, made, ResolutionAct.REFUSE)
    assert payout.state is PayoutState.CONFIRMED


@pytest.mark.both_databases
@pytest.mark.parametrize(("fate", "answer", "is_contradicted"), [
    (Fate.CONFIRMED, Answer.SUCCEEDED, False), (Fate.CONFIRMED, Answer.FAILED, True),
    (Fate.RETURNED, Answer.FAILED, False), (Fate.RETURNED, Answer.SUCCEEDED, True),
])  # fmt: skip
def test_what_is_said_later_changes_nothing_booked_and_opens_one_break(
    session: Session, fate: Fate, answer: Answer, is_contradicted: bool
) -> None:
    payout = unknown(session)
    made = propose(
        session, payout, fate=fate, **({} if fate is Fate.CONFIRMED else {"bank_line": "", "provider_reference": "R"})
    )
    decide(session, made)
    state, transit = payout.state, balance(session, f"liability:in_transit:{PLACE}")
    for said in (Answer.UNKNOWN, answer, answer):
        payouts.note(session, PROVIDER, payout.id, Outcome(said, "tr_1", reason="后来"), now=make.PAY)
        commands.hear(session, PROVIDER, payout.id, Outcome(said, "tr_1", reason="后来"), now=make.PAY)
    assert (payout.state, balance(session, f"liability:in_transit:{PLACE}")) == (state, transit)
    found = session.scalars(sa.select(Break)).all()
    assert [(one.reference, one.difference, one.state) for one in found] == (
        [("tr_1", payout.amount, "open")] if is_contradicted else []
    )
    assert (made.contradicted_at is not None, made.heard) == (is_contradicted, answer)


def test_a_provider_that_does_not_say_it_knows_none_is_not_asked_again(session: Session) -> None:
    payout = unknown(session)
    session.execute(sa.text("DROP TRIGGER settlement_payout_batch_frozen"))
    session.execute(sa.update(PayoutBatch).values(channel=Channel.STRIPE))  # as if it had gone that way
    session.expire_all()
    made = propose(session, payout, fate=Fate.SENT_AGAIN, bank_line="", file=None)
    for answer in (Answer.UNKNOWN, Answer.SUCCEEDED, Answer.FAILED, Answer.MISMATCH, Answer.PENDING):
        kept = session.begin_nested()
        with pytest.raises(KnownToProvider):
            decide(session, made, answer=answer)
        kept.rollback()
        session.expire_all()
    decide(session, made, answer=Answer.CANCELLED)
    assert (payout.state, payout.answered_at) == (PayoutState.SENT, None)
    assert balance(session, f"liability:in_transit:{PLACE}") != ZERO


@pytest.mark.both_databases
def test_of_two_who_confirm_at_once_one_has_an_effect(database_url: str) -> None:
    database = Database(database_url)
    made = prepared(database, lambda session: propose(session, unknown(session)))
    others = [base.actor(Role.FINANCE_CHECKER, place=PLACE, name=f"复核{n}") for n in range(2)]
    acts: list[Callable[[Any], Any]] = [
        lambda session, person=person, act=act: decide(session, made, act, person=person)
        for person in others for act in (ResolutionAct.CONFIRM, ResolutionAct.CONFIRM, ResolutionAct.REFUSE)
    ]  # fmt: skip
    answers = together(database, *acts)
    assert sum(isinstance(one, PayoutResolution) for one in answers) == 1
    assert {one.code for one in answers if isinstance(one, DomainError)} == {"payout_resolution.wrong_state"}
    with database.new_session() as session:
        ended = session.scalars(sa.select(Payout).where(Payout.state == PayoutState.CONFIRMED)).all()
        decided = session.scalars(sa.select(PayoutResolution.state)).one()
        assert len(ended) == (1 if decided is ResolutionState.CONFIRMED else 0)
    database.engine.dispose()
