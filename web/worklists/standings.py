"""How the things stand that a role comes for: settlements, what data earned, allowances, sales, seals and anchors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext

from kernel.calendar import DAY, CalendarGap, Period, add_months
from kernel.identity import FINANCE, SELLERS, Role
from kernel.money import ZERO, Money, total
from market.entitlements.model import Entitlement
from registry.products.model import Product
from settlement.breaks import queries as breaks
from settlement.metering.model import UsageTotal
from settlement.payouts.model import Payout
from settlement.payouts.rules import PayoutState
from settlement.proofs.model import Anchor
from settlement.proofs.queries import newest_anchor
from settlement.reminders.queries import due_of
from settlement.reports import queries as reports
from settlement.reports.queries import Wanted
from settlement.reports.rules import Grain, Measure, Row, closed
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState
from settlement.scopes.queries import scope_of
from settlement.statements.model import Statement
from settlement.takings import queries as takings
from settlement.takings.rules import Taking, summed
from web.worklists.tasks import Asking
from web.worklists.uses import BUYERS

MONTHS_BACK = 11  # with the running month a year
SHOWN = 12
LATEST = 5
LOW = 10  # one part in so many is left: nearly used up
TIED = ("收入（不含税＋税）", "凭证", "分配＋税", "结算单＋税")  # in the order in which one follows from the other


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One month of one place: its settlement, if there is one, until when it is to be sealed, what was paid of it."""

    place: str
    period: Period
    run: SettlementRun | None
    due: date | None
    payable: Money = ZERO
    paid: Money = ZERO

    @property
    def state(self) -> str:
        """Open while the month runs or nobody prepared it; then as its settlement stands; paid when all left."""
        if self.run is None:
            return "open"
        is_paid = self.run.state is RunState.SEALED and self.payable > ZERO and self.paid >= self.payable
        return "paid" if is_paid else str(self.run.state)

    @property
    def net(self) -> Money | None:
        """What there is to divide, without tax; None while nothing is prepared."""
        return None if self.run is None else Money.signed_yuan(self.run.totals["net"])

    @property
    def is_tied(self) -> bool:
        """Say whether income, vouchers, shares and statements were the same sum at the seal."""
        tied = self.run.totals["tie_out"] if self.run else {}
        return bool(tied) and len({tied[name] for name in TIED if name in tied}) == 1

    def ties(self) -> list[dict[str, Any]]:
        """Return what must agree to the fen, as it was proven at the seal, and what of it has left since, as bars."""
        run = self.run
        assert run is not None
        address = url_for("settlement_pages.show", number=run.number)
        tied = run.totals["tie_out"]
        sums = [(name, Money.signed_yuan(tied[name]), address) for name in TIED if name in tied]
        sums.append((gettext("应拨付（不含税和暂挂）"), self.payable, address))
        sums.append((gettext("已拨付到账"), self.paid, url_for("payout_pages.browse")))
        return [{"label": gettext(name), "count": amount.fen, "shown": amount.grouped(), "url": link}
                for name, amount, link in sums]  # fmt: skip


def settlement_months(asking: Asking) -> list[MonthLine]:
    """Return the last and the running month of the own places, as they stand."""
    running = Period.month_of(asking.today)
    last = Period.month_of(running.start - DAY)
    places = asking.places(*FINANCE)
    query = sa.select(SettlementRun).where(
        SettlementRun.place.in_(places), SettlementRun.period_start.in_((last.start, running.start))
    )
    runs = {(run.place, run.period_start): run for run in asking.session.scalars(query)}
    return [
        _line(asking, place, period, runs.get((place, period.start))) for place in places for period in (last, running)
    ]


def latest_sealed(asking: Asking) -> list[MonthLine]:
    """Return the last sealed settlement of each own place, with what was paid of it."""
    newest = (
        sa.select(SettlementRun.place, sa.func.max(SettlementRun.period_start).label("start"))
        .where(SettlementRun.state == RunState.SEALED, SettlementRun.place.in_(asking.places(*FINANCE, Role.AUDITOR)))
        .group_by(SettlementRun.place)
        .subquery()
    )
    query = sa.select(SettlementRun).join(
        newest, sa.and_(newest.c.place == SettlementRun.place, newest.c.start == SettlementRun.period_start)
    )
    runs = asking.session.scalars(query.order_by(SettlementRun.place)).all()
    return [_line(asking, run.place, Period(run.period_start, run.period_end), run) for run in runs]


