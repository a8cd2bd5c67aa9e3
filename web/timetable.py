"""What runs by the clock: name, how often, function. Any number of ``huiyi work`` keep time; one of them leads.

Each run claims ``(job, period)``, so that two processes, a restart or a run by hand never do it twice (scheduling.py).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from sqlalchemy.orm import Session

from kernel import audit, db, jobs, progress
from kernel.calendar import DAY, Period, business_date
from kernel.http import policy_book, working_calendar
from kernel.identity import Actor
from kernel.schedule import HOUR, MINUTE, Daily, Every
from market.buyer_accounts import commands as buyer_accounts
from market.invoices import commands as invoices
from market.webhooks import commands as webhooks
from registry.desk import commands as desk
from registry.review_clocks import commands as review_clocks
from registry.upkeep import commands as upkeep
from settlement.intake import commands as intake
from settlement.proofs import commands as proofs
from settlement.reminders import commands as reminders
from settlement.splits import commands as schedules
from settlement.traces import commands as traces
from web import archiving, cataloguing, courier, equal_prices, fetching, paying, paying_out, proxying, stripe_hooks
from web.assessing import read_all_headroom
from web.checker import verify
from web.scheduling import Job, Turn, keep_time

SEAL_MARGIN = timedelta(seconds=5)
FINDINGS_NAMED = 5
NEWS_KEPT = 7 * DAY


def _seal(session: Session, _actor: Actor, turn: Turn) -> str:
    made = audit.seal(session, now=turn.now, before=turn.now - SEAL_MARGIN)
    return f"封印 {made.sequence}，{made.line_count} 行" if made else "没有新的审计行"


def _take_in(session: Session, actor: Actor, turn: Turn) -> str:
    return f"入账 {intake.take_in_payments(session, actor, now=turn.now)} 笔"


def _freeze_terms(session: Session, actor: Actor, turn: Turn) -> str:
    places = policy_book().places()
    done = sum(schedules.freeze_terms(session, actor, place=place, now=turn.now) for place in places)
    return f"为订单固定分配方案 {done} 笔"


def _red_letters(session: Session, actor: Actor, turn: Turn) -> str:
    return f"退款后申请红字发票 {invoices.follow_refunds(session, actor, now=turn.now)} 张"


def _consent(session: Session, actor: Actor, turn: Turn) -> str:
    done = desk.let_silence_consent(session, actor, book=policy_book(), calendar=working_calendar(), now=turn.now)
    return f"超期视为同意 {done} 件"


def _escalate(session: Session, actor: Actor, turn: Turn) -> str:
    return f"督办逾期审核 {review_clocks.escalate(session, actor, now=turn.now)} 个环节"


def _move_reviews(session: Session, actor: Actor, turn: Turn) -> str:
    moved = review_clocks.move_deadlines(session, actor, calendar=working_calendar(), now=turn.now)
    return f"审核期限顺延 {moved} 个环节"


def _move_registrations(session: Session, actor: Actor, turn: Turn) -> str:
    return f"登记期限顺延 {upkeep.move_deadlines(session, actor, calendar=working_calendar(), now=turn.now)} 件"


def _cancel_expired(session: Session, actor: Actor, turn: Turn) -> str:
    return f"届满未续展注销 {upkeep.cancel_expired(session, actor, now=turn.now)} 件"


def _verify(_turn: Turn) -> str:
    """Check the books while everybody goes on writing."""
    session = db.session()
    try:
        return f"发现 {len(verify(session.connection()))} 处"
    finally:
        session.rollback()


def _read_headroom(session: Session, actor: Actor, turn: Turn) -> str:
    read, refused = read_all_headroom(session, actor, turn.now, policy_book())
    return "；".join([f"读取收入余量 {read} 份协议", *refused[:FINDINGS_NAMED]])


def _state_months(session: Session, actor: Actor, turn: Turn) -> str:
    """Issue the statements of every month that ended since the last run, or of the last one again: nothing twice."""
    now, issued = turn.now, 0
    until = Period.month_of(business_date(now)).start
    month = Period.month_of(min(business_date(turn.since or now), until - DAY)).start
    while month < until:
        issued += buyer_accounts.issue_statements(session, actor, month=f"{month:%Y-%m}", now=now)
        month = Period.month_of(month).end
    return f"出具月结账单 {issued} 份"


def _compare_prices(session: Session, _actor: Actor, turn: Turn) -> str:
    """Compare the day before the one whose turn it is."""
    found = equal_prices.findings(session, turn.slot.day - DAY)
    named = "；".join(one.words for one in found[:FINDINGS_NAMED])
    return f"同质同价 {len(found)} 处" + (f"：{named}" if named else "")


def _forget_messages(session: Session, actor: Actor, turn: Turn) -> str:
    return f"清理过期推送 {webhooks.forget(session, actor, now=turn.now)} 条"


def _index(session: Session, actor: Actor, turn: Turn) -> str:
    return f"更新目录索引 {cataloguing.refresh(session, actor, turn.now)} 条"


def _give_up(session: Session, actor: Actor, turn: Turn) -> str:
    return proxying.give_up(session, actor, turn.now)


def _anchor(session: Session, actor: Actor, turn: Turn) -> str:
    made = proofs.anchor(session, actor, now=turn.now, day=turn.slot.day - DAY)
    return f"{made.day} 的锚定：{made.seals} 个封印，SHA-256 {made.sha256}"


def _sum_up_use(session: Session, actor: Actor, turn: Turn) -> str:
    return f"汇总逐日用量 {traces.sum_up(session, actor, now=turn.now)} 期"


def _remind(session: Session, actor: Actor, turn: Turn) -> str:
    book, calendar = policy_book(), working_calendar()
    told = [
        one
        for place in book.places()
        for one in reminders.remind(session, actor, place=place, now=turn.now, book=book, calendar=calendar)
    ]
    return f"提醒到期结算 {len(told)} 期" + "".join(
        f"；{one.name} 应于 {one.due} 前封存" for one in told[:FINDINGS_NAMED]
    )


def _forget_runs(session: Session, _actor: Actor, turn: Turn) -> str:
    gone = sum(jobs.forget(session, job.name, before=turn.now - job.kept) for job in JOBS)
    news = progress.forget(before=turn.now - NEWS_KEPT)
    return f"清理已完成的运行记录 {gone} 条、进度 {news} 条"


DAILY = Daily()
JOBS = (
    Job("audit.seal", Every(MINUTE), _seal, vital=True),
    Job("payments.take_in", Every(MINUTE), _take_in, vital=True),
    Job("payments.inbox", Every(MINUTE), alone=lambda turn: stripe_hooks.work_off(turn.now)),
    Job("payments.follow", Every(MINUTE), alone=lambda turn: paying.follow_all(turn.now)),
    Job("payouts.carry_out", Every(MINUTE), alone=lambda turn: paying_out.follow_all(turn.now)),
    Job("payments.sweep", Every(10 * MINUTE), alone=lambda turn: stripe_hooks.sweep(turn.now)),
    Job("accounts.statements", Every(HOUR), _state_months),
    Job("orders.freeze_terms", Every(5 * MINUTE), _freeze_terms),
    Job("invoices.red_letters", Every(5 * MINUTE), _red_letters),
    Job("catalogue.index", Every(5 * MINUTE), _index),
    # a new holiday table first: it may give the silent and the late another day
    Job("reviews.move_deadlines", Every(HOUR), _move_reviews),
    Job("requests.deemed_consent", Every(HOUR), _consent, after=("reviews.move_deadlines",)),
    Job("reviews.escalate", Every(HOUR), _escalate, after=("reviews.move_deadlines",)),
    Job("registrations.move_deadlines", Every(HOUR), _move_registrations),
    Job("registrations.cancel_expired", Every(HOUR), _cancel_expired, after=("registrations.move_deadlines",)),
    Job("reconciliation.daily", DAILY, alone=fetching.reconcile_daily, each=True),
    Job("headroom.read", DAILY, _read_headroom),
    Job("prices.compare", DAILY, _compare_prices, each=True),
    Job("webhooks.send", Every(timedelta(seconds=5)), alone=courier.work, kept=7 * DAY),
    Job("webhooks.forget", DAILY, _forget_messages),
    Job("calls.give_up", Every(HOUR), _give_up),
    Job("books.verify", Every(5 * MINUTE), alone=_verify, vital=True),
    Job("proofs.anchor", DAILY, _anchor, each=True),
    Job("usage.sum_up", Every(5 * MINUTE), _sum_up_use),
    Job("settlements.remind", DAILY, _remind),
    Job("usage.archive", DAILY, alone=archiving.archive_all),
    Job("jobs.forget", DAILY, _forget_runs),
)


def work(app: Flask, say: Callable[[str], None], stop: threading.Event | None = None) -> None:
    """Stand by or lead until stopped (``SIGTERM``, Ctrl-C, or ``stop``); what runs then comes to its end."""
    stopped = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for known in (signal.SIGTERM, signal.SIGINT):
            signal.signal(known, lambda _number, _frame: stopped.set())
    keep_time(app, JOBS, say, stopped)
