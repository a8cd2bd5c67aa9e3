"""What waits about invoices, delivery receipts, disputes, free reuse and feedback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flask import url_for
from flask_babel import gettext

from kernel.calendar import business_date
from kernel.identity import SELLERS, Role
from market.approvals import queries as approvals
from market.approvals.rules import ApprovalState
from market.disputes import queries as disputes
from market.disputes.model import Dispute
from market.disputes.rules import DECIDABLE, DisputeState
from market.feedback import queries as feedback
from market.invoices import queries as invoices
from market.invoices.rules import InvoiceKind
from market.receipts import queries as receipts
from market.receipts.rules import ReceiptState
from market.reuse import queries as reuse
from registry.accounts.queries import accounts_behind
from registry.parties.model import Party
from web.worklists.tasks import SHOWN_MAX, Asking, Task

BUYERS = (Role.BUYER, Role.SOURCE)


def approvals_waiting(asking: Asking) -> Iterator[Task]:
    """Return the orders of the own organisation that wait for a second person; not those that one placed oneself."""
    actor = asking.acting(*BUYERS)
    for one in approvals.waiting(asking.session, actor, now=asking.now)[:SHOWN_MAX]:
        if actor.id in accounts_behind(asking.session, one.order.placed_by):
            continue
        lapsed = one.state is ApprovalState.LAPSED
        what = gettext("报价已过期，请取消订单") if lapsed else gettext("复核订单")
        yield Task("approvals", what, one.order.number, one.order.scenario,
                   url_for("approval_pages.show", number=one.order.number), one.order.place,
                   business_date(one.order.placed_at), business_date(one.due_at), "",
                   f"¥ {one.order.amount.grouped()}")  # fmt: skip


def approval_rules_waiting(asking: Asking) -> Iterator[Task]:
    """Return the proposed rules about orders of the own organisation that another person put forward."""
    actor = asking.acting(*BUYERS)
    for party_id in approvals.buying_for(actor):
        one = approvals.open_proposal(asking.session, party_id)
        if one is None or actor.id in accounts_behind(asking.session, one.proposed_by_id):
            continue
        place = asking.session.get_one(Party, party_id).place
        yield Task("approvals", gettext("复核采购复核规则的更改"), one.proposed_by, one.reason,
                   url_for("approval_pages.browse"), place, business_date(one.proposed_at), None)  # fmt: skip


def invoices_to_issue(asking: Asking) -> Iterator[Task]:
    """Return the requests for invoices and red letters that the own organisation has to issue."""
    for one in invoices.waiting(asking.session, asking.acting(*SELLERS))[:SHOWN_MAX]:
        what = gettext("开具红字发票") if one.kind is InvoiceKind.RED else gettext("开具发票")
        yield Task("invoices", what, one.number, one.title, url_for("invoice_pages.show", number=one.number), one.place,
                   business_date(one.requested_at), None, "REV-07", f"¥ {one.gross.grouped()}")  # fmt: skip


def receipts_to_answer(asking: Asking) -> Iterator[Task]:
    """Return the delivery receipts that wait for the own side to count or to sign."""
    for one in receipts.waiting(asking.session, asking.acting(*SELLERS, *BUYERS))[:SHOWN_MAX]:
        what = gettext("登记本方计数") if one.state is ReceiptState.ONE_SIDED else gettext("签署交付回执")
        yield Task("receipts", what, one.number, one.period.text(), url_for("receipt_pages.show", number=one.number),
                   one.place, business_date(one.opened_at), None, "MKT-03")  # fmt: skip


def disputes_waiting(asking: Asking) -> Iterator[Task]:
    """Return the disputes at the own places, with the day by which the next step is due."""
    for one in disputes.waiting(asking.session, asking.acting(Role.SUPERVISOR))[:SHOWN_MAX]:
        what, due = gettext("审理争议"), one.decide_by
        if one.state is DisputeState.FILED:
            what, due = gettext("受理争议"), one.accept_by
        elif one.state is DisputeState.MEDIATION:
            what, due = gettext("调解争议"), one.mediate_by
        elif one.state is DisputeState.DECIDED:
            what, due = gettext("办结争议"), None
        elif one.state in DECIDABLE and disputes.pending_proposal(asking.session, one.id) is not None:
            what = gettext("复核争议处理意见")
        yield _dispute(one, what, due)


def disputes_to_answer(asking: Asking) -> Iterator[Task]:
    """Return the disputes in which the own organisation may still state its view."""
    for one in disputes.to_answer(asking.session, asking.acting(*SELLERS, *BUYERS), asking.today)[:SHOWN_MAX]:
        yield _dispute(one, gettext("陈述对争议的意见"), one.answer_until)


def _dispute(one: Dispute, what: str, due: date | None) -> Task:
    return Task("disputes", what, one.number, one.name, url_for("dispute_pages.show", dispute_id=one.id), one.place,
                business_date(one.filed_at), due, "DSP-02",
                f"¥ {one.amount.grouped()}" if one.amount else "")  # fmt: skip


def reuse_offered(asking: Asking) -> Iterator[Task]:
    """Return the products that the own department may use free and has not taken up."""
    for one in reuse.waiting(asking.session, asking.own(Role.SOURCE), now=asking.now, book=asking.book)[:SHOWN_MAX]:
        yield Task("reuse", gettext("可免费使用的产品"), one.product.code, one.product.title,
                   url_for("reuse_pages.browse"), one.product.place, None, None, "REU-01")  # fmt: skip


def feedback_due(asking: Asking) -> Iterator[Task]:
    """Return the own products whose newest version is to be fed back, and the deliveries to receive."""
    actor = asking.acting(*SELLERS)
    for product in feedback.due(asking.session, actor, on=asking.today, book=asking.book)[:SHOWN_MAX]:
        yield Task("feedback", gettext("回馈成果或仿真数据"), product.code, product.title,
                   url_for("feedback_pages.browse"), product.place, None, None, "REU-02")  # fmt: skip
    for one in feedback.waiting(asking.session, asking.acting(Role.SOURCE, Role.SUPERVISOR))[:SHOWN_MAX]:
        yield Task("feedback", gettext("接收成果回馈"), one.number, one.words[:80], url_for("feedback_pages.browse"),
                   one.place, business_date(one.delivered_at), None, "REU-02")  # fmt: skip
