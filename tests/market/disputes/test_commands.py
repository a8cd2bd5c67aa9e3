"""Disputes on the database: both sides heard, two persons decide, and only what is disputed is frozen."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.filings import FILINGS_MAX
from kernel.identity import ANONYMOUS, Role
from kernel.money import Money
from market.disputes import commands, queries
from market.disputes.rules import (
    AnswerDateNeeded,
    DisputeAct,
    DisputeState,
    LineUnfit,
    NotHeard,
    OutcomeUnfit,
    Track,
    WrongState,
)
from market.disputes.rules import Outcome as Decision
from market.orders import queries as orders
from market.receipts import queries as receipted
from market.receipts.rules import Standing
from pricing.complaints.rules import TooManyComplaints
from registry.products import queries as products
from tests.make import market as make
from tests.make import people
from tests.make import receipts as counting
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make.invoices import sides

NOW = counting.AFTER
LAWFUL = {"now": NOW, "book": make.LAW, "calendar": registry.calendar()}
PLAIN = {**LAWFUL, "book": base.book()}


@pytest.fixture
def held(session):
    return make.make_entitlement(session, quantity=20_000)


def filed(session, order, *, track=Track.BUYER, lawful=LAWFUL, **changed):
    buyer, seller = sides(session, order)
    person = buyer if track is Track.BUYER else seller
    told = {"track": track, "words": "调用多次失败仍计费", "contact": "0575-1", "order_number": order.number}
    return commands.file_dispute(session, person, **(told | changed), **lawful)


def decide(session, dispute, outcome, *, awarded="0.00", units=None, way=DisputeAct.REVIEW):
    first, second = base.supervisor(), base.supervisor()
    commands.accept(session, first, dispute.id, **LAWFUL)
    commands.proceed(session, first, dispute.id, act=way, now=NOW)
    _, seller = sides(session, orders.get(session, dispute.order_id))
    commands.state_view(session, seller, dispute.id, words="日志显示已送达", now=NOW)
    commands.propose(session, first, dispute.id, outcome=outcome, awarded=Money.yuan(awarded), units=units,
                     reason="依据日志", now=NOW)  # fmt: skip
    return commands.confirm(session, second, dispute.id, is_confirmed=True, reason="同意", now=NOW)


def frozen(session, order):
    found = queries.held(session, [order.id]).get(order.id)
    return (found.amount.text(), found.free.text()) if found else None


@pytest.mark.both_databases
def test_only_the_disputed_part_is_frozen_until_the_decision_is_carried_out(session, held):
    order = orders.get(session, held.order_id)
    assert frozen(session, order) is None
    with pytest.raises(LineUnfit):
        filed(session, order, amount=order.amount + Money(1))
    dispute = filed(session, order, amount=Money.yuan("1000.00"))
    assert (dispute.respondent_id, dispute.basis["rule"]) == (order.seller_id, "DSP-01")
    assert frozen(session, order) == ("1000.00", "15000.00")
    assert queries.held(session, [order.id])[order.id].held[0].source == dispute.number
    supervisor = base.supervisor()
    assert queries.waiting(session, supervisor) == [dispute]
    assert queries.waiting(session, base.supervisor("puer")) == []
    decide(session, dispute, Decision.PARTLY, awarded="400.00")
    assert (dispute.state, frozen(session, order)) == (DisputeState.DECIDED, ("400.00", "15600.00"))
    commands.close(session, supervisor, dispute.id, words="已退 400.00 元", now=NOW)
    assert frozen(session, order) is None
    session.flush()
    for words in ("UPDATE market_dispute SET words = 'x'", "DELETE FROM market_dispute_statement",
                  "UPDATE market_dispute_verdict SET reason = 'x'"):  # fmt: skip
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(sa.text(words))


@pytest.mark.both_databases
def test_of_two_counts_only_the_difference_is_frozen_and_decided(session, held):
    order = orders.get(session, held.order_id)
    receipt = counting.make_disputed(session, held)
    assert frozen(session, order) == ("8.00", "15992.00")
    (hold,) = queries.held(session, [order.id])[order.id].held
    assert (hold.units, hold.entitlement_id, hold.from_date) == (10, held.id, counting.MONTH.start)
    dispute = filed(session, order, receipt_number=receipt.number, order_number=None)
    assert (dispute.units, dispute.amount.text()) == (10, "8.00")
    assert frozen(session, order) == ("8.00", "15992.00")
    decide(session, dispute, Decision.PARTLY, units=9_996)
    assert dispute.awarded == Money.yuan("3.20")
    assert receipted.stands(session, held.id, counting.MONTH.start) == Standing(9_996, 0)
    assert frozen(session, order) == ("3.20", "15996.80")
    with pytest.raises(LineUnfit):
        filed(session, order, receipt_number=receipt.number)


def test_nobody_decides_alone_in_an_own_matter_or_unheard(session, held):
    order = orders.get(session, held.order_id)
    dispute = filed(session, order, lawful=PLAIN)
    first, second, twin = base.supervisor(), base.supervisor(), base.supervisor()
    people.are_one_person(session, first, twin)
    own = base.actor(Role.SUPERVISOR, org_id=order.seller_id, place=dispute.place)
    for person in (own, base.supervisor("puer"), sides(session, order)[0]):
        with pytest.raises(NotAllowed):
            commands.accept(session, person, dispute.id, **PLAIN)
    with pytest.raises(AnswerDateNeeded):
        commands.accept(session, first, dispute.id, **PLAIN)
    session.refresh(dispute)
    commands.accept(session, first, dispute.id, **PLAIN, answer_until=date(2026, 9, 10))
    assert (dispute.accept_by, dispute.decide_by, dispute.answer_until) == (None, None, date(2026, 9, 10))
    _, seller = sides(session, order)
    assert queries.to_answer(session, seller, date(2026, 9, 10)) == [dispute]
    commands.proceed(session, first, dispute.id, act=DisputeAct.MEDIATE, now=NOW)
    told = {"outcome": Decision.SETTLED, "reason": "双方同意", "awarded": Money.yuan("1.00")}
    with pytest.raises(NotHeard):
        commands.propose(session, first, dispute.id, **told, now=NOW)
    later = NOW + timedelta(days=9)
    with pytest.raises(OutcomeUnfit):
        commands.propose(session, first, dispute.id, **(told | {"outcome": Decision.UPHELD}), now=later)
    commands.propose(session, first, dispute.id, **told, now=later)
    with pytest.raises(WrongState):
        commands.propose(session, second, dispute.id, **told, now=later)
    for person in (first, twin):
        with pytest.raises(commands.OwnMatter):
            commands.confirm(session, person, dispute.id, is_confirmed=True, reason="同意", now=later)
    assert (queries.waiting(session, first), queries.waiting(session, second)) == ([], [dispute])
    commands.confirm(session, second, dispute.id, is_confirmed=False, reason="再谈", now=later)
    assert dispute.state is DisputeState.MEDIATION
    commands.proceed(session, first, dispute.id, act=DisputeAct.REVIEW, now=later)
    commands.withdraw(session, sides(session, order)[0], dispute.id, now=later)
    assert (dispute.state, frozen(session, order)) == (DisputeState.WITHDRAWN, None)


def test_each_track_is_for_its_own_and_a_data_subject_needs_no_account(session, held):
    order = orders.get(session, held.order_id)
    buyer, seller = sides(session, order)
    code = products.get(session, order.product_id).code
    for person, track in ((buyer, Track.MERCHANT), (seller, Track.BUYER), (buyer, Track.ADMIN_BODY)):
        with pytest.raises(queries.NotYourTrack):
            commands.file_dispute(session, person, track=track, words="x", contact="x", product_code=code, **LAWFUL)
    with pytest.raises(LineUnfit):
        commands.file_dispute(session, buyer, track=Track.BUYER, words="x", contact="x", **LAWFUL)
    against = filed(session, order, track=Track.MERCHANT)
    assert against.respondent_id == order.buyer_id
    merchants = filed(session, order, track=Track.MERCHANT, order_number=None, product_code=code)
    assert (merchants.order_id, merchants.amount) == (None, Money(0))
    told = {"product_code": code, "words": "含本人信息", "name": "张三", "contact": "138", "source_digest": "a" * 64}
    for _ in range(FILINGS_MAX):
        mine = commands.file_as_data_subject(session, ANONYMOUS, **told, **LAWFUL)
    with pytest.raises(TooManyComplaints):
        commands.file_as_data_subject(session, ANONYMOUS, **told, **LAWFUL)
    assert (mine.respondent_id, mine.order_id, mine.accept_by) == (order.seller_id, None, date(2026, 9, 9))
    commands.withdraw_by_reference(session, ANONYMOUS, mine.reference.lower(), now=NOW)
    with pytest.raises(WrongState):
        commands.withdraw_by_reference(session, ANONYMOUS, mine.reference, now=NOW)
    with pytest.raises(queries.NoSuchDispute):
        queries.visible(session, base.actor(Role.BUYER, org_id=base.make_party(session).id), mine.id)


def test_a_difference_is_disputed_once_at_a_time_and_an_amount_not_twice(session, held):
    order = orders.get(session, held.order_id)
    receipt = counting.make_disputed(session, held)
    first = filed(session, order, order_number=None, receipt_number=receipt.number)
    for track in (Track.BUYER, Track.MERCHANT):  # nobody could decide the second one: the first fixes what stands
        with pytest.raises(LineUnfit):
            filed(session, order, track=track, order_number=None, receipt_number=receipt.number)
    commands.withdraw(session, sides(session, order)[0], first.id, now=NOW)
    assert filed(session, order, track=Track.MERCHANT, order_number=None, receipt_number=receipt.number).units == 10
    half = order.amount.times(Decimal("0.5"))
    filed(session, order, amount=half)
    assert filed(session, order).amount == order.amount - half  # what is left of it
    with pytest.raises(LineUnfit):
        filed(session, order, amount=Money.yuan("0.01"))
