"""The checker knows payouts, receivables, reconciliations, closed books, contribution figures and archives.

Damage is planted on both databases, past triggers and constraints; each is found and named, and sound books are not.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import DAY, Period, WorkingCalendar, business_date
from kernel.identity import Role
from kernel.money import Money
from market.payments.rules import Answer, Outcome
from settlement.breaks import commands as breaks
from settlement.breaks import queries as found_breaks
from settlement.breaks.model import Break
from settlement.breaks.rules import Resolution
from settlement.clawbacks import commands as clawbacks
from settlement.clawbacks.model import Clawback
from settlement.clawbacks.rules import ClawbackKind, RecoveryAct, RecoveryKind
from settlement.closing import commands as closing
from settlement.notices import commands as notices
from settlement.notices import queries as noticed
from settlement.objections import commands as objections
from settlement.objections.rules import Factor
from settlement.payees import commands as payees
from settlement.payouts import commands as payouts
from settlement.payouts import queries as paid
from settlement.payouts.rules import Result
from settlement.reconciliation import commands as reconciling
from settlement.resolutions import commands as resolutions
from settlement.resolutions.rules import Fate, ResolutionAct
from settlement.usage import commands as archiving
from settlement.usage.gateway import OPTION, Archive
from settlement.usage.rules import Engine
from tests.make import invoices, market, paying, settlement
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.rig.planting import planted
from web.checker import paid_and_closed, verify
from web.paying import PROVIDER

LAW, PLACE, CALENDAR = settlement.LAW, base.PLACE, WorkingCalendar()
LATER = make.PAY + timedelta(days=2)
JULY = Period.month("2026-07")


def tell(session: Session, folder: Path) -> None:
    """A month closed, one settled, paid, partly returned, refunded, repaid, reconciled, objected to and archived."""
    world = settlement.make_world(session)
    settlement.use(session, world.scores_bought, 200)
    settlement.use(session, world.levels_bought, 100)
    settlement.settle(session, period=JULY)
    invoices.make_issued(session, world.levels_bought, now=settlement.NOW)
    invoices.make_issued(session, world.scores_bought, now=settlement.NOW)
    close_july(session)
    contribute(session, world)
    settlement.settle(session)
    for party, number in ((world.operator, "6222000000000001"), (world.platform, "6222000000000002"),
                          (None, "6222000000000009")):  # fmt: skip
        make.make_account(session, party, number)
    pay(session, world)
    reconcile(session)
    session.get_bind().update_execution_options(**{OPTION: Archive(Engine.DUCKDB, folder)})  # type: ignore[union-attr]
    day = business_date(settlement.USED_AT)
    archiving.archive_day(session, settlement.preparer(), place=PLACE, day=day, now=LATER)
    audit.seal(session, now=LATER, before=LATER + DAY)
    session.commit()


def close_july(session: Session) -> None:
    """Close the month before by two people."""
    session.flush()
    audit.seal(session, now=settlement.NOW, before=settlement.NOW + DAY)
    closing.start(session, settlement.preparer(), place=PLACE, period=JULY, now=settlement.NOW, calendar=CALENDAR,
                  book=LAW)  # fmt: skip
    closing.close(session, settlement.checker(), place=PLACE, period=JULY, now=settlement.NOW, calendar=CALENDAR)


def contribute(session: Session, world: settlement.World) -> None:
    """Draw and open the figures; the bureau objects to one and is right."""
    now = settlement.NOW
    totals = noticed.sold(session, place=PLACE, period=settlement.PERIOD, received_until=now)
    drawn = notices.draw(session, settlement.preparer(), place=PLACE, period=settlement.PERIOD, totals=totals, now=now,
                         book=LAW)  # fmt: skip
    notices.open_notice(session, settlement.checker(), drawn.number, now=now, book=LAW, calendar=CALENDAR)
    figure = next(one.figure for one in noticed.lines(session, drawn.id)
                  if one.party.id == world.bureau.id and one.product.id == world.scores.id)  # fmt: skip
    person = base.actor(Role.SOURCE, org_id=world.bureau.id, place=PLACE)
    made = objections.file(session, person, drawn.number, figure_id=figure.id, factor=Factor.QUALITY, claimed="0.95",
                           grounds="评分时工单已办结", now=now)  # fmt: skip
    objections.decide(session, base.supervisor(), made.number, is_upheld=True, reason="属实", corrected="0.95", now=now)


def pay(session: Session, world: settlement.World) -> None:
    """Pay everything: one arrives, one comes back, the treasury's is open; refund, repay part, prepare again."""
    to_bank, _ = sorted(make.pay_all(session), key=lambda one: one.channel)
    arrived, back = sorted(paid.payouts_of(session, to_bank.id), key=lambda one: one.party_id == world.platform.id)
    answer = [Result(2, arrived.number, arrived.amount, True, "OUT-BANK-1")]
    payouts.take_results(session, make.PREPARER, to_bank.number, results=answer, now=make.PAY)
    payouts.note(session, PROVIDER, back.id, Outcome(Answer.UNKNOWN), now=make.PAY)
    told = resolutions.propose(
        session, make.PREPARER, back.number, fate=Fate.RETURNED, provider_reference="退汇-1", words="开户行书面答复",
        file={"name": "退汇.pdf", "media_type": "application/pdf", "content": b"%PDF"}, now=make.PAY,
    )  # fmt: skip
    resolutions.decide(session, make.CHECKER, told.id, act=ResolutionAct.CONFIRM, words="属实", now=make.PAY)
    make.give_back(session, world, "530.00", line="OUT-1", now=make.PAY + timedelta(hours=1))
    debt = session.scalars(sa.select(Clawback).where(Clawback.kind == ClawbackKind.RECEIVABLE,
                                                     Clawback.is_treasury.is_(False))).one()  # fmt: skip
    asked = clawbacks.ask_recovery(session, make.PREPARER, debt.id, kind=RecoveryKind.REPAID, amount=Money.yuan("100"),
                                   reason="退回", bank_line="IN-1", now=make.PAY)  # fmt: skip
    clawbacks.decide_recovery(session, make.CHECKER, asked.id, act=RecoveryAct.CONFIRM, reason="属实", now=make.PAY)
    late = market.make_entitlement(session, world.levels, world.buyer, quantity=100)
    next_month = datetime(2026, 10, 2, 2, 0, tzinfo=make.PAY.tzinfo)
    settlement.use(session, late, 100, prefix="sep", at=datetime(2026, 9, 9, 2, 0, tzinfo=make.PAY.tzinfo),
                   now=next_month)  # fmt: skip
    settlement.settle(session, period=Period.month("2026-09"), now=next_month)
    for batch in make.prepare(session, next_month):
        make.send(session, batch, next_month)
    frozen = payees.freeze(session, make.SUPERVISOR, place=PLACE, uscc=world.platform.uscc, document="（2026）执1号",
                           reason="协助冻结", now=next_month + DAY)  # fmt: skip
    assert frozen.lifted_at is None


