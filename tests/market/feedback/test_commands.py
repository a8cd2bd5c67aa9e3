"""Results are fed back where the place asks for it, and taken into sharing by who gave the data (REU-02)."""

from __future__ import annotations

from itertools import product as pairs

import pytest

from kernel.calendar import business_date
from kernel.errors import NotAllowed
from kernel.identity import Role
from market.feedback import commands, queries, rules
from market.feedback.rules import FeedbackAct, FeedbackKind, FeedbackState
from registry.products import queries as products
from tests.make import market as make
from tests.make import registry_base as base
from tests.make import registry_products as registry

TODAY = business_date(make.SALE)
FILE = {"name": "simulated.csv", "media_type": "text/csv", "content": b"key,score\n1,2\n"}


@pytest.mark.parametrize(("state", "act"), list(pairs(FeedbackState, FeedbackAct)))
def test_every_state_and_every_act(state, act):
    if (state, act) in rules.TRANSITIONS:
        assert rules.after(state, act, "FBK") is rules.TRANSITIONS[state, act]
    else:
        with pytest.raises(rules.WrongState):
            rules.after(state, act, "FBK")


def deliver(session, product, person):
    return commands.deliver(session, person, product_code=product.code, kind=FeedbackKind.SIMULATED, words="仿真数据",
                            file=FILE, now=make.SALE, book=make.LAW)  # fmt: skip


@pytest.mark.both_databases
def test_a_delivery_is_due_in_guangzhou_until_the_department_has_received_it(session):
    product = make.make_offer(session, place="guangzhou")
    seller = registry.seller(product)
    assert queries.due(session, seller, on=TODAY, book=make.LAW) == [product]
    first = deliver(session, product, seller)
    assert queries.due(session, seller, on=TODAY, book=make.LAW) == []
    department = products.source_departments(session, product.id)[0][0]
    source = base.actor(Role.SOURCE, org_id=department, place="guangzhou")
    assert queries.waiting(session, source) == queries.waiting(session, base.supervisor("guangzhou")) == [first]
    for person in (seller, base.supervisor("futian"), base.actor(Role.SOURCE, org_id=base.make_party(session).id)):
        with pytest.raises(NotAllowed):
            commands.answer(session, person, first.id, act=FeedbackAct.RECEIVE, now=make.SALE)
    commands.answer(session, source, first.id, act=FeedbackAct.RETURN, reason="字段不全", now=make.SALE)
    assert queries.due(session, seller, on=TODAY, book=make.LAW) == [product]
    second = deliver(session, product, seller)
    commands.answer(session, base.supervisor("guangzhou"), second.id, act=FeedbackAct.RECEIVE, now=make.SALE)
    assert (second.state, queries.waiting(session, source)) == (FeedbackState.RECEIVED, [])
    assert queries.visible(session, source, second.number).id == second.id


def test_elsewhere_nothing_is_asked_for(session):
    product = make.make_offer(session)
    with pytest.raises(commands.NotAsked):
        deliver(session, product, registry.seller(product))
    assert queries.due(session, registry.seller(product), on=TODAY, book=make.LAW) == []
