"""What runs by the clock: name, trigger, function. One process (``huiyi work``) runs it; APScheduler only keeps time.

Each run claims ``(job, period)`` in the transaction of its work, so that two processes, a restart or a hand
run never do it twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask
from sqlalchemy.orm import Session

from kernel import audit, clock, db, jobs
from kernel.calendar import DAY, Period, business_date
from kernel.http import policy_book, working_calendar
from kernel.identity import Actor, Grant, Role
from market.buyer_accounts import commands as buyer_accounts
from market.invoices import commands as invoices
from market.webhooks import commands as webhooks
from registry.desk import commands as desk
from registry.review_clocks import commands as review_clocks
from registry.upkeep import commands as upkeep
from settlement.intake import commands as intake
from web import cataloguing, courier, equal_prices, paying, proxying, stripe_hooks
from web.assessing import read_all_headroom
from web.checker import verify

SCHEDULER = Actor(id=UUID(int=1), name="定时任务", grants=(Grant(Role.SCHEDULER),), channel="job")
SEND_SECONDS = 5
SEAL_MARGIN = timedelta(seconds=5)
FINDINGS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the timetable; ``minutes`` between runs."""

    name: str
    minutes: int
    run: Callable[[Session, Actor, datetime], str]
    alone: Callable[[datetime], str] | None = None  # speaks to the outside, so it opens its own transactions

    def period(self, now: datetime) -> str:
        """Return the name of the period that ``now`` falls into."""
        start = int(now.timestamp()) // (self.minutes * 60) * self.minutes * 60
        return datetime.fromtimestamp(start, UTC).isoformat()


def _seal(session: Session, _actor: Actor, now: datetime) -> str:
    made = audit.seal(session, now=now, before=now - SEAL_MARGIN)
    return f"封印 {made.sequence}，{made.line_count} 行" if made else "没有新的审计行"


def _take_in(session: Session, actor: Actor, now: datetime) -> str:
    return f"入账 {intake.take_in_payments(session, actor, now=now)} 笔"


def _red_letters(session: Session, actor: Actor, now: datetime) -> str:
    return f"退款后申请红字发票 {invoices.follow_refunds(session, actor, now=now)} 张"


def _consent(session: Session, actor: Actor, now: datetime) -> str:
    done = desk.let_silence_consent(session, actor, book=policy_book(), calendar=working_calendar(), now=now)
    return f"超期视为同意 {done} 件"


def _escalate(session: Session, actor: Actor, now: datetime) -> str:
    return f"督办逾期审核 {review_clocks.escalate(session, actor, now=now)} 个环节"


def _move_reviews(session: Session, actor: Actor, now: datetime) -> str:
    moved = review_clocks.move_deadlines(session, actor, calendar=working_calendar(), now=now)
    return f"审核期限顺延 {moved} 个环节"


def _move_registrations(session: Session, actor: Actor, now: datetime) -> str:
    return f"登记期限顺延 {upkeep.move_deadlines(session, actor, calendar=working_calendar(), now=now)} 件"


def _cancel_expired(session: Session, actor: Actor, now: datetime) -> str:
    return f"届满未续展注销 {upkeep.cancel_expired(session, actor, now=now)} 件"


def _verify(session: Session, _actor: Actor, _now: datetime) -> str:
    return f"发现 {len(verify(session.connection()))} 处"


def _read_headroom(session: Session, actor: Actor, now: datetime) -> str:
    read, refused = read_all_headroom(session, actor, now, policy_book())
    return "；".join([f"读取收入余量 {read} 份协议", *refused[:FINDINGS_NAMED]])


def _outside(_session: Session, _actor: Actor, _now: datetime) -> str:
    return "进行中"


def _state_months(session: Session, actor: Actor, now: datetime) -> str:
    month = Period.month_of(Period.month_of(business_date(now)).start - DAY).start
    issued = buyer_accounts.issue_statements(session, actor, month=f"{month:%Y-%m}", now=now)
    return f"出具月结账单 {issued} 份"


def _compare_prices(session: Session, _actor: Actor, now: datetime) -> str:
    found = equal_prices.findings(session, business_date(now) - DAY)
    named = "；".join(one.words for one in found[:FINDINGS_NAMED])
    return f"同质同价 {len(found)} 处" + (f"：{named}" if named else "")


def _forget_messages(session: Session, actor: Actor, now: datetime) -> str:
    return f"清理过期推送 {webhooks.forget(session, actor, now=now)} 条"


def _index(session: Session, actor: Actor, now: datetime) -> str:
    return f"更新目录索引 {cataloguing.refresh(session, actor, now)} 条"


JOBS = (
    Job("audit.seal", 1, _seal),
    Job("payments.take_in", 1, _take_in),
    Job("payments.inbox", 1, _outside, stripe_hooks.work_off),
    Job("payments.follow", 1, _outside, paying.follow_all),
    Job("payments.sweep", 10, _outside, stripe_hooks.sweep),
    Job("accounts.statements", 60, _state_months),
    Job("invoices.red_letters", 5, _red_letters),
    Job("catalogue.index", 5, _index),
    # a new holiday table first: it may give the silent and the late another day
    Job("reviews.move_deadlines", 60, _move_reviews),
    Job("requests.deemed_consent", 60, _consent),
    Job("reviews.escalate", 60, _escalate),
    Job("registrations.move_deadlines", 60, _move_registrations),
    Job("registrations.cancel_expired", 60, _cancel_expired),
    Job("headroom.read", 1440, _read_headroom),
    Job("prices.compare", 1440, _compare_prices),
    Job("webhooks.forget", 1440, _forget_messages),
    Job("calls.give_up", 60, proxying.give_up),
    Job("books.verify", 5, _verify),
)


def run(app: Flask, job: Job) -> str:
    """Run one job now, once for its period; return what it did."""
    with app.app_context():
        now = clock.now()
        with db.transaction() as session:
            period = job.period(now)
            if not jobs.claim(session, job.name, period, now=now):
                return f"{job.name}：{period} 已运行"
            result = job.run(session, SCHEDULER, now)
            jobs.finish(session, job.name, period, result)
        if job.alone is not None:
            result = job.alone(now)
            with db.transaction() as session:
                jobs.finish(session, job.name, period, result)
        return f"{job.name}：{result}"


def deliver(app: Flask) -> str:
    """Send the webhooks that are due; return what was done. It waits for receivers, so it claims no period: one sender
    at a time holds a lease.
    """
    done = courier.run(app, SCHEDULER)
    return f"{courier.JOB}：{done.words()}" if done.queued or done.sent else ""


def last_runs(session: Session) -> list[tuple[str, Any]]:
    """Return each job's newest run."""
    return jobs.last_runs(session)


def work(app: Flask, say: Callable[[str], None]) -> None:
    """Run every job now, then keep time until stopped."""
    scheduler = BlockingScheduler(timezone="Asia/Shanghai")
    for job in JOBS:
        say(run(app, job))
        scheduler.add_job(lambda job=job: say(run(app, job)), "interval", minutes=job.minutes, id=job.name,
                          coalesce=True, max_instances=1)  # fmt: skip

    def send() -> None:
        if done := deliver(app):
            say(done)

    scheduler.add_job(send, "interval", seconds=SEND_SECONDS, id=courier.JOB, coalesce=True, max_instances=1)
    scheduler.start()