def reconcile(session: Session) -> None:
    """A line of the bank that nobody knows is a break; it is explained, and closed by another person."""
    at = make.PAY
    paying.enter(session, "BK-9", "12.00", "没有编号", "过路人", now=at)
    day = business_date(at)
    reconciling.reconcile(
        session, settlement.preparer(), place=PLACE, period=Period(day, day + DAY), now=LATER, book=LAW
    )
    for one in session.scalars(sa.select(Break)).all():
        breaks.explain(session, settlement.preparer(), one.number, note="误汇", now=LATER)
        breaks.propose(session, settlement.preparer(), one.number, resolution=Resolution.REFUNDED, note="退", now=LATER)
        proposal = found_breaks.waiting_proposal(session, one.id)
        assert proposal is not None
        breaks.confirm(session, settlement.checker(), one.number, sha256=proposal.sha256, now=LATER)


def first(table: str, where: str = "1 = 1", column: str = "id") -> str:
    """SQL for a column of one row."""
    return f"(SELECT {column} FROM {table} WHERE {where} ORDER BY id LIMIT 1)"


PAYOUT, ITEM, BATCH = "settlement_payout", "settlement_payout_item", "settlement_payout_batch"
CLAWBACK, NETTING = "settlement_clawback", "settlement_clawback_netting"
RECOVERY, ACCOUNT = "settlement_clawback_recovery", "settlement_payee_account"
BREACHES = {
    "REV-05 拨付金额与其明细之和不符": f"UPDATE {ITEM} SET amount = amount - 1 WHERE id = {first(ITEM)}",
    "REV-05 拨付明细不等于结算单分得减退款":
        f"UPDATE {ITEM} SET amount = amount + 1 WHERE id = {first(ITEM, 'slot IS NOT NULL')}",
    "REV-05 同一款项有两笔有效拨付": f"UPDATE {PAYOUT} SET state = 'sent', ended_at = NULL WHERE state = 'returned'",
    "REV-05 拨付明细的占用标记与拨付状态不符":
        f"UPDATE {ITEM} SET slot = NULL WHERE id = {first(ITEM, 'slot IS NOT NULL')}",
    "REV-05 拨付明细不属于该结算单或该单位":
        f"UPDATE {ITEM} SET account = 'liability:payable:x' WHERE id = {first(ITEM)}",
    "REV-05 拨付批次的金额或笔数与拨付不符": f"UPDATE {BATCH} SET total = total + 1 WHERE id = {first(BATCH)}",
    "REV-05 拨付批次与编制时的摘要不符":
        f"UPDATE {ACCOUNT} SET sealed_number = sealed_number || 'x' WHERE party_id IS NOT NULL",
    "REV-05 拨付与所属批次的状态或地方不符": f"UPDATE {BATCH} SET state = 'done' WHERE state = 'sent'",
    "REV-05 拨付没有付到归属单位或国库的有效账户": f"UPDATE {ACCOUNT} SET state = 'refused'",
    "REV-05 拨付抵扣的金额与抵扣明细不符": f"UPDATE {PAYOUT} SET netted = netted + 1, gross = gross + 1",
    "REV-05 抵扣或核销了国库款项": f"UPDATE {CLAWBACK} SET is_treasury = NOT is_treasury WHERE kind = 'receivable'",
    "A2 在途拨付科目与未办结的拨付不符": f"UPDATE {PAYOUT} SET state = 'confirmed' WHERE state = 'sent'",
    "H1 已发出的拨付没有对应凭证":
        "UPDATE settlement_journal_entry SET cause_id = cause_id || 'x' WHERE cause = 'payout_sent'",
    "H1 已到账或退回的拨付没有对应凭证":
        "UPDATE settlement_journal_entry SET cause_id = cause_id || 'x' WHERE cause = 'payout_returned'",
    "H1 拨付凭证没有对应的拨付": f"UPDATE {PAYOUT} SET state = 'prepared' WHERE state = 'confirmed'",
    "H1 应付科目因拨付减少的金额与拨付明细不符":
        f"UPDATE {PAYOUT} SET state = 'returned' WHERE state = 'confirmed'",
    "E12 收款账户生效之前已编制拨付": f"UPDATE {ACCOUNT} SET effective_at = '2027-01-01 00:00:00+00:00'",
    "H8 冻结期间发出了拨付": "UPDATE settlement_payee_freeze SET placed_at = '2026-09-01 00:00:00+00:00'",
    "H9 收款账户由同一人提出和确认": f"UPDATE {ACCOUNT} SET decided_by_id = asked_by_id",
    "H9 冻结由同一人申请和解除": "UPDATE settlement_payee_freeze SET lifted_at = placed_at, "
        f"lift_asked_by_id = {first('registry_account')}, lifted_by_id = {first('registry_account')}",
    "H9 拨付结果由同一人提出和确认": "UPDATE settlement_payout_resolution SET decided_by_id = proposed_by_id",
    "R9 经人认定的拨付与认定的结果不符": "UPDATE settlement_payout_resolution SET fate = 'confirmed'",
    "H9 拨付发出而没有三人办理": f"UPDATE {BATCH} SET sent_by_id = NULL",
    "H9 同一人编制并复核拨付批次": f"UPDATE {BATCH} SET checked_by_id = prepared_by_id",
    "H9 同一人编制并发出拨付批次": f"UPDATE {BATCH} SET sent_by_id = prepared_by_id",
    "H9 同一人复核并发出拨付批次": f"UPDATE {BATCH} SET sent_by_id = checked_by_id",
    "H9 同一人编制并解除拨付批次": f"UPDATE {BATCH} SET released_by_id = prepared_by_id",
    "H9 同一人解除并发出拨付批次": f"UPDATE {BATCH} SET released_by_id = sent_by_id",
    "A5 退款分摊与退款凭证不符": f"UPDATE {CLAWBACK} SET amount = amount - 1 WHERE kind = 'reduced'",
    "A5 退款分摊不出于退款凭证": f"UPDATE {CLAWBACK} SET account = 'liability:payable:x' WHERE kind = 'reduced'",
    "A5 一方退回超过分得": f"UPDATE {CLAWBACK} SET amount = amount * 9 WHERE kind = 'reduced'",
    "A5 应收退款没有对应凭证或金额不符": f"UPDATE {CLAWBACK} SET amount = amount + 1 WHERE kind = 'receivable'",
    "A5 应收退款凭证没有对应的应收款": f"UPDATE {CLAWBACK} SET kind = 'reduced' WHERE kind = 'receivable'",
    "A5 应收退款抵扣、退回和核销超过应收": f"UPDATE {NETTING} SET amount = amount + 30000",
    "A5 应收退款科目与应收款余额不符": f"UPDATE {RECOVERY} SET state = 'refused'",
    "A5 抵扣了别的单位的应收退款": f"UPDATE {NETTING} SET clawback_id = "
        + first(CLAWBACK, "is_treasury AND kind = 'receivable'"),
    "H9 应收退款由同一人申请和复核": f"UPDATE {RECOVERY} SET decided_by_id = asked_by_id",
    "H9 应收退款没有第二人复核": f"UPDATE {RECOVERY} SET decided_by_id = NULL",
    "H4 结账之后又记入已结账期间":
        "UPDATE settlement_journal_entry SET entry_date = '2026-07-31' WHERE cause = 'payout_confirmed'",
    "H4 已结账期间没有第二人或余额摘要": "UPDATE settlement_closing SET closed_by = NULL",
    "H4 结账期间重叠": "INSERT INTO settlement_closing (id, version, place, period_start, period_end, state, "
        "started_by, started_by_name, started_at, checklist, balances) SELECT "
        + first("settlement_payout") + ", version, place, '2026-07-15', period_end, 'open', started_by, "
        "started_by_name, started_at, checklist, balances FROM settlement_closing",
    "H9 结账由同一人发起和完成": "UPDATE settlement_closing SET closed_by = started_by",
    "A9 结账余额与凭证不符": "UPDATE settlement_journal_line SET amount = amount * 2 WHERE "
        + "entry_id = " + first("settlement_journal_entry", "cause = 'payment_captured'"),
    "H4 结账余额与摘要不符": "UPDATE settlement_closing SET balances_sha256 = 'x'",
    "H10 结账检查未通过即结账":
        """UPDATE settlement_closing SET checklist = '[{"blocker": "break_open", "count": 1}]'""",
    "H1 订单已确认收入与账簿不符": "UPDATE settlement_revenue_line SET gross = gross + 1, tax = tax + 1",
    "H1 订单已确认收入加预收不等于收款减退款": "UPDATE market_payment SET amount = amount + 1",
    "H1 已开票金额超过已确认收入加预收": "UPDATE market_invoice_line SET gross = gross + 1, net = net + 1",
    "E11 对账差异未经两人即关闭": "UPDATE settlement_break_step SET actor_id = "
        + first("settlement_break_step", "act = 'propose'", "actor_id") + " WHERE act = 'confirm'",
    "E11 对账差异的经过缺少步骤": "DELETE FROM settlement_break_step WHERE act = 'explain'",
    "E11 对账差异的状态与最后一步不符": "UPDATE settlement_break SET state = 'open', closed_at = NULL",
    "E11 对账差异的事实与摘要不符": "UPDATE settlement_break SET facts = '[]'",
    "E11 对账差异的关闭依据与摘要不符": "UPDATE settlement_break_step SET note = '别的理由' WHERE act = 'propose'",
    "E11 对账依据与摘要不符": "UPDATE settlement_reconciliation_run SET inputs_sha256 = 'x'",
    "FILE 对账依据没有保存": "DELETE FROM evidence_file WHERE name LIKE 'REC-%'",
    "J7 贡献公示由同一人测算和公示": "UPDATE settlement_contribution_notice SET opened_by = drawn_by",
    "J7 贡献异议由同一人提出和处理": "UPDATE settlement_contribution_objection SET decided_by = filed_by",
    "J7 贡献异议由测算或公示的人处理": "UPDATE settlement_contribution_objection SET decided_by = "
        + first("settlement_contribution_notice", column="opened_by"),
    "REV-04 贡献异议不是对本单位公示数字提出": "UPDATE settlement_contribution_objection SET party_id = "
        + first("registry_party"),
    "REV-04 贡献异议的处理不完整": "UPDATE settlement_contribution_objection SET corrected = NULL",
    "REV-04 以贡献异议暂缓的份额没有异议":
        "UPDATE settlement_share_line SET reason_code = 'CONTRIBUTION_OBJECTED' WHERE payee_kind = 'held'",
    "REV-04 贡献异议未处理而份额已支付": "UPDATE settlement_contribution_objection SET state = 'filed'",
    "REV-04 贡献权重合计不是百万分之一百万": "UPDATE settlement_contribution_figure SET ppm = ppm + 1",
    "REV-04 贡献权重与公示数字不符": "UPDATE settlement_contribution_figure SET usage = usage + 1",
    "REV-04 贡献异议在公示期满后提出":
        "UPDATE settlement_contribution_notice SET objection_until = '2026-09-01'",
    "C6 归档的用量与数据库不符": "UPDATE settlement_usage_event SET client_reference = client_reference || 'x'",
}  # fmt: skip


@pytest.mark.both_databases
def test_a_sound_story_has_no_findings_and_every_planted_damage_is_found_and_named(
    session: Session, tmp_path: Path
) -> None:
    tell(session, tmp_path)
    assert verify(session.connection()) == []
    missed = {}
    for words, step in BREACHES.items():
        with planted(session, step):
            found = paid_and_closed(session.connection())
        if not any(one.startswith(f"{words}：") for one in found):
            missed[words] = found
    assert missed == {}
    words, step = next(iter(BREACHES.items()))
    with planted(session, step):
        assert any(one.startswith(f"{words}：") for one in verify(session.connection())), (
            "the terminal's check asks too"
        )
    assert verify(session.connection()) == [], "everything planted was taken back"
