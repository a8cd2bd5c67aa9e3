"""Misuse: recorded with evidence, heard, confirmed by a second person, claimed day by day, settled by a voucher."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import Money
from pricing.exemptions import commands as exemptions
from pricing.exemptions.rules import ExemptionState, Purpose
from pricing.misuses import commands, queries
from pricing.misuses.rules import HearingOpen, MisuseState, NoPriceThatDay, PaymentDiffers, SpanUnusable, WrongState
from registry.products.model import Product
from tests.make import misuses as make
from tests.make import negotiated, people
from tests.make import pricing as prices
from tests.make import registry_base as base

CHEAPER = {"model": "per_unit", "unit_price": "0.60"}
CHANGED_ON = date(2026, 7, 10)


@pytest.fixture
def bureau(session):
    return prices.make_buyer(session)


@pytest.fixture
def exemption(session, bureau):
    product = prices.make_priced_product(session)
    prices.make_tariff(session, product, CHEAPER, effective_from=CHANGED_ON)
    return prices.make_exemption(session, product, bureau)


@pytest.mark.both_databases
def test_confirmed_misuse_claims_the_days_concerned_and_revokes_the_exemption(session, exemption, bureau):
    recorder = base.supervisor()
    misuse = make.make_misuse(session, exemption, person=recorder)
    commands.hear(session, prices.buyer(bureau), misuse.id, text="系误用", now=make.FOUND)
    usage = make.daily(1000, first=date(2026, 7, 1), last=date(2026, 7, 31))
    told = {"usage": usage, "reason": "属实", "now": make.FOUND, "book": make.LAW}
    second_account = base.supervisor()
    people.are_one_person(session, recorder, second_account)
    for person in (recorder, second_account, base.actor(Role.SUPERVISOR, org_id=bureau.id, place=base.PLACE)):
        with pytest.raises(commands.OwnMatter):
            commands.confirm(session, person, misuse.id, **told)
    for person in (base.supervisor("puer"), prices.price_officer(), prices.buyer(bureau)):
        with pytest.raises(NotAllowed):
            commands.confirm(session, person, misuse.id, **told)
    commands.confirm(session, base.supervisor(), misuse.id, **told)
    lines = queries.lines(session, misuse.id)
    assert [(line.day.day, line.amount.text()) for line in lines] == [
        (day, "800.00" if day < CHANGED_ON.day else "600.00") for day in range(5, 15)
    ]
    assert (misuse.state, misuse.amount) == (MisuseState.CLAIMED, Money.yuan("7000.00"))
    assert len({line.tariff_number for line in lines}) == 2
    assert "65号" in str(misuse.explanation)
    assert queries.is_as_claimed(session, misuse, usage, make.LAW)
    assert not queries.is_as_claimed(session, misuse, make.daily(1001), make.LAW)
    session.refresh(exemption)
    assert (exemption.state, misuse.number in exemption.closed_reason) == (ExemptionState.REVOKED, True)
    session.flush()
    for words in (
        "UPDATE pricing_misuse SET amount = 1", "UPDATE pricing_misuse SET reason = 'x'",
        "UPDATE pricing_misuse_line SET amount = 1", "DELETE FROM pricing_misuse_line",
        "UPDATE pricing_misuse_statement SET text = 'x'",
    ):  # fmt: skip
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(sa.text(words))


def test_a_claim_is_settled_by_the_voucher_of_exactly_its_sum(session, exemption):
    misuse = make.confirm(session, make.make_misuse(session, exemption), make.daily(10))
    paid = {"reference": "ICBC-1", "amount": misuse.amount, "paid_on": date(2026, 8, 25), "now": make.DECIDED}
    cashier = base.actor(Role.FINANCE_PREPARER, place=base.PLACE)
    with pytest.raises(NotAllowed):
        commands.settle(session, base.supervisor(), misuse.id, **paid)
    with pytest.raises(PaymentDiffers):
        commands.settle(session, cashier, misuse.id, **{**paid, "amount": Money.yuan("69.99")})
    commands.settle(session, cashier, misuse.id, **paid)
    assert (misuse.state, misuse.payment_reference, misuse.amount.text()) == (MisuseState.SETTLED, "ICBC-1", "70.00")
    with pytest.raises(WrongState):
        commands.settle(session, cashier, misuse.id, **paid)


def test_nobody_is_condemned_unheard_and_a_dismissal_leaves_everything_as_it_was(session, exemption, bureau):
    misuse = make.make_misuse(session, exemption)
    with pytest.raises(HearingOpen):
        make.confirm(session, misuse, make.daily(1), now=make.DECIDED - timedelta(days=1))
    with pytest.raises(NotAllowed):
        commands.hear(session, prices.buyer(prices.make_buyer(session)), misuse.id, text="?", now=make.FOUND)
    commands.dismiss(session, base.supervisor(), misuse.id, reason="系公益使用", now=make.FOUND)
    assert (misuse.state, misuse.amount, exemption.state) == (MisuseState.DISMISSED, None, ExemptionState.APPROVED)
    with pytest.raises(WrongState):
        commands.hear(session, prices.buyer(bureau), misuse.id, text="谢谢", now=make.FOUND)
    again = make.make_misuse(session, exemption)  # the days are free again
    assert queries.waiting(session, base.supervisor()) == [again]
    assert queries.waiting(session, base.supervisor("puer")) == []


def test_a_misuse_is_recorded_once_by_somebody_else_and_only_of_what_was_free(session, exemption, bureau):
    colleague = base.actor(Role.SUPERVISOR, org_id=bureau.id, place=base.PLACE)
    with pytest.raises(commands.OwnMatter):
        make.make_misuse(session, exemption, person=colleague)
    with pytest.raises(NotAllowed):
        make.make_misuse(session, exemption, person=prices.price_officer())
    with pytest.raises(SpanUnusable):
        make.make_misuse(session, exemption, from_date=date(2026, 6, 30))
    made = make.make_misuse(session, exemption, person=base.actor(Role.AUDITOR, place=base.PLACE))
    with pytest.raises(commands.SpanTaken, match=made.number):
        make.make_misuse(session, exemption, from_date=make.LAST, until_date=make.LAST)
    other = make.make_misuse(session, exemption, from_date=date(2026, 7, 15), until_date=date(2026, 7, 15))
    make.confirm(session, other, make.daily(5, last=date(2026, 7, 20)))
    make.confirm(session, made, make.daily(5, last=date(2026, 7, 20)))  # of an exemption that is revoked already
    assert [len(queries.lines(session, one.id)) for one in (other, made)] == [1, 10]


def test_use_before_any_price_cannot_be_claimed_and_ended_use_still_can(session, bureau):
    product = prices.make_product(session)
    exemption = prices.make_exemption(session, product, bureau, purpose=Purpose.PUBLIC_GOVERNANCE)
    misuse = make.make_misuse(session, exemption)
    with pytest.raises(NoPriceThatDay, match=str(make.FIRST)):
        make.confirm(session, misuse, make.daily(1))
    exemptions.give_back(session, prices.buyer(bureau), exemption.id, reason="已完成", now=make.FOUND)
    nothing = make.confirm(session, misuse, make.daily(0, first=date(2026, 8, 1), last=date(2026, 8, 1)))
    assert (nothing.amount, queries.lines(session, nothing.id)) == (Money(0), [])
    assert exemption.returned_at == make.FOUND


def test_each_sees_the_misuse_that_concerns_it(session, exemption, bureau):
    misuse = make.make_misuse(session, exemption)
    for person in (prices.buyer(bureau), base.supervisor(), prices.price_officer()):
        assert queries.get(session, person, misuse.id) is misuse
    for person in (prices.buyer(prices.make_buyer(session)), base.supervisor("puer"), base.actor(Role.SCHEDULER)):
        with pytest.raises(queries.NoSuchMisuse):
            queries.get(session, person, misuse.id)


def test_a_grantee_who_had_negotiated_a_price_is_claimed_by_it_on_its_days(session, exemption, bureau):
    product = session.get_one(Product, exemption.product_id)
    negotiated.make_negotiable(session, product)
    negotiated.make_agreement(
        session, product, bureau, valid_until=date(2026, 7, 7), answer_by=prices.TODAY
    )  # 0.50 until the seventh, 0.80 until the tenth, then 0.60
    misuse = make.confirm(session, make.make_misuse(session, exemption), make.daily(1000))
    lines = queries.lines(session, misuse.id)
    assert [line.amount.text() for line in lines] == ["500.00"] * 3 + ["800.00"] * 2 + ["600.00"] * 5
    assert "NEG-" in lines[0].tariff_number
    assert queries.is_as_claimed(session, misuse, make.daily(1000), make.LAW)
