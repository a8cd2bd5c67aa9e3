"""Two working days of those who settle and pay: a month that waits to be settled, or one that was, and who may look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import new_id
from kernel.identity import Actor, Grant, Role
from settlement.intake.commands import take_in_payments
from settlement.proofs import commands as proofs
from tests.make import payouts
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig.worlds import remembered

SETTLING, PAYING = make.NOW, payouts.PAY
PROVEN = PAYING + timedelta(days=1)
NAMES = {
    Role.FINANCE_PREPARER: "邝记账", Role.FINANCE_CHECKER: "植复核", Role.FINANCE_PAYER: "劳付款",
    Role.AUDITOR: "陈审计",
}  # fmt: skip


@dataclass
class FinanceDay:
    """The worked example of REV-04: 1,590.00 was paid, of it 90.00 is tax, and 1,500.00 is divided."""

    world: make.World


@remembered
def make_finance_day(session: Session) -> FinanceDay:
    """August was used and paid, its accounts are named, nothing is settled; people sign in with their role as login."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    make.use(session, world.levels_bought, 100)
    take_in_payments(session, make.preparer(), now=SETTLING, place=base.PLACE)
    payouts.make_account(session, world.operator, "6222000000000001")
    payouts.make_account(session, world.platform, "6222000000000002")
    payouts.make_account(session, None, "6222000000000009")
    for role, name in NAMES.items():
        base.make_account(session, role, login=role.value, name=name, place=base.PLACE)
    base.make_account(session, Role.SOURCE, party=world.bureau, login="source", name="卫数源")
    return FinanceDay(world)


@remembered
def make_settled_day(session: Session) -> FinanceDay:
    """August was settled, and what stands sealed was anchored the night after."""
    day = make_finance_day(session)
    make.settle(session)
    audit.seal(session, now=PAYING, before=PAYING)
    timetable = Actor(id=new_id(), name="定时任务", grants=(Grant(Role.SCHEDULER),), channel="job")
    proofs.anchor(session, timetable, now=PAYING)
    return day
