"""Payouts end to end: what is owed goes once, to the right account, by three people; what comes back is owed again."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from kernel.money import ZERO, Money
from settlement.ledger.queries import balance
from settlement.payouts import queries
from settlement.payouts.rules import BatchState, Channel, HoldReason, NothingToPay
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.make import settlement


@pytest.mark.both_databases
def test_enterprises_are_paid_to_their_accounts_and_the_bureaus_share_to_the_treasury(session: Session) -> None:
    world = make.make_settled(session)
    _, held = queries.payables(session, place=base.PLACE, now=make.PAY, book=settlement.LAW)
    assert {(one.party.name, one.reason, one.due.amount.text()) for one in held} == {
        ("人民医院", HoldReason.PAYEE_RULE_MISSING, "135.37")
    }
    to_bank, to_treasury = sorted(make.prepare(session), key=lambda batch: batch.channel)
    assert [(one.channel, one.total.text(), one.count) for one in (to_bank, to_treasury)] == [
        (Channel.BANK, "1050.00", 2), (Channel.TREASURY, "314.63", 1),
    ]  # fmt: skip
    with pytest.raises(NothingToPay):
        make.prepare(session)
    for batch in (to_bank, to_treasury):
        assert make.send(session, batch).state is BatchState.SENT
    assert balance(session, f"liability:in_transit:{base.PLACE}") == -Money.yuan("1364.63")
    assert balance(session, f"liability:payable:{world.operator.uscc}") == ZERO
    assert balance(session, f"liability:treasury:{world.bureau.uscc}") == ZERO
    (paid,) = queries.payouts_of(session, to_treasury.id)
    assert paid.party_id == world.bureau.id  # attributed to the department whoever holds the money
