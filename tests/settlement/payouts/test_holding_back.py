"""What is held is exactly what the reason covers, and its release pays once (H8); odd amounts are parked (A12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.calendar import Period
from kernel.identity import Role
from kernel.money import Money, total
from market.disputes import commands as disputes
from market.disputes.rules import Track
from market.orders import queries as orders
from registry.parties import commands as parties
from registry.parties.model import Party
from settlement.payouts import commands, queries
from settlement.payouts.model import Payout, PayoutBatch, PayoutItem
from settlement.payouts.rules import BatchState, Changed, HoldReason, NothingToPay
from tests.make import market, settlement
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make.clients import as_program, key
from tests.make.invoices import sides

LAW, PLACE = settlement.LAW, base.PLACE
SEPTEMBER, IN_OCTOBER = Period.month("2026-09"), datetime(2026, 10, 2, 2, 0, tzinfo=UTC)


def open_now(session: Session) -> tuple[dict[tuple[str, str], Money], dict[tuple[str, str, HoldReason], Money]]:
    """What can be paid now by party and order, and what is held, with its reason."""
    found, held = queries.payables(session, place=PLACE, now=make.PAY, book=LAW)
    payable = {(one.party.name, due.order_number): due.amount for one in found for due in one.dues}
    return payable, {(one.party.name, one.due.order_number, one.reason): one.due.amount for one in held}


def paid_once(session: Session, wanted: dict[tuple[str, str], Money]) -> None:
    """Pay everything and see that each amount went out once, and nothing else."""
    make.pay_all(session)
    with pytest.raises(NothingToPay):
        make.prepare(session)
    rows = session.execute(sa.select(PayoutItem, Payout.party_id).join(Payout, Payout.id == PayoutItem.payout_id)).all()
    names = {one.id: one.name for one in session.scalars(sa.select(Party))}
    assert sorted((names[party], item.order_number, item.amount.fen) for item, party in rows) == sorted(
        (name, number, amount.fen) for (name, number), amount in wanted.items()
    )


@pytest.mark.both_databases
def test_a_dispute_holds_its_order_of_every_party_and_no_other_fen(session: Session) -> None:
    world = make.make_settled(session)
    before, held_before = open_now(session)
    order = orders.get(session, world.scores_bought.order_id)
    buyer, _ = sides(session, order)
    dispute = disputes.file_dispute(session, buyer, track=Track.BUYER, words="计费有误", contact="0575-1",
                                    order_number=order.number, now=make.PAY, book=LAW,
                                    calendar=registry.calendar())  # fmt: skip
    payable, held = open_now(session)
    of_order = {key: amount for key, amount in before.items() if key[1] == order.number}
    assert payable == {key: amount for key, amount in before.items() if key not in of_order}
    in_dispute = {key[:2]: amount for key, amount in held.items() if key[2] is HoldReason.IN_DISPUTE}
    assert in_dispute == of_order | {key[:2]: amount for key, amount in held_before.items() if key[1] == order.number}
    for batch in make.pay_all(session):
        assert all(item.order_number != order.number for one in queries.payouts_of(session, batch.id)
                   for item in queries.items_of(session, [one.id]))  # fmt: skip
    with pytest.raises(NothingToPay):
        make.prepare(session)
    disputes.withdraw(session, buyer, dispute.id, now=make.PAY)
    assert open_now(session) == (of_order, held_before)
    paid_once(session, before)


@pytest.mark.both_databases
def test_a_suspension_holds_that_party_s_payable_and_its_end_pays_once(session: Session) -> None:
    world = make.make_settled(session)
    before, held_before = open_now(session)
    parties.suspend(session, base.supervisor(), world.operator.id, reason="整改", now=make.PAY)
    payable, held = open_now(session)
    own = {key: amount for key, amount in before.items() if key[0] == world.operator.name}
    assert total(own.values()) == Money.yuan("900")
    assert payable == {key: amount for key, amount in before.items() if key not in own}
    assert held == held_before | {(*key, HoldReason.PARTY_SUSPENDED): amount for key, amount in own.items()}
    make.pay_all(session)
    with pytest.raises(NothingToPay):
        make.prepare(session)
    for _ in range(2):
        parties.restore(session, base.supervisor(), world.operator.id, now=make.PAY)
    assert open_now(session)[0] == own
    paid_once(session, before)


def test_a_party_that_is_suspended_between_preparation_and_sending_is_not_paid(session: Session) -> None:
    world = make.make_settled(session)
    to_bank, _ = sorted(make.prepare(session), key=lambda batch: batch.channel)
    commands.check(session, make.CHECKER, to_bank.number, now=make.PAY, book=LAW)
    parties.suspend(session, base.supervisor(), world.operator.id, reason="整改", now=make.PAY)
    with pytest.raises(Changed):
        commands.send(session, make.PAYER, to_bank.number, now=make.PAY, book=LAW)


def next_month(session: Session, world: settlement.World, units: int) -> None:
    """Sell and use so many units of what the operator, the bureau and the platform share, and settle September."""
    bought = market.make_entitlement(session, world.levels, world.buyer, quantity=units)
    settlement.use(session, bought, 1, quantity=units, prefix="sep", at=datetime(2026, 9, 9, 2, 0, tzinfo=UTC),
                   now=IN_OCTOBER)  # fmt: skip
    settlement.settle(session, period=SEPTEMBER, now=IN_OCTOBER)


def test_twenty_one_planted_oddities_are_parked_and_twenty_one_ordinary_payouts_are_not(session: Session) -> None:
    world, odd, ordinary = make.make_settled(session), 0, 0
    make.pay_all(session)  # operator 900.00, platform 150.00, bureau 314.63: three times that is not odd yet
    session.flush()
    for units in (901, 902, 950, 1000, 1500, 5000, 9999):
        odd += parked_of(session, world, units)
    for units in (1, 2, 50, 100, 300, 628, 629):
        assert parked_of(session, world, units) == 0
        ordinary += 3
    assert (odd, ordinary) == (21, 21)
    assert parked_of(session, world, 630) == 1, "the bureau's 945.00 are more than three times 314.63"


def parked_of(session: Session, world: settlement.World, units: int) -> int:
    """How many payouts of a September of so many units are parked, each alone in its batch; nothing is kept."""
    kept = session.begin_nested()
    next_month(session, world, units)
    made = make.prepare(session, IN_OCTOBER)
    parked = [batch for batch in made if batch.state is BatchState.PARKED]
    assert sum(batch.count for batch in made) == 3
    assert all(batch.count == 1 and "3 倍" in batch.parked_reason for batch in parked)
    kept.rollback()
    session.expire_all()
    return len(parked)


@pytest.fixture
def parked(app: Flask) -> Iterator[str]:
    """A batch that is parked in October."""
    with clock.set_to(IN_OCTOBER):
        with app.app_context(), db.transaction() as session:
            world = make.make_settled(session)
            make.pay_all(session)
            next_month(session, world, 630)
            made = make.prepare(session, IN_OCTOBER)
            (number,) = [batch.number for batch in made if batch.state is BatchState.PARKED]
        yield number


def test_a_parked_payout_goes_nowhere_until_a_supervisor_releases_it_through_the_api(app: Flask, parked: str) -> None:
    client, url = app.test_client(), f"/api/v1/payout-batches/{parked}"
    supervisor, checker, payer = (as_program(app, role, place=PLACE) for role in (
        Role.SUPERVISOR, Role.FINANCE_CHECKER, Role.FINANCE_PAYER))  # fmt: skip

    def step(name: str, headers: dict[str, str], **body: str) -> tuple[int, str]:
        tag = client.get(url, headers=headers).headers["ETag"]
        answer = client.post(f"{url}/{name}", json=body or None, headers={**key(headers), "If-Match": tag})
        return answer.status_code, answer.json.get("code") or answer.json["state"]

    shown = client.get(url, headers=checker).json
    assert (shown["state"], shown["total"]) == ("parked", "945.00")
    assert "3 倍" in shown["parked_reason"]
    assert step("check", checker) == (409, "payout.wrong_state")
    assert step("send", payer) == (409, "payout.wrong_state")
    assert step("release", checker, reason="属实")[0] == 403
    assert step("release", supervisor)[0] == 422
    assert step("release", supervisor, reason="合同约定的一次性收入") == (200, "prepared")
    assert step("release", supervisor, reason="再来") == (409, "payout.wrong_state")
    assert step("check", checker) == (200, "checked")
    assert step("send", payer) == (200, "sent")
    with app.app_context():
        batch = db.session().scalars(sa.select(PayoutBatch).where(PayoutBatch.number == parked)).one()
        assert (batch.words, len({batch.prepared_by_id, batch.released_by_id, batch.checked_by_id, batch.sent_by_id})
                ) == ("合同约定的一次性收入", 4)  # fmt: skip