def _line(asking: Asking, place: str, period: Period, run: SettlementRun | None) -> MonthLine:
    try:
        due = due_of(place, period, asking.book, asking.calendar)
    except CalendarGap:
        due = None
    if run is None or run.state is not RunState.SEALED:
        return MonthLine(place, period, run, due)
    owed = [
        Money.signed_yuan(amount)
        for payees in asking.session.scalars(sa.select(Statement.payees).where(Statement.run_id == run.id))
        for kind, amount in payees.items() if kind != "held"
    ]  # fmt: skip
    paid: Money | None = asking.session.scalar(
        sa.select(sa.func.sum(Payout.gross))
        .join(Statement, Statement.id == Payout.statement_id)
        .where(Statement.run_id == run.id, Payout.state == PayoutState.CONFIRMED)
    )
    return MonthLine(place, period, run, due, total(owed), paid or ZERO)


@dataclass(frozen=True, slots=True)
class Earned:
    """What the own data earned in a year of months: the latest lines, the sum, and which months."""

    rows: Sequence[Row]
    total: Row
    period: Period


def earned_by_own_data(asking: Asking) -> Earned:
    """Return what the own departments received of sealed settlements: by month and product, wherever it was paid."""
    running = Period.month_of(asking.today)
    year = Period(add_months(running.start, -MONTHS_BACK), running.end)
    wanted = Wanted(scope_of(asking.acting(Role.SOURCE)), year, grain=Grain.MONTH, measure=Measure.SHARE)
    rows = reports.rows(asking.session, wanted)
    latest = sorted(rows, key=lambda row: row.part, reverse=True)[:SHOWN]
    return Earned(latest, closed(rows), year)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is used of one entitlement; ``quota`` is None where use is not limited."""

    number: str
    title: str
    code: str
    used: int
    quota: int | None
    until: date

    @property
    def left(self) -> int | None:
        """What may still be used."""
        return None if self.quota is None else self.quota - self.used

    @property
    def is_low(self) -> bool:
        """Say whether a tenth or less is left, or nothing."""
        return self.quota is not None and (self.quota - self.used) * LOW <= self.quota


def allowances(asking: Asking) -> list[Allowance]:
    """Return what the own organisations may use today, those that end first on top."""
    used = sa.func.coalesce(UsageTotal.used, 0)
    query = (
        sa.select(Entitlement.number, Product.title, Product.code, used, Entitlement.quota, Entitlement.valid_until)
        .join(Product, Product.id == Entitlement.product_id)
        .join(UsageTotal, UsageTotal.entitlement_id == Entitlement.id, isouter=True)
        .where(
            Entitlement.buyer_id.in_(asking.own(*BUYERS)), Entitlement.valid_from <= asking.today,
            Entitlement.valid_until >= asking.today,
        )
        .order_by(Entitlement.valid_until, Entitlement.number)
        .limit(SHOWN)
    )  # fmt: skip
    return [Allowance(number, title, code, int(times), quota, until)
            for number, title, code, times, quota, until in asking.session.execute(query)]  # fmt: skip


def sales_of_month(asking: Asking) -> Taking:
    """Return what the own organisations sold, took in and gave back in the running month."""
    own = asking.own(*SELLERS)
    return summed(takings.takings(asking.session, own, Period.month_of(asking.today)))


@dataclass(frozen=True, slots=True)
class Kept:
    """What an auditor looks at first: the newest seals and anchor, and how many breaks are open."""

    sealed: Sequence[SettlementRun]
    anchor: Anchor | None
    breaks: int


def evidence(asking: Asking) -> Kept:
    """Return the settlements sealed last at the places of an auditor, the newest anchor, and the open breaks."""
    sealed = sa.select(SettlementRun).where(
        SettlementRun.state == RunState.SEALED, SettlementRun.place.in_(asking.places(Role.AUDITOR))
    )
    newest = asking.session.scalars(sealed.order_by(SettlementRun.sealed_at.desc()).limit(LATEST)).all()
    found = breaks.listed(asking.acting(Role.AUDITOR), is_open=True).subquery()
    count = asking.session.scalar(sa.select(sa.func.count()).select_from(found))
    return Kept(newest, newest_anchor(asking.session), count or 0)
