"""What waits about payouts: batches to release, check and pay, answers that are missing, accounts to confirm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext

from kernel.calendar import business_date
from kernel.identity import Role
from settlement.payees import queries as payees
from settlement.payees.model import PayeeAccount
from settlement.payees.rules import AccountState
from settlement.payouts import queries as payouts
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.rules import BatchState, PayoutState
from settlement.resolutions import queries as resolutions
from web.worklists.tasks import SHOWN_MAX, Asking, Task

UNKNOWN_LATE = timedelta(minutes=30)  # by then the provider has been asked many times


def batches_waiting(asking: Asking) -> Iterator[Task]:
    """Return the batches that wait for the person whose step is next."""
    for role, state, what in (
        (Role.SUPERVISOR, BatchState.PARKED, gettext("核实金额异常的拨付")),
        (Role.FINANCE_CHECKER, BatchState.PREPARED, gettext("复核拨付批次")),
        (Role.FINANCE_PAYER, BatchState.CHECKED, gettext("付出拨付批次")),
    ):
        if not asking.holds(role):
            continue
        query = payouts.listed(asking.acting(role), state=state).order_by(PayoutBatch.prepared_at, PayoutBatch.id)
        for one in asking.session.scalars(query.limit(SHOWN_MAX)):
            title = one.parked_reason or gettext("%(n)s 笔 · %(name)s 编制", n=one.count, name=one.prepared_by)
            yield Task("payouts", what, one.number, title, url_for("payout_pages.show", number=one.number), one.place,
                       business_date(one.prepared_at), None, "REV-05", f"¥ {one.total.grouped()}")  # fmt: skip


def payouts_unknown(asking: Asking) -> Iterator[Task]:
    """Return the payouts of which nobody has said for long whether they arrived."""
    batches = payouts.listed(asking.acting(Role.FINANCE_PREPARER)).with_only_columns(PayoutBatch.id)
    query = (
        sa.select(Payout, PayoutBatch.number)
        .join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
        .where(
            Payout.batch_id.in_(batches), Payout.state == PayoutState.UNKNOWN,
            Payout.sent_at < asking.now - UNKNOWN_LATE,
        )
        .order_by(Payout.sent_at, Payout.id)
    )  # fmt: skip
    for one, batch in asking.session.execute(query.limit(SHOWN_MAX)):
        since = business_date(one.sent_at) if one.sent_at else None
        yield Task("payouts", gettext("查明拨付结果"), one.number, one.words or batch,
                   url_for("payout_resolution_pages.show", number=one.number), one.place, since, None, "",
                   f"¥ {one.amount.grouped()}")  # fmt: skip


def payouts_short(asking: Asking) -> Iterator[Task]:
    """Return the payouts that the provider refused since its balance did not cover them."""
    batches = payouts.listed(asking.acting(Role.FINANCE_PAYER)).with_only_columns(PayoutBatch.id)
    query = (
        sa.select(Payout, PayoutBatch.number)
        .join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
        .where(Payout.batch_id.in_(batches), Payout.state == PayoutState.SHORT)
        .order_by(Payout.sent_at, Payout.id)
    )
    for one, batch in asking.session.execute(query.limit(SHOWN_MAX)):
        since = business_date(one.sent_at) if one.sent_at else None
        yield Task("payouts", gettext("补足支付机构余额"), one.number, one.words,
                   url_for("payout_pages.show", number=batch), one.place, since, None, "",
                   f"¥ {one.amount.grouped()}")  # fmt: skip


def resolutions_waiting(asking: Asking) -> Iterator[Task]:
    """Return what people propose about payouts of unknown fate, for the second person."""
    for one, payout in resolutions.waiting(asking.session, asking.acting(Role.FINANCE_CHECKER), limit=SHOWN_MAX):
        yield Task("payouts", gettext("复核拨付结果认定"), payout, f"{one.proposed_by}：{one.words[:60]}",
                   url_for("payout_resolution_pages.show", number=payout), one.place,
                   business_date(one.proposed_at), None, "R9")  # fmt: skip


def accounts_waiting(asking: Asking) -> Iterator[Task]:
    """Return the accounts of payees that wait for the second person."""
    query = payees.listed(asking.acting(Role.FINANCE_CHECKER), state=AccountState.ASKED)
    for one in asking.session.scalars(query.order_by(PayeeAccount.asked_at, PayeeAccount.id).limit(SHOWN_MAX)):
        yield Task("payees", gettext("复核收款账户"), one.shown, f"{one.holder} · {one.reason[:60]}",
                   url_for("payee_pages.browse"), one.place, business_date(one.asked_at), None, "E12")  # fmt: skip
